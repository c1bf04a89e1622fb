"""The tables of a course: what goes in comes out, every change is logged, in SQLite and in PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from databases import needed
from samples import check, internal, passing, question, report
from store_rows import attempts, check_rows, comments

from autograder.checks.errors import UsageError
from autograder.results import Replay, Verdict
from autograder.store import Store
from autograder.store.database import DatabaseError
from autograder.store.history import VERBS, Change, log_entries, record, students
from autograder.store.marking import marks, record_marks
from autograder.store.publishing import (
    add_request,
    answer_request,
    close_request,
    publications,
    publish,
    requests,
)
from autograder.store.records import Mark, Publication, Request
from autograder.store.runs import runs
from autograder.store.schema import STEPS, TABLES, statements_of

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def log_of(store: Store) -> list[tuple[str | None, ...]]:
    """The log without times."""
    return [(e.who, e.verb, e.student, e.subject, e.before, e.after) for e in log_entries(store.database)]


def test_a_report_comes_back_from_any_database(any_address: str) -> None:
    """A kept report is found again, equal in every field; the newest of a key stays; our fault is not final."""
    first = passing("ann", key="1")
    with Store(any_address) as store:
        store.keep(first)
        store.keep(internal("ben"))
    with Store(any_address) as store:
        assert store.known("1", "ann") == first
        assert store.known("k", "ben") is None
        store.keep(passing("ben"))
        store.keep(internal("ben"))
        assert store.known("k", "ben") == passing("ben")
        assert [each.student for each in store.reports()] == ["ann", "ben"]
        assert [each.student for each in store.reports("tiny", "ann")] == ["ann"]
        assert store.reports("other") == ()


def test_a_run_has_its_attempt_and_a_row_for_each_check(any_address: str) -> None:
    """Runs of the same files are of one attempt; the rows of checks say what the report says, in its order."""
    hard = replace(check("two", Verdict.MANUAL, hidden=True), by_hand=3.0, points=0.0, max_points=0.0)
    made = report("ann", question("a", check("one", Verdict.FAILED)), question("b", hard), key="1")
    with Store(any_address) as store:
        for key, sha256 in (("1", "f" * 64), ("2", "f" * 64), ("3", "e" * 64)):
            store.keep(replace(made, replay=Replay(key=key, submission_sha256=sha256)))
        assert [(each.student, each.assignment, each.sha256[0]) for each in attempts(store.database)] == [
            ("ann", "tiny", "f"),
            ("ann", "tiny", "e"),
        ]
        found = runs(store.database, "tiny", "ann")
        assert [(run.key, run.attempt == found[0].attempt, run.points, run.max_points) for run in found] == [
            ("1", True, 0.0, 2.0),
            ("2", True, 0.0, 2.0),
            ("3", False, 0.0, 2.0),
        ]
        rows = check_rows(store.database, found[0].id)
        assert [(r.question, r.check, r.hidden, r.verdict, r.points, r.max_points, r.by_hand) for r in rows] == [
            ("a", "one", False, "FAILED", 0.0, 2.0, 0.0),
            ("b", "two", True, "MANUAL", 0.0, 0.0, 3.0),
        ]


def test_an_attempt_has_the_time_at_which_it_was_handed_in(any_address: str) -> None:
    """As far as that is known when it is graded; in UTC, whatever zone it came in."""
    with Store(any_address) as store:
        store.keep(passing("ann"), NOON.astimezone(timezone(timedelta(hours=5))))
        store.keep(passing("ben"))
        assert [each.received for each in attempts(store.database)] == [NOON, None]


def test_a_check_may_say_what_it_alone_follows_from(any_address: str) -> None:
    """The key of a check is kept with its row: another one for another check, submission or set of other facts."""
    first = passing("ann")
    one = replace(first, replay=replace(first.replay, base="b", checks={"one": "abc", "two": "abc"}))
    other = replace(one, student="ben", replay=replace(one.replay, base="c"))
    assert one.replay.check_key("one") != one.replay.check_key("two")
    with Store(any_address) as store:
        for each in (one, other, passing("cem")):
            store.keep(each)
        keys = [check_rows(store.database, run.id)[0].key for run in runs(store.database)]
        assert keys == [one.replay.check_key("one"), other.replay.check_key("one"), ""]
        assert keys[0] != keys[1]


def test_points_that_changed_without_a_run_are_in_the_tables_and_those_before_in_the_log(any_address: str) -> None:
    """Reports that are scored anew take the place of what is there; number and time of the run stay."""
    with Store(any_address, who="tutor") as store:
        for name in ("ann", "ben"):
            store.keep(passing(name))
        before = runs(store.database)
        check_now = replace(check("one", Verdict.PASSED), points=3.5, max_points=3.5)
        scored = report("ann", question("a", check_now))
        store.rescore([scored, passing("cem", key="never graded")])
        now = {run.student: run for run in runs(store.database)}
        assert now["ann"] == replace(before[0], points=3.5, max_points=3.5)
        assert now["ben"] == before[1]
        assert store.all_known([("k", "ann")]) == {("k", "ann"): scored}
        (row,) = check_rows(store.database, before[0].id)
        assert (row.points, row.max_points, row.verdict) == (3.5, 3.5, "PASSED")
        assert log_of(store)[2:] == [
            ("tutor", "rescored", "ann", f"run {before[0].id}: points", "2.0", "3.5"),
            ("tutor", "rescored", "ann", f"run {before[0].id}: available points", "2.0", "3.5"),
            ("tutor", "rescored", "ann", f"run {before[0].id}: check one", "PASSED 2.0 2.0 0.0", "PASSED 3.5 3.5 0.0"),
        ]
        store.rescore([scored])
        assert len(log_of(store)) == 5
        store.rescore([])


def test_grading_is_logged_with_points_before_and_after(any_address: str) -> None:
    """Who graded, whom, and which points came in the place of which."""
    with Store(any_address, who="tutor") as store:
        store.keep(report("ann", question("a", check("one", Verdict.FAILED)), key="1"))
        store.keep(passing("ann", key="2"))
        store.keep(internal("ann", key="2"))
        assert log_of(store) == [
            ("tutor", "graded", "ann", "run 1", None, "0.0"),
            ("tutor", "graded", "ann", "run 2", "0.0", "2.0"),
        ]
        assert [entry.at <= datetime.now(UTC) for entry in log_entries(store.database, student="ann")] == [True, True]
        assert log_entries(store.database, student="ben") == ()


def test_lines_of_the_log_are_chosen_by_user_kind_and_time(any_address: str) -> None:
    """All at once, and a moment is included in what is since it."""
    with Store(any_address) as store:
        for who, hours in (("kim", 0), ("lee", 1), ("kim", 2)):
            with store.writing("a line"):
                record(store.database, Change(who, NOON + timedelta(hours=hours)), "restored", subject="backup")
        assert len(log_entries(store.database, who="kim")) == 2
        assert len(log_entries(store.database, verb="restored", since=NOON + timedelta(hours=1))) == 2
        later = NOON + timedelta(hours=1, microseconds=1)
        assert [each.who for each in log_entries(store.database, since=later)] == ["kim"]
        assert log_entries(store.database, verb="graded") == ()


@pytest.mark.parametrize("statement", ["UPDATE log SET who = 'nobody'", "DELETE FROM log"])
def test_the_log_is_append_only(any_address: str, statement: str) -> None:
    """The database itself refuses to change or delete a line of the log."""
    with Store(any_address) as store:
        store.keep(passing("ann"))
        with pytest.raises(DatabaseError, match="append-only"), store.database.transaction():
            store.database.change(statement)
        assert len(log_entries(store.database)) == 1


def test_without_a_server_ci_fails_and_others_skip() -> None:
    """So CI has really run PostgreSQL, which its setup installs from Debian's packages."""
    needed("", {"CI": "true"})
    with pytest.raises(pytest.fail.Exception, match="Nothing is known about PostgreSQL: not there"):
        needed("not there", {"CI": "true"})
    with pytest.raises(pytest.skip.Exception, match="not there"):
        needed("not there", {})
    assert "system_package postgresql" in Path(__file__, "../../../.ci/setup").resolve().read_text()


