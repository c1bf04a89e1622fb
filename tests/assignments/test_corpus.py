"""The prepared submissions of each assignment get the verdicts that are written beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import why_not

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from build import read  # noqa: E402

pytestmark = pytest.mark.long


@pytest.mark.skipif(bool(why_not("bubblewrap")), reason=f"bubblewrap does not work here: {why_not('bubblewrap')}")
def test_the_demo_gives_the_prepared_submissions_of_backprop_the_expected_verdicts():
    """All twelve, by `make demo`, the intruder earns nothing and leaves no trace."""
    before = forged()
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "demo"], cwd=ROOT, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stdout + done.stderr
    for each in read("backprop"):
        report = json.loads((ROOT / ".demo" / "out" / "reports" / f"{each.name}.json").read_text())
        checks = [check for question in report["questions"] for check in question["checks"] if not check["by_hand"]]
        verdicts = {check["id"]: check["verdict"] for check in checks}
        assert verdicts == {check: each.expected(check) for check in verdicts}, each.name
        if each.points is not None:
            assert report["points"] + report["bonus_points"] == each.points, each.name
    assert forged() == before


def forged() -> set[Path]:
    """Files that an intruder would like to have written."""
    folders = (ROOT, ROOT.parent, Path("/"), Path("/tmp"), Path.home())
    return {path for folder in folders for path in folder.glob("[!a]*grade*") if path.is_file()}
