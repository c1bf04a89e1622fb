"""What went wrong with a submission behind a wall, as a sentence and an exception of the right family."""

from __future__ import annotations

import builtins
import errno
import signal
from collections.abc import Collection, Mapping
from typing import Any

from autograder.errors import SandboxError, StudentError
from autograder.loading import Interface
from autograder.model import Limits
from autograder.sandbox.base import Outcome

__all__ = ["died", "missing", "raised", "refused"]

_LONGEST_TEXT = 2000


def missing(where: str, interface: Interface, inventory: Mapping[str, Mapping[str, list[str] | None]]) -> str:
    """What is not there: a name that a module or an object lacks.

    Args:
        where: the name, or ``Class.name``.
        interface: of the reference.
        inventory: of each module that was imported, what it defines, with the attributes of its classes.
    """
    owner, _, name = where.rpartition(".")
    if not owner:
        return f"`{name}` is not there any more."
    wanted = interface.methods_of(owner)
    has = next((names[owner] for names in inventory.values() if names.get(owner)), None) or []
    lacking = [f"`{method}`" for method in wanted if method not in has]
    if len(lacking) > 1:
        return f"`{owner}` lacks the methods {', '.join(lacking)}; keep the names of the handout."
    return f"`{owner}` has no `{name}`; keep the names of the handout."


def raised(
    fault: Mapping[str, Any], where: str, files: Collection[str], limits: Limits, *, may_show: bool
) -> StudentError:
    """An exception of the submission's; only the name of a built-in class is believed.

    Args:
        fault: what the worker told of it.
        where: what was called.
        files: those of the assignment; no other is named.
        limits: under which it ran.
        may_show: whether its words can hold nothing of a hidden check.
    """
    texts = {key: value for key, value in fault.items() if isinstance(value, str)}
    kind = texts.get("kind", "")
    if not (isinstance(known := getattr(builtins, kind, None), type) and issubclass(known, BaseException)):
        kind = "Exception"
    line = fault.get("line")
    number = line if type(line) is int and 0 < line < 1_000_000 else 0
    file, _, cell = texts.get("file", "").partition("#")
    file = file if file in files else ""
    message = texts.get("message", "")[:_LONGEST_TEXT]
    name = texts.get("type", kind)[:100]
    part = f"cell {cell} of " if cell.isdecimal() and len(cell) < 7 else ""
    place = "" if f"{part}{file}" == where else f" of {part}{file}"
    at = f" (line {number}{place})" if file and number else ""
    limit = refused(fault.get("errno"), limits)
    told = f"; {limit}" if limit else ""
    verdict, sentence = "RAISED", f"`{where}` raised {name}{at}: {message or 'no message'}{told}"
    if kind == "NotImplementedError":
        verdict, sentence = "NOT_ATTEMPTED", f"Not attempted: {message or where}"
    elif kind == "MemoryError":
        sentence = f"Memory limit of {limits.memory_mib} MiB reached in `{where}`{at}."
        verdict, may_show = "MEMORY", True
    elif kind == "SystemExit":
        sentence = f"`{where}` called exit(){at}; a module that is graded must not end Python."
    elif kind in ("ModuleNotFoundError", "ImportError") and where.startswith("import "):
        sentence = f"{where.removeprefix('import ')}.py needs something that is not installed here{at}: {message}."
    trace = texts.get("trace", "")[: 3 * _LONGEST_TEXT]
    error = StudentError(verdict, sentence, kind=kind, file=file, line=number, trace=trace, open=may_show)
    error.limit = limit
    return error


def refused(number: object, limits: Limits) -> str:
    """The limit behind an error number of the operating system, or "" """
    return {
        errno.EAGAIN: f"limit of {limits.processes} processes and threads",
        errno.EMFILE: f"limit of {limits.open_files} open files",
        errno.EFBIG: f"limit of {limits.file_mib} MiB for a file",
        errno.ENOSPC: f"limit of {limits.scratch_mib} MiB and {limits.scratch_files:,} files of scratch space",
    }.get(number if type(number) is int else 0, "")


def died(outcome: Outcome, where: str, limits: Limits, *, may_show: bool) -> StudentError | SandboxError:
    """A worker that gave no answer: over a limit, ended by itself, or by our fault."""
    if outcome.fault:
        return SandboxError(f"The sandbox broke: {outcome.fault}.")
    over = {
        "wall": ("TIME", f"Time limit of {limits.wall_seconds:g} s reached"),
        "cpu": ("TIME", f"CPU time limit of {limits.cpu:g} s reached"),
        "memory": ("MEMORY", f"Memory limit of {limits.memory_mib} MiB reached"),
        "output": ("OUTPUT", f"More than {limits.output_kib} KiB printed"),
        "scratch": (
            "OUTPUT",
            f"More than {limits.scratch_mib} MiB or {limits.scratch_files:,} files of scratch space written",
        ),
        "processes": ("CRASHED", f"More than {limits.processes} processes and threads running"),
        "reply": ("OUTPUT", f"An answer larger than {limits.reply_mib} MiB came"),
    }
    if outcome.limit in over:
        verdict, sentence = over[outcome.limit]
        return StudentError(verdict, f"{sentence} in `{where}`.", open=True)
    if outcome.signal:
        name = {each.value: each.name for each in signal.Signals}.get(outcome.signal, "unknown")
        sentence = f"Python was ended by signal {outcome.signal} ({name}) in `{where}`."
    else:
        sentence = f"Python ended with exit code {outcome.exit_code} in `{where}`."
    return StudentError("CRASHED", sentence, open=may_show)  # the number could tell a hidden input
