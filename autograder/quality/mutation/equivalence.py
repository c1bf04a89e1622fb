"""Is a mutant that gave every check the reference's answers a mistake at all?

Three things can be the case. The changed line is never run, so no check asks for it. The line is run, and other inputs
would show the mistake: the same checks are run again with the numbers in their calls changed, for mutant and reference
alike, and the answers differ. Or no difference is seen there either, as where a vector is transposed.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.checks.plain import Rows
from autograder.checks.records import Fields
from autograder.checks.records.traversal import mapped
from autograder.quality.mutation.answer_hashes import Change
from autograder.quality.mutation.mutants import Mutant
from autograder.wire import PREFIX, decode, encode

__all__ = ["CHANGES", "DIFFERS_ELSEWHERE", "NEVER_RUN", "NO_DIFFERENCE", "raising"]

NEVER_RUN = "no check runs this line"
DIFFERS_ELSEWHERE = "it differs at other inputs, which no check asks for"
NO_DIFFERENCE = "no difference seen"

_CARRYING = ("call", "new", "map", "starmap", "after", "set")  # requests that hand values to the submission
_STRENGTH = 0.1


def raising(mutant: Mutant) -> str | None:
    """The mutant's file with an error raised where its change is run; None where no such place is found."""
    lines = mutant.source.splitlines()
    tree = ast.parse(mutant.source)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= mutant.line <= (node.end_lineno or node.lineno)
    ]
    for node in sorted(around, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        place: ast.stmt = node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = node.body[0]  # of a default value or a decorator, what counts is whether the function is called
        at = place.lineno - 1
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        changed = "\n".join([*lines[:at], f'{indent}raise RuntimeError("this line is run")', *lines[at:]]) + "\n"
        try:
            compile(changed, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue  # an elif, or a statement behind a colon: the one around it is as good
        return changed
    return None


def _floats(value: Any, noise: np.random.Generator) -> Any:
    """The value with every floating-point number changed by up to a tenth, and zeros replaced by small numbers."""
    if type(value) is float:
        return float(_floats(np.array([value]), noise)[0])
    if isinstance(value, np.generic) and value.dtype.kind == "f":
        return value.dtype.type(_floats(np.array([value]), noise)[0])
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        factor = noise.uniform(-_STRENGTH, _STRENGTH, value.shape)
        return np.where(value == 0, factor, value * (1 + factor)).astype(value.dtype)
    return value


def _integers(value: Any, noise: np.random.Generator) -> Any:
    """The value with every integer larger by one or two, and the integers of an array in another order."""
    if type(value) is int:
        return value + int(noise.integers(1, 3))
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return noise.permutation(value.reshape(-1)).reshape(value.shape)
    return value


def _through(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with the change made to each number and array in it; keys, texts and objects stay."""
    if isinstance(value, Rows):
        return Rows(tuple(_through(each, change) for each in value.columns))
    if isinstance(value, (tuple, list, dict, deque, Fields)):
        return mapped(value, lambda each: _through(each, change), flat=False)
    return change(value)


def _request(request: Any, change: Callable[[Any], Any]) -> Any:
    match request:
        case ("sequence", [*requests]):
            return "sequence", [_request(each, change) for each in requests]
        case (str(verb), target, name, *values) if verb in _CARRYING:
            return verb, target, name, *(_through(each, change) for each in values)
    return request


def _changing(change: Callable[[Any, np.random.Generator], Any]) -> Change:
    """What changes each request on its way in, every time in the same way."""

    def changed(frame: Sequence[bytes | memoryview]) -> Sequence[bytes | memoryview]:
        noise = np.random.default_rng(0)
        whole = bytearray(b"".join(frame))
        if len(whole) < PREFIX.size:
            return frame
        return encode(_request(decode(whole), lambda value: change(value, noise)))

    return changed


CHANGES: dict[str, Change] = {"floats": _changing(_floats), "integers": _changing(_integers)}
"""What is done to the values that checks hand over, by name."""
