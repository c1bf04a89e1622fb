"""What the functions of this kit may be given, so that a wrong argument is the check's mistake and not the answer's.

`takes` names a rule for an argument; one that does not hold is an `InstructorError` with the argument, what was given,
and what may be given, before the answer is looked at.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .errors import InstructorError
from .wording import too_many

__all__ = [
    "COUNT",
    "FLAG",
    "FUNCTION",
    "GENERATOR",
    "LABELS",
    "NOT_NEGATIVE",
    "NUMBER",
    "NUMBERS",
    "POSITIVE",
    "SEEDED",
    "SHAPE",
    "SHARE",
    "TEXT",
    "TEXTS",
    "THRESHOLDS",
    "VALUES",
    "WHOLE",
    "Rule",
    "either",
    "one_of",
    "optional",
    "takes",
    "values_of",
    "wrong",
]

_LONGEST = 1000  # bits: larger ones are no float
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be given, in words behind "give", and whether a value is that."""

    allowed: str
    holds: Callable[[Any], bool]


def takes(**rules: Rule) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function refuse arguments that break their rules; one for `*names` holds for each of them.

    Raises:
        InstructorError: by the function, when it is called wrongly.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        parameters = signature.parameters.values()
        names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
        rest = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), "")

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = [*zip(names, args, strict=False), *((rest, value) for value in args[len(names) :])]
            for name, value in (*given, *kwargs.items()):
                rule = rules.get(name)
                if rule is not None and not rule.holds(value):
                    raise wrong(function.__qualname__, name, value, f"give {rule.allowed}")
            try:
                return function(*args, **kwargs)
            except TypeError:  # looked at only now: most calls fit, and binding takes longer than a small check
                try:
                    signature.bind(*args, **kwargs)
                except TypeError as error:
                    raise _wrong_call(function.__qualname__, signature, error) from None
                raise

        return checked

    return decorated


def _wrong_call(function: str, signature: inspect.Signature, error: TypeError) -> InstructorError:
    """The error about a call that a function of the kit does not take, with the arguments that it has."""
    said = str(error)
    _, quote, name = said.removesuffix("'").rpartition("'")
    if "unexpected keyword" in said and quote:
        said = f"there is no argument {name!r}"
    elif said.startswith("missing") and quote:
        said = f"the argument {name!r} is missing"
    elif said.startswith("too many positional"):
        return InstructorError(f"{function}(...): {too_many(signature)}.")
    known = [each for each in signature.parameters if each != "self"]
    return InstructorError(f"{function}(...): {said}; its arguments are {', '.join(known)}.")


def wrong(function: str, argument: str, value: object, instead: str) -> InstructorError:
    """The error about one argument of a check's call.

    Args:
        function: what was called, such as ``"table"``.
        argument: the argument's name.
        value: what was given.
        instead: what may be given, as the end of a sentence without its full stop.
    """
    from .value_text import show

    return InstructorError(f"{function}({argument}={show(value)}): {instead}.")


def optional(rule: Rule) -> Rule:
    """The same, or None."""
    return Rule(f"{rule.allowed}, or None", lambda value: value is None or rule.holds(value))


def either(one: Rule, other: Rule) -> Rule:
    """What holds for one of two rules."""
    return Rule(f"{one.allowed}, or {other.allowed}", lambda value: one.holds(value) or other.holds(value))


def one_of(*texts: str) -> Rule:
    """One of these texts."""
    quoted = [repr(text) for text in texts]
    return Rule(f"{', '.join(quoted[:-1])} or {quoted[-1]}", lambda value: isinstance(value, str) and value in texts)


def _number(value: object) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, int):
        return not isinstance(value, bool) and value.bit_length() < _LONGEST
    return isinstance(value, float | np.integer | np.floating)


def _least(least: float, most: float = math.inf, *, whole: bool = False) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        return _number(value) and bool(least <= value <= most) and (not whole or int(value) == value)

    return holds


def _listed(value: object, holds: Callable[[Any], bool]) -> bool:
    """Whether it is several things in an order, of which each holds, and no text."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable) or not isinstance(value, Collection):
        return False
    return all(map(holds, value))


def _hashable(value: object) -> bool:
    return isinstance(value, Hashable)


def _numeric(value: object) -> bool:
    """Whether numpy makes numbers of it."""
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except (TypeError, ValueError):
        return False


def values_of(*dimensions: int) -> Rule:
    """Numbers in an array, or what numpy makes one of, with so many axes."""
    text = " or ".join(map(str, dimensions))

    def holds(value: Any) -> bool:
        return _numeric(value) and np.ndim(value) in dimensions

    return Rule(f"numbers in an array of {text} dimension{'' if dimensions == (1,) else 's'}", holds)


def _shape(value: object) -> bool:
    return _listed(value, lambda each: each is None or (_number(each) and each >= 0 and float(each).is_integer()))


def _thresholds(value: object) -> bool:
    share = _least(0, 1)
    return isinstance(value, Mapping) and all(_number(each) and share(value[each]) for each in value)


TEXT = Rule("a text in quotes", lambda value: isinstance(value, str))
TEXTS = Rule('texts in brackets, such as ["loss"]', lambda value: _listed(value, lambda each: isinstance(each, str)))
LABELS = Rule('labels in brackets, such as ["price"]', lambda value: _listed(value, _hashable))
FLAG = Rule("True or False", lambda value: isinstance(value, bool | np.bool_))
NUMBER = Rule("a number", lambda value: _number(value) and not math.isnan(value))
NUMBERS = Rule("numbers in brackets, such as [0.1, 1.0]", lambda value: _listed(value, _number))
NOT_NEGATIVE = Rule("a number from 0", _least(0))
POSITIVE = Rule("a number above 0", lambda value: _number(value) and bool(value > 0))
VALUES = Rule("numbers, as an array or a list", _numeric)
SHARE = Rule("a number from 0 to 1", _least(0, 1))
WHOLE = Rule("a whole number", lambda value: _number(value) and math.isfinite(value) and int(value) == value)
COUNT = Rule("a whole number from 0", _least(0, 1 << 53, whole=True))
SHAPE = Rule("a shape, such as (3, None)", _shape)
THRESHOLDS = Rule("thresholds with the share of the points of each, such as {0.9: 1.0, 0.8: 0.5}", _thresholds)
SEEDED = Rule("the stand-in of the check, `student`", lambda value: callable(getattr(value, "seed", None)))
FUNCTION = Rule("a function, such as a lambda", callable)
GENERATOR = Rule(
    "a numpy Generator, such as the `rng` that a check asks for", lambda value: isinstance(value, np.random.Generator)
)
