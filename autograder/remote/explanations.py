"""What went wrong with a submission in a sandbox, as a sentence and an exception of the right family."""

from __future__ import annotations

import builtins
import errno
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from autograder.assignment.interface import Interface
from autograder.checks.errors import SandboxError, StudentError
from autograder.checks.inspection import saved_files
from autograder.checks.local import faults, limited_process
from autograder.checks.local.faults import Call, is_stub, refusal, unwritten
from autograder.checks.local.imports import at_import, explained
from autograder.checks.local.sources import Frame, HandedIn
from autograder.checks.wording import seconds
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Outcome

__all__ = ["about_version", "died", "missing", "raised", "reads", "refused", "undefined"]


_UNDEFINED = re.compile(r"name '(\w{1,100})' is not defined")
_LONGEST_TEXT = 2000
_MOST_FRAMES = 40
_IMPORT = "import "
_WORTH_SAYING = 0.05
"""Fewer seconds would be shown as 0.0."""
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_STEP_OF_CALLS = "Keep the parameters that the handout gives."
_STEP_OF_IMPORTS = "Import only files that you hand in, and packages that the handout names."
_STEPS_OF_OUTPUT = {
    "output": "Remove prints from loops.",
    "scratch": "Write fewer or smaller files, and remove those that are not needed any more.",
    "reply": "Return only what the handout asks for; print the shapes of what you return.",
}
_STEP_AT_IMPORT = 'Everything outside of functions runs at import: put calls into `if __name__ == "__main__":`.'


def missing(where: str, interface: Interface, inventory: Mapping[str, Mapping[str, list[str] | str | None]]) -> str:
    """What is not there: a name that a module or an object lacks.

    Args:
        where: the name, or ``Class.name``.
        interface: of the reference.
        inventory: of each module that was imported, what it defines, with the attributes of its classes.
    """
    owner, _, name = where.rpartition(".")
    if not owner:
        return f"`{name}` is not there any more."
    expected = interface.methods_of(owner)
    has = next((found for names in inventory.values() if isinstance(found := names.get(owner), list)), [])
    lacking = [method for method in expected if method not in has]
    return faults.lacks(owner, lacking if len(lacking) > 1 else [name])


def raised(
    fault: Mapping[str, Any],
    where: str,
    handed_in: HandedIn,
    limits: Limits,
    *,
    may_show: bool,
    names: Mapping[str, str] = _NO_NAMES,
    call: Call | None = None,
) -> StudentError:
    """An exception of the submission's; only the name of a built-in class is believed.

    Of the steps that led to it the innermost in a file that the student wrote is named and quoted: a given file, or a
    library, is not the student's to change.

    Args:
        fault: what the worker reported of it.
        where: what was called.
        handed_in: the files of the submission. Of these only those of the assignment are named, unless `may_show`.
        limits: under which it ran.
        may_show: whether its words can hold nothing of a hidden check.
        names: each public name of the assignment with its file.
        call: how `where` was called, if it was.
    """
    texts = {key: value for key, value in fault.items() if isinstance(value, str)}
    kind = texts.get("kind", "")
    if not (isinstance(known := getattr(builtins, kind, None), type) and issubclass(known, BaseException)):
        kind = "Exception"
    frames = [
        each for each in _frames(fault) if each.file in handed_in.files or (may_show and handed_in.has(each.file))
    ]
    raised_at = frames[-1] if frames else None
    frame = next((each for each in reversed(frames) if handed_in.wrote(each.file)), raised_at)
    message = texts.get("message", "")[:_LONGEST_TEXT]
    name = texts.get("type", kind)[:100]
    place = faults.place_of(frame, where, handed_in if may_show else HandedIn())
    limit = refused(fault.get("errno"), limits)
    also = f"; {limit}" if limit else ""
    verdict, sentence, step = Verdict.RAISED, f"{faults.raised(where, name, place, message)}{also}", None
    everywhere, file_of = "", names.get(where.partition(".")[0], "")
    if kind == "NotImplementedError" and is_stub(raised_at, message, handed_in):
        verdict, sentence = Verdict.NOT_ATTEMPTED, faults.not_attempted(message or where)
        if file_of and raised_at and (stub := unwritten(raised_at, where, names, handed_in)):
            sentence = everywhere = faults.stub_called(stub, where)
            step = f"Write `{stub}` first."
    elif (
        kind == "TypeError"
        and call
        and file_of
        and not fault.get("frames")
        and (everywhere := refusal(where, file_of, call, handed_in, may_show=may_show))
    ):
        sentence, step = refusal(where, file_of, call, handed_in, may_show=True), _STEP_OF_CALLS
    elif kind == "MemoryError":
        sentence = f"Memory limit of {limits.memory_mib} MiB reached in `{where}`{place}."
        verdict, may_show = Verdict.MEMORY, True
    elif kind == "SystemExit":
        sentence = faults.ended_python(where, place)
    elif may_show and frame and issubclass(getattr(builtins, kind), SyntaxError):
        sentence, step = f"{sentence}. {_about_syntax(fault, frame, handed_in)}", ""
    elif may_show and (about := explained(kind, message, texts.get("name", "")[:200], frames, handed_in)):
        sentence, step = about, ""
    elif may_show and frame and (where.startswith(_IMPORT) or frame != raised_at):
        step = at_import(frames, handed_in, frame)
        quote = handed_in.quote(frame)
        quoted = f": `{quote}`" if quote else ""
        elsewhere = f", raised in {raised_at.place}" if raised_at and raised_at.file != frame.file else ""
        sentence = f"{faults.raised(where, name, f' ({frame.place}{quoted}{elsewhere})', message)}{also}"
    elif kind in ("ImportError", "ModuleNotFoundError"):
        step = _STEP_OF_IMPORTS
    trace = texts.get("trace", "")[: 3 * _LONGEST_TEXT]
    file, line = (frame.file, frame.line) if frame else ("", 0)
    error = StudentError(verdict, sentence, kind=kind, file=file, line=line, trace=trace, open=may_show)
    error.limit = limit
    error.everywhere = everywhere
    error.cell = frame.cell if frame else 0
    error.quote = handed_in.quote(frame)
    error.step = step
    return error


