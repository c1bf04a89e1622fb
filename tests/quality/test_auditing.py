"""Mutants of a reference: which mistakes are made, where, and what an audit says of the checks."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import refused, run
from test_auditing_operators import changed, module
from tiny_course import REFERENCE, make_course

from autograder.assignment.declaration import Assignment
from autograder.assignment.interface import interface_of
from autograder.checks.errors import InstructorError
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.loader import load, names
from autograder.markers import regions
from autograder.notebooks.source import file_text
from autograder.quality.mutation import (
    Audit,
    Matrix,
    Mutant,
    Row,
    accepted,
    audit,
    belongs,
    generate,
    kept,
    matrix,
    sample,
)
from autograder.quality.mutation.grading import CHANGES, raising
from autograder.quality.mutation.mutants import normal_form
from autograder.results import Verdict
from autograder.sandbox import start
from autograder.wire import decode, encode

HOME = Path(__file__).parents[2]


def test_the_reference_of_the_homework_gives_the_same_mutants_in_the_same_order() -> None:
    """Generation is deterministic, and every id is there once."""
    sources = {"backprop_network.py": (HOME / "reference/backprop/backprop_network.py").read_text("utf-8")}
    mutants = generate(sources)
    ids = [mutant.id for mutant in mutants]

    assert mutants == generate(sources)
    assert len(set(ids)) == len(ids) > 50
    assert [mutant.line for mutant in mutants] == sorted(mutant.line for mutant in mutants)


@pytest.mark.parametrize("file", ["backprop_network.py", "backprop_main.py"])
def test_only_solutions_are_changed(file: str) -> None:
    """All lines outside the solution regions stay, and so does the number of lines."""
    source = (HOME / "reference/backprop" / file).read_text("utf-8")
    inside = regions(source, file)
    for mutant in generate({file: source}):
        pairs = zip(source.splitlines(), mutant.source.splitlines(), strict=True)
        (line,) = [number for number, (before, after) in enumerate(pairs, 1) if before != after]

        assert mutant.line == line
        assert any(line in region for region in inside)


def test_an_id_stays_when_lines_move() -> None:
    """What was accepted stays accepted when something is written above it, and equal lines are distinguished."""
    source = module("w = a + b", "w = a + b", "return w")
    before, after = generate({"hw.py": source}), generate({"hw.py": f"import numpy\n\n{source}"})

    assert [mutant.id for mutant in before] == [mutant.id for mutant in after]
    assert [mutant.line + 2 for mutant in before] == [mutant.line for mutant in after]


def test_letters_of_several_bytes_are_no_obstacle() -> None:
    """Positions in the tree are in bytes, and a comment in Greek stays where it is."""
    (mutant,) = [m for m in generate({"hw.py": module("é = 'δ'; w = a + b  # δ")}) if m.operator == "sign"]

    assert changed(mutant) == "é = 'δ'; w = a - b  # δ"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("x * 1", "x"), ("1 * x", "x"), ("x / 1", "x"), ("x ** 1", "x"), ("x + 0", "x"), ("0 + x", "x")),
        *(("x - 0", "(x)"), ("--x", "x"), ("x[0:n]", "x[:n]"), ("range(0, n)", "range(n)")),
    ],
)
def test_what_means_the_same_has_one_form(one: str, other: str) -> None:
    """Steps that do nothing are no difference."""
    assert normal_form(one) == normal_form(other)
    assert normal_form(one) != normal_form("y")


def test_a_sample_is_spread_and_the_same_again() -> None:
    """A sample has its size, keeps the order, and takes every kind before it takes one twice."""
    mutants = generate({"hw.py": module("w += a @ b.T", "w = w / n", "return w[1:] - 2 * a.mean(axis=0)")})
    operators = {mutant.operator for mutant in mutants}
    chosen = sample(mutants, len(operators), "seed")

    assert {mutant.operator for mutant in chosen} == operators
    assert chosen == sample(mutants, len(operators), "seed") != sample(mutants, len(operators), "other")
    assert [mutant for mutant in mutants if mutant in chosen] == list(chosen)
    assert sample(mutants, 1000, "seed") == mutants


def test_a_mutant_belongs_to_the_question_whose_solution_it_changes() -> None:
    """By the names of the solution; helpers count for all questions of their file, and questions without names too."""
    helper = "### BEGIN SOLUTION\ndef helper(x):\n    return x + 1\n\n\n### END SOLUTION\n"
    sources = {"hw.py": helper + module("return a + b"), "more.py": "def more():\n    return 1\n"}
    assignment = Assignment("Two", files=list(sources))
    first, second, third = (
        assignment.question("Q", id=name, solution=of) for name, of in (("a", "g"), ("b", "more"), ("c", ()))
    )
    interface = interface_of(sources)
    of_helper, of_g = (m for m in generate(sources) if m.operator == "sign")

    assert [belongs(of_helper, question, interface) for question in (first, second, third)] == [True, False, True]
    assert [belongs(of_g, question, interface) for question in (first, second, third)] == [True, False, True]


# --- the matrix ---

GOOD, BAD, SKIPPED, OURS = Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED, Verdict.INTERNAL


def row(name: str, *verdicts: Verdict, accepted: str = "") -> Row:
    """A mutant with the verdicts of the checks one, two, three."""
    mutant = Mutant(f"{name}-0", name, "hw.py", 3, "g", "g", "", "")
    return Row(mutant, dict(zip(("one", "two", "three"), verdicts, strict=True)), accepted=accepted)


MATRIX = Matrix(
    ("one", "two", "three"),
    (
        row("sign", BAD, Verdict.TIME, GOOD),
        row("sign", GOOD, GOOD, GOOD),
        row("axis", Verdict.PARTIAL, Verdict.RAISED, SKIPPED),
        row("axis", GOOD, GOOD, GOOD, accepted="as good"),
        row("twin", GOOD, OURS, GOOD),
        row("twin", BAD, Verdict.CRASHED, OURS),
    ),
)


def test_what_counts_is_caught_or_survives() -> None:
    """Accepted survivors and faults of ours are left out of the rate; time and part of the points count as caught."""
    assert (MATRIX.caught, len(MATRIX.counted)) == (3, 4)
    assert matrix.rate(MATRIX) == 75
    assert matrix.survivors(MATRIX) == (MATRIX.rows[1],)
    assert matrix.unjudged(MATRIX) == (MATRIX.rows[4],)
    assert matrix.by_operator(MATRIX) == {"axis": (1, 1), "sign": (2, 1), "twin": (1, 1)}
    assert matrix.rate(Matrix(("one",), ())) == 100


def test_checks_that_add_nothing_are_named() -> None:
    """A check that is only skipped catches nothing; two that catch the same always agree."""
    assert matrix.idle(MATRIX) == ("three",)
    assert matrix.twins(MATRIX) == (("one", "two"),)


def test_a_row_of_the_matrix_has_a_sign_for_each_check() -> None:
    """Caught, not caught, skipped, our fault, and not run."""
    assert [matrix.cells(MATRIX, row) for row in MATRIX.rows[:3]] == ["xx.", "...", "xx-"]
    assert matrix.cells(MATRIX, MATRIX.rows[5]) == "xx?"
    assert matrix.cells(MATRIX, Row(MATRIX.rows[0].mutant, {"two": BAD})) == " x "


def test_a_kept_mutant_that_survives_is_named_apart() -> None:
    """It is a survivor that must not be."""
    escaped, noticed = row("kept", GOOD, GOOD, GOOD), row("kept", GOOD, BAD, GOOD)

    assert matrix.escaped(Matrix(MATRIX.checks, (*MATRIX.rows, escaped, noticed))) == (escaped,)


# --- kept mutants ---

KEPT_DIFF = """Triples by adding once too often.

