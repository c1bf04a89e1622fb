"""Two standard methods in numpy: k-means clustering and logistic regression."""

from __future__ import annotations

import numpy as np

__all__ = ["assign", "cost", "fit_logistic", "kmeans", "logistic_loss", "predict_logistic", "update"]


def assign(X, centers):
    """The index of the nearest center of each sample, by Euclidean distance.

    X is of shape (n, d), centers (k, d); the answer is (n,), integers from 0 to k - 1. Of equally near ones the first.
    """
    ### BEGIN SOLUTION
    distances = ((X[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)  # (n, k)
    return np.argmin(distances, axis=1)
    ### END SOLUTION


def update(X, labels, centers):
    """The mean of the samples of each cluster, shape (k, d). A cluster without samples keeps its center."""
    ### BEGIN SOLUTION
    new = centers.astype(float)
    for k in range(len(centers)):
        if np.any(labels == k):
            new[k] = X[labels == k].mean(axis=0)
    return new
    ### END SOLUTION


def cost(X, labels, centers):
    """The sum of the squared distances of all samples to the centers of their clusters, a number."""
    ### BEGIN SOLUTION
    return float(((X - centers[labels]) ** 2).sum())
    ### END SOLUTION


def kmeans(X, k, rng, iterations=100):
    """Lloyd's algorithm: begin at k different samples drawn with `rng`, assign and update until no label changes.

    Returns the centers (k, d) and the labels (n,) that belong to them.
    """
    ### BEGIN SOLUTION
    centers = X[rng.permutation(len(X))[:k]]
    labels = assign(X, centers)
    for _ in range(iterations):
        centers = update(X, labels, centers)
        new = assign(X, centers)
        if np.array_equal(new, labels):
            break
        labels = new
    return centers, labels
    ### END SOLUTION


def logistic_loss(w, X, y, penalty=0.0):
    """The mean of log(1 + exp(-y x.w)) plus penalty/2 times w.w, and its gradient.

    w is of shape (d,), X (n, d), y (n,) with values -1 and 1. No overflow, however large the scores are.
    """
    ### BEGIN SOLUTION
    margins = y * (X @ w)  # (n,)
    loss = np.mean(np.logaddexp(0.0, -margins)) + 0.5 * penalty * (w @ w)
    shares = np.exp(-np.logaddexp(0.0, margins))  # (n,), 1 / (1 + exp(margin))
    return loss, -(X.T @ (y * shares)) / len(y) + penalty * w
    ### END SOLUTION


def fit_logistic(X, y, steps=200, rate=0.5, penalty=0.0):
    """Gradient descent from zero weights: the weights (d,) and the loss before each step (steps,)."""
    ### BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    losses = []
    for _ in range(steps):
        loss, gradient = logistic_loss(w, X, y, penalty)
        losses.append(loss)
        w = w - rate * gradient
    return w, np.array(losses)
    ### END SOLUTION


def predict_logistic(w, X):
    """The class of each sample, -1 or 1; a score of 0 belongs to class 1. Shape (n,)."""
    ### BEGIN SOLUTION
    return np.where(X @ w >= 0, 1, -1)
    ### END SOLUTION


if __name__ == "__main__":
    random = np.random.default_rng(1)
    points = random.normal(size=(90, 2)) + 4 * np.eye(3, 2)[random.integers(3, size=90)]
    found, clusters = kmeans(points, 3, random)
    print("k-means: cost", cost(points, clusters, found))
    classes = np.where(points[:, 0] > points[:, 1], 1, -1)
    weights, history = fit_logistic(points, classes)
    print("logistic regression: loss", history[-1], "accuracy", np.mean(predict_logistic(weights, points) == classes))
