"""scipy's expit, weights that are changed in place, batches from reversed orders, and lists instead of tuples."""

import numpy as np
from scipy.special import expit, log_expit


def sigmoid(z):
    return expit(np.asarray(z, dtype=float))


def loss(w, b, X, y, l2):
    z = X.dot(w)
    z += b
    return float(-np.average(y * log_expit(z) + (1 - y) * log_expit(-z)) + np.linalg.norm(w) ** 2 * l2 / 2)


def gradient(w, b, X, y, l2):
    residual = sigmoid(np.dot(X, w) + b)
    residual -= y
    residual /= len(residual)
    dw = np.einsum("nd,n->d", X, residual)
    dw += np.multiply(l2, w)
    return [dw, residual.sum()]


def train(X, y, learning_rate=0.1, epochs=20, batch_size=8, l2=0.0, seed=0):
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    w, b, losses = np.zeros(X.shape[1]), np.zeros(()), []
    while len(losses) < epochs:
        order = rng.choice(len(X), size=len(X), replace=False)[::-1]
        start = 0
        while start < len(order):
            dw, db = gradient(w, b, X[order[start : start + batch_size]], y[order[start : start + batch_size]], l2)
            w -= learning_rate * dw
            b = b - learning_rate * db
            start += batch_size
        losses.append(loss(w, b, X, y, l2))
    return [w, float(b), losses]


def predict(w, b, X):
    return np.heaviside(np.matmul(X, w) + b, 1.0).astype(np.uint8)
