"""Asking a reader's function for its loss and gradient, and reading what it returns."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.probes import Probe
from softmax_lib.exercises.runner import Trouble, attempt

LossFunction = Callable[..., Any]


class Answer(NamedTuple):
    """What a function returned for one probe.

    Attributes
    ----------
    loss, dW : ndarray or None
        The two results, as far as they could be made out.
    forms : tuple of str
        Names of what is wrong with the form of the results.
    changed : tuple of str
        Names of the arguments that the function changed.
    trouble : Trouble or None
        How the call ended if it did not return.
    """

    loss: np.ndarray | None
    dW: np.ndarray | None
    forms: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    trouble: Trouble | None = None


def ask(function: LossFunction, probe: Probe) -> Answer:
    """Call a reader's function with copies of a probe's arrays."""
    given = {"W": probe.W.copy(), "X": probe.X.copy(), "y": probe.y.copy()}
    returned = attempt(function, *given.values(), probe.reg)
    if isinstance(returned, Trouble):
        return Answer(None, None, trouble=returned)
    before = {"W": probe.W, "X": probe.X, "y": probe.y}
    changed = [name for name in given if not np.array_equal(given[name], before[name])]
    answer = read(returned, probe)
    return answer._replace(changed=tuple(changed))


def read(returned: Any, probe: Probe) -> Answer:
    """Make out loss and gradient in what a function returned."""
    if returned is None:
        return Answer(None, None, ("returns_nothing",))
    if not isinstance(returned, tuple | list) or len(returned) < 2:
        return read_single(returned, probe)
    loss, dW = as_numbers(returned[0]), as_numbers(returned[1])
    forms: list[str] = []
    if is_matrix(loss) and dW is not None and dW.size == 1:
        loss, dW = dW, loss
        forms.append("results_swapped")
    loss, loss_forms = read_loss(loss, probe)
    dtype = getattr(returned[1], "dtype", None)
    if getattr(dtype, "kind", "f") in "iu":  # a tensor's dtype has no kind
        forms.append("gradient_of_integers")
    dW, gradient_forms = read_gradient(dW, probe)
    return Answer(loss, dW, (*forms, *loss_forms, *gradient_forms))


def read_single(returned: Any, probe: Probe) -> Answer:
    """Make out the only thing that came back."""
    if isinstance(returned, tuple | list):
        returned = returned[0] if returned else None
    number = as_numbers(returned)
    if number is not None and number.size == 1:
        return Answer(number.reshape(()), None, ("gradient_not_returned",))
    dW, forms = read_gradient(number, probe)
    return Answer(None, dW, ("loss_not_returned", *forms))


def as_numbers(value: Any) -> np.ndarray | None:
    """Return a float64 array, or None for what does not hold numbers."""
    if value is None:
        return None
    if hasattr(value, "detach"):  # a tensor
        value = value.detach()
    try:
        if np.asarray(value).dtype.kind in "SU":  # "3" is no number
            return None
        return np.array(value, dtype=float)
    except (TypeError, ValueError):
        return None


def is_matrix(array: np.ndarray | None) -> bool:
    """Whether an array has the two axes of a gradient."""
    return array is not None and array.ndim == 2 and array.size > 1


def read_loss(
    loss: np.ndarray | None, probe: Probe
) -> tuple[np.ndarray | None, list[str]]:
    """Return the loss as a number without axes, and what is wrong with its form."""
    if loss is None:
        return None, ["loss_not_a_number"]
    if loss.ndim == 0:
        return loss, []
    if loss.size == 1:
        return loss.reshape(()), ["loss_is_an_array"]
    return None, ["loss_for_each_point"]


def read_gradient(
    dW: np.ndarray | None, probe: Probe
) -> tuple[np.ndarray | None, list[str]]:
    """Return the gradient in the shape of ``W``, and what is wrong with its form."""
    if dW is None:
        return None, ["gradient_not_an_array"]
    if dW.shape == probe.W.shape:
        return dW, []
    if dW.shape == probe.W.T.shape:
        return dW.T, ["gradient_transposed"]
    return None, ["gradient_shape"]
