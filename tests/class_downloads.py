"""A class of any size as each platform hands it out, for `benchmarks/course.py` and a test of every source and target.

`SOURCES` makes a download of each kind; `collected` collects it, and `exported` exports the grades of those students in
every format of the registry, into gradebooks of the class where a format fills one.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import gradebooks

from autograder.formats.class_grades import Request
from autograder.formats.exporters import EXPORTERS, export, exporter_called
from autograder.formats.filing import Filing
from autograder.formats.hand_ins import Asked
from autograder.formats.sources import collect_source
from autograder.submissions.term import Person, Roster

__all__ = ["FILES", "NAMES", "SOURCES", "Took", "collected", "exported", "name_of", "roster_of", "to_nbgrader"]

Files = Mapping[str, str | bytes]

FILES: Files = MappingProxyType(
    {
        "softmax.py": "\n".join(f"def part_{number}(x):\n    return x + {number}\n" for number in range(60)),
        "weights.npy": b"\x93NUMPY" + bytes(range(256)) * 400,
        "notes.md": "What I did.\n" * 40,
    }
)


NAMES = ("Student", "Jürgen Groß", "משה כהן", "فاطمة الزهراء", "=Sum(1)", "Änne Müller-Lüdenscheidt", "Shane O'Neil")
"""What names begin with, in turn: of several languages, two from right to left, and what looks like a formula."""


def name_of(number: int) -> str:
    """The name of a student."""
    return f"{NAMES[number % len(NAMES)]} {number:03}"


def roster_of(count: int) -> Roster:
    """So many students, s000 and so on."""
    return Roster(tuple(Person(f"s{number:03}", name_of(number)) for number in range(count)))


def _zipped(files: Files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def _moodle(number: int, files: Files) -> dict[str, str | bytes]:
    return {f"{name_of(number)}_{1000 + number}_assignsubmission_file/{name}": data for name, data in files.items()}


def _moodle_zips(number: int, files: Files) -> dict[str, str | bytes]:
    inner = {f"homework/{name.replace('softmax', 'softmax (1)')}": data for name, data in files.items()}
    return _moodle(number, {"homework.zip": _zipped(inner)})


def _canvas(number: int, files: Files) -> dict[str, str | bytes]:
    parts = enumerate(files.items())
    who = "".join(each for each in name_of(number).lower() if each.isalnum())
    return {f"{who}_{1000 + number}_{5000 + 10 * number + at}_{name}": data for at, (name, data) in parts}


def _gradescope(number: int, files: Files) -> dict[str, str | bytes]:
    return {f"assignment_1_export/submission_{number}/{name}": data for name, data in files.items()}


def _nbgrader(number: int, files: Files) -> dict[str, str | bytes]:
    stamp = {"timestamp.txt": "2026-11-20 18:13:08 UTC"}
    return {f"submitted/s{number:03}/softmax/{name}": data for name, data in {**files, **stamp}.items()}


def _plain(number: int, files: Files) -> dict[str, str | bytes]:
    return {f"s{number:03}/{name}": data for name, data in files.items()}


def _metadata(count: int) -> str:
    """Gradescope's metadata, with results as long as they are there."""
    results = "  :results:\n    tests:\n" + "".join(
        f"    - name: test {number}\n      score: 1.0\n      max_score: 1.0\n      output: all good\n"
        for number in range(15)
    )
    return "---\n" + "".join(
        f"submission_{number}:\n  :submitters:\n  - :name: \"{name_of(number)}\"\n    :sid: 's{number:03}'\n"
        f"    :email: s{number}@example.org\n  :created_at: 2026-11-20 18:13:08.139000000 Z\n{results}"
        for number in range(count)
    )


def _archive(folder: Path, count: int, part: Callable[[int, Files], Files], more: Files = MappingProxyType({})) -> Path:
    """A zip file with everybody's part of a download."""
    files = dict(more)
    for number in range(count):
        files.update(part(number, {**FILES, "softmax.py": f"{FILES['softmax.py']!s}\n# {number}\n"}))
    path = folder / "download.zip"
    path.write_bytes(_zipped(files))
    return path


def _clones(folder: Path, count: int) -> Path:
    """A folder of clones with one commit each."""
    first = folder / "first"
    first.mkdir(parents=True)
    for name, data in FILES.items():
        (first / name).write_bytes(data.encode() if isinstance(data, str) else data)
    git = ["git", "-C", str(first), "-c", "user.name=x", "-c", "user.email=x@y"]
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "work")):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    for number in range(count):
        shutil.copytree(first, folder / "clones" / f"s{number:03}")
    return folder / "clones"


