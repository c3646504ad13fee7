"""A figure that shows something else is noticed, whatever is changed in it.

Each change is made twice: to the artists of one figure of each kind, which tests what
is read from them, and to what every figure of every chapter is recorded to show, which
tests what is compared. The picture plays no part here.
"""

import copy
import itertools
import re

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba_array

from softmax_lib.figure_data import MIME_TYPE
from softmax_lib.plots import plot_lines
from tests.test_plots import FIGURES
from tools.checker.chapters import CHAPTERS, DATA_SETS
from tools.checker.compare import compare_outputs, read_check
from tools.checker.recordings import read_recorded
from tools.checker.solutions import executed_cells

LUMINANCE = np.array([0.299, 0.587, 0.114])


def noticed(old, new, text="A figure.", check=None):
    """Whether the checker notices the change, without a picture to compare."""
    outputs = [
        {
            "output_type": "display_data",
            "data": {MIME_TYPE: content, "text/plain": text},
            "metadata": {},
        }
        for content in (old, new)
    ]
    return bool(compare_outputs(outputs[:1], outputs[1:], check))


# ---- changes of a figure's artists: each says whether it could be made ---------------


def grey(colors):
    """The same lightness without a colour, for rows of red, green, blue and opacity."""
    colors = np.array(to_rgba_array(colors))
    colors[:, :3] = (colors[:, :3] @ LUMINANCE)[:, np.newaxis]
    return colors


def lines_of(figure):
    return [line for ax in figure.axes for line in ax.lines]


def axes_of(figure, **kinds):
    return [ax for ax in figure.axes if ax.axison]


def remove_a_line(figure):
    for ax in figure.axes:
        if len(ax.lines) > 1:
            ax.lines[-1].remove()
            return True
    return False


def scale_a_curve(figure):
    for line in lines_of(figure)[-1:]:
        line.set_ydata(1.2 * np.asarray(line.get_ydata()))
        return bool(np.any(line.get_ydata()))
    return False


def change_dashes(figure):
    for line in lines_of(figure)[-1:]:
        line.set_linestyle((0, (3, 7)))
    return bool(lines_of(figure))


def change_a_unit(figure):
    for ax in axes_of(figure):
        for axis in (ax.yaxis, ax.xaxis):
            if label := axis.get_label_text():
                words = re.sub(r" ?\([^)]*\)$", "", label)
                axis.set_label_text(words if words != label else f"{label} (nats)")
                return True
    return False


def swap_axis_labels(figure):
    for ax in axes_of(figure):
        labels = ax.get_xlabel(), ax.get_ylabel()
        ax.set(xlabel=labels[1], ylabel=labels[0])
        if labels[0] != labels[1]:
            return True
    return False


def reverse_tick_labels(figure):
    figure.draw_without_rendering()
    reversed_any = False
    for ax in axes_of(figure):
        for axis in (ax.xaxis, ax.yaxis):
            labels = [label.get_text() for label in axis.get_ticklabels()]
            if axis.get_visible() and labels != labels[::-1]:
                axis.set_ticks(axis.get_majorticklocs(), labels[::-1])
                reversed_any = True
    return reversed_any


def swap_legend_entries(figure):
    legends = [ax.get_legend() for ax in figure.axes] + figure.legends
    for legend in filter(None, legends):
        if len(legend.get_texts()) < 2:
            continue
        first, *_, last = legend.get_texts()
        words = first.get_text(), last.get_text()
        first.set_text(words[1])
        last.set_text(words[0])
        return words[0] != words[1]
    return False


def with_another_digit(text):
    """Change the last digit of a text, or give it one."""
    changed = re.sub(r"\d(?=\D*$)", lambda m: str((int(m[0]) + 3) % 10), text)
    return changed if changed != text else f"{text} 3"


def change_a_number_in_a_cell(figure):
    for ax in figure.axes:
        for text in ax.texts[-1:]:
            text.set_text(with_another_digit(text.get_text()))
            return True
    return False


def change_a_title(figure):
    for ax in figure.axes:
        for place in ("left", "center"):
            if title := ax.get_title(loc=place):
                ax.set_title(title + "s", loc=place)
                return True
    return False


def swap_titles(figure):
    titled = [ax for ax in figure.axes if ax.get_title()]
    for one, other in itertools.pairwise(titled):
        titles = one.get_title(), other.get_title()
        one.set_title(titles[1])
        other.set_title(titles[0])
        return True
    return False


