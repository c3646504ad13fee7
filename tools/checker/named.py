"""Find what the prose names and nothing has: a function, a command, a file, a listing.

A word of code in the prose must be a word of the code that a reader has: the chapters',
the package's, the worksheet's. `FOREIGN` are words of other libraries and of commands.
"""

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import nbformat

from tools.checker.chapters import BOOK, NOTEBOOKS, ROOT
from tools.checker.links import function_targets
from tools.checker.prose import shown_in, without_listings

__all__ = ["misnamed", "miscalled", "miscounted"]

FOREIGN = {
    *("lbfgs", "newton", "saga", "weight_decay", "softmaxclassifier__sample_weight"),
    *("FILE", "latin1", "v0"),
}
LISTING = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
ROLE = re.compile(r"\{\w+\}`[^`]*`")
WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*|(?<=\.)[A-Za-z_]\w*")
OURS = re.compile(r"(?:\.github|book|softmax_lib|tests|tools|worksheet)/[\w./]*")
FILE = re.compile(r"\w+\.(?:cff|md|toml|yml)")
WORKFLOW = re.compile(r"\bworkflow\s+\*(\w+)\*")
WORKFLOWS = ROOT / ".github" / "workflows"
SUM = re.compile(r"\$([-\d\s+.]+)=([-\d\s.]+)\$")
LIST = re.compile(
    r"\b(two|three|four|five|six) \w+:\n\n"
    r"((?:(?:- |\d+\. )[^\n]*\n(?:  +[^\n]*\n)*)+)"
)
COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


@functools.cache
def words_of_code() -> frozenset[str]:
    """Return each word of the code that a reader has, and of what it prints."""
    cells = [c for p in NOTEBOOKS for c in nbformat.read(p, as_version=4).cells]
    pages = [page.read_text("utf-8") for page in BOOK.glob("*.md")]
    texts = [
        listing[2]
        for text in [*(c.source for c in cells if c.cell_type == "markdown"), *pages]
        for listing in LISTING.finditer(text)
    ]
    for cell in cells:
        if cell.cell_type == "code":
            texts += [cell.source, *(t for o in cell.outputs for t in shown_in(o))]
    for pattern in ("softmax_lib/**/*.py", "tools/**/*.py", "worksheet/**/*.ipynb"):
        own = [path for path in ROOT.glob(pattern) if "tests" not in path.parts]
        texts += [path.read_text("utf-8") for path in own]
    for path in (ROOT / "Makefile", *WORKFLOWS.glob("*.yml")):
        texts.append(path.read_text("utf-8"))
    texts += [path.name for path in ROOT.iterdir()]
    return frozenset(re.findall(r"\w+", "\n".join(texts))) | FOREIGN


@functools.cache
def targets() -> frozenset[str]:
    """Return the targets of the Makefile."""
    text = (ROOT / "Makefile").read_text("utf-8")
    return frozenset(re.findall(r"^([a-z][\w-]*):", text, re.MULTILINE))


def misnamed(text: str) -> Iterator[str]:
    """Yield each piece of code in a text whose name nothing has."""
    for span in SPAN.findall(ROLE.sub(" ", without_listings(text))):
        path = OURS.match(span)
        if span.startswith("make "):
            wrong = span.split()[1] not in targets()
        elif path:
            wrong = not (ROOT / path[0]).exists()
        elif FILE.fullmatch(span):
            wrong = not any((folder / span).exists() for folder in (ROOT, WORKFLOWS))
        else:
            wrong = not words_of_code().issuperset(WORD.findall(span))
            wrong = wrong or lacks_attribute(span)
        if wrong:
            yield span
    for name in WORKFLOW.findall(text):
        if not (WORKFLOWS / f"{name}.yml").exists():
            yield name


def lacks_attribute(span: str) -> bool:
    """Return whether it is a class of the package with a name that it does not have."""
    owner, _, name = span.partition(".")
    if not name.isidentifier() or owner not in function_targets():
        return False
    place = function_targets()[owner].removeprefix("reference.md#")
    module = importlib.import_module(place.rpartition(".")[0])
    found = vars(module)[owner]
    return isinstance(found, type) and not hasattr(found, name)


def miscalled(text: str) -> Iterator[str]:
    """Yield each import of the package in a listing, and each call, that would fail."""
    for language, code in LISTING.findall(text):
        if language != "python":
            continue
        names: dict[str, Any] = {}
        tree = ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.MULTILINE))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and "softmax_lib" in str(node.module):
                for alias in node.names:
                    try:
                        module = importlib.import_module(str(node.module))
                        names[alias.name] = getattr(module, alias.name)
                    except (ImportError, AttributeError):
                        yield ast.unparse(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                function = names.get(node.func.id)
                if function and not fits_signature(node, function):
                    yield ast.unparse(node)


def fits_signature(call: ast.Call, function: Any) -> bool:
    """Return whether a function takes the arguments of a call."""
    spread = any(isinstance(a, ast.Starred) for a in call.args)
    named = {keyword.arg: None for keyword in call.keywords if keyword.arg}
    bind = inspect.signature(function).bind_partial
    try:
        bind(*([] if spread else call.args), **named)
    except TypeError:
        return False
    return True


def miscounted(text: str) -> Iterator[str]:
    """Yield each wrong sum of plain numbers, and each list of another length."""
    for left, right in SUM.findall(text):
        terms = re.findall(r"[-+]?[\d.]+", re.sub(r"\s", "", left))
        if abs(sum(map(float, terms)) - float(right.replace(" ", ""))) > 1e-9:
            yield f"{left}={right}"
    for count, items in LIST.findall(text + "\n"):
        length = len(re.findall(r"^(?:- |\d+\. )", items, re.MULTILINE))
        if length != COUNTS[count]:
            yield f"{count}: {items}"
