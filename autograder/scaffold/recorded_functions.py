"""A function with its docstring and its recorded calls, as what its checks are made from; and what a draft is."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.assignment.interface import array_stated
from autograder.markers import regions
from autograder.scaffold.bodies import Subject
from autograder.scaffold.inputs import SEED, Inputs, Unknown
from autograder.scaffold.tracing import Call, Traced
from autograder.scaffold.values import Axis, Spec, describe, merged
from autograder.scaffold.writing import DraftedCheck

__all__ = [
    "FORMS",
    "Drafted",
    "arrays_stated",
    "bound",
    "changes_stated",
    "docstrings",
    "form_of",
    "given_attributes",
    "left_open",
    "reproducible",
    "settled",
    "shown_attributes",
    "subject_of",
    "with_other_settings",
    "with_settings_of",
    "with_stated_values",
]


# --- what a docstring promises that cannot be seen from a few calls ---

TIES = re.compile(
    r"\b(ties?|tied|equal(ly)?|stable|their order|(original|given|input|same) order|order of (the )?(input|appearance)"
    r"|order in which|the (first|last) (such|one|of|that)\b"
    r"|(first|last|smallest|lowest|largest) (index|label|place|position|row|entry|occurrence))\b",
    re.IGNORECASE,
)
"""Words about which of equal things counts; that something is sorted ("the cheapest first") says nothing of them."""
SAME_SEED = re.compile(
    r"\b(reproduc\w*|deterministic\w*|repeatable|same seed|equal seeds?|the seed (determines|fixes|decides))\b",
    re.IGNORECASE,
)
OPEN = re.compile(r"\b(of )?your (own|choice)\b|\bas you (like|wish|want|please)\b|\byou may choose\b", re.IGNORECASE)

BOUND = re.compile(
    r"^\s*[\w, ]+: [^\n]*?\b(?:that|which) (?P<what>(?:maximi[sz]e|minimi[sz]e|solve|satisf(?:y|ie))s?\b[^\n.;]*)",
    re.MULTILINE,
)
"""What a docstring says of an argument that random numbers cannot have: "alpha: multipliers that maximise the dual"."""

FEW = re.compile(
    r"^\s*(?P<names>\w+(?:, \w+)*): (?:either )?(?P<values>\d+(?:, \d+)*,? or \d+)\b(?!\.\d)", re.MULTILINE
)
"""What a docstring says of a number that takes one of a few values: "power: 1 or 2"."""

ENDS = re.compile(
    r"^\s*(?P<names>\w+(?:, \w+)*): [^\n]*\b(?:at the latest|(?:ends?|stops?) (?:when|where|as soon|at|after))\b",
    re.MULTILINE,
)
"""What a docstring says of a setting that only ends an iteration; what is there before its end is the author's way."""

CHANGES = re.compile(r"\b(in[- ]?place|appends?|inserts?|modif(y|ies)|mutates?|overwrites?)\b", re.IGNORECASE)
LEAVES = re.compile(
    r"\b(not|never|without)\s+(\w+\s+)?(in[- ]?place|append|insert|modif|mutat|overwrit)", re.IGNORECASE
)
"""What a docstring says of a function that changes its arguments, and of one that must not."""


def functions(sources: Mapping[str, str]) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Every function and method by qualified name, with its definition and the docstring of its class, "" for none."""
    for source in sources.values():
        for node in ast.parse(source).body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            above = (ast.get_docstring(node) or "") if isinstance(node, ast.ClassDef) else ""
            for each in inner:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{owner}{each.name}", each, above


def docstrings(sources: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Every function and method by qualified name, with its docstring and that of its class, "" for none."""
    for name, node, above in functions(sources):
        yield name, ast.get_docstring(node) or "", above


def arrays_stated(sources: Mapping[str, str]) -> Collection[str]:
    """The functions that say that they return an array."""
    return {name for name, node, _ in functions(sources) if array_stated(node)}


def changes_stated(sources: Mapping[str, str]) -> Collection[str]:
    """The functions whose docstring says that they change what they are given."""
    return {
        name for name, own, _ in docstrings(sources) if CHANGES.search(own) and not LEAVES.search(" ".join(own.split()))
    }


def settled(sources: Mapping[str, str]) -> set[str]:
    """The functions whose docstring says which of equal things counts."""
    return {name for name, own, above in docstrings(sources) if TIES.search(f"{above}\n{own}")}


def reproducible(sources: Mapping[str, str]) -> set[str]:
    """The functions whose docstring promises the same answer for the same seed."""
    return {name for name, own, above in docstrings(sources) if SAME_SEED.search(f"{above}\n{own}")}


