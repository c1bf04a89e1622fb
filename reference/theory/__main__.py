"""The code answers tried out, ``python -m reference.theory``: each is compared with what it must agree with."""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
sys.path.insert(0, str(Path(__file__).parent))

import matplotlib.pyplot as plt
import numpy as np
from theory_dual import dual_objective, primal_from_dual
from theory_max import max_network
from theory_softmax import cross_entropy, cross_entropy_gradient, cross_entropy_hessian


def larger_of_two():
    """The largest error of the network over a grid of pairs."""
    W, b, v, c = max_network()
    x = np.stack(np.meshgrid(np.linspace(-5, 5, 101), np.linspace(-5, 5, 101)), axis=-1).reshape(-1, 2)  # (n, 2)
    return np.abs(np.maximum(0, x @ W.T + b) @ v + c - x.max(1)).max()


def duality(steps=4_000, rate=0.02):
    """Climb the dual by projected gradient steps; the values of dual and primal on the way."""
    rng = np.random.default_rng(4)
    y = np.repeat([1.0, -1.0], 10)
    X, C = rng.normal(size=(20, 2)) + y[:, None], 1.0
    K = (X * y[:, None]) @ (X * y[:, None]).T + np.eye(20) / (2 * C)  # (20, 20)
    alpha, lower, upper = np.zeros(20), [], []
    for step in range(steps):
        alpha = nearest(alpha + rate * (1 - K @ alpha), y)
        if step % 20 == 19:
            w, b, _ = primal_from_dual(alpha, X, y, C)
            slack = np.maximum(0, 1 - y * (X @ w + b))
            lower.append(dual_objective(alpha, X, y, C))
            upper.append(0.5 * w @ w + C * slack @ slack)
    return lower, upper


def nearest(alpha, y):
    """The nearest multipliers with alpha_i >= 0 and sum_i alpha_i y_i = 0: max(0, alpha - t y), t found by halving."""
    low, high = -np.abs(alpha).max() - 1, np.abs(alpha).max() + 1
    for _ in range(60):
        t = (low + high) / 2
        low, high = (t, high) if y @ np.maximum(0, alpha - t * y) > 0 else (low, t)
    return np.maximum(0, alpha - t * y)


def derivatives():
    """The largest differences between gradient, second derivatives and central differences of the loss."""
    rng = np.random.default_rng(5)
    v, y, h = rng.normal(size=6), rng.dirichlet(np.ones(6)), 1e-5
    ways = h * np.eye(6)
    slope = np.array([cross_entropy(v + d, y) - cross_entropy(v - d, y) for d in ways]) / (2 * h)
    bend = np.array([cross_entropy_gradient(v + d, y) - cross_entropy_gradient(v - d, y) for d in ways]) / (2 * h)
    return np.abs(cross_entropy_gradient(v, y) - slope).max(), np.abs(cross_entropy_hessian(v) - bend).max()


def main():
    """Print the comparisons, draw the two sides of the duality."""
    parser = argparse.ArgumentParser(prog="python -m reference.theory", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the figure")
    options = parser.parse_args()
    lower, upper = duality()
    plt.plot(upper, label="primal")
    plt.plot(lower, label="dual")
    plt.xlabel("steps, in twenties")
    plt.ylabel("value")
    plt.legend()
    options.out.mkdir(parents=True, exist_ok=True)
    plt.savefig(options.out / "duality.png")
    first, second = derivatives()
    print(f"larger of two numbers: largest error {larger_of_two():.1e}")
    print(f"gradient and second derivatives against differences: {first:.1e}, {second:.1e}")
    print(f"duality: dual {lower[-1]:.6f}, primal {upper[-1]:.6f}, gap {upper[-1] - lower[-1]:.1e}")


if __name__ == "__main__":
    main()
