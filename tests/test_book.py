"""What holds of every chapter and of every recording, whatever its cells compute."""

import ast
import itertools
import json
import re
from html import unescape

import nbformat
import pytest
from nbval.plugin import find_comment_markers, find_metadata_tags

from softmax_lib.__main__ import main
from softmax_lib.figure_data import MIME_TYPE
from tools.checker.bound import (
    CLAIMS,
    PAGES,
    numbers_of_book,
    texts_of,
    troubles,
    untrue_claims,
)
from tools.checker.chapters import (
    BOOK,
    CHAPTERS,
    DATA_SETS,
    NOTEBOOKS,
    RECORDINGS,
    ROOT,
    machine_paths,
    recording_of,
)
from tools.checker.compare import is_picture, output_parts, read_check
from tools.checker.drawn import numbers_to_tell
from tools.checker.named import miscalled, miscounted, misnamed
from tools.checker.needs import needs_torch
from tools.checker.prose import unsupported_numbers
from tools.checker.recordings import read_recorded, recording_text, write_notebook
from tools.checker.solutions import executed_cells

LINES_IN_A_CELL = 15

each_notebook = pytest.mark.parametrize(
    "chapter", NOTEBOOKS, ids=lambda path: path.stem
)
each_recording = pytest.mark.parametrize(
    ("chapter", "data_set"),
    list(itertools.product(NOTEBOOKS, DATA_SETS)),
    ids=lambda part: getattr(part, "stem", part),
)


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def code_cells_of(chapter, data_set="cifar10"):
    cells = read_recorded(chapter, data_set).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def allowances():
    """Every tolerance and every number that may vary, each with its reason."""
    for chapter in NOTEBOOKS:
        for cell in executed_cells(cells_of(chapter)):
            check = cell.metadata.get("check")
            for allowed in [check, *check.get("varies", [])] if check else []:
                reason = allowed.get("reason", "")
                yield pytest.param(check, id=f"{chapter.stem} {cell.id} {reason}")


def test_the_chapters_are_those_of_the_table_of_contents():
    listed = re.findall(r"book/(\w+)", (BOOK.parent / "_toc.yml").read_text("utf-8"))
    there = {path.stem for path in BOOK.iterdir() if path.suffix in (".ipynb", ".md")}
    assert set(listed) == there, "_toc.yml lists what is not in book/, or leaves it out"


@pytest.mark.parametrize("page", ["README.md", "book/introduction.md"])
def test_a_page_that_lists_the_chapters_lists_them_all(page):
    text = (BOOK.parent / page).read_text("utf-8")
    listed = set(re.findall(r"(?m)^\|.*\b(\d\d_\w+)\.ipynb", text))
    assert listed == {chapter.stem for chapter in CHAPTERS}, f"mend the table of {page}"


def test_a_chapter_says_in_a_sentence_of_its_own_what_it_holds():
    sentences = [
        nbformat.read(chapter, as_version=4).metadata.get("description", "")
        for chapter in NOTEBOOKS
    ]
    wrong = [text for text in sentences if not 40 < len(text) < 170]
    assert wrong == [], "a notebook's metadata need a description of 41 to 169 letters"
    assert len(set(sentences)) == len(NOTEBOOKS)


def test_the_recordings_are_those_of_the_chapters():
    recorded = {path.name for path in RECORDINGS.glob("*/*")}
    there = {f"{chapter.stem}.json" for chapter in NOTEBOOKS}
    assert recorded - there == set(), "remove the recordings of chapters that are gone"
    assert there - recorded == set(), "record the new chapters: make record CHAPTERS=NN"


@each_notebook
def test_a_recording_holds_outputs_of_cells_and_nothing_else(chapter):
    recording = recording_of(chapter, "shapes10")
    assert recording.exists(), f"run `make record CHAPTERS={chapter.stem}`"
    cells = executed_cells(read_recorded(chapter, "shapes10").cells)
    assert set(json.loads(recording.read_text("utf-8"))) == {cell.id for cell in cells}
    assert recording.read_text("utf-8") == recording_text(cells), "run `make record`"


@each_notebook
def test_no_cell_opts_out_of_the_check(chapter):
    opting_out = [
        mark
        for cell in code_cells_of(chapter)
        for mark, value in [
            *find_metadata_tags(cell.metadata),
            *find_comment_markers(cell.source),
        ]
        if (mark, value) != ("check_exception", True)
    ]
    assert opting_out == []


