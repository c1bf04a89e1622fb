"""Small words that the sentences of checks are put together from."""

from __future__ import annotations

import errno
import inspect
import re
from collections.abc import Sequence

__all__ = ["apart", "are", "counted", "labels_in_words", "reason_of", "seconds", "series", "small", "too_many"]

_SHOWN = 8
_LONGEST = 40
_MOST_DIGITS = 16
_NUMBERED = re.compile(r"^\[Errno -?\d+\] ")
_REASONS = {
    errno.ENOENT: "file not found",
    errno.EACCES: "no permission",
    errno.EISDIR: "this is a folder and not a file",
    errno.ENOTDIR: "a part of its path is a file and not a folder",
}


def series(words: Sequence[str]) -> str:
    """One text of several: "a", "a and b", "a, b and c"; "" of none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def are(things: Sequence[object]) -> str:
    """The verb behind their names: "is" for one, else "are"."""
    return "is" if len(things) == 1 else "are"


def apart(got: float, other: float, *, digits: int = 6, kind: str = "g", scale: float = 1.0) -> tuple[str, str]:
    """Two different numbers as texts that differ, too, with as many digits as that takes.

    Args:
        got, other: the numbers.
        digits: so many are enough where they tell the numbers apart.
        kind: "g" for digits that count, "f" for digits behind the point.
        scale: what both are multiplied with, such as 100 for per cent.
    """
    got, other = scale * got, scale * other
    for more in range(digits, _MOST_DIGITS + 1):
        texts = f"{got:.{more}{kind}}", f"{other:.{more}{kind}}"
        if texts[0] != texts[1]:
            return texts
    return repr(got), repr(other)


def seconds(value: float) -> str:
    """A time in seconds as people say it: 60, 0.25, 180 for 179.95, and "less than 0.001" for 8e-05."""
    if 0 < value < 0.001:
        return "less than 0.001"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def counted(count: float, what: str) -> str:
    """A number of things: "1 answer", "0.5 points", "1,000 files"; `what` is one of them."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:,.2f}".rstrip("0").rstrip(".")
    return f"{number} {what}{'' if number == '1' else 's'}"


def reason_of(error: BaseException, *, named: bool = True) -> str:
    """Why something failed, for the middle of a sentence: in plain words, without numbers and names of Python's.

    Args:
        error: what was raised.
        named: whether the sentence names the file; else the reason does.
    """
    if not named and isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {reason_of(error)}"
    if isinstance(error, OSError) and error.args and isinstance(error.args[0], list):
        return small(_NUMBERED.sub("", error.args[0][0][2]))  # shutil's: of many copies that failed, the first
    inner = getattr(error, "reason", None)  # of an error of urllib
    if isinstance(error, OSError) and isinstance(inner, str):
        return small(inner.rstrip("."))
    if isinstance(inner, BaseException):
        error = inner
    if isinstance(error, UnicodeDecodeError):
        return f"this is not UTF-8 text (the byte 0x{error.object[error.start]:02x})"
    if isinstance(error, OSError) and error.strerror:
        return _REASONS.get(error.errno or 0, small(error.strerror))
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def small(text: str) -> str:
    """The same text for the middle of a sentence."""
    return text[:1].lower() + text[1:]


def too_many(signature: inspect.Signature) -> str:
    """What is wrong with a call that gives too many arguments without a name, and which ones need theirs."""
    takes = [each for each in signature.parameters.values() if each.name != "self"]
    free = [each.name for each in takes if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    named = [f"{each.name}=..." for each in takes if each.kind is each.KEYWORD_ONLY]
    if not named:
        return f"too many arguments; it takes {series(free) or 'none'}"
    rule = f"only {series(free)} can be given without one, all others by name" if free else "write them by name"
    return f"too many arguments without a name; {rule}: {', '.join(named)}"


def labels_in_words(labels: Sequence[str], *, one: str = "curve", many: str = "curves", call: str = "plot()") -> str:
    """What labels the things of a plot have: "the labels of its 2 curves are 'train' and 'test'".

    Args:
        labels: a label of each, "" for none.
        one, many: what they are.
        call: what they were drawn by, which takes ``label=``.
    """
    given = [repr(label[:_LONGEST]) for label in labels if label]
    if not labels:
        return f"it has no {many}"
    advice = f"pass label= to {call}"
    if not given:
        return (
            f"its only {one} has no label; {advice}"
            if len(labels) == 1
            else (f"none of its {len(labels)} {many} has a label; {advice}")
        )
    shown = ", ".join(given[:_SHOWN]) + (" ..." if len(given) > _SHOWN else "")
    if len(labels) == 1:
        return f"the label of its only {one} is {shown}"
    if len(given) == len(labels):
        return f"the labels of its {len(labels)} {many} are {shown}"
    return f"only {len(given)} of its {len(labels)} {many} have a label, {shown}; {advice}"
