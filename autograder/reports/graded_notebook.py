"""A graded submission as notebooks that people look at: what was handed in, and beside it what the checks found.

A notebook assignment keeps its cells; a check whose id is a cell's grade id gives that cell its points. All other
checks become cells of their own behind them; a submission of modules becomes a notebook of its files and checks.
Everything here is what a student may read: of a hidden check title, verdict and hint. A check that is not shown yet has
a cell without a role, to which nbgrader gives no score, and counts in no sum here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.checks.errors import StudentError
from autograder.messages import WORDING
from autograder.notebooks import Cell, Notebook, Role
from autograder.notebooks.reading_process import Reader, repaired
from autograder.pictures.raster import data_url
from autograder.pictures.vector import is_ours
from autograder.reports.notebook_outputs import LONGEST, Shown, neutral, outputs_of
from autograder.reports.pages.text import visible
from autograder.reports.visibility import NOTHING_KNOWN, Moment, is_shown, shown_report
from autograder.results import CellResult, CheckResult, NotebookResult, QuestionResult, Report, Verdict
from autograder.scoring import points_of, shown

__all__ = ["GradedCell", "GradedNotebook", "cell_name", "graded_notebooks", "is_cell_of", "notebook_node"]

_MOST_PICTURES = 64  # of one notebook
_NOTHING_TO_READ = (Verdict.MISSING, Verdict.NOT_ATTEMPTED)


@dataclass(frozen=True, slots=True)
class GradedCell:
    """One cell, what stands below it, and the check whose points it carries, if any.

    `own` says that the text is the student's; `untouched` that it is still what was handed out.
    """

    cell: Cell
    outputs: tuple[Shown, ...] = ()
    check: CheckResult | None = None
    own: bool = False
    untouched: bool = False

    @property
    def scored(self) -> bool:
        """Whether anything is known of its points: a check's, or that a person has to give them."""
        role = self.cell.role
        return role is not None and (self.check is not None or (role.grade and role.solution) or role.task)

    @property
    def points(self) -> float | None:
        """Points that were found without a person; None where a person has to say (also where we failed)."""
        if self.cell.role is not None and self.cell.role.task:
            return None  # its answer stands in other cells; nbgrader always asks a person
        if self.check is not None and self.check.by_hand:
            nothing = self.check.verdict in _NOTHING_TO_READ or (self.untouched and not self.check.answer)
            return 0.0 if nothing else None
        if self.check is not None:
            return None if self.check.verdict is Verdict.INTERNAL else self.check.points
        return 0.0 if self.untouched else None


@dataclass(frozen=True, slots=True)
class GradedNotebook:
    """The cells of one notebook, by the name of its file without ``.ipynb``.

    `handed_in` is False for a notebook that the student did not hand in; its cells are those handed out.
    """

    name: str
    cells: tuple[GradedCell, ...]
    handed_in: bool = True
    language: str = "python"


def cell_name(text: str) -> str:
    """A name that nbgrader takes for a cell; what cannot stand in one is replaced, and digits of a hash are added."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", text)[:100]
    return (
        safe if safe == text and safe else f"{safe}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    )


def is_cell_of(check: str, notebook: str, cell: str) -> bool:
    """Whether the check of this id is about that cell: its id is the grade id, alone or behind the notebook's name."""
    return cell in (check, cell_name(check)) or check in (f"{notebook}{mark}{cell}" for mark in "/.:")


def graded_notebooks(
    report: Report,
    files: Mapping[str, bytes] | None,
    released: Mapping[str, Notebook],
    reader: Reader | None = None,
    moment: Moment = NOTHING_KNOWN,
) -> tuple[GradedNotebook, ...]:
    """All notebooks of one submission.

    Args:
        report: what the checks found.
        files: what was handed in, by file name; None where that is not at hand.
        released: the handed-out notebooks by name, in their order; none for an assignment of modules.
        reader: the process that reads what was handed in; one of its own if left out.
        moment: when students look at it; as little as possible is shown if left out.
    """
    if reader is None:
        with Reader() as own:
            return graded_notebooks(report, files, released, own, moment)
    left = [(question, check) for question in report.questions for check in question.checks]
    made = []
    for name, notebook in released.items():
        content = (files or {}).get(f"{name}.ipynb")
        ran = next((each for each in report.notebooks if each.file == f"{name}.ipynb"), None)
        found, taken = _cells(name, notebook, content, left, ran, reader, moment)
        made.append(GradedNotebook(name, tuple(found), content is not None or files is None, notebook.language))
        left = [each for each in left if (each[0].id, each[1].id) not in taken]
    if left or not made:
        whole = [*_notes(report), *_files(files, released), *_checks(left, shown_report(report, moment).report, moment)]
        home = next((each for each in made if len(made) == 1 or each.name == report.assignment), None)
        if home is None:
            made.append(GradedNotebook(cell_name(report.assignment), (_title(report), *whole)))
        else:
            both = GradedNotebook(home.name, (*home.cells, *whole), home.handed_in, home.language)
            made[made.index(home)] = both
    return tuple(made)


