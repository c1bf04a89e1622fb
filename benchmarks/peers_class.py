"""A class of twenty, graded by us and by the peers in one run: `python benchmarks/peers_class.py`.

Four checks: gradients at 20 points, shapes, one epoch over 2,000 pairs handed over as a list of tuples, three figures.
CPU is user plus system time of every process involved, for each submission:

floor         in one warm process with no isolation: the check functions on the same submissions, called directly;
ours          `autograder grade`, the whole command: start, sandboxes, store, reports and pages;
pytest        the same assertions as pytest tests, a process for each submission;
Gradescope    the same assertions in a harness as course staff write them for Gradescope (unittest, weights,
              results.json, figures saved as PNG files), a process for each submission;
nbgrader      `nbgrader autograde` of a notebook with the same assertions in four cells, and `generate_feedback`;
Otter         `otter.api.grade_submission` with the same assertions, a process for each submission.

nbgrader and Otter are installed from PyPI when they are first needed, each into an environment of its own:
`benchmarks/.venvs/nbgrader` and `benchmarks/.venvs/otter`, or below the folder that `--venvs` names. One that cannot be
installed is left out with a sentence. `--cost` asks for the rows of the floor and of ours only, with a class of 4
beside them: what a further submission costs, and how much of it is system time.
"""

from __future__ import annotations

import argparse
import compileall
import ctypes
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

for count in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(count, "1")  # as in the sandbox, and for every peer
os.environ["MPLBACKEND"] = "Agg"

import numpy as np  # noqa: E402

import autograder  # noqa: E402
from autograder.checks.local.student import LocalStudent  # noqa: E402
from autograder.loader import Loaded, load  # noqa: E402

PEERS = {"nbgrader": ("nbgrader>=0.9.5,<1",), "otter": ("otter-grader>=6,<7", "ipykernel")}
"""What is installed for each peer that has an environment of its own, beside numpy and matplotlib as they are here."""
SEED = "5b3f9c04d1e7a2864c9b7e1f3a5d8c2091e7d4b8035a6cf2d80b4e97f1c36a5e"  # of the form of those that are drawn
POINTS = {"gradients": 4, "shapes": 2, "training": 4, "plots": 3}
PR_SET_CHILD_SUBREAPER = 36
SOON = 10.0  # seconds for what a command leaves behind to end

REFERENCE = '''
"""A network with one hidden layer, trained by stochastic gradient descent, and three plots of it."""
import matplotlib.pyplot as plt
import numpy as np


def loss(W, X, y):
    """Mean cross-entropy of the softmax of X @ W, a float; X (n, d), W (d, k), y (n,) class numbers."""
    ### BEGIN SOLUTION
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))
    ### END SOLUTION


def loss_gradient(W, X, y):
    """The gradient of `loss` with respect to W, (d, k)."""
    ### BEGIN SOLUTION
    scores = X @ W
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(y)), y] -= 1
    return X.T @ shares / len(y)
    ### END SOLUTION


class Network:
    """Weights `W1` (hidden, d) and `W2` (k, hidden), biases `b1` (hidden, 1) and `b2` (k, 1)."""

    def __init__(self, d, hidden, k):
        """Small random weights."""
        ### BEGIN SOLUTION
        rng = np.random.default_rng(1)
        self.W1, self.b1 = rng.normal(0, 0.3, (hidden, d)), np.zeros((hidden, 1))
        self.W2, self.b2 = rng.normal(0, 0.3, (k, hidden)), np.zeros((k, 1))
        ### END SOLUTION

    def forward(self, x):
        """The outputs (k, n) of columns x (d, n)."""
        ### BEGIN SOLUTION
        return self.W2 @ np.tanh(self.W1 @ x + self.b1) + self.b2
        ### END SOLUTION

    def train(self, pairs, epochs, batch, rate):
        """Gradient descent on the mean squared error over pairs (x (d, 1), y (k, 1)); the losses of the epochs."""
        ### BEGIN SOLUTION
        losses = []
        for _ in range(epochs):
            total = 0.0
            for start in range(0, len(pairs), batch):
                part = pairs[start : start + batch]
                for x, y in part:
                    h = np.tanh(self.W1 @ x + self.b1)
                    off = self.W2 @ h + self.b2 - y
                    back = (self.W2.T @ off) * (1 - h * h)
                    step = rate / len(part)
                    self.W2 -= step * off @ h.T
                    self.b2 -= step * off
                    self.W1 -= step * back @ x.T
                    self.b1 -= step * back
                    total += float((off * off).sum())
            losses.append(total / len(pairs))
        return losses
        ### END SOLUTION


def plots(losses, accuracies):
    """Three figures: both curves of the losses by epoch; accuracies as bars; the points of both, scattered."""
    ### BEGIN SOLUTION
    plt.figure()
    for name, curve in losses.items():
        plt.plot(range(1, len(curve) + 1), curve, label=name)
    plt.title("Loss")
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()
    plt.figure()
    plt.bar(list(accuracies), list(accuracies.values()))
    plt.title("Accuracy")
    plt.xlabel("model")
    plt.ylabel("accuracy")
    plt.figure()
    first, second = losses.values()
    plt.scatter(first, second, label="epochs")
    plt.title("One loss against the other")
    plt.xlabel("training loss")
    plt.ylabel("test loss")
    plt.legend()
    ### END SOLUTION
'''