@each_notebook
def test_a_notebook_is_written_as_the_recorder_writes_it(chapter, tmp_path):
    rewritten = tmp_path / chapter.name
    write_notebook(nbformat.read(chapter, as_version=4), rewritten)
    assert rewritten.read_bytes() == chapter.read_bytes(), "run `make text`"


@each_recording
def test_every_code_cell_was_run_from_top_to_bottom(chapter, data_set):
    counts = [cell.execution_count for cell in code_cells_of(chapter, data_set)]
    command = f"make record CHAPTERS={chapter.stem}"
    assert counts == list(range(1, len(counts) + 1)), f"run `{command}`"


@each_recording
def test_nothing_was_written_to_stderr(chapter, data_set):
    for cell in code_cells_of(chapter, data_set):
        assert "stderr" not in [output.get("name") for output in cell.outputs]


@each_recording
def test_no_output_shows_a_path_of_a_machine(chapter, data_set):
    for cell in code_cells_of(chapter, data_set):
        for output in cell.outputs:
            parts = output_parts(output)
            texts = [parts[kind] for kind in parts if not is_picture(kind)]
            assert machine_paths("\n".join(texts)) == []


@each_recording
def test_every_picture_has_an_alternative_text(chapter, data_set):
    for cell in code_cells_of(chapter, data_set):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output["metadata"]["image/png"]["alt"]
                assert output["data"]["text/plain"] == alt.strip() != ""


@each_recording
def test_a_figure_shows_each_number_of_its_alternative_text(chapter, data_set):
    for cell in code_cells_of(chapter, data_set):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                shown = numbers_to_tell(output["data"][MIME_TYPE])
                said = output["metadata"]["image/png"]["alt"]
                assert unsupported_numbers(said, shown) == [], said


def shown_as_html(html):
    """The words of an output's HTML, as a page shows them."""
    return unescape(re.sub(r"<[^>]*>", " ", html)).split()


@each_recording
def test_a_page_shows_the_words_and_numbers_of_the_plain_text(chapter, data_set):
    for cell in code_cells_of(chapter, data_set):
        for output in cell.outputs:
            html = output.get("data", {}).get("text/html", "")
            if html and "live-figure" not in html:
                plain = "".join(output["data"]["text/plain"].split())
                assert "".join(shown_as_html(html)) == plain, cell.id


def axes_of(figure):
    """The axes of a figure, x and y of each panel; a picture has none."""
    return [panel.get(axis, {}) for panel in figure["axes"] for axis in ("x", "y")]


def misdescribed(caption, figure):
    """What a caption says of the scales of the axes that the figure does not have."""
    logarithmic = [axis.get("scale") == "log" for axis in axes_of(figure)]
    said = re.search(r"\(([^()]*logarithmic|log scale)\)", caption)
    if said and said[1] == "both axes logarithmic":
        return not all(logarithmic)
    return bool(said) and (said[1] != "log scale" or sum(logarithmic) != 1)


@each_notebook
def test_a_caption_and_the_labels_tell_which_axes_are_logarithmic(chapter):
    cells = cells_of(chapter)
    for cell, below in itertools.pairwise(cells):
        for output in cell.get("outputs", []):
            figure = output.get("data", {}).get(MIME_TYPE)
            if figure:
                assert not misdescribed(below.source, figure), below.source
                for axis in axes_of(figure):
                    told = axis.get("label", "").endswith("log scale)")
                    assert told == (axis.get("scale") == "log"), axis["label"]


SET = re.compile(r"\b(?:training|validation|test)\b", re.IGNORECASE)


def sets_named(text):
    """Which of the sets of images a text names."""
    return {word.lower() for word in SET.findall(text)}


def sets_labelled(figure):
    """Which of the sets the titles, the axes and the legends of a figure name."""
    told = [panel.get("title", "") for panel in figure["axes"]]
    told += [axis.get("label", "") for axis in axes_of(figure)]
    told += [
        entry["name"] for part in figure["axes"] for entry in part.get("legend", [])
    ]
    return sets_named("\n".join(told))


