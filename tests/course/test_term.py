"""Late days in a term: spent automatically or as the student says, by one student, and by a team of any kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from gradebooks import with_points

from autograder.course import Course, Dates, Extension, LateDays, LateRule
from autograder.course.kept_hand_ins import keep
from autograder.course.roster import Person, Roster
from autograder.course.term import HandIn, Term
from autograder.results import Lateness
from autograder.submissions.term import open_term, read_late_days

FIRST, SECOND = datetime(2026, 10, 8, 22, tzinfo=UTC), datetime(2026, 10, 15, 22, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = Roster((Person("ada", "Ada", ("a@x.org",), group="R"), Person("ben", "Ben", group="R"), Person("cy", "Cy")))
TEAMS = {
    "members of the hand-in": HandIn("T", members=("ada", "ben")),
    "a group of the course": HandIn("C"),
    "a group of the roster": HandIn("R"),
}


def course(days: LateDays, **more: object) -> Course:
    """Two assignments, 10 % a day."""
    made: dict[str, object] = {
        "timezone": "UTC",
        "dates": {"one": Dates(FIRST), "two": Dates(SECOND)},
        "late": LateRule(percent=10),
    }
    made |= {"groups": {"C": ("ada", "ben")}, **more}
    return Course("T", ("one", "two"), late_days=days, **made)  # type: ignore[arg-type]


def lateness(term: Term, assignment: str, student: str) -> Lateness:
    """What the term makes of a report of ten points."""
    found = term.judged(replace(with_points(student, 10, 10), assignment=assignment)).lateness
    assert found is not None
    return found


@pytest.mark.parametrize("kind", TEAMS)
def test_a_team_spends_days_of_each_member_automatically(kind: str) -> None:
    """Ada spent one alone, so her team has one left; afterwards Ben has one left for himself."""
    team = replace(TEAMS[kind], time=SECOND + 2 * DAY)
    roster = PEOPLE if kind == "a group of the roster" else None
    hand_ins = {
        "one": (HandIn("ada", FIRST + DAY), HandIn("ben", FIRST)),
        "two": (team, HandIn("cy", SECOND + 2 * DAY)),
    }
    term = Term(course(LateDays(2)), roster, hand_ins)
    assert (lateness(term, "one", "ada").late_days, lateness(term, "one", "ben").late_days) == (1, 0)
    found = lateness(term, "two", team.student)
    assert (found.late_days, found.taken) == (1, 1.0)
    assert "1 late day used, 0 left." in found.lines
    assert lateness(term, "two", "cy").late_days == 2


@pytest.mark.parametrize("kind", TEAMS)
@pytest.mark.parametrize("who", ["the team", "a member", "both"])
def test_a_team_spends_what_it_or_a_member_stated(kind: str, who: str) -> None:
    """The larger statement counts, up to what helps; without any none is spent."""
    team = replace(TEAMS[kind], time=SECOND + 3 * DAY)
    roster = PEOPLE if kind == "a group of the roster" else None
    says = {
        "the team": {(team.student, "two"): 2},
        "a member": {("ben", "two"): 2},
        "both": {(team.student, "two"): 1, ("ada", "two"): 2},
    }
    budget = LateDays(4, spent="as stated")
    for stated, used in ((says[who], 2), ({("cy", "two"): 2}, 0), ({("ben", "one"): 2}, 0)):
        term = Term(course(budget), roster, {"two": (team,)}, stated)
        assert lateness(term, "two", team.student).late_days == used


def test_late_days_are_stated_in_a_file(tmp_path: Path) -> None:
    """By id, e-mail or group; the later line about the same counts; what is not stated is not spent."""
    (tmp_path / "roster.csv").write_text("id,name,email,group\nada,Ada,a@x.org,R\nben,Ben,b@x.org,R\ncy,Cy,c@x.org,S\n")
    (tmp_path / "late_days.csv").write_text(
        "student;assignment;days\nA@x.org;one;1\nC;two;2\nS;one;1\nben;one;3\nben;one;2\n\n"
    )
    made = course(LateDays(3, spent="as stated"))
    stated = read_late_days(tmp_path / "late_days.csv", made, open_term(tmp_path, made).roster)
    assert stated == {("ada", "one"): 1, ("C", "two"): 2, ("S", "one"): 1, ("ben", "one"): 2}
    found = {who: [HandIn(who, FIRST + 2 * DAY)] for who in ("ada", "ben", "cy")}
    keep(tmp_path, "one", found, tmp_path / "anywhere", graded=True)
    term = open_term(tmp_path, made)
    assert [lateness(term, "one", who).late_days for who in ("ada", "ben", "cy")] == [1, 2, 0]
    assert [lateness(term, "one", who).taken for who in ("ada", "ben", "cy")] == [1.0, 0.0, 2.0]


def test_extensions_reach_a_team_by_member_group_and_section() -> None:
    """The hand-in of a team is in time when a member, the group or a section has more time; by the rule, the least."""
    sections = Roster((Person("ada", section="A", group="R"), Person("ben", section="B", group="R")))
    team = {"one": (HandIn("R", FIRST + DAY),)}
    for names in ({"students": ("ben",)}, {"groups": ("R",)}, {"sections": ("B",)}):
        made = course(LateDays(1), groups={}, extensions=(Extension("ill", days=1, **names),))
        assert lateness(Term(made, sections, team), "one", "R").state == "in time"
    strict = LateRule(percent=10, team="earliest")
    made = course(LateDays(1), groups={}, late=strict, extensions=(Extension("ill", students=("ben",), days=1),))
    assert lateness(Term(made, sections, team), "one", "R").state == "late, covered by late days"
