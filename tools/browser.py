"""A browser that a program drives, for `make pages-test` and `make pdf`."""

import os
import shutil

from playwright.sync_api import Browser, Error, Page, Playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Chromium's own errands; and it runs as root, which a container's user often is.
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-sync")
NO_BROWSER = (
    "No Chromium was found: install chromium or google-chrome, name the program in "
    "CHROMIUM, or let playwright fetch its own with `python -m playwright install "
    "chromium`."
)
FINISH_TRANSITIONS = "document.getAnimations().forEach(change => change.finish())"


def launch(playwright: Playwright) -> Browser:
    """Start Chromium: that in CHROMIUM, else the system's, else playwright's own."""
    installed = filter(None, map(shutil.which, PROGRAMS))
    program = os.environ.get("CHROMIUM") or next(installed, None)
    try:
        return playwright.chromium.launch(executable_path=program, args=FLAGS)
    except Error as error:
        raise SystemExit(NO_BROWSER) from error


def open_page(page: Page, address: str) -> None:
    """Open a page and wait until its formulas are typeset and its colours at rest."""
    page.goto(address)
    page.wait_for_function("!window.MathJax || MathJax.startup?.promise")
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")
    page.evaluate(FINISH_TRANSITIONS)
