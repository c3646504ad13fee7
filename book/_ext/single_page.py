"""Let the single page, from which the PDF is printed, show all that the pages show.

Sphinx falls back on what an extension tells the builder `html` only where no extension
has told `singlehtml` anything, and one has. So the tabs of another would be unknown.
"""

from typing import Any

from sphinx.application import Sphinx


def share_handlers(app: Sphinx) -> None:
    """Give the builder `singlehtml` the handlers of `html` that it lacks."""
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = handlers["html"] | handlers["singlehtml"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.connect("builder-inited", share_handlers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
