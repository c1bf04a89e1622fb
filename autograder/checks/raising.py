"""Check that a call is refused: it must raise."""

from __future__ import annotations

import builtins
from collections.abc import Callable

from .arguments import FUNCTION, TEXT, takes
from .errors import CheckFailed, InstructorError, StudentError, Verdict
from .plain import PlainError
from .value_text import show

__all__ = ["raises"]


@takes(exception=TEXT, call=FUNCTION, name=TEXT)
def raises(exception: str, call: Callable[[], object], *, name: str = "the call") -> None:
    """Fail unless a call of the submission's code raises a built-in exception, or one derived from it.

    Looked at in this order: whether anything was raised, then what. A submission's own exception class counts as the
    nearest built-in one that it is derived from.

    Args:
        exception: name of the built-in exception, such as ``"ValueError"``; ``"Exception"`` takes any ordinary one.
        call: makes the call, such as ``lambda: student.mean([])``.
        name: what the sentence calls the call, such as ``"mean([])"``.

    Raises:
        CheckFailed: something was returned, or something else was raised.
        StudentError: there was no answer at all (not attempted, missing, a limit, a file that cannot be imported).
        InstructorError: `exception` names no built-in exception, or NotImplementedError, which every stub raises.

    Examples:
        the call raises that built-in exception, or one derived from it; a stub, a limit or a broken import is no
        refusal

        >>> raises('ValueError', lambda: 2.0, name='root(-1)')
        root(-1) returned 2; it must raise ValueError.
    """
    expected = _built_in(exception)
    if expected is None or expected is NotImplementedError:
        raise InstructorError(f"raises needs a built-in exception that no stub raises, not {exception!r}.")
    place = ""
    try:
        value = call()
    except StudentError as error:
        # A file that fails while it is imported would else pass every such check.
        if error.verdict != Verdict.RAISED or error.message.startswith("`import "):
            raise
        raised = error.kind
        place = f" (line {error.line} of {error.file})" if error.file and error.line else ""
    except InstructorError as error:
        # The reference's faults are the instructor's; what it raised is still there behind them.
        if error.__context__ is None or isinstance(error.__context__, PlainError):
            raise
        raised = next(each.__name__ for each in type(error.__context__).__mro__ if _built_in(each.__name__) is each)
    else:
        raise CheckFailed(f"{_upper(name)} returned {show(value)}; it must raise {exception}.")
    found = _built_in(raised)
    if found is None or not issubclass(found, expected):
        raise CheckFailed(f"{_upper(name)} raised {raised or 'an error'}{place}; it must raise {exception}.")


def _built_in(name: str) -> type[BaseException] | None:
    known = getattr(builtins, name, None)
    return known if isinstance(known, type) and issubclass(known, BaseException) else None


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
