"""A reference in our form from the cells of an Otter master: a module, or a notebook."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from autograder.checks.errors import InstructorError
from autograder.formats.otter.cleaning import Code, clean, python_of
from autograder.formats.otter.master import OtterAssignment, Part
from autograder.formats.otter.names import Names, identifier, names_of
from autograder.markers import BEGIN, END, bound_names, cut, regions

__all__ = ["WRITTEN_HERE", "Reference", "build"]

WRITTEN_HERE = "_Type your answer here, replacing this text._"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOKING = ("head", "tail", "describe", "info", "sample", "show", "plot", "hist", "mean", "sum", "min", "max", "items")
_SEEDING = """\
import random as _random

import numpy as _np


def _seed():  # as Otter does before each cell, when it grades
    _random.seed({0})
    _np.random.seed({0})

"""
_SHOWING = (ast.Expr, ast.Assert, ast.For, ast.While, ast.If)


@dataclass(frozen=True, slots=True)
class Reference:
    """The text of the file, what it defines, and for each question ("" for none) the names that students write."""

    text: str
    names: Names
    solutions: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]


def build(assignment: OtterAssignment, title: str, file: str, *, module: bool) -> Reference:
    """The reference of an assignment.

    Args:
        assignment: the master, as it was read.
        title: for the first line.
        file: name of the file that is made, for messages.
        module: whether a module is made; else a notebook.

    Raises:
        InstructorError: the code of a cell is wrong; the sentence names cell and line.
    """
    cells, notes = clean(assignment, assignment.parts)
    solutions = _solutions(cells)
    written = {name.partition(".")[0] for names in solutions.values() for name in names}
    text, starts = _module(assignment, cells, title, written)
    places = _Places(assignment.file, file, starts)
    with places:
        names = names_of(text, file, written)
    known = {
        question: tuple(n for n in own if n.partition(".")[0] in names.asked) for question, own in solutions.items()
    }
    if not module:
        return Reference(_notebook(assignment, cells), names, known, tuple(notes))
    with places:
        cut(text, file)
    notes += _at_import(cells, written)
    return Reference(text, names, known, tuple(notes))


class _Places:
    """Turns ``module.py:12: ...`` into the cell and line of the master."""

    def __init__(self, master: str, file: str, starts: Sequence[tuple[int, int]]) -> None:
        self.master, self.file, self.starts = master, file, starts

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        found = re.match(rf"{re.escape(self.file)}:(\d+): (.*)", str(error), re.DOTALL) if error else None
        if isinstance(error, InstructorError) and found:
            line = int(found[1])
            number, first = max((each for each in self.starts if each[1] <= line), key=lambda each: each[1])
            raise InstructorError(f"{self.master}, cell {number}, line {line - first + 1}: {found[2]}") from None


def _solutions(cells: Sequence[Code]) -> dict[str, tuple[str, ...]]:
    """Qualified names of what students write, by question."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        names = found.setdefault(cell.question, [])
        classes = {each.name for each in cell.tree.body if isinstance(each, ast.ClassDef)}
        for region in cell.regions:
            if region.name:
                owner, _, rest = region.name.partition(".")
                names.append(f"{owner}.{rest.partition('.')[0]}" if rest and owner in classes else owner)
            else:
                names += [
                    name
                    for name, each in bound_names(cell.tree.body)
                    if each.lineno in region
                    and isinstance(each, (*_FUNCTIONS, ast.ClassDef, ast.Assign, ast.AnnAssign))
                ]
    return {
        question: tuple(name for name in dict.fromkeys(names) if not name.startswith("_"))
        for question, names in found.items()
    }


# --- a module ---


def _module(
    assignment: OtterAssignment, cells: Sequence[Code], title: str, written: Collection[str]
) -> tuple[str, list[tuple[int, int]]]:
    """The module's text, and for each cell its number and first line."""
    by_number = {cell.number: cell for cell in cells}
    quoted = title.replace("\\", "\\\\").replace('"', "'")
    lines = [f'"""{quoted}."""', ""]
    if assignment.cell_seed is not None:
        lines += _SEEDING.format(assignment.cell_seed).split("\n")
    starts = [(0, 1)]
    for part in assignment.parts:
        if part.cell.kind == "markdown" and part.block != "solution":
            lines += ["", *_comments(part.cell.source)]
        elif part.cell.number in by_number:
            code = by_number[part.cell.number]
            lines.append("")
            if assignment.cell_seed is not None and not code.text.startswith("%%"):
                lines += ["_seed()", ""]
            starts.append((code.number, len(lines) + 1))
            lines += _guarded(code, cells, written)
    return "\n".join(lines) + "\n", starts


