"""Engines for a class that one machine is too small for: one file each, and a line in `ENGINES`.

`local`, which needs nothing of this room, is `autograder.grading.job_processes`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.checks.errors import UsageError
from autograder.optional_packages import missing
from autograder.settings import near

if TYPE_CHECKING:
    from autograder.grading.engine import StartEngine

__all__ = ["ENGINES", "engines_of"]

ENGINES = ("dask", "kubernetes", "slurm")
"""The values of `--cluster`; each is a module of this name here, with a function `engines`."""


def engines_of(
    name: str,
    folder: Path,
    jobs: int,
    scheduler: str = "",
    keys: Path | None = None,
    template: Path | None = None,
    slurm: tuple[str, ...] = (),
) -> StartEngine | None:
    """What starts engines of a name; None for "", which stands for this machine's own processes.

    Args:
        name: one of `ENGINES`, or "".
        folder: where results are kept on their way; on several machines, all of them have to see it.
        jobs: how many workers a cluster on this machine has.
        scheduler: the address of a scheduler that is there already; "" for a cluster on this machine, for this run.
        keys: the folder with the key of that cluster; None for the one in this user's settings.
        template: the file of the Job that Kubernetes is given; None for none.
        slurm: options of sbatch, each as NAME=VALUE.

    Raises:
        UsageError: there is no such engine, an option needs one, or it needs a package that is not installed.
    """
    if not name:
        if scheduler or keys:
            raise UsageError("--scheduler and --keys are for a cluster; add --cluster dask.")
        if template:
            raise UsageError("--job-template is for a cluster; add --cluster kubernetes.")
        if slurm:
            raise UsageError("--slurm is for a cluster; add --cluster slurm.")
        return None
    if name not in ENGINES:
        raise UsageError(f"--cluster: unknown engine {name!r}; {near(name, ENGINES)}")
    if name != "dask" and (scheduler or keys):
        raise UsageError(f"--scheduler and --keys are for --cluster dask; leave them out with {name}.")
    if name != "kubernetes" and template:
        raise UsageError(f"--job-template is for --cluster kubernetes; leave it out with {name}.")
    if name != "slurm" and slurm:
        raise UsageError(f"--slurm is for --cluster slurm; leave it out with {name}.")
    options: dict[str, object] = {
        "dask": {"scheduler": scheduler, "keys": keys},
        "kubernetes": {"template": template},
        "slurm": {"options": slurm},
    }[name]  # type: ignore[assignment]
    try:
        engine = import_module(f"autograder.cluster.{name}")
        start: StartEngine = engine.engines(folder, jobs, **options)
    except ModuleNotFoundError as error:
        if needed := missing(error, f"--cluster {name}"):
            raise UsageError(f"{needed}.") from None
        raise
    return start
