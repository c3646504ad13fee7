"""What a function takes for granted, settled before its results are judged."""

from softmax_lib.exercises.losses.inputs import EXTREME, ORDINARY, SMALLEST, TRANSPOSED
from softmax_lib.exercises.losses.run import Answers

__all__ = ["takes_transposed_arrays", "turn_square_gradients"]


def takes_transposed_arrays(answers: Answers) -> bool:
    """Whether the function wants W as (C, D) and X as (D, N)."""
    oblong = [answers.outputs[given] for given in ORDINARY[:2]]
    turned = answers.outputs[TRANSPOSED]
    return (
        all(output.trouble is not None for output in oblong)
        and turned.loss is not None
        and turned.gradient is not None
    )


def turn_square_gradients(answers: Answers) -> Answers:
    """Transpose the square gradients, too, where all others come transposed."""
    outputs = {g: answers.outputs[g] for g in [*ORDINARY, *EXTREME, *SMALLEST]}
    if not all(
        "gradient_transposed" in output.forms
        for given, output in outputs.items()
        if given.W.shape != given.W.T.shape
    ):
        return answers
    turned = {
        given: output._replace(gradient=output.gradient.T)
        for given, output in outputs.items()
        if given.W.shape == given.W.T.shape and output.gradient is not None
    }
    return answers._replace(outputs={**answers.outputs, **turned})
