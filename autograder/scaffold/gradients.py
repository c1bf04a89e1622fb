"""Gradients, recognised: a result of a parameter's shape beside a loss, checked against differences of that loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.trying import Bench

__all__ = ["gradient_check"]

GRADIENT = re.compile(r".*(grad|backprop|backward|derivative|loss|cost|objective).*", re.IGNORECASE)
LOSS = re.compile(r".*(loss|cost|objective|entropy|nll|likelihood|error|mse).*", re.IGNORECASE)


def gradient_check(
    bench: Bench, subject: Subject, rows: Sequence[tuple[Any, ...]], value: Any, siblings: Mapping[str, Sequence[str]]
) -> list[str]:
    """The body of a check, [] where nothing was recognised or the reference does not pass."""
    if not GRADIENT.fullmatch(subject.function) or subject.has_objects:
        return []
    inputs = replace(subject.inputs, scaled=False)
    subject = replace(subject, inputs=inputs)
    row = rows[0][: len(inputs.columns)]
    call = f"{subject.function}({subject.arguments})"
    for loss, place in _losses(subject, value, siblings):
        for name, spec in inputs.given.items():
            if spec.kind != "array" or "integer" in spec.traits:
                continue
            parameters = siblings[loss]
            arguments = [
                "at" if each == name else inputs.argument(each) for each in parameters if each in subject.passed
            ]
            lines = bodies.once(
                inputs,
                row,
                [
                    *bodies.prepared(subject),
                    "gradient_matches(",
                    f"    student.{call}{place},",
                    f"    of=lambda at: reference.{loss}({', '.join(arguments)}){'[0]' if place else ''},",
                    f"    at={inputs.variable(name)},",
                    f'    names=["the gradient with respect to {name}"],',
                    ")",
                ],
            )
            if bench.passes(lines):
                return lines
    return []


def _losses(subject: Subject, value: Any, siblings: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Functions that may be the loss, with how the gradient is taken from the result: "" or "[1]"."""
    if isinstance(value, (tuple, list)) and len(value) == 2 and np.ndim(value[0]) == 0 and np.ndim(value[1]) > 0:
        return [(subject.function, "[1]")]
    if not isinstance(value, np.ndarray):
        return []
    return [
        (name, "")
        for name, parameters in siblings.items()
        if "." not in name
        and LOSS.fullmatch(name)
        and name != subject.function
        and set(parameters) <= {*subject.inputs.given}
    ]
