"""Random numbers from the course's seed: dear to try, and what is seen says nothing about what is hidden."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_course import RIGHT, hand_in, make_course

from autograder import seeding
from autograder.course import course_seed
from autograder.seeding import ENOUGH_BITS, WORK, guessing_bits, keys_of, number


def test_each_try_at_a_seed_costs_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no way from a seed to any number but through scrypt, once for each seed, with 32 MiB or more."""
    asked: list[dict[str, Any]] = []
    real = hashlib.scrypt

    def counted(password: bytes, **settings: Any) -> bytes:
        asked.append(settings)
        return real(password, **settings)

    monkeypatch.setattr(seeding.hashlib, "scrypt", counted)
    keys_of.cache_clear()
    found = {keys_of(text).fingerprint for text in ("spring2026", "summer2026", "spring2026")}

    assert len(found) == 2
    assert [each["n"] * each["r"] * 128 for each in asked] == [WORK["n"] * WORK["r"] * 128] * 2
    assert WORK["n"] * WORK["r"] * 128 >= 32 << 20
    keys_of.cache_clear()


STRONG = "5b3f9c04d1e7a2864c9b7e1f3a5d8c20d96e0b7f4a13c852e7f01b6d3c9a5482"


def test_what_was_derived_of_a_drawn_seed_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The keys are the same from the file of this user, which nobody else may read and which does not show them; of a
    seed that may be guessed there is none, and a file that is cut or changed, or cannot be written, is not used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    real, asked = hashlib.scrypt, list[bytes]()
    monkeypatch.setattr(seeding.hashlib, "scrypt", lambda word, **more: asked.append(word) or real(word, **more))

    def keys(seed: str) -> seeding.Keys:
        keys_of.cache_clear()
        return keys_of(seed)

    first = keys(STRONG)
    assert keys(STRONG) == first
    assert len(asked) == 1
    (file,) = tmp_path.glob("autograder/keys/*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    master = real(STRONG.encode(), salt=seeding._SALT, maxmem=seeding._MEMORY, dklen=32, **WORK)
    assert master not in file.read_bytes()
    assert STRONG[:16] not in file.name

    kept = file.read_bytes()
    for changed in (kept[:-1], kept[:10], b"", bytes([kept[0] ^ 1]) + kept[1:]):
        file.write_bytes(changed)
        assert keys(STRONG) == first
    assert len(asked) == 5
    keys("secret2026")
    assert [*tmp_path.glob("autograder/keys/*")] == [file]
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    assert keys(STRONG) == first
    keys_of.cache_clear()


def test_another_derivation_finds_nothing_that_was_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with a cache has the keys of one without, whatever scrypt's work or the derivation was before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def keys() -> seeding.Keys:
        keys_of.cache_clear()
        return keys_of(STRONG)

    before = keys()
    monkeypatch.setattr(seeding, "WORK", {**WORK, "n": 1 << 10})
    with_cache = keys()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert before != with_cache == keys()
    monkeypatch.setattr(seeding, "DERIVATION", seeding.DERIVATION + 1)
    keys()
    assert len([*tmp_path.glob("other/autograder/keys/*")]) == 2
    keys_of.cache_clear()


@pytest.mark.parametrize(
    "seed",
    [
        "Introduction to Machine Learning 2026/27",
        "1234567890123456789012",
        "MachineLearning2026WinterTerm!!",
        "0" * 64,
        STRONG[:32],
        STRONG.upper(),
        STRONG + "\n",
    ],
)
def test_nothing_is_kept_of_a_seed_that_was_not_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: str
) -> None:
    """However long: with a kept file a guess would cost microseconds instead of scrypt's time and memory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keys_of.cache_clear()
    keys_of(seed)
    keys_of.cache_clear()
    assert not [*tmp_path.rglob("*")]


def test_a_seed_that_is_drawn_for_a_course_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The form of a drawn seed is the one for which a file is written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keys_of.cache_clear()
    keys_of(course_seed(None, {}, tmp_path / "config"))
    keys_of.cache_clear()
    assert len([*tmp_path.glob("cache/autograder/keys/*")]) == 1


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_purposes_and_keys_give_other_numbers(one: str, other: str) -> None:
    """Another purpose gives another number, and so does the other key; the same ones give the same again."""
    keys = keys_of("a seed")
    assert number(keys.seen, one) == number(keys.seen, one) < 1 << 63
    assert number(keys.seen, one) != number(keys.hidden, one)
    if one != other:
        assert number(keys.seen, one) != number(keys.seen, other)


def test_keys_and_fingerprint_are_of_different_lines() -> None:
    """None of the three is, or begins, another one, and each depends on the seed."""
    one, two = keys_of("one"), keys_of("two")
    everything = [one.seen.hex(), one.hidden.hex(), one.fingerprint, two.seen.hex(), two.hidden.hex(), two.fingerprint]
    assert len({each[:16] for each in everything}) == 6


@pytest.mark.parametrize("seed", ["s", "secret2026", "Deep-Learning-2026", "0" * 80, "correct horse battery"])
def test_what_people_make_up_counts_as_guessable(seed: str) -> None:
    """Words, years and repetitions have few bits."""
    assert guessing_bits(seed) < ENOUGH_BITS


def test_what_the_system_draws_counts_as_safe() -> None:
    """16 random bytes and more, in hexadecimal digits."""
    for length in (16, 24, 32):
        assert guessing_bits(os.urandom(length).hex()) >= ENOUGH_BITS


@pytest.mark.parametrize(("seed", "warned"), [("secret2026", True), ("5b3f9c04d1e7a2864c9b7e1f3a5d8c20", False)])
def test_grading_with_a_guessable_seed_is_warned_of(tmp_path: Path, seed: str, warned: bool) -> None:
    """The console says so before anything is graded."""
    root, folder = make_course(tmp_path / "course"), hand_in(tmp_path / "in", ann=RIGHT)
    command = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(tmp_path / "out")]
    command += ["--seed", seed]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=True)
    assert ("The seed can be guessed" in ended.stdout + ended.stderr) is warned
