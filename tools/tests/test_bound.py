"""A number of the prose is bound to its place, and held to it digit by digit."""

import json

import nbformat
import pytest

from tools.checker import bound
from tools.checker.bound import Source, disagreement, told_in


@pytest.fixture
def sources():
    """One cell that prints four numbers and sets one."""
    text = "accuracy 0.352, loss 2.3676, error 1.10e-09, 49,000 points\n"
    output = nbformat.v4.new_output("stream", text=text)
    cell = nbformat.v4.new_code_cell(
        "reg, N = 2.5e4, 10_000", id="c05-02", outputs=[output]
    )
    return {"c05_02": Source(cell)}


@pytest.mark.parametrize(
    ("prose", "texts"),
    [
        ("It has 0.352, or 35.2 %, of 49,000.", ["0.352", "35.2 %", "49,000"]),
        ("An error of 1.1 × 10⁻⁹, or $1.1 \\times 10^{-9}$.", ["1.1 × 10-9"] * 2),
        ("Half the loss, three times the work.", ["Half", "three times"]),
        ("It is half the loss, a third of it.", ["half", "a third"]),
        ("by -0.0188, or $-71$, or $-4$ of $x - 12$", ["-0.0188", "-71", "-4"]),
        ("k-0.5, $x + 10^{-7}$, $e^{-2}$ and CIFAR-10", []),
        ("at 1e-7, 0 or 1 of 10", ["1e-7", "0", "1", "10"]),
        (
            "`N = C = 3` at `rate=1e-7`, `row 1/C`, `49_000`, above `-0.5`",
            ["3", "1e-7", "1", "49,000", "above -0.5"],
        ),
        ("`W[0]`, `a[:, 1]`, `sum(axis=1)`", ["0", "1", "1"]),
        ("`int8`, `1e`, `07_b-1.svg`, `CIFAR-10`, {x}`1`", []),
        ("below $10^{-7}$, at $h = 10^{-5}$", ["below 10^{-7}", "10^{-5}"]),
        ("$D = 3073$ of $N = D = 250$", ["3073", "250"]),
        ("scores $(0, 1, -802)$, $x_0 = 1$, $x - 1$", ["0", "1", "-802", "1"]),
        (
            "0.08 ms, 12 MB, at most 30 seconds",
            ["0.08 ms", "12 MB", "at most 30 seconds"],
        ),
        ("10 more seconds", ["10"]),
        (
            "a twentieth, sixteen times, a hundredth",
            ["a twentieth", "sixteen times", "a hundredth"],
        ),
        (
            "five thousand times, one time in twenty",
            ["five thousand times", "one time in twenty"],
        ),
        (
            "One of three, two images in a hundred, three correct images in four",
            ["One of three", "two images in a hundred", "three correct images in four"],
        ),
        (
            "more than\ntwice, at most 12, below $-1.5$",
            ["more than twice", "at most 12", "below -1.5"],
        ),
        (
            "Divide each `X` by 64, multiplied the weights by 0.5, divides. By 3 and 4",
            ["Divide each by 64", "multiplied the weights by 0.5", "3", "4"],
        ),
        ("on average over 20, below the 30", ["20", "30"]),
        (
            "(fig-01-a)=\n**Figure 1.1.** Ten of two.\n\nTen of two.",
            ["Ten", "two", "Ten", "two"],
        ),
        ("8 bytes, 3 per row, 1 of 6×6 in $9$", ["8 bytes", "3", "1", "6", "6", "9"]),
        ("all twelve points, a two-headed one of the two", ["twelve", "two"]),
        (
            "the first, the third, the hundredth line of second moments",
            ["third", "hundredth"],
        ),
        ("1. Five.\n2. within a few millionths", ["Five", "a few millionths"]),
        ("by 7.2 units, or 7.2\nstandard errors", ["7.2 units", "7.2 standard errors"]),
        ("[Cox (1958)](bibliography.md#cox1958), in chapter 12, $x_{10}$, `x3`.", []),
        ("[Figure 5.12](#fig-05-loss) and one of them.", []),
        ("$$\na .\n$$ (eq-10-b)\n\nBy {eq}`eq-02-dW` and {ref}`eq-9`", ["eq-02-dW"]),
        (
            "chapter 8 of [Cox (1958)](bibliography.md#cox1958), as in chapter 3 and "
            "in [Fox (1959)](bibliography.md#fox1959), chapter 9; their chapter 4",
            ["8", "9", "4"],
        ),
        ("## The 49,000 images\n\n```python\nx = 0.78\n```\n", ["49,000 images"]),
    ],
)
def test_numbers_and_comparing_words_are_found_in_the_prose(prose, texts):
    found = [told.text.replace("\\times 10^{-9", "× 10-9") for told in told_in(prose)]
    assert found == texts


