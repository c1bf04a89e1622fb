"""Which changes of an assignment.py change what is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_course import make_course

from autograder.assignment.run_source import run_source
from autograder.loader import load

SOURCE = '''
from autograder import Assignment, Case
from autograder.checks import same

assignment = Assignment("Doubling", files=["tiny.py"])
first = assignment.question("Double", id="a", solution="double")
LIMIT = 3

@first.check(points=2)
def doubles_one(student):
    """Twice one is two."""
    same(student.double(1), 2)

@first.check(hidden=True, hint="Think.", needs=doubles_one, cases={"small": 1, "large": Case(2, hint="Large.")})
def doubles(student, case):
    """Twice a number is right."""
    same(student.double(LIMIT), 6)

@first.check(points=1, hidden=True)
def alone(student):
    """Needs nothing."""
    same(student.double(0), 0)
'''
BEFORE = run_source(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("points=2", "points=5"),
        ("points=1, hidden=True", "points=0.5, hidden=True"),
        ('"small": 1', '"small": 4'),
        ("Case(2, ", "Case(7, "),
        ("Twice one is two.", "One doubled is two."),
        ('Assignment("Doubling"', 'Assignment("Doubling numbers"'),
        ('question("Double"', 'question("Double a number"'),
        ('id="a", solution', 'bonus=True, id="a", solution'),
        ("points=2)", "points=2)  # a comment"),
        ("points=1, hidden=True)", 'points=1, hidden=True, visible="never")'),
    ],
)
def test_how_results_are_scored_and_shown_decides_no_run(old, new):
    """Points, titles, bonus, from when on something is shown, and comments leave the digests as they are."""
    assert old in SOURCE
    assert run_source(SOURCE.replace(old, new)) == BEFORE


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("same(student.double(0), 0)", "same(student.double(0), 1)", {"alone"}),
        ("same(student.double(1), 2)", "same(student.double(1), 3)", {"doubles_one", "doubles"}),
        ('hint="Think."', 'hint="Think again."', {"doubles"}),
        ('hint="Large."', 'hint="Larger."', {"doubles"}),
        ('"small": 1', '"tiny": 1', {"doubles"}),
        ('"small": 1', '"small": 0', {"doubles"}),
        ("points=1, hidden=True", "points=1", {"alone"}),
        ("needs=doubles_one, ", "", {"doubles"}),
    ],
)
def test_a_change_of_a_check_changes_it_and_what_needs_it(old, new, changed):
    """The digest of a check is its own, with what it needs; the others and the shared part stay."""
    after = run_source(SOURCE.replace(old, new))
    assert {name for name in BEFORE.checks if BEFORE.checks[name] != after.checks[name]} == changed
    assert after.shared == BEFORE.shared
    assert after.whole != BEFORE.whole


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ('files=["tiny.py"]', 'files=["other.py"]'),
        ('solution="double"', 'solution="twice"'),
    ],
)
def test_a_change_outside_of_checks_is_shared_by_all(old, new):
    """What no check function holds may matter to each of them."""
    assert run_source(SOURCE.replace(old, new)).shared != BEFORE.shared


def test_a_check_that_is_added_leaves_the_others():
    """A further check has a digest of its own."""
    after = run_source(SOURCE + "\n@first.check(points=1)\ndef more(student):\n    'More.'\n    same(1, 1)\n")
    assert after.shared == BEFORE.shared
    assert {name: after.checks[name] for name in BEFORE.checks} == BEFORE.checks
    assert set(after.checks) == {*BEFORE.checks, "more"}


def test_other_files_count():
    """What stands for the other files of the folder is a part of what is shared."""
    assert run_source(SOURCE, "one").shared != run_source(SOURCE, "other").shared


def test_a_check_that_is_named_in_another_one_belongs_to_it():
    """`unless=check` in a body makes the one depend on the other."""
    named = SOURCE.replace("same(student.double(0), 0)", "student.with_reference(unless=doubles_one)")
    before, after = run_source(named), run_source(named.replace("same(student.double(1), 2)", "pass"))
    assert before.checks["alone"] != after.checks["alone"]


DEPENDING = {
    "a constant": ("CHECKS = [doubles_one]\n", "needs=CHECKS"),
    "an alias": ("model = doubles_one\n", "needs=model"),
    "a helper": ("def helped(student):\n    return student.with_reference('f', unless=doubles_one)\n", ""),
    "a list that is filled": ("CHECKS = []\nCHECKS.append(doubles_one)\n", "needs=CHECKS"),
    "a class": ("class Run:\n    basics = (doubles_one,)\n", "needs=Run.basics"),
    "what cannot be seen": ("", "needs=globals()['doubles_one']"),
}


@pytest.mark.parametrize(("before", "needs"), DEPENDING.values(), ids=DEPENDING)
def test_a_check_depends_on_each_check_to_which_its_names_lead(before, needs):
    """By a constant, an alias, a helper or a class: what changes the one check changes the other."""
    body = "    helped(student)\n" if "helped" in before else "    same(student.double(5), 10)\n"
    more = f'{before}\n@first.check(points=1, hidden=True, {needs})\ndef more(student):\n    "More."\n{body}'
    source = SOURCE + more
    one, other = (
        run_source(source),
        run_source(source.replace("same(student.double(1), 2)", "same(student.double(1), 3)")),
    )
    assert one.checks["more"] != other.checks["more"]
    assert one.checks["alone"] == other.checks["alone"] or "globals" in needs
    assert "doubles_one" in one.leads_to["more"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("check(student, points=[(1, 3)])", "check(student, points=[(1, 2)])"),
        ("points=(N := 3)", "points=(N := 4)"),
        ("points=POINTS", "points=OTHERS"),
        ("f.question('Title')", "f.question('Other')"),
    ],
)
def test_only_declarations_have_points(old, new):
    """A call that has the name of a declaration, or points that are no number, decide what is run."""
    source = f"{SOURCE}\nPOINTS = OTHERS = 1\n@first.check({old if old.startswith('points') else 'points=1'})\n"
    source += f'def more(student):\n    "More."\n    {old if not old.startswith("points") else "pass"}\n'
    assert old in source
    assert run_source(source) != run_source(source.replace(old, new))


def test_points_of_cases_without_any_are_another_run():
    """Whether cases that share points have any at all decides what others need; how many does not."""
    source = (
        SOURCE + '\n@first.check(points=2, cases=["a", "b"])\ndef more(student, case):\n    "More."\n    same(1, 1)\n'
    )
    assert run_source(source) == run_source(source.replace("points=2, cases", "points=5, cases"))
    assert run_source(source) != run_source(source.replace("points=2, cases", "points=0, cases"))


def test_a_docstring_that_is_read_decides():
    """Where a file reads docstrings, titles are what they are."""
    source = SOURCE + "\nTITLES = [doubles_one.__doc__]\n"
    assert run_source(source) != run_source(source.replace("Twice one is two.", "One doubled is two."))


def test_checks_of_linear_hinge_lead_to_each_other():
    """The constant of checks on the loss, which two others name, leads to each of these."""
    path = Path(__file__).parents[2] / "assignments" / "linear_hinge" / "assignment.py"
    found = run_source(path.read_bytes())
    assert "penalty_by_hand" in found.leads_to["loss_of_the_classifier"] & found.leads_to["twenty_steps"]


ANSWERS = """
from autograder import Assignment, Item
from autograder.checks import accuracy

