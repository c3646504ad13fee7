"""Offer each chapter where it runs: in the browser, and on Colab.

The theme's own buttons stand on every notebook's page, whether or not it runs there.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def add_button(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: Any
) -> None:
    """Add it to those below the rocket, if the notebook is there."""
    name = Path(pagename).name + ".ipynb"
    if not Path(app.outdir, "lite", "files", name).exists():
        return
    rocket = rocket_of(context["header_buttons"])
    here = context["pathto"]("lite/notebooks/index.html", resource=True)
    rocket["buttons"].append(
        {
            "type": "link",
            "text": "In this browser",
            "tooltip": "Run it in this browser, without a server",
            "icon": "_static/images/logo_jupyterlite.svg",
            "url": f"{here}?path={name}",
        }
    )


def remove_colab_button(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: Any
) -> None:
    """Take Colab's button from a notebook without the cell that installs the package.

    Such a chapter reads files of the repository or measures the machine.
    """
    notebook = Path(app.srcdir, pagename + ".ipynb")
    if notebook.exists() and "-colab" in notebook.read_text("utf-8"):
        return
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons":
            group["buttons"] = [
                button for button in group["buttons"] if button["text"] != "Colab"
            ]


def rocket_of(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the theme's group of buttons, or a new one where nothing else launches."""
    for group in groups:
        if group.get("label") == "launch-buttons":
            return group
    groups.append(
        {
            "type": "group",
            "tooltip": "Launch interactive content",
            "icon": "fas fa-rocket",
            "buttons": [],
            "label": "launch-buttons",
        }
    )
    return groups[-1]


def setup(app: Sphinx) -> dict[str, Any]:
    """Run after the theme has put its own buttons there."""
    app.connect("html-page-context", add_button, priority=502)
    app.connect("html-page-context", remove_colab_button, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