--- reference/tiny/tiny.py
+++ tiny.py
@@ -99,3 +99,4 @@
     ### BEGIN SOLUTION
-    return x + x + x
+    y = x + x
+    return y + y
     ### END SOLUTION
"""
SOURCES = {
    "tiny.py": REFERENCE
    + '''

def triple(x):
    """Return three times x."""
    ### BEGIN SOLUTION
    return x + x + x
    ### END SOLUTION
'''
}


def keep(folder: Path, text: str, name: str = "once_too_often") -> Path:
    """An assignment's folder with one kept mutant."""
    (folder / "mutants").mkdir(parents=True, exist_ok=True)
    (folder / "mutants" / f"{name}.diff").write_text(text)
    return folder


def test_a_kept_mutant_is_the_reference_with_its_diff(tmp_path: Path) -> None:
    """Its lines say where it belongs, whatever their numbers; the sentence above tells what it is."""
    (mutant,) = kept(keep(tmp_path, KEPT_DIFF), SOURCES)

    assert mutant.source == SOURCES["tiny.py"].replace("    return x + x + x\n", "    y = x + x\n    return y + y\n")
    assert (mutant.id, mutant.operator, mutant.file) == ("once_too_often", "kept", "tiny.py")
    assert (mutant.region, mutant.function, mutant.about) == ("triple", "triple", "Triples by adding once too often.")
    assert "+    return y + y" in mutant.diff.splitlines()
    assert kept(tmp_path / "nowhere", SOURCES) == ()


