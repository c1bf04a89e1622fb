"""A student's network of one hidden layer, right or with one of the usual mistakes, for the tests of checks."""

from __future__ import annotations

import numpy as np

MISTAKES = (
    "bias not trained",
    "first layer frozen",
    "nothing is updated",
    "wrong sign",
    "gradients pile up",
    "labels not shuffled with inputs",
    "learning rate ignored",
    "only the last bias is trained",
)


class Net:
    """``softmax(W2 tanh(W1 x + b1) + b2)``, or without softmax for targets that are numbers; trained by batches."""

    def __init__(self, sizes, rng, *, dtype=np.float64, mistake=""):
        assert not mistake or mistake in MISTAKES
        d, h, k = sizes
        self.mistake, self.rng = mistake, rng
        self.W1 = (rng.normal(size=(d, h)) / np.sqrt(d)).astype(dtype)
        self.b1 = np.zeros(h, dtype)
        self.W2 = (rng.normal(size=(h, k)) / np.sqrt(h)).astype(dtype)
        self.b2 = np.zeros(k, dtype)
        self.kept = [np.zeros_like(each) for each in self.parameters()]

    def parameters(self):
        """W1, b1, W2, b2."""
        return [self.W1, self.b1, self.W2, self.b2]

    def copies(self):
        """The parameters as they are now."""
        return [each.copy() for each in self.parameters()]

    def scores(self, x):
        """Scores (n, k) before softmax."""
        return np.tanh(x.astype(self.W1.dtype) @ self.W1 + self.b1) @ self.W2 + self.b2

    def loss(self, x, y):
        """Cross-entropy for labels (n,), half the squared error for numbers (n, k)."""
        z = self.scores(x)
        if y.ndim == 2:
            return float(np.mean(np.sum((z - y) ** 2, axis=1)) / 2)
        z = z - z.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]))

    def step(self, x, y, rate):
        """One step of gradient descent on a batch."""
        if self.mistake == "labels not shuffled with inputs":
            x = x[self.rng.permutation(len(x))]
        hidden = np.tanh(x.astype(self.W1.dtype) @ self.W1 + self.b1)
        out = hidden @ self.W2 + self.b2
        if y.ndim == 1:
            out = np.exp(out - out.max(axis=1, keepdims=True))
            out /= out.sum(axis=1, keepdims=True)
            out[np.arange(len(y)), y] -= 1
        else:
            out = out - y
        out = (out / len(x)).astype(self.W1.dtype)
        back = (out @ self.W2.T) * (1 - hidden**2)
        gradients = [x.T.astype(self.W1.dtype) @ back, back.sum(axis=0), hidden.T @ out, out.sum(axis=0)]
        if self.mistake == "gradients pile up":
            self.kept = gradients = [old + new for old, new in zip(self.kept, gradients, strict=True)]
        rate = {"wrong sign": -rate, "nothing is updated": 0.0, "learning rate ignored": 0.1}.get(self.mistake, rate)
        still = {"bias not trained": (1, 3), "first layer frozen": (0, 1), "only the last bias is trained": (0, 1, 2)}
        for place, (each, gradient) in enumerate(zip(self.parameters(), gradients, strict=True)):
            if place not in still.get(self.mistake, ()):
                each -= each.dtype.type(rate) * gradient

    def fit(self, x, y, *, rate, steps):
        """Full-batch descent; the loss before and after every step, (steps + 1,)."""
        losses = [self.loss(x, y)]
        with np.errstate(all="ignore"):  # those with a wrong sign run away
            for _ in range(steps):
                self.step(x, y, rate)
                losses.append(self.loss(x, y))
        return losses
