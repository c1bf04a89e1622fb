"""The engine `kubernetes`: Jobs of a Kubernetes cluster, each of which grades a bundle of submissions in one pod.

Kubernetes moves bundles and nothing else. Jobs and results go through a folder that all pods see (`exchange`); what a
pod does is in `bundle`. A pod that its cluster takes away is replaced by Kubernetes itself and goes on where that one
was; one that ends by itself has met a fault of ours, and costs the submission at which it was one try.
"""

from __future__ import annotations

import copy
import hashlib
import math
import os
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.checks.errors import GraderError, UsageError
from autograder.cluster.exchange import (
    BEGIN_SECONDS,
    CHECKS_MIB,
    FALSE_STARTS,
    LARGEST_BUNDLE,
    SETTLE_SECONDS,
    TURN_SECONDS,
    Exchange,
)
from autograder.cluster.kubernetes_api import ApiServer, connection
from autograder.cluster.manifests import JOB_FILE, read_job
from autograder.grading.engine import StartEngine
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event
from autograder.grading.jobs import Attempt, Ended

__all__ = ["KubernetesEngine", "body_of", "engines"]

LOOK_SECONDS = 2.0
PODS_SECONDS = 10.0
BUNDLE_SECONDS = 120.0
WAIT_SECONDS = 86400  # for a node that has room
KEEP_SECONDS = 3600  # where a killed `grade` did not delete it
FOLDER, RUN = "autograder-folder", "autograder-run"
CANNOT_BEGIN = ("ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")


def engines(folder: Path, jobs: int, template: Path | None = None) -> StartEngine:
    """What starts engines of this kind.

    Args:
        folder: where bundles and results are kept on their way; all pods have to see it at the same path.
        jobs: how many pods there are at a time.
        template: the file of the Job.

    Raises:
        UsageError: the Job is wrong, or no cluster is known here.
    """
    if template is None:
        raise UsageError(
            f"--cluster kubernetes needs --job-template {JOB_FILE}; `autograder cluster manifests` writes it."
        )
    job = read_job(template)
    connection()

    def start(grader: Grader, submissions: int) -> KubernetesEngine:
        return KubernetesEngine(grader, folder, min(jobs, submissions), job)

    return start


def body_of(
    template: dict[str, Any],
    name: str,
    labels: dict[str, str],
    command: Sequence[str],
    seconds: int,
    needs: dict[str, str],
) -> dict[str, Any]:
    """The Job of one bundle: the site's, with all that `grade` decides.

    Args:
        template: the site's Job.
        name: the Job's name.
        labels: by which this run's Jobs are found again.
        command: what the pod's first container runs.
        seconds: how long the pod may take, once it is on a node.
        needs: processors and memory that are requested, where the site requests nothing.
    """
    body = copy.deepcopy(template)
    meta, spec = body.setdefault("metadata", {}), body["spec"]
    meta["name"] = name
    meta["labels"] = {**(meta.get("labels") or {}), **labels}
    pod = spec["template"]
    pod["metadata"] = {
        **(pod.get("metadata") or {}),
        "labels": {**(pod.get("metadata") or {}).get("labels", {}), **labels},
    }
    spec |= {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 0,
        "activeDeadlineSeconds": seconds + WAIT_SECONDS,
        "ttlSecondsAfterFinished": KEEP_SECONDS,
    }
    container = pod["spec"]["containers"][0]
    container.setdefault("name", "grader")
    container["command"] = [*command]
    container.pop("args", None)
    if not container.get("resources"):
        container["resources"] = {"requests": needs}
    pod["spec"] |= {"restartPolicy": "Never", "activeDeadlineSeconds": seconds}
    spec["podFailurePolicy"] = {
        "rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {
                "action": "FailJob",
                "onExitCodes": {"containerName": container["name"], "operator": "NotIn", "values": [0]},
            },
        ]
    }
    return body


@dataclass(slots=True)
class _Job:
    """A Job of the cluster and the jobs in its bundle; it ended at `ended`, and `why` says how."""

    name: str
    bundle: Path
    jobs: tuple[str, ...]
    ended: float = 0.0
    why: str = ""


