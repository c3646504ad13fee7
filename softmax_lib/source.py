"""Showing a function's source in a page, so that what is read is what ran."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

__all__ = ["show_source"]


class Source(str):
    """Python source that a notebook shows with its syntax coloured."""

    __repr__ = str.__str__  # a prompt shows the lines, not a quoted string

    def _repr_html_(self) -> str:
        from pygments import highlight  # comes with every notebook
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer

        return str(highlight(self, PythonLexer(), HtmlFormatter(wrapcode=False)))


def show_source(function: Callable[..., Any]) -> Source:
    """Source of a function or class as it is installed, without its docstring.

    As the last line of a notebook cell it is shown with coloured syntax.

    Parameters
    ----------
    function : function or class
        Defined in a file, not typed into a prompt.
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (TypeError, OSError):
        raise TypeError(
            "function must be a function or class that is defined in a file of Python, "
            f"but it is {function!r}."
        ) from None
    lines = source.splitlines()
    for node in reversed(list(ast.walk(ast.parse(source)))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            docstring = node.body[0]
            del lines[docstring.lineno - 1 : docstring.end_lineno]
    return Source("\n".join(lines).strip())
