"""Softmax regression on three kinds of birds: {variant.kinds}."""

from __future__ import annotations

import csv

import numpy as np
from variant import kinds, rate


def load(path="birds.csv"):
    """Read your table.

    Returns:
        X: wing and weight, float array (n, 2), in the order of the rows.
        y: the kind of each bird as its place in `kinds`, int array (n,).
    """
    ### BEGIN SOLUTION
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    X = np.array([[float(row["wing"]), float(row["weight"])] for row in rows])
    return X, np.array([kinds.index(row["kind"]) for row in rows])
    ### END SOLUTION


def probabilities(W, X):
    """Softmax of the scores X W in each row, without overflow.

    Args:
        W: weights (2, 3), a column for each kind.
        X: birds (n, 2).

    Returns:
        Array (n, 3).
    """
    ### BEGIN SOLUTION
    scores = X @ W
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
    ### END SOLUTION


def step(W, X, y):
    """One step of gradient descent on the mean cross-entropy, at your learning rate of {variant.rate}.

    Args:
        W: weights (2, 3), which stay as they are.
        X: birds (n, 2).
        y: their kinds, 0 to 2, (n,).

    Returns:
        The new weights, array (2, 3).
    """
    ### BEGIN SOLUTION
    delta = probabilities(W, X) - np.eye(3)[y]
    return W - rate * X.T @ delta / len(X)
    ### END SOLUTION


def train(X, y, steps):
    """So many steps from W = 0, each on all birds; returns the last weights, array (2, 3)."""
    ### BEGIN SOLUTION
    W = np.zeros((2, 3))
    for _ in range(steps):
        W = step(W, X, y)
    return W
    ### END SOLUTION


def names(W, X):
    """The name of the kind with the largest score, for each bird: a list of n texts."""
    ### BEGIN SOLUTION
    return [kinds[k] for k in np.argmax(X @ W, axis=1)]
    ### END SOLUTION
