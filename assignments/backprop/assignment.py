"""Back-propagation: a fully connected ReLU network with softmax and cross-entropy, on images of handwritten digits.

By default trainings are shortened and judged by thresholds of their own; with `--full` they are the homework's. Every
run is a line of `RUNS`; `autograder calibrate backprop` and `benchmarks/thresholds.py` measure them, and
`docs/fairness.md` keeps the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from autograder import Assignment, Case, Item, Limits
from autograder.checks import (
    Measurement,
    accuracy,
    close,
    disguised,
    figure,
    gradient_matches,
    over_seeds,
    quicker_than_fresh,
    rearranged,
    relative_error,
    shape,
)
from autograder.checks.errors import CheckFailed, StudentError
from autograder.checks.rows import rows

assignment = Assignment(
    "Back-propagation",
    files=["backprop_network.py", "backprop_main.py"],
    given=["backprop_data.py"],
    data="mnist",
    preload=("numpy", "matplotlib.pyplot"),
)

SIZES = [784, 40, 10]
RATES = (0.001, 0.01, 0.1, 1, 10, 100)
BATCH = 10
RATE = 0.1
ALIKE = 0.15
"""The least cosine between the displacement of a bonus network's layer 1 and that of gradient descent."""
DESCENT_WORK = 1_000_000_000
"""The most work for steps of gradient descent outside, at each of three rates: parameters times steps."""


@dataclass(frozen=True, slots=True)
class Run:
    """A graded training: samples to train on and to judge by, epochs, and the accuracy to be exceeded.

    For the bonus question `epochs` caps the student's own number, `passing` is for full credit, and `improving` for
    half: more than the network of question (c) reaches when it is trained for as many epochs (see docs/fairness.md).
    The best of up to `tries` trainings counts: a right network misses a threshold by chance in one of a hundred (few
    images) or a thousand (all of them) trainings. Above `implausible`, which no training of this size is expected to
    reach, staff get an alarm.
    """

    train: int
    hidden: int
    epochs: int
    passing: float
    improving: float = 0.0
    tries: int = 1
    implausible: float = 0.995


# (question, data, --full)
RUNS = {
    ("b", "mnist", False): Run(train=10_000, hidden=5_000, epochs=5, passing=0.70, implausible=0.93),
    ("b", "mnist", True): Run(train=10_000, hidden=5_000, epochs=30, passing=0.80, implausible=0.95),
    ("c", "mnist", False): Run(train=50_000, hidden=10_000, epochs=1, passing=0.70, implausible=0.94),
    ("c", "mnist", True): Run(train=50_000, hidden=10_000, epochs=30, passing=0.90, implausible=0.975),
    ("d", "mnist", False): Run(train=50_000, hidden=10_000, epochs=5, passing=0.96, improving=0.93, tries=3),
    ("d", "mnist", True): Run(train=50_000, hidden=10_000, epochs=30, passing=0.96, improving=0.955, tries=3),
    ("b", "digits", False): Run(train=800, hidden=497, epochs=10, passing=0.70),
    ("b", "digits", True): Run(train=800, hidden=497, epochs=30, passing=0.80),
    ("c", "digits", False): Run(train=1_000, hidden=497, epochs=10, passing=0.70),
    ("c", "digits", True): Run(train=1_000, hidden=497, epochs=30, passing=0.84),
    ("d", "digits", False): Run(train=1_000, hidden=497, epochs=3, passing=0.84, improving=0.82, tries=3),
    ("d", "digits", True): Run(train=1_000, hidden=497, epochs=3, passing=0.84, improving=0.82, tries=3),
}


@assignment.facts
def facts(data, full):
    """The facts about the trainings that titles contain."""
    images = {question: f"{RUNS[question, data, full].train:,} images" for question in ("b", "c")}
    return {**images, "best": f"{100 * RUNS['d', data, full].passing:g} %"}


STUDY = Run(train=400, hidden=0, epochs=4, passing=0.0)  # the learning-rate study, drawn small
TINY = Run(train=50, hidden=0, epochs=3, passing=0.4)  # a quick version of the same, for two rates

a = assignment.question(
    "Back-propagation",
    id="a",
    solution=[
        "relu",
        "relu_derivative",
        "Network.loss_derivative_wr_output_activations",
        "Network.backprop",
    ],
    limits=Limits(wall_seconds=60, cpu_seconds=20),
)
b = assignment.question(
    "Learning rates",
    id="b",
    solution=["learning_rate_study"],
    limits=Limits(wall_seconds=180, cpu_seconds=60),
    full_limits=Limits(wall_seconds=1800, cpu_seconds=600),
)
c = assignment.question(
    "The whole training set",
    id="c",
    limits=Limits(wall_seconds=180, cpu_seconds=60),
    full_limits=Limits(wall_seconds=7200, cpu_seconds=2400),
)
d = assignment.question(
    "A better network",
    id="d",
    solution=["best_network"],
    bonus=True,
    limits=Limits(wall_seconds=1800, cpu_seconds=600),
    full_limits=Limits(wall_seconds=28800, cpu_seconds=9600),
)

b.written(
    "What do the three figures show, which rates are too small or too large, and how can you see it?",
    points=2,
    rubric={
        "names the rates that are too small and those that are too large, and states by which curves, with figures": 1,
        "says why steps that are too large diverge, and why training and test accuracy differ": Item(
            1,
            student="gives the reasons: for what happens at both ends of the range, and for what the two accuracies do",
        ),
    },
    answer="answers.md#rates",
)


