"""From a file to the folders of an assignment: all of them, or nothing."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.formats.otter.doctests import Moved, move
from autograder.formats.otter.master import Case, OtterAssignment, OtterQuestion, parse
from autograder.formats.otter.names import identifier
from autograder.formats.otter.notebook import read_master
from autograder.formats.otter.reference import Reference, build
from autograder.formats.otter.settings import written
from autograder.formats.otter.statements import Stays
from autograder.formats.otter.writing import Check, Question, answers_text, assignment_text, handout_text, heading_of
from autograder.isolation.packaged_data import uses_packaged_data
from autograder.scaffold.start import PRELOADED, check_name, module_name, refuse, title_of, why_renamed

__all__ = ["Imported", "import_otter"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was written, and what there is to say about it.

    `stays` has a sentence for each test that became no check, `by_hand` the names of questions that people grade.
    """

    name: str
    files: tuple[Path, ...]
    questions: int
    checks: int
    points: str
    stays: tuple[str, ...]
    by_hand: tuple[str, ...]
    notes: tuple[str, ...]


def import_otter(root: Path, source: Path, name: str = "", *, module: bool = False) -> Imported:
    """Write the reference, the assignment.py and the handout.md of an Otter master notebook. Nothing of it is run.

    Args:
        root: folder of the course.
        source: the master notebook, or a folder that holds just one.
        name: the new assignment; else what the notebook calls it.
        module: whether the reference becomes a module; else it stays a notebook.

    Raises:
        UsageError: there is no such file, the name is none for a folder, or something is there already.
        InstructorError: the notebook cannot be read as Otter's; the sentence names cell and line.
    """
    source = _master_in(source)
    assignment = parse(read_master(source))
    name = name or _slug(assignment.name or source.stem)
    check_name(name)
    refuse(name, [root / "reference" / name, root / "assignments" / name])
    title = _title(assignment, name)
    file = f"{module_name(name)}.py" if module else f"{name}.ipynb"
    reference = build(assignment, title, file, module=module)
    beside = _beside(source, assignment.files, "its files")
    hidden = _beside(source, assignment.hidden_files, "its autograder_files")
    questions = _questions(assignment, reference, "answers.md" if module else file)
    answers = answers_text(title, questions) if module else ""
    preload, absent = _packages(reference, beside)
    given = [each for each in beside if each.endswith(".py") and "/" not in each]
    text = assignment_text(
        title,
        questions,
        source=source.name,
        files=[file],
        given=given,
        extra=[each for each in beside if each not in given],
        preload=preload,
        packaged_data=uses_packaged_data(reference.text),
        cell_seed=None if module else assignment.cell_seed,
    )
    contents: dict[Path, bytes] = {
        root / "reference" / name / file: reference.text.encode(),
        **({root / "reference" / name / "answers.md": answers.encode()} if answers else {}),
        **{root / "reference" / name / each: path.read_bytes() for each, path in beside.items()},
        **{root / "assignments" / name / "hidden" / each: path.read_bytes() for each, path in hidden.items()},
        root / "assignments" / name / "assignment.py": text.encode(),
        root / "assignments" / name / "handout.md": handout_text(
            title, questions, assignment, [file, "answers.md"] if answers else [file]
        ).encode(),
    }
    atomic_files.write_new(contents)
    checks = [check for each in questions for check in each.checks]
    points = sum((each.case.points for each in checks if each.moved), Fraction(0))
    return Imported(
        name=name,
        files=tuple(contents),
        questions=len(questions),
        checks=sum(each.moved is not None for each in checks),
        points=written(points),
        stays=tuple(
            f"test {check.place} of {each.asked.name} (cell {check.case.number}) {check.stays}."
            for each in questions
            for check in each.checks
            if not check.moved
        ),
        by_hand=tuple(each.asked.name for each in questions if each.asked.manual),
        notes=(
            *filter(None, [why_renamed(name) if module else ""]),
            *assignment.notes,
            *reference.notes,
            *_seeded(assignment, module=module),
            *_hidden(hidden, name),
            *absent,
        ),
    )


def _master_in(source: Path) -> Path:
    """The master notebook that is meant."""
    if source.is_dir():
        found = [path for path in sorted(source.glob("*.ipynb")) if b"BEGIN QUESTION" in path.read_bytes()]
        if len(found) != 1:
            what = f"{len(found)} of them: {', '.join(path.name for path in found)}" if found else "none"
            raise UsageError(f"{source} must hold one notebook with '# BEGIN QUESTION' cells, and there is {what}; "
                             "name the file.")  # fmt: skip
        return found[0]
    if not source.is_file():
        raise UsageError(f"{source} is no file and no folder; name the master notebook.")
    foreign = {".rmd": "an R Markdown document", ".r": "an R script", ".qmd": "a Quarto document"}
    if (kind := foreign.get(source.suffix.lower())) is not None:
        raise UsageError(
            f"{source.name} is {kind}; only Python notebooks can be imported, as .ipynb, or as .py with '# %%' in "
            "front of each cell."
        )
    return source


def _slug(text: str) -> str:
    made = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")
    return made if made[:1].isalpha() else f"hw{made}"


