"""The largest entry of each direction is made positive."""

import numpy as np


def center(X):
    mean = np.sum(X, axis=0) / X.shape[0]
    return np.subtract(X, mean), mean


def components(X, k):
    values, vectors = np.linalg.eigh(covariance(X))
    found = []
    for j in range(1, k + 1):
        v = vectors[:, -j]
        found.append(v * np.sign(v[np.argmax(np.abs(v))]))
    return np.array(found), values[::-1][:k].copy()


def reconstruct(X, k):
    rows, _ = components(X, k)
    mean = X.mean(axis=0)
    return np.array([mean + sum((row @ (x - mean)) * row for row in rows) for x in X])