ASSIGNMENT = '''
"""A network."""
import numpy as np
from autograder import Assignment, Limits
from autograder.checks import close, curve, figure, shape

assignment = Assignment(
    "Network", files=["net.py"], preload=["numpy", "matplotlib.pyplot"], limits=Limits(wall_seconds=60)
)
gradients = assignment.question("Gradients", id="a", solution="loss_gradient")
training = assignment.question("Training", id="b", solution="Network")
drawing = assignment.question("Plots", id="c", solution="plots")


@gradients.check(points=4)
def gradient(student, reference, rng):
    """The gradient agrees with the reference's at 20 points."""
    X, y = rng.normal(size=(50, 8)), rng.integers(4, size=50)
    for _ in range(20):
        W = rng.normal(size=(8, 4))
        close(student.loss_gradient(W, X, y), reference.loss_gradient(W, X, y), name="loss_gradient")


@training.check(points=2)
def shapes(student, rng):
    """Outputs have one column for each input."""
    network = student.Network(8, 16, 4)
    for count in (1, 7):
        shape(network.forward(rng.normal(size=(8, count))), (4, count), name="forward")


@training.check(points=4)
def one_epoch(student, rng):
    """One epoch over 2,000 pairs lowers the loss."""
    W = rng.normal(size=(4, 8))
    pairs = [(x, np.tanh(W @ x)) for x in rng.normal(size=(2000, 8, 1))]
    losses = student.Network(8, 16, 4).train(pairs, 1, 10, 0.1)
    assert len(losses) == 1 and losses[0] < 1.6, losses


@drawing.check(points=3)
def three_figures(student):
    """Losses, accuracies and one loss against the other are drawn."""
    student.plots({"training": [1.0, 0.6, 0.4, 0.3, 0.25], "test": [1.1, 0.7, 0.6, 0.5, 0.5]},
                  {"small": 0.7, "medium": 0.8, "large": 0.85})
    found = figure(student.figures())
    found.axes("^loss").labelled(x="epoch", y="loss").has_legend().line("training").falls()
    found.axes("accuracy").bars([0.7, 0.8, 0.85])
    found.axes("against").scatter([[1.0, 1.1], [0.6, 0.7], [0.4, 0.6], [0.3, 0.5], [0.25, 0.5]])
'''