def undefined(fault: Mapping[str, Any]) -> str:
    """The name that a NameError is about, or "" """
    message = fault.get("message")
    found = _UNDEFINED.match(message) if isinstance(message, str) else None
    return found[1] if found else ""


def _frames(fault: Mapping[str, Any]) -> list[Frame]:
    """The steps that led to an exception, outermost first, as far as the worker's report has their form.

    A syntax error has its own place, behind the steps that led to the import.
    """
    steps = fault.get("frames")
    entries = list(steps[-_MOST_FRAMES:]) if isinstance(steps, list) else []
    if not entries or _is_syntax(fault):
        entries.append((fault.get("file"), fault.get("line"), False))
    found = []
    for entry in entries:
        match entry:
            case (str(name), int(line), bool(top)) if type(line) is int and 0 < line < 1_000_000:
                file, _, cell = name.partition("#")
                numbered = cell.isascii() and cell.isdecimal() and len(cell) < 7
                found.append(Frame(file, line, int(cell) if numbered else 0, top))
    return found


def _is_syntax(fault: Mapping[str, Any]) -> bool:
    kind = fault.get("kind")
    known = getattr(builtins, kind, None) if isinstance(kind, str) else None
    return isinstance(known, type) and issubclass(known, SyntaxError)


def _about_syntax(fault: Mapping[str, Any], frame: Frame, handed_in: HandedIn) -> str:
    """Which Python refused the file, and whether a newer one reads it."""
    match fault.get("python"):
        case (int(major), int(minor)) if major == sys.version_info[0] and 0 < minor < 100:
            grades = (major, minor)
        case _:
            grades = sys.version_info[:2]
    source = handed_in.source(frame.file, frame.cell)
    return about_version(source, handed_in.quote(frame), grades, cell=frame.cell > 0)


def _file_of(where: str) -> str:
    """The file of ``import module``."""
    return where.removeprefix(_IMPORT).replace(".", "/") + ".py"


def refused(number: object, limits: Limits) -> str:
    """The limit behind an error number of the operating system, or "" """
    return {
        errno.EAGAIN: f"limit of {limits.processes} processes and threads",
        errno.EMFILE: f"limit of {limits.open_files} open files",
        errno.EFBIG: f"limit of {limits.file_mib} MiB for a file",
        errno.ENOSPC: f"limit of {limits.scratch_mib} MiB and {limits.scratch_files:,} files of scratch space",
    }.get(number if type(number) is int else 0, "")


def died(
    outcome: Outcome, where: str, limits: Limits, *, may_show: bool, used_before: Mapping[str, float] | None = None
) -> StudentError | SandboxError:
    """A worker that gave no answer: over a limit, ended by itself, or by our fault.

    Args:
        outcome: how it ended.
        where: what was called.
        limits: of the question.
        may_show: whether the words of the submission can hold nothing of a hidden check.
        used_before: seconds of the question's ``"wall"`` and ``"cpu"`` time that earlier sandboxes used.
    """
    if outcome.fault:
        return SandboxError(f"The sandbox broke: {outcome.fault}.")
    over = {
        "wall": (Verdict.TIME, f"Time limit of {seconds(limits.wall_seconds)} s reached"),
        "cpu": (Verdict.TIME, f"CPU time limit of {seconds(limits.cpu)} s reached"),
        "memory": (Verdict.MEMORY, f"Memory limit of {limits.memory_mib} MiB reached"),
        "output": (Verdict.OUTPUT, f"More than {limits.output_kib} KiB printed"),
        "scratch": (
            Verdict.OUTPUT,
            f"More than {limits.scratch_mib} MiB or {limits.scratch_files:,} files of scratch space written",
        ),
        "processes": (Verdict.CRASHED, f"More than {limits.processes} processes and threads running"),
        "reply": (Verdict.OUTPUT, f"An answer larger than {limits.reply_mib} MiB came"),
    }
    if outcome.limit in over:
        verdict, sentence = over[outcome.limit]
        used = (used_before or {}).get(outcome.limit, 0.0)
        before = f"; {used:.1f} s of it went into earlier calls" if used >= _WORTH_SAYING else ""
        lost = f"; nothing that {_file_of(where)} defines can be used" if where.startswith(_IMPORT) else ""
        error = StudentError(verdict, f"{sentence} in `{where}`{before}{lost}.", open=True)
        error.step = _STEPS_OF_OUTPUT.get(outcome.limit, _STEP_AT_IMPORT if where.startswith(_IMPORT) else None)
        if outcome.limit == "reply" and saved_files.is_name(where):
            error.step = f"Save only what the handout asks for in {where}."
        return error
    if outcome.signal:
        name = {each.value: each.name for each in signal.Signals}.get(outcome.signal, "unknown")
        sentence = f"Python was ended by signal {outcome.signal} ({name}) in `{where}`."
    else:
        sentence = f"Python ended with exit code {outcome.exit_code} in `{where}`."
    return StudentError(Verdict.CRASHED, sentence, open=may_show)  # the number could tell a hidden input


