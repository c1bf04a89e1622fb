"""A class graded by Jobs of Kubernetes: the same reports, each once, whatever happens to pods.

No package brings an API server; `kubernetes_server` speaks its documented calls and runs each pod as a process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from clusters import ClusterClass, gone, kills_its_worker, waits
from kubernetes_server import Cluster, kubernetes_server
from tiny_course import RIGHT, hand_in, make_course

from autograder.checks.errors import GraderError
from autograder.cluster import kubernetes as engine_module
from autograder.cluster.kubernetes import KubernetesEngine, engines
from autograder.cluster.manifests import Site, write_manifests
from autograder.grading.engine import StartEngine
from autograder.grading.grader import grading_job
from autograder.grading.job_processes import Event, Retried, Started
from autograder.grading.jobs import Attempt, JobSpec
from autograder.results import Report, Verdict
from autograder.store import Store, sqlite_address
from autograder.submissions import Submission


@contextmanager
def waits_the_first_time(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """A job that grades; the first time that it has s01 it does not end."""
    with grading_job(spec) as grade:

        def grade_or_wait(submission: Submission) -> Report:
            said = spec.root / f"pid-{submission.student}"
            if submission.student == "s01" and not said.exists():
                said.write_text(str(os.getpid()))
                time.sleep(600)
            return grade(submission)

        yield grade_or_wait


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Path]]:
    """One server for all tests."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes")) as made:
        yield made