def test_what_audit_prints_can_be_kept(tmp_path: Path) -> None:
    """Every generated mutant comes out the same from its own diff, which has no lines around the change."""
    for mutant in generate(SOURCES):
        (again,) = kept(keep(tmp_path, f"A mistake.\n{mutant.diff}\n"), SOURCES)
        assert again.source == mutant.source


def test_equal_places_are_distinguished_by_their_lines(tmp_path: Path) -> None:
    """Of several places with the same lines the nearest one is changed; an insertion goes behind its line."""
    source = {"tiny.py": "a = 1\n" * 6}
    (mutant,) = kept(keep(tmp_path, "Two.\n--- tiny.py\n+++ tiny.py\n@@ -4 +4 @@\n-a = 1\n+a = 2\n"), source)
    (other,) = kept(keep(tmp_path, "Two.\n--- tiny.py\n+++ tiny.py\n@@ -2,0 +3 @@\n+a = 2\n"), source)

    assert mutant.source == "a = 1\n" * 3 + "a = 2\n" + "a = 1\n" * 2
    assert other.source == "a = 1\n" * 2 + "a = 2\n" + "a = 1\n" * 4


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("Triples by adding once too often.", "", r"often\.diff:1: write above the diff, in a sentence"),
        ("--- reference/tiny/tiny.py\n", "", r"often\.diff:1: write a sentence, then the unified diff"),
        (
            "+++ tiny.py",
            "+++ other.py",
            r"often\.diff:4: 'other\.py' is no file that students hand in; .* tiny\.py",
        ),
        ("@@ -99,3 +99,4 @@", "@@ here @@", r"often\.diff:5: here belongs a line '@@"),
        ("+    return y + y", "    return y + y\n!", r"often\.diff:10: a line of a diff begins with"),
        ("-    return x + x + x", "-    return 3 * x", r"often\.diff:5: these lines are not in tiny\.py \(any more\)"),
        ("+    return y + y", "+    return y +", r"often\.diff: with this change tiny\.py:\d+ is no Python"),
    ],
)
def test_a_kept_mutant_that_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """Each mistake in a diff is one sentence with file and line."""
    assert old in KEPT_DIFF
    with pytest.raises(InstructorError, match=sentence):
        kept(keep(tmp_path, KEPT_DIFF.replace(old, new)), SOURCES)