def _cells(
    name: str,
    released: Notebook,
    content: bytes | None,
    left: Sequence[tuple[QuestionResult, CheckResult]],
    ran: NotebookResult | None,
    reader: Reader,
    moment: Moment,
) -> tuple[list[GradedCell], set[tuple[str, str]]]:
    """The cells of a handed-in notebook in the order of the handout, and the checks that they took (question, id)."""
    given = {cell.source for cell in released.cells}
    stubs = {cell.name: cell.source.strip() for cell in released.cells if cell.role}
    below: dict[str, list[tuple[Shown, ...]]] = {}
    cells: list[GradedCell] = []
    notebook = released
    if content is not None:
        try:
            fixed = repaired(content, f"{name}.ipynb", released, reader)
        except StudentError as error:
            cells.append(_note_cell(error.message))
        else:
            notebook = fixed.notebook
            cells += [_note_cell(note) for note in fixed.notes]
            if ran is None:
                below = outputs_of(content)
                cells.append(
                    _note_cell("What stands below the cells of this notebook is what was handed in with them.")
                )
    results = {each.number: each for each in ran.cells} if ran else {}
    taken: set[tuple[str, str]] = set()
    for number, cell in enumerate(notebook.cells, start=1):
        question, check = _check_of(name, cell, [(q, c) for q, c in left if (q.id, c.id) not in taken])
        own = cell.source not in given
        untouched = cell.role is not None and cell.source.strip() == stubs.get(cell.name)
        if check is not None:
            taken.add((question, check.id))
            if is_shown(check.visible, moment):
                cells.append(GradedCell(cell, _found(check), check, own, untouched))
            else:
                cells.append(GradedCell(replace(cell, role=None), own=own))
        else:
            ready = below.get(cell.source, []) if cell.kind == "code" and not (cell.role and cell.role.given) else []
            outputs = ready.pop(0) if ready else _ran(results.get(number), cell)
            cells.append(GradedCell(cell, outputs, None, own, untouched))
    return cells, taken


def _ran(result: CellResult | None, cell: Cell) -> tuple[Shown, ...]:
    """What came when the cell was run for grading."""
    if result is None or result.name != cell.name or cell.kind != "code":
        return ()
    texts = (visible(text).rstrip("\n") + "\n" for text in (result.text, result.error) if text)
    return (*map(Shown, texts), *(Shown(png=picture) for picture in result.pictures if data_url(picture)))


def _check_of(
    notebook: str, cell: Cell, left: Sequence[tuple[QuestionResult, CheckResult]]
) -> tuple[str, CheckResult | None]:
    """The check that gives this cell its points, with its question; one called like the notebook goes first."""
    if cell.role is None or not (cell.role.grade or cell.role.task):
        return "", None
    fitting = [(q.id, check) for q, check in left if is_cell_of(check.id, notebook, cell.role.grade_id)]
    fitting.sort(key=lambda each: each[0] != notebook)
    return fitting[0] if fitting else ("", None)


def _title(report: Report) -> GradedCell:
    return GradedCell(Cell("markdown", f"# {neutral(report.assignment)}"))


def _notes(report: Report) -> list[GradedCell]:
    return [_note_cell(note) for note in report.notes]


def _note_cell(note: str) -> GradedCell:
    """A sentence of ours in a cell of its own; it may quote what a student wrote."""
    return GradedCell(Cell("markdown", note), own=True)


def _files(files: Mapping[str, bytes] | None, released: Mapping[str, Notebook]) -> Iterator[GradedCell]:
    """Each file that is text, as a cell that can be commented on."""
    if files is None:
        yield _note_cell("The files that were handed in are not shown here: the export does not know where they lie.")
        return
    for name, content in files.items():
        if name.removesuffix(".ipynb") in released:
            continue
        if b"\0" in content:
            yield _note_cell(f"{name}: {len(content):,} bytes that are no text.")
            continue
        yield GradedCell(Cell("markdown", f"## {name}"), own=True)
        role = Role(cell_name(f"file-{name}"), solution=True)
        yield GradedCell(Cell("code", content.decode("utf-8", "replace"), role=role), own=True)


