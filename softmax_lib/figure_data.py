"""What a Matplotlib figure shows, read from it as words and numbers.

A picture cannot be compared on another machine letter by letter, nor read by those who
do not see it. `figure_data` asks the figure's own artists, and not the caller, what
was drawn: titles, axes, ticks, legends, lines, points, bars, images and texts.

Notation: ``figure`` is drawn with these, and with colour bars.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Rectangle
from matplotlib.spines import Spine
from matplotlib.text import Annotation, Text

__all__ = ["MIME_TYPE", "figure_data"]

MIME_TYPE = "application/vnd.softmax-book.figure+json"
BANDS = 64  # into which the rows and the columns of a large image are added up
CELLS = 1024  # an image of at most so many numbers says each of them

Content = dict[str, Any]


def figure_data(figure: Figure) -> Content:
    """Return what a figure shows.

    The result consists of strings, and lists and dicts of them, as JSON can hold them.
    Numbers are written with six significant digits, many of them in one string with
    spaces in between. What is empty is left out.

    - ``axes``: for each pair of axes its ``title``; ``x`` and ``y``, each with
      ``label``, ``scale``, ``limits``, ``ticks`` and ``tick_labels``; and what is
      drawn there: ``lines``, ``points``, ``bars``, ``images``, ``texts``, ``legend``.
    - ``texts``, ``legend``: those of the figure as a whole.

    Of an image, ``rows`` holds the sums of each row of pixels (0 to 255), for red,
    green and blue, and ``columns`` those of each column for all colours, so that a
    change of a single pixel shows. An artist of a kind that is not read is an error.
    """
    if not isinstance(figure, Figure):
        raise TypeError(
            f"figure must be a Figure, but it is a {type(figure).__name__}."
        )
    figure.draw_without_rendering()  # places the ticks and colours the points
    return without_empty(
        background=color_of(figure.get_facecolor()),
        axes=[read_axes(ax) for ax in figure.axes if ax.get_visible()],
        texts=[read_text(text) for text in figure.texts if text.get_visible()],
        legend=[entry for legend in figure.legends for entry in read_legend(legend)],
    )


def read_axes(ax: Axes) -> Content:
    """Return what is drawn on one pair of axes."""
    drawn: dict[str, list[Any]] = {}
    for artist in ax.get_children():
        if artist.get_visible() and not is_frame(ax, artist):
            kind, read = reader_of(artist)
            drawn.setdefault(kind, []).append(read(artist))
    return without_empty(
        title=" | ".join(filter(None, (title.get_text() for title in titles_of(ax)))),
        background=color_of(ax.get_facecolor()) if ax.axison else "",
        x=read_axis(ax.xaxis) if ax.axison else {},
        y=read_axis(ax.yaxis) if ax.axison else {},
        lines=drawn.get("lines", []),
        points=drawn.get("points", []),
        bars=read_bars(drawn.get("bars", [])),
        images=drawn.get("images", []),
        texts=drawn.get("texts", []),
        legend=[entry for legend in drawn.get("legend", []) for entry in legend],
    )


def titles_of(ax: Axes) -> tuple[Text, Text, Text]:
    """Return the titles above one pair of axes, from left to right."""
    return ax._left_title, ax.title, ax._right_title  # type: ignore[attr-defined]


def is_frame(ax: Axes, artist: Artist) -> bool:
    """Return whether an artist is read elsewhere, or frames what is drawn."""
    if isinstance(artist, LineCollection):  # the edges of a colour bar, if it has any
        return not artist.get_segments()
    framing = isinstance(artist, Axis | Spine)
    return framing or artist is ax.patch or artist in titles_of(ax)


def reader_of(artist: Artist) -> tuple[str, Callable[[Any], Any]]:
    """Return under which name an artist is listed, and what reads it."""
    for types, kind, read in READERS:
        if isinstance(artist, types):
            return kind, read
    raise ValueError(
        "figure must hold lines, scatter plots, bars, images, texts and legends, "
        f"but it holds a {type(artist).__name__}, which is not read."
    )


def read_axis(axis: Axis) -> Content:
    """Return the scale of an axis, and its marks if they are to be seen."""
    low, high = axis.get_view_interval()
    scale = without_empty(scale=axis.get_scale(), limits=numbers((low, high)))
    if not axis.get_visible():
        return scale
    shown = [
        tick
        for tick in axis.get_major_ticks()
        if min(low, high) <= tick.get_loc() <= max(low, high)
    ]
    return without_empty(
        label=axis.get_label_text(),
        **scale,
        ticks=numbers([tick.get_loc() for tick in shown]),
        tick_labels=[tick_label(tick) for tick in shown],
        offset=axis.get_offset_text().get_text(),
        grid="major" if any(tick.gridline.get_visible() for tick in shown) else "",
    )


def tick_label(tick: Any) -> str:
    """Return the text on either side of a tick, a power as 10^{-3}."""
    labels = (label for label in (tick.label1, tick.label2) if label.get_visible())
    text = " ".join(label.get_text() for label in labels)
    return re.sub(r"\$\\mathdefault\{(.*)\}\$", r"\1", text)


def read_line(line: Line2D) -> Content:
    """Return a line's name, looks and points."""
    x, y = np.ma.asarray(line.get_xydata()).T
    return without_empty(**look_of_line(line), x=numbers(x), y=numbers(y))