# --- (a) back-propagation ---


@a.check(points=1)
def relu_cuts_at_zero(student, rng):
    """relu keeps positive entries and sets the others to 0, for columns of any length."""
    z = np.array([[-2.0], [-0.5], [0.0], [0.5], [3.0]])
    close(student.relu(z), [[0.0], [0.0], [0.0], [0.5], [3.0]], name="relu(z)")
    for n in (2, 7):
        z = away_from_zero(rng, n)
        close(student.relu(z), np.where(z > 0, z, 0.0), name="relu(z)")


@a.check(points=1)
def relu_derivative_is_zero_or_one(student, rng):
    """relu_derivative is 0 left of 0 and 1 right of it (at 0 either is right)."""
    z = np.array([[-2.0], [-0.5], [0.25], [3.0]])
    close(student.relu_derivative(z), [[0.0], [0.0], [1.0], [1.0]], name="relu_derivative(z)")
    for n in (2, 7):
        z = away_from_zero(rng, n)
        close(student.relu_derivative(z), np.where(z > 0, 1.0, 0.0), name="relu_derivative(z)")


@a.check(cases={"ordinary outputs": 0.75, "large outputs": 0.25})
def loss_derivative_of_the_outputs(student, rng, case):
    """The loss derivative of four equal outputs is that of the handout, and it is right for other outputs."""
    network = student.Network([3, 4])
    name = "loss_derivative_wr_output_activations(v, y)"
    equal = 2.0 if case == "ordinary outputs" else 1000.0  # whose exponential is infinite
    y = np.array([[0.0], [0.0], [1.0], [0.0]])
    got = network.loss_derivative_wr_output_activations(np.full((4, 1), equal), y)
    close(column(got, 4), [[0.25], [0.25], [-0.75], [0.25]], name=name)
    for k in rng.permutation(4)[:2]:
        v, y = rng.normal(size=(4, 1)), np.eye(4)[k].reshape(4, 1)
        p = np.exp(v) / np.exp(v).sum()
        close(column(network.loss_derivative_wr_output_activations(v + equal, y), 4), p - y, name=name, atol=1e-6)


@a.check(points=2)
def gradient_of_a_small_network(student, rng):
    """For a small network, backprop agrees with central differences of the loss, summed over some samples."""
    sizes = [4, 5, 4, 3]
    network = student.Network(sizes)
    weights, biases, x, y = problem(rng, sizes, count=8)
    network.weights, network.biases = weights, biases
    gradients = [halves(answer, sizes) for answer in student.starmap(network.backprop, rows(x, y))]
    summed = [np.sum(layer, axis=0) for half in zip(*gradients, strict=True) for layer in zip(*half, strict=True)]
    layers = len(biases)

    def loss(parameters):
        return cross_entropy(parameters[layers:], parameters[:layers], x, y)

    gradient_matches(summed, of=loss, at=[*biases, *weights], names=names("db", sizes) + names("dW", sizes))


GRADIENT_HINT = "Try networks with two and more hidden layers, non-zero biases, and several samples one after another."
NO_HIDDEN_LAYER = "Network([20, 10]) has no hidden layer: its only layer is the last one, and its input is x."
DEPTHS = {
    "one hidden layer": [784, 40, 10],
    "two hidden layers": [12, 9, 8, 5],
    "three hidden layers": [30, 16, 12, 8, 10],
    "four hidden layers": [6, 7, 5, 6, 4, 3],
    "no hidden layer": [20, 10],
}


@a.check(
    hidden=True,
    hint=GRADIENT_HINT,
    cases={
        "one hidden layer": 2,
        "two hidden layers": 1,
        "three hidden layers": 0.75,
        "four hidden layers": 0.75,
        "no hidden layer": Case(0.5, hint=NO_HIDDEN_LAYER),
    },
)
def gradients_of_weights(student, reference, rng, case):
    """At random points, for networks of several depths and widths, the gradients of all weights are right."""
    gradients_agree(student, reference, rng, DEPTHS[case], part="dW")


@a.check(
    hidden=True,
    hint=GRADIENT_HINT,
    cases={
        "one hidden layer": 1.25,
        "two hidden layers": 0.5,
        "three hidden layers": 0.5,
        "four hidden layers": 0.5,
        "no hidden layer": Case(0.25, hint=NO_HIDDEN_LAYER),
    },
)
def gradients_of_biases(student, reference, rng, case):
    """At random points, for networks of several depths and widths, the gradients of all biases are right."""
    gradients_agree(student, reference, rng, DEPTHS[case], part="db")


STEPS = {"one hidden layer": [784, 40, 10], "two hidden layers": [25, 14, 12, 10]}


@a.check(
    points=2,
    hidden=True,
    hint="A step goes against the mean of the gradients of its batch; weights and biases are rebound.",
    cases=("one hidden layer", "two hidden layers"),
)
def twenty_steps_of_gradient_descent(student, reference, rng, case):
    """From the same start, with the same batches, twenty steps lead to the same weights and biases."""
    sizes = STEPS[case]
    weights, biases = start(rng, sizes)
    networks = [student.Network(sizes), reference.Network(sizes)]
    for network in networks:
        network.weights, network.biases = weights, biases
    batches = [(rows(*images(rng, sizes, BATCH)), RATE) for _ in range(20)]
    for module, network in zip((student, reference), networks, strict=True):
        module.starmap(network.update_mini_batch, batches)
    moved = [
        after - before for after, before in zip(reference_parameters(networks[1]), [*biases, *weights], strict=True)
    ]
    got = [
        np.asarray(after, np.float64).reshape(before.shape) - before
        for after, before in zip(checked_parameters(networks[0], sizes), [*biases, *weights], strict=True)
    ]
    labels = [f"what {name} moved by" for name in names("b", sizes) + names("W", sizes)]
    gradient_matches(got, moved, names=labels, rtol=1e-3)


