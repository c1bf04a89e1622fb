"""What one student's copy of an assignment differs in: values under names, and files. It is shipped to students.

A release holds them as a module, ``variant.py``, that solutions may import; checks are given the same as `variant`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import InstructorError
from ..wording import reason_of

__all__ = ["MODULE", "Variant", "filled", "read_variant"]

MODULE = "variant.py"
_FILES = "_files"
_NO_FILES: Mapping[str, bytes] = MappingProxyType({})
_NAMED = re.compile(r"\{variant\.([A-Za-z]\w*)(?::([^{}\"\\\n]*))?\}")
_ABOUT = "Your variant of this assignment: import it where you need it, and leave it as it is."
_ABOUT_EXAMPLE = "An example of a variant: each student is given other values. Import it, and leave it as it is."


class Variant(Mapping[str, Any]):
    """Values by name, ``variant.k`` or ``variant["k"]``, and files by path; nothing of it can be changed.

    Args:
        values: numbers, texts, True, False, None, and tuples of them.
        files: what files hold, by path.
        example: whether this is nobody's own.
    """

    __slots__ = ("_example", "_shown_files", "_shown_values")

    def __init__(
        self, values: Mapping[str, Any], files: Mapping[str, bytes] = _NO_FILES, *, example: bool = False
    ) -> None:
        object.__setattr__(self, "_shown_values", MappingProxyType(dict(values)))
        object.__setattr__(self, "_shown_files", MappingProxyType(dict(files)))
        object.__setattr__(self, "_example", example)

    @property
    def files(self) -> Mapping[str, bytes]:
        """What the files that are this student's own hold, by path."""
        found: Mapping[str, bytes] = self._shown_files
        return found

    @property
    def is_example(self) -> bool:
        """Whether this is nobody's own, as in a release that is made for no student."""
        return bool(self._example)

    @property
    def module(self) -> str:
        """The text of ``variant.py``."""
        about = _ABOUT_EXAMPLE if self.is_example else _ABOUT
        lines = [f"{name} = {value!r}\n" for name, value in self.items()]
        files = f"{_FILES} = {tuple(sorted(self.files))!r}\n" if self.files else ""
        return f'"""{about}"""\n\n{"".join(lines)}{files}'

    @property
    def everything(self) -> dict[str, bytes]:
        """Every file of a release that is this student's own, the module first."""
        return {MODULE: self.module.encode(), **self.files}

    def __getitem__(self, name: str) -> Any:
        try:
            return self._shown_values[name]
        except KeyError:
            raise InstructorError(_unknown(name, self)) from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise InstructorError(f"variant.{name} cannot be set: a variant is drawn once, and stays as it is.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown_values)

    def __len__(self) -> int:
        return len(self._shown_values)

    def __contains__(self, name: object) -> bool:
        return name in self._shown_values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variant) and self.everything == other.everything

    def __hash__(self) -> int:
        return hash(self.module)

    def __str__(self) -> str:
        values = [f"{name} = {_text(value)}" for name, value in self.items()]
        return "; ".join([*values, *(f"{file} is your own" for file in sorted(self.files))])

    def __repr__(self) -> str:
        return f"Variant({dict(self)!r})"


def filled(text: str, variant: Variant | None, where: str, *, in_json: bool = False) -> str:
    """A text with the values of a variant in place of names in braces, ``{variant.k}`` or ``{variant.rate:.3f}``.

    Args:
        text: of a handout or a stub; without a variant it stays as it is.
        variant: whose values are put in.
        where: the name of its file, for sentences.
        in_json: whether this is the text of a JSON file, such as a notebook, in whose strings the names stand.

    Raises:
        InstructorError: it names what the variant has not, or a format that the value does not know.
    """
    if variant is None:
        return text

    def value_of(match: re.Match[str]) -> str:
        place = f"{where}:{text.count(chr(10), 0, match.start()) + 1}"
        if match[1] not in variant:
            raise InstructorError(f"{place}: {_unknown(match[1], variant)}")
        value = variant[match[1]]
        try:
            put_in = format(value, match[2]) if match[2] else _text(value)
        except (TypeError, ValueError) as error:
            raise InstructorError(f"{place}: {match[0]} cannot be filled in with {value!r}: {error}.") from None
        return json.dumps(put_in)[1:-1] if in_json else put_in

    return _NAMED.sub(value_of, text)


def read_variant(folder: Path) -> Variant:
    """The variant of a release, read from its ``variant.py`` and the files beside; nothing of it is run.

    Raises:
        InstructorError: it is not there any more, or somebody wrote something else into it.
    """
    path = folder / MODULE
    values: dict[str, Any] = {}
    try:
        tree = ast.parse(path.read_bytes(), MODULE)
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                values[statement.targets[0].id] = ast.literal_eval(statement.value)
        names = values.pop(_FILES, ())
        files = {name: (folder / name).read_bytes() for name in names}
    except (OSError, SyntaxError, ValueError, TypeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it was changed"
        raise InstructorError(
            f"The tests need {MODULE} and the files that came with it, as you were given them: {reason}."
        ) from None
    return Variant(values, files, example=ast.get_docstring(tree) == _ABOUT_EXAMPLE)


def _text(value: Any) -> str:
    """A value as a sentence has it: ``0, 3, 8`` of a tuple."""
    if isinstance(value, tuple):
        return ", ".join(f"({_text(each)})" if isinstance(each, tuple) else _text(each) for each in value)
    return str(value)


def _unknown(name: str, variant: Variant) -> str:
    return f"the variant has no value {name!r}; it has {', '.join(variant) or 'none'}."