@pytest.mark.long
@pytest.mark.parametrize("name", names(HOME))
def test_the_kept_mutants_of_this_repository_fit_their_references(name: str) -> None:
    """A change of a reference must take its kept mutants along, and accepted ids must be those of mutants."""
    loaded = load(HOME, name)
    files = [file for file in loaded.assignment.files if file.endswith((".py", ".ipynb"))]
    sources = {file: file_text(loaded.reference_folder / file) for file in files}

    assert len(kept(loaded.folder, sources)) == len(list((loaded.folder / "mutants").glob("*.diff")))
    known = {each for mutant in generate(sources) for each in (mutant.id, mutant.place)}
    assert set(accepted(loaded)) <= known


# --- whole audits ---

BLIND = '''

def triple(x):
    """Return three times x."""
    ### BEGIN SOLUTION
    return x + x + x
    ### END SOLUTION
'''
SEES_ZERO = '''

third = assignment.question("Three", id="c", solution="triple", limits=Limits(wall_seconds=20, cpu_seconds=1))

@third.check(points=1)
def triples_nothing(student):
    """Three times nothing is nothing."""
    same(student.triple(0), 0, name="triple")
'''


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course whose third question has a check that sees too little."""
    root = make_course(tmp_path / "course")
    (root / "reference/tiny/tiny.py").write_text(REFERENCE + BLIND)
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text() + SEES_ZERO)
    return root


def ids(text: str) -> list[str]:
    """The survivors that were printed."""
    return re.findall(r"^Survived: (\S+)", text, re.MULTILINE)


@pytest.mark.long
def test_an_audit_lists_what_survives(course: Path) -> None:
    """Survivors come with their change until they are accepted; the last line is the rate, and decides."""
    done = run("audit", "tiny", "--jobs", 2, "--only", "c", cwd=course)

    assert done.returncode == 1, done.stderr
    assert "    -    return x + x + x\n    +    return x - x + x\n" in done.stdout
    assert "Always agree" not in done.stdout
    assert "differs at other inputs, which no check asks for" in done.stdout
    survived = ids(done.stdout)
    assert {"sign", "factor-two"} == {name.rpartition("-")[0] for name in survived}
    caught, counted = map(int, re.search(r"\n(\d+) of (\d+) mutants caught \(.* %\)\.\n$", done.stdout).groups())
    assert counted - caught == len(survived)

    folder = course / "assignments/tiny/mutants"
    folder.mkdir()
    reasons = [f"{name} the check is meant to be blind" for name in survived]
    (folder / "accepted.txt").write_text("\n".join(["# a comment", "", *reasons, "tiny.py:1:sign was fixed"]))
    again = run("audit", "tiny", "--only", "c", cwd=course)

    assert again.returncode == 0, again.stdout
    assert ids(again.stdout) == []
    assert "Accepted, but there is no such mutant: tiny.py:1:sign" in again.stdout
    assert f"{caught} of {caught} mutants caught (100 %); {len(survived)} accepted as harmless." in again.stdout

    (folder / "accepted.txt").write_text("sign-12345678\n")
    refused(run("audit", "tiny", cwd=course), "accepted.txt:1", "write why sign-12345678 is accepted")


VECTORS = '''
import numpy as np


def square(x, scale):
    """Return the squared length of a vector, times a number; shape (n,)."""
    ### BEGIN SOLUTION
    if scale == 3:
        return x @ x + scale
    return x @ x + x.sum() * 0
    ### END SOLUTION
'''
ASKED = '''
import numpy as np

third = assignment.question("Three", id="c", solution="square")

@third.check(points=1)
def squares_a_vector(student, rng):
    """The squared length is right."""
    x = rng.normal(size=4)
    close(student.square(x, 2.0), x @ x, name="square")
'''


@pytest.mark.long
def test_what_no_input_tells_from_the_reference_is_no_difference_seen(tmp_path: Path) -> None:
    """A vector's transpose is not counted; a line that no check runs is a survivor, and says so."""
    root = make_course(tmp_path / "course")
    (root / "reference/tiny/tiny.py").write_text(REFERENCE + VECTORS)
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("import same", "import close, same") + ASKED)

    done = run("audit", "tiny", "--only", "c", cwd=root)

    same = re.findall(r"^No difference seen: (\S+) \(.*\)\n((?:    .*\n)+)", done.stdout, re.MULTILINE)
    assert {name.rpartition("-")[0] for name, _ in same} >= {"transpose"}
    assert all("x.sum()" in change or "scale == 3" in change for _, change in same)
    left = re.findall(r"^Survived: (\S+) \((.*)\)(.*)\n((?:    .*\n)+)", done.stdout, re.MULTILINE)
    never = [change for _, _, why, change in left if why == ", no check runs this line"]
    assert never and all("x @ x + scale" in change for change in never)
    assert re.search(rf"No difference seen in {len(same)} of them: the changed line is run", done.stdout)
    assert f"{same[0][0]}" in done.stdout and "   no difference seen" in done.stdout
    caught, counted = map(int, re.search(r"\n(\d+) of (\d+) mutants caught", done.stdout).groups())
    total = int(re.search(r"^(\d+) of \d+ mutants", done.stdout, re.MULTILINE)[1])
    assert counted - caught == len(left)
    assert total - counted == len(same)


