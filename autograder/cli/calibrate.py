"""`autograder calibrate`: the reference under many seeds in, false-fail and false-pass rates at each threshold out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from autograder import loader, sandbox
from autograder.assignment.question import Check
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console, staging
from autograder.cli.stopping import STOPPED
from autograder.course import open_course
from autograder.grading import RunOptions
from autograder.grading.preparing import dataset_for, known_sandbox, limits_from, settings_of, start_sandbox
from autograder.quality import calibration, mutation
from autograder.quality.calibration import (
    Plan,
    Row,
    Summary,
    Trial,
    Trials,
    formatting,
)

__all__ = ["Call", "calibrate_assignment"]

STYLES = {"ok": "green", "more runs": "yellow", "look": "yellow", "too tight": "red"}
SEED = "calibrate"


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder calibrate`; None or empty means: as the course has it, or all."""

    name: str
    seconds: float
    runs: int
    bound: float
    jobs: int | None
    only: str
    mutants: int
    out: Path | None
    into: Path | None
    markdown: bool
    sandbox: str | None
    limits: tuple[str, ...]
    full: bool
    data: Path | None
    course: Path | None


def calibrate_assignment(call: Call) -> int:
    """Make trials, print what they say; returns the exit code."""
    root, course = open_course(call.course)
    loaded = loader.load(root, call.name)
    if not 0 < call.bound < 1:
        raise UsageError(f"--bound {call.bound:g} is no probability; write for example --bound 1e-4.")
    checks = calibration.checks_named(loaded, call.only)
    screen = console()
    settings = settings_of(call.data, course, loaded)
    dataset, said = dataset_for(loaded, settings)
    if said and not call.markdown:
        screen.print(escape(said))
    limits = {**course.limits.get(call.name, {}), **limits_from(call.limits)}
    options = RunOptions(SEED, call.full, limits=limits)
    out = call.out or calibration.kept_in(call.name)

    chosen = known_sandbox(call.sandbox or course.sandbox)

    def start() -> sandbox.ForkServer | sandbox.ContainerSandbox:
        return start_sandbox(chosen, loaded)

    jobs = course.jobs_at_once(call.jobs)
    with staging(out) as folder:
        mutants = mutation.sample_of(loaded, call.mutants, SEED)
        plan = Plan(
            root, loaded, dataset, settings, options, start, checks, mutants, folder,
            jobs, call.seconds, call.runs, call.bound,
        )  # fmt: skip
        trials = Trials(calibration.trials_file(plan, out))
        stopped = False
        try:
            _watched(plan, trials, screen, quiet=call.markdown)
        except KeyboardInterrupt:
            stopped = True
        found = calibration.summary_of(plan, trials)
        name = f"{call.name} {dataset.name if dataset else 'no data'}{' --full' if call.full else ''}"
        _show(call, found, screen, out, name)
    if stopped:
        screen.print("Stopped; what was finished is kept, and the same command goes on from here.")
        return STOPPED
    return 0 if found.fair else 1


def _watched(plan: Plan, trials: Trials, screen: Console, *, quiet: bool) -> None:
    """Calibrate, with a bar in a terminal and a line every tenth of the time elsewhere."""
    began, made, tenths = time.monotonic(), 0, 0
    columns = (TextColumn("Calibrating"), BarColumn(), TextColumn("{task.fields[state]}"), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=quiet or not screen.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=plan.seconds, state="")

        def notify(_: Trial) -> None:
            nonlocal made, tenths
            made += 1
            passed = time.monotonic() - began
            progress.update(task, completed=min(passed, plan.seconds), state=f"{formatting.runs(made)}")
            if int(10 * passed / plan.seconds) > tenths and not screen.is_terminal and not quiet:
                tenths = int(10 * passed / plan.seconds)
                screen.print(f"{passed:.0f} of {plan.seconds:g} s: {formatting.runs(made)}")

        calibration.calibrate(plan, trials, notify)


def _show(call: Call, found: Summary, screen: Console, out: Path, name: str) -> None:
    """Print, draw, and write into a page what was found."""
    if not found.rows:
        screen.print(
            "No check measured anything against a threshold; end one with points_at or points_between, "
            "or name its Credit's `measured`."
        )
        return
    command = f"autograder calibrate {call.name}{' --full' if call.full else ''}"
    title = f"`{command}`{f', data: {found.data}' if found.data else ''}."
    tables = formatting.markdown(title, found.rows, found.cheapest, found.false_passes, call.bound)
    if call.into:
        formatting.put_into(call.into, name, tables)
    pictures = formatting.plot(found.rows, out)
    if call.markdown:
        print(tables)
        return
    for check in found.checks:
        _show_check(check, found, screen)
    screen.print(f"Pictures and runs: {escape(str(out))} ({counted(len(pictures), 'picture')})", soft_wrap=True)


def _show_check(check: Check, found: Summary, screen: Console) -> None:
    here = [(row, mutants) for row, mutants in zip(found.rows, found.false_passes, strict=True) if row.check is check]
    last = -1
    for row, mutants in here:
        if row.place[0] != last:
            last = row.place[0]
            same = [each for each, _ in here if each.place[0] == last]
            _show_measured(same, screen)
        text = escape(formatting.row_text(row)).replace(row.judgement.word, _styled(row.judgement.word), 1)
        screen.print(f"  {text}", soft_wrap=True)
        if mutants:
            head, lines = formatting.false_pass_text(mutants)
            screen.print(f"    mutants: {escape(head)}", soft_wrap=True)
            for line in lines:
                screen.print(f"      {escape(line)}", soft_wrap=True)
    cheap = dict(found.cheapest)[check.id]
    if cheap is not None and not cheap.tried:
        screen.print("  It runs only as a whole; a check that takes `share` can be tried cheaper.\n")
        return
    under = f"with a false-fail rate under {formatting.bound_text(found.bound)}"
    if cheap is None:
        screen.print(f"  No run is shown yet to be fair {under}.\n")
    else:
        run = f" ({cheap.run})" if cheap.run else ""
        screen.print(
            f"  Cheapest run {under}: {formatting.share_text(cheap.share)}{escape(run)}, {cheap.seconds:.1f} s.\n",
            soft_wrap=True,
        )


def _show_measured(same: Sequence[Row], screen: Console) -> None:
    row = same[0]
    percent = row.measured.percent
    run = f", {row.measured.run}" if row.measured.run else ""
    screen.print(
        f"[bold]{row.check.id}[/]: {escape(row.measured.name)}{escape(run)}; "
        f"{formatting.runs(row.n)} of {row.seconds:.1f} s, "
        f"mean {formatting.number(row.mean, percent=percent)} ± {formatting.number(row.spread, percent=percent)}",
        soft_wrap=True,
    )
    screen.print(f"  {formatting.blocks(row, [each.threshold.value for each in same])}", soft_wrap=True)


def _styled(word: str) -> str:
    return f"[{STYLES[word]}]{word}[/]"
