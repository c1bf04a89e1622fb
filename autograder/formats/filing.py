"""Filing: hand-ins go in, one folder for each attempt comes out, and what a person has to decide is asked.

The same hand-ins filed again change nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.checks.errors import StudentError
from autograder.formats.attendance import Identities, class_lines, named
from autograder.formats.hand_ins import Asked, Collection, Found, HandIn
from autograder.formats.questions import AS_IS, PROBLEM, WHO, OpenQuestions, question_id
from autograder.submissions import Caps, Recogniser
from autograder.submissions.attempts import (
    FILE_TIME,
    Attempt,
    candidates,
    hand_in_of,
    read_attempts,
    remove_attempt,
    write_attempt,
    write_record,
)
from autograder.submissions.expected_files import Placed, place, read_tree, repairs
from autograder.submissions.file_trees import NOT_LISTED
from autograder.submissions.folders import UNREADABLE
from autograder.submissions.names import printable
from autograder.submissions.records import Contents
from autograder.submissions.term import Roster

__all__ = ["Filing", "collect_found"]

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """Where hand-ins are filed, and how.

    `into` is the folder of all attempts of the assignment, `asked` what is collected, `roster` who takes the course
    (without one, students are called as the source calls them). `caps` is how much of one hand-in is read, and
    `recogniser` finds a file under another name.
    """

    into: Path
    asked: Asked
    roster: Roster | None = None
    caps: Caps = field(default_factory=Caps)
    recogniser: Recogniser = field(default_factory=Recogniser)


def collect_found(found: Found, kind: str, download: str, staging: Path, filing: Filing) -> Collection:
    """Collect hand-ins that somebody found.

    Args:
        found: the hand-ins, whose files are read here, and what else is to be said.
        kind: the kind of download that they are from.
        download: its name, as records of attempts and questions have it.
        staging: an own empty folder inside of `filing.into`.
        filing: where they are filed, and how.

    Raises:
        UsageError: what is in `filing.into` cannot be used.
    """
    desk = _Desk(staging, filing)
    desk.result.source = kind
    desk.file(found, download)
    return desk.finish(found)


class _Desk:
    """Hand-ins go in, attempts come out; what is asked is collected on the way."""

    def __init__(self, staging: Path, filing: Filing) -> None:
        self.result = Collection()
        self._into, self._staging, self._asked = filing.into, staging, filing.asked
        self._roster, self._caps, self._recogniser = filing.roster, filing.caps, filing.recogniser
        self._attempts = read_attempts(self._into)
        self._contents = {(each.student, each.sha256): each for each in self._attempts}
        self._questions = OpenQuestions(self._into, self._asked, self._attempts, self.result)
        self._people = Identities(self._roster, self._attempts, self.result, self._questions.answer)
        self._known: set[tuple[str, int]] = set()  # attempts that were there already
        self._entered: set[tuple[str, int]] = set()  # attempts that are counted as new or changed
        self._now: dict[str, list[Attempt]] = {}  # by student, what this source holds
        self._twice: set[str] = set()  # keys with several hand-ins in this source
        self._times: dict[str, set[datetime | None]] = {}  # those of the hand-ins of each key in this source

    def file(self, found: Found, download: str) -> None:
        """File each hand-in, by time and by name."""
        keys = [each.who.key for each in found.hand_ins]
        self._twice = {key for key in keys if keys.count(key) > 1}
        for each in found.hand_ins:
            self._times.setdefault(each.who.key, set()).add(None if each.guessed else each.received)
        self._people.compare_names([each.who for each in found.hand_ins if not (each.who.blind or each.members)])
        latest = datetime.max.replace(tzinfo=UTC)
        for hand_in in sorted(found.hand_ins, key=lambda each: (each.received or latest, each.who.key)):
            self._file_one(hand_in, download, found)
        for student, attempts in self._now.items():
            for attempt, changed in self._questions.ask_which(student, attempts):
                self._changed(attempt, changed)

    def _file_one(self, hand_in: HandIn, download: str, found: Found) -> None:
        contents, problem, unread = self._read(hand_in)
        if not (contents.files or contents.left_out or problem):
            found.nothing[named(hand_in.who)] = "an empty hand-in"
            return
        kind, key, sha256 = self.result.source, hand_in.who.key, _sha256(contents, problem)
        student, who = self._people.student(hand_in)
        if unread and (read := [each for each in self._of(key) if not each.unread and _is_same(each, hand_in)]):
            self.result.notes.append(f"{printable(student)}: {problem} Until it can be read, what is there counts.")
            self._keep(read[-1])
            return
        for each in [each for each in self._of(key) if each.unread]:
            if each.handed_in not in self._times[key] if each.handed_in else not unread:
                self._remove(each)
        existing = self._existing(hand_in, sha256, student)
        if existing is None and hand_in.received and not hand_in.guessed:
            existing = next((each for each in self._of(key) if each.unread and _is_same(each, hand_in)), None)
        same = self._contents.get((student, sha256))
        if existing is None and same and same.source != kind:
            self._keep(same)  # from another platform
            return
        draft = Attempt(
            student=student,
            number=self._number(student, existing),
            source=kind,
            download=download,
            key=key,
            sha256=sha256,
            received=hand_in.received,
            late=hand_in.late,
            name=" / ".join(hand_in.who.names),
            members=tuple(self._people.member(each) for each in hand_in.members) or self._people.team(hand_in.who),
            questions=(who,) if who else (),
            answers={
                name: said
                for name in (*self._asked.files, PROBLEM)
                if (said := self._questions.answer(question_id(kind, key, sha256, name)))
            },
            problem=problem,
            blind=hand_in.who.blind,
            unread=unread,
            time_from=hand_in.time_from or (FILE_TIME if hand_in.guessed else ""),
            member_keys={self._people.member(each): each.key for each in hand_in.members},
        )
        if existing is not None and _is_as_before(existing, draft):
            self._keep(self._brought_up_to_date(existing, hand_in, draft))
            return
        attempt, files = self._placed(draft, hand_in, contents)
        if attempt == existing:
            self._keep(existing)
            return
        modified = hand_in.received.timestamp() if hand_in.received else contents.newest or time.time()
        write_attempt(attempt, files, contents.files, collected=self._into, staging=self._staging, modified=modified)
        self._enter(attempt, existing)

    def _read(self, hand_in: HandIn) -> tuple[Contents, str, bool]:
        """What was handed in, what is wrong with it, and whether something of it could not be read at the moment."""
        try:
            contents = read_tree(hand_in.tree, self._caps)
        except StudentError as error:
            return Contents(self._caps), error.message, False
        problem, unread = hand_in.problem, bool(hand_in.problem and not contents.files)
        for path, reason in contents.left_out.items():
            if not problem and (reason == NOT_LISTED or reason.startswith(UNREADABLE)):
                named = "/".join(path) if contents.files or reason != NOT_LISTED else "The folder"
                problem, unread = f"{printable(named)} {reason}.", True
        self.result.unread |= unread
        return contents, problem, unread

    def _placed(self, draft: Attempt, hand_in: HandIn, contents: Contents) -> tuple[Attempt, Mapping[Parts, bytes]]:
        """The attempt with its files under the right names, or with what has to be asked about them."""
        problem, placed = draft.problem, Placed()
        accepted = draft.answers.get(PROBLEM, "").casefold() == AS_IS
        if accepted or not problem:
            try:
                placed = place(contents, self._asked.files, recogniser=self._recogniser, answers=draft.answers)
            except StudentError as error:
                problem = problem or error.message
        if accepted and problem:
            problem, placed.notes[:0] = "", [problem]
        before = [each.number for each in self._of(draft.key) if each.sha256 == draft.sha256]
        before = [number for number in before if number < draft.number]
        again = (f"The same was handed in before, as attempt {before[-1]}.",) if before else ()
        attempt = replace(
            draft,
            files={"/".join(path): "/".join(was) for path, was in sorted(placed.origins.items())},
            notes=(*hand_in.notes, *again, *repairs(hand_in.tree), *placed.notes),
            questions=(*draft.questions, *placed.questions),
            problem=problem,
        )
        return attempt, placed.files

    def _enter(self, attempt: Attempt, existing: Attempt | None) -> None:
        """Count an attempt that was written, in the place of the one that it was before."""
        self.result.new += existing is None
        self.result.changed += existing is not None
        self._entered.add((attempt.student, attempt.number))
        if existing is not None and existing.student == attempt.student:
            self._attempts.remove(existing)
        elif existing is not None:
            self._remove(existing)
        self._attempts.append(attempt)
        self._contents[(attempt.student, attempt.sha256)] = attempt
        self._note(attempt)

    def _of(self, key: str) -> list[Attempt]:
        """The attempts of whoever the source calls so, by number."""
        own = [each for each in self._attempts if (each.source, each.key) == (self.result.source, key)]
        return sorted(own, key=lambda each: each.number)

    def _existing(self, hand_in: HandIn, sha256: str, student: str) -> Attempt | None:
        """The attempt that a hand-in is; None for a new one, which the content of an older one may be, handed in again.

        One that was on its way to another student's folder when the collection was killed is removed.
        """
        own = self._of(hand_in.who.key)
        same = [each for each in own if each.sha256 == sha256]
        timed = [each for each in same if each.received == hand_in.received]
        if timed and (hand_in.received or hand_in.who.key in self._twice):
            found = timed
        elif hand_in.received and not hand_in.guessed:
            found = [each for each in same if each.handed_in is None or (hand_in.time_from and each.time_from)]
        elif hand_in.who.key in self._twice:
            found = same
        else:
            found = [each for each in same if each.number == own[-1].number]
        chosen = next((each for each in found if each.student == student), found[0] if found else None)
        for each in timed:
            if chosen and each is not chosen and each.student != chosen.student == student:
                self._remove(each)
        return chosen

    def _remove(self, attempt: Attempt) -> None:
        remove_attempt(attempt, self._into, self._staging)
        self._attempts.remove(attempt)

    def _brought_up_to_date(self, attempt: Attempt, hand_in: HandIn, draft: Attempt) -> Attempt:
        """The attempt with what the source says today of its time and its team."""
        members = draft.members if self._roster else attempt.members
        timed = bool(hand_in.time_from) or attempt.received is None
        changed = replace(
            attempt,
            received=hand_in.received if timed and hand_in.received else attempt.received,
            time_from=hand_in.time_from if timed and hand_in.time_from else attempt.time_from,
            late=attempt.late if hand_in.late is None else hand_in.late,
            members=members,
            member_keys=draft.member_keys if members == draft.members else attempt.member_keys,
        )
        return self._changed(attempt, changed)

    def _changed(self, attempt: Attempt, changed: Attempt) -> Attempt:
        if changed == attempt:
            return attempt
        write_record(changed, self._into)
        self._attempts[self._attempts.index(attempt)] = changed
        return changed

    def _apply_deadline(self) -> None:
        """Say who is late by the dates of today, perhaps others than before; commits after the end do not count."""
        for attempt in list(self._attempts):
            late = attempt.late if attempt.received is None else self._is_late(attempt)
            until = self._asked.until(attempt.student, attempt.members) if attempt.source == "git" else None
            counts = attempt.counts
            if until is not None and attempt.received is not None and late != attempt.late:
                counts = attempt.received <= until
            changed = self._changed(attempt, replace(attempt, late=late, counts=counts))
            if changed is not attempt:
                self._count_as_changed(attempt)

    def _is_late(self, attempt: Attempt) -> bool | None:
        """Whether it is late; the time of a file counts for a deadline that was given with `--due` alone."""
        found = hand_in_of(attempt)
        if self._asked.due is not None:
            found = replace(found, time=attempt.received)
        late = self._asked.is_late(found)
        return attempt.late if late is None else late

    def _count_as_changed(self, attempt: Attempt) -> None:
        """Count once an attempt that changed after it was collected or found unchanged in this run."""
        which = (attempt.student, attempt.number)
        if which in self._entered:
            return
        self.result.known -= which in self._known
        self.result.changed += 1
        self._entered.add(which)

    def _keep(self, attempt: Attempt) -> None:
        self.result.known += 1
        self._known.add((attempt.student, attempt.number))
        self._note(attempt)

    def _note(self, attempt: Attempt) -> None:
        """Ask what the attempt waits for, and what was answered already, so that an answer can be changed."""
        own = self._now.setdefault(attempt.student, [])
        if attempt not in own:
            own.append(attempt)
        self._questions.ask_about(attempt)

    def _number(self, student: str, existing: Attempt | None) -> int:
        used = {each.number for each in self._attempts if each.student == student}
        if existing is not None and existing.student == student:
            return existing.number
        return max(used, default=0) + 1

    def finish(self, found: Found) -> Collection:
        """Write the questions, and sum up for everybody."""
        self._apply_deadline()
        self._questions.ask_again([each for own in self._now.values() for each in own])
        self._questions.write()
        result = self.result
        result.questions = sum(
            len(each.questions) + bool(each.problem)
            for own in candidates(self._attempts, self._asked.term, self._asked.assignment).values()
            for each in own
        )
        if self._roster and any(each.blind for each in self._attempts):
            result.notes.append("Names are hidden in what was collected, so the table does not say who is missing.")
        result.beside, result.notes = [*found.beside], [*found.notes, *result.notes]
        result.unread |= bool(found.unfetched)
        result.lines = class_lines(self._attempts, self._roster, found.nothing, found.unfetched, asked=self._asked)
        return result


def _is_same(attempt: Attempt, hand_in: HandIn) -> bool:
    """Whether a hand-in with a time of its own is an attempt; without one, it may be any of the same key."""
    return hand_in.received is None or hand_in.guessed or attempt.handed_in == hand_in.received


def _is_as_before(existing: Attempt, draft: Attempt) -> bool:
    """Whether nothing has changed about whose an attempt is, and nothing was answered since."""
    of_then, of_now = (
        (each.student, dict(each.answers), next((one for one in each.questions if one.about == WHO), None))
        for each in (existing, draft)
    )
    return of_then == of_now and not existing.problem


def _sha256(contents: Contents, problem: str) -> str:
    """Hash over names and bytes of all that was handed in."""
    digest = hashlib.sha256(problem.encode() if not contents.files else b"")
    for path, data in sorted(contents.files.items()):
        name = "/".join(path).encode()
        digest.update(len(name).to_bytes(8, "big") + name + len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
