"""Mutants under many seeds: what a rate shows, in which order checks are asked, and what counts as caught."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import refused, run
from test_auditing import keep
from tiny_course import REFERENCE, make_course

from autograder.quality.mutation import ALLOWED, Matrix, Mutant, Rate, Row, matrix
from autograder.quality.mutation.seeds import Answer, Check, Subject, Trial, _tried
from autograder.results import Verdict
from autograder.submissions import Submission

pytestmark = pytest.mark.long

QUICK, OTHER, SLOW = Check("quick", 0.1, {}), Check("other", 0.2, {}), Check("slow", 4.0, {})
GOOD, BAD, OURS = Verdict.PASSED, Verdict.FAILED, Verdict.INTERNAL


def tried(caught_by, others, seeds, says, seconds=1000.0, answers=lambda *_: "same", known=None, took=None):
    """The rate of a mutant of which the checks say what `says(check, number)` gives, and all trials that were made.

    A check takes as long under each seed as `took` says, or else its `Check`.
    """
    made = []
    took = took or {check.id: check.seconds for check in (*caught_by, *others)}
    tries = _tried(Subject(Submission("m", Path(), ""), tuple(caught_by), tuple(others), known), seeds, seconds)
    answer = None
    try:
        while True:
            came = tries.send(answer)
            answer = None
            if isinstance(came, Trial):
                made.extend((came.check, number) for number in came.numbers)
                verdicts = tuple(says(came.check, number) for number in came.numbers)
                spent = took[came.check] * len(came.numbers)
                answer = Answer(verdicts, spent, answers(came.check, came.numbers[0]))
    except StopIteration as end:
        return end.value, made


def test_a_rate_shows_no_more_than_its_seeds_can():
    """The bound is exact: 0.05 ** (1 / n) without a miss, and none of the seeds shows nothing."""
    assert Rate(20, 20).at_least == pytest.approx(0.05 ** (1 / 20), abs=1e-6)
    assert Rate(1000, 1000).at_least == pytest.approx(0.997, abs=1e-4)
    assert Rate(999, 1000).at_least < Rate(1000, 1000).at_least
    assert Rate(0, 3).at_least == 0
    assert Rate(60, 100).at_least == pytest.approx(0.513, abs=2e-3)


def test_one_miss_in_a_thousand_is_allowed_and_no_more():
    """With fewer seeds a single miss is already more than one in a thousand."""
    assert Rate(1000, 1000).enough
    assert Rate(999, 1000).enough
    assert not Rate(998, 1000).enough
    assert not Rate(19, 20).enough
    assert ALLOWED == 1 / 1000


def test_the_quickest_check_is_asked_under_every_seed():
    """All quick ones are asked under the first five, and after these only the quickest, while it catches."""
    rate, made = tried([SLOW, OTHER, QUICK], [], 8, lambda *_: BAD)

    assert (rate.caught, rate.seeds) == (8, 8)
    assert rate.by_check == {"quick": (5, 5), "other": (5, 5)}
    assert [check for check, number in made if number > 4] == ["quick"] * 3
    assert not any(check == "slow" for check, _ in made)


def test_a_miss_is_one_only_when_no_check_notices():
    """Another check may catch what the quickest lets pass, also one that did not under the first seed."""
    late = Check("late", 0.1, {})
    rate, made = tried([QUICK], [late], 10, lambda check, number: BAD if number != 7 or check == "late" else GOOD)

    assert (rate.caught, rate.seeds) == (10, 10)
    assert made.count(("late", 7)) == 1
    assert [number for check, number in made if check == "late"] == [7]


def test_trying_stops_when_misses_are_shown():
    """A miss under one of the first seeds shows that more than one in a thousand pass; a late one does not."""
    soon, _ = tried([QUICK], [], 1000, lambda _, number: GOOD if number == 3 else BAD)
    late, _ = tried([QUICK], [], 1000, lambda _, number: GOOD if number == 500 else BAD)
    twice, made = tried([QUICK], [], 1000, lambda _, number: GOOD if number in (200, 210) else BAD)

    assert (soon.missed, soon.seeds, soon.enough) == (1, 4, False)
    assert (late.missed, late.seeds, late.enough) == (1, 1000, True)
    assert (twice.missed, twice.enough) == (2, False)
    assert 211 <= twice.seeds < 320  # it ends with the seeds that were tried together
    assert len(made) < 320


def test_a_long_training_is_tried_under_as_many_seeds_as_there_is_time_for():
    """By the seconds that the trials took, but never under one seed alone; the rate names the check."""
    rate, _ = tried([SLOW], [], 20, lambda *_: BAD, seconds=17.0)
    short, _ = tried([Check("longest", 500.0, {})], [], 20, lambda *_: BAD, seconds=17.0)

    assert (rate.seeds, rate.check, rate.seconds) == (5, "slow", 16.0)
    assert short.seeds == 2
    assert rate.at_least == pytest.approx(0.05 ** (1 / 5), abs=1e-6)


def test_the_check_that_turns_out_quickest_is_asked():
    """The first run of a check includes importing the solution, so that its seconds say little."""
    importing = Check("importing", 0.9, {})
    rate, made = tried([OTHER, importing], [], 100, lambda *_: BAD, took={"importing": 0.01, "other": 0.2})

    assert rate.check == "importing"
    assert made[-95:] == [("importing", number) for number in range(5, 100)]


def test_a_check_that_draws_nothing_is_asked_twice_and_no_more():
    """It gives one result under every seed, which is reported; if the answers differ, seeds are tried after all."""
    fixed = Check("fixed", 0.5, {}, drawn=False)
    rate, made = tried([QUICK, fixed], [], 1000, lambda *_: BAD)
    lucky, more = tried([QUICK, fixed], [], 10, lambda *_: BAD, answers=lambda _, number: str(number))
    missed, _ = tried([QUICK, fixed], [], 10, lambda check, _: GOOD if check == "fixed" else BAD)

    assert made == [("fixed", 1), ("fixed", 2)]
    assert (rate.deterministic, rate.check, rate.at_least, rate.enough) == (True, "fixed", 1.0, True)
    assert (lucky.deterministic, lucky.seeds, lucky.check) == (False, 10, "quick")
    assert ("quick", 9) in more
    assert (missed.deterministic, missed.seeds) == (False, 10)


def test_what_is_known_is_not_tried_again():
    """A run that was stopped is continued behind the last seed that was tried."""
    known = Rate(40, 40, {"quick": (5, 5)}, "quick", 3.9, done=False, tried=39)
    rate, made = tried([QUICK], [], 50, lambda *_: BAD, known=known)

    assert (rate.caught, rate.seeds, rate.done) == (50, 50, True)
    assert [number for _, number in made] == list(range(40, 50))
    assert rate.by_check == {"quick": (5, 5)}
    assert rate.seconds == pytest.approx(4.9)


def test_faults_of_ours_neither_catch_nor_miss():
    """Such a seed does not count, and after three of them no more are tried."""
    some, _ = tried([QUICK], [], 10, lambda _, number: OURS if number == 2 else BAD)
    all_, _ = tried([QUICK], [], 10, lambda *_: OURS)

    assert (some.caught, some.seeds) == (10, 10)
    assert (all_.caught, all_.seeds) == (1, 1)


def row(name: str, rate: Rate | None, verdict: Verdict = BAD) -> Row:
    """A kept mutant with one check."""
    return Row(Mutant(name, "kept", "hw.py", 3, "g", "g", "", ""), {"one": verdict}, rate=rate)


def test_a_mutant_that_seeds_let_pass_counts_as_not_caught():
    """It is a survivor and, if it is kept, escaped; the rates of checks are added up over the mutants."""
    rows = (
        row("sound", Rate(20, 20, {"one": (5, 5)})),
        row("lucky", Rate(18, 20, {"one": (3, 5)})),
        row("never", None, GOOD),
        row("once", None),
    )
    found = Matrix(("one",), rows)

    assert [each.caught for each in rows] == [True, False, False, True]
    assert [each.noticed for each in rows] == [True, True, False, True]
    assert matrix.escaped(found) == (rows[1], rows[2])
    assert matrix.by_check(found) == {"one": (8, 10)}
    assert matrix.rate(found) == 50


# --- whole audits ---

LUCKY = """Doubles positive numbers only.

