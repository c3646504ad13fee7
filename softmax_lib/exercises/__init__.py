"""Checks of a reader's own code, which name the mistake.

``check_softmax_loss_naive(f)`` and ``check_softmax_loss_vectorized(f)`` take a function
``f(W, X, y, reg)`` that returns ``loss, dW``; ``check_loss(f)`` looks at ``loss``
alone, ``check_gradient(f)`` at ``dW``, and ``check_svm_loss(f)`` at the SVM loss.

``check_train(C)`` and ``check_predict(C)`` take a class that is called without
arguments and has ``train(X, y, learning_rate, reg, num_iters, batch_size, verbose)``,
``predict(X)`` and, of its own or not, ``loss(X_batch, y_batch, reg)``.

``check_grid(f)`` takes a function ``f(model, X_train, y_train, X_val, y_val,
learning_rates, regs)`` that returns ``results, best_val, best_model``: ``model()`` is
an untrained classifier, ``results[(learning_rate, reg)]`` is ``(train accuracy,
validation accuracy)``.

Each returns a `Report`: ``passed``, ``fault`` (the mistake's name, or None) and
``text``, shown in a notebook and in a terminal. A wrong answer raises nothing, and a
hanging or crashing one leaves the kernel alive.
"""

from softmax_lib.exercises.grid import check_grid
from softmax_lib.exercises.losses.check import (
    check_gradient,
    check_loss,
    check_softmax_loss_naive,
    check_softmax_loss_vectorized,
    check_svm_loss,
)
from softmax_lib.exercises.predict import check_predict
from softmax_lib.exercises.report import Report
from softmax_lib.exercises.training.check import check_train

__all__ = [
    "check_loss",
    "check_softmax_loss_naive",
    "check_softmax_loss_vectorized",
    "check_gradient",
    "check_svm_loss",
    "check_train",
    "check_predict",
    "check_grid",
    "Report",
]
