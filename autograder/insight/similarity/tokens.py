"""Python code as a sequence of tokens that renaming, reformatting and reordering leave alone.

tree-sitter parses it, also where it has syntax errors or was written for another version of Python. What is left of the
tree says what is done, not how it is spelled: names of the author's own become one token, names of packages and
builtins stay, numbers count by their value, and `x += y` is `x = x + y`. Nothing of the code is run.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["MOST_TOKENS", "Token", "tokens_of"]

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
            yield _number(_text(node)), line, part
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


def _number(text: str) -> str:
    """The value, however it is written."""
    plain = text.replace("_", "").lower().rstrip("jl")
    try:
        return f"{float(plain):.12g}" if len(plain) < 50 else "number"
    except ValueError:
        try:
            return f"{float(int(plain, 0)):.12g}"
        except (ValueError, OverflowError):
            return "number"
