"""The three example homeworks are fit to be handed out, and their submissions get the verdicts written beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import why_not

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "examples"
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from build import build  # noqa: E402

pytestmark = pytest.mark.long

EXAMPLES = ("clustering", "attention", "flats")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the toolkit in the examples' course."""
    command = [sys.executable, "-m", "autograder", *arguments]
    return subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_fit_to_be_handed_out(name):
    """`validate` finds nothing."""
    done = run("validate", name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(bool(why_not("bubblewrap")), reason=f"bubblewrap does not work here: {why_not('bubblewrap')}")
@pytest.mark.parametrize("name", EXAMPLES)
def test_submissions_of_an_example_get_the_expected_verdicts(name, tmp_path):
    """All fifteen, through the command line and the sandbox."""
    prepared = build(name, tmp_path / "class", course=COURSE, described=COURSE / "submissions" / f"{name}.toml")
    out = tmp_path / "out"
    done = run("grade", name, str(tmp_path / "class"), "--out", str(out), "--jobs", "2", "--seed", "tests")

    assert done.returncode == 0, done.stdout + done.stderr
    for each in prepared:
        report = json.loads((out / "reports" / f"{each.name}.json").read_text())
        checks = {check["id"]: check for question in report["questions"] for check in question["checks"]}
        got = {name: check["verdict"] for name, check in checks.items()}
        expected = {name: each.expected(name) for name in got}
        assert got == expected, (each.name, [checks[name] for name in got if got[name] != expected[name]])
        if each.points is not None:
            assert report["points"] == each.points, each.name
