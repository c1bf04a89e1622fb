"""Which mutants are graded: those that an instructor keeps, and generated ones; of all questions, or of one.

Survivors that the instructor accepts are written into `mutants/accepted.txt`, each with its reason.

What an instructor keeps is a diff of the reference: ``assignments/NAME/mutants/*.diff`` are mistakes that the checks
must catch, ``assignments/NAME/variants/*.diff`` other right solutions that must lose nothing. A right solution may also
be a Python file, ``variants/*.py``: a docstring, and definitions that replace those of the reference. A diff's file
begins with a sentence about the change, then comes a unified diff of one file of the reference, as `audit` and
`diff -u` print it. Where a hunk belongs is found by its lines; their numbers only decide between equal places.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.question import Question
from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.wording import series
from autograder.loader import Loaded
from autograder.markers import regions, text_lines
from autograder.notebooks.source import file_text
from autograder.quality.mutation.code import Code
from autograder.quality.mutation.mutants import Mutant, belongs, difference, generate, sample
from autograder.settings import near, utf8_text

__all__ = ["KEPT", "Selection", "accepted", "kept", "questions_of", "sample_of", "select", "spliced", "variants"]

ACCEPTED = "mutants/accepted.txt"


@dataclass(frozen=True, slots=True)
class Selection:
    """The mutants to be graded, the kept ones first; of how many in all; and what is accepted but does not exist."""

    mutants: tuple[Mutant, ...]
    total: int
    stale: tuple[str, ...]


def questions_of(loaded: Loaded, only: str = "") -> tuple[Question, ...]:
    """The questions that have checks, or the one that was asked for.

    Raises:
        UsageError: there is no such question.
    """
    known = {question.id: question for question in loaded.assignment.questions if question.checks}
    if only and only not in known:
        raise UsageError(f"--only: no question is called {only!r}; {near(only, known)}")
    return (known[only],) if only else tuple(known.values())


def select(
    loaded: Loaded, *, only: str = "", kept_alone: bool = False, limit: int | None = None, seed: str = ""
) -> Selection:
    """The mutants of an assignment.

    Args:
        loaded: the assignment with its reference.
        only: the question whose solution they change; "" for all.
        kept_alone: those that the instructor keeps, and no others.
        limit: at most so many generated ones, spread over operators and functions; None for all.
        seed: which ones these are.

    Raises:
        UsageError: there is no such question, or no mutant.
        InstructorError: a kept mutant or a line of accepted ones is wrong.
    """
    questions = questions_of(loaded, only)
    sources = _sources(loaded)
    own = kept(loaded.folder, sources)
    every = generate(sources)
    stale = accepted(loaded).keys() - {name for mutant in every for name in (mutant.id, mutant.place)}

    def is_asked(mutant: Mutant) -> bool:
        return not only or belongs(mutant, questions[0], loaded.interface)

    own = tuple(filter(is_asked, own))
    asked = () if kept_alone else tuple(filter(is_asked, every))
    if not own and not asked:
        raise UsageError(
            f"{loaded.folder / 'mutants'} holds no mutant that is kept (*.diff); keep one, or leave --kept out."
            if kept_alone
            else f"There is nothing to change in the solutions of {loaded.id!r}; are its markers in place?"
        )
    chosen = sample(asked, limit, seed) if limit else asked
    return Selection((*own, *chosen), len(own) + len(asked), tuple(sorted(stale)))


def sample_of(loaded: Loaded, count: int, seed: str) -> tuple[Mutant, ...]:
    """At most so many generated mutants, spread over operators and functions; the same for the same seed."""
    return sample(generate(_sources(loaded)), count, seed) if count else ()


def _sources(loaded: Loaded) -> dict[str, str]:
    """The text of each file that students write code in."""
    files = [file for file in loaded.assignment.files if file.endswith((".py", ".ipynb"))]
    return {file: file_text(loaded.reference_folder / file) for file in files}


def accepted(loaded: Loaded) -> dict[str, str]:
    """The survivors that the instructor accepts, by id or ``file:line:operator``, with the reason for each.

    Raises:
        InstructorError: a line without a reason.
    """
    path = loaded.folder / ACCEPTED
    found = {}
    for number, line in enumerate(utf8_text(path).splitlines() if path.is_file() else (), 1):
        name, _, reason = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if not reason.strip():
            raise InstructorError(f"{path}:{number}: write why {name} is accepted behind it, on the same line.")
        found[name] = reason.strip()
    return found


# --- changes that an instructor keeps as files ---

KEPT = "kept"
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@.*")
_NAME = re.compile(r"\w[\w-]*")


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines that go and lines that come, at about line `near` of the file; `at` is its line in the diff."""

    at: int
    near: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def kept(folder: Path, sources: Mapping[str, str]) -> tuple[Mutant, ...]:
    """The kept mutants of an assignment, sorted by name.

    Args:
        folder: the assignment's.
        sources: the files of the reference that students hand in, name to text.

    Raises:
        InstructorError: a diff says nothing about its mistake, is none, changes no known file or more than one, does
            not fit the reference (any more), or leaves no Python.
    """
    return tuple(_read(path, sources) for path in sorted((folder / "mutants").glob("*.diff")))


