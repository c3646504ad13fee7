"""The worksheet's ``cs231n.classifiers.softmax``.

The book itself uses `softmax_lib.losses`.
"""

from softmax_lib.losses import softmax_loss_naive, softmax_loss_vectorized

__all__ = ["softmax_loss_naive", "softmax_loss_vectorized"]
