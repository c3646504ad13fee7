"""The worksheet is written, run and judged in the page, and chapters run in theirs.

These tests need Python beside the pages (`make live-pages`). Every other host is
refused.
"""

import itertools
import json
import re
import tempfile
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from softmax_lib.exercises import (
    check_softmax_loss_naive,
    check_softmax_loss_vectorized,
    check_svm_loss,
)
from softmax_lib.submission.judge import judge
from tests import submissions
from tests.pages.conftest import HTML
from tests.pages.test_access import COLOURS, NAMES, NO_COLOURS, axe_complaints
from tools.browser import FINISH_TRANSITIONS
from tools.checker.chapters import ROOT

pytestmark = pytest.mark.skipif(
    not (HTML / "python" / "index.json").exists(),
    reason="there is no Python beside the pages: `make live-pages` puts it there",
)
SOLVED = nbformat.read(ROOT / "worksheet" / "source" / "softmax.ipynb", as_version=4)
CHAPTER = "book/02_naive_loss.html"
SLOW = 300_000  # ms: a machine may be busy, and nothing here measures time


def solution(step):
    """The worksheet's own solution of a step."""
    (source,) = (cell.source for cell in SOLVED.cells if cell.id == step)
    return re.sub(r"^ *### (BEGIN|END) SOLUTION\n", "", source, flags=re.MULTILINE)


# For each step: the function that is judged, and edits of the solution that spoil it.
STEPS = {
    "ex2": (
        "check_softmax_loss_naive",
        [("2 * reg", "reg"), ("+= (probs", "-= (probs"), ("dW / X.shape[0]", "dW")],
    ),
    "ex3": (
        "check_softmax_loss_vectorized",
        [("axis=1", "axis=0"), ("np.mean(", "np.sum("), (" -= 1", " += 1")],
    ),
    "ex4": (
        "check_train",
        [("-= learn", "+= learn"), ("y[batch]", "y"), ("size=batch_size", "size=1")],
    ),
    "ex5": (
        "check_predict",
        [("axis=1", "axis=0"), ("argmax", "argmin"), ("argmax", "max")],
    ),
    "ex6": (
        "check_grid",
        [
            ("val_accuracy > best", "val_accuracy < best"),
            ("if val_accuracy > best_val", "if train_accuracy > best_val"),
            ("best_val, best_model = val_accuracy, classifier", "pass"),
        ],
    ),
}


def spoiled(step, number):
    """The solution of a step, or with a number that of an edit, a wrong one."""
    source = solution(step)
    if number is None:
        return source
    old, new = STEPS[step][1][number]
    assert old in source
    return source.replace(old, new)


@pytest.fixture
def sheet(page, site):
    """The worksheet, opened for the first time."""
    page.set_default_timeout(120_000)
    page.goto(f"{site}worksheet/softmax.html")
    return page


def cell(page, name):
    return page.locator(f"#cell-{name}")


def write(page, step, source):
    cell(page, step).locator("textarea").fill(source)


def output(page, step):
    return cell(page, step).locator(".runner-output")


def press(page, step, button):
    """Press a button of a cell, wait until it has run, and return what is shown."""
    pressed = cell(page, step).get_by_role("button", name=f"{button}:")
    pressed.click()
    expect(pressed).to_be_visible(timeout=SLOW)  # while it runs it says Stop
    return output(page, step).inner_text()