CLEARING = '''
def square(x):
    """Clear the list x; returns how many entries it had."""
    ### BEGIN SOLUTION
    count = len(x)
    x.clear()
    return count
    ### END SOLUTION
'''
COUNTING = '''
third = assignment.question("Three", id="c", solution="square")

@third.check(points=1)
def counts_what_is_cleared(student):
    """The number is right."""
    same(student.square([1, 2, 3]), 3, name="square")
'''


@pytest.mark.long
def test_a_dropped_change_of_an_argument_that_no_check_compares_survives(tmp_path: Path) -> None:
    """Where only what is returned is compared, a mutant without the change in place is a survivor, and counted."""
    root = make_course(tmp_path / "course")
    (root / "reference/tiny/tiny.py").write_text(REFERENCE + CLEARING)
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text() + COUNTING)

    done = run("audit", "tiny", "--only", "c", cwd=root)

    shown = r"^(Survived|No difference seen): statement-dropped-\S+ \(.*\)(.*)\n((?:    .*\n)+)"
    said = re.findall(shown, done.stdout, re.MULTILINE)
    assert [(head, why) for head, why, change in said if "x.clear()" in change] == [
        ("Survived", ", it leaves other arguments behind, which no check compares")
    ]


@pytest.mark.parametrize(
    ("source", "at", "raised"),
    [
        ("def g(x):\n    y = 1\n    return y\n", 2, "def g(x):\n    {}\n    y = 1\n    return y\n"),
        ("def g(x=2):\n    return x\n", 1, "def g(x=2):\n    {}\n    return x\n"),
        ("for x in y:\n    pass\n", 1, "{}\nfor x in y:\n    pass\n"),
        ("if a: b = 1\n", 1, "{}\nif a: b = 1\n"),
        ("if a:\n    b = 1\nelif c:\n    b = 2\n", 3, "{}\nif a:\n    b = 1\nelif c:\n    b = 2\n"),
        ("x = (1 +\n     2)\n", 2, "{}\nx = (1 +\n     2)\n"),
    ],
)
def test_whether_a_changed_line_is_run_is_asked_by_an_error_in_its_place(source: str, at: int, raised: str) -> None:
    """It stands before the statement of the change, in whatever that stands."""
    mutant = Mutant("m", "sign", "hw.py", at, "g", "g", "", source)

    assert raising(mutant) == raised.format('raise RuntimeError("this line is run")')


def test_inputs_are_changed_in_the_calls_of_checks_alone() -> None:
    """Numbers and arrays in arguments change in the same way each time; names, texts and seeds stay."""
    call = ("call", "hw", "g", (np.ones(3), 2, "text", np.arange(6)), {"rate": 0.5})
    requests = ("sequence", [("seed", 17), call])
    for name, change in CHANGES.items():
        (seed, changed), again = (decode(bytearray(b"".join(change(encode(requests)))))[1] for _ in range(2))
        assert seed == ("seed", 17)
        assert changed[:3] == call[:3] and changed[3][2] == "text"
        assert repr(again[1]) == repr(changed)
        assert np.array_equal(changed[3][0], np.ones(3)) == (name == "integers")
        assert (changed[4]["rate"] == 0.5) == (name == "integers")
        assert (changed[3][1] == 2) == (name == "floats")
        assert sorted(changed[3][3]) == list(range(6))


