"""What is found out without running anything: points, titles, the handout, the course's sets, and what checks return.

The reference shows what a check returns for right work. ``if not ok: return False`` is met by wrong work alone, so it
is read from the text.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Check, Question
from autograder.assignment.rubric import Written
from autograder.checks.errors import InstructorError
from autograder.checks.wording import counted
from autograder.course import HomeworkSet
from autograder.datasets import DataSet
from autograder.grading.check_results import GIVES_CREDIT, makes_credit
from autograder.loader import Loaded, load, names
from autograder.release import contents
from autograder.scoring import rounded, shown
from autograder.settings import utf8_text

__all__ = ["Finding", "handout", "leaks", "points", "returns", "sets", "titles", "todos"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One property of an assignment: whether it holds, what was seen, and how to fix it where it does not hold.

    A `warning` keeps nothing from being handed out; it is shown with the way to fix it.
    """

    what: str
    good: bool
    said: str
    fix: str = ""
    warning: bool = False


# --- what is declared ---

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(?:points?|pts\b|marks?\b)", re.IGNORECASE)
_TODO = re.compile(r"\s*#\s*TODO:?\s*")
_UNWRITTEN = re.compile(r"[\s>#*_|\d.()-]*TODO\b[:*_]*")  # what Markdown has before the first word of a line
_SHOWN = 8
_CELL = re.compile(r"\|\s*(\d+(?:\.\d+)?)\s*\|?\s*$")
_TOTAL = re.compile(r"\b(in total|altogether|total of|in all)\b", re.IGNORECASE)


def points(assignment: Assignment) -> Finding:
    """Every question can be earned, and the checks' points are its points."""
    what = "points"
    read = [question for question in assignment.questions if question.answers]
    asked = [question for question in assignment.questions if question not in read]
    empty = [question.title for question in asked if not question.checks]
    worthless = [question.title for question in asked if question.checks and not question.max_points]
    if empty or worthless:
        return Finding(
            what,
            False,
            f"Nothing can be earned in {', '.join(empty + worthless)}.",
            "Give each question a check or a written answer that is worth points, or take the question out.",
        )
    checks = assignment.checks
    bonus = rounded(sum(question.max_points for question in assignment.questions if question.bonus))
    extra = f" and {counted(bonus, 'bonus point')}" if bonus else ""
    given = rounded(sum(each.points for each in assignment.written))
    people = (
        f"; people give {counted(given, 'point')} for {counted(len(assignment.written), 'written answer')}"
        if read
        else ""
    )
    return Finding(
        what,
        bool(checks or read),
        f"{counted(assignment.max_points, 'point')}{extra} from {counted(len(checks), 'check')} in "
        f"{counted(len(assignment.questions), 'question')}{people}.",
        "Declare a question with checks.",
    )


def titles(assignment: Assignment) -> Finding:
    """Every check has a title, by which students tell it from the others."""
    what = "titles"
    named: tuple[Check | Written, ...] = (*assignment.checks, *assignment.written)
    count = Counter(each.title for each in named)
    wrong = [f"{check.id} has none" for check in assignment.checks if not check.title.strip()]
    wrong += [
        f"{' and '.join(each.id for each in named if each.title == title)} have the same: {title!r}"
        for title, times in count.items()
        if times > 1 and title.strip()
    ]
    said = "; ".join(wrong) or "Every check has a title of its own."
    return Finding(what, not wrong, said, "The first sentence of a check's docstring is its title; write another one.")


def handout(loaded: Loaded) -> Finding:
    """Where the handout says what a question or the whole is worth, that is what its checks give.

    Read are the headings and the table rows that begin with a question's id in parentheses, such as
    ``## (a) Back-propagation, 15 points``, and lines that speak of a total. Where some questions have one and others
    have none, or have points in it and others have not, the others are named.
    """
    what = "points in the handout"
    path = loaded.folder / "handout.md"
    if not path.is_file():
        return Finding(what, False, f"{path} does not exist.", "Write what students read about the assignment there.")
    assignment = loaded.assignment
    total, bonus = rounded(assignment.max_points + assignment.by_hand), _bonus(assignment)
    wrong, agreed = [], 0
    named, worth = set[str](), set[str]()
    for number, line in enumerate(utf8_text(path).splitlines(), start=1):
        question = next((each for each in assignment.questions if _about(each, line)), None)
        found = _NUMBER.search(line) or (_CELL.search(line) if question and line.lstrip().startswith("|") else None)
        if question:
            named.add(question.id)
        if not found:
            continue
        if question:
            worth.add(question.id)
            right: tuple[float, ...] = (rounded(question.max_points + question.by_hand),)
        elif _TOTAL.search(line):
            right = (total, rounded(total + bonus), bonus)
        else:
            continue
        agreed += float(found[1]) in right
        if float(found[1]) not in right:
            of = f"question ({question.id})" if question else "the assignment"
            wrong.append(
                f"handout.md:{number} speaks of {counted(float(found[1]), 'point')}, but {of} gives {shown(right[0])}"
            )
    if wrong:
        return Finding(what, False, "; ".join(wrong), "Correct the handout, or the points of the checks.")
    agrees = f"{counted(agreed, 'statement')} {'agrees' if agreed == 1 else 'agree'}"
    said = agrees if agreed else "The handout states none"
    ids = [question.id for question in assignment.questions]
    absent = [f"({id_})" for id_ in ids if id_ not in named] if named else []
    silent = [f"({id_})" for id_ in ids if id_ in named - worth] if worth else []
    missing = [f"no heading or table row begins with {' or '.join(absent)}"] if absent else []
    missing += [f"none says what {' and '.join(silent)} {'is' if len(silent) == 1 else 'are'} worth"] if silent else []
    if not missing:
        return Finding(what, True, f"{said}.")
    example = next(question for question in assignment.questions if f"({question.id})" in (*absent, *silent))
    points = counted(rounded(example.max_points + example.by_hand), "point")
    return Finding(
        what,
        True,
        f"{said}; {'; '.join(missing)}.",
        f"Give each question its heading, such as `## ({example.id}) {example.title}, {points}`.",
        warning=True,
    )


