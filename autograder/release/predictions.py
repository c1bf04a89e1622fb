"""Files of predictions in a release: an example of each, a test of the form at home, and no label anywhere.

Labels leak in many shapes: as their own file, as a column beside the ids, as a bare list in the order of the inputs. So
every file of a release is read as a table, an array or JSON, as far as it is one, and compared with the labels.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from autograder.assignment.predictions import PSEUDONYM, Predictions
from autograder.checks.errors import InstructorError
from autograder.checks.local.kit import KIT
from autograder.checks.local.predictions import example_name

__all__ = ["examples_of", "form_test", "readme_of", "refuse_labels"]

_LONGEST = 256 << 20  # bytes of a file in which labels are looked for
_FEWEST = 8  # a column that agrees with so many labels of two kinds or more does not do so by chance

Column = tuple[str, ...]


def examples_of(asked: Sequence[Predictions]) -> dict[str, bytes]:
    """An example of each file, with all ids and the same prediction for each of them."""
    return {example_name(each.file): _example(each) for each in asked}


def _example(asked: Predictions) -> bytes:
    return replace(asked.form, file=example_name(asked.file)).example()


def form_test(asked: Predictions, question: str, title: str) -> str:
    """The public test of a file's form, as text."""
    classes = f", classes={asked.form.classes!r}" if asked.form.classes else ""
    return (
        f"@pytest.mark.question({json.dumps(question)}, {json.dumps(title, ensure_ascii=False)})\n"
        f"def test_{asked.stem}_format():\n"
        f'    """{asked.file} has the form that is asked for."""\n'
        "    from pathlib import Path\n\n"
        f"    from {KIT}.local.predictions import check_file\n\n"
        f"    check_file(Path(__file__).parent, {asked.file!r}, {asked.columns!r}{classes})"
    )


def readme_of(asked: Sequence[Predictions]) -> str:
    """The lines of a release's README about what is handed in."""
    lines = [
        f"- `{each.file}`: make it and hand it in, in the form of `{example_name(each.file)}`; "
        f"`{each.form.file}` holds {len(each.form.ids):,} predictions.\n"
        for each in asked
    ]
    optional = f"- `{PSEUDONYM}`: optional; with a name in its first line, under which you are on the leaderboard.\n"
    return "".join([*lines, optional]) if asked else ""


def refuse_labels(files: Mapping[str, bytes], asked: Sequence[Predictions]) -> None:
    """Look for the labels in every file of a release.

    Args:
        files: path in the release to content.
        asked: the files of predictions, which know the labels.

    Raises:
        InstructorError: a file holds them; the sentence says which.
    """
    own = {example_name(each.file) for each in asked}
    for path, content in files.items():
        if path.startswith(f"{KIT}/") or path in own or len(content) > _LONGEST:
            continue
        columns = [column for column in _columns(path, content) if len(column) >= _FEWEST]
        for each in asked:
            for number in range(len(each.columns)):
                labels = {name: row[number] for name, row in each.rows.items()}
                if _are_held(labels, columns):
                    raise InstructorError(
                        f"{path} of the release holds the labels of {each.file}; hand the inputs out without them."
                    )


def _are_held(labels: Mapping[str, str], columns: Sequence[Column]) -> bool:
    """Whether a column is the labels, in the order of the labels or of a column of ids beside it."""
    ordered = _plain(tuple(labels.values()))
    if len(set(ordered)) < 2:
        return False
    for column in columns:
        if _plain(column) == ordered:
            return True
    for ids in columns:
        names = [at for at, name in enumerate(ids) if name in labels]
        expected = _plain([labels[ids[at]] for at in names])
        if len(names) >= _FEWEST and len(set(expected)) > 1:
            for column in columns:
                if column is not ids and len(column) == len(ids) and _plain([column[at] for at in names]) == expected:
                    return True
    return False


def _plain(values: Sequence[str]) -> list[str | float]:
    """Numbers as numbers: 1, 1.0 and 1e0 are the same label."""
    found: list[str | float] = []
    for value in values:
        try:
            found.append(float(value))
        except ValueError:
            found.append(value.strip())
    return found


def _columns(path: str, content: bytes) -> Iterator[Column]:
    """Every column of texts and numbers that a file holds, as far as it is a table, an array, or JSON."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".npy":
        yield from _of_array(content)
    elif suffix == ".npz" and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _of_array(archive.read(name))
    elif suffix in (".json", ".ipynb"):
        try:
            yield from _of_json(json.loads(content))
        except (ValueError, RecursionError):
            return
    elif b"\0" not in content[:4096]:
        yield from _of_table(content.decode("utf-8", "replace"))


def _of_array(content: bytes) -> Iterator[Column]:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError):
        return
    if array.ndim == 1:
        yield tuple(map(str, array.tolist()))
    elif array.ndim == 2 and array.shape[1] <= 1000:
        yield from (tuple(map(str, column)) for column in array.T.tolist())
        yield tuple(map(str, np.argmax(array, axis=1).tolist())) if array.dtype.kind in "biuf" else ()


def _of_json(value: Any) -> Iterator[Column]:
    if isinstance(value, list):
        if value and not any(isinstance(each, list | dict) for each in value):
            yield tuple(map(str, value))
        if value and all(isinstance(each, dict) for each in value):
            for name in value[0]:
                yield tuple(str(each.get(name)) for each in value)
        for each in value:
            yield from _of_json(each)
    elif isinstance(value, dict):
        if value and not any(isinstance(each, list | dict) for each in value.values()):
            yield tuple(map(str, value))
            yield tuple(map(str, value.values()))
        for each in value.values():
            yield from _of_json(each)


def _of_table(text: str) -> Iterator[Column]:
    lines = [line for line in text.splitlines() if line.strip()]
    for delimiter in ",;\t":
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        width = max((len(row) for row in rows), default=0)
        if 1 <= width <= 1000 and (delimiter == "," or width > 1):
            for at in range(width):
                column = tuple(row[at].strip() if at < len(row) else "" for row in rows)
                yield column
                yield column[1:]  # below the names of the columns