def away_from_zero(rng, n):
    """A column of n >= 2 numbers of both signs, none of them near 0."""
    signs = rng.permutation(np.where(np.arange(n) % 2, 1.0, -1.0))
    return (signs * rng.uniform(0.1, 3, size=n)).reshape(n, 1)


def gradients_agree(student, reference, rng, sizes, *, part):
    """Compare dW or db, summed over some samples, with the reference's."""
    weights, biases, x, y = problem(rng, sizes, count=12)
    place = 1 if part == "dW" else 0
    sums = []
    for module in (reference, student):
        network = module.Network(sizes)
        network.weights, network.biases = weights, biases
        answers = module.starmap(network.backprop, rows(x, y))
        gradients = [halves(answer, sizes, only=place)[place] for answer in answers]
        sums.append([np.sum(layer, axis=0) for layer in zip(*gradients, strict=True)])
    try:
        gradient_matches(sums[1], sums[0], names=names(part, sizes))
    except CheckFailed as failed:
        raise CheckFailed(f"For Network({sizes}): {failed}") from None


def start(rng, sizes):
    """Random weights, small enough that softmax is not saturated, and random biases, none of them near 0."""
    weights = [rng.normal(size=(n, m)) * np.sqrt(2 / m) for m, n in pairwise(sizes)]
    biases = [rng.uniform(0.1, 0.5, size=(n, 1)) * rng.choice([-1, 1], size=(n, 1)) for n in sizes[1:]]
    return weights, biases


def images(rng, sizes, count):
    """Random inputs, float32 in [0, 1) and about half of them 0 as in images, (count, n_0, 1), and one-hot labels."""
    x = np.maximum(rng.uniform(-1, 1, size=(count, sizes[0], 1)), 0).astype(np.float32)
    return x, np.eye(sizes[-1])[rng.integers(sizes[-1], size=count)].reshape(count, -1, 1)


def problem(rng, sizes, *, count):
    """(weights, biases, x, y): a point and samples at which known mistakes show; see `telling`."""
    while True:
        weights, biases = start(rng, sizes)
        x, y = images(rng, sizes, 20 * count)
        chosen = np.flatnonzero(telling(x, weights, biases))[:count]
        if len(chosen) == count:
            return weights, biases, x[chosen], y[chosen]


