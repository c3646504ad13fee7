"""Link first mentions: of a term to the glossary, of a function to the reference.

`python -m tools.checker.text` writes these links, so nobody has to. An author who wants
another mention linked writes that link by hand, and it is left alone. The first cell
holds the question of the chapter and stays free of links.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tools.checker.chapters import BOOK

__all__ = [
    "function_targets",
    "link_first_mentions",
    "misleading_links",
    "term_targets",
]

# Where no link may stand: listings, the lines of a directive, headings, tables, the
# captions of figures, formulas, links, roles and code.
CLOSED = re.compile(
    r"""
      ^(?P<fence>`{3,})(?=\w)[^\n]*\n.*?^(?P=fence)[ ]*$
    | ^(?:`{3,}|:{3,}|\#|\||:\w+:|\*\*Figure\ )[^\n]*$
    | \$\$.*?\$\$
    | \$[^$\n]+\$
    | \[[^\]]*\]\([^)]*\)
    | \{\w+\}`[^`]*`
    | `[^`\n]+`
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


def term_targets() -> dict[str, str]:
    """Return each term of the glossary, singular and plural, with its place there."""
    page = (BOOK / "glossary.md").read_text("utf-8")
    targets = {}
    for term in re.findall(r"^### (.+)$", page, re.MULTILINE):
        slug = re.sub(r"[^\w -]", "", term.lower()).replace(" ", "-")
        for form in (term, f"{term}s", f"{term}es", re.sub("y$", "ies", term)):
            targets[form.lower()] = f"glossary.md#{slug}"
    return targets


def function_targets() -> dict[str, str]:
    """Return each name of the reference with its place there."""
    page = (BOOK / "reference.md").read_text("utf-8")
    targets: dict[str, str] = {}
    for part in page.split("automodule:: ")[1:]:
        module = part.split(maxsplit=1)[0]
        for name in re.findall(r"(?:auto\w+|py:data):: (\w+)", part):
            targets.setdefault(name, f"reference.md#{module}.{name}")
    return targets


LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
LABEL = re.compile(r"^\$\$ \(([\w-]+)\)$", re.MULTILINE)


def equation_labels(text: str) -> set[str]:
    """Return the labels of the equations in a text."""
    return set(LABEL.findall(text))


def misleading_links(text: str, labels: Collection[str]) -> Iterator[str]:
    """Yield each link whose words name something else than what it leads to.

    Those are a chapter or an exercise by its number, a function by its name, a source
    by its author and year, an equation by a label that is not one of ``labels``, and
    a heading by half of its words in another order or with others between them.
    """
    for link in LINK.finditer(text):
        words, place = " ".join(link[1].replace("*", "").split()), link[2]
        chapter = re.search(r"(?:^|/)(\d\d)_\w+\.ipynb", place)
        number = re.fullmatch(r"(?:[Cc]hapter )?(\d+)", words)
        name = re.fullmatch(r"`(\w+)`", words)
        step = re.match(r"(?:exercise|inline question) \d", words, re.IGNORECASE)
        _, of_bibliography, key = place.partition("bibliography.md#")
        year = re.search(r"\b(?:1[89]|20)\d\d\b", words)
        if number and not (chapter and int(chapter[1]) == int(number[1])):
            yield link[0]
        elif step and "softmax.ipynb#" in place:
            if not place.split("#")[1].startswith(step[0].lower().replace(" ", "-")):
                yield link[0]
        elif name and "reference.md#" in place:
            if place.rpartition(".")[2] != name[1]:
                yield link[0]
        elif of_bibliography and year:
            author = key.removesuffix(year[0])
            if author == key or author not in re.sub(r"\W", "", words.lower()):
                yield link[0]
        elif misquotes(words, place):
            yield link[0]
    for equation in re.finditer(r"\{eq\}`([^`]*)`", text):
        if equation[1] not in labels:
            yield equation[0]


def misquotes(words: str, place: str) -> bool:
    """Return whether half of a link's words, or more, are its heading's, and not all.

    A "the" at the beginning does not count. The words must follow each other there.
    """
    page, _, anchor = place.partition("#")
    if not anchor or page in ("bibliography.md", "glossary.md", "reference.md"):
        return False
    heading = [word for word in anchor.split("-") if word]
    said = re.sub(r"[^\w -]", "", words.lower()).replace("-", " ").split()
    said = said[said[:1] == ["the"] :]
    shared = sum(word in heading for word in said)
    return 2 * shared >= len(said) and f" {' '.join(said)} " not in (
        f" {' '.join(heading)} "
    )


def link_first_mentions(cells: Sequence[Any]) -> None:
    """Link what is mentioned and nowhere linked, in the text after the first cell."""
    markdown = [cell for cell in cells if cell.cell_type == "markdown"][1:]
    linked = set(re.findall(r"\]\(([^)]*)\)", "\n".join(c.source for c in markdown)))
    for cell in markdown:
        cell.source = with_links(cell.source, linked)


def with_links(text: str, linked: set[str]) -> str:
    """Return ``text`` with links to what is not in ``linked``, and enter it there."""
    terms, functions = term_targets(), function_targets()
    longest_first = sorted(map(re.escape, terms), key=len, reverse=True)
    mention = re.compile(
        rf"(?<![\w-])(\*\*)?({'|'.join(longest_first)})(?(1)\*\*)(?![\w-])", re.I
    )

    def link(shown: str, target: str) -> str:
        if target in linked:
            return shown
        linked.add(target)
        return f"[{shown}]({target})"

    def link_terms(prose: str) -> str:
        return mention.sub(lambda m: link(m[0], terms[m[2].lower()]), prose)

    parts, end = [], 0
    for closed in CLOSED.finditer(text):
        parts.append(link_terms(text[end : closed.start()]))
        name = closed[0].strip("`")
        code = closed[0] == f"`{name}`" and name in functions
        parts.append(link(closed[0], functions[name]) if code else closed[0])
        end = closed.end()
    return "".join([*parts, link_terms(text[end:])])