def turn_grey(figure):
    for line in lines_of(figure):
        line.set_color(grey(line.get_color())[0])
    for ax in figure.axes:
        for bar in ax.patches:
            bar.set_facecolor(grey(bar.get_facecolor())[0])
        for points in ax.collections:
            if isinstance(points, PathCollection):
                points.set_cmap("gray")
                points.set_facecolor(grey(points.get_facecolor()))
        for image in ax.images:
            array = np.asarray(image.get_array())
            image.set_cmap("gray")
            if array.ndim == 3:
                light = (array[..., :3] @ LUMINANCE)[..., np.newaxis]
                array = np.concatenate([np.repeat(light, 3, -1), array[..., 3:]], -1)
                image.set_array(array.astype(image.get_array().dtype))
    return True


def change_one_pixel(figure):
    for ax in figure.axes[-1:]:
        for image in ax.images:
            array = np.array(image.get_array())
            if array.ndim == 3 and array.shape[2] == 3:
                levels = 255 if array.dtype == np.uint8 else 1.0
                level = array[3, 2, 1] / levels
                array[3, 2, 1] = levels * (
                    level + 0.06 if level < 0.5 else level - 0.06
                )
                image.set_data(array)
                return True
    return False


def mirror_an_image(figure):
    for ax in figure.axes:
        for image in ax.images:
            array = np.array(image.get_array())
            image.set_data(array[:, ::-1])
            return not np.array_equal(array, array[:, ::-1])
    return False


def turn_an_image_upside_down(figure):
    for ax in figure.axes:
        for image in ax.images:
            image.origin = "lower" if image.origin == "upper" else "upper"
            return True
    return False


def swap_two_images(figure):
    images = [image for ax in figure.axes for image in ax.images]
    for one, other in itertools.pairwise(images):
        arrays = np.array(one.get_array()), np.array(other.get_array())
        one.set_data(arrays[1])
        other.set_data(arrays[0])
        return not np.array_equal(*arrays)
    return False


def move_a_point(figure):
    for ax in figure.axes:
        for points in ax.collections:
            if isinstance(points, PathCollection):
                places = np.array(points.get_offsets())
                places[-1, 1] *= 1.001
                points.set_offsets(places)
                return True
    return False


def change_markers(figure):
    for ax in figure.axes:
        for points in ax.collections:
            if isinstance(points, PathCollection):
                other = ax.scatter([], [], marker="p")
                points.set_paths(other.get_paths())
                other.remove()
                return True
    return False


def raise_a_bar(figure):
    for ax in figure.axes:
        for bar in ax.patches:
            bar.set_height(1.001 * bar.get_height())
            return True
    return False


def move_limits(figure):
    for ax in axes_of(figure):
        low, high = ax.get_ylim()
        ax.set_ylim(low, 1.01 * high)
        return True
    return False


def change_scale(figure):
    for ax in axes_of(figure):
        ax.set_yscale("linear" if ax.get_yscale() == "log" else "symlog")
        return True
    return False


def hide_the_legend(figure):
    legends = [ax.get_legend() for ax in figure.axes] + figure.legends
    for legend in filter(None, legends):
        legend.remove()
        return True
    return False


REDRAWN = [
    remove_a_line,
    scale_a_curve,
    change_dashes,
    change_a_unit,
    swap_axis_labels,
    reverse_tick_labels,
    swap_legend_entries,
    change_a_number_in_a_cell,
    change_a_title,
    swap_titles,
    turn_grey,
    change_one_pixel,
    mirror_an_image,
    turn_an_image_upside_down,
    swap_two_images,
    move_a_point,
    change_markers,
    raise_a_bar,
    move_limits,
    change_scale,
    hide_the_legend,
]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_redrawn_with_one_change_is_noticed(name):
    draw = FIGURES[name][0]
    recorded = draw().data()
    assert not noticed(recorded, draw().data())
    for change in REDRAWN:
        figure = draw()
        if change(figure):
            assert noticed(recorded, figure.data()), change.__name__


def test_each_change_can_be_made_to_some_figure():
    figures = [draw for draw, *_ in FIGURES.values()]
    for change in REDRAWN:
        assert any(change(draw()) for draw in figures), change.__name__


# ---- changes of what is recorded -----------------------------------------------------


