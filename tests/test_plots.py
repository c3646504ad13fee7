import base64
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from matplotlib.ticker import FormatStrFormatter
from matplotlib.transforms import Bbox
from PIL import Image

from softmax_lib import diagrams, figures, plots
from softmax_lib.figure_data import MIME_TYPE
from softmax_lib.figures import DescribedFigure
from softmax_lib.tuning import Trial
from tools.checker import drawn

RNG = np.random.default_rng(0)
NAMES = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
IMAGES = RNG.integers(256, size=(20, 32, 32, 3), dtype=np.uint8)
LABELS = np.arange(20) % 10
PROBABILITIES = RNG.dirichlet(np.ones(10), size=20)
WEIGHTS = RNG.standard_normal((3072, 10))
COUNTS = np.diag(np.full(10, 40)) + np.arange(100).reshape(10, 10) % 7
TRIALS = [
    Trial(rate, reg, 0.3 + rate * 1e5, 0.35 - reg * 1e-6)
    for rate in (1e-7, 5e-7, 1e-6)
    for reg in (1e4, 2.5e4, 5e4)
]
POINTS = np.array([[-0.5, 0.5, 1.0], [0.5, 0.5, 1.0], [0.9, -0.9, 1.0]])
PLANES = {"start": np.zeros((3, 2)), "end": np.array([[0, 1], [0, 0], [0, 0.1]])}
SHAPES, LENGTHS = {"A": "NM", "B": "MK"}, {"N": 2, "M": 3, "K": 1}
LINES = {"one": ([1.0, 10.0], [2.0, 3.0]), "two": ([1.0, 10.0], [4.0, 1.0])}
HISTORIES = {"reg 0": [774.6, 283.9, 2.063], "reg 1": [800.0, 5.0]}
STEPS = [1e-8, 1e-5, 1e-2]
ERRORS = {"centred": [1e-6, 1e-9, 1e-4], "forward": [1e-7, 1e-5, 1e-2]}

# What draws each figure, its size in pixels, and what its text must name.
FIGURES: dict[str, tuple[Callable[[], DescribedFigure], tuple[int, int], list[str]]] = {
    "images": (
        lambda: plots.plot_images(IMAGES[:7], NAMES[:7]),
        (1050, 513),
        NAMES[:7],
    ),
    "samples": (
        lambda: plots.plot_samples(IMAGES, LABELS, NAMES, samples_per_class=2),
        (1050, 255),
        ["2 pictures", "10 classes", *NAMES],
    ),
    "bars": (
        lambda: plots.plot_bars(
            {"p": [0.2, 0.7, 0.1], "s": [-1.0, 2, -3], "d": [0.5, 1, 2]},
            ["cat (correct)", "dog", "ship"],
        ),
        (1050, 360),
        ["p: cat (correct) 0.2, dog 0.7", "s: cat (correct) -1, dog 2, ship -3"],
    ),
    "stacked bars": (
        lambda: plots.plot_bars(
            {"above\nscores": [1.0, 2.0], "p": [0.27, 0.73]},
            ["cat", "dog"],
            stacked=True,
        ),
        (660, 570),
        ["above scores: cat 1, dog 2", "p: cat 0.27, dog 0.73"],
    ),
    "bars downwards": (
        lambda: plots.plot_bars(
            {"p": [0.27, 0.73], "gradient": [0.27, -0.27], "s": [-4.0, -2.0]},
            ["cat", "dog"],
            stacked=True,
        ),
        (660, 855),
        ["gradient: cat 0.27, dog -0.27", "s: cat -4, dog -2"],
    ),
    "shapes": (
        lambda: diagrams.plot_shapes(
            [["A", "@", "B"], ["B", "=", "B"]], SHAPES, LENGTHS
        ),
        (660, 580),
        ["A (N, M) @ B (M, K). B (M, K) = B (M, K)."],
    ),
    "lines": (
        lambda: plots.plot_lines(LINES, xlabel="x", ylabel="y", alt="Two lines."),
        (960, 600),
        ["Two lines."],
    ),
    "five lines": (
        lambda: plots.plot_lines(
            {f"line {k}": ([0, 1], [0, k]) for k in range(5)},
            **{"xlabel": "x", "ylabel": "y", "alt": "Five lines."},
        ),
        (960, 600),
        ["Five lines."],
    ),
    "loss history": (
        lambda: plots.plot_loss_history(HISTORIES),
        (960, 600),
        ["reg 0 from 775 to 2.06", "reg 1 from 800 to 5"],
    ),
    "descent": (
        lambda: diagrams.plot_descent(
            (2, 20),
            {
                "a": np.array([[1.0, 1.0], [0.5, -1.0], [0.2, 0.4]]),
                "b": np.array([[1.0, 1.0], [0.5, 0.3], [0.1, 0.1]]),
            },
        ),
        (960, 600),
        ["a, 2 steps from (1, 1) to (0.2, 0.4); b, 2 steps from (1, 1) to (0.1, 0.1)"],
    ),
    "step size errors": (
        lambda: plots.plot_step_size_errors(STEPS, ERRORS),
        (960, 600),
        [
            "centred is most accurate near h = 1e-05",
            "forward is most accurate near h = 1e-08",
        ],
    ),
    "grid scatter": (
        lambda: plots.plot_grid_scatter(TRIALS),
        (1050, 480),
        [
            "9 dots",
            "training accuracy from 0.310 to 0.400",
            "validation accuracy from 0.300 to 0.340",
        ],
    ),
    "grid heat map": (
        lambda: plots.plot_grid_heatmap(TRIALS),
        (645, 428),
        ["from 0.300 to 0.340", "best is at learning rate 1e-07 and reg 10000"],
    ),
    "templates": (
        lambda: plots.plot_templates(WEIGHTS, NAMES),
        (1050, 510),
        NAMES,
    ),
    "regions": (
        lambda: diagrams.plot_regions(PLANES, POINTS, np.array([0, 1, 1])),
        (1050, 600),
        ["start, 1 of 3 points", "end, 3 of 3 points"],
    ),
    "confusion": (
        lambda: plots.plot_confusion(COUNTS, NAMES),
        (1050, 840),
        [
            f"{COUNTS.sum()} images",
            f"{np.trace(COUNTS)} of them on the diagonal",
            "plane taken for frog, 6 times",
        ],
    ),
    "mistakes": (
        lambda: plots.plot_mistakes(IMAGES[:3], LABELS[:3], PROBABILITIES[:3], NAMES),
        (1050, 282),
        [
            f"says {NAMES[row.argmax()]} {row.max():.2f}, is {name} {row[i]:.2f}"
            for i, (name, row) in enumerate(
                zip(NAMES[:3], PROBABILITIES[:3], strict=True)
            )
        ],
    ),
    "patches": (
        lambda: plots.plot_patches(
            {"a": np.random.default_rng(0).normal(size=(20, 6, 6, 3)), "b": IMAGES},
            columns=10,
            alt="Two groups.",
        ),
        (1050, 498),
        ["Two groups."],
    ),
}
SHOWN = Path(__file__).with_name("figures.json")
every_figure = pytest.mark.parametrize("name", FIGURES)


