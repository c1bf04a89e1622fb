"""The hinge loss of several classes in two forms, each with its gradient, written with loops and without.

A linear classifier gives each sample x, a row of d numbers, the scores s = x W, one for each of K classes; W has the
shape (d, K). With m_j = 1 + s_j - s_y for the classes j other than the right one y, the loss of a sample is

    sum form:   sum over j != y of max(0, m_j)           Weston and Watkins 1999
    max form:   max(0, max over j != y of m_j)           Crammer and Singer 2001

and that of n samples is the mean, plus the penalty of `regularization` with norm 2: reg / 2 times the sum of the
squares of W, whose gradient is reg W. (Other courses write reg times the sum of squares; then the gradient is 2 reg W.)

Every function here returns ``(loss, dW)``: a number, and the gradient, of the shape of W.
"""

import numpy as np


def regularization(W, strength, norm):
    """The penalty on the weights, and its gradient.

        norm 2:   strength / 2 * sum of W^2      gradient   strength * W
        norm 1:   strength * sum of |W|          gradient   strength * sign(W), and 0 where W is 0

    Args:
        W: weights, of any shape.
        strength: lambda, at least 0.
        norm: 1 or 2.

    Returns:
        (penalty, gradient): a number, and an array of the shape of W.
    """
    ### BEGIN SOLUTION
    if norm == 1:
        return strength * np.sum(np.abs(W)), strength * np.sign(W)
    return strength / 2 * np.sum(W**2), strength * W
    ### END SOLUTION


def svm_loss_naive(W, X, y, reg):
    """The sum form, with loops over samples and classes.

    For each sample x and each class j != y with m_j > 0 the loss grows by m_j, and the gradient by x in column j and by
    -x in column y.

    Args:
        W: weights, shape (d, K).
        X: samples, one a row, shape (n, d).
        y: the right classes, integers 0 to K - 1, shape (n,).
        reg: strength of the penalty with norm 2.

    Returns:
        (loss, dW): the mean loss with the penalty, and its gradient, shape (d, K).
    """
    ### BEGIN SOLUTION
    loss = 0.0
    dW = np.zeros(W.shape)  # (d, K)
    for x, right in zip(X, y, strict=True):
        scores = x @ W  # (K,)
        for j in range(W.shape[1]):
            margin = 1 + scores[j] - scores[right]
            if j != right and margin > 0:
                loss += margin
                dW[:, j] += x
                dW[:, right] -= x
    penalty, slope = regularization(W, reg, 2)
    return loss / len(X) + penalty, dW / len(X) + slope
    ### END SOLUTION


def svm_loss_vectorized(W, X, y, reg):
    """The sum form without loops: arguments and result as of `svm_loss_naive`.

    The gradient is X^T G / n, where G[i, j] is the derivative of the loss of sample i by its score j: 1 for each
    violated margin, and at the right class minus their number.
    """
    ### BEGIN SOLUTION
    samples = np.arange(len(X))
    scores = X @ W  # (n, K)
    margins = np.maximum(0, 1 + scores - scores[samples, y][:, None])  # (n, K)
    margins[samples, y] = 0
    slopes = np.where(margins > 0, 1.0, 0.0)  # (n, K)
    slopes[samples, y] = -np.sum(slopes, axis=1)
    penalty, slope = regularization(W, reg, 2)
    return np.sum(margins) / len(X) + penalty, X.T @ slopes / len(X) + slope
    ### END SOLUTION


def svm_max_loss_naive(W, X, y, reg):
    """The max form, with loops over samples and classes: arguments and result as of `svm_loss_naive`.

    Only the class with the largest m_j counts, and only if that is positive: the gradient then grows by x in its column
    and by -x in column y. Where two classes share the largest m_j, either may be taken.
    """
    ### BEGIN SOLUTION
    loss = 0.0
    dW = np.zeros(W.shape)  # (d, K)
    for x, right in zip(X, y, strict=True):
        scores = x @ W  # (K,)
        largest, rival = 0.0, right
        for j in range(W.shape[1]):
            margin = 1 + scores[j] - scores[right]
            if j != right and margin > largest:
                largest, rival = margin, j
        loss += largest
        dW[:, rival] += x
        dW[:, right] -= x  # cancels the line above where no margin is violated
    penalty, slope = regularization(W, reg, 2)
    return loss / len(X) + penalty, dW / len(X) + slope
    ### END SOLUTION


def svm_max_loss_vectorized(W, X, y, reg):
    """The max form without loops: arguments and result as of `svm_loss_naive`."""
    ### BEGIN SOLUTION
    samples = np.arange(len(X))
    scores = X @ W  # (n, K)
    margins = 1 + scores - scores[samples, y][:, None]  # (n, K)
    margins[samples, y] = 0  # the right class is chosen where no margin is violated
    rivals = np.argmax(margins, axis=1)  # (n,)
    slopes = np.zeros_like(scores)  # (n, K)
    slopes[samples, rivals] = 1
    slopes[samples, y] -= 1
    penalty, slope = regularization(W, reg, 2)
    return np.sum(margins[samples, rivals]) / len(X) + penalty, X.T @ slopes / len(X) + slope
    ### END SOLUTION
