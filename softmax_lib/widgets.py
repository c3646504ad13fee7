"""What a page of the book needs to bring a picture to life.

A live figure is a picture that a cell draws and, after it, the data by which a script
of the page (``book/_static/live.js``) lets the reader operate it. Where no script runs,
the picture stays, with a sentence that says where it can be operated.
"""

import base64
import html
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from softmax_lib.validation import (
    check_entries,
    check_text,
    describe,
    is_array,
    is_finite,
)

__all__ = ["LiveFigure", "live_figure", "sprite_sheet"]

NOTE = "This picture can be operated in the book's pages, where JavaScript is on."
STEP = 8  # of 255, from level to level of a sprite sheet: all would weigh twice as much


class LiveFigure(NamedTuple):
    """The data of the live figure ``name``, in JSON, as a notebook shows it."""

    name: str
    data: str

    def __repr__(self) -> str:
        """Return where the figure can be operated."""
        return NOTE

    def _repr_html_(self) -> str:
        name = html.escape(self.name)
        return (
            f'<div class="live-figure" data-figure="{name}"><p>{NOTE}</p>\n'
            f'<script type="application/json">\n{self.data}\n</script></div>'
        )


def live_figure(name: str, /, **data: Any) -> LiveFigure:
    """Put the data of a live figure into the page, after its picture.

    As the last line of a notebook cell, it shows one sentence.

    Parameters
    ----------
    name : str
        Which script of the page reads the data: "softmax" is ``live_softmax.js``.
    **data : Any
        Words, numbers, arrays, and lists and mappings of them. Numbers with decimals
        are written with four, so that those of two machines can be compared.

    Examples
    --------
    >>> print(live_figure("softmax", scores=np.array([1.0, 2.0]), correct=0).data)
    {
    "scores": [1.0000, 2.0000],
    "correct": 0
    }
    """
    check_text("name", name)
    items = [f"{as_json(key)}: {as_json(value)}" for key, value in data.items()]
    return LiveFigure(name, "{\n" + ",\n".join(items) + "\n}")


def sprite_sheet(pictures: np.ndarray) -> str:
    """Put pictures into one PNG file for a page; return its ``data:`` address.

    One frame is below the other and the C pictures of each side by side, in 32 levels
    of each colour.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (frames, C, height, width, 3)
        Red, green and blue, 0 to 255; C pictures in each frame.
    """
    shape = pictures.shape if is_array(pictures) else ()
    if len(shape) != 5 or shape[-1] != 3 or 0 in shape:
        raise ValueError(
            "pictures must be a non-empty array of shape (frames, C, height, width, "
            f"3), but it is {describe(pictures)}."
        )
    if pictures.dtype != np.uint8:
        raise TypeError(f"pictures must hold uint8, but its dtype is {pictures.dtype}.")
    frames, C, height, width, _ = pictures.shape
    sheet = pictures.swapaxes(1, 2).reshape(frames * height, C * width, 3)
    file = io.BytesIO()
    Image.fromarray(sheet // STEP * STEP).save(file, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def as_json(value: Any, name: str = "data") -> str:
    """Write a value so that it gives the same text on each machine, up to rounding."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        if not np.isfinite(value):
            raise ValueError(f"{name} must hold finite numbers, but it holds {value}.")
        return f"{value:.4f}"
    if isinstance(value, Mapping):
        check_entries(f"the keys of a mapping in {name}", list(value), str)
        items = [f"{as_json(key)}: {as_json(item, key)}" for key, item in value.items()]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_json(item, name) for item in value) + "]"
    if isinstance(value, int) and not is_finite(value):
        raise ValueError(f"{name} must hold numbers below 1.8e308, but one is not.")
    if not isinstance(value, str | int | None):
        raise TypeError(
            f"{name} must hold numbers, text, arrays, lists and mappings of these, but "
            f"it holds {describe(value)}."
        )
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
