"""Save the chapters' figures as SVG: `python -m tools.checker.figures`.

Each chapter runs top to bottom in a kernel of its own. Whatever figure it shows is
also written into a folder, under the chapter's name and the figure's number on the
page. Nothing of the chapter or of the package knows of it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat

from tools.checker.chapters import ROOT, chosen_data_set
from tools.checker.record import RecordingError, named_chapters, run_cells

SAVE_WHAT_IS_SHOWN = """
import itertools, pathlib
from softmax_lib.figures import DescribedFigure

def shown_and_saved(figure, *, _shown=DescribedFigure._repr_mimebundle_,
                    _numbers=itertools.count(1), **options):
    path = pathlib.Path({folder!r}, f"{chapter}-{{next(_numbers)}}.svg")
    path.write_bytes(figure.svg())
    return _shown(figure, **options)

DescribedFigure._repr_mimebundle_ = shown_and_saved
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Save the figures of the chapters named on the command line, or of all."""
    parser = argparse.ArgumentParser(prog="python -m tools.checker.figures")
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "figures")
    parser.add_argument("chapters", nargs="*", help="such as 02; default all")
    options = parser.parse_args(arguments)
    failed = False
    for chapter in named_chapters(options.chapters):
        try:
            saved = save_figures(chapter, options.folder)
        except RecordingError as error:
            failed = True
            print(f"{chapter.stem}: not saved\n{error}")
        else:
            print(f"{chapter.stem}: {len(saved)} figures in {options.folder}")
    return int(failed)


def save_figures(chapter: Path, folder: Path) -> list[Path]:
    """Run a chapter, save the figures that it shows, and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{chapter.stem}-*.svg"):
        old.unlink()
    prelude = SAVE_WHAT_IS_SHOWN.format(
        folder=str(folder.resolve()), chapter=chapter.stem
    )
    cells = nbformat.read(chapter, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    run_cells(
        [nbformat.v4.new_code_cell(prelude), *code], chapter.parent, chosen_data_set()
    )
    return sorted(folder.glob(f"{chapter.stem}-*.svg"))


if __name__ == "__main__":
    sys.exit(main())
