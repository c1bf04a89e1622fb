"""Measured numbers and the points that they earn.

A `Measurement` knows the uncertainty that the number of samples leaves, and is held against thresholds; the result is a
`Credit`, which any check may return in place of passing outright, with a record (`Measured`) for calibration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .arguments import COUNT, FLAG, NUMBER, SHARE, TEXT, TEXTS, THRESHOLDS, Rule, either, optional, takes, wrong
from .errors import CheckFailed, InstructorError

__all__ = ["Credit", "Measured", "Measurement", "Sign", "Threshold", "Z"]


Sign = Callable[[Any], Sequence[str]]
"""Given the student's code in a sandbox of its own, sentences for staff: none, one or several."""


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
        answers: which predictions are wrong, as `wrong_answers` has it, or "".
        low: lower end of the 95 % interval, where it is known; see `Measurement`.
        high: upper end of it.

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
    answers: str = field(default="", compare=False, repr=False)
    low: float = field(default=math.nan, compare=False)
    high: float = field(default=math.nan, compare=False)


@dataclass(frozen=True, slots=True)
class Credit:
    """The fraction of a check's points that is earned, 0 to 1, and the sentence that says why.

    `measured` is what was held against thresholds for it; two credits are equal whatever that is. `alarms` are
    sentences for staff alone, about what a person should look at; they cost no points. `signs` are functions that give
    such sentences and run more of the student's code for them; see `with_sign`.

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
    signs: tuple[Sign, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not SHARE.holds(self.fraction):
            raise wrong("Credit", "fraction", self.fraction, f"give {SHARE.allowed}")
        if not TEXT.holds(self.message):
            raise wrong("Credit", "message", self.message, f"give {TEXT.allowed}")

    def alarmed(self, sentences: Sequence[str]) -> Credit:
        """The same with more alarms for staff, such as those of `falls_on_fresh`.

        Args:
            sentences: none, one or several.

        Examples:
            sentences for staff alone beside the points, and no points less

            >>> Credit(1.0).alarmed(quicker_than_fresh(0.02, 12.0)).fraction
            1.0
        """
        if isinstance(sentences, str) or not TEXTS.holds(sentences):
            raise wrong("Credit.alarmed", "sentences", sentences, "give what falls_on_fresh or another of them gave")
        return replace(self, alarms=(*self.alarms, *sentences))

    def with_sign(self, sign: Sign) -> Credit:
        """The same with a sign of shortcuts that needs extra runs of the student's code: it cannot cost a point.

        Args:
            sign: called as ``sign(student)`` when the points are settled, with the student's code in a sandbox of its
                own, under the question's limits once more; returns what `falls_on_fresh` or another of them gives. What
                ends or fails in there is a note for staff. Objects of the check's own `student` are not alive in there;
                pass on numbers and arrays alone.

        Examples:
            a sign that needs extra runs of the student's code, which are apart from those for the points

            >>> Credit(1.0).with_sign(lambda student: quicker_than_fresh(0.02, 12.0)).fraction
            1.0
        """
        if not callable(sign):
            raise wrong("Credit.with_sign", "sign", sign, "give a function that is called with the student")
        return replace(self, signs=(*self.signs, sign))


Z = 1.959964
"""95 % of a normal distribution lie within this many standard deviations."""


_VALUE = either(NUMBER, Rule("NaN", lambda value: isinstance(value, float) and math.isnan(value)))
_ENDS = Rule("both ends of the interval in a tuple", lambda value: isinstance(value, tuple) and len(value) == 2)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a model achieves on `n` samples: `value` with its 95 % interval `low` to `high`.

    Without an `interval` the value is a fraction of right (or wrong) answers, and the interval is Wilson's (Journal of
    the American Statistical Association 22 (1927) 209); of 0 samples there is none.

    Args:
        value: the measured number; a fraction in [0, 1] where `percent` is set.
        n: number of samples; 0 when it is not known.
        name: what sentences call the number.
        interval: ends of the 95 % interval; equal ones say that no interval is known.
        higher_is_better: False for losses and errors.
        percent: whether sentences tell the value in per cent.
        run: what was run to measure it, such as ``"800 images x 10"``; sentences and `autograder calibrate` tell it.
        answers: which predictions are wrong, as `wrong_answers` has it, or "".
    """

    value: float
    n: int
    name: str = "accuracy"
    interval: tuple[float, float] | None = None
    higher_is_better: bool = True
    percent: bool = True
    run: str = ""
    answers: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no measured number.

        Raises:
            InstructorError: names the field.
        """
        for argument, value, rule in (
            ("value", self.value, _VALUE),
            ("n", self.n, COUNT),
            ("name", self.name, TEXT),
            ("interval", self.interval, optional(_ENDS)),
            ("higher_is_better", self.higher_is_better, FLAG),
            ("percent", self.percent, FLAG),
            ("run", self.run, TEXT),
            ("answers", self.answers, TEXT),
        ):
            if not rule.holds(value):
                raise wrong("Measurement", argument, value, f"give {rule.allowed}")
        if self.interval is None and self.n and not 0 <= self.value <= 1:
            raise wrong("Measurement", "value", self.value, "give a fraction from 0 to 1, or interval=(low, high)")

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self._ends()[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._ends()[1]

    def _ends(self) -> tuple[float, float]:
        if self.interval is not None:
            return self.interval
        p, n, z2 = self.value, self.n, Z * Z
        if not n:
            return p, p
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        # Rounding must not push an end past the value, which the interval holds even at 0 and 1.
        return min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half))

    def __str__(self) -> str:
        low, high = self._ends()
        if self.percent:
            value, ends = f"{100 * self.value:.2f} %", f"{100 * low:.1f} to {100 * high:.1f} %"
        else:
            value, ends = f"{self.value:.4g}", f"{low:.4g} to {high:.4g}"
        samples = f" on {self.n:,} samples" if self.n else ""
        interval = f" (95 % interval {ends})" if low < high else ""
        return f"{self.name} {value}{samples}{interval}" + (f", trained on {self.run}" if self.run else "")

    @takes(thresholds=THRESHOLDS, benefit_of_doubt=FLAG, implausible=optional(NUMBER))
    def points_at(
        self, thresholds: Mapping[float, float], *, benefit_of_doubt: bool = False, implausible: float | None = None
    ) -> Credit:
        """The most credit of the thresholds that the value is better than (strictly: above, or below for a loss).

        Args:
            thresholds: from the value (accuracy in [0, 1]) to the fraction of the points, such as
                ``{0.96: 1.0, 0.90: 0.5}``.
            benefit_of_doubt: whether a threshold counts as passed when the 95 % interval holds it. Then about 1 in 40
                submissions whose true value is exactly at a threshold misses it, instead of every second.
            implausible: a value that no training of this size reaches. A better one costs no points, but staff get an
                alarm: `Credit.alarms`.

        Raises:
            CheckFailed: better than none of them; the sentence names value, interval and thresholds.
            InstructorError: no threshold given, or `implausible` is no better than one of them.

        Examples:
            strictly better than a threshold

            >>> Measurement(0.896, 10_000).points_at({0.85: 0.5, 0.90: 1.0})
            Accuracy 89.60 % on 10,000 samples (95 % interval 89.0 to 90.2 %); more than 85 % was asked; more than 90 %
            gives more.

            or the interval holds it, when that is asked for

            >>> Measurement(0.896, 10_000).points_at({0.85: 0.5, 0.90: 1.0}, benefit_of_doubt=True)
            Accuracy 89.60 % on 10,000 samples (95 % interval 89.0 to 90.2 %), so within the error of 90 %: benefit of
            the doubt.

            nothing passed

            >>> accuracy([1, 0], [1, 1]).points_at({0.90: 1.0})
            Accuracy 50.00 % on 2 samples (95 % interval 9.5 to 90.5 %); expected more than 90 %.

            an alarm for staff, and no points less, where the value is better than any training of this size reaches

            >>> Measurement(0.999, 5000).points_at({0.90: 1.0}, implausible=0.995).alarms[0]
            Accuracy 99.90 % on 5,000 samples (95 % interval 99.8 to 100.0 %) is better than 99.5 %, which no training
            of this size is expected to reach. No points were taken; read how the submission arrives at its predictions.
        """
        if not thresholds:
            raise InstructorError("points_at needs at least one threshold, such as {0.9: 1.0}.")
        if implausible is not None and not all(
            implausible > each if self.higher_is_better else implausible < each for each in thresholds
        ):
            raise InstructorError(
                f"points_at(..., implausible={implausible:g}) of {self.name}: it must be better than every threshold."
            )
        alarms = () if implausible is None or not self._beats(implausible) else (self._alarm(implausible),)
        passed = [each for each in thresholds if self._beats(each) or (benefit_of_doubt and self._holds(each))]
        best_end = self.high if self.higher_is_better else self.low
        measured = self._measured(
            best_end if benefit_of_doubt else self.value,
            *(Threshold(each, fraction, each in passed) for each, fraction in thresholds.items()),
        )
        if not passed:
            easiest = min(thresholds) if self.higher_is_better else max(thresholds)
            raise CheckFailed(f"{self._text()}; expected {self._than(easiest)}.", measured=measured)
        best = max(passed, key=lambda each: (thresholds[each], each if self.higher_is_better else -each))
        fraction = thresholds[best]
        above = [each for each in thresholds if thresholds[each] > fraction]
        more = f"; {self._than(min(above) if self.higher_is_better else max(above))} gives more" if above else ""
        if self._beats(best):
            return Credit(fraction, f"{self._text()}; {self._than(best)} was asked{more}.", measured, alarms)
        return Credit(
            fraction,
            f"{self._text()}, so within the error of {self._in_words(best)}: benefit of the doubt{more}.",
            measured,
            alarms,
        )

    @takes(baseline=NUMBER, reference=NUMBER)
    def points_between(self, baseline: float, reference: float) -> Credit:
        """Credit that grows in a straight line from none at `baseline` to all at `reference`, and stays between.

        Args:
            baseline: the value that earns nothing, such as that of guessing.
            reference: the value that earns everything, such as that of the reference solution; above the baseline, or
                below it where lower is better.

        Raises:
            CheckFailed: the value is not better than the baseline.
            InstructorError: the reference is not better than the baseline.

        Examples:
            a straight line from none at the baseline to all at the reference value

            >>> loss(0.7).points_between(2.3, 0.3)
            Loss 0.7; that is 80 % of the way from 2.3 (no points) to 0.3 (all points).
        """
        if not (reference > baseline if self.higher_is_better else reference < baseline):
            better = "above" if self.higher_is_better else "below"
            raise InstructorError(
                f"points_between({baseline:g}, {reference:g}) of {self.name}: the reference value must lie {better} "
                "the baseline."
            )
        fraction = min(1.0, (self.value - baseline) / (reference - baseline))
        measured = self._measured(
            self.value,
            Threshold(baseline, 0.0, self._beats(baseline)),
            Threshold(reference, 1.0, fraction >= 1),
        )
        if not self._beats(baseline):
            raise CheckFailed(f"{self._text()}; expected {self._than(baseline)}.", measured=measured)
        if fraction >= 1:
            return Credit(1.0, f"{self._text()}; {self._in_words(reference)} was asked for all points.", measured)
        return Credit(
            fraction,
            f"{self._text()}; that is {int(100 * fraction)} % of the way from {self._in_words(baseline)} (no points) "
            f"to {self._in_words(reference)} (all points).",
            measured,
        )

    def _measured(self, value: float, *thresholds: Threshold) -> tuple[Measured, ...]:
        plain = tuple(Threshold(float(each.value), float(each.fraction), bool(each.passed)) for each in thresholds)
        known = (self.name, float(value), int(self.n), self.higher_is_better, self.percent, plain, self.run)
        return (Measured(*known, answers=self.answers, low=float(self.low), high=float(self.high)),)

    def _alarm(self, implausible: float) -> str:
        return (
            f"{self._text()} is better than {self._in_words(implausible)}, which no training of this size is expected "
            "to reach. No points were taken; read how the submission arrives at its predictions."
        )

    def _beats(self, threshold: float) -> bool:
        return self.value > threshold if self.higher_is_better else self.value < threshold

    def _holds(self, threshold: float) -> bool:
        return self.low <= threshold <= self.high

    def _text(self) -> str:
        text = str(self)
        return text[:1].upper() + text[1:]

    def _in_words(self, threshold: float) -> str:
        return f"{100 * threshold:.10g} %" if self.percent else f"{threshold:.10g}"

    def _than(self, threshold: float) -> str:
        return f"{'more' if self.higher_is_better else 'less'} than {self._in_words(threshold)}"
