"""What `grade` shows while it works: one live line in a terminal, one line per submission elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.checks.wording import counted
from autograder.grading.forecast import Forecast
from autograder.grading.job_processes import (
    Event,
    FewerJobs,
    Finished,
    Hanging,
    Known,
    Postponed,
    RanAgain,
    ReferenceFirst,
    Retried,
    Started,
)
from autograder.reports.batch_progress import ProgressFile
from autograder.reports.grades import verdict_summary
from autograder.results import Report
from autograder.scoring import points_of

__all__ = ["Shown"]


class Shown(AbstractContextManager["Shown"]):
    """Counts events and shows them; call it with each one. `file` gets them for other processes."""

    def __init__(self, console: Console, total: int, file: ProgressFile | None = None) -> None:
        self.console, self.file = console, file
        self.total = total
        self.done = self.known = 0
        self.running: set[str] = set()
        self.progress = Progress(
            TextColumn("Grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task = self.progress.add_task("", total=total, state="")

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
        if self.file is not None:
            self.file.ended()

    def __call__(self, event: Event) -> None:
        """Take note of one event."""
        match event:
            case Known():
                self.known += 1
                self.done += 1
            case Started(student):
                self.running.add(student)
            case Hanging(student, check, seconds, most):
                self.fault(
                    f"{student}: the check {check} has been running for {seconds:.3g} s; it is ended after {most:.3g} s"
                )
            case Retried(student, why):
                self.fault(f"{student}: our fault, trying once more ({why.splitlines()[0]})")
            case Postponed(student):
                self.running.discard(student)
                self.line(f"{escape(student)}: over the wall time beside others; once more, alone, before it counts")
            case Finished(report):
                self.running.discard(report.student)
                self.done += 1
                if not self.console.is_terminal:
                    self.line(f"[{self.done}/{self.total}] {escape(report.student)}: {_in_words(report)}")
            case Forecast():
                self.line(escape(event.said(datetime.now().astimezone())))
            case ReferenceFirst():
                self.line("Running the reference first, once, for the forecast ...")
            case FewerJobs(jobs, asked, free, limit):
                self.line(
                    f"{counted(jobs, 'job')} of {asked} at first: {free:,.0f} MiB of memory is free, and a submission "
                    f"may use {limit:,.0f}; more follow as submissions turn out to need less"
                )
            case RanAgain(checks, why):
                for name, count in checks.items():
                    because = f", because what it hands on cannot be kept: {why[name]}" if name in why else ""
                    many = counted(count, "submission")
                    self.line(f"Run again though unchanged, for {many}: {escape(name)}{escape(because)}.")
        self._show()

    def _show(self) -> None:
        """Bring the line and the file up to date."""
        if self.file is not None:
            self.file.reached(self.done, self.known, len(self.running))
        waiting = self.total - self.done - len(self.running)
        self.progress.update(
            self.task, completed=self.done, state=f"{len(self.running)} running, {waiting} waiting, time left"
        )

    def fault(self, text: str) -> None:
        """A line about what went wrong."""
        self.line(escape(text))
        if self.file is not None:
            self.file.fault(text)

    def line(self, text: str) -> None:
        """A line that stays."""
        self.progress.console.print(text.replace("[", "\\[", 1) if text.startswith("[") else text)


def _in_words(report: Report) -> str:
    bonus = f" and {counted(report.bonus_points, 'bonus point')}" if report.bonus_points else ""
    return f"{points_of(report.points, report.max_points)}{bonus} ({verdict_summary(report)})"
