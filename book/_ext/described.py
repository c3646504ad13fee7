"""Give each figure of a page its alternative text.

A figure's output carries a text beside its picture. MyST-NB shows one of the two and
gives the picture its file's name for a text; here the text becomes the picture's.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def describe_pictures(_: Sphinx, doctree: nodes.document) -> None:
    """Set the alternative text of each picture from the text of the same output."""
    for bundle in doctree.findall(nodes.container):
        if bundle.get("nb_element") == "mime_bundle":
            shown = {child["mime_type"]: child for child in bundle.children}
            if "image/png" in shown and "text/plain" in shown:
                for picture in shown["image/png"].findall(nodes.image):
                    picture["alt"] = shown["text/plain"].astext().strip()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.connect("doctree-read", describe_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
