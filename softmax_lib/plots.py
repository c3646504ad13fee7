"""The book's figures: each takes plain arrays and results and computes nothing else.

Every function returns a `softmax_lib.figures.DescribedFigure`, which carries a text
that describes it and shows itself, with that text, in a notebook. Each raises a
ValueError if an argument has another shape than its description says, or is empty.

Notation: ``images`` are uint8 (N, height, width, 3), red, green and blue from 0 to 255,
or in grey (N, height, width) or (N, height, width, 1); ``image_shape`` is the shape of
one; ``titles`` are N texts; ``labels`` is (N,) of class indices, ``probabilities`` is
(N, C); ``class_names`` has C names; ``weights`` is (D - 1, C), one class per column,
without the bias row; ``trials`` are the rows of a grid search; ``columns`` is the
number of pictures side by side, and ``alt`` the text that describes the figure.
"""

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from softmax_lib.figures import (
    COLORS,
    DPI,
    LINE_STYLES,
    DescribedFigure,
    blank_figure,
    heatmap,
    in_book_style,
    mark_decades,
    mosaic,
    picture_grid,
    single_axes,
)
from softmax_lib.tuning import Trial, format_settings
from softmax_lib.validation import (
    check_at_least,
    check_choice,
    check_entries,
    check_finite,
    check_image_shape,
    check_integers,
    check_labels,
    check_line,
    check_logarithmic,
    check_mapping,
    check_matrix,
    check_not_negative,
    check_number,
    check_pair,
    check_patches,
    check_pictures,
    check_positive,
    check_probabilities,
    check_sequence,
    check_shape,
    check_text,
    check_texts,
    check_truth,
)

__all__ = [
    "plot_images",
    "plot_samples",
    "plot_bars",
    "plot_lines",
    "plot_loss_history",
    "plot_step_size_errors",
    "plot_grid_scatter",
    "plot_grid_heatmap",
    "template_pictures",
    "plot_templates",
    "plot_confusion",
    "plot_mistakes",
    "plot_patches",
]