def _title(assignment: OtterAssignment, name: str) -> str:
    """The first heading of the highest order in front of all questions, else the name."""
    for part in assignment.parts:
        if part.question:
            break
        first = part.cell.source.strip().split("\n", 1)[0]
        if part.cell.kind == "markdown" and re.match(r"#\s", first):
            return heading_of(first)
    return title_of(assignment.name or name)


def _beside(source: Path, names: Sequence[str], among: str) -> Mapping[str, Path]:
    """The files that the configuration names, by their path below the notebook's folder."""
    home = source.resolve().parent
    found: dict[str, Path] = {}
    for name in names:
        path = (home / name).resolve()
        if not path.is_relative_to(home) or not path.exists():
            where = "is not there" if path.is_relative_to(home) else "lies outside of the notebook's folder"
            raise UsageError(f"{source.name} lists {name!r} among {among}, which {where}; put it there, or remove it.")
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file():
                found[each.relative_to(home).as_posix()] = each
    return found


def _packages(reference: Reference, own: Collection[str]) -> tuple[tuple[str, ...], list[str]]:
    """Packages to be preloaded, and a sentence for each that is not installed here."""
    roots = {module.partition(".")[0] for module, _ in reference.names.imports.values()}
    absent = [
        name
        for name in sorted(roots - sys.stdlib_module_names - {Path(each).stem for each in own})
        if name and importlib.util.find_spec(name) is None
    ]
    preload = ("numpy", *(package for name, package in PRELOADED.items() if name in roots and name not in absent))
    return preload, [f"{name} is imported but not installed here; install it where you grade." for name in absent]


def _seeded(assignment: OtterAssignment, *, module: bool) -> list[str]:
    if assignment.cell_seed is not None:
        where = (
            "each cell of the module begins with lines that do the same"
            if module
            else "Assignment(cell_seed=...) does the same, for students' own runs, too"
        )
        return [
            f"Otter seeds np.random and random with {assignment.cell_seed} before each cell when it grades; {where}, "
            "so that tests of random numbers find those of the reference."
        ]
    if not assignment.seed_variable:
        return []
    return [
        f"The seed {assignment.seed_variable} has Otter's value for grading in what students get, too; so their random "
        "numbers are those of the reference."
    ]


def _hidden(files: Mapping[str, Path], name: str) -> list[str]:
    """Where files went that Otter has when it grades, and students have not."""
    if not files:
        return []
    return [
        f"autograder_files ({', '.join(files)}) lie in assignments/{name}/hidden, which staff alone have: submissions "
        "cannot open them, so a check must read them and hand over what they hold."
    ]


# --- questions ---


def _questions(assignment: OtterAssignment, reference: Reference, answers: str) -> list[Question]:
    """The questions; `answers` is the file in which written answers stand."""
    free = set(reference.solutions.get("", ()))
    made = []
    for asked in assignment.questions:
        checks = [_moved(case, place, reference, assignment) for place, case in enumerate(asked.cases, start=1)]
        own = reference.solutions.get(asked.name, ())
        used = {name for each in checks if each.moved for name in each.moved.asked}
        solution = (*own, *sorted(free & used))
        place = f"{answers}#{identifier(asked.name)}" if _is_written(asked, assignment) else ""
        prompt, answer = (_texts(asked, assignment, block) for block in ("prompt", "solution"))
        made.append(Question(asked, _title_of(asked, assignment), solution, tuple(checks), place, prompt, answer))
    return _named_apart(made)


def _moved(case: Case, place: int, reference: Reference, assignment: OtterAssignment) -> Check:
    moved: Moved | None = None
    stays = ""
    try:
        moved = move(case, reference.names, doctests=assignment.doctests)
        ast.parse("\n".join(["def check():", *(f"    {line}" for line in moved.lines)]))
    except Stays as reason:
        stays = str(reason)
    return Check(case, place, moved, stays)


def _title_of(asked: OtterQuestion, assignment: OtterAssignment) -> str:
    for part in assignment.parts:
        if part.question == asked.name and part.cell.kind == "markdown" and part.block != "solution":
            return heading_of(part.cell.source.strip().split("\n", 1)[0]) or f"Question {asked.name}"
    return f"Question {asked.name}"


def _is_written(asked: OtterQuestion, assignment: OtterAssignment) -> bool:
    """Whether a text is written for a question, and people give its points."""
    texts = [part for part in assignment.parts if part.question == asked.name and part.cell.kind == "markdown"]
    return asked.manual and not asked.cases and asked.points > 0 and any(part.block for part in texts)


def _texts(asked: OtterQuestion, assignment: OtterAssignment, block: str) -> str:
    """The Markdown of the master in the prompt or the solution block of a question."""
    return "\n\n".join(
        part.cell.source.strip()
        for part in assignment.parts
        if part.question == asked.name and part.block == block and part.cell.kind == "markdown"
    )


def _named_apart(questions: Sequence[Question]) -> list[Question]:
    """The questions; names that become the same identifier are refused, for one would hide the other."""
    seen: dict[str, str] = {}
    for each in questions:
        if each.variable in seen:
            raise UsageError(
                f"The questions {seen[each.variable]!r} and {each.asked.name!r} differ in signs only; "
                "rename one of them."
            )
        seen[each.variable] = each.asked.name
    return list(questions)
