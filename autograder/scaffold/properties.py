"""What can be asked of an answer that depends on how random numbers are drawn.

Each part of it is compared as strictly as the reference allows beside a disturbed copy of itself: equal, equal up to
the signs of rows or columns, equal in another order. What is left is asked for properties that always hold: how its
parts belong together by other functions of the reference, a cost that is no worse than the reference's, and the mean
and the spread over many seeds.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograder.scaffold import bodies
from autograder.scaffold.answers import array_of, moves, whole
from autograder.scaffold.bodies import Subject
from autograder.scaffold.comparisons import SEEDS, Comparisons
from autograder.scaffold.helpers import HELPERS, MOVES_LIKE
from autograder.scaffold.inputs import EPOCHS, SEED, Inputs
from autograder.scaffold.trial_runner import Failed
from autograder.scaffold.values import Spec

__all__ = ["Properties", "seeded"]

COST = re.compile(r".*(loss|cost|objective|inertia|energy|error|mse|distortion|perplexity).*", re.IGNORECASE)
GAIN = re.compile(r".*(accuracy|score|reward|returns?)", re.IGNORECASE)
MARGINS = (0.02, 0.05, 0.1, 0.25, 0.5)
COUNTS = (400, 200, 100, 50, 20)
"""Over how many seeds answers are drawn: as many as `SECONDS_OF_DRAWS` allow."""
SECONDS_OF_DRAWS = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """Lines of one check, its title, and the texts of the functions that they use."""

    kind: str
    title: str
    lines: tuple[str, ...]
    helper: str
    hint: str


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


class Properties(Comparisons):
    """The checks of one function whose answer is not determined."""

    def found(self) -> Iterator[Found]:
        """Checks that the reference passes, whatever it draws."""
        function = self.subject.function
        compared, rest = self.compared()
        parts = self.partitions()
        drawn = self.trial_runner.draws
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

    def repeated(self) -> Iterator[Found]:
        """The same answer for the same seed, where the docstring promises that."""
        subject = seeded(self.subject)
        if self.subject.name not in self.trial_runner.reproducible or subject is None:
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
                    if place in places or (entry and np.ndim(array_of(part.value)) != 1):
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
        self.trial_runner.run(self.over_seeds(count, "answer", ["return answers"]), seed=1)
        return time.process_time() - begun

    def of_many(self, place: int, sides: Sequence[str], count: int, rows: int) -> Iterator[str]:
        """Lines about a part of the answers under many seeds, the strictest first."""
        part = self.parts[place]
        yield f'same_distribution({", ".join(sides)}, "{part.title}")'
        if not moves(part.value):
            return
        clear = f"return np.max(np.abs(np.mean([changes(each) for each in {sides[1]}], axis=0))) >= 0.7"
        with contextlib.suppress(Failed):
            if self.trial_runner.run(self.over_seeds(count, "answer", [clear], rows), MOVES_LIKE, seed=1):
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
