"""What GitHub and Classroom 50 run: a repository with a workflow, and a folder for `autograders/ASSIGNMENT/`.

GitHub: the workflow runs the public checks at each push. It needs no secret and holds nothing hidden: everybody may
read it, and a fork runs it, too. It may read the repository and nothing else.

Classroom 50: its runner calls `autograder.py` in a checkout of the student's repository, and reads `result.json` there.
Scores are whole numbers, so points are multiplied until they are.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from math import lcm
from pathlib import Path

from autograder.formats.bundles import Asked, Bundle, Packed, dataset_of
from autograder.formats.github import classroom50_runner
from autograder.release import contents
from autograder.release.writing import RECORD

__all__ = ["CLASSROOM50", "GITHUB", "WORKFLOW", "released"]

WORKFLOW = ".github/workflows/public-checks.yml"
_PYTHON = "3.12"
_TEXT = """\
# Runs the public checks of {title} at each push: https://docs.github.com/actions
name: public checks
on: [push, pull_request, workflow_dispatch]
permissions:
  contents: read
jobs:
  public-checks:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - name: Install what the checks need
        run: python -m pip install --disable-pip-version-check --requirement requirements.txt
      - name: Run the public checks
        run: python -m pytest --junit-xml=public-checks.xml
      - name: Keep the results
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: public-checks
          path: public-checks.xml
"""


def released(asked: Asked) -> dict[str, Packed]:
    """The files of the release, without the record of which files were generated.

    Raises:
        InstructorError: the release would show a solution or a hidden check.
    """
    files = contents(asked.loaded, dataset_of(asked))
    return {path: Packed(data) for path, data in files.items() if path != RECORD}


def _github_files(asked: Asked) -> dict[str, Packed]:
    title = re.sub(r"\s+", " ", asked.loaded.assignment.title)
    workflow = _TEXT.format(title=title, python=_PYTHON)
    return {**released(asked), WORKFLOW: Packed(workflow.encode())}


GITHUB = Bundle(
    _github_files,
    "Unpack it into an empty repository, push that, and mark it as a template: each repository made from it runs the "
    "public checks at each push, under Actions.",
)


def _classroom50_files(asked: Asked) -> dict[str, Packed]:
    assignment = asked.loaded.assignment
    checks = [check for check in assignment.checks if not check.hidden]
    points = [Fraction(check.points).limit_denominator(100) for check in checks]
    factor = lcm(1, *(each.denominator for each in points))
    about = {
        "handed_in": list(assignment.handed_in),
        "points": factor,
        "checks": [
            {"id": check.id, "title": check.title, "most": int(each * factor)}
            for check, each in zip(checks, points, strict=True)
        ],
    }
    prefix = f"autograders/{asked.loaded.id}"
    files = {f"{prefix}/{path}": packed for path, packed in released(asked).items()}
    files[f"{prefix}/checks.json"] = Packed(json.dumps(about, indent=1).encode() + b"\n")
    files[f"{prefix}/autograder.py"] = Packed(Path(classroom50_runner.__file__).read_bytes())
    return files


CLASSROOM50 = Bundle(
    _classroom50_files,
    "Unpack it into the folder of the classroom in your classroom50 repository, and push. Students' code runs beside "
    "the public checks there, so the scores are feedback and no grade.",
)