@each_notebook
def test_a_caption_names_the_sets_of_images_that_the_labels_name(chapter):
    for cell, below in itertools.pairwise(cells_of(chapter)):
        for output in cell.get("outputs", []):
            labelled = sets_labelled(
                output.get("data", {}).get(MIME_TYPE, {"axes": []})
            )
            if labelled:
                caption = re.search(r"^\*\*Figure.*$", below.source, re.MULTILINE)[0]
                assert sets_named(caption) == labelled, caption


def printed_words(source):
    """The words that a cell prints whatever it computes: the plain parts of strings."""
    statements = ast.parse(source).body
    for node in [x for each in statements for x in (each, *getattr(each, "body", []))]:
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "print":
            first = call.args[0] if call.args else ast.Constant("")
            for part in getattr(first, "values", [first]):
                value = getattr(part, "value", None)
                if isinstance(value, str) and value.strip():
                    yield value.strip()


@each_recording
def test_what_a_cell_prints_has_the_words_of_its_code(chapter, data_set):
    """Or a recording is older than its code, which only running it would show."""
    for cell in executed_cells(read_recorded(chapter, data_set).cells):
        if cell.outputs and "raises-exception" not in cell.metadata.get("tags", []):
            said = "\n".join(output.get("text", "") for output in cell.outputs)
            for words in printed_words(cell.source):
                assert words in said, f"{cell.id} does not say {words!r}"


def test_words_that_a_cell_prints_are_found_in_its_code():
    source = "for k in ks:\n    print(f'rate {k:g} of all', end='')\nx = print\n"
    assert list(printed_words(source)) == ["rate", "of all"]


def curves_of(cell):
    """The heights of the points of each curve that a cell draws."""
    for output in cell.outputs:
        for panel in output.get("data", {}).get(MIME_TYPE, {"axes": []})["axes"]:
            for line in panel.get("lines", []):
                yield [float(number) for number in line["y"].split()]


def is_drawn_from(heights, text):
    """Whether the heights of a curve stand in a table, rounded or not."""
    told = re.findall(r"\d\.\d+", text)
    digits = {number: len(number.partition(".")[2]) for number in told}
    return len(heights) > 2 and all(
        any(f"{height:.{digits[number]}f}" == number for number in digits)
        for height in heights
    )


@each_recording
def test_a_curve_is_as_uncertain_as_the_table_that_it_is_drawn_from(chapter, data_set):
    """Or another processor moves a number that its table may move."""
    tables = []
    for cell in code_cells_of(chapter, data_set):
        check = {**cell.metadata.get("check", {})}
        for heights in curves_of(cell):
            for text, given in tables:
                if is_drawn_from(heights, text):
                    assert {**given, **check} == check, f"{cell.id} needs {given}"
        given = {key: check[key] for key in ("atol", "rtol") if key in check}
        if given:
            tables += [(text, given) for text in plain_texts(cell)]


def plain_texts(cell):
    """What the outputs of a cell say in plain text."""
    return [x["data"]["text/plain"] for x in cell.outputs if "data" in x]


def test_a_curve_drawn_from_a_table_is_recognized():
    table = "reg  accuracy\n  1     0.551\n0.1     0.600\n0.01    0.6489"
    assert is_drawn_from([0.5512, 0.6, 0.6489], table)
    assert not is_drawn_from([0.5512, 0.6, 0.6488], table)


def test_labels_name_the_sets_of_images_in_titles_axes_and_legends():
    title, axis = {"title": "training accuracy"}, {"y": {"label": "validation"}}
    legend = {"legend": [{"name": "test images"}, {"name": "retest"}]}
    assert sets_labelled({"axes": [title, axis]}) == sets_named("Validation, training")
    assert sets_labelled({"axes": [legend]}) == {"test"}


@pytest.mark.parametrize(
    ("words", "x", "y", "wrong"),
    [
        ("(both axes logarithmic)", "log", "log", False),
        ("(both axes logarithmic)", "linear", "log", True),
        ("(horizontal axis logarithmic)", "log", "log", True),
        ("(log scale)", "linear", "log", False),
        ("(log scale)", "log", "log", True),
        ("of all points", "linear", "log", False),
    ],
)
def test_a_caption_with_the_wrong_axes_is_found(words, x, y, wrong):
    figure = {"axes": [{"x": {"scale": x}, "y": {"scale": y}}]}
    assert misdescribed(f"**Figure 1.1.** Loss {words} against step.", figure) == wrong


