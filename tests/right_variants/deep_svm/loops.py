"""The losses with loops over samples and classes."""

import numpy as np


def signs(y, classes):
    t = -np.ones((len(y), classes))
    for n, label in enumerate(y):
        t[n, label] = 1
    return t


def machines(W, H, y, C, power):
    loss, dW, dH = 0.5 * sum(w @ w for w in W), W.astype(float), np.zeros(H.shape)
    for n, h in enumerate(H):
        for k, w in enumerate(W):
            t = 1 if k == y[n] else -1
            margin = 1 - t * (w @ h)
            if margin > 0:
                loss += C * margin**power
                slope = -C * t * (1 if power == 1 else 2 * margin)
                dW[k] += slope * h
                dH[n] += slope * w
    return loss, dW, dH


def hinge_loss(W, H, y, C):
    return machines(W, H, y, C, 1)


def l2svm_loss(W, H, y, C):
    return machines(W, H, y, C, 2)


def smallest_slacks(W, H, y):
    return np.array([[max(0.0, 1 - (w @ h if k == c else -w @ h)) for k, w in enumerate(W)] for h, c in zip(H, y)])


def soft_margin(W, H, y, xi, C):
    short = np.array([[1 - (w @ h if k == c else -w @ h) for k, w in enumerate(W)] for h, c in zip(H, y)]) - xi
    return np.trace(W @ W.T) / 2 + C * np.ravel(xi).sum(), short * (short > 0)


def slack_loss(W, H, y, nu, C, lam, power=1):
    t = signs(y, len(W))
    loss, dW, dH, dnu = 0.5 * np.linalg.norm(W) ** 2 + C * (nu * nu).sum(), W * 1.0, 0.0 * H, 2 * C * nu
    for n in range(len(H)):
        for k in range(len(W)):
            v = 1 - nu[n, k] ** 2 - t[n, k] * (H[n] @ W[k])
            if v > 0:
                loss += v**power / power / lam
                slope = v ** (power - 1) / lam
                dW[k] -= slope * t[n, k] * H[n]
                dH[n] -= slope * t[n, k] * W[k]
                dnu[n, k] -= 2 * nu[n, k] * slope
    return loss, dW, dH, dnu


def descend(W, H, y, nu, C, lam, power=1, rate=0.001, steps=100):
    W, nu, losses = W.copy(), nu.copy(), []
    while len(losses) < steps:
        loss, dW, _, dnu = slack_loss(W, H, y, nu, C, lam, power)
        losses.append(float(loss))
        W -= rate * dW
        nu -= rate * dnu
    return W, nu, losses