# The same in plain assertions, for all peers; `expected_gradient` is the reference's, other names are the submission's.
TESTS = {
    "gradients": """
rng = np.random.default_rng(5)
X, y = rng.normal(size=(50, 8)), rng.integers(4, size=50)
for _ in range(20):
    W = rng.normal(size=(8, 4))
    np.testing.assert_allclose(loss_gradient(W, X, y), expected_gradient(W, X, y), rtol=1e-5)
""",
    "shapes": """
rng = np.random.default_rng(6)
network = Network(8, 16, 4)
for count in (1, 7):
    assert network.forward(rng.normal(size=(8, count))).shape == (4, count)
""",
    "training": """
rng = np.random.default_rng(7)
W = rng.normal(size=(4, 8))
pairs = [(x, np.tanh(W @ x)) for x in rng.normal(size=(2000, 8, 1))]
losses = Network(8, 16, 4).train(pairs, 1, 10, 0.1)
assert len(losses) == 1 and losses[0] < 1.6, losses
""",
    "plots": """
plt.close("all")
plots({"training": [1.0, 0.6, 0.4, 0.3, 0.25], "test": [1.1, 0.7, 0.6, 0.5, 0.5]},
      {"small": 0.7, "medium": 0.8, "large": 0.85})
drawn = {axes.get_title(): axes for number in plt.get_fignums() for axes in plt.figure(number).axes}
assert len(drawn) == 3 and all(axes.get_xlabel() and axes.get_ylabel() for axes in drawn.values())
assert drawn["Loss"].get_legend() and len(drawn["Loss"].lines) == 2
np.testing.assert_allclose([bar.get_height() for bar in drawn["Accuracy"].patches], [0.7, 0.8, 0.85])
assert len(drawn["One loss against the other"].collections[0].get_offsets()) == 5
""",
}
SETTING = f"""
import matplotlib.pyplot as plt
import numpy as np


def expected_gradient(W, X, y):
    shares = np.exp(X @ W - (X @ W).max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(y)), y] -= 1
    return X.T @ shares / len(y)


POINTS = {POINTS}
"""
HARNESS = '''
"""What Gradescope's docker container runs: tests with weights, a results.json, and what was drawn as files."""
import io, json, sys, unittest
from net import *
{setting}
class Tests(unittest.TestCase):
{methods}

results = []
for name, points in POINTS.items():
    result = unittest.TestResult()
    Tests(f"test_{{name}}").run(result)
    wrong = result.errors + result.failures
    results.append({{"name": name, "max_score": points, "score": 0 if wrong else points,
                     "output": wrong[0][1] if wrong else ""}})
for number in plt.get_fignums():
    plt.figure(number).savefig(f"figure{{number}}.png")
with open("results.json", "w") as file:
    json.dump({{"score": sum(each["score"] for each in results), "tests": results}}, file)
'''
OTTER = """
import sys
from otter.api import grade_submission

results = grade_submission(sys.argv[2], ag_path=sys.argv[1], quiet=True)
assert results.total == {total}, results.total
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds for a whole class: user and system CPU, and wall."""

    user: float
    system: float
    wall: float

    @property
    def cpu(self) -> float:
        """User and system time."""
        return self.user + self.system

    def each(self, count: int) -> Cost:
        """The share of one submission."""
        return Cost(self.user / count, self.system / count, self.wall / count)


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--venvs", type=Path, default=Path(__file__).parent / ".venvs")
    parser.add_argument("--cost", action="store_true", help="the floor and ours alone, with what one more costs")
    arguments = parser.parse_args()
    count = arguments.submissions
    adopt_orphans()
    compile_us()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        work = Path(folder)
        work.chmod(0o755)
        root = make_course(work / "course")
        inbox = make_class(work / "inbox", count)
        graded(root, make_class(work / "first", 1), work / "out-first", jobs=1)  # compiles what is kept then
        print(f"{count} submissions, four checks, {os.cpu_count()} cores")
        floor = floor_of(load(root, "net"), inbox)
        print(
            f"\n{'CPU s for each submission':34}{'user':>8}{'system':>8}{'sum':>8}{'over floor':>12}{'wall, all':>11}"
        )
        row("floor, one warm process", floor, floor, count)
        ours = graded(root, inbox, work / "out-1", jobs=1)
        row("autograder grade --jobs 1", ours, floor, count)
        two = graded(root, inbox, work / "out-2", jobs=2)
        row("autograder grade --jobs 2", two, floor, count)
        if arguments.cost:
            further(root, work, ours, two, floor, count)
        else:
            row("pytest, a process each", by_pytest(inbox, work / "pytest"), floor, count)
            row("Gradescope-style harness, each", by_harness(inbox, work / "harness"), floor, count)
            for name, measure in (("nbgrader", by_nbgrader), ("Otter", by_otter)):
                if programs := installed(name, arguments.venvs.absolute()):
                    for title, cost in measure(inbox, work / name.lower(), programs).items():
                        row(title, cost, floor, count)
    print(
        f"\n--jobs 2 is {ours.wall / two.wall:.2f} times as fast as --jobs 1 ({ours.wall:.1f} s and {two.wall:.1f} s)."
    )


def row(name: str, cost: Cost, floor: Cost, count: int) -> None:
    """One line of the table."""
    one, over = cost.each(count), cost.each(count).cpu - floor.each(count).cpu
    print(f"{name:34}{one.user:8.3f}{one.system:8.3f}{one.cpu:8.3f}{1000 * over:9.0f} ms{cost.wall:9.1f} s", flush=True)


def further(root: Path, work: Path, whole: Cost, by_two: Cost, floor: Cost, count: int) -> None:
    """What a submission costs beyond what a class of four costs: start and end are in both."""
    few = 4
    inbox = make_class(work / "few", few)
    small = graded(root, inbox, work / "out-few", jobs=1)
    small_by_two = graded(root, inbox, work / "out-few-2", jobs=2)
    rest = Cost(whole.user - small.user, whole.system - small.system, whole.wall - small.wall)
    one = rest.each(count - few)
    start = small.cpu - few * one.cpu
    print(
        f"a further submission: {one.user:.3f} user, {one.system:.3f} system, "
        f"{1000 * (one.cpu - floor.each(count).cpu):.0f} ms over the floor; start and end of the command: {start:.2f} s"
    )
    gained = (whole.wall - small.wall) / (by_two.wall - small_by_two.wall)
    print(f"further submissions: --jobs 2 is {gained:.2f} times as fast as --jobs 1")


