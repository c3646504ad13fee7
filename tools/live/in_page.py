"""Runs the cells of a page in the browser: the part that is Python.

`run` gets the code cells of a notebook and which of them to run. It runs first what
that cell needs of the cells above: the statements that give its names a value, and
those that these need, as far as they have not run already in the version that stands on
the page. What it prints and shows goes to the page by `post`, as JSON.

It runs in Pyodide and, for its tests, in any Python.
"""

import ast
import base64
import builtins
import contextlib
import dis
import functools
import io
import json
import linecache
import random
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from softmax_lib.submission.needed import read, root

MOST_TEXT = 50_000  # characters that one run may print
PAUSE = 0.05  # seconds between two messages with printed text
TOO_LARGE = "Your code asks for more memory than a page may have."
LATER = {"matplotlib", "PIL"}  # loaded when they are first imported

Post = Callable[[str], None]

random.seed()  # a page begins with the memory of another Python, its seed included


class Statement(NamedTuple):
    """A statement of a cell: what it gives a value, changes, and asks for."""

    cell: str
    node: ast.stmt
    text: str
    gives: frozenset[str]
    changes: frozenset[str]
    reads: frozenset[str]

    @property
    def writes(self) -> frozenset[str]:
        """The names whose value is another one afterwards."""
        return self.gives | self.changes


class Session:
    """What the cells of one notebook have left behind."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.history: dict[str, list[int]] = {}  # name → the statements that made it


class CellError(Exception):
    """A message to the reader that stands for a traceback."""


class PrintsTooMuch(BaseException):
    """Ends code that prints without end."""


sessions: dict[str, Session] = {}

# ---- what a statement needs and gives ------------------------------------------------

# Methods that change nothing: others count as changing the object before the dot.
PURE = re.compile(
    r"predict\w*|loss|mean|sum|max|min|std|var|astype|copy|reshape|round|arg\w+|items|"
    r"keys|values|get|format|join|split\w*|strip|ravel|flatten|transpose|dot|any|all|"
    r"item|tolist|startswith|endswith|replace|index|count|upper|lower|cumsum|nonzero"
)
# Functions of modules that change the module for what follows.
SETTINGS = re.compile(
    r"seterr|set_printoptions|filterwarnings|simplefilter|seed|update"
)
SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
SIMPLE = SCOPES | ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | ast.With


def statements(cell: str, source: str, modules: set[str]) -> list[Statement]:
    """Take a cell apart; `modules` collects what its imports name."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules.update(a.asname or a.name.split(".")[0] for a in node.names)
        code = compile(ast.Module([node], []), name_of(cell), "exec")
        at_once = list(dis.get_instructions(code))
        stored = {
            i.argval for i in at_once if i.opname in ("STORE_NAME", "DELETE_NAME")
        }
        loaded = {i.argval for i in at_once if i.opname == "LOAD_NAME"}
        gives = stored - loaded if isinstance(node, SIMPLE) else set()
        changes = set(changed_by(node, modules)) | (stored - gives)
        text = ast.unparse(node)
        reads = frozenset({*read(code), *changes})
        found.append(
            Statement(cell, node, text, frozenset(gives), frozenset(changes), reads)
        )
    return found


def changed_by(node: ast.AST, modules: set[str]) -> Iterator[str]:
    """Yield the names of objects that a statement may change, outside of functions."""
    if isinstance(node, SCOPES | ast.Lambda):
        return
    if isinstance(node, ast.Attribute | ast.Subscript):
        if not isinstance(node.ctx, ast.Load):
            yield from root(node)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            for name in root(node.func):
                method = node.func.attr
                if name in modules:
                    if SETTINGS.fullmatch(method):
                        yield name
                elif not PURE.fullmatch(method):
                    yield name
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            if isinstance(argument, ast.Name) and argument.id == "rng":
                yield "rng"  # a function that draws from it moves it on
    for child in ast.iter_child_nodes(node):
        yield from changed_by(child, modules)


