"""The worksheet's ``cs231n.data_utils``, so that its cells run with the name changed.

The book itself uses `softmax_lib.datasets`.
"""

import os

import numpy as np

from softmax_lib import datasets
from softmax_lib.validation import as_path

__all__ = ["load_CIFAR10"]


def load_CIFAR10(
    directory: str | os.PathLike[str],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read CIFAR-10 as the course's own loader does: images in float64.

    As `softmax_lib.datasets.load_CIFAR10`. If ``directory`` does not exist, as the
    worksheet's ``cs231n/datasets/cifar-10-batches-py`` outside the course's folder, the
    data are those of `softmax_lib.datasets.load_dataset`, and a notice says so.

    The worksheet subtracts the mean image in place, which uint8 images do not allow.
    Sixty thousand images in float64 are 1.5 GB, eight times as much.
    """
    if as_path("directory", directory).expanduser().exists():
        X_train, y_train, X_test, y_test = datasets.load_CIFAR10(directory)
    else:
        print(f"There is no folder {str(directory)!r}. {datasets.data_notice()}")
        X_train, y_train, X_test, y_test = datasets.load_dataset()[:4]
    return X_train.astype(np.float64), y_train, X_test.astype(np.float64), y_test
