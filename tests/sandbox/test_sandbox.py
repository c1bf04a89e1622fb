"""The sandbox, for real: small submissions that try things, in every backend that this machine has."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.errors import SandboxError, UsageError
from autograder.checks.rows import rows
from autograder.isolation import landlock
from autograder.isolation.first_process import Builder, first_process
from autograder.isolation.namespaces import bubblewrap_arguments, lies_apart
from autograder.isolation.processes import children
from autograder.results import Limits
from autograder.sandbox import BACKENDS, ForkServer, Request, connect, start, why_not
from autograder.wire import decode, encode

LIMITS = Limits(
    wall_seconds=20, cpu_seconds=5, memory_mib=256, processes=24, scratch_mib=8, output_kib=256, reply_mib=4
)

SUBMISSION = """
import ctypes, os, signal, socket, sys, threading, time
import numpy as np

class Counter:
    def __init__(self, start): self.count = start
    def add(self, more): self.count += more; return self.count

def double(x): return 2 * x
def kind_of(x): return type(x).__name__, type(x[0]).__name__
def shape_of_first(pairs): return pairs[0][0].shape, pairs[0][1]
def say(text): print(text); print("to stderr", file=sys.stderr)
def fail(): raise KeyError("no such thing")
def leave(): sys.exit(3)
def vanish(): os._exit(7)
def crash(): os.kill(os.getpid(), signal.SIGSEGV)
def endless():
    while True: pass
def sleep(): time.sleep(60)
def hold_the_interpreter(): ctypes.PyDLL(None).sleep(60)
def chatter():
    while True: print("x" * 1000)
def hoard():
    kept = []
    while True: kept.append(b"x" * (1 << 20))
def hoard_in_children():
    for _ in range(8):
        if os.fork() == 0:
            kept = b"x" * (90 << 20)
            time.sleep(30)
    time.sleep(30)
def huge_answer(): return np.ones(1 << 20)
def environment(): return dict(os.environ)
def descriptors():
    found = []
    for number in range(3, 200):
        try: os.fstat(number); found.append(number)
        except OSError: pass
    return found
def fork_many():
    for count in range(100):
        try:
            if os.fork() == 0: time.sleep(30)
        except OSError: return count
    return 100
def open_many():
    kept = []
    try:
        for count in range(2000): kept.append(open("/dev/null"))
    except OSError: return count
    return 2000
def large_file():
    written = 0
    try:
        with open("large", "wb", buffering=0) as file:
            for _ in range(64): written += file.write(bytes(1 << 20))
    except OSError: pass
    return written >> 20
def listing(path):
    try: return os.listdir(path)
    except OSError as error: return type(error).__name__
def read(path):
    try: return open(path).read(20)
    except OSError as error: return type(error).__name__
def write(path):
    try: open(path, "w").close(); return "written"
    except OSError as error: return type(error).__name__
def connect(family, address):
    try:
        with socket.socket(family) as s: s.connect(tuple(address) if isinstance(address, list) else address)
        return "connected"
    except OSError as error: return type(error).__name__
def send_signal(pid):
    try: os.kill(pid, 0); return "sent"
    except OSError as error: return type(error).__name__
def status(): return {line.split(":")[0]: line.split(":")[1].strip() for line in open("/proc/self/status")}
def call(name, *arguments): return ctypes.CDLL(None, use_errno=True)[name](*arguments)
def new_user_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
def daemon(path):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(100):
                with open(path, "a") as file: file.write("alive")
                time.sleep(0.05)
        os._exit(0)
    return "left one behind"
def close_output(): os.close(1); os.close(2); return "closed"
def forge():
    os.write(4, b"\\x00" * 12 + b"nonsense"); return 1
def hashes(): return [hash(text) for text in ("relu", "softmax", "loss")]
def seeded():
    import random
    return random.random(), float(np.random.rand())