def needed(found: list[Statement], names: set[str]) -> list[Statement]:
    """Return the statements, in order, that some names need."""
    wanted, chosen = set(names), []
    for statement in reversed(found):
        if statement.writes & wanted:
            chosen.append(statement)
            wanted = (wanted - statement.gives) | statement.reads
    return chosen[::-1]


def reads_of(found: list[Statement]) -> set[str]:
    """Return the names that statements, in their order, need from before them."""
    names: set[str] = set()
    for statement in reversed(found):
        names = (names - statement.gives) | statement.reads
    return names


class Made(NamedTuple):
    """A statement with its number, and how the names it writes are made up to there."""

    statement: Statement
    number: int
    history: dict[str, list[int]]


def number_all(chosen: list[Statement]) -> tuple[list[Made], dict[str, list[int]]]:
    """Return each statement with its number, and how each name is made in the end.

    A statement has another number when it, or anything that it builds on, has changed.
    """
    history: dict[str, list[int]] = {}
    made = []
    for statement in chosen:
        reads = [(name, history.get(name)) for name in sorted(statement.reads)]
        number = hash((statement.cell, statement.text, repr(reads)))
        note(history, statement, number)
        own = {name: history[name] for name in statement.writes}
        made.append(Made(statement, number, own))
    return made, history


def outdated(
    made: list[Made],
    final: dict[str, list[int]],
    now: dict[str, list[int]],
    names: set[str],
) -> list[Made]:
    """Return the statements that must run for the names to be as they should."""

    def holds(name: str, chain: list[int]) -> bool:
        there = now.get(name, [])
        return there[: len(chain)] == chain and final[name][: len(there)] == there

    wanted, to_run = set(names), []
    for each in reversed(made):
        asked = each.statement.writes & wanted
        if not asked:
            continue
        wanted -= each.statement.gives
        if not all(holds(name, each.history[name]) for name in asked):
            to_run.append(each)
            wanted |= each.statement.reads
    return to_run[::-1]


def note(history: dict[str, list[int]], statement: Statement, number: int) -> None:
    """Enter that a statement has run."""
    for name in statement.gives:
        history[name] = [number]
    for name in statement.changes - statement.gives:
        history[name] = [*history.get(name, []), number]


# ---- running -------------------------------------------------------------------------


def run(order: str, post: Post) -> str:
    """Run a cell of a notebook, and before it what it needs of the cells above.

    Parameters
    ----------
    order : str
        JSON: ``session``, the notebook's name; ``cells``, a list of ``{id, source}``;
        ``target``, the id of the cell to run; ``limit``, the seconds that a check may
        take; ``reset``, whether to forget first what ran before.
    post : callable
        Gets each message to the page, in JSON.

    Returns
    -------
    str
        JSON: ``needs``, a package to load before it is run again, or ``ok``.
    """
    asked = json.loads(order)
    session = sessions.setdefault(asked["session"], Session())
    send = Sender(post)
    set_limit(asked.get("limit"))
    show = Display(send)
    builtins.display = show  # type: ignore[attr-defined]
    builtins.input = no_input
    builtins.train_own = lambda model: train_own(model, send)  # type: ignore[attr-defined]
    ok = False
    try:
        with limited(send):
            ok = run_cell(session, asked, send, show)
    except ModuleNotFoundError as error:
        top = (error.name or "").partition(".")[0]
        if top in LATER and top not in sys.modules:
            return json.dumps(
                {"needs": "matplotlib" if top == "matplotlib" else "pillow"}
            )
        send(error=explain(error))
    except CellError as error:
        send(error=str(error))
    except PrintsTooMuch:
        send(
            error="Your code prints without end: it was stopped after "
            f"{MOST_TEXT:,} characters."
        )
    except KeyboardInterrupt:
        send(error=explain_stop(asked))
    except MemoryError:
        send(error=TOO_LARGE)
    except RecursionError as error:
        send(error="A function calls itself without end.\n" + explain(error))
    except SystemExit:
        send(error="Your code ends Python by `exit`: take that line out.")
    except BaseException as error:
        send(error=explain(error))
    return json.dumps({"ok": ok})


