"""The chapters in the browser: what is put together, and what is refused."""

import hashlib
import json

import pytest

from tools.lite import build as lite

RIGHT = hashlib.sha256(b"right").hexdigest()


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A carrier, a lock that names one file of it, and a site built before."""
    lock = {"info": {}, "runtime": {"pyodide.js": RIGHT}, "packages": {}}
    (tmp_path / "lock.json").write_text(json.dumps(lock))
    (tmp_path / "_build" / "html" / "lite").mkdir(parents=True)
    (tmp_path / "carrier").mkdir()
    monkeypatch.setattr(lite, "ROOT", tmp_path)
    monkeypatch.setattr(lite, "LOCK", tmp_path / "lock.json")
    monkeypatch.setattr(lite, "carrier", lambda: tmp_path / "carrier")
    return tmp_path


@pytest.mark.parametrize(
    ("content", "said"), [(None, "does not carry pyodide.js"), (b"wrong", "is not the")]
)
def test_a_file_of_pyodide_missing_or_altered_ends_the_build(
    house, capsys, content, said
):
    if content:
        (house / "carrier" / "pyodide.js").write_bytes(content)
    assert lite.main() == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert said in sentence
    left = [path.name for path in (house / "_build").rglob("*")]
    assert left == ["html", "lite"]  # the site of before, and nothing half-made


def test_without_the_package_that_carries_pyodide_the_build_says_so(monkeypatch):
    monkeypatch.setattr(lite, "CARRIER", "no_such_package")
    with pytest.raises(lite.LiteError, match="no_such_package"):
        lite.carrier()


def test_a_link_leads_to_a_chapter_that_is_there_or_to_a_page_of_the_book():
    text = "[a](02_naive_loss.ipynb#x) [b](glossary.md#loss) "
    text += "[c](../worksheet/softmax.ipynb) [d](14_past_one_machine.ipynb)"
    assert lite.with_links(text, "https://b.org/") == (
        "[a](02_naive_loss.ipynb#x) [b](https://b.org/book/glossary.html#loss) "
        "[c](https://b.org/worksheet/softmax.html) "
        "[d](https://b.org/book/14_past_one_machine.html)"
    )


def test_the_lock_names_all_that_its_packages_need():
    packages = json.loads(lite.LOCK.read_text("utf-8"))["packages"]
    named = {name.replace("_", "-") for name in packages}
    for package in packages.values():
        assert {name.replace("_", "-") for name in package["depends"]} <= named
    assert named >= {*lite.PRELOADED}


def test_every_chapter_of_the_browser_is_recorded():
    assert all(chapter.is_file() for chapter in lite.CHAPTERS)


def test_a_text_of_several_lines_is_one_string_which_the_browser_shows_as_it_is(
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
