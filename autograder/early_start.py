"""Start the forkserver before it is known what it is for, so that its imports run beside those of this process.

It is a fresh interpreter with an environment of its own from its first byte on: it holds nothing of this process, and
nothing of an assignment. It waits for its settings on standard input, and ends when there are none.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["CACHE", "COMMAND", "DATABASE", "GRADED", "NOTEBOOK_FORM", "Early", "begin", "declaration_of"]

DATABASE = "grader.db"
"""The results database of a graded folder, where no other is named."""
GRADED = ".written.json"
"""The file that lies in a folder after it was graded into (`autograder.reports.changed_files`)."""

NOTEBOOK_FORM = "-notebook"
"""What follows the name of an assignment of modules, to mean it as one notebook (`autograder.loader`)."""

CACHE = "AUTOGRADER_PACKAGED_DATA"
"""The variable with the file in which a forkserver keeps what it found; it takes it out of its environment."""

COMMAND = """
import gc
gc.disable()
from autograder.isolation.first_process import Builder, can_copy_mounts
builder = Builder() if can_copy_mounts() else None  # while this process is small
from autograder.sandbox.forkserver import main
main(builder)
import os
os._exit(0)  # all is removed that has to be; taking the modules apart would take longer than that
"""
_LONGEST = 80  # bytes; the whole path of a socket has at most 107
_FOR_MODULES = ("numpy",)
_FOR_NOTEBOOKS = ("numpy", "IPython.core.interactiveshell")
_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Early:
    """A forkserver that waits for its settings, and its folder; `take` it once, or it is ended by `close`.

    Args:
        threads: how many numpy may use in it.
        expected: modules that it imports while it waits, because it will be asked for them in all likelihood.
    """

    def __init__(self, threads: int, expected: Iterable[str] = ()) -> None:
        self.threads = threads
        self.folder = Path(tempfile.mkdtemp(prefix="autograder-", dir=_near_enough(tempfile.gettempdir())))
        self.process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-B", "-c", COMMAND, *expected],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(self.folder, threads),
            cwd="/",
            start_new_session=True,  # Ctrl-C in a terminal must reach the grader alone
        )
        self.taken = False

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Our ends of its pipes: it ends when nobody holds them any more."""
        pipes = (self.process.stdin, self.process.stdout)
        return tuple(pipe.fileno() for pipe in pipes if pipe is not None and not pipe.closed)

    def take(self, threads: int) -> bool:
        """Whether it may be used: it has that number of threads, waits still, and is nobody's yet."""
        if self.taken or threads != self.threads or self.process.poll() is not None:
            return False
        self.taken = True
        return True

    def close(self) -> None:
        """End it, unless it was taken."""
        if not self.taken:
            self.taken = True
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def begin(course: Path | None, name: str, out: Path | None = None) -> Early | None:
    """Start one for an assignment of a course's own that is there; its limits may still ask for more threads.

    Where `out` holds what was graded before, most is known already: a forkserver can wait until something is not.
    """
    if out is not None and (out / GRADED).is_file():
        return None
    script = declaration_of(course or Path.cwd(), name)
    if sys.platform != "linux" or script is None:
        return None
    usual = _FOR_NOTEBOOKS if _is_notebook(script, name) else _FOR_MODULES
    return Early(threads=1, expected=dict.fromkeys((*usual, *_preloaded(script))))


def declaration_of(course: Path, name: str) -> Path | None:
    """The ``assignment.py`` of an assignment of a course's own, also in its form as a notebook; None without one."""
    folder = course / "assignments"
    scripts = (folder / each / "assignment.py" for each in (name, name.removesuffix(NOTEBOOK_FORM)))
    return next((script for script in scripts if script.is_file()), None)


def _is_notebook(script: Path, name: str) -> bool:
    """Whether notebooks are handed in, as far as that can be seen without loading the assignment."""
    folder = script.parent
    reference = folder.parent.parent / "reference" / folder.name
    return folder.name != name or next(reference.glob("*.ipynb"), None) is not None


def _preloaded(script: Path) -> tuple[str, ...]:
    """The modules that an assignment preloads, where its file says so in so many words; it is not run for that.

    None where it speaks of threads: it may ask for more than the forkserver has that is started now.
    """
    try:
        source = script.read_text(encoding="utf-8")
        calls = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call)]
    except (OSError, ValueError, SyntaxError, RecursionError):  # said when the assignment is loaded
        return ()
    if "threads" in source:
        return ()
    named = (each.value for call in calls for each in call.keywords if each.arg == "preload")
    lists = (each.elts for each in named if isinstance(each, ast.List | ast.Tuple))
    values = [part.value for elements in lists for part in elements if isinstance(part, ast.Constant)]
    return tuple(name for name in values if isinstance(name, str) and not name.startswith("-"))


def _near_enough(folder: str) -> str:
    """The folder for temporary files, or /tmp where the path of a socket in it would be too long."""
    return folder if len(os.fsencode(folder)) <= _LONGEST else "/tmp"  # noqa: S108


def _environment(folder: Path, threads: int) -> dict[str, str]:
    """Nothing of the grader's own environment: what submissions see must be the same on every machine."""
    from platformdirs import user_cache_dir

    own = Path(user_cache_dir("autograder"))
    cache = own / "matplotlib"
    os.makedirs(cache, exist_ok=True)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(cache),
        CACHE: str(own / "packaged-data.json"),
        **dict.fromkeys(_COUNTS, str(threads)),
    }
