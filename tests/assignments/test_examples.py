"""The example homeworks are fit to be handed out, and their submissions get the verdicts written beside them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import one_check
import pytest

from autograder.loader import load
from autograder.sandbox import why_not

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "examples"
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from build import build  # noqa: E402

pytestmark = pytest.mark.long

EXAMPLES = ("clustering", "attention", "flats", "birds", "levels")
SANDBOX = pytest.mark.skipif(
    bool(why_not("bubblewrap")), reason=f"bubblewrap does not work here: {why_not('bubblewrap')}"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the toolkit in the examples' course."""
    command = [sys.executable, "-m", "autograder", *arguments]
    return subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_fit_to_be_handed_out(name):
    """`validate` finds nothing; the quick one of attention, whose every trial trains."""
    done = run("validate", name, *["--quick"] * (name == "attention"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reference_of_attention_passes_under_another_seed_and_with_two_threads():
    """What the quick `validate` leaves out, in this process; torch is in single precision anyway."""
    torch = pytest.importorskip("torch")
    loaded, threads = load(COURSE, "attention"), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        home = loaded.reference_folder
        found = {check.id: one_check.verdict(loaded, home, check.id, seed=1) for check in loaded.assignment.checks}
    finally:
        torch.set_num_threads(threads)
    assert found == dict.fromkeys(found, ("PASSED", ""))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A function that grades the submissions of an example once: what was prepared, and the folder of the results."""
    known = {}

    def make(name):
        if name not in known:
            place = tmp_path_factory.mktemp(name)
            described = COURSE / "submissions" / f"{name}.toml"
            prepared = build(name, place / "class", course=COURSE, described=described)
            done = run(
                "grade", name, str(place / "class"), "--out", str(place / "out"), "--jobs", "2", "--seed", "tests"
            )
            assert done.returncode == 0, done.stdout + done.stderr
            known[name] = prepared, place / "out", done.stdout
        return known[name]

    return make


def report_of(out, name):
    """The report about a submission."""
    return json.loads((out / "reports" / f"{name}.json").read_text())


@SANDBOX
@pytest.mark.parametrize("name", EXAMPLES)
def test_submissions_of_an_example_get_the_expected_verdicts(name, graded):
    """All fifteen, through the command line and the sandbox."""
    prepared, out, _ = graded(name)
    assert len(prepared) == 15
    for each in prepared:
        report = report_of(out, each.name)
        checks = {check["id"]: check for question in report["questions"] for check in question["checks"]}
        got = {name: check["verdict"] for name, check in checks.items()}
        expected = {name: each.expected(name) for name in got}
        assert got == expected, (each.name, [checks[name] for name in got if got[name] != expected[name]])
        if each.points is not None:
            assert report["points"] == each.points, each.name


@SANDBOX
def test_each_student_of_the_birds_has_a_variant_of_its_own(graded):
    """Kinds, rate and table differ, and who hands in another variant.py is graded by what was drawn, and not final."""
    prepared, out, said = graded("birds")
    notes = {each.name: report_of(out, each.name)["notes"] for each in prepared}
    assert len({each[0].partition(":")[2] for each in notes.values()}) == len(prepared)
    assert "Not final: own_variant. The variant.py that was handed in is not the one that is drawn" in said
    assert "variant.py differs from the one that was handed out; the handed-out one was used." in notes["own_variant"]


@SANDBOX
def test_the_leaderboard_of_the_levels_shows_who_asked_for_it(graded):
    """Places are ranges where intervals overlap, and the id of somebody else is no pseudonym."""
    _, out, _ = graded("levels")
    done = run("leaderboard", "levels", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "3 submissions of 15" in " ".join(done.stdout.split())
    page = (out / "leaderboard.html").read_text()
    assert page.index("Otter") < page.index("Beaver") < page.index("anonymous")
    assert "linear" not in page


def test_the_levels_are_those_that_the_code_makes():
    """Training days, inputs, labels and solved predictions are what `make_data.py` writes."""
    place = COURSE / "assignments" / "levels" / "make_data.py"
    spec = importlib.util.spec_from_file_location("make_data", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, content in module.files().items():
        assert (COURSE / name).read_text() == content, name