# Code that this Python cannot read: whether a newer one can, and which syntax of it that looks like.
#
# The text is compiled, never run, by a newer Python of this machine where there is one, in a process with limits of its
# own. Where there is none, a table of patterns recognises what newer versions brought.

_CPU_SECONDS = 3
_WALL_SECONDS = 30.0  # loose: it depends on the neighbours
_READS, _REFUSES = 42, 43  # a program of another kind that is called like a Python gives neither
_COMPILE = f"""
import codecs, os, re, resource, warnings
warnings.simplefilter("ignore")
for what, most in (("CPU", {_CPU_SECONDS}), ("AS", 1 << 30), ("NOFILE", 16)):
    resource.setrlimit(getattr(resource, "RLIMIT_" + what), (most, most))
for line in text.splitlines()[:2]:
    named = re.match(rb"[ \\t\\f]*#.*?coding[:=][ \\t]*([-\\w.]+)", line)
    try:
        codecs.lookup(named[1].decode()) if named else None  # imports what decodes the text
    except LookupError:
        pass
withdraw()
code = {_READS}
try:
    compile(text, "submission", "exec", flags=int(sys.argv[1]), dont_inherit=True)
except (SyntaxError, ValueError):
    code = {_REFUSES}
os._exit(code)
"""
_TOP_LEVEL_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT: cells may await
_LONGEST_LINE = 500
_F = r""".*?\b[rR]?[fF][rR]?"""  # in front of an f-string's quote
_NEWEST = 20  # minor versions of Python that are looked for end here


@dataclass(frozen=True, slots=True)
class _Syntax:
    minor: int
    name: str
    pattern: re.Pattern[str]


_NEWER = (
    _Syntax(12, "a `type` statement", re.compile(r"\s*type\s+\w+\s*(\[[^\]]*\]\s*)?=")),
    _Syntax(12, "type parameters in brackets", re.compile(r"\s*(?:async\s+)?(?:def|class)\s+\w+\s*\[")),
    _Syntax(12, "an f-string with its own quotes inside", re.compile(_F + r"""("|')[^{}"']*\{[^{}"']*\1""")),
    _Syntax(12, "an f-string with a backslash inside braces", re.compile(_F + r"""["'][^{}]*\{[^{}]*\\""")),
    _Syntax(14, "`except` with several types and no parentheses", re.compile(r"\s*except\*?\s+[\w.]+\s*,")),
    _Syntax(14, "a template string", re.compile(r""".*?(?<![\w"'])(?:[tT][rR]?|[rR][tT])["']""")),
)


def about_version(
    source: bytes, line: str, grades: tuple[int, int], *, cell: bool = False, path: str | None = None
) -> str:
    """The end of a sentence about a syntax error: which Python grades, and whether a newer one reads the text.

    Args:
        source: the whole text; empty where it is not known.
        line: the line of the error.
        grades: major and minor version of the Python that refused the text.
        cell: it is a cell of a notebook, which may await.
        path: where programs are looked for; None for the usual places.
    """
    graded = f"Graded with Python {grades[0]}.{grades[1]}"
    rewrite = f"rewrite it for Python {grades[0]}.{grades[1]}."
    for minor in range(grades[1] + 1, _NEWEST + 1) if source.strip() else ():
        program = shutil.which(f"python{grades[0]}.{minor}", path=path)
        if program and reads(program, source, cell=cell):
            return f"{graded}, and Python {grades[0]}.{minor} reads it, so it uses newer syntax; {rewrite}"
    for known in _NEWER:
        if known.minor > grades[1] and known.pattern.match(line[:_LONGEST_LINE]):
            return f"{graded}; this looks like {known.name}, which needs Python {grades[0]}.{known.minor}; {rewrite}"
    return f"{graded}."


@lru_cache(maxsize=256)
def reads(program: str, source: bytes, *, cell: bool = False) -> bool:
    """Whether another Python compiles a text without a syntax error; a text is tried once, however often it fails."""
    flags = _TOP_LEVEL_AWAIT if cell else 0
    try:
        return (
            limited_process.run(_COMPILE, source, python=program, arguments=(str(flags),), seconds=_WALL_SECONDS)
            == _READS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