"""


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    reason = why_not(request.param)
    if reason:
        pytest.skip(f"the sandbox {request.param} does not work here: {reason}")
    with start(request.param) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def walled():
    reason = why_not("bubblewrap")
    if reason:
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap") as sandbox:
        yield sandbox


@pytest.fixture
def submission(tmp_path):
    folder = tmp_path / "submission"
    folder.mkdir(mode=0o755)
    (folder / "hw.py").write_text(SUBMISSION)
    (folder / "hw.py").chmod(0o644)
    return folder


class Talk:
    """One open session, spoken to in requests of the worker."""

    def __init__(self, sandbox, folder, limits=LIMITS, **request):
        self.session = sandbox.open(Request(folder, limits, **request))

    def ask(self, *request):
        return decode(self.session.exchange(encode(request)))

    def call(self, name, *arguments):
        answer = self.ask("call", "hw", name, arguments, {})
        assert answer[0] == "value", answer
        return answer[1]

    def ends(self, name, *arguments):
        with pytest.raises(EOFError):
            self.call(name, *arguments)
        return self.session.close()


@pytest.fixture
def talk(backend, submission):
    talk = Talk(backend, submission)
    yield talk
    talk.session.close()


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def closed(request):
    reason = why_not(request.param)
    if reason:
        pytest.skip(f"the sandbox {request.param} does not work here: {reason}")
    with start(request.param) as sandbox:
        yield sandbox


@pytest.fixture
def shut(closed, submission):
    """Inside any sandbox that promises to keep files and network away."""
    talk = Talk(closed, submission)
    yield talk
    talk.session.close()


@pytest.fixture
def inside(walled, submission):
    talk = Talk(walled, submission)
    yield talk
    talk.session.close()


# --- values and objects ---


def test_a_function_is_called_inside(talk):
    """Arrays go in and come back as arrays."""
    assert np.array_equal(talk.call("double", np.arange(3)), [0, 2, 4])


def test_objects_stay_inside_behind_a_handle(talk):
    """What is not plain gets a number, and methods and attributes are reached by it."""
    handle = talk.call("Counter", 3)
    assert handle.type_name == "Counter"
    assert talk.ask("call", handle.id, "add", (4,), {}) == ("value", 7)
    assert talk.ask("set", handle.id, "count", 1) == ("value", None)
    assert talk.ask("get", handle.id, "count") == ("value", 1)
    assert talk.ask("get", handle.id, "add") == ("callable",)
    assert talk.ask("get", handle.id, "nothing") == ("missing", "nothing")
    assert talk.ask("map", handle.id, "add", [1, 1]) == ("value", [2, 3])


def test_rows_become_a_real_list_of_tuples(talk):
    """Student code sees a list it may shuffle, of pairs."""
    pairs = rows(np.zeros((5, 4, 1), np.float32), np.arange(5))

    assert talk.call("kind_of", pairs) == ("list", "tuple")
    assert talk.call("shape_of_first", pairs) == ((4, 1), 0)


def test_an_exception_is_described_with_its_place(talk):
    """Class, text, file and line of what student code raised."""
    verb, fault = talk.ask("call", "hw", "fail", (), {})

    assert verb == "raised"
    assert (fault["kind"], fault["message"], fault["file"]) == ("KeyError", "'no such thing'", "hw.py")
    assert SUBMISSION.splitlines()[fault["line"] - 1].startswith("def fail")


def test_sys_exit_is_an_answer_and_not_an_end(talk):
    """`sys.exit` in a function is described like any exception, and the worker lives on."""
    assert talk.ask("call", "hw", "leave", (), {})[1]["kind"] == "SystemExit"
    assert talk.call("double", 2) == 4


def test_what_is_printed_is_kept_apart_from_answers(talk):
    """Standard output and error are kept, in order, and no print is taken for an answer."""
    talk.call("say", "hello")
    talk.session.close()

    assert talk.session.output.head == b"hello\nto stderr\n"


def test_closing_standard_output_hurts_nobody(talk):
    """A submission without a standard output still answers."""
    assert talk.call("close_output") == "closed"
    assert talk.call("double", 4) == 8


def test_random_numbers_are_seeded(backend, submission):
    """Two sandboxes with the same seed draw the same numbers."""
    drawn = []
    for _ in range(2):
        talk = Talk(backend, submission, seed=5)
        drawn.append(talk.call("seeded"))
        talk.session.close()

    assert drawn[0] == drawn[1]


def test_the_order_of_sets_is_the_same_every_time(submission):
    """Two forkservers hash text alike, so that a result does not depend on the day."""
    orders = []
    for _ in range(2):
        with start("none") as sandbox:
            talk = Talk(sandbox, submission)
            orders.append(talk.call("hashes"))
            talk.session.close()

    assert orders[0] == orders[1]


def test_data_files_are_in_the_working_folder(backend, submission, tmp_path):
    """What a request names is there to be read."""
    (tmp_path / "given").mkdir(mode=0o755)
    (tmp_path / "given" / "input.txt").write_text("pixels")
    (tmp_path / "given" / "input.txt").chmod(0o644)
    talk = Talk(backend, submission, given=tmp_path / "given")

    assert talk.call("read", "input.txt") == "pixels"
    talk.session.close()


def test_the_use_of_the_machine_is_measured(talk):
    """An outcome tells wall and CPU time."""
    talk.call("double", 1)
    outcome = talk.session.close()

    assert outcome.wall_seconds > 0
    assert outcome.cpu_seconds > 0


# --- ends ---


def test_an_exit_code_is_reported(talk):
    """`os._exit` is an end without an answer."""
    assert talk.ends("vanish").exit_code == 7


def test_a_signal_is_reported(talk):
    """A crash of the interpreter is an end without an answer."""
    assert talk.ends("crash").signal == signal.SIGSEGV


def test_the_end_is_reported_again(talk):
    """After its end a session says the same, and takes no more requests."""
    outcome = talk.ends("vanish")

    assert talk.session.close() == outcome
    with pytest.raises(EOFError):
        talk.ask("call", "hw", "double", (1,), {})


@pytest.mark.parametrize(
    ("function", "limit", "change"),
    [
        ("endless", "cpu", {"cpu_seconds": 1}),
        ("sleep", "wall", {"wall_seconds": 1}),
        ("hold_the_interpreter", "wall", {"wall_seconds": 1}),
        ("chatter", "output", {}),
        ("huge_answer", "reply", {}),
    ],
)
def test_each_limit_ends_the_worker_and_is_named(backend, submission, function, limit, change):
    """The outcome names the limit: without it, the function would end in another way, or never."""
    limits = LIMITS.changed(change)
    outcome = Talk(backend, submission, limits).ends(function)

    assert outcome.limit == limit


def test_memory_has_a_limit(backend, submission):
    """Taking memory without end gives a MemoryError or the end, at the limit."""
    talk = Talk(backend, submission)
    try:
        assert talk.ask("call", "hw", "hoard", (), {})[1]["kind"] == "MemoryError"
    except EOFError:
        assert talk.session.close().limit == "memory"
    assert talk.session.close().peak_memory_mib < 1.1 * LIMITS.memory_mib


def test_memory_is_limited_over_all_processes(walled, submission):
    """Eight children of 90 MiB each do not fit into 256 MiB."""
    assert Talk(walled, submission).ends("hoard_in_children").limit == "memory"


def test_processes_have_a_limit(inside):
    """Forking stops at the limit, also when the grader is root."""
    assert inside.call("fork_many") < LIMITS.processes


def test_open_files_have_a_limit(talk):
    """Opening stops at the limit."""
    assert talk.call("open_many") < LIMITS.open_files


def test_scratch_space_has_a_limit(inside):
    """The private folder is as large as the limit says."""
    assert inside.call("large_file") <= LIMITS.scratch_mib


# --- isolation ---


def test_the_environment_is_clean(talk, monkeypatch):
    """Nothing of the grader's environment is inside."""
    assert set(talk.call("environment")) <= {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "PWD", "TMPDIR", "PYTHONHASHSEED", "MPLBACKEND", "MPLCONFIGDIR"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    }


