"""What the solved theory homework claims: the network, both sides of the duality, the derivatives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent


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
