"""Runs the public checks for Classroom 50 and writes result.json; copied into bundles as `autograder.py`.

Called by the runner in a checkout of the student's repository. Tests are taken from beside this file and never from the
repository, in a folder of their own with a copy of what the student handed in. Standard library only, and no other file
of the toolkit.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

__all__ = ["main", "result_of"]

SCHEMA = "classroom50/result/v1"
_SECONDS = 1200


def main(repository: Path, here: Path, environment: Mapping[str, str]) -> int:
    """Run the checks and write the result; 1, for a fault of the runner's, where pytest gave no results."""
    about = json.loads((here / "checks.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="checks-") as name:
        folder = Path(name) / "work"
        shutil.copytree(here, folder, ignore=shutil.ignore_patterns("__pycache__", "autograder.py", "checks.json"))
        for file in about["handed_in"]:
            if (repository / file).is_file():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(repository / file, folder / file)
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", str(here / "requirements.txt")], check=True)
        report = Path(name) / "report.xml"
        run = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}"]
        try:
            subprocess.run(run, cwd=folder, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"::error::the checks did not end within {_SECONDS} s\n")
        if not report.is_file():
            sys.stderr.write("::error::pytest wrote no report\n")
            return 1
        passed = _passed(report.read_bytes())
    result = result_of(about, passed, environment)
    (repository / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _passed(report: bytes) -> dict[str, bool]:
    """Of each check that ran, whether all of its cases passed, from pytest's JUnit XML."""
    found: dict[str, bool] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314 (written by pytest just now)
        name = case.get("name", "").partition("[")[0].removeprefix("test_")
        good = not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        found[name] = found.get(name, True) and good
    return found


def result_of(about: Mapping[str, Any], passed: Mapping[str, bool], environment: Mapping[str, str]) -> dict[str, Any]:
    """The result file: a check that did not run has not passed."""
    tests = [
        {
            "test-name": f"{check['id']}: {check['title']}",
            "passed": passed.get(check["id"], False),
            "score": check["most"] if passed.get(check["id"], False) else 0,
            "max-score": check["most"],
        }
        for check in about["checks"]
    ]
    commit = environment.get("COMMIT_URL", "")
    return {
        "schema": SCHEMA,
        "classroom": environment.get("CLASSROOM", ""),
        "assignment": environment.get("ASSIGNMENT", ""),
        "owner": environment.get("OWNER") or environment.get("USERNAME", ""),
        "submission": environment.get("SUBMISSION_TAG", ""),
        "commit": commit,
        "release": environment.get("RELEASE_URL", ""),
        "review": environment.get("REVIEW_URL") or commit,
        "datetime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }


if __name__ == "__main__":
    sys.exit(main(Path.cwd(), Path(__file__).resolve().parent, os.environ))
