"""Run a check on the reference itself, with the reference as the student, before it is written down.

The two sides draw random numbers of their own, and each function with a solution is disturbed on the student's side
(see `disturbing`): a check that still passes does not depend on how a right solution draws.
"""

from __future__ import annotations

import functools
import random
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from autograder import checks
from autograder.checks.errors import CheckFailed
from autograder.checks.local.student import LocalHandle, LocalStudent
from autograder.checks.rows import rows
from autograder.scaffold.cases import Case, Watch
from autograder.scaffold.tracing import Cut, time_limit
from autograder.scaffold.values import generator_of
from autograder.scaffold.variations import disturbed

__all__ = ["Failed", "TrialRunner"]


SECONDS = 6.0
"""CPU time that one try may take."""
BUDGET = 2.0
"""CPU seconds after which no further seed is tried."""
LEAST_SEEDS = 3
OWN_DRAWS = re.compile(
    r"\brandom\.(?!Random\b|RandomState\b|Generator\b|default_rng\b)"
    r"|\btorch\.(?!tensor|as_tensor|from_numpy|float|double|long|int|bool|zeros|ones|full|arange|no_grad|Generator)"
)
"""What a check says that may draw from where the two sides draw as well; drafted ones draw from `rng`."""

States = tuple[Any, ...]


class Failed(Exception):
    """A try did not work; the text says why."""


class TrialRunner:
    """The reference twice: as the reference, and as a student.

    `draws` says whether a solution has asked for random numbers since it was last set to False.

    Args:
        folder: holds the modules.
        names: each public name with its file.
        solutions: qualified names of the functions that students write.
        settled: those whose docstring says which of equal things counts.
        reproducible: those whose docstring promises the same answer for the same seed.
        open: those whose docstring leaves to students what they give.
    """

    def __init__(
        self,
        folder: Path,
        names: Mapping[str, str],
        solutions: Collection[str],
        settled: Collection[str] = (),
        reproducible: Collection[str] = (),
        open: Collection[str] = (),
    ) -> None:
        self.folder = folder
        self.names = names
        self.solutions = {name.removesuffix(".__init__") for name in solutions}
        self.settled = frozenset(settled)
        self.reproducible = frozenset(reproducible)
        self.open = frozenset(open)
        self.draws = False
        self._watch = Watch(set(names.values()), solutions)
        self._watched: tuple[str, set[Case]] | None = None
        self._tried: dict[tuple[tuple[str, ...], str, int, float], tuple[bool, bool]] = {}

    @contextmanager
    def watching(self, name: str) -> Iterator[set[Case]]:
        """A set that fills with what the calls of a function of the reference come across while this is open."""
        found: set[Case] = set()
        self._watched = (name, found)
        try:
            yield found
        finally:
            self._watched = None

    def run(
        self,
        lines: Sequence[str],
        helpers: str = "",
        seed: int = 0,
        seconds: float = SECONDS,
        student_folder: Path | None = None,
    ) -> Any:
        """Run the body of a check and give back what it returns.

        Args:
            lines: the body.
            helpers: text of the functions that it uses.
            seed: of its random inputs, and of what is disturbed.
            seconds: how long it may take.
            student_folder: modules that stand in for the student's, undisturbed; None for the reference.

        Raises:
            Failed: it raised, or took longer than `seconds`.
        """
        in_place = _InPlace(at_once=OWN_DRAWS.search("\n".join(lines)) is not None)
        student = LocalStudent(student_folder, self.names) if student_folder else self._side(in_place, seed, apart=True)
        reference = self._side(in_place, seed, apart=False)
        text = "\n".join([helpers, "def check(student, reference, rng):", *(f"    {line}" for line in lines)])
        space: dict[str, Any] = {"np": np, "CheckFailed": CheckFailed, "rows": rows}
        packages = {"pd": "pandas", "torch": "torch"}
        space |= {short: sys.modules[name] for short, name in packages.items() if name in sys.modules}
        space["random"] = random
        space |= {name: getattr(checks, name) for name in checks.__all__}
        try:
            with time_limit(seconds, wall=20 * seconds), np.errstate(all="ignore"):
                exec(_compiled(text), space)  # noqa: S102
                return space["check"](student, reference, np.random.default_rng(seed))
        except Cut:
            raise Failed(f"it takes longer than {seconds:g} s") from None
        except Exception as error:
            raise Failed(" ".join(str(error).split()) or type(error).__name__) from error
        finally:
            in_place.end()
            if pyplot := sys.modules.get("matplotlib.pyplot"):
                pyplot.close("all")

    def passes(
        self,
        lines: Sequence[str],
        helpers: str = "",
        seeds: Sequence[int] = (1, 2, 3),
        seconds: float = SECONDS,
        budget: float = BUDGET,
    ) -> bool:
        """Whether the body of a check passes under each seed; of many, as many as `budget` CPU seconds allow.

        What was tried before under a seed is not tried again.
        """
        begun = time.process_time()
        for place, seed in enumerate(seeds):
            if place >= LEAST_SEEDS and time.process_time() - begun > budget:
                break
            key = (tuple(lines), helpers, seed, seconds)
            if key not in self._tried:
                self._tried[key] = self._try(lines, helpers, seed, seconds)
            passed, drew = self._tried[key]
            self.draws |= drew
            if not passed:
                return False
        return True

    def _try(self, lines: Sequence[str], helpers: str, seed: int, seconds: float) -> tuple[bool, bool]:
        """Whether the body of a check passes, and whether a solution asked for random numbers meanwhile."""
        before, self.draws = self.draws, False
        try:
            self.run(lines, helpers, seed, seconds)
        except Failed:
            return False, self.draws
        else:
            return True, self.draws
        finally:
            self.draws |= before

    def _side(self, in_place: _InPlace, seed: int, *, apart: bool) -> LocalStudent:
        side = LocalStudent(self.folder, self.names, reference=not apart)
        inside = side._inside
        run = inside.run
        state = _Random(seed, in_place)

        def other(title: str, work: Callable[[], Any], call: Any) -> Any:
            modules = list(inside.modules.own.values())
            given = list(_given(work))
            ties = title not in self.settled and seed % 2 == 0
            drawn: list[str] = []
            try:
                with disturbed(self.folder, modules, [_holder(work), *given], seed, ties=ties, drawn=drawn):
                    return run(title, work, call)
            finally:
                self.draws |= bool(drawn)

        def own(title: str, work: Callable[[], Any], call: Any = None) -> Any:
            if apart and title in self.solutions:
                result, drew = state.elsewhere(lambda: other(title, work, call))
                self.draws |= drew
                return result
            with state, self._watch.watching(*self._watched) if self._watched else nullcontext():
                return run(title, work, call)

        setattr(inside, "run", own)  # noqa: B010
        return side


