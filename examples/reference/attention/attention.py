"""Attention in torch: scaled dot products, several heads, and a small model that learns to look a value up."""

from __future__ import annotations

import math

import torch
from torch import nn

__all__ = ["Lookup", "MultiHeadAttention", "attention", "causal_mask", "train"]


def causal_mask(n):
    """Which keys each query may look at: a tensor (n, n) of truth values, row i true up to and with column i."""
    ### BEGIN SOLUTION
    return torch.ones(n, n).tril().bool()
    ### END SOLUTION


def attention(queries, keys, values, mask=None):
    """softmax(Q K^T / sqrt(d)) V.

    queries are (..., n, d), keys (..., m, d), values (..., m, e); mask, if given, is (n, m) with truth values, false
    where a query may not look. Returns the answers (..., n, e) and the weights (..., n, m).
    """
    ### BEGIN SOLUTION
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])  # (..., n, m)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ values, weights
    ### END SOLUTION


class MultiHeadAttention(nn.Module):
    """Attention with several heads over the last dimension, as in "Attention is all you need", without dropout.

    The layers `query`, `key`, `value` and `output` are `nn.Linear(width, width)`; head h works on the columns
    h*width/heads up to (h+1)*width/heads of what the first three give.
    """

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, x, mask=None):
        """x is (samples, n, width); so is the answer."""
        ### BEGIN SOLUTION
        samples, n, width = x.shape

        def split(t):
            return t.reshape(samples, n, self.heads, width // self.heads).transpose(1, 2)  # (samples, heads, n, d)

        answers, _ = attention(split(self.query(x)), split(self.key(x)), split(self.value(x)), mask)
        return self.output(answers.transpose(1, 2).reshape(samples, n, width))
        ### END SOLUTION


class Lookup(nn.Module):
    """Given pairs of a key and a value and then one key again, say which value belonged to it."""

    def __init__(self, symbols, width=32, heads=2):
        super().__init__()
        self.embed_key = nn.Embedding(symbols, width)
        self.embed_value = nn.Embedding(symbols, width)
        self.mix = MultiHeadAttention(width, heads)
        self.read = nn.Linear(width, symbols)

    def forward(self, keys, values, asked):
        """keys and values are (samples, n) integers, asked (samples,); the scores are (samples, symbols)."""
        pairs = self.embed_key(keys) + self.embed_value(values)  # (samples, n, width)
        question = self.embed_key(asked)[:, None]  # (samples, 1, width)
        return self.read(self.mix(torch.cat([pairs, question], dim=1))[:, -1])


def train(model, keys, values, asked, answers, epochs=30, rate=0.01, batch_size=64):
    """Adam on the cross-entropy, with batches in an order drawn anew in each epoch; the mean loss of each epoch."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(answers)).split(batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(keys[batch], values[batch], asked[batch]), answers[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(answers))
    return losses
    ### END SOLUTION


def pairs(samples, n=4, symbols=8, seed=0):
    """Samples of `n` pairs with different keys: keys, values, the key asked for, and its value."""
    generator = torch.Generator().manual_seed(seed)
    keys = torch.stack([torch.randperm(symbols, generator=generator)[:n] for _ in range(samples)])
    values = torch.randint(symbols, (samples, n), generator=generator)
    which = torch.randint(n, (samples,), generator=generator)
    rows = torch.arange(samples)
    return keys, values, keys[rows, which], values[rows, which]


if __name__ == "__main__":
    torch.manual_seed(0)
    lookup = Lookup(8)
    history = train(lookup, *pairs(2000), epochs=15)
    keys, values, asked, answers = pairs(500, seed=1)
    print("loss", history[0], history[-1])
    print("accuracy", (lookup(keys, values, asked).argmax(1) == answers).float().mean().item())
