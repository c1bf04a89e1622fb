"""Trainings, recognised: a function that fits, beside one that predicts, is judged by what it gets right."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograder.starting import bodies
from autograder.starting.bodies import Subject
from autograder.starting.drafting import Draft, subject_of
from autograder.starting.inputs import Inputs, Unknown
from autograder.starting.tracing import Traced
from autograder.starting.trying import Bench, Failed
from autograder.starting.values import Spec

__all__ = ["accuracy_checks"]

TRAINS = re.compile(r"(fit|train|sgd|optimi[sz]e|learn|gradient_descent)(_.*)?|.*_(fit|train|sgd)", re.IGNORECASE)
PREDICTS = re.compile(r"predict(_.*)?|classify|.*_predict", re.IGNORECASE)
SAMPLES = 200
LEAST_GAIN = 0.2
MARGIN = 0.04


def accuracy_checks(
    name: str,
    traced: Traced,
    bench: Bench,
    parameters: Mapping[str, Sequence[str]],
    given: Mapping[str, Collection[str]],
) -> Draft | None:
    """The check of one function that trains; None where that is not what it does, or it learns nothing."""
    if not TRAINS.fullmatch(name.rpartition(".")[2]):
        return None
    try:
        subject = subject_of(name, traced, parameters, given)
    except Unknown:
        return None
    data = _samples_and_labels(subject)
    predict = _predicting(subject, parameters)
    if data is None or not predict:
        return None
    for model in ("learned", "learned[0]", "learned[1]"):
        try:
            lines, classes = _training(subject, *data, predict, parameters[predict], model)
            measure = f"return accuracy(predicted, test_{data[1]}).value"
            measured = [float(bench.run([*lines, measure], seed=seed, seconds=20)) for seed in (1, 2, 3)]
        except (Failed, Unknown, ValueError):
            continue
        passing = np.floor(100 * (min(measured) - MARGIN)) / 100
        if passing >= 1 / classes + LEAST_GAIN:
            return _check(subject, lines, data[1], passing)
    return None


def _check(subject: Subject, lines: Sequence[str], labels: str, passing: float) -> Draft:
    return Draft(
        f"{re.sub(r'[^0-9a-zA-Z]', '_', subject.name).lower()}_learns_to_tell_classes_apart",
        f"After {subject.function}, more than {passing:.0%} of unseen samples of separate classes are told right.",
        (*lines, f'return accuracy(predicted, test_{labels}, name="test accuracy").points_at({{{passing:g}: 1.0}})'),
        hidden=True,
        parameters=("student", "rng"),
        hint="Follow the loss over the training: does it fall, and is each step taken against the gradient?",
    )


def _samples_and_labels(subject: Subject) -> tuple[str, str] | None:
    """The parameters that hold samples and their integer labels."""
    arrays = {name: subject.inputs.given[name] for name in subject.passed if _is_array(subject.inputs.given[name])}
    for labels, spec in arrays.items():
        if "integer" in spec.traits and len(spec.lengths) == 1:
            for samples, other in arrays.items():
                if len(other.lengths) > 1 and other.lengths[0] == spec.lengths[0] and "integer" not in other.traits:
                    return samples, labels
    return None


def _is_array(spec: Spec) -> bool:
    return spec.kind == "array"


def _predicting(subject: Subject, parameters: Mapping[str, Sequence[str]]) -> str:
    """The function or method that predicts, "" if there is none."""
    if subject.owner:
        names = [name for name in parameters if name.startswith(f"{subject.owner}.")]
        return next((name for name in names if PREDICTS.fullmatch(name.rpartition(".")[2])), "")
    return next((name for name in parameters if "." not in name and PREDICTS.fullmatch(name)), "")


def _training(
    subject: Subject, samples: str, labels: str, predict: str, needs: Sequence[str], model: str
) -> tuple[list[str], int]:
    """Lines that draw clusters, train on one half and predict the other; and the number of clusters."""
    inputs = subject.inputs
    inputs = replace(inputs, fixed=frozenset(inputs.names.values()))
    spec, label = inputs.given[samples], inputs.given[labels]
    rest = [inputs.length(vector) for vector in spec.lengths[1:]]
    classes = int(label.high) + 1
    shape = ", ".join([str(classes), *rest])
    spread = 2 if len(rest) == 1 and int(rest[0]) < 10 else 1
    single = ".astype(np.float32)" if "single" in spec.traits else ""
    lines = [
        f"centres = {spread} * rng.normal(size=({shape}))",
        f"labels_ = rng.integers({classes}, size={2 * SAMPLES})",
        f"samples_ = (centres[labels_] + rng.normal(size=({2 * SAMPLES}, {', '.join(rest)}))){single}",
        f"{samples}, test_{samples} = samples_[:{SAMPLES}], samples_[{SAMPLES}:]",
        f"{labels}, test_{labels} = labels_[:{SAMPLES}], labels_[{SAMPLES}:]",
    ]
    others = {key: each for key, each in inputs.given.items() if key not in (samples, labels)}
    for key, each in others.items():
        if each.kind != "object":
            lines.append(f"{key} = {inputs.recorded_value(key, each)}")
    own = Inputs(dict(inputs.given), inputs.me, (), names=inputs.names, recorded=inputs.recorded, fixed=inputs.fixed)
    bare = replace(subject, inputs=own, before="")
    lines += bodies.made(bare, "student")
    holder = subject.variable if subject.owner else "student"
    call = f"{holder}.{subject.function}({subject.arguments})"
    if subject.owner:
        lines += [call, f"predicted = {holder}.{predict.rpartition('.')[2]}(test_{samples})"]
        return lines, classes
    free = [name for name in needs if name != samples and (name not in others or others[name].kind == "array")]
    if len(free) > 1:
        raise ValueError("what it predicts from is not known")
    arguments = [f"test_{samples}" if name == samples else model if name in free else name for name in needs]
    lines += [f"learned = {call}" if free else call, f"predicted = student.{predict}({', '.join(arguments)})"]
    return lines, classes
