"""Python that draws fresh inputs like the recorded ones, as an instructor would write it.

Lengths that were equal in every call get one name, so that `W` with the shape (d, c) goes with `X` of (n, d) and labels
below c. Which of the names may take other values than the recorded ones is found out by trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autograder import checks as library
from autograder.scaffold.literals import kernel_matrix, some_missing, two_digits, with_article
from autograder.scaffold.values import GENERATORS, Lengths, Spec, count_of, walk

__all__ = ["Inputs", "Unknown"]

DATA_NAMES = re.compile(r"(X|x|data|images|inputs|features|samples|batch|mini_batch|.*_data|X_.*|x_.*)")
EPOCHS = re.compile(
    r"(.*(epochs?|episodes?)|n_?iters?|num_iters?|iterations|max_iter.*|n_steps|num_steps|steps|rounds|sweeps)"
)
BATCH = re.compile(r".*batch_?(size)?")
SEED = re.compile(r"(seed|random_state|rng|random_seed|generator|random_generator)")
LETTERS = ("n", "d", "c", "k", "m", "p", "q", "r", "s", "t", "u", "v")
RESERVED = {
    *("student", "reference", "rng", "module", "got", "want", "np", "pd", "random", "torch", "scale", "answers"),
    *("answer", "mine", "right", "after", "built", "passing", "learned", "agree", "plots", "heights", "drawn"),
    *("expected", "best_of", "keys_and_lengths", *library.__all__),
}
"""Names that the lines of checks use; an argument that is called so gets another one there."""
SIZES = (  # one line a set of inputs, one column a name: all different, so that a transpose or a wrong axis shows
    (7, 5, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14),
    (4, 6, 5, 3, 7, 2, 8, 9, 10, 11, 12, 13),
    (12, 3, 4, 6, 5, 9, 7, 8, 13, 14, 10, 11),
    (1, 4, 3, 5, 2, 6, 7, 8, 9, 10, 11, 12),
    (6, 8, 2, 5, 3, 4, 7, 9, 10, 11, 12, 13),
    (9, 2, 6, 7, 4, 5, 3, 8, 10, 11, 12, 13),
)
LARGE = 2
"""The set of inputs that is drawn large."""
SMALL = (3, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 2)


class Unknown(Exception):
    """Something among the arguments that no check can make; the text says what."""


@dataclass(slots=True)
class Inputs:
    """How to make the arguments of one function, and what its objects are made of.

    `given` are the arguments by name; `fixed` the names of lengths that stay as recorded; with `scaled`, drawn numbers
    are multiplied by `scale`; with `one_batch`, a batch holds all samples, so that their order does not matter; with
    `seeds`, a seed is what `seed` is in the check; with `every_class`, drawn labels leave no class empty.
    """

    given: Mapping[str, Spec]
    me: Spec | None = None
    attributes: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()
    scaled: bool = False
    one_batch: bool = False
    seeds: bool = False
    every_class: bool = False
    names: dict[Lengths, str] = field(default_factory=dict)
    recorded: dict[str, int] = field(default_factory=dict)
    choices: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        taken = {*self.given, *self.attributes, *RESERVED, *(self.me.keys if self.me is not None else ())}
        letters = iter([each for each in LETTERS if each not in taken] + [f"n{place}" for place in range(40)])
        for name, vector in self.counts():
            self.names.setdefault(vector, name)
            self.recorded.setdefault(self.names[vector], min(vector))
        for vector in self._vectors():
            if vector not in self.names and any(length != 1 for length in vector) and 0 not in vector:
                self.names[vector] = next(letters)
                self.recorded[self.names[vector]] = min(vector)
        for name, spec in self.given.items():
            if spec.kind == "literal" and len(spec.values) > 1:
                self.choices[self.variable(name)] = spec.values[:6]

    def _vectors(self) -> Iterable[Lengths]:
        """Every length, the sample's first."""
        order = sorted(self.given, key=lambda name: not DATA_NAMES.fullmatch(name))
        specs = [self.given[name] for name in order]
        specs += [*self.me.parts, *(self.me.attributes[name] for name in self.attributes)] if self.me else []
        for spec in specs:
            for each in walk(spec):
                if each.kind == "list" and each.parts[0].kind == "int" and self._are_sizes(each):
                    continue
                yield from each.lengths

    def _samples(self) -> Iterable[Lengths]:
        """Lengths that may be the number of samples, the likeliest first."""
        for name in sorted(self.given, key=lambda name: not DATA_NAMES.fullmatch(name)):
            if self.given[name].kind in ("array", "list") and self.given[name].lengths:
                yield self.given[name].lengths[0]

    def counts(self) -> Iterable[tuple[str, Lengths]]:
        """Integers among the arguments that may be lengths, such as a number of classes, with their names."""
        pairs = list(self.given.items())
        pairs += list(zip(self.me.keys, self.me.parts, strict=False)) if self.me else []
        taken = {*self.attributes, *RESERVED}
        for name, spec in pairs:
            special = SEED.fullmatch(name) or EPOCHS.fullmatch(name) or BATCH.fullmatch(name)
            if spec.kind == "int" and not special and name not in taken and name.isidentifier():
                vector = count_of(spec)
                if min(vector) > 1:
                    yield name, vector

    def _are_sizes(self, spec: Spec) -> bool:
        """Whether a list of integers may be a list of lengths, such as the layers of a network."""
        sizes = spec.parts[0].keys
        return 1 < len(sizes) <= 6 and min(sizes) > 1

    def choosing(self, name: str, values: tuple[Any, ...]) -> Inputs:
        """The same, with some values of an argument that take turns."""
        names = {vector: other for vector, other in self.names.items() if other != name}
        choices = {**self.choices, self.variable(name): values}
        return replace(self, names=names, recorded=dict(self.recorded), choices=choices)

    @property
    def free(self) -> tuple[str, ...]:
        """Names of lengths that vary, in the order in which they were found."""
        return tuple(name for name in self.names.values() if name not in self.fixed)

    @property
    def columns(self) -> tuple[str, ...]:
        """What changes from one set of inputs to the next."""
        return (*self.free, *self.choices, *(("scale",) if self.scaled else ()))

    def rows(self, count: int = 3, *, small: bool = False, factor: int = 1) -> list[tuple[Any, ...]]:
        """A value of each column for each set of inputs."""
        count = max([count, *(len(values) for values in self.choices.values())]) if not small else 1
        count = count if self.columns else min(count, 2)  # without sizes, nothing varies but the random numbers
        found = []
        for place in range(count):
            sizes = SMALL if small else SIZES[place % len(SIZES)]
            row: list[Any] = self._sizes_of_row(sizes, factor)
            row += [values[place % len(values)] for values in self.choices.values()]
            if self.scaled:
                row.append(1000.0 if place == LARGE and not small else 1.0)
            found.append(tuple(row))
        return found

    def _sizes_of_row(self, sizes: tuple[int, ...], factor: int) -> list[int]:
        """A size for each free name; counts, such as that of clusters, get the smallest ones."""
        chosen = sizes[: len(self.free)] + sizes[: max(0, len(self.free) - len(sizes))]
        counts = [name for name in dict(self.counts()) if name in self.free]
        small = sorted(chosen)[: len(counts)]
        rest = iter([size for size in chosen if size not in small])
        return [small.pop(0) if name in counts else factor * next(rest, 3) for name in self.free]

    # --- expressions ---

    @staticmethod
    def variable(name: str) -> str:
        """What an argument is called in the lines of a check."""
        name = name.replace("*", "extra_")
        return f"given_{name}" if name in RESERVED else name

    def argument(self, name: str) -> str:
        """What stands for an argument where a function is called: its variable, or a new generator each time."""
        spec = self.given.get(name)
        return self.expression(name, spec) if spec and spec.kind == "generator" else self.variable(name)

    @property
    def has_batches(self) -> bool:
        """Whether an argument says how many samples are taken at a time."""
        batched = any(BATCH.fullmatch(name) and spec.kind == "int" for name, spec in self.given.items())
        return batched and any(True for _ in self._samples())

    def expression(self, name: str, spec: Spec) -> str:  # noqa: PLR0912 (one branch a kind of value)
        """The value of one argument.

        Raises:
            Unknown: it cannot be made outside of the submission.
        """
        if self.variable(name) in self.choices:
            return self.variable(name)
        if SEED.fullmatch(name) and self.seeds and spec.kind != "generator":
            return "seed"
        match spec.kind:
            case "generator":
                return self._generator(spec)
            case "literal":
                return repr(spec.values[0])
            case "int":
                return self._integer(name, spec)
            case "float":
                return self._float(spec)
            case "array":
                return self._array(spec)
            case "list":
                return self._list(name, spec)
            case "items":
                parts = [self.expression(f"{name}_", part) for part in spec.parts]
                inner = ", ".join(parts)
                if "tuple" in spec.traits:
                    return f"({inner},)" if len(parts) == 1 else f"({inner})"
                return f"[{inner}]"
            case "record":
                pairs = zip(spec.keys, spec.parts, strict=False)
                return "{" + ", ".join(f"{key!r}: {self.expression(str(key), part)}" for key, part in pairs) + "}"
            case "frame":
                pairs = zip(spec.keys, spec.parts, strict=True)
                columns = ", ".join(f"{key!r}: {self.expression(f'{name}_', part)}" for key, part in pairs)
                return f"pd.DataFrame({{{columns}}})"
            case "series":
                return f"pd.Series({self.expression(f'{name}_', spec.parts[0])})"
            case "mapping":
                low, high = spec.parts[0].low, spec.parts[0].high
                drawn = f"int(rng.integers({int(low)}, {int(high) + 1}))"
                if spec.parts[0].kind == "float":
                    drawn = f"rng.uniform({two_digits(low)}, {two_digits(high)})"
                key = next(each for each in ("key", "each", "entry_key") if each not in self.given)
                return f"{{{key}: {drawn} for {key} in {list(spec.keys)!r}}}"
        raise Unknown(f"a check cannot make its argument {name}, {with_article(spec.text or spec.kind)}")

    def recorded_value(self, name: str, spec: Spec) -> str:
        """A setting as the example had it, but for very long trainings; else as `expression`."""
        if spec.kind == "int":
            return str(min(max(spec.values), 20) if EPOCHS.fullmatch(name) else max(spec.values))
        if spec.kind == "float":
            return repr(spec.values[-1])
        if spec.kind == "literal":
            return repr(spec.values[0])
        if spec.kind == "array" and "integer" not in spec.traits:
            return f"0.01 * rng.normal(size={self._size(spec)})"
        return self.expression(name, spec)

    def expression_of_count(self, name: str) -> str:
        """A count among the arguments, or among those of the constructor, as it is written in a check."""
        return self.length(dict(self.counts())[name])

    def length(self, vector: Lengths) -> str:
        """A length: its name, or a number where it does not vary."""
        if 0 in vector:
            return "rng.integers(2, 6)"
        name = self.names.get(vector)
        if name is None:
            return str(vector[0])
        return str(self.recorded[name]) if name in self.fixed else name

    def _generator(self, spec: Spec) -> str:
        """A generator of its own for each call; that of the check crosses as one of numpy's that goes on from there."""
        if self.seeds:
            return GENERATORS[spec.text].format("seed")
        return "rng" if spec.text == "Generator" else GENERATORS[spec.text].format("int(rng.integers(1 << 31))")

    def _integer(self, name: str, spec: Spec) -> str:
        top = max(spec.values)
        vector = count_of(spec)
        if SEED.fullmatch(name):
            return str(spec.values[0])
        if EPOCHS.fullmatch(name):
            return str(min(top, 3))
        if BATCH.fullmatch(name) and self.one_batch:
            return self.length(next(iter(self._samples())))
        if BATCH.fullmatch(name):
            return str(min(top, 4))
        if vector in self.names and min(vector) > 1:
            return self.length(vector)
        if spec.below:
            return f"int(rng.integers({self.length(spec.below)}))"
        if len(spec.values) > 1:
            return f"int(rng.integers({min(spec.values)}, {top + 1}))"
        return str(top)

    def _float(self, spec: Spec) -> str:
        low, high = spec.low, spec.high
        if low == high == 0:
            return "rng.uniform(0.1, 1)"
        if low < 0 < high:
            return f"rng.uniform({two_digits(low)}, {two_digits(high)})"
        sign, low, high = (1, low, high) if high > 0 else (-1, -high, -low)
        low, wide = low / 2, 2 * high
        wide = min(wide, (1 + high) / 2) if high < 1 else wide
        return f"{'-' if sign < 0 else ''}rng.uniform({two_digits(low)}, {two_digits(wide)})"

    def _array(self, spec: Spec) -> str:  # noqa: PLR0912 (one branch a kind of array)
        size = self._size(spec)
        traits = spec.traits
        lengths = [self.length(vector) for vector in spec.lengths]
        if "one-hot" in traits and len(lengths) == 2:
            text = f"np.eye({lengths[1]})[rng.integers({lengths[1]}, size={lengths[0]})]"
        elif "one-hot-first" in traits and len(lengths) == 2:
            picked = (
                f"[rng.integers({lengths[0]})]"
                if lengths[1] == "1"
                else f"rng.integers({lengths[0]}, size={lengths[1]})"
            )
            text = f"np.eye({lengths[0]})[:, {picked}]"
        elif "causal" in traits:
            text = f"np.tri({', '.join(lengths)}{', dtype=bool' if 'truth' in traits else ''})"
        elif "truth" in traits and "filled" in traits and len(lengths) == 1:
            text = f"rng.permutation({size}) < ({size} + 1) // 2"
        elif "truth" in traits and "filled" in traits:
            last = f"rng.integers({lengths[-1]}, size=({', '.join(lengths[:-1])}, 1))"
            text = f"(rng.random({size}) < 0.5) | (np.arange({lengths[-1]}) == {last})"
        elif "truth" in traits:
            text = f"rng.random({size}) < 0.5"
        elif "integer" in traits:
            text = self._integers(spec, size)
        elif "shares" in traits and len(lengths) in (1, 2):
            rest = f", size={lengths[0]}" if len(lengths) == 2 else ""
            text = f"rng.dirichlet(np.ones({lengths[-1]}){rest})"
        elif "signs" in traits:
            text = f"rng.choice([-1.0, 1.0], size={size})"
        elif "binary" in traits:
            text = f"rng.integers(2, size={size}).astype(float)"
        elif "definite" in traits and lengths[0] == lengths[1]:
            text = kernel_matrix(lengths[0], spec.high)
        else:
            text = self._floats(spec, size)
        if "symmetric" in traits and "definite" not in traits and lengths[0] == lengths[1]:
            text = f"(lambda A: np.maximum(A, A.T))({text})"
        if "sorted" in traits and "one-hot" not in traits:
            text = f"np.sort({text})"
        if "gaps" in traits:
            text = f"np.where({some_missing(lengths)}, np.nan, {text})"
        return f"{text}.astype(np.float32)" if "single" in traits else text

    def _integers(self, spec: Spec, size: str) -> str:
        if "signs" in spec.traits:
            return f"rng.choice([-1, 1], size={size})"
        if spec.low < 0:
            return f"rng.integers({int(spec.low)}, {int(spec.high) + 1}, size={size})"
        bound = self._bound(spec)
        if "classes" in spec.traits and self.every_class:  # fewer samples than classes do not work, and are refused
            return f"rng.permutation(np.r_[:{bound}, rng.integers({bound}, size={size} - {bound})])"
        return f"rng.integers({bound}, size={size})"

    def _bound(self, spec: Spec) -> str:
        """What labels are below: a length that they always stay under and once reach, else the largest seen."""
        if spec.below and "capped" not in spec.traits:
            return self.length(spec.below)
        if spec.below:
            return f"min({max(spec.tops)}, {self.length(spec.below)})"
        fitting = [
            vector
            for vector in (() if "free" in spec.traits else self.names)
            if len(vector) == len(spec.tops)
            and min(vector) > 1
            and vector not in spec.lengths
            and all(top <= length for top, length in zip(spec.tops, vector, strict=True))
            and any(top == length for top, length in zip(spec.tops, vector, strict=True))
        ]
        return self.length(min(fitting, key=sum)) if fitting else str(max(spec.tops, default=int(spec.high) + 1))

    def _floats(self, spec: Spec, size: str) -> str:
        scale = "scale * " if self.scaled else ""
        if "zero" in spec.traits or (spec.low < 0 < spec.high and abs(spec.mean) < spec.spread / 2):
            spread = 1.0 if 0.3 < spec.spread < 3 or "zero" in spec.traits else max(spec.spread, 0.5)
            return f"{scale}rng.normal({'' if spread == 1 else f'scale={two_digits(spread)}, '}size={size})"
        if spec.low >= 0 and spec.high <= 1:
            return f"rng.uniform(size={size})"
        if spec.low >= 0:
            return f"rng.uniform({two_digits(spec.low)}, {two_digits(max(spec.high, spec.low + 1))}, size={size})"
        return f"{scale}rng.normal({two_digits(spec.mean)}, {two_digits(max(spec.spread, 0.5))}, size={size})"

    def _size(self, spec: Spec) -> str:
        lengths = [self.length(vector) for vector in spec.lengths]
        return lengths[0] if len(lengths) == 1 else f"({', '.join(lengths)})"

    def _list(self, name: str, spec: Spec) -> str:
        part = spec.parts[0]
        length = self.length(spec.lengths[0])
        if part.kind == "int" and self._are_sizes(spec) and (sizes := self._sizes(spec)):
            text = f"[{', '.join(sizes)}]"
        elif part.kind == "int":
            low = f"{int(part.low)}, " if part.low else ""
            text = f"rng.integers({low}{int(part.high) + 1}, size={length}).tolist()"
        elif part.kind == "float":
            text = f"{self._floats(part, length)}.round(2).tolist()"
        elif part.kind == "literal" and len(part.values) > 1:
            values = [value for value in part.values if value is not None]
            text = f"rng.choice({values!r}, size={length})"
            if len(values) < len(part.values):
                text = f"np.where({some_missing([length])}, None, {text})"
            text = f"{text}.tolist()"
        else:
            text = f"[{self.expression(name, part)} for _ in range({length})]"
        return f"tuple({text})" if "tuple" in spec.traits else text

    def _sizes(self, spec: Spec) -> list[str]:
        """The names of a list of lengths, [] unless each of them is the length of something."""
        first = {vector[0]: vector for vector in reversed(list(self.names))}
        sizes = spec.parts[0].keys
        return [self.length(first[each]) for each in sizes] if all(each in first for each in sizes) else []
