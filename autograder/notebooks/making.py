"""Modules as one notebook: text cells from their docstrings, a code cell for each function and class.

So one reference gives two handouts. All names of a notebook live in one place, so what one module imports from another
needs no import any more; and what runs when a module is the main program (its example) is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from autograder.checks.errors import InstructorError
from autograder.markers import regions
from autograder.notebooks.reading import Cell, Notebook

__all__ = ["notebook_of"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def notebook_of(modules: Mapping[str, str], title: str) -> Notebook:
    """The notebook with the code of some modules, in their order.

    Args:
        modules: file name to text; they may import from each other by ``from module import name``.
        title: the first heading.

    Raises:
        InstructorError: a module imports another one as a whole, or under other names, which one notebook cannot.
    """
    own = {PurePath(file).stem for file in modules}
    cells = [Cell("markdown", f"# {title}", id="title")]
    for file, source in modules.items():
        cells += _cells(file, source, own)
    return Notebook(tuple(cells))


def _cells(file: str, source: str, own: set[str]) -> Iterator[Cell]:
    tree = ast.parse(source, file)
    lines = source.splitlines()
    stem = PurePath(file).stem
    words = ast.get_docstring(tree) or ""
    if words:
        yield Cell("markdown", words, id=f"{stem}-about")
    body = tree.body[1:] if words else tree.body
    dropped = [each for each in body if _is_dropped(each, file, own)]
    closed = [range(each.first, each.last + 1) for each in regions(source, file)]
    first = (tree.body[0].end_lineno or 0) + 1 if words else 1
    number = 0
    for start, end in _pieces(body, closed, first, len(lines)):
        gone = {line for each in dropped for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}
        text = "\n".join(line for place, line in enumerate(lines[start - 1 : end], start) if place not in gone)
        if text.strip():
            number += 1
            yield Cell("code", text.strip("\n"), id=f"{stem}-{number}")


def _pieces(body: list[ast.stmt], closed: list[range], first: int, last: int) -> Iterator[tuple[int, int]]:
    """First and last line of each cell: a definition with what stands above it, or what lies between definitions.

    A solution region at module level stays whole.
    """
    start = first
    for place, statement in enumerate(body):
        end = statement.end_lineno or statement.lineno
        end = max([end, *(lines[-1] for lines in closed if statement.lineno < lines[0] <= end)])  # its closing marker
        around = next((lines for lines in closed if statement.lineno in lines), None)
        if around is not None:
            if place + 1 < len(body) and body[place + 1].lineno in around:
                continue
            end = around[-1]
        following = body[place + 1] if place + 1 < len(body) else None
        if isinstance(statement, _DEFINITIONS) or around is not None or isinstance(following, _DEFINITIONS):
            yield start, end
            start = end + 1
    if start <= last:
        yield start, last


def _is_dropped(statement: ast.stmt, file: str, own: set[str]) -> bool:
    """Whether a statement has no place in a notebook: an import of a neighbour, or the start of the main program."""
    if isinstance(statement, ast.ImportFrom) and statement.module in own and not statement.level:
        renamed = [alias for alias in statement.names if alias.asname or alias.name == "*"]
        if renamed:
            raise InstructorError(
                f"{file}:{statement.lineno}: a notebook of these modules has no place for another name or a star; "
                f"write 'from {statement.module} import' with the names themselves."
            )
        return True
    if isinstance(statement, ast.Import) and any(alias.name.partition(".")[0] in own for alias in statement.names):
        raise InstructorError(
            f"{file}:{statement.lineno}: in a notebook {statement.names[0].name} is no module; write "
            f"'from {statement.names[0].name} import' with the names that are used."
        )
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
    return False