def _comments(text: str) -> Iterator[str]:
    """Markdown as comments, without what would be read as a marker."""
    for line in text.strip().split("\n"):
        comment = f"# {line}".rstrip()
        try:
            marked = regions(f"{comment}\n", "")
        except InstructorError:
            continue
        if not marked:
            yield comment


def _guarded(code: Code, cells: Sequence[Code], written: Collection[str]) -> list[str]:
    """The lines of a cell; what only shows what students write runs when the file is run, not when it is imported."""
    lines = python_of(code.text).rstrip("\n").split("\n")
    for statement in reversed(code.given()):
        if isinstance(statement, _SHOWING) and _uses(statement, written) and not _binds_for_others(statement, cells):
            first, last = statement.lineno, statement.end_lineno or statement.lineno
            own = "\n".join(lines[first - 1 : last])
            if _has_long_text(statement):
                own = ast.unparse(statement)
            lines[first - 1 : last] = ['if __name__ == "__main__":', *textwrap.indent(own, "    ").split("\n")]
    return lines


def _uses(statement: ast.stmt, written: Collection[str]) -> bool:
    return any(isinstance(node, ast.Name) and node.id in written for node in ast.walk(statement))


def _binds_for_others(statement: ast.stmt, cells: Sequence[Code]) -> bool:
    bound = {name for name, _ in bound_names([statement])}
    return any(
        isinstance(node, ast.Name) and node.id in bound
        for cell in cells
        for other in cell.tree.body
        if other is not statement
        for node in ast.walk(other)
    )


def _has_long_text(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno
        for node in ast.walk(statement)
    )


def _may_change(statement: ast.stmt, written: Collection[str]) -> str:
    """The method of a value of the student's that a statement calls, where that is not one that only looks."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))):
            return f"{name}.{method}()" if name in written and method not in _LOOKING else ""
    return ""


def _at_import(cells: Sequence[Code], written: Collection[str]) -> Iterator[str]:
    """Given code that needs what students write while the module is imported."""
    for cell in cells:
        for statement in cell.given():
            if isinstance(statement, (*_FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)):
                continue
            if isinstance(statement, _SHOWING) and not _binds_for_others(statement, cells):
                if called := _may_change(statement, written):
                    yield (
                        f"Cell {cell.number}, line {statement.lineno} calls {called}; in a module that runs only when "
                        "the file is run. If later lines or tests need what it changes, move it into an assignment."
                    )
                continue
            used = sorted(
                {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id in written}
            )
            if used:
                yield (
                    f"Cell {cell.number}, line {statement.lineno} uses {', '.join(used)} while the module is imported: "
                    "until that is right, no check can be run. Move it into a function, or take the notebook form."
                )


# --- a notebook ---


def _notebook(assignment: OtterAssignment, cells: Sequence[Code]) -> str:
    by_number = {cell.number: cell for cell in cells}
    made: list[dict[str, object]] = []
    for part in assignment.parts:
        if part.cell.kind == "markdown":
            answered = part.block and part is _answer_cell(part, assignment.parts)
            if answered or part.block != "solution":
                text = _to_answer(part, assignment.parts) if answered else part.cell.source
                made.append(_cell("markdown", part, text))
                if answered:
                    made[-1]["id"] = identifier(part.question)  # by which it is declared as a written answer
        elif part.cell.number in by_number:
            made.append(_cell("code", part, by_number[part.cell.number].text))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {
        "cells": made,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, part: Part, source: str) -> dict[str, object]:
    own: dict[str, object] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {
        "cell_type": kind,
        "id": f"cell-{part.cell.number}" + (f"-{part.cell.part}" if part.cell.part else ""),
        "metadata": {},
        "source": source.splitlines(keepends=True),
        **own,
    }


def _answer_cell(part: Part, parts: Sequence[Part]) -> Part | None:
    """The text cell in which students answer the question of a part: its prompt, else its first written answer."""
    own = [each for each in parts if each.question == part.question and each.block and each.cell.kind == "markdown"]
    return next((each for each in own if each.block == "prompt"), own[0] if own else None)


def _to_answer(part: Part, parts: Sequence[Part]) -> str:
    """The text of that cell: marked, for what is not marked is given, and a student's answer would be put back."""
    answers = [
        each.cell.source.strip()
        for each in parts
        if each.question == part.question and each.block == "solution" and each.cell.kind == "markdown"
    ]
    prompt = [part.cell.source.rstrip(), ""] if part.block == "prompt" else []
    return "\n".join([*prompt, BEGIN, "\n\n".join(answers) or WRITTEN_HERE, END])
