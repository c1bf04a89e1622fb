"""A file of predictions, read strictly: each id once, finite numbers or known classes, and nothing run. It is shipped.

    .csv       a line with the names of the columns, then one line for each id
    .npy       an array (n,) or (n, k), in the order of the inputs
    .parquet   a table with the columns of a .csv; needs pyarrow

Whoever grades reads such a file in a process that can do nothing but compute; students read their own here.
"""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..errors import CheckFailed, InstructorError, StudentError, Verdict
from ..wording import counted, reason_of

__all__ = ["ID", "KINDS", "MOST_BYTES", "Form", "answer_to", "check_file", "example_name", "question_of", "values_of"]

KINDS = (".csv", ".npy", ".parquet")
ID = "id"
MOST_BYTES = 64 << 20
_LONGEST_LINE = 4096
_LONGEST_SHOWN = 40
_MOST_HEADER = 4096
_HEAD = struct.Struct("<Q")
_RIGHT, _WRONG = b"1", b"0"
_MARK = b"\xef\xbb\xbf"  # what some editors begin UTF-8 with

if TYPE_CHECKING:  # what only declares an assignment needs no numpy
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Form:
    """What a file of predictions must be.

    Args:
        file: its name.
        ids: one for each input, in order.
        columns: the names of the predicted columns.
        classes: the texts that a prediction may be; none where predictions are numbers.
    """

    file: str
    ids: tuple[str, ...]
    columns: tuple[str, ...] = ("prediction",)
    classes: tuple[str, ...] = ()

    def read(self, content: bytes) -> Array:
        """The predictions in the order of the ids: (n,) of one column, (n, k) of several; of classes, their numbers.

        Raises:
            CheckFailed: the file is not of this form; one sentence says what is wrong, and where.
        """
        if len(content) > MOST_BYTES:
            raise self._wrong(f"has more than {MOST_BYTES >> 20} MiB; expected {counted(len(self.ids), 'prediction')}")
        if self.file.endswith(".npy"):
            return self._array(content)
        rows = self._parquet(content) if self.file.endswith(".parquet") else self._csv(content)
        found = self._by_id(rows)
        return found[:, 0] if len(self.columns) == 1 else found

    def example(self) -> bytes:
        """A file of this form in which all predictions are alike."""
        import numpy as np

        if self.file.endswith(".npy"):
            written = io.BytesIO()
            shape = (len(self.ids), len(self.columns))[: 1 + (len(self.columns) > 1)]
            np.save(written, np.full(shape, self.classes[0]) if self.classes else np.zeros(shape))
            return written.getvalue()
        value = self.classes[0] if self.classes else "0"
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((ID, *self.columns))
        writer.writerows((each, *[value] * len(self.columns)) for each in self.ids)
        return text.getvalue().encode()

    # --- tables: rows with where they stand ---

    def _csv(self, content: bytes) -> Iterator[tuple[str, Sequence[str]]]:
        try:
            text = content.removeprefix(_MARK).decode()
        except UnicodeDecodeError as error:
            raise self._wrong(f"is no UTF-8 text (byte {error.start:,}); save it as CSV in UTF-8") from None
        if "\0" in text:
            raise self._wrong("holds NUL characters, so it is no CSV file; save it as CSV in UTF-8")
        lines = text.splitlines()
        if not lines:
            raise self._wrong(f"is empty; expected a first line {self._head}")
        if long := next((number for number, line in enumerate(lines, 1) if len(line) > _LONGEST_LINE), 0):
            raise self._wrong(f"has a line of more than {_LONGEST_LINE:,} characters (line {long})")
        delimiter = max(",;\t", key=lines[0].count)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            head = [each.strip() for each in next(reader)]
            yield from self._columns(head, ((f"line {reader.line_num}", row) for row in reader if row))
        except csv.Error as error:
            raise self._wrong(f"cannot be read as CSV (line {reader.line_num}): {error}") from None

    def _parquet(self, content: bytes) -> Iterator[tuple[str, Sequence[str]]]:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise InstructorError(
                f"{self.file} is read by pyarrow, which is not installed: pip install pyarrow"
            ) from None
        try:
            file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
            if file.metadata.num_rows > 2 * len(self.ids) + 1000 or file.metadata.num_columns > 1000:
                raise self._wrong(f"has {file.metadata.num_rows:,} rows; expected {len(self.ids):,}")
            table = file.read(use_threads=False, use_pandas_metadata=False).columns
            columns = [["" if each is None else str(each) for each in column.to_pylist()] for column in table]
            head = list(map(str, file.schema_arrow.names))
        except (CheckFailed, MemoryError):  # memory has a limit of its own where it is read
            raise
        except Exception as error:  # noqa: BLE001 (such as a date that Python has not)
            raise self._wrong(f"cannot be read as Parquet: {_short(reason_of(error))}") from None
        rows = zip(*columns, strict=True)
        yield from self._columns(head, ((f"row {number}", row) for number, row in enumerate(rows, 1)))

    def _columns(
        self, head: Sequence[str], rows: Iterator[tuple[str, Sequence[str]]]
    ) -> Iterator[tuple[str, Sequence[str]]]:
        """The rows, with the id first and the other columns in their order."""
        if sorted(head) != sorted((ID, *self.columns)):
            raise self._wrong(f"has the columns {_short(','.join(head))}; expected {self._head}")
        order = [head.index(name) for name in (ID, *self.columns)]
        for place, row in rows:
            if len(row) != len(head):
                raise self._wrong(f"has {counted(len(row), 'value')} in {place}; expected {len(head)}")
            yield place, [row[at].strip() for at in order]

    def _by_id(self, rows: Iterator[tuple[str, Sequence[str]]]) -> Array:
        import numpy as np

        places = {name: number for number, name in enumerate(self.ids)}
        found: Array = np.full((len(self.ids), len(self.columns)), np.nan)
        seen: dict[str, str] = {}
        for place, (name, *values) in rows:
            if name not in places:
                raise self._wrong(f"has the id {_quoted(name)} in {place}, which is none of the inputs'")
            if name in seen:
                raise self._wrong(f"has the id {_quoted(name)} twice, in {seen[name]} and {place}")
            seen[name] = place
            found[places[name]] = [
                self._number(text, f"{place}, column {column}")
                for text, column in zip(values, self.columns, strict=True)
            ]
        if missing := [name for name in self.ids if name not in seen]:
            raise self._wrong(
                f"has no prediction for {len(missing):,} of {len(self.ids):,} ids, such as {_quoted(missing[0])}"
            )
        return found

    def _number(self, text: str, where: str) -> float:
        if self.classes:
            if text not in self.classes:
                raise self._wrong(f"has {_quoted(text)} in {where}; expected one of {_short(', '.join(self.classes))}")
            return float(self.classes.index(text))
        try:
            value = float(text)
        except ValueError:
            raise self._wrong(f"has {_quoted(text)} in {where}; expected a number") from None
        if not math.isfinite(value):
            raise self._wrong(f"has {_quoted(text)} in {where}; expected a finite number")
        return value

    # --- arrays ---

    def _array(self, content: bytes) -> Array:
        """The array of an .npy file: its header is read strictly, and its numbers only where the header is right."""
        import numpy as np

        file = io.BytesIO(content)
        try:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, fortran, dtype = read(file, max_header_size=_MOST_HEADER)
            described, size = _short(shape), dtype.itemsize * math.prod(shape)
            f"{size:,}"  # a number of thousands of digits cannot be written
        except Exception:  # noqa: BLE001 (a header can make numpy raise anything)
            raise self._wrong(
                f"is no .npy file with one array of numbers; save it with numpy.save({self.file!r}, array)"
            ) from None
        one = len(self.columns) == 1
        expected = [(len(self.ids),), (len(self.ids), 1)] if one else [(len(self.ids), len(self.columns))]
        if dtype.kind not in ("U" if self.classes else "biuf") or not dtype.itemsize:
            kind = "texts" if self.classes else "numbers"
            raise self._wrong(f"holds an array of dtype {_short(dtype)}; expected {kind}")
        if shape not in expected:
            raise self._wrong(f"holds an array of shape {described}; expected {expected[0]}")
        data = content[file.tell() :]
        if len(data) != size:
            raise self._wrong(f"has {len(data):,} bytes of numbers; its header says {size:,}")
        order: Literal["F", "C"] = "F" if fortran else "C"
        if self.classes:
            codes = np.frombuffer(data, np.dtype(np.uint32).newbyteorder(dtype.byteorder))
            if codes.max() > sys.maxunicode:
                raise self._wrong("holds texts with characters that do not exist")
        values: Array = np.frombuffer(data, dtype).reshape(shape, order=order)
        if self.classes:
            values = np.array([self._number(str(each), "the array") for each in values.ravel()]).reshape(shape)
        with np.errstate(all="ignore"):  # what is too large for it becomes infinite, and is refused
            values = values.astype(np.float64)
        if bad := int(np.sum(~np.isfinite(values))):
            raise self._wrong(f"is NaN or infinite in {bad:,} of {values.size:,} entries")
        return values.reshape(len(self.ids)) if one else values

    @property
    def _head(self) -> str:
        return ",".join((ID, *self.columns))

    def _wrong(self, what: str) -> CheckFailed:
        """A name in a file may hold halves of characters, which no report can."""
        return CheckFailed(f"{self.file} {what}.".encode("utf-8", "replace").decode())


