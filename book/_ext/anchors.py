"""Let `[text](page.md#id)` lead to a function of the reference, a cited work, a figure.

MyST knows the headings of a page by their ids. The ids of the reference and of the
bibliography come from autodoc and sphinxcontrib-bibtex, those of figures are labels;
here MyST is told of them, so that chapters link in one form, which JupyterLab
understands, and a link that leads nowhere fails the build.
"""

from typing import Any


def add_anchors(app: Any, env: Any) -> None:
    """Enter the ids of functions, bibliography entries and figures beside headings."""
    functions = [
        (page, name)
        for name, _, _, page, _, _ in env.get_domain("py").get_objects()
        if page
    ]
    entries = [
        (citation.bibliography_key.docname, citation.citation_id)
        for citation in env.get_domain("cite").citations
    ]
    figures = [
        (page, anchor)
        for label, (page, anchor) in env.get_domain("std").anonlabels.items()
        if label.startswith("fig-")
    ]
    for page, anchor in functions + entries + figures:
        slugs = env.metadata[page].setdefault("myst_slugs", {})
        slugs.setdefault(anchor, (0, anchor, anchor))


def setup(app: Any) -> dict[str, bool]:
    """Run after sphinxcontrib-bibtex has collected the entries."""
    app.connect("env-updated", add_anchors, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
