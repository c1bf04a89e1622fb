"""The sentences about a submission's fault, and about a check's misuse of it, that both stand-ins say.

Students read the same at home, where their code runs in this process (`loaded_folder`), and in feedback, where it runs
in a sandbox (`autograder.remote`). It is shipped to students.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from .files import Frame, HandedIn, cell_words

__all__ = [
    "NO_ESTIMATOR",
    "NO_ITEMS",
    "NO_LENGTH",
    "NO_TORCH_MODULE",
    "STEP_OF_ITERATORS",
    "cannot_cross",
    "ended_python",
    "lacks",
    "needs_function",
    "not_attempted",
    "not_defined",
    "not_plain",
    "place_of",
    "raised",
    "still_dots",
    "stub_called",
    "text_of",
    "too_many_drawn",
    "trace_of",
    "unknown_name",
]

NO_TORCH_MODULE = "Expected a torch.nn.Module, to look at its layers."
NO_ESTIMATOR = "Expected a scikit-learn estimator, to look at its steps."
NO_LENGTH = "an iterator has no length; make a list of it first"
NO_ITEMS = "an iterator has no items by number; make a list of it first"
_LONGEST_MESSAGE = 2000
STEP_OF_ITERATORS = "End it after the items that the handout asks for."


def not_defined(name: str, file: str) -> str:
    """A public name that its file does not define."""
    return f"`{name}` is not defined in {file}."


def still_dots(name: str) -> str:
    """A constant whose stub was left as it is."""
    return f"Not attempted: {name} is still `...`"


def not_attempted(what: str) -> str:
    """A stub that was called: what it raised, or what was called."""
    return f"Not attempted: {what}"


def stub_called(stub: str, where: str) -> str:
    """A function that is written, and calls a stub."""
    return f"Not attempted: `{stub}` is not written yet, and `{where}` calls it."


def raised(where: str, name: str, place: str, message: str) -> str:
    """An exception of the submission's own."""
    return f"`{where}` raised {name}{place}: {message or 'no message'}"


def ended_python(where: str, place: str) -> str:
    """A call of exit() and the like."""
    return f"`{where}` called exit(){place}; a module that is graded must not end Python."


def not_plain(where: str, why: str) -> str:
    """A result that has no form in which it can be judged."""
    return f"`{where}` returned a value that cannot be judged: {why}"


def too_many_drawn(items: int, mib: int) -> str:
    """An iterator that gives more than one answer may hold."""
    return f"More than {items:,} items or {mib} MiB came out of one iterator."


def lacks(owner: str, names: Sequence[str]) -> str:
    """An object or a class without attributes that the handout names."""
    if len(names) > 1:
        return f"`{owner}` lacks the methods {', '.join(f'`{name}`' for name in names)}; keep the names of the handout."
    return f"`{owner}` has no `{names[0]}`; keep the names of the handout."


def place_of(frame: Frame | None, where: str, handed_in: HandedIn) -> str:
    """The line, in parentheses: with its text where the whole file or cell is what was run, else with its file."""
    if frame is None:
        return ""
    part = f"{cell_words(frame.cell)} of {frame.file}" if frame.cell else frame.file
    if part != where:
        return f" (line {frame.line} of {part})"
    quote = handed_in.quote(frame)
    return f" (line {frame.line}{f': `{quote}`' if quote else ''})"


# --- mistakes of a check ---


def unknown_name(name: str) -> str:
    """A name that is no public one of the reference."""
    return f"A check asks for student.{name}, which no file of the reference defines."


def needs_function(verb: str) -> str:
    """A method of the stand-in that was given something else than a function of the submission."""
    return f"student.{verb} needs a function of the student's, such as student.relu or model.predict."


def cannot_cross(why: object) -> str:
    """An argument that has no plain form."""
    return f"A check gives a submission something that cannot cross into the sandbox: {why}"


def text_of(error: BaseException) -> str:
    """What an exception says, shortened; its class may be the submission's and raise anything."""
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return str(text)[:_LONGEST_MESSAGE]
    except Exception:  # noqa: BLE001
        return "(its text cannot be read)"


def trace_of(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    """What Python would print, without our own frames; "" where that is the message alone."""
    if not (frames or isinstance(error, SyntaxError) or hasattr(error, "__notes__")):
        return ""
    try:
        ending = "".join(traceback.format_exception_only(error))
    except Exception:  # noqa: BLE001
        ending = type(error).__name__
    head = "Traceback (most recent call last):\n" if frames else ""
    return head + "".join(traceback.format_list(frames[-20:])) + ending
