"""A small example with its numbers, which a public check shows, and inputs that come across all that a function did.

Such inputs are more draws, or the recorded calls themselves.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.records.conversion import mapped
from autograder.scaffold import bodies
from autograder.scaffold.answers import mixed as holds_text
from autograder.scaffold.bodies import Subject
from autograder.scaffold.cases import Case
from autograder.scaffold.helpers import AGREE
from autograder.scaffold.inputs import Unknown
from autograder.scaffold.literals import TooLong, literal
from autograder.scaffold.tracing import Call
from autograder.scaffold.trial_runner import BUDGET, Failed, TrialRunner

__all__ = ["covered", "held", "like_calls", "missed", "recorded_texts", "small_example", "unreached"]

SEEDS = (11, 12, 13, 14, 15)
EXAMPLE_SECONDS = 2.0
EXAMPLE_TRIES = tuple(range(1, 13))


def small_example(
    trial_runner: TrialRunner,
    small: Subject,
    rows: Sequence[tuple[Any, ...]],
    expected: Sequence[str],
    *,
    mixed: bool,
    calls: Sequence[Call] = (),
) -> list[str]:
    """The body of a public check: inputs and the reference's answer as literals, [] where that does not work.

    Of some draws and of the recorded `calls`, the one is taken that comes across most of what these did (see `cases`),
    and of equal ones that with the most different numbers in its answer: one full of zeros tells little.
    """
    asked = frozenset[Case]().union(*(call.cases for call in like_calls(small, calls)))
    recorded = [] if small.has_objects else list(_recorded(small, calls))
    for row in rows:
        tried = [(_drawn_texts(trial_runner, small, row, seed), 0) for seed in SEEDS] + [(each, 1) for each in recorded]
        found = []
        for texts, late in tried:
            if each := _example(trial_runner, small, row, expected, texts, mixed=mixed):
                cases, different, body = each
                found.append((-len(cases & asked), late, -different, body))
        drawn = [body for _, late, _, body in found if not late] or [body for *_, body in found]
        for *_, body in sorted(found, key=lambda each: each[:3]):
            if trial_runner.passes(body, AGREE, seeds=EXAMPLE_TRIES):
                budget = BUDGET / len(drawn)
                holding = sum(trial_runner.passes(each, AGREE, seeds=EXAMPLE_TRIES, budget=budget) for each in drawn)
                return body if 2 * holding > len(drawn) else []  # else it holds by chance, or in a special case
    return []


def _example(
    trial_runner: TrialRunner,
    small: Subject,
    row: tuple[Any, ...],
    expected: Sequence[str],
    texts: Mapping[str, str] | None,
    *,
    mixed: bool,
) -> tuple[set[Case], int, list[str]] | None:
    """What an example comes across, how many different numbers it has, and its lines; None where it does not work."""
    if texts is None:
        return None
    try:
        lines = [f"{name} = {text}" for name, text in texts.items()]
        call, right = (
            [_filled(line, small, row) for line in bodies.answers(small, side, expected)]
            for side in ("student", "reference")
        )
        with trial_runner.watching(small.name) as cases:
            body = [*lines, "answers = []", *right, "return answers[0]"]
            want = trial_runner.run(body, seed=1, seconds=EXAMPLE_SECONDS)
        text = literal(want, digits=6)
    except (Failed, Unknown, TooLong):
        return None
    last = re.sub(r"^answers\.append\((.*)\)$", r"\1", call[-1])
    name = small.title if list(expected) == ["got"] else f"what {small.function} gives"
    mixed = mixed or holds_text(want)
    judge = f'agree({last}, {text}, "{name}", rtol=1e-4)' if mixed else _judged(last, text, name, want)
    different = len(set(re.findall(r"[\w.-]+", text)) - {"0.0", "-0.0"})
    return cases, different, bodies.tidy([*lines, *call[:-1], judge])


def _recorded(subject: Subject, calls: Sequence[Call]) -> Iterator[dict[str, str]]:
    """The arguments of recorded calls as people would type them."""
    for call, _ in recorded_texts(subject, calls):
        with contextlib.suppress(TooLong):
            values = (call.values or {}).items()
            yield {subject.inputs.variable(name): literal(_rounded(value)) for name, value in values}


def _drawn_texts(trial_runner: TrialRunner, subject: Subject, row: tuple[Any, ...], seed: int) -> dict[str, str] | None:
    """The text of each input of one row; None where it is too long."""
    try:
        return {name: literal(value) for name, value in _drawn(trial_runner, subject, row, seed).items()}
    except (Failed, Unknown, TooLong):
        return None


def _drawn(trial_runner: TrialRunner, subject: Subject, row: tuple[Any, ...], seed: int) -> dict[str, Any]:
    """The value of each input of one row, by name, rounded where that leaves it what it is."""
    inputs = subject.inputs
    lines = bodies.once(inputs, row, bodies.prepared(subject))
    names = [match[1] for line in lines if (match := re.match(r"(\w+) = ", line))]
    passed = {inputs.variable(name) for name in subject.passed}
    names = [name for name in names if name not in inputs.columns or name in passed]
    names += [name for name in inputs.columns if name in passed]
    pairs = ", ".join(f"{name!r}: {name}" for name in dict.fromkeys(names))
    values: dict[str, Any] = trial_runner.run([*lines, f"return {{{pairs}}}"], seed=seed)
    return {name: value if name in inputs.columns else _rounded(value) for name, value in values.items()}


def _filled(line: str, subject: Subject, row: tuple[Any, ...]) -> str:
    """A line with the numbers of a row in the place of lengths that are no arguments themselves."""
    passed = {subject.inputs.variable(name) for name in subject.passed}
    for name, value in zip(subject.inputs.columns, row, strict=True):
        if name not in passed:
            line = re.sub(rf"(?<![\w.]){name}\b(?!\s*=[^=])", repr(value), line)
    return line


def _rounded(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.allclose(value.sum(axis=-1), 1):
        small = np.copysign(0.1, value) * (value != 0)  # at 0, derivatives and signs may be this or that
        return np.where(np.abs(value) < 0.05, small, value.round(1)) + 0.0
    if isinstance(value, float):
        return float(f"{value:.2g}")
    return mapped(value, _rounded, flat=False)


def _judged(call: str, text: str, name: str, want: Any) -> str:
    if _whole(want):
        return f'same({call}, {text}, name="{name}")'
    largest = max((abs(each) for each in _flat(want)), default=0.0)
    atol = f", atol=1e{int(np.floor(np.log10(largest))) - 6}" if largest > 0 else ""
    return f'close({call}, {text}, name="{name}", rtol=1e-4{atol})'


def _whole(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "iu" if not isinstance(value, (list, tuple, dict)) else False


def _flat(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in _flat(each)]
    if isinstance(value, (list, tuple)):
        return [number for each in value for number in _flat(each)]
    return [float(each) for each in np.asarray(value).ravel()]


# --- inputs that come across all that the calls did ---

COVERING_SEEDS = (1, 2, 3, 4, 5)
WATCHING_BUDGET = 2.0
"""CPU seconds for watching what the drawn inputs of one function come across."""
MOST_ROWS = 12
MOST_CALLS = 6
MOST_TEXT = 300
"""Characters that the arguments of a recorded call may take in a check."""

Rows = list[tuple[Any, ...]]


def covered(
    runner: TrialRunner, subject: Subject, rows: Rows, calls: Sequence[Call]
) -> tuple[Subject, Rows, frozenset[Case]]:
    """The subject and rows with which every case of the recorded calls is met under each seed, and what is left.

    Where drawn inputs miss a case, recorded calls are taken over, the fewest that have all of the missed ones; where
    these cannot be written down, more inputs are drawn.
    """
    left = missed(runner, subject, rows, calls)
    chosen: list[Mapping[str, str]] = []
    known = [] if subject.has_objects else list(recorded_texts(subject, calls))
    while left and known and len(chosen) < MOST_CALLS:
        call, text = max(known, key=lambda each: (len(each[0].cases & left), -sum(map(len, each[1].values()))))
        if not call.cases & left:
            break
        chosen.append(text)
        left -= call.cases
    subject = replace(subject, recorded=tuple(chosen))
    more = (rows * 4)[: max(MOST_ROWS, len(rows))]
    if left and len(more) > len(rows) and len(fewer := left - _always(runner, subject, more)) < len(left):
        rows, left = more, fewer
    return subject, rows, left


def missed(runner: TrialRunner, subject: Subject, rows: Rows, calls: Sequence[Call]) -> frozenset[Case]:
    """What the recorded calls came across, and inputs that are drawn do not under every seed."""
    asked = frozenset[Case]().union(*(call.cases for call in like_calls(subject, calls)))
    return asked - _always(runner, subject, rows) if asked else asked


def held(subject: Subject, calls: Sequence[Call], recorded: Sequence[Mapping[str, str]]) -> bool:
    """Whether all calls of the subject's own form are among those that another check goes on with."""
    own = [
        call
        for call in calls
        if {name: spec.signature for name, spec in call.given.items()}
        == {name: spec.signature for name, spec in subject.inputs.given.items()}
    ]
    texts = [text for _, text in recorded_texts(subject, own)]
    return bool(own) and len(texts) == len(own) and all(text in recorded for text in texts)


