"""`autograder cluster`: the key, the scheduler and the workers of a cluster, and whether all of them are alike."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.options import CourseOption, DataOption, KeysOption, whole_within
from autograder.cli.stopping import Verbs
from autograder.settings import MOST_JOBS

if TYPE_CHECKING:  # needs packages that not everybody has
    from autograder.cluster.processes import Processes

__all__ = ["cluster_app"]

cluster_app = typer.Typer(
    cls=Verbs, help="Machines that grade a class together.", no_args_is_help=True, rich_markup_mode=None
)
HostOption = Annotated[
    str, typer.Option("--host", metavar="NAME", help="The address of this machine by which others reach it.")
]
_PORT = 8786
_MOST_MIB = 2**24


@cluster_app.command("keys")
def make_cluster_keys(keys: KeysOption = None) -> None:
    """Make the key by which the parts of a cluster know each other.

    Every connection is encrypted with it, and who does not have it is refused: a scheduler runs what it is sent. Every
    machine needs the same folder; copy it by a safe way where home folders are not shared.

    Example: autograder cluster keys
    """
    from autograder.cluster.keys import default_folder, make_keys

    folder = keys or default_folder()
    make_keys(folder)
    typer.echo(f"The key is in {folder}. Who has it can run programs as you on every machine of the cluster.")


@cluster_app.command("scheduler")
def run_scheduler(
    keys: KeysOption = None,
    host: HostOption = "0.0.0.0",  # noqa: S104 (others shall reach it, and need the key)
    port: Annotated[
        int, typer.Option("--port", parser=whole_within(1, 65535), metavar="PORT", help="Where it listens.")
    ] = _PORT,
) -> None:
    """Run the scheduler of a cluster, until Ctrl-C.

    It holds nothing that matters: started again, it goes on with what is open.

    Example: autograder cluster scheduler --port 8786
    """
    from autograder.cluster.keys import default_folder, security
    from autograder.cluster.part import Part
    from autograder.cluster.processes import Processes

    folder = keys or default_folder()
    security(folder)
    typer.echo(f"A scheduler listens on port {port}; workers are started with `autograder cluster worker`.")
    _tend(Processes([Part("scheduler", str(folder), host, port)]))


@cluster_app.command("worker")
def run_workers(
    scheduler: Annotated[str, typer.Argument(metavar="ADDRESS", help="The scheduler, such as tls://head:8786.")],
    *,
    keys: KeysOption = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", parser=whole_within(1, MOST_JOBS), metavar="N", help="Workers; each grades one submission."
        ),
    ] = 1,
    cpus: Annotated[
        int,
        typer.Option("--cpus", parser=whole_within(1, 1024), metavar="N", help="Processors that each worker declares."),
    ] = 1,
    memory: Annotated[
        int,
        typer.Option(
            "--memory",
            parser=whole_within(0, _MOST_MIB),
            metavar="MIB",
            help="Memory that each worker declares; 0 for an even share of this machine's.",
        ),
    ] = 0,
    host: HostOption = "",
) -> None:
    """Run workers on this machine, until Ctrl-C.

    Each is a process that grades one submission at a time, and is started again when it dies. While no scheduler
    answers, they wait for one.

    Example: autograder cluster worker tls://head.example.org:8786 --jobs 4
    """
    from autograder.cluster.keys import default_folder, security
    from autograder.cluster.part import Part
    from autograder.cluster.processes import Processes, workers

    folder = keys or default_folder()
    security(folder)
    template = Part("worker", str(folder), host, address=scheduler, cpus=cpus, memory_mib=memory)
    made = workers(template, jobs)
    typer.echo(f"{jobs} worker{'s' * (jobs > 1)} for {scheduler}: {made[0].cpus} CPU, {made[0].memory_mib} MiB each.")
    _tend(Processes(made))


@cluster_app.command("doctor")
def examine_workers(
    scheduler: Annotated[str, typer.Argument(metavar="ADDRESS", help="The scheduler, such as tls://head:8786.")],
    *,
    keys: KeysOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that results go to: every machine must see it.")
    ] = Path(),
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Compare each worker with this machine.

    Versions, packages, the files of the course and data sets by their hashes, the strongest sandbox, the clock, and the
    room on disks. Exit code 1: some worker differs.

    Example: autograder cluster doctor tls://head.example.org:8786
    """
    from autograder.cluster.doctor import examined
    from autograder.cluster.keys import default_folder
    from autograder.course import open_course
    from autograder.grading.preparing import settings_of

    root, own = open_course(course)
    settings = settings_of(data, own)
    found = examined(scheduler, keys or default_folder(), root.absolute(), own.assignments, settings, out.absolute())
    for worker, sentences in found.items():
        typer.echo(f"{worker}: {'like this machine' if not sentences else ''}".rstrip())
        for sentence in sentences:
            typer.echo(f"    {sentence}")
    raise typer.Exit(1 if any(found.values()) else 0)


@cluster_app.command("manifests")
def make_manifests(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files are written.")],
    *,
    image: Annotated[
        str,
        typer.Option("--image", metavar="NAME", help="The grader's image, such as registry.example.org/autograder:1."),
    ],
    namespace: Annotated[
        str, typer.Option("--namespace", metavar="NAME", help="The namespace in which submissions are graded.")
    ] = "autograder",
    mount: Annotated[
        str, typer.Option("--mount", metavar="DIR", help="The shared folder's path, the same on all machines.")
    ] = "/course",
) -> None:
    """Write what a Kubernetes cluster needs to grade.

    A Containerfile for the grader's image; a volume, a network policy and a role to be applied; and the Job that
    `autograder grade --cluster kubernetes` starts for each bundle of submissions.

    Example: autograder cluster manifests kubernetes --image registry.example.org/autograder:1
    """
    from autograder.cluster.manifests import Site, write_manifests

    for path in write_manifests(folder, Site(image, namespace, mount)):
        typer.echo(path)


def _tend(processes: Processes) -> None:
    with processes:
        while True:
            for name in processes.tend():
                typer.echo(f"{name} has died and is started again.")
            time.sleep(1)