--- tiny.py
+++ tiny.py
@@ -7 +7 @@
-    return 2 * x
+    return 2 * x if isinstance(x, str) or x > 0 else x
"""
DRAWN = '''

third = assignment.question("Three", id="c", solution="double")

@third.check(points=1)
def doubles_a_number(student, rng):
    """Twice a number is right."""
    x = float(rng.normal()) + SHIFT
    same(student.double(x), 2 * x, name="double")
'''


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with a kept mutant that is wrong for every other number."""
    root = make_course(tmp_path / "course")
    (root / "reference/tiny/tiny.py").write_text(REFERENCE)
    keep(root / "assignments/tiny", LUCKY, "positive_only")
    return root


def write(course: Path, shift: float) -> None:
    """A check of one normal number, moved by so much."""
    script = course / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().partition("\nthird =")[0] + DRAWN.replace("SHIFT", str(shift)))


def test_audit_tells_catch_rates_and_what_luck_lets_pass(course: Path):
    """A check that catches a mistake under half of the seeds has not caught it; one that draws better has."""
    write(course, 0.0)
    audit = ("audit", "tiny", "--kept", "--only", "c", "--at-least", 0, "--sandbox", "none")
    tries = (run(*audit, "--seeds", 30, "--seed", f"s{k}", cwd=course) for k in range(20))
    failed = next(each for each in tries if "under some seeds" in each.stdout)  # else the first seed let it pass
    lucky = failed.stdout

    assert failed.returncode == 1
    assert "missed under some seeds" in lucky
    assert "passes under more than 1 in 1,000, so it counts as not caught" in lucky
    assert "positive_only (Doubles positive numbers only.); draw points at which it shows." in lucky
    assert "0 of 1 mutants caught (0 %)" in lucky

    write(course, -100.0)
    done = run(*audit, "--seeds", 30, cwd=course)
    assert done.returncode == 0, done.stdout
    assert "positive_only: caught under 30 of 30 seeds by doubles_a_number (at least 90.4 % of all)" in done.stdout
    assert re.search(r"doubles_a_number +5 of 5", done.stdout)
    assert "1 of 1 mutants were caught under every seed tried (30 seeds each)" in done.stdout
    assert "under at least 90.4 % of all seeds" in done.stdout


