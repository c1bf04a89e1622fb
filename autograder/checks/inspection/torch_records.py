"""What a torch module is made of, as plain data: its layers with settings and the shapes of their parameters.

A model is a dictionary ``{"training", "layers", "calls", "output"}``. `layers` are, in the order of their definition,
all modules without modules inside and those that hold parameters of their own:

    {"name": "features.0", "type": "Conv2d", "training": True, "settings": {"out_channels": 64, "kernel_size": (3, 3)},
     "parameters": ({"name": "weight", "shape": (64, 3, 3, 3), "dtype": "float32", "trainable": True, "same_as": ""},)}

`type` is the name of a class of torch's own, else "custom". `same_as` is the full name of an earlier parameter that is
the very same object. With an example, `calls` are ``(place in layers, shape of the output)`` in the order of the
computation, and `output` is the shape of the whole model's output (None where it is no tensor).

What is computed without a module (``F.relu``, ``x.view``) is not seen. `describe` runs where the model is, and takes
torch where the student's code has loaded it; `described` reads such a dictionary without trust. This module is shipped
to students: standard library and numpy.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MAX_CALLS", "MAX_LAYERS", "SETTINGS", "Description", "Layer", "Parameter", "Shape", "describe", "described"]

MAX_LAYERS = 2000
MAX_CALLS = 10_000
_MAX_TEXT = 200

_SETTINGS = (
    "in_features out_features in_channels out_channels kernel_size stride padding output_padding dilation groups "
    "padding_mode ceil_mode return_indices output_size p inplace num_features eps momentum affine track_running_stats "
    "normalized_shape elementwise_affine num_groups num_channels negative_slope alpha lambd approximate dim start_dim "
    "end_dim num_embeddings embedding_dim padding_idx input_size hidden_size proj_size num_layers bidirectional "
    "batch_first dropout embed_dim num_heads nonlinearity size scale_factor mode align_corners upscale_factor"
)
SETTINGS = tuple(_SETTINGS.split())
"""Attributes of a layer that are recorded where it has them: numbers, truth values, texts and tuples of these."""


def describe(model: Any, *example: Any) -> dict[str, Any]:
    """The record of a torch module.

    Args:
        model: a `torch.nn.Module`.
        example: what the model is called with once, in eval mode and without gradients; arrays become tensors where
            the model's parameters are, those of floats in their type. Without any, `calls` is empty and `output` None.

    Raises:
        TypeError: the model is no torch module.
        ValueError: it has more than `MAX_LAYERS` layers, or without an example lazy ones that have no shape yet.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        raise TypeError(f"expected a torch.nn.Module, not a {type(model).__name__}")
    named = _leaves(model)
    calls, output = _run(torch, model, named, example) if example else ((), None)  # first: lazy layers get their shapes
    first: dict[int, str] = {}
    layers = tuple(_layer(torch, name, module, first) for name, module in named)
    return {"training": bool(model.training), "layers": layers, "calls": calls, "output": output}


def _leaves(model: Any) -> list[tuple[str, Any]]:
    """Modules that compute: without modules inside, or with parameters of their own; in the order of definition."""
    found: list[tuple[str, Any]] = []
    for name, module in _walk("", model):
        if not any(each is not None for each in module._modules.values()) or _own(module):
            found.append((name, module))
        if len(found) > MAX_LAYERS:
            raise ValueError(f"the model has more than {MAX_LAYERS} layers")
    return found


def _walk(name: str, module: Any) -> Iterator[tuple[str, Any]]:
    yield name, module
    for own, inner in module._modules.items():
        if inner is not None:
            yield from _walk(f"{name}.{own}" if name else str(own), inner)


def _own(module: Any) -> list[tuple[str, Any]]:
    return [(name, each) for name, each in module._parameters.items() if each is not None]


def _layer(torch: Any, name: str, module: Any, first: dict[int, str]) -> dict[str, Any]:
    parameters = []
    for own, parameter in _own(module):
        if torch.nn.parameter.is_lazy(parameter):
            raise ValueError(f"the layer {name!r} has no shape yet; call the model once before it is returned")
        whole = f"{name}.{own}" if name else own
        known = first.setdefault(id(parameter), whole)
        parameters.append(
            {
                "name": own,
                "shape": _shape(parameter),
                "dtype": str(parameter.dtype).removeprefix("torch."),
                "trainable": bool(parameter.requires_grad),
                "same_as": "" if known == whole else known,
            }
        )
    settings = {key: vars(module)[key] for key in SETTINGS if key in vars(module)}
    return {
        "name": name,
        "type": _type(type(module)),
        "training": bool(module.training),
        "settings": {key: value for key, value in settings.items() if _is_setting(value)},
        "parameters": tuple(parameters),
    }


