"""What disguised hidden images cost networks that were trained on plain ones.

    python benchmarks/disguises.py --data digits       # some ten seconds
    python benchmarks/disguises.py --data mnist        # two minutes; finds the data through AUTOGRADER_DATA

Trains the networks of the back-propagation homework as `thresholds.py` does, and prints a line of `docs/fairness.md`
for each: accuracy on the hidden images as they are, with noise, and shifted; and that of another training, with pixels
in a secret order and classes under secret numbers (`rearranged`), which costs nothing.
"""

from __future__ import annotations

import argparse

import numpy as np
import thresholds

from autograder.checks import disguised, rearranged

KINDS = (("as they are", 0, 0.0), ("noise 0.02", 0, 0.02), ("shifted", 1, 0.0))


def measured(name: str, sizes: tuple[int, ...], train: int, epochs: int, seed: int, *, he_start: bool) -> list[float]:
    """The accuracy of one training on each kind of images, and of another one on rearranged samples."""
    data = thresholds.data_set(name)
    found = []
    for secret in (None, rearranged(784, 10, np.random.default_rng([seed, 1]))):
        rng = np.random.default_rng([seed, train])
        chosen = rng.permutation(len(data.train))[:train]
        x, y, test_x, test_y = data.train.x[chosen], data.train.y[chosen], data.hidden.x, data.hidden.y
        if secret is not None:
            x, y, test_x, test_y = secret.x(x), secret.y(y), secret.x(test_x), secret.y(test_y)
        weights, biases = thresholds.start(sizes, rng, he_start=he_start)
        for _ in thresholds.train(weights, biases, x, y, rng, epochs=epochs, rate=0.1):
            pass
        for _, shift, noise in KINDS if secret is None else KINDS[:1]:
            shown = disguised(test_x, rng, shift=shift, noise=noise)
            found.append(float(np.mean(thresholds.logits(weights, biases, shown).argmax(axis=1) == test_y)))
    return found


def main() -> None:
    """Read the arguments, print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("digits", "mnist"), required=True)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    runs = thresholds.assignment().RUNS
    plain, own = runs["c", options.data, False], runs["d", options.data, False]
    for title, sizes, run, epochs, he_start in (
        ("[784, 40, 10], N(0, 1)", (784, 40, 10), plain, plain.epochs, False),
        ("[784, 100, 10], He", (784, 100, 10), own, 3, True),
    ):
        values = [
            measured(options.data, sizes, run.train, epochs, seed, he_start=he_start) for seed in range(options.seeds)
        ]
        cells = " | ".join(f"{100 * each:.1f}" for each in np.mean(values, axis=0))
        print(f"| {options.data} | {title}, {run.train:,} x {epochs} | {options.seeds} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