# --- measuring ---


def installed(name: str, venvs: Path) -> Path | None:
    """The programs of a peer's own environment, which is made where there is none; None, said, where it cannot be."""
    programs = venvs / name.lower() / "bin"
    ready = venvs / name.lower() / ".ready"
    if ready.exists():
        return programs
    print(f"installing {name} into {venvs / name.lower()} ...", flush=True)
    same = [f"{package}=={version(package)}" for package in ("numpy", "matplotlib")]
    for command in (
        [sys.executable, "-m", "venv", "--clear", venvs / name.lower()],
        [programs / "python", "-m", "pip", "install", "--quiet", *PEERS[name.lower()], *same],
    ):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            print(f"{name} is left out: it could not be installed ({reason}).")
            return None
    ready.touch()
    return programs


def compile_us() -> None:
    """Bytecode of the toolkit is written beforehand, as an installation does; the peers' was, too."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(autograder.__file__).parent, quiet=2)


def adopt_orphans() -> None:
    """What a command leaves behind becomes ours at its end, so that its CPU time can be counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no subreaper on this machine")


def measured(action: Callable[[], None]) -> Cost:
    """Run something once; children count, and what they left behind, once it was ended."""
    before, began = usage(), time.monotonic()
    action()
    wall = time.monotonic() - began
    end_what_is_left()
    after = usage()
    return Cost(after[0] - before[0], after[1] - before[1], wall)


def usage() -> tuple[float, float]:
    """User and system time of this process and of its ended children."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(each.ru_utime for each in both), sum(each.ru_stime for each in both)


def end_what_is_left() -> None:
    """End and collect every process that a command left running, such as a server that waits for the next one."""
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if not children:
            return
        for pid in map(int, children):
            os.kill(pid, signal.SIGTERM)
            if not wait_for(pid, 2.0):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def wait_for(pid: int, seconds: float) -> bool:
    """Whether a child ends within that time; it is collected then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        time.sleep(0.01)
    return False


