"""How far a batch is, in a file that another process reads."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console
from samples import passing

from autograder.cli.progress import Shown
from autograder.grading.job_processes import Finished, Hanging, Known, Retried, Started
from autograder.reports import batch_progress
from autograder.reports.batch_progress import BatchProgress, ProgressFile, read_progress


def test_what_is_written_is_read_until_the_batch_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts and faults as the terminal shows them; then nothing is there any more."""
    monkeypatch.setattr(batch_progress, "_PAUSE", 0.0)
    with Shown(Console(file=io.StringIO()), 5, ProgressFile(tmp_path, "tiny", 5)) as shown:
        shown(Known(passing("zoe")))
        for event in (Started("ann"), Started("ben"), Finished(passing("ann"))):
            shown(event)
        found = read_progress(tmp_path)
        assert found is not None
        assert (found.assignment, found.total, found.done, found.known, found.running) == ("tiny", 5, 2, 1, 1)
        assert (found.waiting, found.faults) == (2, ())
        shown(Hanging("ben", "trains", 20.0, 60.0))
        shown(Retried("ben", "the forkserver is gone\nand more"))
        found = read_progress(tmp_path)
        assert found is not None and found.faults == (
            "ben: the check trains has been running for 20 s; it is ended after 60 s",
            "ben: our fault, trying once more (the forkserver is gone)",
        )
    assert read_progress(tmp_path) is None and list(tmp_path.iterdir()) == []


def test_ends_alone_are_written_at_most_twice_a_second(tmp_path: Path) -> None:
    """A class that is known already does not wait for the disk; what begins and the last state are written always."""
    file = ProgressFile(tmp_path, "tiny", 100)
    for done in range(1, 50):
        file.reached(done, done, 0)
    found = read_progress(tmp_path)
    assert found is not None and found.done < 50
    file.reached(49, 48, 1)
    found = read_progress(tmp_path)
    assert found is not None and (found.done, found.running) == (49, 1)
    file.reached(100, 0, 0)
    found = read_progress(tmp_path)
    assert found is not None and found.done == 100


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Progress is no result: grading goes on without it."""
    (tmp_path / "file").write_text("")
    file = ProgressFile(tmp_path / "file" / "below", "tiny", 1)
    file.reached(1, 0, 0)
    file.ended()
    assert read_progress(tmp_path / "file" / "below") is None


def test_the_rest_takes_as_long_as_what_was_graded() -> None:
    """What was known before says nothing about the pace; silence is noticed."""
    state = BatchProgress("tiny", 10, 5, 5, 1, began=0.0, updated=time.time())
    assert state.seconds_left(60.0) is None
    assert BatchProgress("tiny", 10, 6, 5, 1, began=0.0, updated=0.0).seconds_left(60.0) == 240.0
    assert not state.is_silent(time.time()) and state.is_silent(time.time() + 121)
