"""Homework 4: k-means clustering in numpy."""

import numpy as np


def squared_distances(X, centers):
    """Squared Euclidean distance of every sample to every center.

    Args:
        X: samples, shape (n, d).
        centers: shape (k, d).

    Returns:
        Array of shape (n, k).
    """
    ### BEGIN SOLUTION
    differences = X[:, None, :] - centers[None, :, :]
    return np.sum(differences**2, axis=2)
    ### END SOLUTION


def assign(X, centers):
    """The index of the nearest center of each sample, shape (n,)."""
    ### BEGIN SOLUTION
    return np.argmin(squared_distances(X, centers), axis=1)
    ### END SOLUTION


def update(X, labels, centers):
    """The mean of the samples of each cluster; a cluster without samples keeps its center.

    Returns:
        New centers, shape (k, d); `centers` stays as it is.
    """
    ### BEGIN SOLUTION
    new = centers.copy()
    for j in range(len(centers)):
        if np.any(labels == j):
            new[j] = X[labels == j].mean(axis=0)
    return new
    ### END SOLUTION


def inertia(X, centers, labels):
    """The sum over all samples of the squared distance to the center of their cluster."""
    ### BEGIN SOLUTION
    return float(np.sum((X - centers[labels]) ** 2))
    ### END SOLUTION


class KMeans:
    """Lloyd's algorithm: starts at k different samples, drawn at random.

    Args:
        k: number of clusters.
        max_iter: most rounds of assignment and update; it stops earlier when no center moves any more.
        seed: of the random numbers.
    """

    def __init__(self, k, max_iter=100, seed=0):
        self.k = k
        self.max_iter = max_iter
        self.seed = seed
        self.centers = None

    def fit(self, X):
        """Find the centers, shape (k, d), in `self.centers`; returns the labels of X, shape (n,)."""
        ### BEGIN SOLUTION
        rng = np.random.default_rng(self.seed)
        self.centers = X[rng.choice(len(X), size=self.k, replace=False)]
        for _ in range(self.max_iter):
            moved = update(X, assign(X, self.centers), self.centers)
            if np.allclose(moved, self.centers):
                break
            self.centers = moved
        return assign(X, self.centers)
        ### END SOLUTION

    def predict(self, X):
        """The index of the nearest center of each sample."""
        ### BEGIN SOLUTION
        return assign(X, self.centers)
        ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    means = np.array([[0.0, 0.0, 4.0], [5.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    X = np.concatenate([mean + rng.normal(size=(20, 3)) for mean in means])
    model = KMeans(k=3, seed=1)
    labels = model.fit(X)
    print("inertia", inertia(X, model.centers, labels))
    print("clusters", np.bincount(model.predict(X)))
