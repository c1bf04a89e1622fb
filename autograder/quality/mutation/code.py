"""A module as text and tree at once, so that a change of the tree is the smallest change of the text."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Code", "Edit", "called", "plain_name"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict, ast.Tuple, ast.JoinedStr)


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes from `start` to `end` by `text`."""

    start: int
    end: int
    text: str


class Code:
    """The syntax tree of a module, where each node stands in the text, and what stands around it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.bytes = source.encode()
        self.tree = ast.parse(source)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self._starts = [0, *accumulate(map(len, self.bytes.splitlines(keepends=True)))]

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First byte of a node, and the one after its last; parentheses around it are not its own."""
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return self._starts[first - 1] + node.col_offset, self._starts[last - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        """How a node is written."""
        start, end = self.span(node)
        return self.bytes[start:end].decode()

    def atom(self, node: ast.AST) -> str:
        """The same, in parentheses where an operator beside it could tear it apart."""
        text = self.text(node)
        torn = not isinstance(node, ATOMS) or (isinstance(node, ast.Tuple) and not text.startswith("("))
        return f"({text})" if torn else text

    def instead(self, node: ast.AST, text: str) -> Edit:
        """Write something else in the place of a node."""
        return Edit(*self.span(node), text)

    def after(self, node: ast.AST, text: str) -> Edit:
        """Write something behind a node."""
        end = self.span(node)[1]
        return Edit(end, end, text)

    def between(self, left: ast.AST, right: ast.AST, symbol: str, other: str) -> list[Edit]:
        """Replace the operator between two operands; nothing where a comment stands between them, too."""
        start, end = self.span(left)[1], self.span(right)[0]
        gap = self.bytes[start:end]
        at = start + gap.find(symbol.encode())
        return [] if b"#" in gap or at < start else [Edit(at, at + len(symbol), other)]

    def edited(self, edit: Edit) -> str:
        """The text of the module after an edit."""
        return (self.bytes[: edit.start] + edit.text.encode() + self.bytes[edit.end :]).decode()

    def around(self, node: ast.AST) -> list[ast.AST]:
        """Everything that a node stands in, innermost first."""
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found

    def function(self, node: ast.AST) -> str:
        """Qualified name of the function or class that a node stands in, "" at module level."""
        holders = [each for each in self.around(node) if isinstance(each, (*FUNCTIONS, ast.ClassDef))]
        return ".".join(each.name for each in reversed(holders))


def plain_name(node: ast.AST) -> str:
    """The last part of a dotted name, "" for anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def called(node: ast.AST) -> str:
    """The plain name of what a call calls, "" for anything else."""
    return plain_name(node.func) if isinstance(node, ast.Call) else ""
