"""From Python code to fragments: tokens that renaming leaves alone, and every run of so many of them as a number.

tree-sitter parses it, also where it has syntax errors or was written for another version of Python. What is left of the
tree says what is done, not how it is spelled: names of the author's own become one token, names of packages and
builtins stay, numbers count by their value, and `x += y` is `x = x + y`. Nothing of the code is run.

All runs are kept, not a sample of them as in winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): a class fits into
memory, and what is marked on a page is then exactly what was counted.
"""

from __future__ import annotations

import builtins
import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["LENGTH", "MOST_TOKENS", "Fragments", "Token", "fragments_of", "runs", "tokens_of"]

MOST_TOKENS = 200_000
"""Tokens of one text that are looked at; an ordinary homework has some thousand."""
_BUILTINS = frozenset(dir(builtins))
_OWN = "name"
_TEXT = "text"

_DROPPED = frozenset(
    (
        *("comment", "import_statement", "import_from_statement", "future_import_statement", "pass_statement"),
        *("parameters", "lambda_parameters", "type", "global_statement", "nonlocal_statement", "print_statement"),
        *("line_continuation", "escape_sequence", "string_start", "string_end", "string_content", "ellipsis"),
    )
)
_SILENT = frozenset(
    ("class", "def", "elif", "else", "for", "if", "import", "in", "lambda", "return", "while", "->", *"(),:;.[]{}=`")
)
"""Leaves that the token of the node around them stands for, or that only separate."""
_NODES = {
    "function_definition": "def",
    "lambda": "def",
    "class_definition": "class",
    "for_statement": "for",
    "for_in_clause": "for",
    "while_statement": "while",
    "if_statement": "if",
    "elif_clause": "if",
    "if_clause": "if",
    "conditional_expression": "if",
    "else_clause": "else",
    "return_statement": "return",
    "call": "call",
    "subscript": "item",
    "slice": "slice",
    "assignment": "assign",
    "named_expression": "assign",
    "dictionary": "dict",
    "set": "set",
    "list": "list",
    "list_splat": "splat",
    "dictionary_splat": "splat",
    "with_statement": "with",
    "try_statement": "try",
    "except_clause": "except",
    "raise_statement": "raise",
    "assert_statement": "assert",
    "yield": "yield",
    "await": "await",
    "delete_statement": "del",
    "break_statement": "break",
    "continue_statement": "continue",
}
_COMPREHENSIONS = frozenset(
    ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")
)
_APART = frozenset(("function_definition", "class_definition"))


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says, and the line of the text that it stands in, counted from 1.

    `part` numbers the function or class around it, in the order of the text: fragments are looked for within one part,
    so that the order of functions does not matter.
    """

    text: str
    line: int
    part: int


@dataclass(slots=True)
class _Names:
    """Members of packages that a file imports, by its own names, and the attributes and parameters that it defines."""

    members: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def tokens_of(source: bytes) -> tuple[Token, ...]:
    """The tokens of a text, at most `MOST_TOKENS`, sorted by their parts.

    Args:
        source: a module, or what somebody handed in as one; any bytes. Only ``\\n`` ends a line.
    """
    root = _parser().parse(source).root_node
    names = _names(root)
    made: list[Token] = []
    for text, line, part in _walk(root, names):
        made.append(Token(text, line, part))
        if len(made) == MOST_TOKENS:
            break
    return tuple(sorted(made, key=lambda each: each.part))


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _names(root: Node) -> _Names:
    """What the file imports and defines, wherever it does."""
    names = _Names()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == "import_from_statement":
            _imported(node, names)
            continue
        if node.type in _APART and (name := node.child_by_field_name("name")):
            names.own.add(_text(name))
        elif node.type == "assignment" and (left := node.child_by_field_name("left")) and left.type == "attribute":
            if attribute := left.child_by_field_name("attribute"):
                names.own.add(_text(attribute))
        elif node.type in ("default_parameter", "typed_default_parameter") and (
            name := node.child_by_field_name("name")
        ):
            names.own.add(_text(name))
        elif node.type == "parameters":
            names.own.update(_text(each) for each in node.children if each.type == "identifier")
        waiting += node.children
    return names


def _imported(node: Node, names: _Names) -> None:
    """Another name of a member of a package stands for the member."""
    for each in node.children_by_field_name("name"):
        name, alias = each, each
        if each.type == "aliased_import":
            name = each.child_by_field_name("name") or each
            alias = each.child_by_field_name("alias") or each
        names.members[_text(alias)] = _text(name)


def _walk(root: Node, names: _Names) -> Iterator[tuple[str, int, int]]:
    """Tokens in the order of the tree; what is inside of a function is another part than what is around it."""
    parts = 0
    waiting: list[tuple[Node, int] | tuple[str, int, int]] = [(root, 0)]
    while waiting:
        each = waiting.pop()
        if len(each) == 3:
            yield each
            continue
        node, part = each
        kind, line = node.type, node.start_point[0] + 1
        if kind in _DROPPED or _says_nothing(node):
            continue
        if kind in _APART:
            parts += 1
            part = parts
        if kind == "identifier":
            if text := _name(node, names):
                yield text, line, part
        elif kind in ("integer", "float"):
            yield _number_token(_text(node)), line, part
        elif kind in ("string", "concatenated_string"):
            yield _TEXT, line, part
            waiting += [(child, part) for child in reversed(node.children) if child.type != "string_content"]
        elif not node.child_count:
            if kind not in _SILENT:
                yield kind, line, part
        else:
            if kind in _NODES:
                yield _NODES[kind], line, part
            waiting += reversed(list(_children(node, part)))


def _children(node: Node, part: int) -> Iterator[tuple[Node, int] | tuple[str, int, int]]:
    """What is inside, in the order in which it is done rather than written."""
    kind, inside = node.type, node.children
    if kind == "augmented_assignment" and len(inside) == 3:
        left, operator, right = inside
        line = operator.start_point[0] + 1
        yield "assign", line, part
        yield left, part
        yield operator.type.removesuffix("="), line, part
        yield left, part
        yield right, part
        return
    if kind in ("binary_operator", "boolean_operator") and (operator_node := node.child_by_field_name("operator")):
        yield operator_node.type, operator_node.start_point[0] + 1, part
        inside = [each for each in inside if each != operator_node]
    elif kind in _COMPREHENSIONS:
        clauses = [each for each in inside if each.type in ("for_in_clause", "if_clause")]
        yield from ((each, part) for each in clauses)
        inside = [each for each in inside if each not in clauses]
    elif kind in _APART and (name := node.child_by_field_name("name")):
        inside = [each for each in inside if each != name]
    yield from ((each, part) for each in inside)


def _says_nothing(node: Node) -> bool:
    """Docstrings, and what is printed on the way."""
    if node.type != "expression_statement" or node.named_child_count != 1:
        return False
    inside = node.named_children[0]
    if inside.type in ("string", "concatenated_string", "ellipsis"):
        return True
    called = inside.child_by_field_name("function") if inside.type == "call" else None
    return called is not None and _text(called) == "print"


def _name(node: Node, names: _Names) -> str:
    """One token for all names of the author's; "" for what stands before a dot."""
    text, around = _text(node), node.parent
    if around is not None and around.type == "attribute" and around.child_by_field_name("attribute") == node:
        return _OWN if text in names.own else f".{text}"
    if around is not None and around.type == "keyword_argument" and around.child_by_field_name("name") == node:
        return _OWN if text in names.own else f"{text}="
    if around is not None and around.type == "attribute":
        return ""  # a package or an object: its member says what is done
    if text in names.members:
        return f".{names.members[text]}"
    return f".{text}" if text in _BUILTINS and text not in names.own else _OWN


