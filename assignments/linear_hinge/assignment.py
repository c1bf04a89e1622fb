"""A linear classifier of photographs with the hinge loss: its gradients, its training, the search for its settings.

Gradients, steps and the relations between what is returned decide; trainings are shortened smoke tests by default, and
longer ones with `--full`. Every run is a line of `RUNS`; `autograder calibrate linear_hinge` measures them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from autograder import Assignment, Case, Item, Limits
from autograder.checks import (
    accuracy,
    close,
    faster_than,
    figure,
    figures_drawn,
    gradient_matches,
    no_loops,
    over_seeds,
    rearranged,
    shape,
)
from autograder.checks.errors import CheckFailed

assignment = Assignment(
    "Linear classifier with hinge loss",
    files=["hinge_losses.py", "hinge_classifier.py", "hinge_experiments.py"],
    given=["cifar10_data.py"],
    data="cifar10",
    preload=("numpy", "matplotlib.pyplot"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A graded training: samples to train on, epochs, batch size, and the accuracy to be exceeded."""

    train: int
    epochs: int
    batch_size: int
    passing: float


# (form, data, --full)
RUNS = {
    ("sum", "cifar10", False): Run(train=45_000, epochs=2, batch_size=400, passing=0.30),
    ("sum", "cifar10", True): Run(train=45_000, epochs=6, batch_size=400, passing=0.32),
    ("max", "cifar10", False): Run(train=45_000, epochs=3, batch_size=400, passing=0.20),
    ("max", "cifar10", True): Run(train=45_000, epochs=6, batch_size=400, passing=0.22),
    ("sum", "shapes", False): Run(train=2_000, epochs=10, batch_size=100, passing=0.24),
    ("sum", "shapes", True): Run(train=2_000, epochs=40, batch_size=100, passing=0.26),
    ("max", "shapes", False): Run(train=2_000, epochs=20, batch_size=100, passing=0.24),
    ("max", "shapes", True): Run(train=2_000, epochs=40, batch_size=100, passing=0.26),
}

IMPLAUSIBLE = 0.45  # no linear classifier of these pixels reaches it; staff examine one that does

a = assignment.question(
    "The loss with loops",
    id="a",
    solution=["regularization", "svm_loss_naive", "svm_max_loss_naive"],
    limits=Limits(wall_seconds=60, cpu_seconds=20),
)
b = assignment.question(
    "The loss without loops",
    id="b",
    solution=["svm_loss_vectorized", "svm_max_loss_vectorized"],
    limits=Limits(wall_seconds=120, cpu_seconds=40),
)
c = assignment.question(
    "The classifier",
    id="c",
    solution=[
        "LinearClassifier.loss",
        "LinearClassifier.step",
        "LinearClassifier.scores",
        "LinearClassifier.predict",
    ],
    limits=Limits(wall_seconds=300, cpu_seconds=120),
    full_limits=Limits(wall_seconds=1200, cpu_seconds=400),
)
d = assignment.question(
    "Search, losses and templates",
    id="d",
    solution=["search", "plot_losses", "plot_templates"],
    limits=Limits(wall_seconds=120, cpu_seconds=40),
)
e = assignment.question("Two questions", id="e")

e.written(
    "Say why the max form does worse than the sum form at the same settings.",
    points=2,
    rubric={
        "at the start nearly all margins are violated: the sum form adds up to nine terms, the max form one": Item(
            1, student="compares what the two forms add up in the first steps"
        ),
        "so the gradient of the data is smaller, relative to that of the penalty, and learning slower": Item(
            1, student="says what follows for the training"
        ),
    },
    answer="answers.md#forms",
)
e.written(
    "Say whether the effect of the rate can be read from the eight combinations, and how to find out.",
    points=2,
    rubric={
        "no: from one combination to the next everything changes at once": Item(
            1, student="says whether it can, and why"
        ),
        "combinations that differ in one setting only, or a grid": Item(1, student="names runs that would show it"),
    },
    answer="answers.md#zipped",
)


# --- (a) with loops ---

