"""A small example with what was expected and what the reader's code returned."""

import numpy as np

from softmax_lib.exercises.losses.inputs import Input
from softmax_lib.exercises.losses.outputs import Output
from softmax_lib.exercises.report import code_block

SHOWN = 15  # an array with more entries is not written out


def example(given: Input, expected: dict[str, np.ndarray], output: Output) -> str:
    """Write an example: the input, and each part as expected and as returned."""
    lines = [f"{given.name}:", *input_lines(given), ""]
    if "loss" in expected:
        lines += [
            f"loss expected  {number(expected['loss'])}",
            f"loss yours     {number(output.loss)}",
        ]
    if "gradient" in expected:
        lines += [
            *matrix("dW expected ", expected["gradient"]),
            *matrix("dW yours    ", output.gradient),
        ]
    return code_block(lines)


def input_lines(given: Input) -> list[str]:
    """Write the arguments; where ``X`` is the identity, the scores."""
    is_identity = given.X.shape[0] == given.X.shape[1] and np.array_equal(
        given.X, np.eye(len(given.X))
    )
    if is_identity and len(given.X) > 1:
        return [*matrix("scores = ", given.W), f"y = {given.y.tolist()}"]
    if max(given.X.size, given.W.size) > SHOWN:
        (N, D), C = given.X.shape, given.W.shape[1]
        return [
            f"N = {N}, D = {D}, C = {C}, y = {given.y.tolist()}, reg = {given.reg:g}"
        ]
    return [
        *matrix("X = ", given.X),
        *matrix("W = ", given.W),
        f"y = {given.y.tolist()}, reg = {given.reg:g}",
    ]


def number(value: np.ndarray | None) -> str:
    """Write a number, or say that there is none."""
    return "none" if value is None else f"{float(value):.6g}"


def matrix(label: str, array: np.ndarray | None) -> list[str]:
    """Write a matrix beside its label, one row per line."""
    if array is None:
        return [f"{label}none of this shape"]
    cells = [[f"{entry:.4g}" for entry in row] for row in array]
    width = max(len(cell) for row in cells for cell in row)
    rows = ["[" + " ".join(cell.rjust(width) for cell in row) + "]" for row in cells]
    indents = [label] + [" " * len(label)] * (len(rows) - 1)
    return [indent + row for indent, row in zip(indents, rows, strict=True)]
