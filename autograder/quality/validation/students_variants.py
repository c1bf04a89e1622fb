"""What a function that draws variants must be: the same for the same student everywhere, and fit to be released.

A function that uses a clock, the order of a set or random numbers of its own draws otherwise when the class is graded
than when students got their releases. So it is run again in processes that differ in all of these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from autograder.checks.errors import InstructorError
from autograder.checks.wording import counted
from autograder.datasets import DataSet
from autograder.loader import Loaded
from autograder.quality.validation.finding import Finding
from autograder.release import contents

__all__ = ["drawn_again", "released", "tried"]

_FEW, _MANY = 2, 5
_DRAWN = 20
_HASH_SEEDS = ("1", "2")
_AGAIN = """
import json, sys
from pathlib import Path
from autograder.loader import load

root, name, students, seed = json.loads(sys.stdin.read())
loaded = load(Path(root), name)
drawn = [loaded.variant_of(student, seed).everything for student in students]
print(json.dumps([{file: content.hex() for file, content in each.items()} for each in drawn]))
"""


def tried(*, quick: bool) -> tuple[str, ...]:
    """Names of students that nobody has, for whom variants are drawn and tried."""
    return tuple(f"student-{number}" for number in range(1, (_FEW if quick else _MANY) + 1))


def drawn_again(loaded: Loaded, seed: str) -> Finding:
    """Other processes draw the same for the same student, and different students are given different variants."""
    what = "variants are drawn alike everywhere"
    students = [f"student-{number}" for number in range(1, _DRAWN + 1)]
    try:
        here = [loaded.variant_of(student, seed) for student in students]
    except InstructorError as error:
        return Finding(what, False, str(error), "Correct the function that draws variants.")
    expected = [{file: content.hex() for file, content in each.everything.items()} for each in here if each]
    asked = json.dumps([str(loaded.folder.parent.parent.absolute()), loaded.id, students, seed])
    for hash_seed in _HASH_SEEDS:
        done = subprocess.run(
            [sys.executable, "-P", "-B", "-c", _AGAIN],
            input=asked,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
            return Finding(what, False, f"Another process cannot draw them: {said}", "Correct the function.")
        found = json.loads(done.stdout.splitlines()[-1])
        others = [each for each, one, two in zip(here, expected, found, strict=True) if one != two]
        if others:
            return Finding(
                what,
                False,
                f"Another process draws other variants for {counted(len(others), 'student')} of {len(students)}, "
                f"such as the one that is drawn here as {others[0]}.",
                "Draw from rng alone: no other random numbers, no clock, and no order of a set, which differs from "
                "process to process; sort sets first.",
            )
    different = len({each.module + repr(each.files) for each in here if each})
    fix = "Draw more values, or from more, if students must not share a variant."
    said = f"{counted(different, 'variant')} for {len(students)} students, the same in other processes."
    return Finding(what, True, said, fix, warning=different < len(students) / 2)


def released(loaded: Loaded, dataset: DataSet | None, students: Sequence[str], seed: str) -> Finding:
    """The release of each student can be made, and nothing leaks in it."""
    what = "releases for students"
    for student in students:
        variant = loaded.variant_of(student, seed)
        try:
            contents(loaded, dataset, variant)
        except InstructorError as error:
            return Finding(what, False, f"With the variant {variant}: {error}", "Correct what the sentence names.")
    return Finding(what, True, f"Made for {counted(len(students), 'variant')}; nothing leaks.")