@in_book_style
def plot_images(
    images: np.ndarray, titles: Sequence[str], *, columns: int = 5
) -> DescribedFigure:
    """Show pictures side by side, each under its title."""
    check_pictures(images, titles, "titles")
    check_texts("titles", titles)
    check_columns(columns)
    rows = -(-len(images) // columns)
    lines = max(title.count("\n") for title in titles) + 1
    fig, axes = picture_grid(rows, columns, title_height=0.14 + 0.17 * lines)
    for ax, image, title in zip(axes.flat, images, titles, strict=False):
        show_picture(ax, image)
        ax.set_title(title, fontsize=10)
    fig.alt = "Pictures: " + "; ".join(t.replace("\n", ", ") for t in titles) + "."
    return fig


@in_book_style
def plot_samples(
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    samples_per_class: int = 7,
) -> DescribedFigure:
    """Show the first few pictures of each class, one column per class.

    Parameters
    ----------
    samples_per_class : int, default 7
        Rows of the figure, unless no class has as many.
    """
    check_pictures(images, labels, "labels")
    check_texts("class_names", class_names)
    check_labels(labels, len(images), len(class_names), "labels")
    check_at_least("samples_per_class", samples_per_class)
    counts = np.bincount(labels, minlength=len(class_names))
    rows = min(samples_per_class, int(counts.max()))
    fig, axes = picture_grid(rows, len(class_names), title_height=0.0)
    for j, name in enumerate(class_names):
        axes[0, j].set_title(name, fontsize=9)
        of_class = np.flatnonzero(labels == j)[:samples_per_class]
        for ax, image in zip(axes[:, j], images[of_class], strict=False):
            show_picture(ax, image)
    if counts.min() >= samples_per_class:
        told, names = str(samples_per_class), class_names
    else:
        told = f"At most {samples_per_class}"
        drawn = np.minimum(counts, samples_per_class)
        names = [f"{n} {k}" for n, k in zip(class_names, drawn, strict=True)]
    fig.alt = (
        f"{told} pictures of each of the {len(class_names)} classes, one column a "
        f"class: {', '.join(names)}."
    )
    return fig


@in_book_style
def plot_bars(
    panels: Mapping[str, Sequence[float] | np.ndarray],
    names: Sequence[str],
    *,
    stacked: bool = False,
) -> DescribedFigure:
    """Draw the same few things as bars, one panel for each quantity.

    Parameters
    ----------
    panels : mapping from str to sequence of float
        Name of each quantity and its value for each thing. A name can have several
        lines.
    names : sequence of str
        Name of each thing.
    stacked : bool
        Whether the panels are drawn one below the other instead of side by side, those
        with numbers from -1 to 1 on one scale.
    """
    check_mapping("panels", panels, "quantity")
    check_texts("names", names)
    check_truth("stacked", stacked)
    for title, values in panels.items():
        check_sequence(f"panels[{title!r}]", values)
    if any(np.shape(values) != (len(names),) for values in panels.values()):
        raise ValueError(
            f"panels must hold sequences of {len(names)} values, one for each name, "
            f"but their shapes are {[np.shape(each) for each in panels.values()]}."
        )
    for title, values in panels.items():
        check_finite(f"panels[{title!r}]", np.asarray(values))
    if stacked:
        fig = blank_figure(4.4, 1.9 * len(panels))
        axes = np.atleast_1d(fig.subplots(len(panels), 1))
        edge = 1 / len(panels)
        top, bottom = 1 - 0.43 * edge, 0.16 * edge
        fig.subplots_adjust(0.02, bottom, 0.98, top, hspace=0.59 / 0.41)
    else:
        fig = blank_figure(7, 2.4)
        axes = np.atleast_1d(fig.subplots(1, len(panels)))
        fig.subplots_adjust(left=0.02, right=0.98, bottom=0.2, top=0.82, wspace=0.15)
        names = [textwrap.fill(name, 11) for name in names]
    for ax, (title, values) in zip(axes, panels.items(), strict=True):
        bars = ax.bar(range(len(names)), values, color=COLORS, width=0.6)
        ax.bar_label(bars, fmt="%.4g", padding=2, fontsize=10)
        ax.set_title(title, pad=18)
        ax.set_xticks(range(len(names)), names)
        ax.tick_params(bottom=False)
        ax.yaxis.set_visible(False)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.axhline(0, color="black", linewidth=0.8, clip_on=False)
        ax.margins(y=0.15)
        if stacked:
            ax.set_ylim(*stacked_limits(values, panels.values()))
    told = []
    for title, values in panels.items():
        pairs = zip(names, values, strict=True)
        told.append(f"{title}: {', '.join(f'{n} {value:.4g}' for n, value in pairs)}.")
    fig.alt = " ".join(f"Bars. {' '.join(told)}".split())
    return fig


@in_book_style
def plot_lines(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    xscale: str = "linear",
    yscale: str = "linear",
) -> DescribedFigure:
    """Draw one line for each name, distinguished by colour and by dashes.

    Where a line joins 3 to 12 points, each of them is marked.

    Parameters
    ----------
    lines : mapping from str to (x, y)
        Name of each line and its points.
    xlabel, ylabel : str
        Quantity and unit of each axis.
    xscale, yscale : {"linear", "log"}
        Scale of each axis.
    """
    check_mapping("lines", lines, "line")
    for argument, text in (("xlabel", xlabel), ("ylabel", ylabel), ("alt", alt)):
        check_text(argument, text)
    for argument, scale in (("xscale", xscale), ("yscale", yscale)):
        check_choice(argument, scale, ("linear", "log"))
    for name, points in lines.items():
        check_pair(f"lines[{name!r}]", points)
        x, y = points
        check_line(name, x, y)
        for scale, values in ((xscale, x), (yscale, y)):
            if scale == "log":
                check_logarithmic(name, values)
    fig, ax = single_axes()
    for k, (name, (x, y)) in enumerate(lines.items()):
        color, style = COLORS[k % len(COLORS)], LINE_STYLES[k % len(LINE_STYLES)]
        ax.plot(
            x, y, color=color, linestyle=style, label=name, linewidth=1.4,
            marker="o" if 3 <= len(x) <= 12 else "", markersize=4,
        )  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        if axis.get_scale() == "log":
            mark_decades(axis, *limits)
    ax.grid(alpha=0.3)
    if len(lines) > 4:  # so many leave no corner free
        fig.subplots_adjust(top=0.84)
        ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    elif len(lines) > 1:
        ax.legend(frameon=False)
    fig.alt = alt
    return fig


def plot_loss_history(histories: Mapping[str, Sequence[float]]) -> DescribedFigure:
    """Draw the minibatch loss over the steps of training, on a logarithmic scale.

    Parameters
    ----------
    histories : mapping from str to sequence of float
        Name of each training run and its losses in nats, as ``train`` returns them.
    """
    check_mapping("histories", histories, "history")
    for name, history in histories.items():
        check_line(name, history, history, "histories")
        check_logarithmic(name, history, "histories")
    ends = "; ".join(
        f"{name} from {history[0]:.3g} to {history[-1]:.3g}"
        for name, history in histories.items()
    )
    fig = plot_lines(
        {name: (range(len(losses)), losses) for name, losses in histories.items()},
        xlabel="step",
        ylabel="minibatch loss (nats, log scale)",
        alt=f"Minibatch loss against step: {ends}.",
        yscale="log",
    )
    mark_decades(fig.axes[0].yaxis, *fig.axes[0].get_ylim(), parts=(1, 2, 5))
    return fig


def plot_step_size_errors(
    steps: Sequence[float], errors: Mapping[str, Sequence[float]]
) -> DescribedFigure:
    """Draw the error of a finite difference over its step, both logarithmic.

    Parameters
    ----------
    steps : sequence of float
        Steps ``h``, in the units of the weights.
    errors : mapping from str to sequence of float
        Name of each formula and its relative error at each step.
    """
    check_mapping("errors", errors, "line")
    for name, error in errors.items():
        check_line(name, steps, error, "steps and errors")
        check_logarithmic(name, [*steps, *error], "steps and errors")
    best = "; ".join(
        f"{name} is most accurate near h = {steps[int(np.argmin(error))]:.0e}"
        for name, error in errors.items()
    )
    return plot_lines(
        {name: (steps, error) for name, error in errors.items()},
        xlabel="step h (units of a weight, log scale)",
        ylabel="relative error (log scale)",
        alt=f"Relative error over step size, each curve a V: {best}.",
        xscale="log",
        yscale="log",
    )


@in_book_style
def plot_grid_scatter(trials: Sequence[Trial]) -> DescribedFigure:
    """Draw training and validation accuracy over both settings, as the worksheet does.

    Each trial must have a positive ``reg``, whose logarithm is finite.
    """
    check_trials(trials, "train_accuracy", "val_accuracy")
    if any(trial.reg == 0 for trial in trials):
        raise ValueError(
            "trials must each have a positive reg, for the logarithmic axis, but "
            "one has 0; plot_grid_heatmap draws it."
        )
    x = [np.log10(trial.learning_rate) for trial in trials]
    y = [np.log10(trial.reg) for trial in trials]
    panels = {
        "training accuracy": [trial.train_accuracy for trial in trials],
        "validation accuracy": [trial.val_accuracy for trial in trials],
    }
    fig = blank_figure(7, 3.2)
    axes = fig.subplots(1, 2)
    fig.subplots_adjust(left=0.09, right=0.95, bottom=0.17, top=0.89, wspace=0.42)
    for ax, (title, accuracies) in zip(axes, panels.items(), strict=True):
        dots = ax.scatter(x, y, c=accuracies, s=90, cmap="cividis", edgecolors="black")
        fig.colorbar(dots, ax=ax)
        ax.set(xlabel="log10 learning rate", ylabel="log10 reg", title=title)
        ax.margins(0.15)
    fig.alt = (
        "Two scatter plots against the logarithms of learning rate and reg, "
        f"{len(trials)} dots each, coloured by accuracy: training accuracy "
        f"{range_of(panels['training accuracy'])}, validation accuracy "
        f"{range_of(panels['validation accuracy'])}."
    )
    return fig


@in_book_style
def plot_grid_heatmap(trials: Sequence[Trial]) -> DescribedFigure:
    """Draw validation accuracy over both settings, with the figures written in."""
    check_trials(trials, "val_accuracy")
    learning_rates = sorted({trial.learning_rate for trial in trials})
    regs = sorted({trial.reg for trial in trials}, reverse=True)  # upwards
    grid = np.full((len(regs), len(learning_rates)), np.nan)
    for trial in trials:
        row, column = regs.index(trial.reg), learning_rates.index(trial.learning_rate)
        grid[row, column] = trial.val_accuracy
    fig, ax = heatmap(
        grid,
        [f"{reg:g}" for reg in regs],
        [f"{rate:g}" for rate in learning_rates],
        number_format="{:.3f}",
        figsize=(1.6 + 0.9 * len(learning_rates), 1.2 + 0.55 * len(regs)),
    )
    ax.set(xlabel="learning rate", ylabel="reg", title="validation accuracy")
    best = trials[int(np.nanargmax([trial.val_accuracy for trial in trials]))]
    fig.alt = (
        f"Table of {len(trials)} validation accuracies over learning rate and reg, "
        f"{range_of([trial.val_accuracy for trial in trials])}; the best is at "
        f"learning rate {best.learning_rate:g} and reg {best.reg:g}."
    )
    return fig


def template_pictures(
    weights: np.ndarray, image_shape: tuple[int, ...] = (32, 32, 3)
) -> np.ndarray:
    """Return each column of the weights as a picture, all on one shared scale.

    They are uint8 (C, height, width, 3), the three alike for grey images: the smallest
    weight is 0, the largest 255.

    Examples
    --------
    >>> pictures = template_pictures(np.linspace(-1, 1, 30720).reshape(3072, 10))
    >>> pictures.shape, int(pictures.min()), int(pictures.max())
    ((10, 32, 32, 3), 0, 255)
    """
    check_image_shape(image_shape)
    if math.prod(image_shape[2:]) not in (1, 3):
        raise ValueError(
            f"image_shape must have one channel or three, but it is {image_shape}."
        )
    check_matrix("weights", weights)
    shape = (math.prod(image_shape), weights.shape[1])
    meaning = f"one row for each number of an image {image_shape} and none for the bias"
    check_shape("weights", weights, shape, meaning)
    check_finite("weights", weights)
    low, high = weights.min(), weights.max()
    pictures = weights.T.reshape(-1, *image_shape[:2], math.prod(image_shape[2:])) - low
    pictures = (pictures / ((high - low) or 1) * 255).astype(np.uint8)
    return np.broadcast_to(pictures, (*pictures.shape[:3], 3)).copy()


@in_book_style
def plot_templates(
    weights: np.ndarray,
    class_names: Sequence[str],
    image_shape: tuple[int, ...] = (32, 32, 3),
) -> DescribedFigure:
    """Show each column of the weights as a picture, all on one shared scale."""
    pictures = template_pictures(weights, image_shape)
    check_texts("class_names", class_names)
    shape = (len(weights), len(class_names))
    check_shape("weights", weights, shape, "one column for each class name")
    fig, axes = picture_grid(-(-len(class_names) // 5), 5, title_height=0.3)
    for ax, picture, name in zip(axes.flat, pictures, class_names, strict=False):
        show_picture(ax, picture)
        ax.set_title(name)
    fig.alt = (
        f"The weights of each class as a picture of {image_shape[0]} by "
        f"{image_shape[1]} pixels, all on one scale: {', '.join(class_names)}."
    )
    return fig


@in_book_style
def plot_confusion(counts: np.ndarray, class_names: Sequence[str]) -> DescribedFigure:
    """Show how often each class was taken for each class.

    Parameters
    ----------
    counts : ndarray of int, shape (C, C)
        Row: correct class; column: predicted class.
    """
    check_texts("class_names", class_names)
    C = len(class_names)
    check_shape("counts", counts, (C, C), "one row and one column for each class name")
    check_integers("counts", counts)
    if counts.min() < 0:
        raise ValueError(f"counts must not be negative, but one is {counts.min()}.")
    fig, ax = heatmap(
        counts,
        class_names,
        class_names,
        number_format="{:d}",
        figsize=(7, 5.6),
        bottom=max(0.8, 0.45 + 0.06 * max(map(len, class_names))),  # they are slanted
    )
    ax.set(xlabel="predicted class", ylabel="correct class", title="number of images")
    ax.tick_params(axis="x", rotation=45)
    off_diagonal = np.where(np.eye(C, dtype=bool), -1, counts)
    row, column = divmod(int(off_diagonal.argmax()), C)
    mistake = (
        f"the most frequent mistake is {class_names[row]} taken for "
        f"{class_names[column]}, {counts[row, column]} times"
    )
    fig.alt = (
        f"Confusion matrix of {counts.sum()} images, {np.trace(counts)} of them on the "
        f"diagonal; {mistake if off_diagonal.max() > 0 else 'there is no mistake'}."
    )
    return fig


def plot_mistakes(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    *,
    columns: int = 5,
) -> DescribedFigure:
    """Show misclassified pictures, with the probability of the two classes involved."""
    check_pictures(images, labels, "labels")
    check_probabilities(probabilities)
    check_pictures(images, probabilities, "probabilities")
    check_texts("class_names", class_names)
    check_labels(labels, len(images), len(class_names), "labels")
    shape = (len(images), len(class_names))
    check_shape("probabilities", probabilities, shape, "one column for each class name")
    predicted = probabilities.argmax(axis=1)
    titles = [
        f"says {class_names[j]} {row[j]:.2f}\nis {class_names[i]} {row[i]:.2f}"
        for i, j, row in zip(labels, predicted, probabilities, strict=True)
    ]
    return plot_images(images, titles, columns=columns)


@in_book_style
def plot_patches(
    patches: Mapping[str, np.ndarray], *, columns: int = 32, alt: str
) -> DescribedFigure:
    """Show many small pictures in rows, each group under its name.

    Parameters
    ----------
    patches : mapping from str to ndarray, shape (K, side, side, 3)
        Name of each group and its patches. Those of uint8 are drawn as they are,
        others each from its own lowest number to its own highest.
    """
    check_mapping("patches", patches, "group")
    check_text("alt", alt)
    for name, group in patches.items():
        check_patches(f"patches[{name!r}]", group)
    check_columns(columns)
    pictures = [mosaic(group, columns) for group in patches.values()]
    # Whole pixels for each of a patch, which every version draws alike.
    scales = [max(1, 7 * DPI // picture.shape[1]) for picture in pictures]
    sizes = np.array([p.shape[1::-1] for p in pictures]) * np.vstack(scales)
    title = 45
    top = (title + sizes[:, 1]).sum()
    fig = blank_figure(sizes[:, 0].max() / DPI, top / DPI)
    whole = DPI * fig.get_size_inches()
    for name, picture, size in zip(patches, pictures, sizes, strict=True):
        top -= title + size[1]
        ax = fig.add_axes((0, top / whole[1], *(size / whole)))
        ax.imshow(picture, interpolation="nearest", aspect="auto")
        ax.set_title(name, loc="left", fontsize=10)
        ax.set_axis_off()
    fig.alt = alt
    return fig


def check_columns(columns: int) -> None:
    """Check that so many pictures, side by side, have a pixel each."""
    check_at_least("columns", columns)
    if columns > 7 * DPI:
        raise ValueError(f"columns must be at most {7 * DPI}, but it is {columns}.")


def show_picture(ax: Axes, image: np.ndarray) -> None:
    """Draw one picture: in its colours, or if it has one channel, in grey."""
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def stacked_limits(
    values: Sequence[float] | np.ndarray,
    panels: Iterable[Sequence[float] | np.ndarray],
) -> tuple[float, float]:
    """Return the limits of a panel: one scale for all with numbers from -1 to 1."""
    alike = [other for other in panels if np.abs(other).max() <= 1]
    among = alike if np.abs(values).max() <= 1 else [values]
    # A fifth more below a bar that points down, for its number.
    span = max(max(*some, 0.0) - 1.2 * min(*some, 0.0) for some in among) or 1.0
    low = 1.2 * min(*values, 0.0)
    return low, low + span


def range_of(accuracies: Sequence[float]) -> str:
    """Return the range of the accuracies, and how many trainings diverged."""
    diverged = int(np.isnan(accuracies).sum())
    missing = f", {diverged} diverged" if diverged else ""
    return f"from {np.nanmin(accuracies):.3f} to {np.nanmax(accuracies):.3f}{missing}"


def check_trials(trials: Sequence[Trial], *accuracies: str) -> None:
    """Check that there is an accuracy to draw, and no two trials in one place."""
    check_entries("trials", trials, Trial)
    for trial in trials:
        check_positive("each learning_rate of trials", trial.learning_rate)
        check_not_negative("each reg of trials", trial.reg)
    for name in accuracies:
        values = [getattr(trial, name) for trial in trials]
        for value in values:
            check_number(f"each {name} of trials", value)
        if np.isnan(values).all():
            raise ValueError(
                f"trials must hold at least one trial with a {name}, but it "
                f"{'holds none' if trials else 'is empty'}."
            )
    pair, times = Counter(trial[:2] for trial in trials).most_common(1)[0]
    if times > 1:
        raise ValueError(
            "trials must hold one trial of each pair of settings, but "
            f"{format_settings(pair)} come {times} times."
        )
