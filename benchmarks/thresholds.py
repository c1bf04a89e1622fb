"""How sure the accuracy thresholds of the back-propagation homework are: every graded training, simulated many times.

    python benchmarks/thresholds.py                    # all runs, some six minutes on two cores
    python benchmarks/thresholds.py --data digits      # half a minute
    python benchmarks/thresholds.py --short            # without the trainings of --full

The simulation is the reference's own training, vectorised over each mini-batch (a test shows that a step is the same)
and in float32. It prints, for each run of the assignment, mean, standard deviation and smallest accuracy on the hidden
images that the check would draw, the threshold, how many standard deviations lie between, and two figures for the
probability that a right solution falls below: the normal approximation; and, with nothing assumed about the
distribution, an upper bound at 95 % confidence from the number of runs alone, of which none may fall below.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograder.datasets import DataSet, DataSettings, find

ROOT = Path(__file__).resolve().parents[1]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Trainings to simulate: the accuracies after some of the epochs give rows of the table."""

    sizes: tuple[int, ...]
    he_start: bool
    train: int
    epochs: int
    seeds: int


@cache
def assignment() -> ModuleType:
    """The assignment's own module: its runs are what is measured."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("backprop_assignment", ROOT / "assignments/backprop/assignment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@cache
def data_set(name: str) -> DataSet:
    """The data, as the grader finds it."""
    return find(name, DataSettings.from_environment())


def start(sizes: Sequence[int], rng: np.random.Generator, *, he_start: bool = False) -> tuple[list[Array], list[Array]]:
    """Weights and biases as `Network` draws them, or as the reference's `HeNetwork` does."""
    biases = [rng.normal(size=(n, 1)).astype(np.float32) for n in sizes[1:]]
    weights = [rng.normal(size=(n, m)).astype(np.float32) for m, n in pairwise(sizes)]
    if he_start:
        biases = [np.zeros_like(b) for b in biases]
        weights = [w * np.float32(math.sqrt(2 / w.shape[1])) for w in weights]
    return weights, biases


def step(weights: list[Array], biases: list[Array], x: Array, y: Array, rate: float) -> None:
    """One step of mini-batch gradient descent, in place, for images x (m, n_0) and one-hot labels y (m, n_L)."""
    assignment().descent_step(weights, biases, x, y, rate)


def logits(weights: list[Array], biases: list[Array], x: Array) -> Array:
    """The outputs before softmax, (n, n_L), for images (n, n_0)."""
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = np.maximum(x @ w.T + b[:, 0], 0)
    result: Array = x @ weights[-1].T + biases[-1][:, 0]
    return result


def train(
    weights: list[Array],
    biases: list[Array],
    x: Array,
    labels: Array,
    rng: np.random.Generator,
    *,
    epochs: int,
    rate: float,
) -> Iterator[int]:
    """Train in place as `Network.SGD` does, shuffled anew each epoch; yields after each epoch."""
    y = np.eye(10, dtype=np.float32)[labels]
    batch = assignment().BATCH
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(x))
        for begin in range(0, len(x), batch):
            chosen = order[begin : begin + batch]
            step(weights, biases, x[chosen], y[chosen], rate)
        yield epoch


def accuracies(name: str, simulation: Simulation, seed: int) -> tuple[Array, Array]:
    """(on all hidden images, on a random half-sized subset of at most 5,000), each after every epoch, one training."""
    data, module = data_set(name), assignment()
    rng = np.random.default_rng([seed, simulation.train, *simulation.sizes])
    chosen = rng.permutation(len(data.train))[: simulation.train]
    weights, biases = start(simulation.sizes, rng, he_start=simulation.he_start)
    whole, part = [], []
    training = train(
        weights, biases, data.train.x[chosen], data.train.y[chosen], rng, epochs=simulation.epochs, rate=module.RATE
    )
    for _ in training:
        right = logits(weights, biases, data.hidden.x).argmax(axis=1) == data.hidden.y
        whole.append(right.mean())
        part.append(right[rng.permutation(len(right))[:5000]].mean())
    return np.array(whole), np.array(part)


def study_gap(name: str, seed: int) -> float:
    """Training accuracy at rate 0.1 minus that at rate 0.001, at the end of the small learning-rate study."""
    data, module = data_set(name), assignment()
    rng = np.random.default_rng([seed, 7])
    chosen = rng.permutation(len(data.train))[: module.STUDY.train]
    x, labels = data.train.x[chosen], data.train.y[chosen]
    reached = []
    for rate in (0.1, 0.001):
        weights, biases = start(module.SIZES, rng)
        for _ in train(weights, biases, x, labels, rng, epochs=module.STUDY.epochs, rate=rate):
            pass
        reached.append(float(np.mean(logits(weights, biases, x).argmax(axis=1) == labels)))
    return reached[0] - reached[1]


