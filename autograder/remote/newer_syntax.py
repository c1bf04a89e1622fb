"""Code that this Python cannot read: whether a newer one can, and which syntax of it that looks like.

The text is compiled, never run, by a newer Python of this machine where there is one, in a process with limits of its
own. Where there is none, a table of patterns recognises what newer versions brought.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache

from autograder.checks.local import limited_process

__all__ = ["about_version", "reads"]

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
