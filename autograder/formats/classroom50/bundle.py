"""Classroom 50: a folder for `autograders/ASSIGNMENT/` of the teacher's repository.

Its runner calls `autograder.py` in a checkout of the student's repository, and reads `result.json` there. Scores are
whole numbers, so points are multiplied until they are.
"""

from __future__ import annotations

import json
from fractions import Fraction
from math import lcm
from pathlib import Path

from autograder.formats.bundles import Asked, Bundle, Packed
from autograder.formats.classroom50 import runner
from autograder.formats.github.bundle import released

__all__ = ["BUNDLE"]


def _contents(asked: Asked) -> dict[str, Packed]:
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
    files[f"{prefix}/autograder.py"] = Packed(Path(runner.__file__).read_bytes())
    return files


BUNDLE = Bundle(
    _contents,
    "Unpack it into the folder of the classroom in your classroom50 repository, and push. Students' code runs beside "
    "the public checks there, so the scores are feedback and no grade.",
)
