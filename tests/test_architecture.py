"""ARCHITECTURE.md says how the house is built; here the code is compared with it."""

import ast
import importlib
import inspect
import re
import sys
from pathlib import Path

import nbformat
import pytest
from numpydoc.validate import Validator, get_doc_object, validate

from tools.checker.chapters import CHAPTERS, ROOT

PACKAGE = ROOT / "softmax_lib"

# Of numpydoc's checks, those of content: a docstring is there, and it describes each
# parameter of the signature, in its order, and what is returned. What the notation of
# its module explains, the docstring that "As `name`" refers to, or the type of a result
# is not repeated; a result that takes one sentence needs no section.
REQUIRED = {"GL08", "PR01", "PR02", "PR03", "PR04", "PR07", "RT01", "YD01"}


def table():
    """The rows of ARCHITECTURE.md: module -> imports, chapters, tests."""
    lines = (ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()
    rows = [
        [re.findall(r"`(\w+)`", column) for column in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| `")
    ]
    return {module: columns for (module,), *columns in rows}


ROOMS = table()


def files_of(module):
    """The files of a module, or of a package of the same name."""
    return sorted((PACKAGE / module).rglob("*.py")) or [PACKAGE / f"{module}.py"]


def imported_by(path):
    """Every name that a file imports, with all that it leads through."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relative to itself"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reference():
    """The names that the reference describes, of each module that it names."""
    page = (ROOT / "book" / "reference.md").read_text("utf-8")
    _, *parts = re.split(r"automodule:: softmax_lib\.", page)
    return {
        part.split(maxsplit=1)[0]: re.findall(r"(?:auto\w+|py:data):: (\w+)", part)
        for part in parts
    }


def public_routines():
    """The full name of every public function, and of every method a class begins."""
    for room in ROOMS:
        module = importlib.import_module(f"softmax_lib.{room}")
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield f"{module.__name__}.{name}"
            elif inspect.isclass(value) and not issubclass(value, tuple):
                yield from (
                    f"{module.__name__}.{name}.{method}"
                    for method in vars(value)
                    if method[0] != "_" and inspect.isfunction(getattr(value, method))
                    if not any(hasattr(base, method) for base in value.__bases__)
                )


def test_every_module_has_its_line():
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix in ("", ".py")}
    there = {name for name in there if not name.startswith("_")}
    assert set(ROOMS) == there, "mend the table of ARCHITECTURE.md, *The package*"


@pytest.mark.parametrize("module", ROOMS)
def test_a_module_imports_what_its_line_says(module):
    found = {
        name.split(".")[1]
        for path in files_of(module)
        for name in imported_by(path)
        if name.startswith("softmax_lib.") and name.split(".")[1] != module
    }
    imports, _, _ = ROOMS[module]
    assert found == set(imports), "mend the column *imports* of ARCHITECTURE.md"


@pytest.mark.parametrize("module", ROOMS)
def test_a_module_imports_only_what_stands_above_it(module):
    imports, _, _ = ROOMS[module]
    assert set(imports) <= set(list(ROOMS)[: list(ROOMS).index(module)])


def code_of(chapter):
    """The syntax trees of a chapter's cells, and of the solutions of its exercises."""
    for cell in nbformat.read(chapter, as_version=4).cells:
        blocks = re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
        yield from map(
            ast.parse, blocks if cell.cell_type == "markdown" else [cell.source]
        )


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_a_chapter_uses_only_public_names(chapter):
    nodes = [node for tree in code_of(chapter) for node in ast.walk(tree)]
    modules, used = {}, []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "softmax_lib":
            modules |= {alias.name: f"softmax_lib.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith(
            "softmax_lib."
        ):
            used += [(node.module, alias.name) for alias in node.names]
    used += [
        (modules[node.value.id], node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id in modules
    ]
    assert used
    for module, name in used:
        assert name in importlib.import_module(module).__all__, f"{module}.{name}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_the_package_knows_nothing_of_notebooks_or_tests(path):
    unknown = {"IPython", "ipykernel", "nbformat", "nbval", "pytest", "tests", "sphinx"}
    assert not unknown & {name.split(".")[0] for name in imported_by(path)}


def test_every_chapter_teaches_a_module():
    taught = {chapter for _, chapters, _ in ROOMS.values() for chapter in chapters}
    listed = re.findall(r"book/(\d\d_\w+)", (ROOT / "_toc.yml").read_text("utf-8"))
    advice = "mend the column *taught in* of ARCHITECTURE.md, or _toc.yml"
    assert taught == set(listed), advice
    assert {chapter.stem for chapter in CHAPTERS} <= taught


@pytest.mark.parametrize("module", ROOMS)
def test_every_module_has_its_tests(module):
    _, _, tests = ROOMS[module]
    assert tests
    for name in tests:
        source = Path(__file__).with_name(f"{name}.py").read_text("utf-8")
        assert re.search(rf"\b{module}\b", source)


def described(name):
    """The parameters that a docstring describes, its model's, and its module's."""
    routine = Validator(get_doc_object(Validator._load_obj(name)))
    parameters = {parameter.lstrip("*") for parameter in routine.doc_parameters}
    parameters |= notation(name)
    model = model_of(name)
    return parameters | described(model) if model else parameters


def notation(name):
    """What the module of a routine explains once, in its paragraph of notation."""
    text = sys.modules[Validator._load_obj(name).__module__].__doc__
    found = re.search(r"^Notation: (.*?)(?:\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"``(\w+)``", found[1])) if found else set()


def model_of(name):
    """The routine whose docstring holds for this one: it begins "As `that_one`"."""
    text = inspect.getdoc(Validator._load_obj(name))
    found = re.search(r"^As `([\w.]+)`", text, re.MULTILINE)
    if found is None:
        return None
    return found[1] if "." in found[1] else f"{name.rpartition('.')[0]}.{found[1]}"


@pytest.mark.parametrize("name", list(public_routines()))
def test_a_public_docstring_describes_every_parameter_and_result(name):
    faults = {fault[0] for fault in validate(name)["errors"]} & REQUIRED
    assert set(signature_of(name)) <= described(name)
    faults -= {"PR01", "PR03"}  # a parameter is missing from this docstring alone
    if model_of(name) or not leaves_its_result_open(name):
        faults -= {"RT01", "YD01"}
    assert faults == set()


@pytest.mark.parametrize(
    "name",
    [
        "datasets.load_CIFAR10",
        "losses.softmax_loss_naive",
        "linear_classifier.LinearClassifier.train",
        "tuning.grid_search",
    ],
)
def test_the_first_docstring_of_a_family_is_whole(name):
    parts = get_doc_object(Validator._load_obj(f"softmax_lib.{name}"))
    assert parts["Parameters"]
    assert parts["Returns"]
    assert parts["Raises"]


def leaves_its_result_open(name):
    """Whether neither type nor text says what is returned: an array has a shape."""
    routine = Validator._load_obj(name)
    result = str(inspect.signature(routine).return_annotation)
    told = re.search(r"\b(return|result|yield)", inspect.getdoc(routine), re.IGNORECASE)
    return told is None and bool(re.search(r"ndarray|tuple|list|Iterator", result))


def signature_of(name):
    """The parameters of a routine, but for ``self``."""
    parameters = inspect.signature(Validator._load_obj(name)).parameters
    return [parameter for parameter in parameters if parameter != "self"]


def test_the_reference_describes_every_module_of_a_chapter():
    taught = {room for room, (_, chapters, _) in ROOMS.items() if chapters}
    missing = taught - set(reference())
    assert missing == set(), "book/reference.md needs a section for each"


@pytest.mark.parametrize("module", reference())
def test_the_reference_describes_every_public_name(module):
    public = importlib.import_module(f"softmax_lib.{module}").__all__
    assert sorted(reference()[module]) == sorted(public)


def test_no_file_is_long_but_catalogues():
    lengths = {
        path: len(path.read_text("utf-8").splitlines())
        for path in (ROOT / "softmax_lib").rglob("*.py")
        if path.name != "catalogue.py"
    }
    longest = max(lengths, key=lengths.get)
    assert lengths[longest] <= 600, longest


OWN_FILES = sorted(
    path
    for folder in ("softmax_lib", "tools", "tests", "book")
    for path in (ROOT / folder).rglob("*.py")
)
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda p: p.stem)
def test_docstrings_say_what_is_returned_or_checked(path):
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    docs = [
        ast.get_docstring(node) or "" for node in nodes if isinstance(node, DOCUMENTED)
    ]
    assert [doc for doc in docs if doc.startswith(("Refuse ", "Say "))] == []


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda p: p.stem)
def test_the_name_of_a_test_says_one_thing(path):
    names = re.findall(r"def test_(\w+)", path.read_text("utf-8"))
    assert [name for name in names if len(name) > 60] == []
