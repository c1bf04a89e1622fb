"""Settings given afterwards by `set_params`; grids as arrays; the table of scores by sorting."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC, LinearSVC


def rbf_pipeline(C=1.0, gamma=1.0):
    pipeline = Pipeline(steps=[("scale", MinMaxScaler()), ("svm", SVC())])
    return pipeline.set_params(svm__C=C, svm__gamma=gamma)


def linear_pipeline(C=1.0, dual=False):
    machine = LinearSVC(dual=dual)
    machine.C = C
    return Pipeline([("scale", MinMaxScaler(feature_range=(0, 1))), ("svm", machine)])


def pca_pipeline(C=2.0**-11, variance=0.9):
    return Pipeline([("pca", PCA(variance)), ("svm", LinearSVC(dual=False, C=C))])


def neighbours(k=1):
    return KNeighborsClassifier(k)


def centroid():
    return NearestCentroid(metric="euclidean")


def rbf_search(x, y, Cs=COARSE_C, gammas=COARSE_GAMMA, folds=5):
    grid = {"svm__gamma": np.asarray(gammas), "svm__C": np.asarray(Cs)}
    search = GridSearchCV(rbf_pipeline(), grid, cv=StratifiedKFold(folds))
    search.fit(x, y)
    return search


def score_table(search, Cs, gammas):
    results = search.cv_results_
    known = {}
    for setting, score in zip(results["params"], results["mean_test_score"]):
        known[setting["svm__C"], setting["svm__gamma"]] = score
    return np.array([[known[C, gamma] for gamma in gammas] for C in Cs])