def pixels(figure: DescribedFigure) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(figure.png())).convert("RGB")).astype(int)


@every_figure
def test_a_figure_has_a_fixed_size_and_says_what_is_to_be_seen(name: str) -> None:
    draw, size, words = FIGURES[name]
    figure = draw()
    assert isinstance(figure, DescribedFigure)
    assert Image.open(io.BytesIO(figure.png())).size == size
    for word in words:
        assert word in figure.alt
    assert figure.alt.endswith(".")
    assert "\n" not in figure.alt


def content_of(figure: DescribedFigure) -> dict[str, str]:
    """What a figure shows and where, of many numbers the first twelve."""
    content = {"alt": figure.alt, **figure.data()}
    found = {
        place: " ".join(text.split()[:12]) if text[:1] in "-0123456789" else text
        for place, text in drawn.leaves(content)
        if drawn.key_of(place) not in drawn.TOTALS  # of pixels
    }
    looks = {
        "place": [" ".join(f"{side:.0f}" for side in box) for box in boxes(figure)],
        "text aligned": [
            f"{text.get_ha()} {text.get_va()}"
            for part in (figure, *figure.axes)
            for text in part.texts
        ],
        "bars edged": [
            to_hex(b.get_edgecolor()) for ax in figure.axes for b in ax.patches
        ],
        "legend": [
            f"{legend.get_frame_on()} {legend._ncols} {legend._loc}"
            for legend in (*figure.legends, *(ax.get_legend() for ax in figure.axes))
            if legend is not None
        ],
    }
    return {**found, **dict(drawn.leaves(looks))}


def boxes(figure: DescribedFigure) -> list[list[float]]:
    """Left, bottom, width and height of each axes, in hundredths of an inch."""
    size = 100 * np.tile(figure.get_size_inches(), 2)
    return [list(np.round(size * ax.get_position().bounds)) for ax in figure.axes]


@every_figure
def test_a_figure_shows_what_it_did(name: str) -> None:
    """After a change that is meant: ``python -m tests.test_plots``."""
    before = json.loads(SHOWN.read_text("utf-8"))[name]
    found = drawn.changes(
        before,
        content_of(FIGURES[name][0]()),
        lambda old, new: "" if old == new else "they differ",
        rtol=1e-6,
        atol=1e-9,
    )
    assert list(found) == []


@every_figure
def test_a_notebook_is_given_picture_text_data_and_width(name: str) -> None:
    draw, (width, _), _ = FIGURES[name]
    figure = draw()
    data, metadata = figure._repr_mimebundle_(include=None, exclude=None)
    assert set(data) == {MIME_TYPE, "image/png", "text/plain"}
    assert data[MIME_TYPE] == figure.data()
    assert base64.b64decode(data["image/png"]) == figure.png()
    assert data["text/plain"] == figure.alt
    # 150 dots and 100 CSS pixels to the inch.
    assert metadata == {"image/png": {"alt": figure.alt, "width": round(width / 1.5)}}


@every_figure
def test_a_figure_is_the_same_in_all_settings_and_backends(name: str) -> None:
    draw, *_ = FIGURES[name]
    expected = draw().png()
    assert draw().png() == expected
    theirs = {
        "figure.dpi": 31,
        "savefig.dpi": 77,
        "savefig.bbox": "tight",
        "font.size": 22,
        "font.family": "serif",
        "axes.facecolor": "black",
        "image.cmap": "jet",
        "image.interpolation": "bicubic",
        "image.origin": "lower",
        "axes.grid": True,
        "lines.linewidth": 9,
    }
    with mpl.rc_context(theirs):
        backend = mpl.rcParams["backend"]
        mpl.use("svg")
        before = dict(mpl.rcParams)
        figure = draw()
        assert figure.png() == expected
        assert dict(mpl.rcParams) == before
        mpl.use(backend)
    assert figure.png() == expected


