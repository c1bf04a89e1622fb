"""Judging scikit-learn estimators by their descriptions, and searches by their scores."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autograder.checks import estimator, fitted_in_folds, grid_scores, leakage_probe
from autograder.checks.errors import CheckFailed, InstructorError


def record(kind, *inner, fitted=False, **settings):
    """A description, as a submission's process would tell it."""
    return {"type": kind, "settings": settings, "fitted": fitted, "inner": tuple(inner)}


PIPELINE = record("Pipeline", ("scale", record("MinMaxScaler")), ("svm", record("SVC", C=2.0, kernel="rbf")))
RESULTS = {
    "params": [{"svm__C": 1.0}, {"svm__C": 4.0}],
    "mean_test_score": np.array([0.5, 0.75]),
    "split0_test_score": np.array([0.4, 0.7]),
    "split1_test_score": np.array([0.6, 0.8]),
}


def says(sentence):
    """A `CheckFailed` with exactly that sentence."""
    return pytest.raises(CheckFailed, match=f"^{re.escape(sentence)}$")


# --- estimators ---


def test_a_right_pipeline_passes():
    """Steps by type, any of several types, and settings of one step; a search has the pipeline inside."""
    search = estimator(record("GridSearchCV", ("estimator", PIPELINE), fitted=True), name="the search")
    search.is_a("GridSearchCV|RandomizedSearchCV").step("Pipeline").steps("StandardScaler|MinMaxScaler", "*SVC")
    search.step("SVC").has(C=2, kernel="rbf")


def test_steps_that_do_nothing_are_passed_over():
    """A passthrough counts neither as a step nor as fitted."""
    idle = {"type": "passthrough", "settings": {}, "fitted": True, "inner": ()}
    estimator(record("Pipeline", ("a", idle), ("b", record("PCA")))).steps("PCA").unfitted()


def test_steps_in_another_order_are_reported():
    """The sentence names those found and those expected."""
    with says("The steps of made are MinMaxScaler, SVC; expected PCA, LinearSVC or SVC, in this order."):
        estimator(PIPELINE, name="made").steps("PCA", "LinearSVC|SVC")


def test_a_step_too_few_is_reported():
    """The scaler is missing."""
    with says("The steps of made are SVC; expected MinMaxScaler, SVC, in this order."):
        estimator(record("Pipeline", ("svm", record("SVC"))), name="made").steps("MinMaxScaler", "SVC")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("SVC", "made is an SVC; expected Pipeline."),
        ("custom", "made is no estimator of scikit-learn's own; expected Pipeline"),
    ],
)
def test_what_is_no_pipeline_is_reported(kind, sentence):
    """By its type; classes of the submission's own are not believed to be anything."""
    with pytest.raises(CheckFailed, match=f"^{re.escape(sentence)}"):
        estimator(record(kind), name="made").steps("SVC")


def test_a_wrong_setting_is_reported():
    """With its type; a truth value is not a number."""
    with says("the step 'svm' of made has C=2; expected 4."):
        estimator(PIPELINE, name="made").step("SVC").has(C=4.0)
    with says("made has dual=1; expected True."):
        estimator(record("LinearSVC", dual=1), name="made").has(dual=True)
    with says("made has no plain parameter 'gamma'; expected gamma=1."):
        estimator(record("LinearSVC"), name="made").has(gamma=1)


def test_a_missing_step_is_reported():
    """With what is inside."""
    with says("made has no PCA (inside it: MinMaxScaler, SVC)."):
        estimator(PIPELINE, name="made").step("PCA")


def test_a_fitted_step_is_reported():
    """By its name."""
    made = record("Pipeline", ("scale", record("MinMaxScaler", fitted=True)), ("svm", record("SVC")))
    with says("the step 'scale' of made was fitted already; return it as it was made."):
        estimator(made, name="made").unfitted()


@pytest.mark.parametrize(
    "value",
    [
        3,
        None,
        {},
        {**PIPELINE, "type": "<b>"},
        {**PIPELINE, "fitted": "yes"},
        {**PIPELINE, "inner": ((1, PIPELINE),)},
        {**PIPELINE, "inner": 7},
        {**PIPELINE, "settings": [1]},
    ],
)
def test_what_is_no_description_is_a_sentence(value):
    """A submission's process may tell anything."""
    with says("made gave no readable description; it must be a scikit-learn estimator."):
        estimator(value, name="made")


def test_a_description_that_is_too_deep_is_a_sentence():
    """Nested without end."""
    deep = record("SVC")
    for _ in range(30):
        deep = record("Pipeline", ("inner", deep))
    with pytest.raises(CheckFailed, match="no readable description"):
        estimator(deep)


