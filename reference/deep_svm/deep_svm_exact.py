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
    ### BEGIN SOLUTION
    Q = K * np.outer(t, t) + ridge * np.eye(len(K))  # (N, N)
    alpha = np.zeros(len(K))
    gradient = np.ones(len(K))  # 1 - Q alpha
    for _ in range(sweeps):
        largest = 0.0
        for n in range(len(K)):
            new = np.clip(alpha[n] + gradient[n] / Q[n, n], 0, C)
            step = new - alpha[n]
            gradient -= step * Q[:, n]
            alpha[n] = new
            largest = max(largest, abs(step))
        if largest < tolerance * alpha.max():
            break
    return alpha
    ### END SOLUTION


def penalty_multipliers(K, t, C, lam, power=1):
    """The multipliers (N,) of the minimiser of `slack_loss`: w = sum_n alpha_n t_n h_n as before."""
    ### BEGIN SOLUTION
    if power == 1:
        return multipliers(K, t, min(C, 1 / lam))
    return multipliers(K, t, C, ridge=lam)
    ### END SOLUTION


def largest_multiplier_bound(K):
    """(1 + sqrt(N)) / (2 sigma): no multiplier is larger, whatever the labels and C.

    Args:
        K: kernel matrix (N, N), symmetric; sigma is its smallest eigenvalue.

    Returns:
        A number; `np.inf` where K is not positive definite.
    """
    ### BEGIN SOLUTION
    sigma = np.linalg.eigvalsh(K)[0]
    return np.inf if sigma <= 0 else (1 + np.sqrt(len(K))) / (2 * sigma)
    ### END SOLUTION


def penalty_is_exact(K, t, C, lam):
    """Whether the linear penalty (power 1) has the minimiser of the constrained problem: 1/lambda >= max alpha."""
    ### BEGIN SOLUTION
    return bool(1 / lam >= multipliers(K, t, C).max())
    ### END SOLUTION


def surely_exact(K, C, lam):
    """Whether 1/lambda >= min(C, bound), which is enough for any labels, but not necessary."""
    ### BEGIN SOLUTION
    return bool(1 / lam >= min(C, largest_multiplier_bound(K)))
    ### END SOLUTION