assignment = Assignment("Digits", files=[])
a = assignment.question("Predictions", id="a")
PRIVATE = 6
HALF = PRIVATE / 2
a.predictions("p.csv", labels="labels.csv", metric=accuracy, points=PRIVATE, thresholds={0.9: 1.0}, visible="always")
why = a.written("Why?", points=HALF, answer="answers.md#why", rubric={"one": 1, "two": Item(2, student="more")})
PARTS = 2

@a.check(points=-1 + 2 * PARTS)
def reads(predictions):
    \"\"\"It is read.\"\"\"
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("PRIVATE = 6", "PRIVATE = 8"),
        ("PRIVATE / 2", "PRIVATE - 3"),
        ("points=PRIVATE", "points=6"),
        ('visible="always"', 'visible="never"'),
        ('"Why?"', '"Why not?"'),
        ('"two": Item(2, student="more")', '"three": 2'),
        ("PARTS = 2", "PARTS = 1.5"),
        ("-1 + 2 * PARTS", "PARTS"),
    ],
)
def test_points_of_answers_and_of_constants_decide_no_run(old, new):
    """Points of predictions and written answers, rubrics, and constants that give points alone, are left out."""
    assert old in ANSWERS
    assert run_source(ANSWERS.replace(old, new)) == run_source(ANSWERS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{0.9: 1.0}", "{0.8: 1.0}"),
        ("labels.csv", "others.csv"),
        ("#why", "#how"),
        ("metric=accuracy, points=PRIVATE", "metric=accuracy, public=PRIVATE, points=PRIVATE"),
        ("why = a.written", "why = other.written"),
        ("PARTS = 2", "PARTS = 2\nPARTS += 1"),
        ("PARTS = 2", "PARTS = len('ab')"),
    ],
)
def test_what_else_stands_in_a_declaration_decides(old, new):
    """Thresholds, labels and places decide what is run, and so does a constant that is read for anything else."""
    changed = ANSWERS.replace(old, new)
    assert changed != ANSWERS
    assert run_source(changed) != run_source(ANSWERS)


def test_a_constant_that_is_read_elsewhere_decides():
    """A number that gives points and stands in a check as well is a part of what is run."""
    source = ANSWERS + "    assert PARTS\n"
    assert run_source(source) != run_source(source.replace("PARTS = 2", "PARTS = 3"))
    hidden = ANSWERS + "    assert globals()\n"
    assert run_source(hidden) != run_source(hidden.replace("PARTS = 2", "PARTS = 3"))


@pytest.mark.parametrize(
    "reads",
    [
        "import sys\n    assert sys.modules[__name__].PARTS",
        "import assignment as module\n    assert module.PARTS",
        "from assignment import PARTS as parts\n    assert parts",
        "import importlib\n    assert importlib.import_module('assig' + 'nment')",
        "import inspect\n    assert inspect.currentframe().f_back",
        "from inspect import currentframe as here\n    assert here()",
        "from sys import modules as all_modules\n    assert all_modules",
        "assert every_part.__globals__",
        "assert read('PARTS')",
    ],
)
def test_a_constant_that_a_module_is_asked_for_decides(reads):
    """A check may read a number as an attribute of its module, and find the module in many ways."""
    source = f"{ANSWERS}    {reads}\n"
    assert run_source(source) != run_source(source.replace("PARTS = 2", "PARTS = 3"))


def test_a_constant_that_another_file_may_read_decides(tmp_path):
    """Where a file beside it names `assignment`, a number of it that gives points is a part of what is run."""
    make_course(tmp_path)
    folder = tmp_path / "assignments" / "tiny"
    script = (folder / "assignment.py").read_text()
    digests = {}
    for helper in ("LIMIT = 1\n", "from assignment import POINTS_OF_PARTS\n"):
        (folder / "helper.py").write_text(helper)
        for points in (2, 3):
            (folder / "assignment.py").write_text(f"{script}\nPOINTS_OF_PARTS = {points}\n")
            digests[helper, points] = load(tmp_path, "tiny").run.shared
    assert len(set(digests.values())) == 3
