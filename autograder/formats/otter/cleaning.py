"""The code of an Otter cell as our form wants it: what only Otter reads is gone, and what is a solution is marked."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from autograder.checks.errors import InstructorError
from autograder.formats.otter.master import OtterAssignment, Part
from autograder.formats.otter.notebook import MasterCell, without_ignored
from autograder.markers import BEGIN, END, STUB, Region, bound_names, regions
from autograder.notebooks import Cell, Notebook
from autograder.notebooks.source import source_of

__all__ = ["Code", "clean", "python_of", "stand_for_lost"]

_MARKED_LINE = re.compile(r"(\s*)(\S.*?)#\s?SOLUTION( NO PROMPT)?\s*")
_BEGIN_PROMPT = re.compile(r"\s*(\"\"\"|''')\s*# BEGIN PROMPT\s*")
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_SEED = re.compile(r"\s*#\s*SEED\s*$", re.IGNORECASE)
_BEGIN_PLUGIN = re.compile(r"\s*(\"\"\"|''')\s*#\s*BEGIN\s+PLUGIN\b.*", re.IGNORECASE)
_END_PLUGIN = re.compile(r"\s*(\"\"\"|''');?\s*#\s*END\s+PLUGIN\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Code:
    """The code of one cell: `number` in the master, `question` or "", the `text`, its solution regions."""

    number: int
    question: str
    text: str
    regions: tuple[Region, ...] = ()
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []), compare=False)

    def gives(self, node: ast.expr | ast.stmt) -> bool:
        """Whether a part of the cell is no solution."""
        return not any(node.lineno in region for region in self.regions)

    def given(self) -> list[ast.stmt]:
        """The statements at module level that are not a solution."""
        return [each for each in self.tree.body if self.gives(each)]


def clean(assignment: OtterAssignment, parts: Collection[Part]) -> tuple[list[Code], list[str]]:
    """The code cells of a master, and sentences on what was changed.

    A code cell in a solution block without any marker is a solution as a whole; the code of the prompt block in front
    of it becomes what stands in the stub.

    Raises:
        InstructorError: a cell is no Python, or its markers are wrong; the sentence names cell and line.
    """
    cells: list[Code] = []
    notes: list[str] = []
    prompt: list[str] = []
    for part in parts:
        if part.cell.kind != "code":
            continue
        label = f"{assignment.file}, cell {part.cell.number}"
        text = _with_seed(_without_otter(part.cell, notes), assignment)
        if not text.strip():
            continue
        if part.block == "prompt":
            prompt += text.split("\n")
            continue
        code = _read(part, label, text)
        if part.block == "solution" and not code.regions and code.tree.body:
            stub = [STUB, *(f"# {line}".rstrip() for line in prompt)] if any(map(str.strip, prompt)) else []
            code = _read(part, label, "\n".join([BEGIN, text, *stub, END]))
            prompt = []
            if not stub:
                notes.append(f"Cell {part.cell.number} has no marker, so all of it was marked as a solution.")
        elif prompt:
            code = _read(part, label, "\n".join([*prompt, "", code.text]))
            prompt = []
        cells.append(code)
    return [stand_for_lost(each, cells, assignment.file) for each in cells], notes


def python_of(text: str) -> str:
    """A cell's text with its magics as comments."""
    return source_of(Notebook((Cell("code", text),))).text


