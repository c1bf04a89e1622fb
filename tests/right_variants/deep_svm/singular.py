"""Principal components by the singular value decomposition."""

import numpy as np


def principal_components(X, k):
    mean = np.mean(X, 0)
    rows = np.linalg.svd(X - mean, full_matrices=False)[2]
    return mean, -rows[:k]


def reduced(train_x, other_x, k):
    mean, components = principal_components(train_x, k)
    z = (np.vstack([train_x, other_x]) - mean) @ components.T
    return z[: len(train_x)], z[len(train_x) :]
