"""The checks of a draft come across all that the recorded calls came across: each branch, key, sign and empty list."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from test_new import written
from test_new_arguments import drafted, faults, root  # noqa: F401 (a fixture)

from autograder.assignment.interface import array_stated
from autograder.scaffold.cases import Case, Watch, cases_of_arguments

SMALL = """
    import numpy as np

    def count(d, key):
        "Count key in the dictionary d, in place."
        ### BEGIN SOLUTION
        d[key] = d.get(key, 0) + 1
        ### END SOLUTION

    def append_city(cities, name):
        "Appends name unless it is in there; returns the number of cities."
        ### BEGIN SOLUTION
        if name not in cities:
            cities.append(name)
        return len(cities)
        ### END SOLUTION

    def zero_negatives(a):
        "Set negative entries of the array a to zero, in place, and return a."
        ### BEGIN SOLUTION
        a[a < 0] = 0
        return a
        ### END SOLUTION

    def grade(points):
        "A letter."
        ### BEGIN SOLUTION
        if points < 0:
            return "?"
        return "A" if points > 90 else "B"
        ### END SOLUTION

    def mean(x):
        "Mean of a list, 0.0 for an empty one."
        ### BEGIN SOLUTION
        if not x:
            return 0.0
        return sum(x) / len(x)
        ### END SOLUTION

    if __name__ == "__main__":
        d = {}
        for word in "to be or not to be".split():
            count(d, word)
        cities = ["Bonn"]
        for city in ("Bonn", "Ulm"):
            append_city(cities, city)
        zero_negatives(np.array([1.0, -2.0, 3.0]))
        for points in (50, 91, -1):
            grade(points)
        mean([1.0, 2.5])
        mean([])
