"""By the solver for any matrix, signs turned round, and the trace as the total variance."""

import numpy as np


def covariance(X):
    centered = X - X.mean(axis=0)
    return sum(np.outer(x, x) for x in centered) / (len(X) - 1)


def components(X, k):
    values, vectors = np.linalg.eig(covariance(X))
    order = np.argsort(-values.real)
    return -vectors.real.T[order][:k], values.real[order][:k]


def explained(X):
    _, variances = components(X, X.shape[1])
    return variances / np.trace(covariance(X))
