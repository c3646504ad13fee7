"""Shapes-10: ten classes of drawn 32×32 colour pictures, the stand-in for CIFAR-10.

Each picture shows one shape of random place, size and colour on a textured
background. The colour leans on the class, so that raw pixels tell something about
it, and far from everything. Half the crescents open to the left and half to the
right, as horses look both ways.

Every bit is the same on every platform: the numbers come from the raw output of
PCG64, which NumPy never changes, and all arithmetic is on integers.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from softmax_lib.preprocessing import gen_batches
from softmax_lib.validation import check_at_least

__all__ = ["CLASS_NAMES", "generate"]

Ints = npt.NDArray[np.int16]
Truths = npt.NDArray[np.bool_]

CLASS_COLOURS = {
    "disc": (230, 60, 50),
    "ring": (60, 90, 220),
    "square": (80, 190, 70),
    "frame": (235, 210, 60),
    "diamond": (60, 200, 210),
    "triangle": (190, 70, 200),
    "cross": (240, 235, 230),
    "saltire": (25, 25, 30),
    "stripes": (245, 140, 40),
    "crescent": (250, 130, 180),
}
CLASS_NAMES = tuple(CLASS_COLOURS)
SIZE = 32
SEED = 10


def generate(
    num_train: int = 50_000, num_test: int = 10_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the training and the test set, each class as often, give or take one.

    Returned are ``X_train, y_train, X_test, y_test``: pictures, uint8 (N, 32, 32, 3),
    and labels, int64 (N,).

    Parameters
    ----------
    num_train, num_test : int
        Number of pictures of each set.
    """
    check_at_least("num_train", num_train)
    check_at_least("num_test", num_test)
    train = draw_set(np.random.PCG64([SEED, 0]), num_train)
    test = draw_set(np.random.PCG64([SEED, 1]), num_test)
    return *train, *test


def draw_set(bits: np.random.PCG64, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``num`` pictures, in random order of their classes, and their labels."""
    order = np.argsort(bits.random_raw(num), kind="stable")
    labels = order.astype(np.int64) % len(CLASS_NAMES)
    images = np.empty((num, SIZE, SIZE, 3), dtype=np.uint8)
    for batch in gen_batches(num, 500):  # a few megabytes at a time
        images[batch] = paint(bits, labels[batch])
    return images, labels


def paint(bits: np.random.PCG64, labels: np.ndarray) -> npt.NDArray[np.uint8]:
    """Pictures (n, 32, 32, 3) of the labels' shapes."""
    colours = shape_colours(bits, labels)[:, np.newaxis, np.newaxis]
    inside = shape_masks(bits, labels)[..., np.newaxis]
    canvas = np.where(inside, colours, backgrounds(bits, len(labels)))
    canvas += integers(bits, canvas.shape, -16, 17)
    pictures: npt.NDArray[np.uint8] = np.clip(canvas, 0, 255).astype(np.uint8)
    return pictures


def shape_colours(bits: np.random.PCG64, labels: np.ndarray) -> Ints:
    """Colours (n, 3): halfway between the class's own and any other."""
    own: Ints = np.array(list(CLASS_COLOURS.values()), dtype=np.int16)[labels]
    drawn = integers(bits, own.shape, 0, 256)
    return (own + drawn) // np.int16(2)


def shape_masks(bits: np.random.PCG64, labels: np.ndarray) -> Truths:
    """Truth values (n, 32, 32): which pixels lie inside the shape."""
    num = len(labels)
    grid = np.arange(SIZE, dtype=np.int16)
    mirrored = 1 - 2 * integers(bits, (num, 1, 1), 0, 2)
    dx = (grid - integers(bits, (num, 1, 1), 12, 20)) * mirrored
    dy = grid[:, np.newaxis] - integers(bits, (num, 1, 1), 12, 20)
    radius = integers(bits, (num, 1, 1), 7, 14)
    inside = np.empty((num, SIZE, SIZE), dtype=bool)
    for label, name in enumerate(CLASS_NAMES):
        chosen = labels == label
        inside[chosen] = SHAPES[name](dx[chosen], dy[chosen], radius[chosen])
    return inside


def backgrounds(bits: np.random.PCG64, num: int) -> Ints:
    """Backgrounds (n, 32, 32, 3): a slope between four corner colours, and blotches."""
    brightness = integers(bits, (num, 1, 1, 1), 60, 196)
    tint = integers(bits, (num, 1, 1, 3), -45, 46)
    corners = brightness + tint + integers(bits, (num, 2, 2, 3), -90, 91)
    blotches = integers(bits, (num, 8, 8, 1), -20, 21)
    along = np.arange(SIZE, dtype=np.int16)[:, np.newaxis]
    left_right = slope(corners[:, :, :1], corners[:, :, 1:], along)
    slopes = slope(left_right[:, :1], left_right[:, 1:], along[:, np.newaxis])
    return slopes + blotches.repeat(4, axis=1).repeat(4, axis=2)


def slope(first: Ints, last: Ints, along: Ints) -> Ints:
    """Whole numbers rising evenly from ``first`` to ``last``."""
    return first + (last - first) * along // (SIZE - 1)


def integers(
    bits: np.random.PCG64, shape: tuple[int, ...], low: int, high: int
) -> Ints:
    """Whole numbers from ``low`` to ``high - 1``, int16, four from each raw draw."""
    num = int(np.prod(shape))
    raw = bits.random_raw(-(-num // 4)).astype("<u8").view("<u2")[:num]
    scaled = raw.astype(np.uint32) * np.uint32(high - low) >> np.uint32(16)
    return scaled.astype(np.int16).reshape(shape) + np.int16(low)


def disc(dx: Ints, dy: Ints, radius: Ints) -> Truths:
    """Pixels no further than ``radius`` from the centre."""
    return dx * dx + dy * dy <= radius * radius


def square(dx: Ints, dy: Ints, radius: Ints) -> Truths:
    """Pixels no further than ``radius`` from the centre along either axis."""
    return np.maximum(abs(dx), abs(dy)) <= radius


def diamond(dx: Ints, dy: Ints, radius: Ints) -> Truths:
    """Pixels of a square on its corner, ``radius`` from centre to corner."""
    return abs(dx) + abs(dy) <= radius


def triangle(dx: Ints, dy: Ints, radius: Ints) -> Truths:
    """Pixels of a triangle on its base, ``2 * radius`` high and wide."""
    return (2 * abs(dx) <= dy + radius) & (dy <= radius)


Shape = Callable[[Ints, Ints, Ints], Truths]
SHAPES: dict[str, Shape] = {
    "disc": disc,
    "ring": lambda dx, dy, r: disc(dx, dy, r) & ~disc(dx, dy, r // 2),
    "square": square,
    "frame": lambda dx, dy, r: square(dx, dy, r) & ~square(dx, dy, r // 2),
    "diamond": diamond,
    "triangle": triangle,
    "cross": lambda dx, dy, r: (
        square(dx, dy, r) & (np.minimum(abs(dx), abs(dy)) <= r // 4)
    ),
    "saltire": lambda dx, dy, r: square(dx, dy, r) & (abs(abs(dx) - abs(dy)) <= r // 4),
    "stripes": lambda dx, dy, r: square(dx, dy, r) & (dy % 6 < 3),
    "crescent": lambda dx, dy, r: disc(dx, dy, r) & ~disc(dx - 2 * r // 3, dy, r),
}