def test_a_verb_of_the_log_is_one_of_the_listed(any_address: str) -> None:
    """What the log says is in `VERBS`, so that a reader knows them all."""
    with Store(any_address) as store:
        store.keep(passing("ann"))
        assert {entry.verb for entry in log_entries(store.database)} <= {*VERBS}


def test_marks_and_comments_are_kept_with_what_was_there_before(any_address: str) -> None:
    """Points and comments that did not change write nothing; those that did are logged, without any text."""
    one = Mark("ann", "b", "why", "names the cause", 3.0, 2.0, "Good.")
    two = Mark("ann", "b", "why", "gives an example", 2.0, None)
    with Store(any_address, who="tutor") as store:
        for given, changes in (
            ((one, two), 2),
            ((one, two), 0),
            ((replace(one, points=3.0), replace(two, points=1.0)), 2),
            ((replace(one, points=None, comment=""), replace(two, points=1.0)), 2),
        ):
            with store.writing("marks"):
                assert record_marks(store.database, "theory", given, "marks.csv", store.change()) == changes
        (left,) = marks(store.database, "theory")
        assert (left.item, left.points, left.comment, left.who) == ("gives an example", 1.0, "", "tutor")
        assert [line[1:] for line in log_of(store)] == [
            ("marked", "ann", "why: names the cause", None, "2.0"),
            ("commented", "ann", "why: names the cause", None, "comment 1"),
            ("marked", "ann", "why: names the cause", "2.0", "3.0"),
            ("marked", "ann", "why: gives an example", None, "1.0"),
            ("marked", "ann", "why: names the cause", "3.0", None),
            ("commented", "ann", "why: names the cause", "comment 1", "comment 2"),
        ]
        assert comments(store.database, "ann") == ["Good.", ""]


