"""The bodies of checks, line by line: inputs, the call on both sides, and what is compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.scaffold.inputs import Inputs
from autograder.scaffold.values import Spec

__all__ = [
    "Subject",
    "after",
    "answers",
    "arguments_kept",
    "changeable",
    "changes_compared",
    "loop",
    "made",
    "on_inputs",
    "parameters_in",
    "prepared",
    "snake",
    "tidy",
]

CHANGEABLE = ("array", "list", "items", "record", "mapping", "frame", "series")
"""Kinds of arguments that a call may change, and that come back out as values."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A function with a solution region, and how it is called.

    `name` is qualified, `parameters` all of its parameters in order, `before` the method that must be called first on
    the object, with the inputs that it needs, "" for none; `state` the attributes to be compared after a call;
    `passed` those of the inputs that are arguments of the call; `itself` says whether the object itself comes back;
    `unnamed` are attributes that a call changes and whose names students do not know; `recorded` are calls of the
    example, the texts of their arguments by name, with which checks go on after the drawn inputs.
    """

    name: str
    parameters: tuple[str, ...]
    inputs: Inputs
    before: str = ""
    before_given: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    itself: bool = False
    unnamed: tuple[str, ...] = ()
    recorded: tuple[Mapping[str, str], ...] = ()

    @property
    def function(self) -> str:
        """The name without its class."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The class, or ""."""
        return self.name.rpartition(".")[0]

    @property
    def variable(self) -> str:
        """What the object is called in a check."""
        taken = {*self.inputs.given, *self.inputs.names.values(), "rng"}
        name = snake(self.owner).rpartition("_")[2]
        return name if name.isidentifier() and name not in taken else "built"

    @property
    def arguments(self) -> str:
        """The arguments of the call, by place as long as none is left out."""
        parts, by_place = [], True
        plain = [name for name in self.passed if not name.startswith("*")]
        for place, name in enumerate(plain):
            by_place = by_place and place < len(self.parameters) and self.parameters[place] == name
            value = self.inputs.argument(name)
            parts.append(value if by_place else f"{name}={value}")
        return ", ".join([*parts, *(self.inputs.variable(name) for name in self.passed if name.startswith("*"))])

    @property
    def title(self) -> str:
        """How sentences write the call."""
        return f"{self.function}({', '.join(name for name in self.passed if not name.startswith('*'))})"

    @property
    def has_objects(self) -> bool:
        """Whether the two sides need objects of their own."""
        return bool(self.owner) or any(spec.kind == "object" for spec in self.inputs.given.values())


def snake(name: str) -> str:
    """A qualified name as that of a function: ``LinearClassifier.fit`` becomes linear_classifier_fit."""
    return re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def prepared(subject: Subject) -> list[str]:
    """Lines that draw all inputs, the attributes of objects included."""
    inputs = subject.inputs
    lines = []
    for name, spec in inputs.given.items():
        if spec.kind == "object":
            lines += _state_of(f"{name}_", inputs, spec, ())
        elif spec.kind != "generator" and (text := inputs.expression(name, spec)) != inputs.variable(name):
            lines.append(f"{inputs.variable(name)} = {text}")
    if inputs.me is not None and subject.owner:
        lines += _state_of("", inputs, inputs.me, inputs.attributes)
    return lines


def _state_of(prefix: str, inputs: Inputs, spec: Spec, attributes: Sequence[str]) -> list[str]:
    lines = []
    for name, part in zip(spec.keys, spec.parts, strict=False):
        text = inputs.expression(name, part)
        if "rng." in text and part.kind != "generator":
            lines.append(f"{_variable(prefix, name, inputs)} = {text}")
    for name in attributes or (spec.attributes if prefix else ()):
        lines.append(f"{_variable(prefix, name, inputs)} = {inputs.expression(name, spec.attributes[name])}")
    return lines


def _variable(prefix: str, name: str, inputs: Inputs) -> str:
    name = inputs.variable(f"{prefix}{name}")
    return f"{name}_0" if name in inputs.given or name in inputs.names.values() else name


def made(subject: Subject, side: str) -> list[str]:
    """Lines that make the objects of one side: `side` is "module", "student" or "reference"."""
    inputs = subject.inputs
    lines = []
    for name, spec in inputs.given.items():
        if spec.kind == "object":
            lines += _built(inputs.variable(name), f"{name}_", spec, tuple(spec.attributes), inputs, side)
    if inputs.me is not None and subject.owner:
        lines += _built(subject.variable, "", inputs.me, inputs.attributes, inputs, side)
        if subject.before:
            given = ", ".join(map(inputs.argument, subject.before_given))
            lines.append(f"{subject.variable}.{subject.before}({given})")
    return lines


def _built(variable: str, prefix: str, spec: Spec, attributes: Sequence[str], inputs: Inputs, side: str) -> list[str]:
    arguments: list[str] = []
    by_place = True
    for place, (name, part) in enumerate(zip(spec.keys, spec.parts, strict=False)):
        text = inputs.expression(name, part)
        text = _variable(prefix, name, inputs) if "rng." in text and part.kind != "generator" else text
        by_place = by_place and spec.order[place : place + 1] in ((), (name,))
        arguments.append(text if by_place else f"{name}={text}")
    lines = [f"{variable} = {side}.{spec.text}({', '.join(arguments)})"]
    lines += [f"{variable}.{name} = {_variable(prefix, name, inputs)}" for name in attributes]
    return lines


