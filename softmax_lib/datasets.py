"""CIFAR-10 from its official files, or Shapes-10 where it cannot be had.

Notation: images are uint8 (N, 32, 32, 3), labels int64 (N,). The worksheet's eight
arrays are rows: float32 (N, 3073), the mean image subtracted and a column of ones
appended. ``num_dev`` is how many training points are drawn, without replacement, for
development; ``rng`` is a Generator or a seed for one; ``dtype`` is the floating dtype
of the rows.

The data is searched in this order: the folder that ``SOFTMAX_LIB_DATA`` names, the
user's cache folder, a download of the official archive, and then Shapes-10, with a
notice. ``SOFTMAX_LIB_DATASET=cifar10`` or ``shapes10`` chooses outright. What you
choose and cannot be read is an error; a cache folder that you may not read or write is
passed over like a server that does not answer. From a terminal: ``softmax-book data
{where,fetch,verify}``.

A batch file is a pickle, and a pickle is a program that can call any function. So a
file is opened only if its checksum is the official one, and even then the unpickler
knows only the few globals that a batch needs.
"""

import functools
import io
import os
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from softmax_lib import download, shapes10
from softmax_lib.download import cache_folder, read_file
from softmax_lib.preprocessing import (
    center_with_bias,
    dev_subset,
    gen_batches,
    images_to_rows,
    mean_image,
)
from softmax_lib.validation import (
    as_generator,
    as_path,
    check_dtype,
    check_finite,
    check_labels,
    check_whole,
    is_array,
)

__all__ = [
    "CIFAR10Data",
    "Dataset",
    "data_notice",
    "get_CIFAR10_data",
    "load_CIFAR10",
    "load_dataset",
    "prepare_images",
]

