import json
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from softmax_lib.figure_data import figure_data
from tests.test_plots import FIGURES


def read_only_axes(figure: Figure) -> dict[str, Any]:
    (axes,) = figure_data(figure)["axes"]
    return axes


def test_a_line_plot_is_read_with_its_axes_and_its_legend() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 10, 100], [0.25, np.nan, 1 / 3], color="red", label="loss", lw=2)
    ax.plot([1, 10, 100], [1, 2, 3], "k", label="gap", ls=(0, (1, 2)), marker="s")
    ax.set(xlabel="step", ylabel="nats", xscale="log", xlim=(1, 100), ylim=(4, 0))
    ax.set_title("above")
    ax.set_yticks([0, 4], ["none", "all"])
    ax.legend()
    looks = [
        {"name": "loss", "color": "#ff0000", "width": "2"},
        {
            "name": "gap",
            "color": "#000000",
            "dashes": "1.5 3",  # in points: 1 and 2 times the width
            "width": "1.5",
            "marker": "s",
            "markersize": "6",
        },
    ]
    assert read_only_axes(figure) == {
        "title": "above",
        "background": "#ffffff",
        "x": {
            "label": "step",
            "scale": "log",
            "limits": "1 100",
            "ticks": "1 10 100",
            "tick_labels": ["10^{0}", "10^{1}", "10^{2}"],
        },
        "y": {
            "label": "nats",
            "scale": "linear",
            "limits": "4 0",
            "ticks": "0 4",
            "tick_labels": ["none", "all"],
        },
        "lines": [
            {**looks[0], "x": "1 10 100", "y": "0.25 nan 0.333333"},
            {**looks[1], "x": "1 10 100", "y": "1 2 3"},
        ],
        "legend": looks,
    }


@pytest.mark.parametrize("nothing", ["None", "none", "", " "])
def test_a_line_without_dashes_is_one_of_marks(nothing: str) -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 2], [3, 4], "o", color="red", alpha=0.2, ls=nothing)
    ax.plot([1, 2], [3, 4], color="red", alpha=0.2, marker=nothing, ls="-")
    marks, line = read_only_axes(figure)["lines"]
    where = {"color": "#ff000033", "x": "1 2", "y": "3 4"}
    assert marks == {**where, "dashes": "none", "marker": "o", "markersize": "6"}
    assert line == {**where, "width": "1.5"}


def test_a_grid_and_an_offset_are_read() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0, 1], [1e9, 1e9 + 1])
    ax.grid(axis="x")
    axes = read_only_axes(figure)
    assert (axes["x"]["grid"], axes["y"]["offset"]) == ("major", "+1e9")
    assert not {"offset"} & set(axes["x"]) | {"grid"} & set(axes["y"])


def test_a_text_is_read_with_its_colour_and_size() -> None:
    figure = Figure()
    figure.text(0.5, 0.25, "above all", color="green", alpha=0.2, fontsize=8)
    assert figure_data(figure)["texts"] == [
        {"text": "above all", "x": "0.5", "y": "0.25"}
        | {"color": "#00800033", "size": "8"}
    ]


def test_a_figure_is_read_with_its_own_texts_and_legend() -> None:
    figure = Figure(facecolor="black")
    ax = figure.subplots()
    line, *_ = ax.plot([0, 1], [0, 1], color="red", lw=2)
    figure.legend([line], ["loss"])
    figure.text(0, 1, "hidden", visible=False)
    figure.text(0, 1, "seen", color="red", size=9)
    content = figure_data(figure)
    assert content.pop("axes")
    assert content == {
        "background": "#000000",
        "texts": [
            {"text": "seen", "x": "0", "y": "1", "color": "#ff0000", "size": "9"}
        ],
        "legend": [{"name": "loss", "color": "#ff0000", "width": "2"}],
    }


def test_of_bars_alike_one_colour_is_said_and_no_minus_before_zero() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.bar([0, 1, 2], [-0.0, 1, 1], color="red")
    ax.tick_params(labelright=True)
    ax.set_yticks([0, 1], ["none", "all"])
    content = read_only_axes(figure)
    assert content["bars"]["colors"] == ["#ff0000"]
    assert content["bars"]["height"] == "0 1 1"
    assert content["y"]["tick_labels"] == ["none none", "all all"]


def test_what_shines_through_an_image_is_read() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.imshow(np.ma.masked_less([[0.0, 1.0]], 0.5), cmap="gray", vmin=0, alpha=0.5)
    ax.imshow(np.ma.masked_less([[0.0, 1.0]], 0.5), cmap="gray", vmin=0, vmax=1)
    half, whole = read_only_axes(figure)["images"]
    assert (half["alpha"], "alpha" in whole) == ("0.5", False)
    assert whole["rows"] == ["255", "255", "255", "255"]  # white, and opaque, once
    assert whole["columns"] == "0 1020"
    assert whole["values"] == ["nan 1"]


