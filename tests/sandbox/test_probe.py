"""What `autograder doctor` concludes from what its trials answer; long tests have the real trials."""

from __future__ import annotations

import importlib
from contextlib import contextmanager

import pytest

from autograder.sandbox import Outcome, Request
from autograder.wire import decode, encode

probing = importlib.import_module("autograder.sandbox.probe")

HELD = {
    "namespaces": [f"of its own:[{number}]" for number in range(5)],
    "read_files": [],
    "write_system": "PermissionError",
    "other_processes": [1, 2],
    "reach_network": [],
    "system_calls": [],
    "identity": {"Uid": ["65534"], "CapEff": ["0"], "CapBnd": ["0"], "NoNewPrivs": ["1"]},
    "fork_many": 15,
    "fill_scratch": 8,
}
BROKEN = {
    **{name: ["something"] for name in ("read_files", "write_system", "reach_network", "system_calls")},
    "identity": {"Uid": ["0"], "CapEff": ["1ff"], "CapBnd": ["1ff"], "NoNewPrivs": ["0"]},
    "fork_many": 200,
    "fill_scratch": 64,
}
LIMITS = {"eat_memory": "memory", "burn_cpu": "cpu", "sleep": "wall"}


class Answering:
    """A sandbox whose submission answers trials by name; one without an answer ends over a limit or dies."""

    name = "bubblewrap"

    def __init__(self, answers: dict[str, object], limits: dict[str, str]) -> None:
        self.answers, self.limits, self.trial = answers, limits, ""
        self.enforced = ("memory (control group)",) if limits else ()

    def open(self, request: Request) -> Answering:
        """Itself as the session."""
        return self

    def exchange(self, frame: list[bytes | memoryview]) -> memoryview:
        """The answer to a trial."""
        self.trial = decode(bytearray(b"".join(map(bytes, frame))))[2]
        if self.trial not in self.answers:
            raise EOFError
        return memoryview(bytearray(b"".join(map(bytes, encode(("value", self.answers[self.trial]))))))

    def close(self) -> Outcome:
        """How the trial ended."""
        return Outcome(limit=self.limits.get(self.trial, ""))


@pytest.mark.parametrize(("answers", "limits", "expected"), [(HELD, LIMITS, True), (BROKEN, {}, False)])
def test_each_finding_follows_from_what_a_trial_answered(monkeypatch, answers, limits, expected: bool) -> None:
    """Where every trial is stopped, everything is enforced; where each comes through, nothing is but the start."""

    @contextmanager
    def start(_: str):
        yield Answering(answers, limits)

    monkeypatch.setattr(probing, "start", start)
    monkeypatch.setattr(probing, "why_not", lambda _: "")
    found = probing.probe(("bubblewrap",))["bubblewrap"]
    assert (found[0].what, found[0].enforced) == ("available", True)
    enforced = {each.what: each.enforced for each in found[1:]}
    enforced.pop("other processes")  # of the grader's own number, which no answer here holds
    assert set(enforced.values()) == {expected}, enforced
    assert len(enforced) == 12
    assert all(each.advice == "" for each in found if each.enforced and each.what != "control groups")


def test_a_sandbox_that_is_not_there_is_one_finding(monkeypatch) -> None:
    """It says why, and what to do."""
    monkeypatch.setattr(probing, "why_not", lambda _: "the program bwrap is missing")
    (found,) = probing.probe(("bubblewrap",))["bubblewrap"]
    assert (found.what, found.enforced, found.how) == ("available", False, "the program bwrap is missing")