WEIGHTS = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])  # the example of the handout
SAMPLES, RIGHT = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([0, 2])
BY_HAND = {  # (loss, gradient) without a penalty
    "svm_loss": (4.0, np.array([[-1.0, 0.5, 0.5], [0.5, 1.0, -1.5]])),
    "svm_max_loss": (3.0, np.array([[-1.5, 0.5, 1.0], [-0.5, 1.0, -0.5]])),
}
FORMS = {"sum form": "svm_loss", "max form": "svm_max_loss"}


@a.check(cases={"norm 2": 1, "norm 1": 0.75, "norm 1 at a weight of 0": 0.25})
def penalty_by_hand(student, case):
    """The penalty and its gradient are right for both norms, also where a weight is 0."""
    norm = int(case.split()[1])
    W = np.array([[1.0, -2.0], [0.0, 3.0]]) if case.endswith("0") or norm == 2 else np.array([[1.0, -2.0], [1.0, 3.0]])
    name = f"regularization(W, 0.5, {norm})"
    got, gradient = pair(student.regularization(W, 0.5, norm), W.shape, name)
    close(got, 0.25 * np.sum(W**2) if norm == 2 else 0.5 * np.sum(np.abs(W)), name=f"the penalty of {name}")
    close(gradient, 0.5 * W if norm == 2 else 0.5 * np.sign(W), name=f"the gradient of {name}")


@a.check(points=1, cases=("sum form", "max form"))
def losses_by_hand_with_loops(student, case):
    """The losses of two samples with loops are those worked out in the handout, in both forms."""
    worked_out(student, f"{FORMS[case]}_naive")


@a.check(points=1)
def gradient_of_the_sum_form_with_loops(student, rng):
    """At a random point, the gradient of the sum form with loops agrees with differences of the loss."""
    agrees_with_differences(student, "svm_loss_naive", rng)


@a.check(points=1)
def gradient_of_the_max_form_with_loops(student, rng):
    """At a random point, the gradient of the max form with loops agrees with differences of the loss."""
    agrees_with_differences(student, "svm_max_loss_naive", rng)


LOSS_HINT = (
    "Try one sample and many, two classes and ten, samples with no violated margin, and a penalty of 0 and above."
)


SIZES = {  # samples, pixels, classes
    "ten classes": (20, 30, 10),
    "more samples than pixels": (64, 3, 3),
    "two classes": (7, 5, 2),
    "one sample": (1, 8, 4),
}
LOSS_CASES = {
    "ten classes": 1,
    "more samples than pixels": 0.5,
    "two classes": Case(0.25, hint="The loss also works with two classes: try it."),
    "one sample": Case(0.25, hint="A batch may consist of one sample: try it."),
}


@a.check(hidden=True, hint=LOSS_HINT, cases=LOSS_CASES)
def sum_form_with_loops(student, reference, rng, case):
    """For few and many samples and classes, the loss and gradient of the sum form with loops are right."""
    agrees_with_reference(student, reference, "svm_loss_naive", rng, SIZES[case])


@a.check(hidden=True, hint=LOSS_HINT, cases=LOSS_CASES)
def max_form_with_loops(student, reference, rng, case):
    """For few and many samples and classes, the loss and gradient of the max form with loops are right."""
    agrees_with_reference(student, reference, "svm_max_loss_naive", rng, SIZES[case])


# --- (b) without loops ---


@b.check(points=1, cases=("sum form", "max form"))
def losses_by_hand_without_loops(student, case):
    """The losses of two samples without loops are those worked out in the handout, with their gradients."""
    worked_out(student, f"{FORMS[case]}_vectorized", with_gradient=True)


@b.check(points=1, needs=losses_by_hand_without_loops)
def no_loop_is_left(student):
    """svm_loss_vectorized and svm_max_loss_vectorized have no loop."""
    for name in ("svm_loss_vectorized", "svm_max_loss_vectorized"):
        worked_out(student, name)  # a stub has no loop either
        no_loops(student.source_of(name), name)


@b.check(hidden=True, hint=LOSS_HINT, cases=LOSS_CASES)
def sum_form_without_loops(student, reference, rng, case):
    """For few and many samples and classes, the loss and gradient of the sum form without loops are right."""
    agrees_with_reference(student, reference, "svm_loss_vectorized", rng, SIZES[case])