def test_an_svg_is_the_same_each_time_and_carries_its_text() -> None:
    draw, _, (alt,) = FIGURES["lines"]
    first, again = draw().svg(), draw().svg()
    assert first == again
    root = ElementTree.fromstring(first.decode())
    assert alt in [element.text for element in root.iter()]


@every_figure
def test_a_figure_is_not_kept_by_pyplot(name: str) -> None:
    from matplotlib import pyplot as plt

    FIGURES[name][0]()
    assert plt.get_fignums() == []


def test_the_inputs_are_not_changed() -> None:
    inputs = (IMAGES, LABELS, PROBABILITIES, WEIGHTS, COUNTS)
    before = [array.tobytes() for array in inputs], list(TRIALS)
    for draw, *_ in FIGURES.values():
        draw()
    assert ([array.tobytes() for array in inputs], TRIALS) == before


def shown(figure: DescribedFigure) -> list[np.ndarray]:
    """Return the arrays that the figure's axes show as pictures, in order."""
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes if ax.images]


def titles(figure: DescribedFigure) -> list[str]:
    return [ax.get_title() for ax in figure.axes]


def test_pictures_stand_under_their_own_titles() -> None:
    figure = plots.plot_images(IMAGES[:7], NAMES[:7], columns=3)
    assert titles(figure) == [*NAMES[:7], "", ""]
    for picture, image in zip(shown(figure), IMAGES[:7], strict=True):
        np.testing.assert_array_equal(picture, image)


def test_samples_are_the_first_of_each_class_one_column_a_class() -> None:
    figure = plots.plot_samples(IMAGES, LABELS, NAMES, samples_per_class=2)
    assert titles(figure) == NAMES + [""] * 10
    for position, picture in enumerate(shown(figure)):
        np.testing.assert_array_equal(picture, IMAGES[position])


def test_a_class_with_few_samples_leaves_its_column_empty() -> None:
    figure = plots.plot_samples(IMAGES[:13], LABELS[:13], NAMES)
    assert len(figure.axes) == 20  # no class has a third
    assert len(shown(figure)) == 13


def test_no_more_samples_are_given_room_than_a_class_has() -> None:
    assert len(plots.plot_samples(IMAGES, LABELS, NAMES, 10**9).axes) == len(IMAGES)


def test_templates_share_one_scale() -> None:
    # Class k runs from 0 to 10 k + 10, so 255 is the brightest of the last alone.
    weights = np.linspace(0, 1, 3072)[:, np.newaxis] * np.arange(10, 101, 10)
    brightest = [
        picture.max() for picture in shown(plots.plot_templates(weights, NAMES))
    ]
    assert brightest == [int(255 * top / 100) for top in range(10, 101, 10)]
    assert {
        picture.min() for picture in shown(plots.plot_templates(weights, NAMES))
    } == {0}


def test_the_largest_and_smallest_weight_are_255_and_0() -> None:
    pictures = np.stack(shown(plots.plot_templates(WEIGHTS, NAMES)))
    assert (pictures.min(), pictures.max()) == (0, 255)
    shifted = np.stack(shown(plots.plot_templates(4 * WEIGHTS - 8, NAMES)))
    # Rounding may move a brightness across a whole number.
    assert np.abs(pictures.astype(int) - shifted).max() <= 1


def test_a_template_is_its_own_class_and_stands_upright() -> None:
    weights = np.zeros((3072, 10))
    weights.reshape(32, 32, 3, 10)[1, 4, 2, 7] = 1.0
    pictures = shown(plots.plot_templates(weights, NAMES))
    assert titles(plots.plot_templates(weights, NAMES)) == NAMES
    expected = np.zeros((32, 32, 3), dtype=np.uint8)
    for label, picture in enumerate(pictures):
        expected[1, 4, 2] = 255 if label == 7 else 0
        np.testing.assert_array_equal(picture, expected)


@pytest.mark.parametrize("image_shape", [(5, 8), (5, 8, 1)])
def test_templates_of_grey_images_are_grey(image_shape: tuple[int, ...]) -> None:
    weights = np.arange(120.0).reshape(40, 3)
    pictures = plots.template_pictures(weights, image_shape)
    assert (pictures.shape, pictures.dtype) == ((3, 5, 8, 3), np.uint8)
    brightness = (weights.T.reshape(3, 5, 8) / 119 * 255).astype(np.uint8)
    for channel in range(3):
        np.testing.assert_array_equal(pictures[..., channel], brightness)
    figure = plots.plot_templates(weights, NAMES[:3], image_shape)
    np.testing.assert_array_equal(shown(figure)[:3], pictures)
    assert "5 by 8 pixels" in figure.alt


@pytest.mark.parametrize("grey", [IMAGES[..., 0], IMAGES[..., :1]])
def test_a_grey_picture_is_drawn_in_grey(grey: np.ndarray) -> None:
    dark = grey[:2] // 2  # whose brightest pixel is not white
    as_colours = np.repeat(dark.reshape(2, 32, 32, 1), 3, axis=3)
    drawn, expected = (plots.plot_images(p, NAMES[:2]) for p in (dark, as_colours))
    assert np.abs(pixels(drawn) - pixels(expected)).max() <= 1


def test_the_pictures_of_templates_are_those_that_are_drawn() -> None:
    drawn = shown(plots.plot_templates(WEIGHTS, NAMES))
    np.testing.assert_array_equal(plots.template_pictures(WEIGHTS), drawn)


