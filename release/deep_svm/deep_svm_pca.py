"""Principal component analysis: the directions in which data vary most."""

import numpy as np


def principal_components(X, k):
    """Mean and first principal components.

    The components are the eigenvectors with the k largest eigenvalues of the covariance matrix of the rows of X, of
    length 1, the largest first. The sign of each is free.

    Args:
        X: data (n, d).
        k: how many, at most d.

    Returns:
        (mean, components): (d,) and (k, d).
    """
    raise NotImplementedError("principal_components is not written yet")


def reduced(train_x, other_x, k):
    """Both sets in the first k principal components of the training set; nothing is learned from the other one.

    Args:
        train_x: (n, d).
        other_x: (m, d).

    Returns:
        (train_z, other_z): (n, k) and (m, k); the columns of train_z have mean 0.
    """
    raise NotImplementedError("reduced is not written yet")
