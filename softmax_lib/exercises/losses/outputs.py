"""Calling a reader's function, and making out loss and gradient in what it returns."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.inputs import Input
from softmax_lib.exercises.sandbox import Trouble, attempt

__all__ = ["LossFunction", "Output", "as_numbers", "call"]

LossFunction = Callable[..., Any]


class Output(NamedTuple):
    """What a function returned for one input."""

    loss: np.ndarray | None = None  # as far as it could be made out
    gradient: np.ndarray | None = None
    forms: tuple[str, ...] = ()  # names of what is wrong with their form
    trouble: Trouble | None = None  # how the call ended if it did not return

    def part(self, name: str) -> np.ndarray | None:
        """Return the loss or the gradient."""
        return self.loss if name == "loss" else self.gradient


def call(function: LossFunction, given: Input) -> Output:
    """Call a reader's function with copies of an input's arrays."""
    copies = {"W": given.W.copy(), "X": given.X.copy(), "y": given.y.copy()}
    returned = attempt(function, *copies.values(), given.reg)
    if isinstance(returned, Trouble):
        return Output(trouble=returned)
    output = read(returned, given)
    changed = [
        f"changes_{name}"
        for name, copy in copies.items()
        if not np.array_equal(copy, getattr(given, name))
    ]
    return output._replace(forms=(*output.forms, *changed))


def read(returned: Any, given: Input) -> Output:
    """Make out loss and gradient in what a function returned."""
    if returned is None:
        return Output(forms=("returns_nothing",))
    if not isinstance(returned, tuple | list) or len(returned) < 2:
        return read_single(returned, given)
    forms: list[str] = []
    if len(returned) > 2:
        forms.append("too_many_returned")
        arrays = [x for x in returned[1:] if isinstance(x, np.ndarray)]
        shaped = [x for x in arrays if x.shape == given.W.shape]
        returned = [returned[0], *shaped, returned[1]]
    loss, dW = as_numbers(returned[0]), as_numbers(returned[1])
    if is_matrix(loss) and dW is not None and dW.size == 1:
        loss, dW = dW, loss
        forms.append("results_swapped")
    loss, loss_forms = read_loss(loss)
    if isinstance(returned[1], np.ndarray) and returned[1].dtype.kind in "iu":
        forms.append("gradient_of_integers")
    dW, gradient_forms = read_gradient(dW, given)
    return Output(loss, dW, (*forms, *loss_forms, *gradient_forms))


def read_single(returned: Any, given: Input) -> Output:
    """Make out the only thing that was returned."""
    if isinstance(returned, tuple | list):
        returned = returned[0] if returned else None
    number = as_numbers(returned)
    if number is not None and number.size == 1:
        return Output(number.reshape(()), forms=("gradient_not_returned",))
    dW, forms = read_gradient(number, given)
    return Output(None, dW, ("loss_not_returned", *forms))


def as_numbers(value: Any) -> np.ndarray | None:
    """Return a float64 array, or None for what does not contain numbers."""
    if value is None:
        return None
    try:
        if hasattr(value, "detach"):  # a tensor
            value = value.detach()
        if np.asarray(value).dtype.kind in "SU":  # "3" is no number
            return None
        return np.array(value, dtype=float)
    except MemoryError:
        raise
    except Exception:  # an object of the reader's own can raise any
        return None


def is_matrix(array: np.ndarray | None) -> bool:
    """Whether an array has the two axes of a gradient."""
    return array is not None and array.ndim == 2 and array.size > 1


def read_loss(loss: np.ndarray | None) -> tuple[np.ndarray | None, list[str]]:
    """Return the loss as a number without axes, and what is wrong with its form."""
    if loss is None:
        return None, ["loss_not_a_number"]
    if loss.ndim == 0:
        return loss, []
    if loss.size == 1:
        return loss.reshape(()), ["loss_is_an_array"]
    return None, ["loss_for_each_point"]


def read_gradient(
    dW: np.ndarray | None, given: Input
) -> tuple[np.ndarray | None, list[str]]:
    """Return the gradient in the shape of ``W``, and what is wrong with its form."""
    if dW is None:
        return None, ["gradient_not_an_array"]
    if dW.shape == given.W.shape:
        return dW, []
    if dW.shape == given.W.T.shape:
        return dW.T, ["gradient_transposed"]
    return None, ["gradient_shape"]
