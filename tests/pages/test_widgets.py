"""The live figures, operated by mouse and keys, compute what `softmax_lib` does."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from softmax_lib.losses import (
    softmax_loss_vectorized,
    softmax_of_scores,
    svm_loss_vectorized,
)
from tests.pages.conftest import HTML

CHAPTERS = ["02_naive_loss", "06_tuning", "07_templates", "08_inline_questions"]
LOSSES = {"softmax": softmax_loss_vectorized, "SVM": svm_loss_vectorized}
RNG = np.random.default_rng(0)
MINUS = "\N{MINUS SIGN}"


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


def data_of(stem):
    """What the chapter's cell has written into the page."""
    html = (HTML / "book" / f"{stem}.html").read_text("utf-8")
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.S)
    return json.loads(text)


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
    assert [row[0] for row in at_start][3:] == ["probability p", f"p {MINUS} 1[y]"]
    assert at_start[3][1:] == ["0.2119", "0.5761", "0.2119"]
    assert at_start[4][1:] == [f"{MINUS}0.7881", "0.5761", "0.2119"]
    everywhere = figure.get_by_label("add to all three")
    everywhere.focus()
    for _ in range(88):  # the largest score is 90, the others are 89
        page.keyboard.press("ArrowRight")
    assert everywhere.get_attribute("aria-valuetext") == "88"
    after = rows_of(figure.locator("table"))
    assert after[1][1:] == ["inf", "inf", "inf"]
    assert after[2:] == at_start[2:]
    assert "without the shift: nan; with the shift: 1.5514" in words.inner_text()
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(np.float32(89)))


def test_equal_probabilities_have_equal_bars(opened):
    figure = opened("02_naive_loss")
    rows = figure.locator("table tr").all()[-2:]
    tracks = [row.locator(".live-bar").all() for row in rows]
    widths = [bar.bounding_box()["width"] for row in tracks for bar in row]
    assert max(widths) - min(widths) <= 1  # pixel
    shown = ([0.2119, 0.5761, 0.2119], [-0.7881, 0.5761, 0.2119])
    for row, values, scale in zip(tracks, shown, (1, 2), strict=True):
        for bar, value in zip(row, values, strict=True):
            track, drawn = bar.bounding_box(), bar.locator("span").bounding_box()
            length = abs(value) / scale * track["width"]
            assert drawn["width"] == pytest.approx(length, abs=2)
            zero = track["x"] + (track["width"] / 2 if scale == 2 else 0)
            start = drawn["x"] + (drawn["width"] if value < 0 else 0)
            assert start == pytest.approx(zero, abs=2)


def test_the_gradient_of_the_page_follows_scores_and_class(page, opened):
    figure = opened("02_naive_loss")
    figure.get_by_label("score of class 0").fill("-9.5")
    figure.get_by_label("score of class 1").fill("8")
    figure.get_by_label("2", exact=True).click()
    scores = np.array([[-9.5, 8, 1]], dtype=np.float32)
    losses, dscores = softmax_of_scores(scores, np.array([2]))
    assert f"with the shift: {losses[0]:.4f}" in figure.locator("output").inner_text()
    row = [text.replace(MINUS, "-") for text in rows_of(figure.locator("table"))[4]]
    found = [float(text) for text in row[1:]]
    assert found == pytest.approx(dscores[0], rel=1e-2, abs=1e-4)
    assert figure.get_by_role("columnheader", name="class 2 (correct)").count() == 1
    figure.get_by_role("button", name="Back to the start").click()
    figure.get_by_label("1", exact=True).click()
    assert "with the shift: 0.5514" in figure.locator("output").inner_text()


@pytest.mark.parametrize("loss_name", LOSSES)
@pytest.mark.parametrize("N", [1, 7])
def test_a_step_of_the_page_is_one_of_the_package(page, opened, loss_name, N):
    opened("08_inline_questions")
    W, X = RNG.standard_normal((3, 3)), RNG.standard_normal((N, 3))
    y = RNG.integers(3, size=N)
    arrays = [array.tolist() for array in (W, X, y)]
    script = f"([W, X, y]) => live.lossAndGradient(W, X, y, live.{loss_name.lower()})"
    found = page.evaluate(script, arrays)
    loss, dW = LOSSES[loss_name](W, X, y, reg=0.0)
    assert found["loss"] == pytest.approx(loss, rel=1e-12)
    # Entries of a gradient are sums of numbers near 1.
    np.testing.assert_allclose(found["dW"], dW, rtol=0, atol=1e-13)
    moved = page.evaluate(
        "([W, dW]) => live.step(W, dW, 0.1)", [arrays[0], dW.tolist()]
    )
    np.testing.assert_allclose(moved, W - 0.1 * dW, rtol=0, atol=1e-14)