SLOW = '''

third = assignment.question("Three", id="c", solution="triple")

@third.check(points=1)
def triples(student, rng):
    """Three times a number is right."""
    import time
    from pathlib import Path
    here = Path({folder!r})
    with (here / "calls").open("a") as file:
        file.write("called\\n")
    while len((here / "calls").read_text().splitlines()) == {number} and not (here / "go").exists():
        time.sleep(0.05)
    x = float(rng.normal())
    same(student.triple(x), x + x + x, name="triple")
'''


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "graded", "rated"),
    [(1, "", ""), (4, "Stopped. 2 of 3 mutants are graded", ""), (8, "Stopped. 3 of 3 mutants", "seeds of 0 tried")],
)
def test_an_audit_that_is_stopped_shows_what_it_has_and_goes_on_from_there(
    tmp_path: Path, number: int, graded: str, rated: str
) -> None:
    """Ctrl-C gives exit code 130 and the results so far; the same command grades the rest."""
    root = make_course(tmp_path / "course")
    (root / "reference/tiny/tiny.py").write_text(REFERENCE + BLIND)
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text() + SLOW.format(folder=str(tmp_path), number=number))
    for name in ("a", "b", "c"):
        keep(root / "assignments/tiny", KEPT_DIFF.replace("y + y", f"y + y + {ord(name)}"), name)
    command = [sys.executable, "-m", "autograder", "audit", "tiny", "--kept", "--only", "c", "--seeds", "6"]
    environ = {**os.environ, "AUTOGRADER_SEED": "seed", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    process = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    )
    calls = tmp_path / "calls"
    deadline = time.monotonic() + 300
    while not calls.is_file() or len(calls.read_text().splitlines()) < number:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert graded in out and rated in out
    assert "Stopped. 0 of 3" in out or "So far, " in out
    assert "%)" not in out
    if number == 8:
        assert "a: caught under 4 of 4 seeds by triples" in out and "so far" in out

    (tmp_path / "go").touch()
    before = len(calls.read_text().splitlines())
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environ, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 mutants caught (100 %)." in done.stdout
    assert "(6 seeds each)" in done.stdout
    assert len(calls.read_text().splitlines()) - before == 4 + 3 * 5 - (number - 1)
    assert not list((tmp_path / "cache").rglob("rates.jsonl"))  # nothing is kept of what is finished


@pytest.mark.long
def test_a_mutant_that_hangs_is_cut_and_caught(course: Path) -> None:
    """It gets a few times the processor time of the reference, and no more than the question has."""
    loaded = load(course, "tiny")
    endless = "def double(x):\n    while True:\n        pass\n\n\ndef triple(x):\n    return double(x)\n"
    plan = Audit(
        root=course,
        loaded=loaded,
        dataset=None,
        data=DataSettings(),
        options=RunOptions("seed"),
        start=lambda: start("none"),
        questions=loaded.assignment.questions[2:],
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = audit(plan, [Mutant("hang-0", "hang", "tiny.py", 3, "double", "double", "", endless)])

    assert found.rows[0].verdicts == {"triples_nothing": Verdict.TIME}
    assert found.rows[0].caught and not found.rows[0].same_answers
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime < 40  # the question's own limit is more


@pytest.mark.long
def test_an_audit_may_stop_at_the_first_catch(course: Path) -> None:
    """With --first the rate is the same, and nothing is said of single checks; a low bar is enough for exit code 0."""
    done = run("audit", "tiny", "--first", "--limit", 6, "--at-least", 10, cwd=course)

    assert done.returncode == 0, done.stderr
    assert "6 of 9 mutants of the reference are graded" in done.stdout
    assert "Caught nothing" not in done.stdout and "Always agree" not in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("region", "asked"), [("triple", {"triples_nothing"}), ("double", {"doubles_one", "doubles_minus_seven"})]
)
def test_a_mutant_meets_the_questions_that_it_belongs_to_first(course: Path, region: str, asked: set[str]) -> None:
    """Both solutions are wrong here, and the question of the one that was changed is enough with --first."""
    loaded = load(course, "tiny")
    wrong = "def double(x):\n    return None\n\n\ndef triple(x):\n    return None\n"
    first, _, third = loaded.assignment.questions
    plan = Audit(
        root=course,
        loaded=loaded,
        dataset=None,
        data=DataSettings(),
        options=RunOptions("seed"),
        start=lambda: start("none"),
        questions=(first, third),
        first=True,
    )
    found = audit(plan, [Mutant("none-0", "none", "tiny.py", 3, region, region, "", wrong)])

    assert found.rows[0].verdicts == dict.fromkeys(asked, Verdict.FAILED)


