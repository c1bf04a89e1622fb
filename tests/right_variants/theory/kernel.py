"""The dual by its kernel matrix, with the slacks as a ridge, and the offset from every support vector."""

import numpy as np


def dual_objective(alpha, X, y, C):
    signed = y[:, None] * X
    Q = signed @ signed.T
    Q[np.diag_indices(len(y))] += 1 / (2 * C)
    return sum(alpha) - alpha @ Q @ alpha / 2


def primal_from_dual(alpha, X, y, C):
    w = np.einsum("n,n,nd->d", alpha, y, X)
    slacks = 0.5 * alpha / C
    support = alpha > 1e-8 * alpha.max()
    b = np.mean((y * (1 - slacks) - X @ w)[support])
    return w, b, slacks
