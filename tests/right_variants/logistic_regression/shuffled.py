"""Shuffles with Python's random numbers, one sample after the other."""

import random

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(np.asarray(z) / 2))


def gradient(w, b, X, y, l2):
    dw, db = l2 * np.array(w, dtype=float), 0.0
    for x, target in zip(X, y, strict=True):
        error = sigmoid(x @ w + b) - target
        dw += error * x / len(X)
        db += error / len(X)
    return dw, db


def train(X, y, learning_rate=0.1, epochs=20, batch_size=8, l2=0.0, seed=0):
    source = random.Random(seed)
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    places = list(range(len(X)))
    for _ in range(epochs):
        source.shuffle(places)
        rest = list(places)
        while rest:
            batch, rest = rest[:batch_size], rest[batch_size:]
            dw, db = gradient(w, b, X[batch], y[batch], l2)
            w, b = w - learning_rate * dw, b - learning_rate * db
        losses.append(loss(w, b, X, y, l2))
    return w, b, losses