@pytest.mark.long
def test_an_audit_prints_the_matrix_and_its_progress(course: Path) -> None:
    """Outside a terminal there is a line for each mutant; then letters for the checks, and a row for each mutant."""
    done = run("audit", "tiny", "--only", "c", cwd=course)

    lines = done.stdout.splitlines()
    found = [line for line in lines if re.match(r"\[\d+/\d+\] ", line)]
    assert re.match(r"\[1/(\d+)\] \S+: (survived|caught by triples_nothing)$", found[0])
    assert len(found) == int(re.match(r"\[1/(\d+)\]", found[0])[1])
    assert "A  triples_nothing" in lines
    assert sum(bool(re.fullmatch(r"\S+-[0-9a-f]{8}\s+(x|\.   survived)", line)) for line in lines) == len(found)


@pytest.mark.long
def test_a_kept_mutant_that_is_not_caught_is_an_error(course: Path) -> None:
    """However low the bar is; with --kept nothing else is graded, and --kept without any is one sentence."""
    folder = course / "assignments/tiny"
    refused(run("audit", "tiny", "--kept", cwd=course), "holds no mutant that is kept (*.diff)", "leave --kept out")
    keep(folder, KEPT_DIFF)
    (folder / "mutants/accepted.txt").write_text("once_too_often it is kept, so this does not count\n")
    done = run("audit", "tiny", "--kept", "--at-least", 0, cwd=course)

    assert done.returncode == 1, done.stderr
    assert "1 of 1 mutants of the reference are graded" in done.stdout
    assert "Survived: once_too_often (tiny.py:" in done.stdout
    assert "Kept, and not caught: once_too_often (Triples by adding once too often.); sharpen a check" in done.stdout

    script = folder / "assignment.py"
    script.write_text(script.read_text().replace("student.triple(0), 0", "student.triple(1), 3"))
    done = run("audit", "tiny", "--kept", "--at-least", 100, cwd=course)
    assert done.returncode == 0, done.stdout
    assert "1 of 1 mutants caught (100 %)." in done.stdout


@pytest.mark.long
def test_a_wrong_reference_is_not_audited(course: Path) -> None:
    """Mutants of what does not pass would say nothing."""
    script = course / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("-14", "-15"))

    refused(
        run("audit", "tiny", cwd=course), "reference itself does not pass 'doubles_minus_seven'", "FAILED", "correct"
    )


@pytest.mark.long
def test_a_wrong_call_is_one_sentence(course: Path) -> None:
    """An unknown question, and a reference without anything to change."""
    refused(run("audit", "tiny", "--only", "d", cwd=course), "no question is called 'd'", "a, b, c")
    (course / "reference/tiny/tiny.py").write_text(
        "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 0\n"
    )
    refused(run("audit", "tiny", cwd=course), "nothing to change in the solutions of 'tiny'")
