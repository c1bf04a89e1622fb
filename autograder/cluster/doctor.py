"""What has to be the same on every machine of a cluster, and what must not be short there: asked of each worker.

A result follows from files, data and packages. A worker that has others would grade another class; its results are
refused one by one (`dask`), and here it is found before any is made.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from autograder import __version__, sandbox
from autograder.checks.errors import GraderError
from autograder.cluster.dask import connected
from autograder.cluster.keys import security
from autograder.datasets import NAMES, DataSettings, find

__all__ = ["Facts", "differences", "examined", "facts"]

MOST_SECONDS_APART = 60.0
LEAST_FREE_MIB = 1024
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What a machine has.

    `packages` are installed distributions with their versions; `files` what the course's folder holds, one hash for
    each assignment; `data` the checksums of data sets that are there; `sandbox` the strongest that works, or why none
    does; `clock` its time in seconds since 1970; `free_mib` the room where submissions run and where results go.
    """

    version: str
    python: str
    packages: Mapping[str, str]
    files: Mapping[str, str]
    data: Mapping[str, str]
    sandbox: str
    clock: float
    free_mib: Mapping[str, int]


def facts(root: Path, assignments: tuple[str, ...], data: DataSettings, shared: Path) -> Facts:
    """What this machine has, where it is called.

    Args:
        root: the course's folder.
        assignments: what is to be graded there.
        data: where data sets are looked for.
        shared: the folder in which results go from machine to machine.
    """
    return Facts(
        __version__,
        platform.python_version(),
        {each.name.lower(): each.version for each in metadata.distributions() if each.name},
        {name: _files(root, name) for name in assignments},
        {name: _checksum(name, data) for name in (*NAMES, *(each.name for each in data.own))},
        _sandbox(),
        time.time(),
        {str(folder): _free(folder) for folder in (Path(tempfile.gettempdir()), shared)},
    )


def examined(
    scheduler: str, keys: Path, root: Path, assignments: tuple[str, ...], data: DataSettings, shared: Path
) -> dict[str, tuple[str, ...]]:
    """What differs on each worker of a scheduler, by the worker's name; the arguments are those of `facts`.

    Raises:
        UsageError: there is no key.
        GraderError: no scheduler answers, or it has no worker.
    """
    with connected(scheduler, security(keys)) as client:  # first: what this machine has takes seconds to find out
        here = facts(root, assignments, data, shared)
        names = {each["id"]: address for address, each in client.scheduler_info(n_workers=-1)["workers"].items()}
        found = {}
        for name, address in sorted(names.items()):
            began = time.time()
            answer = client.run(facts, root, assignments, data, shared, workers=[address])[address]
            found[str(name)] = differences(answer, replace(here, clock=began), time.time() - began)
        return found


def differences(worker: Facts, here: Facts, seconds: float) -> tuple[str, ...]:
    """What of a worker is not as it must be: sentences; () where all is well.

    Args:
        worker: what it has.
        here: what the machine has from which the class is graded.
        seconds: how long asking the worker took; its clock cannot be known better.
    """
    found = []
    for what, theirs, ours in (("autograder", worker.version, here.version), ("Python", worker.python, here.python)):
        if theirs != ours:
            found.append(f"{what} is {theirs}, and {ours} here.")
    for what, have, expected in (
        ("the packages", worker.packages, here.packages),
        ("the files of the course", worker.files, here.files),
        ("the data", worker.data, here.data),
    ):
        other = sorted(name for name in {*have, *expected} if have.get(name) != expected.get(name))
        if other:
            more = f" and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
            shown = (f"{name} ({_short(have.get(name))}, {_short(expected.get(name))} here)" for name in other[:_SHOWN])
            found.append(f"Of {what} differ: {', '.join(shown)}{more}.")
    if worker.sandbox != here.sandbox:
        found.append(f"The strongest sandbox is {worker.sandbox}, and {here.sandbox} here.")
    apart = abs(worker.clock - here.clock) - seconds
    if apart > MOST_SECONDS_APART:
        found.append(f"Its clock is {apart:.0f} s apart from the one here; reports have wrong times.")
    for folder, free in worker.free_mib.items():
        if free < LEAST_FREE_MIB:
            found.append(f"{folder} has {free} MiB of room." if free >= 0 else f"{folder} is not there.")
    return tuple(found)


def _files(root: Path, name: str) -> str:
    """A hash of an assignment's files and its reference's, or that they are not there; nothing of them is run."""
    digest, count = hashlib.sha256(), 0
    for folder in (root / "assignments" / name, root / "reference" / name):
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
                content = path.read_bytes()
                digest.update(f"{'/'.join(parts)}\0{len(content)}\0".encode() + content)
                count += 1
    return digest.hexdigest() if count else "no files"


def _checksum(name: str, data: DataSettings) -> str:
    try:
        return find(name, data).sha256
    except GraderError as error:
        return str(error)


def _sandbox() -> str:
    try:
        return sandbox.best()
    except GraderError as error:
        return str(error)


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free // 2**20
    except OSError:
        return -1


def _short(value: str | None) -> str:
    return "none" if value is None else value if len(value) <= 20 else f"{value[:8]} ..."
