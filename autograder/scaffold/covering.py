"""Inputs that come across all that the recorded calls of a function did: more draws, or those calls themselves."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.cases import Case
from autograder.scaffold.literals import TooLong, literal
from autograder.scaffold.tracing import Call
from autograder.scaffold.trials import Failed, TrialRunner

__all__ = ["covered", "held", "like_calls", "missed", "recorded_texts", "unreached"]

SEEDS = (1, 2, 3, 4, 5)
BUDGET = 2.0
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
    for seed in SEEDS:
        with runner.watching(subject.name) as found:
            try:
                runner.run(lines, seed=seed)
            except Failed:
                continue
        common = frozenset(found) if common is None else common & found
        if time.process_time() - begun > BUDGET:
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
