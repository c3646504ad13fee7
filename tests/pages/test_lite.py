"""The chapters run in the browser, and say there what is recorded for Shapes-10.

`make lite` builds them and runs this.
"""

import html
import re
from copy import deepcopy

import nbformat
import pytest
from playwright.sync_api import expect

from tools.checker.chapters import BOOK, CHAPTERS
from tools.checker.compare import compare_outputs
from tools.checker.plugin import warnings_in
from tools.checker.recordings import read_recorded
from tools.lite import build as lite

RUN = ("02_naive_loss", "04_gradient_check")  # half a minute each; 5 and 7 take five
# jupyterlab-myst follows a link to a heading, and calls it an error.
MYST = re.compile("console: (Linking|No target for internal reference) ")

OFFERED = [path.stem for path in lite.CHAPTERS]
NOTEBOOK = "window.jupyterapp?.shell.currentWidget"
KERNEL = f"() => {NOTEBOOK}?.sessionContext?.session?.kernel"
RUN_ALL = "() => jupyterapp.commands.execute('notebook:run-all-cells')"
CONTENT = f"() => {NOTEBOOK}.context.model.toJSON()"


def open_in_browser(page, site, chapter):
    """Go where the button of the chapter's page leads, which is another tab."""
    page.goto(f"{site}book/{chapter}.html")
    page.get_by_role("button", name="Launch interactive content").click()
    link = page.get_by_role("link", name="In this browser")
    page.goto(link.evaluate("link => link.href"))
    page.wait_for_selector(".jp-CodeCell", timeout=60_000)
    page.wait_for_function(KERNEL, timeout=60_000)


def without_colours(outputs):
    """Outputs whose code has no colours: another Pygments writes them otherwise."""
    outputs = deepcopy(outputs)
    for output in outputs:
        shown = output.get("data", {}).get("text/html", "")
        if shown.startswith('<div class="highlight">'):
            output.data["text/html"] = html.unescape(re.sub("<[^>]+>", "", shown))
    return outputs


@pytest.mark.parametrize("stem", RUN)
def test_a_chapter_runs_and_says_what_is_recorded(page, site, faults, stem):
    open_in_browser(page, site, stem)
    assert page.evaluate(RUN_ALL)
    ran = nbformat.from_dict(page.evaluate(CONTENT))
    recorded = read_recorded(BOOK / f"{stem}.ipynb", "shapes10")
    differences = [
        difference.within(cell.id)
        for cell, run in zip(recorded.cells, ran.cells, strict=True)
        if cell.cell_type == "code"
        for difference in [
            *warnings_in(run.outputs),
            *compare_outputs(
                without_colours(cell.outputs),
                without_colours(run.outputs),
                cell.metadata.get("check"),
            ),
        ]
    ]
    assert "\n".join(map(str, differences)) == ""
    faults[:] = [fault for fault in faults if not MYST.match(fault)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_a_page_has_the_button_where_the_chapter_is_there(page, site, chapter):
    page.goto(f"{site}book/{chapter.stem}.html")
    button = page.get_by_role("link", name="In this browser", include_hidden=True)
    expect(button).to_have_count(int(chapter.stem in OFFERED))
