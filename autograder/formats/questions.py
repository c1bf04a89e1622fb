"""`questions.csv`: what only a person can decide about collected attempts: asked there, and answered there."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection as Collection_
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.formats.hand_ins import Asked, Collection
from autograder.reports.files import csv_text, restored
from autograder.submissions.attempts import WHO, Attempt, candidates
from autograder.submissions.expected_files import NONE, Question
from autograder.submissions.names import printable, some

__all__ = ["AS_IS", "PROBLEM", "QUESTIONS", "WHICH", "WHO", "OpenQuestions", "question_id"]

QUESTIONS = "questions.csv"
_LAST = f".{QUESTIONS}"  # the answers as they were used last, for when the file is lost or broken
_BROKEN = f"{QUESTIONS}.broken"
AS_IS = "as is"
"""The answer that takes a name, or a hand-in that has a problem, as it is."""
WHICH, PROBLEM = "which attempt counts", "whether it is graded"
_COLUMNS = ("id", "student", "attempt", "question", "candidates", "answer")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `questions.csv`."""

    id: str
    student: str
    attempt: int
    question: str
    candidates: tuple[str, ...]
    answer: str = ""


def question_id(source: str, key: str, sha256: str, about: str) -> str:
    """Of one question: whose it is (as the source says), about which hand-in ("" for all of theirs), and about what."""
    return hashlib.sha256("\0".join((source, key, sha256, about)).encode()).hexdigest()[:10]


def read_questions(path: Path) -> dict[str, Row]:
    """The questions and answers that are there, whichever of comma, semicolon and tab a spreadsheet has put between.

    An answer whose line is gone, or whose file, is that which was used last: nobody takes one back by a lost line.

    Raises:
        UsageError: the file cannot be read, or lacks a column; what it holds is kept in a copy beside.
    """
    last = path.with_name(_LAST)
    before = {id_: row for id_, row in _rows(last).items() if row.answer} if last.is_file() else {}
    return {**before, **_rows(path)} if path.exists() else before


def _rows(path: Path) -> dict[str, Row]:
    data = b""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not in UTF-8; save it as UTF-8. {_way_out(path, data)}") from None
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    if not set(_COLUMNS) <= set(reader.fieldnames or ()):
        raise UsageError(f"{path} lacks the columns {', '.join(_COLUMNS)}; put them back. {_way_out(path, data)}")
    rows = {}
    for line in reader:
        cells = {name: restored(line[name] or "").strip() for name in _COLUMNS}
        number = int(cells["attempt"]) if cells["attempt"].isdecimal() else 0
        candidates = tuple(each for each in cells["candidates"].split(" | ") if each)
        rows[cells["id"]] = Row(cells["id"], cells["student"], number, cells["question"], candidates, cells["answer"])
    return rows


def _way_out(path: Path, data: bytes) -> str:
    """What becomes of the answers when a file that cannot be used is removed; its content is kept in a copy."""
    copy, number = path.with_name(_BROKEN), 1
    while copy.exists() and not (copy.is_file() and copy.read_bytes() == data):
        number += 1
        copy = path.with_name(f"{_BROKEN}-{number}")
    if not copy.exists():
        atomic_files.write(copy, data)
    again = "the answers that were used last are taken" if path.with_name(_LAST).is_file() else "all is asked again"
    return f"Without the file {again}; what it holds now is kept in {copy.name}."


def write_questions(path: Path, rows: Iterable[Row]) -> None:
    """Write the questions, by student; a file that says the same already is left alone, and none is made for none.

    Raises:
        OSError: it cannot be written.
    """
    ordered = sorted(rows, key=lambda each: (each.student, each.attempt, each.question))
    text = csv_text([_COLUMNS, *([*map(_cell, _cells(row))] for row in ordered)]).encode()
    for each in (path, path.with_name(_LAST)) if ordered or path.exists() else ():
        if not (each.is_file() and each.read_bytes() == text):
            atomic_files.write(each, text)


def _cells(row: Row) -> tuple[str, ...]:
    return (row.id, row.student, str(row.attempt), row.question, " | ".join(row.candidates), row.answer)


def _cell(text: str) -> str | None:
    return text or None


