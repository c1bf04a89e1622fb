"""Containers as sandboxes: command lines everywhere, and for real wherever an engine runs."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import REFERENCE
from images import DATA, made_image

import autograder
from autograder.checks.errors import InstructorError, SandboxError, UsageError
from autograder.cli.image import Call, build_for_assignment
from autograder.grading import RunOptions, grade
from autograder.isolation.usage import Gauge
from autograder.results import Limits
from autograder.sandbox import BACKENDS, ENGINES, Request, containers, start, why_not
from autograder.sandbox.backends.apptainer import Apptainer, start_apptainer, why_not_apptainer
from autograder.sandbox.backends.docker import Docker
from autograder.sandbox.backends.podman import Podman, podman_runtime
from autograder.sandbox.containers import ContainerSandbox
from autograder.sandbox.engines import Container, run
from autograder.sandbox.image import build_image, image_name, requirements, worker_files, write_context
from autograder.sandbox.oci import connect_oci, engine_called, start_oci, why_not_oci
from autograder.wire import decode, encode

HOME = Path(autograder.__file__).parent
LIMITS = Limits(
    wall_seconds=20, cpu_seconds=5, memory_mib=256, processes=24, scratch_mib=8, output_kib=256, reply_mib=4
)

SUBMISSION = """
import ctypes, os, signal, socket, sys, time
import numpy as np

class Counter:
    def __init__(self, start): self.count = start
    def add(self, more): self.count += more; return self.count

def double(x): return 2 * x
def say(text): print(text); print("to stderr", file=sys.stderr)
def shout(): os.write(1, b"\\x00" * 12); os.write(2, b"\\x00" * 12); return "shouted"
def forge(): os.write(4, b"\\x00" * 12 + b"nonsense"); return 1
def vanish(code): os._exit(code)
def crash(number): os.kill(os.getpid(), number)
def endless():
    while True: pass
def endless_children():
    for _ in range(4):
        if os.fork() == 0: endless()
    endless()
def sleep(): time.sleep(60)
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
def environment(): return dict(os.environ), open("/proc/self/environ").read()
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
def everything(path): return sorted(os.path.join(root, name) for root, _, names in os.walk(path) for name in names)
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
def status(): return {line.split(":")[0]: line.split(":")[1].strip() for line in open("/proc/self/status")}
def call(name, *arguments): return ctypes.CDLL(None, use_errno=True)[name](*arguments)
def attack_the_watcher():
    for number in set(signal.valid_signals()):
        try: os.kill(1, number)
        except OSError: pass
    found = []
    for name in ("mem", "environ", "fd", "maps", "cwd", "root"):
        try: os.listdir("/proc/1/fd") if name == "fd" else open("/proc/1/" + name).read(1); found.append(name)
        except OSError: pass
    return found
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(4321)
        os._exit(0)
    os.wait()
    return "left one behind"
def path(): return [each for each in sys.path]
def text(path): return open(path).read()
def seeded():
    import random
    return random.random(), float(np.random.rand())
"""


WHY_NOT = {name: why_not_oci(name) for name in ("podman", "docker")}


@pytest.mark.parametrize("name", WHY_NOT)
def test_each_engine_is_tried_where_it_is(name):
    """All tests below run in each engine that works here; one that does not is reported once, with its own message."""
    if WHY_NOT[name]:
        pytest.skip(f"the sandbox {name} does not work here: {WHY_NOT[name]}")
    assert engine_called(name)


@pytest.fixture(scope="session", params=[name for name, reason in WHY_NOT.items() if not reason])
def engine(request):
    """An engine that works here, by name."""
    return request.param


@pytest.fixture(scope="session")
def image(engine):
    """The tests' image."""
    return made_image(engine)


@pytest.fixture(scope="session")
def sandbox(engine, image):
    """A started sandbox."""
    with start_oci(engine, image) as started:
        yield started


@pytest.fixture
def submission(tmp_path):
    """A folder with the submission above."""
    folder = tmp_path / "submission"
    folder.mkdir(mode=0o700)  # nobody but its owner may read it; the copy inside can be read
    (folder / "hw.py").write_text(SUBMISSION)
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
def talk(sandbox, submission):
    """An open session."""
    talk = Talk(sandbox, submission)
    yield talk
    talk.session.close()


