"""Many submissions: each graded once, tried again after our faults, kept at once, resumed after anything."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from samples import check, internal, passing, question, report
from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder import loader, sandbox
from autograder.checks.errors import GraderError, SandboxError
from autograder.datasets import DataSettings
from autograder.grading import RunOptions, is_outdated, job_processes, reference_as_submission, result_key
from autograder.grading.batch import _not_final, all_stay, grade_all
from autograder.grading.grader import AssignmentGrader, grading_job
from autograder.grading.job_processes import Event, Finished, Hanging, Known, Postponed, Retried, Started
from autograder.grading.jobs import Enter, Idle, JobSpec, Working, idle_jobs
from autograder.results import Report, Verdict
from autograder.store import Store, sqlite_address
from autograder.submissions import Submission, collect

Grade = Callable[[Submission], Report]


@contextmanager
def quick(spec: JobSpec) -> Iterator[Grade]:
    """A job that finds everything right."""
    yield lambda submission: passing(submission.student, key=submission.sha256)


def first_time(spec: JobSpec, student: str) -> bool:
    """Whether no job has come here before, recorded by a file in the course's folder."""
    try:
        (spec.root / f"seen-{student}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@contextmanager
def dies_once(spec: JobSpec) -> Iterator[Grade]:
    """A job that kills itself the first time it meets ben."""

    def grade(submission: Submission) -> Report:
        if submission.student == "ben" and first_time(spec, "ben"):
            os.kill(os.getpid(), signal.SIGKILL)
        return passing(submission.student, key=submission.sha256)

    yield grade


@contextmanager
def dies_always(spec: JobSpec) -> Iterator[Grade]:
    """A job that never survives ben."""

    def grade(submission: Submission) -> Report:
        if submission.student == "ben":
            os._exit(7)
        return passing(submission.student, key=submission.sha256)

    yield grade


@contextmanager
def internal_once(spec: JobSpec) -> Iterator[Grade]:
    """A job whose first report about each student is INTERNAL."""
    yield lambda s: (internal if first_time(spec, s.student) else passing)(s.student, key=s.sha256)


@contextmanager
def raises(spec: JobSpec) -> Iterator[Grade]:
    """A job with two kinds of bugs."""

    def grade(submission: Submission) -> Report:
        if submission.student == "ann":
            raise SandboxError("No sandbox today.")
        return {}[submission.student]  # a bug of ours

    yield grade


@contextmanager
def crowded(spec: JobSpec) -> Iterator[Grade]:
    """A job in which ben runs out of wall time whenever he is not alone, and carl always."""

    def grade(submission: Submission) -> Report:
        busy = spec.root / f"busy-{submission.student}"
        busy.touch()
        time.sleep(0.2)
        others = len(list(spec.root.glob("busy-*"))) > 1
        busy.unlink()
        report = passing(submission.student, key=submission.sha256)
        if submission.student == "carl" or (submission.student == "ben" and others):
            return replace(report, points=0.0, resources=replace(report.resources, reached=("wall",)))
        return report

    yield grade


@contextmanager
def hangs(spec: JobSpec) -> Iterator[Grade]:
    """A job with a check that never ends for ben."""

    def grade(submission: Submission) -> Report:
        if submission.student == "ben":
            time.sleep(600)
        return passing(submission.student, key=submission.sha256)

    yield grade


@contextmanager
def hangs_in_a_check(spec: JobSpec) -> Iterator[Grade]:
    """A job that starts with a check and, for ben, never comes back from it."""

    def grade(submission: Submission) -> Report:
        spec.notify(Working("loops", 1.0))
        if submission.student == "ben":
            time.sleep(600)
        return passing(submission.student, key=submission.sha256)

    yield grade


@contextmanager
def hoards(spec: JobSpec) -> Iterator[Grade]:
    """A job with a check that asks for half of the machine's memory for ben."""

    def grade(submission: Submission) -> Report:
        if submission.student == "ben":
            bytearray(max(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2, 4 << 30))
        return passing(submission.student, key=submission.sha256)

    yield grade


@contextmanager
def refuses(spec: JobSpec) -> Iterator[Grade]:
    """A job that cannot begin."""
    raise GraderError("The reference is gone.")
    yield


@contextmanager
def ends_early(spec: JobSpec) -> Iterator[Grade]:
    """A job that dies before it can begin."""
    os._exit(9)
    yield


@contextmanager
def tells_its_sandbox(spec: JobSpec) -> Iterator[Grade]:
    """A job that is at fault while the first sandbox lives, and kills that sandbox."""

    def grade(submission: Submission) -> Report:
        if first_time(spec, "sandbox"):
            (spec.root / "address").write_text(spec.address)
            raise SandboxError("dead")
        assert (spec.root / "address").read_text() != spec.address
        return passing(submission.student, key=submission.sha256)

    yield grade


@dataclass(frozen=True, slots=True)
class Arranged(AssignmentGrader):
    """As the real one, but for what a test arranges."""

    patience: float = 60.0
    reference: Callable[[], Submission] | None = None
    stale: Callable[[Report], bool] | None = None

    @property
    def seconds(self) -> float:
        """What the test gives."""
        return self.patience

    def key(self, submission: Submission) -> str:
        """The real one for the real job."""
        return AssignmentGrader.key(self, submission) if self.job is grading_job else submission.sha256

    def outdated(self, report: Report) -> bool:
        """What the test says."""
        return self.stale(report) if self.stale else AssignmentGrader.outdated(self, report)

    def rescored(self, report: Report) -> Report:
        """As it is where the job is none that knows the assignment."""
        return AssignmentGrader.rescored(self, report) if self.job is grading_job else report

    def control(self) -> Submission | None:
        """What the test stages."""
        return self.reference() if self.reference else None


class Class:
    """A class on disk with its store; `grade` runs it and returns (reports, events)."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = make_course(tmp_path / "course")
        self.folder = hand_in(tmp_path / "handed in", ann=RIGHT, ben=WRONG, carl=RIGHT)
        self.loaded = loader.load(self.root, "tiny")
        self.staging = tmp_path / "staging"
        self.staging.mkdir()
        self.submissions = collect(self.folder, self.loaded.assignment.files, self.staging)
        self.address = sqlite_address(tmp_path / "grader.db")
        self.options = RunOptions("seed")
        self.started: list[sandbox.ForkServer] = []

    def start(self, _: tuple[str, ...] = ()) -> sandbox.ForkServer:
        """Start a sandbox, and remember it."""
        self.started.append(sandbox.start("none", preload=()))
        return self.started[-1]

    def grade(
        self,
        job: Enter = grading_job,
        jobs: int = 2,
        notify: Callable[[Event], None] | None = None,
        patience: float = 60.0,
        control: Callable[[], Submission] | None = None,
        outdated: Callable[[Report], bool] | None = lambda _: False,
        foreseen: tuple[str, ...] = (),
        idle: list[Idle] | None = None,
    ) -> tuple[tuple[Report, ...], list[Event]]:
        """Grade everybody."""
        events: list[Event] = []

        def take(event: Event) -> None:
            events.append(event)
            if notify:
                notify(event)

        about = (self.root, self.loaded, None, DataSettings(), self.options, "none", self.start)
        grader = Arranged(*about, job=job, patience=patience, reference=control, stale=outdated, foreseen=foreseen)
        with Store(self.address) as store:
            reports = grade_all(self.submissions, grader, store, jobs=jobs, notify=take, idle=idle)
        return reports, events

    def known(self) -> dict[str, bool]:
        """Who has a row in the store, and whether it is INTERNAL."""
        with Store(self.address) as store:
            return {report.student: report.internal for report in store.reports()}


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Three submissions."""
    return Class(tmp_path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_class_is_graded_in_the_sandbox_by_any_number_of_jobs(course: Class, jobs: int) -> None:
    """One job or two, reports come in the order of the submissions, and a second run grades nobody."""
    reports, events = course.grade(jobs=jobs)
    assert [report.student for report in reports] == ["ann", "ben", "carl"]
    assert [(report.points, report.bonus_points) for report in reports] == [(5, 1), (2, 0), (5, 1)]
    assert sum(isinstance(event, Started) for event in events) == 3
    assert sum(isinstance(event, Finished) for event in events) == 3
    again, events = course.grade(jobs=jobs)
    assert again == reports
    assert [type(event) for event in events] == [Known] * 3
    assert len(course.started) == 1


def test_the_key_of_a_report_is_the_one_it_is_looked_up_by(course: Class) -> None:
    """What a run stores is what the next one asks for."""
    reports, _ = course.grade()
    for submission, made in zip(course.submissions, reports, strict=True):
        assert made.replay.key == result_key(course.loaded, submission, None, course.options, "none")


def test_a_job_that_dies_costs_nobody_anything(course: Class) -> None:
    """The submission at hand is tried once more in a fresh process."""
    reports, events = course.grade(dies_once)
    assert all(report == passing(report.student, key=report.replay.key) for report in reports)
    (retried,) = [event for event in events if isinstance(event, Retried)]
    assert retried.student == "ben"
    assert "exit code -9" in retried.why


@pytest.mark.long
def test_a_submission_that_no_job_survives_is_internal(course: Class) -> None:
    """After the second death the report says that it is our fault, for every check, and scores none."""
    reports, _ = course.grade(dies_always, jobs=1)
    ben = reports[1]
    assert set(ben.verdicts) == {Verdict.INTERNAL}
    assert (ben.points, ben.max_points) == (0, 5)  # it happens to him alone, so his points stay open
    assert ben.not_final.startswith("The grader failed in the check 'doubles_one', which ran for no other submission: ")
    assert "exit code 7" in ben.not_final
    assert "exit code 7" in ben.questions[0].checks[0].staff_message
    assert [report.internal for report in reports] == [False, True, False]
    assert course.known() == {"ann": False, "ben": True, "carl": False}
    again, events = course.grade(quick)
    assert not any(report.internal for report in again)
    assert [event.student for event in events if isinstance(event, Started)] == ["ben"]


def test_a_known_report_that_is_outdated_is_made_again(course: Class) -> None:
    """And the new one takes its place in the store."""
    course.grade(quick)
    _, events = course.grade(quick, outdated=lambda report: report.student == "ben")
    assert sorted(event.student for event in events if isinstance(event, Started)) == ["ben"]
    assert set(course.known()) == {"ann", "ben", "carl"}


def test_a_module_that_cannot_be_imported_beforehand_makes_nobody_s_report_old(course: Class) -> None:
    """It is installed, and submissions import it; what the class imports is in each report, and is no reason again."""
    made, _ = course.grade(foreseen=("no_such_module", "numpy"))
    assert [each.replay.foreseen for each in made] == [("no_such_module", "numpy")] * 3
    wrong = made[1]
    assert not is_outdated(wrong, wrong.replay.foreseen)
    assert is_outdated(wrong, ("pandas",))
    before = {(each.replay.key, each.student): each for each in made}
    assert all_stay(course.submissions, before)
    _, events = course.grade(foreseen=("no_such_module", "numpy"), outdated=None)
    assert [type(event) for event in events] == [Known] * 3


def handed_in(made: Report) -> Report:
    """The report as one about a submission that nobody else handed in."""
    return replace(made, replay=replace(made.replay, submission_sha256=made.student))


def absent(student: str) -> Report:
    """The report of somebody who handed in nothing."""
    return report(student, question("a", check("one", Verdict.MISSING)))


def test_who_handed_in_nothing_says_nothing_about_a_fault() -> None:
    """A check that fails for everybody for whom it ran is not a submission's doing, however many are absent."""
    everybody = [*map(absent, ("ann", "ben", "carl")), *map(internal, ("dora", "eve"))]
    assert _not_final({each.student: handed_in(each) for each in everybody}) == {}


def test_with_nobody_to_compare_a_report_is_not_final() -> None:
    """Nobody can tell then whose doing it is, and the sentence says so; beside one that passed, it names the cause."""
    alone = [*map(absent, ("ann", "ben", "carl")), internal("dora")]
    found = _not_final({each.student: handed_in(each) for each in alone})
    beside = _not_final({each.student: handed_in(each) for each in (*alone, passing("eve"))})
    assert list(found) == list(beside) == ["dora"]
    assert beside["dora"].not_final.startswith(
        "This submission alone causes a fault of the grader in the check 'one': "
    )
    assert found["dora"].not_final.startswith(
        "The grader failed in the check 'one', which ran for no other submission: "
    )


def test_a_wall_time_limit_counts_only_alone(course: Class) -> None:
    """Who ran out of wall time beside others is graded again when all others are done, and that result counts."""
    reports, events = course.grade(crowded)
    assert [report.points for report in reports] == [2, 2, 0]
    postponed = {event.student for event in events if isinstance(event, Postponed)}
    assert "carl" in postponed
    assert postponed <= {"ben", "carl"}
    assert [event.report.student for event in events if isinstance(event, Finished)].count("carl") == 1
    assert course.known() == {"ann": False, "ben": False, "carl": False}


@contextmanager
def tells_its_process(spec: JobSpec) -> Iterator[Grade]:
    """A job that writes down in which process it grades, and dies at ben for the first time."""

    def grade(submission: Submission) -> Report:
        with (spec.root / "processes").open("a") as file:
            file.write(f"{submission.student} {os.getpid()}\n")
        if submission.student == "ben" and first_time(spec, "ben"):
            os._exit(7)
        return passing(submission.student, key=submission.sha256)

    yield grade


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no job is forked")


@linux_only
def test_jobs_that_wait_are_used_before_others_are_started(course: Class) -> None:
    """The first submissions go to forked jobs; after a death a fresh process continues, and all else is the same."""
    with idle_jobs(1) as idle:
        first = idle[0].process.pid
        reports, _ = course.grade(tells_its_process, jobs=1, idle=idle)
        assert idle == []
    lines = [line.split() for line in (course.root / "processes").read_text().splitlines()]
    where: dict[str, list[int]] = {}
    for student, process in lines:
        where.setdefault(student, []).append(int(process))

    assert not any(report.internal for report in reports)
    assert where["ann"] == [first]
    assert where["ben"][0] == first != where["ben"][1]


@linux_only
def test_a_forked_job_grades_as_a_fresh_one(course: Class, tmp_path: Path) -> None:
    """Points, verdicts and sentences are the same."""
    with idle_jobs(2) as idle:
        forked, _ = course.grade(idle=idle)
    course.address = sqlite_address(tmp_path / "other.db")
    fresh, _ = course.grade()

    def results(report: Report) -> list[tuple[str, str, float, str]]:
        checks = [check for question in report.questions for check in question.checks]
        return [(check.id, check.verdict, check.points, check.staff_message) for check in checks]

    assert [results(report) for report in forked] == [results(report) for report in fresh]


@linux_only
def test_a_job_that_is_ended_just_after_its_fork_runs_nothing_of_the_main_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main process may raise at SIGTERM; the new process has that handler, too, until it has one of its own."""
    parent, fork = os.getpid(), os.fork

    def ended() -> int:
        process = fork()
        if process == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return process

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fork", ended)
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with idle_jobs(1) as idle:
            idle[0].process.join(60)
            assert idle[0].process.exitcode == -signal.SIGTERM
    finally:
        if os.getpid() != parent:
            (tmp_path / "escaped").touch()
            os._exit(1)
        signal.signal(signal.SIGTERM, before)
    assert not (tmp_path / "escaped").exists()


@linux_only
def test_jobs_without_work_are_gone_afterwards(course: Class, tmp_path: Path) -> None:
    """Those that were not needed, and one that died while it waited, leave no process behind and stop nobody."""
    with idle_jobs(3) as idle:
        processes = [each.process.pid for each in idle]
        os.kill(idle[-1].process.pid or 0, signal.SIGKILL)
        idle[-1].process.join()
        reports, _ = course.grade(quick, jobs=1, idle=idle)
        assert len(reports) == 3
    assert not any(Path("/proc", str(process)).exists() for process in processes)


@linux_only
def open_in(held: Path) -> set[str]:
    """What the descriptors in a folder of /proc stand for; one that is closed meanwhile is none."""
    found = set()
    for descriptor in held.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(descriptor))
    return found


def test_a_forked_job_keeps_no_descriptor_that_is_not_its_own(tmp_path: Path) -> None:
    """The pipe by which a forkserver notices that the grader is gone is closed in it, and so are the other jobs'."""
    stranger = os.open(tmp_path, os.O_RDONLY)
    with idle_jobs(2, (stranger,)) as idle:
        for each in idle:
            held = Path("/proc", str(each.process.pid), "fd")
            ours = {os.readlink(f"/proc/self/fd/{other.connection.fileno()}") for other in idle}
            wait_for(lambda held=held: str(tmp_path) not in open_in(held))
            wait_for(lambda held=held, ours=ours: not ours & open_in(held))
    os.close(stranger)


def test_a_single_job_has_no_neighbours(course: Class) -> None:
    """With one job nothing is graded twice."""
    _, events = course.grade(crowded, jobs=1)
    assert not any(isinstance(event, Postponed) for event in events)


@pytest.mark.long
def test_a_check_that_hangs_is_our_fault(course: Class) -> None:
    """The job is ended and replaced, the submission tried once more and reported as INTERNAL; the others continue."""
    reports, events = course.grade(hangs, patience=5)
    assert [report.internal for report in reports] == [False, True, False]
    assert "still at this submission after 5 s" in reports[1].questions[0].checks[0].staff_message
    assert [event.student for event in events if isinstance(event, Retried)] == ["ben"]


def test_a_job_that_cannot_end_its_check_is_ended(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time of the check that it named and a little more; that is said before, and no second try follows."""
    monkeypatch.setattr(job_processes, "LEEWAY_SECONDS", 0.5)
    reports, events = course.grade(hangs_in_a_check)
    assert [report.internal for report in reports] == [False, True, False]
    said = reports[1].questions[0].checks[0].staff_message
    assert said == "The check itself did not end within 1 s, and its job was ended with it: 'loops'."
    assert [event for event in events if isinstance(event, Hanging)] == [Hanging("ben", "loops", 0.5, 1.0)]
    assert not any(isinstance(event, Retried) for event in events)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_check_that_takes_all_memory_is_our_fault(course: Class) -> None:
    """It is refused the memory before the machine has none left; the others continue."""
    reports, _ = course.grade(hoards)
    assert [report.internal for report in reports] == [False, True, False]
    assert "MemoryError" in reports[1].questions[0].checks[0].staff_message


@pytest.mark.long
def test_an_internal_report_is_tried_once_more(course: Class) -> None:
    """A fault that passes leaves no trace in the grades."""
    reports, events = course.grade(internal_once)
    assert not any(report.internal for report in reports)
    assert {event.why for event in events if isinstance(event, Retried)} == {"the forkserver is gone"}
    assert course.known() == {"ann": False, "ben": False, "carl": False}


def test_errors_of_ours_are_internal_and_reported_to_staff(course: Class) -> None:
    """An error that was expected gives its sentence, a bug its traceback."""
    reports, _ = course.grade(raises)
    assert all(report.internal for report in reports)
    assert reports[0].questions[0].checks[0].staff_message == "No sandbox today."
    assert "KeyError: 'ben'" in reports[1].questions[0].checks[0].staff_message


@pytest.mark.long
def test_a_job_that_cannot_begin_ends_the_run_with_its_sentence(course: Class) -> None:
    """An error that stops every job is reported once, unchanged."""
    with pytest.raises(GraderError, match="The reference is gone"):
        course.grade(refuses)
    with pytest.raises(GraderError, match=r"ended before it could begin \(exit code 9\)"):
        course.grade(ends_early)


def test_a_dead_sandbox_is_started_again(course: Class) -> None:
    """When the sandbox itself dies, the retry gets a fresh one."""

    def kill_it(event: Event) -> None:
        if isinstance(event, Started):
            course.started[0].close()

    reports, _ = course.grade(tells_its_sandbox, jobs=1, notify=kill_it)
    assert len(course.started) == 2
    assert not any(report.internal for report in reports)


def test_ctrl_c_keeps_what_is_finished_and_leaves_no_process(course: Class) -> None:
    """The interrupt goes through, the reports until then are kept, and every job is gone."""

    def interrupt(event: Event) -> None:
        if isinstance(event, Finished):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        course.grade(quick, jobs=1, notify=interrupt)
    assert list(course.known()) == ["ann"]
    assert not course.started[0].alive()
    _, events = course.grade(quick)
    assert [type(event) for event in events].count(Known) == 1


WAITS = """
import os, time

def double(x):
    while not os.path.exists({flag!r}):
        time.sleep(0.05)
    return x + x
"""


def grade_command(root: Path, folder: Path, out: Path) -> list[str]:
    """The command line that grades the tiny class with two jobs."""
    verb = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(out)]
    return [*verb, "--jobs", "2", "--seed", "s", "--course", str(root)]


def rows(path: Path) -> list[tuple[str, str]]:
    """(student, when finished) of every row in the results database, if it is there."""
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    try:
        joined = "runs JOIN students ON students.id = student_id"
        return connection.execute(f"SELECT name, finished FROM {joined} ORDER BY runs.id").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def wait_for(condition: Callable[[], bool], seconds: float = 300) -> None:
    """Wait until something holds, and fail when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def processes_about(text: str) -> list[str]:
    """Command lines and working folders of living processes that mention a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            about = (folder / "cmdline").read_text() + (folder / "environ").read_text()
        except OSError:
            continue
        if text in about and folder.name != str(os.getpid()):
            found.append(about)
    return found


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path, blow: signal.Signals) -> None:
    """After kill -9 or Ctrl-C no process is left, no finished report is lost or made twice, and all come in the end."""
    root = make_course(tmp_path / "course")
    go = tmp_path / "go"
    flags = {f"student{n}": "/" if n < 2 else str(go) for n in range(6)}  # so that the blow falls among them
    folder = hand_in(tmp_path / "in", **{name: WAITS.format(flag=flag) for name, flag in flags.items()})
    out = tmp_path / "out"
    environ = {**os.environ, "AUTOGRADER_MARK": str(tmp_path)}
    run = subprocess.Popen(
        grade_command(root, folder, out), env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: len(rows(out / "grader.db")) >= 2)
    run.send_signal(blow)
    said, complaint = run.communicate(timeout=300)
    go.touch()
    before = rows(out / "grader.db")
    assert len(before) < 6
    if blow != signal.SIGKILL:
        assert run.returncode == 130
        assert "the same command goes on from there" in said
        assert "Traceback" not in complaint
        assert not (out / ".staging").exists()
    wait_for(lambda: not processes_about(str(tmp_path)))
    done = subprocess.run(
        grade_command(root, folder, out), env=environ, capture_output=True, text=True, check=True, timeout=300
    )
    after = rows(out / "grader.db")
    assert after[: len(before)] == before
    assert sorted(student for student, _ in after) == [f"student{n}" for n in range(6)]
    assert f"{len(before)} of 6 reports were there already" in done.stdout
    assert len(list((out / "reports").iterdir())) == 6
    assert not (out / ".staging").exists()


@contextmanager
def broken_check(spec: JobSpec) -> Iterator[Grade]:
    """A job whose check is INTERNAL for ann and ben, who hand in different things."""

    def grade(submission: Submission) -> Report:
        made = (passing if submission.student == "carl" else internal)(submission.student, key=submission.sha256)
        return replace(made, replay=replace(made.replay, submission_sha256=submission.student))

    yield grade


@contextmanager
def breaks_in_company(spec: JobSpec) -> Iterator[Grade]:
    """A job in which ben's check is INTERNAL while others are graded at the same time."""

    def grade(submission: Submission) -> Report:
        busy = spec.root / f"busy-{submission.student}"
        busy.touch()
        time.sleep(0.5)
        others = len(list(spec.root.glob("busy-*"))) > 1
        busy.unlink()
        made = internal if submission.student == "ben" and others else passing
        return made(submission.student, key=submission.sha256)

    yield grade


@pytest.mark.long
def test_a_fault_that_two_of_three_submissions_cause_is_theirs(course: Class) -> None:
    """However many cause it: where the check ran without a fault for anybody, their reports are not final."""
    reports, _ = course.grade(broken_check)
    assert [report.internal for report in reports] == [True, True, False]
    assert [bool(report.not_final) for report in reports] == [True, True, False]
    assert reports[0].not_final.startswith("This submission and 1 other cause a fault of the grader in the check 'one'")


@contextmanager
def breaks_for_students(spec: JobSpec) -> Iterator[Grade]:
    """A job in which the check is INTERNAL for everybody but the reference."""

    def grade(submission: Submission) -> Report:
        made = passing if submission.student == "the reference" else internal
        return replace(
            made(submission.student, key=submission.sha256),
            replay=replace(made(submission.student).replay, submission_sha256=submission.student),
        )

    yield grade


@contextmanager
def breaks_for_all(spec: JobSpec) -> Iterator[Grade]:
    """A job in which the check is INTERNAL for the reference as well, and for all but carl."""

    def grade(submission: Submission) -> Report:
        made = passing if submission.student == "carl" else internal
        return made(submission.student, key=submission.sha256)

    yield grade


@pytest.mark.long
def test_the_reference_decides_whose_fault_it_is(course: Class, tmp_path: Path) -> None:
    """Handed in, it has the fault as well, and it is ours; or it has not, and every submission that does causes it."""
    control = partial(reference_as_submission, course.loaded, tmp_path)
    theirs, events = course.grade(breaks_for_students, control=control)
    assert all(report.not_final for report in theirs)
    assert theirs[0].not_final.startswith(
        "This submission and 2 others cause a fault of the grader in the check 'one', and the reference does not: "
    )
    assert not any("reference" in getattr(event, "student", "") for event in events)
    ours, _ = course.grade(breaks_for_all, control=control)
    assert [report.internal for report in ours] == [True, True, False]
    assert not any(report.not_final for report in ours)
    assert "the reference" not in course.known()


@pytest.mark.long
def test_a_clean_grade_takes_the_mark_away(course: Class, tmp_path: Path) -> None:
    """A report that was not final is graded again by the next run, and the store holds the new one alone."""
    first, _ = course.grade(broken_check)
    assert [bool(report.not_final) for report in first] == [True, True, False]
    again, _ = course.grade(quick)
    assert not any(report.not_final or report.internal for report in again)
    with Store(course.address) as store:
        assert not any(report.not_final for report in store.reports())


def test_a_fault_is_tried_again_without_neighbours(course: Class) -> None:
    """What a neighbour may have caused does not come again alone."""
    reports, _ = course.grade(breaks_in_company)
    assert not any(report.internal for report in reports)


MASK_OF_THE_FIRST_JOB = """
import os
import signal
from multiprocessing import util
from autograder.grading import jobs

spawn = util.spawnv_passfds

def spawned(path, arguments, descriptors):
    if any(b"resource_tracker" in os.fsencode(each) for each in arguments):
        return spawn(path, arguments, descriptors)
    print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
    raise SystemExit

util.spawnv_passfds = spawned
jobs.start_job(None, None, None)
"""


def test_the_first_job_is_started_deaf_to_ctrl_c() -> None:
    """The resource tracker of multiprocessing, started before it, would unblock the signal for it."""
    done = subprocess.run([sys.executable, "-c", MASK_OF_THE_FIRST_JOB], check=False, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr
