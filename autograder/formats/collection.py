"""From a download to `submissions/NAME/STUDENT/ATTEMPT/`: recognised, named by the roster, repaired, and kept.

Whatever a person has to decide is a line of `questions.csv`, and the attempt waits until it has an answer there. The
same download collected again changes nothing.
"""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.formats.attendance import Collection
from autograder.formats.filing import Filing, collect_found
from autograder.formats.git.clones import fetch_listed, is_list, refuse_no_list
from autograder.formats.hand_in_times import HandInTimes
from autograder.formats.hand_ins import Asked
from autograder.formats.plain import ONE
from autograder.formats.sources import opened
from autograder.submissions.collected import (
    is_collected,
)
from autograder.submissions.names import some
from autograder.submissions.trees import OUTSIDE

__all__ = ["collect_source", "refuse_other_folder"]


def collect_source(source: Path, staging: Path, filing: Filing, *, times: HandInTimes | None = None) -> Collection:
    """Collect every hand-in of a download.

    Args:
        source: the download: a folder, an archive, or a list of repositories; never written to.
        staging: an own empty folder inside of `filing.into`.
        filing: where hand-ins are filed, and how.
        times: hand-in times, for what comes without one.

    Raises:
        UsageError: the source is not there, is nothing of a known kind, or overlaps with `filing.into`; or what is
            in that cannot be used.
    """
    source = source.resolve()
    _refuse(source, filing.into, filing.asked)
    asked = replace(filing.asked, scratch=staging)
    with ExitStack() as stack:
        if is_list(source):
            kind, said = "git", "a list of git repositories"
            found = fetch_listed(source, filing.into / ".repositories", asked)
        else:
            refuse_no_list(source)
            known, said, tree = opened(source, asked, stack)
            kind, found = known.name, known.read(tree, asked)
            if said != ONE:
                found.beside += [each for each in tree.hidden() if each not in found.beside]
                outside = [path[-1].replace("|", "/") for path, reason in tree.left_out.items() if reason == OUTSIDE]
                found.notes += [f"Left out: {each} ({OUTSIDE})." for each in outside]
        if times is not None:
            times.laid_over(found, filing.roster, kind)
        result = collect_found(found, kind, source.name, staging, replace(filing, asked=asked))
    result.said = said
    return result


def _refuse(source: Path, into: Path, asked: Asked) -> None:
    if not source.exists():
        raise UsageError(f"{source} does not exist; name the download: a folder, an archive or a list of repositories.")
    place = into.resolve()
    if source.is_dir() and (source == place or source in place.parents or place in source.parents):
        raise UsageError(
            f"{source} and {into}, where submissions are collected, overlap; name another folder with `autograder "
            f"{_again(source, asked)}`."
        )
    refuse_other_folder(source, into, asked)


def refuse_other_folder(source: Path | str, into: Path, asked: Asked) -> None:
    """Refuse to collect into a folder that holds something else.

    Raises:
        UsageError: it does.
    """
    others = [each for each in into.iterdir() if not each.name.startswith(".")] if into.is_dir() else []
    if others and not is_collected(into):
        raise UsageError(
            f"{into} holds something that was not collected ({some(sorted(each.name for each in others))}); name "
            f"another folder with `autograder {_again(source, asked)}`."
        )


def _again(source: Path | str, asked: Asked) -> str:
    return f"collect {shlex.quote(str(source))} --assignment {shlex.quote(asked.assignment)} --out DIR"