@pytest.fixture(scope="session")
def inside(sandbox, tmp_path_factory):
    """One open session for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("submission")
    (folder / "hw.py").write_text(SUBMISSION)
    talk = Talk(sandbox, folder, LIMITS.changed({"wall_seconds": 120}))
    yield talk
    assert talk.session.close().fault == ""


@pytest.mark.long
def test_data_sets_of_packages_are_read_where_they_are_allowed(engine, image, sandbox, inside, submission):
    """Hidden in the container, unless the sandbox was started with them; another process hides the same."""
    (place,) = {path for path in inside.call("path") if path.endswith("site-packages")}
    path = f"{place}/{DATA}"
    assert inside.call("read", path) == "FileNotFoundError"
    assert "not available while submissions are graded" in inside.call("text", f"{Path(path).parent}/__init__.py")
    with connect_oci(sandbox.address) as client:
        other = Talk(client, submission)
        assert other.call("read", path) == "FileNotFoundError"
        other.session.close()
    with start_oci(engine, image, packaged_data=True) as allowed:
        talk = Talk(allowed, submission)
        assert talk.call("read", path) == "[1, 2]"
        talk.session.close()


# --- command lines ---

CONTAINER = Container(
    "autograder-7-ab", "img", Path("/slot"), LIMITS, 1_800_000_001, "me", 30, 2, ("numpy", "torch"), ""
)


def pairs(command):
    """Every argument with the one after it."""
    return list(itertools.pairwise(command))


@pytest.mark.parametrize("engine", [Podman(), Docker()])
def test_the_command_line_turns_on_all_isolation(engine):
    """No network, nothing writable, no capabilities, own user, and each limit as a number."""
    command = engine.run(CONTAINER)

    assert command[:2] == [engine.name, "run"]
    assert {"--rm", "--interactive", "--read-only"} <= set(command)
    assert {
        ("--network", "none"),
        ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"),
        ("--pull", "never"),
        ("--user", "1800000001:1800000001"),
        ("--pids-limit", "25"),
        ("--memory", "286m"),
        ("--memory-swap", "286m"),
        ("--cpus", "2"),
        ("--ulimit", "nofile=256:256"),
        ("--ulimit", "core=0:0"),
        ("--ulimit", "fsize=67108864:67108864"),
        ("--ulimit", "nproc=25:25"),
        ("--volume", "/slot/submission:/submission:ro,Z"),
        ("--volume", "/slot/files:/files:ro,Z"),
    } <= set(pairs(command))
    assert command[-6:] == ["--entrypoint", "/opt/autograder/start", "img", "2", "numpy", "torch"]
    assert not {"--privileged", "--device", "--gpus"} & set(command)
    (scratch,) = [each for each in command if each.startswith("/tmp:")]
    assert {"size=8388608", "nosuid", "nodev"} <= set(scratch.partition(":")[2].split(","))


def test_output_is_kept_out_of_logs_and_the_machine_out_of_the_container():
    """No engine writes what a submission prints to disk; podman adds nothing of the machine by itself."""
    assert ("--log-driver", "none") in pairs(Docker().run(CONTAINER))
    assert ("--log-driver", "passthrough") in pairs(Podman().run(CONTAINER))
    assert {"--read-only-tmpfs=false", "--http-proxy=false", "--no-hosts"} <= set(Podman().run(CONTAINER))


def test_where_users_are_mapped_processes_are_not_counted_for_a_user():
    """Users of two containers may be one user outside: the control group alone counts."""
    mapped = Container("n", "img", Path("/slot"), LIMITS, 10_001, "me")

    assert not [each for each in Podman(mapped=True).run(mapped) if each.startswith("nproc=")]


@pytest.mark.parametrize(
    ("engine", "gpus", "expected"),
    [
        (Podman(), "all", ("--device", "nvidia.com/gpu=all")),
        (Podman(), "0", ("--device", "nvidia.com/gpu=0")),
        (Docker(), "all", ("--gpus", "all")),
        (Docker(), "1", ("--gpus", "device=1")),
    ],
)
def test_graphics_processors_are_given_when_they_are_asked_for(engine, gpus, expected):
    """By the container device interface, or docker's own option."""
    container = Container("n", "img", Path("/slot"), LIMITS, 1, "me", gpus=gpus)

    assert expected in pairs(engine.run(container))


