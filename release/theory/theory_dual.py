"""The support vector machine with squared slacks, and its dual.

minimise over w, b, xi   1/2 |w|^2 + C sum_i xi_i^2     subject to   y_i (w . x_i + b) >= 1 - xi_i   for all i.
"""

import numpy as np


def dual_objective(alpha, X, y, C):
    """The dual function: the smallest value of the Lagrangian over w, b and xi, for multipliers alpha.

    It is asked for where the dual is finite: alpha_i >= 0 and sum_i alpha_i y_i = 0.

    Args:
        alpha: multipliers (n,).
        X: points (n, d).
        y: labels (n,), -1 or +1.
        C: the weight of the slacks, a positive number.

    Returns:
        The value of the dual function, a number.
    """
    raise NotImplementedError("dual_objective is not written yet")


def primal_from_dual(alpha, X, y, C):
    """The primal variables that belong to the multipliers of the optimum.

    Args:
        alpha: multipliers (n,) that maximise the dual.
        X: points (n, d).
        y: labels (n,), -1 or +1.
        C: the weight of the slacks, a positive number.

    Returns:
        A tuple (w, b, xi): weights (d,), the offset, a number, and slacks (n,).
    """
    raise NotImplementedError("primal_from_dual is not written yet")