def question_of(form: Form, content: bytes) -> bytes:
    """A file with the form that it must have, for a process that reads it."""
    head = json.dumps([form.file, form.ids, form.columns, form.classes]).encode()
    return _HEAD.pack(len(head)) + head + content


def answer_to(question: bytes) -> bytes:
    """What is said of a file in the process that reads it: its numbers, or what is wrong."""
    (length,) = _HEAD.unpack_from(question)
    file, ids, columns, classes = json.loads(question[_HEAD.size : _HEAD.size + length])
    form = Form(file, tuple(ids), tuple(columns), tuple(classes))
    try:
        return _RIGHT + form.read(question[_HEAD.size + length :]).astype("<f8").tobytes()
    except CheckFailed as error:
        return _WRONG + str(error).encode()


def values_of(form: Form, answer: bytes) -> Array:
    """The predictions of such an answer, as `Form.read` gives them.

    Raises:
        CheckFailed: the file is not of the form.
    """
    import numpy as np

    if answer[:1] == _WRONG:
        raise CheckFailed(answer[1:].decode("utf-8", "replace"))
    values: Array = np.frombuffer(answer[1:], "<f8")
    return values.reshape((len(form.ids), len(form.columns))[: 1 + (len(form.columns) > 1)])


def example_name(file: str) -> str:
    """The name of the example of a file in a release: ``example_predictions.csv``; of Parquet, it is CSV as well."""
    name = PurePath(file)
    return f"example_{name.stem}{'.csv' if name.suffix == '.parquet' else name.suffix}"


def check_file(folder: Path, file: str, columns: Sequence[str], classes: Sequence[str] = ()) -> None:
    """Check the form of a file of predictions in the folder of a release, by the example that lies there.

    Raises:
        StudentError: the file is not there yet (NOT_ATTEMPTED).
        CheckFailed: it is not of the form that is asked for.
    """
    import numpy as np

    if not (folder / file).is_file():
        raise StudentError(Verdict.NOT_ATTEMPTED, f"Not attempted: {file} is not there yet")
    example = folder / example_name(file)
    if not example.is_file():
        raise InstructorError(f"{example.name} is missing; it came with the tests, which need it.")
    if example.suffix == ".npy":
        ids = tuple(map(str, range(len(np.load(example, allow_pickle=False)))))
    else:
        ids = tuple(row[0] for row in csv.reader(example.read_text("utf-8").splitlines()[1:]) if row)
    Form(file, ids, tuple(columns), tuple(classes)).read((folder / file).read_bytes())


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")


def _short(text: object) -> str:
    shown = " ".join(str(text).split())
    return shown if len(shown) <= 4 * _LONGEST_SHOWN else f"{shown[: 4 * _LONGEST_SHOWN]}..."
