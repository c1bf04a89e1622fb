"""A small example with its numbers: what a public check shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.records.traversal import mapped
from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.helpers import AGREE
from autograder.scaffold.inputs import Unknown
from autograder.scaffold.trying import Failed, TrialRunner

__all__ = ["literal", "small_example"]

MOST_NUMBERS = 60
SEEDS = (11, 12, 13, 14, 15)
EXAMPLE_SECONDS = 2.0
EXAMPLE_TRIES = tuple(range(1, 13))


def small_example(
    trial_runner: TrialRunner, small: Subject, rows: Sequence[tuple[Any, ...]], expected: Sequence[str], *, mixed: bool
) -> list[str]:
    """The body of a public check: inputs and the reference's answer as literals, [] where that does not work.

    Of some draws, the one with the most different numbers in its answer is taken: one full of zeros tells little.
    """
    helper = AGREE if mixed else ""
    for row in rows:
        found = [each for seed in SEEDS if (each := _example(trial_runner, small, row, expected, seed, mixed=mixed))]
        examples = [body for _, body in sorted(found, key=lambda each: -each[0])]
        for body in examples:
            if trial_runner.passes(body, helper, seeds=EXAMPLE_TRIES):
                holding = sum(trial_runner.passes(other, helper, seeds=EXAMPLE_TRIES) for other in examples)
                return body if 2 * holding > len(examples) else []  # else it holds by chance, or in a special case
    return []


def _example(
    trial_runner: TrialRunner, small: Subject, row: tuple[Any, ...], expected: Sequence[str], seed: int, *, mixed: bool
) -> tuple[int, list[str]] | None:
    """How many different numbers an example has, and its lines; None where it does not work."""
    try:
        lines = [f"{name} = {literal(value)}" for name, value in _drawn(trial_runner, small, row, seed).items()]
        call = [_filled(line, small, row) for line in bodies.answers(small, "student", expected)]
        want = trial_runner.run([*lines, "answers = []", *call, "return answers[0]"], seed=1, seconds=EXAMPLE_SECONDS)
        text = literal(want, digits=6)
    except (Failed, Unknown, TooLong):
        return None
    last = re.sub(r"^answers\.append\((.*)\)$", r"\1", call[-1])
    name = small.title if list(expected) == ["got"] else f"what {small.function} gives"
    judge = f'agree({last}, {text}, "{name}", rtol=1e-4)' if mixed else _judged(last, text, name, want)
    different = len(set(re.findall(r"[\w.-]+", text)) - {"0.0", "-0.0"})
    return different, bodies.tidy([*lines, *call[:-1], judge])


class TooLong(Exception):
    """A literal would have too many numbers to be read."""


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
        return value.round(1) + 0.0
    if isinstance(value, float):
        return float(f"{value:.2g}")
    return mapped(value, _rounded, flat=False)


def literal(value: Any, digits: int = 17) -> str:
    """A value as people would type it.

    Raises:
        TooLong: more than `MOST_NUMBERS` numbers.
    """
    text, count = _literal(value, digits, bare=digits < 17)
    if count > MOST_NUMBERS:
        raise TooLong
    return text


def _literal(value: Any, digits: int, *, bare: bool = False) -> tuple[str, int]:
    if isinstance(value, np.ndarray):
        inner, count = _literal(value.tolist(), 6 if value.dtype == np.float32 else digits)
        if not value.size:
            raise TooLong
        if bare:
            return inner, count
        dtype = ", dtype=np.float32" if value.dtype == np.float32 else ""
        return f"np.array({inner}{dtype})", count
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_NUMBERS:
            raise TooLong
        parts = [_literal(each, digits) for each in value]
        inner = ", ".join(text for text, _ in parts)
        count = sum(number for _, number in parts)
        if isinstance(value, tuple):
            return (f"({inner},)" if len(parts) == 1 else f"({inner})"), count
        return f"[{inner}]", count
    if isinstance(value, dict):
        pairs = [(repr(key), *_literal(each, digits)) for key, each in value.items()]
        return "{" + ", ".join(f"{key}: {text}" for key, text, _ in pairs) + "}", sum(n for _, _, n in pairs)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        short = float(f"{value:.{digits}g}")
        return repr(short), 1
    if isinstance(value, (int, str, bool, bytes, type(None))):
        return repr(value), 1
    raise TooLong


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
