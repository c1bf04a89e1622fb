"""k-means and logistic regression in numpy."""

from __future__ import annotations

import numpy as np

from autograder import Assignment, Limits
from autograder.checks import accuracy, close, curve, gradient_matches, same, shape
from autograder.checks.errors import CheckFailed

assignment = Assignment(
    "Clustering and classification",
    files=["clustering.py"],
    limits=Limits(wall_seconds=30, cpu_seconds=10, memory_mib=1024),
)

a = assignment.question("One round of k-means", id="a", solution=["assign", "update", "cost"])
b = assignment.question("The algorithm", id="b", solution="kmeans")
c = assignment.question("Logistic regression", id="c", solution=["logistic_loss", "fit_logistic", "predict_logistic"])


def clouds(rng, k, d, n):
    """`n` samples around `k` far-apart points in `d` dimensions, and which point each belongs to."""
    labels = np.concatenate([np.arange(k), rng.integers(k, size=n - k)])
    middles = 10 * rng.permutation(np.eye(max(k, d))[:k, :d] + 3 * np.arange(k)[:, None])
    return middles[labels] + 0.3 * rng.normal(size=(n, d)), labels


def two_classes(rng, n=60, d=4):
    """Two overlapping classes, -1 and 1, and a column of ones."""
    y = np.where(rng.random(n) < 0.5, 1, -1)
    X = rng.normal(size=(n, d)) + 0.8 * y[:, None]
    return np.hstack([X, np.ones((n, 1))]), y


# --- (a) one round ---


@a.check(points=1)
def nearest_centers_of_four_samples(student):
    """Four samples on a line, two centers."""
    X, centers = np.array([[0.0], [1.0], [9.0], [4.0]]), np.array([[0.0], [10.0]])
    same(student.assign(X, centers), np.array([0, 0, 1, 0]), name="assign(X, centers)")


@a.check(points=2, hidden=True, hint="Try more centers than columns, and more columns than centers.")
def nearest_centers(student, reference, rng):
    """Each sample gets the nearest of the centers, whatever their number and the number of columns."""
    for k, d in ((2, 5), (6, 3)):
        X, centers = rng.normal(size=(40, d)), rng.normal(size=(k, d))
        same(student.assign(X, centers), reference.assign(X, centers), name="assign(X, centers)")


@a.check(points=2, hidden=True, cases={"all clusters have samples": 1, "one cluster is empty": 1})
def means_of_clusters(student, reference, rng, case):
    """The new centers are the means of the clusters; an empty one keeps its center."""
    X, centers = rng.normal(size=(30, 3)), rng.normal(size=(4, 3))
    labels = np.arange(30) % (4 if case == "all clusters have samples" else 3)
    close(student.update(X, labels, centers), reference.update(X, labels, centers), name="update(X, labels, centers)")


@a.check(points=1, hidden=True, hint="Squared distances, added up over all samples.")
def cost_of_a_clustering(student, reference, rng):
    """The cost is the sum of squared distances."""
    X, centers, labels = rng.normal(size=(25, 3)), rng.normal(size=(4, 3)), rng.integers(4, size=25)
    close(student.cost(X, labels, centers), reference.cost(X, labels, centers), name="cost(X, labels, centers)", n=25)


# --- (b) the algorithm: begins are drawn, so what holds for every begin is asked ---


@b.check(points=1)
def two_clusters_on_a_line(student):
    """Two far-apart pairs on a line are found."""
    X = np.array([[0.0], [1.0], [100.0], [101.0]])
    centers, labels = student.kmeans(X, 2, np.random.default_rng(3))
    shape(centers, (2, 1), name="centers")
    close(np.sort(np.ravel(centers)), [0.5, 100.5], name="sorted centers")
    shape(labels, (4,), name="labels")


@b.check(points=3, hidden=True, hint="Repeat until no label changes.")
def ends_where_nothing_changes(student, reference, rng):
    """Labels and centers are consistent: another round changes neither."""
    for k, d in ((3, 2), (4, 5)):
        X = rng.normal(size=(80, d))
        centers, labels = student.kmeans(X, k, rng)
        shape(centers, (k, d), name="centers")
        same(labels, reference.assign(X, centers), name="labels")
        close(centers, reference.update(X, labels, centers), name="centers")


