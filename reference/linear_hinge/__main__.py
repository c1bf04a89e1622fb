"""The experiments of the linear classifier on the whole data set, with their figures.

    python -m reference.linear_hinge best                  # rate 3e-7, strength 1e4, norm 2, batches of 400
    python -m reference.linear_hinge best --form max       # the same with the max form of the loss
    python -m reference.linear_hinge search                # the eight combinations
    python -m reference.linear_hinge preprocessing         # what is done to the pixels before
    python -m reference.linear_hinge speed                 # the loss without loops against the loss with loops

Run it from the root of the repository. CIFAR-10 is found as `autograder data list` says; `--data shapes` takes the
embedded stand-in, with as many passes through its few images as make about as many steps.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

from autograder.datasets import DataSettings, find

mpl.use("Agg")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import hinge_losses
import matplotlib.pyplot as plt
from cifar10_data import CLASSES
from hinge_classifier import LinearClassifier
from hinge_experiments import plot_losses, plot_templates, search

VALIDATION = {"cifar10": 1000, "shapes": 500}  # images that choose the settings
EPOCHS = {"cifar10": 6, "shapes": 100}


def main() -> None:
    """Read the command line and run one experiment; the last line printed is its result."""
    parser = argparse.ArgumentParser(prog="python -m reference.linear_hinge", description=__doc__.splitlines()[0])
    parser.add_argument("experiment", choices=("best", "search", "preprocessing", "speed"))
    parser.add_argument("--data", choices=("cifar10", "shapes"), default="cifar10", help="data set")
    parser.add_argument("--out", type=Path, help="folder for the figures")
    parser.add_argument("--form", choices=("sum", "max"), default="sum", help="of the hinge loss")
    parser.add_argument("--strength", type=float, default=1e4, help="of the penalty; its gradient is strength * W")
    parser.add_argument("--epochs", type=int, help="passes through the training set")
    parser.add_argument("--seeds", type=int, default=1, help="trainings, whose mean is reported")
    options = parser.parse_args()
    options.epochs = options.epochs or EPOCHS[options.data]
    {"best": best, "search": best_of_eight, "preprocessing": preprocessing, "speed": speed}[options.experiment](options)


def images(name):
    """The pairs (x, y) for training, validation and test: the last of the open images are those of validation."""
    data = find(name, DataSettings.from_environment())
    x = np.concatenate([data.train.x, data.validation.x])  # uint8 (n, 32, 32, 3)
    y = np.concatenate([data.train.y, data.validation.y])
    cut = len(x) - VALIDATION[name]
    return (x[:cut], y[:cut]), (x[cut:], y[cut:]), (data.hidden.x, data.hidden.y)


def best(options):
    """Train the published best setting, and draw losses and templates of the first training."""
    training, validation, test = images(options.data)
    rows = []
    for seed in range(options.seeds):
        began = time.perf_counter()
        model = LinearClassifier(strength=options.strength, form=options.form, epochs=options.epochs, seed=seed)
        model.fit(*training, validation=validation)
        rows.append([100 * model.accuracy(*part) for part in (test, validation, training)])
        print(f"seed {seed}: {summary(rows[-1:])}, trained in {time.perf_counter() - began:.1f} s", flush=True)
        if seed == 0 and options.out:
            save(options, f"{options.form}_form", model)
    print(summary(rows))


def best_of_eight(options):
    """Search the eight combinations; the test set is asked for the chosen one alone."""
    training, validation, test = images(options.data)
    model, results = search(training, validation, form=options.form, epochs=options.epochs)
    for each in results:
        print(
            f"rate {each['learning_rate']:g}, strength {each['strength']:g}, norm {each['norm']}, "
            f"batches of {each['batch_size']}: validation {100 * each['validation_accuracy']:.1f} %, "
            f"training {100 * each['training_accuracy']:.1f} %"
        )
    if options.out:
        save(options, "search", model)
    accuracies = [100 * model.accuracy(*part) for part in (test, validation, training)]
    print(
        f"rate {model.learning_rate:g}, strength {model.strength:g}, norm {model.norm}, "
        f"batches of {model.batch_size}: {summary([accuracies])}"
    )


class Prepared(LinearClassifier):
    """The same classifier of images that are prepared in another way than by subtracting the mean image."""

    def __init__(self, way, **settings):
        """Keep the way, a name from `WAYS`."""
        super().__init__(**settings)
        self.way = way

    def fit(self, X, y, validation=None):
        """Measure what standardising needs, then train."""
        self.deviation = np.std(X[::7].reshape(-1, X[0].size), axis=0)  # a seventh of the images is enough
        return super().fit(X, y, validation)

    def centered(self, X):
        """Images as prepared rows."""
        return WAYS[self.way](np.reshape(X, (len(X), -1)).astype(np.float64), self.mean, self.deviation)


WAYS = {
    "0 to 255 as they are": lambda x, _mean, _deviation: x,
    "0 to 255, mean image subtracted": lambda x, mean, _deviation: x - mean,
    "0 to 1": lambda x, _mean, _deviation: x / 255,
    "0 to 1, mean image subtracted": lambda x, mean, _deviation: (x - mean) / 255,
    "standardised pixel by pixel": lambda x, mean, deviation: (x - mean) / deviation,
    "0 to 255, each image's own mean subtracted": lambda x, _mean, _deviation: x - x.mean(axis=1, keepdims=True),
}


def preprocessing(options):
    """Train the best setting on images that are prepared in six ways."""
    training, validation, test = images(options.data)
    lines = []
    for way in WAYS:
        model = Prepared(way, strength=options.strength, form=options.form, epochs=options.epochs)
        model.fit(*training, validation=validation)
        accuracies = [100 * model.accuracy(*part) for part in (test, validation, training)]
        print(f"{way}: {summary([accuracies])}, training loss {model.history['training_loss'][-1]:.3f}", flush=True)
        lines.append(f"{way} {accuracies[0]:.1f} %")
    print(f"test: {'; '.join(lines)}")


def speed(options):
    """Time both ways of writing each form: on the samples of the graded comparison, and on 500 whole images.

    With few numbers a sample, loops wait for Python most of the time; with 3,072 they already work on long rows.
    """
    (x, y), _, _ = images(options.data)
    rng = np.random.default_rng(0)
    rows = np.reshape(x[:500], (500, -1)) - np.mean(x[:500].reshape(500, -1), axis=0)
    few = rng.uniform(-128, 128, size=(12_000, 8))
    lines = []
    for what, X, labels, classes in (
        ("12,000 samples of 8 numbers", few, rng.integers(5, size=len(few)), 5),
        ("500 images of 3,072 pixels", rows, y[:500], 10),
    ):
        W = 0.04 / np.sqrt(X.shape[1]) * rng.normal(size=(X.shape[1], classes))
        ratios = []
        for name in ("svm_loss", "svm_max_loss"):
            slow, fast = (
                min(timed(getattr(hinge_losses, f"{name}_{way}"), W, X, labels, 1.0) for _ in range(7))
                for way in ("naive", "vectorized")
            )
            print(f"{what}, {name}: {1000 * slow:.1f} ms with loops, {1000 * fast:.2f} ms without")
            ratios.append(f"{slow / fast:.0f}")
        lines.append(f"{what}: {' (sum) and '.join(ratios)} (max) times faster")
    print("; ".join(lines))


def timed(function, *arguments):
    """CPU seconds of one call."""
    began = time.process_time()
    function(*arguments)
    return time.process_time() - began


def save(options, name, model):
    """Write the figures of one training as PNG files."""
    options.out.mkdir(parents=True, exist_ok=True)
    plot_losses(model.history)
    plt.savefig(options.out / f"{name}_losses.png", dpi=120)
    plot_templates(model.W, names=CLASSES if options.data == "cifar10" else [f"class {k}" for k in range(10)])
    plt.savefig(options.out / f"{name}_templates.png", dpi=120)
    plt.close("all")


def summary(rows):
    """Accuracies in per cent, a row of test, validation, training for each seed, as one sentence."""
    mean, deviation = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=min(1, len(rows) - 1))
    spread = [f" ± {each:.1f}" if len(rows) > 1 else "" for each in deviation]
    names = ("test", "validation", "training")
    seeds = f" (mean ± standard deviation of {len(rows)} seeds)" if len(rows) > 1 else ""
    return ", ".join(f"{name} {m:.1f}{s} %" for name, m, s in zip(names, mean, spread, strict=True)) + seeds


if __name__ == "__main__":
    main()