@b.check(hidden=True, hint=LOSS_HINT, cases=LOSS_CASES)
def max_form_without_loops(student, reference, rng, case):
    """For few and many samples and classes, the loss and gradient of the max form without loops are right."""
    agrees_with_reference(student, reference, "svm_max_loss_vectorized", rng, SIZES[case])


@b.check(points=2, needs=losses_by_hand_without_loops)
def sum_form_is_faster_than_loops(student, rng):
    """On 12,000 samples, svm_loss_vectorized is at least 3 times faster than the same with loops."""
    faster_without_loops(student, "svm_loss", rng)


@b.check(points=1, needs=losses_by_hand_without_loops)
def max_form_is_faster_than_loops(student, rng):
    """On 12,000 samples, svm_max_loss_vectorized is at least 3 times faster than the same with loops."""
    faster_without_loops(student, "svm_max_loss", rng)


def faster_without_loops(student, form, rng):
    """Compare with the reference's loops, or at home with one's own; new samples in each round.

    Right code without loops is 6 to 50 times faster here, and code with a loop over the samples no faster than loops
    (docs/fairness.md); 3 leaves room on both sides.
    """
    names = f"{form}_vectorized", f"{form}_naive"
    fast, slow = (getattr(student, name) for name in names)

    def same(got, want):
        for name, mine, loops in zip((f"the loss of {names[0]}", "its gradient"), got, want, strict=True):
            close(mine, loops, name=name, rtol=1e-4)

    faster_than(
        partial(student.cost_of, fast),
        partial(student.baseline_cost_of, slow),
        factor=3,
        inputs=lambda: (*problem(rng, n=12_000, d=2, classes=5), 0.5),
        name=names[0],
        baseline_name="the same with loops",
        agree=lambda got, want: same(pair(got, (2, 5), names[0]), pair(want, (2, 5), names[1])),
    )


# --- what (a) and (b) share ---


def pair(answer, expected, name):
    """(loss, gradient) from what a function returned, the gradient of the expected shape."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        raise CheckFailed(f"{name} must return two things: a number, and the gradient.")
    shape(answer[1], expected, name=f"the gradient of {name}")
    return answer


def worked_out(student, name, *, with_gradient=False):
    """Compare with the example of the handout, without a penalty and with strength 2, whose penalty is 7."""
    value, gradient = BY_HAND[name.rsplit("_", 1)[0]]
    for reg, penalty in ((0.0, 0.0), (2.0, 7.0)):
        got, slope = pair(getattr(student, name)(WEIGHTS, SAMPLES, RIGHT, reg), WEIGHTS.shape, name)
        close(got, value + penalty, name=f"the loss of {name} with reg {reg:g}", n=2)
        if with_gradient:
            close(slope, gradient + reg * WEIGHTS, name=f"the gradient of {name} with reg {reg:g}", n=2)


def agrees_with_differences(student, name, rng):
    """Compare a gradient with central differences of the loss; never at W = 0, where margins tie."""
    W, X, y = problem(rng, n=12, d=6, classes=5)
    form = "sum" if name.startswith("svm_loss") else "max"
    _, gradient = pair(getattr(student, name)(W, X, y, 0.5), W.shape, name)
    gradient_matches(gradient, of=lambda V: defined(V, X, y, 0.5, form), at=W, names=[f"the gradient of {name}"])


def defined(W, X, y, reg, form):
    """The loss with its penalty, from the definition."""
    total = 0.0
    for row, right in zip(np.matmul(X, W), y, strict=True):
        margins = np.delete(1 + row - row[right], right)
        total += np.sum(np.maximum(margins, 0)) if form == "sum" else max(0.0, np.max(margins))
    return total / len(X) + reg / 2 * np.sum(W**2)


def agrees_with_reference(student, reference, name, rng, sizes):
    """Compare loss and gradient with the reference's, without and with a penalty."""
    student = student.with_reference("regularization", unless=penalty_by_hand)
    n, d, classes = sizes
    for reg in (0.0, 3.0):
        W, X, y = problem(rng, n, d, classes)
        what = f"{name} with {n} samples, {classes} classes and reg {reg:g}"
        got, slope = pair(getattr(student, name)(W, X, y, reg), W.shape, what)
        want, gradient = getattr(reference, name)(W, X, y, reg)
        close(got, want, name=f"the loss of {what}", rtol=1e-4, n=n)
        gradient_matches(slope, gradient, names=[f"the gradient of {what}"])


