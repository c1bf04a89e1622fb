"""What grading costs beside what it grades: `python benchmarks/overhead.py [--submissions 20] [--data DIR]`.

Twenty submissions of the back-propagation homework, question (a), are graded three times in one run:

floor     in one warm process with no isolation: the same check functions on the same submissions, called directly;
ours      through the sandbox, with torch imported already in the forkserver; the first two also ask the reference in a
          sandbox, whose answers are remembered then;
pytest    by a plain `pytest` in a subprocess for each submission, running the same check functions.

Then a small assignment with one and with five questions gives the price of a further question, and one open session
the price of a small call and of handing over 10,000 training samples. What the protections inside
the namespaces cost is measured alone. At last a class is graded with one and with two
jobs. CPU is user plus system time of every process involved.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the sandbox
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import autograder
from autograder.assignment.question import Check
from autograder.checks.local.student import LocalStudent
from autograder.checks.rows import rows
from autograder.grading import RunOptions, Shared, grade
from autograder.isolation import cgroups, processes, seccomp
from autograder.isolation.confine import Confinement, enter, join_groups
from autograder.loader import Loaded, load
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import ForkServer, Request, start
from autograder.submissions import Submission, collect

ROOT = Path(__file__).resolve().parent.parent
PRELOAD = ("numpy", "torch")
OPTIONS = RunOptions(seed="benchmark", only="a")
_NOBODY = 65534
TICK = os.sysconf("SC_CLK_TCK")

QUESTIONS = """
from autograder import Assignment
assignment = Assignment("Questions", files=["hw.py"])
"""
QUESTION = """
q{0} = assignment.question("Question {0}", id="q{0}")
@q{0}.check(points=1, hidden=True)
def check_{0}(student):
    '''Answers one call.'''
    assert student.double(3) == 6
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall time of one submission, in seconds."""

    cpu: float
    wall: float


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--sandbox", default="bubblewrap")
    arguments = parser.parse_args()
    compileall.compile_dir(Path(autograder.__file__).parent, quiet=2)  # as an installation does
    print(f"{arguments.submissions} submissions, {arguments.sandbox}, {os.cpu_count()} cores, preload {PRELOAD}")
    every = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder, start(arguments.sandbox, preload=PRELOAD) as sandbox:
        work = Path(folder)
        os.sched_setaffinity(0, {min(every)})  # as a job process does
        homework = load(ROOT, "backprop")
        submissions = make_class(homework, work, arguments.submissions)
        floor = [measured(lambda each=each: direct(homework, each)) for each in submissions]
        with Shared() as shared:  # as a job has it
            ours = [measured(lambda each=each: ask(homework, each, sandbox, shared), sandbox) for each in submissions]
        plain = [measured(lambda each=each: by_pytest(each, work)) for each in submissions]
        base = statistics.median(cost.cpu for cost in floor)
        print(f"\n{'':28}{'CPU s: median':>16}{'lowest':>9}{'highest':>9}{'over floor':>12}{'wall s: median':>16}")
        row("floor, one warm process", floor, base)
        row("the first submission alone", ours[:1], base)
        row("autograder --only a", ours, base)
        row("pytest, a process each", plain, base)
        more_questions(work, sandbox, arguments.submissions)
        calls(submissions[0], homework, sandbox)
    inner_protections()
    os.sched_setaffinity(0, every)
    two_jobs(arguments.sandbox)


def row(name: str, costs: Iterable[Cost], base: float) -> None:
    """One line of the table."""
    costs = list(costs)
    cpu = [cost.cpu for cost in costs]
    median = statistics.median(cpu)
    wall = statistics.median(cost.wall for cost in costs)
    print(f"{name:28}{median:16.3f}{min(cpu):9.3f}{max(cpu):9.3f}{1000 * (median - base):9.0f} ms{wall:16.3f}")


def make_class(homework: Loaded, work: Path, count: int) -> tuple[Submission, ...]:
    """Right submissions that differ by a comment."""
    for number in range(count):
        folder = work / "inbox" / f"student{number:02d}"
        folder.mkdir(parents=True)
        for file in homework.assignment.files:
            text = (homework.reference_folder / file).read_text()
            (folder / file).write_text(f"{text}\n# {number}\n")
    return collect(work / "inbox", homework.assignment.files, work / "staging")


def measured(action: Callable[[], None], sandbox: ForkServer | None = None) -> Cost:
    """Run something once; what our children and the forkserver's used counts, too."""
    cpu, wall = cpu_seconds(sandbox), time.monotonic()
    action()
    return Cost(cpu_seconds(sandbox) - cpu, time.monotonic() - wall)


