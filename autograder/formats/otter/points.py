"""What each test case is worth, by Otter's rules, in hundredths of a point, as they are counted here."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from autograder.scoring import shown

__all__ = ["PointsError", "resolved", "written"]


class PointsError(ValueError):
    """The points do not fit together; the text is the end of a sentence."""


def resolved(total: object, cases: Sequence[object]) -> tuple[Fraction, ...]:
    """The points of each case of a question.

    What the question is worth is shared alike by the cases that say nothing; where the question says nothing, too, and
    no case is worth anything by itself, it is worth 1 point, otherwise the silent cases are worth nothing. What cannot
    be shared in hundredths goes to the first cases, so that the sum is right: 1 point for three is 0.34, 0.33, 0.33.

    Args:
        total: the question's `points`: None, a number, a list with one for each case, or ``{"each": number}``.
        cases: the `points` of each case, None where it says nothing.

    Raises:
        PointsError: something is no number, or the numbers do not add up.
    """
    own = [None if each is None else _number(each, "a test") for each in cases]
    if isinstance(total, dict):
        if set(total) - {"each"}:
            raise PointsError("'points' may be a number, a list or 'each: NUMBER'")
        total = _number(total.get("each", 1), "'each'") * len(own)
    if isinstance(total, list):
        if len(total) != len(own):
            raise PointsError(f"'points' lists {len(total)} numbers for {len(own)} tests")
        own = [None if each is None else _number(each, "'points'") for each in total]
        total = None
    said = sum((each for each in own if each is not None), Fraction(0))
    silent = own.count(None)
    if total is None:
        rest = Fraction(0) if said else Fraction(1)
    else:
        rest = _number(total, "'points'") - said
        if rest < 0:
            raise PointsError(f"its tests are worth {written(said)} points, more than the question's {total}")
        if rest and not silent and own:
            raise PointsError(f"its tests are worth {written(said)} points, but the question {total}")
    return _in_hundredths([rest / silent if each is None else each for each in own])


def written(points: Fraction) -> str:
    """A number as it is typed: ``2``, ``0.5``."""
    return shown(float(points))


def _in_hundredths(points: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Numbers with the same sum, to a hundredth; those that lose most by it get the hundredths that are left."""
    whole = [int(each * 100) for each in points]
    left = round(sum(points, Fraction(0)) * 100) - sum(whole)
    order = sorted(range(len(points)), key=lambda at: whole[at] - points[at] * 100)
    for at in order[:left]:
        whole[at] += 1
    return tuple(Fraction(each, 100) for each in whole)


def _number(value: object, of: str) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise PointsError(f"the points of {of} are {value!r}, and not a number from 0")
    return Fraction(str(value))
