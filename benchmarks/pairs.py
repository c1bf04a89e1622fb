"""What 10,000 training pairs cost on their way to a submission: `python benchmarks/pairs.py [--features 64]`.

A pair is an array of shape (features, 1) and a label, a Python or numpy integer. It is handed over as an instructor may
write it: a list of tuples, a list of lists, `zip` of two arrays, plain nested lists, and `rows`. CPU is that of both
processes together, in user and system mode, the best of several calls; the submission's function looks at nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks.local.usage import Meter
from autograder.checks.rows import rows
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not

COUNT = 10_000
HOMEWORK = '''
def fit(pairs):
    """Nothing: only the way here is measured."""
    return len(pairs)


def pairs(count):
    """Pairs on their way back."""
    import numpy as np

    return [(np.zeros(64), number) for number in range(count)]
'''
INTERFACE = Interface((ModuleInterface("hw.py", ("fit", "pairs"), {}, ()),))


def ways(x: Any, y: Any) -> dict[str, Callable[[], Any]]:
    """The same pairs, each as somebody may write them; made when they are handed over, which is not measured."""
    return {
        "rows(x, y)": lambda: rows(x, y),
        "list of tuples": lambda: [(each, int(label)) for each, label in zip(x, y, strict=True)],
        "list of lists": lambda: [[each, int(label)] for each, label in zip(x, y, strict=True)],
        "list(zip(x, y))": lambda: list(zip(x, y, strict=True)),
        "list of arrays": lambda: list(x),
        "nested lists (x alone)": lambda: x.reshape(len(x), -1).tolist(),
    }


def cpu_of(work: Callable[[], Any], pid: int) -> float:
    """CPU seconds of this process and of another one while something is done."""
    meter, began = Meter(pid), time.process_time()
    meter.start()
    work()
    return (meter.stop().cpu_seconds or 0.0) + time.process_time() - began


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=64, help="numbers in each array")
    parser.add_argument("--repeat", type=int, default=5)
    chosen = parser.parse_args()
    x = np.random.default_rng(0).random((COUNT, chosen.features, 1))
    y = np.arange(COUNT) % 10
    name = next(each for each in ("bubblewrap", "landlock", "none") if not why_not(each))
    with tempfile.TemporaryDirectory() as folder, start(name) as sandbox:
        Path(folder).chmod(0o755)
        (Path(folder) / "hw.py").write_text(HOMEWORK)
        session = sandbox.open(Request(Path(folder), Limits(memory_mib=4096)))
        student = RemoteStudent(session, INTERFACE, Limits())
        student.fit(rows(x[:2], y[:2]))
        pid = getattr(session, "pid", 0)
        print(f"{COUNT:,} pairs of an array ({chosen.features}, 1) and a label, CPU of both processes ({name}):")
        for way, made in ways(x, y).items():
            given = [made() for _ in range(chosen.repeat)]
            best = min(cpu_of(partial(student.fit, pairs), pid) for pairs in given)
            print(f"  {way:24s} {1000 * best:6.1f} ms")
        best = min(cpu_of(lambda: student.pairs(COUNT), pid) for _ in range(chosen.repeat))
        print(f"  {'back, as list of tuples':24s} {1000 * best:6.1f} ms")
        session.close()


if __name__ == "__main__":
    main()
