"""The book's address, kept in one place: `make address REPOSITORY=owner/name`.

That place is ``repository: url`` in ``_config.yml``. The command writes it, and every
other mention of it that a file must spell out. As a Sphinx extension, this module
derives the rest when the pages are built: where GitHub Pages publishes them (another
site is named by ``html: baseurl``), the sitemap, and the links of the 404 page. While
the owner is still ``OWNER``, the pages have no button that needs the repository.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
PLACEHOLDER = "OWNER"
REPOSITORY = r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+"
BUTTONS = ("launch_buttons", "use_issues_button", "use_repository_button")


def main(arguments: Sequence[str]) -> int:
    """Write the address of the repository, and say which files name it now."""
    if len(arguments) != 1 or not re.fullmatch(REPOSITORY, arguments[0]):
        print(
            "Name the repository: make address REPOSITORY=owner/name", file=sys.stderr
        )
        return 2
    for path in write_address(ROOT, arguments[0]):
        print(f"Written: {path.relative_to(ROOT)}")
    print(f"The pages will be at {published(arguments[0]) or 'no address yet'}")
    return 0


def repository(root: Path = ROOT) -> str:
    """Return ``owner/name``, as ``_config.yml`` has it."""
    config = (root / "_config.yml").read_text("utf-8")
    found = re.search(rf"^  url: https://github\.com/({REPOSITORY})$", config, re.M)
    if found is None:
        raise ValueError("_config.yml must have repository: url: on github.com.")
    return found[1]


def published(repository: str) -> str:
    """Return where GitHub Pages puts the book, or "" while no owner is named."""
    owner, name = repository.split("/")
    if owner == PLACEHOLDER:
        return ""
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def book_address(root: Path = ROOT) -> str:
    """Return the address of the pages: ``html: baseurl``, else that of GitHub Pages."""
    config = (root / "_config.yml").read_text("utf-8")
    own = re.search(r"^  baseurl: (\S+)$", config, re.M)
    return own[1] if own else published(repository(root))


def write_address(root: Path, new: str) -> list[Path]:
    """Put the new address in place of the old one; return the files that name it."""
    old = re.compile(rf"(?<=github\.com/){re.escape(repository(root))}(?![\w-])")
    files = subprocess.check_output(["git", "ls-files", "-z"], cwd=root, text=True)
    named = []
    for path in sorted(root / name for name in files.split("\0") if name):
        try:
            text = path.read_bytes().decode("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        changed, count = old.subn(new, text)
        if count:
            path.write_bytes(changed.encode("utf-8"))
            named.append(path)
    return named


def derive_addresses(app: Any, config: Any) -> None:
    """Fill in what follows from the repository; without an owner, take buttons away."""
    address = book_address(Path(app.srcdir))
    config.html_baseurl = address
    config.notfound_urls_prefix = urlsplit(address).path or "/"
    if repository(Path(app.srcdir)).startswith(f"{PLACEHOLDER}/"):
        for button in BUTTONS:
            config.html_theme_options.pop(button, None)
    if not address:  # then a sitemap can't be built, and that is no mistake
        config.suppress_warnings = ["sitemap", *config.suppress_warnings]


def setup(app: Any) -> dict[str, Any]:
    """Run before the extensions that read these settings."""
    app.connect("config-inited", derive_addresses, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
