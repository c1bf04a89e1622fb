"""Fits each step itself before predicting."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import cross_validate


def cross_validated(X, y, C, folds):
    return cross_validate(build(C), X, y, cv=folds, scoring="accuracy")["test_score"]


def predict_unseen(X, y, X_new, C):
    medians = np.nanmedian(X, axis=0)
    filled, unseen = np.where(np.isnan(X), medians, X), np.where(np.isnan(X_new), medians, X_new)
    mean, spread = filled.mean(axis=0), filled.std(axis=0)
    model = LogisticRegression(C=C, max_iter=1000).fit((filled - mean) / spread, y)
    return clone(model).fit((filled - mean) / spread, y).predict((unseen - mean) / spread)
