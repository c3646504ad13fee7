"""What is released: the wheel, the source archive and the command."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

import softmax_lib
from softmax_lib.__main__ import find_chapter, main
from tools.checker.chapters import ROOT

VERSION = softmax_lib.__version__
MODULES = {
    path.relative_to(ROOT).as_posix() for path in (ROOT / "softmax_lib").rglob("*.py")
} | {"softmax_lib/py.typed"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(dist):
    with zipfile.ZipFile(dist / f"softmax_lib-{VERSION}-py3-none-any.whl") as wheel:
        info = f"softmax_lib-{VERSION}.dist-info"
        files = {name for name in wheel.namelist() if not name.startswith(info)}
        assert files == MODULES
        assert f"{info}/licenses/LICENSE" in wheel.namelist()
        commands = wheel.read(f"{info}/entry_points.txt").decode()
        assert "softmax-book = softmax_lib.__main__:main" in commands


def test_the_source_archive_holds_what_the_wheel_is_built_from(dist):
    with tarfile.open(dist / f"softmax_lib-{VERSION}.tar.gz") as archive:
        top = f"softmax_lib-{VERSION}/"
        files = {name.removeprefix(top) for name in archive.getnames()}
    beside = {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO", ".gitignore"}
    assert files == MODULES | beside


def test_the_release_is_described_under_its_version():
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## {VERSION}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_command_says_where_the_data_is(monkeypatch, capsys):
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "shapes10")
    assert main(["data", "where"]) == 0
    assert "Shapes-10" in capsys.readouterr().out


def test_the_command_explains_itself(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    assert "data" in said
    assert "open a chapter in JupyterLab" in said


def test_a_chapter_is_found_by_its_number_or_a_part_of_its_name():
    sgd = ROOT / "book" / "05_sgd.ipynb"
    assert find_chapter("5", ROOT / "book") == sgd
    assert find_chapter("4", ROOT / "book").stem == "04_gradient_check"  # not 14
    assert find_chapter("sgd", ROOT / "book") == sgd


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loss", "part of 2: 02_naive_loss, 03_vectorized_loss."),
        ("dropout", "part of none of 01_data, 02_naive_loss, 03"),
        ("99", "part of none of 01_data, 02_naive_loss, 03"),
    ],
)
def test_a_name_of_no_chapter_or_of_two_is_refused(name, said):
    with pytest.raises(LookupError, match=said):
        find_chapter(name, ROOT / "book")


def test_without_the_book_the_command_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["open", "4"]) == 1
    assert "run this command in a clone" in capsys.readouterr().err


def test_chapter_modules_load_without_processes_or_downloads():
    blocked = ("concurrent.futures.process", "multiprocessing", "pooch", "requests")
    modules = ("datasets", "tuning", "plots", "widgets", "evaluation", "exercises")
    code = f"""
import sys
sys.modules.update(dict.fromkeys({(*blocked, "tqdm")}))
from softmax_lib import {", ".join(modules)}
print(datasets.data_notice()[:15])
"""
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SOFTMAX_LIB_DATASET": "shapes10"},
        capture_output=True,
        text=True,
    )
    assert (said.stdout, said.stderr) == ("Data: SHAPES-10\n", "")
