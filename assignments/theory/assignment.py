"""Theory: four proofs that people grade, and code for three of them, which checks judge."""

from __future__ import annotations

import numpy as np

from autograder import Assignment, Case, Item, Limits
from autograder.checks import central_differences, close, shape
from autograder.checks.errors import CheckFailed

assignment = Assignment(
    "Theory",
    files=["theory_max.py", "theory_dual.py", "theory_softmax.py"],
    limits=Limits(wall_seconds=30, cpu_seconds=10),
)

a = assignment.question("Zero training error", id="a")
b = assignment.question("The larger of two numbers", id="b", solution=["max_network"])
c = assignment.question("Squared slacks", id="c", solution=["dual_objective", "primal_from_dual"])
d = assignment.question(
    "Cross-entropy over softmax", id="d", solution=["cross_entropy_gradient", "cross_entropy_hessian"]
)

a.written(
    "Show that every minimiser of the multi-class hinge loss has zero training error on separable data.",
    points=15,
    rubric={
        "the margins of a separating classifier can be scaled to 1": Item(
            5, student="what separable data say about margins"
        ),
        "so the minimum of the loss is 0": Item(5, student="the minimum of the loss"),
        "a loss of 0 leaves no mistake and no tie": Item(5, student="what that says about mistakes"),
    },
    answer=["answers.md#separable", "theory.pdf"],
)
b.written(
    "Write the larger of two numbers as a network with one hidden layer, and show that it is right.",
    points=4,
    rubric={"the formula": 2, "why it holds for all signs": 2},
    answer=["answers.md#max", "theory.pdf"],
)
c.written(
    "Squared slacks: no sign constraint, Lagrangian, stationarity, dual.",
    points=10,
    rubric={
        "a constraint on the sign of the slacks changes nothing": 3,
        "the Lagrangian": 2,
        "stationarity in w, b and the slacks": 2,
        "the dual problem with its constraints": 3,
    },
    answer=["answers.md#slacks", "theory.pdf"],
)
d.written(
    "Derive the gradient of cross-entropy over softmax.",
    points=10,
    rubric={
        "the derivative of the logarithm of softmax": 4,
        "the gradient in its simplest form, and where the target's sum is used": Item(
            4, student="the gradient in its simplest form, and what it needs of the target"
        ),
        "the sum of its entries": 2,
    },
    answer=["answers.md#softmax", "theory.pdf"],
)


# --- (b) the larger of two numbers ---


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


@b.check(points=2)
def larger_of_a_few_numbers(student):
    """The network gives the larger of two numbers, for a few pairs of all signs."""
    x = np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, -3.0], [-3.0, -1.0], [-2.0, 5.0], [5.0, -2.0], [0.0, 0.0], [4.0, 4.0]])
    close(computed(network_of(student), x), x.max(1), name="the network's output")


SCALES = {"ordinary numbers": 1.0, "small numbers": 0.01, "large numbers": 1000.0, "equal numbers": 1.0}


@b.check(
    hidden=True,
    hint="Is it right for large and for negative numbers, and if both are equal?",
    cases={"ordinary numbers": 2, "small numbers": 0.5, "large numbers": 1, "equal numbers": 0.5},
)
def larger_of_any_numbers(student, rng, case):
    """The network gives the larger of two numbers, whatever they are."""
    x = SCALES[case] * rng.normal(size=(50, 2))
    if case == "equal numbers":
        x[:, 1] = x[:, 0]
    close(computed(network_of(student), x), x.max(1), name="the network's output", rtol=1e-6, atol=1e-6)


# --- (c) squared slacks ---


def problem(rng: np.random.Generator, n: int = 8, d: int = 2) -> tuple[np.ndarray, np.ndarray, float]:
    """Points (n, d) that no line separates, their labels (n,), and C."""
    y = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    return rng.normal(size=(n, d)) + 0.7 * y[:, None], y, float(rng.uniform(0.3, 3))


def solved(X: np.ndarray, y: np.ndarray, C: float) -> tuple[np.ndarray, float, float]:
    """The primal problem by Newton's method: w (d,), b, and the smallest value of 1/2 |w|^2 + C sum xi_i^2.

    With xi_i = max(0, 1 - y_i (w . x_i + b)) it is smooth and piecewise quadratic, so a few steps are exact
    (O. Chapelle, *Training a support vector machine in the primal*, 2007).
    """
    Z = np.column_stack([X, np.ones(len(X))])
    theta = np.zeros(Z.shape[1])
    free = np.diag([*np.ones(X.shape[1]), 0.0])
    for _ in range(100):
        active = y * (Z @ theta) < 1
        A = free + 2 * C * Z[active].T @ Z[active]
        new = np.linalg.lstsq(A, 2 * C * Z[active].T @ y[active], rcond=None)[0]
        if np.allclose(new, theta, rtol=0, atol=1e-13):
            break
        theta = new
    slack = np.maximum(0, 1 - y * (Z @ theta))
    return theta[:-1], float(theta[-1]), float(0.5 * theta[:-1] @ theta[:-1] + C * slack @ slack)


def multipliers(X: np.ndarray, y: np.ndarray, C: float) -> np.ndarray:
    """The multipliers (n,) of the optimum: 2 C xi_i."""
    w, offset, _ = solved(X, y, C)
    return 2 * C * np.maximum(0, 1 - y * (X @ w + offset))