def like_calls(subject: Subject, calls: Sequence[Call]) -> list[Call]:
    """The calls that give the same arguments as the subject's; a dictionary is one with whatever keys."""
    form = {name: _kind(spec.kind) for name, spec in subject.inputs.given.items() if name in subject.passed}
    return [call for call in calls if {name: _kind(spec.kind) for name, spec in call.given.items()} == form]


def _kind(kind: str) -> str:
    return {"record": "mapping", "items": "list"}.get(kind, kind)


def recorded_texts(subject: Subject, calls: Sequence[Call]) -> Iterator[tuple[Call, Mapping[str, str]]]:
    """Those of the calls whose arguments can be typed, with the text of each argument."""
    for call in like_calls(subject, calls):
        if not call.values or any(spec.kind == "generator" for spec in call.given.values()):
            continue
        try:
            texts = {name: literal(value) for name, value in call.values.items()}
        except TooLong:
            continue
        if sum(map(len, texts.values())) <= MOST_TEXT:
            yield call, texts


def _always(runner: TrialRunner, subject: Subject, rows: Rows) -> frozenset[Case]:
    """What the drawn inputs come across under each seed."""
    call = bodies.answers(subject, "reference", ["got"])
    lines = bodies.on_inputs(replace(subject, recorded=()), rows, ["answers = []", *call])
    common: frozenset[Case] | None = None
    begun = time.process_time()
    for seed in COVERING_SEEDS:
        with runner.watching(subject.name) as found:
            try:
                runner.run(lines, seed=seed)
            except Failed:
                continue
        common = frozenset(found) if common is None else common & found
        if time.process_time() - begun > WATCHING_BUDGET:
            break
    return common or frozenset()


def unreached(left: Collection[Case], source: str, name: str) -> str:
    """A sentence on what the inputs of the checks never come across."""
    lines = source.splitlines()
    where = sorted({case.line for case in left if case.line})
    said = [f"line {line} (`{lines[line - 1].strip()}`)" for line in where if 0 < line <= len(lines)]
    said += sorted(f"`{case.said}`" for case in left if not case.line)
    return (
        f"{name}: the example came to {', '.join(said[:3])}, and the drawn inputs of its checks may not; "
        "add inputs that do."
    )
