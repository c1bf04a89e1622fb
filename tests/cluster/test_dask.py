"""A class graded by workers of Dask: the same reports, each once, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest
from clusters import Cluster, ClusterClass, cluster, gone, hides_results, kills_its_worker, waits
from tiny_course import RIGHT, hand_in, make_course

from autograder.checks.errors import GraderError, UsageError
from autograder.grading.job_processes import Event, Finished, Postponed, Retried
from autograder.grading.jobs import Attempt
from autograder.results import Verdict
from autograder.store import Store, sqlite_address

pytestmark = pytest.mark.long  # each starts processes that import Dask, which takes a second of CPU


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with one worker, for all tests that break nothing of it."""
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


def test_workers_give_the_reports_that_this_machine_gives(tmp_path: Path, there: Cluster) -> None:
    """A class that is graded by a scheduler's workers has the right points, each once, and leaves no file behind."""
    graded = ClusterClass(tmp_path, 2)
    reports = graded.grade(there)
    assert graded.right(reports)
    assert all(report.replay.key == graded.grader.key(s) for report, s in zip(reports, graded.submissions, strict=True))
    assert not graded.jobs.exists()


def test_whoever_has_no_key_is_refused(tmp_path: Path, there: Cluster) -> None:
    """With another key, or without encryption, nobody reaches the scheduler."""
    from distributed import Client

    from autograder.cluster.dask import connected
    from autograder.cluster.keys import make_keys, security

    make_keys(tmp_path / "other")
    with pytest.raises(GraderError, match="No scheduler answers"):
        connected(there.address, security(tmp_path / "other"), 0.0)
    with pytest.raises(OSError, match="Timed out|in time|closed"):
        Client(there.address.replace("tls://", "tcp://"), timeout=2, set_as_default=False)


def test_a_cancelled_job_is_ended_where_it_runs(tmp_path: Path, there: Cluster) -> None:
    """After `cancel`, as after Ctrl-C, the job process on the worker is killed, and the worker takes other jobs."""
    graded = ClusterClass(tmp_path, 1, waits)
    from autograder.cluster.dask import DaskEngine

    engine = DaskEngine(graded.grader, graded.jobs, 1, there.address, there.keys)
    said = graded.grader.root / "pid-s00"
    engine.submit(Attempt(graded.submissions[0], 1))
    while not (said.is_file() and said.read_text()):
        assert not engine.poll(lambda _: None)
    engine.close()
    assert gone(int(said.read_text()))

    after = ClusterClass(tmp_path / "after", 1)
    assert after.right(after.grade(there))


def test_a_result_that_is_there_already_is_taken(tmp_path: Path, there: Cluster) -> None:
    """What workers finished while nobody listened is not graded again, and is removed once it is in the store."""
    from autograder.cluster.work import job_name, kept_result, result_path

    graded = ClusterClass(tmp_path, 3)
    (first, *_) = graded.grade(there)
    before = graded.grader.key(graded.submissions[0])
    os.unlink(tmp_path / "grader.db")
    graded.jobs.mkdir()
    path = result_path(graded.jobs, job_name(before, Attempt(graded.submissions[0])))
    kept_result(path, replace(first, notes=("From the file.",)))
    reports = graded.grade(there)
    assert graded.right(reports)
    assert [report.notes for report in reports] == [("From the file.",), (), ()]
    assert not graded.jobs.exists()


def test_a_worker_with_other_files_is_found_out(tmp_path: Path, there: Cluster) -> None:
    """A report that was made from other files than those here does not count: it is our fault, and says so."""
    graded = ClusterClass(tmp_path, 1)
    source = graded.grader.root / "reference" / "tiny" / "tiny.py"
    source.write_text(source.read_text() + "\n# newer\n")
    (report,) = graded.grade(there)
    assert report.internal
    assert "other files or packages" in report.questions[0].checks[0].staff_message


def test_other_formats_are_refused(tmp_path: Path) -> None:
    """An assignment in another format is refused in one sentence, before anything is started."""
    from autograder.cluster.work import work_of

    with pytest.raises(UsageError, match="assignments of our own"):
        work_of(object(), tmp_path)  # type: ignore[arg-type]


def test_a_submission_that_kills_two_workers_is_set_aside(tmp_path: Path, there: Cluster) -> None:
    """A worker that dies is started again and its submission tried once more; where that kills a worker, too, staff see
    why, the submission gets no third try, and all others have their points."""
    graded = ClusterClass(tmp_path, 2, kills_its_worker)
    events: list[Event] = []
    first, *others = graded.grade(there, notify=events.append)
    assert [(type(each), each.student) for each in events if isinstance(each, (Retried, Postponed))] == [
        (Retried, "s00")
    ]
    checks = [check for question in first.questions for check in question.checks]
    assert {check.verdict for check in checks} == {Verdict.INTERNAL}
    assert all("ended while it graded this submission" in check.staff_message for check in checks)
    assert "This submission alone causes a fault of the grader" in first.not_final
    assert [report.points for report in others] == [2]
    assert graded.rows() == ["s00", "s01"]


