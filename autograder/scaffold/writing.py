"""The text of assignment.py and handout.md from what was found about a reference."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder import checks as library

__all__ = ["WIDTH", "DraftedCheck", "Question", "assignment_text", "double_quoted", "handout_text", "ids", "wrapped"]

# --- lines that are too long, broken as a formatter would: at the last bracket, then one element a line ---

WIDTH = 120
_OPEN, _CLOSE = "([{", ")]}"


def wrapped(line: str) -> list[str]:
    """One logical line as one or more that fit into `WIDTH`, where brackets allow it."""
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    pair = _last_pair(line)
    if pair is None:
        return [line]
    start, end = pair
    head, inner, tail = line[: start + 1], line[start + 1 : end].rstrip(",").strip(), line[end:]
    parts = _split(inner)
    deeper = f"{indent}    "
    is_call = line[start] == "(" and start > 0 and (line[start - 1].isalnum() or line[start - 1] == "_")
    if len(deeper + inner) <= WIDTH and (is_call or len(parts) == 1):
        return [head, deeper + inner, indent + tail]
    lines = [head]
    for part in parts:
        comma = "" if len(parts) == 1 and (" for " in part or part.startswith("*")) else ","
        lines += wrapped(f"{deeper}{part}{comma}")
    return [*lines, indent + tail]


def _last_pair(line: str) -> tuple[int, int] | None:
    """Places of the last outermost pair of brackets that holds anything."""
    pairs, stack = [], []
    for place, char in _outside_texts(line):
        if char in _OPEN:
            stack.append(place)
        elif char in _CLOSE and stack:
            start = stack.pop()
            if not stack and place > start + 1:
                pairs.append((start, place))
    return pairs[-1] if pairs else None


def _split(inner: str) -> list[str]:
    """Elements between commas that stand in no further bracket."""
    parts, depth, start = [], 0, 0
    for place, char in _outside_texts(inner):
        depth += (char in _OPEN) - (char in _CLOSE)
        if char == "," and depth == 0:
            parts.append(inner[start:place].strip())
            start = place + 1
    return [part for part in (*parts, inner[start:].strip()) if part]


def double_quoted(line: str) -> str:
    """A line with its texts in double quotes, but for those that hold one."""
    indent = len(line) - len(line.lstrip())
    for token in _tokens(line):
        text = token.string
        if (
            token.type == tokenize.STRING
            and text[0] == "'"
            and text[:3] != "'''"
            and not set(text[1:-1]) & set("'\"\\")
        ):
            start = token.start[1] + indent
            line = f'{line[:start]}"{text[1:-1]}"{line[start + len(text) :]}'
    return line


def _outside_texts(line: str) -> list[tuple[int, str]]:
    """Brackets and commas with their places, without those inside of texts."""
    indent = len(line) - len(line.lstrip())
    tokens = [each for each in _tokens(line) if each.type == tokenize.OP and each.string in "()[]{},"]
    return [(each.start[1] + indent, each.string) for each in tokens]


def _tokens(line: str) -> list[tokenize.TokenInfo]:
    found = []
    with contextlib.suppress(tokenize.TokenError, IndentationError):  # an opened bracket or block has no end here
        for token in tokenize.generate_tokens(io.StringIO(line.lstrip()).readline):
            found.append(token)  # what came before an error counts
    return found


PUBLIC_POINTS, HIDDEN_POINTS = 1, 2


@dataclass(frozen=True, slots=True)
class DraftedCheck:
    """One check: its id, title, body and decoration; `helper` is the text of a function that it uses, or ""."""

    id: str
    title: str
    lines: tuple[str, ...]
    hidden: bool
    parameters: tuple[str, ...]
    hint: str = ""
    helper: str = ""
    points: float | None = None

    @property
    def worth(self) -> str:
        """Its points, as they are written."""
        usual = HIDDEN_POINTS if self.hidden else PUBLIC_POINTS
        return f"{usual if self.points is None else self.points:g}"


@dataclass(frozen=True, slots=True)
class Question:
    """A function that students write, what its docstring says first, its checks, and what is still to be written."""

    name: str
    about: str
    checks: tuple[DraftedCheck, ...]
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """The sum of its checks."""
        return sum(float(check.worth) for check in self.checks)


def ids(count: int) -> list[str]:
    """Names for questions: a, b, ..., z, aa, ab, ..."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [(letters[place // 26 - 1] if place >= 26 else "") + letters[place % 26] for place in range(count)]


