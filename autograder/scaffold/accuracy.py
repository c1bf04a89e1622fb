"""Trainings, recognised: a function that fits, beside one that predicts, is judged by what it gets right."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.inputs import Unknown
from autograder.scaffold.recorded_functions import subject_of
from autograder.scaffold.tracing import Traced
from autograder.scaffold.trial_runner import Failed, TrialRunner
from autograder.scaffold.values import Spec
from autograder.scaffold.writing import DraftedCheck

__all__ = ["accuracy_checks"]

TRAINS = re.compile(r"(fit|train|sgd|optimi[sz]e|learn|gradient_descent)(_.*)?|.*_(fit|train|sgd)", re.IGNORECASE)
PREDICTS = re.compile(r"predict(_.*)?|classify|.*_predict", re.IGNORECASE)
SAMPLES = 200
LEAST_GAIN = 0.2
MARGIN = 0.06


def accuracy_checks(
    name: str,
    traced: Traced,
    trial_runner: TrialRunner,
    parameters: Mapping[str, Sequence[str]],
    given: Mapping[str, Collection[str]],
) -> DraftedCheck | None:
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
    for model in ("learned", "learned[{place}]", "learned[0]", "learned[1]"):
        try:
            lines = _training(subject, *data, predict, parameters[predict], model)
            least = min(trial_runner.run([*lines[:-1], "return passing"], seed=seed, seconds=30) for seed in (1, 2))
            passes = trial_runner.passes(lines, seeds=(3, 4), seconds=30)
        except (Failed, Unknown, ValueError):
            continue
        classes = int(subject.inputs.given[data[1]].high) + 1
        if passes and least > 1 / classes + LEAST_GAIN:
            return _check(subject, lines)
    return None


def _check(subject: Subject, lines: Sequence[str]) -> DraftedCheck:
    return DraftedCheck(
        f"{bodies.snake(subject.name)}_learns_to_tell_classes_apart",
        f"After {subject.function}, nearly as many unseen samples are classified correctly as with the reference.",
        tuple(lines),
        hidden=True,
        parameters=("student", "reference", "rng"),
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


def _training(subject: Subject, samples: str, labels: str, predict: str, needs: Sequence[str], model: str) -> list[str]:
    """Lines that draw clusters, train each side on one half of them and predict the other half."""
    inputs = subject.inputs
    inputs = replace(inputs, fixed=frozenset(inputs.names.values()))
    spec, label = inputs.given[samples], inputs.given[labels]
    rest = [inputs.length(vector) for vector in spec.lengths[1:]]
    classes = int(label.high) + 1
    shape = ", ".join([str(classes), *rest])
    moved = f"centres[labels] + rng.normal(size=({2 * SAMPLES}, {', '.join(rest)}))"
    lines = [
        f"centres = {3 if len(rest) == 1 else 1} * rng.normal(size=({shape}))".replace("1 * ", ""),
        f"labels = rng.integers({classes}, size={2 * SAMPLES})",
        f"samples = ({moved}).astype(np.float32)" if "single" in spec.traits else f"samples = {moved}",
        f"train_samples, test_samples = samples[:{SAMPLES}], samples[{SAMPLES}:]",
        f"train_labels, test_labels = labels[:{SAMPLES}], labels[{SAMPLES}:]",
    ]
    others = {key: each for key, each in inputs.given.items() if key not in (samples, labels)}
    lines += [
        f"{inputs.variable(key)} = {inputs.recorded_value(key, each)}"
        for key, each in others.items()
        if each.kind not in ("object", "generator")
    ]
    own = replace(inputs, given=dict(inputs.given), attributes=())
    calls = bodies.made(replace(subject, inputs=own, before=""), "module")
    holder = subject.variable if subject.owner else "module"
    arguments = re.sub(rf"\b{samples}\b", "train_samples", subject.arguments)
    call = f"{holder}.{subject.function}({re.sub(rf'(?<!_){labels}(?!_)', 'train_labels', arguments)})"
    if subject.owner:
        calls += [call, f"answers.append({holder}.{predict.rpartition('.')[2]}(test_samples))"]
    else:
        free = [name for name in needs if name != samples and (name not in others or others[name].kind == "array")]
        if len(free) > 1 and "{place}" not in model:
            raise ValueError("what it predicts from is not known")
        learned = {name: model.format(place=place) for place, name in enumerate(free)}
        given = ["test_samples" if name == samples else learned.get(name, name) for name in needs]
        calls += [f"learned = {call}" if free else call, f"answers.append(module.{predict}({', '.join(given)}))"]
    return [
        *lines,
        "answers = []",
        "for module in (student, reference):",
        *(f"    {line}" for line in calls),
        f"passing = accuracy(answers[1], test_labels).value - {MARGIN}",
        'return accuracy(answers[0], test_labels, name="test accuracy").points_at({passing: 1.0})',
    ]
