"""Let a page run its own cells, where `make live` has put Python beside the pages.

Each cell gets its id and its part in the worksheet, so that `runner.js` finds it; each
page that has cells gets the scripts, or a line that says how to get a page that has
them. The button of Colab is taken from a notebook that cannot run there.
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

WORKSHEET = "worksheet/softmax"
ANSWER = "YOUR ANSWER HERE"
# What a page cannot run, and why.
NOT_HERE = {
    "book/06_tuning": "its searches train longer than a page allows",
    "book/09_speed": "they measure a processor, and a browser has another",
    "book/10_ceiling": "they need SciPy and scikit-learn",
    "book/11_minimum": "they need SciPy and scikit-learn",
    "book/12_certainty": "they need SciPy and scikit-learn",
    "book/13_features": "they need scikit-image and scikit-learn",
    "book/14_tools": "they need scikit-learn and PyTorch",
    "book/15_past_one_machine": "they start other processes, which a page cannot",
}


def name_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Give each cell of a notebook its id, and its part in the worksheet."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for box in doctree.findall(nodes.container):
        if box.get("nb_element") == "cell_code":
            name(box, cells[box["cell_index"]])
    answers = [cell for cell in cells if ANSWER in "".join(cell["source"])]
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.astext() == ANSWER:
            name(paragraph, answers.pop(0))


def name(node: nodes.Element, cell: dict[str, Any]) -> None:
    """Give a node the id of a cell, and classes for its part in the worksheet."""
    node["ids"] = [f"cell-{cell['id']}"]
    graded = cell["metadata"].get("nbgrader", {})
    if graded.get("solution"):
        node["classes"].append("cell-solution")
    elif graded.get("grade"):
        node["classes"].append("cell-check")


def add_scripts(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: Any
) -> None:
    """Give a page what runs its cells, or the line that says how to get it."""
    body = context.get("body", "")
    if app.builder.name != "html" or 'id="cell-' not in body:
        return
    index = Path(app.outdir, "python", "index.json")
    if not index.exists():
        how = "To run the cells of this page in the page itself, build it with"
        context["body"] += f'<p class="runner-how">{how} <code>make live</code>.</p>'
        return
    if pagename in NOT_HERE:
        lead = (
            f"The cells of this page do not run in the page, as {NOT_HERE[pagename]}."
        )
        way = "The rocket above opens it elsewhere."
        context["body"] = below_title(body, f"{lead} {way}")
    built = json.loads(index.read_text("utf-8"))
    pathto = context["pathto"]
    config = {
        "python": pathto(f"python/{built['folder']}/", resource=True),
        "sizes": built["sizes"],
        "megabytes": round(sum(built["sizes"].values()) / 1e6),
        "runs": pagename not in NOT_HERE,
        "worksheet": f"{WORKSHEET}.html",
        "source": f"_sources/{WORKSHEET}.ipynb",
    }
    text = json.dumps(config).replace("<", "\\u003c")
    context["body"] += (
        f'<script id="runner-config" type="application/json">{text}</script>\n'
    )
    app.add_css_file("runner.css")
    app.add_js_file("runner.js", loading_method="defer")


def below_title(body: str, sentence: str) -> str:
    """Put a sentence below the title of a page."""
    head, end, rest = body.partition("</h1>")
    return f'{head}{end}\n<p class="runner-how">{sentence}</p>{rest}'


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


def setup(app: Sphinx) -> dict[str, Any]:
    """Run after the theme has put its own buttons there."""
    app.connect("doctree-read", name_cells)
    app.connect("html-page-context", add_scripts, priority=502)
    app.connect("html-page-context", remove_colab_button, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
