"""Answers of the reference that are remembered: only certain ones, and the sandbox is asked whatever else comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from autograder.checks.errors import SandboxError
from autograder.grading.recorded_answers import Answers, RecordedSession
from autograder.grading.time_limits import Overdue
from autograder.results import Limits
from autograder.sandbox import Outcome, Tail


class Echo:
    """A session that answers with `reply` of all that it was sent."""

    def __init__(self, reply: Callable[[list[bytes]], bytes]) -> None:
        self.reply = reply
        self.sent: list[bytes] = []
        self.granted = self.waited = 0.0
        self.output = Tail()

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """Answer a frame."""
        self.sent.append(b"".join(frame))
        return memoryview(self.reply(self.sent))

    def at_most(self, seconds: float) -> None:
        """Nothing."""

    def grant(self, seconds: float) -> None:
        """Nothing."""

    def spend(self, seconds: float) -> None:
        """Nothing."""

    def close(self) -> Outcome:
        """Nothing."""
        return Outcome()


class Opening:
    """Opens sessions, and keeps them."""

    def __init__(self, reply: Callable[[list[bytes]], bytes] = b"".join) -> None:
        self.reply = reply
        self.opened: list[Echo] = []
        self.answers = Answers()

    def __call__(self) -> Echo:
        self.opened.append(Echo(self.reply))
        return self.opened[-1]

    def ask(self, *requests: bytes) -> list[bytes]:
        """All answers in one session."""
        session = RecordedSession(self, Limits(), self.answers)
        return [bytes(session.exchange([request])) for request in requests]


def test_two_sandboxes_must_agree_before_an_answer_is_remembered() -> None:
    """The third time nothing is opened, and the answers are the same."""
    opening = Opening()
    said = [opening.ask(b"a", b"b") for _ in range(4)]
    assert said == [[b"a", b"ab"]] * 4
    assert len(opening.opened) == 2


def test_an_answer_depends_on_all_that_was_asked_before() -> None:
    """The same request after another one is another request, and goes to a sandbox that was asked the same before."""
    opening = Opening()
    for _ in range(2):
        opening.ask(b"a", b"b")
    assert opening.ask(b"a", b"x", b"b") == [b"a", b"ax", b"axb"]
    assert opening.opened[-1].sent == [b"a", b"x", b"b"]
    assert opening.ask(b"b") == [b"b"]


def test_an_answer_that_changes_is_never_remembered() -> None:
    """Times and random numbers of its own come anew from a sandbox each time."""
    count = iter(range(100))
    opening = Opening(lambda sent: b"%d" % next(count))
    assert [opening.ask(b"a") for _ in range(4)] == [[b"0"], [b"1"], [b"2"], [b"3"]]


def test_a_sandbox_that_takes_a_remembered_answer_back_is_a_fault_of_ours() -> None:
    """What a check has used already must be what the objects inside follow from."""
    opening = Opening()
    for _ in range(2):
        opening.ask(b"a")
    opening.reply = lambda sent: b"other"
    with pytest.raises(SandboxError, match="answers differently when it is asked the same once more"):
        opening.ask(b"a", b"new")


def test_a_session_that_was_interrupted_while_it_waited_is_not_used_again() -> None:
    """The answer to the last request may still come, and would be taken for the next one's."""

    def interrupted(sent: list[bytes]) -> bytes:
        raise Overdue

    opening = Opening(interrupted)
    session = RecordedSession(opening, Limits(), opening.answers)
    with pytest.raises(Overdue):
        session.exchange([b"a"])
    assert session.ended
    with pytest.raises(EOFError):
        session.exchange([b"a"])


def test_large_requests_and_full_memories_are_asked_inside() -> None:
    """Nothing after a request that is not remembered is remembered either."""
    opening = Opening(lambda sent: b"%d" % len(sent))
    large = bytes((8 << 20) + 1)
    for _ in range(3):
        assert opening.ask(large, b"a") == [b"1", b"2"]
    assert len(opening.opened) == 3
    opening.answers = Answers(most_bytes=3)
    for _ in range(3):
        assert opening.ask(b"a", b"long") == [b"1", b"2"]
    assert len(opening.opened) == 6


def test_an_answer_from_memory_may_be_written_into() -> None:
    """Arrays are made in place of the bytes that came; another check gets its own."""
    opening = Opening()
    for _ in range(2):
        opening.ask(b"a")
    answer = RecordedSession(opening, Limits(), opening.answers).exchange([b"a"])
    answer[0] = 0
    assert opening.ask(b"a") == [b"a"]
