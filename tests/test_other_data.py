"""The book on other images: of other sizes, with other classes, in grey."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from softmax_lib import datasets
from softmax_lib.datasets import Dataset
from tools.checker.chapters import BOOK, CHAPTERS, ROOT

PAGE = (BOOK / "other_data.md").read_text("utf-8")
DIGITS, FOLDER, IN_ORDER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

NUM_TRAIN, NUM_TEST = 50_000, 10_000  # as many as the chapters take
# Of the lines that the page says to change, those that need it for every data set.
BY_HAND = {
    "d, j = 1500, 0": "d, j = 100, 0",
    "image_shape = (32, 32, 3)": "image_shape = {shape}",
    "plane, car, frog, ship = 0, 1, 6, 8": "plane, car, frog, ship = 0, 1, 2, 3",
}


# What the page leaves to the reader, for the digits.
FOR_DIGITS = {
    "d, j = 1500, 0": "d, j = 30, 0",
    "get_CIFAR10_data(num_test=10_000, rng=0)": "data",
    "dataset = load_dataset()": "",
    "49_000": "1_000",
    "50_000": "1_100",
    "1_000": "100",
    "i, j, channel = 10, 20, channels - 1": "i, j, channel = 2, 5, channels - 1",
    "image_shape = (32, 32, 3)": "",
    "class_names = load_dataset().class_names": "",
    "plane, car, frog, ship = 0, 1, 6, 8": "plane, car, frog, ship = 0, 1, 2, 3",
    "faces = ": "faces = 0  # ",
}


def other_images(shape: tuple[int, int, int], num_classes: int) -> Dataset:
    """Draw images of one faint pattern per class, so that some are mistaken."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(12, size=(num_classes, *shape), dtype=np.uint8)
    labels = rng.integers(num_classes, size=NUM_TRAIN + NUM_TEST)
    images = rng.integers(150, size=(len(labels), *shape), dtype=np.uint8)
    images += patterns[labels]
    turned = np.flatnonzero(labels == 0)[::2]  # of the class seen from both sides
    images[turned] = images[turned, :, ::-1]
    names = ("horse", *(f"class {j}" for j in range(1, num_classes)))
    train, test = slice(NUM_TRAIN), slice(NUM_TRAIN, None)
    parts = (images[train], labels[train], images[test], labels[test])
    return Dataset(*(part.copy() for part in parts), names, "other")


@pytest.mark.parametrize("chapter", CHAPTERS[:8], ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("shape", "num_classes"), [((11, 22, 1), 4), ((11, 21, 3), 12)]
)
def test_a_chapter_runs_on_other_images(
    chapter: Any,
    shape: tuple[int, int, int],
    num_classes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        datasets, "load_dataset", lambda: other_images(shape, num_classes)
    )
    monkeypatch.chdir(BOOK)
    names: dict[str, Any] = {"display": lambda _: None}
    for cell in code_cells(chapter):
        code = cell.source
        for line, by_hand in BY_HAND.items():
            code = code.replace(line, by_hand.format(shape=shape))
        exec(code, names)


