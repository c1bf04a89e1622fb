"""Scikit-learn estimators, recognised: the steps and the settings that the reference changes, and nothing fitted."""

from __future__ import annotations

import re
from typing import Any

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.trying import Bench, Failed, opened

__all__ = ["estimator_check"]

PLAIN = (bool, int, float, str, type(None))


def estimator_check(bench: Bench, subject: Subject, row: tuple[Any, ...]) -> list[str]:
    """The body of a check, [] where what is returned is no unfitted estimator."""
    call = bodies.answers(subject, "student", ["got"])
    call = [re.sub(r"^answers\.append\((.*)\)$", r"built = \1", line) for line in call]
    start = bodies.once(subject.inputs, row, [*bodies.prepared(subject), *call])
    names = [name for name in subject.passed if name.isidentifier() and subject.inputs.given[name].kind != "generator"]
    pairs = ", ".join(f"{subject.inputs.variable(name)!r}: {subject.inputs.variable(name)}" for name in names)
    try:
        built, inputs = bench.run([*start, f"return built, {{{pairs}}}"], seed=1)
    except Failed:
        return []
    model = opened(built)
    if not hasattr(model, "get_params") or not type(model).__module__.startswith("sklearn."):
        return []
    steps = [each for _, each in model.steps] if hasattr(model, "steps") else [model]
    kinds = [type(each).__name__ for each in steps]
    shape = f".steps({', '.join(map(repr, kinds))})" if hasattr(model, "steps") else f".is_a({kinds[0]!r})"
    lines = [
        *start,
        f"model = estimator(student.estimator_of(built), name={subject.title!r})",
        f"model{shape}.unfitted()",
    ]
    for kind, step in zip(kinds, steps, strict=True):
        settings = _changed(step, inputs)
        if settings:
            lines.append(f"model.step({kind!r}).has({', '.join(f'{key}={text}' for key, text in settings.items())})")
    return lines if bench.passes(lines) else []


def _changed(step: Any, inputs: dict[str, Any]) -> dict[str, str]:
    """The plain settings that differ from the defaults, an argument of the call by its name."""
    try:
        default = type(step)().get_params(deep=False)
    except (TypeError, AttributeError):
        return {}
    found = {}
    for key, value in step.get_params(deep=False).items():
        usual = default.get(key)
        changed = type(value) is not type(usual) or repr(value) != repr(usual)
        if changed and isinstance(value, PLAIN) and repr(value) != "nan":
            given = [name for name, each in inputs.items() if type(each) is type(value) and each == value]
            found[key] = given[0] if given else repr(value)
    return found
