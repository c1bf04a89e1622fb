"""The text of assignment.py and handout.md for an assignment that was Otter's."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from autograder.formats.otter.doctests import Moved
from autograder.formats.otter.master import Case, OtterAssignment, OtterQuestion, Part
from autograder.formats.otter.names import identifier
from autograder.formats.otter.settings import written
from autograder.markers import BEGIN, END
from autograder.scaffold.writing import wrapped

__all__ = ["Check", "Question", "answers_text", "assignment_text", "handout_text", "heading_of"]

_HEADING = re.compile(r"\s*(?:#{1,6}\s+(?P<heading>.+?)\s*#*|\*\*(?P<bold>[^*]+)\*\*[.:]?(?P<rest>.*))\s*")
_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Check:
    """A test case and what became of it: `moved`, or the reason why it stays."""

    case: Case
    place: int
    moved: Moved | None
    stays: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its title, what students write for it, and its checks.

    Of one that people grade, `place` is where students write the answer, such as "answers.md#q3", or "" where there is
    no text to be written; `prompt` is what is handed out there, and `answer` what staff know.
    """

    asked: OtterQuestion
    title: str
    solution: tuple[str, ...]
    checks: tuple[Check, ...]
    place: str = ""
    prompt: str = ""
    answer: str = ""

    @property
    def id(self) -> str:
        """Its name, as far as it can stand in a heading."""
        return re.sub(r"[^\w.-]+", "_", self.asked.name)

    @property
    def variable(self) -> str:
        """Its name in assignment.py."""
        return f"question_{identifier(self.asked.name)}"


def assignment_text(
    title: str,
    questions: Sequence[Question],
    *,
    source: str,
    files: Sequence[str],
    given: Sequence[str] = (),
    extra: Sequence[str] = (),
    preload: Sequence[str] = ("numpy",),
    packaged_data: bool = False,
    cell_seed: int | None = None,
) -> str:
    """The whole of assignment.py.

    Args:
        title: for people.
        questions: in the order of the notebook.
        source: name of the notebook, for the docstring.
        files: files to be handed in.
        given: modules that are handed out complete.
        extra: other files that belong to it.
        preload: packages that are imported once for all submissions.
        packaged_data: whether it loads data sets that come with packages.
        cell_seed: of the random numbers of each cell; None for none.
    """
    moved = [check.moved for each in questions for check in each.checks if check.moved]
    lines = [
        f'"""{_in_docstring(title)}.',
        "",
        f"Made from the Otter notebook {source}: look it through, then edit it.",
    ]
    lines += ['"""', "", "from __future__ import annotations", ""]
    imports = sorted({line for each in moved for line in each.imports}, key=_by_origin)
    for origin in (0, 1):
        group = [line for line in imports if _by_origin(line)[0] == origin]
        lines += [*group, ""] if group else []
    lines.append("from autograder import Assignment")
    used = sorted({name for each in moved for name in each.checks})
    if used:
        lines.append(f"from autograder.checks import {', '.join(used)}")
    lines += ["", "assignment = Assignment(", f"    {_quoted(title)},", f"    files={_listed(files)},"]
    lines += [f"    given={_listed(given)},"] if given else []
    lines += [f"    extra_files={_listed(extra)},"] if extra else []
    if tuple(preload) != ("numpy",):
        lines.append(f"    preload={_listed(preload)},")
    if packaged_data:
        lines.append("    packaged_data=True,  # it loads a data set that comes with a package")
    if any(file.endswith(".ipynb") for file in files):
        lines.append("    run_on=True,  # as in Otter, a cell that fails stops no other")
    if cell_seed is not None:
        lines.append(f"    cell_seed={cell_seed},  # as Otter's generate.seed")
    lines.append(")")
    for each in questions:
        lines += _declared(each)
    for each in questions:
        if each.checks:
            lines += ["", "", f"# --- ({each.id}) {each.title} ---"]
            for part in _checks(each):
                lines += ["", "", *part]
    return "\n".join(lines) + "\n"


def handout_text(title: str, questions: Sequence[Question], assignment: OtterAssignment, files: Sequence[str]) -> str:
    """The notebook's Markdown without solutions, with a heading for each question and what it is worth."""
    known = {each.asked.name: each for each in questions}
    lines = [f"# {title}", ""]
    lines += [f"You write what is missing in {' and '.join(f'`{file}`' for file in files)}, and hand it in."]
    begun = ""
    for part in assignment.parts:
        text = part.cell.source.strip()
        if part.question != begun:
            begun = part.question
            if begun:
                lines += ["", *_question_heading(known[begun])]
        if part.cell.kind != "markdown" or part.block == "solution":
            continue
        if part.question and text.split("\n", 1)[0].strip() == _first_heading(part, assignment):
            text = _without_heading(text)
        elif not part.question and re.fullmatch(rf"#\s+{re.escape(title)}\s*", text.split("\n", 1)[0]):
            text = text.partition("\n")[2].strip()
        if text:
            lines += ["", text]
    return "\n".join(lines) + "\n"


def heading_of(text: str) -> str:
    """The title in the first heading, or bold beginning, of a Markdown text; "" where there is none."""
    for line in text.split("\n"):
        found = _HEADING.fullmatch(line) if line.strip() else None
        if found:
            return re.sub(r"[`*_]", "", found["heading"] or found["bold"]).strip(" .:")
    return ""


# --- assignment.py ---