@pytest.mark.parametrize(
    ("engine", "option", "ending"),
    [(Podman(), "--volume", ":ro,z"), (Docker(), "--volume", ":ro,z"), (Apptainer(), "--bind", ":ro")],
)
def test_data_sets_of_packages_are_covered(engine, option, ending):
    """In place of a folder a folder of ours is seen, in place of a file a file, both read-only."""
    hidden = ("/site/sklearn/datasets/data/", "/site/statsmodels/datasets/iris/iris.csv")
    container = Container("n", "img", Path("/slot"), LIMITS, 1, "me", hidden=hidden)

    assert {
        (option, f"/slot/covers/covered:/site/sklearn/datasets/data{ending}"),
        (option, f"/slot/covers/closed:/site/statsmodels/datasets/iris/iris.csv{ending}"),
    } <= set(pairs(engine.run(container)))


def test_another_runtime_and_more_arguments_are_passed_on():
    """A site may take a runtime with a kernel of its own."""
    assert Podman("runsc").run(CONTAINER)[:4] == ["podman", "--runtime", "runsc", "run"]
    assert "--runtime=runsc" in Docker("runsc").run(CONTAINER)
    assert "--annotation=a=b" in Podman(extra=("--annotation=a=b",)).run(CONTAINER)


@pytest.mark.parametrize(
    ("layout", "installed", "expected"),
    [("unified", True, "runc"), ("unified", False, ""), ("memory", True, "")],
)
def test_podman_is_asked_for_runc_where_crun_refuses_to_run(tmp_path, monkeypatch, layout, installed, expected):
    """With both versions of control groups mounted, podman's own choice of crun would fail."""
    (tmp_path / "cgroup" / layout).mkdir(parents=True)
    if installed:
        (tmp_path / "runc").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert podman_runtime(tmp_path / "cgroup") == expected


def test_apptainer_gets_namespaces_of_its_own_and_two_folders():
    """The image is run with nothing of the machine."""
    command = Apptainer().run(CONTAINER)

    assert command[:3] == ["apptainer", "--quiet", "exec"]
    assert {"--containall", "--cleanenv", "--net", "--no-home", "--no-privs"} <= set(command)
    assert {
        ("--network", "none"),
        ("--bind", "/slot/submission:/submission:ro"),
        ("--bind", "/slot/files:/files:ro"),
    } <= set(pairs(command))
    assert command[-5:] == ["img", "/opt/autograder/start", "2", "numpy", "torch"]
    assert not {"--nv", "--memory"} & set(command)


def test_apptainer_limits_by_control_groups_where_the_site_lets_it():
    """Memory, processes and cores as numbers; graphics processors by its own option."""
    container = Container("n", "img", Path("/slot"), LIMITS, 1, "me", 30, gpus="all")
    command = Apptainer("singularity", groups=True).run(container)

    assert command[0] == "singularity"
    assert "--nv" in command
    assert {("--memory", "286M"), ("--pids-limit", "27"), ("--cpus", "1")} <= set(pairs(command))


def test_a_missing_apptainer_is_reported(monkeypatch, tmp_path):
    """What is missing, and whom to ask or what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apptainer is missing" in why_not_apptainer()
    with pytest.raises(UsageError, match="The sandbox apptainer does not work on this machine: the program apptainer"):
        start_apptainer("image.sif")
    (tmp_path / "apptainer").write_text("#!/bin/sh\n")
    (tmp_path / "apptainer").chmod(0o755)
    assert "no image image.sif" in why_not_apptainer("image.sif")


def test_an_engine_that_is_not_there_is_a_wrong_call(monkeypatch):
    """The sentence says what is missing and how to get it."""
    with pytest.raises(UsageError, match="no container engine called 'lxc'; the names are podman, docker"):
        engine_called("lxc")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageError, match="The sandbox podman does not work.*podman is missing; install it"):
        start_oci("podman", "img")


def test_apptainer_is_asked_for_by_name(monkeypatch, tmp_path):
    """It needs the file of an assignment's image at a known place; `auto` never takes it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "apptainer").write_text("#!/bin/sh\n")
    (tmp_path / "apptainer").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "autograder" / "images" / "autograder-small.sif"
    with pytest.raises(UsageError, match=f"there is no image {file}; make it with: apptainer build {file}"):
        start("apptainer", image=image_name("small"))
    assert why_not("apptainer") == "no image was named"
    file.parent.mkdir(parents=True)
    file.touch()
    assert why_not("apptainer", image_name("small")) == ""
    assert "apptainer" not in (*BACKENDS, *ENGINES)


# --- images ---


