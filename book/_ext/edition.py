"""Show on each page which version of the book it is, and offer the printed book.

The theme's button prints the page at hand. Where `make pdf` has printed the whole book
before the pages are built, the button leads to that file instead.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from softmax_lib import __version__

PDF = "softmax-book.pdf"


def name_version(app: Sphinx, config: Config) -> None:
    """Write the version, and the commit if git knows it, below each page."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        commit = subprocess.check_output(
            command, cwd=app.srcdir, text=True, stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):  # an archive without .git
        commit = ""
    config.version = config.release = __version__
    edition = f"Version {__version__}" + (
        f", commit {commit.strip()}" if commit else ""
    )
    config.html_theme_options["extra_footer"] = f"<p>{edition}</p>"


def offer_pdf(app: Sphinx, _: str, __: str, context: dict[str, Any], ___: Any) -> None:
    """Let the button for a PDF lead to that of the whole book, if there is one."""
    if not printed(app).exists():
        return
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if "window.print()" in str(button.get("javascript", "")):
                del button["javascript"]
                address = context["pathto"](PDF, resource=True)
                button |= {"type": "link", "url": address}
                button["tooltip"] = "Download the whole book"


def copy_pdf(app: Sphinx, error: Exception | None) -> None:
    """Put the printed book beside the pages."""
    if app.builder.name == "html" and error is None and printed(app).exists():
        shutil.copy(printed(app), Path(app.outdir, PDF))


def printed(app: Sphinx) -> Path:
    """Return where `make pdf` puts the book."""
    return Path(app.srcdir, "_build", PDF)


def setup(app: Sphinx) -> dict[str, Any]:
    """Run after the theme has put its own buttons there."""
    app.connect("config-inited", name_version)
    app.connect("html-page-context", offer_pdf, priority=502)
    app.connect("build-finished", copy_pdf)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
