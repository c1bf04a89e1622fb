"""The upload for Gradescope: the same grader there, with the assignment, its hidden checks and the reference.

What the assignment needs of the course's folder goes with it, and is tried before: grading must find it all.

The configuration says in Python what it needs, so nobody can list that for sure: modules that it imports are found by
reading it, the roster by opening it. What was packed is then opened as the grader opens it there, in a folder and a
process of its own, so that whatever is missing is said while the instructor makes the bundle, and not at the first
submission.

Gradescope unpacks the archive into /autograder/source, runs `setup.sh` once to build an image, and `run_autograder` for
each submission, as root. The toolkit goes to /opt/autograder, where every user may read it, because a submission runs
as another user; what is secret stays in /autograder/source, which only root may enter.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement

import autograder
from autograder.checks.errors import InstructorError
from autograder.formats.bundles import Asked, Bundle, Packed, files_below
from autograder.formats.gradescope.results import VISIBILITIES
from autograder.grading.preparing import settings_of
from autograder.sandbox.image import requirements
from autograder.submissions.term import ROSTER

__all__ = ["BUNDLE", "pinned"]

_SECONDS = 600


def beside(asked: Asked, packed: Mapping[str, Packed]) -> dict[str, Packed]:
    """Modules of the course's folder that its configuration or the assignment imports, in turn, and the roster.

    Args:
        asked: what is bundled.
        packed: the files so far, by their path in the archive.

    Raises:
        InstructorError: the roster lies outside the course's folder.
    """
    root = asked.root.resolve()
    found = dict(_roster(asked, root))
    waiting = [each.data for name, each in packed.items() if name.startswith("course/") and name.endswith(".py")]
    while waiting:
        for module in _imported(waiting.pop()):
            for name, each in _module(root, module):
                if name not in packed and name not in found:
                    found[name] = each
                    waiting += [each.data] if name.endswith(".py") else []
    return found


def _roster(asked: Asked, root: Path) -> Iterator[tuple[str, Packed]]:
    path = (root / (asked.course.roster or ROSTER)).resolve()
    if not path.is_relative_to(root):
        raise InstructorError(
            f"Course.roster is {path}, outside of the course's folder, so it cannot be in the bundle; copy it into "
            f"{root}, and name it as in Path('roster.csv')."
        )
    if path.is_file():
        yield f"course/{path.relative_to(root).as_posix()}", Packed(path.read_bytes())


def _imported(source: bytes) -> Iterator[str]:
    """The first names of all modules that a file imports, wherever in it."""
    try:
        nodes = [*ast.walk(ast.parse(source))]
    except (SyntaxError, ValueError):
        return  # loading it says so
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _module(root: Path, name: str) -> Iterator[tuple[str, Packed]]:
    """The files of a module or package in the course's folder; none of one from elsewhere."""
    if (root / name / "__init__.py").is_file():
        yield from files_below(root / name, f"course/{name}")
    elif (root / f"{name}.py").is_file():
        yield f"course/{name}.py", Packed((root / f"{name}.py").read_bytes())