def test_an_image_is_made_of_the_worker_and_nothing_of_an_assignment(tmp_path):
    """The files that go in are these; no check, no declaration, no reader of solutions."""
    write_context(tmp_path, ["numpy"], ["numpy==1"])
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    more = {"Containerfile", ".dockerignore", "setup.py", "requirements.txt", "modules.txt"}

    assert files == {f"autograder/{each}" for each in worker_files()} | more
    assert not [each for each in worker_files() if each.startswith(("grading", "loader", "markers", "datasets"))]


def test_what_goes_into_an_image_is_complete(tmp_path: Path) -> None:
    """The worker imports from the files of the image alone, all of them present."""
    write_context(tmp_path, (), ())
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from autograder.worker import standalone as s"
    program += "; print(s.__file__)"
    said = subprocess.run([sys.executable, "-B", "-c", program], cwd="/", capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.strip() == str(tmp_path / "autograder" / "worker" / "standalone.py")


def test_packages_are_those_of_the_grader():
    """Modules become packages at the versions that the grader runs with."""
    found = dict(each.split("==") for each in requirements(["matplotlib.pyplot", "json"]))

    assert found["numpy"] == np.__version__
    assert set(found) == {"numpy", "msgspec", "matplotlib"}


def test_a_module_that_is_not_installed_is_named():
    """The instructor learns which one."""
    with pytest.raises(InstructorError, match="preload: 'no_such_package' is not installed here"):
        requirements(["no_such_package"])


def test_a_missing_base_is_a_wrong_call(tmp_path):
    """Neither a folder nor a tar file."""
    with pytest.raises(UsageError, match="no folder or tar file .*nowhere"):
        build_image("podman", "img", ["numpy"], base_rootfs=tmp_path / "nowhere")


def test_an_image_has_one_base(tmp_path):
    """Two of them are refused before anything is built."""
    with pytest.raises(UsageError, match="one base"):
        build_for_assignment(Call("small", base="debian", base_rootfs=tmp_path))


@pytest.mark.long
def test_an_image_that_is_not_there_is_reported(engine):
    """With the command that makes it."""
    with pytest.raises(UsageError, match="no image localhost/none; build it with: autograder image"):
        start_oci(engine, "localhost/none")


@pytest.mark.long
def test_a_base_that_cannot_be_used_is_reported(engine, tmp_path):
    """The engine's own words are in the sentence."""
    (tmp_path / "empty").mkdir()
    try:
        with pytest.raises(SandboxError, match="The image localhost/autograder-tests-x could not be built: .*/bin/sh"):
            build_image(
                engine, "localhost/autograder-tests-x", ["numpy"], base_rootfs=tmp_path / "empty", network="none"
            )
    finally:
        run([engine, "rmi", "--force", "localhost/autograder-tests-x-base"])


@pytest.mark.long
def test_the_verb_builds_an_image_that_answers(engine, image, course, submission, capsys):
    """`autograder image` takes the modules from the assignment, and says how to use what it built."""
    name = "localhost/autograder-tests-verb"
    (course / "grader_config.py").write_text(
        'from autograder.course import Course\n\ncourse = Course("C", assignments=("small",))\n'
    )
    try:
        python = os.path.realpath(sys.executable)
        call = Call("small", engine, f"{image}-base", python=python, network="none", tag=name, course=course)
        build_for_assignment(call)
        with start_oci(engine, name) as started:
            talk = Talk(started, submission)
            assert talk.call("double", 4) == 8
            talk.session.close()
    finally:
        run([engine, "rmi", "--force", name])

    assert f"Use it with: --sandbox {engine}" in capsys.readouterr().out
    assert image_name("Small") == "localhost/autograder-small"


@pytest.mark.long
def test_the_image_holds_nothing_of_an_assignment(inside):
    """The whole of our part of the file system inside, file by file."""
    found = {path for path in inside.call("everything", "/opt/autograder") if "__pycache__" not in path}
    ours = {f"/opt/autograder/autograder/{each}" for each in worker_files()}
    more = {f"/opt/autograder/{each}" for each in ("start", "requirements.txt", "modules.txt")}

    assert found == ours | more
    names = [name for folder in ("/etc", "/files", "/submission") for name in inside.call("everything", folder)]
    assert not [name for name in names if "assignment" in name or "reference" in name]


# --- values and objects ---


@pytest.mark.long
def test_a_submission_is_graded_in_containers(sandbox, small, hand_in):
    """A report like any other: points, verdicts, and what was enforced."""
    text = REFERENCE.replace("self.count += more", "self.count += more - 1")
    report = grade(small, hand_in(text), sandbox, None, RunOptions("seed"))

    assert [check.verdict.name for question in report.questions for check in question.checks] == [
        *("PASSED", "PASSED", "FAILED", "PARTIAL", "PASSED")
    ]
    assert not report.internal


@pytest.mark.long
def test_values_and_objects_cross(inside):
    """Arrays go in and come back; what is not plain stays behind a handle."""
    assert np.array_equal(inside.call("double", np.arange(3)), [0, 2, 4])
    handle = inside.call("Counter", 3)
    assert inside.ask("call", handle.id, "add", (4,), {}) == ("value", 7)
    large = np.arange(400_000, dtype=float)
    assert np.array_equal(inside.call("double", large), 2 * large)


@pytest.mark.long
def test_what_is_printed_is_never_taken_for_an_answer(talk):
    """Both streams are kept separate from answers, also what is written past Python."""
    talk.call("say", "hello")
    assert talk.call("shout") == "shouted"
    assert talk.call("double", 2) == 4
    outcome = talk.session.close()

    assert talk.session.output.head == b"hello\nto stderr\n" + bytes(24)
    assert (outcome.exit_code, outcome.signal, outcome.limit, outcome.fault) == (0, 0, "", "")


@pytest.mark.long
def test_the_use_of_the_machine_is_measured(talk):
    """Wall and CPU seconds and the peak of memory, without what warming up took."""
    talk.call("double", np.ones(50_000))
    outcome = talk.session.close()

    assert 0 < outcome.cpu_seconds < outcome.wall_seconds
    assert 0 < outcome.peak_memory_mib < 64
    assert talk.session.close() == outcome


@pytest.mark.long
def test_random_numbers_are_seeded_and_data_files_are_at_hand(sandbox, submission, tmp_path):
    """Two containers with one seed draw the same numbers; a request's files are in the working folder."""
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "input.txt").write_text("pixels")
    drawn = []
    for _ in range(2):
        talk = Talk(sandbox, submission, seed=5, given=tmp_path / "given")
        drawn.append((talk.call("seeded"), talk.call("read", "input.txt"), talk.call("write", "input.txt")))
        talk.session.close()

    assert drawn[0] == drawn[1]
    assert drawn[0][1:] == ("pixels", "written")


