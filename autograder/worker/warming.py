"""What a forkserver does once, before there is any student code, so that no worker has to: imports, first uses, seeds.

Each worker is a copy of the forkserver, and pays for whatever was not done there: in time, and in pages of memory that
it writes and therefore copies.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["import_module", "seed_all", "seed_torch_later", "warm_up"]

_PLOTTING = ("matplotlib", "seaborn")


def import_module(name: str) -> None:
    """Import a module that submissions use.

    Raises:
        ImportError: it cannot be imported, and whatever else it raises.
    """
    if name.partition(".")[0] in _PLOTTING and "matplotlib.artist" not in sys.modules:
        with _no_tables_of_properties():
            importlib.import_module(name)
    else:
        importlib.import_module(name)


def warm_up() -> None:
    """Have numpy, torch and matplotlib, where they are loaded, load now what their first use loads."""
    seed_all(0)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        with suppress(Exception):  # a broken installation is the submission's to meet, with its own traceback
            _draw_once(pyplot)


def _draw_once(pyplot: Any) -> None:
    """A curve with a legend: the back end, its fonts and formats; nothing of it stays."""
    pyplot.figure()
    pyplot.plot([0.0, 1.0], [0.0, 1.0], label="curve")
    pyplot.legend()
    pyplot.close("all")


@contextmanager
def _no_tables_of_properties() -> Iterator[None]:
    """While matplotlib is imported, no class gets the table of its properties into its docstring.

    Making these tables, which only people read, takes a quarter of the import.
    """
    try:
        artist: Any = importlib.import_module("matplotlib.artist")
        make = artist.kwdoc
    except (ImportError, AttributeError):  # there is none, or one that makes them in another way
        yield
        return
    artist.kwdoc = lambda _artist: ""
    try:
        yield
    finally:
        artist.kwdoc = make


def seed_all(number: int) -> None:
    """Seed `random` and, where they are loaded, numpy and torch; torch also when it is imported later, in a worker."""
    random.seed(number)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(number % (1 << 32))
    if "torch" in sys.modules:
        _seed_torch(number)
    else:
        _SeedsTorchLater.number = number


def _seed_torch(number: int) -> None:
    torch: Any = sys.modules["torch"]
    if generator := getattr(torch, "default_generator", None):  # a submission may call a module of its own torch
        generator.manual_seed(number % (1 << 63))  # manual_seed would format a stack for each device
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(number % (1 << 63))


class _SeedsTorchLater:
    """Finds torch, when it is imported after the seed was set, so that it draws as if it had been there before.

    What else the class imports decides whether it is; that must not decide what a submission draws.
    """

    number = 0

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG003
        """What `importlib` asks of an entry of `sys.meta_path`."""
        if name != "torch":
            return None
        sys.meta_path[:] = [each for each in sys.meta_path if each is not cls]
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_seed(module: Any) -> None:
                execute(module)
                _seed_torch(cls.number)

            spec.loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec


def seed_torch_later() -> None:
    """From now on torch, where it was not imported yet, is seeded as it is imported."""
    if "torch" not in sys.modules:
        sys.meta_path.insert(0, _SeedsTorchLater)