@each_recording
def test_what_can_be_operated_weighs_less_than_500_kB_on_a_page(chapter, data_set):
    texts = [
        output.data["text/html"]
        for cell in code_cells_of(chapter, data_set)
        for output in cell.outputs
        if "live-figure" in output.get("data", {}).get("text/html", "")
    ]
    scripts = sum(p.stat().st_size for p in (BOOK / "_static").glob("live*"))
    assert sum(len(text.encode()) for text in texts) + scripts < 500_000


@pytest.mark.parametrize("check", list(allowances()))
def test_whatever_is_allowed_to_vary_has_a_reason_and_a_bound(check):
    read_check(check)


@each_notebook
def test_a_code_cell_is_short_enough_to_be_read_at_once(chapter):
    for cell in code_cells_of(chapter):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= LINES_IN_A_CELL, cell.source


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_number_of_the_prose_is_what_its_place_shows(page):
    found = list(troubles(page, numbers_of_book()))
    command = f"make numbers CHAPTERS={page.stem}"
    assert not found, "\n".join([*found, f"`{command}` proposes what to bind"])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_claim_of_the_list_is_made_and_true(page):
    assert list(untrue_claims(page, numbers_of_book())) == []


def test_the_claims_are_of_pages_that_are_there():
    assert set(json.loads(CLAIMS.read_text("utf-8"))) <= {page.stem for page in PAGES}


@pytest.mark.parametrize(
    "page",
    [
        *(page for page in PAGES if page.stem not in ("instructors", "bibliography")),
        ROOT / "README.md",
    ],
    ids=lambda path: path.stem,
)
def test_code_in_the_prose_is_code_that_a_reader_has(page):
    found = [name for text in texts_of(page).values() for name in misnamed(text)]
    assert found == [], "mend the names, or enter another library's words as FOREIGN"


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "README.md"], ids=lambda path: path.stem
)
def test_listings_call_what_is_there_and_sums_and_lists_are_as_said(page):
    for text in texts_of(page).values():
        assert [*miscalled(text), *miscounted(text)] == []


def test_make_test_torch_checks_each_chapter_that_needs_pytorch():
    needing = {
        path.relative_to(ROOT).as_posix()
        for path in CHAPTERS
        if any(map(needs_torch, cells_of(path)))
    }
    recipe = (ROOT / "Makefile").read_text("utf-8").split("\ntest-torch:")[1]
    recipe = recipe.split("\n\n")[0]
    assert set(re.findall(r"book/\w+\.ipynb", recipe)) == needing != set()


def test_the_readme_counts_what_needs_pytorch():
    cells = [cell for path in CHAPTERS for cell in executed_cells(cells_of(path))]
    code = "".join(path.read_text("utf-8") for path in ROOT.glob("t*/**/test_*.py"))
    marked = re.findall(r"^@pytest\.mark\.needs_torch$", code, re.MULTILINE)
    words = {1: "one test", 2: "Two cells"}
    told = (
        f"{words[sum(map(needs_torch, cells))]} and {words[len(marked)]} need PyTorch"
    )
    assert told in (ROOT / "README.md").read_text("utf-8")


def test_the_readme_asks_for_the_python_that_the_package_asks_for():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    oldest = re.search(r'^requires-python = ">=(.*)"$', project, re.MULTILINE)[1]
    for page in (ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md"):
        assert f"need Python {oldest} or newer" in page.read_text("utf-8")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.stem)
def test_a_command_of_the_package_that_a_page_tells_is_one(page, capsys):
    text = "\n".join(texts_of(page).values())
    for words in re.findall(r"softmax-book ([a-z][\w ./*-]*)", text):
        with pytest.raises(SystemExit) as ending:
            main([*words.split(), "--help"])
        assert ending.value.code == 0, words
    capsys.readouterr()


@each_notebook
def test_a_cell_that_imports_pytorch_says_that_it_needs_it(chapter):
    for cell in executed_cells(cells_of(chapter)):
        if re.search(r"^\s*(import|from) torch", cell.source, re.MULTILINE):
            assert needs_torch(cell), cell.id
