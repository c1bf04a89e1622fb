"""What a person has to decide about collected attempts: asked in `questions.csv`, and answered there."""

from __future__ import annotations

from collections.abc import Collection as Collection_
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.checks.wording import counted
from autograder.formats.attendance import Collection
from autograder.formats.hand_ins import Asked
from autograder.formats.questions import (
    AS_IS,
    PROBLEM,
    QUESTIONS,
    WHICH,
    WHO,
    Row,
    question_id,
    read_questions,
    write_questions,
)
from autograder.submissions.collected import Attempt
from autograder.submissions.counting import candidates
from autograder.submissions.names import printable, some
from autograder.submissions.placing import NONE, Question

__all__ = ["OpenQuestions"]


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
