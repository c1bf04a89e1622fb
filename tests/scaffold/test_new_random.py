"""Drafts of functions that draw: generators as arguments, and properties that a wrong solution does not have."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_drafts import missed
from test_new import CONFIG, made_from, written

from autograder import loader
from autograder.scaffold import Recipe, start_from
from autograder.scaffold.inputs import Inputs
from autograder.scaffold.values import describe, merge

pytestmark = pytest.mark.long

RANDOM = '''
"""Functions that draw."""

import random

import numpy as np


def shuffled(x, rng):
    """The entries of x in a random order."""
    ### BEGIN SOLUTION
    return x[rng.permutation(len(x))]
    ### END SOLUTION


def shuffled_pairs(X, y, generator):
    """The samples and their labels in one random order."""
    ### BEGIN SOLUTION
    order = generator.permutation(len(X))
    return X[order], y[order]
    ### END SOLUTION


def noisy(x, random_state):
    """x with normal noise."""
    ### BEGIN SOLUTION
    return x + random_state.normal(size=len(x))
    ### END SOLUTION


def pick(words, rng):
    """One of the words."""
    ### BEGIN SOLUTION
    return rng.choice(words)
    ### END SOLUTION


def split(X, y, share, seed=0):
    """A random training and test set: (X_train, X_test, y_train, y_test), a share of the samples in the test set."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(len(X))
    count = int(round(share * len(X)))
    test, train = order[:count], order[count:]
    return X[train], X[test], y[train], y[test]
    ### END SOLUTION


def bootstrap(x, rng):
    """As many entries of x, drawn with replacement."""
    ### BEGIN SOLUTION
    return rng.choice(x, size=len(x))
    ### END SOLUTION


def folds(n, k, seed=0):
    """The numbers 0 to n - 1, in k random parts of nearly equal size, as lists."""
    ### BEGIN SOLUTION
    return [part.tolist() for part in np.array_split(np.random.default_rng(seed).permutation(n), k)]
    ### END SOLUTION


def thirds(x, seed=None):
    """Every entry drawn from -1, 0 and 1, as many as x has."""
    ### BEGIN SOLUTION
    return np.random.default_rng(seed).integers(-1, 2, size=len(x))
    ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.integers(2, size=20)
    shuffled(X[:, 0], rng)
    shuffled_pairs(X, y, rng)
    noisy(X[:, 0], np.random.RandomState(3))
    pick(["heads", "tails"], random.Random(1))
    split(X, y, 0.25)
    bootstrap(X[:, 0], rng)
    folds(20, 4)
    thirds(X[:, 0])
