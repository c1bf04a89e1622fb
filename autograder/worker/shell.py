"""Run the cells of a notebook as Jupyter would, without its processes: IPython's own shell, in this one.

Each cell gives a record of plain data: what it printed, displayed and drew, in order, and what it raised. Cells run in
the namespace of a module, so that afterwards its functions are called like those of any other file.
"""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType, ModuleType
from typing import Any

from autograder.checks.inspection import figures
from autograder.checks.local.finders import find_colab
from autograder.checks.local.kit import ignore_checks
from autograder.checks.rows import size_of
from autograder.worker.appearance import illustrator
from autograder.worker.faults import describe
from autograder.worker.given_cells import Given
from autograder.worker.process_pools import serve_pools
from autograder.worker.rendering import painter
from autograder.worker.surroundings import BACKEND, CellStream, CellTimeout, InlineBackend, find_written_modules
from autograder.worker.warm_shell import take

__all__ = ["MAX_DISPLAYS", "MAX_PICTURE", "MAX_TEXT", "PREPARED", "Shell"]

MAX_TEXT = 1 << 16
MAX_DISPLAYS = 64
MAX_PICTURE = 1 << 20

PREPARED = (
    "IPython.core.magics",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "multiprocessing.spawn",
    "autograder.worker.warmed",
)
"""What a forkserver imports before notebooks come: IPython takes about a third of a second."""

_SHOWN = ("text/plain", "image/png", "text/markdown", "text/latex")
_LEAST_CPU = 0.05  # seconds: a cell may try, whatever the others left
_AGAIN = 0.25  # seconds after which a cell that went on is interrupted again
_NO_KEYBOARD = "input() waits for the keyboard; nobody sits at it when a notebook is graded"
_INSTALLED = "{command} is passed over: what the course needs is installed already.\n"


