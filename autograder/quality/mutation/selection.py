"""Which mutants are graded: those that an instructor keeps, and generated ones; of all questions, or of one.

Survivors that the instructor accepts are written into `mutants/accepted.txt`, each with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograder.assignment.question import Question
from autograder.checks.errors import InstructorError, UsageError
from autograder.loader import Loaded
from autograder.notebooks.source import file_text
from autograder.quality.mutation.kept import kept
from autograder.quality.mutation.mutants import Mutant, belongs, generate, sample
from autograder.settings import near, utf8_text

__all__ = ["Selection", "accepted", "questions_of", "sample_of", "select"]

ACCEPTED = "mutants/accepted.txt"


@dataclass(frozen=True, slots=True)
class Selection:
    """The mutants to be graded, the kept ones first; of how many in all; and what is accepted but does not exist."""

    mutants: tuple[Mutant, ...]
    total: int
    stale: tuple[str, ...]


def questions_of(loaded: Loaded, only: str = "") -> tuple[Question, ...]:
    """The questions that have checks, or the one that was asked for.

    Raises:
        UsageError: there is no such question.
    """
    known = {question.id: question for question in loaded.assignment.questions if question.checks}
    if only and only not in known:
        raise UsageError(f"--only: no question is called {only!r}; {near(only, known)}")
    return (known[only],) if only else tuple(known.values())


def select(
    loaded: Loaded, *, only: str = "", kept_alone: bool = False, limit: int | None = None, seed: str = ""
) -> Selection:
    """The mutants of an assignment.

    Args:
        loaded: the assignment with its reference.
        only: the question whose solution they change; "" for all.
        kept_alone: those that the instructor keeps, and no others.
        limit: at most so many generated ones, spread over operators and functions; None for all.
        seed: which ones these are.

    Raises:
        UsageError: there is no such question, or no mutant.
        InstructorError: a kept mutant or a line of accepted ones is wrong.
    """
    questions = questions_of(loaded, only)
    sources = _sources(loaded)
    own = kept(loaded.folder, sources)
    every = generate(sources)
    stale = accepted(loaded).keys() - {name for mutant in every for name in (mutant.id, mutant.place)}

    def is_asked(mutant: Mutant) -> bool:
        return not only or belongs(mutant, questions[0], loaded.interface)

    own = tuple(filter(is_asked, own))
    asked = () if kept_alone else tuple(filter(is_asked, every))
    if not own and not asked:
        raise UsageError(
            f"{loaded.folder / 'mutants'} holds no mutant that is kept (*.diff); keep one, or leave --kept out."
            if kept_alone
            else f"There is nothing to change in the solutions of {loaded.id!r}; are its markers in place?"
        )
    chosen = sample(asked, limit, seed) if limit else asked
    return Selection((*own, *chosen), len(own) + len(asked), tuple(sorted(stale)))


def sample_of(loaded: Loaded, count: int, seed: str) -> tuple[Mutant, ...]:
    """At most so many generated mutants, spread over operators and functions; the same for the same seed."""
    return sample(generate(_sources(loaded)), count, seed) if count else ()


def _sources(loaded: Loaded) -> dict[str, str]:
    """The text of each file that students write code in."""
    files = [file for file in loaded.assignment.files if file.endswith((".py", ".ipynb"))]
    return {file: file_text(loaded.reference_folder / file) for file in files}


def accepted(loaded: Loaded) -> dict[str, str]:
    """The survivors that the instructor accepts, by id or ``file:line:operator``, with the reason for each.

    Raises:
        InstructorError: a line without a reason.
    """
    path = loaded.folder / ACCEPTED
    found = {}
    for number, line in enumerate(utf8_text(path).splitlines() if path.is_file() else (), 1):
        name, _, reason = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if not reason.strip():
            raise InstructorError(f"{path}:{number}: write why {name} is accepted behind it, on the same line.")
        found[name] = reason.strip()
    return found
