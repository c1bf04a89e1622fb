"""Homework 10: a scikit-learn pipeline for tables with gaps."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build(C=1.0):
    """Median imputation, then standardisation, then logistic regression of strength C with at most 1000 iterations."""
    ### BEGIN SOLUTION
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=C, max_iter=1000))
    ### END SOLUTION


def cross_validated(X, y, C, folds):
    """The accuracies of the pipeline in each fold of a stratified cross-validation without shuffling.

    Args:
        X: samples, shape (n, d); NaN where a value is missing.
        y: labels, shape (n,).
        C: inverse strength of the penalty.
        folds: their number.
    """
    ### BEGIN SOLUTION
    return cross_val_score(build(C), X, y, cv=StratifiedKFold(folds))
    ### END SOLUTION


def choose(X, y, candidates):
    """The C among `candidates` with the best mean accuracy in 3 stratified folds, the first of equally good ones."""
    ### BEGIN SOLUTION
    search = GridSearchCV(build(), {"logisticregression__C": candidates}, cv=StratifiedKFold(3))
    search.fit(X, y)
    return search.best_params_["logisticregression__C"]
    ### END SOLUTION


def predict_unseen(X, y, X_new, C):
    """Labels of new samples, from a pipeline fitted to X and y."""
    ### BEGIN SOLUTION
    return build(C).fit(X, y).predict(X_new)
    ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    X = rng.normal(size=(60, 3)) + y[:, None]
    X[rng.random(X.shape) < 0.1] = np.nan
    print(build().steps)
    print(cross_validated(X, y, 1.0, 4), choose(X, y, [0.01, 0.1, 1.0]))
    print(predict_unseen(X, y, X[:5], 0.5))
