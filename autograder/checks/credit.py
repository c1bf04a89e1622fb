"""Partial credit: what a check may return in place of passing outright, and what it measured for that."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import InstructorError

__all__ = ["Credit", "Measured", "Threshold"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value to be beaten, the fraction of the points that it is for, and whether it was.

    A `fraction` of 0 stands for a baseline: beating it is what the first of the points takes.

    Examples:
        nothing: one of these thresholds, and whether it was passed

        >>> Measurement(0.93, 10_000).points_at({0.90: 1.0}).measured[0].thresholds[0].passed
        True
    """

    value: float
    fraction: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """What was held against thresholds; never shown to students, `autograder calibrate` collects it from many runs.

    Args:
        name: what sentences call the number.
        value: the number that decided; with benefit of the doubt, the better end of the interval.
        n: number of samples behind it; 0 when it is not known.
        higher_is_better: False for losses and errors.
        percent: whether it is a fraction in [0, 1].
        thresholds: what it was held against.
        run: what was run for it, such as ``"800 images, 10 epochs"``, or "".
        tries: of so many independent trainings the best counts. `value` is then the first one's, and a threshold is
            passed when any of them passed it.

    Examples:
        nothing: a number that was held against thresholds, for `autograder calibrate`

        >>> Measurement(0.93, 10_000).points_at({0.90: 1.0}).measured[0].value
        0.93
    """

    name: str
    value: float
    n: int
    higher_is_better: bool
    percent: bool
    thresholds: tuple[Threshold, ...]
    run: str = ""
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Credit:
    """The fraction of a check's points that is earned, 0 to 1, and the sentence that says why.

    `measured` is what was held against thresholds for it; two credits are equal whatever that is. `alarms` are
    sentences for staff alone, about what a person should look at; they cost no points.

    Raises:
        InstructorError: the fraction is not between 0 and 1.

    Examples:
        part of the points: the fraction, and the sentence that says why

        >>> Credit(0.5, 'The first of the two classes is right.')
        The first of the two classes is right.
    """

    fraction: float
    message: str = ""
    measured: tuple[Measured, ...] = field(default=(), compare=False, repr=False)
    alarms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1:
            raise InstructorError(f"Credit must be a fraction between 0 and 1, not {self.fraction}.")
