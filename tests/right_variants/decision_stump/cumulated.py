"""Counts on the left side grow sample by sample."""

import numpy as np


def gini(y):
    n = len(y)
    return 0.0 if n == 0 else sum(np.mean(y == c) * (1 - np.mean(y == c)) for c in set(np.asarray(y).tolist()))


def majority(y):
    labels, counts = np.unique(y, return_counts=True)
    return labels[counts == counts.max()].min()


class Stump:
    def fit(self, X, y):
        best, n, c = None, len(y), y.max() + 1
        for j in range(X.shape[1]):
            order = np.argsort(X[:, j], kind="stable")
            left, right = np.zeros(c), np.bincount(y, minlength=c).astype(float)
            for place in range(n - 1):
                label = y[order[place]]
                left[label] += 1
                right[label] -= 1
                here, after = X[order[place], j], X[order[place + 1], j]
                if here == after:
                    continue
                cost = left.sum() - (left**2).sum() / left.sum() + right.sum() - (right**2).sum() / right.sum()
                if best is None or cost < best[0] - 1e-9:
                    best = cost, j, (here + after) / 2
        _, self.feature, self.threshold = best
        go = X[:, self.feature] <= self.threshold
        self.left, self.right = majority(y[go]), majority(y[~go])
        return self
