"""A file of saved numbers as plain data or arrays, read without running code from it.

    .npy             one array
    .npz             a dictionary from name to array
    .safetensors     a dictionary from name to array or tensor
    .pt, .pth        what torch.save wrote, if that is tensors, numbers, texts, and containers of them

The libraries that read these formats are written in C in part, and the files come from students: call `read` where
student code may run, and nowhere else.

This module is shipped to students: standard library and numpy, and torch and safetensors for files that need them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ..errors import InstructorError, Verdict

__all__ = ["REASONS", "Refused", "check_name", "explained", "is_name", "read"]

_FORMATS = {  # suffix -> package that reads it, and how such a file is made
    ".npy": ("numpy", "numpy.save({!r}, array)"),
    ".npz": ("numpy", "numpy.savez({!r}, name=array)"),
    ".pt": ("torch", "torch.save(model.state_dict(), {!r})"),
    ".pth": ("torch", "torch.save(model.state_dict(), {!r})"),
    ".safetensors": ("safetensors", "safetensors.torch.save_file(model.state_dict(), {!r})"),
}

REASONS = {
    "absent": (Verdict.MISSING, "{name} was not handed in."),
    "memory": (Verdict.MEMORY, "{name} needs more memory than there is."),
    "uninstalled": (Verdict.RAISED, "{name} cannot be read, because {package} is not installed here."),
    "unfit": (
        Verdict.FAILED,
        "{name} is damaged, or cannot be read without running code from it; save it with {call}.",
    ),
}
"""Why a file is refused: verdict and sentence."""


class Refused(Exception):
    """A file was not read; the text is one of `REASONS`."""


def is_name(name: str) -> bool:
    """Whether this is the name of a file that can be asked for: of a known format, and in no other folder."""
    path = PurePath(name)
    return path.name == name and path.suffix in _FORMATS


def check_name(name: str) -> None:
    """Look whether a check asks for a file that can be had.

    Raises:
        InstructorError: `is_name` says no.
    """
    if not is_name(name):
        raise InstructorError(
            f"A check asks for student.saved({name!r}); "
            f"name a file beside the modules that ends in {', '.join(_FORMATS)}."
        )


def explained(name: str, reason: str) -> tuple[Verdict, str]:
    """Verdict and sentence for a file that was refused."""
    package, call = _FORMATS[PurePath(name).suffix]
    verdict, sentence = REASONS[reason]
    return verdict, sentence.format(name=name, package=package, call=call.format(name))


def read(folder: Path, name: str) -> Any:
    """What a file of a folder holds; see the table above.

    Raises:
        Refused: the file is not there, is damaged, needs code to be run, too much memory or another package.
    """
    path = folder / name
    if not path.is_file():
        raise Refused("absent")
    try:
        return _content(path)
    except Exception as error:  # noqa: BLE001  (damaged files raise nearly anything)
        raise Refused(_reason(error)) from None


def _content(path: Path) -> Any:
    if path.suffix == ".npy":
        # numpy.load would take memory for as many numbers as the file says it has; a map cannot be longer than it is.
        return np.array(np.lib.format.open_memmap(path, mode="r"))
    if path.suffix == ".npz":
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return dict(archive)
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        # numpy has no bfloat16
        with safe_open(path, framework="pt" if importlib.util.find_spec("torch") else "np") as tensors:
            return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118  (it is no dictionary)
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # torch has no error of its own for it
        return "memory"
    return "uninstalled" if isinstance(error, ImportError) else "unfit"