@dataclass(slots=True)
class KubernetesEngine:
    """Runs jobs in pods of one cluster.

    Raises:
        GraderError: the cluster refuses Jobs, cannot begin them, or does not answer for ten minutes.
        UsageError: the assignment is in another format.
    """

    grader: Grader
    folder: Path
    size: int
    template: dict[str, Any]
    exchange: Exchange = field(init=False)
    run: str = field(init=False, default_factory=lambda: uuid.uuid4().hex[:12])
    _cluster: ApiServer = field(init=False)
    _waiting: deque[str] = field(init=False, default_factory=deque)
    _pods: list[_Job] = field(init=False, default_factory=list)
    _measured: tuple[int, float] = field(init=False, default=(0, 0.0))
    _started: int = field(init=False, default=0)
    _looked: float = field(init=False, default=0.0)
    _looked_at_pods: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._cluster = ApiServer(str((self.template.get("metadata") or {}).get("namespace") or "default"))
        self.exchange = Exchange(self.grader, self.folder)
        while not self._cluster.delete(f"{FOLDER}={self._folder_label()}"):  # of a run that was killed
            time.sleep(LOOK_SECONDS)

    def capacity(self) -> int:
        """How many pods there are at a time; each grades one submission after the other."""
        return self.size

    def holds(self) -> int:
        """How many jobs fit into so many pods: one each, until it is known how many take two minutes."""
        return self.size * self._per_pod()

    def submit(self, attempt: Attempt) -> None:
        """Take a job; the next `poll` starts a pod for it, unless its result is in the folder already."""
        self._waiting.append(self.exchange.expect(attempt))

    def poll(self, notify: Callable[[Event], None]) -> Sequence[Ended]:
        """As `Engine.poll`; waits a short time at most."""
        over = self.exchange.look(notify)
        for ended in over:
            self._note(ended)
        self._start_pods()
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            over += self._look_at_jobs()
        if not over:
            time.sleep(TURN_SECONDS)
        return over

    def cancel(self) -> None:
        """Delete this run's Jobs; pods see as well that their bundles are gone, and end what they started."""
        self._waiting.clear()
        self.exchange.cancel()
        self._pods.clear()
        if self._started:
            with suppress(GraderError):  # without an answer, pods end by their bundles
                self._cluster.delete(f"{RUN}={self.run}")

    def close(self) -> None:
        """Cancel, and leave the folder as it was."""
        self.cancel()
        self.exchange.close()
        self._cluster.close()

    def _per_pod(self) -> int:
        count, seconds = self._measured
        if not count:
            return 1
        return max(1, min(LARGEST_BUNDLE, int(BUNDLE_SECONDS * count / max(seconds, 0.1))))

    def _note(self, ended: Ended) -> None:
        if ended.report is not None:
            count, seconds = self._measured
            self._measured = count + 1, seconds + ended.report.resources.wall_seconds

    def _start_pods(self) -> None:
        """Spread what waits over the pods that may be started now."""
        self._waiting = deque(name for name in self._waiting if name in self.exchange.jobs)
        while self._waiting and (free := self.size - sum(not pod.ended for pod in self._pods)) > 0:
            most = min(self._per_pod(), math.ceil(len(self._waiting) / free))
            names = [self._waiting.popleft()]
            while self._waiting and len(names) < most and not self.exchange.jobs[names[0]].alone:
                names.append(self._waiting.popleft())
            bundle = self.exchange.send(names)
            self._started += 1
            pod = _Job(f"autograder-{self.run}-{self._started}", bundle, tuple(names))
            if not self._create(pod):
                self.exchange.withdraw(bundle)
                self._waiting.extendleft(reversed(names))
                return
            self._pods.append(pod)

    def _create(self, pod: _Job) -> bool:
        """Create a Job; False where that has to wait."""
        work = self.exchange.work
        command = ("python", "-m", "autograder.cluster.bundle", str(pod.bundle))
        seconds = BEGIN_SECONDS + math.ceil(work.seconds * len(pod.jobs))
        needs = {"cpu": str(work.limits.threads), "memory": f"{work.limits.memory_mib + CHECKS_MIB}Mi"}
        labels = {FOLDER: self._folder_label(), RUN: self.run}
        body = body_of(self.template, pod.name, labels, command, seconds, needs)
        return self._cluster.create(body)

    def _look_at_jobs(self) -> list[Ended]:
        """What became of bundles whose Jobs have ended, in jobs of which there is no result."""
        listed = self._cluster.jobs(f"{RUN}={self.run}") if self._pods else None
        if listed is None:
            return []
        known, over = {each.metadata.name: each for each in listed}, list[Ended]()
        for pod in list(self._pods):
            if not pod.ended and (why := _how_it_ended(known.get(pod.name))):
                pod.ended, pod.why = time.monotonic(), why
            waited = time.monotonic() - pod.ended > SETTLE_SECONDS
            if pod.ended and (waited or not any(name in self.exchange.jobs for name in pod.jobs)):
                over += self._after(pod)
        if any(not pod.ended for pod in self._pods):
            self._look_at_pods()
        return over

    def _after(self, pod: _Job) -> list[Ended]:
        """A Job is over; what it has not begun goes to another pod, before all that waits."""
        self._pods.remove(pod)
        why = f"The Job {pod.name} {pod.why} while it graded this submission."
        over, again = self.exchange.after(pod.bundle, pod.jobs, why)
        self._waiting.extendleft(reversed(again))
        if self.exchange.false_starts >= FALSE_STARTS:
            raise GraderError(f"Pods end before they have begun. The Job {pod.name} {pod.why}.")
        return over

    def _look_at_pods(self) -> None:
        """Whether some pod can never begin, which no deadline should have to find out."""
        if time.monotonic() - self._looked_at_pods < PODS_SECONDS:
            return
        self._looked_at_pods = time.monotonic()
        for pod in self._cluster.pods(f"{RUN}={self.run}") or ():
            for container in (pod.status and pod.status.container_statuses) or ():
                waits = container.state and container.state.waiting
                if waits and waits.reason in CANNOT_BEGIN:
                    raise GraderError(
                        f"The pod {pod.metadata.name} cannot begin: {waits.reason}. {waits.message or ''} "
                        "Correct the file of --job-template."
                    )

    def _folder_label(self) -> str:
        return hashlib.sha256(os.fsencode(self.exchange.folder)).hexdigest()[:16]


def _how_it_ended(job: Any) -> str:
    """How a Job ended, as the end of a sentence; "" while it has not."""
    if job is None:
        return "was deleted"
    for condition in (job.status and job.status.conditions) or ():
        if condition.status == "True" and condition.type == "Complete":
            return "ended without a result"
        if condition.status == "True" and condition.type == "Failed":
            about = ": ".join(each for each in (condition.reason, condition.message) if each)
            return f"failed ({about})" if about else "failed"
    return ""