def look_of_line(line: Line2D) -> Content:
    """Return a line's name, colour, dashes and marks."""
    _, dashes = line._dash_pattern  # type: ignore[attr-defined]
    drawn = line.get_linestyle() != "None"
    marked = bool(MarkerStyle(line.get_marker()))
    return without_empty(
        name=name_of(line),
        color=color_of(line.get_color(), line.get_alpha()),
        dashes=numbers(dashes) if drawn and dashes else "" if drawn else "none",
        width=number(line.get_linewidth()) if drawn else "",
        marker=str(line.get_marker()) if marked else "",
        markersize=number(line.get_markersize()) if marked else "",
    )


def read_points(points: PathCollection) -> Content:
    """Return the points of a scatter plot, and the numbers behind their colours."""
    x, y = np.ma.asarray(points.get_offsets()).T
    values = points.get_array()
    return without_empty(
        **look_of_points(points),
        x=numbers(x),
        y=numbers(y),
        values=numbers(values) if values is not None else "",
    )


def look_of_points(points: PathCollection) -> Content:
    """Return the name, shape, sizes and colours of the points of a scatter plot."""
    return without_empty(
        name=name_of(points),
        marker=marker_of(points),
        sizes=numbers(points.get_sizes()),
        colors=colors_of(points.get_facecolor()),
        edges=colors_of(points.get_edgecolor()),
    )


def marker_of(points: PathCollection) -> str:
    """Return the sign for the shape of the points, or its corners."""
    (path,) = points.get_paths()
    corners = np.asarray(path.vertices)
    for sign in "os^vD*<>p":
        style = MarkerStyle(sign)
        path = style.get_path().transformed(style.get_transform())
        known = np.asarray(path.vertices)
        if corners.shape == known.shape and np.allclose(corners, known):
            return sign
    return numbers(corners)


def read_bar(bar: Rectangle) -> tuple[float, float, float, float, str]:
    """Return a bar's left end, lower end, width, height and colour."""
    return (
        *(*bar.get_xy(), bar.get_width(), bar.get_height()),
        color_of(bar.get_facecolor()),
    )


def read_bars(bars: Iterable[tuple[float, float, float, float, str]]) -> Content:
    """Return all bars of one pair of axes together."""
    names = ("x", "bottom", "width", "height", "colors")
    columns = dict(zip(names, zip(*bars, strict=True), strict=False))
    colors = columns.pop("colors", ())
    return without_empty(
        **{name: numbers(column) for name, column in columns.items()},
        colors=colors_of(colors),
    )


