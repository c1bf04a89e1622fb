"""What a docstring promises that cannot be seen from a few calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

__all__ = ["docstrings", "left_open", "reproducible", "settled"]

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


def docstrings(sources: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Every function and method by qualified name, with its docstring and that of its class, "" for none."""
    for source in sources.values():
        for node in ast.parse(source).body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            above = (ast.get_docstring(node) or "") if isinstance(node, ast.ClassDef) else ""
            for each in inner:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{owner}{each.name}", ast.get_docstring(each) or "", above


def settled(sources: Mapping[str, str]) -> set[str]:
    """The functions whose docstring says which of equal things counts."""
    return {name for name, own, above in docstrings(sources) if TIES.search(f"{above}\n{own}")}


def reproducible(sources: Mapping[str, str]) -> set[str]:
    """The functions whose docstring promises the same answer for the same seed."""
    return {name for name, own, above in docstrings(sources) if SAME_SEED.search(f"{above}\n{own}")}


def left_open(sources: Mapping[str, str]) -> set[str]:
    """The functions whose own docstring leaves to students what they give, such as "a network of your own"."""
    return {name for name, own, _ in docstrings(sources) if OPEN.search(own)}