SOURCES: Mapping[str, Callable[[Path, int], Path]] = MappingProxyType(
    {
        "moodle": lambda folder, count: _archive(folder, count, _moodle),
        "moodle-zips": lambda folder, count: _archive(folder, count, _moodle_zips),
        "canvas": lambda folder, count: _archive(folder, count, _canvas),
        "gradescope": lambda folder, count: _archive(
            folder, count, _gradescope, {"assignment_1_export/submission_metadata.yml": _metadata(count)}
        ),
        "nbgrader": lambda folder, count: _archive(folder, count, _nbgrader),
        "plain": lambda folder, count: _archive(folder, count, _plain),
        "git": _clones,
    }
)
"""What makes a download of each kind in an empty folder, for so many students."""


@dataclass(frozen=True, slots=True)
class Took:
    """What something took: seconds of CPU, of this process and the children that have ended, and on the clock."""

    cpu: float
    wall: float

    @classmethod
    def since(cls, before: Took) -> Took:
        """From a moment on."""
        now = cls.now()
        return cls(now.cpu - before.cpu, now.wall - before.wall)

    @classmethod
    def now(cls) -> Took:
        """The present."""
        return cls(sum(os.times()[:4]), time.perf_counter())


def collected(source: Path, into: Path, count: int) -> tuple[Took, Took]:
    """Collect a download of so many students twice; what each time took. The second finds everything there."""
    seconds = []
    for _ in range(2):
        staging = into / ".staging"
        staging.mkdir(parents=True)
        began = Took.now()
        asked = Asked("softmax", ("softmax.py",))
        result = collect_source(source, staging, Filing(into, asked, roster_of(count)))
        seconds.append(Took.since(began))
        shutil.rmtree(staging)
        assert sum(line.state == "collected" for line in result.lines) == count, result.lines[:3]
    assert result.known == count
    return seconds[0], seconds[1]


def exported(submissions: Path, folder: Path, count: int) -> dict[str, Took]:
    """Export the grades of those who were collected in every format; what each took.

    Every student's cell of a file that is filled has the points, and no other cell differs.
    """
    students = sorted(each.name for each in submissions.iterdir() if each.is_dir())
    assert len(students) == count
    out = gradebooks.graded(folder / "graded", *(gradebooks.with_points(each) for each in students))
    people = [
        gradebooks.Student(1000 + number, name_of(number), f"s{number:03}", f"s{number}@example.org")
        for number in range(count)
    ]
    files = {
        "canvas": gradebooks.canvas(people),
        "moodle": gradebooks.moodle(people),
        "gradescope": gradebooks.scores(replace(each, name=f"{each.name[-3:]} {each.name[:-4]}") for each in people),
    }
    roster = folder / "roster.csv"
    roster.write_text("id,name\n" + "".join(f"{each.id},{each.name}\n" for each in roster_of(count).people))
    seconds = {}
    for target in EXPORTERS:
        into = folder / f"{target}.csv"
        into.write_bytes(files.get(target, b""))
        request = Request(folder / "exported" / target, into if target in files else None)
        began = Took.now()
        written = export(exporter_called(target), out, request, roster=roster, submissions=submissions)
        seconds[target] = Took.since(began)
        assert not written.incomplete, written.sentences
        if target in files:
            changed = gradebooks.differences(files[target], (request.to / into.name).read_bytes())
            assert list(changed.values()) == [("", "2.00")] * count, (target, len(changed))
    table = gradebooks.cells((folder / "exported" / "csv" / "grades.csv").read_bytes())
    assert len(table) == count + 1
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@"))]
    return seconds


def to_nbgrader(submissions: Path, folder: Path) -> Took:
    """Export the grades of a class that `exported` had into a gradebook of nbgrader's; what it took."""
    import sqlite3
    from contextlib import closing

    from autograder.cli.gradebook import export_gradebook
    from autograder.formats.nbgrader.gathering import Source

    home = folder / "nbgrader"
    home.mkdir()
    began = Took.now()
    export_gradebook(Source(folder / "graded", home), str(home / "gradebook.db"), None, None)
    took = Took.since(began)
    with closing(sqlite3.connect(home / "gradebook.db")) as database:
        found = database.execute(
            "select student_id, sum(auto_score) from submitted_assignment join submitted_notebook on "
            "submitted_notebook.assignment_id = submitted_assignment.id join grade on "
            "grade.notebook_id = submitted_notebook.id group by student_id"
        ).fetchall()
    assert found == [(each.name, 2.0) for each in sorted(submissions.iterdir()) if each.is_dir()], found[:3]
    return took