def test_no_descriptor_but_the_two_pipes_is_open(talk):
    """Nothing is inherited from the forkserver."""
    assert talk.call("descriptors") == [3, 4]


def test_files_of_the_grader_cannot_be_read(shut, tmp_path):
    """Neither a file of this test nor home folders, accounts, the grader's own process or a list of names."""
    (tmp_path / "labels").write_text("secret")
    (tmp_path / "labels").chmod(0o644)
    closed = ("PermissionError", "FileNotFoundError")

    for path in (tmp_path / "labels", "/etc/passwd", "/etc/shadow", f"/proc/{os.getpid()}/environ", __file__):
        assert shut.call("read", str(path)) in closed, path
    for path in ("/home", tmp_path, Path(__file__).parent, f"/proc/{os.getpid()}"):
        assert shut.call("listing", str(path)) in closed, path


def test_nothing_outside_can_be_written(shut, tmp_path):
    """Not beside the submission, not in the system, not in a folder that everybody may write to."""
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)

    for folder in (open_to_all, "/usr", "/etc", "/dev", "/", "/tmp", "/var/tmp", sys.prefix):
        if str(folder) != "/tmp":
            assert shut.call("write", f"{folder}/mark") in ("PermissionError", "OSError", "FileNotFoundError"), folder
    assert not list(open_to_all.iterdir())
    assert shut.call("write", "mark") == "written"


