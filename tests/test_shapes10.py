import hashlib

import numpy as np
import pytest

from softmax_lib import shapes10
from softmax_lib.linear_classifier import Softmax, accuracy
from softmax_lib.preprocessing import center_with_bias, images_to_rows, mean_image

Pictures = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return shapes10.generate()


def test_the_bytes_are_the_same_on_every_platform(pictures: Pictures) -> None:
    little_endian = [array.astype(array.dtype.newbyteorder("<")) for array in pictures]
    digests = [hashlib.sha256(array.tobytes()).hexdigest() for array in little_endian]
    assert digests == [
        "aaccf2a90cc7489f0bdb778b8aaac6c6548faf76c6a32ce9a81d9c977b24abd6",
        "c13628e58f18953fe5c4c79fe77f235e697310d7931f1fdb5440f8724870c54a",
        "a9810da09ccec6c78a29beb14e83f4d15c12a49dae4253a2def7bcffca762ee2",
        "c0d2bb5d90318cc20777eaa56e8e7c18c631fae557390d8296fe0d613df4639f",
    ]


def test_shapes_and_dtypes_are_those_of_cifar10(pictures: Pictures) -> None:
    X_train, y_train, X_test, y_test = pictures
    assert (X_train.shape, X_train.dtype) == ((50_000, 32, 32, 3), np.uint8)
    assert (X_test.shape, X_test.dtype) == ((10_000, 32, 32, 3), np.uint8)
    assert (y_train.shape, y_train.dtype) == ((50_000,), np.int64)
    assert (y_test.shape, y_test.dtype) == ((10_000,), np.int64)


def test_each_class_has_a_tenth_of_each_set(pictures: Pictures) -> None:
    _, y_train, _, y_test = pictures
    assert np.bincount(y_train).tolist() == [5_000] * 10
    assert np.bincount(y_test).tolist() == [1_000] * 10


def test_the_classes_come_in_random_order(pictures: Pictures) -> None:
    _, y_train, _, y_test = pictures
    # 1,000 shuffled points hold 100 ± 10 of a class; six deviations bound all ten.
    for labels in (y_train[:1000], y_train[-1000:], y_test[:1000]):
        counts = np.bincount(labels, minlength=10)
        assert 40 < counts.min() <= counts.max() < 160
        assert counts.min() < counts.max()


def test_no_picture_is_drawn_twice(pictures: Pictures) -> None:
    X_train, _, X_test, _ = pictures
    assert len({image.tobytes() for X in (X_train, X_test) for image in X}) == 60_000


def test_pixels_spread_as_those_of_cifar10(pictures: Pictures) -> None:
    # CIFAR-10: mean 121, deviation 62 per pixel. Learning rates carry over only if
    # the scale of the pixels does.
    rows = images_to_rows(pictures[0][:5_000])
    assert 110 < rows.mean() < 140
    assert 50 < rows.std(axis=0).mean() < 70


def test_a_linear_classifier_learns_something_but_not_all(pictures: Pictures) -> None:
    X_train, y_train, _, _ = pictures
    rows = images_to_rows(X_train)
    mean = mean_image(rows[:49_000])
    X, X_val = (center_with_bias(part, mean) for part in np.split(rows, [49_000]))
    y, y_val = np.split(y_train, [49_000])
    for learning_rate, reg in ((1e-7, 2.5e4), (1e-6, 1e2)):
        model = Softmax()
        history = model.train(
            X, y, learning_rate=learning_rate, reg=reg, num_iters=800, rng=0
        )
        assert np.mean(history[-50:]) < history[0]
        assert 0.35 < accuracy(y_val, model.predict(X_val)) < 0.75


def test_the_class_names_are_ten_and_not_those_of_cifar10() -> None:
    assert len(set(shapes10.CLASS_NAMES)) == 10
    assert not {"plane", "car", "cat", "ship"} & set(shapes10.CLASS_NAMES)
