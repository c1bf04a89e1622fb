"""The answers of both sides, compared part by part, each as strictly as the reference allows.

A part is equal, equal up to the signs of rows or columns, or equal in another order; a table, up to the order of rows
that are equal in what it is sorted by. Where it cannot be compared, it has a shape, a range, or is made of samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.scaffold import bodies
from autograder.scaffold.answers import Part, array_of, entry_of, is_list, keys_of, mixed, whole
from autograder.scaffold.bodies import Subject
from autograder.scaffold.helpers import HELPERS
from autograder.scaffold.trial_runner import TrialRunner

__all__ = ["SEEDS", "Comparisons"]

SEEDS = (1, 2, 3, 4, 5, 6, 7, 8)
SECONDS_OF_TRYING = 6.0
MOST_WAYS = 12
"""Of columns, rising or falling, by which a table may be sorted."""
TABLES = ("Table", "Column")


class Comparisons:
    """Lines about the parts of the answers of both sides, each as strict as the reference allows.

    Args:
        trial_runner: where checks are tried.
        subject: the function.
        rows: sizes with which it works.
        parts: of its answer.
        siblings: every function and method of the reference by qualified name, with its parameters.
        tolerance: how numbers are compared.
    """

    def __init__(
        self,
        trial_runner: TrialRunner,
        subject: Subject,
        rows: Sequence[tuple[Any, ...]],
        parts: Sequence[Part],
        siblings: Mapping[str, Sequence[str]],
        tolerance: str,
    ) -> None:
        self.trial_runner = trial_runner
        self.subject = subject
        self.rows = rows
        self.parts = parts
        self.siblings = siblings
        self.tolerance = f", {tolerance}"

    def passes(self, lines: Sequence[str], seeds: Sequence[int] = SEEDS) -> bool:
        """Whether the reference passes, beside a disturbed copy of itself."""
        return self.trial_runner.passes(lines, "\n\n".join(HELPERS.values()), seeds=seeds, budget=SECONDS_OF_TRYING)

    def beside(self, lines: Sequence[str]) -> list[str]:
        """Both sides' answers in `got` and `want`, and lines about them."""
        every = [part.expression for part in self.parts]
        inner = [
            *bodies.prepared(self.subject),
            "answers = []",
            "for module in (student, reference):",
            *(f"    {line}" for line in bodies.answers(self.subject, "module", every)),
            "mine, right = answers",
            *lines,
        ]
        if not any("right" in line for line in lines):
            inner[-len(lines) - 1] = "mine = answers[0]"
            inner = [line.replace("for module in (student, reference):", "for module in (student,):") for line in inner]
        return bodies.loop(self.subject.inputs, self.rows, inner)

    def at(self, side: str, place: int) -> str:
        """A part of the answer of one side."""
        return side if len(self.parts) == 1 else f"{side}[{place}]"

    def compared(self) -> tuple[list[str], list[int]]:
        """A line for each part that can be compared, and the places of the others."""
        lines, rest = [], []
        for place, part in enumerate(self.parts):
            found = next((line for line in self.comparisons(place, part) if self.passes(self.beside([line]))), "")
            if found:
                lines.append(found)
            else:
                rest.append(place)
        return lines, rest

    def comparisons(self, place: int, part: Part) -> Iterator[str]:
        """From the strictest on."""
        got, want = self.at("mine", place), self.at("right", place)
        name = f'name="{part.title}"'
        if type(part.value).__name__ in TABLES:
            yield f"table({got}, {want}, {name}{self.tolerance})"
            yield from self.sorted_tables(part, f"table({got}, {want}, {name}", self.tolerance)
            return
        if mixed(part.value):
            yield f'agree({got}, {want}, "{part.title}"{self.tolerance})'
            if isinstance(part.value, (list, tuple)) and all(isinstance(each, str) for each in part.value):
                yield f'same(sorted({got}), sorted({want}), name="{part.title} in any order")'
            return
        if whole(part.value):
            yield f"same({got}, {want}, {name})"
        else:
            yield f"close({got}, {want}, {name}{self.tolerance})"
        if np.ndim(array_of(part.value)) == 2:
            for axis in (0, 1):
                yield f"close_up_to_signs({got}, {want}, {axis}, {name}{self.tolerance})"
        if np.ndim(array_of(part.value)) in (1, 2):
            yield f"close_in_any_order({got}, {want}, {name}, rtol=1e-4, atol=1e-4)"

    def sorted_tables(self, part: Part, begin: str, end: str) -> Iterator[str]:
        """A table, where rows that are equal in what it is sorted by may stand in any order."""
        value = part.value
        labels = list(value.columns) if type(value).__name__ == "Table" else [getattr(value, "name", None)]
        ways = [f"{way}{label}" for label in labels if isinstance(label, str) for way in ("", "-")][:MOST_WAYS]
        for pair in itertools.permutations(ways, 2):
            if pair[0].removeprefix("-") != pair[1].removeprefix("-"):
                yield f"{begin}, sorting={list(pair)!r}{end})"
        for way in ways:
            yield f"{begin}, sorting={way!r}{end})"
        yield f'{begin}, order="columns"{end})'
        named = [label for label in labels if isinstance(label, str)]
        alone = f"{begin}, columns=[{{!r}}], index=False{end})"
        equal = [label for label in named if self.passes(self.beside([alone.format(label)]))]
        if equal and len(labels) > 1:  # of equal rows only some are there, such as of the cheapest three
            yield f"{begin}, columns={equal!r}, index=False{end})"

    def shapes(self, rest: Sequence[int]) -> list[str]:
        """Shapes and ranges of the parts that cannot be compared."""
        lines: list[str] = []
        for place in rest:
            part, got, want = self.parts[place], self.at("mine", place), self.at("right", place)
            name = f'name="{part.title}"'
            options: list[tuple[str, ...]] = [(f"shape({got}, np.shape({want}), {name})",), (f"finite({got}, {name})",)]
            keys = keys_of(part.value)
            if keys is not None:
                both = (f"keys_and_lengths({side})" for side in (got, want))
                options[0] = (f'same({", ".join(both)}, name="the keys and lengths of {part.title}")',)
                for key in keys:
                    mine, right = (entry_of(part.value, side, key) for side in (got, want))
                    options.append((f'agree({mine}, {right}, "{key} in {part.title}"{self.tolerance})',))
            elif isinstance(part.value, (list, tuple)):
                shapes = ", ".join(f"[np.shape(each) for each in {side}]" for side in (got, want))
                options[0] = (*options[0], f'same({shapes}, name="the shapes of the parts of {part.title}")')
            for count in dict(self.subject.inputs.counts()):
                if whole(part.value) and np.ndim(array_of(part.value)) == 1:
                    text = self.subject.inputs.expression_of_count(count)
                    options.append((f"same(sorted(set(np.asarray({got}).tolist()) - set(range({text}))), [], {name})",))
            for given, spec in self.subject.inputs.given.items():
                if spec.kind == "array" and 0 < len(spec.lengths) == np.ndim(array_of(part.value)) <= 2:
                    samples = self.subject.inputs.variable(given)
                    options.append((f"rows_of({got}, {samples}, {name})", f"drawn_from({got}, {samples}, {name})"))
            for option in options:
                lines += self.first_of(option)
        return lines

    def selections(self) -> list[str]:
        """Lines that say of which trial a part is taken: of the one that is best by some measure, as in a search."""
        lines: list[str] = []
        for place, part in enumerate(self.parts):
            for number, table in enumerate(self.parts):
                keys = keys_of(table.value) or []
                if (
                    isinstance(table.value, dict)
                    or not set(part.names) & set(keys)
                    or np.ndim(array_of(part.value)) != 0
                ):
                    continue
                (key,) = list(set(part.names) & set(keys))[:1]
                trials, value = self.at("mine", number), self.at("mine", place)
                lines += self.first_of(
                    f'best_of({value}, {trials}, "{key}", lambda each: {sign}each["{by}"], name="{part.title}")'
                    for by in keys
                    for sign in ("", "-")
                    if by != key and len({str(each[by]) for each in table.value}) > 1
                )
        return lines

    def first_of(self, options: Iterable[str]) -> Iterator[str]:
        """The first of some lines that the reference passes, and nothing where it passes none."""
        for line in options:
            if self.passes(self.beside([line])):
                yield line
                return

    def partitions(self) -> list[str]:
        """Lines that say of which samples the parts are made: each once, and with the label that belongs to it."""
        inputs = self.subject.inputs
        lines: list[str] = []
        arrays = {name: spec for name, spec in inputs.given.items() if spec.kind == "array" and spec.lengths}
        for name, spec in arrays.items():
            beside = [
                other
                for other, each in arrays.items()
                if other != name and each.lengths[0] == spec.lengths[0] and len(each.lengths) <= len(spec.lengths)
            ]
            pairs = [
                f"partition([{', '.join(map(_side_by_side, zip(one, two, strict=True)))}], "
                f'{_side_by_side((inputs.variable(name), inputs.variable(other)))}, "the rows of {name} and {other}")'
                for other in beside
                for one, two in itertools.permutations(self.groups(), 2)
                if len(one) == len(two)
            ]
            own = [
                f'partition({_listing(group)}, {inputs.variable(name)}, "the rows of {name}")'
                for group in self.groups(2)
            ]
            lines += self.first_of(pairs) if beside and len(self.parts) > 1 else ()
            if not any(f"and {name}" in line or f"rows of {name}" in line for line in lines):
                lines += self.first_of(own)
        for count in dict(inputs.counts()):
            numbers = f"np.arange({inputs.expression_of_count(count)})"
            lines += self.first_of(
                f'partition({_listing(group)}, {numbers}, "the numbers below {count}")' for group in self.groups(2)
            )
        return lines

    def groups(self, least: int = 1) -> list[tuple[str, ...]]:
        """Parts of the answer that may together hold the samples: neighbours, or each second one; a list by itself."""
        whole_ = [("*", self.at("mine", place)) for place, part in enumerate(self.parts) if is_list(part.value)]
        arrays = [place for place, part in enumerate(self.parts) if np.ndim(array_of(part.value)) in (1, 2)]
        found = []
        for size in range(least, len(arrays) + 1):
            for step in (1, 2):
                for begin in range(len(arrays) - (size - 1) * step):
                    found.append(tuple(self.at("mine", arrays[begin + step * each]) for each in range(size)))
        return [*(whole_ if least > 1 else ()), *dict.fromkeys(found)]


def _side_by_side(parts: Sequence[str]) -> str:
    return f"np.column_stack([{', '.join(parts)}])"


def _listing(group: Sequence[str]) -> str:
    return group[1] if group[0] == "*" else f"[{', '.join(group)}]"
