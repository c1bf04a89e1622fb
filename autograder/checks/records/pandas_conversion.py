"""Records of pandas made of what pandas has, and pandas made of records again."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .pandas import Column, Index, Table
from .single import Missing, Moment, Span
from .values import Values

__all__ = ["PLAIN_NUMPY", "REAL_OF_PANDAS", "Reduce", "UnreadableError", "of_pandas"]


Reduce = Callable[[Any], Any]

PLAIN_NUMPY = "biufc"


class UnreadableError(ValueError):
    """A value of a package that has no record; the text is one sentence."""


def of_pandas(pandas: Any, value: Any, reduce: Reduce) -> Any:
    """The record of a value of pandas; None where it has none."""
    if value is pandas.NaT or value is pandas.NA:
        return Missing("NaT" if value is pandas.NaT else "NA")
    if isinstance(value, pandas.Timestamp):
        moment = value.to_datetime64()
        unit = np.datetime_data(moment.dtype)[0]
        return Moment(int(moment.view("i8")), unit, _zone_name(value.tz))
    if isinstance(value, pandas.Timedelta):
        span = value.to_timedelta64()
        return Span(int(span.view("i8")), np.datetime_data(span.dtype)[0])
    if isinstance(value, pandas.DataFrame):
        columns = tuple(_values(pandas, value.iloc[:, place].array, reduce) for place in range(value.shape[1]))
        return Table(columns, _index(pandas, value.index, reduce), _index(pandas, value.columns, reduce))
    if isinstance(value, pandas.Series):
        index = _index(pandas, value.index, reduce)
        return Column(_values(pandas, value.array, reduce), index, reduce(value.name))
    if isinstance(value, pandas.Index):
        return _index(pandas, value, reduce)
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return Column(_values(pandas, value, reduce), _index(pandas, pandas.RangeIndex(len(value)), reduce))
    if isinstance(value, (pandas.Period, pandas.Interval)):
        return str(value)
    return None


def _index(pandas: Any, index: Any, reduce: Reduce) -> Index:
    if isinstance(index, pandas.MultiIndex):
        levels = tuple(_values(pandas, index.get_level_values(place).array, reduce) for place in range(index.nlevels))
        return Index(levels, tuple(reduce(list(index.names))), "MultiIndex")
    known = next(each.__name__ for each in type(index).__mro__ if each.__module__.partition(".")[0] == "pandas")
    return Index((_values(pandas, index.array, reduce),), (reduce(index.name),), known)


def _values(pandas: Any, array: Any, reduce: Reduce) -> Values:
    """The values of a column, as pandas holds them in an array of its own kind."""
    dtype, kinds = array.dtype, pandas.api.types
    text = str(dtype)
    if isinstance(array, pandas.arrays.NumpyExtensionArray) and not isinstance(dtype, pandas.StringDtype):
        held = np.ascontiguousarray(array.to_numpy())
        numeric = held.dtype.kind in PLAIN_NUMPY
        return Values(str(held.dtype), "numbers" if numeric else "objects", reduce(held if numeric else held.tolist()))
    if isinstance(dtype, pandas.CategoricalDtype):
        detail = (_values(pandas, array.categories.array, reduce), bool(array.ordered))
        return Values(text, "categories", np.array(array.codes, np.int64), None, detail)
    if isinstance(dtype, pandas.IntervalDtype):
        ends = (_values(pandas, each.array, reduce) for each in (array.left, array.right))
        return Values(text, "intervals", None, None, (*ends, array.closed))
    if isinstance(dtype, pandas.PeriodDtype):
        return Values(text, "periods", np.array(array.asi8), None, (array.freqstr,))
    if kinds.is_datetime64_any_dtype(dtype) and hasattr(array, "asi8"):
        unit_and_zone = (getattr(array, "unit", "ns"), _zone_name(array.tz))
        return Values(text, "moments", np.array(array.asi8), None, unit_and_zone)
    if kinds.is_timedelta64_dtype(dtype) and hasattr(array, "asi8"):
        return Values(text, "spans", np.array(array.asi8), None, (getattr(array, "unit", "ns"),))
    if isinstance(dtype, pandas.SparseDtype):
        return Values(text, "numbers", reduce(np.ascontiguousarray(array.to_dense())))
    if kinds.is_bool_dtype(dtype) or kinds.is_numeric_dtype(dtype):
        missing = np.asarray(array.isna(), bool)
        numpy_type = getattr(dtype, "numpy_dtype", None) or (bool if kinds.is_bool_dtype(dtype) else float)
        numbers = array.to_numpy(dtype=numpy_type, na_value=numpy_type(0) if numpy_type is bool else 0)
        return Values(text, "numbers", reduce(np.ascontiguousarray(numbers)), missing)
    return Values(text, "objects", reduce(array.tolist() if hasattr(array, "tolist") else list(array)))


def _zone_name(zone: Any) -> str | None:
    """As pandas writes it; one with no name that is known everywhere by its distance from UTC."""
    if zone is None:
        return None
    text = str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
    if text in ("UTC", "tzutc()"):
        return "UTC"
    offset = zone.utcoffset(None)
    if offset is None:
        return text
    minutes = int(offset.total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _real_values(pandas: Any, values: Values, back: Reduce) -> Any:
    dtype, detail = values.dtype, values.detail
    data = values.data.copy() if isinstance(values.data, np.ndarray) else values.data
    if values.kind == "numbers" and values.missing is None:
        return data if not dtype.startswith("Sparse") else pandas.array(data, dtype=dtype)
    if values.kind == "numbers":
        made = pandas.array(data, dtype=dtype)
        made[values.missing] = pandas.NA
        return made
    if values.kind == "categories":
        categories = pandas.Index(_real_values(pandas, detail[0], back))
        return pandas.Categorical.from_codes(data, dtype=pandas.CategoricalDtype(categories, ordered=detail[1]))
    if values.kind == "intervals":
        left, right = (_real_values(pandas, each, back) for each in detail[:2])
        return pandas.arrays.IntervalArray.from_arrays(left, right, closed=detail[2])
    if values.kind == "periods":
        return pandas.PeriodIndex.from_ordinals(data, freq=detail[0]).array
    if values.kind == "moments":
        made = pandas.DatetimeIndex(data.view(f"M8[{detail[0]}]"))
        return (made.tz_localize("UTC").tz_convert(detail[1]) if detail[1] else made).array
    if values.kind == "spans":
        return pandas.TimedeltaIndex(data.view(f"m8[{detail[0]}]")).array
    objects = np.empty(len(data), object)
    objects[:] = [back(each) for each in data]
    return objects if dtype == "object" else pandas.array(objects, dtype=dtype)


def _real_index(pandas: Any, index: Index, back: Reduce) -> Any:
    names = [back(each) for each in index.names]
    if index.class_name == "MultiIndex":
        levels = [pandas.Index(_real_values(pandas, level, back)) for level in index.levels]
        return pandas.MultiIndex.from_arrays(levels, names=names)
    level = index.levels[0]
    if index.class_name == "RangeIndex" and level.kind == "numbers":
        numbers = level.data
        start = int(numbers[0]) if len(numbers) else 0
        step = int(numbers[1]) - start if len(numbers) > 1 else 1
        if step and np.array_equal(numbers, start + step * np.arange(len(numbers))):
            return pandas.RangeIndex(start, start + step * len(numbers), step, name=names[0])
    array = _real_values(pandas, level, back)
    return pandas.Index(array, name=names[0], dtype=getattr(array, "dtype", None))


def _real_column(record: Column, back: Reduce) -> Any:
    pandas = importlib.import_module("pandas")
    index = _real_index(pandas, record.index, back)
    values = _real_values(pandas, record.content, back)
    return pandas.Series(values, index=index, name=back(record.name), dtype=values.dtype, copy=False)


def _real_table(record: Table, back: Reduce) -> Any:
    pandas = importlib.import_module("pandas")
    index = _real_index(pandas, record.index, back)
    columns = [_real_values(pandas, each, back) for each in record.content]
    series = {place: pandas.Series(each, index=index, dtype=each.dtype) for place, each in enumerate(columns)}
    made = pandas.DataFrame(series, index=index)
    made.columns = _real_index(pandas, record.labels, back)
    return made


def _real_moment(record: Moment) -> Any:
    pandas = importlib.import_module("pandas")
    made = pandas.Timestamp(record.datetime64)
    return made.tz_localize("UTC").tz_convert(record.zone) if record.zone else made


REAL_OF_PANDAS: dict[type, Callable[[Any, Reduce], Any]] = {
    Table: _real_table,
    Column: _real_column,
    Index: lambda record, back: _real_index(importlib.import_module("pandas"), record, back),
    Moment: lambda record, _: _real_moment(record),
    Span: lambda record, _: importlib.import_module("pandas").Timedelta(record.timedelta64),
    Missing: lambda record, _: getattr(importlib.import_module("pandas"), record.name),
}
"""By the type of a record: what makes the value of pandas that it stands for."""
