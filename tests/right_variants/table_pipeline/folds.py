"""Fits a pipeline in each fold itself."""

import numpy as np


def cross_validated(X, y, C, folds):
    scores = []
    for train, test in StratifiedKFold(n_splits=folds, shuffle=False).split(X, y):
        scores.append(float(np.mean(build(C).fit(X[train], y[train]).predict(X[test]) == y[test])))
    return scores


def choose(X, y, candidates):
    best, found = -1.0, None
    for C in candidates:
        mean = np.mean(cross_validated(X, y, C, 3))
        if mean > best + 1e-12:
            best, found = mean, C
    return found