def variants(folder: Path, sources: Mapping[str, str]) -> tuple[Mutant, ...]:
    """The kept right solutions of an assignment, sorted by name; arguments and errors as of `kept`."""
    found = {path: _read(path, sources) for path in (folder / "variants").glob("*.diff")}
    found |= {path: _replaced(path, sources) for path in (folder / "variants").glob("*.py")}
    return tuple(found[path] for path in sorted(found))


def _replaced(path: Path, sources: Mapping[str, str]) -> Mutant:
    """The file of the reference that defines most of what a variant's Python file defines, with its definitions."""
    text = path.read_text("utf-8")
    try:
        tree = ast.parse(text)
        about = " ".join((ast.get_docstring(tree) or "").split())
    except SyntaxError as error:
        raise InstructorError(f"{path}:{error.lineno}: this is no Python ({error.msg}); correct it.") from None
    if not about:
        raise InstructorError(f"{path}:1: begin with a docstring that says what is different in this solution.")
    defined = _definitions(tree)
    known = {file: set(_definitions(ast.parse(source))) for file, source in sources.items()}
    file = max(known, key=lambda file: len(known[file] & set(defined)))
    if not known[file] & set(defined):
        raise InstructorError(f"{path}: it defines nothing that {series(list(sources))} defines; nothing is replaced.")
    changed = spliced(sources[file], text)
    return Mutant(path.stem, KEPT, file, 1, "", "", difference(file, sources[file], changed), changed, about)


def spliced(source: str, text: str) -> str:
    """A module with the definitions of another text in the place of its own; new ones come behind its docstring.

    A function replaces the one with the same name, a method the one in the class with the same name.
    """
    own = _definitions(ast.parse(source))
    lines = text_lines(source)
    changes: list[tuple[int, int, list[str]]] = []
    fresh: list[str] = []
    tree = ast.parse(text)
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and any(name.startswith(f"{statement.name}.") for name in own):
            inside = [each for each in own if each.startswith(f"{statement.name}.")]
            for name, part in _definitions(ast.Module([statement], [])).items():
                before = own.get(name)
                behind = own[inside[-1]].end_lineno or 0
                start, end = _span(before) if before is not None else (behind, behind)
                changes.append((start, end, _text(text, part)))
        elif isinstance(statement, ast.FunctionDef) and statement.name in own:
            changes.append((*_span(own[statement.name]), _text(text, statement)))
        elif not (isinstance(statement, ast.Expr) and statement is tree.body[0]):
            fresh += [*_text(text, statement), ""]
    for start, end, new in sorted(changes, key=lambda each: -each[0]):
        lines[start:end] = new
    body = ast.parse(source).body
    top = next((each.lineno - 1 for each in body if not _leads(each)), len(lines))
    return "\n".join([*lines[:top], *fresh, *lines[top:]]) + "\n"


def _leads(statement: ast.stmt) -> bool:
    """Whether new definitions belong behind a statement: a docstring, or an import from __future__."""
    future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    return future or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))


def _definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """The functions of a module and the methods of its classes by qualified name."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found[f"{owner}{each.name}"] = each
    return found


def _span(node: ast.stmt) -> tuple[int, int]:
    """First line, with decorators, and the one behind the last, counted from 0."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1, node.end_lineno or node.lineno