# --- scores ---


def test_scores_come_in_the_order_that_was_asked_for():
    """Whatever the order of the candidates."""
    assert grid_scores(RESULTS, ("C", [4.0, 1.0])).tolist() == [0.75, 0.5]


@pytest.mark.parametrize("key", ["model__ridge__alpha", "ridge__alpha", "alpha"])
def test_a_parameter_is_named_with_or_without_its_steps(key):
    """The whole key of `cv_results_`, and any end of it, mean the same parameter."""
    params = [{"model__ridge__alpha": 1.0, "model__pca__k": 2}, {"model__ridge__alpha": 4.0, "model__pca__k": 2}]
    assert grid_scores({**RESULTS, "params": params}, (key, [4.0, 1.0])).tolist() == [0.75, 0.5]


def test_a_whole_key_goes_before_the_end_of_another():
    """Where one parameter's key is the end of another one's, the key itself is meant."""
    params = [{"C": 1.0, "svm__C": 4.0}, {"C": 4.0, "svm__C": 1.0}]
    assert grid_scores({**RESULTS, "params": params}, ("C", [4.0, 1.0])).tolist() == [0.75, 0.5]
    with says("A candidate of cv_results_ has no number for 'lpha'; search over it."):
        grid_scores({**RESULTS, "params": [{"alpha": 1.0}, {"alpha": 4.0}]}, ("lpha", [4.0, 1.0]))


@pytest.mark.parametrize(
    ("change", "values", "sentence"),
    [
        ({}, [1.0, 4.0, 9.0], "cv_results_ has no score for C=9 (1 of 3 cells are missing)."),
        ({}, [1.0], "cv_results_ holds a candidate with C=4, which is not in the grid."),
        ({"params": [{"C": 1.0}, {"C": 1}]}, [1.0, 4.0], "cv_results_ holds C=1 twice."),
        (
            {"params": [{"C": 1.0}, {"k": 1}]},
            [1.0],
            "A candidate of cv_results_ has no number for 'C'; search over it.",
        ),
        (
            {"mean_test_score": np.array([0.5, np.nan])},
            [1.0, 4.0],
            "A score in cv_results_ is NaN or infinite: a fit failed.",
        ),
        (
            {"split1_test_score": [0.6]},
            [1.0, 4.0],
            "The scores in cv_results_ must be one number for each of 2 candidates.",
        ),
        ({"params": [1, 2]}, [1.0, 4.0], "'params' of cv_results_ must hold dictionaries."),
        (
            {"params": None},
            [1.0],
            "cv_results_ lacks 'params' or the scores of the folds; it must come from a fitted search.",
        ),
    ],
)
def test_wrong_results_are_reported(change, values, sentence):
    """Cells that are missing, foreign or twice there; scores that are none."""
    with says(sentence):
        grid_scores({**RESULTS, **change}, ("C", values))


def test_results_that_are_no_dictionary_are_reported():
    """A search that was not fitted has none."""
    with says("cv_results_ is no dictionary; it must come from a fitted search."):
        grid_scores(None, ("C", [1.0]))


def test_a_mean_that_is_not_that_of_the_folds_is_reported():
    """Means are not believed without the folds."""
    with pytest.raises(CheckFailed, match=r"mean_test_score of cv_results_\[1\] is 0.9; expected 0.75"):
        grid_scores({**RESULTS, "mean_test_score": [0.5, 0.9]}, ("C", [1.0, 4.0]))


# --- leakage ---


def test_the_probe_tells_the_classes_apart_but_for_one_sample():
    """The first column does, and one sample lies far out."""
    x, y = leakage_probe(np.random.default_rng(3))
    assert np.mean((x[:, 0] > 0) == y) > 0.99
    assert np.sum(np.abs(x).max(axis=1) > 1e5) == 1
    assert np.bincount(y).tolist() == [100, 100]


def test_a_probe_that_is_too_small_is_refused():
    """Few samples would let chance look like a right fold."""
    with pytest.raises(InstructorError, match="at least 100 samples and 2 columns"):
        leakage_probe(np.random.default_rng(0), samples=20)


def test_one_good_fold_shows_that_nothing_has_leaked():
    """The one that leaves the outlier out."""
    fitted_in_folds({**RESULTS, "split1_test_score": [0.5, 0.975]})


def test_no_good_fold_is_a_leak():
    """All of them near chance."""
    with says(
        "On data with one sample far out, no fold of rbf_search has a score above 0.8: a scaler, a PCA or the like was "
        "fitted on all samples, outside the folds. Make it a step of the pipeline."
    ):
        fitted_in_folds(RESULTS, name="rbf_search")