def test_no_socket_reaches_anybody(shut, tmp_path):
    """Neither loopback, nor a datagram, nor a socket file of the machine."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "listening"))
        unix.listen()
        closed = ("PermissionError", "FileNotFoundError")

        assert shut.call("connect", int(socket.AF_INET), list(tcp.getsockname())) in closed
        assert shut.call("connect", int(socket.AF_UNIX), str(tmp_path / "listening")) in closed
        assert shut.call("connect", int(socket.AF_INET6), ["::1", 80]) in closed


def test_the_grader_cannot_be_signalled(shut):
    """A signal to the process that judges is refused."""
    assert shut.call("send_signal", os.getpid()) in ("PermissionError", "ProcessLookupError")


def test_files_of_the_grader_are_not_there(inside, tmp_path):
    """Neither a file of this test nor the home folders nor the accounts of the machine."""
    (tmp_path / "labels").write_text("secret")

    assert inside.call("read", str(tmp_path / "labels")) == "FileNotFoundError"
    assert inside.call("listing", "/home") == "FileNotFoundError"
    assert inside.call("read", "/etc/passwd") == "FileNotFoundError"
    assert inside.call("read", "/etc/shadow") == "FileNotFoundError"
    assert inside.call("listing", str(Path(__file__).parent)) == "FileNotFoundError"


@pytest.mark.parametrize("folder", ["/", "/usr", "/etc", "/dev", "/submission", "/root", sys.prefix])
def test_the_system_and_the_submission_are_read_only(inside, folder):
    """Writing works in the scratch space only."""
    assert inside.call("write", f"{folder}/mark") in ("OSError", "PermissionError", "FileNotFoundError")
    assert inside.call("write", "mark") == "written"


def test_processes_of_others_are_not_there(inside):
    """The process table inside holds the holder and the worker."""
    pids = [name for name in inside.call("listing", "/proc") if name.isdigit()]

    assert len(pids) <= 3


def test_the_network_is_not_there(inside, tmp_path):
    """Neither loopback nor a socket file of the machine can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "listening"))
        unix.listen()

        assert inside.call("connect", int(socket.AF_INET), list(tcp.getsockname())) == "PermissionError"
        assert inside.call("connect", int(socket.AF_UNIX), str(tmp_path / "listening")) == "FileNotFoundError"
        assert inside.call("connect", int(socket.AF_INET6), ["::1", 80]) == "PermissionError"


def test_devices_are_given_only_by_name():
    """Without being asked for, no device but the plain ones; with, what was named, and nothing more."""
    limits = Limits()
    plain = bubblewrap_arguments(Path("/s"), {}, limits, user_namespace=False)
    more = bubblewrap_arguments(Path("/s"), {}, limits, ["/dev/nvidia0"], user_namespace=False)
    assert [plain[n + 1] for n, word in enumerate(plain) if word == "--dev-bind"] == [
        f"/dev/{name}" for name in ("null", "full", "random", "urandom")
    ]
    assert [word for word in more if word not in plain] == ["/dev/nvidia0", "/dev/nvidia0"]


