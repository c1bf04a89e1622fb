"""Every attack, in every sandbox that needs no image, as the user who runs the tests; `make attack` runs them all."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from arena import LINES, Arena, Attack, Ground, attacks
from ordinary_user import as_ordinary_user, why_not_ordinary_user

from autograder.results import Limits
from autograder.sandbox import Outcome, start, why_not

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """A machine in small, with secrets everywhere."""
    with Ground() as made:
        yield made


@pytest.fixture(scope="session", params=["bubblewrap", "landlock"])
def arena(request: pytest.FixtureRequest, ground: Ground) -> Iterator[Arena]:
    """A started sandbox on the ground."""
    if reason := why_not(request.param):
        pytest.skip(f"the sandbox {request.param} does not work here: {reason}")
    with start(request.param) as sandbox:
        yield Arena(ground, sandbox)


@pytest.mark.parametrize("attack", attacks(), ids=lambda each: each.id)
def test_an_attack_gains_nothing(arena: Arena, attack: Attack) -> None:
    """No mark, no secret, no file outside, no survivor, no late limit, no internal error; the declared verdict."""
    assert set(attack.needs) <= set(arena.sandbox.enforced)
    assert arena.fight(attack).breaches == ()


def test_each_line_of_the_promise_is_attacked() -> None:
    """The folders of attacks are the lines of the promise that a submission can break, none of them empty."""
    assert {each.line for each in attacks()} == set(LINES)


def test_a_neighbour_is_graded_rightly_beside_a_fork_bomb(arena: Arena) -> None:
    """An honest submission at the same time gets all its points."""
    (bomb,) = [each for each in attacks() if each.name == "fork_bomb"]
    assert arena.fight(bomb, neighbour=True).breaches == ()


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_signals_reach_nobody_as_an_ordinary_user(tmp_path: Path, sandbox: str) -> None:
    """Where submission and grader have one user, a signal to the process group must not leave the sandbox."""
    if reason := why_not_ordinary_user() or why_not(sandbox):
        pytest.skip(reason)
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--json", "--sandbox", sandbox]
    with tempfile.TemporaryDirectory() as home:
        as_user = as_ordinary_user([*command, "--only", "signals_to_everybody"], home)
        said = subprocess.run(as_user, capture_output=True, text=True, timeout=60, check=True).stdout
    (line,) = map(json.loads, said.splitlines())
    assert line["verdicts"] == "CRASHED, SKIPPED"
    assert line["breaches"] == []


WITH_TORCH = """
import torch

def answer(x):
    kept = []
    while True:
        kept.append(torch.ones(1 << 20))
"""


def test_memory_is_limited_with_torch_loaded(ground: Ground, arena: Arena) -> None:
    """What torch itself takes is nobody's to pay for, and every tensor counts."""
    with start(arena.sandbox.name, preload=("numpy", "torch")) as sandbox:
        says = ("Memory limit of 192 MiB reached in `answer`",)
        attack = Attack("", "torch", WITH_TORCH, "", expect=("MEMORY",), says=says, only="a_number")
        assert Arena(ground, sandbox).fight(attack).breaches == ()


# Whoever judges must be able to see a broken promise: each of these does what an attack may not manage.

BROKEN = {
    "7 points earned": "REFERENCE",
    "secret in nowhere": "from kit import look_for_secrets\nlook_for_secrets('X-CAN' + 'ARY-1', 'nowhere')",
    "verdict MISSING, expected TIME": "pass",
    "no message says 'what nobody says'": "pass",
}


@pytest.mark.parametrize("breach", BROKEN)
def test_the_judge_sees_a_broken_promise(arena: Arena, breach: str) -> None:
    """Points, secrets, wrong verdicts and missing sentences are reported."""
    source = BROKEN[breach]
    if source == "REFERENCE":
        source = (arena.ground.course / "reference" / "target" / "hw.py").read_text()
    found = arena.fight(Attack("", "made-up", source, "", expect=("TIME",), says=("what nobody says",)))
    assert any(breach in each for each in found.breaches)


def test_the_judge_sees_marks_connections_and_survivors(ground: Ground) -> None:
    """What an attack left outside is found, reported and removed."""
    import os
    import socket
    import subprocess
    import sys

    (ground.folder / ground.token).write_text("")
    with socket.create_connection(ground.tcp.getsockname()):
        assert ground.connections() == ["a connection to the tcp socket of the host"]
    command = [sys.executable, "-c", "import time; time.sleep(60)", ground.token]
    with subprocess.Popen(command) as survivor:
        while ground.token.encode() not in Path(f"/proc/{survivor.pid}/cmdline").read_bytes():
            os.sched_yield()
        assert ground.survivors() == [f"process {survivor.pid} still there"]
    assert ground.marks() == [f"a file {ground.folder / ground.token}"]
    assert ground.marks() == []


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(cpu_seconds=2.5), "2.5 s CPU of 1"),
        (Outcome(wall_seconds=5.0), "5.0 s of 3"),
        (Outcome(peak_memory_mib=120.0), "120 MiB of 100"),
    ],
)
def test_the_judge_sees_a_limit_that_bound_late(outcome: Outcome, expected: str) -> None:
    """More than 10 % or one second above the limit is reported."""
    from arena import excesses

    limits = Limits(wall_seconds=3, cpu_seconds=1, memory_mib=100)
    assert excesses(((outcome, limits),), grouped=True) == [expected]
    assert not outcome.wall_seconds or excesses(((outcome, limits),), grouped=True, opening=0.6) == []
    assert excesses(((Outcome(cpu_seconds=1.5, wall_seconds=3.4, peak_memory_mib=105), limits),), grouped=True) == []