@pytest.mark.parametrize(
    ("prose", "expression"),
    [
        ("0.352", "c05_02[0]"),
        ("35.2 %", "c05_02[0]"),
        ("2.37", "c05_02[1]"),
        ("1.1e-9", "c05_02[2]"),
        ("49,000", "c05_02[3]"),
        ("25,000", "c05_02.code[0]"),
        ("10,000", "c05_02.code[1]"),
        ("2.016", "c05_02[1] - c05_02[0]"),
        ("48,998", "c05_02[3] - round(c05_02[1])"),
    ],
)
def test_each_digit_of_a_bound_number_is_held(prose, expression, sources):
    (told,) = told_in(f"It is {prose}.")
    assert disagreement(told, expression, sources) is None
    digits = [place for place, letter in enumerate(prose) if letter.isdigit()]
    for place in digits:
        other = str((int(prose[place]) + 1) % 10)
        (wrong,) = told_in(f"It is {prose[:place]}{other}{prose[place + 1 :]}.")
        assert disagreement(wrong, expression, sources), wrong.text


@pytest.mark.parametrize(
    ("prose", "expression", "said"),
    [
        ("about half of", "c05_02[0] < 0.5", None),
        ("about half of", "c05_02[0] > 0.5", "is False"),
        ("about half of", "c05_02[0]", "is 0.352"),
        ("of 0.352", "given", "not a whole number"),
        ("of 1958", "given", None),
        ("of 3 things", "given", None),
        ("of fifty things", "given", None),
        ("about half of", "given", "not a whole number"),
        ("fifty times", "given", "not a whole number"),
        ("of 0.352", "0.352", "names no cell"),
        ("of 0.352", "c05_02[0] ?", "drop the mark"),
        ("of 0.352", "c05_02[9]", "IndexError"),
        ("of 0.352", "c05_99[0]", "KeyError"),
        ("of 0.352", "c05_02[", "SyntaxError"),
        ("of 0.352", "c05_02.code", "TypeError"),
    ],
)
def test_a_binding_says_what_is_wrong_with_it(prose, expression, said, sources):
    (told,) = told_in(f"It is {prose}.")
    answer = disagreement(told, expression, sources)
    assert answer is None if said is None else said in answer


@pytest.mark.parametrize(
    ("words", "expression", "said"),
    [
        ("the lower of the two", "c05_02[0] < c05_02[1]", None),
        ("the lower of the two", "c05_02[0] > c05_02[1]", "not so"),
        ("the higher of the two", "c05_02[0] < c05_02[1]", "0 times"),
        ("the", "c05_02[0] < c05_02[1]", "2 times"),
        ("the lower of the two", "'accuracy 0.352' in c05_02.text", None),
        ("the lower of the two", "c05_02[0]", "not so"),
    ],
)
def test_a_claim_is_made_once_and_true(
    words, expression, said, sources, monkeypatch, tmp_path
):
    monkeypatch.setattr(bound, "CLAIMS", tmp_path / "claims.json")
    page = tmp_path / "page.md"
    page.write_text("It is the lower of\nthe two.\n", "utf-8")
    claims = {"page": {"page": [[words, expression]]}}
    bound.CLAIMS.write_text(json.dumps(claims), "utf-8")
    found = list(bound.untrue_claims(page, sources))
    assert found == [] if said is None else said in found[0]


def test_proposals_come_from_the_nearest_cell_and_keep_order(
    sources, monkeypatch, tmp_path
):
    monkeypatch.setattr(bound, "FOLDER", tmp_path)
    page = tmp_path / "05_sgd.ipynb"
    output = nbformat.v4.new_output("stream", text="0.352 2.3676\n")
    cells = [
        nbformat.v4.new_code_cell("x", id="c05-02", outputs=[output]),
        nbformat.v4.new_markdown_cell("It is 0.352, not 2.37 or 77.", id="c05-03"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), page)
    rows = bound.propose(page, sources)["c05-03"]
    assert rows == [["0.352", "c05_02[0]"], ["2.37", "c05_02[1]"], ["77", "given ?"]]
    assert len(list(bound.troubles(page, sources))) == 1  # nothing is bound yet
    rows[2][1] = "given"
    bound.write_bindings(page, {"c05-03": rows})
    assert list(bound.troubles(page, sources)) == []
    assert bound.propose(page, sources) == {"c05-03": rows}
    bound.write_bindings(page, {"c05-03": [rows[1], rows[0], rows[2]]})
    assert "tells" in next(bound.troubles(page, sources))


def test_a_proposal_keeps_a_place_whose_number_is_now_compared(
    sources, monkeypatch, tmp_path
):
    monkeypatch.setattr(bound, "FOLDER", tmp_path)
    page = tmp_path / "05_sgd.ipynb"
    texts = ("It is at most 0.352, by -2.37.", "It is at least 0.352, by -2.37.")
    for text in texts:
        cell = nbformat.v4.new_markdown_cell(text, id="c05-03")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), page)
        rows = bound.propose(page, sources)["c05-03"]
        assert [row[0] for row in rows] == [text[6:-11], "-2.37"]
        assert rows[0][1].removesuffix(" ?") == "c05_02[0]"
    kept = [["0.352", "c05_02[0]"], ["2.37", "c05_02[1]"]]
    bound.write_bindings(page, {"c05-03": kept})
    assert bound.propose(page, sources)["c05-03"] == [
        ["at least 0.352", "c05_02[0]"],
        ["-2.37", "c05_02[1]"],
    ]
    assert "tells" in next(bound.troubles(page, sources))
