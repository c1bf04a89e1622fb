"""Records of what packages make, and the other way round: pandas, scipy, torch and PIL are looked at, never needed.

`recorded` runs where a value is (in a sandbox, in a student's Python, in a check), and finds a package only where
somebody has imported it. `real` makes the real thing again, and imports what that takes. Both walk plain data: what
needs no look inside (`holds_only`), and the same value with other items in its places (`mapped`).
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from enum import Enum
from itertools import chain
from types import FunctionType
from typing import Any

import numpy as np

from .generators import Draws, real_generator
from .pandas import Column, Index, Table
from .pandas_conversion import PLAIN_NUMPY, REAL_OF_PANDAS, Reduce, UnreadableError, of_pandas
from .serialization import RECORDS
from .single import Fields, Member, Named, Picture, Sparse, Tensor, makes
from .values import Values

__all__ = [
    "ATOMS",
    "SCALARS",
    "SIMPLE",
    "UnreadableError",
    "holds",
    "holds_only",
    "is_data",
    "mapped",
    "names_of",
    "real",
    "record_of",
    "recorded",
]

_PACKAGES = frozenset(("pandas", "scipy", "torch", "PIL"))
_CONTAINERS = frozenset((list, tuple, dict, OrderedDict, defaultdict, Counter, deque))


def is_data(kind: type) -> bool:
    """Whether a class is a data class that nobody wrote methods for, so that its fields are all there is to it."""
    return dataclasses.is_dataclass(kind) and not any(
        isinstance(entry, (FunctionType, property, classmethod, staticmethod))
        and (name[:1] != "_" or name == "__call__")
        for each in kind.__mro__[:-1]
        for name, entry in vars(each).items()
    )


def names_of(kind: type) -> tuple[str, ...] | None:
    """The names of a named tuple's items; None for any other class."""
    names = getattr(kind, "_fields", None) if issubclass(kind, tuple) else None
    whole = type(names) is tuple and all(type(each) is str and each.isidentifier() for each in names)
    return names if whole else None


def record_of(value: Any) -> Any:
    """The record of a value of a package's, or the value itself; for expected values, which an instructor made.

    Raises:
        UnreadableError: it has no record.
    """
    if type(value) in RECORDS:
        return value
    made = recorded(value, _plain)
    return value if made is None else made


def _plain(value: Any) -> Any:
    if type(value) is np.ndarray and value.dtype.kind in "US":
        return value.tolist()
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    return {key: _plain(each) for key, each in value.items()} if type(value) is dict else record_of(value)


