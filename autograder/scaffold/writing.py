"""The text of assignment.py and handout.md from what was found about a reference."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder import checks as library
from autograder.scaffold.layout import double_quoted, wrapped

__all__ = ["Check", "Question", "assignment_text", "handout_text", "ids"]

PUBLIC_POINTS, HIDDEN_POINTS = 1, 2


@dataclass(frozen=True, slots=True)
class Check:
    """A check as it is to be written; see `drafting.Draft`."""

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
    checks: tuple[Check, ...]
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


def _check(variable: str, check: Check) -> list[str]:
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
