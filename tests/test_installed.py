"""The toolkit as users get it: a wheel or a source distribution, in an empty environment, far from the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """A wheel and a source distribution, made from the files that git knows."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "autograder", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    made = {}
    for kind in ("wheel", "sdist"):
        done = subprocess.run(
            [sys.executable, "-c", BUILD, f"build_{kind}", str(out)],
            cwd=source, check=True, capture_output=True, text=True,
        )  # fmt: skip
        made[kind] = out / done.stdout.split()[-1]
    return made


def pip(programs: Path, verb: str, *what: str) -> None:
    """Install packages into an environment, or remove them."""
    command = [programs / "python", "-m", "pip", verb, "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=programs.parent)
    assert done.returncode == 0, done.stderr


def run(programs: Path, *arguments: str, cwd: Path) -> str:
    """What a command of an environment printed; it must end with 0."""
    clean = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [programs / arguments[0], *arguments[1:]],
        cwd=cwd,
        env={**clean, "PATH": f"{programs}:{os.environ['PATH']}", "AUTOGRADER_SEED": "s"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_hold_the_package_with_its_templates_and_nothing_else(built) -> None:
    """Templates and the marker of types are in, tests and assignments are not."""
    with zipfile.ZipFile(built["wheel"]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    with tarfile.open(built["sdist"]) as sdist:
        inner = {name.partition("/")[2] for name in sdist.getnames()}

    assert {name.partition("/")[0] for name in names} == {"autograder"}
    listed = subprocess.run(["git", "ls-files", "autograder"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert names == set(listed.stdout.splitlines())
    assert names <= inner
    assert built["wheel"].name.startswith("autograder_ml-")


@pytest.fixture(scope="module")
def programs(built, tmp_path_factory) -> Path:
    """The programs of an environment with the wheel and what its core needs, and nothing else."""
    folder = tmp_path_factory.mktemp("empty") / "env"
    venv.create(folder, with_pip=True)
    pip(folder / "bin", "install", str(built["wheel"]))
    return folder / "bin"


def test_a_course_runs_from_an_empty_environment(built, programs, tmp_path) -> None:
    """`init`, `validate`, `release --zip`, `grade` and the public checks work with the core's dependencies alone, and
    from the source distribution as from the wheel."""
    for kind in ("wheel", "sdist"):
        if kind == "sdist":
            pip(programs, "uninstall", "--yes", "autograder-ml")
            pip(programs, "install", "--no-deps", str(built[kind]))
        folder = tmp_path / kind
        folder.mkdir()
        run(programs, "autograder", "init", "course", cwd=folder)
        course = folder / "course"

        assert "warm_up is fit to be handed out." in run(programs, "autograder", "validate", "warm_up", cwd=course)
        run(programs, "autograder", "release", "warm_up", "--zip", cwd=course)
        graded = run(programs, "autograder", "grade", "warm_up", "reference/warm_up", "--out", "graded", cwd=course)
        assert "warm_up: 3 of 3 points" in graded
        with zipfile.ZipFile(course / "release/warm_up.zip") as packed:
            packed.extractall(folder / "home")
        home = folder / "home/warm_up"
        (home / "warm_up.py").write_bytes((course / "reference/warm_up/warm_up.py").read_bytes())
        assert "2 passed" in run(programs, "python", "-m", "pytest", "-q", cwd=home)


def test_what_an_extra_brings_is_named_until_it_is_there(built, programs, tmp_path) -> None:
    """A data set of scikit-learn asks for the extra by its name, and is found once that is installed."""
    run(programs, "autograder", "init", "course", cwd=tmp_path)
    before = run(programs, "autograder", "data", "list", cwd=tmp_path / "course")
    pip(programs, "install", f"{built['wheel']}[sklearn]")
    after = run(programs, "autograder", "data", "list", cwd=tmp_path / "course")

    assert "autograder-ml[sklearn]" in before
    assert "autograder-ml[sklearn]" not in after
