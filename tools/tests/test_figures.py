"""`make figures` saves what a chapter shows, in its order, and changes no chapter."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tools.checker.figures import save_figures

DRAW = """
from softmax_lib.plots import plot_lines
figure = plot_lines({"a": ([0, 1], [0, 1])}, xlabel="x", ylabel="y", alt="The first.")
figure
"""


def test_each_figure_shown_is_saved_under_its_number(tmp_path):
    chapter, folder = tmp_path / "01_data.ipynb", tmp_path / "figures"
    folder.mkdir()
    (folder / "01_data-9.svg").write_text("of an earlier run")
    (folder / "02_naive_loss-1.svg").write_text("of another chapter")
    second = "figure.alt = 'The second.'\ndisplay(figure)\n1 + 1"
    cells = [new_code_cell(DRAW), new_code_cell("1 + 1"), new_code_cell(second)]
    nbformat.write(new_notebook(cells=cells), chapter)
    before = chapter.read_bytes()

    saved = save_figures(chapter, folder)

    assert [path.name for path in saved] == ["01_data-1.svg", "01_data-2.svg"]
    assert "The first." in saved[0].read_text("utf-8")
    assert "The second." in saved[1].read_text("utf-8")
    assert (folder / "02_naive_loss-1.svg").exists()
    assert chapter.read_bytes() == before