@pytest.fixture
def there(server: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, which KUBECONFIG names; the engine waits shorter than for real machines."""
    cluster, config = server
    monkeypatch.setenv("KUBECONFIG", str(config))
    for name, seconds in {"LOOK_SECONDS": 0.2, "PODS_SECONDS": 0.2, "SETTLE_SECONDS": 0.5}.items():
        monkeypatch.setattr(engine_module, name, seconds)
    cluster.created.clear()
    cluster.deleted.clear()
    cluster.pods.clear()
    cluster.jobs.clear()
    return cluster


def job_file(folder: Path) -> Path:
    """The site's Job."""
    return write_manifests(folder / "manifests", Site("autograder:1", "grading"))[-1]


def start(graded: ClusterClass, jobs: int = 1) -> StartEngine:
    """What starts the engine for a class."""
    return engines(graded.jobs, jobs, job_file(graded.folder))


def until(said: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not said():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.long  # a pod imports everything that grades
def test_a_class_is_graded_in_pods_and_goes_on_after_a_disruption(tmp_path: Path, there: Cluster) -> None:
    """While the API server is busy, `grade` waits; the first submission has a pod of its own, and those behind it one
    together, once it is known how little they take. A pod that is taken away is replaced, and goes on with what it was
    at: every report is right, each once, and no submission has used a try."""
    graded, events = ClusterClass(tmp_path, 4, waits_the_first_time), list[Event]()
    there.refusals[:] = [(503, "busy"), (429, "slow down")]
    said = graded.grader.root / "pid-s01"

    def notify(event: Event) -> None:
        events.append(event)
        if isinstance(event, Started) and event.student == "s01":
            until(said.exists)
            there.disrupt()

    reports = graded.grade(notify=notify, engines=start(graded))
    assert graded.right(reports)
    assert not any(isinstance(each, Retried) for each in events)
    assert gone(int(said.read_text()))
    assert len(there.created) < 4 < 2 + len(there.pods)
    assert not graded.jobs.exists()
    assert not there.jobs


@pytest.mark.long  # two pods import everything that grades
def test_a_submission_that_ends_two_pods_is_set_aside(tmp_path: Path, there: Cluster) -> None:
    """A submission that ends its pod is tried once more, alone; where that ends a pod, too, staff see why, and all
    others have their points."""
    graded, events = ClusterClass(tmp_path, 2, kills_its_worker), list[Event]()
    first, second = graded.grade(notify=events.append, engines=start(graded, 2))
    assert [each.student for each in events if isinstance(each, Retried)] == ["s00"]
    check = first.questions[0].checks[0]
    assert check.verdict is Verdict.INTERNAL
    assert "failed (PodFailurePolicy: Container grader" in check.staff_message
    assert second.points == 2
    assert graded.rows() == ["s00", "s01"]
    assert not there.jobs


@pytest.mark.long  # three runs of the command line
def test_after_a_kill_the_same_command_goes_on(tmp_path: Path, there: Cluster) -> None:
    """After kill -9 of `grade`, its Job goes on until the same command runs again, which deletes it first; nothing is
    left in the end, and everybody is in the books once."""
    root, students = make_course(tmp_path / "course"), [f"s{number:02}" for number in range(3)]
    folder = hand_in(tmp_path / "handed-in", **dict.fromkeys(students, RIGHT))
    words = ["grade", "tiny", folder, "--out", tmp_path / "out", "--cluster", "kubernetes", "--jobs", "1"]
    words += ["--job-template", job_file(tmp_path), "--course", root]
    command = [sys.executable, "-m", "autograder", *map(str, words)]
    environ = {**os.environ, "AUTOGRADER_SEED": "seed"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if line.startswith("[1/3]"))
        running.send_signal(signal.SIGKILL)
    before = set(there.jobs)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert before <= set(there.deleted)
    with Store(sqlite_address(tmp_path / "out" / "grader.db")) as store:
        assert sorted(report.student for report in store.reports()) == students
    assert not (tmp_path / "out" / ".jobs").exists()


@pytest.mark.long  # a pod imports everything that grades
def test_ctrl_c_deletes_what_was_started(tmp_path: Path, there: Cluster) -> None:
    """After `cancel`, as after Ctrl-C, the Job is gone, its pod and the job process in it end, and no file is left."""
    graded = ClusterClass(tmp_path, 1, waits)
    engine = start(graded)(graded.grader, 1)
    said = graded.grader.root / "pid-s00"
    engine.submit(Attempt(graded.submissions[0], 1))
    engine.poll(lambda _: None)
    assert list(graded.jobs.iterdir())
    until(lambda: said.is_file() and said.read_text())
    engine.close()
    assert there.deleted == [there.created[0]["metadata"]["name"]]
    assert gone(int(said.read_text()))
    assert not graded.jobs.exists()


REFUSALS: list[tuple[int, str, str]] = [
    (401, "Unauthorized", "does not know who asks: Unauthorized; log in as for kubectl"),
    (403, "jobs.batch is forbidden", "does not allow it: jobs.batch is forbidden; apply the Role"),
    (404, 'namespaces "grading" not found', "has no namespace grading"),
    (422, "Job is invalid", "refuses the Job: Job is invalid; correct the file of --job-template"),
]


def test_what_the_cluster_refuses_is_one_sentence(tmp_path: Path, there: Cluster) -> None:
    """A refusal by the API server ends the run with its own sentence and what helps."""
    graded = ClusterClass(tmp_path, 1)
    begin = start(graded)
    for status, message, sentence in REFUSALS:
        there.refusals[:] = [(status, message)]
        with pytest.raises(GraderError, match=sentence):
            begin(graded.grader, 1)


def test_pods_wait_for_the_quota_and_are_given_up_without_an_image(tmp_path: Path, there: Cluster) -> None:
    """A Job that the namespace's quota has no room for is created later; one whose image cannot be pulled is said at
    once, for no deadline should have to find it out."""
    graded = ClusterClass(tmp_path, 1)
    engine = start(graded)(graded.grader, 1)
    there.waits, there.refusals[:] = "ImagePullBackOff", [(403, "jobs is forbidden: exceeded quota: small")]
    try:
        engine.submit(Attempt(graded.submissions[0], 1))
        assert not engine.poll(lambda _: None)
        assert not there.created
        with pytest.raises(GraderError, match="cannot begin: ImagePullBackOff. Back-off pulling image"):
            until(lambda: engine.poll(lambda _: None))
    finally:
        there.waits = ""
        engine.close()
    assert len(there.deleted) == 1


def test_a_job_asks_for_no_privilege_and_has_deadlines(tmp_path: Path, there: Cluster) -> None:
    """The Job of a bundle has one pod, no second try by Kubernetes but after a disruption, a deadline on the node and
    one in all, the site's own fields, and requests as large as the limits of a submission."""
    graded = ClusterClass(tmp_path, 1)
    there.waits = "ContainerCreating"
    engine = start(graded)(graded.grader, 1)
    assert isinstance(engine, KubernetesEngine)
    try:
        engine.submit(Attempt(graded.submissions[0], 1))
        engine.poll(lambda _: None)
    finally:
        there.waits = ""
        engine.close()
    spec: dict[str, Any] = there.created[0]["spec"]
    pod = spec["template"]["spec"]
    assert spec["backoffLimit"] == 0
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["Ignore", "FailJob"]
    assert 600 < pod["activeDeadlineSeconds"] == spec["activeDeadlineSeconds"] - 86400
    assert pod["restartPolicy"] == "Never"
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["command"][:3] == ["python", "-m", "autograder.cluster.bundle"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["resources"]["requests"]["cpu"] == "1"