def _number_token(text: str) -> str:
    """The value, however it is written."""
    plain = text.replace("_", "").lower().rstrip("jl")
    try:
        return f"{float(plain):.12g}" if len(plain) < 50 else "number"
    except ValueError:
        try:
            return f"{float(int(plain, 0)):.12g}"
        except (ValueError, OverflowError):
            return "number"


LENGTH = 8
"""Tokens of one fragment: one or two statements. `benchmarks/similarity.py` measures what a length gives."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MOST_PLACES = 30  # of one fragment in one submission: a text that repeats itself is marked in its first places
_MOST_STEPS = 300_000
"""For one pair, of looking for runs; two ordinary copies of a thousand lines take some ten thousand."""

Array = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True)
class Fragments:
    """All fragments of a submission: `numbers` at `places`, the place of the first of its tokens; both (n,)."""

    numbers: Array
    places: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def different(self) -> Array:
        """Each number once, sorted."""
        return np.unique(self.numbers)


@dataclass(frozen=True, slots=True)
class Runs:
    """What two submissions share: for each run its first place in both and its number of fragments, longest first.

    No fragment is in two. `complete` is False where looking for them was stopped.
    """

    found: tuple[tuple[int, int, int], ...]
    complete: bool


@lru_cache(maxsize=100_000)
def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "little")


def fragments_of(tokens: Sequence[Token], length: int = LENGTH) -> Fragments:
    """The fragments of some tokens, which are sorted by their parts; a part of fewer tokens has none."""
    parts = np.array([each.part for each in tokens], dtype=np.int64)
    values = np.array([_number(each.text) for each in tokens], dtype=np.uint64)
    count = len(values) - length + 1
    if count <= 0:
        return Fragments(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    numbers = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(length):
            numbers = (numbers ^ values[offset : offset + count]) * _FACTOR
            numbers ^= numbers >> np.uint64(29)
    inside = parts[:count] == parts[length - 1 :]
    return Fragments(numbers[inside], np.flatnonzero(inside))


def runs(first: Fragments, second: Fragments, counted: Array) -> Runs:
    """What two submissions share, as runs that are as long as possible: greedy string tiling over fragments.

    The work has a limit, since a text that repeats itself has too many runs; those of rare fragments come first.

    Args:
        first: the fragments of one submission.
        second: those of the other.
        counted: sorted numbers of the fragments that count.
    """
    longest, complete = _longest(
        np.where(np.isin(first.numbers, counted), first.numbers, 0).tolist(),
        np.where(np.isin(second.numbers, counted), second.numbers, 0).tolist(),
    )
    longest.sort(key=lambda run: (-run[2], run[0], run[1]))
    taken_mine, taken_theirs = np.zeros(len(first.numbers), bool), np.zeros(len(second.numbers), bool)
    made = []
    for place, other, size in longest:
        here, there = slice(place, place + size), slice(other, other + size)
        if not taken_mine[here].any() and not taken_theirs[there].any():
            taken_mine[here] = taken_theirs[there] = True
            made.append((place, other, size))
    return Runs(tuple(made), complete)


def _longest(mine: Sequence[int], theirs: Sequence[int]) -> tuple[list[tuple[int, int, int]], bool]:
    """Every run that cannot go on in either direction, and whether these are all; 0 stands for what does not count."""
    here, there = _places(mine), _places(theirs)
    shared = sorted(here.keys() & there.keys(), key=lambda each: (len(here[each]) * len(there[each]), here[each][0]))
    known: dict[int, list[tuple[int, int]]] = {}  # first and last place of each run, by how far the sides are apart
    found: list[tuple[int, int, int]] = []
    left = _MOST_STEPS
    for place, other in (pair for each in shared for pair in product(here[each], there[each][:_MOST_PLACES])):
        on_same = known.setdefault(place - other, [])
        at = bisect_right(on_same, (place, len(mine)))
        left -= 1
        if not at or on_same[at - 1][1] < place:
            before, behind = _same(mine, theirs, place, other, -1), _same(mine, theirs, place, other, 1)
            size = before + behind - 1
            on_same.insert(at, (place - before + 1, place + behind - 1))
            found.append((place - before + 1, other - before + 1, size))
            left -= size
        if left < 0:
            return found, False
    return found, True


def _places(numbers: Sequence[int]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        if number:
            places.setdefault(number, []).append(place)
    return places


def _same(mine: Sequence[int], theirs: Sequence[int], place: int, other: int, step: int) -> int:
    """How many fragments are the same from here on, in one direction."""
    size = 0
    while 0 <= place < len(mine) and 0 <= other < len(theirs) and mine[place] == theirs[other] and mine[place]:
        size, place, other = size + 1, place + step, other + step
    return size