def leaks(loaded: Loaded, dataset: DataSet | None = None) -> Finding:
    """What would be released shows no line of a solution, no words of a model answer, and nothing of a hidden check."""
    what = "nothing leaks"
    try:
        files = contents(loaded, dataset)
    except InstructorError as error:
        return Finding(what, False, str(error), "The sentence names both places; change one of them.")
    return Finding(
        what,
        True,
        "No line of a solution, no words of a model answer, and nothing of a hidden check, "
        f"in {counted(len(files), 'file')}.",
    )


def todos(loaded: Loaded) -> Finding:
    """Nothing in assignment.py and handout.md is marked as still to be done, as drafts and imports mark it."""
    path = loaded.folder / "assignment.py"
    lines = utf8_text(path).split("\n")
    open_ones = [
        f"assignment.py:{number}: {_whole(lines, number)}"
        for number, line in enumerate(lines, start=1)
        if _TODO.match(line)
    ]
    open_ones += _titled(loaded.assignment)
    handed_out = loaded.folder / "handout.md"
    open_ones += _in_handout(utf8_text(handed_out)) if handed_out.is_file() else []
    said = " ".join(open_ones[:_SHOWN]) + (f" And {len(open_ones) - _SHOWN} more." if len(open_ones) > _SHOWN else "")
    return Finding(
        "nothing is left to do",
        not open_ones,
        said or "No TODO in assignment.py and handout.md.",
        "Do it, or delete the line that says TODO.",
    )


def _titled(assignment: Assignment) -> list[str]:
    """Titles and hints that are still to be written."""
    texts = {f"the title of question {each.id!r}": each.title for each in assignment.questions}
    texts |= {f"the title of {each.id!r}": each.title for each in assignment.checks}
    texts |= {f"the title of {each.id!r}": each.title for each in assignment.written}
    texts |= {f"the hint of {each.id!r}": each.hint for each in assignment.checks}
    return [f"assignment.py: {what}: {text}" for what, text in texts.items() if _UNWRITTEN.match(text)]


def _in_handout(text: str) -> list[str]:
    """Lines of the handout that are to be replaced; a TODO in code, or in the middle of a sentence, is reported."""
    found, fenced = [], False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and _UNWRITTEN.match(line):
            found.append(f"handout.md:{number}: {' '.join(_UNWRITTEN.sub('', line).split()) or 'TODO'}")
    return found


def _whole(lines: Sequence[str], number: int) -> str:
    """A comment that begins in a line, with the lines of comment behind it, up to the next thing."""
    parts = [_TODO.sub("", lines[number - 1])]
    for line in lines[number:]:
        if not line.startswith("# ") or line.startswith(("# |", "# TODO", "# ---")) or parts[-1].endswith((".", ":")):
            break
        parts.append(line.removeprefix("# "))
    return " ".join(parts).strip()


def sets(root: Path, assignment: str, homework: Sequence[HomeworkSet]) -> Iterator[Finding]:
    """For each homework set with this assignment: its points reach its cap, as far as its assignments are there.

    Raises:
        InstructorError: another assignment of the set is wrong.
    """
    known = names(root)
    for each in homework:
        if assignment not in each.assignments:
            continue
        here = [load(root, name).assignment for name in each.assignments if name in known]
        absent = [name for name in each.assignments if name not in known]
        total = rounded(sum(one.max_points + one.by_hand for one in here))
        bonus = rounded(sum(map(_bonus, here)))
        said = f"{counted(total, 'point')} and {counted(bonus, 'bonus point')}, counted up to {shown(each.cap)}"
        said += f"; {', '.join(absent)} still missing." if absent else "."
        yield Finding(
            f"homework set {each.id}",
            bool(absent) or total + bonus >= each.cap,
            said,
            "Nobody can reach the cap: give more points, or lower the set's cap in grader_config.py.",
        )