class OpenQuestions:
    """The questions of one collection, with the answers that were given before.

    Args:
        into: the folder of all attempts of the assignment.
        asked: what is collected.
        attempts: all that was collected; the list changes while it is collected.
        result: takes notes.
    """

    def __init__(self, into: Path, asked: Asked, attempts: list[Attempt], result: Collection) -> None:
        self._file, self._asked, self._attempts, self._result = into / QUESTIONS, asked, attempts, result
        self._rows: dict[str, Row] = {}
        self._before = read_questions(self._file)
        if not self._file.exists() and (used := sum(bool(row.answer) for row in self._before.values())):
            result.notes.append(
                f"{QUESTIONS} was not there, so {counted(used, 'answer')} of the last collection "
                f"{'is' if used == 1 else 'are'} used again; remove .{QUESTIONS}, too, to be asked again."
            )

    def write(self) -> None:
        """Write what is asked now, and what was answered before."""
        kept = {id_: row for id_, row in self._before.items() if id_ not in self._rows and row.answer}
        write_questions(self._file, {**kept, **self._rows}.values())

    def ask_about(self, attempt: Attempt) -> None:
        """Ask what an attempt waits for, and what was answered already, so that an answer can be changed."""
        for question in attempt.questions:
            if question.about != WHICH:
                self.ask(attempt, question.about, question.candidates)
        for about in attempt.answers:
            self.ask(attempt, about, ())
        if attempt.problem:
            self.ask(attempt, PROBLEM, (AS_IS,))

    def answer(self, id_: str) -> str:
        """What was answered to a question; "" for nothing."""
        row = self._before.get(id_)
        return row.answer if row else ""

    def ask(self, attempt: Attempt, about: str, candidates: Sequence[str]) -> None:
        """Ask about an attempt, as before where it was asked before."""
        sha256 = "" if about == WHO else attempt.sha256
        id_ = question_id(attempt.source, attempt.key, sha256, about)
        before = self._before.get(id_)
        if not candidates and before:
            candidates = before.candidates
        more = {WHO: (AS_IS,), WHICH: (), PROBLEM: ()}.get(about, (NONE,))
        shown = tuple(dict.fromkeys((*candidates, *more)))
        question = f"which file is {about}" if about in self._asked.files else about
        if about == PROBLEM and attempt.problem:
            question = f"{about}: {attempt.problem}"
        answer = before.answer if before else ""
        self._rows[id_] = Row(id_, attempt.student, attempt.number, question, shown, answer)

    def ask_which(self, student: str, attempts: list[Attempt]) -> Iterator[tuple[Attempt, Attempt]]:
        """Ask which of several hand-ins in one download counts, where no time says it; what attempts change into."""
        times = [each.received for each in attempts]
        if len(attempts) < 2 or (None not in times and len(set(times)) == len(times)):
            return
        if len({each.sha256 for each in attempts}) == 1:
            return
        attempts = sorted(attempts, key=lambda each: each.number)
        last = attempts[-1]
        id_ = question_id(last.source, student, "".join(sorted(each.sha256 for each in attempts)), WHICH)
        said, numbers = self.answer(id_), {str(each.number) for each in attempts}
        candidates = tuple(f"{each.number} ({each.name or each.key})" for each in attempts)
        self._rows[id_] = Row(id_, student, last.number, WHICH, candidates, said)
        chosen = said.partition(" ")[0]
        for attempt in attempts:
            questions = tuple(each for each in attempt.questions if each.about != WHICH)
            if chosen in numbers:
                changed = replace(attempt, counts=str(attempt.number) == chosen, questions=questions)
            elif attempt is last:
                changed = replace(attempt, counts=True, questions=(*questions, Question(WHICH, candidates)))
            else:
                changed = replace(attempt, counts=True, questions=questions)
            yield attempt, changed

    def ask_again(self, now: Collection_[Attempt]) -> None:
        """Keep what is asked about attempts that are not in this download (`now`), and wait all the same."""
        here = {(each.student, each.number) for each in now}
        waiting: dict[str, list[str]] = {}
        for own in candidates(self._attempts, self._asked.term, self._asked.assignment).values():
            for each in own:
                if (each.student, each.number) in here or not (each.questions or each.problem):
                    continue
                waiting.setdefault(each.download, []).append(each.student)
                self._ask_what_is_open(each)
        for download, students in sorted(waiting.items()):
            self._result.notes.append(
                f"{QUESTIONS} holds questions of an earlier collection, too ({printable(some(students))}); once they "
                f"are answered, collect {printable(download)} again."
            )

    def _ask_what_is_open(self, attempt: Attempt) -> None:
        for question in attempt.questions:
            if question.about != WHICH:
                self.ask(attempt, question.about, question.candidates)
                continue
            for id_, row in self._before.items():
                if (row.student, row.attempt, row.question) == (attempt.student, attempt.number, WHICH):
                    self._rows.setdefault(id_, row)
        if attempt.problem:
            self.ask(attempt, PROBLEM, (AS_IS,))