class Shell:
    """One notebook that is being run.

    Args:
        name: the notebook's file, such as ``"hw1.ipynb"``; the module of its names is called after it.
        folder: the submission's folder, as `describe` wants it.
    """

    def __init__(self, name: str, folder: str) -> None:
        stem = name.removesuffix(".ipynb")
        self.name, self.folder, self.number = name, folder, 0
        self._paint, self._illustrate = painter(), illustrator()
        self.module = sys.modules[stem] = ModuleType(stem)
        self.module.__dict__["__file__"] = os.path.join(folder, name)
        self.shell: Any = take(self.module)
        self.module.__dict__["__name__"] = "__main__"  # notebooks ask for it
        sys.modules["__main__"] = self.module  # and pickle, dataclasses and the like look names up there
        self._drawn: list[dict[str, Any]] = []
        self._shown: list[dict[str, Any]] = []
        self._running = False
        self._outputs: list[dict[str, Any]] = []
        self._left = MAX_TEXT
        self._own: list[str] = []
        self._take_over()
        find_written_modules()
        serve_pools(lambda: self._own)
        self._given = Given(self.shell, self.module.__dict__, self._code_name)

    def run(
        self,
        source: str,
        number: int = 0,
        seconds: float = 0.0,
        given: bool = False,
        cpu_seconds: float = 0.0,
        kept: float = 0.0,
    ) -> dict[str, Any]:
        """Run one cell.

        Args:
            source: its text, magics included.
            number: of the cell in the notebook; faults are reported by it. 0 counts on.
            seconds: after this long it is interrupted with `CellTimeout`; 0 for never.
            given: it is not the student's, so it is run by us (`Given`) and leaves no trace in IPython's history.
            cpu_seconds: CPU time that the whole sandbox may use; 0 for any. The cell is interrupted before that is
                reached, too.
            kept: how much of it is kept for what comes after the cell, as far as half of what is left suffices.

        Returns:
            ``outputs`` (records ``{"kind": "stream", "name", "text"}`` and ``{"kind": "display" or "result",
            "data"}``), ``error`` (a fault as of `describe`, or None), ``timed_out`` (``"wall"`` or ``"cpu"`` where it
            was interrupted, else ``""``), ``value`` (the last expression's, where it is a plain number), ``valued``
            (whether there was one), ``figures`` (how many were drawn), ``lost`` (characters and displays beyond what
            is kept).
        """
        self.number = number or self.number + 1
        self._outputs, self._left, self._lost = [], MAX_TEXT, 0
        before = len(self._drawn)
        self._running = True
        warnings.filterwarnings("ignore", "To exit: use")
        with self._watched(seconds, _share(cpu_seconds, kept)), self._captured():
            if given:
                error, value = self._given.run(source)
            else:
                self._own.append(source)
                result = self.shell.run_cell(source, store_history=True)
                error = result.error_before_exec or result.error_in_exec
                value = None if error is not None else result.result
            self.show()
        self._running = False
        return {
            "outputs": self._outputs,
            "error": None if error is None else describe(error, self.folder),
            "timed_out": error.limit if isinstance(error, CellTimeout) else "",
            "value": _number(value),
            "valued": value is not None,
            "figures": len(self._drawn) - before,
            "lost": self._lost,
        }

    def take_figures(self) -> list[dict[str, Any]]:
        """Records of the figures that cells have shown, always the same, and those shown since the last time."""
        taken, self._shown = self._shown, []
        return [*self._drawn, *taken]

    def show(self, *_: object, **__: object) -> None:
        """Take the open figures as outputs, and close them; this is what ``plt.show`` calls."""
        for record in figures.figures(picture=self._painted):
            (self._drawn if self._running else self._shown).append(record)
            data: dict[str, Any] = {"text/plain": "<Figure>"}
            if "look" in record:
                data["figure"] = record
            elif isinstance(record.get("png"), bytes):
                data["image/png"] = record["png"]
            self._displayed("display", data)

    def _painted(self, figure: Any, record: dict[str, Any], artists: Mapping[int, Any]) -> dict[str, Any]:
        """How a figure looks, so that it is drawn outside; painted where its record is too large to cross each time."""
        if size_of(record) <= MAX_PICTURE:
            return self._illustrate(figure, record, artists)
        picture = self._paint(figure)
        return {} if picture is None else {"png": picture}

    # --- what IPython hands over ---

    def _take_over(self) -> None:
        from IPython.core.displayhook import DisplayHook
        from IPython.core.displaypub import DisplayPublisher

        owner = self

        class Publisher(DisplayPublisher):
            def publish(self, data: dict[str, Any], *_: object, **__: object) -> None:
                owner._displayed("display", data)

            def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002
                owner._outputs.clear()

        class Results(DisplayHook):
            def write_output_prompt(self) -> None:
                """Nothing is printed."""

            def write_format_data(self, format_dict: dict[str, Any], md_dict: object = None) -> None:  # noqa: ARG002
                owner._displayed("result", format_dict)

        shell = self.shell
        shell.display_pub = Publisher(  # type: ignore[no-untyped-call]
            parent=shell, shell=shell
        )
        shell.displayhook = Results(  # type: ignore[no-untyped-call]
            parent=shell, shell=shell
        )
        shell.display_trap.hook = shell.displayhook
        shell.compile.get_code_name = lambda *_: self._code_name()
        shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None  # the record tells it, and faster
        shell.system = shell.system_raw = shell.system_piped = self._program
        shell.getoutput = self._lines
        shell.ask_exit = self._no_exit
        for magic in ("matplotlib", "pylab"):
            shell.register_magic_function(_pass_over, "line", magic)
        shell.register_magic_function(self._load_extension, "line", "load_ext")
        shell.register_magic_function(self._autoreload, "line", "autoreload")
        for magic in ("pip", "conda", "mamba", "uv"):
            shell.register_magic_function(partial(self._installed, f"%{magic}"), "line", magic)
        for magic in ("bash", "sh", "script", "perl", "ruby"):
            shell.register_magic_function(partial(self._script, magic), "cell", magic)
        for magic in ("system", "sx"):
            shell.register_magic_function(self._system, "line_cell", magic)
        builtins.input = self._no_input
        find_colab()
        ignore_checks()
        sys.meta_path[:] = [
            InlineBackend(self.show),
            *(each for each in sys.meta_path if not isinstance(each, InlineBackend)),
        ]
        sys.modules.pop(BACKEND, None)
        os.environ["MPLBACKEND"] = f"module://{BACKEND}"
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].switch_backend(f"module://{BACKEND}")
        elif "matplotlib" in sys.modules:
            sys.modules["matplotlib"].rcParams["backend"] = f"module://{BACKEND}"

    def _code_name(self) -> str:
        return os.path.join(self.folder, f"{self.name}#{self.number}")

    def _is_in_cell(self, frame: FrameType | None) -> bool:
        """Whether a frame, or one that called it, is of the cell's own code."""
        name = self._code_name()
        while frame is not None and frame.f_code.co_filename != name:
            frame = frame.f_back
        return frame is not None

    def _program(self, command: str, *_: object, **__: object) -> None:
        """Run a line of the system's shell: in the sandbox and under its limits, as `subprocess` would."""
        if not self._is_installation(command):
            sys.stdout.write(self._output_of(["/bin/sh", "-c", command]))

    def _lines(self, command: str, split: bool = True, **_: object) -> Any:
        """What ``x = !command`` gives: the lines that were printed."""
        from IPython.utils.text import LSString, SList

        text = "" if self._is_installation(command) else self._output_of(["/bin/sh", "-c", command])
        return SList(text.splitlines()) if split else LSString(text)

    def _script(self, interpreter: str, line: str = "", cell: str = "") -> None:
        """A cell in another language; a program that fails is the cell's error, as in Jupyter."""
        words = line.split() if interpreter == "script" else [interpreter]
        if words and not self._is_installation(cell):
            sys.stdout.write(self._output_of(words, cell))
            if code := self.shell.user_ns["_exit_code"]:
                raise subprocess.CalledProcessError(code, words)

    def _system(self, line: str = "", cell: str | None = None) -> Any:
        return self._lines(f"{line}\n{cell or ''}".strip())

    def _output_of(self, words: list[str], given: str = "") -> str:
        done = subprocess.run(
            words,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        self.shell.user_ns["_exit_code"] = done.returncode
        return done.stdout

    def _is_installation(self, command: str) -> bool:
        words = command.split()
        expected = (
            words[:2] in (["pip", "install"], ["pip3", "install"], ["conda", "install"]) or "pip install" in command
        )
        if expected:
            self._installed(f"!{words[0]}")
        return expected

    def _load_extension(self, line: str = "") -> None:
        """Of all extensions only the one that loads modules again which the notebook has changed."""
        if line.strip() == "autoreload":
            self.shell.extension_manager.load_extension("autoreload")

    def _autoreload(self, line: str = "") -> None:
        self._load_extension("autoreload")  # it registers the magic itself
        self.shell.run_line_magic("autoreload", line)

    @staticmethod
    def _installed(command: str, _: str = "") -> None:
        sys.stdout.write(_INSTALLED.format(command=command))

    @staticmethod
    def _no_exit(*_: object) -> None:
        raise SystemExit

    @staticmethod
    def _no_input(*_: object) -> str:
        raise EOFError(_NO_KEYBOARD)

    def _displayed(self, kind: str, data: dict[str, Any]) -> None:
        """Keep of a display what a page may show, within its bounds."""
        if len(self._outputs) >= MAX_DISPLAYS:
            self._lost += 1
            return
        kept: dict[str, Any] = {}
        for form, value in data.items():
            picture = form == "image/png" and isinstance(value, bytes) and len(value) <= MAX_PICTURE
            if picture or (form == "figure" and isinstance(value, dict)):
                kept[form] = value
            elif form in _SHOWN and isinstance(value, str):
                kept[form] = self._within(value)
        self._outputs.append({"kind": kind, "data": kept})

    def _printed(self, name: str, text: str) -> None:
        last = self._outputs[-1] if self._outputs else {}
        goes_on = last.get("kind") == "stream" and last["name"] == name
        if len(self._outputs) >= MAX_DISPLAYS and not goes_on:
            self._lost += len(text)
        elif kept := self._within(text):
            if goes_on:
                last["parts"].append(kept)
            else:
                self._outputs.append({"kind": "stream", "name": name, "parts": [kept]})

    def _within(self, text: str) -> str:
        """The beginning of a text, as far as there is room, without halves of characters."""
        kept = text[: self._left].encode("utf-8", "backslashreplace").decode()
        self._left -= min(len(text), self._left)
        self._lost += max(0, len(text) - len(kept))
        return kept

    @contextmanager
    def _captured(self) -> Iterator[None]:
        """Standard output and error become outputs, in order."""
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = CellStream("stdout", self._printed), CellStream("stderr", self._printed)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            for output in self._outputs:
                if output["kind"] == "stream":
                    output["text"] = "".join(output.pop("parts"))

    @contextmanager
    def _watched(self, seconds: float, cpu_seconds: float) -> Iterator[None]:
        """Interrupt what runs in here after some seconds of wall or CPU time, whichever come first; 0 for any.

        Python drops what is raised in a `__del__`, so a cell that goes on is interrupted again. Who ignores that is
        ended from outside.
        """
        interrupted = False

        def late(number: int, frame: FrameType | None) -> None:
            nonlocal interrupted
            if interrupted and not self._is_in_cell(frame):
                return  # the cell has ended by it, and nobody catches what is raised in its recording
            interrupted = True
            by_cpu = number == signal.SIGPROF
            error = CellTimeout(
                f"the cell used more than {cpu_seconds:.2g} s of CPU time"
                if by_cpu
                else f"the cell ran for more than {seconds:g} s"
            )
            error.limit = "cpu" if by_cpu else "wall"
            raise error

        timers = (
            (signal.SIGALRM, signal.ITIMER_REAL, seconds),
            (signal.SIGPROF, signal.ITIMER_PROF, cpu_seconds),
        )
        before = {number: signal.signal(number, late) for number, _, after in timers if after}
        try:
            for _, timer, after in timers:
                if after:
                    signal.setitimer(timer, after, _AGAIN)
            yield
        finally:
            for number, timer, after in timers:
                if after:
                    signal.setitimer(timer, 0)
                    signal.signal(number, before[number])


def _share(cpu_seconds: float, kept: float) -> float:
    """CPU time for the next cell, of what this process and its ended children have left; 0 for any."""
    if not cpu_seconds:
        return 0.0
    left = cpu_seconds - sum(os.times()[:4])
    return max(left - kept, left / 2, _LEAST_CPU)


def _pass_over(_: str = "") -> None:
    """A magic that means nothing without a browser."""


def _number(value: object) -> float | int | bool | None:
    """A plain number, also from numpy and torch, of any shape that holds one; None for anything else."""
    if type(value) in (bool, int, float):
        return value  # type: ignore[return-value]
    item = getattr(value, "item", None)
    try:
        found = item() if callable(item) else None
    except BaseException:  # noqa: BLE001  (an object of the submission may raise anything here)
        return None
    return found if type(found) in (bool, int, float) else None