def _declared(question: Question) -> Iterator[str]:
    """A question, with the answer that people grade; where that is no text, a line for the rubric."""
    if question.asked.manual and not question.place and not question.checks:
        points = _points(question.asked.points)
        yield ""
        yield from _comment(
            f"TODO: {question.asked.name} ({question.title}) is manually graded, {points}, and no text is written for "
            "it: ask for one with question.written(...), or write checks."
        )
        return
    yield ""
    solution = f", solution={_listed(question.solution)}" if question.solution else ""
    call = f"{question.variable} = assignment.question({_quoted(question.title)}, id={_quoted(question.id)}{solution})"
    yield from wrapped(call)
    if question.place:
        yield from _comment('What earns the points may be said here: rubric={"names the cause": 3, ...}.')
        points = written(question.asked.points)
        title = _quoted(question.title)
        yield from wrapped(f"{question.variable}.written({title}, points={points}, answer={_quoted(question.place)})")


def answers_text(title: str, questions: Sequence[Question]) -> str:
    """The Markdown file in which students write the answers of a module's questions; "" where there are none."""
    lines = [f"# {title}: written answers", "", "Write below the headings, and keep them."]
    for each in questions:
        if each.place:
            _, _, name = each.place.partition("#")
            lines += ["", f"## ({name}) {each.title}", ""]
            lines += [each.prompt, ""] if each.prompt else []
            lines += [BEGIN, each.answer or "The notebook has no answer of its own.", END]
    return "\n".join(lines) + "\n" if any(each.place for each in questions) else ""


def _checks(question: Question) -> Iterator[list[str]]:
    """Each check with its decorator; with all or nothing, the last one gives the points and needs the others."""
    name = identifier(question.asked.name)
    checks = list(question.checks)
    together = question.asked.all_or_nothing and len(checks) > 1
    if together:
        checks.sort(key=lambda each: (each.case.hidden, each.moved is None))
        yield [
            *_comment(f"All or nothing: the last check of {question.asked.name} gives its points, and needs the rest.")
        ]
    moved = [each for each in checks if each.moved]
    for each in checks:
        points = each.case.points
        needs: list[str] = []
        if together:
            last = bool(moved) and each is moved[-1]
            points = question.asked.points if last else Fraction(0)
            needs = [_check_name(name, other) for other in moved if other is not each] if last else []
        yield _check(question, each, points, needs, name) if each.moved else _todo(question, each, points)


def _check(question: Question, check: Check, points: Fraction, needs: Sequence[str], name: str) -> list[str]:
    assert check.moved is not None
    case = check.case
    arguments = [f"points={written(points)}"]
    if case.hidden:
        arguments.append("hidden=True")
    if case.failure:
        arguments.append(f"hint={_quoted(' '.join(case.failure.split()))}")
    if needs:
        arguments.append(f"needs=[{', '.join(needs)}]")
    said = "" if case.hidden else f": {check.moved.title}"  # a title is read by students
    lines = list(_comment(f"Otter's words on success: {case.success}")) if case.success else []
    lines += wrapped(f"@{question.variable}.check({', '.join(arguments)})")
    lines.append(f"def {_check_name(name, check)}({', '.join(check.moved.parameters)}):")
    kind = "Hidden test" if case.hidden else "Test"
    lines.append(f'    """{kind} {check.place} of {_in_docstring(question.asked.name)}{_in_docstring(said)}."""')
    return lines + [f"    {line}" for line in check.moved.lines]


def _todo(question: Question, check: Check, points: Fraction) -> list[str]:
    """A test that stays, as a comment."""
    case = check.case
    kind = "hidden, " if case.hidden else ""
    lines = list(
        _comment(
            f"TODO: test {check.place} of {question.asked.name} ({kind}{_points(points)}; cell {case.number} of the "
            f"notebook) is no check yet, for it {check.stays}."
        )
    )
    lines += [f"# | {line}".rstrip() for line in case.source.split("\n")]
    if case.output.strip():
        lines += ["# Its output:", *(f"# | {line}".rstrip() for line in case.output.strip("\n").split("\n")[:20])]
    return lines


def _check_name(name: str, check: Check) -> str:
    return f"{name}_{'hidden_' if check.case.hidden else ''}test_{check.place}"


def _by_origin(line: str) -> tuple[int, str]:
    return int("numpy" in line.split()[1]), line


def _points(points: Fraction) -> str:
    return f"{written(points)} point{'s' * (points != 1)}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _in_docstring(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace('"', "'").split())


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"# {line}"


# --- handout.md ---


def _question_heading(question: Question) -> list[str]:
    points = _points(question.asked.points)
    lines = [f"## ({question.id}) {question.title}, {points}"]
    if question.asked.manual:
        lines += ["", "This question is manually graded."]
    return lines


def _first_heading(part: Part, assignment: OtterAssignment) -> str:
    """The line of a question's Markdown that gave its title."""
    for each in assignment.parts:
        if each.question == part.question and each.cell.kind == "markdown" and each.block != "solution":
            first = each.cell.source.strip().split("\n", 1)[0].strip()
            return first if _HEADING.fullmatch(first) else ""
    return ""


def _without_heading(text: str) -> str:
    """A text without its first heading; of a line that only begins in bold, the rest stays."""
    first, _, rest = text.partition("\n")
    found = _HEADING.fullmatch(first)
    return f"{(found['rest'] or '').strip() if found else first}\n{rest}".strip()
