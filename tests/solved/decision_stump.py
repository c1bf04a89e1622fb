"""Homework 3: the decision stump, a tree with one question."""

import numpy as np


def gini(y):
    """The Gini impurity 1 - sum of p_c squared over the shares p_c of the labels; 0 for no labels."""
    ### BEGIN SOLUTION
    if len(y) == 0:
        return 0.0
    shares = np.bincount(y) / len(y)
    return float(1 - np.sum(shares**2))
    ### END SOLUTION


def split_impurity(x, y, threshold):
    """The impurities of the labels with x <= threshold and of the others, weighted by how many there are."""
    ### BEGIN SOLUTION
    left = x <= threshold
    return (left.sum() * gini(y[left]) + (~left).sum() * gini(y[~left])) / len(y)
    ### END SOLUTION


def thresholds(x):
    """The midpoints between neighbouring different values of x, in ascending order."""
    ### BEGIN SOLUTION
    values = np.unique(x)
    return (values[1:] + values[:-1]) / 2
    ### END SOLUTION


def majority(y):
    """The most frequent label; among equally frequent ones the smallest."""
    ### BEGIN SOLUTION
    return int(np.argmax(np.bincount(y)))
    ### END SOLUTION


class Stump:
    """Asks whether one feature is at most a threshold."""

    def __init__(self):
        self.feature = 0
        self.threshold = 0.0
        self.left = self.right = 0

    def fit(self, X, y):
        """Take the question of the lowest impurity: the first such feature, then the lowest threshold.

        Args:
            X: samples, shape (n, d).
            y: labels 0, 1, ..., shape (n,).

        Returns:
            The stump itself, with `feature`, `threshold`, and the majority labels `left` and `right`.
        """
        ### BEGIN SOLUTION
        best = np.inf
        for feature in range(X.shape[1]):
            for threshold in thresholds(X[:, feature]):
                impurity = split_impurity(X[:, feature], y, threshold)
                if impurity < best - 1e-12:
                    best = impurity
                    self.feature, self.threshold = feature, float(threshold)
        side = X[:, self.feature] <= self.threshold
        self.left, self.right = majority(y[side]), majority(y[~side])
        return self
        ### END SOLUTION

    def predict(self, X):
        """The label of each sample, shape (n,)."""
        ### BEGIN SOLUTION
        return np.where(X[:, self.feature] <= self.threshold, self.left, self.right)
        ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = (X[:, 1] > 0.3).astype(int) + (X[:, 0] > 1)
    stump = Stump().fit(X, y)
    print(stump.feature, stump.threshold, np.mean(stump.predict(X) == y))
    print(gini(y), split_impurity(X[:, 1], y, 0.3))
