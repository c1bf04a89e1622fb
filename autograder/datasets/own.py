"""Data sets of the instructor's own: read, verified, and split by the course's seed."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from autograder.assignment.dataset import Dataset
from autograder.checks.errors import InstructorError
from autograder.checks.wording import reason_of
from autograder.datasets.records import DataSet, Split
from autograder.seeding import keys_of, number

__all__ = ["load"]

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_SHOWN = 8
_MOST_CLASSES = 0.5  # more different labels than this share of the rows are no classes
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class _Content:
    """All rows: features, labels, what names them, and how a part of them is written for students.

    `x` is an array with a row for each sample, or a dictionary from column to such an array. `written` makes the files
    of a part from its rows and what comes behind the names of its files.
    """

    x: Any
    y: Array
    written: Callable[[Array, str], dict[str, bytes]]
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def load(declared: Dataset, seed: str) -> DataSet:
    """Read and split a data set.

    Args:
        declared: with the folder of its files.
        seed: the course's.

    Raises:
        InstructorError: a file is not there, is not the declared one, or cannot be read as a table, as arrays or as
            images; or there are too few rows.
    """
    sums = _verified(declared)
    content = _read(declared)
    if len(content.y) == 0:
        raise InstructorError(f"{_where(declared)} has no rows.")
    parts = _split(declared, content, seed)
    digest = hashlib.sha256(repr(sorted(sums.items())).encode())
    for part in parts:
        digest.update(part.astype("<i8").tobytes() + b"\0")
    train, validation, hidden = (_part(content, rows) for rows in parts)
    return DataSet(
        declared.name,
        digest.hexdigest(),
        train=train,
        validation=validation,
        hidden=hidden,
        source=", ".join(str(_path(declared, file)) for file in declared.files),
        columns=content.columns,
        classes=content.classes,
        handed_out={**content.written(parts[0], ""), **content.written(parts[1], "_public")},
    )


# --- files ---


def _where(declared: Dataset) -> str:
    return f"The data set {declared.name!r}"


def _path(declared: Dataset, file: str) -> Path:
    assert declared.folder is not None
    return declared.folder / file


def _verified(declared: Dataset) -> dict[str, str]:
    """The sum of each file, which is the declared one where there is one."""
    found = {}
    for file in declared.files:
        path = _path(declared, file)
        if not path.exists():
            raise InstructorError(f"{_where(declared)} names {file!r}, but {path} does not exist.")
        found[file] = digest = _sum(path)
        declared_sum = declared.sums.get(file, digest)
        if digest != declared_sum:
            raise InstructorError(
                f"{_where(declared)}: {path} has the SHA-256 sum {digest}, expected {declared_sum}: the file was "
                "changed, or the declaration is of another one."
            )
    return found


def _sum(path: Path) -> str:
    """The sum of a file; of a folder, that of the names and sums of its images."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for each in _images(path):
        digest.update(f"{each.relative_to(path).as_posix()}\0{_sum(each)}\0".encode())
    return digest.hexdigest()


def _read(declared: Dataset) -> _Content:
    kinds = {PurePosixPath(file).suffix.lower() for file in declared.files}
    path = _path(declared, declared.files[0])
    if len(declared.files) == 1 and path.is_dir():
        return _of_images(declared, path)
    if len(declared.files) == 1 and kinds <= {".csv", ".tsv"}:
        return _of_table(declared, path, "\t" if kinds == {".tsv"} else ",")
    if len(declared.files) == 1 and kinds == {".npz"}:
        return _of_archive(declared, path)
    if len(declared.files) > 1 and kinds == {".npy"}:
        return _of_arrays(declared)
    raise InstructorError(
        f"{_where(declared)} has the files {', '.join(declared.files)}; give one .csv, .tsv or .npz file, several .npy "
        "files, or one folder of images."
    )


# --- tables ---


