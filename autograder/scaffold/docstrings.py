"""What a docstring promises that cannot be seen from a few calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

__all__ = ["docstrings", "reproducible", "settled"]

TIES = re.compile(
    r"\b(ties?|tied|first|last|smallest|lowest|largest index|equal(ly)?|stable|their order)\b", re.IGNORECASE
)
SAME_SEED = re.compile(
    r"\b(reproduc\w*|deterministic\w*|repeatable|same seed|equal seeds?|the seed (determines|fixes|decides))\b",
    re.IGNORECASE,
)


def docstrings(sources: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every function and method by qualified name, with its docstring and that of its class."""
    for source in sources.values():
        for node in ast.parse(source).body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            above = (ast.get_docstring(node) or "") if isinstance(node, ast.ClassDef) else ""
            for each in inner:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{owner}{each.name}", f"{above}\n{ast.get_docstring(each) or ''}"


def settled(sources: Mapping[str, str]) -> set[str]:
    """The functions whose docstring says which of equal things counts."""
    return {name for name, text in docstrings(sources) if TIES.search(text)}


def reproducible(sources: Mapping[str, str]) -> set[str]:
    """The functions whose docstring promises the same answer for the same seed."""
    return {name for name, text in docstrings(sources) if SAME_SEED.search(text)}