def problem(rng, n, d, classes):
    """(W, X, y) with pixels between -128 and 128 and scores of a few units, none of them near a kink.

    Some margins of most samples are violated, and some samples have none that is: half of them get the class with the
    largest score as their right one. Samples near a kink are drawn again, because float32 may decide otherwise there.
    """
    W = rng.normal(size=(d, classes)) * 3 / (74 * np.sqrt(d))  # uniform pixels have the standard deviation 74
    X, y = np.zeros((n, d)), np.zeros(n, np.int64)
    missing = np.ones(n, bool)
    while np.any(missing):
        count = int(np.sum(missing))
        X[missing] = rng.uniform(-128, 128, size=(count, d))
        scores = X[missing] @ W  # (count, classes)
        best = np.argmax(scores, axis=1)
        y[missing] = np.where(rng.random(count) < 0.5, best, rng.integers(classes, size=count))
        missing[missing] = near_a_kink(scores, y[missing])
    return W, X, y


def near_a_kink(scores, y):
    """Which samples have a margin near 0, or two largest margins that are nearly the same."""
    right = np.reshape(y, (-1, 1))
    distances = scores + 1 - np.take_along_axis(scores, right, axis=1)  # the margins, and 1 at the right class
    np.put_along_axis(distances, right, -1e9, axis=1)
    ordered = np.sort(distances, axis=1)
    return (ordered[:, -1] - ordered[:, -2] < 1e-4) | np.any(np.abs(distances) < 1e-4, axis=1)


# --- (c) the classifier ---

PIXELS, GROUPS = 12, 4
B_ALONE = "b has no penalty"


@c.check(points=1)
def predictions_by_hand(student):
    """With weights and a mean image worked out by hand, scores and predictions are right."""
    model = student.LinearClassifier(classes=3, epochs=0).fit(SAMPLES, RIGHT)
    model.W, model.b, model.mean = WEIGHTS, np.array([0.0, 0.5, -3.0]), np.array([1.0, 1.0])
    close(model.scores(SAMPLES), [[2.0, 0.5, 1.0], [0.0, 1.5, -4.0]], name="scores(X)")
    close(model.predict(SAMPLES), [0, 1], name="predict(X)")


@c.check(
    points=2,
    hidden=True,
    hint="The penalty has the norm and strength of the classifier and leaves b alone.",
    cases=(B_ALONE, "sum form, norm 2", "sum form, norm 1", "max form, norm 2", "max form, norm 1"),
)
def loss_of_the_classifier(student, reference, rng, case):
    """The loss of the classifier and its gradients for W and b are right, in both forms and with both norms."""
    if case == B_ALONE:
        b_is_left_alone(student, rng)
        return
    student = student.with_reference(*LOSSES, unless=LOSS_CHECKS)
    form, norm = case[:3], int(case[-1])
    mine, theirs, X, y = pair_of_models(student, reference, rng, form=form, norm=norm, strength=0.7)
    answer = loss_and_slopes(mine.loss(X, y))
    value, *gradients = theirs.loss(X, y)
    what = f"with form {form!r} and norm {norm}"
    close(answer[0], value, name=f"the loss {what}", rtol=1e-4, n=len(X))
    gradient_matches([*answer[1:]], gradients, names=[f"dW {what}", f"db {what}"])


@c.check(
    points=2,
    hidden=True,
    hint="A step goes against the gradient, for W and for b, times the learning rate.",
    cases=("sum form", "max form"),
)
def twenty_steps(student, reference, rng, case):
    """From the same start, with the same batches, twenty steps lead to the same W and b."""
    student = student.with_reference(*LOSSES, "LinearClassifier.loss", unless=(*LOSS_CHECKS, loss_of_the_classifier))
    form, norm, rate = ("sum", 2, 1e-4) if case == "sum form" else ("max", 1, 3e-4)
    settings = {"form": form, "norm": norm, "strength": 0.7, "learning_rate": rate}
    mine, theirs, X, y = pair_of_models(student, reference, rng, **settings)
    before = [np.array(theirs.W), np.array(theirs.b)]
    for start in range(0, len(X), 20):
        for model in (mine, theirs):
            model.step(X[start : start + 20], y[start : start + 20])
    shape(mine.W, before[0].shape, name="W after a step")
    shape(mine.b, before[1].shape, name="b after a step")
    moved = [[np.asarray(m.W) - before[0], np.asarray(m.b) - before[1]] for m in (mine, theirs)]
    gradient_matches(*moved, names=["what W moved by", "what b moved by"], rtol=1e-3)


