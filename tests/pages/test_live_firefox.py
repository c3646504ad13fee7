"""The worksheet and a chapter, written and run in Firefox as `test_live` does it.

What is said here has to be what Chromium's tests say; they look at more.
"""

import pytest

from tests.pages import firefox, test_live
from tests.pages.test_live import (
    CHAPTER,
    STEPS,
    STUBBORN,
    all_cases,
    assert_bad_code_is_told,
    assert_judged_alike,
    assert_verdicts_agree,
    solution,
    spoiled,
)

pytestmark = [
    test_live.pytestmark,
    pytest.mark.skipif(firefox.PROGRAM is None, reason="there is no Firefox here"),
]
WRITE = """(id, source) => {
  const area = document.querySelector(`#cell-${id} textarea`);
  area.value = source;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}"""
# Press a button and wait: while the cell runs, the button says Stop.
PRESS = """async (id, name) => {
  const cell = document.querySelector(`#cell-${id}`);
  const find = () => [...cell.querySelectorAll("button")].find(
    (each) => each.offsetParent && each.ariaLabel?.startsWith(`${name}:`));
  find().click();
  do await new Promise((go) => setTimeout(go, 50)); while (!find());
  return cell.querySelector(".runner-output").innerText;
}"""
DOWNLOAD = """async (name) => {
  let blob = null;
  const plain = URL.createObjectURL;
  URL.createObjectURL = (made) => plain.call(URL, (blob = made));
  HTMLAnchorElement.prototype.click = () => {};
  const buttons = [...document.querySelectorAll("button")];
  buttons.find((each) => each.textContent === name).click();
  while (!blob) await new Promise((go) => setTimeout(go, 50));
  URL.createObjectURL = plain;
  return blob.text();
}"""
STOP = """async (id) => {
  const cell = document.querySelector(`#cell-${id}`);
  const wait = async (find) => {
    while (!find()) await new Promise((go) => setTimeout(go, 50));
    return find();
  };
  const named = (name) => [...cell.querySelectorAll("button")].find(
    (each) => each.ariaLabel?.startsWith(`${name}:`));
  named("Run").click();
  const said = cell.querySelector(".runner-said");
  await wait(() => said.textContent.includes("of at most"));
  named("Stop").click();
  await wait(() => named("Run"));
  return cell.querySelector(".runner-output").innerText;
}"""


@pytest.fixture(scope="module")
def browser_of_firefox(tmp_path_factory):
    with firefox.started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def sheet(browser_of_firefox, site):
    """The worksheet, opened as if for the first time."""
    page = browser_of_firefox
    page.goto(f"{site}worksheet/softmax.html")
    page.evaluate("() => localStorage.clear()")
    page.goto(f"{site}worksheet/softmax.html")
    return page


def write(page, step, source):
    page.evaluate(WRITE, step, source)


def press(page, step, button):
    return page.evaluate(PRESS, step, button)


@pytest.mark.parametrize("number", [None, 0, 1, 2])
def test_each_step_is_judged_as_by_the_command_line(sheet, number, tmp_path):
    write(sheet, "ex1", solution("ex1"))
    for step in STEPS:
        write(sheet, step, spoiled(step, None))
    for step in STEPS:
        write(sheet, step, spoiled(step, number))
        said = press(sheet, step, "Check")
        for name in ("softmax.py", "the notebook"):
            path = tmp_path / f"{step}.{'py' if name.endswith('py') else 'ipynb'}"
            path.write_text(sheet.evaluate(DOWNLOAD, f"Download {name}"), "utf-8")
            assert_judged_alike(path, step, number, said)
        write(sheet, step, spoiled(step, None))


def test_what_is_written_stays_until_it_is_reset(sheet, site):
    value = "() => document.querySelector('#cell-ex1 textarea').value"
    stub = sheet.evaluate(value)
    write(sheet, "ex1", "kept = 1")
    sheet.goto(f"{site}worksheet/softmax.html")
    assert sheet.evaluate(value) == "kept = 1"
    press_at_once = """() => [...document.querySelectorAll("#cell-ex1 button")]
      .find((each) => each.ariaLabel?.startsWith("Reset")).click()"""
    sheet.evaluate(press_at_once)
    assert sheet.evaluate(value) == stub


def test_bad_code_gets_one_message_and_the_page_goes_on(sheet):
    assert_bad_code_is_told(sheet, write, press)


@pytest.mark.parametrize("code", ["while True: pass", STUBBORN])
def test_code_that_never_ends_is_stopped(sheet, code):
    write(sheet, "ex1", code)
    assert sheet.evaluate(STOP, "ex1") == "Stopped."
    write(sheet, "ex1", "print(6 * 7)")
    assert "42" in press(sheet, "ex1", "Run")


def test_verdicts_are_the_same_in_the_page(sheet):
    # Chromium's test has all of them.
    assert_verdicts_agree(sheet, list(all_cases())[::6], write, press)


def test_the_keyboard_leaves_the_editor(sheet):
    sheet.evaluate("() => document.querySelector('#cell-ex1 textarea').focus()")
    focused = "() => document.activeElement.ariaLabel ?? document.activeElement.tagName"
    editor = sheet.evaluate(focused)
    sheet.keys("\ue004")  # Tab
    assert sheet.evaluate(focused) == editor
    sheet.keys("\ue00c", "\ue004")  # Escape, Tab
    assert sheet.evaluate(focused).startswith("Run:")


def test_a_cell_of_a_chapter_runs_and_gives_way_to_the_record(browser_of_firefox, site):
    page = browser_of_firefox
    page.goto(site + CHAPTER)
    first = "document.querySelector('.cell .cell_output .stream').closest('.cell')"
    name = page.evaluate(f"() => {first}.id").removeprefix("cell-")
    assert "SHAPES-10" in press(page, name, "Run")
    hidden = f"() => {first}.querySelector('.cell_output').offsetParent === null"
    assert page.evaluate(hidden)
    page.evaluate(
        f"""() => [...{first}.querySelectorAll("button")]
          .find((each) => each.textContent === "Recorded output").click()"""
    )
    assert not page.evaluate(hidden)
