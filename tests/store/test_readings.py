"""Answers graded on the page: one change after the other, none over another unseen, each taken back by who made it."""

from __future__ import annotations

import pytest
from samples import passing

from autograder.checks.errors import UsageError
from autograder.store import Store, sqlite_address
from autograder.store.forgetting import forget_student
from autograder.store.history import Change, log_entries
from autograder.store.marking import marks, record_marks
from autograder.store.readings import Conflict, Given, Reading, change_reading, progress, reading_of, undo
from autograder.store.records import PAGE, Mark

MOST = {"cause": 3.0, "example": 2.0}


def give(store: Store, stamp: str, *, who: str = "kim", flagged: bool = False, **points: float | None) -> Reading:
    """What a person gives for ada's answer; a text after the points of an item is a comment."""
    given = [Given(item, MOST[item], value, f"of {who}") for item, value in points.items()]
    with store.writing("a test"):
        change = Change.now(who)
        return change_reading(
            store.database, "theory", "ada", "why", given, question="b", stamp=stamp, flagged=flagged, change=change
        )


def now(store: Store) -> Reading:
    """What stands there."""
    return reading_of(store.database, "theory", "ada", "why")


def take_back(store: Store, who: str = "kim") -> Reading:
    """Undo of what is there."""
    with store.writing("a test"):
        change = Change.now(who)
        stamp = now(store).stamp
        return undo(store.database, "theory", "ada", "why", most=MOST, question="b", stamp=stamp, change=change)


def test_what_is_given_stands_there_with_who_gave_it(any_address: str) -> None:
    """Points, comments and the flag, in the marks that everything else counts, and in the log."""
    with Store(any_address) as store:
        assert now(store) == Reading(stamp=now(store).stamp)
        made = give(store, now(store).stamp, cause=2.0, example=0.0, flagged=True)
        assert made == now(store)
        assert (made.points, made.comments) == (
            {"cause": 2.0, "example": 0.0},
            {"cause": "of kim", "example": "of kim"},
        )
        assert (made.flagged, made.who) == (True, "kim")
        found = marks(store.database, "theory")
        assert [(each.item, each.points, each.place, each.filed) for each in found] == [
            ("cause", 2.0, PAGE, None),
            ("example", 0.0, PAGE, None),
        ]
        assert [each.verb for each in log_entries(store.database)] == ["marked"] * 2 + ["commented"] * 2
        reached = progress(store.database, "theory", "why")
        assert (reached.items, reached.flagged, reached.graders) == ({"ada": 2}, {"ada"}, {"kim": 1})


def test_nobody_overwrites_what_was_not_shown(any_address: str) -> None:
    """The second of two graders is refused, reads who was first and what stands there, and changes nothing."""
    with Store(any_address) as store:
        seen = now(store).stamp
        give(store, seen, cause=2.0)
        with pytest.raises(Conflict, match=r"kim changed this answer meanwhile\.") as caught:
            give(store, seen, who="lee", cause=3.0)
        assert caught.value.now == now(store)
        assert now(store).points == {"cause": 2.0}


def test_a_change_in_the_file_is_seen_as_one(tmp_path) -> None:
    """Points that came from marks.csv meanwhile are not overwritten unseen either."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        seen = now(store).stamp
        with store.writing("a test"):
            record_marks(store.database, "theory", [Mark("ada", "b", "why", "cause", 3.0, 1.0)], "m", store.change())
        with pytest.raises(Conflict):
            give(store, seen, cause=3.0)


def test_changes_are_taken_back_one_after_the_other(any_address: str) -> None:
    """Back to nothing, each by who made it; the next change goes on from there."""
    with Store(any_address) as store:
        first = give(store, now(store).stamp, cause=2.0)
        give(store, first.stamp, cause=3.0, example=2.0, flagged=True)
        with pytest.raises(UsageError, match=r"There is no change of yours to take back here\."):
            take_back(store, "lee")
        back = take_back(store)
        assert (back.points, back.comments, back.flagged) == (first.points, first.comments, False)
        assert take_back(store).points == {}
        assert now(store).comments == {}
        with pytest.raises(UsageError, match="no change of yours"):
            take_back(store)
        give(store, now(store).stamp, example=1.0)
        assert now(store).points == {"example": 1.0}


def test_what_the_file_changed_since_is_not_taken_back(tmp_path) -> None:
    """Undo would throw away points that nobody on the page has seen."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        give(store, now(store).stamp, cause=2.0)
        with store.writing("a test"):
            record_marks(store.database, "theory", [Mark("ada", "b", "why", "cause", 3.0, 1.0)], "m", store.change())
        with pytest.raises(UsageError, match=r"This answer was changed in marks\.csv since"):
            take_back(store)


@pytest.mark.parametrize("points", [-0.5, 3.5])
def test_no_item_gives_more_than_it_has(tmp_path, points: float) -> None:
    """Points outside the item's are one sentence, and nothing is written."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        with pytest.raises(UsageError, match=rf"'cause' takes points from 0 to 3, not {points:g}\."):
            give(store, now(store).stamp, example=1.0, cause=points)
        assert now(store).points == {}


def test_points_of_the_file_are_replaced_here_and_emptied_there(tmp_path) -> None:
    """The page keeps what the file had, so that the file's old cell does not count again; emptying is the file's."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        mark = Mark("ada", "b", "why", "cause", 3.0, 1.0)
        with store.writing("a test"):
            record_marks(store.database, "theory", [mark], "marks.csv", store.change())
        with pytest.raises(UsageError, match=r"Points for 'cause' stand in marks\.csv; give others here, or empty"):
            give(store, now(store).stamp, cause=None)
        give(store, now(store).stamp, cause=2.0)
        (found,) = marks(store.database, "theory")
        assert (found.points, found.place, found.filed, found.filed_comment) == (2.0, PAGE, 1.0, "")


def test_readings_are_forgotten_with_the_student(any_address: str, tmp_path) -> None:
    """No row of the changes stays, and marks stay under the pseudonym."""
    with Store(any_address, artefacts=tmp_path / "files") as store:
        store.keep(passing("ada"))
        give(store, now(store).stamp, cause=2.0)
        forget_student(store, "ada")
        assert store.database.rows("SELECT * FROM readings") == []
        assert [each.points for each in marks(store.database, "theory")] == [2.0]
