"""What running a course costs: 300 submissions collected from each kind of download, and their grades to each format.

``python benchmarks/course.py`` makes the downloads, collects each of them, and collects it again. Then the grades of
these students are exported in every format, into gradebooks of 300 where the format has one. Exit code 1: one took
longer than it may, or a grade did not get to its student.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import gradebooks  # noqa: E402 - from tests/

from autograder.formats.collection import collect_source  # noqa: E402
from autograder.formats.exporters import EXPORTERS, export, exporter_called  # noqa: E402
from autograder.formats.hand_ins import Asked  # noqa: E402
from autograder.formats.outgoing import Request  # noqa: E402
from autograder.submissions.roster import Person, Roster  # noqa: E402

STUDENTS = 300
MOST_SECONDS = 10.0
MOST_EXPORT_SECONDS = 5.0
FILES = {
    "softmax.py": "\n".join(f"def part_{number}(x):\n    return x + {number}\n" for number in range(60)),
    "weights.npy": b"\x93NUMPY" + bytes(range(256)) * 400,
    "notes.md": "What I did.\n" * 40,
}


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def moodle(number: int, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """One student's part of Moodle's download."""
    return {f"Student {number:03}_{1000 + number}_assignsubmission_file/{name}": data for name, data in files.items()}


def moodle_zips(number: int, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The same with an archive of a folder in it."""
    inner = {f"homework/{name.replace('softmax', 'softmax (1)')}": data for name, data in files.items()}
    return moodle(number, {"homework.zip": zipped(inner)})


def canvas(number: int, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """One student's part of Canvas' download."""
    parts = enumerate(files.items())
    return {f"student{number:03}_{1000 + number}_{5000 + 10 * number + at}_{name}": data for at, (name, data) in parts}


def gradescope(number: int, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """One student's part of Gradescope's export."""
    return {f"assignment_1_export/submission_{number}/{name}": data for name, data in files.items()}


def metadata() -> str:
    """Gradescope's metadata, with results as long as they are there."""
    results = "  :results:\n    tests:\n" + "".join(
        f"    - name: test {number}\n      score: 1.0\n      max_score: 1.0\n      output: all good\n"
        for number in range(15)
    )
    return "---\n" + "".join(
        f"submission_{number}:\n  :submitters:\n  - :name: Student {number:03}\n    :sid: 's{number:03}'\n"
        f"    :email: s{number}@example.org\n  :created_at: 2026-11-20 18:13:08.139000000 Z\n{results}"
        for number in range(STUDENTS)
    )


def measured(name: str, source: Path, folder: Path, roster: Roster) -> bool:
    """Collect a source twice, print what that took, and say whether it was quick enough."""
    into = folder / "submissions" / name
    seconds = []
    for _ in range(2):
        staging = into / ".staging"
        staging.mkdir(parents=True)
        began = time.perf_counter()
        result = collect_source(source, into, staging, Asked("softmax", ("softmax.py",)), roster=roster)
        seconds.append(time.perf_counter() - began)
        shutil.rmtree(staging)
        assert sum(line.state == "collected" for line in result.lines) == STUDENTS, result.lines[:3]
    assert result.known == STUDENTS
    print(f"{name:<12} {seconds[0]:6.2f} s   again {seconds[1]:6.2f} s   at most {MOST_SECONDS:g} s", flush=True)
    return max(seconds) < MOST_SECONDS


def exported(name: str, folder: Path) -> bool:
    """Export the grades of what was collected in every format, and check that every student's cell is filled."""
    students = sorted(each.name for each in (folder / "submissions" / name).iterdir() if each.is_dir())
    assert len(students) == STUDENTS
    out = gradebooks.graded(folder / "graded" / name, *(gradebooks.with_points(each) for each in students))
    people = [
        gradebooks.Student(1000 + number, f"Student {number:03}", f"s{number:03}", f"s{number}@example.org")
        for number in range(STUDENTS)
    ]
    files = {
        "canvas": gradebooks.canvas(people),
        "moodle": gradebooks.moodle(people),
        "gradescope": gradebooks.scores(replace(each, name=f"{each.name[-3:]} Student") for each in people),
    }
    roster = folder / "roster.csv"
    roster.write_text("id,name\n" + "".join(f"s{number:03},Student {number:03}\n" for number in range(STUDENTS)))
    seconds = {}
    for target in EXPORTERS:
        into = folder / f"{target}.csv"
        into.write_bytes(files.get(target, b""))
        request = Request(folder / "exported" / name / target, into if target in files else None)
        began = time.perf_counter()
        written = export(
            exporter_called(target), out, request, roster=roster, submissions=folder / "submissions" / name
        )
        seconds[target] = time.perf_counter() - began
        assert not written.incomplete, written.sentences
        if target in files:
            changed = gradebooks.differences(files[target], (request.to / into.name).read_bytes())
            assert list(changed.values()) == [("", "2.00")] * STUDENTS, (target, len(changed))
    shown = "  ".join(f"{target} {each:.2f}" for target, each in seconds.items())
    print(f"{name:<12} to  {shown} s   at most {MOST_EXPORT_SECONDS:g} s each", flush=True)
    return max(seconds.values()) < MOST_EXPORT_SECONDS


def clones(folder: Path) -> Path:
    """A folder of clones with one commit each."""
    first = folder / "first"
    first.mkdir(parents=True)
    for name, data in FILES.items():
        (first / name).write_bytes(data.encode() if isinstance(data, str) else data)
    git = ["git", "-C", str(first), "-c", "user.name=x", "-c", "user.email=x@y"]
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "work")):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    for number in range(STUDENTS):
        shutil.copytree(first, folder / "clones" / f"s{number:03}")
    return folder / "clones"


def main() -> int:
    """Measure every kind of download, and every format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    roster = Roster(tuple(Person(f"s{number:03}", f"Student {number:03}") for number in range(STUDENTS)))
    makers: dict[str, Callable[[int, Mapping[str, str | bytes]], dict[str, str | bytes]]] = {
        "moodle": moodle, "moodle-zips": moodle_zips, "canvas": canvas, "gradescope": gradescope,
    }  # fmt: skip
    good = True
    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        folder = Path(name)
        for kind, make in makers.items():
            files: dict[str, str | bytes] = {}
            for number in range(STUDENTS):
                own = {**FILES, "softmax.py": f"{FILES['softmax.py']}\n# {number}\n"}
                files.update(make(number, own))
            if kind == "gradescope":
                files["assignment_1_export/submission_metadata.yml"] = metadata()
            (folder / f"{kind}.zip").write_bytes(zipped(files))
            good &= measured(kind, folder / f"{kind}.zip", folder, roster) and exported(kind, folder)
        good &= measured("git", clones(folder / "git"), folder, roster) and exported("git", folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
