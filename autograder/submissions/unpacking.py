"""An archive in a folder, as learning platforms and students put it there: unpacked where files are missing without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.checks.errors import StudentError, Verdict
from autograder.submissions.archives import read_archive
from autograder.submissions.folders import keep
from autograder.submissions.names import ARCHIVES, near, printable, unusable
from autograder.submissions.records import Contents

__all__ = ["unpack"]


def unpack(folder: Path, contents: Contents, wanted: Sequence[str]) -> None:
    """Add the files of the only archive in a folder to its contents, where a file that is asked for is missing there.

    They lie where the archive lies; what is there beside it goes before. Archives inside it stay closed.

    Args:
        folder: the folder.
        contents: what was read of it; it is changed.
        wanted: names of the files that are asked for.

    Raises:
        StudentError: nothing that is asked for lies beside the archive, and it is damaged, encrypted or too large; or
            together there is too much.
    """
    paths = (*contents.files, *contents.left_out)
    archives = [path for path in paths if path[-1].lower().endswith(ARCHIVES) and path[-1] not in wanted]
    names = {path[-1] for path in paths}
    here = [name for name in wanted if name in names or near(name, names, wanted)]
    if len(archives) != 1 or len(here) == len(wanted):
        return
    (archive,) = archives
    try:
        inside = read_archive(folder, contents.caps, archive)
        if not (inside.files or inside.left_out):
            raise StudentError(Verdict.MISSING, f"The file {printable('/'.join(archive))} is empty.")
    except StudentError:
        if here:
            return  # it may be anything
        raise
    contents.total -= len(contents.files.pop(archive, b""))
    contents.left_out.pop(archive, None)
    contents.newest = max(contents.newest, inside.newest)
    contents.unpacked = printable("/".join(archive))
    taken = {*contents.files, *contents.left_out}
    folders = {path[:length] for path in taken for length in range(1, len(path))}
    for parts in (*inside.files, *inside.left_out):
        path = (*archive[:-1], *parts)
        above = (path[:length] for length in range(1, len(path)))
        if path in taken or path in folders or any(each in taken for each in above):
            contents.left_out[(*archive, *parts)] = "lies beside the archive as well"
        elif reason := inside.left_out.get(parts, unusable(path, contents.caps.depth)):
            contents.left_out[path] = reason
        else:
            keep(contents, path, inside.files[parts])