@functools.lru_cache(maxsize=64)
def _compiled(text: str) -> CodeType:
    """The code of a check, which is tried under many seeds."""
    return compile(text, "<check>", "exec")


def _given(work: Callable[[], Any]) -> Iterator[Any]:
    """The generators of random numbers among the arguments that a piece of work hands over, which its closure holds."""
    for cell in work.__closure__ or ():
        held = cell.cell_contents
        values = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
        yield from (value for value in values if generator_of(value))


def _holder(work: Callable[[], Any]) -> Any:
    """The object whose method a piece of work calls, None for a function: the work holds it in its closure."""
    for cell in work.__closure__ or ():
        owner = getattr(cell.cell_contents, "__self__", None)
        if owner is not None and not isinstance(owner, type(sys)):
            return owner
    return None


class _InPlace:
    """Whose random numbers are in place while a check is tried: those of a side, or those from outside.

    Putting them in place takes longer than most calls, so they stay until the other side is called or the check ends.

    Args:
        at_once: whether they go after each call, for a check that draws from the same places itself.
    """

    def __init__(self, *, at_once: bool) -> None:
        self.at_once = at_once
        self.side: _Random | None = None
        self.outside: States | None = None
        self._open: list[_Random] = []

    def begin(self, side: _Random) -> None:
        """A call of a side, perhaps within another call."""
        self._open.append(side)
        self.put(side)

    def over(self) -> None:
        """The call that was begun last is over."""
        self._open.pop()
        if self._open:
            self.put(self._open[-1])
        elif self.at_once:
            self.end()

    def put(self, side: _Random) -> None:
        """The numbers of a side, which go on where that side was."""
        if self.side is side:
            return
        if self.outside is None:
            self.outside = _states()
        elif self.side is not None:
            self.side.states = _states()
        self.side = side
        side.restore()

    def end(self) -> None:
        """Those from outside again."""
        if self.outside is not None:
            if self.side is not None:
                self.side.states = _states()
            _restore(self.outside)
        self.side = self.outside = None


class _Random:
    """The random numbers of one side, which are in place while its code runs."""

    def __init__(self, seed: int, in_place: _InPlace) -> None:
        self.seed = seed
        self.states: States | None = None
        self._in_place = in_place

    def elsewhere(self, work: Callable[[], Any]) -> tuple[Any, bool]:
        """Work with random numbers from another place, and whether it drew any; all later ones are others, then."""
        self.seed += 1_000_003
        other = _Random(self.seed, self._in_place)
        with other:
            before = _states()
            result = work()
            after = _states()
        drew = not _equal(before, after)
        if drew:
            self.states = after
        return result, drew

    def restore(self) -> None:
        """Put the states in place in which this side was, or those of its seed."""
        if self.states is None:
            random.seed(self.seed)
            np.random.seed(self.seed % (1 << 32))
            if torch := sys.modules.get("torch"):
                torch.manual_seed(self.seed)
        else:
            _restore(self.states)

    def __enter__(self) -> None:
        self._in_place.begin(self)

    def __exit__(self, *_: object) -> None:
        self._in_place.over()


def _states() -> States:
    torch = sys.modules.get("torch")
    return random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None


def _equal(a: States, b: States) -> bool:
    """Whether nothing was drawn between two states."""
    own = a[0] == b[0] and np.array_equal(a[1][1], b[1][1]) and a[1][2:] == b[1][2:]
    return bool(own and (a[2] is None or (b[2] is not None and bool((a[2] == b[2]).all()))))


def _restore(states: States) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    if states[2] is not None:
        sys.modules["torch"].set_rng_state(states[2])


@contextmanager
def largest_exponent() -> Iterator[list[float]]:
    """Holds, in a list, the largest number that was given to an exponential of numpy's while it is open."""
    largest = [0.0]
    real = {name: getattr(np, name) for name in ("exp", "logaddexp")}

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **named: Any) -> Any:
            for each in arguments:
                array = np.asarray(each)
                if array.size and array.dtype.kind in "iuf":
                    finite = np.abs(array[np.isfinite(array)])
                    largest[0] = max(largest[0], float(finite.max(initial=0.0)))
            return function(*arguments, **named)

        return noted

    try:
        for name, function in real.items():
            setattr(np, name, noting(function))
        yield largest
    finally:
        for name, function in real.items():
            setattr(np, name, function)


def opened(value: Any) -> Any:
    """The object behind a stand-in, or the value itself."""
    return value._object if isinstance(value, LocalHandle) else value
