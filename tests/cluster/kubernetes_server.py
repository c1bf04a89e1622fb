"""A server on this machine that speaks the documented calls for Jobs and pods, and runs each pod as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from autograder.cluster.manifests import unknown_fields


@dataclass
class Pod:
    """A pod of a Job: a process, whether the cluster takes it away, and what keeps it from beginning."""

    job: str
    process: subprocess.Popen[bytes] | None
    disrupted: bool = False
    waits: str = ""


@dataclass
class Cluster:
    """The Jobs and pods of one namespace.

    `refusals` are the statuses and messages of the next answers; `begins` says whether pods run at all.
    """

    folder: Path
    namespace: str = "grading"
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: list[Pod] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    waits: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def config(self, address: str) -> Path:
        """A file for KUBECONFIG."""
        path = self.folder / "kubeconfig"
        text = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "clusters": [{"name": "here", "cluster": {"server": address}}],
            "users": [{"name": "me", "user": {"token": "secret"}}],
        }
        path.write_text(yaml.safe_dump(text))
        return path

    def disrupt(self) -> None:
        """Take the running pods away, as when a node is drained."""
        with self.lock:
            for pod in self.pods:
                if pod.process is not None and pod.process.poll() is None:
                    pod.disrupted = True
                    pod.process.send_signal(signal.SIGTERM)

    def running(self) -> list[int]:
        """The process ids of pods that have not ended."""
        return [pod.process.pid for pod in self.pods if pod.process and pod.process.poll() is None]

    def create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A Job, and its first pod."""
        name = body["metadata"]["name"]
        wrong = list(unknown_fields(body, "V1Job"))
        if body["spec"]["template"]["spec"].get("restartPolicy") != "Never":
            wrong.append("podFailurePolicy is for restartPolicy Never")
        if wrong:
            return 422, {"message": f'Job.batch "{name}" is invalid: {wrong[0]}'}
        with self.lock:
            if name in self.jobs:
                return 409, {"message": "AlreadyExists"}
            self.jobs[name] = body = {**body, "status": {"startTime": datetime.now(UTC).isoformat()}}
            self.created.append(body)
            self._start(name)
        return 201, body

    def _start(self, name: str) -> None:
        container = self.jobs[name]["spec"]["template"]["spec"]["containers"][0]
        command = [sys.executable if word == "python" else word for word in container["command"]]
        pod = Pod(name, None, waits=self.waits)
        if not self.waits:
            environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            pod.process = subprocess.Popen(command, env=environ, start_new_session=True)
            threading.Thread(target=self._wait_for, args=(pod,), daemon=True).start()
        self.pods.append(pod)

    def _wait_for(self, pod: Pod) -> None:
        """What the Job controller does when a pod has ended."""
        assert pod.process is not None
        code = pod.process.wait()
        with self.lock:
            job = self.jobs.get(pod.job)
            if job is None:
                return
            if pod.disrupted:
                self._start(pod.job)  # by the rule Ignore
            elif code == 0:
                job["status"]["conditions"] = [{"type": "Complete", "status": "True"}]
            else:
                message = f"Container grader for pod {self.namespace}/{pod.job} failed with exit code {code % 256}"
                about = {"reason": "PodFailurePolicy", "message": message}
                job["status"]["conditions"] = [{"type": "Failed", "status": "True", **about}]

    def delete(self, label: str) -> None:
        """The Jobs with a label, and their pods."""
        with self.lock:
            for name in [name for name, job in self.jobs.items() if has(job, label)]:
                del self.jobs[name]
                self.deleted.append(name)
                for pod in self.pods:
                    if pod.job == name and pod.process and pod.process.poll() is None:
                        pod.process.terminate()

    def shown(self, pod: Pod) -> dict[str, Any]:
        """A pod as the server shows it."""
        waiting = {"reason": pod.waits, "message": "Back-off pulling image."}
        state = {"waiting": waiting} if pod.waits else {"running": {}}
        status = {"name": "grader", "image": "i", "imageID": "", "ready": True, "restartCount": 0, "state": state}
        return {"metadata": {"name": f"{pod.job}-x"}, "status": {"containerStatuses": [status]}}


def has(job: dict[str, Any], label: str) -> bool:
    """Whether a Job has a label, given as name=value."""
    name, _, value = label.partition("=")
    return bool(job["metadata"].get("labels", {}).get(name) == value)


@contextmanager
def kubernetes_server(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    """A running server and the file by which it is found."""
    cluster = Cluster(folder)
    jobs = f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs"
    pods = f"/api/v1/namespaces/{cluster.namespace}/pods"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            at = urlsplit(self.path)
            label = parse_qs(at.query).get("labelSelector", [""])[0]
            if cluster.refusals:
                status, message = cluster.refusals.pop(0)
                return self.answer(status, {"kind": "Status", "message": message, "code": status})
            if self.headers.get("Authorization") != "Bearer secret":
                return self.answer(401, {"message": "Unauthorized"})
            if (self.command, at.path) == ("POST", jobs):
                return self.answer(*cluster.create(json.loads(body)))
            if (self.command, at.path) == ("GET", jobs):
                with cluster.lock:
                    found = [job for job in cluster.jobs.values() if has(job, label)]
                return self.answer(200, {"kind": "JobList", "apiVersion": "batch/v1", "items": found})
            if (self.command, at.path) == ("DELETE", jobs):
                cluster.delete(label)
                return self.answer(200, {"kind": "Status", "status": "Success"})
            if (self.command, at.path) == ("GET", pods):
                return self.answer(200, {"kind": "PodList", "items": [cluster.shown(pod) for pod in cluster.pods]})
            return self.answer(404, {"message": f"{self.command} {at.path} is not found"})

        do_GET = do_POST = do_DELETE = handle_request

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield cluster, cluster.config(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        for pid in cluster.running():
            os.kill(pid, signal.SIGKILL)
        server.shutdown()
        server.server_close()
