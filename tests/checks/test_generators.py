"""Generators of random numbers that a check gives to a submission: the same on both stand-ins, nothing to read back."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks.local.student import LocalStudent
from autograder.checks.records import Draws
from autograder.checks.records.generators import handed_over, real_generator
from autograder.checks.records.serialization import put_together
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not

LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory_mib=1024)
INTERFACE = Interface((ModuleInterface("hw.py", ("drawn", "kept"), {}, ()),))
HOMEWORK = '''
def drawn(rng):
    """Three numbers, however the generator gives them."""
    draw = getattr(rng, "random", None)
    if type(rng).__module__.startswith("torch"):
        import torch

        return torch.rand(3, generator=rng)
    return [float(draw()) for _ in range(3)]


def kept(rng):
    rng.random(1000)
    return rng
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A staged submission."""
    path = tmp_path / "staged"
    path.mkdir(mode=0o755)
    (path / "hw.py").write_text(HOMEWORK)
    return path


@pytest.fixture(scope="module")
def sandbox():
    """A started bubblewrap sandbox."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap") as started:
        yield started


@pytest.fixture
def remote(sandbox, folder):
    """The stand-in for the submission in the sandbox."""
    with contextlib.closing(sandbox.open(Request(folder, LIMITS))) as session:
        yield RemoteStudent(session, INTERFACE, LIMITS, (), folder)


def drawn_before(rng):
    """The same generator, of which something was drawn."""
    (rng.random if hasattr(rng, "random") else rng.rand)()
    return rng


MAKERS = {
    "default_rng": lambda: np.random.default_rng(3),
    "default_rng drawn from": lambda: drawn_before(np.random.default_rng(3)),
    "SFC64": lambda: np.random.Generator(np.random.SFC64(5)),
    "RandomState": lambda: np.random.RandomState(4),
    "random.Random": lambda: random.Random(4),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_both_stand_ins_give_the_student_the_same_numbers(make, folder, remote):
    """Twice from the same generator: at home and in the sandbox the same, and not the same twice."""
    at_home, here, there = LocalStudent(folder, INTERFACE.names), make(), make()
    first, second = at_home.drawn(here), at_home.drawn(here)
    assert [remote.drawn(there), remote.drawn(there)] == [first, second]
    assert first != second
    assert here.random() == there.random()


def test_a_torch_generator_crosses(folder, remote):
    """As a generator of torch's."""
    torch = pytest.importorskip("torch")
    got = remote.drawn(torch.Generator().manual_seed(1))
    here = LocalStudent(folder, INTERFACE.names).drawn(torch.Generator().manual_seed(1))
    assert np.array_equal(np.asarray(got), np.asarray(here))
    assert np.asarray(got).shape == (3,)


def test_a_fresh_generator_with_a_typed_seed_gives_the_numbers_of_that_seed(folder):
    """So a handout may say what default_rng(3) leads to."""
    rng = np.random.default_rng(3)
    assert LocalStudent(folder, INTERFACE.names).drawn(np.random.default_rng(3)) == [rng.random() for _ in range(3)]


@pytest.mark.parametrize("rng", [np.random.default_rng(1 << 90), drawn_before(np.random.default_rng(3))])
def test_the_state_of_a_check_s_generator_never_crosses(rng):
    """What crosses is 32 bits of a hash, whatever the generator has drawn or will draw."""
    before = rng.bit_generator.state
    record = handed_over(rng)
    assert isinstance(record, Draws)
    assert 0 <= record.seed < 1 << 32
    assert real_generator(record).bit_generator.state not in (before, rng.bit_generator.state)


def test_a_generator_that_a_submission_returns_stays_inside(remote):
    """It is an object whose methods can be called, and nothing is drawn to send it."""
    returned = remote.kept(np.random.default_rng(3))
    want = np.random.default_rng(3)
    want.random(1000)
    assert returned.random() == want.random()


WRONG = [("PCG65", 1), ("PCG64", -1), ("PCG64", 1 << 32), ("PCG64", 1.5), ([], 1), ("PCG64",)]


@pytest.mark.parametrize("parts", WRONG)
def test_a_frame_that_names_no_generator_is_refused(parts):
    """Kinds and seeds from a submission are examined before anything is made of them."""
    with pytest.raises((ValueError, TypeError)):
        put_together("draws", parts, lambda _: None)
