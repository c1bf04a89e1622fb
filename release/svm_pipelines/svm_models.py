"""Support vector machines and their baselines as scikit-learn estimators, and the searches for their settings.

Whatever is learned from samples (ranges of columns, principal components, the machine itself) is a step of one
`Pipeline`, so that a search by cross-validation learns it from the training part of each fold alone.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC, LinearSVC

COARSE_C = 2.0 ** np.arange(-7, 14, 2)  # 11 values, 2^-7 to 2^13
COARSE_GAMMA = 2.0 ** np.arange(-15, 4, 2)  # 10 values, 2^-15 to 2^3
FINE_C = 2.0 ** np.arange(-1, 3, 0.25)  # 16 values, 2^-1 to 2^2.75
FINE_GAMMA = 2.0 ** np.arange(-5, -1, 0.25)  # 16 values, 2^-5 to 2^-1.25


def pixels(images):
    """Images uint8 (n, 32, 32, 3) as rows of numbers in [0, 1], float32 (n, 3072). Given."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def rbf_pipeline(C=1.0, gamma=1.0):
    """A pipeline of two steps: `MinMaxScaler` (columns to [0, 1]), and `SVC` with the kernel exp(-gamma |x - z|^2)."""
    raise NotImplementedError("rbf_pipeline is not written yet")


def linear_pipeline(C=1.0, dual=False):
    """A pipeline of two steps: `MinMaxScaler`, and `LinearSVC` with that C, solved in the primal or in the dual."""
    raise NotImplementedError("linear_pipeline is not written yet")


def pca_pipeline(C=2.0**-11, variance=0.9):
    """A pipeline of two steps: the fewest components (`PCA`) that keep that share of the variance, and `LinearSVC`."""
    raise NotImplementedError("pca_pipeline is not written yet")


def neighbours(k=1):
    """The classifier by the majority of the k nearest training samples, unfitted."""
    raise NotImplementedError("neighbours is not written yet")


def centroid():
    """The classifier by the nearest of the means of the classes, unfitted."""
    raise NotImplementedError("centroid is not written yet")


def rbf_search(x, y, Cs=COARSE_C, gammas=COARSE_GAMMA, folds=5):
    """Search C and gamma of `rbf_pipeline` by cross-validation.

    Args:
        x: samples, (n, features).
        y: labels, (n,).
        Cs: values of C.
        gammas: values of gamma.
        folds: number of folds; stratified and not shuffled, as `GridSearchCV` makes them of a number.

    Returns:
        The `GridSearchCV`, fitted: all cells were tried, and the best pipeline was fitted again on all samples.
    """
    raise NotImplementedError("rbf_search is not written yet")


def linear_search(x, y, Cs, folds=5, dual=False):
    """Search C of `linear_pipeline` by cross-validation; returns the `GridSearchCV`, fitted, as `rbf_search` does."""
    raise NotImplementedError("linear_search is not written yet")


def pca_search(x, y, Cs, folds=5, variance=0.9):
    """Search C of `pca_pipeline` by cross-validation; returns the `GridSearchCV`, fitted, as `rbf_search` does."""
    raise NotImplementedError("pca_search is not written yet")


def score_table(search, Cs, gammas):
    """The mean scores of a fitted `rbf_search` as an array (len(Cs), len(gammas)), a row for each C.

    The order of `cv_results_` is that of its "params"; which setting a score belongs to is read there.
    """
    raise NotImplementedError("score_table is not written yet")


def ways_of_many_classes(train_x, train_y, x, C, gamma):
    """Train the RBF machine three ways, without a scaler, and classify x.

    "ovo": `SVC` with ``decision_function_shape="ovo"``; "ovr": the same with "ovr"; "rest": `OneVsRestClassifier` of an
    `SVC`, which really trains one machine for each class against all others.

    Returns:
        ``{"ovo": (labels, scores), "ovr": (labels, scores), "rest": (labels, scores)}``: labels (m,), and what
        `decision_function` gives, (m, k (k - 1) / 2), (m, k) and (m, k) for k classes.
    """
    raise NotImplementedError("ways_of_many_classes is not written yet")
