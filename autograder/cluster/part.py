"""One process of a cluster, the scheduler or a worker: `python -m autograder.cluster.part`, started by `processes`.

It reads what it is on its standard input, and ends when that does: so nothing outlives whoever started it, even after
kill -9. A worker runs one job at a time, declares its processors and its memory, and when the scheduler is gone, it
waits for it to come back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from distributed import Scheduler, Worker, get_worker

from autograder.cluster.keys import security
from autograder.cluster.runner import Answer, Runner
from autograder.cluster.work import Work
from autograder.grading.jobs import Attempt

__all__ = ["Part", "grade_on_worker", "quiet"]

RUNNER = "autograder_runner"
_AGAIN_SECONDS = 0.5
_LOCAL = "127.0.0.1:0"  # where dask's page of measurements is served: to this machine alone


@dataclass(frozen=True, slots=True)
class Part:
    """What a process is: the scheduler, listening on `port` of `host`, or a worker of the one at `address`.

    `keys` is the folder with the key that all parts share. A worker declares `cpus` and `memory_mib`; `host` is where
    others reach it, "" for the address by which it reaches the scheduler.
    """

    role: str
    keys: str
    host: str = ""
    port: int = 0
    address: str = ""
    name: str = ""
    cpus: int = 1
    memory_mib: int = 0
    folder: str = ""


def grade_on_worker(work: Work, attempt: Attempt, name: str) -> Answer:
    """The task: grade one job on the worker where this runs."""
    worker = get_worker()
    key = worker.get_current_task()
    runner: Runner = getattr(worker, RUNNER)

    def needed() -> bool:
        task = worker.state.tasks.get(key)
        return worker.status.name in ("running", "paused") and task is not None and task.state == "executing"

    return runner.grade(work, attempt, name, needed)


def quiet() -> None:
    """Keep Dask's own log off the screen: what of it matters is said by the batch, without tracebacks."""
    for name in ["distributed", *logging.root.manager.loggerDict]:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


async def _schedule(part: Part) -> None:
    async with Scheduler(
        host=part.host,
        port=part.port,
        protocol="tls",
        security=security(Path(part.keys)),
        allowed_failures=0,  # the batch counts, and tries again
        dashboard=False,
        dashboard_address=_LOCAL,
    ) as scheduler:
        await scheduler.finished()


async def _work(part: Part) -> None:
    runner = Runner(part.name)
    more: dict[str, Any] = {"host": part.host} if part.host else {}
    while True:
        try:
            made = Worker(
                part.address,
                name=part.name,
                nthreads=1,
                resources={"CPU": part.cpus, "MEM": part.memory_mib},
                memory_limit=0,  # what submissions may take is the sandbox's business
                security=security(Path(part.keys)),
                dashboard_address=_LOCAL,
                local_directory=part.folder or None,
                death_timeout=10,
                **more,
            )
            setattr(made, RUNNER, runner)  # where tasks find it
            async with made as worker:
                await worker.finished()
        except (OSError, TimeoutError, ValueError):  # ValueError: the scheduler still knows the worker of this name
            pass
        await asyncio.sleep(_AGAIN_SECONDS)


def _end_with_input() -> None:
    """Wait for the end of the standard input; then there is nobody for whom this process could work."""
    while os.read(0, 4096):
        time.sleep(0)
    os._exit(0)  # the kernel ends job processes with this one, and a forkserver sees the end of its own input


def main() -> None:
    """Read what this process is, and be it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of whoever started this
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(0, 1)
        if not read:
            return
        line += read
    part = msgspec.json.decode(line, type=Part)
    quiet()
    threading.Thread(target=_end_with_input, daemon=True).start()
    asyncio.run(_schedule(part) if part.role == "scheduler" else _work(part))


if __name__ == "__main__":
    from autograder.cluster.part import main as as_module  # tasks know this module by its name

    as_module()
