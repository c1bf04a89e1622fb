"""Attention in torch: tensors are arguments and return values."""

from __future__ import annotations

import numpy as np
import torch

from autograder import Assignment, Limits
from autograder.checks import accuracy, close, curve, same, shape

assignment = Assignment(
    "Attention",
    files=["attention.py"],
    preload=("numpy", "torch"),
    limits=Limits(wall_seconds=120, cpu_seconds=60, memory_mib=2048),
)

a = assignment.question("Attention", id="a", solution=["causal_mask", "attention"])
b = assignment.question("Several heads", id="b", solution="MultiHeadAttention.forward")
c = assignment.question("Training", id="c", solution="train")


def normal(rng, *shape):
    """A tensor of random numbers, float32."""
    return torch.tensor(rng.normal(size=shape), dtype=torch.float32)


# --- (a) attention ---


@a.check(points=1)
def mask_of_three(student):
    """Each of three positions looks at itself and at those before it."""
    want = np.array([[True, False, False], [True, True, False], [True, True, True]])
    same(student.causal_mask(3), want, name="causal_mask(3)")


@a.check(points=3, hidden=True, hint="Divide by the root of the width of the keys; softmax over the keys.")
def answers_and_weights(student, reference, rng):
    """Answers and weights are right for more keys than queries and for values of another width."""
    for lead in ((), (2,), (2, 3)):
        queries, keys, values = normal(rng, *lead, 3, 5), normal(rng, *lead, 4, 5), normal(rng, *lead, 4, 2)
        got, want = student.attention(queries, keys, values), reference.attention(queries, keys, values)
        close(got[1], want[1], name="the weights", rtol=1e-4, atol=1e-5)
        close(got[0], want[0], name="the answers", rtol=1e-4, atol=1e-5)


@a.check(points=2, hidden=True, hint="Where a query may not look, the score is minus infinity before softmax.")
def masked(student, reference, rng):
    """Weights are 0 where a query may not look, and sum to one elsewhere."""
    queries, keys, values = normal(rng, 2, 5, 4), normal(rng, 2, 5, 4), normal(rng, 2, 5, 3)
    mask = torch.ones(5, 5).tril().bool()
    got, want = student.attention(queries, keys, values, mask), reference.attention(queries, keys, values, mask)
    close(got[1], want[1], name="the weights", rtol=1e-4, atol=1e-5)
    close(got[0], want[0], name="the answers", rtol=1e-4, atol=1e-5)


@a.check(points=1, hidden=True, hint="Use torch.softmax, which subtracts the largest score.")
def large_scores(student, reference, rng):
    """Large scores give no NaN."""
    queries, keys, values = 100 * normal(rng, 3, 16), 100 * normal(rng, 4, 16), normal(rng, 4, 2)
    close(
        student.attention(queries, keys, values)[0],
        reference.attention(queries, keys, values)[0],
        name="the answers",
        atol=1e-4,
    )


# --- (b) several heads ---


def weights_of(rng, width):
    """Random weights and biases of the four layers, as `load_state_dict` takes them."""
    layers = ("query", "key", "value", "output")
    sizes = {"weight": (width, width), "bias": (width,)}
    return {f"{layer}.{part}": normal(rng, *size) for layer in layers for part, size in sizes.items()}


@b.check(points=1)
def keeps_the_shape(student):
    """The output has the shape of the input."""
    answers = student.MultiHeadAttention(6, 2)(torch.ones(2, 3, 6))
    shape(answers, (2, 3, 6), name="the answers")


@b.check(
    points=3,
    hidden=True,
    hint="Which columns belong to which head? Try one head first.",
    cases={"one head": 1, "three heads": 1, "three heads and a mask": 1},
)
def heads(student, reference, rng, case):
    """With the same weights the answers are the reference's."""
    count = 1 if case == "one head" else 3
    mask = torch.ones(4, 4).tril().bool() if case.endswith("mask") else None
    weights, x = weights_of(rng, 12), normal(rng, 2, 4, 12)
    models = [each.MultiHeadAttention(12, count) for each in (student, reference)]
    for model in models:
        model.load_state_dict(weights)
    close(models[0](x, mask), models[1](x, mask), name="the answers", rtol=1e-4, atol=1e-4)


# --- (c) training ---


def lookups(rng, samples, n=4, symbols=8):
    """Keys, values, the key asked for, and its value, as tensors of integers."""
    keys = np.argsort(rng.random((samples, symbols)), axis=1)[:, :n]
    values, which, rows = rng.integers(symbols, size=(samples, n)), rng.integers(n, size=samples), np.arange(samples)
    return tuple(torch.tensor(each) for each in (keys, values, keys[rows, which], values[rows, which]))


@c.check(points=1)
def loss_falls(student, rng):
    """The loss of each epoch is returned, and it falls."""
    losses = student.train(student.Lookup(8), *lookups(rng, 300), 6)
    shape(losses, (6,), name="losses")
    curve(losses, name="losses").falls(by=0.05)


@c.check(points=3, hidden=True, needs=heads, hint="Draw the order anew in each epoch, and step once for each batch.")
def looks_up(student, rng):
    """The trained model is right on nine of ten new samples (six of ten for half the points)."""
    model = student.Lookup(8)
    student.train(model, *lookups(rng, 1500), 8)
    keys, values, asked, answers = lookups(rng, 1000)
    scores = model(keys, values, asked)
    return accuracy(np.argmax(scores, axis=1), answers).points_at({0.9: 1.0, 0.6: 0.5})