def answers(subject: Subject, side: str, expected: Sequence[str], *, times: int = 1) -> list[str]:
    """Lines that make objects, call the function and append what is expected to `answers`.

    `expected` are expressions in `got`, the result, and the object; ["got"] for the result itself.
    """
    holder = subject.variable if subject.owner else side
    call = f"{holder}.{subject.function}({subject.arguments})"
    expected = [each.replace("module.layers_of(", f"{side}.layers_of(") for each in expected]
    lines = made(subject, side)
    if any(re.search(r"\bgot\b", each) for each in expected) and list(expected) != ["got"]:
        lines.append(f"got = {call}")
    elif list(expected) == ["got"]:
        return [*lines, f"answers.append({call})"]
    elif times > 1:
        lines += [f"for _ in range({times}):", f"    {call}"]
    else:
        lines.append(call)
    inner = expected[0] if len(expected) == 1 else f"({', '.join(expected)})"
    return [*lines, f"answers.append({inner})"]


def changeable(subject: Subject) -> list[tuple[int, str]]:
    """The arguments that a call may change: the place of each among all that are given, and its variable."""
    inputs = subject.inputs
    names = sorted(subject.passed, key=lambda name: name.startswith("*"))
    kinds = [inputs.given[name].kind if name in inputs.given else "" for name in names]
    return [
        (place, inputs.variable(name))
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
        if kind in CHANGEABLE
    ]


def after(subject: Subject, side: str) -> str:
    """The arguments as a call leaves them."""
    holder = subject.variable if subject.owner else side
    return f"{side}.arguments_after({holder}.{subject.function}, {subject.arguments})"


def arguments_kept(subject: Subject) -> list[str]:
    """Lines that say that a call leaves its arguments as they were; [] where it has none that it could change."""
    kept = changeable(subject)
    if not kept:
        return []
    names = {name: f'name="{name} after the call of {subject.function}"' for _, name in kept}
    if len(kept) == 1:
        place, name = kept[0]
        return [*made(subject, "student"), f"same({after(subject, 'student')}[{place}], {name}, {names[name]})"]
    return [
        *made(subject, "student"),
        f"after = {after(subject, 'student')}",
        *(f"same(after[{place}], {name}, {names[name]})" for place, name in kept),
    ]


def loop(inputs: Inputs, rows: Sequence[tuple[object, ...]], lines: Sequence[str]) -> list[str]:
    """The lines for each row of a table of sizes; three times where nothing varies but the random numbers."""
    if len(rows) == 1 and inputs.columns:
        return once(inputs, rows[0], lines)
    if not inputs.columns:
        drawn = any(re.search(r"\brng\b", line) for line in lines)
        return (
            [f"for _ in range({max(3, len(rows))}):", *(f"    {line}" for line in lines)]
            if drawn or inputs.given
            else list(lines)
        )
    if len(inputs.columns) == 1:
        head = f"for {inputs.columns[0]} in ({', '.join(repr(row[0]) for row in rows)}{',' if len(rows) == 1 else ''}):"
    else:
        head = f"for {', '.join(inputs.columns)} in [{', '.join(map(repr, rows))}]:"
    return [head, *(f"    {line}" for line in lines)]


def on_inputs(subject: Subject, rows: Sequence[tuple[object, ...]], lines: Sequence[str]) -> list[str]:
    """The lines for each drawn set of inputs, and for each recorded call that they go on with."""
    drawn = loop(subject.inputs, rows, [*prepared(subject), *lines])
    if not subject.recorded:
        return drawn
    names = [name for name in subject.passed if name in subject.recorded[0]]
    variables = ", ".join(map(subject.inputs.variable, names))
    calls = [", ".join(call[name] for name in names) for call in subject.recorded]
    head = "# Calls of the example: what is drawn above may miss what they came across."
    if len(calls) == 1:
        return [*drawn, head, f"{variables} = {calls[0]}", *lines]
    if len(names) == 1:
        each = f"for {variables} in [{', '.join(calls)}]:"
    else:
        each = f"for {variables} in [{', '.join(f'({call})' for call in calls)}]:"
    return [*drawn, head, each, *(f"    {line}" for line in lines)]


def once(inputs: Inputs, row: tuple[object, ...], lines: Sequence[str]) -> list[str]:
    """The lines for one row."""
    if not inputs.columns:
        return list(lines)
    values = ", ".join(map(repr, row))
    return [f"{', '.join(inputs.columns)} = {values}", *lines]


def tidy(lines: Sequence[str]) -> list[str]:
    """Lines without an assignment of a name to itself."""
    return [line for line in lines if not re.fullmatch(r"\s*(\w+) = \1", line)]


def changes_compared(subject: Subject, places: Sequence[int]) -> list[str]:
    """Lines that call both sides, and compare what is in the arguments at some places afterwards."""
    return [
        "answers = []",
        "for module in (student, reference):",
        *(f"    {line}" for line in made(subject, "module")),
        f"    after = {after(subject, 'module')}",
        f"    answers.append([after[place] for place in {places}])",
        f'agree(*answers, "what {subject.function} changes", rtol=1e-4, atol=1e-6)',
    ]


def parameters_in(lines: Sequence[str]) -> tuple[str, ...]:
    """What a check of these lines takes."""
    text = "\n".join(lines)
    return tuple(name for name in ("student", "reference", "rng") if re.search(rf"\b{name}\b", text))