def test_privileges_are_gone(inside):
    """No capability, no new privileges, a system call filter, and no group of the grader's."""
    status = inside.call("status")

    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert (name == "CapBnd" and os.geteuid()) or int(status[name], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert "0" not in status["Uid"].split()


@pytest.mark.parametrize(
    "attempt", [("unshare", 0x10000000), ("ptrace", 0, 0, 0, 0), ("setns", 0, 0), ("mount", 0, 0, 0, 0, 0)]
)
def test_system_calls_that_nobody_needs_are_refused(talk, attempt):
    """The filter says no to the kernel's large doors."""
    assert talk.call("call", *attempt) == -1


def test_new_user_namespaces_are_refused(talk):
    """`clone` with CLONE_NEWUSER fails, also when it is called by number."""
    assert talk.call("new_user_namespace") == -1


def test_nothing_that_was_left_running_survives(inside):
    """A daemon of the submission's ends with its sandbox."""
    before = set(_all_pids())
    inside.call("daemon", "marker")
    inside.session.close()
    deadline = time.monotonic() + 60
    while (left := _left_since(before)) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not left


def test_a_forged_answer_is_not_an_answer(talk):
    """Bytes written to the answers' pipe by student code cannot be decoded into a value it did not compute."""
    answer = bytes(talk.session.exchange(encode(("call", "hw", "forge", (), {}))))

    assert answer == b"\x00" * 12


# --- our own faults ---


def test_an_unknown_sandbox_is_a_wrong_call():
    """The sentence lists the names."""
    with pytest.raises(UsageError, match=r"no sandbox called 'jail'; the names are auto, bubblewrap"):
        start("jail")


def test_auto_takes_the_next_best(monkeypatch):
    """Where bubblewrap is missing, Landlock takes its place."""
    monkeypatch.setenv("PATH", "/nonexistent")
    if why_not("landlock"):
        pytest.skip(f"the sandbox landlock does not work here: {why_not('landlock')}")
    with start("auto") as sandbox:
        assert sandbox.name == "landlock"


def test_auto_never_takes_the_one_without_isolation(monkeypatch):
    """Where no wall can be built, the call is refused and says how to ask for none."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(landlock, "abi", lambda: 0)

    with pytest.raises(UsageError, match="the program bwrap is missing.*--sandbox none"):
        start("auto")


def test_a_package_that_cannot_be_preloaded_is_named():
    """The forkserver's own words reach the reader."""
    with pytest.raises(SandboxError, match="No module named 'no_such_package'"):
        start("none", preload=["no_such_package"])


def test_a_forkserver_whose_grader_is_gone_says_nothing():
    """Ctrl-C while it starts closes its pipe; it ends without a traceback between the user's lines."""
    reading, writing = os.pipe()
    os.close(reading)
    reported = "from autograder.sandbox.forkserver import _send; _send({'enforced': []})"
    try:
        ended = subprocess.run([sys.executable, "-c", reported], check=False, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_missing_submission_folder_is_our_fault(backend, tmp_path):
    """A folder that is not there gives an exception of ours or an import error inside, never a hang."""
    try:
        talk = Talk(backend, tmp_path / "nowhere")
    except SandboxError as error:
        assert "No sandbox" in str(error)
        return
    assert talk.ask("call", "hw", "double", (1,), {})[1]["kind"] == "ModuleNotFoundError"
    talk.session.close()


def test_a_killed_forkserver_is_our_fault(submission):
    """Open sessions say so in their outcome, new ones raise."""
    with start("none") as sandbox:
        talk = Talk(sandbox, submission)
        sandbox._started.process.kill()
        sandbox._started.process.wait()
        with pytest.raises(EOFError):
            talk.call("sleep")

        assert "forkserver" in talk.session.close().fault
        with pytest.raises(SandboxError, match="does not answer"):
            Talk(sandbox, submission)
        assert not sandbox.alive()


def test_another_process_can_use_a_started_sandbox(backend, submission):
    """The address is text; who knows it can open sessions."""
    with connect(backend.address) as client:
        assert client.name == backend.name
        talk = Talk(client, submission)
        assert talk.call("double", 3) == 6
        talk.session.close()


def test_nothing_survives_the_death_of_the_grader(tmp_path, submission):
    """`kill -9` of the process that started a sandbox ends the forkserver and the worker, and removes the socket."""
    program = f"""
import time
from pathlib import Path
from autograder.results import Limits
from autograder.sandbox import Request, start
sandbox = start({"bubblewrap" if not why_not("bubblewrap") else "none"!r})
session = sandbox.open(Request(Path({str(submission)!r}), Limits()))
print(sandbox.pid, sandbox._socket, flush=True)
time.sleep(60)
"""
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout
    pid, path = grader.stdout.readline().split()
    children = _descendants(int(pid))
    grader.kill()
    grader.wait()
    grader.stdout.close()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (Path(path).exists() or any(map(_runs, [int(pid), *children]))):
        time.sleep(0.05)

    assert children
    assert not Path(path).exists()
    assert not any(map(_runs, [int(pid), *children]))


def test_many_sandboxes_leave_nothing_behind(backend, submission):
    """Sixteen in a row: no process, no control group and no temporary folder more than before."""

    def traces():
        groups = list(Path("/sys/fs/cgroup").glob(f"**/autograder-{backend.pid}/*/"))
        homes = list(Path(backend._socket).parent.iterdir())
        return len(_descendants(backend.pid)), len(groups), len(homes)

    def descriptors():
        return len(os.listdir("/proc/self/fd")), len(os.listdir(f"/proc/{backend.pid}/fd"))

    before = None
    while (now := (traces(), descriptors())) != before:  # the forkserver closes its end of a connection after we do
        before = now
        time.sleep(0.5)
    for number in range(16):
        talk = Talk(backend, submission)
        if number % 4 == 0:
            talk.ends("vanish")
        else:
            talk.call("double", 1)
            talk.session.close()
    deadline = time.monotonic() + 120
    while (traces(), descriptors()) != before and time.monotonic() < deadline:
        time.sleep(0.05)

    assert (traces(), descriptors()) == before


def _left_since(before):
    return [pid for pid in set(_all_pids()) - before if b"alive" in _command(pid) or _is_child_of_init(pid)]


def _all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _command(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _is_child_of_init(pid):
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == 1 and b"bwrap" in _command(
            pid
        )
    return False


def _descendants(pid):
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found[1:]


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_forkserver_is_typed():
    """What `start` returns knows its address and whether it lives."""
    with start("none") as sandbox:
        assert isinstance(sandbox, ForkServer)
        assert sandbox.alive()
    assert not sandbox.alive()


LOOKING = """
import os, socket

def mounts():
    found = []
    for line in open("/proc/self/mountinfo"):
        before, after = line.split(" - ")
        place, options = before.split()[4:6]
        size = [each for each in after.split()[2].split(",") if each.startswith(("size=", "nr_inodes=", "mode="))]
        found.append((place, options.replace(",relatime", ""), after.split()[0], " ".join(sorted(size))))
    return sorted(found)

def others():
    first = dict(line.split(":", 1) for line in open("/proc/1/status"))
    names = ("CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp")
    return [first[name].strip() for name in names], socket.gethostname(), os.getcwd()

def spaces():
    kinds = ("cgroup", "ipc", "mnt", "net", "pid", "uts")
    return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
def looked_into():
    for name in ("environ", "mem", "maps"):
        try:
            open(f"/proc/1/{name}", "rb").read(1)
            return name
        except OSError:
            continue
    return ""
"""


@pytest.fixture
def looking(tmp_path):
    folder = tmp_path / "looking"
    folder.mkdir(mode=0o755)
    (folder / "hw.py").write_text(LOOKING)
    (folder / "hw.py").chmod(0o644)
    return folder


@pytest.mark.skipif(
    os.geteuid() != 0 or bool(why_not("bubblewrap")) or not lies_apart(),
    reason="only root's sandboxes copy mounts, and only where the toolkit and its Python lie outside of /tmp",
)
def test_copied_mounts_are_those_that_bubblewrap_makes(looking):
    """A sandbox whose mounts are copied looks as one that bubblewrap builds alone, which it does without a builder."""

    def looked(sandbox):
        talk = Talk(sandbox, looking)
        try:
            return [talk.call(name) for name in ("mounts", "others", "looked_into")]
        finally:
            talk.session.close()

    with start("bubblewrap") as sandbox:
        (builder,) = children(sandbox.pid)
        copied = looked(sandbox)
        os.kill(builder, signal.SIGKILL)
        built = looked(sandbox)

    more = set(copied[0]) - set(built[0])
    assert set(built[0]) <= set(copied[0])
    assert all(place.startswith("/proc/") and options.startswith("ro") for place, options, _, _ in more)
    assert copied[1:] == built[1:]
    assert copied[1][0] == ["0" * 16] * 4 + ["1", "2"]
    assert copied[2] == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts anything, and only root's sandboxes copy mounts")
def test_what_is_mounted_outside_later_is_not_in_a_copied_folder(tmp_path):
    """The copy of a folder whose mounts are shared with others has nothing to do with what becomes of them."""
    program = """
import os, sys
from autograder.isolation import first_process
folder, other = sys.argv[1:]
first_process.unshare(first_process.CLONE_NEWNS)
first_process._mount(None, "/", None, first_process._PRIVATE | first_process._WITH_ALL_BELOW)
first_process._mount("tmpfs", folder, "tmpfs", 0)
first_process._mount(None, folder, None, 1 << 20)  # shared
os.mkdir(f"{folder}/below")
tree = first_process._read_only_tree(folder)
place = first_process._HERE, other.encode(), first_process._FROM_EMPTY_PATH
first_process._call(first_process._MOVE_MOUNT, tree, b"", *place, what="mounting")
first_process._mount("tmpfs", f"{folder}/below", "tmpfs", 0)
with open("/proc/self/mountinfo") as file:
    print(*(line.split()[4] for line in file if line.split()[4].startswith((folder, other))))
"""
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir(), other.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program, folder, other], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(folder), str(other), str(folder / "below")]


@pytest.mark.skipif(bool(why_not("bubblewrap")), reason="bubblewrap does not work here")
def test_every_sandbox_has_namespaces_of_its_own(looking):
    """No namespace is the machine's, and none is that of another sandbox, alive at the same time."""
    with start("bubblewrap") as sandbox:
        talks = [Talk(sandbox, looking) for _ in range(2)]
        one, other = (talk.call("spaces") for talk in talks)
        for talk in talks:
            talk.session.close()

    for kind, space in one.items():
        assert space not in (other[kind], os.readlink(f"/proc/self/ns/{kind}"))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"pid 4711\nready\n", 4711),
        (b"ready\npid 4711\n", 4711),
        (b"", "the process that builds sandboxes died"),
        (b"pid 4711\n", "the first process inside died before it was ready"),
        (b"pid 4711\nOSError: no room\n", "OSError: no room"),
        (b"no process could be started: too many\n", "no process could be started: too many"),
    ],
)
def test_a_first_process_is_ready_or_the_reason_is_said(said: bytes, found: int | str) -> None:
    """Builder and first process write into one pipe, in any order; whichever is missing, no number is believed."""
    if isinstance(found, int):
        assert first_process(said) == found
    else:
        with pytest.raises(OSError, match=found):
            first_process(said)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's sandboxes are copies of prepared mounts")
