"""Every page opens with no other host's help, and what stands on it works."""

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import HTML

RAW_FORMULA = r"() => document.body.innerText.match(/\\[(\[]|\\begin\{\w+\}|\$\$/g)"


def open_page(page, address):
    """Open a page and wait until its formulas are typeset."""
    page.goto(address)
    page.wait_for_function("!window.MathJax || MathJax.startup?.promise")
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")


@pytest.mark.parametrize("whence", ["a server", "a disk"])
def test_a_page_opens_with_its_formulas_typeset(page, site, name, whence):
    open_page(page, (site if whence == "a server" else HTML.as_uri() + "/") + name)
    assert page.evaluate(RAW_FORMULA) is None
    formulas = page.locator("span.math, div.math").count()
    assert page.locator(".math mjx-container").count() == formulas
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("whence", ["a server", "a disk"])
def test_a_word_is_found_by_the_search(page, site, whence):
    page.goto((site if whence == "a server" else HTML.as_uri() + "/") + "index.html")
    page.wait_for_url("**/introduction.html")
    page.locator(".search-button__button:visible").first.click()
    page.keyboard.type("gradient")
    page.keyboard.press("Enter")
    found = page.locator("#search-results ul.search > li > a")
    expect(found.filter(has_text="Checking the gradient")).not_to_have_count(0)
    found.first.click()
    expect(page.locator(".bd-article")).to_contain_text("gradient")