'''
WRONG = {
    "shuffled": ("return x[rng.permutation(len(x))]", ("return x", "return x[rng.integers(len(x), size=len(x))]")),
    "shuffled_pairs": ("return X[order], y[order]", ("return X[order], y", "return X, y")),
    "noisy": (
        "random_state.normal(",
        ("0 * random_state.normal(", "random_state.uniform(0, 1, ", "3 * random_state.normal("),
    ),
    "split": ("y[train], y[test]", ("y[:len(train)], y[len(train):]", "y[test], y[train]")),
    "split ": (
        "test, train = order[:count], order[count:]",
        (
            "test, train = order[:count], order",
            "train, test = order[:count], order[count:]",
            "test, train = np.arange(count), np.arange(count, len(X))",
        ),
    ),
    "bootstrap": (
        "rng.choice(x, size=len(x))",
        ("x", "rng.choice(x, size=len(x), replace=False)", "rng.permuted(x) + 0.5", "x[:1].repeat(len(x))"),
    ),
    "folds": (
        "np.random.default_rng(seed).permutation(n)",
        ("np.arange(n)", "np.random.default_rng(seed).integers(n, size=n)"),
    ),
    "folds ": ("n), k)", ("n), k + 1)",)),
    "thirds": ("integers(-1, 2,", ("integers(0, 2,", "integers(-1, 1,", "integers(0, 1,", "integers(-2, 3,")),
}


@pytest.fixture(scope="module")
def drafted(tmp_path_factory) -> Path:
    """A course with a draft of the functions that draw."""
    folder = tmp_path_factory.mktemp("drawing") / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(CONFIG)
    made_from(folder, RANDOM, "drawing")
    return folder


class TestGenerators:
    """An argument that was a generator is a generator in the checks."""

    def test_checks_hand_over_generators(self, drafted) -> None:
        """Each kind of generator is made as the kind that was recorded, under any name of the argument."""
        text = written(drafted, "drawing")
        for call in (
            "module.shuffled(x, rng)",
            "module.shuffled_pairs(X, y, rng)",
            "module.noisy(x, np.random.RandomState(seed))",
            "module.bootstrap(x, np.random.default_rng(seed))",
        ):
            assert call in text
        assert "cannot make its argument" not in text

    def test_text_that_is_drawn_gets_no_check(self, drafted) -> None:
        """What was drawn and has no property that can be checked stands as a TODO, and no example shows its numbers."""
        text = written(drafted, "drawing")
        assert "# TODO: its result is random, and no check of it was found; write one." in text
        assert "pick_of_a_small_example" not in text

    def test_an_argument_may_be_called_like_what_checks_use(self, tmp_path) -> None:
        """Arguments named rng, want, close or np are given, and the check's own names keep their meaning."""
        root = tmp_path / "course"
        root.mkdir()
        (root / "grader_config.py").write_text(CONFIG)
        made_from(
            root,
            "def odd(rng, want, close, np, answers):\n    ### BEGIN SOLUTION\n"
            "    return rng + want * close[0] - np + len(answers)\n    ### END SOLUTION\n\n"
            'if __name__ == "__main__":\n    import numpy\n'
            "    odd(3, 1.5, numpy.array([1.0, -2.0]), numpy.array([1.0, -2.0, 0.5]), 'ab')\n",
        )
        text = written(root)
        assert "student.odd(given_rng, given_want, given_close, given_np, given_answers)" in text
        loaded = loader.load(root, "fresh")
        assert missed(root, "fresh", loaded.reference_folder, 3) == []


class TestProperties:
    """A wrong solution of the right shape passes no draft."""

    def test_the_reference_passes(self, drafted) -> None:
        """The reference passes its draft under several seeds."""
        folder = loader.load(drafted, "drawing").reference_folder
        for seed in (1, 2, 3):
            assert missed(drafted, "drawing", folder, seed) == []

    @pytest.mark.parametrize("name", WRONG)
    def test_mistakes_are_noticed(self, name, drafted, tmp_path) -> None:
        """Draws that are none, of another distribution, or that tear samples and labels apart are noticed."""
        right, others = WRONG[name]
        loaded = loader.load(drafted, "drawing")
        file = loaded.assignment.files[0]
        source = (loaded.reference_folder / file).read_text()
        start = source.index(f"def {name.strip()}(")
        end = source.index("### END", start)
        assert right in source[start:end]
        for place, other in enumerate(others):
            folder = tmp_path / str(place)
            folder.mkdir()
            (folder / file).write_text(source[:start] + source[start:end].replace(right, other) + source[end:])
            found = [missed(drafted, "drawing", folder, seed) for seed in (1, 2)]
            assert all(any(each.startswith(name.strip()) for each in some) for some in found), other

    def test_no_check_of_a_few_numbers_by_their_spread_alone(self, drafted) -> None:
        """A check of one answer with a few numbers never rests on their shape alone without a TODO beside it."""
        assert "is_random_in_the_right_way" not in written(drafted, "drawing")


class TestFiles:
    """What is beside a solution and is read by it."""

    @pytest.fixture
    def solved(self, tmp_path) -> Path:
        """A folder with a solution, the files that it reads, and one that nothing reads."""
        folder = tmp_path / "solved"
        (folder / "data").mkdir(parents=True)
        (folder / "points.csv").write_text("1,2\n3,4\n")
        (folder / "params.json").write_text('{"alpha": 0.5}')
        (folder / "data" / "more.txt").write_text("1 2 3\n")
        (folder / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
        (folder / "secret.txt").write_text("nobody reads this")
        (folder / "reads.py").write_text(
            "import json\nfrom pathlib import Path\n\nimport numpy as np\nfrom helper import twice\n\n\n"
            "def points():\n    ### BEGIN SOLUTION\n    return np.loadtxt('points.csv', delimiter=',')\n"
            "    ### END SOLUTION\n\n\n"
            "def scaled(x):\n    ### BEGIN SOLUTION\n"
            "    alpha = json.loads(Path('params.json').read_text())['alpha']\n"
            "    return twice(x) * alpha + np.loadtxt('data/more.txt')[0]\n"
            "    ### END SOLUTION\n\n\n"
            'if __name__ == "__main__":\n    print(points(), scaled(3.0))\n'
        )
        return folder

    @pytest.fixture
    def root(self, tmp_path) -> Path:
        """An empty course."""
        folder = tmp_path / "course"
        folder.mkdir()
        (folder / "grader_config.py").write_text(CONFIG)
        return folder

    def notebook(self, folder: Path) -> Path:
        """The same solution as a notebook."""
        code, example = (folder / "reads.py").read_text().split('if __name__ == "__main__":\n')
        cells = [*code.strip().split("\n\n\n"), example.strip()]
        made = [
            {
                "cell_type": "code",
                "id": f"c{place}",
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "source": cell,
            }
            for place, cell in enumerate(cells)
        ]
        path = folder / "reads.ipynb"
        path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return path

    @pytest.mark.parametrize("kind", ["py", "ipynb"])
    def test_files_that_are_read_are_given(self, kind, root, solved) -> None:
        """Data that is opened and modules that are imported are copied and handed out, from a module and a notebook."""
        source = self.notebook(solved) if kind == "ipynb" else solved / "reads.py"
        if kind == "ipynb":
            (solved / "reads.py").unlink()
        start_from(root, "fresh", Recipe(source, seconds=20))
        names = ["data/more.txt", "helper.py", "params.json", "points.csv"]
        assert f"given={json.dumps(names)}" in written(root)
        assert all((root / "reference" / "fresh" / name).is_file() for name in names)
        assert not (root / "reference" / "fresh" / "secret.txt").exists()
        loaded = loader.load(root, "fresh")
        assert set(names) <= {*loaded.assignment.given, *loaded.assignment.extra_files}

    def test_what_is_too_large_is_not_given(self, root, solved, monkeypatch) -> None:
        """Files that are too large to be handed out are a TODO that names them."""
        monkeypatch.setattr("autograder.scaffold.start.MOST_GIVEN_MIB", 1e-5)
        start_from(root, "fresh", Recipe(solved / "reads.py", seconds=20))
        assert "given=" not in written(root)
        reported = " ".join(written(root).replace("#", "").split())
        assert re.search(r"- The reference reads 0 MiB beside it \(data/more.txt, .*declare a Dataset", reported)

    def test_limits_of_a_notebook_leave_time_after_an_endless_cell(self, root, solved) -> None:
        """A cell has ten times what all cells took, and two endless cells leave the time of the others."""
        start_from(root, "fresh", Recipe(self.notebook(solved), seconds=20))
        assignment = loader.load(root, "fresh").assignment
        assert assignment.cell_seconds >= 5
        assert assignment.limits.cpu_seconds >= 3 * assignment.cell_seconds
        assert assignment.limits.wall_seconds >= 4 * assignment.limits.cpu_seconds
        assert "Its cells take " in written(root)


def test_gaps_are_always_there() -> None:
    """Where a recorded array, column or list had gaps, each drawn one of more than one entry has some."""
    pandas = pytest.importorskip("pandas", reason="tables are pandas', which the toolkit does not need")
    table = pandas.DataFrame({"a": [1.0, np.nan, 2.0, 3.0], "b": ["x", None, "y", "x"]})
    given = {"x": np.array([[1.0, np.nan], [2.0, 3.0], [0.5, 1.5]]), "table": table}
    specs = {name: describe(value, lambda _: False) for name, value in given.items()}
    inputs = Inputs({name: merge(spec, spec) for name, spec in specs.items()})
    assert set(inputs.columns) == {"n", "d", "c"}
    for size in (2, 3, 7, 12):
        for seed in range(30):
            space = {"np": np, "pd": pandas, "rng": np.random.default_rng(seed)} | dict.fromkeys(inputs.columns, size)
            x, frame = (eval(inputs.expression(name, spec), space) for name, spec in inputs.given.items())
            assert np.isnan(x).any()
            assert frame["a"].isna().any()
            assert frame["b"].isna().any()