def recorded(value: Any, reduce: Reduce) -> Any:
    """The record of a value of pandas, scipy, torch or PIL, or of an Enum member or data; None where it has none.

    Args:
        value: anything.
        reduce: makes plain data of what is inside, such as the values of a column of objects.

    Raises:
        UnreadableError: it is of one of these packages, and cannot be read.
    """
    kind = type(value)
    if isinstance(value, Enum):
        return Member(kind.__name__, value.name or str(value), reduce(value.value))
    if is_data(kind):
        fields = {field.name: reduce(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return Fields(kind.__name__, fields)
    for each in kind.__mro__:
        package = (getattr(each, "__module__", None) or "").partition(".")[0]
        if package in _PACKAGES and package in sys.modules:
            return _OF_PACKAGE[package](sys.modules[package], value, reduce)
    return None


# --- scipy, torch, PIL ---


def _of_scipy(_: Any, value: Any, reduce: Reduce) -> Any:
    sparse = sys.modules.get("scipy.sparse")
    if sparse is None or not sparse.issparse(value):
        return None
    is_matrix = isinstance(value, sparse.spmatrix)
    form, held = value.format, value
    places: tuple[Any, ...]
    if form in ("csr", "csc", "bsr"):
        count = int(held.indptr[-1])
        places = (held.indices[:count], held.indptr)
        data = held.data[:count]
    elif form == "dia":
        data, places = held.data, (held.offsets,)
    else:
        held = held.tocoo()
        data, places = held.data, tuple(getattr(held, "coords", None) or (held.row, held.col))
    whole = tuple(np.array(each, np.int32 if each.dtype == np.int32 else np.int64) for each in places)
    if data.dtype.kind not in PLAIN_NUMPY:
        raise UnreadableError(f"A sparse matrix of dtype {data.dtype} could not be read.")
    return Sparse(form, is_matrix, tuple(map(int, value.shape)), reduce(np.ascontiguousarray(data)), whole)


def _real_sparse(record: Sparse) -> Any:
    sparse = importlib.import_module("scipy.sparse")
    kind = getattr(sparse, record.class_name)
    data, places = record.data.copy(), tuple(each.copy() for each in record.places)
    if record.format in ("csr", "csc", "bsr", "dia"):
        return kind((data, *places), shape=record.shape)
    entries = sparse.coo_matrix if record.is_matrix else sparse.coo_array
    made = entries((data, places), shape=record.shape)
    return made if record.format == "coo" else made.asformat(record.format)


def _of_torch(torch: Any, value: Any, reduce: Reduce) -> Any:
    if not isinstance(value, getattr(torch, "Tensor", ())):
        return str(value).removeprefix("torch.") if isinstance(value, (torch.dtype, torch.device)) else None
    tensor: Any = value
    try:
        plain = tensor.detach().cpu()
        if plain.layout is not torch.strided:
            plain = plain.to_dense()
        if plain.is_quantized:
            plain = plain.dequantize()
        name = str(plain.dtype).removeprefix("torch.")
        if name == "bfloat16" or name.startswith("float8"):
            plain, name = plain.float(), "bfloat16" if name == "bfloat16" else "float32"
        array = reduce(np.asarray(plain.resolve_conj().resolve_neg().numpy()))
        return Tensor(array, name, requires_grad=bool(tensor.requires_grad), device=str(tensor.device))
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise UnreadableError(f"A torch tensor of type {tensor.dtype} could not be read: {error}") from error


def _real_tensor(record: Tensor) -> Any:
    torch = importlib.import_module("torch")
    made = torch.from_numpy(np.array(record, order="C"))
    if record.torch_dtype != str(made.dtype).removeprefix("torch."):
        made = made.to(getattr(torch, record.torch_dtype))
    if record.torch_device.startswith("cuda") and torch.cuda.is_available():
        made = made.to(record.torch_device)
    return made.requires_grad_() if record.requires_grad else made


def _of_pillow(_: Any, value: Any, reduce: Reduce) -> Any:
    image = sys.modules.get("PIL.Image")
    if image is None or not isinstance(value, image.Image):
        return None
    palette = bytes(value.getpalette("RGB") or ()) if value.mode in ("P", "PA") else None
    pixels = np.array(value)
    if pixels.dtype == bool:
        pixels = pixels.view(np.uint8) != 0  # PIL writes 255 for true, which is no truth value of numpy's
    return Picture(value.mode, reduce(pixels), palette)


def _real_picture(record: Picture) -> Any:
    image = importlib.import_module("PIL.Image")
    pixels = np.ascontiguousarray(record.pixels)
    if record.mode == "1":
        return image.fromarray(pixels)
    made = image.frombytes(record.mode, record.size, pixels.tobytes())
    if record.palette:
        made.putpalette(record.palette)
    return made


_OF_PACKAGE: dict[str, Callable[[Any, Any, Reduce], Any]] = {
    "pandas": of_pandas,
    "scipy": _of_scipy,
    "torch": _of_torch,
    "PIL": _of_pillow,
}


# --- records as what they stand for ---


def _no_class(_: str) -> None:
    """Where nobody knows a class by its name."""


def real(
    value: Any, class_of: Callable[[str], Any] = _no_class, other: Callable[[Any], Any] = lambda each: each
) -> Any:
    """Plain data with each record replaced by what it stands for; a value without any is given back itself.

    Args:
        value: plain data.
        class_of: the class of that name, of an Enum, a data class or a named tuple; where it gives None, the record
            stays.
        other: what becomes of a value that is neither plain nor a record.

    Raises:
        ImportError: a package that makes it is not installed.
    """
    kind = type(value)
    if kind in SIMPLE:
        return value

    def back(each: Any) -> Any:
        return each if type(each) in SIMPLE else real(each, class_of, other)

    if kind is Named or kind is Fields or kind is Member:
        return _real_own(value, class_of(value.class_name), back)
    maker = _REAL.get(kind)
    if maker is not None:
        return maker(value, back)
    if kind is set or kind is frozenset:
        return kind(map(back, value)) if any(type(each) not in SIMPLE for each in value) else value
    if kind in (dict, OrderedDict, defaultdict, Counter) and any(type(each) not in SIMPLE for each in value):
        made = value.copy()
        dict.clear(made)
        for key, each in value.items():
            made[back(key)] = back(each)
        return made
    return mapped(value, back) if kind in _CONTAINERS else other(value)


def _real_own(record: Any, kind: Any, back: Reduce) -> Any:
    """A named tuple, an object of a data class, or a member of an Enum, of the submission's class."""
    if isinstance(record, Named):
        items = [back(each) for each in record]
        if isinstance(kind, type) and names_of(kind) == record.names:
            return tuple.__new__(kind, items)
        return Named(record.class_name, record.names, items)
    if isinstance(record, Member):
        known = isinstance(kind, type) and issubclass(kind, Enum)
        return kind.__members__.get(record.name, record) if known else record
    fields: Mapping[str, Any] = {name: back(each) for name, each in record.fields.items()}
    if not (
        isinstance(kind, type) and is_data(kind) and {each.name for each in dataclasses.fields(kind)} == set(fields)
    ):
        return Fields(record.class_name, fields)
    made: Any = object.__new__(kind)
    for name, each in fields.items():
        object.__setattr__(made, name, each)
    return made


_REAL: dict[type, Callable[[Any, Reduce], Any]] = {
    **REAL_OF_PANDAS,
    Sparse: lambda record, _: _real_sparse(record),
    Tensor: lambda record, _: _real_tensor(record),
    Picture: lambda record, _: _real_picture(record),
    Draws: lambda record, _: real_generator(record),
}


@makes(*_REAL, Named, Fields, Member, *_CONTAINERS, set, frozenset)
def _original(record: Any) -> Any:
    """The real object of a record, of a class of the submission's the record itself."""
    return real(record)


# --- plain data, walked ---

ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes))
SCALARS = frozenset(np.dtype(code).type for code in "?bBhHiIlLqQefdFD")
SIMPLE = ATOMS | SCALARS | {np.ndarray}
"""Exact types of values that are plain as they are, but for arrays of something else than numbers."""
_SEQUENCES = frozenset((list, tuple))