@c.check(
    points=1, hidden=True, hint="Images are not prepared: subtract the mean image, and mind their shape and dtype."
)
def predictions_of_images(student, reference, rng):
    """Unprepared colour images of 32 x 32 pixels get the right scores and classes."""
    x = rng.integers(256, size=(30, 32, 32, 3)).astype(np.uint8)
    y = rng.integers(10, size=30)
    models = [each.LinearClassifier(epochs=0).fit(x, y) for each in (student, reference)]
    W, bias = rng.normal(size=(3072, 10)) / 3000, rng.normal(size=10)
    for model in models:
        model.W, model.b = W, bias
    want = np.asarray(models[1].scores(x))
    close(models[0].scores(x), want, name="scores(X)", rtol=1e-3, atol=1e-3)
    sure = np.diff(np.sort(want, axis=1), axis=1)[:, -1] > 1e-2
    close(np.asarray(models[0].predict(x))[sure], np.argmax(want, axis=1)[sure], name="predict(X)")


@c.check(
    points=2, hidden=True, hint="If gradients and steps are right, this happens in one of many thousands of trainings."
)
def accuracy_of_the_sum_form(student, reference, data, hidden, rng, full, share):
    """Trained on the sum form with rate 3e-7, strength 1e4 and norm 2, the classifier is accurate enough."""
    return trained_accuracy(student, reference, "sum", data, hidden, rng, full, share)


@c.check(points=1, hidden=True, hint="Compare the gradient of the max form with differences of its loss.")
def accuracy_of_the_max_form(student, reference, data, hidden, rng, full, share):
    """Trained on the max form with the same settings, the classifier is accurate enough."""
    return trained_accuracy(student, reference, "max", data, hidden, rng, full, share)


LOSSES = ("regularization", "svm_loss_vectorized", "svm_max_loss_vectorized")
LOSS_CHECKS = (penalty_by_hand, sum_form_without_loops, max_form_without_loops)


def pair_of_models(student, reference, rng, **settings):
    """A student's classifier and the reference's with the same weights, biases and settings, and 400 samples."""
    n, d, classes = 400, PIXELS, GROUPS
    W, X, y = problem(rng, n, d, classes)
    models = []
    for each in (student, reference):
        model = each.LinearClassifier(classes=classes, epochs=0, **settings).fit(X, y)
        model.W, model.b = W, np.linspace(-1e-5, 1e-5, classes)  # so small that no sample comes near a kink
        models.append(model)
    return *models, X, y


def b_is_left_alone(student, rng):
    """Fail if db depends on the strength of the penalty, whatever the form, the norm and the loss without it."""
    for form in ("sum", "max"):
        for norm in (1, 2):
            W, X, y = problem(rng, 12, PIXELS, GROUPS)
            b = rng.uniform(1, 2, size=GROUPS)
            slopes = []
            for strength in (0.0, 5.0):
                model = student.LinearClassifier(classes=GROUPS, epochs=0, form=form, norm=norm, strength=strength)
                model = model.fit(X, y)
                model.W, model.b = W, b
                slopes.append(loss_and_slopes(model.loss(X, y))[2])
            close(slopes[1], slopes[0], name=f"db with form {form!r}, norm {norm} and strength 5, beside strength 0,")