def _text(text: str, node: ast.stmt) -> list[str]:
    start, end = _span(node)
    return text_lines(text)[start:end]


def _read(path: Path, sources: Mapping[str, str]) -> Mutant:
    if not _NAME.fullmatch(path.stem):
        raise InstructorError(f"{path}: name the file with letters, digits, - and _, such as bias_forgotten.diff.")
    lines = utf8_text(path).split("\n")
    heads = [number for number, line in enumerate(lines) if line.startswith("--- ")]
    about = " ".join(" ".join(lines[: heads[0]]).split()) if heads else ""
    if len(heads) != 1 or not lines[heads[0] + 1].startswith("+++ "):
        raise InstructorError(f"{path}:1: write a sentence, then the unified diff of one file (--- FILE, +++ FILE).")
    if not about:
        raise InstructorError(f"{path}:1: write above the diff, in a sentence, what it changes.")
    named = lines[heads[0] + 1][4:].split("\t")[0].strip()
    file = next((file for file in sources if named == file or named.endswith(f"/{file}")), "")
    if not file:
        raise InstructorError(
            f"{path}:{heads[0] + 2}: {named!r} is no file that students hand in; there are {', '.join(sources)}."
        )
    source = sources[file]
    mutated = _applied(source, _hunks(path, lines, heads[0] + 2), path, file)
    try:
        ast.parse(mutated)
    except SyntaxError as error:
        raise InstructorError(
            f"{path}: with this change {file}:{error.lineno} is no Python ({error.msg}); correct the diff."
        ) from None
    pairs = enumerate(zip(text_lines(source), text_lines(mutated), strict=False), start=1)
    line = next((number for number, (before, after) in pairs if before != after), len(text_lines(source)))
    region = next((each.name for each in regions(source, file) if line in each), "")
    return Mutant(
        path.stem, KEPT, file, line, region, _function(source, line), difference(file, source, mutated), mutated, about
    )


def _hunks(path: Path, lines: Sequence[str], first: int) -> list[_Hunk]:
    found: list[_Hunk] = []
    at = first
    while at < len(lines) and (lines[at] or any(lines[at:])):
        head = _HUNK.fullmatch(lines[at])
        if not head:
            raise InstructorError(f"{path}:{at + 1}: here belongs a line '@@ -LINE,COUNT +LINE,COUNT @@'; correct it.")
        body = []
        start, at = at + 1, at + 1
        while at < len(lines) and not lines[at].startswith("@@") and (lines[at] or any(lines[at:])):
            if lines[at][:1] not in (" ", "-", "+", "\\", ""):
                raise InstructorError(f"{path}:{at + 1}: a line of a diff begins with ' ', '-' or '+'; correct it.")
            body.append(lines[at] or " ")  # editors take the last blank off
            at += 1
        old = tuple(line[1:] for line in body if line[0] in " -")
        new = tuple(line[1:] for line in body if line[0] in " +")
        near = int(head[1]) + (head[2] == "0")  # an insertion goes behind the line that it names
        found.append(_Hunk(start, near, old, new))
    if not found:
        raise InstructorError(f"{path}:{first + 1}: this diff changes nothing; write what is changed.")
    return found


def _applied(source: str, hunks: Sequence[_Hunk], path: Path, file: str) -> str:
    lines = text_lines(source)
    moved = 0
    for hunk in hunks:
        size = len(hunk.old)
        places = [at for at in range(len(lines) - size + 1) if tuple(lines[at : at + size]) == hunk.old]
        if not places:
            raise InstructorError(
                f"{path}:{hunk.at}: these lines are not in {file} (any more); make the diff anew, or remove it."
            )
        place = min(places, key=lambda at: abs(at + 1 - hunk.near - moved))
        lines[place : place + size] = hunk.new
        moved += len(hunk.new) - size
    return "\n".join(lines) + "\n"


def _function(source: str, line: int) -> str:
    """Qualified name of the innermost function or class around a line, "" at module level."""
    code = Code(source)
    around = [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return code.function(max(around, key=lambda node: node.lineno)) if around else ""