def _about(question: Question, line: str) -> bool:
    """Whether a line is the heading or the table row of a question."""
    return bool(re.match(rf"\s*(#+|\|)\s*\({re.escape(question.id)}\)", line)) and line.count("|") <= 3


def _bonus(assignment: Assignment) -> float:
    """Points of bonus questions, those that people give included."""
    return rounded(sum(each.max_points + each.by_hand for each in assignment.questions if each.bonus))


# --- what checks return ---

_TRUTH = (
    "all", "allclose", "any", "array_equal", "array_equiv", "bool", "callable", "equal", "equals", "hasattr",
    "isclose", "isdisjoint", "isfinite", "isinstance", "isnan", "issubclass", "issubset", "issuperset",
)  # fmt: skip
"""Functions and methods whose only result is a truth value, or an array of them."""
_NUMBERS = ("abs", "float", "int", "len", "max", "mean", "min", "round", "str", "sum")
_VALUES = (ast.Compare, ast.Dict, ast.JoinedStr, ast.List, ast.Set, ast.Tuple, ast.DictComp, ast.ListComp, ast.SetComp)
_OWN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_MISTAKE = "which is no pass but a mistake of the check's: it would be INTERNAL"
_FIX = "A check fails by raising: compare with close(...) or same(...), write assert, or return a Credit."


def returns(assignment: Assignment) -> Finding:
    """No check returns a truth value or a number, or throws away what it compared."""
    used = {name for check in assignment.checks for name in check.parameters if name in check.needs}
    wrong = [
        f"{check.function.__code__.co_filename.rpartition('/')[2]}:{line}: the check {check.id!r} {said}"
        for check in assignment.checks
        for line, said in _mistakes(check.function, handed_on=check.id in used)
    ]
    said = "; ".join(wrong) or "Every check fails by raising, or by the Credit that it returns."
    return Finding("what checks return", not wrong, said, _FIX)


def _mistakes(function: Callable[..., Any], *, handed_on: bool) -> Iterator[tuple[int, str]]:
    """Each line with a mistake, and what is wrong there; nothing of a function whose text is not to be found."""
    try:
        lines, first = inspect.getsourcelines(function)
        node = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, SyntaxError, TypeError):
        return
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    inside = list(_inside(node.body))
    ahead = first - 1
    if isinstance(node, ast.AsyncFunctionDef) or any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in inside):
        yield ahead + node.lineno, "is a generator or a coroutine, so that nothing of it is ever run"
        return
    for each in inside:
        if isinstance(each, ast.Expr) and _is_truth(each.value):
            yield ahead + each.lineno, f"throws away what `{ast.unparse(each.value)}` says"
        if isinstance(each, ast.Assert) and isinstance(each.test, ast.Tuple) and each.test.elts:
            yield ahead + each.lineno, "asserts a tuple, which is always true: write it without ()"
    if handed_on:
        return
    credit = makes_credit(function.__code__)
    for each in inside:
        if isinstance(each, ast.Return) and each.value is not None and (text := _returned(each.value)):
            yield ahead + each.lineno, f"returns {text}, `{ast.unparse(each.value)}`, {_MISTAKE}"
        elif isinstance(each, ast.Return) and credit and each.value is None:
            yield ahead + each.lineno, f"returns nothing here and a Credit elsewhere, {_MISTAKE}"
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and _name(each.value) in GIVES_CREDIT:
            yield ahead + each.lineno, f"makes a Credit and does not return it: `{ast.unparse(each.value)}`"
    if credit and not _ends(node.body):
        last = node.body[-1]
        yield ahead + last.lineno, f"may come to its end without returning its Credit, {_MISTAKE}"


def _inside(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node of a function's own body, without those of functions and classes in it."""
    for node in body:
        if not isinstance(node, _OWN):
            yield node
            yield from _inside(list(ast.iter_child_nodes(node)))


def _returned(value: ast.expr) -> str:
    """What a returned expression is, if its text tells that it is neither a Credit nor nothing."""
    if _is_truth(value):
        return "a truth value"
    if isinstance(value, ast.Constant) and value.value is not None:
        return "a truth value" if isinstance(value.value, bool) else "a value"
    plain = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and _name(value) in _NUMBERS
    return "a value" if plain or isinstance(value, (*_VALUES, ast.BinOp)) else ""


def _is_truth(value: ast.expr) -> bool:
    match value:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(map(_is_truth, values))
        case ast.Call():
            return _name(value) in _TRUTH
    return False


def _name(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a function cannot come to its end behind these statements."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=one, orelse=other):
            return _ends(one) and _ends(other)
        case ast.With(body=inner) | ast.While(test=ast.Constant(value=True), body=inner):
            return _ends(inner) or isinstance(body[-1], ast.While)
        case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
            whole = _ends(inner) or _ends(other)
            return _ends(final) or (whole and all(_ends(each.body) for each in handlers))
        case ast.Match(cases=cases):
            return any(_is_any(each) for each in cases) and all(_ends(each.body) for each in cases)
        case ast.For(orelse=other) if other:
            return _ends(other)
    return False


def _is_any(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
