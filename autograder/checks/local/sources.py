"""The text of a submission: its folder and its modules as syntax trees, read from the files and never run.

Nothing of it is reported by the process that runs the submission, and parsing runs nothing. Text may still be made to
break a parser, so files are capped and every refusal becomes a sentence. This module is shipped to students: standard
library only.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import InstructorError, SandboxError, StudentError, Verdict
from ..wording import reason_of
from . import limited_process
from .kit import OURS

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "MAX_NAMES",
    "Frame",
    "HandedIn",
    "Source",
    "base_of",
    "cell_number",
    "cell_words",
    "defined_names",
    "files_of",
    "parsed",
    "read",
]

MAX_BYTES = 1 << 18
"""A larger file is not judged: its tree may take a thousand times the memory of its text."""
MAX_FILES = 32
MAX_NAMES = 2000
_LONGEST_NAME = 100
_CHEAP = 1 << 12  # bytes; no text so short takes a tenth of a second
_TRIAL_SECONDS = 2
_TRIAL_MIB = 1024
_TRIAL_WALL_SECONDS = 60.0  # loose, and nobody's fault: it depends on the neighbours
_TRIES = 2
_FITS, _TOO_LARGE = 42, 43
_TRIAL = f"""
import ast, os, warnings
warnings.simplefilter("ignore")
text = text.decode()
status = None
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({_TRIAL_SECONDS}, {_TRIAL_SECONDS + 1}))
    resource.setrlimit(resource.RLIMIT_DATA, ({_TRIAL_MIB << 20}, {_TRIAL_MIB << 20}))
    status = os.open("/proc/self/status", os.O_RDONLY)
except (ImportError, OSError):
    pass
withdraw()
code = {_FITS}
try:
    ast.parse(text)
except MemoryError:
    # not ru_maxrss, which begins with that of the process that started this one
    lines = os.pread(status, 1 << 14, 0).decode().splitlines() if status is not None else []
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    if peaks and int(peaks[0]) > {_TRIAL_MIB << 9}:
        code = {_TOO_LARGE}  # else it is nested too deeply, which is known at once
except BaseException:
    pass