def stand_for_lost(code: Code, cells: Collection[Code], file: str) -> Code:
    """The cell with ``name = ...`` in the stub for names that a block binds and given code of any cell uses."""
    lines = code.text.split("\n")
    given = [node for cell in cells for node in ast.walk(cell.tree) if isinstance(node, ast.Name) and cell.gives(node)]
    needed = {node.id for node in given if isinstance(node.ctx, ast.Load)}
    elsewhere = {node.id for node in given if isinstance(node.ctx, ast.Store)}
    elsewhere |= {name for cell in cells for name, each in bound_names(cell.given()) if isinstance(each, _DEFINING)}
    for region in sorted(code.regions, key=lambda each: each.first, reverse=True):
        first, last = lines[region.first - 1].strip(), lines[region.last - 1].strip()
        block = first.startswith("#") and not first.endswith("NO PROMPT") and last.endswith("END SOLUTION")
        if region.name or not block or region.solved != region.last:
            continue
        bound = [
            node.id
            for node in ast.walk(code.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.lineno in region
        ]
        bound += [name for name, each in bound_names(code.tree.body) if each.lineno in region]
        lost = [name for name in dict.fromkeys(bound) if name in needed - elsewhere]
        row = lines[region.first - 1]
        indentation = row[: len(row) - len(row.lstrip())]
        if lost and first.startswith("###"):
            stub = [STUB, *(f"# {name} = ..." for name in lost)]
            lines[region.last - 1 : region.last - 1] = [f"{indentation}{line}" for line in stub]
        elif lost:
            prompt = ['""" # BEGIN PROMPT', *(f"{name} = ..." for name in lost), '""" # END PROMPT']
            lines[region.last : region.last] = [f"{indentation}{line}" for line in prompt]
    text = "\n".join(lines)
    if text == code.text:
        return code
    found = regions(python_of(text), f"{file}, cell {code.number}")
    return Code(code.number, code.question, text, found, ast.parse(python_of(text)))


def _read(part: Part, label: str, text: str) -> Code:
    try:
        python = python_of(text)
        found = regions(python, label)
        return Code(part.cell.number, part.question, text, found, ast.parse(python))
    except InstructorError as error:
        raise InstructorError(re.sub(rf"^{re.escape(label)}:(\d+): ", rf"{label}, line \1: ", str(error))) from None


def _without_otter(cell: MasterCell, notes: list[str]) -> str:
    """A cell's text without what Otter alone reads."""
    kept: list[str] = []
    until: re.Pattern[str] | None = None
    for line in without_ignored(cell.source).split("\n"):
        if until is not None:
            until = None if until.fullmatch(line) else until
        elif _BEGIN_PLUGIN.fullmatch(line):
            until = _END_PLUGIN
            notes.append(f"Cell {cell.number} calls a plugin of Otter's; it was left out.")
        else:
            if _SEED.search(line):
                notes.append(
                    f"Cell {cell.number} seeds random numbers; the line stays in what students get, so that theirs are "
                    "those of the reference."
                )
                line = _SEED.sub("", line)
            kept.append(line)
    return _blocks(_without_grader("\n".join(kept))).strip("\n")


def _with_seed(text: str, assignment: OtterAssignment) -> str:
    """A cell's text in which the seed variable has the value that it has when Otter grades."""
    if not assignment.seed_variable or assignment.seed_value is None:
        return text
    name = re.escape(assignment.seed_variable)
    return re.sub(
        rf"^(\s*{name}\s*=(?!=)\s*)[^#\n]*?(\s*#.*)?$", rf"\g<1>{assignment.seed_value}\2", text, flags=re.MULTILINE
    )


def _blocks(text: str) -> str:
    """A cell's text in which a marked line that a prompt follows is a marked block, which may have one."""
    lines = text.split("\n")
    for at in range(len(lines) - 2, -1, -1):
        marked = _MARKED_LINE.fullmatch(lines[at])
        if marked and _BEGIN_PROMPT.fullmatch(lines[at + 1]):
            indentation = marked[1]
            lines[at : at + 1] = [
                f"{indentation}# BEGIN SOLUTION NO PROMPT",
                f"{indentation}{marked[2].rstrip()}",
                f"{indentation}# END SOLUTION",
            ]
    return "\n".join(lines)


def _without_grader(text: str) -> str:
    """A cell's text without the calls of Otter's own notebook object; "" where only comments on them are left."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text
    gone = [each for each in body if _is_graders(each)]
    lines = text.split("\n")
    for each in reversed(gone):
        del lines[each.lineno - 1 : each.end_lineno]
    return "" if gone and len(gone) == len(body) else "\n".join(lines)


def _is_graders(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names] == ["otter"]
    value = getattr(statement, "value", None)
    if not isinstance(statement, (ast.Assign, ast.Expr)) or not isinstance(value, ast.Call):
        return False
    return ast.unparse(value.func).startswith(("otter.", "grader.check", "grader.export"))
