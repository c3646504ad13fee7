"""The built book, served here, and a browser that is refused every other host.

`make pages-test` builds the book and runs what lies beside this file. It is no part of
`make test`, since a reader need not have a browser that a program can drive.
"""

import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tools.address import book_address
from tools.browser import launch
from tools.checker.chapters import ROOT

HTML = ROOT / "_build" / "html"
BASE = urlsplit(book_address()).path or "/"  # where the published site is


def pytest_generate_tests(metafunc):
    """Run a test that takes `name`, or `file`, once for each page of the built book."""
    pages = sorted(path.relative_to(HTML) for path in HTML.rglob("*.html"))
    names = [
        page.as_posix() for page in pages if page.parts[0] not in ("_static", "python")
    ]
    if not names:
        raise pytest.UsageError("There are no pages yet: `make book` builds them.")
    names.remove("index.html")  # leads on to the introduction
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names)
    if "file" in metafunc.fixturenames:  # the page 404 is for servers alone
        metafunc.parametrize("file", [name for name in names if name != "404.html"])


class Site(SimpleHTTPRequestHandler):
    """Serve the built book as GitHub Pages does: below BASE, with its 404 page."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(BASE[:-1]))

    def send_error(self, code, message=None, explain=None):
        page = HTML / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.exists():
            super().send_error(code, message, explain)
            return
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.read_bytes())

    def log_message(self, *_):
        """Write nothing to stderr for each request."""


@pytest.fixture(scope="session")
def site():
    """The address of the book, served on this machine; it ends with a slash."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=HTML)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{BASE}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """A browser, closed when the last test is done."""
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except SystemExit as none:
            pytest.exit(str(none), returncode=1)  # once, not for each page
        yield browser
        browser.close()


@pytest.fixture
def faults():
    """What went wrong on the pages that `page` opened: nothing, or the test fails."""
    found = []
    yield found
    assert found == []


def is_news(said):
    """Return whether a console message is an error not counted already."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


@pytest.fixture
def page(browser, site, faults):
    """A new page, with every request to another host refused and counted a fault.

    So are an error in the console or in a script, and a file that is not there.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    here = (site.removesuffix(BASE), HTML.as_uri(), "data:", "blob:")

    def refuse_other_hosts(route):
        if route.request.url.startswith(here):
            route.continue_()
        else:
            faults.append(f"asks another host: {route.request.url}")
            route.abort()

    context.route("**", refuse_other_hosts)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on(
        "response",
        lambda response: (
            response.ok or faults.append(f"{response.status}: {response.url}")
        ),
    )
    page.on(
        "console",
        lambda said: is_news(said) and faults.append(f"console: {said.text}"),
    )
    yield page
    context.close()