@b.check(points=2, hidden=True, hint="Begin at k different samples, drawn with rng.")
def finds_good_clusters(student, reference, rng):
    """The best of some runs costs no more than the best of as many runs of the reference, and a tenth at most."""
    X, _ = clouds(rng, k=4, d=3, n=60)
    best = min(reference.cost(X, labels, centers) for centers, labels in (student.kmeans(X, 4, rng) for _ in range(40)))
    known = min(
        reference.cost(X, labels, centers) for centers, labels in (reference.kmeans(X, 4, rng) for _ in range(40))
    )
    if best > 1.1 * known:
        raise CheckFailed(f"The best of 40 runs of kmeans has cost {best:.4g}; expected at most {1.1 * known:.4g}.")


@b.check(points=1, hidden=True, hint="Use the generator that you are given, and no other.")
def the_generator_decides(student, rng):
    """The same generator gives the same clusters; another one starts elsewhere."""
    X = rng.normal(size=(60, 4))
    first, _ = student.kmeans(X, 7, np.random.default_rng(5))
    second, _ = student.kmeans(X, 7, np.random.default_rng(5))
    close(second, first, name="centers of a second run")
    others = [student.kmeans(X, 7, np.random.default_rng(seed))[0] for seed in range(6, 12)]
    if all(np.allclose(np.sort(other, axis=0), np.sort(first, axis=0)) for other in others):
        raise CheckFailed("Seven generators gave the same centers; the samples to begin with must be drawn from rng.")


# --- (c) logistic regression ---


@c.check(points=1)
def loss_at_zero_weights(student):
    """At zero weights the loss is log 2, and one sample's gradient is -y x / 2."""
    loss, gradient = student.logistic_loss(np.zeros(2), np.array([[2.0, 1.0]]), np.array([1]))
    close(loss, np.log(2), name="loss")
    close(gradient, [-1.0, -0.5], name="gradient")


@c.check(points=2, hidden=True, hint="Average over the samples; the penalty has a gradient, too.")
def gradient_of_the_loss(student, reference, rng):
    """The gradient agrees with central differences of the loss, with and without the penalty."""
    for penalty in (0.0, 0.3):
        X, y = two_classes(rng)
        w = rng.normal(size=5)
        loss, gradient = student.logistic_loss(w, X, y, penalty)
        close(loss, reference.logistic_loss(w, X, y, penalty)[0], name="loss", n=60)
        gradient_matches(gradient, reference.logistic_loss(w, X, y, penalty)[1], names=["w"])


@c.check(points=1, hidden=True, hint="exp of a large number overflows; np.logaddexp does not.")
def large_scores(student, reference, rng):
    """Scores of a thousand do not overflow."""
    X, y = two_classes(rng)
    for w in (1000 * np.ones(5), -1000 * np.ones(5)):
        loss, gradient = student.logistic_loss(w, X, y)
        want = reference.logistic_loss(w, X, y)
        close(loss, want[0], name="loss")
        close(gradient, want[1], name="gradient")


@c.check(points=2, hidden=True, needs=gradient_of_the_loss)
def descent(student, reference, rng):
    """Gradient descent ends at the reference's weights, and its losses fall."""
    X, y = two_classes(rng)
    w, losses = student.fit_logistic(X, y, 40, 0.2, 0.1)
    shape(losses, (40,), name="losses")
    curve(losses, name="losses").falls()
    close(w, reference.fit_logistic(X, y, 40, 0.2, 0.1)[0], name="w")


@c.check(points=1, hidden=True, hint="Classes are -1 and 1; a score of 0 belongs to class 1.")
def predictions(student, rng):
    """Predictions are -1 and 1, and right on nine of ten samples of two far-apart classes."""
    X, y = two_classes(rng, n=200)
    X[:, :-1] += 2.0 * y[:, None]
    same(student.predict_logistic(np.zeros(5), X[:3]), np.ones(3, dtype=int), name="predictions for scores of 0")
    return accuracy(student.predict_logistic(np.array([1.0, 1.0, 1.0, 1.0, 0.0]), X), y).points_at({0.9: 1.0})
