"""Run a check on the reference itself, with the reference as the student, before it is written down.

The two sides draw random numbers of their own, and the student's side begins each function with a solution from
another place: a check that still passes does not depend on the order in which a right solution draws.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder import checks, plain
from autograder.errors import CheckFailed
from autograder.starting.tracing import Cut, time_limit
from autograder.student.local import LocalHandle, LocalStudent

__all__ = ["Bench", "Failed"]

SECONDS = 6.0
"""How long one try may take."""


class Failed(Exception):
    """A try did not work; the text says why."""


class Bench:
    """The reference twice: as the reference, and as a student.

    Args:
        folder: holds the modules.
        names: each public name with its file.
        solutions: qualified names of the functions that students write.
    """

    def __init__(self, folder: Path, names: Mapping[str, str], solutions: Collection[str]) -> None:
        self.folder = folder
        self.names = names
        self.solutions = {name.removesuffix(".__init__") for name in solutions}

    def run(self, lines: Sequence[str], helpers: str = "", seed: int = 0, seconds: float = SECONDS) -> Any:
        """Run the body of a check and give back what it returns.

        Raises:
            Failed: it raised, or took longer than `seconds`.
        """
        student, reference = self._side(seed, apart=True), self._side(seed, apart=False)
        text = "\n".join([helpers, "def check(student, reference, rng):", *(f"    {line}" for line in lines)])
        space: dict[str, Any] = {"np": np, "CheckFailed": CheckFailed, "rows": plain.rows}
        space |= {name: getattr(checks, name) for name in checks.__all__}
        try:
            with time_limit(seconds), np.errstate(all="ignore"):
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
        self, lines: Sequence[str], helpers: str = "", seeds: Sequence[int] = (1, 2, 3), seconds: float = SECONDS
    ) -> bool:
        """Whether the body of a check passes under each seed."""
        try:
            for seed in seeds:
                self.run(lines, helpers, seed, seconds)
        except Failed:
            return False
        return True

    def _side(self, seed: int, *, apart: bool) -> LocalStudent:
        side = LocalStudent(self.folder, self.names, reference=not apart)
        inside = side._inside
        run = inside.run
        state = _Random(seed)

        def own(title: str, work: Callable[[], Any], call: Any = None) -> Any:
            if apart and title in self.solutions:
                return state.elsewhere(lambda: run(title, work, call))
            with state:
                return run(title, work, call)

        setattr(inside, "run", own)  # noqa: B010
        return side


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


def opened(value: Any) -> Any:
    """The object behind a stand-in, or the value itself."""
    return value._object if isinstance(value, LocalHandle) else value
