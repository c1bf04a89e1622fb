"""Solution regions of a reference: found, checked, and cut out to make a stub.

A region is what stands between two comment lines of their own, at any indentation:

    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

Inside a function the stub raises NotImplementedError there, which names the function; elsewhere nothing is left.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.errors import InstructorError

__all__ = ["BEGIN", "END", "Region", "bound_names", "cut", "regions"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

_WORDS = ("BEGIN SOLUTION", "END SOLUTION")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


@dataclass(frozen=True, slots=True)
class Region:
    """One solution region: lines `first` to `last` of `file`, both markers included, counted from 1.

    `name` is the qualified name of the function around it, such as ``Network.backprop``, of the class around it, or
    "" at module level; `in_function` tells which.
    """

    file: str
    first: int
    last: int
    name: str
    in_function: bool

    def __contains__(self, line: int) -> bool:
        return self.first <= line <= self.last


def regions(source: str, file: str) -> tuple[Region, ...]:
    """All solution regions of a module, in order.

    Args:
        source: text of the module.
        file: its name, for messages.

    Raises:
        InstructorError: the module is no Python; a marker is nested, unended, stray, misspelt or not on a line of its
            own; a region is empty or reaches from one function into another.
    """
    tree = _parse(source, file)
    found: list[Region] = []
    begun = 0
    for line, text in _markers(source, file):
        if text == BEGIN:
            if begun:
                raise InstructorError(
                    f"{file}:{line}: a solution begins inside the one of line {begun}; end that one first."
                )
            begun = line
        else:
            if not begun:
                raise InstructorError(f"{file}:{line}: '{END}' without a '{BEGIN}' above it; remove it.")
            found.append(_region(source, tree, file, begun, line))
            begun = 0
    if begun:
        raise InstructorError(f"{file}:{begun}: '{BEGIN}' has no '{END}'; add it where the solution ends.")
    return tuple(found)


def cut(source: str, file: str) -> str:
    """The stub: the module without what stands in its solution regions.

    Raises:
        InstructorError: as `regions`; or the stub would not be a module that can be imported, because it is no Python
            any more or uses a name that only a solution defines.
    """
    found = regions(source, file)
    lines = source.splitlines()
    kept: list[str] = []
    at = 0
    for region in found:
        kept += lines[at : region.first - 1]
        kept += _replacement(region, lines[region.first - 1])
        at = region.last
    stub = "\n".join(kept + lines[at:]) + "\n"
    try:
        tree = ast.parse(stub, file)
    except SyntaxError as error:
        raise InstructorError(
            f"{file}: without its solutions the module is no Python any more ({error.msg}); "
            "leave something outside the markers, such as a docstring, or move them to whole statements."
        ) from error
    _no_lost_names(source, tree, found, file)
    return stub


def bound_names(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that statements bind in their own scope, each with its statement: definitions, imports, assignments."""
    for statement in statements:
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            yield statement.name, statement
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                yield alias.asname or alias.name.partition(".")[0], statement
        else:
            for node in _own_scope(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, statement
                elif node is not statement and isinstance(
                    node, (*_FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)
                ):
                    for name, _ in bound_names([node]):
                        yield name, statement


def _own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and all in it, without the bodies of functions and classes."""
    yield node
    if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _own_scope(child)


def _parse(source: str, file: str) -> ast.Module:
    try:
        return ast.parse(source, file)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InstructorError(f"{file}:{line}: this is not Python: {getattr(error, 'msg', error)}.") from error


def _markers(source: str, file: str) -> Iterator[tuple[int, str]]:
    """Line and text of every marker; what nearly is one is an error."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line = token.start[0]
        if token.type == tokenize.COMMENT and any(word in token.string.upper() for word in _WORDS):
            text = token.string.strip()
            if text not in (BEGIN, END) or lines[line - 1].strip() != text:
                raise InstructorError(
                    f"{file}:{line}: this looks like a solution marker but is none; "
                    f"write '{BEGIN}' or '{END}' on a line of its own."
                )
            yield line, text
        elif token.type in _TEXT:
            for offset, part in enumerate(token.string.splitlines()):
                if part.strip() in (BEGIN, END):
                    raise InstructorError(
                        f"{file}:{line + offset}: a solution marker stands inside a text; take it out of the text."
                    )


_TEXT = tuple(getattr(tokenize, name) for name in ("STRING", "FSTRING_MIDDLE") if hasattr(tokenize, name))


def _region(source: str, tree: ast.Module, file: str, first: int, last: int) -> Region:
    code = [
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if first < token.start[0] < last and token.type not in _LAYOUT
    ]
    if not code:
        raise InstructorError(f"{file}:{first}: this solution is empty; remove its markers or write it.")
    name, in_function = _around(tree, code[0], first, last)
    if _around(tree, code[-1], first, last) != (name, in_function):
        raise InstructorError(
            f"{file}:{first}: this solution reaches to line {last}, out of {name or 'the module level'}; "
            "give each function a solution of its own."
        )
    return Region(file, first, last, name, in_function)


def _around(tree: ast.AST, line: int, first: int, last: int) -> tuple[str, bool]:
    """Qualified name of the innermost definition that holds `line` and begins outside the region."""
    names: list[str] = []
    in_function = False
    node = tree
    while True:
        for child in ast.iter_child_nodes(node):
            begin, end = getattr(child, "lineno", 0), getattr(child, "end_lineno", 0)
            if begin <= line <= end and not first <= begin <= last:
                node = child
                break
        else:
            return ".".join(names), in_function
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            names.append(node.name)
            in_function = not isinstance(node, ast.ClassDef)


def _replacement(region: Region, marker: str) -> list[str]:
    indentation = marker[: len(marker) - len(marker.lstrip())]
    if region.in_function:
        return [f'{indentation}raise NotImplementedError("{region.name} is not written yet")']
    return [f"{indentation}..."] if region.name else []


def _no_lost_names(source: str, stub: ast.Module, found: tuple[Region, ...], file: str) -> None:
    """Refuse a stub that uses a name which only a cut part of the module level bound."""
    body = ast.parse(source).body
    inside = {
        name: statement.lineno
        for name, statement in bound_names(body)
        if any(statement.lineno in region for region in found)
    }
    lost = inside.keys() - {name for name, _ in bound_names(stub.body)}
    for node in ast.walk(stub):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in lost:
            raise InstructorError(
                f"{file}:{inside[node.id]}: {node.id} is bound inside a solution but used outside of it; "
                "move the line out of the solution."
            )
