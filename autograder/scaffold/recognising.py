"""What is recognised in what a function does, so that its check says more than "as the reference".

A gradient is a result of a parameter's shape beside a loss, and is checked against differences of that loss. Of an
unfitted scikit-learn estimator, the steps and the settings count that the reference changes. Of figures, as many plots,
curves and images as the reference draws, with labels where it has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.helpers import PLOTS
from autograder.scaffold.trial_runner import Failed, TrialRunner, opened

__all__ = ["estimator_check", "figure_check", "gradient_check"]

# --- gradients ---

GRADIENT = re.compile(r".*(grad|backprop|backward|derivative|loss|cost|objective).*", re.IGNORECASE)
LOSS = re.compile(r".*(loss|cost|objective|entropy|nll|likelihood|error|mse).*", re.IGNORECASE)


def gradient_check(
    trial_runner: TrialRunner,
    subject: Subject,
    rows: Sequence[tuple[Any, ...]],
    value: Any,
    siblings: Mapping[str, Sequence[str]],
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
            if trial_runner.passes(lines):
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


# --- unfitted estimators of scikit-learn ---

PLAIN = (bool, int, float, str, type(None))


def estimator_check(trial_runner: TrialRunner, subject: Subject, row: tuple[Any, ...]) -> list[str]:
    """The body of a check, [] where what is returned is no unfitted estimator."""
    call = bodies.answers(subject, "student", ["got"])
    call = [re.sub(r"^answers\.append\((.*)\)$", r"built = \1", line) for line in call]
    start = bodies.once(subject.inputs, row, [*bodies.prepared(subject), *call])
    names = [name for name in subject.passed if name.isidentifier() and subject.inputs.given[name].kind != "generator"]
    pairs = ", ".join(f"{subject.inputs.variable(name)!r}: {subject.inputs.variable(name)}" for name in names)
    try:
        built, inputs = trial_runner.run([*start, f"return built, {{{pairs}}}"], seed=1)
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
    return lines if trial_runner.passes(lines) else []


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


# --- figures ---


def figure_check(trial_runner: TrialRunner, subject: Subject, row: tuple[Any, ...]) -> list[str]:
    """The body of a check, [] where nothing was drawn."""
    inputs = bodies.once(subject.inputs, row, bodies.prepared(subject))
    student, reference = (_called(subject, side) for side in ("student", "reference"))
    start = [*inputs, *student]
    try:
        drawn = trial_runner.run([*start, "return plots(student.figures())"], PLOTS, seed=1)
    except Failed:
        return []
    if not drawn:
        return []
    lines = [*start, "drawn = plots(student.figures())", f'same(len(drawn), {len(drawn)}, name="number of plots")']
    curves = [len(axes["lines"]) for axes in drawn]
    images = [len(axes["images"]) for axes in drawn]
    if any(curves):
        lines.append(f"for axes, curves in zip(drawn, {curves}, strict=True):")
        lines.append('    same(len(axes["lines"]), curves, name="number of curves in a plot")')
    if any(images):
        lines.append(f"for axes, images in zip(drawn, {images}, strict=True):")
        lines.append('    same(len(axes["images"]), images, name="number of images in a plot")')
    lines += _labels(drawn) if any(curves) or any(axes["title"] or axes["xlabel"] for axes in drawn) else []
    lengths = {len(line["x"]) for axes in drawn for line in axes["lines"]}
    if lengths:
        lines += ['for line in [line for axes in drawn for line in axes["lines"]]:']
        if len(lengths) == 1:
            lines.append(f'    same(len(line["x"]), {lengths.pop()}, name="number of points of a curve")')
        lines.append('    finite(line["x"], name="a curve")')
        if all(np.all(np.diff(line["x"]) > 0) for axes in drawn for line in axes["lines"]):
            lines += [
                '    if np.any(np.diff(line["x"]) <= 0):',
                '        raise CheckFailed("The x values of a curve do not rise; expected a curve over the x axis.")',
            ]
    shapes = [[np.shape(image["values"]) for image in axes["images"]] for axes in drawn]
    if any(images):
        lines.append(
            f'same([[np.shape(image["values"]) for image in axes["images"]] for axes in drawn], {shapes}, '
            'name="the shapes of the images")'
        )
    if not trial_runner.passes(lines, PLOTS):
        return []
    beside = [*lines, *reference, "expected = plots(reference.figures())"]
    more = [
        line for line in _compared(drawn, _given(trial_runner, subject, row)) if _holds(trial_runner, [*beside, line])
    ]
    found = [*beside, *more] if more else lines
    again = [
        *student,
        *student,
        f'same(len(plots(student.figures())), {2 * len(drawn)}, name="number of plots of two calls")',
    ]
    return [*found, *again] if _holds(trial_runner, [*found, *again]) else found


def _holds(trial_runner: TrialRunner, lines: list[str]) -> bool:
    return trial_runner.passes(lines, PLOTS)


def _compared(drawn: list[dict[str, Any]], given: Any) -> Iterator[str]:
    """Lines that compare with what the reference draws, where that is what was given and no wording of its own."""
    texts, known = set(_texts(given)), _numbers(given)
    lines = [line for axes in drawn for line in axes["lines"]]
    images = [image for axes in drawn for image in axes["images"]]
    if lines and len({line["label"] for line in lines} & texts) == len(lines):
        of = "{{line['label']: line['y'] for axes in {} for line in axes['lines']}}"
        yield f'close({of.format("drawn")}, {of.format("expected")}, name="the curves", rtol=1e-4, atol=1e-6)'
    elif lines:
        named = 'name="the y values of all curves", rtol=1e-4, atol=1e-6'
        yield f"close(heights(drawn, expected), heights(expected), {named})"
    if any(axes["title"] for axes in drawn) and all(axes["title"] in texts for axes in drawn):
        yield _each("axes['title'] for axes in {}", "the titles of the plots")
    for scale in ("xscale", "yscale"):
        if any(axes[scale] != "linear" for axes in drawn):
            yield _each(f"axes['{scale}'] for axes in {{}}", f"the scale of the {scale[0]} axis")
    if any(image["colorbar"] for image in images):
        yield _each("image['colorbar'] for axes in {} for image in axes['images']", "whether images have a colour bar")
    if images and all(np.isin(image["values"], known).all() for image in images):
        of = "[image['values'] for axes in {} for image in axes['images']]"
        yield f'close({of.format("drawn")}, {of.format("expected")}, name="the images", rtol=1e-4, atol=1e-6)'


def _each(what: str, name: str) -> str:
    return f'same([{what.format("drawn")}], [{what.format("expected")}], name="{name}")'


def _given(trial_runner: TrialRunner, subject: Subject, row: tuple[Any, ...]) -> list[Any]:
    """The arguments that the function is called with in a try."""
    names = [subject.inputs.variable(name) for name in subject.passed if subject.inputs.given[name].kind != "generator"]
    lines = [*bodies.prepared(subject), f"return [{', '.join(names)}]"]
    try:
        given: list[Any] = trial_runner.run(bodies.once(subject.inputs, row, lines), seed=1)
    except Failed:
        return []
    return given


def _numbers(value: Any) -> np.ndarray[Any, Any]:
    """All different numbers in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return np.unique(np.concatenate([*map(_numbers, value), np.zeros(0)]))
    array = np.asarray(value)
    return np.unique(array) if array.dtype.kind in "biuf" else np.zeros(0)


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, the keys of dictionaries included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _called(subject: Subject, side: str) -> list[str]:
    """Lines that call the function on one side."""
    call = bodies.answers(subject, side, ["got"])
    return [re.sub(r"^answers\.append\((.*)\)$", r"\1", line) for line in call]


def _labels(drawn: list[dict[str, Any]]) -> list[str]:
    """Lines that ask each plot for what each plot of the reference has: labels, a title, a legend."""
    names = {"xlabel": "label on its x axis", "ylabel": "label on its y axis", "title": "title", "legend": "legend"}
    asked = {part: name for part, name in names.items() if all(axes[part] for axes in drawn)}
    lines = ["for axes in drawn:"] if asked else []
    for part, name in asked.items():
        lines += [f'    if not axes["{part}"]:', f'        raise CheckFailed("A plot has no {name}.")']
    titled = [place for place, axes in enumerate(drawn) if axes["title"]]
    if titled and "title" not in asked:
        lines += [f"for place in {titled}:", '    if not drawn[place]["title"]:']
        lines += ['        raise CheckFailed(f"Plot {place + 1} of the figure has no title.")']
    return lines