def test_bars_are_as_high_as_they_say_and_stand_over_their_names() -> None:
    figure = plots.plot_bars({"p": [0.2, 0.8], "s": [-1.0, 2]}, ["cat", "dog"])
    assert titles(figure) == ["p", "s"]
    for ax, heights in zip(figure.axes, ([0.2, 0.8], [-1, 2]), strict=True):
        assert [bar.get_height() for bar in ax.patches] == heights
        assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog"]
        assert [text.get_text() for text in ax.texts] == [f"{h:g}" for h in heights]


def test_bars_of_probabilities_and_of_their_gradient_share_a_scale() -> None:
    panels = {"s": [1.0, 2.0], "p": [0.25, 0.75], "p - 1": [-0.75, 0.75]}
    figure = plots.plot_bars(panels, ["cat", "dog"], stacked=True)
    tops = [ax.get_position().y1 for ax in figure.axes]
    assert tops == sorted(tops, reverse=True)
    heights = [
        np.ptp(ax.transData.transform([(0, 0), (0, 1)])[:, 1]) for ax in figure.axes
    ]
    zero = [ax.get_ylim()[0] for ax in figure.axes]
    assert zero[0] == zero[1] == 0 > zero[2]
    assert heights[1] == pytest.approx(heights[2])


def test_boxes_are_as_long_as_their_letters() -> None:
    figure = diagrams.plot_shapes([["A", "@", "B", "=", "A"]], SHAPES, LENGTHS)
    (ax,) = figure.axes
    boxes = [(bar.get_height(), bar.get_width()) for bar in ax.patches]
    np.testing.assert_allclose(boxes, [(2, 3), (3, 1), (2, 3)])
    lefts = [bar.get_x() for bar in ax.patches]
    assert lefts == sorted(lefts)
    across, up = np.ptp(ax.transData.transform([(0, 0), (1, 1)]), axis=0)
    assert across == pytest.approx(up, rel=0.01)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["A\n(N, M)", "@", "B\n(M, K)", "=", "A\n(N, M)"]


def test_a_region_contains_the_points_predicted_as_its_class() -> None:
    figure = diagrams.plot_regions(PLANES, POINTS, np.array([0, 1, 1]))
    assert titles(figure) == ["start", "end"]
    regions = shown(figure)[1]
    # Class 1 is predicted where x > -0.1: columns 181 to 400 of the 401.
    assert len({tuple(colour) for colour in regions[:, :180].reshape(-1, 4)}) == 1
    assert len({tuple(colour) for colour in regions[:, 181:].reshape(-1, 4)}) == 1
    assert tuple(regions[0, 0]) != tuple(regions[0, 400])
    of_class_1 = figure.axes[1].collections[1].get_offsets()
    np.testing.assert_array_equal(of_class_1, POINTS[1:, :2])


def test_the_region_above_is_drawn_above() -> None:
    figure = diagrams.plot_regions(
        {"": np.array([[0, 0, 0], [0, 1, 0], [0, 0, -9.0]])}, POINTS, LABELS[:3]
    )
    regions = shown(figure)[0]
    assert figure.axes[0].images[0].origin == "lower"
    assert regions[400, 0, :3].tolist() != regions[0, 0, :3].tolist()


def test_swapped_templates_are_another_picture() -> None:
    swapped = WEIGHTS[:, [1, 0, *range(2, 10)]]
    first, second = (plots.plot_templates(W, NAMES) for W in (WEIGHTS, swapped))
    assert np.abs(pixels(first) - pixels(second)).mean() > 1


def written(figure: DescribedFigure) -> dict[tuple[int, int], str]:
    """Return the text of a heat map by (row, column)."""
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in figure.axes[0].texts
    }


def test_the_heat_map_has_reg_upwards_and_learning_rate_across() -> None:
    shuffled = [TRIALS[position] for position in RNG.permutation(9)]
    figure = plots.plot_grid_heatmap(shuffled)
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "1e-07",
        "5e-07",
        "1e-06",
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "50000",
        "25000",
        "10000",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "reg")
    assert written(figure) == {
        (2 - row, column): f"{TRIALS[3 * column + row].val_accuracy:.3f}"
        for row in range(3)
        for column in range(3)
    }


def test_a_pair_that_was_not_tried_leaves_its_cell_empty() -> None:
    figure = plots.plot_grid_heatmap([*TRIALS[:4], *TRIALS[5:]])
    assert set(written(figure)) == set(np.ndindex(3, 3)) - {(1, 1)}


@pytest.mark.parametrize("draw", [plots.plot_grid_heatmap, plots.plot_grid_scatter])
def test_a_diverged_training_is_neither_the_best_nor_a_limit(draw) -> None:
    trials = [Trial(1.0, 1e4, np.nan, np.nan), *TRIALS]
    text = draw(trials).alt
    assert "from 0.300 to 0.340, 1 diverged" in text
    if draw is plots.plot_grid_heatmap:
        assert "the best is at learning rate 1e-07 and reg 10000" in text


def test_numbers_stand_light_on_dark_and_dark_on_light() -> None:
    figure = plots.plot_confusion(np.array([[9, 0], [1, 8]]), ["cat", "dog"])
    colors = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colors == {"9": "black", "8": "black", "0": "white", "1": "white"}