def normal_tail(deviations: float) -> float:
    """P(Z < -deviations) of a standard normal Z."""
    return 0.5 * math.erfc(deviations / math.sqrt(2))


def row(title: str, values: Array, threshold: float, *, noise: bool = False) -> None:
    """Print one line of the table, accuracies in per cent.

    `noise`: the hidden images are themselves few, so that another set of them would differ; adds their binomial
    deviation to the measured one.
    """
    mean, spread = values.mean(), values.std(ddof=1)
    if noise:
        spread = math.hypot(spread, math.sqrt(mean * (1 - mean) / len(data_set("digits").hidden)))
    deviations = (mean - threshold) / spread
    below = int((values <= threshold).sum())
    bound = 1 - 0.05 ** (1 / len(values)) if not below else float("nan")
    print(
        f"| {title} | {len(values)} | {100 * mean:.1f} ± {100 * spread:.1f} | {100 * values.min():.1f} | "
        f"{100 * threshold:g} | {deviations:.1f} | {below} | {normal_tail(deviations):.0e} | {bound:.3f} |",
        flush=True,
    )


def ceiling(title: str, values: Array, threshold: float) -> None:
    """Print a line for what should stay below a threshold."""
    mean, spread = 100 * values.mean(), 100 * values.std(ddof=1)
    below = int((values <= threshold).sum())
    print(
        f"| {title} | {len(values)} | {mean:.1f} ± {spread:.1f} | max {100 * values.max():.1f} | "
        f"{100 * threshold:g} | | {below} | | |",
        flush=True,
    )


def simulate(name: str, simulation: Simulation, pool: ProcessPoolExecutor) -> tuple[Array, Array]:
    """All seeds of one simulation: two arrays (seeds, epochs), whole hidden set and subset."""
    results = list(pool.map(partial(accuracies, name, simulation), range(simulation.seeds)))
    return np.stack([whole for whole, _ in results]), np.stack([part for _, part in results])


def report(name: str, pool: ProcessPoolExecutor, *, short: bool, seeds: int) -> None:
    """Simulate and print every run on one data set."""
    module = assignment()
    noise = name == "digits"
    print(f"\n{name}\n\n| run | seeds | mean ± sd | min | above | sd between | fell | P normal | P <= (95 %) |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)

    gaps = np.array(list(pool.map(partial(study_gap, name), range(5 * seeds))))
    row("(b) study: accuracy at 0.1 less that at 0.001", gaps, 20.0)
    plain = tuple(module.SIZES)
    for question in "bc":
        for full in (False,) if short else (False, True):
            run = module.RUNS[question, name, full]
            simulation = Simulation(plain, he_start=False, train=run.train, epochs=run.epochs, seeds=_seeds(run, seeds))
            whole, part = simulate(name, simulation, pool)
            values = part if run.hidden <= 5000 else whole
            row(f"({question}) {_mode(full)}: {run.train} x {run.epochs}", values[:, -1], run.passing, noise=noise)
            for capped in (each for each in (False, True) if module.RUNS["d", name, each].train == run.train):
                bar = module.RUNS["d", name, capped]
                if bar.epochs <= run.epochs and full:
                    title = f"network of (c), {bar.epochs} epochs, against half of (d) {_mode(capped)}"
                    ceiling(title, whole[:, bar.epochs - 1], bar.improving)
    run = module.RUNS["d", name, False]
    simulation = Simulation((784, 100, 10), he_start=True, train=run.train, epochs=3, seeds=_seeds(run, seeds))
    whole, _ = simulate(name, simulation, pool)
    row(f"(d) reference: width 100, He, {run.train} x 3", whole[:, -1], run.passing, noise=noise)


def _seeds(run: Any, seeds: int) -> int:
    """Fewer seeds for the long trainings."""
    return max(8, seeds // 4) if run.train * run.epochs > 1_000_000 else seeds


def _mode(full: bool) -> str:
    return "--full" if full else "default"


def main() -> None:
    """Read the arguments, print the tables."""
    parser = argparse.ArgumentParser(description="How sure the accuracy thresholds of the homework are.")
    parser.add_argument("--data", choices=("mnist", "digits"), action="append")
    parser.add_argument("--short", action="store_true", help="leave out the trainings of --full")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for name in options.data or ("digits", "mnist"):
            report(name, pool, short=options.short, seeds=options.seeds)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
