"""Verbs about the machine and its data: what each takes on the command line. What it does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.completion import data_sets
from autograder.cli.options import CourseOption, DataOption, NameArgument

__all__ = ["doctor", "fetch_data", "image", "list_data"]


def image(
    name: NameArgument,
    *,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="podman or docker; else the first that works here.")
    ] = "",
    base: Annotated[
        str, typer.Option("--base", metavar="IMAGE", help="Image to begin with; else Python's own of your version.")
    ] = "",
    base_rootfs: Annotated[
        Path | None,
        typer.Option("--base-rootfs", metavar="DIR_OR_TAR", help="Root file system to begin with: no registry needed."),
    ] = None,
    from_here: Annotated[
        bool, typer.Option("--from-here", help="Begin with this machine's own Python and packages: no network needed.")
    ] = False,
    python: Annotated[str, typer.Option("--python", metavar="PATH", help="Interpreter inside the base.")] = "python3",
    pip: Annotated[str, typer.Option("--pip", metavar="TEXT", help="More arguments for pip install inside.")] = "",
    network: Annotated[
        str, typer.Option("--network", metavar="NAME", help="Network of the build, such as host or none.")
    ] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="IMAGE", help="Name of the image; else one made of NAME.")] = "",
    course: CourseOption = None,
) -> None:
    """Build the image that podman and docker run submissions in.

    It holds Python, the packages that the assignment preloads and a worker; nothing of the assignment itself.

    Example: autograder image backprop
    """
    from autograder.cli.image import Call, build_for_assignment

    build_for_assignment(Call(name, engine, base, base_rootfs, from_here, python, pip, network, tag, course))


def doctor(course: CourseOption = None, data: DataOption = None) -> None:
    """Show what this machine can enforce.

    Each protection is proved by trying to get around it; where one is missing, the table says what to install.
    """
    from autograder.cli.doctor import examine

    raise typer.Exit(examine(course, data))


def list_data(data: DataOption = None, course: CourseOption = None) -> None:
    """Show which data sets are there, and where they were found."""
    from autograder.cli.common import console
    from autograder.cli.data import data_list
    from autograder.grading.preparing import data_settings

    data_list(data_settings(data, course), console())


def fetch_data(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set, such as mnist.", autocompletion=data_sets)],
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Download a data set from the mirrors and verify it.

    Example: autograder data fetch mnist
    """
    from autograder.cli.common import console
    from autograder.cli.data import data_fetch
    from autograder.grading.preparing import data_settings

    data_fetch(name, data_settings(data, course, to_write=True), console())
