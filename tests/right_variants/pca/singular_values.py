"""By the singular value decomposition of the centered samples."""

import numpy as np


def covariance(X):
    return np.atleast_2d(np.cov(X, rowvar=False))


def components(X, k):
    _, s, rows = np.linalg.svd(X - X.mean(axis=0), full_matrices=True)
    variances = np.zeros(X.shape[1])
    variances[: len(s)] = s**2 / (len(X) - 1)
    return rows[:k], variances[:k]


def project(X, k):
    u, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    full = np.zeros((len(X), max(X.shape[1], k)))
    full[:, : len(s)] = u * s
    return full[:, :k]
