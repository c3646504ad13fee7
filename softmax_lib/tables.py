"""Tables that a page shows as tables, and a terminal as text."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from softmax_lib.validation import as_list, check_mapping, check_texts

__all__ = ["Table"]


class Table:
    """Rows of words and numbers, with a heading and a format for each column.

    Parameters
    ----------
    rows : iterable of sequences
        One value per column: a word, a number, a tuple (low, high), or None for
        an empty place.
    columns : mapping
        Heading -> format of its numbers, such as ".3f", or "". A column without words
        is aligned on the right.

    Examples
    --------
    >>> rows = [("car", 0.4925, (0.461, 0.523)), ("bird", 0.28, (0.25, 0.31))]
    >>> Table(rows, {"class": "", "accuracy": ".2f", "95 % interval": ".3f"})
    class  accuracy   95 % interval
    car        0.49  0.461 to 0.523
    bird       0.28  0.250 to 0.310
    """

    def __init__(
        self, rows: Iterable[Iterable[Any]], columns: Mapping[str, str]
    ) -> None:
        check_mapping("columns", columns, "column")
        check_texts("the formats of columns", list(columns.values()))
        values = [tuple(as_list("each of rows", row)) for row in as_list("rows", rows)]
        if wrong := [row for row in values if len(row) != len(columns)]:
            raise ValueError(
                f"each of rows must have one value per column, here {len(columns)}, "
                f"but one is {wrong[0]!r}."
            )
        texts = [tuple(map(as_text, row, columns.values())) for row in values]
        self.lines = [tuple(columns), *texts]
        self.is_text = [
            any(isinstance(row[k], str) for row in values) for k in range(len(columns))
        ]

    def __repr__(self) -> str:
        """Return the table as lines of text."""
        widths = [max(map(len, column)) for column in zip(*self.lines, strict=True)]
        formats = [
            f"{'<' if is_text else '>'}{width}"
            for is_text, width in zip(self.is_text, widths, strict=True)
        ]
        return "\n".join(
            "  ".join(map(format, line, formats)).rstrip() for line in self.lines
        )

    def _repr_html_(self) -> str:
        sides = ["left" if is_text else "right" for is_text in self.is_text]

        def row(line: Sequence[str], tags: Sequence[str]) -> str:
            cells = zip(tags, sides, map(html.escape, line), strict=True)
            inside = "".join(
                f'<{tag} style="text-align: {side}{whole(text)}">{text}</{tag[:2]}>'
                for tag, side, text in cells
            )
            return f"<tr>{inside}</tr>"

        # Without a heading a cell is no header: a screen reader would read nothing out.
        names = self.lines[0]
        head = row(names, ['th scope="col"' if name else "td" for name in names])
        tags = ['th scope="row"', *["td"] * (len(sides) - 1)]
        body = "\n".join(row(line, tags) for line in self.lines[1:])
        return (
            '<div style="overflow-x: auto" role="group" tabindex="0" '
            'aria-label="Table">\n<table class="table">\n'
            f"<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
        )


def whole(text: str) -> str:
    """Return the style that keeps a number such as 1e-08 in one line."""
    return "" if " " in text else "; white-space: nowrap"


def as_text(value: Any, spec: str) -> str:
    """Return a value of a table as it is printed."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, tuple) and len(value) == 2 and str not in map(type, value):
        return " to ".join(as_text(number, spec) for number in value)
    try:
        return format(value, spec)
    except (ValueError, TypeError):
        raise ValueError(
            "each of rows must hold values that the formats of columns suit, but "
            f"{spec!r} is no format of {value!r}."
        ) from None
