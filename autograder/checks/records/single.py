"""Records of single things: a moment, a member of an Enum, a data class, a tensor, a sparse matrix, a picture.

What a record stands for is made on demand: records ask `original`, and `conversion` says how each kind is made. So a
record can answer what only the real object knows, and nothing imports in a circle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

__all__ = ["Fields", "Member", "Missing", "Moment", "Named", "Picture", "Span", "Sparse", "Tensor", "makes", "original"]

_MAKERS: dict[type, Callable[[Any], Any]] = {}


def makes(*kinds: type) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Enter a function as what makes the real objects of some classes of records, or containers that hold them."""

    def entered(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        _MAKERS.update(dict.fromkeys(kinds, function))
        return function

    return entered


def original(record: Any) -> Any:
    """What a record stands for, made by the package that it comes from; any other value as it is.

    Raises:
        AttributeError: that package is not installed.
    """
    maker = _MAKERS.get(type(record))
    try:
        return maker(record) if maker else record
    except ImportError as error:
        raise AttributeError(f"{type(record).__name__}: {error.name} is not installed here") from None


Array = np.ndarray[Any, Any]
_LARGEST = 1 << 28  # bytes of a dense array that a sparse one becomes


@dataclass(frozen=True, slots=True)
class Missing:
    """``pd.NaT`` or ``pd.NA``, by `name`."""

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A ``pd.Timestamp``: `ticks` of a `unit` (``"ns"``) since 1970 in UTC, and the name of its time zone or None."""

    ticks: int
    unit: str
    zone: str | None = None

    @property
    def datetime64(self) -> np.datetime64:
        """The moment in UTC."""
        return np.datetime64(self.ticks, self.unit)  # type: ignore[no-any-return, call-overload]

    @property
    def datetime(self) -> datetime:
        """The same to the microsecond, in its time zone.

        Raises:
            ValueError, OverflowError: outside the years 1 to 9999.
        """
        made = self.datetime64.astype("M8[us]").item()
        if not isinstance(made, datetime):
            raise ValueError(f"{self.datetime64} has no datetime")
        return made.replace(tzinfo=UTC).astimezone(_zone(self.zone)) if self.zone else made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, datetime):
            return (other.tzinfo is None) == (self.zone is None) and self.datetime == other
        if isinstance(other, np.datetime64):
            return self.zone is None and bool(self.datetime64 == other)
        if not isinstance(other, Moment):
            return NotImplemented
        return (self.zone is None) == (other.zone is None) and bool(self.datetime64 == other.datetime64)

    def __hash__(self) -> int:
        return hash((self.datetime64.astype("M8[us]").astype(int), self.zone is None))

    def __repr__(self) -> str:
        try:
            text = str(self.datetime)
        except (ValueError, OverflowError, KeyError):
            text = str(self.datetime64)
        return f"Timestamp('{text}')"


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A ``pd.Timedelta``: `ticks` of a `unit` (``"ns"``)."""

    ticks: int
    unit: str

    @property
    def timedelta64(self) -> np.timedelta64:
        """The same as numpy has it."""
        return np.timedelta64(self.ticks, self.unit)  # type: ignore[no-any-return, call-overload]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (timedelta, np.timedelta64)):
            return bool(self.timedelta64 == np.timedelta64(other))
        return bool(self.timedelta64 == other.timedelta64) if isinstance(other, Span) else NotImplemented

    def __hash__(self) -> int:
        return hash(int(self.timedelta64.astype("m8[us]").astype(int)))

    def __repr__(self) -> str:
        return f"Timedelta('{self.timedelta64}')"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an Enum, by the names of its class and itself, with its value."""

    class_name: str
    name: str
    value: Any

    def __repr__(self) -> str:
        return f"{self.class_name}.{self.name}"

    def __hash__(self) -> int:
        return hash((self.class_name, self.name))


@dataclass(frozen=True, slots=True, repr=False)
class Fields:
    """An object of a data class without methods: its class's name, and its fields, which are attributes as well."""

    class_name: str
    fields: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.fields:
            raise AttributeError(f"{self.class_name} has no field {name!r}")
        return self.fields[name]

    def __repr__(self) -> str:
        return f"{self.class_name}({', '.join(f'{name}={value!r}' for name, value in self.fields.items())})"


class Named(tuple[Any, ...]):
    """A named tuple: a tuple whose items are attributes as well; `class_name` and `names` tell what it was."""

    class_name: str
    names: tuple[str, ...]

    def __new__(cls, class_name: str, names: Iterable[str], items: Iterable[Any]) -> Named:
        """The items under their names."""
        made = super().__new__(cls, items)
        made.__dict__.update(class_name=class_name, names=tuple(names))
        return made

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__.get("names", ()):
            raise AttributeError(f"a named tuple has no {name!r}")
        return self[self.names.index(name)]

    def __reduce__(self) -> Any:
        return Named, (self.class_name, self.names, tuple(self))

    def __repr__(self) -> str:
        return f"{self.class_name}({', '.join(f'{n}={each!r}' for n, each in zip(self.names, self, strict=True))})"


class Tensor(np.ndarray[Any, Any]):
    """The numbers of a torch tensor, which what is computed from them is not any more.

    Attributes:
        torch_dtype: such as ``"float32"`` or ``"bfloat16"``, whose numbers are held as float32.
        requires_grad: as torch has it.
        torch_device: such as ``"cpu"`` or ``"cuda:0"``.
    """

    torch_dtype: str
    requires_grad: bool
    torch_device: str

    def __new__(
        cls, array: Array, torch_dtype: str = "", *, requires_grad: bool = False, device: str = "cpu"
    ) -> Tensor:
        """A view of an array of numbers."""
        made = np.asarray(array).view(cls)
        made.__dict__.update(
            torch_dtype=torch_dtype or made.dtype.name, requires_grad=requires_grad, torch_device=device
        )
        return made

    def __array_finalize__(self, source: Any) -> None:
        known = getattr(source, "__dict__", {})
        kept = known.get("torch_dtype") if known and source.dtype == self.dtype else None
        self.__dict__.update(
            torch_dtype=kept or self.dtype.name, requires_grad=False, torch_device=known.get("torch_device", "cpu")
        )

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Any:
        """What is computed is an ordinary array."""
        plain = np.asarray(array)
        return plain[()] if return_scalar or plain.ndim == 0 else plain

    def detach(self) -> Tensor:
        """Itself without a gradient, as in torch."""
        return Tensor(self, self.torch_dtype, device=self.torch_device)

    def cpu(self) -> Tensor:
        """The numbers are here already."""
        return self

    def numpy(self) -> Array:
        """The numbers as an ordinary array."""
        return np.asarray(self)

    def __reduce__(self) -> Any:
        return _tensor, (np.asarray(self), self.torch_dtype, self.requires_grad, self.torch_device)

    def __repr__(self) -> str:
        text = np.array2string(self.numpy(), separator=", ", threshold=20)
        return f"tensor({text}, dtype={self.torch_dtype})"


def _tensor(array: Array, torch_dtype: str, requires_grad: bool, device: str) -> Tensor:
    return Tensor(array, torch_dtype, requires_grad=requires_grad, device=device)


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A sparse matrix or array of scipy. Any method of scipy's can be called where scipy is installed.

    Attributes:
        format: ``"csr"``, ``"csc"``, ``"coo"``, ``"bsr"``, ``"dia"``, ``"dok"`` or ``"lil"``.
        is_matrix: whether it is of the older classes, such as ``csr_matrix``.
        shape: of the whole.
        data: the numbers that are stored, as the format has them.
        places: where they belong: ``indices`` and ``indptr`` (csr, csc, bsr), ``offsets`` (dia), or one array of
            coordinates for each dimension (the others).
    """

    format: str
    is_matrix: bool
    shape: tuple[int, ...]
    data: Array
    places: tuple[Array, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        dtype: np.dtype[Any] = self.data.dtype
        return dtype

    @property
    def class_name(self) -> str:
        """Such as ``csr_matrix``."""
        return f"{self.format}_{'matrix' if self.is_matrix else 'array'}"

    def entries(self) -> tuple[Array, Array]:
        """Coordinates (ndim, n) of all entries that are not zero, in the order of rows, and their sums (n,)."""
        coordinates, data = self._stored()
        flat = np.zeros(len(data), np.int64)
        order = np.lexsort(tuple(coordinates[::-1])) if len(data) else flat
        coordinates, data = coordinates[:, order], data[order]
        if len(data):
            first = np.concatenate([[True], np.any(coordinates[:, 1:] != coordinates[:, :-1], axis=0)])
            data = np.logical_or.reduceat(data, np.flatnonzero(first)) if data.dtype == bool else np.add.reduceat(
                data, np.flatnonzero(first)
            )  # fmt: skip
            coordinates = coordinates[:, first]
        kept = data != 0
        return coordinates[:, kept], data[kept]

    def _stored(self) -> tuple[Array, Array]:
        if self.format in ("csr", "csc"):
            indices, pointers = self.places
            major = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
            pair = (major, indices) if self.format == "csr" else (indices, major)
            return np.array(pair if len(self.shape) > 1 else (indices,), np.int64), self.data
        if self.format == "bsr":
            indices, pointers = self.places
            _, height, width = self.data.shape
            block = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
            rows = block[:, None, None] * height + np.arange(height)[None, :, None] + np.zeros((1, 1, width), int)
            columns = indices[:, None, None] * width + np.arange(width)[None, None, :] + np.zeros((1, height, 1), int)
            return np.array([rows.ravel(), columns.ravel()], np.int64), self.data.ravel()
        if self.format == "dia":
            (offsets,) = self.places
            columns = np.broadcast_to(np.arange(self.data.shape[1]), self.data.shape)
            rows = columns - np.asarray(offsets)[:, None]
            inside = (rows >= 0) & (rows < self.shape[0]) & (columns < self.shape[1])
            return np.array([rows[inside], columns[inside]], np.int64), self.data[inside]
        return np.array(self.places, np.int64).reshape(len(self.shape), -1), self.data

    def toarray(self) -> Array:
        """The dense array.

        Raises:
            ValueError: it would take more than 256 MiB.
        """
        if math.prod(self.shape) * self.dtype.itemsize > _LARGEST:
            raise ValueError(f"a dense array of shape {self.shape} would take more than {_LARGEST >> 20} MiB")
        dense = np.zeros(self.shape, self.dtype)
        coordinates, data = self.entries()
        dense[tuple(coordinates)] = data
        return dense

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(original(self), name)

    def __getitem__(self, key: Any) -> Any:
        return original(self)[key]

    def __repr__(self) -> str:
        return f"<{self.class_name} of shape {self.shape} and dtype {self.dtype}>"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A PIL image: its mode (``"RGB"``), its pixels (height, width) or (height, width, bands), a palette or None."""

    mode: str
    pixels: Array
    palette: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), as PIL has it."""
        return (self.pixels.shape[1], self.pixels.shape[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.pixels, dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(original(self), name)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("an image has no items; look at its pixels")

    def __repr__(self) -> str:
        return f"<image of mode {self.mode} and size {self.size}>"


def _zone(name: str | None) -> Any:
    """A time zone by its name in the IANA's table; else, as in "UTC+02:00", by what it says."""
    if name is None:
        return None
    text = name.removeprefix("UTC")
    if name.startswith("UTC") and len(text) >= 6 and text[0] in "+-":
        hours, minutes = int(text[1:3]), int(text[4:6])
        return datetime.fromisoformat(f"2000-01-01T00:00:00{text[0]}{hours:02}:{minutes:02}").tzinfo
    return UTC if name == "UTC" else ZoneInfo(name)
