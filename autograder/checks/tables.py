"""Compare a table (DataFrame), a column (Series) or an index with the right one, in pandas' words.

Both sides are read as the records of `checks.records`, so nothing here needs pandas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .arguments import FLAG, LABELS, NOT_NEGATIVE, TEXT, TEXTS, Rule, either, one_of, optional, takes, wrong
from .compare import ALIKE
from .compare_tables import TEXT_DTYPES, compare_tables, listed
from .sheets import Sheet, hashable_label, sheet_of_expected
from .value_text import show

__all__ = ["table"]

_ORDERS = ("both", "columns", "rows", "none")
_DTYPE = re.compile(
    r"bool|boolean|category|complex(64|128)|[Ff]loat(16|32|64)|U?u?[Ii]nt(8|16|32|64)"
    r"|(datetime64|timedelta64)\[(s|ms|us|ns)(, .+)?\]|(interval|period|Sparse|string)(\[.+\])?|.+\[pyarrow\]"
)
_DTYPES = Rule(
    "'kind', 'exact', None, or a dictionary from columns to dtypes, such as {'price': 'float64'}",
    lambda value: (
        value is None or value in ("kind", "exact")
        if isinstance(value, str | None)
        else isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())
    ),
)


@takes(
    name=TEXT,
    columns=optional(LABELS),
    dtypes=_DTYPES,
    order=one_of(*_ORDERS),
    sorting=either(TEXT, TEXTS),
    index=FLAG,
    nan=FLAG,
    rtol=NOT_NEGATIVE,
    atol=NOT_NEGATIVE,
)
def table(
    got: object,
    expected: object = None,
    *,
    name: str = "result",
    columns: Sequence[Any] | None = None,
    dtypes: str | Mapping[Any, str] | None = "kind",
    order: str = "both",
    sorting: str | Sequence[str] = (),
    index: bool = True,
    nan: bool = True,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> None:
    """Fail unless a DataFrame (or a Series) is the expected one, or has the properties that are asked for.

    Args:
        got: a DataFrame or Series, as a submission returned it.
        expected: the right one: a real one, a record, or a dictionary of lists; None where only properties are asked.
        name: what sentences call the answer.
        columns: the labels of the columns that must be there and are compared; others may be beside them. None: exactly
            those of `expected`.
        dtypes: "kind" tells numbers, truth values, text, moments and categories apart, but no int64 from a float64;
            "exact" asks for the very dtypes (text may be object, str or string); a dictionary asks for some of them, as
            in ``{"price": "float64"}``; None looks at the values alone.
        order: "both", or whether only the "columns" or the "rows" must stand in the order of `expected`, or "none".
        sorting: the label of the column by which the rows must be sorted, or several, with "-" before one that falls;
            rows that are equal in these may stand in any order.
        index: whether the index must have the expected labels.
        nan: whether values may be missing where they are in `expected`; False: none may be, anywhere.
        rtol, atol: as of `close`.

    Raises:
        CheckFailed: the first difference found: columns, their order, number of rows, dtypes, missing values, sorting,
            index, values.
        InstructorError: an argument is none of these, or names a column that `expected` does not have.

    Examples:
        a DataFrame or a Series: columns and their order, number of rows, dtypes, missing values, sorting, index,
        values, in this order; see [Tables](#tables)

        >>> table(flats, {'rooms': [2.0, 3.0], 'city': ['Ulm', 'Bonn']}, name='clean(df)')
        clean(df): row 1, column 'rooms': expected 3.0, got NaN.

        without `expected`: only what the options ask for

        >>> table(flats, dtypes={'rooms': 'int64'})
        result: column 'rooms': expected int64, got float64.

        or that rows are sorted by some columns, "-" before one that falls

        >>> table(flats, sorting='city')
        result: not sorted by 'city': row 1 has 'Bonn' after 'Ulm'.
    """
    right = None if expected is None else sheet_of_expected(expected)
    by = [sorting] if isinstance(sorting, str) else list(sorting)
    _refuse(right, columns, dtypes, by)
    compare_tables(
        got,
        right,
        ALIKE,
        name=name,
        columns=columns,
        dtypes=dtypes,
        order=order,
        by=by,
        index=index,
        nan=nan,
        rtol=rtol,
        atol=atol,
    )


def _refuse(
    right: Sheet | None, columns: Sequence[Any] | None, dtypes: str | Mapping[Any, str] | None, by: Sequence[str]
) -> None:
    """Refuse columns that the expected table does not have, and dtypes that pandas has under no or another name."""
    asked = dtypes if isinstance(dtypes, Mapping) else {}
    for label, dtype in asked.items():
        if better := _dtype_name(dtype):
            raise wrong("table", "dtypes", dict(asked), f"{dtype!r} of {show(label)} is no dtype; {better}")
    if right is None or right.single:
        return
    known = set(map(hashable_label, right.labels))
    for argument, value, labels in (
        ("columns", columns, list(columns or ())),
        ("dtypes", dtypes, list(asked)),
        ("sorting", list(by), [each if hashable_label(each) in known else each.removeprefix("-") for each in by]),
    ):
        for label in labels:
            if hashable_label(label) not in known:
                text = f"the expected table has no column {show(label)}; its columns are {listed(right.labels)}"
                raise wrong("table", argument, value, text)


def _dtype_name(asked: str) -> str:
    """What to write in place of a name that no column has as its dtype, as the end of a sentence; "" for a good one."""
    if asked in TEXT_DTYPES or _DTYPE.fullmatch(asked):
        return ""
    try:
        name = np.dtype(asked).name
    except TypeError:
        name = ""
    if _DTYPE.fullmatch(name):
        return f"write {name!r}"
    return "write it as df.dtypes does, such as 'float64', 'int64', 'str', 'bool', 'category' or 'datetime64[ns]'"