def _type(kind: type) -> str:
    """The name of a class of torch's own; "custom" for any other, whatever it says of itself."""
    home = sys.modules.get(kind.__module__)
    own = kind.__module__.startswith("torch.") and getattr(home, kind.__name__, None) is kind
    return kind.__name__ if own else "custom"


def _is_setting(value: Any) -> bool:
    if type(value) is tuple:
        return len(value) <= 8 and all(type(each) in (int, float, bool) for each in value)
    return value is None or type(value) in (int, float, bool) or (type(value) is str and len(value) <= _MAX_TEXT)


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(length) for length in tensor.shape)


def _run(torch: Any, model: Any, named: list[tuple[str, Any]], example: tuple[Any, ...]) -> tuple[Any, Any]:
    """Call the model once, and note which layer gave which shape."""
    places: dict[int, int] = {}
    for place, (_, module) in enumerate(named):
        places.setdefault(id(module), place)
    calls: list[tuple[int, tuple[int, ...] | None]] = []

    def note(module: Any, given: Any, output: Any) -> None:  # noqa: ARG001  (the form of a hook)
        if len(calls) < MAX_CALLS:
            calls.append((places[id(module)], _output(torch, output)))

    before = [(module, module.training) for _, module in _walk("", model)]
    with contextlib.ExitStack() as stack:
        for module in {id(module): module for _, module in named}.values():
            stack.callback(module.register_forward_hook(note).remove)
        try:
            model.eval()
            with torch.no_grad():
                output = _output(torch, model(*_tensors(torch, named, example)))
        finally:
            for module, training in before:
                module.training = training
    return tuple(calls), output


def _tensors(torch: Any, named: list[tuple[str, Any]], example: tuple[Any, ...]) -> list[Any]:
    """Arrays as tensors where the model is, those of floats in the type of the first parameter of floats."""
    parameters = [each for _, module in named for _, each in _own(module)]
    types = (each.dtype for each in parameters if each.dtype.is_floating_point)
    expected = next(types, torch.get_default_dtype())
    device = parameters[0].device if parameters else None  # the model may be on a graphics processor
    given = [torch.as_tensor(each).to(device=device) if hasattr(each, "__array__") else each for each in example]
    return [
        each.to(expected) if isinstance(each, torch.Tensor) and each.is_floating_point() else each for each in given
    ]


def _output(torch: Any, output: Any) -> tuple[int, ...] | None:
    """The shape of a layer's output, of the first of several (as of an LSTM); None where it is no tensor."""
    if isinstance(output, (tuple, list)) and output:
        output = output[0]
    return _shape(output) if isinstance(output, torch.Tensor) else None


# --- the same record, read without trust ---

# Records come from a submission's process, so nothing here may take long on any of them.
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
    layers = tuple(_read_layer(_mapping(each)) for each in _tuple(record["layers"], MAX_LAYERS))
    calls = []
    for call in _tuple(record["calls"], MAX_CALLS):
        place, shape = call
        if type(place) is not int or not 0 <= place < len(layers):
            raise ValueError
        calls.append((layers[place], None if shape is None else _read_shape(shape)))
    output = None if record["output"] is None else _read_shape(record["output"])
    return Description(layers, tuple(calls), output, _truth(record["training"]))


def _read_layer(record: Mapping[str, Any]) -> Layer:
    settings = _mapping(record["settings"])
    if len(settings) > _MOST_PARAMETERS:
        raise ValueError
    return Layer(
        name=_name(record["name"]),
        type=_name(record["type"]),
        training=_truth(record["training"]),
        settings={_name(key): _setting(value) for key, value in settings.items()},
        parameters=tuple(_read_parameter(_mapping(each)) for each in _tuple(record["parameters"], _MOST_PARAMETERS)),
    )


def _read_parameter(record: Mapping[str, Any]) -> Parameter:
    shape = _read_shape(record["shape"])
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


def _read_shape(value: object) -> Shape:
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
