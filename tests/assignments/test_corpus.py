"""The prepared submissions of each assignment get the verdicts that are written beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import why_not

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from build import build  # noqa: E402

pytestmark = pytest.mark.long


@pytest.mark.skipif(bool(why_not("bubblewrap")), reason=f"bubblewrap does not work here: {why_not('bubblewrap')}")
def test_the_prepared_submissions_of_backprop_get_the_expected_verdicts(tmp_path):
    """All twelve, through the command line and the sandbox, the intruder earns nothing and leaves no trace."""
    prepared = build("backprop", tmp_path / "class")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "autograder", "grade", "backprop", str(tmp_path / "class"), "--out", str(out)]
    command += ["--jobs", "2", "--sandbox", "bubblewrap", "--limit", "cpu_seconds=15", "--seed", "tests"]
    command += ["--data", str(tmp_path / "no-data")]
    (tmp_path / "no-data").mkdir()
    before = forged()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "AUTOGRADER_DATA": "",
    }
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stderr
    for each in prepared:
        report = json.loads((out / "reports" / f"{each.name}.json").read_text())
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
