"""What a draft may ask: nothing that a right solution may do otherwise, and lengths that belong together."""

from __future__ import annotations

import random
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from test_new import CONFIG, made_from, written

from autograder import loader
from autograder.scaffold.disturbing import disturbed
from autograder.scaffold.docstrings import reproducible, settled
from autograder.scaffold.values import Axis

MODULE = """
import random
from numpy.random import default_rng
import numpy as np


def draw(seed):
    return default_rng(seed).random(), np.random.RandomState(seed).rand(), random.Random(seed).random()


def seeded(seed):
    np.random.seed(seed)
    return np.random.rand()


def vectors(A):
    return np.linalg.eigh(A)[1]


def first(x):
    return np.argmax(x)
"""


@pytest.fixture
def root(tmp_path) -> Path:
    """An empty course."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(CONFIG)
    return folder


@pytest.fixture
def module(tmp_path) -> ModuleType:
    """A module of a solution that draws, decomposes and looks for the largest."""
    file = tmp_path / "solution.py"
    file.write_text(MODULE)
    made = ModuleType("solution")
    exec(compile(MODULE, str(file), "exec"), vars(made))
    return made


def within(module: ModuleType, tmp_path: Path, work, *, ties: bool = False, seed: int = 3):
    """What a piece of work gives while the module is disturbed, and what it asked for random numbers."""
    drawn: list[str] = []
    with disturbed(tmp_path, [module], None, seed, ties=ties, drawn=drawn):
        return work(), drawn


class TestDisturbing:
    """Another right solution, played by the reference."""

    def test_generators_with_a_seed_draw_otherwise(self, module, tmp_path) -> None:
        """Under any name, a generator that is made inside draws other numbers, and the same ones for the same seed."""
        usual = module.draw(5), module.seeded(5)
        (other, again), drawn = within(module, tmp_path, lambda: (module.draw(5), module.draw(5)))
        assert other == again
        assert all(a != b for a, b in zip(other, usual[0], strict=True))
        assert {"default_rng", "RandomState", "Random"} <= set(drawn)
        assert within(module, tmp_path, lambda: module.seeded(5))[0] != usual[1]
        assert (module.draw(5), module.seeded(5)) == usual

    def test_what_draws_outside_stays(self, module, tmp_path) -> None:
        """A package that is called, such as scikit-learn, draws as always; types stay what they are."""
        found, drawn = within(
            module,
            tmp_path,
            lambda: (np.random.default_rng(5).random(), isinstance(random.Random(1), random.Random)),
        )
        assert found == (np.random.default_rng(5).random(), True)
        assert drawn == []

    def test_eigenvectors_have_either_sign(self, module, tmp_path) -> None:
        """Over some seeds, each vector comes with both signs, and is an eigenvector."""
        A = np.diag([1.0, 2.0, 3.0])
        signs = {
            tuple(np.sign(within(module, tmp_path, lambda: module.vectors(A), seed=s)[0].sum(axis=0)))
            for s in range(20)
        }
        assert len(signs) > 3

    def test_ties_have_another_winner(self, module, tmp_path) -> None:
        """Of equal entries the last counts, where that is asked for."""
        x = np.array([1.0, 4.0, 4.0])
        assert within(module, tmp_path, lambda: module.first(x), ties=True)[0] == 2
        assert within(module, tmp_path, lambda: module.first(x))[0] == module.first(x) == 1

    def test_everything_is_put_back(self, module, tmp_path) -> None:
        """Afterwards numpy, random and the module have their own functions again, also after an exception."""
        before = np.random.default_rng, np.linalg.eigh, np.argmax, random.Random, module.default_rng
        with pytest.raises(ZeroDivisionError):
            within(module, tmp_path, lambda: 1 / 0, ties=True)
        assert (np.random.default_rng, np.linalg.eigh, np.argmax, random.Random, module.default_rng) == before
        assert sys.modules["random"].Random is random.Random


class TestDocstrings:
    """Promises that make a difference."""

    def test_what_is_settled_or_reproducible(self) -> None:
        """Which of equal things counts, and that a seed fixes the answer, is read from the docstring or the class's."""
        source = textwrap.dedent('''
            def best(x):
                """The index of the largest; in a tie the smallest index."""


            def other(x):
                """The index of the largest."""


            class Model:
                """The same seed gives the same model."""

                def fit(self, X):
                    """Fit."""
            ''')
        assert settled({"a.py": source}) == {"best"}
        assert reproducible({"a.py": source}) == {"Model.fit"}


