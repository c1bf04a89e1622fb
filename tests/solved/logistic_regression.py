"""Homework 2: logistic regression with stochastic gradient descent."""

import numpy as np


def sigmoid(z):
    """1 / (1 + exp(-z)) of each entry, without overflow."""
    ### BEGIN SOLUTION
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
    ### END SOLUTION


def loss(w, b, X, y, l2):
    """Mean cross-entropy of sigmoid(X w + b) for labels 0 and 1, plus l2 / 2 times the sum of squares of w.

    Args:
        w: weights, shape (d,).
        b: bias, a number.
        X: samples, shape (n, d).
        y: labels 0 and 1, shape (n,).
        l2: strength of the penalty; the bias is not penalised.
    """
    ### BEGIN SOLUTION
    z = X @ w + b
    return np.mean(np.logaddexp(0, z) - y * z) + l2 / 2 * np.sum(w**2)
    ### END SOLUTION


def gradient(w, b, X, y, l2):
    """The gradient of the loss: (dw, db) with dw of shape (d,) and db a number."""
    ### BEGIN SOLUTION
    residual = sigmoid(X @ w + b) - y
    return X.T @ residual / len(y) + l2 * w, np.mean(residual)
    ### END SOLUTION


def train(X, y, learning_rate=0.1, epochs=20, batch_size=8, l2=0.0, seed=0):
    """Mini-batch gradient descent from zero weights, with the samples in a new random order in each epoch.

    Returns:
        (w, b, losses) with the loss of all samples after each epoch.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    w, b = np.zeros(X.shape[1]), 0.0
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            dw, db = gradient(w, b, X[batch], y[batch], l2)
            w = w - learning_rate * dw
            b = b - learning_rate * db
        losses.append(loss(w, b, X, y, l2))
    return w, b, losses
    ### END SOLUTION


def predict(w, b, X):
    """Labels 0 and 1: 1 where the probability is at least one half."""
    ### BEGIN SOLUTION
    return (sigmoid(X @ w + b) >= 0.5).astype(int)
    ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    X = rng.normal(size=(60, 2)) + 1.5 * y[:, None]
    w, b, losses = train(X, y, learning_rate=0.3, epochs=15, batch_size=10, l2=0.01)
    print("losses", losses[0], losses[-1])
    print("accuracy", np.mean(predict(w, b, X) == y))