def test_rates_go_into_a_page(course: Path):
    """With --into the table stands between the comments of that page; a page without them is one sentence."""
    write(course, -100.0)
    page = course / "page.md"
    audit = ("audit", "tiny", "--kept", "--only", "c", "--seeds", 30, "--into", page)
    page.write_text("Before\n")
    refused(run(*audit, cwd=course), "page.md has no lines '<!-- audit tiny -->' and '<!-- /audit -->'")

    page.write_text("Before\n<!-- audit tiny -->\nold\n<!-- /audit -->\nAfter\n")
    done = run(*audit, cwd=course)
    assert done.returncode == 0, done.stdout
    text = page.read_text()
    assert text.startswith("Before\n") and text.endswith("After\n") and "old" not in text
    assert "`autograder audit tiny`, kept mutants, 30 seeds, 60 s for each mutant." in text
    assert "| `positive_only` | `doubles_a_number` | 30 | 0 | 90.4 % |  |" in text

    done = run("audit", "tiny", "--kept", "--seeds", 30, "--into", page, cwd=course)
    assert "| `positive_only` | `doubles_minus_seven` | all | 0 | 100 % | deterministic |" in page.read_text()
    assert "positive_only: caught by doubles_minus_seven under every seed (deterministic: it" in done.stdout
    assert "1 of 1 mutants are caught under every seed: a check that draws nothing catches them." in done.stdout


CASES = '''

@third.check(points=2, cases=("positive", "negative"))
def doubles_numbers(student, rng, case):
    """Twice a number of either sign is right."""
    x = float(rng.uniform(1, 2)) * (1 if case == "positive" else -1)
    same(student.double(x), 2 * x, name="double")
'''


def test_of_a_check_with_cases_those_are_asked_that_catch(course: Path):
    """A seed costs the case that noticed the mistake, whose id is reported, and none of the other cases."""
    write(course, 100.0)  # this check lets the mutant pass
    script = course / "assignments/tiny/assignment.py"
    script.write_text(script.read_text() + CASES)
    page = course / "page.md"
    page.write_text("<!-- audit tiny -->\n<!-- /audit -->\n")
    done = run("audit", "tiny", "--kept", "--only", "c", "--seeds", 30, "--into", page, cwd=course)

    assert done.returncode == 0, done.stdout
    assert "caught under 30 of 30 seeds by doubles_numbers[negative] (at least 90.4 % of all)" in done.stdout
    assert re.search(r"doubles_numbers +5 of 5", done.stdout)
    assert "| `positive_only` | `doubles_numbers[negative]` | 30 | 0 | 90.4 % |  |" in page.read_text()


def test_a_table_says_why_fewer_seeds_were_tried_and_what_is_not_caught():
    """A long check lowers the bound, and a miss in few seeds is too many."""
    rows = (
        row("slow", Rate(9, 9, {}, "one", 40.0)),
        row("lucky", Rate(19, 20, {}, "one", 2.0)),
        row("never", None, GOOD),
    )
    text = matrix.markdown(Matrix(("one",), rows), 1000)

    assert "| `slow` | `one` | 9 | 0 | 71.6 % | no more in the time, at 5 s a seed |" in text
    assert "| `lucky` | `one` | 20 | 1 | 78.3 % | not caught |" in text
    assert "| `never` | nothing | 1 | 1 | | not caught |" in text


def test_one_seed_is_an_audit_without_rates(course: Path):
    """Nothing is said of seeds, and 0 seeds is a wrong call."""
    write(course, -100.0)
    done = run("audit", "tiny", "--kept", "--only", "c", "--seeds", 1, "--sandbox", "none", cwd=course)

    assert done.returncode == 0, done.stdout
    assert "seeds" not in done.stdout
    wrong = run("audit", "tiny", "--seeds", 0, cwd=course)
    assert wrong.returncode == 2
    assert "Invalid value for '--seeds'" in wrong.stderr
