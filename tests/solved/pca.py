"""Homework 5: principal component analysis."""

import numpy as np


def center(X):
    """The samples minus their mean, and the mean: shapes (n, d) and (d,)."""
    ### BEGIN SOLUTION
    mean = X.mean(axis=0)
    return X - mean, mean
    ### END SOLUTION


def covariance(X):
    """The covariance matrix of the columns of X, divided by n - 1, shape (d, d)."""
    ### BEGIN SOLUTION
    centered, _ = center(X)
    return centered.T @ centered / (len(X) - 1)
    ### END SOLUTION


def components(X, k):
    """The k directions of the largest variance, and the variances along them, the largest first.

    Args:
        X: samples, shape (n, d).
        k: number of components, at most d.

    Returns:
        (directions, variances): rows of length 1, shape (k, d), and shape (k,). The sign of a direction is free.
    """
    ### BEGIN SOLUTION
    values, vectors = np.linalg.eigh(covariance(X))
    order = np.argsort(values)[::-1][:k]
    return vectors[:, order].T, values[order]
    ### END SOLUTION


def project(X, k):
    """Coordinates of the centered samples along the first k components, shape (n, k), up to their signs."""
    ### BEGIN SOLUTION
    directions, _ = components(X, k)
    return center(X)[0] @ directions.T
    ### END SOLUTION


def reconstruct(X, k):
    """The samples as their first k components describe them, shape (n, d)."""
    ### BEGIN SOLUTION
    directions, _ = components(X, k)
    centered, mean = center(X)
    return centered @ directions.T @ directions + mean
    ### END SOLUTION


def explained(X):
    """The share of the variance along each of the d components, the largest first; they sum to 1."""
    ### BEGIN SOLUTION
    _, variances = components(X, X.shape[1])
    return variances / np.sum(variances)
    ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)) + 3
    directions, variances = components(X, 2)
    print("variances", variances, "shares", explained(X))
    print("projected", project(X, 2).shape)
    print("error", np.mean((reconstruct(X, 2) - X) ** 2))
