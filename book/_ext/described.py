"""Give each figure of a page its alternative text, and its data below it.

A figure's output carries a text and data beside its picture. MyST-NB shows one of them
and gives the picture its file's name for a text; here the text becomes the picture's,
and the data become tables to unfold.
"""

from typing import Any

from docutils import nodes
from figure_tables import data_of_figure
from myst_nb.core.render import load_mime_renders
from sphinx.application import Sphinx

from softmax_lib.figure_data import MIME_TYPE


class FigureData:
    """Renders the data of a figure, as MyST-NB asks of those that render a type."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(_: Any, output: Any, inline: bool) -> list[nodes.Node] | None:
        """Return the tables of a figure, None for what is no figure's data."""
        if output.mime_type != MIME_TYPE or inline:
            return None
        html = data_of_figure(output.content)
        return [nodes.raw("", html, format="html")] if html else []


def describe_pictures(_: Sphinx, doctree: nodes.document) -> None:
    """Set the alternative text of each picture, and put its data below it."""
    for bundle in list(doctree.findall(nodes.container)):
        if bundle.get("nb_element") == "mime_bundle":
            shown = {child["mime_type"]: child for child in bundle.children}
            if "image/png" in shown and "text/plain" in shown:
                for picture in shown["image/png"].findall(nodes.image):
                    picture["alt"] = shown["text/plain"].astext().strip()
            if MIME_TYPE in shown:
                data = shown[MIME_TYPE]
                bundle.remove(data)
                bundle.parent.insert(bundle.parent.index(bundle) + 1, data.children)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    # MyST-NB keeps the list of renderers that installed packages bring.
    load_mime_renders().append(FigureData())
    app.connect("doctree-read", describe_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