def left_open(sources: Mapping[str, str]) -> set[str]:
    """The functions whose own docstring leaves to students what they give, such as "a network of your own"."""
    return {name for name, own, _ in docstrings(sources) if OPEN.search(own)}


def bound(sources: Mapping[str, str]) -> dict[str, str]:
    """The functions whose docstring asks for arguments that random ones are not, with what it says of these."""
    return {name: found["what"].strip() for name, own, _ in docstrings(sources) if (found := BOUND.search(own))}


def with_stated_values(calls: Sequence[Call], sources: Mapping[str, str]) -> list[Call]:
    """Recorded calls in which an integer, of which some docstring says that it is one of a few, is a choice of these.

    Functions hand on what they are given, so a docstring speaks for all arguments of that name.
    """
    few: dict[str, tuple[int, ...]] = {}
    for _, own, above in docstrings(sources):
        for found in FEW.finditer(f"{above}\n{own}"):
            few |= dict.fromkeys(found["names"].split(", "), tuple(map(int, re.findall(r"\d+", found["values"]))))

    def stated(name: str, spec: Spec) -> Spec:
        known = spec.kind == "int" and name in few and set(spec.values) <= set(few[name])
        return Spec("literal", values=few[name], text="int") if known else spec

    return [replace(call, given={name: stated(name, spec) for name, spec in call.given.items()}) for call in calls]


# --- a function and its recorded calls ---

FORMS = 3
"""In how many ways of calling a function, such as with and without an option, it is checked."""


@dataclass(slots=True)
class Drafted:
    """What came of one function: checks, or sentences on why there are none."""

    name: str
    checks: list[DraftedCheck] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def given_attributes(source: str, file: str) -> dict[str, set[str]]:
    """Attributes of each class that are assigned outside of solution regions: ``self.W = ...`` in what is given.

    One that is only set to None, and that no docstring of the class names, is left out: what it holds later on is the
    solution's own affair.
    """
    cut = regions(source, file)
    found: dict[str, set[str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            text = " ".join(
                ast.get_docstring(each) or ""
                for each in (node, *node.body)
                if isinstance(each, (ast.ClassDef, ast.FunctionDef))
            )
            nothing = {
                id(target)
                for each in ast.walk(node)
                if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant) and each.value.value is None
                for target in each.targets
            }
            found[node.name] = {
                each.attr
                for each in ast.walk(node)
                if isinstance(each, ast.Attribute)
                and isinstance(each.ctx, ast.Store)
                and isinstance(each.value, ast.Name)
                and each.value.id == "self"
                and not any(each.lineno in region for region in cut)
                and (id(each) not in nothing or re.search(rf"\b{each.attr}\b", text))
            }
    return found


def shown_attributes(source: str, file: str) -> set[str]:
    """Attributes whose names students read: those that the given code uses, and those that a docstring names.

    A docstring names what stands there as an identifier (``w_``, `w`, self.w, "w: ...", "means (k, d)", "sets means");
    an English word, as in "fit the weights", promises no attribute.
    """
    cut = regions(source, file)
    nodes = [
        each for each in ast.walk(ast.parse(source)) if not any(getattr(each, "lineno", 0) in region for region in cut)
    ]
    called = {id(each.func) for each in nodes if isinstance(each, ast.Call)}
    imported = {
        (each.asname or each.name).partition(".")[0]
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for each in node.names
    }
    found = {
        each.attr
        for each in nodes
        if isinstance(each, ast.Attribute)
        and isinstance(each.ctx, ast.Load)
        and id(each) not in called
        and ast.unparse(each.value) not in imported
    }
    for node in nodes:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node) or ""
            parameters = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
            words = re.finditer(r"\b[A-Za-z]\w*", text)
            found |= {word[0] for word in words if word[0] not in parameters and _is_name(text, word)}
    return found


def _is_name(text: str, word: re.Match[str]) -> bool:
    """Whether a word of a docstring stands for an attribute."""
    before, after = text[: word.start()], text[word.end() :]
    if re.search(r"[_\d]|[a-z][A-Z]", word[0]) or re.search(r"(\bself\.|`)$", before):
        return True
    if re.match(r"\s?\(|\s?[:=](\s|$)", after):
        return True
    return bool(_LISTED.search(before)) and not re.fullmatch(_NO_NAME, word[0])


_LISTED = re.compile(r"\b(?i:sets?|attributes?):?\s(?:\w+(?:\s?\([^)]*\))?(?:,\s(?:and\s)?|\sand\s))*$")
_NO_NAME = re.compile(r"(?i)an?|the|its?|their|all|each|every|one|and|to|of|up")