def test_the_confusion_matrix_has_correct_classes_down() -> None:
    figure = plots.plot_confusion(COUNTS, NAMES)
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "correct class")
    assert [label.get_text() for label in ax.get_xticklabels()] == NAMES
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    assert written(figure) == {
        position: str(count) for position, count in np.ndenumerate(COUNTS)
    }


def test_the_scatter_plots_are_the_worksheets() -> None:
    figure = plots.plot_grid_scatter(TRIALS)
    accuracies = {
        "training accuracy": [trial.train_accuracy for trial in TRIALS],
        "validation accuracy": [trial.val_accuracy for trial in TRIALS],
    }
    places = [(np.log10(trial.learning_rate), np.log10(trial.reg)) for trial in TRIALS]
    for ax, (title, values) in zip(figure.axes[:2], accuracies.items(), strict=True):
        (dots,) = ax.collections
        assert ax.get_title() == title
        assert (ax.get_xlabel(), ax.get_ylabel()) == (
            "log10 learning rate",
            "log10 reg",
        )
        np.testing.assert_array_equal(dots.get_offsets(), places)
        np.testing.assert_array_equal(dots.get_array(), values)


def test_lines_are_told_apart_by_colour_by_dashes_and_by_name() -> None:
    lines = {str(k): ([0.0, 1.0], [0.0, float(k)]) for k in range(6)}
    (ax,) = plots.plot_lines(lines, xlabel="x", ylabel="y", alt="Six.").axes
    assert len({line.get_color() for line in ax.lines}) == 6
    assert len({str(line._dash_pattern) for line in ax.lines}) == 6
    assert [text.get_text() for text in ax.get_legend().texts] == list(lines)
    for line, (x, y) in zip(ax.lines, lines.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([x, y]))


# What those see who lack one kind of cone, as a matrix for linear red, green and blue:
# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation
# of Color Vision Deficiency", IEEE TVCG 15(6), at severity 1.
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
every_vision = pytest.mark.parametrize("vision", VISIONS)
# Linear red, green and blue to CIE XYZ, divided by its white, D65.
XYZ = np.array(
    [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]]
)


def cielab(colors: Any, vision: str) -> np.ndarray:
    """Return the colours as they are seen, as rows (L*, a*, b*) of CIELAB, (N, 3)."""
    rgb = mpl.colors.to_rgba_array(colors)[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISIONS[vision]), 0, 1) @ XYZ.T
    x, y, z = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def test_cielab_gives_white_black_and_red_their_published_values() -> None:
    found = cielab(["#ffffff", "#000000", "#ff0000"], "all cones")
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]]
    np.testing.assert_allclose(found, expected, atol=0.1)


@every_vision
def test_the_colours_differ_to_every_eye(vision: str) -> None:
    seen = cielab(plots.COLORS, vision)
    distances = np.linalg.norm(seen[:, np.newaxis] - seen, axis=2)
    # CIE76. Two colours side by side are told apart from about 2.3 on.
    assert distances[np.triu_indices(len(seen), k=1)].min() > 15


def dashes(line: Any) -> tuple[float, float]:
    """Return the share of a line that has ink and the length after which it repeats."""
    _, pattern = line._dash_pattern
    if pattern is None:
        return 1.0, np.inf
    return sum(pattern[::2]) / sum(pattern), sum(pattern)


def test_in_grey_print_the_dashes_alone_tell_the_lines_apart() -> None:
    lightness = np.sort(cielab(plots.COLORS, "all cones")[:, 0])
    assert np.diff(lightness).min() < 5  # the colours would not do
    lines = {str(k): ([0.0, 1.0], [0.0, float(k)]) for k in range(6)}
    (ax,) = plots.plot_lines(lines, xlabel="x", ylabel="y", alt="Six.").axes
    for one, other in itertools.combinations(map(dashes, ax.lines), 2):
        shorter, longer = sorted([one[1], other[1]])
        assert abs(one[0] - other[0]) > 0.1 or longer > 1.5 * shorter


@every_figure
def test_a_colour_scale_runs_from_dark_to_light_for_every_eye(name: str) -> None:
    drawn = [shape for ax in FIGURES[name][0]().axes for shape in ax.get_children()]
    scales = [
        shape.get_cmap()
        for shape in drawn
        if isinstance(shape, mpl.cm.ScalarMappable)
        and shape.get_array() is not None
        and np.ndim(shape.get_array()) < 3
    ]
    assert bool(scales) == (name in {"grid scatter", "grid heat map", "confusion"})
    for scale, vision in itertools.product(scales, VISIONS):
        assert np.diff(cielab(scale(np.linspace(0, 1, 64)), vision)[:, 0]).min() > 0


def test_one_line_needs_no_legend() -> None:
    (ax,) = plots.plot_lines(
        {"one": ([0.0], [1.0])}, xlabel="x", ylabel="y", alt="One."
    ).axes
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("name", "xscale", "yscale", "xlabel", "ylabel"),
    [
        ("lines", "linear", "linear", "x", "y"),
        ("loss history", "linear", "log", "step", "minibatch loss (nats, log scale)"),
        (
            "step size errors",
            "log",
            "log",
            "step h (units of a weight, log scale)",
            "relative error (log scale)",
        ),
    ],
)
def test_axes_have_their_scale_and_their_unit(
    name: str, xscale: str, yscale: str, xlabel: str, ylabel: str
) -> None:
    (ax,) = FIGURES[name][0]().axes
    assert (ax.get_xscale(), ax.get_yscale()) == (xscale, yscale)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (xlabel, ylabel)


