"""Judge how a torch module is built: the plain record of `checks.inspection.torch_records` against what was asked for.

The record is made by the submission's own process, which could say anything. It shows honest students their slips;
what points depend on should be seen in behaviour as well: the shapes and accuracy of predictions, and the shapes of
the weights that were saved (`Structure.agrees_with`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from .arguments import COUNT, FLAG, SHAPE, TEXT, TEXTS, Rule, one_of, optional, takes
from .errors import CheckFailed, InstructorError
from .inspection.torch_records import Layer, Parameter, Shape, described
from .value_text import distinct_texts, show

__all__ = ["Layer", "Parameter", "Structure", "structure"]

_SHOWN = 8


_BOUNDS = Rule(
    "the smallest and the largest number in a tuple, such as (1000, 2000)",
    lambda value: isinstance(value, tuple | list) and len(value) == 2 and all(map(COUNT.holds, value)),
)


@dataclass(frozen=True, slots=True)
class Structure:
    """A torch module: its layers in the order of definition; each method judges one thing and returns the same object.

    `calls` are ``(layer, shape of its output or None)`` in the order of the computation, empty without an example.
    """

    layers: tuple[Layer, ...]
    calls: tuple[tuple[Layer, Shape | None], ...]
    output: Shape | None
    training: bool
    name: str

    @property
    def count(self) -> int:
        """Numbers in all parameters; what layers share counts once."""
        return sum(each.size for layer in self.layers for each in layer.parameters if not each.shared)

    @property
    def trainable_count(self) -> int:
        """The same without frozen parameters."""
        return sum(
            each.size for layer in self.layers for each in layer.parameters if each.trainable and not each.shared
        )

    @takes(exactly=optional(COUNT), between=optional(_BOUNDS), trainable=FLAG)
    def parameters(
        self,
        *,
        exactly: int | None = None,
        between: tuple[int, int] | None = None,
        trainable: bool = False,
    ) -> Structure:
        """Fail unless the number of parameters (of `trainable` ones only) is right; bounds are allowed values.

        Raises:
            CheckFailed: the sentence gives the count, and its largest parts.
            InstructorError: neither or both of `exactly` and `between` are given.

        Examples:
            the number of parameters, from their shapes

            >>> net.parameters(between=(1, 100))
            net has 7,840 parameters (most: 7,840 in fc); expected 1 to 100.
        """
        if (exactly is None) == (between is None):
            raise InstructorError("parameters() needs one of exactly=... and between=(low, high).")
        count = self.trainable_count if trainable else self.count
        low, high = (exactly, exactly) if exactly is not None else between or (0, 0)
        if low <= count <= high:
            return self
        required = f"expected {low:,}" if low == high else f"expected {low:,} to {high:,}"
        sizes = [(sum(each.size for each in layer.parameters), layer.name) for layer in self.layers]
        largest = [f"{size:,} in {name or 'the model itself'}" for size, name in sorted(sizes)[:-4:-1] if size]
        most = f" (most: {', '.join(largest)})" if largest else ""
        raise CheckFailed(f"{self.name} has {count:,}{' trainable' * trainable} parameters{most}; {required}.")

    @takes(kinds=TEXTS, in_order=FLAG, only=FLAG)
    def kinds(self, kinds: Sequence[str], *, in_order: bool = True, only: bool = False) -> Structure:
        """Fail unless the layers of the named types are these, as often and (`in_order`) in this order.

        Layers of other types are passed over, as many can be written as functions too, unless `only` these may be
        there. The order is that of the computation where `student.layers_of` was given an example, else that of the
        definition; with an example, a layer that is used twice stands twice, and one that is not used is missing.

        Args:
            kinds: types as torch names them, such as ``["Conv2d", "ReLU", "Linear"]``.

        Raises:
            CheckFailed: the sentence gives the types found and the first difference.

        Examples:
            the layers of these types, in the order of the computation if there was an example

            >>> net.kinds(['Linear', 'Linear'])
            net has the layers Linear: number 2 is nothing; expected Linear.
        """
        order = [layer for layer, _ in self.calls] or list(self.layers)
        found = [layer.type for layer in order if only or layer.type in kinds]
        required = list(kinds)
        if not in_order:
            more, less = Counter(found) - Counter(required), Counter(required) - Counter(found)
            if more or less:
                differences = [f"{_times(kind, each)} too many" for kind, each in more.items()]
                differences += [f"{_times(kind, each)} missing" for kind, each in less.items()]
                raise CheckFailed(f"{self.name} has the layers {_listed(found)}: {', '.join(differences[:_SHOWN])}.")
        elif found != required:
            place = next(
                (place for place, (got, want) in enumerate(zip(found, required, strict=False)) if got != want),
                min(len(found), len(required)),
            )
            got = found[place] if place < len(found) else "nothing"
            want = required[place] if place < len(required) else "nothing more"
            raise CheckFailed(
                f"{self.name} has the layers {_listed(found)}: number {place + 1} is {got}; expected {want}."
            )
        return self

    @takes(kind=TEXT, at_least=COUNT, at_most=optional(COUNT))
    def has(self, kind: str, *, at_least: int = 1, at_most: int | None = None) -> Structure:
        """Fail unless so many layers are of a type; ``*`` stands for any text, as in ``"BatchNorm*"``.

        Examples:
            the number of layers of a type

            >>> net.has('BatchNorm*')
            net has no BatchNorm*; expected at least 1. Its layers are fc (Linear).
        """
        number = sum(fnmatchcase(layer.type, kind) for layer in self.layers)
        if number < at_least:
            raise CheckFailed(f"{self.name} has {_many(number, kind)}; expected at least {at_least}. {self._has()}")
        if at_most is not None and number > at_most:
            raise CheckFailed(f"{self.name} has {_many(number, kind)}; expected at most {at_most}.")
        return self

    @takes(kinds=TEXT)
    def has_no(self, *kinds: str) -> Structure:
        """Fail if a layer is of one of these types; ``*`` stands for any text.

        Examples:
            that none is of these types

            >>> net.has_no('LSTM', 'Linear')
            net has fc (Linear); Linear is not allowed here.
        """
        for layer in self.layers:
            for kind in kinds:
                if fnmatchcase(layer.type, kind):
                    raise CheckFailed(f"{self.name} has {_in_words(layer)}; {kind} is not allowed here.")
        return self

    @takes(which=TEXT, kind=TEXT, output=optional(SHAPE))
    def layer(
        self, which: str, *, kind: str = "", output: Sequence[int | None] | None = None, **settings: Any
    ) -> Layer:
        """One layer; fail unless it has this type, these settings and this shape of output.

        Args:
            which: the layer's full name, ``"conv1"``, or its type and place among those, ``"Conv2d[0]"``.
            kind: its type.
            output: the shape of its output at its last call, None for any length; needs an example.
            settings: such as ``kernel_size=11``; a number also stands for a tuple of it.

        Raises:
            CheckFailed: there is no such layer, or it differs; the sentence gives got and expected.
            InstructorError: `output` without an example, or a place that is no number.

        Examples:
            one layer (`"conv1"`, or `"Conv2d[0]"`): type, settings, shape of its output; gives the `Layer`, with each
            `Parameter`

            >>> net.layer('Linear[0]', out_features=100)
            net has fc (Linear) with out_features=10; expected 100.
        """
        layer = self._find(which)
        if kind and layer.type != kind:
            raise CheckFailed(f"{self.name} has {_in_words(layer)}; expected {kind} there.")
        for key, want in settings.items():
            if key not in layer.settings:
                raise CheckFailed(
                    f"{self.name} has {_in_words(layer)}, which has no {key}; expected {key}={show(want)}."
                )
            got = layer.settings[key]
            if not _same(got, want):
                mine, right = distinct_texts(got, want)
                raise CheckFailed(f"{self.name} has {_in_words(layer)} with {key}={mine}; expected {right}.")
        if output is not None:
            self._needs_example("layer(output=...)")
            shapes = [shape for called, shape in self.calls if called is layer]
            if not shapes:
                raise CheckFailed(f"{self.name} has {_in_words(layer)}, but does not use it.")
            self._judge_output(shapes[-1], output, f"the output of {_in_words(layer)}")
        return layer

    @takes(expected=optional(COUNT))
    def output_shape(self, *expected: int | None) -> Structure:
        """Fail unless the model gives this shape for the example; None stands for any length.

        Raises:
            InstructorError: `student.layers_of` was given no example.

        Examples:
            the shape of what the model made of the example

            >>> net.output_shape(None, 2)
            The output of net is of shape (32, 10); expected (any, 2).
        """
        self._needs_example("output_shape()")
        self._judge_output(self.output, expected, f"the output of {self.name}")
        return self

    @takes(pattern=TEXT)
    def frozen(self, pattern: str = "*") -> Structure:
        """Fail unless no parameter of the layers with such names (``"features.*"``) is trainable.

        Examples:
            that layers of such names do not learn; `trains` is the opposite

            >>> net.frozen('f*')
            net has fc (Linear), whose weight is trainable; it must be frozen.
        """
        return self._trained(pattern, False)

    @takes(pattern=TEXT)
    def trains(self, pattern: str = "*") -> Structure:
        """Fail unless every parameter of the layers with such names is trainable."""
        return self._trained(pattern, True)

    @takes(mode=one_of("train", "eval"))
    def in_mode(self, mode: str) -> Structure:
        """Fail unless the model and all its layers are in ``"train"`` or in ``"eval"`` mode.

        Examples:
            train or eval mode, of every layer

            >>> net.in_mode('eval')
            net is in train mode; call net.eval().
        """
        if mode not in ("train", "eval"):
            raise InstructorError(f"in_mode({mode!r}): the modes are 'train' and 'eval'.")
        other = "eval" if mode == "train" else "train"
        if self.training != (mode == "train"):
            raise CheckFailed(f"{self.name} is in {other} mode; call {self.name}.{mode}().")
        for layer in self.layers:
            if layer.training != (mode == "train"):
                raise CheckFailed(f"{self.name} has {_in_words(layer)} in {other} mode; expected {mode} mode.")
        return self

    def agrees_with(self, saved: object) -> Structure:
        """Fail unless saved weights (``student.saved("net.pt")``) hold each parameter, by full name and shape.

        What is saved beside them, such as running means, is passed over.

        Examples:
            saved weights hold each parameter, by name and shape

            >>> net.agrees_with({'fc.weight': np.ones((784, 10))})
            The saved fc.weight has the shape (784, 10); that of the model has (10, 784).
        """
        if not isinstance(saved, Mapping):
            raise CheckFailed("The saved weights are no dictionary; save model.state_dict().")
        for layer in self.layers:
            for each in layer.parameters:
                name = f"{layer.name}.{each.name}".lstrip(".")
                if name not in saved:
                    raise CheckFailed(f"The saved weights have no {name!r}; save the state_dict() of this very model.")
                shape = np.shape(saved[name]) if isinstance(saved[name], (np.ndarray, np.generic, int, float)) else ()
                if shape != each.shape:
                    raise CheckFailed(f"The saved {name} has the shape {shape}; that of the model has {each.shape}.")
        return self

    # --- what the sentences need ---

    def _trained(self, pattern: str, required: bool) -> Structure:
        layers = [layer for layer in self.layers if fnmatchcase(layer.name, pattern) and layer.parameters]
        if not layers:
            raise CheckFailed(f"{self.name} has no layer {pattern!r} with parameters. {self._has()}")
        for layer in layers:
            for each in layer.parameters:
                if each.trainable != required:
                    state = "trainable; it must be frozen" if each.trainable else "frozen; it must be trainable"
                    raise CheckFailed(f"{self.name} has {_in_words(layer)}, whose {each.name} is {state}.")
        return self

    def _find(self, which: str) -> Layer:
        kind, _, place = which.partition("[")
        if place:
            same = [layer for layer in self.layers if layer.type == kind]
            if not re.fullmatch(r"-?\d+\]", place):
                raise InstructorError(f'layer({which!r}) names no layer: give its name, or such as "Conv2d[0]".')
            number = int(place[:-1])
            if -len(same) <= number < len(same):
                return same[number]
        for layer in self.layers:
            if layer.name == which:
                return layer
        raise CheckFailed(f"{self.name} has no layer {which!r}. {self._has()}")

    def _has(self) -> str:
        if not self.layers:
            return "It has no layers."
        layers = [f"{layer.name} ({layer.type})" if layer.name else layer.type for layer in self.layers[:_SHOWN]]
        more = f" and {len(self.layers) - _SHOWN} more" if len(self.layers) > _SHOWN else ""
        return f"Its layers are {', '.join(layers)}{more}."

    def _needs_example(self, what: str) -> None:
        if not self.calls and self.output is None:
            raise InstructorError(f"{what} needs an example: student.layers_of(model, x).")

    def _judge_output(self, got: Shape | None, required: Sequence[int | None], what: str) -> None:
        fits = got is not None and len(got) == len(required)
        if not fits or any(want not in (None, have) for have, want in zip(got or (), required, strict=True)):
            sentence = "no tensor" if got is None else f"of shape {got}"
            text = ", ".join("any" if want is None else str(want) for want in required)
            expected_text = f"({text},)" if len(required) == 1 else f"({text})"
            raise CheckFailed(f"{what[:1].upper()}{what[1:]} is {sentence}; expected {expected_text}.")


@takes(name=TEXT)
def structure(description: object, *, name: str = "model") -> Structure:
    """The layers of a torch module, for the methods of `Structure`.

    Args:
        description: what ``student.layers_of(model)`` gave, or ``student.layers_of(model, x)`` with an example.
        name: what the sentences call it.

    Raises:
        CheckFailed: it is no such record.

    Examples:
        that it is a description, for the methods of `Structure`

        >>> structure(3)
        model gave no readable description; it must be a torch.nn.Module.
    """
    try:
        record = described(description)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise CheckFailed(f"{name} gave no readable description; it must be a torch.nn.Module.") from None
    return Structure(record.layers, record.calls, record.output, record.training, name)


def _same(got: Any, want: Any) -> bool:
    if isinstance(got, tuple) and not isinstance(want, (tuple, list)):
        return all(_same(each, want) for each in got)
    if isinstance(got, (tuple, list)) and isinstance(want, (tuple, list)):
        return len(got) == len(want) and all(map(_same, got, want))
    if isinstance(want, (tuple, list)):
        return bool(want) and all(_same(got, each) for each in want)
    if isinstance(got, float) and isinstance(want, (int, float)):
        return math.isclose(got, want, rel_tol=1e-6)
    return bool(got == want)


def _in_words(layer: Layer) -> str:
    return f"{layer.name} ({layer.type})" if layer.name else f"the layer {layer.type}"


def _listed(kinds: Sequence[str]) -> str:
    if not kinds:
        return "none of these"
    return ", ".join(kinds[:32]) + (f" and {len(kinds) - 32} more" if len(kinds) > 32 else "")


def _times(kind: str, number: int) -> str:
    return kind if number == 1 else f"{number} {kind}"


def _many(number: int, kind: str) -> str:
    return f"no {kind}" if number == 0 else f"{number} {kind}"