def subject_of(
    name: str,
    traced: Traced,
    parameters: Mapping[str, Sequence[str]],
    given: Mapping[str, Collection[str]],
    place: int = 0,
    shown: Collection[str] = (),
) -> Subject:
    """A function with its inputs, from its recorded calls of the commonest form, or of the next one by `place`.

    `shown` are names of attributes that students read although only solutions assign them; see `shown_attributes`.

    Raises:
        Unknown: it was not called, or its object cannot be made again.
    """
    calls = traced.calls.get(name, [])
    owner, _, method = name.rpartition(".")
    if owner and method == "__init__":
        raise Unknown("a constructor returns nothing to compare; the checks of its class's methods call it")
    if not calls:
        if owner or name not in traced.functions or _required(traced.functions[name]):
            raise Unknown("the example never calls it")
        return Subject(name, tuple(parameters.get(name, ())), Inputs({}))
    forms = Counter(map(form_of, calls)).most_common(FORMS)
    if place >= len(forms):
        raise Unknown("it was called in no other way")
    form = forms[place][0]
    like = [call for call in calls if form_of(call) == form]
    inputs = {key: merged([call.given[key] for call in like]) for key in like[0].given}
    me = merged([call.me for call in like if call.me]) if like[0].me else None
    if owner and me is not None and me.kind != "object":
        raise Unknown(f"how its {owner} was made is not known, for the example did not call the constructor")
    known = {each for names in given.values() for each in names}
    named = known | set(shown)
    attributes = tuple(key for key in me.attributes if key in known and key not in me.keys) if me else ()
    changed = Counter(key for call in like for key in call.changed)
    before = next((call.before for call in reversed(like) if call.before and call.before != name), "")
    return Subject(
        name,
        tuple(parameters.get(name, ())),
        Inputs(inputs, me, attributes),
        before=before.rpartition(".")[2],
        state=tuple(key for key in changed if key in named),
        passed=tuple(inputs),
        itself=all(call.itself for call in like),
        unnamed=tuple(key for key in changed if key not in named),
    )


def with_other_settings(subject: Subject, traced: Traced) -> tuple[Subject, list[str]] | None:
    """The subject with values for the settings that the example left at their defaults, and their names; else None.

    Settings are parameters with a number or a truth value as the default, of the function and of its class.
    """
    calls = max((len(each) for spec in subject.inputs.given.values() for each in spec.lengths), default=1)
    function = traced.functions.get(subject.name)
    text = inspect.getdoc(function) or "" if function is not None else ""
    ends = {name for found in ENDS.finditer(text) for name in found["names"].split(", ")}
    own = {
        name: _setting(name, value, calls)
        for name, value in _defaults(function).items()
        if name not in subject.passed and name not in ends
    }
    me, made = subject.inputs.me, {}
    if me is not None and subject.owner:
        kind = next((vars(each)[me.text] for each in traced.modules.values() if me.text in vars(each)), None)
        names = _defaults(getattr(kind, "__init__", None))
        made = {name: _setting(name, value, calls) for name, value in names.items() if name not in me.keys}
        me = replace(me, keys=(*me.keys, *made), parts=(*me.parts, *made.values()))
    if not own and not made:
        return None
    inputs = Inputs({**subject.inputs.given, **own}, me, subject.inputs.attributes)
    return replace(subject, inputs=inputs, passed=(*subject.passed, *own)), [*made, *own]


def with_settings_of(chosen: Spec | None, recorded: Spec) -> Spec:
    """An object made with the settings that `chosen` has beside those of the recording."""
    more = () if chosen is None else zip(chosen.keys, chosen.parts, strict=False)
    new = {key: spec for key, spec in more if key not in recorded.keys}
    return replace(recorded, keys=(*recorded.keys, *new), parts=(*recorded.parts, *new.values()))


def _defaults(function: Callable[..., Any] | None) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters if function is not None else {}
    except (TypeError, ValueError):
        return {}
    return {
        name: each.default
        for name, each in parameters.items()
        if type(each.default) in (bool, int, float) and math.isfinite(each.default) and not SEED.fullmatch(name)
    }


def _setting(name: str, default: Any, calls: int) -> Spec:
    """A place for a setting; an integer belongs to no length that happens to be equal."""
    spec = describe(default, lambda _: False)
    if spec.kind == "literal":
        return replace(spec, values=(not default, default))
    return replace(spec, tops=Axis(list(spec.tops) * calls, f"default {name}")) if spec.tops else spec


def form_of(call: Call) -> tuple[Any, ...]:
    """Equal for calls with arguments of the same kinds."""
    me = call.me.signature if call.me else ()
    return (*((name, spec.signature) for name, spec in call.given.items()), me)


def _required(function: Callable[..., Any]) -> list[str]:
    return [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    ]
