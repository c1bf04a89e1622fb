"""Run a check on the reference itself, with the reference as the student, before it is written down.

The two sides draw random numbers of their own, and each function with a solution is disturbed on the student's side
(see `disturbing`): a check that still passes does not depend on how a right solution draws.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
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
        student = LocalStudent(student_folder, self.names) if student_folder else self._side(seed, apart=True)
        reference = self._side(seed, apart=False)
        text = "\n".join([helpers, "def check(student, reference, rng):", *(f"    {line}" for line in lines)])
        space: dict[str, Any] = {"np": np, "CheckFailed": CheckFailed, "rows": rows}
        packages = {"pd": "pandas", "torch": "torch"}
        space |= {short: sys.modules[name] for short, name in packages.items() if name in sys.modules}
        space["random"] = random
        space |= {name: getattr(checks, name) for name in checks.__all__}
        try:
            with time_limit(seconds, wall=20 * seconds), np.errstate(all="ignore"):
                exec(compile(text, "<check>", "exec"), space)  # noqa: S102
                return space["check"](student, reference, np.random.default_rng(seed))
        except Cut:
            raise Failed(f"it takes longer than {seconds:g} s") from None
        except Exception as error:
            raise Failed(" ".join(str(error).split()) or type(error).__name__) from error
        finally:
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
        """Whether the body of a check passes under each seed; of many, as many as `budget` CPU seconds allow."""
        begun = time.process_time()
        try:
            for place, seed in enumerate(seeds):
                if place >= LEAST_SEEDS and time.process_time() - begun > budget:
                    break
                self.run(lines, helpers, seed, seconds)
        except Failed:
            return False
        return True

    def _side(self, seed: int, *, apart: bool) -> LocalStudent:
        side = LocalStudent(self.folder, self.names, reference=not apart)
        inside = side._inside
        run = inside.run
        state = _Random(seed)

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
                before = state.states
                result = state.elsewhere(lambda: other(title, work, call))
                self.draws |= state.states is not before
                return result
            with state, self._watch.watching(*self._watched) if self._watched else nullcontext():
                return run(title, work, call)

        setattr(inside, "run", own)  # noqa: B010
        return side


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


class _Random:
    """The state of the random numbers of one side, put in place while its code runs."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.states: tuple[Any, ...] | None = None
        self.outside: tuple[Any, ...] = ()

    def elsewhere(self, work: Callable[[], Any]) -> Any:
        """Work with random numbers from another place; if it draws any, all later ones are others, too."""
        self.seed += 1_000_003
        other = _Random(self.seed)
        with other:
            before = _states()
            result = work()
            drew = not _equal(before, _states())
        if drew:
            self.states = other.states
        return result

    def __enter__(self) -> None:
        self.outside = _states()
        if self.states is None:
            random.seed(self.seed)
            np.random.seed(self.seed % (1 << 32))
            if torch := sys.modules.get("torch"):
                torch.manual_seed(self.seed)
        else:
            _restore(self.states)

    def __exit__(self, *_: object) -> None:
        self.states = _states()
        _restore(self.outside)


def _states() -> tuple[Any, ...]:
    torch = sys.modules.get("torch")
    return random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None


def _equal(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether nothing was drawn between two states."""
    own = a[0] == b[0] and np.array_equal(a[1][1], b[1][1]) and a[1][2:] == b[1][2:]
    return bool(own and (a[2] is None or (b[2] is not None and bool((a[2] == b[2]).all()))))


def _restore(states: tuple[Any, ...]) -> None:
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