def run_cell(
    session: Session, asked: dict[str, Any], send: "Sender", show: "Display"
) -> bool:
    """Run what the cell needs, then the cell itself."""
    above: list[Statement] = []
    unread: dict[str, str] = {}
    modules: set[str] = set()
    sources.update((cell["id"], cell["source"]) for cell in asked["cells"])
    for cell in asked["cells"]:
        if cell["id"] == asked["target"]:
            break
        try:
            above += statements(cell["id"], cell["source"], modules)
        except (SyntaxError, ValueError) as error:
            unread[cell["id"]] = f"line {getattr(error, 'lineno', '?')}: {error}"
    else:
        raise CellError(f"There is no cell {asked['target']}.")
    own = own_statements(cell["id"], cell["source"], modules)
    reads = reads_of(own)
    for name, fault in unread.items():
        if reads & names_given(sources[name]):
            raise CellError(
                f"A cell above that this one needs cannot be read ({name}): {fault}."
            )
    chosen = needed(above, reads)
    made, final = number_all(chosen)
    run_first(session, outdated(made, final, session.history, reads), send)
    remember(cell["id"], cell["source"])
    send(begin=True)
    numbers = [each.number for each in number_all([*chosen, *own])[0]]
    with redirected(send):
        for statement, number in zip(own, numbers[len(chosen) :], strict=True):
            is_last = statement is own[-1]
            if (
                is_last
                and isinstance(statement.node, ast.Expr)
                and not silenced(cell["source"])
            ):
                code = compile(
                    ast.Expression(statement.node.value), name_of(cell["id"]), "eval"
                )
                value = eval(code, session.names)
                session.names["_"] = value
                if value is not None:
                    show(value)
            else:
                execute(session, statement)
            note(session.history, statement, number)
        show_figures(show)
    return True


def own_statements(cell: str, source: str, modules: set[str]) -> list[Statement]:
    """Take the cell itself apart, or say where it cannot be read."""
    try:
        return statements(cell, source, modules)
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None)
        lines = source.splitlines()
        shown = (
            f"\n    {lines[number - 1].strip()}"
            if number and number <= len(lines)
            else ""
        )
        message = getattr(error, "msg", str(error))
        raise CellError(
            f"Python cannot read line {number or '?'}: {message}.{shown}"
        ) from None


