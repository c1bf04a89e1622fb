"""What checks hand on is kept in files: after a change of one check, what it takes from others is not made again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import run as run_command
from samples import passing, unmeasured
from training_course import ASSIGNMENT, BESIDE, CHANGED, NET, UNPICKLED, Training, training_in, verdicts

from autograder.grading import handed_on
from autograder.grading.earlier import run_again
from autograder.grading.handed_on import Artefacts, HandedOn
from autograder.remote.artefacts import NotKeptError, as_file, from_file
from autograder.results import Verdict
from autograder.sandbox import Sandbox, start
from autograder.store import Store, sqlite_address
from autograder.store.artefacts import artefacts, file_in, read_artefact


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A real worker, without isolation."""
    with start("none", preload=("numpy",)) as started:
        yield started


@pytest.fixture
def training(tmp_path: Path, sandbox: Sandbox) -> Training:
    """A course with a check that trains and three that use what was trained."""
    return training_in(tmp_path, sandbox)


def test_a_trained_object_is_taken_from_its_file(training: Training) -> None:
    """Only the changed check runs, with the object that was trained then; the report is that of a whole run."""
    submission = training.hand_in(NET)
    before = training.grade(ASSIGNMENT, submission)
    assert list(before.replay.artefacts) == ["trains"]
    made, report = training.again(CHANGED, submission, before)
    assert training.ran() == ["large"]
    assert not run_again(made, before)
    assert report.replay.artefacts == before.replay.artefacts
    whole = training.grade(CHANGED, submission)
    assert unmeasured(report).questions == unmeasured(whole).questions
    assert (report.points, report.replay.key) == (whole.points, whole.replay.key)


def test_what_cannot_be_pickled_is_made_again_and_the_report_says_why(training: Training) -> None:
    """A check whose object cannot be written down runs with the one that takes it."""
    submission = training.hand_in(UNPICKLED)
    before = training.grade(ASSIGNMENT, submission)
    assert not before.replay.artefacts
    assert "Net cannot be pickled" in before.replay.not_kept["trains"]
    made, report = training.again(CHANGED, submission, before)
    assert training.ran() == ["trains", "large"]
    assert run_again(made, before) == {"trains": before.replay.not_kept["trains"]}
    assert set(verdicts(report).values()) == {Verdict.PASSED, Verdict.PARTIAL}


def test_what_a_training_leaves_beside_its_object_takes_no_points(training: Training) -> None:
    """Where the file does not do, because weights are global, what was trained is trained again before it counts."""
    submission = training.hand_in(BESIDE)
    before = training.grade(ASSIGNMENT, submission)
    _, report = training.again(CHANGED, submission, before)
    assert training.ran() == ["large", "trains", "large"]
    assert verdicts(report)["large"] is Verdict.PASSED


def test_a_measured_check_counts_where_it_measures_the_same(training: Training) -> None:
    """Another threshold changes the points by the number that was measured then; nothing is trained for it."""
    submission = training.hand_in(NET)
    before = training.grade(ASSIGNMENT, submission)
    assert verdicts(before)["measured"] is Verdict.PARTIAL
    _, report = training.again(ASSIGNMENT.replace("0.7: 0.5", "0.7: 0.25"), submission, before)
    assert training.ran() == ["measured"]
    assert report.points == before.points - 1


def test_a_check_that_waits_for_a_failed_one_is_skipped_without_a_run(training: Training) -> None:
    """What was needed and not passed stays so; neither runs."""
    submission = training.hand_in(NET.replace("def fit", "def fitted"))
    before = training.grade(ASSIGNMENT, submission)
    assert verdicts(before)["trains"] is not Verdict.PASSED
    _, report = training.again(CHANGED, submission, before)
    assert training.ran() == []
    assert verdicts(report) == verdicts(before)


def test_verdicts_that_contradict_each_other_are_never_in_one_report(training: Training, tmp_path: Path) -> None:
    """Where a needed check runs again and ends otherwise, all that rests on it runs as well."""
    flag = tmp_path / "flag"
    fails = f"import os\n        assert not os.path.exists({str(flag)!r})\n        self.weight = self.size"
    lucky = UNPICKLED.replace("self.weight = self.size", fails)
    submission = training.hand_in(lucky)
    before = training.grade(ASSIGNMENT, submission)
    assert verdicts(before)["twice"] is Verdict.PASSED
    flag.touch()
    _, report = training.again(CHANGED, submission, before)
    found = verdicts(report)
    assert found["trains"] is Verdict.RAISED
    assert {found[name] for name in ("twice", "large", "measured")} == {Verdict.SKIPPED}