def code_cells(notebook: Path) -> list[Any]:
    """Return the code cells of a notebook."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize("chapter", CHAPTERS[:8], ids=lambda path: path.stem)
def test_no_code_spells_out_the_size_of_an_image_of_cifar10(chapter: Path) -> None:
    for cell in nbformat.read(chapter, as_version=4).cells:
        solutions = re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
        for code in [cell.source] if cell.cell_type == "code" else solutions:
            assert not re.search(r"\b307[23]\b", re.sub("#.*", "", code)), cell.id


@pytest.mark.parametrize(("factor", "expected"), [(1, 0.89), (50, 0.95)])
def test_the_worksheet_reads_digits_as_the_page_says(
    factor: int, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_rng = np.random.default_rng  # a reader may draw without a seed
    monkeypatch.setattr(
        np.random,
        "default_rng",
        lambda rng=None: default_rng(0 if rng is None else rng),
    )
    names: dict[str, Any] = {"display": lambda _: None}
    for cell in code_cells(ROOT / "worksheet" / "source" / "softmax.ipynb"):
        code = DIGITS if cell.id == "data" else cell.source
        if cell.id in ("ex4-experiment", "ex6-experiment"):
            code = re.sub(r"[\d.]+e-\d", lambda rate: f"{rate[0]} * {factor}", code)
            code = re.sub(r"[\d.]+e4", lambda reg: f"{reg[0]} / {factor}", code)
        exec(code, names)
    right = names["best_softmax"].predict(names["X_test"]) == names["y_test"]
    assert right.mean() == pytest.approx(expected, abs=0.02)  # one standard error


def test_a_folder_of_pictures_gives_the_eight_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, colour in (("dog", "red"), ("cat", "blue"), ("ant", "white")):
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for size in range(20, 25):
            Image.new("RGB", (size, 30), colour).save(folder / f"{size}.png")
        (folder / ".DS_Store").touch()  # left behind by a file manager
    names: dict[str, Any] = {}
    exec(FOLDER, names)
    assert names["class_names"] == ["ant", "cat", "dog"]
    assert names["image_shape"] == (24, 32, 3)
    assert names["X_train"].shape == (9, 24 * 32 * 3 + 1)
    assert [len(names[f"y_{part}"]) for part in ("val", "test", "dev")] == [3, 3, 6]
    red = names["X_train"][names["y_train"] == 2][0].reshape(-1)[:3]
    white = names["X_train"][names["y_train"] == 0][0].reshape(-1)[:3]
    np.testing.assert_allclose(white - red, [0, 255, 255], atol=1e-4)


def lines_to_change() -> Iterator[tuple[int, str, str]]:
    """Yield chapter, line and what to write, as the page's table has them."""
    rows = re.findall(r"^\| (\d[\d, to]*) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    for numbers, lines, written in rows:
        first, *rest = map(int, re.findall(r"\d+", numbers))
        until = rest.pop(0) if "to" in numbers else first
        for chapter in (*range(first, until + 1), *rest):
            for line in re.findall(r"`([^`…]+)…?`", lines):
                code = re.match(r"`([^`]+)`", written)
                yield chapter, line, code[1] if code else FOR_DIGITS[line]


def test_the_lines_to_change_are_in_the_chapters() -> None:
    assert len(list(lines_to_change())) == 21
    for number, line, _ in lines_to_change():
        code = "\n".join(cell.source for cell in code_cells(CHAPTERS[number - 1]))
        assert line in code, f"chapter {number}"


@pytest.mark.parametrize("number", range(1, 9))
def test_every_use_of_the_data_set_is_among_the_lines_to_change(number: int) -> None:
    listed = [line for chapter, line, _ in lines_to_change() if chapter == number]
    for cell in code_cells(CHAPTERS[number - 1]):
        for line in cell.source.splitlines():
            if re.search(r"(load_dataset|get_CIFAR10_data)\(", line):
                assert any(each in line for each in listed), line


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")  # pixels of 0
@pytest.mark.parametrize("number", range(1, 9))
def test_a_chapter_runs_on_the_digits_as_the_page_says(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BOOK)
    names: dict[str, Any] = {"display": lambda _: None}
    exec(DIGITS + IN_ORDER * (number in (1, 5, 7)), names)
    changes = {
        line: new for chapter, line, new in lines_to_change() if chapter == number
    }
    if number == 7:  # as its row says
        changes |= {"test[1_000:]": "test[100:]"}
    lines = re.compile("|".join(map(re.escape, changes)))
    for cell in code_cells(CHAPTERS[number - 1]):
        exec(lines.sub(lambda line: changes[line[0]], cell.source), names)
    if number == 5:  # each picture belongs to its label
        raw = names["X_raw"] - names["X_train"][:1000, :-1]
        np.testing.assert_allclose(raw, raw[:1].repeat(len(raw), 0), atol=1e-4)
    if number == 6:
        assert names["class_names"] == [str(digit) for digit in range(10)]
    if number == 7:  # each picture belongs to its row
        means = (
            names["val_images"].reshape(len(names["y_val"]), -1)
            - names["X_val"][:, :-1]
        )
        np.testing.assert_allclose(means, means[:1].repeat(len(means), 0), atol=1e-4)