def test_an_image_of_a_thousand_numbers_is_the_largest_that_says_them() -> None:
    for side, said in [(32, 32), (33, 0)]:
        figure = Figure()
        figure.subplots().imshow(np.ones((side, side), dtype=np.uint8))
        (image,) = read_only_axes(figure)["images"]
        assert len(image.get("values", [])) == said


def test_points_are_read_with_their_shape_colours_and_values() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.scatter([1, 2], [3, 4], marker="^", s=9, color="blue", label="ships")
    ax.scatter([0, 1], [0, 1], c=[0.0, 1.0], cmap="gray", edgecolors="red")
    plain, valued = read_only_axes(figure)["points"]
    assert plain == {
        "name": "ships",
        "marker": "^",
        "sizes": "9",
        "colors": ["#0000ff"],
        "edges": ["#0000ff"],
        "x": "1 2",
        "y": "3 4",
    }
    assert valued == {
        "marker": "o",
        "sizes": "36",
        "colors": ["#000000", "#ffffff"],
        "edges": ["#ff0000"],
        "x": "0 1",
        "y": "0 1",
        "values": "0 1",
    }


def test_a_shape_is_read_as_its_sign_or_else_by_its_corners() -> None:
    figure = Figure()
    ax = figure.subplots()
    for marker in [*"os^vD*<>p", [(0, 0), (2, 0), (0, 2)]]:
        ax.scatter([0], [0], marker=marker)
    *signs, corners = (points["marker"] for points in read_only_axes(figure)["points"])
    assert "".join(signs) == "os^vD*<>p"
    assert corners == "0 0 0.5 0 0 0.5"


def test_bars_and_texts_are_read_with_their_places() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.bar_label(ax.bar([0, 1], [2.5, -1], width=0.5, color=["red", "blue"]))
    ax.text(0.5, 2, "note", color="green", fontsize=8, rotation=90)
    content = read_only_axes(figure)
    assert content["bars"] == {
        "x": "-0.25 0.75",
        "bottom": "0 0",
        "width": "0.5 0.5",
        "height": "2.5 -1",
        "colors": ["#ff0000", "#0000ff"],
    }
    places = [(text["text"], text["x"], text["y"]) for text in content["texts"]]
    assert places == [("2.5", "0", "2.5"), ("-1", "1", "-1"), ("note", "0.5", "2")]
    assert content["texts"][-1]["rotation"] == "90"


def test_an_image_is_read_as_totals_of_rows_and_columns() -> None:
    picture = np.zeros((2, 3, 3), dtype=np.uint8)
    picture[0, 2] = [255, 1, 0]
    figure = Figure()
    figure.subplots().imshow(picture, interpolation="nearest")
    (image,) = read_only_axes(figure)["images"]
    assert image == {
        "shape": "2 3",
        "rows": ["255 0", "1 0", "0 0"],  # red, green, blue
        "columns": "0 0 256",
        "origin": "upper",
        "extent": "-0.5 2.5 1.5 -0.5",
        "interpolation": "nearest",
    }


def test_an_image_of_few_numbers_says_each_of_them() -> None:
    figure = Figure()
    figure.subplots().imshow([[0.0, np.nan], [0.5, 1.0]], cmap="gray")
    (image,) = read_only_axes(figure)["images"]
    assert image["values"] == ["0 nan", "0.5 1"]
    assert image["rows"][0] == "0 383"  # 255 + 128


def test_a_large_image_is_added_up_in_bands() -> None:
    figure = Figure()
    figure.subplots().imshow(np.full((130, 2, 3), 2, dtype=np.uint8))
    (image,) = read_only_axes(figure)["images"]
    totals = np.array(image["rows"][0].split(), dtype=int)
    assert (len(totals), totals.sum()) == (64, 130 * 2 * 2)


def test_what_is_not_to_be_seen_is_not_read() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], visible=False)
    ax.set_xlabel("hidden")
    ax.set_axis_off()
    assert read_only_axes(figure) == {}


def test_a_colour_keeps_the_opacity_that_it_brings() -> None:
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1], color=(0, 0, 1, 0.5))
    (line,) = read_only_axes(figure)["lines"]
    assert line["color"] == "#0000ff80"


def test_an_artist_of_another_kind_is_refused() -> None:
    figure = Figure()
    figure.subplots().fill_between([0, 1], [1, 2])
    with pytest.raises(ValueError, match=r"^figure must hold lines.* \w*PolyColl"):
        figure_data(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_reading_a_figure_changes_nothing_and_gives_json(name: str) -> None:
    figure = FIGURES[name][0]()
    before = figure.png()
    content = figure.data()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert figure.data() == content
    assert figure.png() == before