# --- ends and limits ---


@pytest.mark.long
@pytest.mark.parametrize(("code", "expected"), [(7, 7), (125, 124), (137, 124)])
def test_an_exit_code_is_reported_and_never_taken_for_the_engine_s(sandbox, submission, code, expected):
    """Codes that mean something to the engine are brought down, so that no submission can blame us."""
    outcome = Talk(sandbox, submission).ends("vanish", code)

    assert (outcome.exit_code, outcome.signal, outcome.limit, outcome.fault) == (expected, 0, "", "")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_signal_is_reported(sandbox, submission, number):
    """A crash is an end without an answer, and of no limit."""
    outcome = Talk(sandbox, submission).ends("crash", int(number))

    assert (outcome.signal, outcome.limit, outcome.fault) == (number, "", "")


@pytest.mark.long
@pytest.mark.parametrize(
    ("function", "limit", "change"),
    [
        ("endless", "cpu", {"cpu_seconds": 1}),
        ("endless_children", "cpu", {"cpu_seconds": 1}),
        ("sleep", "wall", {"wall_seconds": 1}),
        ("chatter", "output", {}),
        ("huge_answer", "reply", {}),
        ("hoard_in_children", "memory", {}),
    ],
)
def test_each_limit_ends_the_container_and_is_named(sandbox, submission, function, limit, change):
    """The outcome names the limit: without it, the function would end in another way, or never."""
    talk = Talk(sandbox, submission, LIMITS.changed(change))
    with pytest.raises(EOFError):
        talk.call(function)
    outcome = talk.session.close()

    assert outcome.limit == limit
    assert outcome.fault == ""
    assert outcome.cpu_seconds < 2


