"""A tiny solved assignment to begin with: one function, one public check, one hidden one."""

from __future__ import annotations

__all__ = ["ASSIGNMENT", "HANDOUT", "OPEN", "REFERENCE"]

OPEN = "TODO: say here what this is about."
"""What the instructor writes in the handout before it can be released."""

REFERENCE = '''\
"""{title}: replace this by your own solved code."""

import numpy as np


def standardize(X):
    """Shift and scale each column of X to mean 0 and standard deviation 1; a constant column becomes 0.

    Args:
        X: samples, shape (n, d).

    Returns:
        Array of shape (n, d).
    """
    ### BEGIN SOLUTION
    spread = X.std(axis=0)  # (d,)
    return (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    ### END SOLUTION


if __name__ == "__main__":
    print(standardize(np.random.default_rng(0).normal(5, 2, size=(6, 3))))
'''

ASSIGNMENT = '''\
"""{title}."""

from __future__ import annotations

import numpy as np

from autograder import Assignment
from autograder.checks import close

assignment = Assignment("{title}", files=["{module}.py"])
question_a = assignment.question("Standardize the samples", id="a", solution=["standardize"])


@question_a.check(points=1)
def columns_of_a_small_example(student):
    """On a small example, with a constant column, standardize returns the expected answer."""
    X = np.array([[1.0, 5.0], [3.0, 5.0]])
    close(student.standardize(X), [[-1.0, 0.0], [1.0, 0.0]], name="standardize(X)")


@question_a.check(points=2, hidden=True, hint="The mean and the spread are those of each column.")
def standardize_agrees_with_the_reference(student, reference, rng):
    """On random samples of several sizes, standardize returns the expected answer."""
    for n, d in [(7, 5), (4, 6), (12, 3)]:
        X = rng.normal(3, 2, size=(n, d))
        close(student.standardize(X), reference.standardize(X), name="standardize(X)", rtol=1e-4, atol=1e-6)
'''

HANDOUT = """\
# {title}

TODO: say here what this is about.

You write what is missing in `{module}.py`, and hand it in. Keep the names, the arguments and what is returned.

## (a) `standardize`: 3 points

Shift and scale each column of X to mean 0 and standard deviation 1; a constant column becomes 0.
"""
