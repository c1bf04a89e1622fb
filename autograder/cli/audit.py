"""`autograder audit`: wrong versions of the reference in, the share of them that the checks catch out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from autograder import loader, sandbox
from autograder.checks.wording import counted
from autograder.cli.common import console, staging
from autograder.cli.stopping import STOPPED
from autograder.course import open_course
from autograder.grading import RunOptions
from autograder.grading.job_processes import Event, Finished, Known
from autograder.grading.preparing import dataset_for, known_sandbox, settings_of, start_sandbox
from autograder.quality import mutation
from autograder.quality.calibration.formatting import put_into
from autograder.quality.mutation import Audit, Matrix, Mutant, Rate, Row, matrix

__all__ = ["Call", "audit_assignment"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder audit`; None or empty means: as the course has it, or all."""

    name: str
    jobs: int | None
    only: str
    limit: int | None
    kept: bool
    seed: str
    seeds: int
    seconds: float
    first: bool
    at_least: float
    sandbox: str | None
    full: bool
    out: Path | None
    into: Path | None
    data: Path | None
    course: Path | None


def audit_assignment(call: Call) -> int:
    """Make mutants, grade them, print what came of it; returns the exit code."""
    root, course = open_course(call.course)
    loaded = loader.load(root, call.name)
    chosen = mutation.select(loaded, only=call.only, kept_alone=call.kept, limit=call.limit, seed=call.seed)
    mutants = chosen.mutants
    screen = console()
    for name in chosen.stale:
        screen.print(f"[yellow]Accepted, but there is no such mutant:[/] {escape(name)}; look at it again.")
    settings = settings_of(call.data, course, loaded)
    dataset, said = dataset_for(loaded, settings)
    if said:
        screen.print(escape(said))

    backend = known_sandbox(call.sandbox or course.sandbox)

    def start() -> sandbox.ForkServer | sandbox.ContainerSandbox:
        return start_sandbox(backend, loaded)

    options = RunOptions(call.seed, call.full, limits=dict(course.limits.get(call.name, {})))
    jobs = course.jobs_at_once(call.jobs)
    out = call.out or mutation.kept_in(root, call.name)
    questions = mutation.questions_of(loaded, call.only)
    plan = Audit(
        root, loaded, dataset, settings, options, start, questions, jobs, call.first, call.seeds, call.seconds, out
    )  # fmt: skip
    screen.print(f"{len(mutants)} of {chosen.total} mutants of the reference are graded, after the reference itself.")
    with staging(out):
        found = _watched(plan, mutants, screen)
    _show(screen, found, plan, complete=not call.first)
    if found.stopped:
        rated = sum(row.rate is not None and row.rate.done for row in found.rows)
        under = f", and the seeds of {rated} tried" if call.seeds > 1 else ""
        screen.print(
            f"Stopped. {len(found.rows)} of {len(mutants)} mutants are graded{under}; the same command continues "
            "from there.",
            soft_wrap=True,
        )
        return STOPPED
    if call.into:
        head = f"`autograder audit {call.name}`, {_settings(call)}.\n\n"
        put_into(call.into, call.name, head + matrix.markdown(found, call.seeds), "audit")
    mutation.forget(out)
    return 0 if matrix.passes(found, call.at_least) else 1


def _settings(call: Call) -> str:
    """What the numbers of a table depend on."""
    which = "kept mutants" if call.kept else "all mutants"
    data = f", data: {call.data}" if call.data else ""
    return f"{which}, {counted(call.seeds, 'seed')}, {call.seconds:g} s for each mutant{data}"


def _watched(plan: Audit, mutants: Sequence[Mutant], screen: Console) -> Matrix:
    """Audit, with a bar in a terminal, and with a line for each mutant elsewhere."""
    done = itertools.count(1)
    with Progress(console=screen, disable=not screen.is_terminal, transient=True) as progress:
        task = progress.add_task("Auditing", total=len(mutants))

        def notify(event: Event) -> None:
            if isinstance(event, Finished | Known):
                progress.advance(task)
                if not screen.is_terminal:
                    screen.print(
                        f"\\[{next(done)}/{len(mutants)}] {escape(matrix.outcome(event.report))}", soft_wrap=True
                    )

        rated = itertools.count(1)

        def notify_rate(mutant: str, rate: Rate) -> None:
            if rate.done and not screen.is_terminal:
                screen.print(escape(f"Seeds tried of mutant {next(rated)}: {mutant}"), soft_wrap=True)

        return mutation.audit(plan, mutants, notify, notify_rate)