@pytest.mark.parametrize("loss_name", LOSSES)
def test_pressing_the_buttons_trains_as_the_package_does(opened, loss_name):
    figure, data = opened("08_inline_questions"), data_of("08_inline_questions")
    W, X, y = (np.array(data[key]) for key in "WXy")
    if loss_name == "SVM":
        figure.get_by_label("SVM").check()
    for button, count in (("One step", 1), ("Ten steps", 10), ("Ten steps", 10)):
        figure.get_by_role("button", name=button).press("Enter")
        for _ in range(count):
            W = W - 0.5 * LOSSES[loss_name](W, X, y, reg=0.0)[1]
    softmax, svm = (loss(W, X, y, reg=0.0)[0] for loss in LOSSES.values())
    right = np.sum((X @ W).argmax(axis=1) == y)
    said = figure.locator("output").inner_text()
    assert (
        f"Step 21: softmax loss {softmax:.4f}, SVM loss {svm:.4f}. {right} of" in said
    )
    pull = [
        np.any(LOSSES[loss_name](W, X[i : i + 1], y[i : i + 1], 0.0)[1])
        for i in range(12)
    ]
    assert f"{sum(pull)} have a gradient under the {loss_name} loss" in said
    assert figure.locator(".live-hollow").count() == 12 - sum(pull)
    figure.get_by_role("button", name="Back to the start").click()
    assert "Step 0: " in figure.locator("output").inner_text()


def test_a_learning_rate_is_chosen_by_its_power_of_ten(page, opened):
    figure, data = opened("08_inline_questions"), data_of("08_inline_questions")
    W, X, y = (np.array(data[key]) for key in "WXy")
    rate = figure.get_by_label("learning rate")
    rate.focus()
    page.keyboard.press("Home")
    assert rate.get_attribute("aria-valuetext") == "0.010"
    figure.get_by_role("button", name="One step").click()
    W = W - 0.01 * softmax_loss_vectorized(W, X, y, reg=0.0)[1]
    loss = softmax_loss_vectorized(W, X, y, reg=0.0)[0]
    assert f"Step 1: softmax loss {loss:.4f}" in figure.locator("output").inner_text()


def test_a_point_moves_by_mouse_and_by_keyboard(page, opened):
    figure, data = opened("08_inline_questions"), data_of("08_inline_questions")
    W, X, y = (np.array(data[key]) for key in "WXy")
    plane, point = figure.locator("svg"), figure.locator(".live-point").nth(4)
    plane.scroll_into_view_if_needed()
    box = point.locator("path").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    box = plane.bounding_box()  # 2.04 units wide, the middle is (0, 0)
    page.mouse.move(
        box["x"] + box["width"] * (0.5 + 0.5 / 2.04),
        box["y"] + box["height"] * (0.5 - 0.25 / 2.04),
    )
    page.mouse.up()
    across, up = (figure.get_by_label(f"{axis} of the point") for axis in "xy")
    places = [float(slider.input_value()) for slider in (across, up)]
    assert places == pytest.approx([0.5, 0.25], abs=0.02)  # a pixel is 0.006 units
    assert figure.get_by_role("combobox", name="point").input_value() == "4"
    up.focus()
    page.keyboard.press("ArrowDown")
    X[4, :2] = places[0], round(places[1] - 0.01, 2)
    losses = [loss(W, X, y, reg=0.0)[0] for loss in LOSSES.values()]
    said = figure.locator("output").inner_text()
    assert "softmax loss {:.4f}, SVM loss {:.4f}".format(*losses) in said
    scores = rows_of(figure.locator("table").first)[0][1:]
    found = [float(score.replace(MINUS, "-")) for score in scores]
    assert found == pytest.approx(X[4] @ W, abs=5e-4)


def test_regions_are_where_their_class_is_predicted(page, opened):
    opened("08_inline_questions")
    for _ in range(5):
        W = RNG.standard_normal((3, 3))
        script = "(W) => [0, 1, 2].map((j) => live.region(W, j))"
        areas = []
        for j, corners in enumerate(page.evaluate(script, W.tolist())):
            if not corners:
                continue
            x, y = np.array(corners).T
            areas.append(0.5 * abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)))
            assert np.argmax([x.mean(), y.mean(), 1] @ W) == j
        assert sum(areas) == pytest.approx(4)  # of the square from -1 to 1


