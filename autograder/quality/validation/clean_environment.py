"""The public checks where nothing is installed but what a release asks for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from autograder.checks.local.kit import OURS
from autograder.datasets import DataSet
from autograder.loader import Loaded
from autograder.quality.validation.finding import Finding
from autograder.release import build

__all__ = ["public_checks"]

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
