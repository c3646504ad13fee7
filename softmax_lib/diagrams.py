"""Diagrams of an idea: shapes of arrays, a descent into a valley, regions of a plane.

Every function returns a `softmax_lib.figures.DescribedFigure` and raises a ValueError
if an argument has another shape than its description says, or is empty.

Notation: ``weights`` are classifiers of points in the plane, each (3, C), with the row
of the bias last.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgba_array

from softmax_lib.figures import (
    COLORS,
    LINE_STYLES,
    DescribedFigure,
    blank_figure,
    in_book_style,
    single_axes,
)
from softmax_lib.validation import (
    check_finite,
    check_labels,
    check_list,
    check_mapping,
    check_matrix,
    check_pair,
    check_positive,
    check_texts,
    describe,
)

__all__ = ["plot_shapes", "plot_descent", "plot_regions"]


@in_book_style
def plot_shapes(
    rows: Sequence[Sequence[str]],
    shapes: Mapping[str, Sequence[str]],
    lengths: Mapping[str, float],
) -> DescribedFigure:
    """Draw operations on arrays as boxes whose sides can be compared.

    Parameters
    ----------
    rows : sequence of sequence of str
        Operations, drawn one below the other: names of arrays, and signs between them.
    shapes : mapping from str to pair of str
        Letters for the numbers of rows and columns of each array.
    lengths : mapping from str to float
        Length drawn for each letter.
    """
    check_mapping("shapes", shapes, "array")
    check_mapping("lengths", lengths, "letter")
    for name, sides_of in shapes.items():
        pair = list(sides_of) if isinstance(sides_of, str) else sides_of  # as "ND"
        check_pair(f"shapes[{name!r}]", pair)
    for letter, length in lengths.items():
        check_positive(f"lengths[{letter!r}]", length)
    check_list("rows", rows)
    missing = {letter for pair in shapes.values() for letter in pair} - {*lengths}
    if not rows or missing:
        raise ValueError(
            "rows must hold at least one operation and lengths one length for each "
            f"letter, but rows is {describe(rows)} and {sorted(missing)} have none."
        )
    for row in rows:
        check_texts("each of rows", row)
    heights = [
        max((lengths[shapes[name][0]] for name in row if name in shapes), default=0)
        for row in rows
    ]
    unit, gap = 0.45, 1.1  # inches of one unit; units for the text below the boxes
    width, height = 4.4 / unit, sum(heights) + (gap + 0.2) * len(rows)
    fig = blank_figure(4.4, height * unit)
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set_xlim(0, width)
    ax.set_ylim(-height, 0)
    sides = {name: f"{name} ({n}, {k})" for name, (n, k) in shapes.items()}
    floor, told = 0.0, []
    for row, tall in zip(rows, heights, strict=True):
        sizes = [lengths[shapes[name][1]] if name in shapes else 0.3 for name in row]
        space = (width - sum(sizes)) / (len(row) + 1)
        x, floor = space, floor - tall - 0.2
        for name, size in zip(row, sizes, strict=True):
            middle = x + size / 2
            if name in shapes:
                high, (n, k) = lengths[shapes[name][0]], shapes[name]
                ax.bar(middle, high, size, floor, color=COLORS[4], edgecolor="black")
                text = f"{name}\n({n}, {k})"
                ax.text(middle, floor - 0.1, text, ha="center", va="top", fontsize=10)
            else:
                ax.text(middle, floor + tall / 2, name, ha="center", va="center")
            x += size + space
        floor -= gap
        told.append(" ".join(sides.get(name, name) for name in row))
    fig.alt = f"Boxes. {'. '.join(told)}."
    return fig


@in_book_style
def plot_descent(
    curvatures: tuple[float, float], paths: Mapping[str, np.ndarray]
) -> DescribedFigure:
    """Draw paths of gradient descent on the contours of a valley with two weights.

    The valley is ``f(w) = (a * w[0]**2 + b * w[1]**2) / 2``; its contours are ellipses.

    Parameters
    ----------
    curvatures : (float, float)
        The second derivatives a and b of the valley, both positive.
    paths : mapping from str to ndarray of shape (steps + 1, 2)
        Name of each path and the weights before the first and after each step.
    """
    check_pair("curvatures", curvatures)
    for curvature in curvatures:
        check_positive("each of curvatures", curvature)
    check_mapping("paths", paths, "path")
    a, b = curvatures
    for name, path in paths.items():
        check_matrix(f"paths[{name!r}]", path)
        check_finite(f"paths[{name!r}]", path)
    shapes = [path.shape for path in paths.values()]
    if any(shape[1] != 2 for shape in shapes):
        raise ValueError(
            "paths must have arrays of shape (steps + 1, 2), but their shapes are "
            f"{shapes}."
        )
    fig, ax = single_axes()
    highest = max(np.max(path**2 @ [a, b]) for path in paths.values()) / 2
    angle = np.linspace(0, 2 * np.pi, 181)
    for level in highest * np.array([0.04, 0.16, 0.36, 0.64, 1]):
        ellipse = np.sqrt(2 * level) * np.array([np.cos(angle), np.sin(angle)])
        ax.plot(*ellipse / np.sqrt([[a], [b]]), color="0.75", linewidth=0.8)
    for k, (name, path) in enumerate(paths.items()):
        color, style = COLORS[k % len(COLORS)], LINE_STYLES[k % len(LINE_STYLES)]
        ax.plot(*path.T, color=color, linestyle=style, marker="o", ms=4, label=name)
    ax.set(xlabel="$w_1$", ylabel="$w_2$")
    ax.legend(frameon=False, loc="lower left")
    told = "; ".join(
        f"{name}, {len(path) - 1} steps from ({path[0, 0]:.2g}, {path[0, 1]:.2g}) to "
        f"({path[-1, 0]:.2g}, {path[-1, 1]:.2g})"
        for name, path in paths.items()
    )
    fig.alt = f"Elliptical contours of a valley, and paths across them: {told}."
    return fig


@in_book_style
def plot_regions(
    weights: Mapping[str, np.ndarray], X: np.ndarray, y: np.ndarray
) -> DescribedFigure:
    """Show the region of each class in the plane, for one or more classifiers.

    Parameters
    ----------
    X : ndarray, shape (N, 3)
        Points with the bias column, their coordinates between -1 and 1.
    y : ndarray of int, shape (N,)
        Their classes, each with a colour and a shape of its own.
    """
    check_mapping("weights", weights, "classifier")
    for name, W in weights.items():
        check_matrix(f"weights[{name!r}]", W)
        check_finite(f"weights[{name!r}]", W)
    check_matrix("X", X)
    check_finite("X", X)
    most = max(W.shape[1] for W in weights.values())
    if most > len(COLORS):
        raise ValueError(
            f"weights must have at most {len(COLORS)} columns, as many as there are "
            f"colours, but they have {most}."
        )
    check_labels(y, len(X), min(W.shape[1] for W in weights.values()))
    shapes = [X.shape, *(W.shape for W in weights.values())]
    if X.shape != (len(y), 3) or any(s[0] != 3 for s in shapes[1:]):
        raise ValueError(
            f"weights must hold arrays of shape (3, C), and X must have the shape "
            f"({len(y)}, 3), but the shapes of X and of the weights are {shapes}."
        )
    line = np.linspace(-1, 1, 401)
    plane = np.stack([*np.meshgrid(line, line), np.ones((401, 401))], axis=-1)
    height = 7 / len(weights) + 0.5
    fig = blank_figure(7, height)
    axes = np.atleast_1d(fig.subplots(1, len(weights)))
    bottom, top = 0.7 / height, 1 - 0.3 / height
    fig.subplots_adjust(left=0.06, right=0.98, bottom=bottom, top=top, wspace=0.25)
    strengths = 0.15 * (1 + np.arange(len(COLORS)) % 3)  # distinct in grey too
    region_colors = to_rgba_array(COLORS, strengths)
    told = []
    for ax, (name, W) in zip(axes, weights.items(), strict=True):
        ax.imshow(
            region_colors[(plane @ W).argmax(axis=-1)],
            extent=(-1, 1, -1, 1),
            origin="lower",
            interpolation="nearest",
        )
        for j, marker in zip(range(W.shape[1]), "os^Dv*", strict=False):
            style: Any = {"color": COLORS[j], "marker": marker, "edgecolors": "black"}
            ax.scatter(
                *X[y == j, :2].T, s=60, label=f"class {j}", clip_on=False, **style
            )
        ax.set(title=name, xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        right = int(np.sum((X @ W).argmax(axis=1) == y))
        told.append(
            f"{name}, {right} of {len(y)} points are in the region of their class"
        )
    names = axes[0].get_legend_handles_labels()
    fig.legend(*names, ncols=6, loc="lower center", frameon=False)
    fig.alt = f"The plane, divided into regions by predicted class: {'; '.join(told)}."
    return fig