def _of_table(declared: Dataset, path: Path, delimiter: str) -> _Content:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if line]
    except UnicodeDecodeError as error:
        raise InstructorError(f"{path} is not UTF-8 text (byte {error.start:,}); save it as UTF-8.") from None
    except csv.Error as error:
        raise InstructorError(f"{path} cannot be read as a table: {error}.") from None
    if not lines:
        raise InstructorError(f"{path} is empty; its first line names the columns.")
    header, rows = lines[0], lines[1:]
    if len(set(header)) < len(header):
        raise InstructorError(f"{path} has two columns of one name; its first line names the columns.")
    for place, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise InstructorError(f"{path}: row {place} has {len(row)} values, expected {len(header)}.")
    label = _label(declared, header, "column")
    columns = {name: _typed([row[place] for row in rows]) for place, name in enumerate(header)}
    y = columns.pop(label)

    def written(chosen: Array, suffix: str) -> dict[str, bytes]:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows[each] for each in chosen)
        return {_named(declared.files[0], suffix): out.getvalue().encode()}

    return _Content(_together(columns), y, written, tuple(columns))


def _typed(values: Sequence[str]) -> Array:
    """A column as whole numbers, as numbers (an empty value is NaN), or as text."""
    for kind in (np.int64, np.float64):
        try:
            return np.array([kind(each) if each.strip() or kind is np.int64 else np.nan for each in values], kind)
        except (ValueError, OverflowError):
            continue
    return np.array(values, dtype=np.str_)


def _together(columns: Mapping[str, Array]) -> Any:
    """One array (rows, columns) where all columns are numbers, else each column by its name."""
    if columns and all(each.dtype.kind in "if" for each in columns.values()):
        return np.column_stack(list(columns.values()))
    return dict(columns)


# --- arrays ---


def _of_archive(declared: Dataset, path: Path) -> _Content:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InstructorError(f"{path} cannot be read as arrays without pickled objects: {reason_of(error)}.") from None
    label = _label(declared, arrays, "array")

    def written(chosen: Array, suffix: str) -> dict[str, bytes]:
        out = io.BytesIO()
        np.savez(out, **{name: each[chosen] for name, each in arrays.items()})
        return {_named(declared.files[0], suffix): out.getvalue()}

    return _of_columns(declared, arrays, label, written)


def _of_arrays(declared: Dataset) -> _Content:
    arrays = {}
    for file in declared.files:
        path = _path(declared, file)
        try:
            arrays[file] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InstructorError(
                f"{path} cannot be read as an array without pickled objects: {reason_of(error)}."
            ) from None

    def written(chosen: Array, suffix: str) -> dict[str, bytes]:
        found = {}
        for file, each in arrays.items():
            out = io.BytesIO()
            np.save(out, each[chosen])
            found[_named(file, suffix)] = out.getvalue()
        return found

    return _of_columns(declared, arrays, _label(declared, arrays, "file"), written)


def _of_columns(
    declared: Dataset, arrays: Mapping[str, Array], label: str, written: Callable[[Array, str], dict[str, bytes]]
) -> _Content:
    lengths = {name: len(each) if each.ndim else 0 for name, each in arrays.items()}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InstructorError(f"{_where(declared)} has arrays of different lengths: {text} rows.")
    others = {name: each for name, each in arrays.items() if name != label}
    if not others:
        raise InstructorError(f"{_where(declared)} holds nothing but its labels, {label!r}.")
    x = next(iter(others.values())) if len(others) == 1 else others
    return _Content(x, arrays[label], written, tuple(others))


# --- images ---