class TestTies:
    """Equal lengths that belong together, and those that do not."""

    def test_equal_by_chance(self, root) -> None:
        """The number of rows of a second argument, equal to that of columns in the example, varies on its own."""
        made_from(
            root,
            """
            import numpy as np

            def nearest(X, centers):
                ### BEGIN SOLUTION
                return np.argmin(((X[:, None] - centers[None]) ** 2).sum(axis=2), axis=1)
                ### END SOLUTION

            if __name__ == "__main__":
                rng = np.random.default_rng(0)
                nearest(rng.normal(size=(9, 3)), rng.normal(size=(3, 3)))
            """.replace("\n            ", "\n"),
        )
        text = written(root)
        assert "X = rng.normal(size=(n, d))" in text
        assert "centers = rng.normal(size=(c, d))" in text

    def test_what_is_cut_off_is_tied(self, root) -> None:
        """Two arguments that a loop takes side by side keep one length, though the longer one does no harm."""
        made_from(
            root,
            """
            import numpy as np

            def dot(a, b):
                ### BEGIN SOLUTION
                return sum(x * y for x, y in zip(a, b))
                ### END SOLUTION

            if __name__ == "__main__":
                dot(np.array([1.0, -2.0, 0.5]), np.array([-1.0, 2.0, 4.0]))
            """.replace("\n            ", "\n"),
        )
        text = written(root)
        assert "a = rng.normal(size=n)" in text or "a = rng.normal(scale=1.2, size=n)" in text
        assert "size=d" not in text

    def test_tags_keep_equal_lengths_apart(self) -> None:
        """A tagged length is no plain one, and equals another only with its tag."""
        assert Axis((3, 3), "a") != (3, 3)
        assert Axis((3, 3), "a") == Axis((3, 3), "a")
        assert Axis((3, 3), "a") != Axis((3, 3), "b")
        assert len({Axis((3,), "a"), (3,)}) == 2


class TestWritten:
    """What stands in the file."""

    def test_iterations_tell(self, root) -> None:
        """A number of iterations takes two values, at which the answers differ."""
        made_from(
            root,
            """
            def halve(x, n_steps):
                ### BEGIN SOLUTION
                for _ in range(n_steps):
                    x = x / 2
                return x
                ### END SOLUTION

            if __name__ == "__main__":
                halve(8.5, 100)
            """.replace("\n            ", "\n"),
        )
        assert "for n_steps in (5, 1, 5, 1):" in written(root)

    def test_what_only_the_solution_keeps_is_not_asked_for(self, root) -> None:
        """An attribute that begins as None and that no docstring names is the solution's own; others are compared."""
        made_from(
            root,
            '''
            class Doubler:
                """Doubles, and counts in `count`."""

                def __init__(self):
                    self.count = 0
                    self.cache = None

                def of(self, x):
                    """2 x."""
                    ### BEGIN SOLUTION
                    self.count += 1
                    self.cache = x
                    return 2 * x
                    ### END SOLUTION

            if __name__ == "__main__":
                Doubler().of(3.5)
            '''.replace("\n            ", "\n"),
        )
        text = written(root)
        assert "doubler.count" in text
        assert "cache" not in text

    def test_limits_are_measured(self, root) -> None:
        """The limits stand beside what the reference took."""
        text = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
        made_from(root, text + '\nif __name__ == "__main__":\n    double(1.5)\n')
        assert "# The reference takes " in written(root)
        limits = loader.load(root, "fresh").assignment.limits
        assert (limits.cpu_seconds, limits.wall_seconds) == (10, 40)
        assert 512 <= limits.memory_mib <= 2048
