"""Every page opens with no other host's help, and what stands on it works."""

import html
import re

import nbformat
import pytest
from playwright.sync_api import expect

from softmax_lib import __version__
from tests.pages.conftest import HTML
from tools.address import PLACEHOLDER, book_address, repository
from tools.browser import open_page
from tools.checker.chapters import ROOT

RAW_FORMULA = r"() => document.body.innerText.match(/\\[(\[]|\\begin\{\w+\}|\$\$/g)"


def assert_typeset(page):
    assert page.evaluate(RAW_FORMULA) is None
    assert "```" not in page.locator("body").inner_text()  # Markdown that is no fence
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


def test_the_button_at_the_top_downloads_a_chapter(page, site):
    page.goto(site + "book/02_naive_loss.html")
    page.get_by_role("button", name="Download this page").click()
    with page.expect_download() as coming:
        page.locator(".btn-download-source-button").click()
    assert coming.value.suggested_filename == "02_naive_loss.ipynb"


def found_once(pattern, path):
    """What the one place of a built page that fits the pattern holds."""
    (found,) = re.findall(pattern, path.read_text("utf-8"))
    return html.unescape(found)


def test_what_a_chapter_offers_is_the_notebook_it_was_made_from():
    for notebook in [*ROOT.glob("book/*.ipynb"), ROOT / "worksheet" / "softmax.ipynb"]:
        path = HTML / notebook.relative_to(ROOT).with_suffix(".html")
        offered = found_once(
            r'href="([^"]+)"[^>]*\sclass="[^"]*btn-download-source', path
        )
        assert nbformat.read(path.parent / offered, 4) == nbformat.read(notebook, 4)


def test_a_page_says_in_a_sentence_of_its_own_what_it_holds():
    sentences = {}
    for path in [*HTML.glob("book/*.html"), *HTML.glob("worksheet/*.html")]:
        sentence = found_once(r'<meta name="description" content="([^"]*)"', path)
        assert 40 < len(sentence) < 170, path.name
        assert sentence.endswith("."), path.name
        assert sentence not in sentences, path.name
        sentences[sentence] = path.name


def test_a_shared_link_shows_a_picture_that_is_there():
    address = book_address()
    for path in HTML.glob("book/*.html"):
        page = path.read_text("utf-8")
        cards = re.findall(r'<meta property="og:image" content="([^"]*)"', page)
        assert len(cards) == bool(address), path.name
        assert all((HTML / card.removeprefix(address)).is_file() for card in cards)


def test_pages_have_buttons_only_where_there_is_an_address():
    published = repository().split("/")[0] != PLACEHOLDER
    page = (HTML / "book" / "02_naive_loss.html").read_text("utf-8")
    assert ("mybinder.org" in page) == published
    assert (f'href="https://github.com/{repository()}' in page) == published
    assert (HTML / "sitemap.xml").is_file() == bool(book_address())


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("glossary.html#minibatch", "minibatch"),
        ("#fig-05-run", "Figure 5.3."),
        ("#equation-eq-05-", "("),
        ("bibliography.html#robbins1951", "Robbins"),
    ],
)
def test_a_link_shows_by_keyboard_what_it_leads_to(page, site, link, said):
    open_page(page, f"{site}book/05_sgd.html")
    preview = page.locator("#link-preview")
    assert not preview.is_visible()
    found = page.locator(f'article a.reference.internal[href*="{link}"]').first
    page.keyboard.press("Tab")  # what has the focus now was reached by keyboard
    found.focus()
    preview.wait_for(state="visible")
    assert said in preview.inner_text()
    assert found.get_attribute("aria-describedby") == "link-preview"
    page.keyboard.press("Escape")
    assert not preview.is_visible()


def test_each_page_names_its_version(page, site):
    open_page(page, f"{site}book/05_sgd.html")
    footer = page.locator(".extra_footer")
    expect(footer).to_contain_text(f"Version {__version__}")