def read_image(image: AxesImage) -> Content:
    """Return an image's place and pixels."""
    array: np.ma.MaskedArray = np.ma.asarray(image.get_array())
    few = array.ndim == 2 and array.size <= CELLS
    return without_empty(
        **read_pixels(image),
        values=[numbers(row) for row in array] if few else [],
        origin=str(image.origin),
        extent=numbers(image.get_extent()),
        interpolation=str(image.get_interpolation()),
    )


def read_pixels(image: AxesImage | QuadMesh) -> Content:
    """Return the shape of an image, its opacity, and totals of its colours."""
    array: np.ma.MaskedArray = np.ma.asarray(image.get_array())
    pixels = np.asarray(image.to_rgba(array, bytes=True))
    pixels = pixels.reshape(pixels.shape[0], -1, 4)  # (height, width, 4)
    shape = pixels.shape[:2]
    colors = pixels if np.any(pixels[..., 3] < 255) else pixels[..., :3]
    rows = [in_bands(channel.sum(axis=1)) for channel in np.moveaxis(colors, -1, 0)]
    columns = in_bands(colors.sum(axis=(0, 2)))
    return without_empty(
        shape=numbers(shape),
        alpha=number(image.get_alpha()) if image.get_alpha() is not None else "",
        rows=[" ".join(map(str, totals)) for totals in rows],
        columns=" ".join(map(str, columns)),
    )


def in_bands(totals: np.ndarray) -> list[int]:
    """Add neighbouring totals up, if they are more than `BANDS`."""
    bands = np.array_split(totals, min(len(totals), BANDS))
    return [int(band.sum()) for band in bands]


def read_text(text: Text) -> Content:
    """Return a text, its place and its looks."""
    x, y = text.xy if isinstance(text, Annotation) else text.get_position()
    return without_empty(
        text=text.get_text(),
        x=number(x),
        y=number(y),
        color=color_of(text.get_color(), text.get_alpha()),
        size=number(text.get_fontsize()),
        rotation=number(text.get_rotation()) if text.get_rotation() else "",
    )


def read_legend(legend: Legend) -> list[Content]:
    """Return the entries of a legend, each with the looks that it explains."""
    entries = []
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        look = look_of_points if isinstance(handle, PathCollection) else look_of_line
        entries.append({**look(handle), "name": text.get_text()})  # type: ignore[arg-type]
    return entries


def name_of(artist: Artist) -> str:
    """Return an artist's label, unless Matplotlib made it up."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else label


def color_of(color: Any, alpha: float | None = None) -> str:
    """Return a colour as hexadecimal digits, with its opacity unless it is full."""
    digits = to_hex(color, keep_alpha=True)
    if alpha is not None:
        digits = to_hex((color, alpha), keep_alpha=True)
    return digits.removesuffix("ff") if len(digits) == 9 else digits


def colors_of(colors: Iterable[Any]) -> list[str]:
    """Return each colour, or the one colour that all have."""
    digits = [color_of(color) for color in colors]
    return digits[:1] if len(set(digits)) == 1 else digits


def number(value: Any) -> str:
    """Write a number with six significant digits."""
    return f"{float(value) + 0.0:.6g}"  # + 0.0: no minus before a zero


def numbers(values: Any) -> str:
    """Write numbers one after the other."""
    array: np.ma.MaskedArray = np.ma.asarray(values, dtype=float)
    return " ".join(map(number, array.filled(np.nan).ravel()))


def without_empty(**content: Any) -> Content:
    """Return what is not empty."""
    return {key: value for key, value in content.items() if value not in ("", [], {})}


READERS: list[tuple[Any, str, Callable[[Any], Any]]] = [
    (Line2D, "lines", read_line),
    (PathCollection, "points", read_points),
    (Rectangle, "bars", read_bar),
    (AxesImage, "images", read_image),
    (QuadMesh, "images", read_pixels),
    (Text, "texts", read_text),
    (Legend, "legend", read_legend),
]