def cpu_seconds(sandbox: ForkServer | None) -> float:
    """CPU time so far of this process, its ended children, and the forkserver with its children."""
    used = sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    if sandbox:
        for pid in (sandbox.pid, *processes.children(sandbox.pid)):
            with contextlib.suppress(OSError):  # it ended meanwhile, and counts for the forkserver
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used += sum(map(int, stat[11:15])) / TICK
    return used


def direct(homework: Loaded, submission: Submission) -> None:
    """The same check functions on modules in this process."""
    reference = LocalStudent(homework.reference_folder, homework.interface.names)
    student = LocalStudent(submission.folder, homework.interface.names)
    for check in parts_of_a(homework):
        given = {"student": student, "reference": reference, "rng": np.random.default_rng(1), "full": False}
        given["case"] = check.case
        check.function(**{name: given[name] for name in check.parameters})


def parts_of_a(homework: Loaded) -> list[Check]:
    """The checks of question (a), those with cases once for each."""
    checks = [check for check in homework.assignment.checks if check.question == "a"]
    return [part for check in checks for part in (check.parts if check.cases else [check])]


def ask(homework: Loaded, submission: Submission, sandbox: ForkServer, shared: Shared) -> None:
    """The real way."""
    report = grade(homework, submission, sandbox, None, OPTIONS, shared=shared)
    assert report.points == 15, report


def by_pytest(submission: Submission, work: Path) -> None:
    """The same check functions as pytest tests of a process of their own."""
    test = work / "test_hidden.py"
    test.write_text(
        f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import pytest
from overhead import LocalStudent, Path, load, np, parts_of_a, ROOT
homework = load(ROOT, "backprop")

@pytest.mark.parametrize("check", parts_of_a(homework))
def test_check(check):
    given = {{
        "student": LocalStudent(Path({str(submission.folder)!r}), homework.interface.names),
        "reference": LocalStudent(homework.reference_folder, homework.interface.names),
        "rng": np.random.default_rng(1),
        "full": False,
        "case": check.case,
    }}
    check.function(**{{name: given[name] for name in check.parameters}})
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(test)]
    subprocess.run(command, check=True, capture_output=True, cwd=work)


def more_questions(work: Path, sandbox: ForkServer, count: int) -> None:
    """The price of a question beyond the first."""
    cost = {}
    for questions in (1, 5):
        root = work / f"course{questions}"
        (root / "assignments" / "hw").mkdir(parents=True)
        (root / "reference" / "hw").mkdir(parents=True)
        text = QUESTIONS + "".join(QUESTION.format(number) for number in range(questions))
        (root / "assignments" / "hw" / "assignment.py").write_text(f'"""Questions."""\n{text}')
        (root / "assignments" / "hw" / "handout.md").write_text("# Questions\n")
        (root / "reference" / "hw" / "hw.py").write_text(
            '"""One."""\ndef double(x):\n    """2x"""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n'
        )
        loaded = load(root, "hw")
        (submission,) = collect_one(root, work)
        grade(loaded, submission, sandbox, None, RunOptions(seed="b"))
        cpu, wall = cpu_seconds(sandbox), time.monotonic()
        for _ in range(count):
            grade(loaded, submission, sandbox, None, RunOptions(seed="b"))
        cost[questions] = ((cpu_seconds(sandbox) - cpu) / count, (time.monotonic() - wall) / count)
    cpu, wall = ((cost[5][kind] - cost[1][kind]) / 4 for kind in (0, 1))
    print(f"\nan empty question: {1000 * cost[1][0]:.1f} ms CPU, {1000 * cost[1][1]:.1f} ms wall")
    print(f"each further question: {1000 * cpu:.1f} ms CPU, {1000 * wall:.1f} ms wall (mean of {count})")


