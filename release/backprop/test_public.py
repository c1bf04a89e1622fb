"""Back-propagation: the public tests. Run them with `pytest` in this folder.

Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source
of random numbers. More tests are run when your work is graded.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from autograder_checks import accuracy, close, figure, gradient_matches, shape
from autograder_checks.errors import CheckFailed
from autograder_checks.rows import rows

SIZES = [784, 40, 10]
RATES = (0.001, 0.01, 0.1, 1, 10, 100)
BATCH = 10
RATE = 0.1


def away_from_zero(rng, n):
    """A column of n >= 2 numbers of both signs, none of them near 0."""
    signs = rng.permutation(np.where(np.arange(n) % 2, 1.0, -1.0))
    return (signs * rng.uniform(0.1, 3, size=n)).reshape(n, 1)


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


def checked_parameters(network, sizes):
    """Biases, then weights, of a student's network, of the right number and shapes."""
    biases, weights = network.biases, network.weights
    return [part for half in halves((biases, weights), sizes) for part in half]


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


def parameters(network, sizes):
    """(weights, biases) of a student's network as float64, biases as columns, checked for number and shapes."""
    checked = [np.asarray(each, np.float64) for each in checked_parameters(network, sizes)]
    return checked[len(sizes) - 1 :], checked[: len(sizes) - 1]


def outputs(weights, biases, x):
    """The outputs before softmax of weights and biases, (n, 10), for images (n, 784)."""
    z = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # large steps may have led to numbers that overflow
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            z = np.maximum(z @ w.T + b[:, 0], 0)
        return z @ weights[-1].T + biases[-1][:, 0]


def columns(x):
    """Images (n, 784) as columns (n, 784, 1)."""
    return x.reshape(len(x), -1, 1)


def one_hot(y):
    """Labels (n,) as one-hot columns (n, 10, 1)."""
    return np.eye(10)[y].reshape(len(y), 10, 1)


# --- (a) Back-propagation: 15 points ---


@pytest.mark.question("a", "Back-propagation")
def test_question_a_is_attempted(attempted):
    """What question (a) asks for is written."""
    attempted("relu", "relu_derivative", "Network.loss_derivative_wr_output_activations", "Network.backprop")


@pytest.mark.question("a", "Back-propagation")
def test_relu_cuts_at_zero(student, rng):
    """relu keeps positive entries and sets the others to 0, for columns of any length."""
    z = np.array([[-2.0], [-0.5], [0.0], [0.5], [3.0]])
    close(student.relu(z), [[0.0], [0.0], [0.0], [0.5], [3.0]], name="relu(z)")
    for n in (2, 7):
        z = away_from_zero(rng, n)
        close(student.relu(z), np.where(z > 0, z, 0.0), name="relu(z)")


@pytest.mark.question("a", "Back-propagation")
def test_relu_derivative_is_zero_or_one(student, rng):
    """relu_derivative is 0 left of 0 and 1 right of it (at 0 either is right)."""
    z = np.array([[-2.0], [-0.5], [0.25], [3.0]])
    close(student.relu_derivative(z), [[0.0], [0.0], [1.0], [1.0]], name="relu_derivative(z)")
    for n in (2, 7):
        z = away_from_zero(rng, n)
        close(student.relu_derivative(z), np.where(z > 0, 1.0, 0.0), name="relu_derivative(z)")


@pytest.mark.question("a", "Back-propagation")
@pytest.mark.parametrize("case", ["ordinary outputs", "large outputs"])
def test_loss_derivative_of_the_outputs(student, rng, case):
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


@pytest.mark.question("a", "Back-propagation")
def test_gradient_of_a_small_network(student, rng):
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


# --- (b) Learning rates: 8 points ---


@pytest.mark.question("b", "Learning rates")
def test_question_b_is_attempted(attempted):
    """What question (b) asks for is written."""
    attempted("learning_rate_study")


@pytest.mark.question("b", "Learning rates")
def test_three_plots_with_a_curve_for_each_rate(student, rng):
    """Training accuracy, training loss and test accuracy are drawn: labelled axes, a legend, a curve for each rate."""
    y = rng.integers(10, size=100)
    x = np.maximum(rng.normal(size=(10, 784))[y] + 0.5 * rng.normal(size=(100, 784)), 0).astype(np.float32) / 4
    plots, _, _ = study(student, x, y, rng, epochs=3)
    agree_with_a_training(student, plots, x, y, rng, epochs=3)


# --- (c) The whole training set: 5 points ---


@pytest.mark.question("c", "The whole training set")
def test_question_c_is_attempted(attempted):
    """What question (c) asks for is written."""
    attempted("relu", "relu_derivative", "Network.loss_derivative_wr_output_activations", "Network.backprop")


# --- (d) A better network: 10 points, bonus ---


@pytest.mark.question("d", "A better network")
def test_question_d_is_attempted(attempted):
    """What question (d) asks for is written."""
    attempted("best_network")
