"""Everything by einsum over one-hot rows, with the margins of the right classes subtracted at the end."""

import numpy as np


def regularization(W, strength, norm):
    if norm == 2:
        return 0.5 * strength * float(np.vdot(W, W)), strength * W
    return strength * float(np.linalg.norm(np.ravel(W), 1)), strength * (1.0 * (W > 0) - 1.0 * (W < 0))


def svm_loss_naive(W, X, y, reg):
    value, gradient = 0.0, 0.0 * W
    for i in range(X.shape[0]):
        s = W.T @ X[i]
        m = 1 + s - s[y[i]]
        m[y[i]] = 0
        hits = m > 0
        value += m[hits].sum() / X.shape[0]
        gradient += np.outer(X[i], hits - hits.sum() * np.eye(W.shape[1])[y[i]]) / X.shape[0]
    return value + reg * np.sum(np.square(W)) / 2, gradient + reg * W


def svm_loss_vectorized(W, X, y, reg):
    Y = np.eye(W.shape[1])[y]
    S = np.einsum("nd,dk->nk", X, W)
    M = np.maximum(0, 1 - Y + S - np.einsum("nk,nk->n", S, Y)[:, None])
    G = 1.0 * (M > 0) * (1 - Y)
    G -= Y * G.sum(axis=1, keepdims=True)
    return (M * (1 - Y)).sum() / len(X) + reg * (W**2).sum() / 2, np.einsum("nd,nk->dk", X, G) / len(X) + reg * W


def svm_max_loss_naive(W, X, y, reg):
    value, gradient = 0.0, np.zeros_like(W)
    for x, c in zip(X, y):
        margins = {j: 1 + x @ W[:, j] - x @ W[:, c] for j in range(W.shape[1]) if j != c}
        rival = max(margins, key=margins.get)
        if margins[rival] > 0:
            value += margins[rival]
            gradient[:, rival] += x
            gradient[:, c] -= x
    n = len(X)
    return value / n + reg / 2 * np.sum(W * W), gradient / n + reg * W


def svm_max_loss_vectorized(W, X, y, reg):
    n, rows = len(X), np.arange(len(X))
    M = X @ W + 1
    M -= (M[rows, y] - 1)[:, None]
    M[rows, y] = -np.inf
    rival = M.argmax(axis=1)
    worst = M[rows, rival]
    hit = (worst > 0).astype(float)
    G = np.zeros(M.shape)
    G[rows, rival] += hit
    G[rows, y] -= hit
    return (worst * hit).sum() / n + reg / 2 * (W * W).sum(), X.T @ G / n + reg * W
