"""Solution regions of a reference: found, checked, and cut out to make a stub.

A region is what stands between two comment lines of their own, at any indentation; a stub text may be in it:

    ### BEGIN SOLUTION
    return 2 * x
    ### STUB
    # # What stands here, without the first "# " of each line, stands in the stub.
    # return ...
    ### END SOLUTION

or what Otter's spellings mark (see `spellings`). Inside a function the stub raises NotImplementedError there, which
names the function, so that nothing below runs until the line is removed; elsewhere nothing is left but the stub text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from autograder.checks.errors import InstructorError
from autograder.marker_syntax import BEGIN, END, STUB, Kind, Marker, code_lines, markers, text_lines

__all__ = ["BEGIN", "END", "STUB", "Region", "bound_names", "cut", "regions", "replaced", "text_lines"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_UNWRITTEN = re.compile(r"\s*raise NotImplementedError(\(\))?\s*")


@dataclass(frozen=True, slots=True)
class Region:
    """One solution region: lines `first` to `last` of `file`, markers and stub text included, counted from 1.

    `name` is the qualified name of the function around it, such as ``Network.backprop``, of the class around it, or
    "" at module level; `in_function` tells which. The solution itself ends with line `solved`; what follows it is the
    stub text.
    """

    file: str
    first: int
    last: int
    name: str
    in_function: bool
    solved: int

    def __contains__(self, line: int) -> bool:
        return self.first <= line <= self.last

    def solves(self, line: int) -> bool:
        """Whether a line belongs to the solution, and so must not be shown."""
        return self.first <= line <= self.solved


@dataclass(frozen=True, slots=True)
class _Cut:
    """A region and the lines that stand in its place in the stub."""

    region: Region
    instead: tuple[str, ...]


def regions(source: str, file: str) -> tuple[Region, ...]:
    """All solution regions of a module, in order.

    Args:
        source: text of the module.
        file: its name, for messages.

    Raises:
        InstructorError: the module is no Python; a marker is nested, unended, stray, misspelt, inside a text or not on
            a line of its own; a region is empty or reaches from one function into another; a stub text is empty, holds
            code that is no comment, or belongs to no region.
    """
    return tuple(each.region for each in _cuts(source, file))


def replaced(source: str, file: str) -> tuple[tuple[Region, tuple[str, ...]], ...]:
    """All solution regions of a module, in order, each with the lines that stand in its place in the stub.

    Raises:
        InstructorError: as `regions`.
    """
    return tuple((each.region, each.instead) for each in _cuts(source, file))


def cut(source: str, file: str) -> str:
    """The stub: the module without what stands in its solution regions. To cut a stub changes nothing.

    Raises:
        InstructorError: as `regions`; or the stub would not be a module that can be imported, because it is no Python
            any more or uses a name that only a solution defines.
    """
    found = _cuts(source, file)
    lines = text_lines(source)
    kept: list[tuple[str, int]] = []  # a line, and the line of the source that it comes from
    at = 0
    for each in found:
        kept += [(lines[number], number + 1) for number in range(at, each.region.first - 1)]
        kept += [(line, each.region.first) for line in each.instead]
        at = each.region.last
    kept += [(lines[number], number + 1) for number in range(at, len(lines))]
    stub = "\n".join(line for line, _ in kept) + "\n"
    try:
        tree = ast.parse(stub, file)
    except SyntaxError as error:
        _, line = kept[min(error.lineno or 1, len(kept)) - 1] if kept else ("", 1)
        raise InstructorError(
            f"{file}:{line}: without its solutions the module is no Python any more ({error.msg}); "
            "leave something outside the markers, such as a docstring, move them to whole statements, "
            "or fix the stub text."
        ) from error
    for marker in markers(stub, file):
        raise InstructorError(
            f"{file}:{kept[marker.line - 1][1]}: the stub text holds the marker '{marker.written}'; take it out."
        )
    _no_lost_names(source, tree, tuple(each.region for each in found), file)
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


def _cuts(source: str, file: str) -> list[_Cut]:
    """Every region with what stands there in the stub."""
    return _Reader(source, file).read()


class _Reader:
    """Goes through the markers of one module, and pairs them."""

    def __init__(self, source: str, file: str) -> None:
        self.file = file
        self.source = source
        self.tree = _parse(source, file)
        self.lines = text_lines(source)
        self.code = code_lines(source)
        self.found: list[_Cut] = []
        self.begun: Marker | None = None
        self.stub: Marker | None = None
        self.ended: Marker | None = None  # the one that a prompt may follow

    def read(self) -> list[_Cut]:
        """All regions, in order."""
        for marker in markers(self.source, self.file):
            match marker.kind:
                case Kind.BEGIN:
                    if self.begun:
                        raise self.fault(marker, f"a solution begins inside the one of line {self.begun.line}; "
                                                 "end that one first.")  # fmt: skip
                    self.begun, self.stub = marker, None
                case Kind.END:
                    self.end(marker)
                case Kind.STUB:
                    if not self.begun or not self.begun.ours or self.stub:
                        raise self.fault(marker, f"'{STUB}' belongs once between '{BEGIN}' and '{END}'; move it "
                                                 "there, or remove it.")  # fmt: skip
                    self.stub = marker
                case Kind.LINE:
                    if self.begun:
                        raise self.fault(marker, f"'{marker.written}' stands inside the solution of line "
                                                 f"{self.begun.line}; one of the two is enough.")  # fmt: skip
                    self.found.append(self.statement(marker))
                case Kind.PROMPT:
                    self.prompt(marker)
        if self.begun:
            missing = END if self.begun.ours else "# END SOLUTION"
            raise self.fault(self.begun, f"'{self.begun.written}' has no '{missing}'; add it where the solution ends.")
        return self.found

    def fault(self, at: Marker | int, sentence: str) -> InstructorError:
        return InstructorError(f"{self.file}:{at if isinstance(at, int) else at.line}: {sentence}")

    def end(self, marker: Marker) -> None:
        """A block is complete."""
        begun = self.begun
        if begun is None:
            opener = BEGIN if marker.ours else "# BEGIN SOLUTION"
            raise self.fault(marker, f"'{marker.written}' without a '{opener}' above it; remove it.")
        if begun.ours is not marker.ours:
            raise self.fault(
                marker, f"'{marker.written}' ends what '{begun.written}' of line {begun.line} began; spell both alike."
            )
        solved = self.stub.line - 1 if self.stub else marker.line
        region = self.region(begun.line, marker.line, solved)
        indentation = self.indentation(begun.line)
        text = self.uncommented(self.stub.line, marker.line, indentation) if self.stub else None
        self.found.append(_Cut(region, _instead(region, indentation, text, begun)))
        self.begun, self.ended = None, (None if marker.ours else begun)

    def prompt(self, marker: Marker) -> None:
        """Otter's stub text, directly below a solution."""
        last = self.found[-1].region if self.found else None
        between = self.lines[last.last : marker.line - 1] if last else []
        if self.begun:
            raise self.fault(marker, f"this prompt stands inside the solution of line {self.begun.line}; "
                                     "put it below '# END SOLUTION'.")  # fmt: skip
        if last is None or self.ended is None or any(map(str.strip, between)):
            raise self.fault(marker, "this prompt belongs to no solution; put it directly below an '# END SOLUTION'.")
        region = replace(last, last=marker.last)
        self.found[-1] = _Cut(region, _instead(region, self.indentation(region.first), marker.text, self.ended))
        self.ended = None

    def statement(self, marker: Marker) -> _Cut:
        """Otter's marked statement: what is assigned becomes dots, anything else goes."""
        self.ended = None
        here = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.stmt)
            and not hasattr(node, "body")
            and node.lineno <= marker.line <= (node.end_lineno or 0)
        ]
        if len(here) != 1 or here[0].end_lineno != marker.line:
            raise self.fault(
                marker, f"'{marker.written}' must stand at the end of one statement; give it lines of its own."
            )
        node = here[0]
        indentation = self.indentation(node.lineno)
        alone = [each for each in ast.walk(self.tree) if isinstance(each, ast.stmt) and each.lineno == node.lineno]
        if alone != here or node.col_offset != len(indentation.encode()):
            raise self.fault(
                marker, f"'{marker.written}' must stand at the end of one statement; give it lines of its own."
            )
        if self.found and node.lineno <= self.found[-1].region.last:
            raise self.fault(
                marker, f"'{marker.written}' marks a statement that holds another solution; one of the two is enough."
            )
        region = self.region(node.lineno, marker.line, marker.line, line=node.lineno)
        instead = _instead(region, indentation, None, marker)
        if not marker.bare and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            value = node.value
            rows = [*self.lines[node.lineno - 1 : value.lineno - 1]]
            rows.append(self.lines[value.lineno - 1].encode()[: value.col_offset].decode())
            head = "\n".join(rows)
            left = head[: head.rindex("=")].rstrip()
            instead = (*f"{left} = ...".split("\n"), *(instead if region.in_function else ()))
        return _Cut(region, instead)

    def region(self, first: int, last: int, solved: int, line: int = 0) -> Region:
        code = [line] if line else [each for each in self.code if first < each <= solved and each < last]
        if not code:
            raise self.fault(first, "this solution is empty; remove its markers or write it.")
        name, in_function = _around(self.tree, code[0], first, last)
        if _around(self.tree, code[-1], first, last) != (name, in_function):
            raise self.fault(first, f"this solution reaches to line {last}, out of {name or 'the module level'}; "
                                    "give each function a solution of its own.")  # fmt: skip
        return Region(self.file, first, last, name, in_function, solved)

    def indentation(self, line: int) -> str:
        row = self.lines[line - 1]
        return row[: len(row) - len(row.lstrip())]

    def uncommented(self, first: int, last: int, indentation: str) -> tuple[str, ...]:
        """The lines between two markers, each without its first "# "."""
        text = []
        for line in range(first + 1, last):
            row = self.lines[line - 1].strip()
            if row and not row.startswith("#"):
                raise self.fault(line, f"behind '{STUB}' every line is a comment; put '# ' before this one, "
                                       f"or move it above '{STUB}'.")  # fmt: skip
            inner = row[1:].removeprefix(" ")
            text.append(f"{indentation}{inner}" if inner else "")
        if not any(text):
            raise self.fault(first, "this stub text is empty; write what the stub shall say, or remove the marker.")
        return tuple(text)


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


def _instead(region: Region, indentation: str, text: Sequence[str] | None, begun: Marker) -> tuple[str, ...]:
    """What stands in the stub in a region's place.

    In a function the raise goes before the first statement of the stub text, for that may leave the function.
    """
    if text is None:
        if begun.bare:
            return ()
        if region.in_function:
            return (_raise(region, indentation),)
        return (f"{indentation}...",) if region.name or not begun.ours else ()
    said = [line for line in text if not _UNWRITTEN.fullmatch(line)]
    first = next((at for at, line in enumerate(said) if line.strip() and not line.strip().startswith("#")), len(said))
    if region.in_function:
        return (*said[:first], _raise(region, indentation), *said[first:])
    return (*said, f"{indentation}...") if region.name and first == len(said) else tuple(said)


def _raise(region: Region, indentation: str) -> str:
    return f'{indentation}raise NotImplementedError("{region.name} is not written yet")'


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
