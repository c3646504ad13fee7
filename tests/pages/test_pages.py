"""Every page opens with no other host's help, and what stands on it works."""

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.checker.chapters import ROOT
from tests.pages.conftest import HTML

RAW_FORMULA = r"() => document.body.innerText.match(/\\[(\[]|\\begin\{\w+\}|\$\$/g)"

ADDRESS = re.search(r"baseurl: (\S+)", (ROOT / "_config.yml").read_text("utf-8"))[1]
AT_REST = "document.getAnimations().forEach(change => change.finish())"


def open_page(page, address):
    """Open a page and wait until its formulas are typeset and its colours at rest."""
    page.goto(address)
    page.wait_for_function("!window.MathJax || MathJax.startup?.promise")
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")
    page.evaluate(AT_REST)


def assert_typeset(page):
    assert page.evaluate(RAW_FORMULA) is None
    formulas = page.locator("span.math, div.math").count()
    assert page.locator(".math mjx-container").count() == formulas
    assert page.locator("mjx-merror").count() == 0


def test_a_page_opens_from_a_server_with_its_formulas_typeset(page, site, name):
    open_page(page, site + name)
    assert_typeset(page)


def test_a_page_opens_from_disk_with_its_formulas_typeset(page, file):
    open_page(page, f"{HTML.as_uri()}/{file}")
    assert_typeset(page)


def test_a_wrong_address_leads_back_to_the_book_from_any_depth(page, site, faults):
    for address in ("missing.html", "book/missing.html", "a/b/c/missing"):
        page.goto(site + address)
        assert [fault for fault in faults if not fault.endswith(address)] == []
        faults.clear()  # the page that is missing, and nothing else
        expect(page.locator("h1:visible")).to_have_text("Page not found")
        page.get_by_role("link", name="Preparing the data").click()
        expect(page.locator("article h1")).to_contain_text("Preparing the data")


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


def test_a_chapter_is_downloaded_as_the_notebook_it_was_made_from(page, site):
    notebooks = [*ROOT.glob("book/*.ipynb"), ROOT / "worksheet" / "softmax.ipynb"]
    for notebook in notebooks:
        address = notebook.relative_to(ROOT).with_suffix(".html").as_posix()
        page.goto(site + address)
        page.get_by_role("button", name="Download this page").click()
        with page.expect_download() as coming:
            page.locator(".btn-download-source-button").click()
        assert coming.value.suggested_filename == notebook.name
        saved = Path(coming.value.path()).read_text("utf-8")
        assert nbformat.reads(saved, as_version=4) == nbformat.read(notebook, 4)


def test_a_page_has_a_title_and_says_in_a_sentence_of_its_own_what_it_holds(site, page):
    sentences = {}
    for path in [*HTML.glob("book/*.html"), *HTML.glob("worksheet/*.html")]:
        page.goto(site + path.relative_to(HTML).as_posix())
        sentence = page.locator("meta[name=description]").get_attribute("content")
        assert 40 < len(sentence) < 170, path.name
        assert sentence.endswith("."), path.name
        assert sentence not in sentences, path.name
        sentences[sentence] = path.name
        card = page.locator("meta[property='og:image']").get_attribute("content")
        assert (HTML / card.removeprefix(ADDRESS)).is_file()
