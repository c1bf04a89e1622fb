"""The derivative by a complex step, one parameter after the other, and the batches as a generator."""

import math
import random

import numpy as np


def sigmoid(z):
    flat = [1 / (1 + math.exp(-each)) if each > 0 else 1 - 1 / (1 + math.exp(each)) for each in np.ravel(z).tolist()]
    return np.array(flat).reshape(np.shape(z))


def gradient(w, b, X, y, l2):
    def cost(v, c):
        z = X @ v + c
        m = np.maximum(z.real, 0)
        return np.mean(m + np.log(np.exp(-m) + np.exp(z - m)) - y * z) + l2 / 2 * np.sum(v * v)

    step = 1e-20j
    dw = np.array([cost(w + step * row, complex(b)).imag for row in np.eye(len(w))]) / 1e-20
    return dw, cost(w.astype(complex), b + step).imag / 1e-20


def train(X, y, learning_rate=0.1, epochs=20, batch_size=8, l2=0.0, seed=0):
    source, losses = random.Random(seed), np.empty(0)

    def batches():
        left = set(range(len(X)))
        while left:
            some = source.sample(sorted(left), min(batch_size, len(left)))
            left.difference_update(some)
            yield some

    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(epochs):
        for some in batches():
            dw, db = gradient(w, b, X[some], y[some], l2)
            w, b = w - learning_rate * dw, b - learning_rate * db
        losses = np.append(losses, loss(w, b, X, y, l2))
    return w, b, losses
