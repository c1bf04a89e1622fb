"""Scales the queries before the product, and sets masked weights to zero after the exponential."""

import numpy as np


def causal_mask(length):
    return [[j <= i for j in range(length)] for i in range(length)]


def attention(Q, K, V, mask=None):
    scores = np.matmul(Q / np.sqrt(Q.shape[-1]), np.swapaxes(K, 1, 2))
    allowed = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    top = np.max(np.where(allowed, scores, -np.inf), axis=2, keepdims=True)
    weights = np.where(allowed, np.exp(np.minimum(scores - top, 0)), 0.0)
    weights /= weights.sum(axis=2, keepdims=True)
    return np.matmul(weights, V), weights


class MultiHeadAttention:
    def split(self, X):
        return np.concatenate([np.stack(np.split(x, self.heads, axis=1)) for x in X])
