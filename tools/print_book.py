"""Print the whole book from its single page: `make pdf`.

Chromium sets it as it sets the pages, so the formulas and the figures are the same, and
no LaTeX is needed.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.browser import launch, open_page
from tools.checker.chapters import ROOT

SINGLE = ROOT / "_build" / "singlehtml"
# Sphinx writes links within the page as links to a page, and leaves out its title; and
# a picture would lead to its file on this machine.
WITHIN = """() => {
  for (const link of document.querySelectorAll("a[href*='introduction.html#']"))
    link.setAttribute("href", link.hash);
  for (const link of document.querySelectorAll("a.image-reference"))
    link.removeAttribute("href");
  document.title = document.querySelector("h1").firstChild.textContent;
}"""
FOOT = (
    '<div style="width: 100%; text-align: center; font-size: 8px">'
    '<span class="pageNumber"></span></div>'
)


def main(pdf: Path) -> int:
    """Write the book as a PDF; return the exit status."""
    # Sphinx writes its links as if the page lay at the top, and puts it below.
    whole = shutil.copy(SINGLE / "book" / "introduction.html", SINGLE / "book.html")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        open_page(page, Path(whole).as_uri())
        page.evaluate(WITHIN)
        page.pdf(
            path=pdf,
            format="A4",
            scale=0.8,
            outline=True,
            tagged=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOT,
            margin={"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
        )
        browser.close()
    print(f"Written: {pdf}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