def parts(content, *keys):
    """Every part of a figure's content that has all of these keys."""
    if isinstance(content, list):
        return [found for part in content for found in parts(part, *keys)]
    found = [content] if content.keys() >= set(keys) else []
    for part in content.values():
        if isinstance(part, dict) or (
            isinstance(part, list) and isinstance(part[0], dict)
        ):
            found += parts(part, *keys)
    return found


def scaled(numbers, factor):
    return " ".join(f"{factor * float(number):.6g}" for number in numbers.split())


def drop_the_last_line(content):
    for axes in parts(content, "lines"):
        del axes["lines"][-1]


def scale_the_last_curve(content):
    for axes in parts(content, "lines"):
        axes["lines"][-1]["y"] = scaled(axes["lines"][-1]["y"], 1.2)


def raise_one_point_of_a_curve(content):
    for axes in parts(content, "lines"):
        y = axes["lines"][-1]["y"].split()
        y[len(y) // 2] = f"{float(y[len(y) // 2]) * 1.2 + 1e-3:.6g}"
        axes["lines"][-1]["y"] = " ".join(y)


def make_dashes_longer(content):
    for line in parts(content, "name", "y", "width"):
        line["dashes"] = "9 1"


def drop_or_add_a_unit(content):
    for axis in parts(content, "label"):
        words = re.sub(r" ?\([^)]*\)$", "", axis["label"])
        axis["label"] = words if words != axis["label"] else f"{words} (log scale)"


def exchange_the_axis_labels(content):
    for axes in parts(content, "x", "y", "background"):
        labels = [axes[name].get("label", "") for name in ("x", "y")]
        axes["x"]["label"], axes["y"]["label"] = labels[::-1]


def turn_the_tick_labels_round(content):
    for axis in parts(content, "tick_labels"):
        axis["tick_labels"] = axis["tick_labels"][::-1]


def exchange_the_legend_entries(content):
    for axes in parts(content, "legend"):
        first, last = axes["legend"][0], axes["legend"][-1]
        first["name"], last["name"] = last["name"], first["name"]


def change_a_written_number(content):
    for text in parts(content, "text")[-1:]:
        text["text"] = with_another_digit(text["text"])


def exchange_two_titles(content):
    if titled := parts(content, "title"):
        first, last = titled[0], titled[-1]
        first["title"], last["title"] = last["title"], first["title"]


def make_every_colour_grey(content):
    for part in parts(content, "color"):
        part["color"] = "#777777"
    for part in parts(content, "colors"):
        part["colors"] = ["#777777"] * len(part["colors"])
    for image in parts(content, "rows"):
        rows = np.array([row.split() for row in image["rows"][:3]], dtype=float)
        same = " ".join(f"{total:.0f}" for total in LUMINANCE @ rows)
        image["rows"] = [same, same, same, *image["rows"][3:]]


def exchange_two_images(content):
    images = parts(content, "rows")
    for one, other in itertools.pairwise(images):
        keys = one.keys() & other.keys()
        for key in keys:
            one[key], other[key] = other[key], one[key]
        return


def mirror_the_last_image(content):
    for image in parts(content, "columns")[-1:]:
        image["columns"] = " ".join(image["columns"].split()[::-1])


def stretch_an_axis(content):
    for axis in parts(content, "limits"):
        low, high = map(float, axis["limits"].split())
        axis["limits"] = f"{low:.6g} {1.01 * high:.6g}"


def bend_an_axis(content):
    for axis in parts(content, "scale")[-1:]:
        axis["scale"] = "linear" if axis["scale"] == "log" else "log"


def drop_a_tick(content):
    for axis in parts(content, "ticks")[-1:]:
        axis["ticks"] = axis["ticks"].rpartition(" ")[0]
        axis["tick_labels"] = axis["tick_labels"][:-1]


CHANGED = [
    drop_the_last_line,
    scale_the_last_curve,
    raise_one_point_of_a_curve,
    make_dashes_longer,
    drop_or_add_a_unit,
    exchange_the_axis_labels,
    turn_the_tick_labels_round,
    exchange_the_legend_entries,
    change_a_written_number,
    exchange_two_titles,
    make_every_colour_grey,
    exchange_two_images,
    mirror_the_last_image,
    stretch_an_axis,
    bend_an_axis,
    drop_a_tick,
]


def recorded_figures(chapter, data_set):
    """What each figure of a chapter is recorded to show, its text and allowances."""
    cells = executed_cells(read_recorded(chapter, data_set).cells)
    return [
        (
            output["data"][MIME_TYPE],
            output["data"]["text/plain"],
            cell.metadata.get("check"),
        )
        for cell in cells
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


each_recording = pytest.mark.parametrize(
    ("chapter", "data_set"),
    list(itertools.product(CHAPTERS, DATA_SETS)),
    ids=lambda part: getattr(part, "stem", part),
)


@each_recording
def test_each_change_of_each_recorded_figure_is_noticed(chapter, data_set):
    for content, *declared in recorded_figures(chapter, data_set):
        for change in CHANGED:
            changed = copy.deepcopy(content)
            change(changed)
            if changed != content:
                assert noticed(content, changed, *declared), (change, *declared)


def test_each_change_is_made_to_some_recorded_figure():
    figures = [
        content
        for chapter in CHAPTERS
        for content, *_ in recorded_figures(chapter, "shapes10")
    ]
    for change in CHANGED:
        changed = copy.deepcopy(figures)
        for content in changed:
            change(content)
        assert changed != figures, change.__name__


def jitter(content, rng):
    """Move each number, each colour and each total a little less than is allowed."""
    for line in parts(content, "x", "y", "width"):
        line["y"] = scaled(line["y"], 1 + 9e-7 * rng.choice([-1, 1]))
    for image in parts(content, "rows"):
        for k, row in enumerate(image["rows"]):
            totals = np.array(row.split(), dtype=int)
            totals[rng.integers(len(totals))] += 2 * rng.choice([-1, 1])
            image["rows"][k] = " ".join(map(str, totals))
    for part in parts(content, "colors"):
        first, *others = part["colors"]
        last = int(first[-1], 16)
        part["colors"] = [first[:-1] + f"{last + (1 if last < 15 else -1):x}", *others]


@each_recording
def test_rounding_of_what_is_drawn_passes(chapter, data_set):
    rng = np.random.default_rng(3)
    for content, *declared in recorded_figures(chapter, data_set):
        moved = copy.deepcopy(content)
        jitter(moved, rng)
        assert not noticed(content, moved, *declared), declared


CURVE = {"x": "0.1 1 10", "y": "2 3 4"}
DRAWN = [{"rtol": 0.1, "x_at_most": 1, "reason": "noise"}]


def of_curve(y, limits="1.9 4.1"):
    x, height = {"scale": "log"}, {"scale": "linear", "limits": limits}
    return {"axes": [{"x": x, "y": height, "lines": [{**CURVE, "y": y}]}]}


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        (of_curve("2.19 2.71 4"), True),
        (of_curve("2 3 4", limits="1.8 4.1"), True),
        (of_curve("2.21 3 4"), False),
        (of_curve("2 3 4.01"), False),  # at x = 10, of which nothing is said
        (of_curve("2 3 nan"), False),
        (of_curve("2 3"), False),
    ],
)
def test_points_move_only_as_far_and_where_the_cell_allows(changed, allowed):
    found = noticed(of_curve("2 3 4"), changed, check={"drawn": DRAWN})
    assert found != allowed
    assert noticed(of_curve("2 3 4"), changed)