CIFAR10_NAMES = (
    *("plane", "car", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
TRAIN_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_FILE = "test_batch"
BATCH_FILES = (*TRAIN_FILES, TEST_FILE)  # the seventh, batches.meta, is not read
BATCH_GLOBALS = {  # what a batch file may name
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class Dataset(NamedTuple):
    """Images and labels, the names of the ten classes, and that of the data."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    name: str


class CIFAR10Data(NamedTuple):
    """The worksheet's eight arrays, in its order: rows (N, 3073) and classes (N,)."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    X_dev: np.ndarray
    y_dev: np.ndarray


def load_CIFAR10(
    directory: str | os.PathLike[str],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read the official python batches, each after its SHA-256 sum was compared.

    Parameters
    ----------
    directory : path
        The folder ``cifar-10-batches-py``, or the folder that contains it.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images, uint8 of shapes (50000, 32, 32, 3) and (10000, 32, 32, 3), and labels,
        int64 of shapes (50000,) and (10000,).

    Raises
    ------
    FileNotFoundError
        If the directory or one of its files is missing.
    PermissionError
        If a file may not be read.
    ValueError
        If a file is truncated or altered.

    References
    ----------
    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
    """
    folder = batches_folder(directory)
    train = load_batches([folder / name for name in TRAIN_FILES])
    test = load_batches([folder / TEST_FILE])
    return *train, *test


def load_dataset() -> Dataset:
    """Find the data and load it: CIFAR-10, or Shapes-10 where it cannot be had.

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test`` as of `load_CIFAR10`, then
        ``class_names`` and ``name``, which is "CIFAR-10" or "Shapes-10".

    Raises
    ------
    ValueError
        If ``SOFTMAX_LIB_DATASET`` is neither ``cifar10`` nor ``shapes10``, or a file
        is truncated or altered.
    FileNotFoundError
        If ``SOFTMAX_LIB_DATA`` names a folder without the data.
    FetchError
        If CIFAR-10 was asked for by ``SOFTMAX_LIB_DATASET`` and cannot be had.

    Notes
    -----
    If Shapes-10 is used because CIFAR-10 cannot be had, the reason is printed, once.
    """
    folder = find_CIFAR10()
    if folder is None:
        return Dataset(*shapes10.generate(), shapes10.CLASS_NAMES, "Shapes-10")
    return Dataset(*load_CIFAR10(folder), CIFAR10_NAMES, "CIFAR-10")


def data_notice() -> str:
    """Return a sentence that names the data which `load_dataset` gives here.

    For Shapes-10 it also says what the reader must know and how to get CIFAR-10.
    """
    if find_CIFAR10() is not None:
        return "Data: CIFAR-10, 60,000 photographs of 32×32 pixels."
    return (
        "Data: SHAPES-10, NOT CIFAR-10: pictures drawn by softmax_lib\n"
        "to stand in for CIFAR-10. The text of this page speaks of\n"
        "CIFAR-10, so its numbers differ from those you see here.\n"
        "To get CIFAR-10, run\n"
        "    softmax-book data fetch\n"
        "or set SOFTMAX_LIB_DATA to the folder of its python batches."
    )


def get_CIFAR10_data(
    num_training: int = 49_000,
    num_validation: int = 1_000,
    num_test: int = 1_000,
    num_dev: int = 500,
    *,
    rng: np.random.Generator | int | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> CIFAR10Data:
    """Load the data and prepare it as the worksheet does.

    Parameters
    ----------
    num_training, num_validation : int
        The first ``num_training`` training images are the training set, the next
        ``num_validation`` the validation set.
    num_test : int
        The first ``num_test`` test images are the test set.
    num_dev : int
        How many training points are drawn, without replacement, for development.
    rng : Generator or int, optional
        Source of randomness for that draw, or a seed for one.
    dtype : dtype, default float32
        Floating dtype of the rows. 49,000 rows are 0.6 GB in float32, twice that in
        float64.

    Returns
    -------
    CIFAR10Data
        ``X_train, y_train, X_val, y_val, X_test, y_test, X_dev, y_dev``. Rows have
        3,073 columns: an image minus the mean image of the training set, then a one.

    Raises
    ------
    ValueError
        If a size is not positive or larger than the data.

    See Also
    --------
    load_dataset : Where the data comes from, and its errors.
    """
    data = load_dataset()
    check_size("num_training", num_training, len(data.y_train))
    check_size("num_validation", num_validation, len(data.y_train) - num_training)
    check_size("num_test", num_test, len(data.y_test))
    check_size("num_dev", num_dev, num_training)
    num_both = num_training + num_validation

    y_train = data.y_train[:num_training]
    y_val = data.y_train[num_training:num_both]
    y_test = data.y_test[:num_test]
    mean = mean_image(images_to_rows(data.X_train[:num_training]))
    X_test = prepare_in_place(data.X_test, num_test, mean, dtype)
    val_rows = images_to_rows(data.X_train[num_training:num_both])
    X_val = center_with_bias(val_rows, mean, dtype)
    del val_rows  # a view of the training images
    X_train = prepare_in_place(data.X_train, num_training, mean, dtype)
    X_dev, y_dev = dev_subset(X_train, y_train, num_dev, rng)
    return CIFAR10Data(X_train, y_train, X_val, y_val, X_test, y_test, X_dev, y_dev)


def prepare_images(
    images: np.ndarray,
    labels: np.ndarray,
    num_validation: int,
    num_test: int,
    num_dev: int = 500,
    *,
    rng: np.random.Generator | int | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> CIFAR10Data:
    """Shuffle and split images of your own, and prepare them as those of CIFAR-10.

    As `get_CIFAR10_data`. Rows have one column per number of an image, and one of ones.

    Parameters
    ----------
    images : ndarray, shape (N, height, width) or (N, height, width, channels)
        Grey or colour images of one size.
    labels : ndarray of int, shape (N,)
        Class of each image, counted from 0.
    num_validation, num_test : int
        How many images are kept for validation and for the test. The others are the
        training set.

    Examples
    --------
    >>> images, labels = np.zeros((90, 8, 6), dtype=np.uint8), np.arange(90) % 3
    >>> data = prepare_images(images, labels, 20, 10, num_dev=30, rng=0)
    >>> data.X_train.shape, data.X_val.shape, data.X_test.shape, data.X_dev.shape
    ((60, 49), (20, 49), (10, 49), (30, 49))
    """
    grey = is_array(images) and images.ndim == 3
    rows = images_to_rows(images[..., np.newaxis] if grey else images)
    check_labels(labels, len(rows), num_classes=len(rows), name="labels")
    check_whole("num_validation", num_validation)
    check_whole("num_test", num_test)
    num_training = len(rows) - num_validation - num_test
    check_size("num_test", num_test, len(rows) - 2)
    check_size("num_validation", num_validation, len(rows) - num_test - 1)
    check_size("num_dev", num_dev, num_training)
    check_dtype(dtype)
    check_finite("images", rows)

    rng = as_generator(rng)
    order = rng.permutation(len(rows))
    train, val, test = np.split(order, [num_training, num_training + num_validation])
    mean = mean_image(rows[train])
    X_train, X_val, X_test = (
        center_with_bias(rows[part], mean, dtype) for part in (train, val, test)
    )
    y_train, y_val, y_test = (labels[part] for part in (train, val, test))
    X_dev, y_dev = dev_subset(X_train, y_train, num_dev, rng)
    return CIFAR10Data(X_train, y_train, X_val, y_val, X_test, y_test, X_dev, y_dev)


def prepare_in_place(
    images: np.ndarray, num: int, mean: np.ndarray, dtype: npt.DTypeLike
) -> np.ndarray:
    """Prepare the first ``num`` images as rows, and empty ``images`` on the way.

    Beside 0.6 GB of float32 rows, the bytes of the images are 0.15 GB that a small
    machine may not have. So the memory of each batch, from the last to the first, is
    given back as soon as its rows are written.
    """
    check_dtype(dtype)
    X = np.empty((num, mean.size + 1), dtype=dtype)
    for batch in reversed(list(gen_batches(num, 1000))):
        rows = images_to_rows(images[batch])
        X[batch] = center_with_bias(rows, mean, dtype)
        del rows  # a view of the images
        images.resize((batch.start, *images.shape[1:]), refcheck=False)
    return X


def check_size(name: str, size: int, available: int) -> None:
    """Check that the data has so many points."""
    check_whole(name, size)
    if available < 1:
        raise ValueError(f"{name} is {size}, but there are no images left for it.")
    if not 1 <= size <= available:
        raise ValueError(
            f"{name} must be from 1 to {available}, the number of images left for it, "
            f"but it is {size}."
        )


def chosen_dataset() -> str:
    """Return ``cifar10`` or ``shapes10`` if one was asked for, else nothing."""
    choice = os.environ.get("SOFTMAX_LIB_DATASET", "")
    if choice not in ("", "cifar10", "shapes10"):
        raise ValueError(
            f"SOFTMAX_LIB_DATASET must be cifar10 or shapes10, but it is {choice!r}."
        )
    return choice


def find_CIFAR10() -> Path | None:
    """Return the folder of the batches, or None if Shapes-10 is to be used."""
    choice = chosen_dataset()
    if choice == "shapes10":
        return None
    if named := os.environ.get("SOFTMAX_LIB_DATA"):
        return batches_folder(named)
    try:
        return download.fetch(cache_folder())
    except download.FetchError as error:
        if choice == "cifar10":
            raise
        print_once(f"SHAPES-10, drawn pictures, is used instead of CIFAR-10. {error}")
        return None


@functools.cache
def print_once(notice: str) -> None:
    """Print a notice, unless this process has printed it before."""
    print(notice)


def batches_folder(directory: str | os.PathLike[str]) -> Path:
    """Return the folder of the batches, which is ``directory`` or is inside it."""
    try:
        folder = as_path("directory", directory).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(
            f"{str(directory)!r} begins with the home folder of an unknown user. "
            f"{download.advice()}"
        ) from error
    missing = download.missing_files(folder, BATCH_FILES)
    inner = folder / download.FOLDER
    if missing and os.path.isdir(inner):
        folder, missing = inner, download.missing_files(inner, BATCH_FILES)
    if missing:
        problem = what_is_wrong(folder, missing)
        raise FileNotFoundError(
            f"CIFAR-10 is not in {str(folder)!r}: expected the files {TRAIN_FILES[0]} "
            f"to {TRAIN_FILES[-1]} and {TEST_FILE}, but {problem}. {download.advice()}"
        )
    return folder


def what_is_wrong(folder: Path, missing: Sequence[str]) -> str:
    """Return why the missing files are not in a folder."""
    if folder.name == download.ARCHIVE or os.path.exists(folder / download.ARCHIVE):
        return "the archive is not unpacked"
    if not os.path.isdir(folder):
        return "it is not a folder" if os.path.exists(folder) else "it does not exist"
    try:
        if not any(folder.iterdir()):
            return "it is empty"
    except PermissionError:
        return "you have no permission to list it"
    if found := sorted(path.parent for path in folder.glob(f"*/{missing[0]}")):
        return f"{missing[0]} is in {str(found[0])!r}"
    return f"it lacks {', '.join(missing)}"


def load_batches(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the batches, one batch after the other."""
    for position, path in enumerate(paths):
        batch = BatchUnpickler(io.BytesIO(read_file(path)), encoding="bytes").load()
        rows, labels = batch[b"data"], batch[b"labels"]  # (num, 3072), list of num
        num = len(labels)
        if position == 0:
            images = np.empty((num * len(paths), 32, 32, 3), dtype=np.uint8)
            y = np.empty(num * len(paths), dtype=np.int64)
        part = slice(position * num, (position + 1) * num)
        # A row holds all of red, then green, then blue; an image, pixel by pixel.
        planes = rows.reshape(num, 3, 32, 32)
        for channel in range(3):  # one at a time is three times as fast as transposing
            images[part, :, :, channel] = planes[:, channel]
        y[part] = labels
    return images, y


class BatchUnpickler(pickle.Unpickler):
    """Unpickles a batch, and nothing that needs another global."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a global of a batch; fail for any other."""
        if (module, name) not in BATCH_GLOBALS:
            raise pickle.UnpicklingError(f"a batch may not ask for {module}.{name}")
        return super().find_class(module, name)


def where() -> str:
    """Return which data `load_dataset` would use; fail where it would."""
    if chosen_dataset() == "shapes10":
        return "Shapes-10, drawn by softmax_lib: SOFTMAX_LIB_DATASET says so."
    if named := os.environ.get("SOFTMAX_LIB_DATA"):
        folder, source = batches_folder(named), "which SOFTMAX_LIB_DATA names"
    else:
        folder, source = cache_folder() / download.FOLDER, "the cache folder"
        if not download.is_complete(folder):
            otherwise = "" if chosen_dataset() else ", or Shapes-10 used if that fails"
            return (
                "None yet: CIFAR-10 would be downloaded (170 MB) into "
                f"{str(folder)!r}{otherwise}."
            )
    verify_files(folder, BATCH_FILES)
    return f"CIFAR-10 in {str(folder)!r}, {source}."


def fetch() -> str:
    """Get CIFAR-10 into the cache folder, whole, and return where it is."""
    folder = download.fetch(cache_folder(), is_official)
    verify_files(folder)
    said = f"CIFAR-10 is in {str(folder)!r}."
    named = os.environ.get("SOFTMAX_LIB_DATA")
    if named and Path(os.path.expanduser(named)) not in (folder, folder.parent):
        said += f" It is not used while SOFTMAX_LIB_DATA is {named!r}: unset it."
    return said


def verify() -> str:
    """Compare the files that `load_dataset` would use with their checksums."""
    chosen_dataset()  # a name that is none is told here, too
    named = os.environ.get("SOFTMAX_LIB_DATA")
    folder = cache_folder() / download.FOLDER
    has_any = any(download.is_readable(folder / name) for name in download.FILE_SHA256)
    if not named and not has_any:
        raise FileNotFoundError(
            f"There is nothing to verify yet, since CIFAR-10 is not in "
            f"{str(folder)!r}. To download it, run: softmax-book data fetch"
        )
    folder = batches_folder(named or folder)
    verify_files(folder)
    num_files = len(download.FILE_SHA256)
    return f"The {num_files} files in {str(folder)!r} are the official ones."


def verify_files(folder: Path, names: Iterable[str] = download.FILE_SHA256) -> None:
    """Check that a folder has these files, and that each is the official one."""
    for name in names:
        read_file(folder / name)


def is_official(folder: Path) -> bool:
    """Whether the folder has all files and each is the official one."""
    try:
        verify_files(folder)
    except (FileNotFoundError, ValueError):
        return False
    return True
