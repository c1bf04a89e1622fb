"""What a gradient check costs: `python benchmarks/checks.py [--runs 20] [--only numpy|torch]`.

numpy   all weights and biases of a relu network [784, 40, 10], cross-entropy of 10 samples: at most 50 ms;
torch   a convolutional network of about 60,000 parameters, cross-entropy of 2 images through torch in float64: at
        most 1 s.

Each is measured on right float32 code several times; the best time is compared with the limit, since other programs
may run beside (on a free machine it is the CPU time, which is printed, too). A wrong gradient of each layer is checked
as well: were one to pass, the times would say nothing. The exit code is 1 if a limit is missed, a right gradient fails,
or a wrong one passes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the sandbox
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.table import Table

from autograder.checks import autograd_gradient, gradient_matches, parameter_points
from autograder.checks.errors import CheckFailed

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A gradient check: the function, the point, the right gradient there."""

    name: str
    limit: float  # seconds
    of: Callable[[Parameters], object]
    at: Parameters
    right: Parameters
    calls: list[None] = field(default_factory=list)  # one for each value of the function

    def check(self, got: Parameters) -> None:
        """Compare a gradient with differences."""

        def counted(parameters: Parameters) -> object:
            self.calls.append(None)
            return self.of(parameters)

        gradient_matches(got, of=counted, at=self.at)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(part.size for part in self.at.values())


def main() -> int:
    """Measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="how often each check is timed (default 20)")
    parser.add_argument("--only", choices=["numpy", "torch"], help="one of the two")
    arguments = parser.parse_args()
    makers = {"numpy": network, "torch": convolutional}
    table = Table(title=f"Gradient checks by differences, {arguments.runs} runs, one thread")
    for heading in (
        "",
        "parameters",
        "calls",
        "ms: best",
        "median",
        "worst",
        "CPU",
        "limit",
        "right / wrong",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    good = True
    for name, make in makers.items():
        if arguments.only in (None, name):
            good &= measured(make(), arguments.runs, table)
    Console(width=120).print(table)
    return 0 if good else 1


def measured(case: Case, runs: int, table: Table) -> bool:
    """Two rows of the table: right code timed, and each layer wrong in turn; whether all is as it should be."""
    got = {name: part.astype(np.float32) for name, part in case.right.items()}
    passes = not fails(case, got)
    took, cpu = [], []
    for _ in range(runs):
        case.calls.clear()
        began, cpu_began = time.perf_counter(), time.process_time()
        fails(case, got)
        took.append(time.perf_counter() - began)
        cpu.append(1000 * (time.process_time() - cpu_began))
    times = [f"{1000 * value:.1f}" for value in (min(took), statistics.median(took), max(took))]
    times.append(f"{min(cpu):.1f}")
    in_time = min(took) <= case.limit
    verdict = f"right code passes{'' if in_time else ', TOO SLOW'}" if passes else "RIGHT CODE FAILS"
    table.add_row(case.name, f"{case.size:,}", f"{len(case.calls)}", *times, f"{1000 * case.limit:.0f}", verdict)
    took, caught, text = [], 0, ""
    case.calls.clear()
    for name, part in got.items():
        began = time.perf_counter()
        sentence = fails(case, got | {name: slightly_wrong(part)})
        took.append(time.perf_counter() - began)
        caught += sentence.startswith(f"{name} is wrong; the other")
        text = text or sentence
    times = [f"{1000 * value:.1f}" for value in (min(took), statistics.median(took), max(took))]
    verdict = f"wrong code fails {caught} of {len(got)}"
    table.add_row("  one parameter wrong", "", f"{len(case.calls) // len(got)}", *times, "", "", verdict)
    table.caption = f"{table.caption or ''}{case.name}: {text}\n"
    return passes and caught == len(got) and in_time


def fails(case: Case, got: Parameters) -> str:
    """The sentence with which the check fails, or ""."""
    try:
        case.check(got)
    except CheckFailed as failed:
        return str(failed)
    return ""


def slightly_wrong(part: np.ndarray) -> np.ndarray:
    """A tenth of the entries, at random places, 1.5 times too large, as a wrong derivative of relu would do."""
    wrong = np.random.default_rng(2).random(part.shape) < 0.1
    wrong.flat[np.argmax(np.abs(part))] = True
    return np.where(wrong, 1.5 * part, part)


def network() -> Case:
    """[784, 40, 10] in numpy, its gradient by back-propagation."""
    rng = np.random.default_rng(0)
    shapes = {"W1": (40, 784), "b1": (40, 1), "W2": (10, 40), "b2": (10, 1)}
    (at,) = parameter_points(rng, shapes, scales=[1.0])
    x = np.maximum(rng.uniform(-1, 1, size=(784, 10)), 0)
    y = np.eye(10)[:, rng.integers(10, size=10)]

    def loss(parameters: Parameters) -> float:
        hidden = np.maximum(parameters["W1"] @ x + parameters["b1"], 0)
        scores = parameters["W2"] @ hidden + parameters["b2"]
        scores = scores - scores.max(axis=0)
        return float(np.mean(np.log(np.exp(scores).sum(axis=0)) - (scores * y).sum(axis=0)))

    hidden = np.maximum(at["W1"] @ x + at["b1"], 0)
    powers = np.exp(at["W2"] @ hidden + at["b2"])
    delta = (powers / powers.sum(axis=0) - y) / x.shape[1]
    before = (at["W2"].T @ delta) * (hidden > 0)
    right = {"W1": before @ x.T, "b1": before.sum(axis=1, keepdims=True)}
    right |= {"W2": delta @ hidden.T, "b2": delta.sum(axis=1, keepdims=True)}
    return Case("\\[784, 40, 10] in numpy", 0.05, loss, at, right)


def convolutional() -> Case:
    """Two convolutions and two linear layers, its gradient by torch."""
    import torch
    from torch import nn
    from torch.func import functional_call

    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = nn.Sequential(
        *(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(512, 88), nn.ReLU(), nn.Linear(88, 10)),
    ).double()
    x = torch.rand(2, 1, 28, 28, dtype=torch.float64)
    y = torch.tensor([3, 1])

    def loss(parameters: Parameters) -> torch.Tensor:
        tensors = {name: torch.as_tensor(part) for name, part in parameters.items()}
        return nn.functional.cross_entropy(functional_call(module, tensors, (x,)), y)

    def value(parameters: Parameters) -> torch.Tensor:
        with torch.no_grad():
            return loss(parameters)

    at = {name: part.detach().numpy().copy() for name, part in module.named_parameters()}
    return Case("convolutions in torch", 1.0, value, at, autograd_gradient(loss, at))


if __name__ == "__main__":
    raise SystemExit(main())