@pytest.mark.parametrize(
    "rule", [{"rtol": 0.1}, {"reason": "noise"}, {"rtol": 1, "reason": "a", "y": 2}]
)
def test_an_allowance_without_a_size_or_a_reason_is_refused(rule):
    with pytest.raises(ValueError, match=r"rtol|reason|no entry"):
        read_check({"drawn": [rule]})


@each_recording
def test_no_recorded_line_runs_through_a_legend(chapter, data_set):
    for content, alt, _ in recorded_figures(chapter, data_set):
        for ax in content["axes"]:
            lines = ax.get("lines", ())
            if len(ax.get("legend", ())) != len(lines) or len(lines) < 2:
                continue  # a drawing of another kind
            scales = {"xscale": ax["x"]["scale"], "yscale": ax["y"]["scale"]}
            points = {
                line["name"]: [np.fromstring(line[k], sep=" ") for k in "xy"]
                for line in lines
            }
            figure = plot_lines(points, xlabel="x", ylabel="y", alt=alt, **scales)
            figure.canvas.draw()
            (drawn,) = figure.axes
            legend = drawn.get_legend().get_window_extent()
            paths = [
                line.get_transform().transform_path(line.get_path())
                for line in drawn.lines
            ]
            assert not any(path.intersects_bbox(legend, filled=False) for path in paths)
            assert figure.bbox.containsx(legend.x0)
            assert figure.bbox.containsy(legend.y1)
