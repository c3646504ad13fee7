"""A small example with what was expected and what the reader's code returned."""

import numpy as np

from softmax_lib.exercises.answers import Answer
from softmax_lib.exercises.probes import Probe

SHOWN = 15  # an array with more entries is not written out


def example(
    probe: Probe, expected: dict[str, np.ndarray], answer: Answer, parts: list[str]
) -> str:
    """Write an example: the input, and each part as expected and as returned."""
    lines = [f"```\n{probe.name}:", *input_lines(probe), ""]
    if "loss" in parts:
        lines += [
            f"loss expected  {number(expected['loss'])}",
            f"loss yours     {number(answer.loss)}",
        ]
    if "gradient" in parts:
        lines += [
            *matrix("dW expected ", expected["gradient"]),
            *matrix("dW yours    ", answer.dW),
        ]
    return "\n".join([*lines, "```"])


def input_lines(probe: Probe) -> list[str]:
    """Write the arguments; where ``X`` is the identity, the scores."""
    is_identity = probe.X.shape[0] == probe.X.shape[1] and np.array_equal(
        probe.X, np.eye(len(probe.X))
    )
    if is_identity and len(probe.X) > 1:
        return [*matrix("scores = ", probe.W), f"y = {probe.y.tolist()}"]
    if max(probe.X.size, probe.W.size) > SHOWN:
        (N, D), C = probe.X.shape, probe.W.shape[1]
        return [
            f"N = {N}, D = {D}, C = {C}, y = {probe.y.tolist()}, reg = {probe.reg:g}"
        ]
    return [
        *matrix("X = ", probe.X),
        *matrix("W = ", probe.W),
        f"y = {probe.y.tolist()}, reg = {probe.reg:g}",
    ]


def number(value: np.ndarray | None) -> str:
    """Write a number, or say that there is none."""
    return "none" if value is None else f"{float(value):.6g}"


def matrix(label: str, array: np.ndarray | None) -> list[str]:
    """Write a matrix beside its label, one row a line."""
    if array is None:
        return [f"{label}none of this shape"]
    cells = [[f"{entry:.4g}" for entry in row] for row in array]
    width = max(len(cell) for row in cells for cell in row)
    rows = ["[" + " ".join(cell.rjust(width) for cell in row) + "]" for row in cells]
    indents = [label] + [" " * len(label)] * (len(rows) - 1)
    return [indent + row for indent, row in zip(indents, rows, strict=True)]
