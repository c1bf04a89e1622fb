"""The forkserver continues: no wait without a deadline, strays are collected, and one that hangs is replaced."""

from __future__ import annotations

import ast
import os
import platform
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_batch import Class
from tiny_course import RIGHT, hand_in

import autograder
from autograder import early_start, sandbox
from autograder.grading.job_processes import Event, Retried, Started
from autograder.isolation.deadlines import ended, has_ended, read_all, read_some
from autograder.sandbox import ForkServer, why_not
from autograder.submissions import collect

HOME = Path(autograder.__file__).parent
CHILDREN_OF_ITS_PARENT = (
    RIGHT
    + """
import ctypes, time
for _ in range(4):
    if ctypes.CDLL(None).syscall(56, 0x8011, 0, 0, 0, 0) == 0:
        time.sleep(600)
"""
)


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A child that sleeps."""
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
        os._exit(0)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_child_that_does_not_end_is_waited_for_no_longer_than_the_limit(sleeper: int) -> None:
    """Neither its end nor its status is there, and it can still be collected later."""
    assert ended(sleeper, 0.01) is None
    assert not has_ended(sleeper, 0.01)


def test_a_child_that_ended_is_collected_once() -> None:
    """Status and use come the first time; then it is no child any more."""
    pid = os.fork()
    if pid == 0:
        os._exit(3)
    assert has_ended(pid, 60)
    found = ended(pid, 60)
    assert found
    assert os.waitstatus_to_exitcode(found[0]) == 3
    with pytest.raises(ChildProcessError):
        ended(pid, 60)


def test_a_pipe_that_stays_open_is_read_no_longer_than_the_limit() -> None:
    """Received bytes are not an answer while the other end may still write."""
    reading, writing = os.pipe()
    with pytest.raises(TimeoutError, match="no answer within 0 s"):
        read_some(reading, 0)
    os.write(writing, b"half")
    with pytest.raises(TimeoutError):
        read_all(reading, 0.01)
    os.write(writing, b"rest")
    os.close(writing)
    assert read_all(reading, 60) == b"rest"
    os.close(reading)


@pytest.mark.parametrize(
    "name",
    [
        "sandbox/forkserver.py",
        "sandbox/construction.py",
        "sandbox/first_processes.py",
        "sandbox/dismantling.py",
        "sandbox/steps.py",
        "sandbox/jail.py",
        "isolation/first_process.py",
        "isolation/confine.py",
        "isolation/deadlines.py",
    ],
)
def test_the_forkserver_has_no_wait_without_a_deadline(name: str) -> None:
    """Calls that wait for processes or pipes appear only with a number of seconds, or where they do not wait."""
    tree = ast.parse((HOME / name).read_text())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = ast.unparse(call.func)
        assert called not in ("os.waitpid", "os.wait", "os.waitid", "subprocess.call", "subprocess.check_output")
        if called == "os.wait4":
            assert "os.WNOHANG" in ast.unparse(call.args[1])
        if called.endswith((".wait", ".communicate")):
            assert call.args or call.keywords, ast.unparse(call)
        if called == "subprocess.run":
            assert "timeout" in {each.arg for each in call.keywords}, ast.unparse(call)


def test_a_forkserver_that_is_stopped_is_dead_and_can_be_ended() -> None:
    """`alive` asks it, and `close` does not wait for it."""
    server = ForkServer("none", (), 1, patience=1)
    assert server.alive()
    os.kill(server.pid, signal.SIGSTOP)
    assert not server.alive()
    server.close()
    assert not Path(f"/proc/{server.pid}").exists()


LEFT_BEHIND = """
import os, time
def answer():
    if os.fork() == 0:
        time.sleep(600)
    return os.getpid()
"""


def test_what_a_killed_forkserver_leaves_is_ended(tmp_path: Path) -> None:
    """Without namespaces a submission's children outlive a forkserver that had to be killed, but not its `close`."""
    from autograder.isolation import cgroups
    from autograder.isolation.processes import descendants
    from autograder.results import Limits
    from autograder.sandbox import Request
    from autograder.wire import encode

    groups = cgroups.find()
    if groups is None:
        pytest.skip("no control groups can be made here")
    groups.close()
    tmp_path.chmod(0o755)
    (tmp_path / "hw.py").write_text(LEFT_BEHIND)
    server = ForkServer("none", (), 1, patience=1)
    session = server.open(Request(tmp_path, Limits()))
    session.exchange(encode(("call", "hw", "answer", (), {})))
    inside = descendants(server.pid)[1:]
    assert len(inside) == 2
    os.kill(server.pid, signal.SIGSTOP)
    server.close()
    deadline = time.monotonic() + 60
    while any(map(_runs, inside)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, inside))
    session.close()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_connection_that_says_nothing_keeps_nobody_waiting() -> None:
    """Whoever connects and then hangs has no sandbox; others get theirs."""
    import socket

    with sandbox.start("none", preload=()) as server:
        assert isinstance(server, ForkServer)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as silent:
            silent.connect(server._socket)
            assert server.alive()


@pytest.mark.long
def test_a_class_goes_on_beside_a_forkserver_that_hangs(tmp_path: Path) -> None:
    """Stopped in the middle of a class, the forkserver is replaced, and everybody gets the right points."""
    course = Class(tmp_path)

    def start(_foreseen: object) -> ForkServer:
        course.started.append(ForkServer("none", (), 1, **({} if course.started else {"patience": 3.0})))
        return course.started[-1]

    def stop_it(event: Event) -> None:
        if isinstance(event, Started) and len(course.started) == 1:
            os.kill(course.started[0].pid, signal.SIGSTOP)

    course.start = start  # type: ignore[method-assign]
    reports, events = course.grade(notify=stop_it)
    assert [report.points for report in reports] == [5, 2, 5]
    assert len(course.started) == 2
    retried = [event.why for event in events if isinstance(event, Retried)]
    assert retried
    assert all("does not answer" in why for why in retried)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the attack makes the call by its number on x86-64")
def test_a_class_goes_on_after_children_that_nobody_expects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even without the filter, children of the forkserver's own hold up no namespace, no neighbour and no batch."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    without = "from autograder.sandbox import construction as c, forkserver; c._filter_or_nothing = lambda **_: b''"
    monkeypatch.setattr(early_start, "COMMAND", f"{without}; forkserver.main()")
    course = Class(tmp_path)
    hand_in(course.folder, bad=CHILDREN_OF_ITS_PARENT)
    course.submissions = collect(course.folder, course.loaded.assignment.files, course.staging)

    def start(_foreseen: object) -> ForkServer:
        course.started.append(ForkServer("bubblewrap", (), 1))
        return course.started[-1]

    course.start = start  # type: ignore[method-assign]
    reports, events = course.grade(jobs=1)
    points = {report.student: report.points for report in reports}
    assert (points["ann"], points["ben"], points["carl"]) == (5, 2, 5)
    assert not any(report.internal for report in reports)
    assert not any(isinstance(event, Retried) for event in events)
    assert len(course.started) == 1
