"""Three kinds of birds of each student's own, distinguished by softmax regression."""

from __future__ import annotations

import csv
import io

import numpy as np

from autograder import Assignment, Drawn, Limits
from autograder.checks import accuracy, close, same, shape

assignment = Assignment(
    "Three kinds of birds",
    files=["birds.py"],
    limits=Limits(wall_seconds=30, cpu_seconds=10, memory_mib=1024),
)

KINDS = ("wren", "robin", "tit", "finch", "swift", "jay", "rook", "crow", "owl", "kite")


def birds(rng, kinds, n):
    """Wing and weight of `n` birds, (n, 2), and their kinds as places among `kinds`, each at least once."""
    y = rng.permutation(np.concatenate([np.arange(len(kinds)), rng.integers(len(kinds), size=n - len(kinds))]))
    angles = np.array([2 * np.pi * KINDS.index(kind) / len(KINDS) for kind in kinds])
    means = 4 * np.column_stack([np.cos(angles), np.sin(angles)])
    return (means[y] + 0.8 * rng.normal(size=(n, 2))).round(2), y


@assignment.variant
def own(rng):
    """Three of ten kinds, a learning rate, and a table of birds."""
    kinds = [KINDS[place] for place in sorted(rng.choice(len(KINDS), size=3, replace=False))]
    X, y = birds(rng, kinds, n=60)
    rows = "".join(f"{kinds[k]},{wing},{weight}\n" for k, (wing, weight) in zip(y, X, strict=True))
    rate = round(rng.uniform(0.05, 0.3), 3)
    return Drawn({"kinds": kinds, "rate": rate}, files={"birds.csv": f"kind,wing,weight\n{rows}"})


a = assignment.question("Your table", id="a", solution="load")
b = assignment.question("One step", id="b", solution=["probabilities", "step"])
c = assignment.question("Training", id="c", solution=["train", "names"])


def scaled(rng, *size):
    """Random weights that are neither small nor large."""
    return 0.5 * rng.normal(size=size)


# --- (a) the table ---


@a.check(points=1)
def sizes_of_the_table(student):
    """There are two measures and a kind for each of the 60 birds, and each kind is there."""
    X, y = student.load()
    shape(X, (60, 2), name="X")
    shape(y, (60,), name="y")
    same(sorted(set(np.asarray(y).tolist())), [0, 1, 2], name="the kinds in y")


@a.check(points=2, hidden=True, hint="A kind is its place in the list `kinds`: 0, 1 or 2.")
def values_of_the_table(student, variant):
    """Measures and kinds are those of your table, in its order."""
    rows = list(csv.DictReader(io.StringIO(variant.files["birds.csv"].decode())))
    X, y = student.load()
    close(X, [[float(row["wing"]), float(row["weight"])] for row in rows], name="X")
    same(np.asarray(y, dtype=int), np.array([variant.kinds.index(row["kind"]) for row in rows]), name="y")


# --- (b) one step ---


@b.check(points=1)
def first_step(student, variant):
    """From W = 0, one bird of kind 0 moves W by your learning rate, times 2/3 for its kind and -1/3 for the others."""
    got = student.step(np.zeros((2, 3)), np.array([[3.0, -6.0]]), np.array([0]))
    close(got, variant.rate * np.array([[2.0, -1.0, -1.0], [-4.0, 2.0, 2.0]]), name="step(W, X, y)")


@b.check(points=3, hidden=True, hint="The loss is a mean over the birds; W is not changed, a new one is returned.")
def steps(student, reference, variant, rng):
    """From random weights, one step is right, and W itself stays as it was."""
    for n in (1, 20):
        W = scaled(rng, 2, 3)
        X, y = birds(rng, variant.kinds, n=max(n, 3))
        close(student.step(W, X[:n], y[:n]), reference.step(W, X[:n], y[:n]), name="step(W, X, y)")
        close(student.arguments_after(student.step, W, X[:n], y[:n])[0], W, name="W after step(W, X, y)")


@b.check(points=2, hidden=True, hint="exp of a large number overflows: take the largest score of each row out first.")
def large_scores(student, reference, rng):
    """Probabilities sum to one, also for scores of several thousand."""
    for factor in (1.0, 10_000.0):
        W, X = factor * scaled(rng, 2, 3), scaled(rng, 5, 2)
        close(student.probabilities(W, X), reference.probabilities(W, X), name="probabilities(W, X)")


# --- (c) training ---


@c.check(points=2, hidden=True, needs=steps, hint="Begin with W = 0, and take the step of (b) as often as asked.")
def trained_weights(student, reference, variant, rng):
    """After 1 and after 30 steps the weights are those of gradient descent from W = 0."""
    X, y = birds(rng, variant.kinds, n=40)
    for count in (1, 30):
        close(student.train(X, y, count), reference.train(X, y, count), name=f"train(X, y, {count})")


@c.check(points=1)
def names_of_your_kinds(student, variant):
    """Each bird gets the name of the kind with the largest score."""
    got = student.names(np.eye(3)[:2], np.array([[5.0, 1.0], [1.0, 5.0], [-1.0, -2.0]]))
    same(list(got), list(variant.kinds), name="names(W, X)")


@c.check(points=2, hidden=True, needs=trained_weights)
def new_birds(student, variant, rng):
    """Trained on your table, it names at least 85 % of new birds of your kinds."""
    new, kinds = birds(rng, variant.kinds, n=200)
    X, y = student.load()
    got = [
        variant.kinds.index(name) if name in variant.kinds else -1
        for name in student.names(student.train(X, y, 200), new)
    ]
    return accuracy(got, kinds).points_at({0.85: 1.0})