"""


@pytest.mark.long
def test_the_inputs_of_a_draft_come_across_all_that_the_recorded_calls_did(root) -> None:  # noqa: F811
    """Whatever the seed: a new key, a name that is not in the list, a branch that is drawn rarely, an empty list."""
    text = drafted(root, SMALL)
    assert "# TODO" not in text
    for seed in range(1, 5):
        assert faults(root, seed=seed) == []
        for right, wrong in [
            ("d[key] = d.get(key, 0) + 1", "d[key] += 1"),
            ("cities.append(name)", "pass"),
            ("if name not in cities:", "if False:"),
            ("if points < 0:", "if False:"),
            ("points > 90", "points > 91"),
            ("if not x:", "if False:"),
        ]:
            assert faults(root, (right, wrong), seed=seed), wrong


@pytest.mark.long
def test_the_public_example_shows_what_matters(root) -> None:  # noqa: F811
    """The example of a function that sets negative numbers to zero has one."""
    text = drafted(root, SMALL)
    example = text.partition("def zero_negatives_of_a_small_example")[2].partition("@question")[0]
    array = next(line for line in example.splitlines() if line.strip().startswith("a = "))
    assert "-" in array


def text_lines(course: Path) -> list[str]:
    """The lines of the reference in the course."""
    (file,) = (course / "reference" / "fresh").glob("*.py")
    return file.read_text().splitlines()


@pytest.mark.long
def test_a_branch_that_no_input_reaches_is_named(root) -> None:  # noqa: F811
    """Where a recorded call is too long to be typed and no draw comes to its line, a TODO quotes the line."""
    text = drafted(
        root,
        """
        import numpy as np

        def shift(x):
            "x without its mean, if that is large."
            ### BEGIN SOLUTION
            if x[0] == 0.125:
                x = x - x.mean()
            return 2 * x
            ### END SOLUTION

        if __name__ == "__main__":
            for first in (0.5, 0.125):
                x = np.random.default_rng(0).normal(size=200)
                x[0] = first
                shift(x)
        """,
    )
    said = " ".join(text.replace("#", "").split())
    line = text_lines(root).index("        x = x - x.mean()") + 1
    assert f"TODO: the example came to line {line} (`x = x - x.mean()`), and the drawn inputs of its checks" in said


@pytest.mark.long
def test_a_list_is_no_array_where_one_is_promised(root) -> None:  # noqa: F811
    """Where the docstring says array, the draft asks for one; where it says nothing, a list will do."""
    text = """
        import numpy as np

        def ends(x):
            "DOC"
            ### BEGIN SOLUTION
            return np.array([x[0], x[-1]])
            ### END SOLUTION

        if __name__ == "__main__":
            ends(np.random.default_rng(0).normal(size=8))
    """
    drafted(root, text.replace("DOC", "The first and the last entry, as an array."))
    change = ("np.array([x[0], x[-1]])", "[x[0], x[-1]]")
    assert faults(root) == []
    assert faults(root, change) == ["The type of ends(x) is 'list'; expected 'ndarray'."]


@pytest.mark.long
def test_a_list_is_as_good_as_an_array_where_none_is_promised(root) -> None:  # noqa: F811
    """The first and the last entry, no word of how."""
    text = """
        import numpy as np

        def ends(x):
            "The first and the last entry."
            ### BEGIN SOLUTION
            return np.array([x[0], x[-1]])
            ### END SOLUTION

        if __name__ == "__main__":
            ends(np.random.default_rng(0).normal(size=8))
    """
    drafted(root, text)
    assert faults(root, ("np.array([x[0], x[-1]])", "[x[0], x[-1]]")) == []
    assert "ndarray" not in written(root)


@pytest.mark.parametrize(
    ("said", "promised"),
    [
        ('"""An array of weights."""', True),
        ('"""Returns the weights as an array."""', True),
        ('"""Gives an (n, d) array."""', True),
        ('"""Returns: np.array of shape (n,)."""', True),
        ('"""Return the mean of the array a."""', False),
        ('"""Set negative entries of the array a to zero, and return a."""', False),
        ('"""Returns a list of arrays."""', False),
        ('"""Returns an array or a list."""', False),
        ("pass", False),
    ],
)
def test_a_docstring_that_promises_an_array(said, promised) -> None:
    """It says array of what comes back, and not of what is given or what is in a list."""
    (function,) = ast.parse(f"def f(a):\n    {said}\n").body
    assert array_stated(function) is promised


def test_what_arguments_are_like() -> None:
    """Signs, empty and repeated things, and whether one argument is in another."""
    found = cases_of_arguments({"a": np.array([1.0, -2.0]), "names": ["x", "x"], "name": "y", "d": {}, "k": 2})
    assert {case.said for case in found} == {
        "a has a negative number",
        "a has a positive number",
        "names holds something twice",
        "name is not in names",
        "k is not in names",
        "k has a positive number",
        "d is empty",
    }


def test_branches_of_a_call() -> None:
    """The two ways of an `if` and of a conditional expression are two cases; other watched functions do not count."""
    space: dict[str, object] = {}
    text = (
        "def other(x):\n    return 1 if x else 2\n\n"
        "def f(x):\n    y = 1 if x > 2 else other(x)\n    while y > 5:\n        y -= 1\n    return y\n"
    )
    exec(compile(text, "/tmp/watched.py", "exec"), space)
    watch = Watch(["watched.py"], ["f", "other"])

    def cases(x: int) -> set[Case]:
        found: set[Case] = set()
        with watch.watching("f", found):
            space["f"](x)
        return {case for case in found if case.line}

    assert cases(3) == cases(4)
    assert cases(3) != cases(1)
    assert {case.line for case in cases(3) ^ cases(1)} == {5}


KERNELS = '''
    import numpy as np

    def solve(K, t, rounds=50, tolerance=1e-12):
        """Solve K a = t by Gauss-Seidel.

        Args:
            K: symmetric, positive definite, (n, n).
            t: (n,).
            rounds: end at the latest after so many.
            tolerance: stop where nothing changes by more.
        """
        ### BEGIN SOLUTION
        a = np.zeros(len(t))
        for _ in range(1000 * rounds):
            old = a.copy()
            for n in range(len(t)):
                a[n] += (t[n] - K[:, n] @ a) / K[n, n]
            if abs(a - old).max() < tolerance:
                break
        return a
        ### END SOLUTION

    def loss(v, power=1):
        """The mean of v^power / power.

        Args:
            power: 1 or 2.
        """
        ### BEGIN SOLUTION
        return np.mean(v if power == 1 else v * v / 2)
        ### END SOLUTION

    def twice(v, power):
        "Twice the loss."
        ### BEGIN SOLUTION
        return 2 * loss(v, power)
        ### END SOLUTION

    def spread(scores, y, nu):
        "Scores (k, d), labels (n,) below k, nu (n, k): the sum of nu at each label."
        ### BEGIN SOLUTION
        picked = np.arange(len(scores)) == y[:, None]
        return scores.sum() + (nu * picked).sum()
        ### END SOLUTION

    if __name__ == "__main__":
        rng = np.random.default_rng(0)
        A = rng.normal(size=(5, 9))
        solve(A @ A.T, rng.normal(size=5))
        loss(np.array([0.5, 2.0, 1.5]), 2)
        twice(np.array([0.5, 2.0, 1.5]), 2)
        spread(rng.normal(size=(3, 4)), np.array([0, 1, 2, 1, 0]), rng.normal(size=(5, 3)))
'''
OTHER_WAYS = {
    "rows from the last on": (
        "in range(len(t)):\n            a[n] += (t[n] - K[:, n] @ a) / K[n, n]",
        "in reversed(range(len(t))):\n            a[n] += (t[n] - K[n] @ a) / K[n, n]",
    ),
    "powers": ("return np.mean(v if power == 1 else v * v / 2)", "return np.mean(v**power) / power"),
    "an index": ("return scores.sum() + (nu * picked).sum()", "return scores.sum() + nu[np.arange(len(y)), y].sum()"),
}


@pytest.mark.long
def test_what_arguments_have_in_common_is_kept(root) -> None:  # noqa: F811
    """Kernel matrices, one of few numbers, labels below the number of classes; the end of an iteration is not asked."""
    text = drafted(root, KERNELS)
    assert "np.cov(" in text
    assert "rounds" not in text
    assert faults(root) == []
    for way, (old, new) in OTHER_WAYS.items():
        assert faults(root, (old, new)) == [], way
