"""What a torch module is made of: its plain record (`checks.inspection.torch_modules`), read without trust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Description", "Layer", "Parameter", "Shape", "described"]

# Records come from a submission's process, so nothing here may take long on any of them.
_MOST_LAYERS = 2000
_MOST_CALLS = 10_000
_MOST_PARAMETERS = 256
_LONGEST = 300
_MOST_NUMBERS = 1 << 62

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A tensor that is learned: its name in its layer, its shape, its dtype as text ("float32").

    `shared` says that it is the very same as one of an earlier layer, and so counts once.

    Examples:
        nothing: one parameter of a layer, with its shape, dtype and whether it learns

        >>> net.layer('fc').parameters[0].shape
        (10, 784)
    """

    name: str
    shape: Shape
    dtype: str
    trainable: bool
    shared: bool

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: full name ("features.0"), type ("Conv2d", or "custom"), settings and parameters.

    Examples:
        nothing: one layer, with its type, settings and parameters

        >>> net.layer('fc').settings
        {'in_features': 784, 'out_features': 10}
    """

    name: str
    type: str
    training: bool
    settings: Mapping[str, Any]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """A torch module: layers in the order of definition, calls in that of the computation with shapes of outputs."""

    layers: tuple[Layer, ...]
    calls: tuple[tuple[Layer, Shape | None], ...]
    output: Shape | None
    training: bool


def described(description: object) -> Description:
    """The record as values that can be judged.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: it is no such record.
    """
    record = _mapping(description)
    layers = tuple(_layer(_mapping(each)) for each in _tuple(record["layers"], _MOST_LAYERS))
    calls = []
    for call in _tuple(record["calls"], _MOST_CALLS):
        place, shape = call
        if type(place) is not int or not 0 <= place < len(layers):
            raise ValueError
        calls.append((layers[place], None if shape is None else _shape(shape)))
    output = None if record["output"] is None else _shape(record["output"])
    return Description(layers, tuple(calls), output, _truth(record["training"]))


def _layer(record: Mapping[str, Any]) -> Layer:
    settings = _mapping(record["settings"])
    if len(settings) > _MOST_PARAMETERS:
        raise ValueError
    return Layer(
        name=_name(record["name"]),
        type=_name(record["type"]),
        training=_truth(record["training"]),
        settings={_name(key): _setting(value) for key, value in settings.items()},
        parameters=tuple(_parameter(_mapping(each)) for each in _tuple(record["parameters"], _MOST_PARAMETERS)),
    )


def _parameter(record: Mapping[str, Any]) -> Parameter:
    shape = _shape(record["shape"])
    if math.prod(shape) > _MOST_NUMBERS:
        raise ValueError
    return Parameter(
        _name(record["name"]),
        shape,
        _name(record["dtype"]),
        _truth(record["trainable"]),
        bool(_name(record["same_as"])),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise TypeError
    return value


def _tuple(value: object, most: int) -> tuple[Any, ...]:
    if type(value) not in (tuple, list) or len(value) > most:  # type: ignore[arg-type]
        raise TypeError
    return tuple(value)  # type: ignore[arg-type]


def _name(value: object) -> str:
    """A name is shown in sentences, so it holds nothing but what Python and torch allow in names."""
    if type(value) is not str or len(value) > _LONGEST or not all(each.isalnum() or each in "._-" for each in value):
        raise TypeError
    return value


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _shape(value: object) -> Shape:
    lengths = _tuple(value, 16)
    if not all(type(each) is int and 0 <= each < _MOST_NUMBERS for each in lengths):
        raise TypeError
    return lengths


def _setting(value: object) -> Any:
    if type(value) is tuple and len(value) <= 8:
        return tuple(_setting(each) for each in value if type(each) is not tuple)
    if type(value) is str:
        return _name(value)
    if value is not None and type(value) not in (bool, int, float):
        raise TypeError
    if type(value) is int and abs(value) > _MOST_NUMBERS:
        raise ValueError
    return value
