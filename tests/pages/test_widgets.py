"""The live figures, operated by mouse and keys, compute what `softmax_lib` does."""

import numpy as np
import pytest

from softmax_lib.losses import softmax_of_scores

RNG = np.random.default_rng(0)


@pytest.fixture
def opened(page, site):
    """Open a chapter and return its live figure."""

    def open_chapter(stem):
        page.goto(f"{site}book/{stem}.html")
        figure = page.locator(".live-is-on")
        figure.wait_for()
        assert figure.count() == 1
        return figure

    return open_chapter


def rows_of(table):
    """The text of a table, row by row, below its header."""
    rows = table.locator("tr").all()[1:]
    return [row.locator("th, td").all_inner_texts() for row in rows]


@pytest.mark.parametrize("spread", [1, 30, 120])
def test_the_softmax_of_the_page_is_that_of_the_package(page, opened, spread):
    opened("02_naive_loss")
    for scores in spread * RNG.standard_normal((5, 3)).astype(np.float32):
        y, largest = int(RNG.integers(3)), float(scores.max())
        losses, dscores = softmax_of_scores(scores[np.newaxis], np.array([y]))
        exact = page.evaluate("([s, y]) => live.softmax(s, y)", [scores.tolist(), y])
        single = page.evaluate(
            "([s, y, shift]) => live.softmax32(s, y, shift)",
            [scores.tolist(), y, largest],
        )
        # The package computes in float32, whose rounding is 6e-8 in each operation.
        assert exact["loss"] == pytest.approx(losses[0], rel=1e-6, abs=1e-6)
        assert single["stableLoss"] == pytest.approx(losses[0], rel=1e-6, abs=1e-6)
        assert exact["dscores"] == pytest.approx(dscores[0], rel=1e-5, abs=1e-6)
        probs = dscores[0] + (np.arange(3) == y)
        assert single["probs"] == pytest.approx(probs, rel=1e-5, abs=1e-6)


def test_scores_overflow_in_the_page_where_they_do_in_float32(page, opened):
    figure = opened("02_naive_loss")
    words = figure.locator("output")
    assert words.inner_text() == (
        "Loss of the correct class without the shift: 1.5514; with the shift: 1.5514."
    )
    at_start = rows_of(figure.locator("table"))
    assert [row[0] for row in at_start][-1] == "probability"
    assert at_start[-1][1:] == ["0.2119", "0.5761", "0.2119"]
    everywhere = figure.get_by_label("add to all three")
    everywhere.focus()
    for _ in range(88):  # the largest score is 90, the others are 89
        page.keyboard.press("ArrowRight")
    assert everywhere.get_attribute("aria-valuetext") == "88"
    after = rows_of(figure.locator("table"))
    assert after[1][1:] == ["inf", "inf", "inf"]
    assert after[2][1:] == ["nan", "nan", "nan"]
    assert after[3:] == at_start[3:]
    assert "without the shift: nan; with the shift: 1.5514" in words.inner_text()
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(np.float32(89)))


def test_a_class_far_behind_has_no_probability_but_a_loss(page, opened):
    figure = opened("02_naive_loss")
    figure.get_by_label("score of class 0").fill("-60")
    for score, loss in (("43.5", "103.5000"), ("44", "inf")):
        figure.get_by_label("score of class 1").fill(score)
        said = figure.locator("output").inner_text()
        behind = float(score) + 60
        with np.errstate(divide="ignore"):
            expected = -np.log(np.exp(np.float32(-behind)))
        assert f"with the shift: {behind:.4f}" in said
        assert ("inf" in said) == np.isinf(expected)
        assert loss in said or np.isfinite(expected)
    figure.get_by_role("button", name="Back to the start").click()
    assert "with the shift: 1.5514" in figure.locator("output").inner_text()
    figure.get_by_label("1", exact=True).click()
    assert "with the shift: 0.5514" in figure.locator("output").inner_text()
    assert figure.get_by_role("columnheader", name="class 1 (correct)").count() == 1