def run(command: Sequence[object], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end; what it said is shown where it failed."""
    done = subprocess.run(
        [*map(str, command)], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")


# --- the class ---


def make_course(root: Path) -> Path:
    """A course with one assignment."""
    config = 'from autograder.course import Course\ncourse = Course(title="Peers", assignments=("net",))\n'
    for file, text in {
        "grader_config.py": config,
        "assignments/net/assignment.py": ASSIGNMENT,
        "assignments/net/handout.md": "# Network\n",
        "reference/net/net.py": REFERENCE,
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text.lstrip("\n"))
    return root


def make_class(inbox: Path, count: int) -> Path:
    """Right submissions that differ by a comment."""
    for number in range(count):
        (inbox / f"student{number:02d}").mkdir(parents=True)
        (inbox / f"student{number:02d}" / "net.py").write_text(f"# {number}\n{REFERENCE}")
    return inbox


def floor_of(homework: Loaded, inbox: Path) -> Cost:
    """The check functions of ours on modules in this process, warm; the median times the count."""
    costs = []
    for folder in sorted(inbox.iterdir()):
        costs.append(measured(lambda folder=folder: direct(homework, folder)))
    one = statistics.median(cost.cpu for cost in costs)
    near = min(costs, key=lambda cost: abs(cost.cpu - one))
    return Cost(near.user * len(costs), near.system * len(costs), sum(cost.wall for cost in costs))


def direct(homework: Loaded, folder: Path) -> None:
    """One submission in this process."""
    reference = LocalStudent(homework.reference_folder, homework.interface.names)
    student = LocalStudent(folder, homework.interface.names)
    for check in homework.assignment.checks:
        given = {"student": student, "reference": reference, "rng": np.random.default_rng(1)}
        check.function(**{name: given[name] for name in check.parameters})


def graded(root: Path, inbox: Path, out: Path, *, jobs: int) -> Cost:
    """Our whole command; every submission must have full marks."""
    command = [sys.executable, "-m", "autograder", "grade", "net", inbox, "--out", out, "--jobs", jobs]
    cost = measured(lambda: run([*command, "--course", root, "--seed", SEED], root))
    for folder in inbox.iterdir():
        report = json.loads((out / "reports" / f"{folder.name}.json").read_text("utf-8"))
        assert report["points"] == sum(POINTS.values()), report
        assert (out / "feedback" / f"{folder.name}.html").is_file()
    return cost


# --- the peers ---


def methods(indent: str) -> str:
    """The assertions as functions or methods."""
    made = []
    for name, body in TESTS.items():
        lines = "\n".join(f"{indent}    {line}" for line in body.strip().splitlines())
        made.append(f"{indent}def test_{name}({'self' if indent else ''}):\n{lines}\n")
    return "\n".join(made)


def by_pytest(inbox: Path, work: Path) -> Cost:
    """A plain pytest in a process for each submission."""
    work.mkdir()
    (work / "test_net.py").write_text(f"from net import *\n{SETTING}\n{methods('')}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "test_net.py"]

    def everyone() -> None:
        for folder in sorted(inbox.iterdir()):
            run(command, work, {"PYTHONPATH": str(folder)})

    return measured(everyone)


def by_harness(inbox: Path, work: Path) -> Cost:
    """A harness as for Gradescope in a process for each submission."""
    work.mkdir()
    (work / "run_tests.py").write_text(HARNESS.format(setting=SETTING, methods=methods("    ")))

    def everyone() -> None:
        for folder in sorted(inbox.iterdir()):
            run([sys.executable, "run_tests.py"], work, {"PYTHONPATH": str(folder)})
            assert json.loads((work / "results.json").read_text())["score"] == sum(POINTS.values())

    return measured(everyone)


def cell(source: str, name: str = "", **role: object) -> dict[str, object]:
    """A code cell, with nbgrader's metadata where it has a role."""
    fields = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "grade_id": name}
    metadata = {"nbgrader": {**fields, **role}} if name else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def notebook(cells: Sequence[dict[str, object]]) -> str:
    """The file."""
    numbered = [{"id": f"cell-{number}", **each} for number, each in enumerate(cells)]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": numbered, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def by_nbgrader(inbox: Path, work: Path, programs: Path) -> dict[str, Cost]:
    """nbgrader's two commands for a class; making the release is not counted."""
    work.mkdir()
    (work / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "peers"\n')
    tests = [cell(body, f"{name}_tests", grade=True, locked=True, points=POINTS[name]) for name, body in TESTS.items()]

    def whole(source: str) -> str:
        return notebook([cell(source, "net", solution=True), cell(SETTING, "setting", locked=True), *tests])

    places = {work / "source" / "net": REFERENCE}
    for folder in sorted(inbox.iterdir()):
        places[work / "submitted" / folder.name / "net"] = (folder / "net.py").read_text()
    for place, source in places.items():
        place.mkdir(parents=True)
        (place / "net.ipynb").write_text(whole(source))
    environment = {"PATH": f"{programs}:{os.environ.get('PATH', '')}"}
    program = [programs / "python", "-m", "nbgrader"]
    run([*program, "generate_assignment", "net"], work, environment)
    grading = measured(lambda: run([*program, "autograde", "net"], work, environment))
    assert len([*(work / "autograded").glob("*/net/net.ipynb")]) == len(places) - 1
    pages = measured(lambda: run([*program, "generate_feedback", "net"], work, environment))
    both = Cost(grading.user + pages.user, grading.system + pages.system, grading.wall + pages.wall)
    return {"nbgrader autograde": grading, "nbgrader, with feedback": both}


def by_otter(inbox: Path, work: Path, programs: Path) -> dict[str, Cost]:
    """Otter's API in a process for each submission, with an autograder archive that `otter generate` makes."""
    (work / "tests").mkdir(parents=True)
    for name, body in TESTS.items():
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        text = (
            f'from otter.test_files import test_case\nOK_FORMAT = False\nname = "{name}"\npoints = {POINTS[name]}\n\n'
        )
        names = "loss_gradient, expected_gradient, Network, plots, np, plt"
        (work / "tests" / f"{name}.py").write_text(
            f"{text}@test_case(points={POINTS[name]})\ndef test({names}):\n{indented}\n"
        )
    (work / "otter_config.json").write_text("{}")
    run([programs / "python", "-m", "otter", "generate", "-t", "tests", "-o", "net.zip", "--no-environment"], work)
    (work / "grade.py").write_text(OTTER.format(total=sum(POINTS.values())))
    for folder in sorted(inbox.iterdir()):
        cells = [cell((folder / "net.py").read_text()), cell(SETTING)]
        (work / f"{folder.name}.ipynb").write_text(notebook(cells))

    def everyone() -> None:
        for file in sorted(work.glob("*.ipynb")):
            run([programs / "python", "grade.py", "net.zip", file], work)

    return {"Otter's API, a process each": measured(everyone)}


if __name__ == "__main__":
    main()
