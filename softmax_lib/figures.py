"""How the book's figures look: a figure with its text, sizes, margins, colours.

Everything that could differ between two machines is fixed here, so that a figure is the
same on each. The colours differ to every eye, and in grey print dashes, shapes or names
do.
"""

import base64
import functools
import io
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from matplotlib.ticker import (
    FixedLocator,
    FormatStrFormatter,
    MaxNLocator,
    NullLocator,
)

from softmax_lib.figure_data import MIME_TYPE, figure_data

__all__ = ["DescribedFigure"]

P = ParamSpec("P")

DPI = 150
CSS_PIXELS_PER_INCH = 100
LINE_STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000"]  # Okabe-Ito
STYLE: Any = {
    **{name: v for name, v in mpl.rcParamsDefault.items() if name != "backend"},
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 11,
    "text.hinting": "none",
    "svg.hashsalt": "softmax",  # the same figure has the same names inside
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class DescribedFigure(Figure):
    """A Matplotlib figure that carries ``alt``, a text for those who do not see it."""

    alt: str = ""

    def png(self) -> bytes:
        """Render the figure as a PNG file, to the same bytes each time."""
        buffer = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        return buffer.getvalue()

    def svg(self) -> bytes:
        """Draw the figure as an SVG file, with ``alt``, to the same bytes each time."""
        buffer = io.BytesIO()
        notes = {"Date": None, "Description": self.alt}
        with mpl.rc_context(STYLE):
            self.savefig(buffer, format="svg", metadata=notes)
        return buffer.getvalue()

    def data(self) -> dict[str, Any]:
        """Read from the figure what it shows, in words and numbers."""
        with mpl.rc_context(STYLE):
            return figure_data(self)

    def _repr_mimebundle_(
        self, **_: object
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        image = base64.b64encode(self.png()).decode("ascii")
        width = round(self.get_figwidth() * CSS_PIXELS_PER_INCH)
        return (
            {MIME_TYPE: self.data(), "image/png": image, "text/plain": self.alt},
            {"image/png": {"alt": self.alt, "width": width}},
        )


def in_book_style(
    plot: Callable[P, DescribedFigure],
) -> Callable[P, DescribedFigure]:
    """Draw with the book's settings, whatever the reader's are."""

    @functools.wraps(plot)
    def styled(*args: P.args, **kwargs: P.kwargs) -> DescribedFigure:
        with mpl.rc_context(STYLE):
            figure = plot(*args, **kwargs)
            check_math(figure)
            return figure

    return styled


def check_math(figure: DescribedFigure) -> None:
    """Check that what stands between dollar signs in a figure can be drawn."""
    for artist in figure.findobj(Text):
        text = artist.get_text()
        try:
            if is_math_text(text):
                MathTextParser("path").parse(text)
        except ValueError:
            raise ValueError(
                f"a text in a figure must be math that Matplotlib can draw, or have no "
                f"two dollar signs, but one is {text!r}."
            ) from None


def blank_figure(width: float, height: float) -> DescribedFigure:
    """Return an empty figure, sized in inches, a whole number of pixels each way.

    The tenth of a pixel keeps versions that round and versions that cut alike.
    """
    size = (round(width * DPI) + 0.1) / DPI, (round(height * DPI) + 0.1) / DPI
    fig = DescribedFigure(figsize=size)
    FigureCanvasAgg(fig)
    return fig


def single_axes() -> tuple[DescribedFigure, Axes]:
    """Return a figure with one pair of axes and fixed margins."""
    fig = blank_figure(6.4, 4)
    ax = fig.subplots()
    fig.subplots_adjust(left=0.13, right=0.97, bottom=0.14, top=0.95)
    ax.yaxis.set_label_coords(-0.1, 0.5)
    return fig, ax


def mark_decades(
    axis: Axis, low: float, high: float, parts: tuple[int, ...] = (1,)
) -> None:
    """Mark a few round numbers, the same ones in each Matplotlib version.

    They are powers of ten times each of ``parts``, with their double and fivefold where
    these are fewer than three, and numbers at even distances where none of them lies
    between the ends. If they are more than eight for each of ``parts``, some are left
    out.
    """

    def between(marks: np.ndarray) -> np.ndarray:
        rounded = 1e-9  # a power of ten may differ in its last bit
        inside = (low <= marks * (1 + rounded)) & (marks <= high * (1 + rounded))
        return marks.ravel()[inside.ravel()]

    exponents = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    marks = between(np.outer(10**exponents, parts))
    if len(parts) > 1:
        axis.set_major_formatter(FormatStrFormatter("%g"))
    if len(marks) < 3:
        marks = between(np.outer(10**exponents, [1, 2, 5]))
        axis.set_major_formatter(FormatStrFormatter("%g"))
    if len(marks) == 0:
        marks = between(np.asarray(MaxNLocator(4).tick_values(low, high)))
    every = -(-len(marks) // (8 * len(parts)))
    axis.set_major_locator(FixedLocator(list(marks[::every])))
    axis.set_minor_locator(NullLocator())


def picture_grid(
    rows: int, columns: int, title_height: float
) -> tuple[DescribedFigure, np.ndarray]:
    """Return a figure of pictures without axes, 7 inches wide.

    ``title_height`` is the room above each row, in inches; 0 leaves room above the
    first row only.
    """
    side = 7 / columns
    top = 0.0 if title_height else 0.3
    height = rows * (side + title_height) + top
    fig = blank_figure(7, height)
    axes = np.empty((rows, columns), dtype=object)
    gap = 0.04 * side
    for i in range(rows):
        bottom = height - top - (i + 1) * (side + title_height)
        for j in range(columns):
            axes[i, j] = fig.add_axes(
                (
                    (j * side + gap) / 7,
                    (bottom + gap) / height,
                    (side - 2 * gap) / 7,
                    (side - 2 * gap) / height,
                )
            )
            axes[i, j].set_axis_off()
    return fig, axes


def heatmap(
    grid: np.ndarray,
    row_names: Sequence[str],
    column_names: Sequence[str],
    *,
    number_format: str,
    figsize: tuple[float, float],
    bottom: float = 0.8,
) -> tuple[DescribedFigure, Axes]:
    """Return a figure of coloured cells with their numbers written in."""
    width, height = figsize
    left = max(1.0, 0.42 + 0.085 * max(map(len, row_names)))  # inches, for the names
    fig = blank_figure(width, height)
    ax = fig.subplots()
    fig.subplots_adjust(
        left=left / width,
        right=1 - 0.1 / width,
        bottom=bottom / height,
        top=1 - 0.35 / height,
    )
    ax.imshow(grid, cmap="cividis", aspect="auto", interpolation="nearest")
    ax.set_xticks(range(len(column_names)), column_names)
    ax.set_yticks(range(len(row_names)), row_names)
    ax.yaxis.set_label_coords((0.3 - left) / (width - left - 0.1), 0.5)
    middle = (np.nanmin(grid) + np.nanmax(grid)) / 2
    for (i, j), value in np.ndenumerate(grid):
        if not np.isnan(value):
            color = "black" if value > middle else "white"
            text = number_format.format(value)
            ax.text(j, i, text, ha="center", va="center", color=color, fontsize=10)
    return fig, ax


def mosaic(patches: np.ndarray, columns: int) -> np.ndarray:
    """One picture of all patches, white between them."""
    K, side = patches.shape[:2]
    rows = -(-K // columns)
    low = patches.min(axis=(1, 2, 3), keepdims=True)
    high = patches.max(axis=(1, 2, 3), keepdims=True)
    if patches.dtype == np.uint8:
        low, high = np.uint8(0), np.uint8(255)
    tiles = np.ones((rows * columns, side + 1, side + 1, 3))
    tiles[:K, :side, :side] = (patches - low) / np.where(high > low, high - low, 1)
    tiles = tiles.reshape(rows, columns, side + 1, side + 1, 3).swapaxes(1, 2)
    return tiles.reshape(rows * (side + 1), columns * (side + 1), 3)