os._exit(code)
"""
# It fits, whatever the text is, if that is said within the limits.

_DEFINITION = re.compile(rb"(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n]{0,200})?=(?!=)")
_DEFINITION_IN_JSON = re.compile(rb"(?:\"|\\n)(?:async +)?(?:def|class) +(\w+)")


@dataclass(frozen=True, slots=True)
class Source:
    """Syntax trees of modules, by file; made by `student.source_of`.

    `trees` holds the files asked for and, found through their imports, all modules beside them; `judged` are the files
    asked for and those beside them that are no files of the assignment, so a helper module of one's own hides nothing.

    Examples:
        nothing: what `student.source_of` gives, here of a text

        >>> Source.of('import torch').judged
        ('hw.py',)
    """

    trees: Mapping[str, ast.Module]
    judged: tuple[str, ...]

    @classmethod
    def of(cls, text: str, file: str = "hw.py") -> Source:
        """The source of one module from its text, to try a check.

        Raises:
            StudentError: as `read`.
        """
        return cls({file: parsed(text.encode(), file)}, (file,))


def files_of(expected: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """The files that are meant by file names, public names and methods (``"Class.method"``).

    Args:
        expected: what a check asks for.
        names: each public name of the assignment with its file.

    Raises:
        InstructorError: something is neither, or nothing is asked for.
    """
    known = set(names.values())
    found: dict[str, None] = {}
    for each in expected:
        file = each if each in known else names.get(each.partition(".")[0])
        if file is None:
            raise InstructorError(f"A check asks for the source of {each!r}, which the reference does not have.")
        found[file] = None
    if not found:
        raise InstructorError('student.source_of needs the name of a file or function, such as "network.py".')
    return tuple(found)


def read(folder: Path, expected: Sequence[str], own: Collection[str]) -> Source:
    """Read and parse files of a folder, and the modules beside them that they import.

    Args:
        folder: where they lie; nothing outside it is read.
        expected: files asked for.
        own: all files of the assignment.

    Raises:
        StudentError: a file is missing (MISSING), is no Python (RAISED), or is too large or too deeply nested to be
            judged (FAILED).
        SandboxError: this machine could not try one.
    """
    trees: dict[str, ast.Module] = {}
    waiting = list(expected)
    while waiting:
        file = waiting.pop(0)
        if file in trees:
            continue
        if len(trees) == MAX_FILES:
            raise StudentError(Verdict.FAILED, f"More than {MAX_FILES} modules import each other; put them together.")
        trees[file] = _tree(folder / file, file)
        waiting += [found for name in sorted(_imported(trees[file], file)) if (found := _beside(folder, name))]
    return Source(trees, tuple(file for file in trees if file in expected or file not in own))


def defined_names(data: bytes, file: str) -> tuple[str, ...]:
    """Functions, classes and variables that a module defines at its top level, in order, read line by line.

    Nothing is parsed, so no text can make this slow, and a text with a syntax error has names, too. Of a notebook
    (by the name of `file`) functions and classes are found, also inside of others. Only the first `MAX_BYTES` are read,
    and of the names the first `MAX_NAMES` of bearable length are given.
    """
    text = data[:MAX_BYTES]
    if file.endswith(".ipynb"):
        found = [match[1] for match in _DEFINITION_IN_JSON.finditer(text)]
    else:
        lines = (_DEFINITION.match(line) for line in re.split(rb"\r\n|\r|\n", text))
        found = [match[1] or match[2] for match in lines if match]
    names = dict.fromkeys(name.decode("utf-8", "replace") for name in found if len(name) <= _LONGEST_NAME)
    return tuple(names)[:MAX_NAMES]


def _tree(path: Path, file: str) -> ast.Module:
    if not path.is_file():
        raise StudentError(Verdict.MISSING, f"The file {file} is missing.", file=file, open=True)
    with path.open("rb") as stream:
        return parsed(stream.read(MAX_BYTES + 1), file)


def parsed(data: bytes, file: str) -> ast.Module:
    """The syntax tree of a text, where that is made in bearable time and memory.

    Raises:
        StudentError: it is no Python (RAISED), or cannot be judged (FAILED).
        SandboxError: this machine could not try it.
    """
    if len(data) > MAX_BYTES:
        sentence = f"{file} is larger than {MAX_BYTES >> 10} KiB, too large to be judged; leave out what is not code."
        raise StudentError(Verdict.FAILED, sentence, file=file, open=True)
    if len(data) > _CHEAP and not _is_affordable(data, file):
        sentence = (
            f"{file} cannot be judged: to read it takes more than {_TRIAL_SECONDS} s or {_TRIAL_MIB} MiB; "
            "write it with shorter texts and expressions."
        )
        raise StudentError(Verdict.FAILED, sentence, file=file, open=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(importlib.util.decode_source(data), file)
    except SyntaxError as error:
        line = error.lineno or 1
        version = ".".join(map(str, sys.version_info[:2]))
        sentence = f"{file}, line {line}: this is not Python {version}: {error.msg}."
        raise StudentError(Verdict.RAISED, sentence, file=file, line=line, open=True) from None
    except UnicodeDecodeError:
        sentence = f"{file} cannot be read as text; save it as UTF-8."
    except (MemoryError, RecursionError, ValueError):
        sentence = f"{file} is nested too deeply to be judged; write it with shorter expressions."
    raise StudentError(Verdict.FAILED, sentence, file=file, open=True)


def _is_affordable(data: bytes, file: str) -> bool:
    """Whether a text is parsed in bearable time and memory, tried in a process that can be ended.

    Some texts (many expressions in one f-string) take a minute for 200 KiB, and the parser cannot be interrupted. Only
    the process's own limits, and a parser that breaks twice, speak against the text.

    Raises:
        SandboxError: it was twice ended by something else.
    """
    try:
        text = importlib.util.decode_source(data).encode()
    except (SyntaxError, UnicodeError):
        return True  # that is known at once
    crashes, fault = 0, ""
    for _ in range(_TRIES):
        try:
            ended = limited_process.run(_TRIAL, text, seconds=_TRIAL_WALL_SECONDS)
        except subprocess.TimeoutExpired:
            if sys.platform == "win32":
                return False  # there, no other limit holds
            fault = f"it did not get its {_TRIAL_SECONDS} s of CPU time within {_TRIAL_WALL_SECONDS:g} s"
            continue
        except OSError as error:
            fault = f"it could not be started ({reason_of(error)})"
            continue
        if ended in (_FITS, _TOO_LARGE):
            return ended == _FITS
        if limited_process.stopped_by_cpu_limit(-ended):
            return False
        crashes += -ended in limited_process.CRASHES
        fault = f"it was ended by signal {-ended}" if ended < 0 else f"it failed with exit code {ended}"
    if crashes == _TRIES:
        return False
    raise SandboxError(f"{file} could not be judged, by no fault of its author: the process that parses it: {fault}.")


def _imported(tree: ast.Module, file: str) -> set[str]:
    """Dotted names of all that a module imports, anywhere in it; of ``from a import b`` both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = base_of(node, file)
            found |= {base} | {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("__import__", "import_module") and isinstance(node.args[0].value, str):
                found.add(node.args[0].value)
    return found


def base_of(node: ast.ImportFrom, file: str) -> str:
    """The dotted name after ``from``, with what its leading dots stand for."""
    above = list(Path(file).parent.parts) if node.level else []
    above = above[: max(0, len(above) - node.level + 1)]
    return ".".join([*above, *([node.module] if node.module else [])])


def _beside(folder: Path, name: str) -> str:
    """The file of a module in the folder, relative to it, or "" if there is none."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts) or parts[0] in OURS:
        return ""
    for path in (folder.joinpath(*parts, "__init__.py"), folder.joinpath(*parts).with_suffix(".py")):
        if path.is_file() and not path.is_symlink():
            return path.relative_to(folder).as_posix()
    return ""


# --- the folder of a submission ---

_LONGEST_QUOTE = 120


def cell_words(cell: int) -> str:
    """Such as ``cell 5``, counted among all cells; of a cell that is not saved, the number in its brackets."""
    return f"cell {cell}" if cell > 0 else f"cell [{-cell}]"


def cell_number(words: str) -> int:
    """The number in what `cell_words` gives, with more behind it; 0 where there are no words."""
    return int(words.split()[1].replace("[", "-").removesuffix("]")) if words else 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of a traceback: a line of a file, in a numbered cell (0: no notebook; see `cell_words`).

    `top` says that the line stands outside of every function, so that it runs at import.
    """

    file: str
    line: int
    cell: int = 0
    top: bool = False

    @property
    def place(self) -> str:
        """Such as ``line 3 of hw.py``."""
        return f"line {self.line} of {f'{cell_words(self.cell)} of ' if self.cell else ''}{self.file}"


@dataclass(frozen=True)
class HandedIn:
    """The files of one submission.

    Args:
        folder: where they lie; None where nothing may be read.
        files: those of the assignment, given ones included.
        given: those that are handed out complete; what fails in them is not the student's to change.
        absent: files of the assignment that were not handed in, each with the handed-in file that looks meant, or "".
        cells: the source of each numbered cell of each notebook.
    """

    folder: Path | None = None
    files: Collection[str] = ()
    given: Collection[str] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def has(self, file: str) -> bool:
        """Whether this is a regular file of the submission; `file` is not believed to be a path inside it."""
        parts = PurePosixPath(file).parts
        if self.folder is None or not parts or file.startswith("/") or ".." in parts or "\0" in file:
            return False
        path = self.folder.joinpath(*parts)
        return path.is_file() and not path.is_symlink()

    def wrote(self, file: str) -> bool:
        """Whether the student wrote this file."""
        return file not in self.given and (self.has(file) or file in self.cells or file in self.files)

    def modules(self) -> tuple[str, ...]:
        """Names of the modules that lie in the folder itself, sorted."""
        if self.folder is None or not self.folder.is_dir():
            return ()
        return tuple(sorted(path.stem for path in self.folder.glob("*.py")))

    def alike(self, name: str) -> str:
        """The only file with the ending of a missing one, beside those of the assignment; "" where there is none."""
        if self.folder is None or not self.folder.is_dir():
            return ""
        suffix = PurePosixPath(name).suffix
        found = [path.name for path in self.folder.glob(f"*{suffix}") if path.name not in self.files] if suffix else []
        return found[0] if len(found) == 1 and found[0] != name and self.has(found[0]) else ""

    def defines(self, file: str) -> tuple[str, ...]:
        """The names that a module of the submission defines; () where it cannot be read."""
        return defined_names(self._read(file), file)

    def quote(self, frame: Frame | None) -> str:
        """The line, without what surrounds it, cut; "" where it cannot be read."""
        if frame is None or frame.line <= 0:
            return ""
        if frame.cell:
            lines = self.cells.get(frame.file, {}).get(frame.cell, "").split("\n")
        else:
            lines = self._read(frame.file).decode("utf-8", "replace").split("\n")
        text = " ".join(lines[frame.line - 1].split()) if frame.line <= len(lines) else ""
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
        text = text.replace("`", "'")
        return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]} ..."

    def source(self, file: str, cell: int = 0) -> bytes:
        """The text of a file, or of a cell of a notebook, in which lines for IPython are comments."""
        if not cell:
            return self._read(file)
        lines = self.cells.get(file, {}).get(cell, "").split("\n")
        return "\n".join(f"pass  # {line}" if line.startswith(("%", "!")) else line for line in lines).encode(
            errors="replace"
        )

    def _read(self, file: str) -> bytes:
        if self.folder is None or not self.has(file):
            return b""
        with (self.folder / file).open("rb") as stream:
            return stream.read(MAX_BYTES)
