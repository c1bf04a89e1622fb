"""Downloads of learning platforms, made as their documentation and source say."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str | bytes]

PEOPLE = {
    "english": ("Ada Lovelace", "Bob Ross"),
    "german": ("Jürgen Groß", "Änne Müller-Lüdenscheidt"),
    "hebrew": ("עדה לאבלייס", "משה כהן"),
}
"""Two names in each of three languages, one of them written from right to left."""
PARTICIPANT = {"english": "Participant", "german": "Teilnehmer-in", "hebrew": "משתתף"}


def zipped(files: Files) -> bytes:
    """A zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def tarred(files: Files, how: str = "w:gz") -> bytes:
    """A tar file; `how` is a mode of `tarfile`."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=how) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def written(folder: Path, files: Files) -> Path:
    """The files in a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def moodle(
    people: Mapping[str, Files], *, folders: bool = True, underscore: bool = False, plugin: str = "file"
) -> Files:
    """What Moodle packs: `people` maps ``Full name_1234567`` to files."""
    made: dict[str, str | bytes] = {}
    for who, files in people.items():
        prefix = f"{who}_assignsubmission_{plugin}"
        for name, content in files.items():
            flat = f"{prefix}_{name.rpartition('/')[2]}"
            made[f"{prefix}{'_' if underscore else ''}/{name}" if folders else flat] = content
    return made


def canvas(people: Mapping[str, Files]) -> Files:
    """What Canvas packs: `people` maps ``lovelaceada_LATE_12345`` to files."""
    return {
        f"{who}_{60000 + 100 * at + number}_{name}": content
        for at, (who, files) in enumerate(people.items())
        for number, (name, content) in enumerate(files.items())
    }


def gradescope(submissions: Mapping[str, Files], metadata: str) -> Files:
    """What Gradescope packs: `submissions` maps ``submission_1`` to files."""
    made: dict[str, str | bytes] = {"assignment_77_export/submission_metadata.yml": metadata}
    for folder, files in submissions.items():
        made.update({f"assignment_77_export/{folder}/{name}": content for name, content in files.items()})
    return made


def submitters(*people: tuple[str, str, str], when: str = "2026-11-20 18:13:08.139000000 Z") -> str:
    """One submission of Gradescope's metadata: people as (name, sid, e-mail)."""
    lines = [f"  - :name: {name}\n    :sid: '{sid}'\n    :email: {email}\n" for name, sid, email in people]
    return f"  :submitters:\n{''.join(lines)}  :created_at: {when}\n  :score: 3.0\n  :history: []\n"


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its time and content, but for the lock."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