def text_of(path, step):
    """What a verdict counts the lines of: all of a script, or a cell of a notebook."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    return next(c.source for c in nbformat.reads(text, 4).cells if c.id == step)


def pointed(said, source):
    """What is said, with the line itself in the place of its number."""
    lines = source.splitlines()
    return re.sub(
        r"line (\d+)", lambda m: f"line: {lines[int(m[1]) - 1].strip()}", said
    )


def first_paragraph(text):
    return " ".join(re.split(r"\n\s*\n", text.strip())[0].split())


def assert_judged_alike(path, step, number, said):
    """The command line says of a downloaded file what the page said of the step."""
    judged = {each.check: each.report for each in judge(path).judged}
    report = judged[STEPS[step][0]]
    assert report.passed == (number is None), step
    there, here = first_paragraph(str(report)), first_paragraph(said)
    source = spoiled(step, number)
    assert pointed(there, text_of(path, step)) == pointed(here, source)


@pytest.mark.parametrize("number", [None, 0, 1, 2])
def test_each_step_is_judged_in_the_page_as_by_the_command_line(sheet, number):
    write(sheet, "ex1", solution("ex1"))
    for step in STEPS:
        write(sheet, step, spoiled(step, None))
    for step in STEPS:  # one wrong at a time, so that each is judged for its own
        write(sheet, step, spoiled(step, number))
        said = press(sheet, step, "Check")
        with tempfile.TemporaryDirectory() as folder:
            for button in ("Download softmax.py", "Download the notebook"):
                with sheet.expect_download() as download:
                    sheet.get_by_role("button", name=button).click()
                path = Path(folder, download.value.suggested_filename)
                download.value.save_as(path)
                assert_judged_alike(path, step, number, said)
        write(sheet, step, spoiled(step, None))


def test_what_is_written_stays_until_it_is_reset(sheet):
    stub = cell(sheet, "ex1").locator("textarea").input_value()
    assert "NotImplementedError" in stub
    write(sheet, "ex1", "def softmax_loss_naive(W, X, y, reg): return 0.0, W")
    sheet.locator("textarea[aria-label^='Your answer']").first.fill("Because.")
    sheet.reload()
    assert "return 0.0" in cell(sheet, "ex1").locator("textarea").input_value()
    answer = sheet.locator("textarea[aria-label^='Your answer']").first
    assert answer.input_value() == "Because."
    cell(sheet, "ex1").get_by_role("button", name="Reset").click()
    assert cell(sheet, "ex1").locator("textarea").input_value() == stub
    sheet.reload()
    assert cell(sheet, "ex1").locator("textarea").input_value() == stub


def test_each_start_draws_other_random_numbers(sheet):
    code = "import random, os\nprint(random.random(), os.urandom(8).hex())"
    drawn = []
    for _ in range(2):
        write(sheet, "ex1", code)
        drawn.append(press(sheet, "ex1", "Run").split())
        sheet.reload()
    first, second = drawn
    assert len(first) == len(second) == 2
    assert first[0] != second[0]
    assert first[1] != second[1]


REFUSE = """for (const name of ["getItem", "setItem", "removeItem"]) {
  const plain = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...rest) {
    if (key.startsWith("softmax-book")) throw new DOMException("refused");
    return plain.call(this, key, ...rest);
  };
}"""


def test_a_page_that_may_store_nothing_runs_all_the_same(page, site):
    page.add_init_script(REFUSE)
    page.goto(f"{site}worksheet/softmax.html")
    write(page, "ex1", solution("ex1"))
    assert press(page, "ex1", "Check").startswith("Right.")


def test_a_file_is_judged_and_put_into_the_editors(sheet, tmp_path):
    path = tmp_path / "softmax.py"
    path.write_text("import numpy as np\n\n# %% ex3\n" + spoiled("ex3", 1), "utf-8")
    sheet.locator("input[type=file]").set_input_files(path)
    panel = sheet.get_by_role("region", name="Your work")
    expect(panel).to_contain_text("Not yet.", timeout=SLOW)
    panel.get_by_role("button", name="Put it into the editors").click()
    assert "np.sum(np.log" in cell(sheet, "ex3").locator("textarea").input_value()


BAD = {
    "def f(:\n    pass": "Python cannot read line 1",
    "input('?')": r"input\(\) cannot ask anything here",
    "while True: print('x' * 500)": "Your code prints without end",
    "def f(): f()\nf()": "A function calls itself without end",
    "np.ones(10**12)": "Your code asks for more memory",
    "raise SystemExit": "Your code ends Python",
    "import os\nos._exit(1)": "Python has ended",
    "import sys\nsys.setrecursionlimit(10**6)\ndef f(): f()\nf()": (
        "A function calls itself without end|Python has ended"
    ),
    "nothing": r"line 1: nothing\s+NameError: name 'nothing' is not defined",
}


def test_bad_code_gets_one_message_and_the_page_goes_on(sheet):
    assert_bad_code_is_told(sheet, write, press)


def assert_bad_code_is_told(sheet, write, press):
    """Each piece gets its message; ``write`` and ``press`` are those of a browser."""
    for code, message in BAD.items():
        write(sheet, "ex1", code)
        said = press(sheet, "ex1", "Run")
        assert re.search(message, said), (code, said)
        write(sheet, "ex1", "print(6 * 7)")
        assert "42" in press(sheet, "ex1", "Run"), code


STUBBORN = """while True:
    try:
        while True: pass
    except BaseException: pass"""


@pytest.mark.parametrize("code", ["while True: pass", STUBBORN])
def test_code_that_never_ends_is_stopped(sheet, code):
    write(sheet, "ex1", code)
    cell(sheet, "ex1").get_by_role("button", name="Run:").click()
    running = cell(sheet, "ex1").locator(".runner-said")
    expect(running).to_contain_text("of at most", timeout=SLOW)
    cell(sheet, "ex1").get_by_role("button", name="Stop:").click()
    expect(output(sheet, "ex1")).to_have_text("Stopped.")
    write(sheet, "ex1", "print(6 * 7)")
    assert "42" in press(sheet, "ex1", "Run")


def test_a_check_ends_by_itself_and_keeps_python_alive(sheet):
    write(sheet, "ex1", "kept = 42")
    press(sheet, "ex1", "Run")
    forever = "import time\ndef softmax_loss_naive(W, X, y, reg):\n"
    forever += "    while True: time.sleep(0.1)"
    write(sheet, "ex2", forever)
    said = press(sheet, "ex2", "Check")
    assert "Your code does not finish" in said
    assert "it had not ended after 10 seconds" in said
    write(sheet, "ex1", "kept = 42\nprint(kept)")
    assert "42" in press(sheet, "ex1", "Run")


IN_WORKER = """
import json
from softmax_lib.exercises import (
    check_softmax_loss_naive, check_softmax_loss_vectorized, check_svm_loss,
)
{submissions}
print(json.dumps([
    str(globals()[check](written(globals()[source], *edits)).fault)
    for check, source, edits in json.loads({cases!r})
]))
"""


def all_cases():
    """Single mistakes of each table, and pairs of neighbours, next and next but one."""
    for check, source, table in (
        ("check_softmax_loss_naive", "LOOPS", "LOOPS_MISTAKES"),
        ("check_softmax_loss_vectorized", "ARRAYS", "ARRAYS_MISTAKES"),
        ("check_svm_loss", "SVM_LOOPS", "SVM_MISTAKES"),
    ):
        edits = [edit for _, edit in submissions.mistakes(getattr(submissions, table))]
        fitting = [edit for edit in edits if fits(source, edit)]
        yield from ([check, source, [edit]] for edit in fitting)
        neighbours = (
            itertools.pairwise(fitting),
            zip(fitting, fitting[2:], strict=False),
        )
        for pair in itertools.chain(*neighbours):
            if fits(source, *pair):
                yield [check, source, list(pair)]


def fits(source, *edits):
    try:
        compile(submissions.edited(getattr(submissions, source), *edits), "", "exec")
    except (AssertionError, SyntaxError):
        return False
    return True


CHECKS = {
    check.__name__: check
    for check in (
        check_softmax_loss_naive,
        check_softmax_loss_vectorized,
        check_svm_loss,
    )
}


def verdict_of(check, source, edits):
    """What CPython says of a case."""
    code = submissions.written(getattr(submissions, source), *edits)
    return str(CHECKS[check](code).fault)


def test_two_hundred_verdicts_are_the_same_in_the_page(sheet):
    cases = list(all_cases())[:240]
    assert len(cases) >= 200
    for start in range(0, len(cases), 40):
        assert_verdicts_agree(sheet, cases[start : start + 40], write, press)


def assert_verdicts_agree(sheet, cases, write, press):
    """The page says of the cases what CPython says."""
    text = (ROOT / "tests" / "submissions.py").read_text("utf-8")
    write(sheet, "ex1", IN_WORKER.format(submissions=text, cases=json.dumps(cases)))
    said = json.loads(press(sheet, "ex1", "Run"))
    assert said == [verdict_of(*case) for case in cases]


def test_nothing_of_python_is_loaded_before_the_first_run(page, site, tmp_path):
    asked = []
    page.on("response", lambda response: asked.append(response))
    page.goto(f"{site}worksheet/softmax.html")
    cell(page, "ex1").scroll_into_view_if_needed()
    page.wait_for_function("window.Prism?.languages?.python")
    ours = [r for r in asked if "runner" in r.url or "/python/" in r.url]
    assert sorted(r.url.split("/")[-1].split("?")[0] for r in ours) == [
        "prism.js",
        "runner.css",
        "runner.js",
    ]
    assert sum(len(response.body()) for response in ours) < 60_000


def test_the_keyboard_writes_runs_and_leaves(sheet):
    area = cell(sheet, "ex1").locator("textarea")
    area.focus()
    sheet.keyboard.press("Control+A")
    sheet.keyboard.type("if True:")
    sheet.keyboard.press("Enter")
    sheet.keyboard.type("print(6 * 7)")
    assert area.input_value() == "if True:\n    print(6 * 7)"
    sheet.keyboard.press("Shift+Enter")
    expect(output(sheet, "ex1")).to_contain_text("42", timeout=SLOW)
    heard = sheet.locator(".runner-heard")
    expect(heard).to_contain_text("42")
    sheet.keyboard.press("Tab")
    assert area.input_value().endswith("    ")
    sheet.keyboard.press("Escape")
    expect(heard).to_have_text("Tab leaves the editor now.")
    sheet.keyboard.press("Tab")
    expect(cell(sheet, "ex1").get_by_role("button", name="Run:")).to_be_focused()


WIDE_CODE_IS_REACHED = """[...document.querySelectorAll("pre")].every(
  (code) => code.scrollWidth <= code.clientWidth || code.tabIndex >= 0)"""


def test_axe_finds_nothing_in_what_is_shown(sheet):
    write(sheet, "ex1", solution("ex1"))
    press(sheet, "ex1", "Check")
    write(sheet, "ex2", spoiled("ex2", 0))
    press(sheet, "ex2", "Check")
    write(sheet, "ex3", "nothing")
    press(sheet, "ex3", "Run")
    cell(sheet, "setup").get_by_role("button", name="Edit").click()
    assert axe_complaints(sheet, rules=NAMES) == []
    sheet.emulate_media(color_scheme="dark")
    sheet.wait_for_function("document.documentElement.dataset.theme == 'dark'")
    sheet.evaluate(FINISH_TRANSITIONS)
    assert axe_complaints(sheet, runOnly=COLOURS) == []
    sheet.set_viewport_size({"width": 360, "height": 800})
    assert sheet.evaluate("document.documentElement.scrollWidth") == 360
    sheet.wait_for_function(WIDE_CODE_IS_REACHED)  # the theme does it after a while
    assert axe_complaints(sheet, rules=NAMES | NO_COLOURS) == []


def test_the_readers_own_classifier_trains_and_shows_its_templates(sheet):
    for step in ("ex3", "ex4", "ex5"):
        write(sheet, step, solution(step))
    panel = sheet.get_by_role("region", name="Your classifier, trained here")
    panel.get_by_role("button", name="Train your classifier").click()
    expect(panel.locator("canvas")).to_have_count(10, timeout=SLOW)
    expect(panel.locator("progress")).to_have_attribute("max", "1")
    assert len(panel.locator("polyline").get_attribute("points").split()) == 600
    right = re.search(r"gets ([\d.]+)% right", panel.inner_text())
    assert 15 < float(right[1]) < 100
    assert axe_complaints(sheet, runOnly=COLOURS) == []


def test_a_changed_cell_runs_and_gives_way_to_the_record(page, site):
    page.set_default_timeout(120_000)
    page.goto(site + CHAPTER)
    recorded = page.locator(".cell:has(.cell_output .stream)").first
    name = recorded.get_attribute("id").removeprefix("cell-")
    before = recorded.locator(".cell_output").inner_text()
    said = press(page, name, "Run")
    assert "Run in this page, on Shapes-10:" in said
    assert "SHAPES-10, NOT CIFAR-10" in said.split(":", 1)[1]
    expect(recorded.locator(".cell_output")).to_be_hidden()
    cell(page, name).get_by_role("button", name="Edit").click()
    write(page, name, "print(6 * 7)")
    assert "42" in press(page, name, "Run")
    recorded.get_by_role("button", name="Recorded output").click()
    assert recorded.locator(".cell_output").inner_text() == before
    assert output(page, name).inner_text() == ""


WITH_STEPS = [
    path
    for path in sorted((ROOT / "book").glob("*.ipynb"))
    if "now-yours step-" in path.read_text("utf-8")
]


@pytest.mark.parametrize("path", WITH_STEPS, ids=lambda path: path.stem)
def test_the_step_of_a_chapter_opens_at_its_end(page, site, path):
    page.set_default_timeout(120_000)
    page.goto(f"{site}book/{path.stem}.html")
    boxes = page.locator(".now-yours")
    for box in boxes.all():
        box.get_by_role("button", name="Write it here").click()
        expect(box.get_by_role("button", name="Run:")).to_be_visible()


def test_a_page_from_disk_says_how_to_serve_it(page):
    page.goto((HTML / "worksheet" / "softmax.html").as_uri())
    expect(page.locator(".runner-how")).to_contain_text("Serve it:")
    expect(page.locator(".runner-button")).to_have_count(0)
