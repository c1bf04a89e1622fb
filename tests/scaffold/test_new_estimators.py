"""Estimators whose `fit` returns the object: what is compared is what the call sets, under names that students read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_drafts import missed
from test_new import CONFIG, made_from, written

from autograder import loader
from autograder.scaffold.recorded_functions import shown_attributes

BAYES = '''
"""Gaussian naive Bayes."""

import numpy as np


class GaussianNB:
    """Gaussian naive Bayes with a variance floor."""

    def __init__(self, n_classes, floor=0.1):
        self.n_classes = n_classes
        self.floor = floor

    def fit(self, X, y):
        """Set means (k, d), variances (k, d) and priors (k,); return self."""
        ### BEGIN SOLUTION
        self.means = np.array([X[y == c].mean(axis=0) for c in range(self.n_classes)])
        self.variances = np.array([X[y == c].var(axis=0) for c in range(self.n_classes)]) + self.floor
        self.priors = np.bincount(y, minlength=self.n_classes) / len(y)
        return self
        ### END SOLUTION

    def log_joint(self, X):
        """log p(x, c) for each sample and class, shape (n, k)."""
        ### BEGIN SOLUTION
        d = X[:, None, :] - self.means[None]
        ll = -0.5 * (np.log(2 * np.pi * self.variances)[None] + d**2 / self.variances[None]).sum(axis=2)
        return ll + np.log(self.priors)[None]
        ### END SOLUTION

    def predict(self, X):
        """The likeliest class of each sample, shape (n,)."""
        ### BEGIN SOLUTION
        return self.log_joint(X).argmax(axis=1)
        ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.normal(size=(60, 2)) + 3 * y[:, None]
    model = GaussianNB(3).fit(X[:42], y[:42])
    print(model.predict(X[42:]), model.log_joint(X[:3]))
'''

RIDGE = '''
import numpy as np


class Ridge:
    """Least squares with a penalty."""

    def __init__(self, lam):
        self.lam = lam

    def fit(self, X, y):
        """Find the weights; return self."""
        ### BEGIN SOLUTION
        self.w_ = np.linalg.solve(X.T @ X + self.lam * np.eye(X.shape[1]), X.T @ y)
        return self
        ### END SOLUTION

    def predict(self, X):
        """X times the weights."""
        ### BEGIN SOLUTION
        return X @ self.w_
        ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    print(Ridge(0.1).fit(X, X[:, 0] + 0.5).predict(X[:2]))
'''


@pytest.fixture(scope="module")
def drafted(tmp_path_factory) -> Path:
    """A course with the drafts of both."""
    root = tmp_path_factory.mktemp("estimators") / "course"
    root.mkdir()
    (root / "grader_config.py").write_text(CONFIG)
    made_from(root, BAYES, "bayes")
    made_from(root, RIDGE, "ridge")
    return root


def lost(root: Path, name: str, folder: Path, *changes: tuple[str, str]) -> list[str]:
    """What the checks say, over three seeds, against the solution with some texts replaced."""
    loaded = loader.load(root, name)
    [file] = loaded.assignment.files
    text = (loaded.reference_folder / file).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / file).write_text(text)
    return [said for seed in range(3) for said in missed(root, name, folder, seed)]


IDLE = (
    "        self.means = np.array([X[y == c].mean",
    "        return self\n        self.means = np.array([X[y == c].mean",
)


@pytest.mark.long
class TestFit:
    """What `fit` sets."""

    def test_what_the_call_sets_is_compared(self, drafted, tmp_path) -> None:
        """Means, variances and priors are compared, not what the constructor set, so an idle `fit` passes no check."""
        text = written(drafted, "bayes")
        assert "(got.means, got.variances, got.priors)" in text
        assert "got.n_classes" not in text
        said = lost(drafted, "bayes", tmp_path, IDLE)
        checks = re.findall(r"^def (gaussian_nb_fit\w+)", text, re.MULTILINE)
        assert len(checks) > 1
        assert {each.partition(":")[0] for each in said} >= set(checks)

    @pytest.mark.parametrize(
        "change",
        [("/ len(y)", "/ (len(y) + 1)"), (".var(axis=0)", ".var(axis=0, ddof=1)"), (" + self.floor", "")],
    )
    def test_mistakes_in_fit_are_caught(self, change, drafted, tmp_path) -> None:
        """Each of the three attributes counts."""
        assert any("gaussian_nb_fit" in each for each in lost(drafted, "bayes", tmp_path, change))

    def test_the_solution_and_one_that_keeps_more_lose_nothing(self, drafted, tmp_path) -> None:
        """What a right solution keeps besides, for a later method, costs nothing."""
        assert lost(drafted, "bayes", tmp_path) == []
        more = ("        return self\n", "        self.log_priors = np.log(self.priors)\n        return self\n")
        assert lost(drafted, "bayes", tmp_path, more, ("+ np.log(self.priors)[None]", "+ self.log_priors")) == []

    def test_a_method_is_called_after_the_one_that_changed_the_object(self, drafted) -> None:
        """log_joint, which the example calls after predict, is checked after fit."""
        text = written(drafted, "bayes").partition("GaussianNB.log_joint ---")[2]
        assert "nb.fit(" in text
        assert "nb.predict(X)\n    answers.append(nb.log" not in text

    def test_other_settings_vary_after_fit_too(self, drafted) -> None:
        """A check with other settings of a method that is asked after fit makes objects with these settings."""
        checks = re.split(r"^(?=def )", written(drafted, "bayes"), flags=re.MULTILINE)
        others = [each for each in checks if re.match(r"def gaussian_nb_\w+_with_other_settings\w*\(", each)]
        assert any("log_joint" in each.partition("(")[0] for each in others)
        assert all("floor = rng.uniform(" in each and "GaussianNB(n_classes, floor)" in each for each in others)

    def test_names_that_students_do_not_read_are_not_compared(self, drafted, tmp_path) -> None:
        """Without a name for the weights there is a TODO instead of a check, and other names are right as well."""
        text = written(drafted, "ridge")
        assert "def ridge_fit" not in text
        assert "TODO: it changes w_, which neither a docstring nor the given code names" in text
        assert "w_" not in text.partition("assignment = ")[2].partition("TODO")[0]
        assert lost(drafted, "ridge", tmp_path, ("self.w_", "self.theta")) == []


@pytest.mark.parametrize(
    ("docstring", "named"),
    [
        ("Set means (k, d), variances (k, d) and priors (k,); return self.", True),
        ("Sets means and variances.", True),
        ("Afterwards `variances` are known.", True),
        ("Attributes: means, variances", True),
        ("Stores self.variances.", True),
        ("variances: shape (k, d)", True),
        ("Find the variances of each class.", False),
        ("Sets the variances.", False),
        ("Nothing.", False),
    ],
)
def test_a_docstring_names_attributes_as_identifiers(docstring, named) -> None:
    """An English word that is also the reference's name promises no attribute."""
    source = f'class Model:\n    def fit(self, X):\n        """{docstring}"""\n        self.ready = np.variances\n'
    assert ("variances" in shown_attributes("import numpy as np\n" + source, "m.py")) == named