def _images(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in _IMAGES and path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _of_images(declared: Dataset, folder: Path) -> _Content:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise InstructorError(f"{_where(declared)} is a folder of images: run `pip install pillow`.") from None
    paths = _images(folder)
    classes = tuple(sorted({path.parent.name for path in paths}))
    if not paths:
        raise InstructorError(f"{folder} holds no images; put those of each class into a folder of its name.")
    pictures = []
    for path in paths:
        try:
            with Image.open(path) as image:
                pictures.append(np.asarray(image.convert("RGB")))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise InstructorError(f"{path} cannot be read as an image: {reason_of(error)}.") from None
        if pictures[-1].shape != pictures[0].shape:
            sizes = (f"{width} x {height}" for height, width, _ in (pictures[-1].shape, pictures[0].shape))
            raise InstructorError(f"{path} has another size than {paths[0].name}: {' and '.join(sizes)} pixels.")
    y = np.array([classes.index(path.parent.name) for path in paths], np.int64)
    name = PurePosixPath(declared.files[0]).name

    def written(chosen: Array, suffix: str) -> dict[str, bytes]:
        picked = [paths[each] for each in sorted(chosen)]
        return {f"{name}{suffix}/{path.parent.name}/{path.name}": path.read_bytes() for path in picked}

    return _Content(np.stack(pictures), y, written, classes=classes)


# --- parts ---


def _label(declared: Dataset, names: Iterable[str], what: str) -> str:
    known = list(names)
    if declared.label in known:
        return declared.label
    shown = ", ".join(map(repr, known[:_SHOWN])) + (" ..." if len(known) > _SHOWN else "")
    asked = f"no {what} {declared.label!r} for its labels" if declared.label else "labels of no name"
    raise InstructorError(f"{_where(declared)} has {asked}; give label= one of {shown}.")


def _named(file: str, suffix: str) -> str:
    """The name of a part's file in the folder that students get."""
    path = PurePosixPath(file)
    return f"{path.stem}{suffix}{path.suffix}"


def _split(declared: Dataset, content: _Content, seed: str) -> tuple[Array, Array, Array]:
    """Rows of the three parts, each in an order that tells nothing.

    Rows with equal features never lie in the hidden part and in another one, where their labels could be looked up.
    """
    drawn = number(keys_of(seed).hidden, "data", declared.name)
    # RandomState, because its stream is frozen: the split must stay the same with any numpy.
    order = np.random.RandomState([drawn & 0xFFFFFFFF, drawn >> 32]).permutation(len(content.y))
    groups = [order]
    if declared.stratified:
        kinds = np.unique(content.y)
        if content.y.ndim != 1 or len(kinds) > max(2, _MOST_CLASSES * len(content.y)):
            raise InstructorError(
                f"{_where(declared)} has {len(kinds)} different labels in {len(content.y)} rows, which are no classes; "
                "leave stratified out."
            )
        groups = [order[content.y[order] == kind] for kind in kinds]
    cut: list[list[Array]] = [[], [], []]
    for group in groups:
        ends = [round(len(group) * share) for share in (declared.given, declared.given + declared.public)]
        for part, rows in zip(cut, np.split(group, ends), strict=True):
            part.append(rows)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    given, public, hidden = (
        np.array(sorted(np.concatenate(part), key=lambda row: place[row]), np.int64) for part in cut
    )
    seen = {_key(content, row) for row in (*given, *public)}
    known = np.array([_key(content, row) in seen for row in hidden], bool)
    given, hidden = np.concatenate([given, hidden[known]]), hidden[~known]
    if min(map(len, (given, public, hidden))) == 0:
        raise InstructorError(
            f"{_where(declared)} has {len(order)} rows, of which {len(given)} are given, {len(public)} public and "
            f"{len(hidden)} hidden; each part needs one at least."
        )
    return given, public, hidden


def _key(content: _Content, row: int) -> bytes:
    """What the features of a row are, as bytes."""
    columns = content.x.values() if isinstance(content.x, dict) else [content.x]
    return b"\0".join(np.asarray(each[row]).tobytes() for each in columns)


def _part(content: _Content, rows: Array) -> Split:
    x = {name: each[rows] for name, each in content.x.items()} if isinstance(content.x, dict) else content.x[rows]
    y = content.y[rows]
    for each in (*(x.values() if isinstance(x, dict) else [x]), y):
        each.flags.writeable = False
    return Split(x, y)
