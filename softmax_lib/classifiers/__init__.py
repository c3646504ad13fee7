"""The worksheet's ``cs231n.classifiers``, so that its cells run with the name changed.

The book itself uses `softmax_lib.linear_classifier`.
"""

from softmax_lib.linear_classifier import LinearClassifier, LinearSVM, Softmax

__all__ = ["LinearClassifier", "LinearSVM", "Softmax"]