@pytest.mark.long
def test_a_container_that_was_stopped_from_outside_is_our_fault(engine, sandbox, submission):
    """Its wall time passed while it could not run; the same call in one that runs is the submission's."""
    limits = LIMITS.changed({"wall_seconds": 3})
    talk = Talk(sandbox, submission, limits)
    name = talk.session._container.name
    paused = subprocess.run([engine, "pause", name], capture_output=True, text=True, check=False)
    if paused.returncode:
        talk.session.close()
        pytest.skip(f"{engine} cannot stop containers here: {paused.stderr.strip()[-200:]}")
    outcome = talk.ends("sleep")

    assert (outcome.limit, outcome.fault) == ("", f"{engine} had stopped the container (it is paused)")
    assert Talk(sandbox, submission, limits).ends("sleep").limit == "wall"


@pytest.mark.long
@pytest.mark.parametrize(
    ("asked", "limit", "fault"),
    [
        (["sleep", "600"], "", "{} does not answer"),
        (["no-such-program"], "", "{} does not answer"),
        (["echo", "paused"], "", "{} had stopped the container (it is paused)"),
        (["echo", "running"], "wall", ""),
        (["echo", "exited"], "wall", ""),
        (["false"], "wall", ""),
        ([], "wall", ""),
    ],
)
def test_a_wall_time_is_the_submission_s_unless_the_engine_is_to_blame(
    engine, sandbox, submission, monkeypatch, asked, limit, fault
):
    """An engine that hangs is asked for a while, and then is our fault."""
    talk = Talk(sandbox, submission, LIMITS.changed({"wall_seconds": 1}))
    talk.session._engine = Asked(talk.session._engine, asked)
    real = containers.run
    monkeypatch.setattr(containers, "run", lambda command: briefly(command) if command == asked else real(command))
    outcome = talk.ends("sleep")

    assert (outcome.limit, outcome.fault) == (limit, fault.format(engine))


class Asked:
    """An engine with another command for the state of a container."""

    def __init__(self, engine, command):
        self._engine, self._command = engine, command

    def state(self, name):
        return self._command

    def __getattr__(self, name):
        return getattr(self._engine, name)


def briefly(command):
    """A command of an engine that has less time."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1)


@pytest.mark.long
def test_a_client_that_was_stopped_is_our_fault(engine, sandbox, submission):
    """It may stand between a submission's answer and us."""
    talk = Talk(sandbox, submission, LIMITS.changed({"wall_seconds": 1}))
    talk.session._process.send_signal(signal.SIGSTOP)
    outcome = talk.ends("sleep")

    assert (outcome.limit, outcome.fault) == ("", f"the client of {engine} was stopped")


@pytest.mark.long
def test_memory_has_a_limit(sandbox, submission):
    """Taking memory without end gives a MemoryError or the end, at the limit."""
    talk = Talk(sandbox, submission)
    try:
        assert talk.ask("call", "hw", "hoard", (), {})[1]["kind"] == "MemoryError"
    except EOFError:
        assert talk.session.close().limit == "memory"
    assert 0.8 * LIMITS.memory_mib < talk.session.close().peak_memory_mib < 1.1 * LIMITS.memory_mib


@pytest.mark.long
def test_processes_files_and_scratch_space_have_limits(talk):
    """Forking, opening and writing stop at the limit."""
    assert talk.call("open_many") < LIMITS.open_files
    assert talk.call("large_file") <= LIMITS.scratch_mib
    assert talk.call("fork_many") < LIMITS.processes


# --- isolation ---


def test_without_a_control_group_processes_are_watched():
    """A gauge of plain processes sees their CPU time and growth, and counts inherited pages once."""
    program = """
import os, sys, time
kept = b"x" * (64 << 20)
print(1, flush=True); sys.stdin.readline()
for _ in range(3):
    if os.fork() == 0: time.sleep(60)
more = b"y" * (32 << 20)
began = time.process_time()
while time.process_time() < began + 0.3: pass
print(2, flush=True); sys.stdin.readline(); os.kill(0, 9)
"""
    limits = Limits(cpu_seconds=0.2, memory_mib=64)
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program], stdin=-1, stdout=-1, text=True, start_new_session=True
    ) as process:
        process.stdout.readline()
        gauge = Gauge.of(process.pid)
        assert gauge.over(limits) == ""
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        assert gauge.over(limits) == "cpu"
        assert 0.25 < gauge.cpu_seconds < 1
        assert 30 < gauge.peak_mib < 64
        assert gauge.over(Limits(memory_mib=16)) == "memory"
        assert not gauge.binds(1e9)
        process.stdin.write("\n")
        process.stdin.flush()


