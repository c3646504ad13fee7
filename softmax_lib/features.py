"""Features of images that suit a linear classifier better than their pixels.

Two kinds. Chosen by hand: how strong the edges of each direction are in each part of
the image (histograms of oriented gradients), and how often each hue occurs. Learned
without labels: small patches of the images are clustered, and an image is described by
how close its own patches come to the centres of the clusters.

Notation: ``images`` is (N, height, width, 3) of uint8, red, green and blue; a patch of
``size`` pixels on a side, by default 6, is a row of 108 numbers, pixel by pixel;
``patches`` is (M, 108), ``distances`` and codes (M, K), where ``K`` is the number of
centroids of a ``dictionary``; ``num_patches`` is how many are drawn, ``rng`` a
Generator or a seed for one. Every feature function returns (N, number of
features), float32, one row per image. They work through the images batch by batch, so
their intermediate arrays are small and stay in the processor's cache.

`kmeans` needs scikit-learn: ``pip install
"softmax-lib[sklearn]"``.
"""

import functools
import math
import warnings
from collections.abc import Callable
from typing import Concatenate, NamedTuple, ParamSpec

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from softmax_lib.preprocessing import gen_batches
from softmax_lib.validation import (
    as_generator,
    check_at_least,
    check_at_most,
    check_callable,
    check_finite,
    check_images,
    check_not_negative,
    check_rows,
    check_shape,
    check_whole,
    describe,
)

__all__ = [
    "hog_features",
    "hue_histograms",
    "sample_patches",
    "normalize_patches",
    "fit_whitening",
    "kmeans",
    "Dictionary",
    "learn_dictionary",
    "distances",
    "triangle_encoding",
    "patch_features",
]

P = ParamSpec("P")

CHANNELS = 3
CODES_AT_ONCE = 2**18  # numbers, so that they fit into 1 MB
CELL = 8  # pixels on a side of a cell of the histograms of oriented gradients
ORIENTATIONS = 9
PER_NUMBER = "one column for each number of the dictionary's mean"
GRAY = np.array([2125, 7154, 721], dtype=np.int32)  # of R, G and B, in 1/10,000


def in_batches(
    size: int,
) -> Callable[
    [Callable[Concatenate[np.ndarray, P], np.ndarray]],
    Callable[Concatenate[np.ndarray, P], np.ndarray],
]:
    """Call a function of images on ``size`` images at a time."""

    def decorate(
        function: Callable[Concatenate[np.ndarray, P], np.ndarray],
    ) -> Callable[Concatenate[np.ndarray, P], np.ndarray]:
        @functools.wraps(function)
        def in_parts(
            images: np.ndarray, /, *args: P.args, **kwargs: P.kwargs
        ) -> np.ndarray:
            check_images(images)
            batches = gen_batches(len(images), size)
            parts = [function(images[batch], *args, **kwargs) for batch in batches]
            return np.concatenate(parts)

        return in_parts

    return decorate


