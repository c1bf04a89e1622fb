"""What `run_autograder` runs in a container of Gradescope: grade the submission there, and write results.json.

The grader is that of `autograder grade`. It runs as root, and a submission as another user in the strongest sandbox
that the container allows; everything secret is closed to others before the first byte of a submission is read. Whatever
happens, a results file is written: without a score, it is a failure of the autograder, and the attempt does not count.

    python -m autograder.formats.gradescope.harness /autograder             grades
    python -m autograder.formats.gradescope.harness --prepare SOURCE        once, when the image is built
    python -m autograder.formats.gradescope.harness --open SOURCE           while the bundle is made
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.course import open_course
from autograder.formats.gradescope.results import Shown, failed_results, results_of, results_text
from autograder.grading.preparing import dataset_for, settings_of
from autograder.loader import load
from autograder.reports.files import read_reports, write_text
from autograder.submissions.term import course_roster, open_term

__all__ = ["main"]

_FAILED = "The grader could not grade this; that costs no points and no attempt. Please tell the course staff."
_TOO_LONG = "The grader did not finish in the time that Gradescope allows; that costs no points and no attempt."
_RESERVE_SECONDS = 45.0  # of the platform's time, for starting and for writing results
_RESERVE_MIB = 400  # of the container's memory, for the grader itself
_LEAST_MIB = 128
_MOST_LEVELS = 40  # of folders within each other in a submission
_MOST_FILES = 20_000
_STUDENT = "submission"
_MEMORY = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True, slots=True)
class _Settings:
    """`bundle.json`, which `bundle` wrote."""

    assignment: str
    minutes: float
    hidden: str
    data: str
    fetch: str


def main(arguments: Sequence[str]) -> int:
    """Grade, or prepare an image; returns the exit code. What is printed is for staff."""
    if len(arguments) == 2 and arguments[0] in ("--prepare", "--open"):
        return _prepare(Path(arguments[1]), here=arguments[0] == "--open")
    if len(arguments) != 1:
        sys.stderr.write("usage: harness AUTOGRADER_FOLDER, or harness --prepare SOURCE_FOLDER\n")
        return 2
    base = Path(arguments[0])
    results = base / "results"
    try:
        _close(base / "source", results)
        made = _graded(base)
    except GraderError as error:
        _say(str(error))
        made = failed_results(_FAILED)
    except OSError as error:
        _say(reason_of(error))
        made = failed_results(_FAILED)
    except Exception as error:  # noqa: BLE001 (a results file is written whatever happens; this is our fault)
        _say(f"{type(error).__name__}: {error}")
        made = failed_results(_FAILED)
    write_text(results / "results.json", results_text(made))
    (results / "results.json").chmod(0o600)
    return 0


def _prepare(source: Path, *, here: bool) -> int:
    """Fetch data, and open all that grading opens; what cannot be opened ends the building.

    With `here`, on the instructor's machine, nothing is fetched.
    """
    try:
        _close(source)
        settings = _settings(source)
        if not here:
            os.environ["AUTOGRADER_SEED"] = (source / "seed").read_text(encoding="utf-8")
        _open(source.resolve(), settings)
        if settings.fetch and not here:
            subprocess.run([*_AUTOGRADER, "data", "fetch", settings.fetch], check=True, cwd=source / "course")
    except OSError as error:
        _say(reason_of(error))
        return 1
    except (GraderError, subprocess.CalledProcessError) as error:
        _say(str(error))
        return 1
    if not here:
        _say(f"{settings.assignment} is ready to be graded here.")
    return 0


def _open(source: Path, settings: _Settings) -> None:
    """Open course, assignment, roster and data as grading does, from the course's folder.

    Raises:
        GraderError: something is missing or wrong.
    """
    folder = source / "course"
    os.chdir(folder)
    sys.path.insert(0, str(folder))  # as `python -m` does
    root, course = open_course(folder)
    loaded = load(root, settings.assignment)
    if course.roster is not None and not (root / course.roster).resolve().is_relative_to(root):
        raise InstructorError(f"Course.roster is {course.roster}; name it as in Path('roster.csv').")
    course_roster(course, root)
    open_term(root, course)
    if not settings.fetch:
        data = Path(_data(source, settings)[1]) if settings.data else None
        dataset_for(loaded, settings_of(data, course, loaded))


_AUTOGRADER = (sys.executable, "-m", "autograder")


def _close(*folders: Path) -> None:
    """Let nobody but this user into folders, and make sure that it is so.

    Raises:
        UsageError: a folder is open to others and stays so.
    """
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"{folder} cannot be closed to other users, so nothing is graded here.")


def _settings(source: Path) -> _Settings:
    try:
        return _Settings(**json.loads((source / "bundle.json").read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{source / 'bundle.json'} cannot be read ({reason_of(error)}); make the bundle again."
        ) from None


def _graded(base: Path) -> dict[str, Any]:
    """The content of results.json."""
    source = base / "source"
    settings = _settings(source)
    about = _metadata(base / "submission_metadata.json")
    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        folder = Path(name)
        folder.chmod(0o700)
        _copied(base / "submission", folder / "class" / _STUDENT)
        out = folder / "out"
        command = [*_AUTOGRADER, "grade", settings.assignment, str(folder / "class"), "--out", str(out)]
        command += ["--course", str(source / "course"), "--jobs", "1", "--sandbox", "auto"]
        command += [
            "--db",
            f"sqlite:///{folder}/grader.db",
            *_data(source, settings),
            *_limits(source, settings.assignment),
        ]
        if not _run(command, source, settings.minutes * 60 - _RESERVE_SECONDS):
            return failed_results(_TOO_LONG)
        reports = read_reports(out)
        if len(reports) != 1:
            raise UsageError(f"There are {len(reports)} reports of one submission.")
        results = results_of(reports[0], Shown(hidden=settings.hidden))
    results.setdefault("extra_data", {}).update(about)
    return results


def _run(command: Sequence[str], source: Path, seconds: float) -> bool:
    """Run the grader, and end it with all its children when the time is up; returns whether it ended by itself."""
    seed = (source / "seed").read_text(encoding="utf-8")
    environment = {**os.environ, "AUTOGRADER_SEED": seed, "COLUMNS": "160"}
    process = subprocess.Popen(command, env=environment, cwd=source / "course", start_new_session=True)
    try:
        process.wait(timeout=max(seconds, 1.0))
    except subprocess.TimeoutExpired:
        _say(f"Ended after {seconds:.0f} s, because the platform would end it soon.")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return True


def _copied(submission: Path, target: Path) -> None:
    """Copy what was handed in: folders and regular files. A link would be read here as root, so none is followed.

    What lies in too many folders within each other, or comes after too many files, is left out, and that is said.

    Raises:
        UsageError: there is no such folder.
    """
    if not submission.is_dir():
        raise UsageError(f"There is no folder {submission}.")
    target.mkdir(parents=True)
    seen = 0
    for here, folders, names in os.walk(submission):  # follows no links
        seen += len(names) + len(folders)
        if seen > _MOST_FILES:
            _say(f"Left out of the submission: everything after the first {_MOST_FILES}.")
            return
        if len(Path(here).relative_to(submission).parts) >= _MOST_LEVELS and folders:
            _say(f"Left out of the submission: folders more than {_MOST_LEVELS} levels deep.")
            folders.clear()
        below = target / Path(here).relative_to(submission)
        for name in folders:
            if not os.path.islink(os.path.join(here, name)):
                (below / name).mkdir()
        for name in names:
            path = Path(here, name)
            if stat.S_ISREG(path.lstat().st_mode):
                shutil.copyfile(path, below / name, follow_symlinks=False)


def _data(source: Path, settings: _Settings) -> list[str]:
    if not settings.data:
        return []
    return ["--data", str(source / "data") if settings.data == "data" else settings.data]


def _limits(source: Path, assignment: str) -> list[str]:
    """Less memory for the submission where the container has not as much as the assignment allows."""
    allowed = load(source / "course", assignment).assignment.limits.memory_mib
    room = container_mib() - _RESERVE_MIB
    if room >= allowed:
        return []
    _say(f"The container has {room + _RESERVE_MIB:.0f} MiB, so a submission gets {max(room, _LEAST_MIB):.0f} MiB.")
    return ["--limit", f"memory_mib={max(int(room), _LEAST_MIB)}"]


def container_mib(files: Sequence[str] = _MEMORY) -> float:
    """The memory of this container in MiB; infinite where nothing limits it."""
    found = []
    for path in files:
        with suppress(OSError, ValueError):
            found.append(int(Path(path).read_text(encoding="ascii")) / 2**20)
    return min(found, default=float("inf"))


def _metadata(path: Path) -> dict[str, Any]:
    """What results keep of the metadata: which submission it is, and how many attempts there were before.

    An attempt at which the grader failed does not count.
    """
    try:
        about = json.loads(path.read_bytes())
        before = about.get("previous_submissions") or []
        counted = sum(not each.get("autograder_error") for each in before)
        return {"submission_id": about.get("id"), "created_at": about.get("created_at"), "attempts_before": counted}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # grading needs none of it


def _say(sentence: str) -> None:
    """A line for staff, in the log of the container."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