def holds_only(value: list[Any] | tuple[Any, ...], kinds: frozenset[type]) -> bool:
    """Whether all items are of these exact types, or lists and tuples of such items; found at the speed of C."""
    found = set(map(type, value))
    if kinds.issuperset(found):
        return True
    return _SEQUENCES.issuperset(found) and kinds.issuperset(map(type, chain.from_iterable(value)))


def mapped(value: Any, change: Callable[[Any], Any], *, flat: bool = True) -> Any:
    """A container or record with each of its items replaced by what `change` gives; itself where nothing changes.

    Anything else is given back as it is. With `flat`, `change` leaves numbers, texts and arrays alone, so that a list
    of nothing else need not be walked.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        if flat and holds_only(value, SIMPLE):
            return value
        made = [change(each) for each in value]
        return kind(made) if any(map(_differ, made, value)) else value
    if kind is dict or kind in (OrderedDict, defaultdict, Counter):
        return _mapping(value, change)
    if kind is deque:
        return deque((change(each) for each in value), value.maxlen)
    if kind is Named:
        return Named(value.class_name, value.names, [change(each) for each in value])
    if kind is Fields:
        return Fields(value.class_name, {name: change(each) for name, each in value.fields.items()})
    if kind is Table:
        content = tuple(_values(each, change) for each in value.content)
        return Table(content, mapped(value.index, change), mapped(value.labels, change))
    if kind is Column:
        return Column(_values(value.content, change), mapped(value.index, change), value.name)
    if kind is Index:
        return Index(tuple(_values(each, change) for each in value.levels), value.names, value.class_name)
    return value


def holds(value: Any, kind: type) -> bool:
    """Whether a value is of a class, or holds something that is, at any depth."""
    found = isinstance(value, kind)

    def look(each: Any) -> Any:
        nonlocal found
        found = found or isinstance(each, kind)
        return each if found else mapped(each, look)

    mapped(value, look)
    return found


def _values(values: Values, change: Callable[[Any], Any]) -> Values:
    if values.kind == "objects":
        return Values(values.dtype, values.kind, mapped(values.data, change), values.missing, values.detail)
    if values.kind == "categories":
        categories, ordered = values.detail
        return Values(values.dtype, values.kind, values.data, values.missing, (_values(categories, change), ordered))
    return values


def _mapping(value: Any, change: Callable[[Any], Any]) -> Any:
    made = {key: change(each) for key, each in value.items()}
    if not any(map(_differ, made.values(), value.values())):
        return value
    kind = type(value)
    if kind is dict:
        return made
    if kind is defaultdict:
        return defaultdict(value.default_factory, made)
    new = kind()
    if kind is OrderedDict:
        new.update(made)
    else:
        dict.update(new, made)  # a Counter would add
    return new


def _differ(one: Any, other: Any) -> bool:
    return one is not other