def loss_and_slopes(answer):
    """(loss, dW, db) as the loss of a classifier returned them."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 3:
        raise CheckFailed("loss(X, y) must return three things: the loss, dW and db.")
    return answer


def trained_accuracy(student, reference, form, data, hidden, rng, full, share):
    """Train a student's classifier, and measure what its W and b predict for hidden images, which it never sees.

    Pixels come in a secret order and classes under secret numbers, so that nothing known by heart fits. W must have
    moved as in a training of the reference on the same images, and the history must be that of such a training. The
    better of two trainings counts, where the first is not enough: the max form depends much on its seed.
    """
    run = RUNS[form, data.name, full]
    train = round(run.train * share)
    steps = run.epochs * math.ceil(train / run.batch_size)

    def training(rng):
        chosen = rng.permutation(len(data.train))[:train]
        shown = rng.permutation(len(data.validation))[:200]
        secret = rearranged(data.train.x[0].size, 10, rng)  # which makes no difference to a linear classifier
        settings = {
            "form": form,
            "learning_rate": 3e-7,
            "strength": 1e4,
            "norm": 2,
            "batch_size": run.batch_size,
            "seed": int(rng.integers(2**31)),
            "every": max(1, (steps - 1) // 6),  # the last entry comes a few steps before the end
        }
        x, y = secret.x(data.train.x[chosen]), secret.y(data.train.y[chosen])
        validation = secret.x(data.validation.x[shown]), secret.y(data.validation.y[shown])
        mine, theirs = (
            (
                each.LinearClassifier(epochs=0, **settings).fit(x[:10], y[:10]),  # the start, whatever the images
                each.LinearClassifier(epochs=run.epochs, **settings).fit(x, y, validation),
            )
            for each in (student, reference)
        )
        scores = scores_from_outside(mine[1], x, 10)
        predictions_agree(mine[1], scores, validation[0][:50])
        moved_like(mine, theirs)
        history_belongs(mine, theirs, x, validation)
        measured = accuracy(scores(secret.x(hidden.x)), secret.y(hidden.y), name="test accuracy")
        return replace(measured, run=f"{train:,} images x {run.epochs}")

    trainings = over_seeds(training, rng, k=2, rule="best", student=student)
    return trainings.points_at({run.passing: 1.0}, implausible=IMPLAUSIBLE)


def moved_like(mine, theirs):
    """Fail unless W moved in about the direction of another training on the same images, and about as far.

    Args:
        mine, theirs: each a classifier before its first step, and one after its training.

    How fast the penalty lets the start fade is not compared, so what W has in common with its start is taken out.
    Trainings of the reference under the same seed agree, and under different seeds their cosine is 0.36 to 0.99, and
    they differ by 1 % in length (docs/fairness.md).
    """
    ways = []
    for start, end in (mine, theirs):
        first, last = (np.asarray(each.W, np.float64) for each in (start, end))
        shape(first, last.shape, name="W before the first step")
        ways.append(last - first * np.sum(first * last) / max(np.sum(first * first), 1e-300))
    got, want = (float(np.linalg.norm(way)) for way in ways)
    alike = float(np.sum(ways[0] * ways[1]) / max(got * want, 1e-300))
    if not (alike > 0.1 and want / 3 < got < 3 * want):  # false for nan as well
        raise CheckFailed(
            f"From its start W moved by {got:.3g}, with a cosine of {alike:.2f} to the way of a training on the same "
            f"images, which is {want:.3g} long. Expected a cosine above 0.1, and a length within a factor of 3."
        )


def history_belongs(mine, theirs, x, validation):
    """Fail unless the history is that of the training: its own losses at both ends, between them those of the grader.

    Args:
        mine, theirs: as for `moved_like`.
        x: the training images.
        validation: the (images, classes) whose losses the history holds.
    """
    got, want = (each[1].history for each in (mine, theirs))
    curves = {}
    for name in ("iteration", "training_loss", "validation_loss"):
        curves[name] = np.asarray(got[name], np.float64), np.asarray(want[name], np.float64)
        shape(curves[name][0], curves[name][1].shape, name=f"history[{name!r}]")
    close(*curves["iteration"], name="history['iteration']")
    mean = np.mean(np.reshape(x, (len(x), -1)), axis=0)
    centered = np.reshape(validation[0], (len(validation[0]), -1)) - mean
    for place, model, room in ((0, mine[0], 1e-3), (-1, mine[1], 0.1)):
        own = float(model.loss(centered, validation[1])[0])
        drawn = float(curves["validation_loss"][0][place])
        if not abs(drawn - own) <= room * abs(own):
            when = "before the first step" if place == 0 else "after the training"
            raise CheckFailed(
                f"The history says that the validation loss was {drawn:.4g} {when}; loss(X, y) of that classifier "
                f"gives {own:.4g}."
            )
    for name in ("training_loss", "validation_loss"):
        drawn, seen = curves[name]
        if not np.all((drawn > seen / 3) & (drawn < 3 * seen)):  # a wrong penalty costs its own points
            raise CheckFailed(
                f"history[{name!r}] is {np.round(drawn, 2).tolist()}; a training on the same images was seen to go "
                f"{np.round(seen, 2).tolist()}."
            )


def scores_from_outside(model, x, classes):
    """A function that gives the scores of images by the W and b of a trained model, and the mean of its training."""
    W, b = (np.asarray(each, np.float64) for each in (model.W, model.b))
    shape(W, (x[0].size, classes), name="W after training")
    shape(b, (classes,), name="b after training")
    mean = np.mean(np.reshape(x, (len(x), -1)), axis=0)
    return lambda images: (np.reshape(images, (len(images), -1)) - mean) @ W + b


def predictions_agree(model, scores, images):
    """Fail unless the model predicts what follows from its W and b, except for near ties."""
    want = scores(images)
    ordered = np.sort(want, axis=1)
    sure = np.isfinite(want).all(axis=1) & (ordered[:, -1] - ordered[:, -2] > 1e-3 * np.abs(want).max(axis=1))
    got = np.asarray(model.predict(images))
    shape(got, (len(images),), name="predict(X)")
    if np.any(got[sure] != np.argmax(want, axis=1)[sure]):
        raise CheckFailed("What the trained classifier predicts is not what its W and b give for the centered images.")


# --- (d) search, losses and templates ---

COMBINATIONS = {
    "rates": (3e-5, 1e-4, 1e-12, 2e-4, 1e-5, 5e-5),
    "strengths": (0.1, 0.5, 1.0, 0.2, 9.0, 20.0),
    "norms": (1, 2, 1, 2, 1, 2),
    "batch_sizes": (10, 20, 15, 30, 12, 25),
}
KEYS = {"rates": "learning_rate", "strengths": "strength", "norms": "norm", "batch_sizes": "batch_size"}


@d.check(points=2)
def eight_combinations_are_no_grid(student, rng):
    """The search trains one classifier for each combination, in order, and returns both accuracies of each."""
    x, y = groups(rng, 60)
    few = {name: values[:3] for name, values in COMBINATIONS.items()}
    best, results = searched(student.search((x[:40], y[:40]), (x[40:], y[40:]), **few, **toy(rng)), few)
    for result in results:
        for name in ("training_accuracy", "validation_accuracy"):
            if not 0 <= number(result, name) <= 1:
                raise CheckFailed(f"The {name} {result[name]:g} of a result is no fraction between 0 and 1.")
    shape(best.predict(x[40:]), (20,), name="what the best classifier predicts for 20 samples")


@d.check(
    points=2,
    hidden=True,
    needs=eight_combinations_are_no_grid,
    hint="The accuracy on the validation set decides, and each accuracy belongs to its own classifier.",
)
def best_on_the_validation_set(student, rng):
    """The accuracies are those of the classifiers, and the best is chosen by the validation set only."""
    for _ in range(2):
        x, y = groups(rng, 90)
        settings = toy(rng)
        training, shown = (x[:60], y[:60]), x[60:]
        classifiers = [
            student.LinearClassifier(**combination, **settings).fit(*training) for combination in zipped(COMBINATIONS)
        ]
        # The validation labels are made such that the third combination, which learns nothing at its rate, does best.
        chosen = np.asarray(classifiers[2].predict(shown))
        best, results = searched(
            student.search(training, (shown, chosen), **COMBINATIONS, **settings),
            COMBINATIONS,
        )
        for place, (classifier, result) in enumerate(zip(classifiers, results, strict=True)):
            for name, images, labels in (("training", *training), ("validation", shown, chosen)):
                want = np.mean(np.asarray(classifier.predict(images)) == labels)
                close(number(result, f"{name}_accuracy"), want, name=f"the {name} accuracy of combination {place + 1}")
        if np.any(np.asarray(best.predict(shown)) != chosen):
            raise CheckFailed("The classifier that search returns is not the one with the highest validation accuracy.")


@d.check(points=1)
def losses_are_drawn(student):
    """plot_losses draws two curves over the iterations, with labelled axes and a legend."""
    student.plot_losses({"iteration": [0, 100, 200], "training_loss": [9.5, 6, 5], "validation_loss": [9, 7, 6.5]})
    plot = figure(student.figures()).axes("loss|hinge|objective").labelled(x="iter|step", y="").has_legend()
    for name in ("train", "val"):
        plot.line(name)


@d.check(points=1, hidden=True, needs=losses_are_drawn, hint="Every value is plotted at its own iteration.")
def losses_are_those_of_the_history(student, rng):
    """The curves are the histories of training and validation, at their iterations."""
    iterations = np.cumsum(rng.integers(50, 150, size=8))
    losses = {name: 10 / np.arange(1, 9) + rng.uniform(2, 3, size=8) for name in ("training", "validation")}
    student.plot_losses({"iteration": iterations, **{f"{name}_loss": values for name, values in losses.items()}})
    plot = figure(student.figures()).axes("loss|hinge|objective")
    for name, values in losses.items():
        plot.line(name[: len("val")]).shows(values, x=iterations)


NAMES = ("owl", "fox", "elk", "cod", "ant", "bee", "jay", "ram", "pig", "hen")


@d.check(points=1)
def ten_templates_are_drawn(student, rng):
    """plot_templates draws ten images, each under the name of its class."""
    student.plot_templates(rng.normal(size=(3072, 10)), NAMES)
    figures = figures_drawn(student.figures(), plots=10)
    for name in NAMES:
        figures.axes(rf"\b{name}\b")


@d.check(
    points=2,
    hidden=True,
    needs=ten_templates_are_drawn,
    hint="Pixels of a row are ordered as in an image of shape (32, 32, 3); one shift and one factor for all colours.",
)
def templates_are_the_weights(student, rng):
    """Each image shows the weights of its own class, upright and in the right colours."""
    place = np.linspace(0, 3, 32)
    waves = np.sin(np.add.outer(place, 2 * place))[:, :, None] * rng.normal(size=(10, 1, 1, 3))
    templates = 3 * waves + rng.normal(size=(10, 32, 32, 3))  # beyond 0 to 1, where matplotlib cuts off
    names = [NAMES[k] for k in rng.permutation(10)]
    student.plot_templates(templates.reshape(10, 3072).T, names)
    figures = figures_drawn(student.figures(), plots=10)
    for name, template in zip(names, templates, strict=True):
        figures.axes(rf"\b{name}\b").image(template)


def groups(rng, count):
    """Samples of four classes that overlap a little, so that classifiers differ, and their classes."""
    y = rng.permutation(np.arange(count) % GROUPS)
    return 40 * np.eye(GROUPS, PIXELS)[y] + rng.normal(size=(count, PIXELS)) * 25, y


def toy(rng):
    """Settings of all classifiers of a small search."""
    return {"classes": GROUPS, "epochs": 4, "seed": int(rng.integers(2**31))}


def zipped(combinations):
    """Combinations as the settings of classifiers."""
    rows = zip(*combinations.values(), strict=True)
    return [dict(zip(KEYS.values(), row, strict=True)) for row in rows]


def searched(answer, combinations):
    """(best, results) of a search, the results being those of the combinations in order."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        raise CheckFailed("search must return two things: the best classifier, and a list of results.")
    best, results = answer
    if best is None or isinstance(best, (int, float, str, bytes, list, tuple, dict, np.ndarray)):
        raise CheckFailed(f"search must return the best classifier first, not {type(best).__name__}.")
    expected = zipped(combinations)
    if not isinstance(results, (list, tuple)) or len(results) != len(expected):
        count = len(results) if isinstance(results, (list, tuple, dict)) else "no list of"
        raise CheckFailed(
            f"search returned {count} results for {len(expected)} combinations; the lists of settings are zipped, one "
            "result for each place."
        )
    for place, (result, combination) in enumerate(zip(results, expected, strict=True)):
        if not isinstance(result, dict):
            raise CheckFailed(f"Result {place + 1} of search is no dictionary.")
        for key, value in combination.items():
            close(number(result, key), value, name=f"{key} of result {place + 1} of search", atol=0.0)
    return best, results


def number(result, key):
    """A number of a result of the search."""
    value = result.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise CheckFailed(f"A result of search has no number {key!r}; it is a dictionary as in the docstring.")
    return float(value)
