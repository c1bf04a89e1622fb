"""What running a course costs: the four figures that are promised, in one command.

``python benchmarks/course.py`` collects 300 submissions from each kind of download, and again; exports the grades of
these students in every format, into gradebooks of 300 where the format has one; grades a class of 1,000 again of which
nothing changed, and scores it by other points; and compares 300 submissions with each other. Exit code 1: one
took more CPU time than it may (the clock depends on what else runs), or a grade did not get to its student.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import regrade  # noqa: E402 - beside this file
import similarity  # noqa: E402
from class_downloads import SOURCES, Took, collected, exported, to_nbgrader  # noqa: E402 - from tests/

sys.path[:] = [each for each in sys.path if Path(each).resolve() != ROOT / "benchmarks"]  # where a module is nbgrader

MOST_COLLECT_SECONDS = 10.0
MOST_EXPORT_SECONDS = 5.0
MOST_AGAIN_SECONDS = 2.0


def classes(count: int) -> bool:
    """Each kind of download collected, and its grades in each format; whether all of it was quick enough."""
    good = True
    for kind, make in SOURCES.items():
        with tempfile.TemporaryDirectory(prefix="autograder-") as name:
            folder = Path(name)
            (folder / "download").mkdir()
            source = make(folder / "download", count)
            once, again = collected(source, folder / "submissions", count)
            print(
                f"{kind:<12} {_shown(once)}   again {_shown(again)}   at most {MOST_COLLECT_SECONDS:g} s CPU",
                flush=True,
            )
            took = exported(folder / "submissions", folder, count)
            shown = "  ".join(f"{target} {each.cpu:.2f}" for target, each in took.items())
            print(f"{kind:<12} to  {shown} s CPU   at most {MOST_EXPORT_SECONDS:g} s each", flush=True)
            if kind == "nbgrader":  # by its own library, which commits each student
                with contextlib.redirect_stdout(io.StringIO()):
                    theirs = to_nbgrader(folder / "submissions", folder)
                print(f"{kind:<12} to  its gradebook {_shown(theirs)}", flush=True)
        good &= max(once.cpu, again.cpu) < MOST_COLLECT_SECONDS
        good &= max(each.cpu for each in took.values()) < MOST_EXPORT_SECONDS
    return good


def _shown(took: Took) -> str:
    return f"{took.cpu:6.2f} s CPU {took.wall:6.2f} s"


def again(count: int) -> bool:
    """A class that is graded again; whether what promises no more than two seconds kept it, in CPU time."""
    good = True
    for title, cpu, wall in regrade.runs(count):
        limited = title in ("nothing changed", "scored alone")
        limit = f"   at most {MOST_AGAIN_SECONDS:g} s CPU" if limited else ""
        print(f"{count} graded again, {title:<16} {cpu:6.2f} s CPU {wall:6.2f} s{limit}", flush=True)
        good &= not limited or cpu < MOST_AGAIN_SECONDS
    return good


def main() -> int:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=300, help="whose submissions are collected")
    parser.add_argument("--graded", type=int, default=1000, help="who are graded again")
    asked = parser.parse_args()
    results = [classes(asked.students), again(asked.graded), similarity.speed()]
    print("All within what is promised." if all(results) else "Something takes longer than is promised.")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