def test_a_check_that_handed_on_plain_values_is_kept_as_well(training: Training) -> None:
    """Arrays, numbers and dictionaries come back as they were."""
    source = ASSIGNMENT.replace('{"net": net, "sum": 3.0}', '{"net": net, "sum": 3.0, "all": ([net], net.size)}')
    submission = training.hand_in(NET)
    before = training.grade(source, submission)
    _, report = training.again(source.replace("+ 97), 300.0", "+ 197), 600.0"), submission, before)
    assert training.ran() == ["large"]
    assert verdicts(report)["large"] is Verdict.PASSED


@pytest.mark.parametrize(
    "value",
    [
        {"weights": [np.arange(6.0).reshape(2, 3), np.float32(0.5)], "seen": (1, "two", None, True)},
        [(1, 2.0), (3, 4.0)],
        {1: {2, 3}, (4, 5): frozenset({6})},
    ],
)
def test_a_file_gives_back_what_went_in(value) -> None:
    """Types and numbers are the same, under the same key alone."""
    content = as_file("key", value, (), 1 << 20)
    found = from_file(content, "key")
    assert found is not None
    assert repr(found[0]) == repr(value)
    assert found[1] == ()
    assert from_file(content, "another key") is None
    assert from_file(content[:-1], "key") is None


def test_what_is_no_plain_data_or_too_large_is_not_kept() -> None:
    """The reason is a sentence for staff."""
    with pytest.raises(NotKeptError, match="is not plain data"):
        as_file("key", object(), (), 1 << 20)
    with pytest.raises(NotKeptError, match="it takes more than 1 MiB"):
        as_file("key", np.zeros(1 << 20), (), 1 << 20)


def test_where_no_folder_is_known_nothing_is_kept_and_the_report_says_so() -> None:
    """As on the workers of a cluster; a check whose result follows from something unknown is not for a later run."""
    made = Artefacts(None, replace(passing("ann").replay, base="b", checks={"trains": "k"}))
    made.keep("trains", HandedOn(1.0, ()))
    made.keep("other", HandedOn(1.0, ()))
    assert list(made.not_kept) == ["trains"]
    assert "on the workers of a cluster" in made.not_kept["trains"]
    assert not made.written


def test_there_is_a_limit_for_each_check(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger file is not written, and the report says so."""
    monkeypatch.setattr(handed_on, "MOST_MIB", 0)
    before = training.grade(ASSIGNMENT, training.hand_in(NET))
    assert before.replay.not_kept == {"trains": "it takes more than 0 MiB"}
    assert not before.replay.artefacts


def test_nothing_is_kept_where_the_disk_is_nearly_full(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files only save time, so they leave room; grading goes on and says why nothing is kept."""
    monkeypatch.setattr(handed_on, "SPARE_MIB", 1 << 40)
    before = training.grade(ASSIGNMENT, training.hand_in(NET))
    assert "MiB are free in" in before.replay.not_kept["trains"]
    assert not before.replay.artefacts
    assert verdicts(before)["trains"] is Verdict.PASSED


def test_grade_keeps_files_in_the_store_and_says_what_ran_again(training: Training, tmp_path: Path) -> None:
    """Rows and files of the results database have what was handed on, for each run that rests on it."""
    texts: dict[str, Callable[[], str] | str] = {"ada": NET, "ben": UNPICKLED}
    for student, text in texts.items():
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "tiny.py").write_text(str(text))
    out = tmp_path / "out"
    arguments = ("grade", "tiny", str(tmp_path / "in"), "--out", str(out), "--course", str(training.root))
    done = run_command(*arguments, cwd=training.root)
    assert done.returncode == 0, done.stdout + done.stderr
    training.ran()
    training.declare(CHANGED)
    orphan = file_in(out / "grader.db.artefacts", "0" * 64)
    orphan.parent.mkdir()
    orphan.write_bytes(b"of a run that is no more")
    os.utime(orphan, (0, 0))
    done = run_command(*arguments, cwd=training.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(training.ran()) == ["large", "large", "trains"]
    said = " ".join(done.stdout.split())
    assert (
        "Run again though unchanged, for 1 submission: trains, because what it hands on cannot be kept: a Net" in said
    )
    with Store(sqlite_address(out / "grader.db")) as store:
        found = artefacts(store.database)
        assert [(each.check, each.name) for each in found] == [("trains", "handed on")]
        assert not orphan.exists()
        (sha256,) = {each.sha256 for each in found}
        assert len(read_artefact(store.artefacts, sha256)) == found[0].size
        assert file_in(store.artefacts, sha256).stat().st_mode & 0o777 == 0o600
