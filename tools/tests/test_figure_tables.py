"""The tables below a figure hold its numbers."""

import importlib.util
import itertools

import pytest

from tools.checker.chapters import BOOK, CHAPTERS
from tools.tests.test_drawn import recorded_figures

SPEC = importlib.util.spec_from_file_location(
    "figure_tables", BOOK / "_ext" / "figure_tables.py"
)
figure_tables = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(figure_tables)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_each_number_of_a_curve_is_in_a_table_below_it(chapter):
    for content, *_ in recorded_figures(chapter, "cifar10"):
        tables = figure_tables.tables(content)
        columns = [
            list(column)
            for table in tables
            for column in itertools.zip_longest(*table.rows[1:], fillvalue="")
        ]
        for axes in content["axes"]:
            for line in [] if "bars" in axes else axes.get("lines", []):
                assert line["y"].split() in columns


def test_a_long_table_keeps_ends_and_extremes_and_offers_a_file():
    y = ["5"] * 1500
    y[701], y[1203] = "-2", "99"
    rows = [[str(k), value] for k, value in enumerate(y)]
    shown = figure_tables.thinned(rows)
    assert len(shown) <= figure_tables.ROWS + 2
    assert [shown[0], shown[-1]] == [rows[0], rows[-1]]
    assert [row for row in shown if row[1] != "5"] == [rows[701], rows[1203]]
    html = figure_tables.as_html(figure_tables.Table("", [["x", "y"], *rows]))
    assert "42 of 1500 rows" in html
    assert html.count("data:text/csv") == 1


def test_words_of_a_figure_cannot_end_its_table():
    table = figure_tables.Table("a < b", [["x", "</table>"], ["1", "2"]])
    html = figure_tables.as_html(table)
    assert html.count("</table>") == 1
    assert "a &lt; b" in html


def test_boxes_without_axes_have_no_table() -> None:
    box = {"height": "1", "width": "2"}
    assert (
        figure_tables.tables({"axes": [{"bars": box, "texts": [{"text": "X"}]}]}) == []
    )
