"""Homework 7: scaled dot-product attention in numpy."""

import numpy as np


def softmax(scores):
    """Softmax over the last axis, without overflow; entries of -inf get the weight 0."""
    ### BEGIN SOLUTION
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)
    ### END SOLUTION


def causal_mask(length):
    """Truth values, shape (length, length): True where position i may look at position j, that is j <= i."""
    ### BEGIN SOLUTION
    return np.tril(np.ones((length, length), dtype=bool))
    ### END SOLUTION


def attention(Q, K, V, mask=None):
    """softmax(Q K^T / sqrt(d)) V for each sequence of a batch.

    Args:
        Q: queries, shape (batch, n, d).
        K: keys, shape (batch, m, d).
        V: values, shape (batch, m, v).
        mask: truth values, shape (n, m), True where a query may look at a key; in each row at least one is True.

    Returns:
        (outputs, weights) of shapes (batch, n, v) and (batch, n, m).
    """
    ### BEGIN SOLUTION
    scores = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = softmax(scores)
    return weights @ V, weights
    ### END SOLUTION


class MultiHeadAttention:
    """Self-attention with several heads; d must be a multiple of the number of heads."""

    def __init__(self, d, heads, seed=0):
        rng = np.random.default_rng(seed)
        self.heads = heads
        self.Wq, self.Wk, self.Wv, self.Wo = rng.normal(scale=d**-0.5, size=(4, d, d))

    def split(self, X):
        """(batch, n, d) to (batch * heads, n, d / heads), the heads of one sequence next to each other."""
        ### BEGIN SOLUTION
        batch, n, d = X.shape
        parts = X.reshape(batch, n, self.heads, d // self.heads)
        return parts.transpose(0, 2, 1, 3).reshape(batch * self.heads, n, d // self.heads)
        ### END SOLUTION

    def forward(self, X, mask=None):
        """Outputs of shape (batch, n, d): heads side by side, times Wo."""
        ### BEGIN SOLUTION
        batch, n, d = X.shape
        outputs, _ = attention(self.split(X @ self.Wq), self.split(X @ self.Wk), self.split(X @ self.Wv), mask)
        joined = outputs.reshape(batch, self.heads, n, d // self.heads).transpose(0, 2, 1, 3)
        return joined.reshape(batch, n, d) @ self.Wo
        ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2, 4, 4))
    mask = causal_mask(4)
    outputs, weights = attention(X, X, X, mask)
    print("rows of weights sum to", weights.sum(axis=-1)[0])
    layer = MultiHeadAttention(d=4, heads=2)
    print("output", layer.forward(X, mask).shape, layer.forward(X).shape)
