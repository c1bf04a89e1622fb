"""What a torch module is made of, as plain data: its layers with settings and the shapes of their parameters.

A model is a dictionary ``{"training", "layers", "calls", "output"}``. `layers` are, in the order of their definition,
all modules without modules inside and those that hold parameters of their own:

    {"name": "features.0", "type": "Conv2d", "training": True, "settings": {"out_channels": 64, "kernel_size": (3, 3)},
     "parameters": ({"name": "weight", "shape": (64, 3, 3, 3), "dtype": "float32", "trainable": True, "same_as": ""},)}

`type` is the name of a class of torch's own, else "custom". `same_as` is the full name of an earlier parameter that is
the very same object. With an example, `calls` are ``(place in layers, shape of the output)`` in the order of the
computation, and `output` is the shape of the whole model's output (None where it is no tensor).

What is computed without a module (``F.relu``, ``x.view``) is not seen. This module is shipped to students: standard
library and numpy; torch is taken where the student's code has loaded it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

__all__ = ["MAX_CALLS", "MAX_LAYERS", "SETTINGS", "describe"]

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
