"""Everyone can read a page: on a phone, in the dark, by ear, from the keyboard."""

import re

from axe_playwright_python.sync_playwright import Axe

from tools.browser import FINISH_TRANSITIONS, open_page

# Axe leaves this rule off by default: who says what a button shows must reach it.
NAMES = {"label-content-name-mismatch": {"enabled": True}}
# What depends on the colours, which are the same at both widths.
COLOURS = ("color-contrast", "link-in-text-block")
NO_COLOURS = {rule: {"enabled": False} for rule in COLOURS}
OPEN_ALL = """() => {
  for (const fold of document.querySelectorAll(".admonition.toggle-hidden"))
    fold.querySelector("button.toggle-button").click();
  for (const fold of document.querySelectorAll("details")) fold.open = true;
}"""


def axe_complaints(page, **options):
    """What axe finds, as its rule and the elements at fault."""
    # What it would load beside the page is of no use to any rule that is asked for.
    options = {"resultTypes": ["violations"], "preload": False} | options
    return [
        (violation["id"], node["target"], node["failureSummary"])
        for violation in Axe().run(page, options=options).response["violations"]
        for node in violation["nodes"]
    ]


def open_unfolded(page, address, width):
    """Open a page so wide, with all that folds unfolded."""
    page.set_viewport_size({"width": width, "height": 800})
    open_page(page, address)
    page.evaluate(OPEN_ALL)
    page.evaluate(FINISH_TRANSITIONS)


def test_axe_finds_nothing_that_keeps_a_reader_out(page, site, name):
    open_unfolded(page, site + name, 1280)
    assert axe_complaints(page, rules=NAMES) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme == 'dark'")
    page.evaluate(FINISH_TRANSITIONS)
    assert axe_complaints(page, runOnly=COLOURS) == []
    open_unfolded(page, site + name, 360)
    assert axe_complaints(page, rules=NAMES | NO_COLOURS) == []


def test_a_page_is_as_wide_as_a_phone_and_what_is_wider_scrolls(page, site, name):
    open_unfolded(page, site + name, 360)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    unreachable = page.evaluate(
        """() => [...document.querySelectorAll(".bd-article *")]
          .filter(box => box.scrollWidth > box.clientWidth + 1
            && ["auto", "scroll"].includes(getComputedStyle(box).overflowX)
            && box.tabIndex < 0
            && !box.querySelector("a, button, textarea, [tabindex='0']"))
          .map(box => box.outerHTML.slice(0, 120))"""
    )
    assert unreachable == []


def test_a_picture_is_described_and_a_table_has_headers(page, site, name):
    page.goto(site + name)
    for picture in page.locator("article img:not(.toggler)").all():
        said = picture.get_attribute("alt")
        assert re.match(r"[A-Z0-9][^/]{15,}\.$", said), said
    for table in page.locator("article table:not(.indextable)").all():
        assert table.locator("th").count() > 0, table.inner_text()
