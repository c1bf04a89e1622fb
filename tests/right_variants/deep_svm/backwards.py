"""Coordinate ascent from the last sample to the first, without a kept gradient; the bound by singular values."""

import numpy as np


def multipliers(K, t, C, ridge=0.0, tolerance=1e-10, sweeps=10_000):
    t = np.asarray(t, dtype=float)
    alpha = np.zeros(len(t))
    for _ in range(sweeps):
        before = alpha.copy()
        for n in reversed(range(len(t))):
            slope = 1 - t[n] * (K[n] @ (alpha * t)) - ridge * alpha[n]
            alpha[n] = min(max(alpha[n] + slope / (K[n, n] + ridge), 0.0), C)
        if np.abs(alpha - before).max() < tolerance * np.abs(alpha).max():
            break
    return alpha


def penalty_multipliers(K, t, C, lam, power=1):
    ceiling, ridge = (C, lam) if power == 2 else (np.minimum(C, 1.0 / lam), 0.0)
    return multipliers(K, t, ceiling, ridge)


def largest_multiplier_bound(K):
    smallest = min(np.linalg.eigvals(K).real)
    if smallest <= 0:
        return float("inf")
    return (1 + len(K) ** 0.5) / 2 / smallest


def penalty_is_exact(K, t, C, lam):
    return all(lam * each <= 1 for each in multipliers(K, t, C))


def surely_exact(K, C, lam):
    return any(1 / lam >= bound for bound in (C, largest_multiplier_bound(K)))
