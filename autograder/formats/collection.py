"""From a download to `submissions/NAME/STUDENT/ATTEMPT/`: recognised, named by the roster, repaired, and kept.

Whatever a person has to decide is a line of `questions.csv`, and the attempt waits until it has an answer there. The
same download collected again changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.checks.errors import StudentError, UsageError
from autograder.formats.attendance import Collection, class_lines
from autograder.formats.git.clones import fetch_listed, is_list
from autograder.formats.hand_ins import Asked, Found, HandIn, Who
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
from autograder.formats.sources import opened
from autograder.submissions import Caps, Recogniser
from autograder.submissions.collected import (
    Attempt,
    counting,
    is_collected,
    read_attempts,
    remove_attempt,
    write_attempt,
    write_record,
)
from autograder.submissions.names import printable, some, student_name
from autograder.submissions.placing import NONE, Placed, Question, place, read_tree, repairs
from autograder.submissions.records import Contents
from autograder.submissions.roster import Roster

__all__ = ["collect_source"]

Parts = tuple[str, ...]


def collect_source(
    source: Path,
    into: Path,
    staging: Path,
    asked: Asked,
    *,
    roster: Roster | None = None,
    caps: Caps | None = None,
    recogniser: Recogniser | None = None,
) -> Collection:
    """Collect every hand-in of a download.

    Args:
        source: the download: a folder, an archive, or a list of repositories; never written to.
        into: the folder of all attempts of the assignment.
        staging: an own empty folder inside of it.
        asked: what is collected.
        roster: who takes the course; without one, students are called as the source calls them.
        caps: how much of one hand-in is read.
        recogniser: finds a file under another name.

    Raises:
        UsageError: the source is not there, is nothing of a known kind, or overlaps with `into`; or what is in `into`
            cannot be used.
    """
    source = source.resolve()
    _refuse(source, into, asked)
    asked = replace(asked, scratch=staging)
    desk = _Desk(into, staging, asked, roster, caps or Caps(), recogniser or Recogniser())
    with ExitStack() as stack:
        if is_list(source):
            desk.result.source, desk.result.said = "git", "a list of git repositories"
            found = fetch_listed(source, into / ".repositories", asked)
        else:
            kind, desk.result.said, tree = opened(source, asked, stack)
            desk.result.source = kind.name
            found = kind.read(tree, asked)
        desk.file(found, source.name)
    return desk.finish(found)


def _refuse(source: Path, into: Path, asked: Asked) -> None:
    if not source.exists():
        raise UsageError(f"{source} does not exist; name the download: a folder, an archive or a list of repositories.")
    place = into.resolve()
    if source.is_dir() and (source == place or source in place.parents or place in source.parents):
        raise UsageError(
            f"{source} and {into}, where submissions are collected, overlap; name another folder with `autograder "
            f"collect {source} --assignment {asked.assignment} --out DIR`."
        )
    others = [each for each in into.iterdir() if not each.name.startswith(".")] if into.is_dir() else []
    if others and not is_collected(into):
        raise UsageError(
            f"{into} holds something that was not collected ({some(sorted(each.name for each in others))}); name "
            f"another folder with `autograder collect {source} --assignment {asked.assignment} --out DIR`."
        )


class _Desk:
    """Hand-ins go in, attempts come out; what is asked is collected on the way."""

    def __init__(
        self, into: Path, staging: Path, asked: Asked, roster: Roster | None, caps: Caps, recogniser: Recogniser
    ) -> None:
        self.result = Collection()
        self._into, self._staging, self._asked = into, staging, asked
        self._roster, self._caps, self._recogniser = roster, caps, recogniser
        self._attempts = read_attempts(into)
        self._known = {(each.source, each.key, each.sha256): each for each in self._attempts}
        self._contents = {(each.student, each.sha256): each for each in self._attempts}
        self._before = read_questions(into / QUESTIONS)
        self._rows: dict[str, Row] = {}
        self._now: dict[str, list[Attempt]] = {}  # by student, what this source holds

    def file(self, found: Found, download: str) -> None:
        """File each hand-in, by time and by name."""
        latest = datetime.max.replace(tzinfo=UTC)
        for hand_in in sorted(found.hand_ins, key=lambda each: (each.received or latest, each.who.key)):
            self._file_one(hand_in, download, found)
        for student, attempts in self._now.items():
            self._ask_which(student, attempts)

    def _file_one(self, hand_in: HandIn, download: str, found: Found) -> None:
        problem = hand_in.problem
        try:
            contents = read_tree(hand_in.tree, self._caps)
        except StudentError as error:
            contents, problem = Contents(self._caps), error.message
        if not (contents.files or contents.left_out or problem):
            found.nothing[_named(hand_in.who)] = "an empty hand-in"
            return
        who_is = hand_in.who
        kind, key, sha256 = self.result.source, who_is.key, _sha256(contents, problem)
        answers = {
            name: said
            for name in (*self._asked.files, PROBLEM)
            if (said := self._answer(question_id(kind, key, sha256, name)))
        }
        existing = self._known.get((kind, key, sha256))
        student, who = self._student(hand_in)
        members = tuple(self._member(each) for each in hand_in.members) or self._team(hand_in.who)
        if existing is None and (same := self._contents.get((student, sha256))):
            self._keep(same)  # from another download
            return
        if existing is not None:
            who_then = next((each for each in existing.questions if each.about == WHO), None)
            as_before = (existing.student, dict(existing.answers), who_then) == (student, answers, who)
            if as_before and not existing.problem:
                self._keep(existing)
                return
        accepted = answers.get(PROBLEM, "").casefold() == AS_IS
        placed = Placed()
        if accepted or not problem:
            try:
                placed = place(contents, self._asked.files, recogniser=self._recogniser, answers=answers)
            except StudentError as error:
                problem = problem or error.message
        if accepted and problem:
            problem, placed.notes[:0] = "", [problem]
        attempt = Attempt(
            student=student,
            number=self._number(student, existing),
            source=kind,
            download=download,
            key=key,
            sha256=sha256,
            received=hand_in.received,
            late=self._late(hand_in),
            name=" / ".join(who_is.names),
            members=members,
            files={"/".join(path): "/".join(was) for path, was in sorted(placed.origins.items())},
            notes=(*hand_in.notes, *repairs(hand_in.tree), *placed.notes),
            questions=(*([who] if who else ()), *placed.questions),
            answers=answers,
            problem=problem,
            blind=who_is.blind,
        )
        if attempt == existing:
            self._keep(existing)
            return
        modified = hand_in.received.timestamp() if hand_in.received else contents.newest or time.time()
        write_attempt(
            attempt,
            placed.files,
            contents.files,
            collected=self._into,
            staging=self._staging,
            modified=modified,
        )
        self.result.new += existing is None
        if existing is not None:
            self.result.changed += 1
            self._attempts.remove(existing)
            if existing.student != student:
                remove_attempt(existing, self._into, self._staging)
        self._attempts.append(attempt)
        self._known[(kind, key, sha256)] = self._contents[(student, sha256)] = attempt
        self._note(attempt)

    def _keep(self, attempt: Attempt) -> None:
        self.result.known += 1
        self._note(attempt)

    def _note(self, attempt: Attempt) -> None:
        """Ask what the attempt waits for, and what was answered already, so that an answer can be changed."""
        own = self._now.setdefault(attempt.student, [])
        if attempt not in own:
            own.append(attempt)
        for question in attempt.questions:
            if question.about != WHICH:
                self._ask(attempt, question.about, question.candidates)
        for about in attempt.answers:
            self._ask(attempt, about, ())
        if attempt.problem:
            self._ask(attempt, PROBLEM, (AS_IS,))

    def _ask(self, attempt: Attempt, about: str, candidates: Sequence[str]) -> None:
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

    def _answer(self, id_: str) -> str:
        row = self._before.get(id_)
        return row.answer if row else ""

    def _student(self, hand_in: HandIn) -> tuple[str, Question | None]:
        """What the student is called, and what has to be asked about that."""
        who = hand_in.who
        own = self._own_name(who)
        if self._roster is None or who.blind or hand_in.members or self._team(who):
            if hand_in.members:
                own = student_name("+".join(sorted(self._member(each) for each in hand_in.members)))
            return own, None
        said = self._answer(question_id(self.result.source, who.key, "", WHO))
        if said.casefold() == AS_IS:
            return own, None
        if said:
            people = self._roster.find([said], [said])
            if len(people) == 1:
                return people[0].id, None
            self.result.notes.append(f"{QUESTIONS}: {printable(said)!r} is nobody on the roster; write an id from it.")
        people = self._roster.meant(who.ids, who.names, foreign=who.foreign)
        if len(people) == 1:
            return people[0].id, None
        candidates = people or self._roster.like(who.names)
        if not candidates and who.foreign:
            candidates = self._roster.find(who.ids, ())
        return own, Question(WHO, tuple(sorted(each.id for each in candidates))) if candidates else None

    def _own_name(self, who: Who) -> str:
        """A name made of what the source says; of two who are called the same, the second gets the source's id, too."""
        same = [each for each in self._attempts if each.source == self.result.source]
        for each in same:
            if each.key == who.key and (self._roster is None or each.student not in self._roster.by_id):
                return each.student
        name = student_name(_named(who))
        others = {each.student.casefold() for each in same if each.key != who.key}
        if name.casefold() not in others:
            return name
        return student_name(who.key if who.key.startswith(name) else f"{name} {who.key}")

    def _late(self, hand_in: HandIn) -> bool | None:
        if hand_in.late is None and hand_in.received and self._asked.due:
            return hand_in.received > self._asked.due
        return hand_in.late

    def _member(self, who: Who) -> str:
        people = self._roster.meant(who.ids, who.names, foreign=who.foreign) if self._roster else ()
        return people[0].id if len(people) == 1 else student_name(who.key)

    def _team(self, who: Who) -> tuple[str, ...]:
        """The members of the group that goes by this name on the roster."""
        if self._roster is None or self._roster.find(who.ids, who.names):
            return ()
        return tuple(person.id for name in who.names for person in self._roster.members(name))

    def _number(self, student: str, existing: Attempt | None) -> int:
        used = {each.number for each in self._attempts if each.student == student}
        if existing is not None and existing.student == student:
            return existing.number
        return max(used, default=0) + 1

    def _ask_which(self, student: str, attempts: list[Attempt]) -> None:
        """Ask which of several hand-ins in one download counts, where no time says it."""
        times = [each.received for each in attempts]
        if len(attempts) < 2 or (None not in times and len(set(times)) == len(times)):
            return
        attempts = sorted(attempts, key=lambda each: each.number)
        last = attempts[-1]
        id_ = question_id(last.source, student, "".join(sorted(each.sha256 for each in attempts)), WHICH)
        said, numbers = self._answer(id_), {str(each.number) for each in attempts}
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
            if changed != attempt:
                write_record(changed, self._into)
                self._attempts[self._attempts.index(attempt)] = changed

    def finish(self, found: Found) -> Collection:
        """Write the questions, and sum up for everybody."""
        kept = {id_: row for id_, row in self._before.items() if id_ not in self._rows and row.answer}
        write_questions(self._into / QUESTIONS, {**kept, **self._rows}.values())
        result = self.result
        result.questions = sum(len(each.questions) + bool(each.problem) for each in counting(self._attempts).values())
        if self._roster and any(each.blind for each in self._attempts):
            result.notes.append("Names are hidden in what was collected, so the table does not say who is missing.")
        result.beside, result.notes = [*found.beside], [*found.notes, *result.notes]
        result.lines = class_lines(self._attempts, self._roster, found.nothing)
        return result


def _named(who: Who) -> str:
    return who.names[0] if who.names else who.key


def _sha256(contents: Contents, problem: str) -> str:
    """Hash over names and bytes of all that was handed in."""
    digest = hashlib.sha256(problem.encode() if not contents.files else b"")
    for path, data in sorted(contents.files.items()):
        name = "/".join(path).encode()
        digest.update(len(name).to_bytes(8, "big") + name + len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