def test_an_empty_cell_takes_back_only_what_its_own_file_gave(any_address: str) -> None:
    """Two people with a file each: what one gave stays where the other has nothing, and a later value counts."""
    mine = Mark("ann", "b", "why", "all", 3.0, 2.0, "Mine.")
    empty = replace(mine, points=None, comment="")
    with Store(any_address) as store:
        for given, place in ((mine, "mine.csv"), (empty, "yours.csv")):
            with store.writing("marks"):
                record_marks(store.database, "theory", [given], place, store.change())
        assert [(each.points, each.comment) for each in marks(store.database)] == [(2.0, "Mine.")]
        with store.writing("marks"):
            given = replace(mine, points=1.0, comment="Yours.")
            record_marks(store.database, "theory", [given], "yours.csv", store.change())
        assert [(each.points, each.comment) for each in marks(store.database)] == [(1.0, "Yours.")]


def test_what_was_shown_is_kept_in_order(any_address: str) -> None:
    """Each publication stays; the last one is what a student sees now, and the log has the points of both."""
    with Store(any_address, who="tutor") as store:
        store.keep(passing("ann"))
        (run,) = runs(store.database)
        for points, sha256 in ((1.0, "a" * 64), (2.0, "b" * 64)):
            with store.writing("the publication"):
                shown = Publication("ann", "tiny", sha256, points, 2.0, 0.0, run.id)
                publish(store.database, shown, store.change())
        assert [(each.points, each.sha256[0], each.run, each.who) for each in publications(store.database)] == [
            (1.0, "a", run.id, "tutor"),
            (2.0, "b", run.id, "tutor"),
        ]
        last = publications(store.database, "tiny", "ann")[-1]
        assert last is not None and last.points == 2.0
        assert publications(store.database, "tiny", "ben") == ()
        assert log_of(store)[-1] == ("tutor", "published", "ann", "publication 2", "1.0", "2.0")


def test_a_request_is_open_then_answered_then_closed(any_address: str) -> None:
    """Each state is kept and logged; a closed request, and one that there is not, cannot be answered."""
    with Store(any_address, who="tutor") as store:
        with store.writing("the request"):
            number = add_request(store.database, Request("ann", "tiny", "a", "Why 1 of 2?", NOON), store.change())
        assert [each.id for each in requests(store.database, state="open")] == [number]
        with store.writing("the answer"):
            answer_request(store.database, number, "The shape was wrong.", store.change())
        with store.writing("the end"):
            close_request(store.database, number, store.change())
        (found,) = requests(store.database, "tiny", "ann")
        assert (found.state, found.text, found.answer, found.made, found.question) == (
            "closed",
            "Why 1 of 2?",
            "The shape was wrong.",
            NOON,
            "a",
        )
        assert [line[-2:] for line in log_of(store)] == [(None, "open"), ("open", "answered"), ("answered", "closed")]
        with pytest.raises(UsageError, match="request 1 is closed"), store.writing("the answer"):
            answer_request(store.database, number, "No.", store.change())
        with pytest.raises(UsageError, match="there is no request 9"), store.writing("the answer"):
            answer_request(store.database, 9, "No.", store.change())
        assert len(log_entries(store.database)) == 3


def test_half_a_change_is_none(any_address: str) -> None:
    """An error inside of a transaction leaves nothing of it, the log included, and the next one works."""
    with Store(any_address) as store:
        given = [Mark("ann", "b", "why", "all", 3.0, 2.0), Mark("ben", "b", "why", "all", "many", 2.0)]  # type: ignore
        with pytest.raises(ValueError, match="many"), store.writing("marks"):
            record_marks(store.database, "theory", given, "f", store.change())
        assert (marks(store.database), log_entries(store.database), students(store.database)) == ((), (), ())
        store.keep(passing("ann"))
        assert [each.name for each in students(store.database)] == ["ann"]


def test_texts_that_no_database_likes_are_kept(any_address: str) -> None:
    """Quotes, colons, percent signs and U+0000 in names and comments disturb nothing."""
    name = "O'Neil \" :student %s %(x)s \\ \0 \U0001f600"
    with Store(any_address) as store:
        store.keep(passing(name))
        assert store.reports("", name)[0].student == name
        with store.writing("marks"):
            record_marks(store.database, ":a", [Mark(name, ":q", "%s", "it's", 3.0, 2.0, name)], "f", store.change())
        (mark,) = marks(store.database, ":a", name)
        assert mark.comment.replace("\N{SYMBOL FOR NULL}", "\0") == name
        assert {each.name.replace("\N{SYMBOL FOR NULL}", "\0") for each in students(store.database)} == {name}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_list_of_tables_is_complete(dialect: str) -> None:
    """`TABLES` names every table that the statements make, each after those that it refers to."""
    made = " ".join(statement for version in STEPS for statement in statements_of(version, dialect))
    assert tuple(re.findall(r"CREATE TABLE (\w+)", made)) == TABLES