def test_the_given_code_names_what_it_reads() -> None:
    """Attributes that are read outside of solutions are known; methods that are called, and solutions, say nothing."""
    source = (
        "import numpy as np\n\n\ndef f(model, X):\n    ### BEGIN SOLUTION\n    model.hidden\n    ### END SOLUTION\n\n\n"
        "print(f.weights, f.mean(), np.pi)\n"
    )
    assert shown_attributes(source, "m.py") == {"weights"}


BROADCASTING = """
import numpy as np


def residuals(X, y):
    ### BEGIN SOLUTION
    return X.sum(axis=1) - y
    ### END SOLUTION


if __name__ == "__main__":
    residuals(np.array([[0.5, 1.0, -2.0], [1.5, -0.3, 2.0]]), np.array([1.0, -2.0]))
"""


class TestBroadcasting:
    """Arrays that belong together."""

    def test_lengths_are_not_separated_by_broadcasting(self, tmp_path) -> None:
        """Of two samples there are two labels, although the reference would also take a single one."""
        (tmp_path / "grader_config.py").write_text(CONFIG)
        made_from(tmp_path, BROADCASTING)
        drawn = re.search(r"X = rng.\w+\(.*size=\((\w+), \w+\)\)\n +y = rng.\w+\(.*size=(\w+)\)", written(tmp_path))
        assert drawn
        assert drawn[1] == drawn[2]
        assert not drawn[1].isdigit()

    def test_data_to_train_with_and_to_ask_about_are_separate(self, drafted, tmp_path) -> None:
        """Samples and labels that fit gets are equally many, and predict gets other samples with as many features."""
        text = written(drafted, "ridge").partition("def ridge_predict_agrees")[2]
        fitted = re.search(
            r"X_fit = rng.*size=\((\w), (\w)\)\)\n +y = rng.*size=(\w)\)\n +X = .*size=\((\w), (\w)\)\)", text
        )
        assert fitted
        assert fitted[1] == fitted[3] != fitted[4]
        assert fitted[2] == fitted[5]
        assert "ridge.fit(X_fit, y)" in text
        strict = ("        self.w_ =", "        assert len(X) == len(y) > 0\n        self.w_ =")
        assert lost(drafted, "ridge", tmp_path, strict) == []


def test_no_class_is_left_empty(drafted) -> None:
    """Labels that had every class in the example have every class in each draw."""
    [line] = {line.strip() for line in written(drafted, "bayes").splitlines() if line.strip().startswith("y = rng.")}
    draw = re.fullmatch(r"y = (.*)", line)[1]
    for seed in range(100):
        labels = eval(draw, {"np": np, "rng": np.random.default_rng(seed), "n_classes": 3, "n": 4})
        assert len(labels) == 4
        assert set(labels) == {0, 1, 2}
