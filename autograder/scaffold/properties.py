"""What can be asked of an answer that depends on how random numbers are drawn.

Each part of it is compared as strictly as the reference allows beside a disturbed copy of itself: equal, equal up to
the signs of rows or columns, equal in another order. What is left is asked for properties that always hold: how its
parts belong together by other functions of the reference, a cost that is no worse than the reference's, and the mean
and the spread over many seeds.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.inputs import EPOCHS, SEED, Inputs
from autograder.scaffold.results import finite, mixed, whole
from autograder.scaffold.trying import Bench, Failed
from autograder.scaffold.values import Spec

__all__ = ["HELPERS", "Part", "Properties", "names_of_parts", "parts_of", "seeded"]

COST = re.compile(r".*(loss|cost|objective|inertia|energy|error|mse|distortion|perplexity).*", re.IGNORECASE)
GAIN = re.compile(r".*(accuracy|score|reward|returns?)", re.IGNORECASE)
SEEDS = (1, 2, 3, 4, 5, 6, 7, 8)
MARGINS = (0.02, 0.05, 0.1, 0.25, 0.5)
COUNTS = (400, 200, 100, 50, 20)
"""Over how many seeds answers are drawn: as many as `SECONDS_OF_DRAWS` allow."""
SECONDS_OF_DRAWS = 0.5
SECONDS_OF_TRYING = 6.0
MOST_WAYS = 12
"""Of columns, rising or falling, by which a table may be sorted."""
TABLES = ("Table", "Column")

UP_TO_SIGNS = '''\
def close_up_to_signs(got, want, axis, name, **tolerances):
    """Numbers up to rounding, where each row (axis 0) or column (axis 1) may have the other sign."""
    shape(got, np.shape(want), name=name)
    signs = np.where(np.sum(np.asarray(got) * want, axis=1 - axis, keepdims=True) < 0, -1.0, 1.0)
    close(signs * np.asarray(got), want, name=f"{name} up to signs", **tolerances)
'''
IN_ANY_ORDER = '''\
def close_in_any_order(got, want, name, **tolerances):
    """Numbers up to rounding, where the entries or rows may stand in another order."""
    shape(got, np.shape(want), name=name)
    rows = [sorted(np.asarray(each).round(6).tolist()) for each in (got, want)]
    close(*rows, name=f"{name} in any order", **tolerances)
'''
ROWS_OF = '''\
def rows_of(got, samples, name):
    """Each row is one of the samples, and no sample comes twice."""
    finite(got, name=name)
    places = [np.flatnonzero(np.all(np.isclose(samples, row), axis=-1)) for row in np.asarray(got)]
    if not all(len(place) for place in places):
        raise CheckFailed(f"{name} holds a row that is none of the samples.")
    if len({place[0] for place in places}) < len(places):
        raise CheckFailed(f"{name} holds one sample twice.")
'''
DRAWN_FROM = '''\
def drawn_from(got, samples, name):
    """Each entry or row is one of the samples; it may come more than once."""
    finite(got, name=name)
    known = np.reshape(samples, (len(samples), -1))
    for row in np.reshape(got, (len(got), -1)):
        if not np.any(np.all(np.isclose(known, row), axis=1)):
            raise CheckFailed(f"{name} holds {row.tolist()}, which is none of the samples.")
'''
PARTITION = '''\
def partition(parts, samples, name):
    """Together, the parts hold each of the samples once."""
    rows = [np.reshape(part, (len(part), -1)) for part in parts if len(part)]
    expected = np.reshape(samples, (len(samples), -1))
    same(sum(map(len, rows)), len(expected), name=f"the number of {name} in all parts together")
    if not np.allclose(sorted(np.concatenate(rows).tolist()), sorted(expected.tolist())):
        raise CheckFailed(f"The parts together do not hold each of {name} once.")
'''
NO_WORSE = '''\
def no_worse(got, want, name, margin):
    """The mean over several seeds is at most that of the reference, with a margin as a share of it."""
    finite(got, name=name)
    most = np.mean(want) + margin * np.mean(np.abs(want)) + 1e-9
    if np.mean(got) > most:
        raise CheckFailed(f"The mean {name} over {len(got)} seeds is {np.mean(got):.4g}; expected at most {most:.4g}.")
'''
FORM = '''\
def keys_and_lengths(value):
    """The keys of dictionaries, and the lengths of lists and arrays, in a value: all but its numbers."""
    if isinstance(value, dict):
        return {str(key): keys_and_lengths(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(each, (dict, list, tuple)) for each in value):
        return [keys_and_lengths(each) for each in value]
    return list(np.shape(value))
'''
BEST_OF = '''\
def best_of(value, trials, key, by, name):
    """A value is that of one of the trials that are best by a measure; of equally good ones it may be any."""
    best = max(by(each) for each in trials)
    known = [each[key] for each in trials if by(each) >= best]
    if not any(np.isclose(value, each) for each in known):
        raise CheckFailed(f"{name} is {value}; the best of the {len(trials)} trials has {known[0]}.")
'''
DISTRIBUTION = '''\
def flat(value):
    """All numbers of an array, of a list, or of the values of a dictionary, one after the other."""
    if isinstance(value, dict):
        return [number for key in sorted(value, key=str) for number in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [number for each in value for number in flat(each)]
    return np.ravel(value).tolist()


def same_distribution(got, want, name):
    """Answers under many seeds: entries, their mean, spread and extremes are like the reference's, up to chance."""
    got, want = ([flat(each) for each in every] for every in (got, want))
    same([len(each) for each in got], [len(each) for each in want], name=f"the number of entries of {name}")
    finite(got, name=name)
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    middle = want.mean(axis=0)
    summaries = {
        "entries": lambda x: x,
        "mean of all entries": lambda x: x.mean(axis=1, keepdims=True),
        "mean squared deviation": lambda x: np.square(x - middle).mean(axis=1, keepdims=True),
        "largest deviation": lambda x: np.abs(x - middle).max(axis=1, keepdims=True),
    }
    for what, summary in summaries.items():
        mine, right = summary(got), summary(want)
        size = np.maximum(np.abs(right).mean(axis=0), right.std(axis=0))
        error = np.sqrt((mine.var(axis=0) + right.var(axis=0)) / len(want))
        if np.any(np.abs(mine.mean(axis=0) - right.mean(axis=0)) > 5 * error + 0.02 * size + 1e-9):
            raise CheckFailed(f"On average over {len(want)} seeds, the {what} of {name} differ from the reference's.")
        spreads, factor = (mine.std(axis=0).mean(), right.std(axis=0).mean()), 2.5 if what == "entries" else 4
        if not spreads[1] / factor <= spreads[0] + 1e-9 <= factor * spreads[1] + 0.05 * size.mean() + 2e-9:
            raise CheckFailed(
                f"The standard deviation of the {what} of {name} over {len(want)} seeds is {spreads[0]:.3g}; "
                f"expected about {spreads[1]:.3g}."
            )
