"""The legacy generator, softplus by cases, losses in an array, and labels by the sign of the score."""

import numpy as np


def loss(w, b, X, y, l2):
    z = np.where(y == 1, 1, -1) * (X @ w + b)
    return np.maximum(-z, 0).mean() + np.log1p(np.exp(-np.abs(z))).mean() + 0.5 * l2 * (w @ w)


def train(X, y, learning_rate=0.1, epochs=20, batch_size=8, l2=0.0, seed=0):
    state = np.random.RandomState(seed)
    w, b, losses = np.zeros(X.shape[1]), 0.0, np.zeros(epochs)
    for epoch in range(epochs):
        order = np.arange(len(X))
        state.shuffle(order)
        for batch in np.split(order, range(batch_size, len(X), batch_size)):
            dw, db = gradient(w, b, X[batch], y[batch], l2)
            w, b = w - learning_rate * dw, b - learning_rate * db
        losses[epoch] = loss(w, b, X, y, l2)
    return w, b, losses


def predict(w, b, X):
    return [int(score >= 0) for score in X @ w + b]
