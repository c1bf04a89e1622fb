"""Gradescope's "Export submissions": a folder for each submission beside `submission_metadata.yml`.

That file maps each folder (of an assignment of PDF files, each file) to what is known of it, under Ruby's symbols:
``:submitters`` with ``:name``, ``:sid`` and ``:email``, ``:created_at``, and more that is not read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from autograder.checks.errors import UsageError
from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who
from autograder.submissions.file_trees import Tree
from autograder.submissions.folders import Unfit
from autograder.submissions.names import printable

__all__ = ["GRADESCOPE"]

METADATA = "submission_metadata.yml"
_LONGEST_WORD = 200


def _recognise(tree: Tree, asked: Asked) -> str:
    del asked
    return "an export of submissions from Gradescope" if (METADATA,) in tree.files else ""


def _read(tree: Tree, asked: Asked) -> Found:
    del asked
    metadata = _metadata(tree)
    found = Found()
    trees = tree.by_top()
    del trees[METADATA]
    for name, own in trees.items():
        about = metadata.get(name)
        if not isinstance(about, Mapping):
            found.beside.append(name)
            continue
        people = [each for each in map(_person, _listed(about.get("submitters"))) if each]
        if not people:
            who: Who | None = Who(name, (name,))
        else:
            who = people[0] if len(people) == 1 else None
        received = _time(about.get("created_at"))
        if who is not None:
            found.hand_ins.append(HandIn(who, own, received))
        else:
            people.sort(key=lambda each: each.key)
            team = Who("+".join(each.key for each in people))
            found.hand_ins.append(HandIn(team, own, received, members=tuple(people)))
    for name in metadata:
        if name not in trees:
            people = [each for each in map(_person, _listed(_mapped(metadata[name]).get("submitters"))) if each]
            shown = ", ".join(each.names[0] if each.names else each.key for each in people) or name
            found.nothing[shown] = f"{METADATA} names {name}, which is not there"
    return found


def _metadata(tree: Tree) -> dict[str, Any]:
    """The file, with the colons of symbols taken off keys and texts.

    Raises:
        UsageError: it cannot be read.
    """
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """YAML's safe kinds; what Ruby calls objects are the mappings, lists and texts that they are written as."""

        def flatten_mapping(self, node: Any) -> None:
            """Refuse ``<<``, which Gradescope does not write: merged again and again, a file grows without end."""

    Loader.add_multi_constructor("!ruby/", _plain)
    Loader.add_multi_constructor("tag:ruby.yaml.org", _plain)
    try:
        loaded = yaml.load(tree.read_text(METADATA), Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, Unfit, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise UsageError(f"{METADATA} cannot be read{line}; export the submissions from Gradescope again.") from None
    if not isinstance(loaded, Mapping) or not all(isinstance(each, str) for each in loaded):
        raise UsageError(f"{METADATA} names no submissions; export them from Gradescope again.")
    return {name: _symbols(about) for name, about in loaded.items()}


def _plain(loader: Any, suffix: str, node: Any) -> Any:
    import yaml

    del suffix
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


def _symbols(about: Any) -> Any:
    """One submission with its keys as words."""
    if not isinstance(about, Mapping):
        return about
    return {str(key).lstrip(":"): value for key, value in about.items()}


def _mapped(about: Any) -> Mapping[str, Any]:
    return about if isinstance(about, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _person(about: Any) -> Who | None:
    words = _symbols(about)
    if not isinstance(words, Mapping):
        return None
    sid, email, name = (_word(words.get(each)) for each in ("sid", "email", "name"))
    key = sid or email or name
    return Who(key, (name,) if name else (), tuple(each for each in (sid, email) if each)) if key else None


def _word(value: Any) -> str:
    """A text or a number as it may be shown; whatever else stands there is none."""
    return printable(str(value)[:_LONGEST_WORD]).strip() if isinstance(value, str | int) else ""


def _time(value: Any) -> datetime | None:
    """A time of YAML, as a text, or as Rails writes one: an object that holds the time in UTC."""
    if isinstance(value, Mapping):
        value = _symbols(value).get("utc")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


GRADESCOPE = Source("gradescope", _recognise, _read)