def _checks(
    left: Sequence[tuple[QuestionResult, CheckResult]], open_report: Report, moment: Moment
) -> Iterator[GradedCell]:
    """A heading for each question, and a cell with points and a place for a comment for each check that is shown."""
    last = ""
    sums = {each.id: points_of(each.points, each.max_points) for each in open_report.questions if each.checks}
    for question, check in left:
        if question.id != last:
            last = question.id
            bonus = ", bonus" if question.bonus else ""
            text = f"{sums.get(question.id, 'points not shown')}{bonus}"
            yield GradedCell(Cell("markdown", f"## ({neutral(question.id)}) {neutral(question.title)}: {text}"))
            if question.output:
                yield GradedCell(Cell("code", "# What the submission printed"), (Shown(visible(question.output)),))
        if not is_shown(check.visible, moment):
            yield GradedCell(Cell("code", "# A check whose result is not shown"))
            continue
        if check.by_hand:
            yield from _written(question, check)
            continue
        points = 0.0 if question.bonus else check.max_points  # nbgrader's way: more than all is a bonus
        role = Role(cell_name(check.id), grade=True, solution=True, points=points)
        hidden = " (hidden)" if check.hidden else ""
        title = " ".join(visible(check.title).split())
        yield GradedCell(Cell("code", f"# {title}{hidden}", role=role), _found(check), check)


def _written(question: QuestionResult, check: CheckResult) -> Iterator[GradedCell]:
    """An answer that waits for a person: what is asked, what it is worth, and the answer with its points."""
    title = " ".join(visible(check.title).split())
    yield GradedCell(Cell("markdown", f"### {neutral(title)}\n\n{neutral(visible(check.message))}"))
    role = Role(cell_name(check.id), grade=True, solution=True, points=0.0 if question.bonus else check.by_hand)
    text = check.answer or (f"The answer is the file {check.answer_file}." if check.answer_file else "No answer.")
    yield GradedCell(Cell("markdown", text, role=role), (), check, own=True)


def _found(check: CheckResult) -> tuple[Shown, ...]:
    """What stands below a check's cell: verdict, points, message, and the figures that the submission drew."""
    wording = WORDING[check.verdict]
    points = "left out" if check.verdict is Verdict.INTERNAL else f"{shown(check.points)} of {shown(check.max_points)}"
    text = f"{wording.mark} {wording.short}: {points}\n{visible(check.message)}".rstrip() + "\n"
    return (Shown(text), *(Shown(png=picture) for picture in check.pictures if data_url(picture)))


def notebook_node(notebook: GradedNotebook) -> Any:
    """The notebook as `nbformat` has it (version 4.5), with nbgrader's metadata (version 3) in every cell with a role.

    Holds text, cleaned PNG pictures and SVG that we drew ourselves only; students' Markdown is `neutral`.
    """
    from nbformat import v4

    python = notebook.language == "python"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    language = {"name": "python", "pygments_lexer": "ipython3"} if python else {"name": "text"}
    room = [_MOST_PICTURES]
    cells = [_node(each, f"cell-{number}", room) for number, each in enumerate(notebook.cells, start=1)]
    metadata = {"language_info": language, **({"kernelspec": kernel} if python else {})}
    return v4.new_notebook(cells=cells, metadata=metadata)


def _node(graded: GradedCell, id: str, room: list[int]) -> Any:
    from nbformat import v4

    cell, source = graded.cell, graded.cell.source
    metadata = {"nbgrader": _metadata(cell)} if cell.role else {}
    if cell.kind == "code":
        outputs = [_output(each, room) for each in graded.outputs]
        source = visible(source, LONGEST) if graded.own else source
        return v4.new_code_cell(source, id=id, metadata=metadata, outputs=[each for each in outputs if each])
    if graded.own or "attachment:" in source:
        source = neutral(source)
    make: Any = v4.new_markdown_cell if cell.kind == "markdown" or cell.role else v4.new_raw_cell
    return make(source, id=id, metadata=metadata)


def _output(one: Shown, room: list[int]) -> Any:
    from nbformat import v4

    if not one.png:
        return v4.new_output("stream", name="stdout", text=one.text)
    room[0] -= 1
    form = "image/svg+xml" if is_ours(one.png) else "image/png"
    return v4.new_output("display_data", {form: one.png}) if room[0] >= 0 else None


def _metadata(cell: Cell) -> dict[str, Any]:
    role = cell.role
    assert role is not None
    nbgrader_metadata: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": cell_name(role.grade_id),
        "grade": role.grade,
        "solution": role.solution,
        "locked": role.given,
        "task": role.task,
        "cell_type": cell.kind,
    }
    return {**nbgrader_metadata, "points": role.points} if role.grade or role.task else nbgrader_metadata