def collect_one(root: Path, work: Path) -> tuple[Submission, ...]:
    """The reference of a small course as its only submission."""
    inbox = work / f"{root.name}-inbox" / "ada"
    inbox.mkdir(parents=True)
    (inbox / "hw.py").write_text((root / "reference" / "hw" / "hw.py").read_text())
    return collect(inbox.parent, ("hw.py",), work / f"{root.name}-staging")


def calls(submission: Submission, homework: Loaded, sandbox: ForkServer) -> None:
    """The price of a small call, and of 10,000 training samples."""
    session = sandbox.open(Request(submission.folder, Limits(memory_mib=4096)))
    student = RemoteStudent(session, homework.interface, Limits())
    x = np.ones((3, 1))
    student.relu(x)
    took = []
    for _ in range(2000):
        began = time.perf_counter()
        student.relu(x)
        took.append(time.perf_counter() - began)
    print(f"small call: {spread(took)}")
    images = np.random.default_rng(0).random((10_000, 784, 1), np.float32)
    labels = np.eye(10)[np.arange(10_000) % 10][:, :, None]
    network = student.Network([784, 2, 10])
    network.one_hot_accuracy(rows(images[:1], labels[:1]))
    took = []
    for _ in range(10):
        began = time.perf_counter()
        network.SGD(rows(images, labels), 0, 10, 0.0, rows(images[:1], np.zeros(1, int)))  # 0 epochs: the way there
        took.append(time.perf_counter() - began)
    print(f"10,000 training samples: {spread(took)}")
    session.close()


def spread(seconds: list[float]) -> str:
    """Median, lowest and highest in ms."""
    return f"median {1000 * statistics.median(seconds):.3f} ms ({1000 * min(seconds):.3f} to {1000 * max(seconds):.3f})"


def inner_protections(count: int = 50) -> None:
    """The price of a control group, and of giving up every privilege, resource and system call, for one sandbox."""
    groups, program = cgroups.find(), seccomp.compile_filter()
    grouped, dropped = [], []
    for number in range(count):
        began = time.perf_counter()
        group = groups.new(str(number), Limits()) if groups else None
        doors = group.doors() if group else []
        made = time.perf_counter() - began
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            began = time.perf_counter()
            join_groups(doors)
            enter(Confinement(Limits(), _NOBODY if os.geteuid() == 0 else None, filter=program))
            os.write(writing, f"{time.perf_counter() - began}".encode())
            os._exit(0)
        os.close(writing)
        with open(reading) as answer:
            dropped.append(float(answer.read()))
        os.waitpid(pid, 0)
        began = time.perf_counter()
        if group:
            group.cpu_seconds(), group.peak_mib(), group.oom_kills(), group.remove()
        for door in doors:
            os.close(door)
        grouped.append(made + time.perf_counter() - began)
    if groups:
        groups.close()
    print(f"a control group: {spread(grouped)}; privileges, limits and filter: {spread(dropped)}")


def two_jobs(sandbox: str) -> None:
    """A class with one job and with two, through the command line, on the embedded digits."""
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        homework = load(ROOT, "backprop")
        make_class(homework, Path(folder), 8)
        for jobs in (1, 2, 1, 2):
            out = Path(folder) / f"out{jobs}-{len(took)}-{time.monotonic_ns()}"
            command = [sys.executable, "-m", "autograder", "grade", "backprop", f"{folder}/inbox", "--out", str(out)]
            command += ["--jobs", str(jobs), "--sandbox", sandbox, "--seed", "benchmark"]
            began = time.monotonic()
            environment = os.environ | {"AUTOGRADER_DATA": "", "XDG_CACHE_HOME": folder}
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
            took[jobs] = min(took.get(jobs, 1e9), time.monotonic() - began)
    ratio = took[1] / took[2]
    print(f"8 submissions, all questions: --jobs 1 {took[1]:.1f} s, --jobs 2 {took[2]:.1f} s: {ratio:.2f} times")


if __name__ == "__main__":
    main()