def assignment_text(
    title: str,
    questions: Sequence[Question],
    notes: Sequence[str],
    *,
    source: str,
    files: Sequence[str],
    given: Sequence[str],
    preload: Sequence[str],
    limits: Mapping[str, float],
    measured: str = "",
    packaged_data: bool = False,
    cell_seconds: int = 0,
) -> str:
    """The whole of assignment.py.

    Args:
        title: for people.
        questions: in the order of the reference.
        notes: sentences on what has no check.
        source: what the checks were made from, for the docstring.
        files: modules to be handed in.
        given: modules that are handed out complete.
        preload: packages that are imported once for all submissions.
        limits: limits that differ from the default.
        measured: what they were made from, in words.
        packaged_data: whether it loads data sets that come with packages.
        cell_seconds: how long a cell of a notebook may run; 0 where that is not known.
    """
    empty = [question for question in questions if not question.checks]
    questions = [question for question in questions if question.checks]
    named = dict(zip(ids(len(questions)), questions, strict=True))
    variables = {name: f"question_{name}" for name in named}
    body: list[str] = []
    helpers = dict.fromkeys(check.helper for each in questions for check in each.checks if check.helper)
    for helper in helpers:
        body += ["", "", *(part for line in helper.rstrip().splitlines() for part in wrapped(line))]
    for name, question in named.items():
        body += ["", "", f"# --- ({name}) {question.name} ---", *_todo(question.notes)]
        for check in question.checks:
            body += ["", "", *_check(variables[name], check)]
    for question in empty:
        body += ["", "", f"# --- {question.name}, which has no check ---", *_todo(question.notes)]
    head = _head(title, source, "\n".join(body), files, given, preload, limits, measured, packaged_data, cell_seconds)
    for name, question in named.items():
        head += wrapped(
            f"{variables[name]} = assignment.question("
            f"{_quoted(question.about)}, id={_quoted(name)}, solution=[{_quoted(question.name)}])"
        )
    if notes:
        head += ["", "# TODO: what follows has no check yet."]
        head += [part for note in notes for part in _comment(note)]
    return "\n".join([*head, *body]) + "\n"


def handout_text(title: str, questions: Sequence[Question], sources: Mapping[str, str], files: Sequence[str]) -> str:
    """A first handout: what to write, with the docstrings of the reference."""
    lines = [f"# {title}", "", "TODO: say here what this is about.", ""]
    lines += [f"You write what is missing in {_listed([f'`{file}`' for file in files])}, and hand {_them(files)} in. "]
    lines[-1] = lines[-1].rstrip() + " Keep the names, the arguments and what is returned."
    docs = _docstrings(sources)
    questions = [question for question in questions if question.checks]
    for name, question in zip(ids(len(questions)), questions, strict=True):
        points = f"{question.points:g} point{'s' * (question.points != 1)}"
        lines += ["", f"## ({name}) `{question.name}`: {points}", ""]
        lines += docs.get(question.name, "").splitlines() or ["TODO: say what this function does."]
    return "\n".join(lines) + "\n"


def _head(
    title: str,
    source: str,
    body: str,
    files: Sequence[str],
    given: Sequence[str],
    preload: Sequence[str],
    limits: Mapping[str, float],
    measured: str,
    packaged_data: bool,
    cell_seconds: int,
) -> list[str]:
    used = sorted(name for name in library.__all__ if re.search(rf"(?<![\w.\"]){name}\(", body))
    lines = [
        f'"""{title}.',
        "",
        f"A first version, made from {source}: edit it.",
        "Hidden checks compare with the reference on fresh random inputs like those of its example.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
    ]
    if re.search(r"(?<!\.)\brandom\.Random\(", body):
        lines += ["import random", ""]
    modules = {"np": "import numpy as np", "pd": "import pandas as pd", "torch": "import torch"}
    imports = [text for short, text in modules.items() if re.search(rf"(?<![\w.]){short}\.", body)]
    lines += [*imports, ""] if imports else []
    lines.append(f"from autograder import Assignment{', Limits' if limits else ''}")
    if used:
        lines += wrapped(f"from autograder.checks import {', '.join(used)}")
    lines += ["", "assignment = Assignment(", f"    {_quoted(title)},"]
    lines.append(f"    files=[{', '.join(map(_quoted, files))}],")
    if given:
        lines.append(f"    given=[{', '.join(map(_quoted, given))}],")
    if tuple(preload) != ("numpy",):
        lines.append(f"    preload=({', '.join(map(_quoted, preload))}),")
    if packaged_data:
        lines.append("    packaged_data=True,  # it loads a data set that comes with a package")
    if limits:
        lines += [f"    # {measured}"] if measured else []
        lines.append(f"    limits=Limits({', '.join(f'{name}={value:g}' for name, value in limits.items())}),")
    if cell_seconds:
        lines.append(f"    cell_seconds={cell_seconds},")
    return [*lines, ")"]


def _check(variable: str, check: DraftedCheck) -> list[str]:
    hidden = f", hidden=True, hint={_quoted(check.hint)}" if check.hidden else ""
    lines = wrapped(f"@{variable}.check(points={check.worth}{hidden})")
    lines.append(f"def {check.id}({', '.join(check.parameters)}):")
    lines.append(f'    """{check.title}"""')
    return lines + [part for line in check.lines for part in wrapped(double_quoted(f"    {line}"))]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _todo(notes: Sequence[str]) -> list[str]:
    """What is still to be written, as comments."""
    return [part.replace("# -", "# TODO:", 1) for note in notes for part in _comment(note)]


def _comment(note: str) -> list[str]:
    words, lines = note.split(), ["# -"]
    for word in words:
        if len(lines[-1]) + len(word) >= 118:
            lines.append("#  ")
        lines[-1] += f" {word}"
    return lines


def _docstrings(sources: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for source in sources.values():
        for node in ast.parse(source).body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for each in inner:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found[f"{owner}{each.name}"] = ast.get_docstring(each) or ""
    return found


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _them(files: Sequence[str]) -> str:
    return "it" if len(files) == 1 else "them"
