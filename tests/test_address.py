"""The book's address stands in one place, and every file that spells it out agrees."""

import re
import shutil
import subprocess
import tomllib
from types import SimpleNamespace

import pytest
import yaml

from tools import address
from tools.checker.chapters import ROOT

SPELLED_OUT = (
    ".github/CONTRIBUTING.md",
    "CITATION.cff",
    "book/LICENSE",
    "_config.yml",
    "pyproject.toml",
    "softmax_lib/exercises/errors.py",
)
URL = f"https://github.com/{address.repository()}"


def test_all_files_name_the_same_repository():
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    assert config["repository"]["url"] == URL
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Source"] == URL
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["repository-code"] == URL
    for name in SPELLED_OUT:
        text = (ROOT / name).read_text("utf-8")
        assert re.search(rf"{re.escape(URL)}(?![\w-])", text), name


@pytest.fixture
def clone(tmp_path):
    """A clone with the files that spell the address out, and one that does not."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in (*SPELLED_OUT, "LICENSE"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "near.md").write_text(f"{URL}-of-another and {URL}/issues\n")
    (tmp_path / "data").write_bytes(b"\xff" + URL.encode())
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    return tmp_path


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git/" not in path.as_posix()
    }


def test_the_command_writes_it_everywhere_and_back(clone):
    before = contents(clone)
    written = address.write_address(clone, "Somebody/my.book")
    names = {path.relative_to(clone).as_posix() for path in written}
    assert names == {*SPELLED_OUT, "near.md"}
    assert address.repository(clone) == "Somebody/my.book"
    near = (clone / "near.md").read_text()
    assert near == f"{URL}-of-another and https://github.com/Somebody/my.book/issues\n"
    left = [name for name in SPELLED_OUT if URL.encode() in contents(clone)[name]]
    assert left == []
    address.write_address(clone, address.repository())
    assert contents(clone) == before


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("Somebody/my-book", "https://somebody.github.io/my-book/"),
        ("Somebody/somebody.github.io", "https://somebody.github.io/"),
        ("OWNER/softmax-book", ""),
    ],
)
def test_the_pages_are_where_github_puts_them(repository, site):
    assert address.published(repository) == site


@pytest.mark.parametrize("wrong", [[], [""], ["me"], ["https://github.com/me/book"]])
def test_anything_but_owner_and_name_is_refused(wrong, capsys):
    assert address.main(wrong) == 2
    assert "REPOSITORY=owner/name" in capsys.readouterr().err


def derived(root, repository, baseurl=""):
    """The settings of Sphinx, in a book with this repository and ``html: baseurl``."""
    (root / "_config.yml").write_text(
        f"repository:\n  url: https://github.com/{repository}\nhtml:\n{baseurl}"
    )
    options = dict.fromkeys((*address.BUTTONS, "repository_url"), True)
    config = SimpleNamespace(html_theme_options=options, suppress_warnings=[])
    address.derive_addresses(SimpleNamespace(srcdir=root), config)
    return config


def test_the_pages_addresses_follow_from_the_repository(tmp_path):
    config = derived(tmp_path, "me/book")
    assert config.html_baseurl == "https://me.github.io/book/"
    assert config.notfound_urls_prefix == "/book/"
    assert config.html_theme_options.keys() >= {*address.BUTTONS}
    assert config.suppress_warnings == []


def test_a_site_of_ones_own_goes_before_github_pages(tmp_path):
    baseurl = "  baseurl: https://book.org/\n"
    config = derived(tmp_path, "me/book", baseurl)
    assert config.html_baseurl == "https://book.org/"
    assert config.notfound_urls_prefix == "/"


def test_without_an_owner_no_button_leads_to_the_repository(tmp_path):
    config = derived(tmp_path, "OWNER/book")
    assert config.html_theme_options.keys() == {"repository_url"}
    assert (config.html_baseurl, config.notfound_urls_prefix) == ("", "/")
    assert config.suppress_warnings == ["sitemap"]
