"""Offer each chapter that `make lite` has made to run in the browser.

The theme's own button of this kind stands on every notebook's page, whether or not
there is something behind it.
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
    return {"parallel_read_safe": True, "parallel_write_safe": True}