def telling(x, weights, biases):
    """Whether known mistakes show at each of some samples (n, n_0, 1), and float32 decides as float64 does; shape (n,).

    No unit sits near the kink of relu. Each hidden layer has units on both sides of it, so that relu' left out, leaky
    or taken of the wrong layer shows; so has the output layer, with a probability that counts on its negative side,
    so that relu or relu' on the outputs shows; and softmax is not saturated, so that nothing is multiplied by 0.
    """
    z = x[:, :, 0].astype(np.float64)
    shows = np.ones(len(z), bool)
    for w, b in zip(weights, biases, strict=True):
        before = z @ w.T + b[:, 0]
        negative = before < 0
        shows &= (np.min(np.abs(before), axis=1) >= 1e-4) & negative.any(axis=1) & ~negative.all(axis=1)
        z = np.maximum(before, 0)
    p = np.exp(before - before.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return shows & (p.max(axis=1) < 0.99) & (np.where(negative, p, 0).max(axis=1) > 0.01)


def cross_entropy(weights, biases, x, y):
    """The loss from its definition, summed over samples (n, n_0, 1) with one-hot labels (n, n_L, 1)."""
    z = x.astype(np.float64)
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        z = np.maximum(w @ z + b, 0)
    v = weights[-1] @ z + biases[-1]
    v = v - v.max(axis=1, keepdims=True)
    return float(np.sum(np.log(np.sum(np.exp(v), axis=1))) - np.sum(y * v))


def halves(answer, sizes, *, only=None):
    """(db, dw) from what backprop returned: lists of arrays of the right shapes, biases as columns.

    `only` 0 looks at the biases alone, 1 at the weights; the other half is left as it came.
    """
    if not isinstance(answer, (list, tuple, np.ndarray)) or len(answer) != 2:
        raise CheckFailed("backprop(x, y) must return two things, (db, dw): the biases' gradients first.")
    db, dw = answer
    expected = len(sizes) - 1
    for place, name, part in ((0, "db", db), (1, "dw", dw)):
        if only in (None, place) and (not isinstance(part, (list, tuple, np.ndarray)) or len(part) != expected):
            length = (
                f"has length {len(part)}" if isinstance(part, (list, tuple, np.ndarray)) else "is no list of arrays"
            )
            raise CheckFailed(
                f"For Network({sizes}), {name} {length}; expected one array for each of {expected} layers."
            )
    if only in (None, 0):
        db = [column(b, n, name) for b, n, name in zip(db, sizes[1:], names("db", sizes), strict=True)]
    if only in (None, 1):
        for w, m, n, name in zip(dw, sizes[:-1], sizes[1:], names("dW", sizes), strict=True):
            shape(w, (n, m), name=name)
        dw = [np.asarray(w) for w in dw]
    return db, dw


def column(got, n, name="loss_derivative_wr_output_activations(v, y)"):
    """A vector of n numbers as a column; it may come with the shape (n,) or (n, 1)."""
    if np.ndim(got) == 1:
        shape(got, (n,), name=name)
    else:
        shape(got, (n, 1), name=name)
    return np.asarray(got).reshape(n, 1)


def names(what, sizes):
    """What sentences call the array of each layer."""
    return [f"{what} of layer {layer}" for layer in range(1, len(sizes))]


def reference_parameters(network):
    """Biases, then weights, of the reference's network."""
    return [*network.biases, *network.weights]


def checked_parameters(network, sizes):
    """Biases, then weights, of a student's network, of the right number and shapes."""
    biases, weights = network.biases, network.weights
    return [part for half in halves((biases, weights), sizes) for part in half]


# --- (b) learning rates ---

MEASURES = {
    "training accuracy": ["train", "acc"],
    "training loss": ["train", "loss|cost|entropy"],
    "test accuracy": ["test|valid", "acc"],
}


def study(student, x, y, rng, rates=RATES, **settings):
    """Draw the student's study on the given samples, and check whether its curves are consistent.

    The test set is made such that its accuracy T follows from the training accuracy A, whatever the network: it holds
    the n training samples once, and m of them (a secret number) once more with each of the ten labels, so that

        T = (n A + m) / (n + 10 m).

    Returns:
        The curves of each measure by rate, and what the study returned.
    """
    n, m = len(x), int(rng.integers(len(x) // 10, len(x) // 4))
    listed = rng.permutation(n)[:m]
    order = rng.permutation(n + 10 * m)
    test_x = np.concatenate([x, np.repeat(x[listed], 10, axis=0)])[order]
    test_y = np.concatenate([y, np.tile(np.arange(10), m)])[order]
    epochs = settings["epochs"]
    returned = student.learning_rate_study(
        rows(columns(x), one_hot(y)), rows(columns(test_x), test_y), rates=rates, mini_batch_size=BATCH, **settings
    )
    drawn = student.figures()
    plots, left = {}, figure(drawn)
    for measure, words in MEASURES.items():
        plot = left.axes(*words, lines=rates).labelled().has_legend()
        plots[measure] = plot.lines(rates, points=(epochs, epochs + 1))
        left = replace(left, plots=tuple(each for each in left.plots if each is not plot))  # a plot shows one measure
    for rate in rates:
        known, unknown = (fractions(plots, f"{part} accuracy")[rate][-1] for part in ("training", "test"))
        expected = (n * known + m) / (n + 10 * m)
        if not abs(unknown - expected) < 0.08:  # exact where both are measured after the epoch; some average over it
            raise CheckFailed(
                f"At rate {rate:g} the plots end at a training accuracy of {known:.3g} and a test accuracy of "
                f"{unknown:.3g}. The test data given here are the training data and, with every label once, {m} of "
                f"them again; so the test accuracy that belongs to that training accuracy is {expected:.3g}."
            )
    return plots, returned, len(test_y)


def fractions(plots, measure):
    """The curves of an accuracy by rate, as fractions."""
    curves = {rate: each.y for rate, each in plots[measure].items()}
    whole = 1 if max(np.max(values, initial=0) for values in curves.values()) <= 1 else 100
    return {rate: values / whole for rate, values in curves.items()}


def agree_with_a_training(student, plots, x, y, rng, epochs):
    """Compare the end of the curve of rate 0.1 with a training that is measured from outside after each epoch.

    The parameters of a `Network` are fetched after each epoch, and its accuracy is computed here. Two trainings
    differ by chance, so up to three are run, and the nearest counts (docs/fairness.md).
    """
    drawn = fractions(plots, "training accuracy")[RATE][-1]
    ends = []
    for _ in range(3):
        network = student.Network(SIZES)
        shown = rng.permutation(len(x))[:10]
        reached = 0.0
        for _epoch in range(epochs):
            network.SGD(
                rows(columns(x), one_hot(y)),
                epochs=1,
                mini_batch_size=BATCH,
                learning_rate=RATE,
                test_data=rows(columns(x[shown]), y[shown]),
            )
            reached = accuracy(outputs(*parameters(network, SIZES), x), y).value
        ends.append(reached)
        if abs(drawn - reached) < 0.35:
            return
    raise CheckFailed(
        f"After {epochs} epochs at rate 0.1 the plot shows a training accuracy of {drawn:.3g}. Network({SIZES}), "
        f"trained by SGD on the same data, was seen to reach {', '.join(f'{each:.3g}' for each in ends)}."
    )


@b.check(points=3)
def three_plots_with_a_curve_for_each_rate(student, rng):
    """Training accuracy, training loss and test accuracy are drawn: labelled axes, a legend, a curve for each rate."""
    y = rng.integers(10, size=100)
    x = np.maximum(rng.normal(size=(10, 784))[y] + 0.5 * rng.normal(size=(100, 784)), 0).astype(np.float32) / 4
    plots, _, _ = study(student, x, y, rng, epochs=3)
    agree_with_a_training(student, plots, x, y, rng, epochs=3)


STUDY_HINT = "Is each curve the history of its own network, started afresh, and in the plot of its own measure?"


@b.check(points=0.5, hidden=True, hint=STUDY_HINT)
def each_rate_has_its_own_training(student, rng):
    """The curve of each rate is that of a fresh network, unaffected by the rates before it."""
    # Ten kinds of images that are learned in fifteen steps, so that many seeds can be tried. At rate 0.1 a fresh
    # network was right on 84 % of them or more in 2,000 trainings; one that was trained at rate 100 before knows 20 %.
    y = rng.permutation(np.arange(TINY.train) % 10)
    kinds = rng.random((10, 784)) < 0.2
    x = (0.3 * np.maximum(kinds[y] + 0.1 * rng.normal(size=(len(y), 784)), 0)).astype(np.float32)
    plots, returned, _ = study(student, x, y, rng, rates=(100, RATE), epochs=TINY.epochs)
    reached = fractions(plots, "training accuracy")[RATE][-1]
    if not reached > TINY.passing:
        raise CheckFailed(
            f"After {TINY.epochs} epochs on {TINY.train} images of ten kinds the plot shows a training accuracy of "
            f"{reached:.3g} at rate {RATE:g}, which was studied after rate 100; a fresh network reaches more than "
            f"{TINY.passing:g}."
        )
    loss_goes_on(plots)
    agree_with_history(plots, returned)
    agree_with_a_training(student, plots, x, y, rng, TINY.epochs)


@b.check(points=1.5, hidden=True, needs=three_plots_with_a_curve_for_each_rate, hint=STUDY_HINT)
def curves_tell_what_happened(student, data, rng):
    """The curves are those of the trainings: rate 0.1 learns more than rate 0.001; returned values agree."""
    chosen = rng.permutation(len(data.train))[: STUDY.train]
    secret = rearranged(784, 10, rng)
    x, y = secret.x(data.train.x[chosen]), secret.y(data.train.y[chosen])
    plots, returned, tested = study(
        student,
        x,
        y,
        rng,
        epochs=STUDY.epochs,
        rates=RATES[::-1],  # one network for all rates would be spoilt by the largest before it comes to 0.1
    )
    for measure in ("training accuracy", "test accuracy"):
        for rate, each in plots[measure].items():
            if not np.all((each.y >= 0) & (each.y <= 100)):
                raise CheckFailed(
                    f"The {measure} of learning rate {rate:g} leaves the range of fractions and percentages."
                )
    fast, slow = (fractions(plots, "training accuracy")[rate][-1] for rate in (0.1, 0.001))
    gained = fast - slow
    lead = Measurement(gained, 0, "lead of rate 0.1 in training accuracy", (gained, gained), percent=False)
    try:  # among networks that never learn, chance decides which one is better
        credit = lead.points_at({0.2: 1.0})
    except CheckFailed as failed:
        raise CheckFailed(
            f"After {STUDY.epochs} epochs training accuracy is {fast:.3g} at rate 0.1 and {slow:.3g} at rate 0.001; "
            "the larger rate learns much more by then.",
            measured=failed.measured,
        ) from None
    loss_goes_on(plots)
    agree_with_history(plots, returned)
    for rate, values in fractions(plots, "test accuracy").items():
        hits = values * tested
        if np.any(np.abs(hits - np.rint(hits)) > 1e-3):
            raise CheckFailed(
                f"The test accuracy of rate {rate:g} is not a share of {tested} test samples; "
                "measure it on the test data."
            )
    agree_with_a_training(student, plots, x, y, rng, STUDY.epochs)
    return replace(credit, message="")


def loss_goes_on(plots):
    """Fail if the training loss of rate 0.1 is the same at every point."""
    if np.ptp(plots["training loss"][RATE].y) == 0:
        raise CheckFailed("The training loss of rate 0.1 is the same after every epoch; record it after each one.")


def agree_with_history(plots, returned):
    """Compare the curves with the returned histories, where the study returned any."""
    if returned is None:
        return
    for measure, curves in plots.items():
        key = measure.replace(" ", "_")
        for rate, each in curves.items():
            drawn = each.y
            try:
                history = np.asarray(returned[rate][key], dtype=np.float64).reshape(-1)
            except (KeyError, TypeError, ValueError, IndexError):
                raise CheckFailed(
                    f"learning_rate_study returned something without a list {key!r} for the rate {rate:g}; "
                    "return nothing, or the histories as the docstring describes them."
                ) from None
            scales = (1, 0.01, 100) if len(drawn) == len(history) else ()
            if not any(np.allclose(drawn * scale, history, rtol=1e-6, equal_nan=True) for scale in scales):
                raise CheckFailed(f"The curve of rate {rate:g} in the plot of {measure} is not the returned history.")


@b.check(
    points=3,
    hidden=True,
    hint="Train Network([784, 40, 10]) at rate 0.1 yourself: its test accuracy should be well above the threshold.",
)
def accuracy_with_rate_one_tenth(student, data, hidden, rng, full, share):
    """Trained on {b} with learning rate 0.1, the network reaches the required accuracy on unseen images."""
    return plain_training(student, RUNS["b", data.name, full], data, hidden, rng, share)


# --- (c) the whole training set ---


@c.check(
    points=5,
    hidden=True,
    hint="If (a) is right, this happens in one of many thousands of trainings, or SGD was changed.",
)
def accuracy_with_all_training_images(student, data, hidden, rng, full, share):
    """Trained on {c}, the network reaches the required accuracy on unseen images."""
    return plain_training(student, RUNS["c", data.name, full], data, hidden, rng, share)


# --- (d) a better network ---


@d.check(points=10, hidden=True, hint="Look at the size of the outputs before the training, and at the width.")
def accuracy_of_the_best_network(student, data, hidden, rng, full, share):
    """Trained with its own settings, the network of best_network() beats that of (c), or even {best}."""
    run = RUNS["d", data.name, full]

    alarms = []

    def training(rng):
        def measured(*, of_own_form):
            network, settings = chosen_network(student.best_network())
            settings["epochs"] = min(settings["epochs"], run.epochs)
            return own_training(student, network, settings, run, data, hidden, rng, share, alarms, of_own_form)

        return measured(of_own_form=False) or measured(of_own_form=True)

    trainings = over_seeds(training, rng, k=run.tries, rule="best", student=student)
    credit = trainings.points_at({run.passing: 1.0, run.improving: 0.5}, implausible=run.implausible)
    return replace(credit, alarms=(*credit.alarms, *dict.fromkeys(alarms)))


def chosen_network(answer):
    """The (network, settings) of best_network, the settings with all they need."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2 or not isinstance(answer[1], dict):
        raise CheckFailed("best_network() must return (network, settings), with settings a dictionary.")
    network, settings = answer
    for name, kinds in (
        ("epochs", (int, np.integer)),
        ("mini_batch_size", (int, np.integer)),
        ("learning_rate", (int, float, np.number)),
    ):
        value = settings.get(name)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < np.inf:
            raise CheckFailed(f"best_network() must return settings with a positive {name!r}, not {value!r}.")
    if isinstance(network, (int, float, str, bytes, list, tuple, dict, np.ndarray, type(None))):
        raise CheckFailed(f"best_network() must return a network first, not {type(network).__name__}.")
    return network, {name: settings[name] for name in ("epochs", "mini_batch_size", "learning_rate")}


# --- trainings ---


def plain_training(student, run, data, hidden, rng, share):
    """Train `Network([784, 40, 10])` from a start that is given, and measure it from outside.

    Pixels are permuted and classes renumbered in secret, which makes no difference to a fully connected network.
    Accuracy is computed here from the trained weights and biases, so hidden images are not shown at all.
    """
    secret = rearranged(784, 10, rng)
    network = student.Network(SIZES)
    weights = [rng.normal(size=(n, m)) for m, n in pairwise(SIZES)]
    biases = [rng.normal(size=(n, 1)) for n in SIZES[1:]]
    network.weights, network.biases = [each.copy() for each in weights], [each.copy() for each in biases]
    settings = {"epochs": run.epochs, "mini_batch_size": BATCH, "learning_rate": RATE}
    begun = student.cpu_seconds()
    x, _, epochs = trained(network, settings, run, data, rng, share, secret)
    seconds = cpu_since(student, begun)
    images = len(x)
    after = parameters(network, SIZES)
    shown = secret.x(data.validation.x[rng.permutation(len(data.validation))[:50]])
    if not agrees(student, network, after, shown):
        raise CheckFailed(
            "network_output_before_softmax(x) is not what the weights and biases of the trained network give for x by "
            "z = relu(W z + b), without relu in the last layer."
        )
    went_as_far_as_steps(weights, after[0], images * epochs // BATCH)
    asked = rng.permutation(len(hidden))[: run.hidden]
    measured = accuracy(outputs(*after, secret.x(hidden.x[asked])), secret.y(hidden.y[asked]))
    measured = replace(measured, name="test accuracy", run=f"{images:,} images x {epochs}")
    credit = measured.points_at({run.passing: 1.0}, implausible=run.implausible)
    return credit.with_sign(
        lambda student: quicker_than_fresh(seconds, seconds_on_noise(student, settings, images, epochs, rng))
    )


def cpu_since(student, begun):
    """CPU seconds since a reading of them, or None where they are not known."""
    now = student.cpu_seconds()
    return None if now is None or begun is None else now - begun


def seconds_on_noise(student, settings, images, epochs, rng):
    """CPU seconds of so many epochs on as many images of noise, with labels that nobody can learn: from a small part.

    The smaller of two runs counts, since the first in a sandbox may have to import something; None if not known.
    """
    few = max(200, images // 20)
    x, y = rng.random(size=(few, 784), dtype=np.float32), rng.integers(10, size=few)
    found = []
    for _ in range(2):
        network = student.Network(SIZES)
        begun = student.cpu_seconds()
        network.SGD(
            rows(columns(x), one_hot(y)),
            test_data=rows(columns(x[:100]), y[:100]),
            **{**settings, "epochs": 1},
        )
        found.append(cpu_since(student, begun))
    return None if None in found else min(found) * epochs * images / few


def own_training(student, network, settings, run, data, hidden, rng, share, alarms, of_own_form):
    """Train a network of the student's own making, and measure it on hidden images, whose labels stay outside.

    Classes are renumbered in secret, so that weights that were trained elsewhere do not fit. A network that is made of
    `weights` and `biases` like `Network` is measured from outside, and never sees hidden images. It starts from weights
    that were permuted in secret, and layer 1 has to leave them as gradient descent does, whatever the optimizer; so
    its pixels may stay in order, for students who train on shifted copies. Any other network, and one without a hidden
    layer, which ends at the same weights from every start, gets the pixels in a secret order. A network of
    another form predicts by itself, for images with a little noise, and staff get an alarm.

    Returns:
        The accuracy; or None if `of_own_form` is False and the network computes as `Network` does before the training
        alone, so that another one is to be trained `of_own_form`.
    """
    chosen = rng.permutation(len(data.validation))[:200]
    shown = data.validation.x[chosen]
    before = own_parameters(student, network, shown[:50])
    not_trained_yet(student, network, before, shown, data.validation.y[chosen])
    before = None if of_own_form or before is None else exchanged(student, network, before, shown[:50], rng)
    ordered = before is not None and len(before[0]) > 1
    secret = rearranged(1 if ordered else 784, 10, rng)
    x, y, epochs = trained(network, settings, run, data, rng, share, secret, pixels=not ordered)
    asked = rng.permutation(len(hidden))[: run.hidden]
    test_x, test_y = hidden.x[asked], secret.y(hidden.y[asked])

    def as_shown(images):
        return images if ordered else secret.x(images)

    if before is not None:
        after = own_parameters(student, network, as_shown(shown[:50]))
        if after is None:
            return None
        went_as_descent_goes(before, after, x, y)
        measured = accuracy(outputs(*after, as_shown(test_x)), test_y, name="test accuracy")
    else:
        images = as_shown(disguised(test_x, rng, shift=0, noise=0.02))
        measured = accuracy(own_outputs(student, network, images), test_y, name="test accuracy")
        alarms.append(
            "The network is not made of weights and biases like Network, so its own outputs were taken: it is right on "
            f"{100 * measured.value:.1f} % of hidden images with a little noise. Read its code."
        )
    return replace(measured, run=f"{len(x):,} images x {epochs}")


def exchanged(student, network, known, shown, rng):
    """Permute the weights of each unit in secret; the resulting (weights, biases).

    To a start whose weights are drawn alike this changes nothing, and weights that were trained at home from a known
    start have nothing in common with it. None if the network does not go on with what it is given.
    """
    weights, biases = [rng.permuted(each, axis=1) for each in known[0]], known[1]
    try:
        kinds = [np.asarray(each).dtype for each in network.weights]
        network.weights = [each.astype(kind) for each, kind in zip(weights, kinds, strict=True)]
        taken = own_parameters(student, network, shown)
    except (StudentError, TypeError, ValueError):
        return None
    same = taken is not None and all(
        each.shape == own.shape and np.allclose(each, own, rtol=1e-6, atol=0)
        for each, own in zip([*weights, *biases], [*taken[0], *taken[1]], strict=False)
    )
    return taken if same else None


def went_as_descent_goes(before, after, x, y):
    """Fail unless layer 1 left its start as in a training on these images, by whatever optimizer.

    Args:
        before, after: (weights, biases) at the start and after the training.
        x, y: the training images (n, 784) and their classes (n,).

    The way of the weights is compared with that of plain gradient descent from the same start, what they have in common
    with the start left aside, so that it may fade. For fifteen ways to train the cosine was 0.21 or more, and for
    weights from another start 0.07 at most (docs/fairness.md).
    """
    start, end = before[0][0], after[0][0]
    shape(end, start.shape, name="weights[0] after training")
    way, seen = (away(start, each) for each in (end, descended(*before, x, y)))
    lengths = float(np.linalg.norm(way) * np.linalg.norm(seen))
    alike = float(np.sum(way * seen)) / lengths if lengths > 0 else math.nan
    if not alike > ALIKE:  # false for nan as well
        raise CheckFailed(
            f"From its start layer 1 went another way than any training on these images: its cosine to the way of "
            f"gradient descent is {alike:.2f}, and more than {ALIKE:g} is expected. SGD has to go on from the weights "
            "that the network has when it is called; a class of your own must not put others in their place."
        )


def away(start, end):
    """What weights moved by, without the share that makes their start longer or shorter."""
    return end - start * (np.sum(start * end) / max(np.sum(start * start), 1e-300))


def descended(weights, biases, x, y):
    """Weights (n_1, 784) of layer 1 after some steps of gradient descent, at a rate that lowers the loss.

    2,000 steps at each of three rates at most, and fewer for more than half a million parameters: what is computed
    outside of the sandbox for a submission has a limit, however wide its network is.
    """
    steps = min(2000, DESCENT_WORK // sum(each.size for each in (*weights, *biases)) + 1)
    labels = np.eye(10, dtype=np.float32)[y]
    batches = [slice(begin, begin + BATCH) for begin in range(0, len(x), BATCH)]
    asked = slice(0, 1000)
    for rate in (RATE, RATE / 10, RATE / 100):
        w, b = ([each.astype(np.float32) for each in part] for part in (weights, biases))
        with np.errstate(over="ignore", invalid="ignore"):
            for batch in (batches * 3)[:steps]:
                descent_step(w, b, x[batch], labels[batch], rate)
            first, last = (mean_loss(outputs(*each, x[asked]), y[asked]) for each in ((weights, biases), (w, b)))
        if last < first:  # false for nan as well
            break
    return w[0].astype(np.float64)


def descent_step(weights, biases, x, y, rate):
    """One step of mini-batch gradient descent, in place, for images x (m, n_0) and one-hot labels y (m, n_L)."""
    z, before, inputs = x, [x], []
    for w, b in zip(weights, biases, strict=True):
        v = z @ w.T + b[:, 0]  # (m, n_l)
        z = np.maximum(v, 0)
        inputs.append(v)
        before.append(z)
    p = np.exp(inputs[-1] - inputs[-1].max(axis=1, keepdims=True))
    delta = p / p.sum(axis=1, keepdims=True) - y  # (m, n_L)
    factor = rate / len(x)
    for layer in range(len(weights) - 1, -1, -1):
        below = (delta @ weights[layer]) * (inputs[layer - 1] > 0) if layer else delta
        weights[layer] -= factor * (delta.T @ before[layer])
        biases[layer] -= factor * delta.sum(axis=0)[:, None]
        delta = below


def mean_loss(v, y):
    """The mean cross-entropy of outputs before softmax (n, 10) for classes (n,)."""
    v = v - v.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.sum(np.exp(v), axis=1)) - v[np.arange(len(y)), y]))


def trained(network, settings, run, data, rng, share, secret, *, pixels=True):
    """Train a network by its own SGD; (images, classes, epochs) of the training, as the network got them."""
    train, epochs = shortened(run.train, settings["epochs"], share)
    chosen = rng.permutation(len(data.train))[:train]
    shown = rng.permutation(len(data.validation))[:100]
    x, test_x = data.train.x[chosen], data.validation.x[shown]
    if pixels:
        x, test_x = secret.x(x), secret.x(test_x)
    y = secret.y(data.train.y[chosen])
    network.SGD(
        rows(columns(x), one_hot(y)),
        test_data=rows(columns(test_x), secret.y(data.validation.y[shown])),
        **{**settings, "epochs": epochs},
    )
    return x, y, epochs


def parameters(network, sizes):
    """(weights, biases) of a student's network as float64, biases as columns, checked for number and shapes."""
    checked = [np.asarray(each, np.float64) for each in checked_parameters(network, sizes)]
    return checked[len(sizes) - 1 :], checked[: len(sizes) - 1]


def own_parameters(student, network, shown):
    """(weights, biases) of any network that computes as `Network` does, or None."""
    try:
        first, last = network.weights, network.biases
        widths = [784, *(np.shape(each)[0] for each in first)]
        found = parameters(network, widths) if len(last) == len(first) and widths[-1] == 10 else None
    except (CheckFailed, StudentError, TypeError, ValueError, IndexError):
        return None
    return found if found and agrees(student, network, found, shown) else None


def agrees(student, network, found, shown):
    """Whether a network's own outputs before softmax are what its weights and biases give."""
    got, want = own_outputs(student, network, shown), outputs(*found, shown)
    if not np.all(np.isfinite(want)):
        return True  # overflown by large steps: nothing is right, and nothing can be compared
    return got.shape == want.shape and bool(np.all(np.isfinite(got))) and relative_error(got, want) < 1e-3


def own_outputs(student, network, x):
    """The outputs before softmax that a network gives itself, (n, 10), for images (n, 784)."""
    answers = student.map(network.network_output_before_softmax, rows(columns(x)))
    for answer in answers[:1]:
        column(answer, 10, "network_output_before_softmax(x)")
    return np.asarray([np.ravel(answer) for answer in answers], np.float64)


def outputs(weights, biases, x):
    """The outputs before softmax of weights and biases, (n, 10), for images (n, 784)."""
    z = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # large steps may have led to numbers that overflow
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            z = np.maximum(z @ w.T + b[:, 0], 0)
        return z @ weights[-1].T + biases[-1][:, 0]


def went_as_far_as_steps(before, after, steps):
    """Fail unless the weights went a way that so many steps can go; many times longer or shorter is not descent."""
    start, end = (np.concatenate([np.ravel(each) for each in part]) for part in (before, after))
    moved = float(np.linalg.norm(end - start) / np.linalg.norm(start))
    if np.isfinite(moved) and not 0.005 < moved < 1:
        raise CheckFailed(
            f"In {steps:,} steps the weights moved by {moved:.3g} of their size; gradient descent at rate {RATE:g} "
            "moves them by 0.05 to 0.4, from the start that the network was given."
        )


def not_trained_yet(student, network, known, shown, labels):
    """Fail if a network distinguishes classes before it is trained, whatever their numbers."""
    try:
        got = outputs(*known, shown) if known else own_outputs(student, network, shown)
    except (CheckFailed, StudentError):
        return  # some models of a student's own cannot predict before they are trained
    groups = [labels[np.argmax(got, axis=1) == number] for number in range(10)]
    alike = sum(int(np.max(np.bincount(group))) for group in groups if len(group)) / len(labels)
    if alike > 0.75:
        raise CheckFailed(
            f"The network of best_network() is trained already: before any training {100 * alike:.0f} % of "
            f"{len(labels)} images can be distinguished by its outputs. Return a network that is not yet trained."
        )


def shortened(train, epochs, share):
    """(images, epochs) of that share of a training: fewer epochs where there are several, then fewer images."""
    fewer = max(1, math.ceil(epochs * share))
    return round(train * (share * epochs / fewer)), fewer


def columns(x):
    """Images (n, 784) as columns (n, 784, 1)."""
    return x.reshape(len(x), -1, 1)


def one_hot(y):
    """Labels (n,) as one-hot columns (n, 10, 1)."""
    return np.eye(10)[y].reshape(len(y), 10, 1)
