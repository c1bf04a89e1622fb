"""What students are given, tried: public checks where nothing else is installed, and variants drawn everywhere alike.

A function that draws variants with a clock, the order of a set or random numbers of its own draws otherwise when the
class is graded than when students got their releases. So it is run again in processes that differ in all of these.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from autograder.checks.errors import InstructorError
from autograder.checks.local.kit import OURS
from autograder.checks.wording import counted
from autograder.datasets import DataSet
from autograder.loader import Loaded
from autograder.quality.validation.static_analysis import Finding
from autograder.release import build, contents

__all__ = ["drawn_again", "public_checks", "released", "tried"]

# --- the public checks, where nothing else is installed ---

_ABSENT = "a student who installed requirements.txt has no"
_NO_TESTS = 5  # exit code of pytest
_TOOLS = (
    "_pytest",
    "colorama",
    "exceptiongroup",
    "iniconfig",
    "packaging",
    "pluggy",
    "py",
    "pygments",
    "pytest",
    "tomli",
)

_BARE = """
import importlib.util
import sys

ALLOWED = {allowed!r}


class Bare:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top.startswith("_sysconfigdata"):
            return
        if top not in sys.stdlib_module_names and top not in ALLOWED and top.lower() not in ALLOWED:
            raise ModuleNotFoundError(f"{absent} {{top}}", name=name)


sys.meta_path.insert(0, Bare())
find_spec = importlib.util.find_spec


def found(name, package=None):  # who only asks whether a module is there is answered no, and not by an exception
    try:
        return find_spec(name, package)
    except ModuleNotFoundError as error:
        if error.name == name and "." not in name:
            return None
        raise


importlib.util.find_spec = found
"""


def public_checks(loaded: Loaded, folder: Path, dataset: DataSet | None = None) -> Finding:
    """Run the public checks with the reference; what is needed for that is written into `folder`."""
    out = folder / "release"
    build(loaded, out, dataset)
    for file in (*loaded.assignment.files, *(each.file for each in loaded.assignment.predictions)):
        shutil.copyfile(loaded.reference_folder / file, out / file)
    allowed = {line.strip().lower() for line in (out / "requirements.txt").read_text().splitlines()}
    own = {*OURS, "bare", "conftest", "test_public", *(Path(f).stem for f in loaded.interface.files)}
    allowed = {*_TOOLS, *own, *_needed_by(allowed)}
    (folder / "bare.py").write_text(_BARE.format(allowed=allowed, absent=_ABSENT), encoding="utf-8")
    place = str(folder)
    ended = subprocess.run(
        [sys.executable, "-B", "-P", "-m", "pytest", "-q", "-p", "bare", "-p", "no:cacheprovider"],
        cwd=out,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": place, "HOME": place, "MPLBACKEND": "Agg"}
        | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (ended.stdout + ended.stderr).strip().splitlines() or ["no output"]
    shown = [after for line, after in pairwise(lines) if line.startswith("____")][:1] + lines[-1:]
    good = ended.returncode in (0, _NO_TESTS)
    said = "; ".join(" ".join(line.split()) for line in shown)
    fix = (
        "Public checks may use what the stubs and the checks import, the standard library, numpy and pytest."
        if any(_ABSENT in line for line in lines)
        else "The reference does not pass its public checks in the release: correct the reference, or these checks."
    )
    return Finding("public checks on a bare machine", good, said, fix)


def _needed_by(packages: set[str]) -> set[str]:
    """Top-level modules of packages and of all that they require, as installed here."""
    modules: dict[str, set[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(_canonical(owner), set()).add(module)
    expected, seen = [_canonical(package) for package in packages], set()
    while expected:
        package = expected.pop()
        if package not in seen:
            seen.add(package)
            try:
                required = metadata.requires(package) or []
            except metadata.PackageNotFoundError:
                continue
            expected += [_canonical(re.split(r"[^\w.-]", line)[0]) for line in required if "extra ==" not in line]
    return {module for package in seen for module in modules.get(package, ())}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- variants: the same for the same student everywhere ---

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