def feasible(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    """Random multipliers (n,) of at least 0 that balance: sum alpha_i y_i = 0."""
    alpha = rng.uniform(0, 1, len(y))
    alpha[y < 0] *= alpha[y > 0].sum() / alpha[y < 0].sum()
    return alpha


@c.check(points=1)
def dual_of_two_points(student):
    """For the points 1 and -1 on a line with alpha = (1, 1) and C = 1/2, the dual is 2 - 2 - 1 = -1."""
    X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    close(student.dual_objective(np.ones(2), X, y, 0.5), -1.0, name="dual_objective(alpha, X, y, C)")


@c.check(
    points=2,
    hidden=True,
    hint="Compare it with the primal at the optimum: they must agree. Mind 1/(4C).",
    cases=("at the optimum", "elsewhere"),
)
def dual_meets_the_primal(student, rng, case):
    """At the optimal multipliers the dual has the value of the primal, and elsewhere it is smaller."""
    for _ in range(5):
        X, y, C = problem(rng)
        if case == "at the optimum":
            best = solved(X, y, C)[2]
            top = student.dual_objective(multipliers(X, y, C), X, y, C)
            close(top, best, name="the dual at its optimum", rtol=1e-5, atol=1e-8)
            continue
        for _ in range(5):
            alpha = feasible(rng, y)
            value = float(np.asarray(student.dual_objective(alpha, X, y, C)).ravel()[0])
            want = alpha.sum() - 0.5 * np.sum((X.T @ (alpha * y)) ** 2) - alpha @ alpha / (4 * C)
            close(value, want, name="dual_objective(alpha, X, y, C)", rtol=1e-6, atol=1e-8)


@c.check(
    hidden=True,
    hint="b follows from a constraint that holds with equality: one with alpha_i > 0.",
    cases={"w": 0.75, "b": 0.75, "xi": 0.5},
)
def primal_follows_from_the_dual(student, rng, case):
    """From the optimal multipliers follow w, b and the slacks of the optimum."""
    for _ in range(5):
        X, y, C = problem(rng)
        w, offset, _ = solved(X, y, C)
        answer = student.primal_from_dual(multipliers(X, y, C), X, y, C)
        if not isinstance(answer, (tuple, list)) or len(answer) != 3:
            raise CheckFailed("primal_from_dual returns the three parts (w, b, xi).")
        expected = {"w": w, "b": [offset], "xi": np.maximum(0, 1 - y * (X @ w + offset))}
        place = tuple(expected).index(case)
        close(np.ravel(answer[place]), expected[case], name=case, rtol=1e-5, atol=1e-6 if case == "b" else 1e-7)


# --- (d) cross-entropy over softmax ---


@d.check(points=1)
def gradient_of_equal_scores(student):
    """With four equal scores and the third class right, the gradient is (1/4, 1/4, -3/4, 1/4)."""
    got = student.cross_entropy_gradient(np.full(4, 2.0), np.array([0.0, 0.0, 1.0, 0.0]))
    shape(got, (4,), name="cross_entropy_gradient(v, y)")
    close(got, [0.25, 0.25, -0.75, 0.25], name="cross_entropy_gradient(v, y)")


def softmax_loss(v: np.ndarray, y: np.ndarray) -> float:
    """The cross-entropy, computed here: the submission's own is given, and may be changed."""
    shifted = v - v.max()
    return float(np.log(np.exp(shifted).sum()) - y @ shifted)


@d.check(
    hidden=True,
    hint="Compare with differences of cross_entropy, also for large scores and soft targets.",
    cases={
        "one-hot targets": 1,
        "soft targets": 0.5,
        "large scores": Case(0.5, hint="The exponential of 1000 is infinite: take the largest score out first."),
    },
)
def gradient_agrees_with_differences(student, rng, case):
    """On random scores and targets, including soft targets and large scores, the gradient is that of the loss."""
    if case == "large scores":
        large, target = np.array([1000.0, 0.0, -1000.0]), np.array([0.0, 1.0, 0.0])
        close(student.cross_entropy_gradient(large, target), [1.0, -1.0, 0.0], name="the gradient at large scores")
        return
    for k in (2, 5, 10):
        v = rng.normal(size=k)
        y = rng.dirichlet(np.ones(k)) if case == "soft targets" else np.eye(k)[int(rng.integers(k))]
        want, _ = central_differences(lambda at, y=y: softmax_loss(at, y), v)
        close(student.cross_entropy_gradient(v, y), want, name="cross_entropy_gradient(v, y)", rtol=1e-5, atol=1e-7)


@d.check(
    hidden=True,
    hint="Its entries are p_i (1 - p_i) on the diagonal and -p_i p_j elsewhere.",
    cases={
        "ordinary scores": 1.5,
        "large scores": Case(0.5, hint="The exponential of 1000 is infinite: take the largest score out first."),
    },
)
def hessian_agrees_with_differences(student, rng, case):
    """The matrix of second derivatives is that of the loss, and symmetric, also at large scores."""
    if case == "large scores":
        got = student.cross_entropy_hessian(np.array([1000.0, 1000.0, 0.0]))
        close(got, [[0.25, -0.25, 0.0], [-0.25, 0.25, 0.0], [0.0, 0.0, 0.0]], name="the matrix at large scores")
        return
    for k in (2, 4):
        v = rng.normal(size=k)
        p = np.exp(v) / np.exp(v).sum()
        got = student.cross_entropy_hessian(v)
        shape(got, (k, k), name="cross_entropy_hessian(v)")
        close(got, np.diag(p) - np.outer(p, p), name="cross_entropy_hessian(v)", rtol=1e-6, atol=1e-9)
