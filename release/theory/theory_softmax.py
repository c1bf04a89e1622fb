"""Softmax, cross-entropy, and how the one changes with the arguments of the other."""

import numpy as np


def cross_entropy(v, y):
    """The cross-entropy of softmax(v) with the target y. Given.

    Args:
        v: scores (k,).
        y: the target (k,): numbers of at least 0 that add up to 1, such as a one-hot label.

    Returns:
        - sum_j y_j log p_j with p = softmax(v), a number.
    """
    shifted = v - v.max()  # softmax does not change, and nothing overflows
    return np.log(np.exp(shifted).sum()) - y @ shifted


def cross_entropy_gradient(v, y):
    """The gradient of `cross_entropy` with respect to v.

    Args:
        v: scores (k,).
        y: the target (k,), as for `cross_entropy`.

    Returns:
        The gradient (k,).
    """
    raise NotImplementedError("cross_entropy_gradient is not written yet")


def cross_entropy_hessian(v):
    """The matrix of second derivatives of `cross_entropy` with respect to v; it does not depend on the target.

    Args:
        v: scores (k,).

    Returns:
        The matrix (k, k).
    """
    raise NotImplementedError("cross_entropy_hessian is not written yet")
