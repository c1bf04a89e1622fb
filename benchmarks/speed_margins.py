"""How far right solutions lie above a threshold of speed, and wrong ones below: for the table in docs/fairness.md.

The checks of the speed in linear_hinge compare code without loops with the loops of the reference. Here the reference,
the kept right variants and the kept mutants with loops are measured as there, each in a sandbox, many times.

    python benchmarks/speed_margins.py            # 40 rounds each; a minute or two
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from autograder.checks import faster_than
from autograder.loader import Loaded, load
from autograder.quality.mutation import kept
from autograder.quality.mutation.selection import variants
from autograder.remote.student import RemoteStudent
from autograder.sandbox import Request, Sandbox, start

ROOT = Path(__file__).parents[1]
FORMS = ("svm_loss", "svm_max_loss")
MUTANTS = ("loop_over_samples", "loop_in_a_key")
SHAPE = (12_000, 2, 5)


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    loaded = load(ROOT, "linear_hinge")
    sources = {file: (loaded.reference_folder / file).read_text("utf-8") for file in loaded.assignment.files}
    measured = [("the reference", "", form) for form in FORMS]
    code = {"the reference": sources}
    changes = [*variants(loaded.folder, sources), *(m for m in kept(loaded.folder, sources) if m.id in MUTANTS)]
    for change in changes:
        code[change.id] = {**sources, change.file: change.source}
        measured.append((change.id, change.about, change.function.removesuffix("_vectorized")))
    print(f"{rounds} rounds each, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    print("| solution | form | slowest | median | fastest | best of 5, slowest |\n|---|---|---|---|---|---|")
    with start("auto") as sandbox:
        for name, _, form in measured:
            ratios = _ratios(loaded, sandbox, code[name], sources, form, rounds)
            best = min(max(ratios[at : at + 5]) for at in range(0, len(ratios) - 4, 5))
            low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
            print(f"| {name} | {form} | {low:.1f} | {middle:.1f} | {high:.1f} | {best:.1f} |", flush=True)


def _ratios(
    loaded: Loaded, sandbox: Sandbox, code: dict[str, str], reference: dict[str, str], form: str, rounds: int
) -> list[float]:
    """How many times faster than the reference's loops, in each round."""
    rng = np.random.default_rng(0)
    n, d, classes = SHAPE

    def inputs() -> tuple[object, ...]:
        return rng.normal(size=(d, classes)), rng.normal(size=(n, d)), rng.integers(classes, size=n), 0.5

    with contextlib.ExitStack() as stack:
        student, beside = (_opened(loaded, sandbox, text, stack) for text in (code, reference))
        fast = partial(student.cost_of, getattr(student, f"{form}_vectorized"))
        slow = partial(beside.cost_of, getattr(beside, f"{form}_naive"))
        return [faster_than(fast, slow, factor=1e-9, inputs=inputs, rounds=1, agree=_same) for _ in range(rounds)]


def _same(got: tuple[float, np.ndarray], expected: tuple[float, np.ndarray]) -> None:
    assert np.isclose(got[0], expected[0])
    assert np.allclose(got[1], expected[1])


def _opened(loaded: Loaded, sandbox: Sandbox, code: dict[str, str], stack: contextlib.ExitStack) -> RemoteStudent:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    folder.chmod(0o755)
    for file, text in code.items():
        (folder / file).write_text(text, "utf-8")
    for given in loaded.assignment.given:
        (folder / given).write_bytes((loaded.reference_folder / given).read_bytes())
    limits = loaded.assignment.limits
    session = sandbox.open(Request(folder, limits))
    stack.callback(session.close)
    session.grant(10_000.0)
    return RemoteStudent(session, loaded.interface, limits, (), folder)


if __name__ == "__main__":
    main()
