"""Write what a figure shows as tables, for those who do not see it or want to copy it.

The content comes from `softmax_lib.figure_data`. Lines, points, bars and cells become
tables; pictures have their titles, which the alternative text names.
"""

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from itertools import zip_longest
from typing import Any, NamedTuple

__all__ = ["Table", "data_of_figure", "tables"]

ROWS = 40  # of a table; a longer one has all of its rows in a file beside it


class Table(NamedTuple):
    """A table: the first row and the first column head the others."""

    caption: str
    rows: list[list[str]]


def data_of_figure(content: Mapping[str, Any]) -> str:
    """Return the tables of a figure as HTML to unfold, "" if it has none."""
    found = "\n".join(map(as_html, tables(content)))
    if not found:
        return ""
    return (
        '<details class="figure-data"><summary>Data of this figure</summary>\n'
        f"{found}\n</details>"
    )


def tables(content: Mapping[str, Any]) -> list[Table]:
    """Return a figure's numbers as tables."""
    all_axes = content.get("axes", [])
    # Boxes without axes are a diagram, whose words the alternative text has.
    if all_axes and all("bars" in axes and "x" in axes for axes in all_axes):
        return [bars_table(all_axes)]
    found = []
    for axes in all_axes:
        if lines := axes.get("lines"):
            found += lines_tables(axes, lines)
        if points := axes.get("points"):
            found.append(points_table(axes, points))
        if any("values" in image for image in axes.get("images", [])):
            found.append(cells_table(axes))
    return [t for k, t in enumerate(found) if t.rows not in [u.rows for u in found[:k]]]


def bars_table(all_axes: Sequence[Mapping[str, Any]]) -> Table:
    """Return the bars of all panels, one row for each thing, one column a panel."""
    names = all_axes[0]["x"]["tick_labels"]
    columns = [axes["bars"]["height"].split() for axes in all_axes]
    head = ["", *(axes["title"] for axes in all_axes)]
    return Table("", [head, *map(list, zip(names, *columns, strict=True))])


def lines_tables(
    axes: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> list[Table]:
    """Return the lines side by side where they have the same x, else one by one."""
    x_label, y_label = (axes[name].get("label", name) for name in ("x", "y"))
    title = axes.get("title", "")
    if len({line["x"] for line in lines}) == 1:
        names = (
            [line.get("name", "") for line in lines] if len(lines) > 1 else [y_label]
        )
        columns = [lines[0]["x"], *(line["y"] for line in lines)]
        caption = title or (y_label if len(lines) > 1 else "")
        return [Table(caption, [[x_label, *names], *transposed(columns)])]
    return [
        Table(
            line.get("name", title),
            [[x_label, y_label], *transposed([line["x"], line["y"]])],
        )
        for line in lines
    ]


def points_table(axes: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> Table:
    """Return the points of a scatter plot, with their group or their value."""
    labels = [axes[name].get("label", name) for name in ("x", "y")]
    title = axes.get("title", "")
    if "values" in groups[0]:
        columns = [groups[0][key] for key in ("x", "y", "values")]
        return Table(title, [[*labels, title or "value"], *transposed(columns)])
    rows = [
        [group.get("name", ""), *row]
        for group in groups
        for row in transposed([group["x"], group["y"]])
    ]
    return Table(title, [["group", *labels], *rows])


def cells_table(axes: Mapping[str, Any]) -> Table:
    """Return a heat map's cells as they are written into it."""
    x, y = axes["x"], axes["y"]
    written = {(t["y"], t["x"]): t["text"] for t in axes.get("texts", [])}
    rows = [
        [name, *(written.get((row, column), "") for column in x["ticks"].split())]
        for name, row in zip(y["tick_labels"], y["ticks"].split(), strict=True)
    ]
    corner = f"{y.get('label', '')} \\ {x.get('label', '')}"
    return Table(axes.get("title", ""), [[corner, *x["tick_labels"]], *rows])


def transposed(columns: Sequence[str]) -> list[list[str]]:
    """Return columns of numbers, each in one text, as rows."""
    split = [column.split() for column in columns]
    return [list(row) for row in zip_longest(*split, fillvalue="")]


def as_html(table: Table) -> str:
    """Return a table that scrolls where it is too wide or too long for the page."""
    head, *body = table.rows
    shown = thinned(body)
    lines = [f"<tr>{cells('th scope=col', head)}</tr>"]
    lines += [
        f"<tr>{cells('th scope=row', row[:1])}{cells('td', row[1:])}</tr>"
        for row in shown
    ]
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    named = escape(table.caption or head[-1])
    note = "" if len(shown) == len(body) else link_to_all(table, len(shown))
    return (
        f'<div class="figure-table" role="group" tabindex="0" aria-label="{named}">\n'
        f"<table>{caption}\n" + "\n".join(lines) + f"\n</table></div>{note}"
    )


def cells(tag: str, texts: Sequence[str]) -> str:
    """Return the cells of a row."""
    name = tag.split()[0]
    return "".join(
        f"<{tag}>{escape(text)}</{name}>" if text else "<td></td>" for text in texts
    )


def thinned(rows: list[list[str]]) -> list[list[str]]:
    """Return some `ROWS` rows, with the lowest and highest of each column."""
    if len(rows) <= ROWS:
        return rows
    last = len(rows) - 1
    kept = {round(k * last / (ROWS - 1)) for k in range(ROWS)}
    for column in list(zip(*rows, strict=True))[1:]:
        numbers = {k: float(text) for k, text in enumerate(column) if text}
        finite = {k: v for k, v in numbers.items() if v == v}
        if finite:
            kept |= {
                min(finite, key=finite.__getitem__),
                max(finite, key=finite.__getitem__),
            }
    return [rows[k] for k in sorted(kept)]


def link_to_all(table: Table, shown: int) -> str:
    """Return a sentence that says how much is shown, and a file with everything."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(table.rows)
    data = base64.b64encode(file.getvalue().encode()).decode("ascii")
    return (
        f"<p>{shown} of {len(table.rows) - 1} rows, with the lowest and the highest of "
        f'each column. <a download="figure.csv" href="data:text/csv;base64,{data}">All '
        "rows as CSV</a></p>"
    )