def refuse_incomplete(files: Mapping[str, Packed], settings: Mapping[str, object], asked: Asked) -> None:
    """Open the packed course as it is opened there.

    Args:
        files: all files of the archive.
        settings: what `bundle.json` says.
        asked: what is bundled.

    Raises:
        InstructorError: something is missing; the sentence says what.
    """
    here = {
        **settings,
        "data": str(asked.data.resolve()) if settings["data"] == "data" and asked.data else settings["data"],
    }
    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        source = Path(name).resolve()
        for place, packed in files.items():
            if place.startswith("course/"):
                path = source / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(packed.data)
        (source / "bundle.json").write_text(json.dumps(here), encoding="utf-8")
        command = [sys.executable, "-m", "autograder.formats.gradescope.harness", "--open", str(source)]
        home = str(Path(autograder.__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": home, "AUTOGRADER_SEED": asked.seed}
        try:
            done = subprocess.run(
                command, cwd=source / "course", env=environment, capture_output=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise InstructorError(f"Opening the course as in the bundle timed out after {_SECONDS} s.") from None
        if done.returncode:
            said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines() or [
                "it ended without a word"
            ]
            sentence = said[-1].replace(str(source / "course"), str(asked.root))
            raise InstructorError(f"With what the bundle would hold, nothing could be graded: {sentence}")


_DISTRIBUTION = "autograder-ml"
_FETCHED = ("mnist", "cifar10")
_MODULES = {"digits": ("sklearn",)}  # where an embedded data set comes from

_SETUP = """\
#!/usr/bin/env bash
# Installs the grader in a container of Gradescope; made by `autograder bundle`.
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
home=${AUTOGRADER_HOME:-/opt/autograder}
umask 022

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' > /dev/null 2>&1
}
find_python() {
    for each in python3.12 python3.13 python3.11 python3; do
        if usable "$each"; then command -v "$each"; return; fi
    done
}
libseccomp() {
    "$1" -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' > /dev/null 2>&1
}

python=$(find_python)
if [ -z "$python" ] || ! libseccomp "$python"; then
    apt-get update
    apt-get install --yes --no-install-recommends libseccomp2
    if [ -z "$python" ]; then
        apt-get install --yes --no-install-recommends python3-venv || true
        python=$(find_python)
    fi
    if [ -z "$python" ]; then
        apt-get install --yes --no-install-recommends python3.12-venv ||
            apt-get install --yes --no-install-recommends python3.11-venv
        python=$(find_python)
    fi
fi
if [ -z "$python" ]; then
    echo "The grader needs Python 3.11 to 3.13; choose a newer base image in Gradescope." >&2
    exit 1
fi

"$python" -m venv --clear "$home/venv"
"$home/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check --quiet \\
    --requirement "$source/requirements.txt"
rm -rf "$home/toolkit"
cp -R "$source/toolkit" "$home/toolkit"
site=$("$home/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$home/toolkit" > "$site/autograder.pth"
"$home/venv/bin/python" -m compileall -q "$home/toolkit"
chmod -R u+rwX,go+rX,go-w "$home"
chmod -R go-rwx "$source"
"$home/venv/bin/python" -m autograder.formats.gradescope.harness --prepare "$source"
"""

_RUN = """\
#!/usr/bin/env bash
# Grades the submission of a container of Gradescope; made by `autograder bundle`.
umask 022
exec "${AUTOGRADER_HOME:-/opt/autograder}/venv/bin/python" -m autograder.formats.gradescope.harness "${1:-/autograder}"
"""


def _contents(asked: Asked) -> dict[str, Packed]:
    assert asked.hidden in VISIBILITIES
    settings_of(asked.data, asked.course, asked.loaded)  # refuses data that is neither a folder nor known
    settings = _settings(asked)
    name = asked.loaded.folder.name
    files = {
        "setup.sh": Packed(_SETUP.encode(), program=True),
        "run_autograder": Packed(_RUN.encode(), program=True),
        "requirements.txt": Packed("".join(f"{each}\n" for each in _requirements(asked)).encode()),
        "seed": Packed(asked.seed.encode()),
        "bundle.json": Packed(json.dumps(settings, indent=1).encode() + b"\n"),
        "course/grader_config.py": Packed((asked.root / "grader_config.py").read_bytes()),
    }
    home = Path(autograder.__file__).parent
    files.update(
        (each, packed) for each, packed in files_below(home, "toolkit/autograder") if not each.endswith(".pyc")
    )
    for place in ("assignments", "reference"):
        files.update(files_below(asked.root / place / name, f"course/{place}/{name}"))
    for other in asked.course.assignments:  # the configuration names them; nothing of them is needed
        if other != name:
            files[f"course/assignments/{other}/README"] = Packed(b"Not in this bundle.\n")
    for dataset in asked.course.datasets:
        if dataset.name == asked.loaded.assignment.data:
            files.update(_of_course(asked.root, dataset.files))
    if asked.data is not None and asked.data.is_dir():
        files.update(files_below(asked.data, "data"))
    files.update(beside(asked, files))
    refuse_incomplete(files, settings, asked)
    return files


def _of_course(root: Path, names: object) -> dict[str, Packed]:
    """Files of a data set of the course's own; one may be a folder."""
    assert isinstance(names, tuple)
    found: dict[str, Packed] = {}
    for each in names:
        path = root / each
        below = files_below(path, f"course/{each.rstrip('/')}") if path.is_dir() else [
            (f"course/{each}", Packed(path.read_bytes()))
        ]  # fmt: skip
        found.update(below)
    return found


def _settings(asked: Asked) -> dict[str, object]:
    """What the harness reads there."""
    folder = asked.data is not None and asked.data.is_dir()
    named = asked.loaded.assignment.data
    return {
        "assignment": asked.loaded.id,
        "minutes": asked.minutes,
        "hidden": asked.hidden,
        "data": "data" if folder else str(asked.data or ""),
        "fetch": named if named in _FETCHED and asked.data is None else "",
    }


def _requirements(asked: Asked) -> tuple[str, ...]:
    """The packages of the grader and of what the assignment imports, at the versions that are installed here."""
    assignment = asked.loaded.assignment
    modules = {*assignment.preload, *_MODULES.get(assignment.data or "", ())}
    if str(asked.data) == "digits" or (asked.data and str(asked.data) == "embedded"):
        modules.add("sklearn")
    found = {*pinned(_DISTRIBUTION), *(each.partition("+")[0] for each in requirements(sorted(modules)))}
    if any(each.endswith(".ipynb") for each in assignment.files):
        found |= {*pinned(_DISTRIBUTION, "notebooks")}
    if any(each.startswith("torch==") for each in found):
        return ("--extra-index-url https://download.pytorch.org/whl/cpu", *sorted(found))
    return tuple(sorted(found))


def pinned(distribution: str, extra: str = "") -> tuple[str, ...]:
    """What a distribution and, in turn, its requirements need, at the versions that are installed here.

    Raises:
        InstructorError: it is not installed.
    """
    found: dict[str, str] = {}
    try:
        waiting = _required(distribution, (extra,))
    except importlib.metadata.PackageNotFoundError:
        raise InstructorError(f"{distribution} is not installed, so its requirements are not known.") from None
    while waiting:
        requirement = waiting.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in found or name == distribution:
            continue
        try:
            found[name] = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        waiting += _required(name, requirement.extras)
    return tuple(sorted(f"{name}=={version}" for name, version in found.items()))


def _required(distribution: str, extras: Iterable[str]) -> list[Requirement]:
    """What an installed distribution requires here, with some of its extras."""
    environments = [{"extra": each} for each in ("", *extras)]
    return [
        each
        for each in map(Requirement, importlib.metadata.requires(distribution) or ())
        if not each.marker or any(each.marker.evaluate(environment) for environment in environments)
    ]


BUNDLE = Bundle(
    _contents,
    "Upload it in Gradescope: the assignment, Configure Autograder, Zip file upload; base image Ubuntu 22.04 or later. "
    "It holds the hidden checks, the reference, the course's seed and its roster, so show it to nobody.",
)
