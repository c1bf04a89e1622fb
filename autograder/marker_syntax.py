"""How solutions are marked: the comments and texts that mean something, read from a module's tokens.

Two spellings are read. Ours, which is nbgrader's too:

    ### BEGIN SOLUTION
    return 2 * x
    ### STUB
    # # Comments, that is; each loses its first "# " in the stub.
    # return ...
    ### END SOLUTION

and Otter's: `# BEGIN SOLUTION` or `# BEGIN SOLUTION NO PROMPT` to `# END SOLUTION`, a text from
`\"\"\" # BEGIN PROMPT` to `\"\"\" # END PROMPT` behind it, and `# SOLUTION` or `# SOLUTION NO PROMPT` at the end of a
statement.
"""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from autograder.checks.errors import InstructorError

__all__ = ["BEGIN", "END", "STUB", "Kind", "Marker", "code_lines", "markers", "text_lines"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STUB = "### STUB"


class Kind(Enum):
    """What a marker does."""

    BEGIN = auto()
    END = auto()
    STUB = auto()
    LINE = auto()
    PROMPT = auto()


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker: where it stands (lines from 1; only a prompt has more than one), and how it is written.

    `bare` is Otter's NO PROMPT: nothing shall be left in the stub. `text` holds the lines of a prompt.
    """

    kind: Kind
    line: int
    last: int
    written: str
    bare: bool = False
    text: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether it is our spelling, not Otter's."""
        return self.written.startswith("###")


_KINDS = {
    BEGIN: Kind.BEGIN,
    END: Kind.END,
    STUB: Kind.STUB,
    "# BEGIN SOLUTION": Kind.BEGIN,
    "# BEGIN SOLUTION NO PROMPT": Kind.BEGIN,
    "# END SOLUTION": Kind.END,
    "# SOLUTION": Kind.LINE,
    "# SOLUTION NO PROMPT": Kind.LINE,
    "#SOLUTION": Kind.LINE,
    "#SOLUTION NO PROMPT": Kind.LINE,
}
_BEGIN_PROMPT = re.compile(r"[rRuU]?(?:\"\"\"|''')[ \t]*# BEGIN PROMPT[ \t]*(?=\n)")
_END_PROMPT = "# END PROMPT"
_PHRASES = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN PROMPT", "END PROMPT")
_NEAR = (*_PHRASES, "SOLUTION BEGIN", "SOLUTION END", "START SOLUTION", "STOP SOLUTION", "BEGIN SOLUTION NO PROMPT")
_ALIKE = 0.85
_TEXTS = tuple(getattr(tokenize, name) for name in ("STRING", "FSTRING_MIDDLE") if hasattr(tokenize, name))
_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def text_lines(source: str) -> list[str]:
    """The lines of a module as Python counts them: a form feed or a line separator of Unicode ends none."""
    lines = _with_newlines(source).split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def code_lines(source: str) -> list[int]:
    """The number of the line in which each token that is code begins, in order."""
    return [token.start[0] for token in _tokens(source) if token.type not in _LAYOUT]


def markers(source: str, file: str) -> Iterator[Marker]:
    """Every marker of a module that is Python, in order.

    Raises:
        InstructorError: what nearly is a marker: misspelt, not on a line of its own where it must be, or inside a text.
    """
    lines = text_lines(source)
    tokens = _tokens(source)
    prompts: set[int] = set()
    for at, token in enumerate(tokens):
        line = token.start[0]
        if token.type == tokenize.COMMENT:
            if line not in prompts:
                yield from _comment(token.string.strip(), lines[line - 1], file, line)
        elif token.type == tokenize.STRING and _BEGIN_PROMPT.match(token.string):
            prompt = _prompt(tokens, at, lines, file)
            prompts.add(prompt.last)
            yield prompt
        elif token.type in _TEXTS:
            _no_marker_inside(token.string.split("\n"), file, line)


def _with_newlines(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(_with_newlines(source)).readline))


def _comment(text: str, row: str, file: str, line: int) -> Iterator[Marker]:
    alone = row.strip() == text
    kind = _KINDS.get(text)
    if kind is Kind.LINE:
        if alone:
            raise InstructorError(
                f"{file}:{line}: '{text}' stands behind no statement; put it at the end of one, "
                f"or the lines between '{BEGIN}' and '{END}'."
            )
    elif kind is None or not alone:
        if kind is not None or _looks_like_one(text, alone):
            raise InstructorError(
                f"{file}:{line}: this looks like a solution marker but is none; "
                f"write '{BEGIN}', '{STUB}' or '{END}' on a line of its own (Otter's spellings are read, too)."
            )
        return
    yield Marker(kind, line, line, text, bare=text.endswith("NO PROMPT"))


def _looks_like_one(text: str, alone: bool) -> bool:
    """Whether a comment that is no marker was perhaps meant as one."""
    words = " ".join(re.findall("[A-Za-z]+", text))
    folded = words.upper()
    if any(phrase in folded for phrase in _PHRASES) and len(folded.split()) <= 5:
        return True
    if folded in ("SOLUTION", "SOLUTION NO PROMPT"):
        return not alone or words.isupper()
    if folded == "STUB":
        return text.startswith("##") or words.isupper()
    return (
        alone
        and words.isupper()
        and any(difflib.SequenceMatcher(None, folded, each).ratio() >= _ALIKE for each in _NEAR)
    )


def _prompt(tokens: Sequence[tokenize.TokenInfo], at: int, lines: Sequence[str], file: str) -> Marker:
    """Otter's prompt: a text of its own from BEGIN PROMPT to END PROMPT."""
    token = tokens[at]
    first, last = token.start[0], token.end[0]
    behind = [each.string.strip() for each in tokens[at + 1 : at + 3] if each.start[0] == last]
    ended = _END_PROMPT in behind[:1] or behind == [";", _END_PROMPT]
    alone = not lines[first - 1][: token.start[1]].strip()
    inside = token.string.split("\n")[1:]
    quotes = re.search(r"^[ \t]*(\"\"\"|''')$", inside[-1])
    if not ended or not alone or not quotes:
        raise InstructorError(
            f'{file}:{first}: this prompt has no end; write \'""" {_END_PROMPT}\' on a line of its own below it.'
        )
    text = tuple(inside[:-1])
    _no_marker_inside(text, file, first + 1)
    if not any(map(str.strip, text)):
        raise InstructorError(f"{file}:{first}: this prompt is empty; write what the stub shall say, or remove it.")
    return Marker(Kind.PROMPT, first, last, "# BEGIN PROMPT", text=text)


def _no_marker_inside(text: Sequence[str], file: str, first: int) -> None:
    for line, part in enumerate(text, start=first):
        if part.strip() in _KINDS or part.strip() == _END_PROMPT:
            raise InstructorError(f"{file}:{line}: a solution marker stands inside a text; take it out of the text.")
