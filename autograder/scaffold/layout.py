"""Lines that are too long, broken as a formatter would: at the last bracket, then one element a line."""

from __future__ import annotations

import contextlib
import io
import tokenize

__all__ = ["WIDTH", "double_quoted", "wrapped"]

WIDTH = 120
_OPEN, _CLOSE = "([{", ")]}"


def wrapped(line: str) -> list[str]:
    """One logical line as one or more that fit into `WIDTH`, where brackets allow it."""
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    pair = _last_pair(line)
    if pair is None:
        return [line]
    start, end = pair
    head, inner, tail = line[: start + 1], line[start + 1 : end].rstrip(",").strip(), line[end:]
    parts = _split(inner)
    deeper = f"{indent}    "
    is_call = line[start] == "(" and start > 0 and (line[start - 1].isalnum() or line[start - 1] == "_")
    if len(deeper + inner) <= WIDTH and (is_call or len(parts) == 1):
        return [head, deeper + inner, indent + tail]
    lines = [head]
    for part in parts:
        comma = "" if len(parts) == 1 and (" for " in part or part.startswith("*")) else ","
        lines += wrapped(f"{deeper}{part}{comma}")
    return [*lines, indent + tail]


def _last_pair(line: str) -> tuple[int, int] | None:
    """Places of the last outermost pair of brackets that holds anything."""
    pairs, stack = [], []
    for place, char in _outside_texts(line):
        if char in _OPEN:
            stack.append(place)
        elif char in _CLOSE and stack:
            start = stack.pop()
            if not stack and place > start + 1:
                pairs.append((start, place))
    return pairs[-1] if pairs else None


def _split(inner: str) -> list[str]:
    """Elements between commas that stand in no further bracket."""
    parts, depth, start = [], 0, 0
    for place, char in _outside_texts(inner):
        depth += (char in _OPEN) - (char in _CLOSE)
        if char == "," and depth == 0:
            parts.append(inner[start:place].strip())
            start = place + 1
    return [part for part in (*parts, inner[start:].strip()) if part]


def double_quoted(line: str) -> str:
    """A line with its texts in double quotes, but for those that hold one."""
    indent = len(line) - len(line.lstrip())
    for token in _tokens(line):
        text = token.string
        if (
            token.type == tokenize.STRING
            and text[0] == "'"
            and text[:3] != "'''"
            and not set(text[1:-1]) & set("'\"\\")
        ):
            start = token.start[1] + indent
            line = f'{line[:start]}"{text[1:-1]}"{line[start + len(text) :]}'
    return line


def _outside_texts(line: str) -> list[tuple[int, str]]:
    """Brackets and commas with their places, without those inside of texts."""
    indent = len(line) - len(line.lstrip())
    tokens = [each for each in _tokens(line) if each.type == tokenize.OP and each.string in "()[]{},"]
    return [(each.start[1] + indent, each.string) for each in tokens]


def _tokens(line: str) -> list[tokenize.TokenInfo]:
    found = []
    with contextlib.suppress(tokenize.TokenError, IndentationError):  # an opened bracket or block has no end here
        for token in tokenize.generate_tokens(io.StringIO(line.lstrip()).readline):
            found.append(token)  # what came before an error counts
    return found