def test_a_loss_history_starts_at_step_0() -> None:
    (ax,) = plots.plot_loss_history(HISTORIES).axes
    assert ax.lines[0].get_xydata().tolist() == [[0, 774.6], [1, 283.9], [2, 2.063]]


def test_a_loss_history_has_a_mark_near_the_end_of_a_training_run() -> None:
    axis = plots.plot_loss_history(HISTORIES).axes[0].yaxis
    marks = [tick.get_text() for tick in axis.get_ticklabels()]
    assert marks == ["2", "5", "10", "20", "50", "100", "200", "500", "1000"]


def test_each_contour_of_a_valley_has_one_height() -> None:
    path = np.array([[3.0, 1.0], [2.0, 0.5]])
    (ax,) = diagrams.plot_descent((2, 20), {"a": path}).axes
    *contours, line = [drawn.get_xydata() for drawn in ax.lines]
    heights = [contour**2 @ [1, 10] for contour in contours]
    assert all(np.ptp(height) < 1e-9 for height in heights)
    assert heights[-1][0] == pytest.approx(19)  # the height at which the path begins
    assert line.tolist() == path.tolist()


def test_each_mistake_is_titled_with_both_probabilities() -> None:
    probabilities = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]])
    figure = plots.plot_mistakes(
        IMAGES[:2], np.array([2, 1]), probabilities, ["cat", "dog", "frog"]
    )
    assert titles(figure)[:2] == [
        "says dog 0.60\nis frog 0.30",
        "says cat 0.50\nis dog 0.20",
    ]


def test_patches_are_in_rows_each_on_its_own_scale() -> None:
    patches = np.zeros((3, 2, 2, 3))
    patches[:, 0, 0] = [[-5], [1], [0.001]]  # the third is even but for a trifle
    stored = np.full((1, 2, 2, 3), 51, dtype=np.uint8)
    figure = plots.plot_patches({"own": patches, "as is": stored}, columns=2, alt="x")
    own, as_is = (np.asarray(ax.images[0].get_array()) for ax in figure.axes)
    names = [ax.get_title(loc="left") for ax in figure.axes]
    assert names == ["own", "as is"]
    dark_corner, bright_corner = [[0, 1], [1, 1]], [[1, 0], [0, 0]]
    np.testing.assert_array_equal(own[0:2, 0:2, 0], dark_corner)
    np.testing.assert_array_equal(own[0:2, 3:5, 0], bright_corner)
    np.testing.assert_array_equal(own[3:5, 0:2, 0], bright_corner)
    np.testing.assert_array_equal(own[2], 1)  # white between the rows
    np.testing.assert_array_equal(own[3:, 3:], 1)  # white where there is no patch
    np.testing.assert_allclose(as_is[:2, :2], 0.2)


