"""Inputs with which the reference works: lengths that vary on their own, and numbers at which mistakes show.

All lengths are free first, then as few as possible are kept as recorded. A number of iterations takes two values with
different answers, labels leave no class empty where the reference cannot do with that, and where there are
exponentials, one set of inputs is so large that an exponential alone would overflow.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.scaffold import bodies
from autograder.scaffold.answers import finite
from autograder.scaffold.bodies import Subject
from autograder.scaffold.inputs import EPOCHS, LARGE, Inputs, Unknown
from autograder.scaffold.recorded_functions import form_of, with_settings_of
from autograder.scaffold.shared_lengths import settled_ties
from autograder.scaffold.tracing import Cut, Traced, time_limit
from autograder.scaffold.trial_runner import BUDGET, SECONDS, Failed, TrialRunner, largest_exponent, opened
from autograder.scaffold.values import Spec, merged

__all__ = ["MANY_SEEDS", "SURE_SEEDS", "Working", "repeats"]


TRIES = 48
SCALES = (10.0, 30.0, 100.0, 300.0, 1000.0)
OVERFLOW = 720.0
SCALE_SEEDS = (1, 2, 3, 4, 5, 6)
"""Draws of the large inputs, in each of which an exponential alone must overflow."""
ROWS = 6
SURE_SEEDS = tuple(range(3, 13))
MANY_SEEDS = tuple(range(4, 28))
MOST_KEPT = 2000
"""Numbers in an array, or parts of a list, of an answer that is kept for the next time that it is asked for."""
DRAWING_BUDGET = 6.0
"""CPU seconds for trying whether an answer that is drawn comes out the same in any case."""


class Working:
    """Looks for inputs with which one function of the reference works.

    Args:
        name: its qualified name.
        traced: the recorded calls.
        source: text of its module.
        trial_runner: where inputs are tried.

    Attributes:
        reason: why the last inputs did not work.
    """

    def __init__(self, name: str, traced: Traced, source: str, trial_runner: TrialRunner) -> None:
        self.name = name
        self.traced = traced
        self.source = source
        self.trial_runner = trial_runner
        self.reason = ""
        self._known: dict[tuple[tuple[str, ...], int], Any] = {}
        self._reasons: dict[tuple[tuple[str, ...], int], str] = {}

    def working(self, subject: Subject) -> tuple[Subject, list[tuple[Any, ...]]] | None:
        """The subject with as many lengths free as can be, and the rows of sizes with which it works."""
        plain = replace(subject, before="")
        for candidate in [plain, *([self.with_before(subject)] if subject.before else [])]:
            if candidate is None:
                continue
            chosen = candidate.inputs.choices
            candidate = settled_ties(candidate, self.tried, functools.partial(self.shapes, candidate.inputs.me))
            choices = {**candidate.inputs.choices, **chosen}
            candidate = replace(candidate, inputs=replace(candidate.inputs, choices=choices))
            for inputs in itertools.islice(_variants(candidate.inputs), TRIES):
                tried = replace(candidate, inputs=inputs)
                rows = tried.inputs.rows(ROWS)
                for seeds in ((1,), (1, 2)):  # most lengths that must not vary show at once
                    rows = [row for row in rows if self.works(tried, row, seeds)]
                    if not (rows and self.vary(tried, rows)):
                        break
                else:
                    tried, rows = self.with_every_class(tried, rows)
                    tried, rows = self.iterated(tried, self.telling(tried, self.sure(tried, rows)))
                    return self.scaled(tried, rows[:4])
        return None

    def agreed(self, lines: Sequence[str], helper: str) -> bool:
        """Whether a comparison passes; where the reference draws random numbers, under many seeds."""
        return self.trial_runner.passes(lines, helper) and (
            not self.trial_runner.draws
            or self.trial_runner.passes(lines, helper, seeds=MANY_SEEDS, budget=DRAWING_BUDGET)
        )

    def on_texts(self, subject: Subject) -> tuple[Subject, list[tuple[Any, ...]]] | None:
        """With other texts made of the recorded one, where it is all that a call is given, and they work as well."""
        inputs = subject.inputs
        for name, text in _only_texts(subject).items():
            inputs = inputs.choosing(name, _texts_like(text))
        found = self.working(replace(subject, inputs=inputs)) if inputs is not subject.inputs else None
        return found if found and len(set(found[1])) > 1 else None

    def vary(self, subject: Subject, rows: list[tuple[Any, ...]]) -> bool:
        """Whether each free length is more than 1 in a row that works: with 1 alone, the reference may broadcast."""
        places = [place for place, name in enumerate(subject.inputs.columns) if name in subject.inputs.free]
        return all(any(row[place] > 1 for row in rows) for place in places)

    def with_every_class(self, subject: Subject, rows: list[tuple[Any, ...]]) -> tuple[Subject, list[tuple[Any, ...]]]:
        """With labels that leave no class empty, where the reference cannot do with an empty one, or warns."""
        filled = replace(subject, inputs=replace(subject.inputs, every_class=True))
        if bodies.prepared(filled) == bodies.prepared(subject):
            return subject, rows
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # such as the mean of an empty slice
            if all(self.works(subject, row, MANY_SEEDS, budget=BUDGET / len(rows), fresh=True) for row in rows):
                return subject, rows
        working = [row for row in filled.inputs.rows(ROWS) if self.works(filled, row)]
        return (filled, working) if working and self.vary(filled, working) else (subject, rows)

    def sure(self, subject: Subject, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows that work with most draws; where small inputs are not enough, larger ones."""
        for each in (rows, subject.inputs.rows(ROWS, factor=4)):
            found = [row for row in each if self.works(subject, row, SURE_SEEDS, budget=BUDGET / len(each))]
            if found and self.vary(subject, found):
                return found
        return rows

    def tried(self, subject: Subject, row: tuple[Any, ...], line: str = "") -> Any:
        """What the reference gives, with inputs changed by a line; None where it fails or gives no finite numbers."""
        try:
            found = self.value(subject, row, 1, line)
        except (Failed, Unknown):
            return None
        return found if finite(found) else None

    def shapes(self, me: Spec | None, changed: Mapping[str, int]) -> dict[str, tuple[int, ...]] | None:
        """The shapes of attributes of a new object like the recorded one, with other integers for its constructor."""
        kinds = [vars(each)[me.text] for each in self.traced.modules.values() if me and me.text in vars(each)]
        if me is None or not kinds or any(not part.values for part in me.parts):
            return None
        given = {name: part.values[0] for name, part in zip(me.keys, me.parts, strict=True)} | dict(changed)
        try:
            with time_limit(SECONDS):
                made = kinds[0](**given)
            return {name: np.shape(getattr(made, name)) for name in me.attributes if hasattr(made, name)}
        except (Cut, Exception):  # noqa: BLE001 (the constructor does not take these)
            return None

    def iterated(self, subject: Subject, rows: list[tuple[Any, ...]]) -> tuple[Subject, list[tuple[Any, ...]]]:
        """With two numbers of iterations at which the answers differ, so that one too few or too many shows."""
        inputs = subject.inputs
        own = zip(inputs.me.keys, inputs.me.parts, strict=False) if inputs.me is not None and subject.owner else ()
        for name, spec in (*inputs.given.items(), *own):
            if spec.kind != "int" or not EPOCHS.fullmatch(name) or not name.isidentifier():
                continue
            seen: list[str] = []
            telling = []
            for count in (1, 2, 3, 4, 5):
                tried = replace(subject, inputs=inputs.choosing(name, (count,)))
                found = repr(self.tried(tried, tried.inputs.rows(1)[0]))
                if found != "None" and found not in seen:
                    telling.append(count)
                seen.append(found)
            if len(telling) > 1:
                chosen = replace(subject, inputs=inputs.choosing(name, (telling[-1], telling[0])))
                works = [row for row in chosen.inputs.rows(ROWS) if self.works(chosen, row)]
                if len(works) > 1:
                    return chosen, works
        return subject, rows

    def telling(self, subject: Subject, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows in which each count has a meaning: one less would give another answer."""
        inputs = subject.inputs
        columns = [place for place, name in enumerate(inputs.columns) if name in dict(inputs.counts())]

        def tells(row: tuple[Any, ...], place: int) -> bool:
            less = (*row[:place], row[place] - 1, *row[place + 1 :])
            other, usual = (repr(opened(self.tried(subject, each))) for each in (less, row))
            return row[place] < 2 or other != usual

        return [row for row in rows if all(tells(row, place) for place in columns)] or rows

    def with_before(self, subject: Subject) -> Subject | None:
        """The subject after the method that the example called before it, whose arguments are inputs, too."""
        calls = [call for call in self.traced.calls[self.name] if call.earlier and call.before.endswith(subject.before)]
        like = [call for call in calls if form_of(call) == form_of(calls[-1])]
        try:
            before = {name: merged([call.earlier[name] for call in like]) for name in like[-1].earlier}
            own = {name: merged([call.given[name] for call in like]) for name in like[-1].given}
        except (KeyError, ValueError):
            return None
        recorded = {name for call in calls for name in call.given}
        own |= {name: spec for name, spec in subject.inputs.given.items() if name not in recorded}  # other settings
        taken = {*before, *own}
        data = {
            name for name in own if name in before and own[name].lengths
        }  # others: to train with, to be asked about
        names = {name: f"{name}_{subject.before}" if name in data else name for name in before}
        if any(new != name and new in taken for name, new in names.items()):
            return None
        earlier = {names[name]: spec for name, spec in before.items()}
        me = with_settings_of(subject.inputs.me, merged([call.me for call in like if call.me]))
        inputs = Inputs({**earlier, **own}, me, subject.inputs.attributes)
        return replace(subject, inputs=inputs, before_given=tuple(earlier), passed=tuple(own))

    def scaled(self, subject: Subject, rows: list[tuple[Any, ...]]) -> tuple[Subject, list[tuple[Any, ...]]]:
        """With large numbers in one row, where exponentials might overflow and the reference does not."""
        if not re.search(r"\b(exp|softmax|sigmoid|logaddexp|logsumexp|log1p)\b", self.source):
            return subject, rows
        inputs = replace(subject.inputs, scaled=True)
        if not any("scale *" in line for line in bodies.prepared(replace(subject, inputs=inputs))):
            return subject, rows
        large = replace(subject, inputs=inputs)
        place = min(LARGE, len(rows) - 1)
        if len(rows) < 2:
            return subject, rows
        for factor in SCALES:  # the smallest with which an exponential alone would overflow, whatever is drawn
            enough = True
            for seed in SCALE_SEEDS:
                with largest_exponent() as largest:
                    if not self.works(large, (*rows[place], factor), (seed,), fresh=True):
                        return subject, rows
                enough = largest[0] > OVERFLOW
                if not enough and factor != SCALES[-1]:
                    break
            if enough:
                break
        return large, [(*row, factor if each == place else 1.0) for each, row in enumerate(rows)]

    def works(
        self,
        subject: Subject,
        row: tuple[Any, ...],
        seeds: Sequence[int] = (1, 2),
        *,
        budget: float = BUDGET,
        fresh: bool = False,
    ) -> bool:
        """Whether the reference gives finite answers with such inputs, under as many seeds as the CPU seconds allow.

        What is known from an earlier try counts, unless it is asked for a `fresh` one, which is watched.
        """
        begun = time.process_time()
        for seed in seeds:
            if time.process_time() - begun > budget:
                break
            key = (self.call(subject, row), seed)
            reason = None if fresh else self._reasons.get(key)
            if reason is None:
                reason = self.why_not(subject, row, seed, fresh=fresh)
                if not (fresh and reason):  # it may fail for a warning, which is no fault elsewhere
                    self._reasons[key] = reason
            if reason:
                self.reason = reason
                return False
        return True

    def why_not(self, subject: Subject, row: tuple[Any, ...], seed: int, *, fresh: bool) -> str:
        """Why such inputs do not work; "" where they do."""
        try:
            found = self.value(subject, row, seed, fresh=fresh)
        except Failed as error:
            return str(error).rstrip(".") or "it failed"
        return "" if finite(found) else "the result is not finite"

    def call(self, subject: Subject, row: tuple[Any, ...], line: str = "") -> tuple[str, ...]:
        """The lines that call the reference with such inputs, changed by a line."""
        expected = [f"{subject.variable}.{name}" for name in subject.state] if subject.owner else []
        call = bodies.answers(subject, "reference", ["got", *expected])
        changed = [*bodies.prepared(subject), *filter(None, [line])]
        return tuple(bodies.once(subject.inputs, row, [*changed, "answers = []", *call, "return answers[0]"]))

    def value(
        self, subject: Subject, row: tuple[Any, ...], seed: int = 1, line: str = "", *, fresh: bool = False
    ) -> Any:
        """What the reference returns with such inputs, changed by a line: known from an earlier try, unless `fresh`."""
        lines = self.call(subject, row, line)
        if not fresh and (lines, seed) in self._known:
            return _given_back(self._known[lines, seed])
        try:
            found = self.trial_runner.run(lines, seed=seed)
        except Failed as error:
            found = error
        if not fresh and (isinstance(found, Failed) or _is_small(found)):
            self._known[lines, seed] = found
        return _given_back(found)


def _given_back(found: Any) -> Any:
    """What a call gave, which raises once more what it raised."""
    if isinstance(found, Failed):
        raise found.with_traceback(None)
    return found


def _is_small(value: Any) -> bool:
    """Whether an answer may be kept: plain, and not large. An object would keep all that it was made from."""
    if isinstance(value, dict):
        return all(map(_is_small, value.values()))
    if isinstance(value, (list, tuple)):
        return len(value) <= MOST_KEPT and all(map(_is_small, value))
    return opened(value) is value and (not isinstance(value, np.ndarray) or value.size <= MOST_KEPT)


def _only_texts(subject: Subject) -> dict[str, str]:
    """The arguments that are a text, the same in every call, where nothing else varies; {} where something does."""
    given = subject.inputs.given.items()
    if subject.inputs.free or any(spec.kind in ("generator", "object") for _, spec in given):
        return {}
    if any("rng." in line for line in bodies.prepared(subject)) or subject.inputs.choices:
        return {}
    return {name: spec.values[0] for name, spec in given if spec.kind == "literal" and isinstance(spec.values[0], str)}


def _texts_like(text: str) -> tuple[str, ...]:
    """The text, and others of its words, or of its letters where it is one word."""
    parts, between = (text.split(), " ") if len(text.split()) > 1 else (list(text), "")
    draw = random.Random(text)  # noqa: S311 (no secret; the same draft every time)
    sizes = (2 * len(parts), len(parts) + 1, max(len(parts) - 1, 1), 3 * len(parts))
    made = [between.join(draw.choices(parts, k=size)) for size in sizes] if parts else []
    return tuple(dict.fromkeys([text, *made]))


def repeats(subject: Subject) -> bool:
    """Whether every call of a drafted check would have the same texts, since no others work."""
    return bool(_only_texts(subject))


def _variants(inputs: Inputs) -> Iterator[Inputs]:
    """All lengths free, then with one of them as recorded, then with two, ..."""
    names = [name for name in inputs.names.values() if inputs.recorded[name] <= 2000]
    names.sort(key=lambda name: inputs.recorded[name])
    for count in range(len(names) + 1):
        for fixed in itertools.combinations(names, count):
            yield replace(inputs, fixed=frozenset(fixed), names=inputs.names, recorded=inputs.recorded)