@in_batches(200)
def hog_features(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients.

    In each cell of 8×8 pixels, how strong the gradients of the grey image are in each
    of nine directions. Each block of 2×2 cells is scaled to length one, its entries
    are cut off at 0.2, and it is scaled again. The same numbers as scikit-image's
    ``hog(rgb2gray(image), 9, (8, 8), (2, 2))``.

    Returns
    -------
    ndarray, shape (N, F)
        ``F`` is 324 for images of 32×32: 3×3 blocks of 2×2 cells of 9 numbers.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection",
    CVPR 2005.
    """
    gray = (images @ GRAY).astype(np.float32) / (255 * 10_000.0)  # (N, height, width)
    rows, columns = np.zeros_like(gray), np.zeros_like(gray)
    rows[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    columns[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    strength = np.hypot(rows, columns)
    angle = np.rad2deg(np.arctan2(rows, columns)) % 180
    direction = (angle * (ORIENTATIONS / 180)).astype(int) % ORIENTATIONS

    cells = np.stack(
        [mean_of_cells(strength * (direction == k)) for k in range(ORIENTATIONS)], -1
    )
    blocks = sliding_window_view(cells, (2, 2), axis=(1, 2))
    blocks = blocks.transpose(0, 1, 2, 4, 5, 3).reshape(*blocks.shape[:3], -1)
    blocks = normalize(np.minimum(normalize(blocks), 0.2))
    return blocks.reshape(len(images), -1)


@in_batches(200)
def hue_histograms(images: np.ndarray, bins: int = 10) -> np.ndarray:
    """Fraction of the pixels in each range of hues.

    As `hog_features`, for (N, bins) numbers, of images of any size. A grey pixel has no
    hue and is counted in no range.

    Parameters
    ----------
    bins : int, default 10
        Ranges of equal width into which the circle of hues is divided.

    Examples
    --------
    >>> green = np.full((1, 32, 32, 3), [0, 200, 0], dtype=np.uint8)
    >>> hue_histograms(green, bins=3)
    array([[0., 1., 0.]], dtype=float32)
    """
    check_at_least("bins", bins)
    check_at_most("bins", bins, 1_000)
    red, green, blue = np.moveaxis(images, 3, 0).astype(np.int32)
    highest = np.maximum(np.maximum(red, green), blue)
    chroma = highest - np.minimum(np.minimum(red, green), blue)
    circle = np.maximum(6 * chroma, 1)
    from_green, from_blue = 2 * chroma + blue - red, 4 * chroma + red - green
    turn = np.where(highest == green, from_green, from_blue)
    turn = np.where(highest == red, green - blue, turn) % circle
    bin_of = bins * turn // circle  # of whole numbers, so no rounding decides
    bin_of[chroma == 0] = -1  # grey has no hue
    fractions = [np.mean(bin_of == k, axis=(1, 2)) for k in range(bins)]
    return np.stack(fractions, axis=1).astype(np.float32)


def sample_patches(
    images: np.ndarray,
    num_patches: int,
    *,
    size: int = 6,
    rng: np.random.Generator | int | None = None,
) -> np.ndarray:
    """Return patches cut out of random places of random images, uint8."""
    check_images(images)
    check_at_least("num_patches", num_patches)
    check_at_least("size", size)
    rng = as_generator(rng)
    windows = windows_of(images, size)
    places = [rng.integers(0, length, num_patches) for length in windows.shape[:3]]
    return windows[tuple(places)].reshape(num_patches, -1)


def normalize_patches(patches: np.ndarray) -> np.ndarray:
    """Return the patches without their brightness and contrast.

    Each row minus its mean is divided by the root of its variance plus 10. The 10 keeps
    the noise of a nearly flat patch small.

    Examples
    --------
    >>> normalize_patches(np.array([[0.0, 2.0], [0.0, 200.0]])).round(1)
    array([[-0.3,  0.3],
           [-1. ,  1. ]])
    """
    check_rows("patches", patches)
    check_finite("patches", patches)
    centered: np.ndarray = patches - patches.mean(axis=1, keepdims=True)
    variances = squared_lengths(centered) / centered.shape[1]
    centered /= np.sqrt(variances + 10)[:, np.newaxis]
    return centered


def fit_whitening(
    patches: np.ndarray, epsilon: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (108,) of the patches and the matrix that whitens what is left.

    The patches ``(patches - mean) @ whitening`` have variance about one in each
    direction in which they vary by much more than ``epsilon``, and less in the others.
    With ``epsilon`` 0 their entries are uncorrelated. Of all such matrices this one,
    which is symmetric, moves the patches least, so they still look like patches (Bell
    and Sejnowski, Vision Research 37, 1997).

    Parameters
    ----------
    epsilon : float, default 0.1
        Added to the variance in each direction, so that directions that contain only
        noise are not amplified.

    Examples
    --------
    >>> patches = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 0.2], [0.0, -0.2]])
    >>> fit_whitening(patches, epsilon=0.0)[1].round(2)
    array([[0.47, 0.  ],
           [0.  , 7.07]])
    """
    check_rows("patches", patches)
    check_finite("patches", patches)
    check_not_negative("epsilon", epsilon)
    mean = patches.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(patches.T, bias=True))
    if variances[0] + epsilon <= 0:  # the lowest
        raise ValueError(
            "epsilon must be positive for patches that do not vary in each direction, "
            f"but it is {epsilon}."
        )
    whitening = (directions / np.sqrt(variances + epsilon)) @ directions.T
    return mean, whitening


