"""What the solved theory homework claims: the network, both sides of the duality, the derivatives."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import one_check
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.loader import Loaded, load

ROOT = Path(__file__).resolve().parents[2]
FILES = ("theory_max.py", "theory_dual.py", "theory_softmax.py")


@pytest.fixture(scope="module")
def theory() -> Iterator[Any]:
    """The modules of the reference, apart from those of others."""
    sys.path.insert(0, str(ROOT / "reference" / "theory"))
    try:
        import theory_dual
        import theory_max
        import theory_softmax

        yield {"max": theory_max, "dual": theory_dual, "softmax": theory_softmax}
    finally:
        sys.path.pop(0)


@cache
def loaded() -> Loaded:
    """The assignment with its reference."""
    return load(ROOT, "theory")


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the reference with one text replaced, and gives its folder."""

    def write(old: str = "", new: str = "") -> Path:
        texts = {name: (ROOT / "reference/theory" / name).read_text("utf-8") for name in FILES}
        assert not old or sum(text.count(old) for text in texts.values()) == 1, old
        for name, text in texts.items():
            (tmp_path / name).write_text(text.replace(old, new) if old else text, "utf-8")
        return tmp_path

    return write


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))
def test_the_network_gives_the_larger_of_two_numbers(theory: Any, pair: list[float]) -> None:
    """Whatever the signs and sizes, up to rounding."""
    W, b, v, c = theory["max"].max_network()
    got = np.maximum(0, W @ np.array(pair) + b) @ v + c
    assert abs(got - max(pair)) <= 1e-9 * max(1.0, *map(abs, pair))


def test_every_dual_value_lies_below_every_primal_value(theory: Any) -> None:
    """Weak duality, at random multipliers and random w and b."""
    rng = np.random.default_rng(1)
    y = np.array([1.0, -1.0] * 5)
    for _ in range(200):
        X, C, alpha = rng.normal(size=(10, 3)), rng.uniform(0.1, 5), rng.uniform(0, 2, 10)
        alpha[y < 0] *= alpha[y > 0].sum() / alpha[y < 0].sum()
        w, b = rng.normal(size=3), rng.normal()
        slack = np.maximum(0, 1 - y * (X @ w + b))
        assert theory["dual"].dual_objective(alpha, X, y, C) <= 0.5 * w @ w + C * slack @ slack + 1e-9


def test_two_points_on_a_line(theory: Any) -> None:
    """For the points 1 and -1 the optimum is known: w = 4C / (1 + 4C) = 2/3 for C = 1/2, and both values agree."""
    X, y, C = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0]), 0.5
    alpha = np.full(2, 1 / 3)
    w, b, xi = theory["dual"].primal_from_dual(alpha, X, y, C)
    assert w == pytest.approx([2 / 3])
    assert b == pytest.approx(0.0)
    assert xi == pytest.approx([1 / 3, 1 / 3])
    primal = 0.5 * w @ w + C * xi @ xi
    assert theory["dual"].dual_objective(alpha, X, y, C) == pytest.approx(primal)


def test_derivatives_agree_with_differences(theory: Any) -> None:
    """Gradient and second derivatives of cross-entropy against central differences, for soft targets too."""
    softmax, rng, h = theory["softmax"], np.random.default_rng(2), 1e-5
    for k in (2, 3, 7):
        v, y = rng.normal(size=k), rng.dirichlet(np.ones(k))
        ways = h * np.eye(k)
        slope = [(softmax.cross_entropy(v + d, y) - softmax.cross_entropy(v - d, y)) / (2 * h) for d in ways]
        bend = [
            (softmax.cross_entropy_gradient(v + d, y) - softmax.cross_entropy_gradient(v - d, y)) / (2 * h)
            for d in ways
        ]
        assert softmax.cross_entropy_gradient(v, y) == pytest.approx(np.array(slope), abs=1e-9)
        assert softmax.cross_entropy_hessian(v) == pytest.approx(np.array(bend), abs=1e-9)
        assert softmax.cross_entropy_gradient(v, y).sum() == pytest.approx(0, abs=1e-12)


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    """`python -m reference.theory` compares, and draws the two sides of the duality until they meet."""
    command = [sys.executable, "-m", "reference.theory", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout.split()[-1]) < 1e-3
    assert (tmp_path / "duality.png").is_file()


# --- the checks ---


def test_every_check_accepts_the_reference(edited: Callable[..., Path]) -> None:
    """Under several seeds the reference passes each check."""
    folder = edited()
    for seed in range(5):
        found = {
            check.id: one_check.verdict(loaded(), folder, check.id, seed=seed) for check in loaded().assignment.checks
        }
        assert found == dict.fromkeys(found, ("PASSED", ""))