'''
MOVES_LIKE = '''\
def changes(value):
    """From the first to the last entry, how each list of numbers in a value changes: -1, 0 or 1."""
    if isinstance(value, dict):
        return [sign for key in sorted(value, key=str) for sign in changes(value[key])]
    if isinstance(value, (list, tuple)) and any(isinstance(each, (dict, list, tuple)) for each in value):
        return [sign for each in value for sign in changes(each)]
    return [np.sign(value[-1] - value[0])]


def moves_like(got, want, name):
    """Lists that go up, or down, under nearly all seeds with the reference do so here on average."""
    mine, right = (np.mean([changes(each) for each in answers], axis=0) for answers in (got, want))
    clear = np.abs(right) >= 0.7
    same(len(mine), len(right), name=f"the number of lists in {name}")
    for way, sign in (("falls", -1), ("rises", 1)):
        chosen = clear & (np.sign(right) == sign)
        if np.any(chosen) and np.mean(mine[chosen] * sign) < 0.3:
            raise CheckFailed(f"Over {len(want)} seeds, what {way} in {name} of the reference does not here.")
'''
HELPERS = {
    "close_up_to_signs": UP_TO_SIGNS,
    "close_in_any_order": IN_ANY_ORDER,
    "rows_of": ROWS_OF,
    "drawn_from": DRAWN_FROM,
    "partition": PARTITION,
    "no_worse": NO_WORSE,
    "keys_and_lengths": FORM,
    "moves_like": MOVES_LIKE,
    "best_of": BEST_OF,
    "same_distribution": DISTRIBUTION,
    "agree": bodies.AGREE,
    "layers": bodies.LAYERS,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an answer: the expression that gives it, the names that it goes by, and its value in an example."""

    expression: str
    names: tuple[str, ...]
    value: Any
    call: str = "the answer"

    @property
    def title(self) -> str:
        """What sentences call it."""
        return self.names[0] if self.names else self.call


@dataclass(frozen=True, slots=True)
class Found:
    """Lines of one check, its title, and the texts of the functions that they use."""

    kind: str
    title: str
    lines: tuple[str, ...]
    helper: str
    hint: str


def parts_of(wanted: Sequence[str], value: Any, returned: Sequence[Sequence[str]], call: str) -> list[Part]:
    """The parts of an answer.

    Args:
        wanted: expressions, `got` for the result.
        value: their values: of one expression itself, else a tuple.
        returned: names of the parts of the result, as the code has them, the likeliest first.
        call: what sentences call the result.
    """
    values = [value] if len(wanted) == 1 else list(value)
    parts = []
    for expression, each in zip(wanted, values, strict=True):
        named = isinstance(each, (tuple, list)) and any(1 < len(some) == len(each) for some in returned)
        if expression == "got" and isinstance(each, (tuple, list)) and 1 < len(each) <= 6 and _is_tuple(each, named):
            for place, inner in enumerate(each):
                names = tuple(dict.fromkeys(some[place] for some in returned if len(some) == len(each)))
                parts.append(Part(f"got[{place}]", tuple(filter(None, names)), inner, f"{call}[{place}]"))
        elif expression == "got":
            names = tuple(dict.fromkeys(some[0] for some in returned if len(some) == 1))
            parts.append(Part("got", tuple(filter(None, names)), each, call))
        else:
            name = expression.rpartition(".")[2]
            parts.append(Part(expression, (name, name.rstrip("_")), each))
    return parts


def _is_tuple(value: Sequence[Any], named: bool) -> bool:
    """Whether it is no list of equal things, of which another call may return more."""
    arrays = any(np.ndim(each) for each in value if not isinstance(each, (dict, str, list, tuple)))
    return isinstance(value, tuple) or (named and arrays)


def names_of_parts(function: str, sources: Sequence[str]) -> list[list[str]]:
    """What the parts of a result are called: where it is assigned, and where it is returned."""
    found = []
    short = function.rpartition(".")[2]
    for node in [node for source in sources for node in ast.walk(ast.parse(source))]:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name == short:
                found.append(_listed(node.targets[0]))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == short:
            found += [_listed(each.value) for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
    return [names for names in found if any(names)]


def _listed(node: ast.AST) -> list[str]:
    nodes = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    return [each.id.strip("_") if isinstance(each, ast.Name) else "" for each in nodes]


def seeded(subject: Subject) -> Subject | None:
    """The subject with `seed` in the place of its seed, None where it takes none."""
    inputs = subject.inputs
    spec = Spec("int", values=(0,), tops=(1,))
    given, me = dict(inputs.given), inputs.me
    passed = subject.passed
    own = next((name for name in subject.parameters if SEED.fullmatch(name)), "")
    if own:
        kind = given[own].text if own in given and given[own].kind == "generator" else ""
        kind = kind or ("Generator" if own in ("rng", "generator") and own not in given else "")
        given[own] = Spec("generator", text=kind) if kind else spec
        passed = passed if own in passed else (*passed, own)
    elif me is not None and (name := next((each for each in me.order if SEED.fullmatch(each)), "")):
        keys = me.keys if name in me.keys else (*me.keys, name)
        parts = [
            spec if key == name and (part is None or part.kind != "generator") else part
            for key, part in itertools.zip_longest(keys, me.parts)
        ]
        me = replace(me, keys=keys, parts=tuple(parts))
    else:
        return None
    changed = Inputs(given, me, inputs.attributes)
    changed = replace(
        changed,
        fixed=inputs.fixed,
        scaled=inputs.scaled,
        every_class=inputs.every_class,
        seeds=True,
        names=dict(inputs.names),
        choices=dict(inputs.choices),
    )
    return replace(subject, inputs=replace(changed, recorded=dict(inputs.recorded)), passed=passed)


class Properties:
    """The checks of one function whose answer is not determined.

    Args:
        bench: where checks are tried.
        subject: the function.
        rows: sizes with which it works.
        parts: of its answer.
        siblings: every function and method of the reference by qualified name, with its parameters.
        tolerance: how numbers are compared.
    """

    def __init__(
        self,
        bench: Bench,
        subject: Subject,
        rows: Sequence[tuple[Any, ...]],
        parts: Sequence[Part],
        siblings: Mapping[str, Sequence[str]],
        tolerance: str,
    ) -> None:
        self.bench = bench
        self.subject = subject
        self.rows = rows
        self.parts = parts
        self.siblings = siblings
        self.tolerance = f", {tolerance}"

    def found(self) -> Iterator[Found]:
        """Checks that the reference passes, whatever it draws."""
        function = self.subject.function
        compared, rest = self.compared()
        parts = self.partitions()
        drawn = self.bench.draws
        kept = bodies.arguments_kept(self.subject)
        kept = kept if kept and self.passes(self.beside(kept)) else []
        if compared and not rest:
            yield self.check(
                "agrees_with_the_reference",
                f"On random inputs of several sizes, {function} returns the expected answer, up to what is left open.",
                self.beside([*compared, *parts, *kept]),
                f"Try {function} on small inputs of several shapes.",
            )
            if any("in_any_order(" in line for line in compared):  # an order that is drawn is not always the same
                yield from self.distribution(range(len(self.parts)))
            return
        if not rest:
            return
        lines = [*compared, *parts, *self.selections(), *self.belonging()]
        shapes = self.shapes(rest)
        if lines or any(not line.startswith("finite(") for line in shapes):
            whatever = f"Whatever random numbers {function} draws" if drawn else "Whichever of equal things it takes"
            of = "its answer" if drawn else f"the answer of {function}"
            seeds = ", and try it under several seeds" if drawn else ""
            yield self.check(
                "has_the_right_properties",
                f"{whatever}, {of} has the right shape and its parts fit.",
                self.beside([*shapes, *lines, *kept]),
                f"Look at what the docstring says about the answer of {function}{seeds}.",
            )
        yield from self.repeated()
        costs = list(self.costs())
        yield from costs
        if not costs and not any("reference." in line for line in lines):
            yield from self.distribution(rest)

    def check(self, kind: str, title: str, lines: Sequence[str], hint: str) -> Found:
        """One check, with the texts of the functions that its lines use."""
        text = "\n".join(lines)
        helper = "\n\n".join(text_ for name, text_ in HELPERS.items() if re.search(rf"(?<![\w.]){name}\(", text))
        return Found(kind, title, tuple(lines), helper, hint)

    def passes(self, lines: Sequence[str], seeds: Sequence[int] = SEEDS) -> bool:
        """Whether the reference passes, beside a disturbed copy of itself."""
        return self.bench.passes(lines, "\n\n".join(HELPERS.values()), seeds=seeds, budget=SECONDS_OF_TRYING)

    def repeated(self) -> Iterator[Found]:
        """The same answer for the same seed, where the docstring promises that."""
        subject = seeded(self.subject)
        if self.subject.name not in self.bench.reproducible or subject is None:
            return
        call = bodies.answers(subject, "student", [part.expression for part in self.parts])
        inner = [*bodies.prepared(subject), "answers = []", "for _ in range(2):", *(f"    {line}" for line in call)]
        inner.append('agree(*answers, "the second answer under one seed")')
        row = self.rows[0]
        drawn = [line for line in inner if not line.endswith(" = seed")]
        lines = bodies.once(subject.inputs, row, ["seed = 5", *drawn])
        if self.passes(lines):
            yield self.check(
                "gives_the_same_for_the_same_seed",
                f"Called twice with one seed, {subject.function} gives the same answer.",
                lines,
                "Make the generator from the seed, inside, and draw from no other.",
            )

    # --- part by part ---

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
        if np.ndim(_array(part.value)) == 2:
            for axis in (0, 1):
                yield f"close_up_to_signs({got}, {want}, {axis}, {name}{self.tolerance})"
        if np.ndim(_array(part.value)) in (1, 2):
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
            keys = _keys_of(part.value)
            if keys is not None:
                both = (f"keys_and_lengths({side})" for side in (got, want))
                options[0] = (f'same({", ".join(both)}, name="the keys and lengths of {part.title}")',)
                for key in keys:
                    mine, right = (_entry(part.value, side, key) for side in (got, want))
                    options.append((f'agree({mine}, {right}, "{key} in {part.title}"{self.tolerance})',))
            elif isinstance(part.value, (list, tuple)):
                shapes = ", ".join(f"[np.shape(each) for each in {side}]" for side in (got, want))
                options[0] = (*options[0], f'same({shapes}, name="the shapes of the parts of {part.title}")')
            for count in dict(self.subject.inputs.counts()):
                if whole(part.value) and np.ndim(_array(part.value)) == 1:
                    text = self.subject.inputs.expression_of_count(count)
                    options.append((f"same(sorted(set(np.asarray({got}).tolist()) - set(range({text}))), [], {name})",))
            for given, spec in self.subject.inputs.given.items():
                if spec.kind == "array" and 0 < len(spec.lengths) == np.ndim(_array(part.value)) <= 2:
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
                keys = _keys_of(table.value) or []
                if isinstance(table.value, dict) or not set(part.names) & set(keys) or np.ndim(_array(part.value)) != 0:
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
        whole_ = [("*", self.at("mine", place)) for place, part in enumerate(self.parts) if _is_list(part.value)]
        arrays = [place for place, part in enumerate(self.parts) if np.ndim(_array(part.value)) in (1, 2)]
        found = []
        for size in range(least, len(arrays) + 1):
            for step in (1, 2):
                for begin in range(len(arrays) - (size - 1) * step):
                    found.append(tuple(self.at("mine", arrays[begin + step * each]) for each in range(size)))
        return [*(whole_ if least > 1 else ()), *dict.fromkeys(found)]

    # --- parts and other functions ---

    def filled(self, sibling: str, side: str) -> tuple[str, set[int]] | None:
        """A call of another function with the answer of one side, by the names of its parameters."""
        inputs = self.subject.inputs
        named = {name: place for place, part in reversed(list(enumerate(self.parts))) for name in part.names}
        arguments, places = [], set()
        for name in self.siblings[sibling]:
            if name in named:
                places.add(named[name])
                arguments.append(f"{name}={self.at(side, named[name])}")
            elif name in inputs.given:
                arguments.append(f"{name}={inputs.argument(name)}")
            elif inputs.me is not None and name in inputs.me.keys and self.subject.owner:
                part = inputs.me.parts[inputs.me.keys.index(name)]
                arguments.append(f"{name}={inputs.expression(name, part)}")
            elif len(self.parts) == 1 and not named.keys() & set(self.siblings[sibling]) and not places:
                places.add(0)
                arguments.append(f"{name}={side}")
            else:
                return None
        return (f"reference.{sibling}({', '.join(arguments)})", places) if places else None

    def others(self) -> list[str]:
        """Functions of the reference that take parts of the answer."""
        plain = [name for name in self.siblings if "." not in name and name != self.subject.name]
        return [name for name in plain if not any(SEED.fullmatch(each) for each in self.siblings[name])]

    def belonging(self) -> list[str]:
        """Lines that hold whatever is drawn: one part follows from others, or leads to the reference's result."""
        lines = []
        for sibling in self.others():
            call, right = self.filled(sibling, "mine"), self.filled(sibling, "right")
            if call is None or right is None:
                continue
            text, places = call
            for place, part in enumerate(self.parts):
                for entry in ("", "[-1]"):
                    if place in places or (entry and np.ndim(_array(part.value)) != 1):
                        continue
                    judge = "same" if whole(part.value) and not entry else "close"
                    tolerance = ", rtol=1e-4, atol=1e-5" if judge == "close" else ""
                    name = f'name="{part.title}{entry}, by {sibling}"'
                    line = f"{judge}({self.at('mine', place)}{entry}, {text}, {name}{tolerance})"
                    if self.passes(self.beside([line])):
                        lines.append(line)
            line = f'agree({text}, {right[0]}, "{sibling} of the answer", rtol=1e-4, atol=1e-5)'
            if not any(text in each for each in lines) and self.passes(self.beside([line])):
                lines.append(line)
        return lines

    def costs(self) -> Iterator[Found]:
        """A cost that is no worse than the reference's, as a mean over several seeds."""
        for sibling in self.others():
            call = self.filled(sibling, "answer")
            sign = "" if COST.fullmatch(sibling) else "-" if GAIN.fullmatch(sibling) else None
            if call is None or sign is None:
                continue
            for margin, wider in itertools.pairwise((*MARGINS, MARGINS[-1])):
                lines = self.over_seeds(
                    8,
                    f"{sign}{call[0]}",
                    [f'no_worse(*answers, "{sibling}", margin={wider})'],
                )
                tried = [line.replace(f"margin={wider}", f"margin={margin}") for line in lines]
                if self.passes(tried, (*SEEDS, 9, 10, 11, 12)) and self.passes(lines):
                    yield self.check(
                        f"reaches_the_{sibling}_of_the_reference",
                        f"Over several seeds, the {sibling} that {self.subject.function} reaches is as good as the "
                        "reference's.",
                        lines,
                        "Follow it step by step: does it get better, and does it go on long enough?",
                    )
                    break

    def over_seeds(self, count: int, expression: str, lines: Sequence[str], rows: int = 1) -> list[str]:
        """The answers of both sides under several seeds, in two lists `answers`, and lines about them."""
        subject = seeded(self.subject) or self.subject
        every = [part.expression for part in self.parts]
        drawn = bodies.prepared(subject)
        inside = [line for line in drawn if line.endswith(" = seed")]
        call = bodies.answers(subject, "module", every)
        last = re.sub(r"^answers\.append\((.*)\)$", r"\1", call[-1])
        appended = (
            [f"answers[-1].append({last})"]
            if expression == "answer"
            else [f"answer = {last}", f"answers[-1].append({expression})"]
        )
        head = f"for seed in range({count}):" if subject is not self.subject else f"for _ in range({count}):"
        inner = [
            *(line for line in drawn if line not in inside),
            "answers = []",
            "for module in (student, reference):",
            "    answers.append([])",
            f"    {head}",
            *(f"        {line}" for line in [*inside, *call[:-1], *appended]),
            *lines,
        ]
        if rows > 1:
            return bodies.loop(subject.inputs, self.rows[:rows], inner)
        return bodies.once(subject.inputs, self.rows[0], inner)

    def seconds_of(self, count: int) -> float:
        """CPU seconds that both sides take for some seeds."""
        begun = time.process_time()
        self.bench.run(self.over_seeds(count, "answer", ["return answers"]), seed=1)
        return time.process_time() - begun

    def of_many(self, place: int, sides: Sequence[str], count: int, rows: int) -> Iterator[str]:
        """Lines about a part of the answers under many seeds, the strictest first."""
        part = self.parts[place]
        yield f'same_distribution({", ".join(sides)}, "{part.title}")'
        if not _moves(part.value):
            return
        clear = f"return np.max(np.abs(np.mean([changes(each) for each in {sides[1]}], axis=0))) >= 0.7"
        with contextlib.suppress(Failed):
            if self.bench.run(self.over_seeds(count, "answer", [clear], rows), MOVES_LIKE, seed=1):
                yield f'moves_like({", ".join(sides)}, "{part.title}")'

    def distribution(self, places: Sequence[int]) -> Iterator[Found]:
        """Mean and spread of some parts over many seeds; with few iterations and with more of them."""
        rows = 2 if any(map(EPOCHS.fullmatch, self.subject.inputs.choices)) and len(self.rows) > 1 else 1
        try:
            first, more = (self.seconds_of(count) for count in (1, 11))
        except Failed:
            return
        each = max(more - first, 1e-4) / 10
        count = next((count for count in COUNTS if count * each < SECONDS_OF_DRAWS), COUNTS[-1]) // rows
        lines = []
        for place in places:
            picks = "" if len(self.parts) == 1 else f"[answer[{place}] for answer in answers[{{}}]]"
            sides = [picks.format(side) if picks else f"answers[{side}]" for side in (0, 1)]
            for line in self.of_many(place, sides, count, rows):
                if self.passes(self.over_seeds(count, "answer", [line], rows), (*SEEDS, 9, 10, 11, 12)):
                    lines.append(line)
                    break
        if lines:
            spread = any(line.startswith("same_distribution(") for line in lines)
            what = "mean and spread of what" if spread else "way from first to last of the lists that"
            have = "have the right mean and spread" if spread else "go up and down as expected"
            yield self.check(
                "is_distributed_like_the_reference" if spread else "moves_like_the_reference",
                f"Over {count} seeds, the answers of {self.subject.function} {have}.",
                self.over_seeds(count, "answer", lines, rows),
                f"Look at the {what} {self.subject.function} gives under many seeds.",
            )


def _moves(value: Any) -> bool:
    """Whether a value holds lists of several numbers, such as a loss for each epoch."""
    if isinstance(value, dict):
        return bool(value) and all(map(_moves, value.values()))
    if isinstance(value, (list, tuple)) and any(isinstance(each, (dict, list, tuple)) for each in value):
        return all(map(_moves, value))
    return np.ndim(_array(value)) == 1 and len(value) > 1 and not whole(value)


def _side_by_side(parts: Sequence[str]) -> str:
    return f"np.column_stack([{', '.join(parts)}])"


def _listing(group: Sequence[str]) -> str:
    return group[1] if group[0] == "*" else f"[{', '.join(group)}]"


def _is_list(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple)) and len(value) > 1 and all(np.ndim(_array(each)) in (1, 2) for each in value)
    )


def _array(value: Any) -> Any:
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" and finite(array) else None


def _keys_of(value: Any) -> list[str] | None:
    """The keys of a dictionary, or of each of a list of them; [] where they are no texts, None for anything else."""
    dictionaries = [value] if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    if not dictionaries or not all(isinstance(each, dict) for each in dictionaries):
        return None
    keys = list(dictionaries[0])
    alike = all(list(each) == keys for each in dictionaries)
    return keys if alike and all(isinstance(key, str) for key in keys) else []


def _entry(value: Any, side: str, key: str) -> str:
    """The entry of a dictionary, or of each dictionary of a list, under a key."""
    return f"{side}[{key!r}]" if isinstance(value, dict) else f"[each[{key!r}] for each in {side}]"