def names_given(source: str) -> set[str]:
    """Guess which names a cell that cannot be read gives a value."""
    found = re.findall(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=", source, re.MULTILINE)
    return {name for pair in found for name in pair if name}


def run_first(session: Session, to_run: list[Made], send: "Sender") -> None:
    """Run what is missing of the cells above."""
    latest = ""
    for statement, number, _ in to_run:
        if statement.cell != latest:
            latest = statement.cell
            send(first=latest)
        remember_of(statement)
        try:
            with redirected(None):
                execute(session, statement)
        except (KeyboardInterrupt, ModuleNotFoundError):
            raise
        except BaseException as error:
            raise CellError(
                "A cell above that this one needs stops with an error "
                f"({statement.cell}).\n{explain(error)}"
            ) from None
        note(session.history, statement, number)


def execute(session: Session, statement: Statement) -> None:
    """Run one statement."""
    code = compile(ast.Module([statement.node], []), name_of(statement.cell), "exec")
    exec(code, session.names)


def name_of(cell: str) -> str:
    """Return what a traceback calls a cell."""
    return f"cell {cell}"


sources: dict[str, str] = {}


def remember(cell: str, source: str) -> None:
    """Let a traceback show the lines of a cell."""
    lines = source.splitlines(keepends=True)
    linecache.cache[name_of(cell)] = (len(source), None, lines, name_of(cell))


def remember_of(statement: Statement) -> None:
    """As `remember`, for a cell of which only some statements run."""
    if source := sources.get(statement.cell):
        remember(statement.cell, source)


def silenced(source: str) -> bool:
    """Whether a cell ends with a semicolon, which hides its value."""
    return source.rstrip().endswith(";")


def no_input(*_: object) -> str:
    """Stand for `input`, which a page cannot offer."""
    raise CellError("input() cannot ask anything here. Write the value into the cell.")


def set_limit(seconds: float | None) -> None:
    """Let the reports of the checks name the page's time limit."""
    if seconds:
        from softmax_lib.exercises import sandbox

        sandbox.TIME_LIMIT = float(seconds)


@contextlib.contextmanager
def limited(send: "Sender") -> Iterator[None]:
    """Tell the page when a check runs the reader's code, whose time it limits."""
    from softmax_lib.exercises.sandbox import Outcome, Task, run_by, run_here

    def run_task(task: Task, *args: Any) -> Outcome:
        send(clock=True)
        try:
            return run_here(functools.partial(task, *args))
        finally:
            send(clock=False)

    with run_by(run_task):
        yield


def explain_stop(asked: dict[str, Any]) -> str:
    """Return why the code was interrupted."""
    return (
        f"Your code does not finish: it was stopped after {asked['seconds']} seconds."
    )


def explain(error: BaseException) -> str:
    """Return an exception with the lines of the reader's cells that led to it."""
    lines = []
    if "Maximum allowed dimension" in str(error):  # where addresses have 32 bits
        error = MemoryError(TOO_LARGE).with_traceback(error.__traceback__)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("cell "):
            lines.append(f"line {frame.lineno}: {(frame.line or '').strip()}")
    if len(lines) > 8:
        lines = [*lines[:3], f"… {len(lines) - 6} more", *lines[-3:]]
    said = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([*lines, said[:4000]])


# ---- what a cell prints and shows ----------------------------------------------------


class Sender:
    """Sends messages to the page."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.streams: list[Printed] = []

    def __call__(self, **message: Any) -> None:
        """Send one."""
        self.post(json.dumps(message))


class Printed(io.TextIOBase):
    """Takes what code prints, and sends it now and then, up to a limit."""

    def __init__(self, send: Sender, stream: str) -> None:
        self.send, self.stream = send, stream
        self.waiting: list[str] = []
        self.sent, self.last = 0, 0.0

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take text."""
        self.sent += len(text)
        self.waiting.append(text)
        if self.sent > MOST_TEXT:
            self.flush()
            raise PrintsTooMuch
        if time.monotonic() - self.last > PAUSE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what waits."""
        if self.waiting:
            self.send(printed="".join(self.waiting)[:MOST_TEXT], stream=self.stream)
        self.waiting, self.last = [], time.monotonic()


@contextlib.contextmanager
def redirected(send: Sender | None) -> Iterator[None]:
    """Send what code prints to the page, or nowhere."""
    if send is None:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
        return
    out, err = Printed(send, "stdout"), Printed(send, "stderr")
    send.streams = [out, err]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    finally:
        out.flush()
        err.flush()


class Display:
    """Shows a value, as Jupyter's `display` does."""

    def __init__(self, send: Sender) -> None:
        self.send = send

    def __call__(self, *values: Any, **_: Any) -> None:
        """Show values."""
        for value in values:
            for stream in self.send.streams:
                stream.flush()
            self.send(shown=as_bundle(value))


def as_bundle(value: Any) -> dict[str, Any]:
    """Return a value in the forms that a page can show."""
    if callable(getattr(value, "png", None)) and hasattr(value, "alt"):
        picture = base64.b64encode(value.png()).decode("ascii")
        width = round(value.get_figwidth() * 100)
        return {"image/png": picture, "alt": value.alt, "width": width}
    if hasattr(value, "savefig") and hasattr(value, "get_axes"):
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", dpi=150)
        picture = base64.b64encode(buffer.getvalue()).decode("ascii")
        return {
            "image/png": picture,
            "alt": "",
            "width": round(value.get_figwidth() * 100),
        }
    bundle: dict[str, Any] = {}
    for method, kind in (
        ("_repr_markdown_", "text/markdown"),
        ("_repr_html_", "text/html"),
    ):
        make = None if isinstance(value, type) else getattr(value, method, None)
        if callable(make) and (made := make()) is not None:
            bundle[kind] = made
    text = repr(value)
    if len(text) > MOST_TEXT:
        text = text[:MOST_TEXT] + " …"
    if isinstance(getattr(value, "passed", None), bool):
        bundle["passed"] = value.passed
    return bundle | {"text/plain": text}


def show_figures(show: Display) -> None:
    """Show the figures that pyplot has open, and close them, as Jupyter does."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for number in pyplot.get_fignums():
            show(pyplot.figure(number))
        pyplot.close("all")


# ---- the reader's own classifier, and the reader's own file --------------------------

POINTS, HELD_OUT, STEPS, AT_ONCE = 5_000, 1_000, 600, 10


def train_own(model: Any, send: Sender) -> None:
    """Train the reader's class on Shapes-10; send each few steps what has come."""
    import numpy as np

    from softmax_lib.shapes10 import CLASS_NAMES, generate

    images, y, new_images, y_new = generate(POINTS, HELD_OUT)
    X, X_new = (i.reshape(len(i), -1).astype(np.float32) for i in (images, new_images))
    mean = X.mean(axis=0)
    X, X_new = (
        np.hstack([rows - mean, np.ones((len(rows), 1), np.float32)])
        for rows in (X, X_new)
    )
    classifier = model()
    rng = np.random.default_rng(0)
    for done in range(0, STEPS, AT_ONCE):
        losses = classifier.train(
            X,
            y,
            learning_rate=2e-7,
            reg=1e4,
            num_iters=AT_ONCE,
            batch_size=200,
            rng=rng,
        )
        loss = [float(value) for value in list(losses or [])]
        if not all(map(np.isfinite, loss)):
            raise CellError(
                f"The loss is no number any more after {done + len(loss)} steps."
            )
        send(progress={"done": done + AT_ONCE, "of": STEPS, "losses": loss})
    accuracy = float(np.mean(np.asarray(classifier.predict(X_new)) == y_new))
    W = np.asarray(classifier.W)[:-1]
    low, high = float(W.min()), float(W.max())
    pixels = np.uint8(255 * (W - low) / max(high - low, 1e-30)).T.reshape(-1, 32, 32, 3)
    pictures = [base64.b64encode(each.tobytes()).decode("ascii") for each in pixels]
    send(templates={"names": list(CLASS_NAMES), "pictures": pictures})
    print(
        f"Of {HELD_OUT:,} pictures that it has not seen, your classifier gets "
        f"{accuracy:.1%} right. Guessing gets 10.0%."
    )


def judge_file(order: str, post: Post) -> str:
    """Judge a file of the reader's, and send the verdicts."""
    from softmax_lib.submission.judge import judge_here
    from softmax_lib.submission.reading import Unreadable

    asked = json.loads(order)
    send = Sender(post)
    set_limit(asked.get("limit"))
    send(begin=True)
    name = Path(asked["name"]).name or "softmax.py"
    try:
        with tempfile.TemporaryDirectory() as folder, redirected(None), limited(send):
            path = Path(folder, name)
            path.write_text(asked["text"], "utf-8")
            judgement = judge_here(path)
    except Unreadable as error:
        send(error=str(error))
        return json.dumps({"ok": False})
    except KeyboardInterrupt:
        send(error=explain_stop(asked))
        return json.dumps({"ok": False})
    except BaseException as error:
        send(error=explain(error))
        return json.dumps({"ok": False})
    for each in judgement.judged:
        report = each.report
        send(
            shown={
                "text/markdown": f"`{each.function}`: {report.text}",
                "text/plain": str(report),
            }
        )
    for line in [*judgement.complaints, *judgement.remarks]:
        send(printed=line + "\n", stream="stderr")
    if not judgement.judged:
        send(error="This file defines nothing that can be checked.")
    return json.dumps({"ok": judgement.status == 0})
