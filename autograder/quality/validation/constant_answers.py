"""A solution that computes nothing: what students write gives the same answer to every call, or its own object."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from autograder.markers import regions

__all__ = ["CONSTANTS", "constant", "written_names"]

CONSTANTS = {
    "None": "None",
    "0": "0",
    "NaN": "float('nan')",
    "an empty list": "[]",
    "an empty tuple": "()",
    "an empty dictionary": "{}",
    "an empty text": "''",
    "zeros of the right shape": "_blank(right, 0)",
    "ones of the right shape": "_blank(right, 1)",
    "NaN of the right shape": "_blank(right, float('nan'))",
    "empty ones of the right type": "_empty(right)",
    "the object itself, from methods that do nothing": "itself",
}
"""What is answered, for people, and how it is computed inside; `right` is what the reference would answer.

Empty ones are arrays of no rows with the right dtype and tables of no rows with the right columns: for these the
reference is run once for arguments of the same types, and not once for each shape. `itself` is the object of a method;
functions and constructors give None.
"""

_CONSTANT = '''

def _constant(function, method=False):
    import copy
    import functools
    import sys

    known = {{}}

    def _blank(value, number):
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if isinstance(value, bool):
            return bool(number)
        if isinstance(value, (int, float, complex)):
            return type(value)(number) if number == number else number
        if isinstance(value, str):
            return ""
        if type(value) in (list, tuple):
            return type(value)(_blank(each, number) for each in value)
        if type(value) is dict:
            return {{key: _blank(each, number) for key, each in value.items()}}
        if numpy and isinstance(value, (numpy.ndarray, numpy.generic)):
            if value.dtype.kind in "biu" and number != number:
                return numpy.full_like(value, number, dtype=float)
            return numpy.full_like(value, number) if value.dtype.kind in "biufc" else value
        if torch and isinstance(value, torch.Tensor):
            if not value.is_floating_point() and not value.is_complex() and number != number:
                value = value.float()
            return torch.full_like(value, number, requires_grad=value.is_floating_point())
        pandas = sys.modules.get("pandas")
        if pandas and isinstance(value, pandas.Series) and value.dtype.kind in "biufc":
            return pandas.Series(_blank(value.to_numpy(), number), index=value.index, name=value.name)
        if pandas and isinstance(value, pandas.DataFrame):
            return value.apply(lambda column: _blank(column, number) if column.dtype.kind in "biufc" else column)
        return None

    def _empty(value):
        numpy, torch, pandas = (sys.modules.get(name) for name in ("numpy", "torch", "pandas"))
        if pandas and isinstance(value, (pandas.DataFrame, pandas.Series)):
            return value.iloc[:0]
        if numpy and isinstance(value, (numpy.ndarray, numpy.generic)):
            return numpy.empty((0, *value.shape[1:]), dtype=value.dtype)
        if torch and isinstance(value, torch.Tensor):
            return torch.empty((0, *value.shape[1:]), dtype=value.dtype)
        if type(value) in (list, tuple, dict, str, set):
            return type(value)()
        return None

    def kind(value):
        return type(value).__name__

    def shape(value):
        if type(value) in (list, tuple):
            return len(value), str(shape(value[0])) if value else ""
        plain = value if type(value) in (int, str, bool) else ""
        return type(value).__name__, str(getattr(value, "shape", plain))

    def reference(given, named):
        """What the function would answer, without the marks that it leaves on objects, numbers and figures."""
        plots = sys.modules.get("matplotlib.pyplot")
        open_before = set(plots.get_fignums()) if plots else set()
        try:
            return function(*copy.deepcopy(given), **copy.deepcopy(named))
        finally:
            for number in set(plots.get_fignums()) - open_before if plots else ():
                plots.close(number)

    @functools.wraps(function)
    def call(*given, **named):
        if {asks!r}:
            form = kind if {once!r} else shape
            key = str([form(each) for each in (*given, *named.values())])
            if key not in known:
                known[key] = reference(given, named)
            right = known[key]
        itself = given[0] if method and given and function.__name__ != "__init__" else None
        return {answer}

    return call


for _name in {names!r}:
    _owner, _, _last = _name.rpartition(".")
    _place = globals().get(_owner) if _owner else None
    _found = vars(_place).get(_last) if _place else globals().get(_name)
    if isinstance(_found, type):
        for _method, _function in list(vars(_found).items()):
            if type(_function) is type(_constant) and _method[:2] != "__":
                setattr(_found, _method, _constant(_function, True))
    elif type(_found) is type(_constant):
        if _place:
            setattr(_place, _last, _constant(_found, True))
        else:
            globals()[_name] = _constant(_found)
    elif _name in globals():
        globals()[_name] = _constant(lambda _value=_found: _value)()
'''


def constant(source: str, names: Iterable[str], answer: str) -> str:
    """A module whose functions of those names, methods of such classes, and values, give or are one of `CONSTANTS`.

    Args:
        source: the text of the reference's module.
        names: qualified names of what students write, such as ``Network.backprop`` or ``mean``.
        answer: a value of `CONSTANTS`.
    """
    return source + _CONSTANT.format(names=tuple(names), answer=answer, asks="right" in answer, once="_empty" in answer)


def written_names(source: str, file: str) -> tuple[str, ...]:
    """The qualified names of what the solution regions of a module define: functions, classes and values.

    Args:
        source: the text of the reference's module.
        file: its name, for messages.

    Raises:
        InstructorError: the markers of its regions do not fit together.
    """
    found = regions(source, file)
    names = dict.fromkeys(region.name for region in found if region.name)
    for statement in ast.parse(source).body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and any(statement.lineno in region for region in found):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                names |= dict.fromkeys(each.id for each in ast.walk(target) if isinstance(each, ast.Name))
    return tuple(names)
