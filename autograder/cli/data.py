"""`autograder data list` and `autograder data fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder import datasets

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["data_fetch", "data_list"]


def data_list(settings: datasets.DataSettings, console: Console) -> None:
    """Say for each known data set where it lies, verified, or what to do to have it."""
    for item in datasets.available(settings):
        _line(console, f"{item.name}: {item.title}")
        _line(console, f"    {item.problem or f'ready, {item.origin}'}")
    _line(console, "Looked in " + ", ".join(str(folder) for folder in settings.folders))


def data_fetch(name: str, settings: datasets.DataSettings, console: Console) -> None:
    """Download a data set, with a progress bar on a terminal and a plain line for each file elsewhere.

    Raises:
        UsageError: no mirror gave it; the sentence says what to place where.
    """
    if not console.is_terminal:
        finished: set[str] = set()

        def report_download(file: str, done: int, total: int) -> None:
            if done == total and file not in finished:
                finished.add(file)
                _line(console, f"{file}: {done / 2**20:.1f} MiB")

        folder = datasets.fetch(name, settings, report_download)
    else:
        folder = _fetch_with_bar(name, settings, console)
    _line(console, f"{name} is complete and verified in {folder}")


def _fetch_with_bar(name: str, settings: datasets.DataSettings, console: Console) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def report_download(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=None)
            bar.update(tasks[file], completed=done, total=total or None)

        return datasets.fetch(name, settings, report_download)


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
