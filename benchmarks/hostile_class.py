"""What a hostile class costs beside an ordinary one: `python benchmarks/hostile_class.py [--submissions 20]`.

The same class four times, graded by the whole command: right solutions; every fourth one loops for ever in one of its
two questions; each imports torch, which the assignment does not preload; each prints 100 kB in each call. CPU is user
plus system time of all processes. An endless loop uses up what the instructor granted it, whoever grades: that time, as
the reports tell it, is left out, and what remains is ours. Every factor is promised to be at most 2.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from peers_class import Cost, adopt_orphans, compile_us, measured, run

SEED = "a benchmark of hostile classes"
MOST = 2.0
LIMIT = 2.0  # seconds of a question

ASSIGNMENT = f'''
"""Two functions."""
import numpy as np
from autograder import Assignment, Limits
from autograder.checks import close

assignment = Assignment("Two functions", files=["two.py"], limits=Limits(wall_seconds={LIMIT}, output_kib=1024))
means = assignment.question("Means", id="a", solution="means")
sums = assignment.question("Sums", id="b", solution="sums")


@means.check(points=3)
def means_are_right(student, reference, rng):
    """Means of drawn columns agree with the reference's."""
    x = rng.normal(size=(20, 5))
    close(student.means(x), reference.means(x), name="means")


@sums.check(points=2)
def sums_are_right(student, rng):
    """Sums of drawn rows are right."""
    x = rng.normal(size=(20, 5))
    close(student.sums(x), x.sum(axis=1), name="sums")
'''
REFERENCE = '''
"""Two functions."""
import numpy as np


def means(x):
    """Means of the columns of x (n, d), an array (d,)."""
    ### BEGIN SOLUTION
    return np.mean(x, axis=0)
    ### END SOLUTION


def sums(x):
    """Sums of the rows of x (n, d), an array (n,)."""
    ### BEGIN SOLUTION
    return np.sum(x, axis=1)
    ### END SOLUTION
'''
CLASSES = {
    "ordinary": lambda _: REFERENCE,
    "endless loops": lambda number: (
        REFERENCE.replace("    return np.sum(x, axis=1)", "    while True: pass") if number % 4 == 0 else REFERENCE
    ),
    "imports of torch": lambda _: REFERENCE.replace("import numpy as np", "import numpy as np\nimport torch"),
    "100 kB of prints": lambda _: REFERENCE.replace("    return ", "    print('x' * 100_000)\n    return "),
}


def main() -> int:
    """Measure, and print one table; 1 if a promise did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    adopt_orphans()
    compile_us()
    worst, ordinary = 0.0, 0.0
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        work = Path(folder)
        work.chmod(0o755)
        root = make_course(work / "course")
        print(f"{arguments.submissions} submissions, two questions, --jobs {arguments.jobs}")
        print(f"\n{'class':20}{'CPU s':>9}{'granted':>9}{'ours':>9}{'factor':>9}{'wall s':>9}")
        for name, made in CLASSES.items():
            inbox = work / name.replace(" ", "-")
            for number in range(arguments.submissions):
                (inbox / f"student{number:02d}").mkdir(parents=True)
                (inbox / f"student{number:02d}" / "two.py").write_text(f"# {number}\n{made(number)}")
            cost, granted = graded(root, inbox, work / f"out-{inbox.name}", arguments.jobs)
            ours = cost.cpu - granted
            ordinary = ordinary or ours
            worst = max(worst, ours / ordinary)
            print(
                f"{name:20}{cost.cpu:9.2f}{granted:9.2f}{ours:9.2f}{ours / ordinary:9.2f}{cost.wall:9.1f}", flush=True
            )
    print(f"\nthe largest factor is {worst:.2f}; promised: at most {MOST:.0f}")
    return int(worst > MOST)


def make_course(root: Path) -> Path:
    """A course with one assignment."""
    config = 'from autograder.course import Course\ncourse = Course(title="Hostile", assignments=("two",))\n'
    for file, text in {
        "grader_config.py": config,
        "assignments/two/assignment.py": ASSIGNMENT,
        "assignments/two/handout.md": "# Two functions\n",
        "reference/two/two.py": REFERENCE,
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text.lstrip("\n"))
    return root


def graded(root: Path, inbox: Path, out: Path, jobs: int) -> tuple[Cost, float]:
    """What the whole command used, and what the loops among it were granted; every verdict must be the right one."""
    command = [sys.executable, "-m", "autograder", "grade", "two", inbox, "--out", out, "--jobs", jobs]
    cost = measured(lambda: run([*command, "--course", root, "--seed", SEED], root))
    granted = 0.0
    for folder in inbox.iterdir():
        report = json.loads((out / "reports" / f"{folder.name}.json").read_text("utf-8"))
        loops = "while True" in (folder / "two.py").read_text()
        assert report["points"] == (3 if loops else 5), report
        granted += report["resources"]["cpu_seconds"] if loops else 0.0
    return cost, granted


if __name__ == "__main__":
    sys.exit(main())
