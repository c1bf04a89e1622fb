"""A submission reports all random numbers that it sees, to an attacker with a list of likely seeds."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tiny_course import make_course

from autograder import seeding
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Report
from autograder.sandbox import Sandbox, start, why_not
from autograder.submissions import Submission

SEED = "secret2026"
GUESSES = ("letmein", "deeplearning", "secret2025", "secret2026", "summer2026")

CHECKS = '''
"""Doubling."""
from autograder import Assignment, Limits
from autograder.checks import close

assignment = Assignment("Doubling", files=["tiny.py"], limits=Limits(wall_seconds=20, cpu_seconds=20))
only = assignment.question("Double", id="a", solution="double")

@only.check(points=1)
def seen(student, rng):
    """Twice a number."""
    x = rng.integers(1 << 40)
    close(student.double(x), 2 * x)

@only.check(points=1, hidden=True)
def not_seen(student, rng):
    """Twice another number."""
    x = rng.integers(1 << 40)
    close(student.double(x), 2 * x)
'''

TELLING = """
import random

def double(x):
    print("inputs", x, "inside", random.getrandbits(60))
    return 2 * x
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"bubblewrap does not work here: {reason}")
    with start("bubblewrap") as started:
        yield started


@pytest.fixture
def report(tmp_path: Path, sandbox: Sandbox) -> Report:
    """Of the submission that tells what it sees."""
    root = make_course(tmp_path / "course")
    (root / "assignments" / "tiny" / "assignment.py").write_text(CHECKS)
    folder = tmp_path / "staged"
    folder.mkdir()
    (folder / "tiny.py").write_text(TELLING)
    return grade(load(root, "tiny"), Submission("eve", folder, "0"), sandbox, None, RunOptions(SEED))


def test_a_list_of_seeds_finds_none_without_the_work(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain hashes of a likely seed give no number that was seen; the way that does costs `WORK` for every guess."""
    pairs = re.findall(r"inputs (\d+) inside (\d+)", report.questions[0].staff_output)
    assert len(pairs) == 2  # staff see both
    seen_input, seen_inside = map(int, pairs[0])
    assert not any(
        _fits(hashed(f"{guess}\0tiny\0{purpose}"), seen_input, seen_inside)
        for guess in GUESSES
        for purpose in ("seen", "seen\0submission", "load", "inputs", "submission", "import")
        for hashed in (_sha256, _hmac)
    )

    tries = []
    real = hashlib.scrypt
    monkeypatch.setattr(seeding.hashlib, "scrypt", lambda *a, **k: tries.append(k) or real(*a, **k))
    seeding.keys_of.cache_clear()
    found = [
        guess
        for guess in GUESSES
        if _fits(seeding.number(seeding.keys_of(guess).seen, "", "tiny", "seen", "inputs"), seen_input, seen_inside)
    ]
    assert found == [SEED]
    assert len(tries) == len(GUESSES)
    assert all(each["n"] * each["r"] * 128 >= 32 << 20 for each in tries)
    seeding.keys_of.cache_clear()


def test_the_key_of_what_is_seen_gives_no_hidden_input(report: Report) -> None:
    """Even whoever had that key could not draw the inputs of a hidden check."""
    hidden_input = int(re.findall(r"inputs (\d+)", report.questions[0].staff_output)[1])
    keys = seeding.keys_of(SEED)
    drawn = {
        number
        for purpose in ("inputs", "submission")
        for check in ("seen", "not_seen")
        for number in (seeding.number(keys.seen, "", "tiny", check, purpose),)
    }
    assert not any(_first_input(each) == hidden_input for each in drawn)
    assert _first_input(seeding.number(keys.hidden, "", "tiny", "not_seen", "inputs")) == hidden_input


def test_the_fingerprint_of_a_report_takes_the_same_work(report: Report) -> None:
    """A report that gets about does not say whether a guess is right, either, without that."""
    reported = report.replay.seed_fingerprint
    assert reported == seeding.keys_of(SEED).fingerprint
    plain: tuple[Callable[[bytes], bytes], ...] = tuple(
        lambda text, name=name: hashlib.new(name, text).digest() for name in ("sha256", "sha1", "md5")
    )
    texts = (SEED, f"fingerprint\0{SEED}", f"{SEED}\0fingerprint")
    assert not any(hashed(text.encode()).hex().startswith(reported) for hashed in plain for text in texts)


def _fits(number: int, seen_input: int, seen_inside: int) -> bool:
    return _first_input(number) == seen_input or random.Random(number).getrandbits(60) == seen_inside


def _first_input(number: int) -> int:
    return int(np.random.default_rng(number).integers(1 << 40))


def _sha256(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def _hmac(text: str) -> int:
    key, _, purpose = text.partition("\0")
    return seeding.number(key.encode(), *purpose.split("\0"))
