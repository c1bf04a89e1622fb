"""One sequence, one query, one head at a time."""

import numpy as np


def softmax(scores):
    flat = np.asarray(scores, dtype=float).reshape(-1, np.shape(scores)[-1])
    return np.array([np.exp(row - max(row)) / sum(np.exp(row - max(row))) for row in flat]).reshape(np.shape(scores))


def attention(Q, K, V, mask=None):
    outputs, weights = [], []
    for q, k, v in zip(Q, K, V, strict=True):
        rows = np.zeros((len(q), len(k)))
        for i in range(len(q)):
            seen = np.arange(len(k)) if mask is None else np.flatnonzero(mask[i])
            rows[i, seen] = softmax(k[seen] @ q[i] / np.sqrt(len(q[i])))
        weights.append(rows)
        outputs.append(rows @ v)
    return np.stack(outputs), np.stack(weights)


class MultiHeadAttention:
    def forward(self, X, mask=None):
        e = X.shape[2] // self.heads
        total = 0
        for h in range(self.heads):
            part = slice(h * e, (h + 1) * e)
            out, _ = attention(X @ self.Wq[:, part], X @ self.Wk[:, part], X @ self.Wv[:, part], mask)
            total = total + out @ self.Wo[part]
        return total