def _show(screen: Console, found: Matrix, plan: Audit, *, complete: bool) -> None:
    if not found.rows:
        return
    if complete:
        _matrix(screen, found)
    screen.print(_table(found))
    for row in matrix.survivors(found):
        screen.print(_in_words(row), soft_wrap=True)
    same = [row for row in found.rows if row.no_difference and not row.accepted]
    for row in same:
        screen.print(_in_words(row), soft_wrap=True)
    if same:
        screen.print(
            f"No difference seen in {len(same)} of them: the changed line is run, and every answer is the reference's, "
            "byte for byte, also when the checks run with other numbers in their calls, and so are the arguments after "
            "each call. They are not counted.\n",
            soft_wrap=True,
        )
    for row in matrix.escaped(found):
        about = escape(f"{row.mutant.id} ({row.mutant.about})")
        fix = "draw points at which it shows" if row.noticed else "sharpen a check until one notices"
        screen.print(f"[red]Kept, and not caught:[/] {about}; {fix}.", soft_wrap=True)
    _seeds(screen, found, plan)
    for row in matrix.unjudged(found):
        screen.print(
            f"[magenta]Not judged, because of an internal error:[/] {escape(row.mutant.id)}; run the same "
            "command again to grade it.",
            soft_wrap=True,
        )
    if complete:
        for check in matrix.idle(found):
            screen.print(f"Caught nothing: {escape(check)}", soft_wrap=True)
        for pair in matrix.twins(found):
            screen.print(f"Always agree: {escape(' and '.join(pair))}", soft_wrap=True)
    _rate(screen, found)


def _rate(screen: Console, found: Matrix) -> None:
    """How many were caught: of all of them the share, of those of an audit that was stopped the number alone."""
    reasons = [row for row in found.rows if row.accepted]
    for row in reasons:
        if row.caught:
            screen.print(f"Accepted, but caught this time: {escape(row.mutant.id)}")
    waived = sum(not row.caught for row in reasons)
    aside = f"; {waived} accepted as harmless" if waived else ""
    if found.stopped:  # a rate of those that are done would look like the result
        screen.print(f"\nSo far, {found.caught} of {counted(len(found.counted), 'mutant')} caught{aside}; no rate yet.")
        return
    percent = int(10 * matrix.rate(found)) / 10  # 99.96 must not look like all
    screen.print(f"\n{found.caught} of {len(found.counted)} mutants caught ({percent:g} %){aside}.")


def _seeds(screen: Console, found: Matrix, plan: Audit) -> None:
    """How often the mutants were caught under several seeds, and by which checks."""
    if not any(row.rate for row in found.rows):
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Check")
    table.add_column("Caught again", justify="right")
    for check, (caught, asked) in matrix.by_check(found).items():
        again = f"{caught:,} of {asked:,}"
        table.add_row(escape(check), again if caught == asked else f"[yellow]{again}[/]")
    screen.print(table)
    for row in found.rows:
        if row.rate:
            line = escape(f"{row.mutant.id}: {matrix.rate_in_words(row.rate, plan.seeds)}")
            screen.print(line if row.rate.enough else f"[yellow]{line}[/]", soft_wrap=True)
    for sentence in matrix.rates_in_words(found):
        screen.print(sentence, soft_wrap=True)


def _table(found: Matrix) -> Table:
    """Operators with what was generated and caught."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Mistake")
    table.add_column("Mutants", justify="right")
    table.add_column("Caught", justify="right")
    for name, (count, caught) in matrix.by_operator(found).items():
        table.add_row(name, str(count), str(caught) if caught == count else f"[yellow]{caught}[/]")
    return table


def _matrix(screen: Console, found: Matrix) -> None:
    """Mutants down, checks across; the letters of the checks are explained first."""
    letters = matrix.letters(len(found.checks))
    width = max(map(len, letters))
    for letter, check in zip(letters, found.checks, strict=True):
        screen.print(f"{letter:>{width}}  {escape(check)}", soft_wrap=True)
    head = " ".join(f"{letter:>{width}}" for letter in letters)
    longest = max(len(row.mutant.id) for row in found.rows)
    screen.print(f"\n{'':{longest}}  {head}   (x caught, . not, - skipped, ? our fault)", soft_wrap=True)
    for row in found.rows:
        signs = " ".join(f"{sign:>{width}}" for sign in matrix.cells(found, row))
        note = f"   {row.fate}" if row.fate else ""
        screen.print(f"{row.mutant.id:{longest}}  {signs}{note}".rstrip(), soft_wrap=True, markup=False)


def _in_words(row: Row) -> str:
    """A survivor with its change."""
    mutant = row.mutant
    place = f"{mutant.file}:{mutant.line}" + (f" in {mutant.function}" if mutant.function else "")
    place += f": {mutant.about}" if mutant.about else ""
    why = f", {row.alike}" if row.alike and not row.noticed and not row.no_difference else ""
    head = "No difference seen" if row.no_difference else "Survived"
    diff = "\n".join(f"    {line}" for line in mutant.diff.splitlines()[3:])
    return f"[yellow]{head}:[/] {mutant.id} ({escape(place)}){why}\n{escape(diff)}\n"