IN_THE_CORNER = """(tile) => {
  const size = "width: 64px; height: 64px; z-index: 9999";
  tile.style.cssText += `position: fixed; left: 0; top: 0; ${size}`;
}"""


def shows(tile, sprites, frame, j):
    """Whether a tile, drawn at twice its size, shows a picture of the sheet."""
    before = tile.get_attribute("style")
    tile.evaluate(IN_THE_CORNER)
    shot = np.asarray(Image.open(io.BytesIO(tile.screenshot())).convert("RGB"))
    tile.evaluate("(tile, before) => tile.setAttribute('style', before)", before)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(sprites.split(",")[1]))))
    return np.array_equal(shot[::2, ::2], sheet[32 * frame :, 32 * j :][:32, :32])


def test_the_slider_leads_through_the_templates(page, opened):
    figure, data = opened("07_templates"), data_of("07_templates")
    slider = figure.get_by_role("slider", name="step")
    slider.focus()
    for frame in (0, 12, len(data["steps"]) - 1):
        page.keyboard.press("Home")
        for _ in range(frame):
            page.keyboard.press("ArrowRight")
        step = data["steps"][frame]
        assert slider.get_attribute("aria-valuetext") == str(step)
        loss = data["losses"][min(step // 10, len(data["losses"]) - 1)]
        said = figure.locator("output").inner_text()
        assert said.startswith(f"Step {step}: minibatch loss {loss:.2f}; ")
        assert f"weight is {data['largest'][frame]:.2f} thousandths" in said
        for j, class_name in enumerate(data["names"]):
            told = f"template of {class_name}, step {step}"
            tile = figure.get_by_role("img", name=told, exact=True)
            assert shows(tile, data["sheet"], frame, j)
    assert not shows(tile, data["sheet"], 12, j)


def test_a_cell_of_the_table_shows_its_training(page, opened):
    figure, data = opened("06_tuning"), data_of("06_tuning")
    best = int(np.argmax(data["accuracies"]))
    cells = figure.get_by_role("radio")
    assert cells.count() == len(data["accuracies"])
    figure.get_by_role("radio", checked=True).focus()
    at = [f"{rate}, reg {reg}" for rate in data["rates"] for reg in data["regs"]]
    assert f"learning rate {at[best]}:" in figure.locator("output").inner_text()
    page.keyboard.press("ArrowRight")
    (label,) = [figure.get_by_role("radio", checked=True).get_attribute("aria-label")]
    k = at.index(label.split("learning rate ")[1])
    assert k != best
    said = figure.locator("output").inner_text()
    assert f"validation accuracy {data['accuracies'][k]:.3f}" in said
    assert f"last minibatch loss {data['losses'][k][-1]:.2f}" in said
    assert f"left of the start {data['left'][k]:.3f}" in said
    name = f"template of {data['names'][9]}, learning rate {at[k]}"
    assert shows(figure.get_by_role("img", name=name, exact=True), data["sheet"], k, 9)
    for k, cell in enumerate(at):
        name = f"{data['accuracies'][k]:.3f} at learning rate {cell}"
        assert figure.get_by_role("radio", name=name, exact=True).count() == 1


@pytest.mark.parametrize("stem", CHAPTERS)
def test_without_scripts_and_on_paper_the_picture_stays(browser, page, opened, stem):
    figure = opened(stem)
    at_rest = page.locator(".live-at-rest")
    assert at_rest.count() == 1
    assert not at_rest.is_visible()
    page.emulate_media(media="print")
    assert at_rest.is_visible()
    assert not figure.is_visible()
    context = browser.new_context(java_script_enabled=False)
    without = context.new_page()
    without.goto((HTML / "book" / f"{stem}.html").as_uri())
    output = without.locator(".cell_output", has=without.locator(".live-figure"))
    assert output.locator("img").is_visible()
    assert "can be operated" in output.locator(".live-figure p").inner_text()
    context.close()


@pytest.mark.parametrize("stem", CHAPTERS)
@pytest.mark.parametrize("width", [1280, 360])
def test_a_figure_fits_the_window_and_shows_where_the_focus_is(
    page, opened, stem, width
):
    page.set_viewport_size({"width": width, "height": 800})
    figure = opened(stem)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert figure.evaluate("(e) => e.scrollWidth <= e.clientWidth")
    controls = figure.locator("input, button, select")
    for k in range(controls.count()):
        controls.nth(k).focus()
        page.keyboard.press("Shift")  # makes the focus one of the keyboard
        style = controls.nth(k).evaluate("(e) => getComputedStyle(e).outlineStyle")
        assert style == "solid"
