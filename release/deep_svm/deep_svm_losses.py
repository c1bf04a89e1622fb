"""Support vector machines on top of features, one versus rest: losses and their gradients, with numpy alone.

H, (N, d), holds the last features h_n of N samples, W, (K, d), a weight vector w_k for each class; scores are
s_nk = w_k . h_n, and t_nk is +1 where k is the class of sample n and -1 elsewhere. There is no bias: it would be the
weight of a feature that is always 1.

Conventions, because they differ from library to library: every loss here is the SUM over samples and classes, as in the
published objective. The modules of `deep_svm_layers` sum over classes, too, but take the mean over the samples; keras
takes the mean over both.
"""

import numpy as np


def signs(y, classes):
    """Targets of one versus rest: +1 for the class of the sample, -1 for all others.

    Args:
        y: labels (N,), integers from 0.
        classes: K.

    Returns:
        (N, K). All of its numbers together make N (2 - K).
    """
    raise NotImplementedError("signs is not written yet")


def hinge_loss(W, H, y, C):
    """K soft-margin SVMs in their unconstrained form, 1/2 |W|^2 + C sum_nk max(0, 1 - t_nk s_nk).

    Args:
        W: weights (K, d).
        H: features (N, d).
        y: labels (N,).
        C: price of a violated margin, a positive number.

    Returns:
        (loss, dW, dH): a number and the gradients, of the shapes of W and H. At the kink either side is right.
    """
    raise NotImplementedError("hinge_loss is not written yet")


def l2svm_loss(W, H, y, C):
    """The L2-SVM, 1/2 |W|^2 + C sum_nk max(0, 1 - t_nk s_nk)^2 (Tang 2013, equation 10).

    Returns:
        (loss, dW, dH) as `hinge_loss`. The gradient that goes down into the net is
        dH_n = -2 C sum_k t_nk w_k max(0, 1 - t_nk s_nk)  (equation 14 there, which is one term of the sum).
    """
    raise NotImplementedError("l2svm_loss is not written yet")


def smallest_slacks(W, H, y):
    """The smallest xi_nk >= 0 with t_nk s_nk >= 1 - xi_nk: what the soft margin has to pay for. (N, K)."""
    raise NotImplementedError("smallest_slacks is not written yet")


def soft_margin(W, H, y, xi, C):
    """The soft margin with constraints: minimise 1/2 |W|^2 + C sum xi, subject to t s >= 1 - xi and xi >= 0.

    Args:
        xi: slack variables (N, K), all >= 0.

    Returns:
        (objective, violation): a number, and by how much each of the constraints t s >= 1 - xi is violated, (N, K),
        0 where it holds.
    """
    raise NotImplementedError("soft_margin is not written yet")


def slack_loss(W, H, y, nu, C, lam, power=1):
    """The soft margin without constraints: xi = nu^2 is never negative, and a violated constraint costs a penalty.

    With v = max(0, 1 - nu^2 - t s), (N, K):

        1/2 |W|^2 + C sum nu^2 + 1/lam sum v^power / power.

    Args:
        nu: (N, K), any sign.
        lam: lambda, a positive number: the smaller, the dearer is a violated constraint.
        power: 1 or 2.

    Returns:
        (loss, dW, dH, dnu): a number and the gradients, of the shapes of W, H and nu.
    """
    raise NotImplementedError("slack_loss is not written yet")


def descend(W, H, y, nu, C, lam, power=1, rate=0.001, steps=100):
    """Gradient descent on `slack_loss` in W and nu together; the features stay as they are.

    Args:
        W, nu: where to start; they are not changed.
        rate: factor of the gradient in each step.
        steps: how many.

    Returns:
        (W, nu, losses): where it ends, and the loss before each step, a list of numbers.
    """
    raise NotImplementedError("descend is not written yet")
