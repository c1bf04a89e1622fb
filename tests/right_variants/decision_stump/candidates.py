"""All questions in a list, of which the lowest is taken."""

import numpy as np


def split_impurity(x, y, threshold):
    total = 0.0
    for part in (y[x <= threshold], y[x > threshold]):
        total += len(part) / len(y) * gini(part)
    return total


class Stump:
    def fit(self, X, y):
        asked = [(j, t) for j in range(X.shape[1]) for t in thresholds(X[:, j])]
        costs = np.array([split_impurity(X[:, j], y, t) for j, t in asked])
        j, t = asked[int(np.flatnonzero(costs <= costs.min() + 1e-12)[0])]
        self.feature, self.threshold = int(j), float(t)
        left = X[:, j] <= t
        self.left, self.right = majority(y[left]), majority(y[np.logical_not(left)])
        return self