MEAN = """    W = [[1, -1], [-1, 1], [1, 1], [-1, -1]]
    return W, [[0], [0], [0], [0]], [[0.5, 0.5, 0.5, -0.5]], [0]
"""
WELCOME = {
    "half the sum and half the distance": (
        "    # max(x_1, x_2) = relu(x_1 - x_2) + x_2, and x_2 = relu(x_2) - relu(-x_2).\n",
        MEAN,
        ("larger_of_a_few_numbers", "larger_of_any_numbers"),
    ),
    "a matrix of outer products": (
        "    return alpha.sum() - 0.5 * w @ w - alpha @ alpha / (4 * C)",
        "    Q = np.outer(y, y) * (X @ X.T + np.eye(len(y)) / (2 * C))\n"
        "    return [sum(alpha) - alpha @ Q @ alpha / 2][0]",
        ("dual_of_two_points", "dual_meets_the_primal"),
    ),
    "the mean of all offsets": (
        "    b = y[i] * (1 - xi[i]) - X[i] @ w\n    return w, b, xi",
        "    on = alpha > 1e-9\n    return [w, np.mean((y * (1 - xi) - X @ w)[on]), xi]",
        ("primal_follows_from_the_dual",),
    ),
    "the logarithm of softmax": (
        "    e = np.exp(v - v.max())  # (k,)\n    return e / e.sum() - y",
        "    return np.exp(v - v.max() - np.log(np.exp(v - v.max()).sum())) - y",
        ("gradient_of_equal_scores", "gradient_agrees_with_differences"),
    ),
}


@pytest.mark.parametrize("variant", WELCOME)
def test_right_answers_may_come_in_many_forms(edited: Callable[..., Path], variant: str) -> None:
    """Other networks, other formulas, lists and columns pass."""
    old, new, checks = WELCOME[variant]
    folder = edited(old, new)

    assert {check: one_check.verdict(loaded(), folder, check) for check in checks} == dict.fromkeys(
        checks, ("PASSED", "")
    )


MISSES = {
    "three parts": (
        "    return W, b, v, 0.0",
        "    return W, b, v",
        "larger_of_a_few_numbers",
        r"the four parts \(W, b, v, c\)",
    ),
    "words": (
        "    return W, b, v, 0.0",
        '    return W, b, v, "none"',
        "larger_of_a_few_numbers",
        "must consist of numbers",
    ),
    "transposed": (
        "    return W, b, v, 0.0",
        "    return W.T, b, v, 0.0",
        "larger_of_a_few_numbers",
        r"W has the shape \(units, 2\), not \(2, 3\)",
    ),
    "one bias": (
        "    b = np.zeros(3)\n",
        "    b = np.zeros(1)\n",
        "larger_of_a_few_numbers",
        "W has 3 units; b has 1 entries, v has 3, and c has 1",
    ),
    "positive numbers": (
        "[1.0, 1.0, -1.0])  # (3,)",
        "[1.0, 1.0, 0.0])  # (3,)",
        "larger_of_a_few_numbers",
        "the network's output",
    ),
    "too small": (
        "    return W, b, v, 0.0",
        "    return W, b, v, 0.00001",
        "larger_of_any_numbers",
        "the network's output",
    ),
    "half": (
        "alpha @ alpha / (4 * C)",
        "alpha @ alpha / (2 * C)",
        "dual_of_two_points",
        r"dual_objective\(alpha, X, y, C\)",
    ),
    "hard margin": (" - alpha @ alpha / (4 * C)", "", "dual_meets_the_primal", "the dual at its optimum"),
    "two parts": (
        "    return w, b, xi",
        "    return w, b",
        "primal_follows_from_the_dual",
        r"the three parts \(w, b, xi\)",
    ),
    "slacks": ("xi = alpha / (2 * C)", "xi = alpha / C", "primal_follows_from_the_dual", "^b|^xi"),
    "sign": ("return e / e.sum() - y", "return y - e / e.sum()", "gradient_of_equal_scores", "cross_entropy_gradient"),
    "overflow": (
        "    e = np.exp(v - v.max())  # (k,)\n    return e / e.sum() - y",
        "    e = np.exp(np.minimum(v, 500))\n    return e / e.sum() - y + (v.max() > 900) / 100",
        "gradient_agrees_with_differences",
        "the gradient at large scores",
    ),
    "diagonal": (
        "return np.diag(p) - np.outer(p, p)",
        "return np.diag(p)",
        "hessian_agrees_with_differences",
        "cross_entropy_hessian",
    ),
    "a vector": (
        "return np.diag(p) - np.outer(p, p)",
        "return p - p * p",
        "hessian_agrees_with_differences",
        r"the shape \(2,\); expected \(2, 2\)",
    ),
}


@pytest.mark.parametrize("slip", MISSES)
def test_each_miss_has_its_sentence(edited: Callable[..., Path], slip: str) -> None:
    """What is wrong is named."""
    old, new, check, sentence = MISSES[slip]
    found, message = one_check.verdict(loaded(), edited(old, new), check)

    assert found in ("FAILED", "PARTIAL"), message
    assert re.search(sentence, message), message
