"""The values of one column or of one level of an index, whatever pandas holds them in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .single import Missing, Moment, Span

__all__ = ["Array", "Values"]

Array = np.ndarray[Any, Any]
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One column's values.

    Attributes:
        dtype: as pandas writes it: ``"float64"``, ``"Int64"``, ``"datetime64[ns, UTC]"``, ``"category"``, ``"str"``.
        kind: ``"numbers"``, ``"objects"`` (texts, too), ``"moments"``, ``"spans"``, ``"periods"``, ``"categories"`` or
            ``"intervals"``.
        data: the numbers (n,); a list of objects; ticks (n,) of moments, spans and periods; codes (n,) of categories;
            None of intervals.
        missing: where a number that is not a float is missing, (n,), or None where none can be.
        detail: ``(unit, zone)`` of moments, ``(unit,)`` of spans, ``(frequency,)`` of periods,
            ``(categories, ordered)`` of categories, ``(left, right, closed)`` of intervals.
    """

    dtype: str
    kind: str
    data: Any
    missing: Array | None = None
    detail: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.detail[0] if self.kind == "intervals" else self.data)

    def missing_at(self) -> Array:
        """Where values are missing (NaN, NaT, NA, None, no category), (n,)."""
        if self.missing is not None:
            return self.missing
        if self.kind == "numbers":
            return np.isnan(self.data) if self.data.dtype.kind in "fc" else np.zeros(len(self), bool)
        if self.kind == "objects":
            return np.fromiter(map(_is_missing, self.data), bool, len(self.data))
        if self.kind == "categories":
            return np.asarray(self.data < 0)
        if self.kind == "intervals":
            return self.detail[0].missing_at()  # type: ignore[no-any-return]
        return np.asarray(self.data == _NAT)

    def tolist(self) -> list[Any]:
        """Python's values, moments and spans as records, missing ones as NaN, NaT, NA or None."""
        if self.kind == "objects":
            return list(self.data)
        if self.kind == "numbers":
            found = self.data.tolist()
            return found if self.missing is None else _filled(found, self.missing, Missing("NA"))
        if self.kind == "categories":
            names = [*self.detail[0].tolist(), math.nan]
            return [names[code] for code in self.data.tolist()]
        if self.kind == "intervals":
            left, right, closed = self.detail
            opening, ending = "[" if closed in ("left", "both") else "(", "]" if closed in ("right", "both") else ")"
            pairs = zip(left.tolist(), right.tolist(), strict=True)
            return _filled([f"{opening}{one}, {other}{ending}" for one, other in pairs], self.missing_at(), math.nan)
        ticks = self.data.tolist()
        if self.kind == "moments":
            made: list[Any] = [Moment(each, *self.detail) for each in ticks]
        else:
            made = [Span(each, *self.detail) for each in ticks] if self.kind == "spans" else ticks
        return _filled(made, self.missing_at(), Missing("NaT"))

    def to_numpy(self) -> Array:
        """As numpy has them: nullable numbers as floats where some are missing, moments in UTC, the rest as objects."""
        if self.kind == "numbers":
            if self.missing is None or not self.missing.any():
                return np.asarray(self.data)
            return np.where(self.missing, math.nan, self.data)
        if self.kind in ("moments", "spans"):
            return np.asarray(self.data).view(f"{'M8' if self.kind == 'moments' else 'm8'}[{self.detail[0]}]")
        found = self.detail[0].to_numpy() if self.kind == "categories" else None
        if found is not None and found.dtype.kind in "biufc" and len(found) and not self.missing_at().any():
            return np.asarray(found[self.data])
        made = np.empty(len(self), object)
        made[:] = self.tolist()
        return made

    def take(self, places: Any) -> Values:
        """The values at some places: whole numbers, or truth values (n,)."""
        if self.kind == "intervals":
            left, right, closed = self.detail
            return Values(self.dtype, self.kind, None, None, (left.take(places), right.take(places), closed))
        missing = None if self.missing is None else self.missing[places]
        if self.kind != "objects":
            return Values(self.dtype, self.kind, self.data[places], missing, self.detail)
        chosen = np.arange(len(self.data))[places].tolist()
        return Values(self.dtype, self.kind, [self.data[each] for each in chosen], missing, self.detail)


def _is_missing(value: Any) -> bool:
    return value is None or type(value) is Missing or (isinstance(value, float) and math.isnan(value))


def _filled(values: list[Any], missing: Array, instead: Any) -> list[Any]:
    for place in np.flatnonzero(missing).tolist():
        values[place] = instead
    return values