def kmeans(points: np.ndarray, K: int) -> np.ndarray:
    """Return the centres (K, D) of the clusters found by k-means in at most 20 rounds.

    It starts from the first ``K`` points. A round assigns each point to its nearest
    centroid and moves each centroid to the mean of its points (Lloyd, IEEE Transactions
    on Information Theory 28, 1982). In float64 no rounding error decides an assignment,
    so the result is the same on every processor.

    Parameters
    ----------
    points : ndarray of float64, shape (M, D)
        In random order.

    Examples
    --------
    >>> kmeans(np.array([[0.0], [9.0], [1.0], [8.0]]), K=2)
    array([[0.5],
           [8.5]])
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    check_rows("points", points)
    check_finite("points", points)
    check_whole("K", K)
    if not 1 <= K <= len(points):
        raise ValueError(
            f"K must be from 1 to {len(points)}, the number of points, but it is {K}."
        )
    model = KMeans(K, init=points[:K], n_init=1, max_iter=20, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            centroids: np.ndarray = model.fit(points).cluster_centers_
        except ConvergenceWarning:
            raise ValueError(
                f"points must hold at least K = {K} different ones, but it holds fewer."
            ) from None
    return centroids


class Dictionary(NamedTuple):
    """What patches are compared with, and how they are prepared for it, in float32.

    ``mean`` (108,) is subtracted from a normalized patch, which is then multiplied by
    ``whitening`` (108, 108) and compared with ``centroids`` (K, 108).
    """

    mean: np.ndarray
    whitening: np.ndarray
    centroids: np.ndarray


def learn_dictionary(
    images: np.ndarray,
    K: int,
    *,
    num_patches: int = 50_000,
    size: int = 6,
    rng: np.random.Generator | int | None = None,
) -> Dictionary:
    """Learn ``K`` centroids of the whitened patches of images. No label is used.

    Parameters
    ----------
    num_patches : int, default 50,000
        Number of patches that are drawn, at least ``K``.
    size : int, default 6
        Pixels on a side of a patch.

    Returns
    -------
    Dictionary
        The centroids and what prepares patches for them.

    References
    ----------
    A. Coates, H. Lee and A. Y. Ng, "An analysis of single-layer networks in
    unsupervised feature learning", AISTATS 2011.
    """
    check_whole("K", K)
    drawn = sample_patches(images, num_patches, size=size, rng=rng)
    patches = normalize_patches(drawn.astype(np.float64))
    mean, whitening = fit_whitening(patches)
    centroids = kmeans((patches - mean) @ whitening, K)
    return Dictionary(*(a.astype(np.float32) for a in (mean, whitening, centroids)))


def distances(patches: np.ndarray, dictionary: Dictionary) -> np.ndarray:
    """Return the Euclidean distance (M, K) of each whitened patch from each centroid.

    Examples
    --------
    >>> centroids = np.array([[0.0, 0.0], [3.0, 4.0]])
    >>> unwhitened = Dictionary(np.zeros(2), np.eye(2), centroids)
    >>> distances(np.array([[0.0, 0.0], [3.0, 0.0]]), unwhitened)
    array([[0., 5.],
           [3., 4.]])
    """
    check_rows("patches", patches)
    check_finite("patches", patches)
    check_dictionary(dictionary)
    check_shape("patches", patches, (len(patches), dictionary.mean.size), PER_NUMBER)
    whitened = (patches - dictionary.mean) @ dictionary.whitening
    squares: np.ndarray = (-2 * whitened) @ dictionary.centroids.T
    squares += squared_lengths(whitened)[:, np.newaxis]
    squares += squared_lengths(dictionary.centroids)
    np.maximum(squares, 0, out=squares)  # rounding may leave less
    np.sqrt(squares, out=squares)
    return squares


def triangle_encoding(distances: np.ndarray) -> np.ndarray:
    """Return how much closer than average each centroid is (M, K), or else 0.

    That is the mean of a row minus its distances, where it is positive (Coates, Lee and
    Ng, 2011, section 3.2.2).

    Examples
    --------
    >>> triangle_encoding(np.array([[1.0, 2.0, 6.0]]))
    array([[2., 1., 0.]])
    """
    check_rows("distances", distances)
    mean = distances.mean(axis=1, keepdims=True)  # (M, 1)
    check_finite("distances", mean)  # it is not if one of its row is not
    closer: np.ndarray = mean - distances
    np.maximum(closer, 0, out=closer)
    return closer


def patch_features(
    images: np.ndarray,
    dictionary: Dictionary,
    encode: Callable[[np.ndarray], np.ndarray] = triangle_encoding,
    *,
    stride: int = 1,
    parts: int = 2,
) -> np.ndarray:
    """How close the patches of each region of an image come to each centroid.

    As `hog_features`, for (N, parts * parts * K) numbers: for each region the sum of
    the codes of its patches, of the size of those of the dictionary.

    Parameters
    ----------
    encode : callable, default `triangle_encoding`
        Takes the distances (M, K) of patches from centroids, returns codes (M, K).
    stride : int, default 1
        Pixels from one patch of an image to the next.
    parts : int, default 2
        Into how many parts, as equal as possible, the height and the width of the
        places are cut: 2 makes four quarters.
    """
    check_images(images)
    size = side_of_patches(dictionary)
    check_callable("encode", encode)
    check_at_least("stride", stride)
    check_at_least("parts", parts)
    windows = windows_of(images, size)[:, ::stride, ::stride]  # a view, without a copy
    N, rows, columns = windows.shape[:3]
    if parts > min(rows, columns):
        raise ValueError(
            f"parts must be at most {min(rows, columns)}, the number of patches in a "
            f"row or column of an image, but it is {parts}."
        )
    pooled = np.empty((N, parts, parts, len(dictionary.centroids)), np.float32)
    for r, c in np.ndindex(parts, parts):
        region = windows[:, part_of(rows, r, parts), part_of(columns, c, parts)]
        places = region.shape[1] * region.shape[2]
        num_images = max(1, CODES_AT_ONCE // (places * pooled.shape[-1]))
        for batch in gen_batches(N, num_images):
            patches = region[batch].reshape(-1, dictionary.mean.size).astype(np.float32)
            codes = encode(distances(normalize_patches(patches), dictionary))  # (M, K)
            check_codes(codes, (len(patches), pooled.shape[-1]))
            pooled[batch, r, c] = codes.reshape(-1, places, codes.shape[1]).sum(axis=1)
    return pooled.reshape(N, -1)


def check_dictionary(dictionary: Dictionary) -> None:
    """Check that patches can be compared with a dictionary."""
    if not isinstance(dictionary, Dictionary):
        raise TypeError(
            "dictionary must be a Dictionary, as learn_dictionary returns it, but it "
            f"is {describe(dictionary)}."
        )
    for name, array in dictionary._asdict().items():
        check_rows(f"dictionary.{name}", np.atleast_2d(array))
        check_finite(f"dictionary.{name}", array)
    size = dictionary.mean.size
    shapes = (size,), (size, size), (len(dictionary.centroids), size)
    for (name, array), shape in zip(dictionary._asdict().items(), shapes, strict=True):
        check_shape(f"dictionary.{name}", array, shape, PER_NUMBER)


def side_of_patches(dictionary: Dictionary) -> int:
    """Return how many pixels the patches of a dictionary have on a side."""
    check_dictionary(dictionary)
    size = math.isqrt(dictionary.mean.size // CHANNELS)
    if size * size * CHANNELS != dictionary.mean.size:
        raise ValueError(
            "dictionary must be one of square patches of three channels, but its mean "
            f"holds {dictionary.mean.size} numbers."
        )
    return size


def check_codes(codes: np.ndarray, shape: tuple[int, int]) -> None:
    """Check that a function gave one code per patch and centroid."""
    name = "what encode returns"
    check_shape(name, codes, shape, "one row per patch and one column per centroid")
    check_finite(name, codes)


def part_of(length: int, number: int, parts: int) -> slice:
    """Slice of one of the parts, as equal as possible, of so many rows or columns."""
    return slice(length * number // parts, length * (number + 1) // parts)


def squared_lengths(rows: np.ndarray) -> np.ndarray:
    """Sum of the squares of each row."""
    lengths: np.ndarray = np.einsum("mi,mi->m", rows, rows)
    return lengths


def windows_of(images: np.ndarray, size: int) -> np.ndarray:
    """Every patch of every image, (N, rows, columns, size, size, 3), as a view."""
    height, width = images.shape[1:3]
    if min(height, width) < size:
        raise ValueError(
            f"images must be at least {size} pixels high and wide, but they are "
            f"{height} high and {width} wide."
        )
    windows = sliding_window_view(images, (size, size), axis=(1, 2))
    return np.moveaxis(windows, 3, 5)


def mean_of_cells(pixels: np.ndarray) -> np.ndarray:
    """Average each cell of images, which are (N, height, width) numbers."""
    N, height, width = pixels.shape
    if height % CELL or width % CELL or min(height, width) < 2 * CELL:
        raise ValueError(
            f"images must have a height and a width that are multiples of {CELL} and "
            f"at least {2 * CELL}, but they are {height} high and {width} wide."
        )
    cells = pixels.reshape(N, height // CELL, CELL, width // CELL, CELL)
    means: np.ndarray = cells.mean(axis=(2, 4))
    return means


def normalize(blocks: np.ndarray) -> np.ndarray:
    """Scale what lies along the last axis to length one; zeros stay zero."""
    squares = np.sum(blocks**2, axis=-1, keepdims=True)
    scaled: np.ndarray = blocks / np.sqrt(squares + 1e-10)
    return scaled
