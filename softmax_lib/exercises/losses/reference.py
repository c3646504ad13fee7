"""The two losses of the book and their gradients, step by step."""

import numpy as np

from softmax_lib.exercises.mistakes import Values
from softmax_lib.exercises.search import Step

__all__ = ["PARTS", "SOFTMAX_STEPS", "SVM_STEPS"]

PARTS = ("loss", "gradient")


def log_sum_exp(v: Values) -> np.ndarray:
    """Loss of each point, from the shifted scores."""
    return np.asarray(np.log(v.exps.sum(axis=1)) - v.shifted[v.rows, v.label])


def count_at_own_class(v: Values) -> np.ndarray:
    """Gradient of the SVM loss of each point with respect to its scores."""
    mask = (v.counted > 0).astype(float)
    return np.asarray(mask - v.one_hot * mask.sum(axis=1, keepdims=True))


SCORES: dict[str, Step] = {
    "N": lambda v: len(v.X),
    "C": lambda v: v.W.shape[1],
    "rows": lambda v: np.arange(v.N),
    "one_hot": lambda v: np.eye(v.C)[v.y],  # (N, C)
    "scores": lambda v: v.X @ v.W,  # (N, C)
}
FACTOR: dict[str, Step] = {
    "factor": lambda v: 1.0,  # 0.5 in other years of the course
    "strength": lambda v: v.factor * v.reg,
}
LOSS_ENDS: dict[str, Step] = {
    "sum_loss": lambda v: v.losses.sum(),
    "data_loss": lambda v: v.sum_loss / v.N,
    **FACTOR,
    "penalty": lambda v: v.strength * np.sum(v.W * v.W),
    "loss": lambda v: v.data_loss + v.penalty,
}
GRADIENT_ENDS: dict[str, Step] = {
    "sum_gradient": lambda v: v.X.T @ v.dscores,  # (D, C)
    "data_gradient": lambda v: v.sum_gradient / v.N,
    **FACTOR,
    "reg_gradient": lambda v: 2 * v.strength * v.W,
    "dW": lambda v: v.data_gradient + v.reg_gradient,
}
SOFTMAX: dict[str, Step] = {
    **SCORES,
    "shifted": lambda v: v.scores - v.scores.max(axis=1, keepdims=True),
    "exps": lambda v: np.exp(v.shifted),
    "probs": lambda v: v.exps / v.exps.sum(axis=1, keepdims=True),
}
SVM: dict[str, Step] = {
    **SCORES,
    "margins": lambda v: v.scores - v.scores[v.rows, v.y][:, np.newaxis] + 1,
    "hinges": lambda v: np.maximum(0, v.margins),
    "counted": lambda v: v.hinges * (1 - v.one_hot),
}
SOFTMAX_STEPS = {
    "loss": {
        **SOFTMAX,
        "label": lambda v: v.y,
        "losses": log_sum_exp,  # (N,)
        **LOSS_ENDS,
    },
    "gradient": {
        **SOFTMAX,
        "wished_away": lambda v: v.probs,  # how much of each class should go
        "dscores": lambda v: v.wished_away - v.one_hot,  # (N, C)
        **GRADIENT_ENDS,
    },
}
SVM_STEPS = {
    "loss": {**SVM, "losses": lambda v: v.counted.sum(axis=1), **LOSS_ENDS},
    "gradient": {**SVM, "dscores": count_at_own_class, **GRADIENT_ENDS},
}
