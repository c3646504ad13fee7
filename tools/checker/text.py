"""Write the links and numbers of the chapters' text: `python -m tools.checker.text`.

That needs no data and runs nothing: the first mentions of terms and functions become
links, figures get their numbers, and each file is written in the recorder's form.
"""

import nbformat

from tools.checker.chapters import NOTEBOOKS
from tools.checker.links import link_first_mentions
from tools.checker.numbering import figure_numbers, with_numbers
from tools.checker.recordings import write_notebook


def main() -> None:
    """Rewrite the text of every chapter."""
    numbers = figure_numbers()
    for chapter in NOTEBOOKS:
        notebook = nbformat.read(chapter, as_version=4)
        link_first_mentions(notebook.cells)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = with_numbers(cell.source, numbers)
        write_notebook(notebook, chapter)


if __name__ == "__main__":
    main()
