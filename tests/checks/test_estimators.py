"""What is reported of scikit-learn estimators, in this process and in a sandbox."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks import estimator
from autograder.checks.errors import StudentError
from autograder.checks.inspection.estimators import describe
from autograder.checks.local.student import LocalStudent
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not

pytest.importorskip("sklearn")

from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

HOMEWORK = """
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def made():
    return Pipeline([("scale", StandardScaler()), ("svm", SVC(C=2.0))])


class Other:
    pass


def other():
    return Other()


def plain():
    return 3
"""
LIMITS = Limits(wall_seconds=60, cpu_seconds=30, memory_mib=2048)
INTERFACE = Interface((ModuleInterface("hw.py", ("made", "other", "plain"), {}, ()),))


def test_a_search_over_a_pipeline_is_reported_with_all_inside():
    """Types, settings and names, from the search to the last step."""
    data = describe(GridSearchCV(Pipeline([("pca", PCA(0.9)), ("svm", LinearSVC(C=np.float64(2)))]), {"svm__C": [1]}))
    (name, pipeline), *others = data["inner"]

    assert (data["type"], name, others) == ("GridSearchCV", "estimator", [])
    assert [(name, step["type"]) for name, step in pipeline["inner"]] == [("pca", "PCA"), ("svm", "LinearSVC")]
    assert pipeline["inner"][0][1]["settings"]["n_components"] == 0.9
    assert type(pipeline["inner"][1][1]["settings"]["C"]) is float


def test_parts_of_unions_and_columns_are_reported():
    """As those of a pipeline; what is passed through does nothing."""
    union = FeatureUnion([("pca", PCA()), ("same", "passthrough")])
    columns = ColumnTransformer([("scale", StandardScaler(), [0]), ("rest", "drop", [1])])
    kinds = [[each["type"] for _, each in describe(made)["inner"]] for made in (union, columns)]

    assert kinds == [["PCA", "passthrough"], ["StandardScaler", "passthrough"]]


def test_what_an_ensemble_holds_is_reported():
    """Its `estimator`."""
    estimator(describe(OneVsRestClassifier(SVC(C=3.0)))).step("SVC").has(C=3.0)


def test_whether_it_was_fitted_is_reported():
    """By the attributes that fitting makes; constructing makes none."""
    pipeline = make_pipeline(StandardScaler(), SVC())
    estimator(describe(pipeline)).unfitted()
    pipeline.fit([[0.0], [1.0]], [0, 1])

    assert [step["fitted"] for _, step in describe(pipeline)["inner"]] == [True, True]


def test_a_class_of_ones_own_is_custom_whatever_it_is_called():
    """Also if it borrows the name of scikit-learn's module."""
    imposter = type("SVC", (SVC,), {"__module__": "sklearn.svm._classes"})

    assert describe(imposter())["type"] == "custom"


@pytest.mark.parametrize("value", [3, "SVC", SVC, None])
def test_what_is_no_estimator_is_refused(value):
    """Numbers, texts and classes."""
    with pytest.raises(TypeError, match="expected a scikit-learn estimator, not a"):
        describe(value)


def test_an_estimator_inside_itself_is_refused():
    """It would have no end."""
    circle = Pipeline([("a", PCA())])
    circle.steps.append(("b", circle))
    with pytest.raises(ValueError, match="too many others"):
        describe(circle)


@pytest.fixture(params=["in a sandbox", "in this process"])
def student(request, tmp_path):
    """The stand-in for the submission, of either kind."""
    folder = tmp_path / "staged"
    folder.mkdir(mode=0o755)
    (folder / "hw.py").write_text(HOMEWORK)
    if request.param == "in this process":
        yield LocalStudent(folder, INTERFACE.names)
        return
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with (
        start("bubblewrap", preload=("numpy", "sklearn.svm", "sklearn.pipeline")) as started,
        contextlib.closing(started.open(Request(folder, LIMITS))) as session,
    ):
        yield RemoteStudent(session, INTERFACE, LIMITS, (), folder)


def test_the_estimator_stays_inside_and_its_description_comes_out(student):
    """It can be judged, and still be fitted and used; anything but an estimator is refused in a sentence."""
    made = student.made()
    estimator(student.estimator_of(made), name="made").unfitted().steps("StandardScaler", "SVC").step("SVC").has(C=2.0)
    assert np.asarray(made.fit([[0.0], [1.0]], [0, 1]).predict([[0.9]])).tolist() == [1]
    with pytest.raises(StudentError, match="Expected a scikit-learn estimator, to look at its steps"):
        student.estimator_of(student.plain())
    with pytest.raises(StudentError, match="expected a scikit-learn estimator, not a Other"):
        student.estimator_of(student.other())
