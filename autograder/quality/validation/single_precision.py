"""A module in single precision, as students write it who prefer float32."""

from __future__ import annotations

__all__ = ["in_float32"]

IN_FLOAT32 = """

def _in_float32(function):
    import functools
    import numpy

    def rounded(value):
        if isinstance(value, numpy.ndarray) and value.dtype == numpy.float64:
            return value.astype(numpy.float32)
        if type(value) in (list, tuple):
            return type(value)(map(rounded, value))
        if type(value) is dict:
            return {key: rounded(each) for key, each in value.items()}
        return value

    @functools.wraps(function)
    def call(*arguments, **named):
        return rounded(function(*arguments, **named))

    return call


for _name, _value in list(globals().items()):
    if _name[0] != "_" and getattr(_value, "__module__", None) == __name__:
        if isinstance(_value, type):
            for _method, _function in list(vars(_value).items()):
                if type(_function) is type(_in_float32) and _method[:2] != "__":
                    setattr(_value, _method, _in_float32(_function))
        elif callable(_value):
            globals()[_name] = _in_float32(_value)
"""
"""Put at the end of a module, this makes every function and method of it return its arrays in single precision."""


def in_float32(source: str) -> str:
    """A module whose functions and methods return arrays of float64 as float32."""
    return source + IN_FLOAT32