@pytest.mark.skipif(bool(why_not("bubblewrap")), reason="bubblewrap does not work here")
def test_a_sandbox_that_is_being_built_holds_up_no_other(looking) -> None:
    """While one waits for its first process, the forkserver answers, and another one works and is taken down."""
    with start("bubblewrap") as sandbox:
        other = Talk(sandbox, looking)
        builder = children(sandbox.pid)[0]
        os.kill(builder, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor() as threads:
                waiting = threads.submit(Talk, sandbox, looking)
                assert sandbox.alive()
                assert other.call("spaces")
                assert other.session.close().exit_code == 0
                assert not waiting.done()
                os.kill(builder, signal.SIGCONT)
                built = waiting.result(timeout=60)
        finally:
            os.kill(builder, signal.SIGCONT)
        assert built.call("spaces")
        built.session.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's sandboxes are copies of prepared mounts")
def test_where_mounts_cannot_be_copied_bubblewrap_makes_them(tmp_path: Path) -> None:
    """A builder that cannot build one sandbox is closed and not used."""
    ends = os.open("/proc/self/ns/pid", os.O_RDONLY)  # no mount namespace: joining it fails
    builder = Builder(patience=5.0)
    builder.prepare(ends, b"", 65534)
    os.close(ends)

    assert not builder.works(tmp_path)
    assert builder.gone
