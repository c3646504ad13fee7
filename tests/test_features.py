"""The features, compared with scikit-image, matplotlib and loops written out."""

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv
from skimage.color import rgb2gray
from skimage.feature import hog

from softmax_lib import features, shapes10
from softmax_lib.features import Dictionary


def noise(num: int = 7, height: int = 32, width: int = 32) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (num, height, width, 3), dtype=np.uint8)


def plain(size: int) -> Dictionary:
    """Two centroids for patches that are not whitened."""
    D = 3 * size * size
    return Dictionary(np.zeros(D, "f"), np.eye(D, dtype="f"), np.eye(2, D, dtype="f"))


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Pictures with edges and even areas, more than a block of any function."""
    return shapes10.generate(num_train=250, num_test=10)[0]


@pytest.fixture(scope="module")
def dictionary(drawn: np.ndarray) -> Dictionary:
    return features.learn_dictionary(drawn, 12, num_patches=1000, rng=0)


def test_the_histograms_of_gradients_are_those_of_scikit_image(
    drawn: np.ndarray,
) -> None:
    for images in (drawn, noise(3, 24, 40)):
        theirs = [hog(rgb2gray(image), 9, (8, 8), (2, 2)) for image in images]
        # float32 here, float64 there; a gradient between two directions does not occur
        np.testing.assert_allclose(features.hog_features(images), theirs, atol=2e-6)


def test_the_faintest_edges_are_scaled_as_in_scikit_image() -> None:
    images = np.zeros((3, 32, 32, 3), dtype=np.uint8)
    images[..., 2] = np.random.default_rng(0).random((3, 32, 32)) < 0.01
    theirs = [hog(rgb2gray(image), 9, (8, 8), (2, 2)) for image in images]
    np.testing.assert_allclose(features.hog_features(images), theirs, atol=1e-6)


def test_the_hues_are_those_of_matplotlib() -> None:
    images = noise()
    images[0] = images[0, :, :, :1]
    images[1, :16] = images[1, :16, :, :1]
    hue, saturation, _ = np.moveaxis(rgb_to_hsv(images / 255), 3, 0)
    ranges = np.where(saturation > 0, np.floor(10 * hue + 1e-9) % 10, -1)
    theirs = [[np.mean(ranges[i] == k) for k in range(10)] for i in range(len(images))]
    np.testing.assert_allclose(features.hue_histograms(images), theirs, rtol=1e-6)


def test_a_grey_pixel_is_counted_in_no_range_of_hues() -> None:
    images = noise(2)
    images[0] = images[0, :, :, :1]
    images[1, :8] = images[1, :8, :, :1]
    assert features.hue_histograms(images, bins=1).tolist() == [[0], [0.75]]


def test_each_of_six_pure_colours_has_its_sixth_of_the_hues() -> None:
    pure = [
        [255, 0, 0],
        [255, 255, 0],
        [0, 255, 0],
        [0, 255, 255],
        [0, 0, 255],
        [255, 0, 255],
    ]
    images = np.array(pure, dtype=np.uint8).reshape(6, 1, 1, 3)
    for shown in (images, images // 255):  # as dark as a colour can be, too
        np.testing.assert_array_equal(features.hue_histograms(shown, bins=6), np.eye(6))


def test_a_drawn_patch_is_a_piece_of_an_image_row_by_row() -> None:
    images = noise(1)
    pieces = {
        images[0, i : i + 6, j : j + 6].tobytes() for i in range(27) for j in range(27)
    }
    patches = features.sample_patches(images, 2000, rng=0)
    drawn = {patch.tobytes() for patch in patches}
    assert drawn <= pieces
    assert len(drawn) > 0.9 * len(pieces)  # every place is drawn from


def test_patches_come_from_every_image() -> None:
    images = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 8, 8, 3), np.uint8
    )
    patches = features.sample_patches(images, 500, rng=0)
    assert set(patches.ravel()) == set(range(20))


def test_a_seed_draws_the_same_patches_again(drawn: np.ndarray) -> None:
    first, again, other = (
        features.sample_patches(drawn, 50, rng=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_normalized_patch_has_neither_brightness_nor_contrast() -> None:
    patch = np.random.default_rng(0).uniform(0, 255, (5, 108))
    normalized = features.normalize_patches(patch)
    np.testing.assert_allclose(normalized.mean(axis=1), 0, atol=1e-12)
    variances = patch.var(axis=1)
    np.testing.assert_allclose(normalized.var(axis=1), variances / (variances + 10))
    flat = features.normalize_patches(np.full((1, 108), 7.0))
    np.testing.assert_array_equal(flat, 0)


def test_whitened_points_are_uncorrelated_and_moved_the_least() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((2000, 4)) @ rng.standard_normal((4, 4)) + 3
    mean, whitening = features.fit_whitening(points, epsilon=0.0)
    np.testing.assert_allclose(mean, points.mean(axis=0))
    whitened = (points - mean) @ whitening
    np.testing.assert_allclose(np.cov(whitened.T, bias=True), np.eye(4), atol=1e-10)
    # Only the symmetric positive root moves them the least.
    np.testing.assert_allclose(whitening, whitening.T, atol=1e-12)
    assert np.linalg.eigvalsh(whitening).min() > 0


def test_epsilon_is_added_to_the_variance_of_each_direction() -> None:
    points = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    _, whitening = features.fit_whitening(points, epsilon=0.25)
    np.testing.assert_allclose(whitening, np.diag([2.25**-0.5, 0.75**-0.5]))
    usual, named = features.fit_whitening(points), features.fit_whitening(points, 0.1)
    np.testing.assert_array_equal(usual[1], named[1])


def test_the_centroids_are_those_of_20_rounds_of_plain_k_means() -> None:
    points = np.random.default_rng(1).standard_normal((2000, 3))
    centroids = points[:10]
    for _ in range(20):
        before = centroids
        gaps = np.linalg.norm(points[:, None] - centroids, axis=2)
        nearest = gaps.argmin(axis=1)
        centroids = np.array([points[nearest == k].mean(axis=0) for k in range(10)])
    assert np.abs(centroids - before).max() > 1e-3, "it has ended, so 20 is not tried"
    np.testing.assert_allclose(features.kmeans(points, 10), centroids)


def test_the_centroid_of_a_single_cluster_is_the_mean() -> None:
    np.testing.assert_allclose(features.kmeans(np.eye(2), 1), [[0.5, 0.5]])


def test_distances_and_codes_are_the_formulas_of_the_chapter(
    drawn: np.ndarray, dictionary: Dictionary
) -> None:
    patches = features.normalize_patches(
        features.sample_patches(drawn, 30, rng=1).astype(np.float64)
    )
    mean, whitening, centroids = (a.astype(np.float64) for a in dictionary)
    z = np.array(
        [
            [np.linalg.norm((p - mean) @ whitening - c) for c in centroids]
            for p in patches
        ]
    )
    np.testing.assert_allclose(
        features.distances(patches, Dictionary(mean, whitening, centroids)), z
    )
    codes = [[max(0, row.mean() - value) for value in row] for row in z]
    np.testing.assert_allclose(features.triangle_encoding(z), codes)


def test_a_patch_that_is_a_centroid_has_the_distance_0_from_it() -> None:
    patches = np.random.default_rng(0).standard_normal((50, 108)).astype(np.float32)
    themselves = Dictionary(np.zeros(108, "f"), np.eye(108, dtype="f"), patches)
    own = np.diag(features.distances(patches, themselves))
    # The root of what rounding leaves of squares of about 100; it may be below zero.
    assert 0 <= own.min() <= own.max() < 0.02


@pytest.mark.parametrize(
    ("stride", "parts", "ends"),
    [(1, 2, [0, 13, 27]), (2, 2, [0, 7, 14]), (1, 3, [0, 9, 18, 27]), (5, 1, [0, 6])],
)
def test_the_features_of_an_image_are_the_sums_over_its_regions(
    stride: int, parts: int, ends: list[int], drawn: np.ndarray, dictionary: Dictionary
) -> None:
    image, K = drawn[33], len(dictionary.centroids)
    codes = np.zeros((ends[-1], ends[-1], K))
    for i, j in np.ndindex(codes.shape[:2]):
        r, c = i * stride, j * stride
        patch = image[r : r + 6, c : c + 6].reshape(1, 108)
        normalized = features.normalize_patches(patch.astype(np.float64))
        z = features.distances(normalized, dictionary)
        codes[i, j] = features.triangle_encoding(z)[0]
    regions = [slice(*pair) for pair in itertools.pairwise(ends)]
    sums = [codes[r, c].sum(axis=(0, 1)) for r in regions for c in regions]
    of_all = features.patch_features(drawn, dictionary, stride=stride, parts=parts)
    assert of_all.shape == (250, parts * parts * K)
    # float32 there, sums of up to 729 codes of about one.
    np.testing.assert_allclose(of_all[33], np.ravel(sums), rtol=1e-4, atol=1e-2)


def test_the_codes_can_be_others(drawn: np.ndarray, dictionary: Dictionary) -> None:
    counts = features.patch_features(drawn[:3], dictionary, np.ones_like)
    places = np.repeat([13 * 13, 13 * 14, 14 * 13, 14 * 14], 12)
    np.testing.assert_array_equal(counts, np.tile(places, (3, 1)))


def test_patches_can_have_another_size(drawn: np.ndarray) -> None:
    dictionary = features.learn_dictionary(drawn, 5, num_patches=99, size=8, rng=0)
    assert dictionary.centroids.shape == (5, 192)
    counts = features.patch_features(drawn[:1], dictionary, np.ones_like, parts=1)
    np.testing.assert_array_equal(counts, 25 * 25)


def test_features_do_not_depend_on_how_many_are_coded_at_once(
    drawn: np.ndarray, dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = features.patch_features(drawn[:9], dictionary)
    monkeypatch.setattr(features, "CODES_AT_ONCE", 1)
    one_by_one = features.patch_features(drawn[:9], dictionary)
    np.testing.assert_allclose(few, one_by_one, rtol=0, atol=1e-2)


def test_a_dictionary_is_learned_from_whitened_patches(drawn: np.ndarray) -> None:
    patches = features.sample_patches(drawn, 1000, rng=5).astype(np.float64)
    normalized = features.normalize_patches(patches)
    mean, whitening = features.fit_whitening(normalized)
    centroids = features.kmeans((normalized - mean) @ whitening, 12)
    found = features.learn_dictionary(drawn, 12, num_patches=1000, rng=5)
    defaults = inspect.signature(features.learn_dictionary).parameters
    assert defaults["num_patches"].default == 50_000
    for ours, theirs in zip(found, (mean, whitening, centroids), strict=True):
        np.testing.assert_array_equal(ours, theirs.astype(np.float32))


def test_clustering_leaves_random_state_and_points_alone() -> None:
    points = np.random.default_rng(0).standard_normal((50, 3))
    before, kept = np.random.get_state(), points.copy()  # noqa: NPY002
    features.kmeans(points, 4)
    np.testing.assert_equal(np.random.get_state(), before)  # noqa: NPY002
    np.testing.assert_array_equal(points, kept)


@pytest.mark.parametrize("name", ["hog_features", "hue_histograms", "patch_features"])
def test_a_row_depends_on_its_own_image_only(
    name: str, drawn: np.ndarray, dictionary: Dictionary
) -> None:
    arguments = [dictionary] if name == "patch_features" else []
    function: Any = getattr(features, name)
    before = drawn.copy()
    of_all = function(drawn, *arguments)
    assert of_all.dtype == np.float32
    assert len(of_all) == len(drawn)
    # float32 numbers below one, and sums of 196 distances, each the root of a float32
    # near 100: sums and products of other sizes may round in another order.
    bound = 1e-2 if name == "patch_features" else 1e-6
    for i in (0, 199, 200, 249):
        alone = function(drawn[i : i + 1], *arguments)
        np.testing.assert_allclose(alone[0], of_all[i], rtol=0, atol=bound)
    np.testing.assert_array_equal(drawn, before)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ([[0]], ValueError, "images must be a non-empty .* but it is a list[^.]*"),
        (
            np.zeros((0, 32, 32, 3), np.uint8),
            ValueError,
            r"images .* shape \(0, 32, 32, 3\)",
        ),
        (np.zeros((5, 3072), np.uint8), ValueError, r"images .* shape \(5, 3072\)"),
        (
            np.zeros((5, 3, 32, 32), np.uint8),
            ValueError,
            r"images must have three .* 32\)",
        ),
        (
            np.zeros((5, 32, 32, 3)),
            TypeError,
            "images must hold uint8, but its dtype is float64",
        ),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        features.hog_features,
        features.hue_histograms,
        lambda images: features.sample_patches(images, 5, rng=0),
        lambda images: features.patch_features(
            images, Dictionary(np.zeros(108), np.eye(108), np.eye(108))
        ),
    ],
)
def test_what_is_not_an_array_of_images_is_refused(
    function: Callable[[Any], Any],
    images: Any,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=rf"^{message}\.$"):
        function(images)


@pytest.mark.parametrize("name", ["hog_features", "hue_histograms", "patch_features"])
def test_what_works_by_blocks_keeps_its_name_and_description(name: str) -> None:
    function = getattr(features, name)
    assert function.__name__ == name
    assert function.__doc__


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: features.hog_features(noise(1, 32, 36)),
            "images must .* multiples of 8 and at least 16, .* 32 high and 36 wide",
        ),
        (
            lambda: features.hog_features(noise(1, 20, 16)),
            "images .* 20 high and 16 wide",
        ),
        (
            lambda: features.hog_features(noise(1, 16, 8)),
            "images .* 16 high and 8 wide",
        ),
        (
            lambda: features.sample_patches(noise(1, 5, 6), 3),
            "images must be at least 6 pixels .* 5 high and 6 wide",
        ),
        (
            lambda: features.sample_patches(noise(1, 6, 5), 3),
            "images .* 6 high and 5 wide",
        ),
        (
            lambda: features.sample_patches(noise(1, 8, 8), 3, size=9),
            "images must be at least 9 pixels .* 8 high and 8 wide",
        ),
        (
            lambda: features.patch_features(noise(1, 8, 8), plain(6), parts=4),
            "parts must be at most 3, .* it is 4",
        ),
        (
            lambda: features.patch_features(noise(1, 8, 8), plain(6), stride=0),
            "stride must .* it is 0",
        ),
        (lambda: features.hue_histograms(noise(), bins=0), "bins must .* it is 0"),
        (
            lambda: features.sample_patches(noise(), 0),
            "num_patches must be at least 1, but it is 0",
        ),
        (
            lambda: features.kmeans(np.zeros((3, 2)), 4),
            "K must be from 1 to 3, .* it is 4",
        ),
        (lambda: features.kmeans(np.zeros((3, 2)), 0), "K must .* it is 0"),
    ],
)
def test_sizes_and_numbers_that_do_not_fit_are_refused(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=rf"^{message}\.$"):
        call()


def test_the_smallest_of_each_that_fits_is_taken() -> None:
    assert features.hog_features(noise(1, 16, 16)).shape == (1, 36)
    assert features.sample_patches(noise(1, 6, 6), 1).shape == (1, 108)
    assert features.hue_histograms(noise(1), bins=1) == 1
    np.testing.assert_array_equal(features.kmeans(np.eye(2), 2), np.eye(2))


def test_patches_of_another_size_than_the_dictionarys_are_named() -> None:
    dictionary = Dictionary(np.zeros(2), np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match=r"^patches must have .* \(4, 3\)\.$"):
        features.distances(np.ones((4, 3)), dictionary)