@pytest.mark.long
def test_nothing_of_the_grader_s_environment_is_inside(sandbox, submission, monkeypatch):
    """Neither in `os.environ` nor in what the kernel remembers of the start."""
    monkeypatch.setenv("HTTPS_PROXY", "http://secret")
    monkeypatch.setenv("AUTOGRADER_SEED", "secret")
    talk = Talk(sandbox, submission)
    environment, remembered = talk.call("environment")
    talk.session.close()

    assert set(environment) <= {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "PWD", "TMPDIR", "PYTHONHASHSEED", "MPLBACKEND", "MPLCONFIGDIR"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    }
    assert "secret" not in remembered
    assert "podman" not in remembered


@pytest.mark.long
def test_no_descriptor_but_the_two_pipes_is_open(inside):
    """Nothing of the watcher is inherited."""
    assert inside.call("descriptors") == [3, 4]


@pytest.mark.long
def test_files_of_the_machine_are_not_there(inside, tmp_path):
    """Neither a file of this test nor the home folders nor the repository."""
    (tmp_path / "labels").write_text("secret")

    assert inside.call("read", str(tmp_path / "labels")) == "FileNotFoundError"
    assert inside.call("listing", "/home") == "FileNotFoundError"
    assert inside.call("read", "/etc/shadow") == "FileNotFoundError"
    assert inside.call("listing", str(Path(__file__).parent)) == "FileNotFoundError"


@pytest.mark.long
def test_everything_but_the_scratch_space_is_read_only(inside):
    """Writing works in the scratch space only."""
    for folder in ("/", "/usr", "/etc", "/dev", "/run", "/submission", "/files", "/opt/autograder"):
        assert inside.call("write", f"{folder}/mark") in ("OSError", "PermissionError"), folder
    assert inside.call("write", "mark") == "written"


@pytest.mark.long
def test_the_network_is_not_there(inside, tmp_path):
    """Neither loopback nor a socket file of the machine can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "listening"))
        unix.listen()

        assert inside.call("connect", int(socket.AF_INET), list(tcp.getsockname())) == "PermissionError"
        assert inside.call("connect", int(socket.AF_UNIX), str(tmp_path / "listening")) == "FileNotFoundError"


@pytest.mark.long
def test_privileges_are_gone_and_the_filter_is_up(inside):
    """No capability, no new privileges, another user, and no doors into the kernel."""
    status = inside.call("status")

    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "0" not in status["Uid"].split() + status["Groups"].split()
    for attempt in (("unshare", 0x10000000), ("ptrace", 0, 0, 0, 0), ("setns", 0, 0), ("mount", 0, 0, 0, 0, 0)):
        assert inside.call("call", *attempt) == -1


@pytest.mark.long
def test_two_containers_have_two_users(sandbox, submission):
    """What runs side by side cannot signal each other nor use up each other's processes."""
    talks = [Talk(sandbox, submission) for _ in range(2)]
    users = {talk.call("status")["Uid"] for talk in talks}
    for talk in talks:
        talk.session.close()

    assert len(users) == 2


@pytest.mark.long
def test_the_watcher_is_out_of_reach(inside):
    """No signal ends or stops it, and nothing of its memory or descriptors can be read."""
    assert inside.call("attack_the_watcher") == []
    assert inside.call("double", 1) == 2
    assert inside.call("listing", "/proc").count("1") == 1


@pytest.mark.long
def test_a_forged_answer_is_not_an_answer(talk):
    """Bytes written to the answers' pipe cannot be decoded into a value that was not computed."""
    assert bytes(talk.session.exchange(encode(("call", "hw", "forge", (), {})))) == bytes(12)


@pytest.mark.long
def test_nothing_that_was_left_running_survives(talk):
    """A daemon of the submission's ends with its container."""
    talk.call("daemon")
    pid = talk.session._engine.pid(talk.session._container)
    assert len(descendants(pid)) >= 2
    inside = descendants(pid)
    talk.session.close()

    assert not any(map(runs, [pid, *inside]))


# --- our own faults ---


@pytest.mark.long
def test_a_lost_container_is_our_fault(sandbox, submission):
    """A container that somebody ends from outside is not held against the submission."""
    talk = Talk(sandbox, submission)
    os.kill(sandbox._settings.engine.pid(talk.session._container), signal.SIGKILL)
    outcome = talk.ends("sleep")

    assert outcome.fault.startswith(f"the container was lost ({sandbox.name} ended with code 137")
    assert outcome.limit == ""


