"""Steps with names of their own, and one function that searches all of them."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC, LinearSVC


def rbf_pipeline(C=1.0, gamma=1.0):
    return Pipeline([("minmax", MinMaxScaler()), ("svc", SVC(C=C, gamma=gamma))])


def linear_pipeline(C=1.0, dual=False):
    return Pipeline([("minmax", MinMaxScaler()), ("svc", LinearSVC(C=C, dual=dual))])


def pca_pipeline(C=2.0**-11, variance=0.9):
    return Pipeline([("reduce", PCA(n_components=variance)), ("svc", LinearSVC(C=C, dual=False))])


def searched(pipeline, x, y, folds, **values):
    grid = {f"svc__{name}": list(each) for name, each in values.items()}
    return GridSearchCV(estimator=pipeline, param_grid=grid, cv=folds).fit(x, y)


def rbf_search(x, y, Cs=2.0 ** np.arange(-7, 14, 2), gammas=2.0 ** np.arange(-15, 4, 2), folds=5):
    return searched(rbf_pipeline(), x, y, folds, C=Cs, gamma=gammas)


def linear_search(x, y, Cs, folds=5, dual=False):
    return searched(linear_pipeline(dual=dual), x, y, folds, C=Cs)


def pca_search(x, y, Cs, folds=5, variance=0.9):
    return searched(pca_pipeline(variance=variance), x, y, folds, C=Cs)


def score_table(search, Cs, gammas):
    table = np.zeros((len(Cs), len(gammas)))
    for setting, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"]):
        row, column = (next(v for k, v in setting.items() if k.endswith(f"__{name}")) for name in ("C", "gamma"))
        table[list(Cs).index(row), list(gammas).index(column)] = score
    return table


def ways_of_many_classes(train_x, train_y, x, C, gamma):
    found = {}
    for shape in ("ovo", "ovr"):
        machine = SVC(C=C, kernel="rbf", gamma=gamma, decision_function_shape=shape).fit(train_x, train_y)
        found[shape] = (machine.predict(x), machine.decision_function(x))
    rest = OneVsRestClassifier(SVC(C=C, gamma=gamma), n_jobs=None).fit(train_x, train_y)
    found["rest"] = (rest.predict(x), rest.decision_function(x))
    return found
