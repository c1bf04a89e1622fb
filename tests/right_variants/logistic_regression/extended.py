"""The bias as the weight of a column of ones, and random keys to sort the samples by."""

import numpy as np


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -np.asarray(z, dtype=float)))


def gradient(w, b, X, y, l2):
    extended = np.column_stack([X, np.ones(len(X))])
    full = extended.T @ (sigmoid(extended @ np.append(w, b)) - y) / len(X)
    full[:-1] += l2 * w
    return full[:-1], full[-1]


def train(X, y, learning_rate=0.1, epochs=20, batch_size=8, l2=0.0, seed=0):
    rng = np.random.default_rng([seed, 77])
    parameters, losses = np.zeros(X.shape[1] + 1), []
    for _ in range(epochs):
        order = np.argsort(rng.random(len(X)))
        for k in range(-(-len(X) // batch_size)):
            batch = order[k * batch_size : (k + 1) * batch_size]
            dw, db = gradient(parameters[:-1], parameters[-1], X[batch], y[batch], l2)
            parameters = parameters - learning_rate * np.append(dw, db)
        losses.append(float(loss(parameters[:-1], parameters[-1], X, y, l2)))
    return parameters[:-1], parameters[-1], losses
