import html.parser
import re

import numpy as np
import pytest

from softmax_lib.tables import Table
from tools.checker.compare import compare_outputs
from tools.checker.prose import computed_numbers

COLUMNS = {"class": "", "accuracy": ".3f", "interval": ".2f", "images": ","}
ROWS = [
    ("a <cat>", np.float32(0.2551), (0.229, 0.283), np.int64(49_000)),
    ("dog", 0.352, None, 7),
]


class Cells(html.parser.HTMLParser):
    """The cells of an HTML table: [tag, attributes, text] each."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[list] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("th", "td"):
            self.found.append([tag, dict(attrs), ""])

    def handle_data(self, data):
        if self.found:
            self.found[-1][2] += data.strip("\n")


def displayed(rows):
    table = Table(rows, COLUMNS)
    data = {"text/plain": repr(table), "text/html": table._repr_html_()}
    return [{"output_type": "execute_result", "data": data, "metadata": {}}]


def test_the_page_has_the_words_and_numbers_of_the_text():
    table = Table(ROWS, COLUMNS)
    texts = [text for _, _, text in Cells(table._repr_html_()).found if text]
    assert texts == re.split(r"\s{2,}|\n", str(table))
    assert texts[4:8] == ["a <cat>", "0.255", "0.23 to 0.28", "49,000"]


def test_a_row_may_be_the_values_of_a_mapping():
    rows = [dict(zip(COLUMNS, row, strict=True)).values() for row in ROWS]
    assert str(Table(rows, COLUMNS)) == str(Table(ROWS, COLUMNS))


def test_numbers_are_on_the_right_and_headings_name_their_scope():
    cells = Cells(Table(ROWS, COLUMNS)._repr_html_()).found
    sides = [re.split("[ ;]+", attributes["style"])[1] for _, attributes, _ in cells]
    assert sides == ["left", "right", "right", "right"] * 3
    whole = {text for _, attributes, text in cells if "nowrap" in attributes["style"]}
    assert whole == {text for *_, text in cells} - {"a <cat>", "0.23 to 0.28"}
    scopes = [attributes.get("scope") for _, attributes, _ in cells]
    assert scopes == ["col"] * 4 + ["row", None, None, None] * 2


def test_lines_of_text_end_in_no_space_and_align():
    header, *lines = str(
        Table([("a", 1.0), ("bcd", 22.5)], {"": "", "x": ".1f"})
    ).split("\n")
    assert [len(line) for line in (header, *lines)] == [9, 9, 9]
    assert str(Table([("dog", "yes"), ("cat", "")], {"a": "", "b": ""})).endswith(
        "\ncat"
    )


def test_a_table_without_rows_has_its_header():
    assert str(Table([], {"a": "", "b": ".3f"})) == "a  b"


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"here 2, but one is \('a',\)"):
        Table([("a", 1), ("a",)], {"": "", "n": ""})


def test_columns_are_a_mapping_with_something_in_it():
    with pytest.raises(TypeError, match="mapping from a name to each column, but"):
        Table([("a", 1)], ["", "n"])
    with pytest.raises(ValueError, match="hold at least one column, but"):
        Table([], {})


def test_recorded_tables_are_compared_as_numbers_and_words():
    same = [("a <cat>", 0.25509, (0.2291, 0.283), 49_000), ROWS[1]]
    assert compare_outputs(displayed(ROWS), displayed(same)) == []
    for other in [
        ("a <dog>", *ROWS[0][1:]),
        ("a <cat>", 0.2579, *ROWS[0][2:]),
        (*ROWS[0][:3], 49_001),
    ]:
        found = compare_outputs(displayed(ROWS), displayed([other, ROWS[1]]))
        assert {"text/html", "text/plain"} <= set(re.findall(r"text/\w+", str(found)))


def test_one_pattern_lets_a_number_vary_in_the_text_and_in_the_page():
    rule = {
        "pattern": r"dog\D+([\d.]+)",
        "at_least": 0.3,
        "at_most": 0.4,
        "reason": "-",
    }
    for value, agrees in [(0.375, True), (0.5, False)]:
        new = displayed([ROWS[0], ("dog", value, None, 7)])
        assert (
            compare_outputs(displayed(ROWS), new, {"varies": [rule]}) == []
        ) is agrees


def test_prose_may_quote_a_table():
    class Cell:
        cell_type, source, outputs = "code", "", displayed(ROWS)

    assert {"0.255", "0.23", "0.28"} <= set(map(str, computed_numbers([Cell])))


def test_a_column_without_a_heading_has_no_header_that_is_empty() -> None:
    page = Table([("SVM", 1.0)], {"": "", "loss": ".1f"})._repr_html_()
    assert "></th>" not in page
    assert page.count('scope="col"') == 1


def test_the_page_of_a_table_is_whole() -> None:
    page = Table([("the SVM", 1e-8)], {"": "", "loss": ".0e"})._repr_html_()
    assert page == (
        '<div style="overflow-x: auto" role="group" tabindex="0" aria-label="Table">\n'
        '<table class="table">\n<thead><tr>'
        '<td style="text-align: left; white-space: nowrap"></td>'
        '<th scope="col" style="text-align: right; white-space: nowrap">loss</th>'
        "</tr></thead>\n<tbody>\n<tr>"
        '<th scope="row" style="text-align: left">the SVM</th>'
        '<td style="text-align: right; white-space: nowrap">1e-08</td>'
        "</tr>\n</tbody>\n</table></div>"
    )


@pytest.mark.parametrize("value", [(), (1.0,), (1.0, 2.0, 3.0), (1.0, "x")])
def test_a_range_has_two_numbers(value):
    with pytest.raises(ValueError, match="is no format of"):
        Table([(value,)], {"range": ".2f"})