@pytest.mark.long
def test_a_killed_engine_is_our_fault(sandbox, submission):
    """The program that runs the container dies: a fault, and the container goes with it."""
    talk = Talk(sandbox, submission)
    talk.call("double", 1)
    inside = sandbox._settings.engine.pid(talk.session._container)
    talk.session._process.kill()
    talk.session._process.wait()
    outcome = talk.session.close()

    assert "ended by signal 9" in outcome.fault
    assert not runs(inside)


@pytest.mark.long
def test_a_submission_that_is_not_there_is_our_fault(sandbox, tmp_path):
    """No container is run, and nothing is left behind."""
    with pytest.raises(SandboxError, match="No sandbox"):
        Talk(sandbox, tmp_path / "nowhere")


@pytest.mark.long
def test_a_module_that_the_image_lacks_is_named(engine, image):
    """The worker's own words reach the reader."""
    with pytest.raises(SandboxError, match=f"No sandbox: {engine}: ModuleNotFoundError: .*no_such_package"):
        start_oci(engine, image, preload=["no_such_package"])


@pytest.mark.long
def test_an_engine_that_fails_is_our_fault(engine, image, submission):
    """A site's wrong argument is reported in the engine's words, when the sandbox is started."""
    with pytest.raises(SandboxError, match=f"No sandbox: {engine}: "):
        start_oci(engine, image, extra=["--no-such-option"])


@pytest.mark.long
def test_another_process_can_use_a_started_sandbox(sandbox, submission):
    """The address is text; who knows it can open sessions, and does not end the sandbox."""
    with connect_oci(sandbox.address) as client:
        assert (client.name, client.enforced) == (sandbox.name, sandbox.enforced)
        talk = Talk(client, submission)
        assert talk.call("double", 3) == 6
        talk.session.close()

    assert sandbox.alive()
    assert not client.alive()


@pytest.mark.long
def test_a_sandbox_knows_when_its_image_is_gone(sandbox):
    """The engine is asked."""
    assert isinstance(sandbox, ContainerSandbox)
    gone = connect_oci(sandbox.address.replace("autograder-tests-", "autograder-gone-"))

    assert not gone.alive()


@pytest.mark.long
def test_closing_a_sandbox_ends_what_was_left_open(engine, image, submission):
    """Sessions of whoever knew the address end with it."""
    with start_oci(engine, image) as started:
        talk = Talk(started, submission)
        inside = started._settings.engine.pid(talk.session._container)

    assert not runs(inside)
    assert talk.session.close().fault
    assert not Path(talk.session._container.folder).exists()


@pytest.mark.long
def test_nothing_survives_the_death_of_the_grader(engine, image, submission):
    """`kill -9` of the process that opened a session ends the container."""
    program = f"""
import time
from pathlib import Path
from autograder.results import Limits
from autograder.sandbox import Request
from autograder.sandbox.oci import start_oci
sandbox = start_oci({engine!r}, {image!r})
session = sandbox.open(Request(Path({str(submission)!r}), Limits()))
print(sandbox._settings.engine.pid(session._container), session._container.name, session._container.folder, flush=True)
time.sleep(60)
"""
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout
    pid, name, folder = grader.stdout.readline().split()
    assert runs(int(pid))
    grader.kill()
    grader.wait()
    grader.stdout.close()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (runs(int(pid)) or name in names(engine)):
        time.sleep(0.05)
    shutil.rmtree(folder)

    assert not runs(int(pid))
    assert name not in names(engine)


@pytest.mark.long
def test_many_containers_leave_nothing_behind(sandbox, engine, submission):
    """Six in a row, hostile ones too: no container, folder, control group or descriptor is left."""
    before, sessions = len(os.listdir("/proc/self/fd")), []
    for number in range(6):
        talk = Talk(sandbox, submission)
        sessions.append(talk.session)
        if number % 2:
            talk.ends("vanish", 1)
        else:
            talk.call("daemon")
            talk.session.close()

    assert len(os.listdir("/proc/self/fd")) == before
    assert not {session._container.name for session in sessions} & set(names(engine))
    assert not [session for session in sessions if session._container.folder.exists()]
    groups = [
        folder for session in sessions if session.gauge._group for folder in session.gauge._group.folders.values()
    ]
    assert not [folder for folder in groups if folder.exists()]


def names(engine):
    return run([engine, "ps", "--all", "--format", "{{.Names}}"]).stdout.split()


def descendants(pid):
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found[1:]


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
