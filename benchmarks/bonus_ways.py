"""How alike trainings of a bonus network of back-propagation are to plain gradient descent, and weights from elsewhere.

    python benchmarks/bonus_ways.py --data digits              # a few minutes on one core
    python benchmarks/bonus_ways.py --data mnist --seeds 1     # half an hour; finds the data through AUTOGRADER_DATA

Trains as students might (optimizers, rates, decay, dropout, shifted copies, widths, depths), with gradients vectorised
over each batch, and prints a line of `docs/fairness.md` for each: the accuracy on hidden images, and the cosine between
the way of layer 1 and that of plain gradient descent from the same start, as the check compares them. Then the same for
weights that were trained at home: from another start, and from the same one, which the grader has exchanged.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import thresholds

Array = np.ndarray[Any, Any]

SIZES = (784, 100, 10)
EPOCHS = 3


@dataclass(frozen=True, slots=True)
class Way:
    """A way to train: an optimizer with its rate, and what is done to weights, images and rate."""

    name: str
    sizes: tuple[int, ...] = SIZES
    he_start: bool = True
    kind: str = "descent"
    rate: float = 0.1
    decay: float = 0.0
    falling: float = 1.0
    shifted: bool = False
    dropout: float = 0.0


WAYS = (
    Way("gradient descent, He, width 100"),
    Way("momentum 0.9 at 0.01", kind="momentum", rate=0.01),
    Way("momentum 0.9 at 0.05", kind="momentum", rate=0.05),
    Way("Adam at 0.001", kind="adam", rate=0.001),
    Way("Adam at 0.003", kind="adam", rate=0.003),
    Way("RMSprop at 0.001", kind="rmsprop", rate=0.001),
    Way("signs of gradients at 0.0003", kind="sign", rate=0.0003),
    Way("weight decay of 0.01", decay=0.01),
    Way("rate 0.3, halved after each epoch", rate=0.3, falling=0.5),
    Way("copies shifted by up to two pixels", shifted=True),
    Way("dropout of 0.3 of the inputs", dropout=0.3),
    Way("width 400", sizes=(784, 400, 10)),
    Way("width 4000", sizes=(784, 4000, 10)),
    Way("width 30", sizes=(784, 30, 10)),
    Way("three hidden layers", sizes=(784, 100, 60, 30, 10)),
    Way("N(0, 1), width 100", he_start=False),
)


def gradients(weights: list[Array], biases: list[Array], x: Array, y: Array) -> list[Array]:
    """The mean gradients of a batch, weights before biases: what a step of descent at rate 1 takes away."""
    w, b = [each.copy() for each in weights], [each.copy() for each in biases]
    thresholds.step(w, b, x, y, 1.0)
    return [before - after for before, after in zip([*weights, *biases], [*w, *b], strict=True)]


def moved_about(x: Array, rng: np.random.Generator) -> Array:
    """Images (n, 784), each rolled by up to two pixels along both axes."""
    rolled = [np.roll(each.reshape(28, 28), rng.integers(-2, 3, size=2), axis=(0, 1)) for each in x]
    return np.reshape(rolled, x.shape)


def trained(
    way: Way, weights: list[Array], biases: list[Array], x: Array, labels: Array, rng: np.random.Generator
) -> tuple[list[Array], list[Array]]:
    """Weights and biases after `EPOCHS` epochs in batches of 10."""
    w, b = [each.copy() for each in weights], [each.copy() for each in biases]
    everything = [*w, *b]
    mean, square = ([np.zeros_like(each) for each in everything] for _ in range(2))
    y, rate, steps = np.eye(10, dtype=np.float32)[labels], way.rate, 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for begin in range(0, len(x), 10):
            chosen = order[begin : begin + 10]
            shown = moved_about(x[chosen], rng) if way.shifted else x[chosen]
            if way.dropout:
                shown = np.float32(shown * (rng.random(shown.shape) > way.dropout) / (1 - way.dropout))
            steps += 1
            for number, (each, g) in enumerate(zip(everything, gradients(w, b, shown, y[chosen]), strict=True)):
                m, v = mean[number], square[number]
                if way.kind == "momentum":
                    m *= 0.9
                    m += g
                    each -= rate * m
                elif way.kind == "adam":
                    m += 0.1 * (g - m)
                    v += 0.001 * (g * g - v)
                    each -= rate * (m / (1 - 0.9**steps)) / (np.sqrt(v / (1 - 0.999**steps)) + 1e-8)
                elif way.kind == "rmsprop":
                    v += 0.1 * (g * g - v)
                    each -= rate * g / (np.sqrt(v) + 1e-6)
                else:
                    each -= rate * (np.sign(g) if way.kind == "sign" else g)
                if way.decay and number < len(w):
                    each -= rate * way.decay * each
        rate *= way.falling
    return w, b


def cosine(start: Array, end: Array, before: tuple[list[Array], list[Array]], x: Array, labels: Array) -> float:
    """What the check compares: the way from `start` to `end`, and that of descent from `before`."""
    module = thresholds.assignment()
    way, seen = module.away(start, end), module.away(before[0][0], module.descended(*before, x, labels))
    return float(np.sum(way * seen) / (np.linalg.norm(way) * np.linalg.norm(seen)))


def main() -> None:
    """Read the arguments, print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("digits", "mnist"), required=True)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--only", default="", help="ways whose name holds this text")
    options = parser.parse_args()
    data = thresholds.data_set(options.data)
    size = thresholds.assignment().RUNS["d", options.data, False].train
    elsewhere, exchanged = [], []
    for way in (each for each in WAYS if options.only in each.name):
        found, right = [], []
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            chosen, names = rng.permutation(len(data.train))[:size], rng.permutation(10)
            x, labels = data.train.x[chosen], names[data.train.y[chosen]]
            before = thresholds.start(way.sizes, rng, he_start=way.he_start)
            after = trained(way, *before, x, labels, rng)
            found.append(cosine(before[0][0], after[0][0], before, x, labels))
            right.append(np.mean(thresholds.logits(*after, data.hidden.x).argmax(axis=1) == names[data.hidden.y]))
            home = trained(way, *thresholds.start(way.sizes, rng, he_start=way.he_start), x, labels, rng)
            elsewhere.append(abs(cosine(before[0][0], home[0][0], before, x, labels)))
            mixed = [rng.permuted(each, axis=1) for each in before[0]], before[1]
            exchanged.append(abs(cosine(mixed[0][0], after[0][0], mixed, x, labels)))
        print(f"| {way.name} | {100 * np.mean(right):.1f} | {min(found):.2f} to {max(found):.2f} |", flush=True)
    print(f"| weights from another start | | {max(elsewhere):.2f} at most |")
    print(f"| the same start at home, exchanged by the grader | | {max(exchanged):.2f} at most |")


if __name__ == "__main__":
    main()
