"""When is the penalty as good as the constraints? One two-class SVM with fixed features, solved in its dual.

With K_nm = h_n . h_m, Q_nm = t_n t_m K_nm and w = sum_n alpha_n t_n h_n, the dual of the soft margin is

    maximise  sum alpha - 1/2 alpha^T Q alpha   subject to   0 <= alpha_n <= C,

alpha_n being the multiplier of the constraint t_n w . h_n >= 1 - xi_n. The slack-variable loss with the penalty
1/lambda sum v^p / p has the same dual but for one thing: p = 1 puts a lower ceiling, min(C, 1/lambda), on the
multipliers; p = 2 adds lambda to the diagonal of Q. The handout derives both.
"""

import numpy as np


def multipliers(K, t, C, ridge=0.0, tolerance=1e-10, sweeps=10_000):
    """The dual solution by coordinate ascent (Hsieh et al. 2008, algorithm 1): one multiplier after the other.

    Maximises sum alpha - 1/2 alpha^T (Q + ridge I) alpha over 0 <= alpha_n <= C.

    Args:
        K: kernel matrix (N, N), symmetric, positive definite.
        t: +1 or -1 for each sample, (N,).
        C: the ceiling, may be `np.inf` (hard margin).
        ridge: what is added to the diagonal.
        tolerance: end when no multiplier changed by more than this times the largest one in a sweep.
        sweeps: end at the latest after so many.

    Returns:
        alpha (N,).
    """
    raise NotImplementedError("multipliers is not written yet")


def penalty_multipliers(K, t, C, lam, power=1):
    """The multipliers (N,) of the minimiser of `slack_loss`: w = sum_n alpha_n t_n h_n as before."""
    raise NotImplementedError("penalty_multipliers is not written yet")


def largest_multiplier_bound(K):
    """(1 + sqrt(N)) / (2 sigma): no multiplier is larger, whatever the labels and C.

    Args:
        K: kernel matrix (N, N), symmetric; sigma is its smallest eigenvalue.

    Returns:
        A number; `np.inf` where K is not positive definite.
    """
    raise NotImplementedError("largest_multiplier_bound is not written yet")


def penalty_is_exact(K, t, C, lam):
    """Whether the linear penalty (power 1) has the minimiser of the constrained problem: 1/lambda >= max alpha."""
    raise NotImplementedError("penalty_is_exact is not written yet")


def surely_exact(K, C, lam):
    """Whether 1/lambda >= min(C, bound), which is enough for any labels, but not necessary."""
    raise NotImplementedError("surely_exact is not written yet")
