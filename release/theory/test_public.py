"""Theory: the public tests. Run them with `pytest` in this folder.

Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source
of random numbers. More tests are run when your work is graded.
"""

from __future__ import annotations

import numpy as np
import pytest

from autograder_checks import close, shape
from autograder_checks.errors import CheckFailed


def network_of(student) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The weights that `max_network` gives, in their shapes: W (units, 2), b (units,), v (units,), c a number."""
    answer = student.max_network()
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        raise CheckFailed("max_network returns the four parts (W, b, v, c).")
    try:
        W, b, v, c = (np.asarray(part, dtype=float) for part in answer)
    except (TypeError, ValueError):
        raise CheckFailed("W, b, v and c must consist of numbers.") from None
    if W.ndim != 2 or W.shape[1] != 2:
        raise CheckFailed(f"W has the shape (units, 2), not {W.shape}.")
    units = len(W)
    if b.size != units or v.size != units or c.size != 1:
        raise CheckFailed(f"W has {units} units; b has {b.size} entries, v has {v.size}, and c has {c.size}.")
    return W, b.ravel(), v.ravel(), float(c.ravel()[0])


def computed(network: tuple[np.ndarray, np.ndarray, np.ndarray, float], x: np.ndarray) -> np.ndarray:
    """What the network gives for points x (n, 2): (n,)."""
    W, b, v, c = network
    return np.maximum(0, x @ W.T + b) @ v + c


# --- (b) The larger of two numbers: 6 points ---


@pytest.mark.question("b", "The larger of two numbers")
def test_question_b_is_attempted(attempted):
    """What question (b) asks for is written."""
    attempted("max_network")


@pytest.mark.question("b", "The larger of two numbers")
def test_larger_of_a_few_numbers(student):
    """The network gives the larger of two numbers, for a few pairs of all signs."""
    x = np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, -3.0], [-3.0, -1.0], [-2.0, 5.0], [5.0, -2.0], [0.0, 0.0], [4.0, 4.0]])
    close(computed(network_of(student), x), x.max(1), name="the network's output")


# --- (c) Squared slacks: 5 points ---


@pytest.mark.question("c", "Squared slacks")
def test_question_c_is_attempted(attempted):
    """What question (c) asks for is written."""
    attempted("dual_objective", "primal_from_dual")


@pytest.mark.question("c", "Squared slacks")
def test_dual_of_two_points(student):
    """For the points 1 and -1 on a line with alpha = (1, 1) and C = 1/2, the dual is 2 - 2 - 1 = -1."""
    X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    close(student.dual_objective(np.ones(2), X, y, 0.5), -1.0, name="dual_objective(alpha, X, y, C)")


# --- (d) Cross-entropy over softmax: 5 points ---


@pytest.mark.question("d", "Cross-entropy over softmax")
def test_question_d_is_attempted(attempted):
    """What question (d) asks for is written."""
    attempted("cross_entropy_gradient", "cross_entropy_hessian")


@pytest.mark.question("d", "Cross-entropy over softmax")
def test_gradient_of_equal_scores(student):
    """With four equal scores and the third class right, the gradient is (1/4, 1/4, -3/4, 1/4)."""
    got = student.cross_entropy_gradient(np.full(4, 2.0), np.array([0.0, 0.0, 1.0, 0.0]))
    shape(got, (4,), name="cross_entropy_gradient(v, y)")
    close(got, [0.25, 0.25, -0.75, 0.25], name="cross_entropy_gradient(v, y)")