def test_a_pixel_of_a_patch_is_whole_pixels_of_the_figure() -> None:
    figure = plots.plot_patches({"a": np.zeros((40, 6, 6, 3))}, alt="x")
    (ax,) = figure.axes
    across = ax.get_window_extent().width * plots.DPI / figure.dpi
    assert across / ax.images[0].get_array().shape[1] == pytest.approx(4, abs=0.01)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.plot_patches({}, alt="x"), "patches must hold"),
        (
            lambda: plots.plot_patches({"a": IMAGES[:0]}, alt="x"),
            r"patches\['a'\] must",
        ),
        (
            lambda: plots.plot_images(IMAGES, NAMES),
            "titles must hold .* 20 images, .* 10",
        ),
        (lambda: plots.plot_images(IMAGES[:0], []), r"images must .* \(0, 32, 32, 3\)"),
        (lambda: plots.plot_images(IMAGES[0], NAMES), "titles must hold .* 32 images"),
        (
            lambda: plots.plot_samples(IMAGES, LABELS[:-1], NAMES),
            "labels must hold .* 20 images, .* 19",
        ),
        (
            lambda: plots.plot_mistakes(IMAGES, LABELS, PROBABILITIES[:3], NAMES),
            "probabilities must hold .* images, .* 3",
        ),
        (
            lambda: plots.plot_mistakes(IMAGES, LABELS[:3], PROBABILITIES, NAMES),
            "labels must hold .* images, .* 3",
        ),
        (
            lambda: plots.plot_lines({}, xlabel="", ylabel="", alt=""),
            "lines must hold at least one line, but it is empty",
        ),
        (lambda: plots.plot_bars({}, ["a"]), "panels must hold at least one quantity"),
        (
            lambda: plots.plot_bars({"p": [1.0, 2.0], "s": [1.0]}, ["a", "b"]),
            r"panels must .* 2 values, .* \[\(2,\), \(1,\)\]",
        ),
        (
            lambda: diagrams.plot_shapes([], SHAPES, LENGTHS),
            "rows must hold at least one operation",
        ),
        (
            lambda: diagrams.plot_shapes([["A"]], SHAPES, {"N": 1, "M": 1}),
            r"rows must .* one length for each letter, .* \['K'\] have none",
        ),
        (lambda: diagrams.plot_regions({}, POINTS, LABELS[:3]), "weights must hold"),
        (
            lambda: diagrams.plot_regions(PLANES, POINTS, LABELS[:4]),
            r"y must have one label for each point, shape \(3,\), .* \(4,\)",
        ),
        (
            lambda: diagrams.plot_regions({"a": np.zeros((2, 3))}, POINTS, LABELS[:3]),
            r"weights must .* \(2, 3\)\]",
        ),
        (lambda: diagrams.plot_descent((1, 0), {}), "each of curvatures must .* 0"),
        (lambda: diagrams.plot_descent((1, 2), {}), "paths must hold at least one"),
        (
            lambda: diagrams.plot_descent((1, 2), {"a": np.zeros((4, 3))}),
            r"paths must .* \[\(4, 3\)\]",
        ),
        (lambda: plots.plot_loss_history({}), "histories must hold at least one"),
        (
            lambda: plots.plot_step_size_errors(STEPS, {}),
            "errors must hold at least one line",
        ),
        (lambda: plots.plot_grid_scatter([]), "trials must hold at least one trial"),
        (lambda: plots.plot_grid_heatmap([]), "trials must hold at least one trial"),
        (
            lambda: plots.plot_grid_scatter([*TRIALS, Trial(1e-7, 0.0, 0.3, 0.3)]),
            "trials must each have a positive reg",
        ),
        (
            lambda: plots.plot_templates(np.zeros((3073, 10)), NAMES),
            r"weights must have .* none for the bias, shape \(3072, 10\), .*3073",
        ),
        (
            lambda: plots.plot_templates(WEIGHTS, NAMES[:9]),
            r"weights must have .* shape \(3072, 9\), .* \(3072, 10\)",
        ),
        (
            lambda: plots.plot_confusion(COUNTS[:9], NAMES),
            r"counts must have .* shape \(10, 10\), .* \(9, 10\)",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        draw()


def test_untrained_weights_give_even_templates() -> None:
    names = ["a", "b", "c", "d", "e"]
    fig = plots.plot_templates(np.zeros((3072, 5), dtype=np.float32), names)
    assert {int(ax.images[0].get_array().max()) for ax in fig.axes} == {0}


@pytest.mark.parametrize(
    ("ends", "marks"),
    [
        ((4.0, 60.0), ["5", "10", "20", "50"]),
        ((6.1, 9.9), ["10"]),
        ((3.1, 3.9), ["3.25", "3.5", "3.75"]),
        ((100.0, 1600.0), ["100", "200", "500", "1000"]),
        ((1.0, 100.0), ["$\\mathdefault{10^{0}}$", "$\\mathdefault{10^{1}}$",
                        "$\\mathdefault{10^{2}}$"]),
    ],
)  # fmt: skip
def test_a_log_axis_is_marked_with_round_numbers(
    ends: tuple[float, float], marks: list[str]
) -> None:
    fig = plots.plot_lines(
        {"a": ([1, 2], ends)}, xlabel="x", ylabel="y", alt="a", yscale="log"
    )
    axis = fig.axes[0].yaxis
    assert [tick.get_text() for tick in axis.get_ticklabels()] == marks
    assert len(axis.get_minorticklocs()) == 0


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_covers_another(name: str) -> None:
    figure = FIGURES[name][0]()
    figure.canvas.draw()
    unseen = {
        text
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        for text in (tick.label1, tick.label2)
        if not (ax.axison and axis.get_visible())
        or not min(axis.get_view_interval()) <= tick.get_loc()
        or not max(axis.get_view_interval()) >= tick.get_loc()
    }
    boxes = {
        text: text.get_window_extent()
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    }
    for text, box in boxes.items():
        assert figure.bbox.x0 - 1 <= box.x0 <= box.x1 <= figure.bbox.x1 + 1, text
        assert figure.bbox.y0 - 1 <= box.y0 <= box.y1 <= figure.bbox.y1 + 1, text
    for (one, first), (other, second) in itertools.combinations(boxes.items(), 2):
        common = Bbox.intersection(first, second)
        assert common is None or min(common.size) <= 2, (one, other)


@pytest.mark.parametrize("num", [4, 5])
def test_the_names_of_many_lines_stand_above_in_three_columns(num: int) -> None:
    figure = plots.plot_lines(
        {f"line {k}": ([0, 1], [0, k]) for k in range(num)},
        **{"xlabel": "x", "ylabel": "y", "alt": "Lines."},
    )
    figure.canvas.draw()
    (ax,) = figure.axes
    legend = ax.get_legend()
    assert not legend.get_frame_on()
    box, inside = legend.get_window_extent(), ax.get_window_extent()
    assert (box.y0 >= inside.y1) == (num > 4)
    heights = [text.get_window_extent().y0 for text in legend.get_texts()]
    assert np.count_nonzero(np.isclose(heights, max(heights))) == (3 if num > 4 else 1)
    if num > 4:
        assert (box.x0 + box.x1) / 2 == pytest.approx((inside.x0 + inside.x1) / 2)


def test_the_line_at_zero_and_the_names_of_classes_are_whole() -> None:
    for ax in FIGURES["bars"][0]().axes:
        assert not ax.lines[0].get_clip_on()
        assert not ax.yaxis.get_visible()
    (ax,) = FIGURES["confusion"][0]().axes
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {45}


def test_a_reg_of_zero_has_no_place_on_a_logarithmic_axis() -> None:
    with pytest.raises(ValueError, match=r"^trials") as caught:
        plots.plot_grid_scatter([Trial(1e-7, 0.0, 0.3, 0.3)])
    assert str(caught.value) == (
        "trials must each have a positive reg, for the logarithmic axis, but one has "
        "0; plot_grid_heatmap draws it."
    )


def test_a_point_at_the_edge_of_the_plane_is_drawn_whole() -> None:
    X = np.array([[0.0, 1.0, 1.0], [-1.0, 0.0, 1.0]])
    figure = diagrams.plot_regions({"a": np.eye(3)}, X, np.array([0, 1]))
    dots = [dots for ax in figure.axes for dots in ax.collections]
    assert dots
    assert not any(each.get_clip_on() for each in dots)


@pytest.mark.parametrize(("num", "marker"), [(2, ""), (3, "o"), (12, "o"), (13, "")])
def test_a_line_through_a_few_points_shows_them(num: int, marker: str) -> None:
    lines = {"a": (np.arange(num), np.arange(num))}
    figure = plots.plot_lines(lines, xlabel="x", ylabel="y", alt="a")
    (line,) = figure.axes[0].lines
    assert line.get_marker() == marker


def test_each_scatter_plot_has_the_scale_of_its_colours() -> None:
    figure = plots.plot_grid_scatter(TRIALS)
    *panels, first, second = figure.axes
    assert len(panels) == 2
    for ax, scale in zip(panels, (first, second), strict=True):
        (dots,) = ax.collections
        assert dots.colorbar.ax is scale
        assert scale.get_ylim() == (dots.get_array().min(), dots.get_array().max())


def test_each_bar_has_its_value_above_and_its_name_below() -> None:
    panels = {"scores": [-1.0, 2.0], "probabilities": [0.047426, 0.952574]}
    figure = plots.plot_bars(panels, ["cat", "dog"])
    labels = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert labels == [["-1", "2"], ["0.04743", "0.9526"]]
    assert titles(figure) == list(panels)
    for ax, values in zip(figure.axes, panels.values(), strict=True):
        assert [bar.get_height() for bar in ax.patches] == values
        assert [name.get_text() for name in ax.get_xticklabels()] == ["cat", "dog"]


def test_one_pair_of_axes_has_room_for_its_labels() -> None:
    figure, ax = figures.single_axes()
    assert boxes(figure) == [[83, 56, 538, 324]]
    label = ax.yaxis.get_label()
    place = label.get_transform().transform(label.get_position())
    left, bottom, width, height = figure.dpi * np.array(boxes(figure)[0]) / 100
    np.testing.assert_allclose(
        place, [left - width / 10, bottom + height / 2], atol=figure.dpi / 100
    )


def test_a_grid_of_pictures_is_cut_into_squares_with_gaps() -> None:
    titled, _ = figures.picture_grid(2, 7, title_height=0.5)
    assert tuple(np.round(titled.get_size_inches(), 2)) == (7, 3)
    assert boxes(titled)[0] == [4, 154, 92, 92]
    assert boxes(titled)[9] == [204, 4, 92, 92]  # the second row's third
    bare, axes = figures.picture_grid(1, 2, title_height=0)
    assert tuple(np.round(bare.get_size_inches(), 2)) == (7, 3.8)
    assert boxes(bare) == [[14, 14, 322, 322], [364, 14, 322, 322]]
    assert not any(ax.axison for ax in axes.ravel())


def test_a_heat_map_writes_each_number_in_the_middle_of_its_cell() -> None:
    figure, ax = figures.heatmap(
        np.array([[0.0, 1.0], [np.nan, 0.5]]),
        ["a", "b"],
        ["c", "d"],
        number_format="{:.1f}",
        figsize=(4, 3),
    )
    assert boxes(figure) == [[100, 80, 290, 185]]
    (content,) = figure.data()["axes"]
    (image,) = content["images"]
    assert (image["values"], image["interpolation"]) == (["0 1", "nan 0.5"], "nearest")
    assert image["rows"][0] == "253 124"  # red: from dark to light
    white, black = ({"color": color, "size": "10"} for color in ("#ffffff", "#000000"))
    assert content["texts"] == [
        {"text": "0.0", "x": "0", "y": "0", **white},
        {"text": "1.0", "x": "1", "y": "0", **black},
        {"text": "0.5", "x": "1", "y": "1", **white},
    ]
    for text in ax.texts:
        assert (text.get_ha(), text.get_va()) == ("center", "center")
    assert ax.get_aspect() == "auto"


@pytest.mark.parametrize(
    ("low", "high", "parts", "marks"),
    [
        (1e-9, 1.0, (1,), [1e-9, 1e-7, 1e-5, 1e-3, 1e-1]),  # ten decades, five marks
        (1e-7, 1.0, (1,), np.logspace(-7, 0, 8)),  # eight of them are all marked
        (1.0, 1e3, (1, 3), [1, 3, 10, 30, 100, 300, 1000]),
        (1.0, 1e8, (1, 3), [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]),
        (2.0, 20.0, (1,), [2, 5, 10, 20]),
    ],
)
def test_marks_are_few_and_from_end_to_end(low, high, parts, marks) -> None:
    _, ax = figures.single_axes()
    figures.mark_decades(ax.xaxis, low, high, parts)
    np.testing.assert_allclose(ax.xaxis.get_majorticklocs(), marks)
    written_out = isinstance(ax.xaxis.get_major_formatter(), FormatStrFormatter)
    assert written_out == (len(parts) > 1 or low == 2)  # 30, where powers say 10²


if __name__ == "__main__":
    content = {name: content_of(draw()) for name, (draw, *_) in FIGURES.items()}
    SHOWN.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def test_a_name_that_the_legend_would_leave_out_is_refused():
    with pytest.raises(ValueError, match="must not begin with _: '_loss'"):
        plots.plot_loss_history({"loss": [2.0, 1.0], "_loss": [2.0, 1.0]})