def test_a_shared_folder_may_be_gone_for_a_while(tmp_path: Path, there: Cluster) -> None:
    """A result that cannot be written, because the shared folder is gone, is written when the folder is back."""
    graded, returned = ClusterClass(tmp_path, 2, hides_results), Flag()
    away, early = tmp_path / "away", list[str]()

    def bring_back() -> None:
        while not away.is_dir():
            time.sleep(0.05)
        time.sleep(1)
        returned.set()
        away.rename(graded.jobs)

    def notify(event: Event) -> None:
        assert not isinstance(event, Retried)
        if isinstance(event, Finished) and not returned.is_set():
            early.append(event.report.student)

    thread = Thread(target=bring_back, daemon=True)
    thread.start()
    assert graded.right(graded.grade(there, notify=notify))
    thread.join()
    assert "s00" not in early
    assert not graded.jobs.exists()


def test_a_result_that_never_appears_is_a_fault_of_ours(
    tmp_path: Path, there: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a worker has written a result that this machine never sees, staff read which folder all have to see."""
    from autograder.cluster import dask

    monkeypatch.setattr(dask, "result_path", lambda folder, name: tmp_path / "elsewhere" / name)
    monkeypatch.setattr(dask, "PATIENCE_SECONDS", 0.0)
    graded = ClusterClass(tmp_path, 1)
    (report,) = graded.grade(there)
    assert report.internal
    assert f"did not appear in {graded.jobs}; do all" in report.questions[0].checks[0].staff_message


def test_killed_parts_cost_no_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Kill -9 of a worker and then of the scheduler in the middle of a class: every report is there, each once, and no
    traceback is shown."""
    graded = ClusterClass(tmp_path, 9)
    done: list[Event] = []
    killed: list[int] = []
    names: list[str] = []

    def notify(event: Event) -> None:
        done.append(event)
        finished = sum(isinstance(each, Finished) for each in done)
        if isinstance(event, Finished) and finished in (2, 5):
            own = graded.engines[0]._own
            assert own is not None
            process = own.running[1 if finished == 2 else 0].process
            killed.append(process.pid)
            names.extend(each.part.name for each in own.running[1:])
            process.kill()

    reports = graded.grade(notify=notify)
    assert len(killed) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert graded.right(reports)
    assert {each.why for each in done if isinstance(each, Retried)} <= {
        f"The worker {name} ended while it graded this submission." for name in names
    }


GRADE = """
import sys
from pathlib import Path
from clusters import Cluster, ClusterClass, waits
folder, keys, address = sys.argv[1:]
ClusterClass(Path(folder), 1, waits).grade(Cluster(Path(keys), address))
"""


def test_a_killed_client_of_a_standing_cluster_leaves_no_job(tmp_path: Path, there: Cluster) -> None:
    """After kill -9 of `grade`, a worker whose scheduler goes on ends its job."""
    command = [sys.executable, "-c", GRADE, str(tmp_path), str(there.keys), there.address]
    said = tmp_path / "course" / "pid-s00"
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as running:
        while not (said.is_file() and said.read_text()):
            assert running.poll() is None
            time.sleep(0.05)
        running.kill()
    assert gone(int(said.read_text()))


def test_a_killed_client_leaves_nothing_running_and_nothing_twice(tmp_path: Path) -> None:
    """After kill -9 of `grade`, its scheduler and worker end, and the same command goes on to a complete class."""
    root, students = make_course(tmp_path / "course"), [f"s{number:02}" for number in range(10)]
    folder = hand_in(tmp_path / "handed-in", **dict.fromkeys(students, RIGHT))
    words = ["grade", "tiny", folder, "--out", tmp_path / "out", "--cluster", "dask", "--jobs", "1", "--course", root]
    command = [sys.executable, "-m", "autograder", *map(str, words)]
    environ = {**os.environ, "AUTOGRADER_SEED": "seed"}
    with subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("[1/10]"):
                break
        children = descendants(running.pid)
        running.send_signal(signal.SIGKILL)
    assert len(children) >= 3
    assert all(gone(pid) for pid in children)
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with Store(sqlite_address(tmp_path / "out" / "grader.db")) as store:
        assert sorted(report.student for report in store.reports()) == students
    assert not (tmp_path / "out" / ".jobs").exists()


def descendants(pid: int) -> list[int]:
    """The processes that one has started, with theirs."""
    from autograder.isolation.processes import descendants as found

    return found(pid)[1:]
