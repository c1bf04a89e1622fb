"""Judge scikit-learn pipelines and searches: how they are built, and whether anything was fitted outside the folds.

How one is built is the plain record of `checks.inspection.estimators`, made by the submission's own process:
it shows honest students their slips. What points depend on should be seen in behaviour as well: predictions, and the
scores of a search on data that `leakage_probe` makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from .arguments import GENERATOR, NUMBERS, TEXT, WHOLE, Rule, takes
from .compare import close
from .errors import CheckFailed, InstructorError
from .value_text import distinct_texts, show

__all__ = ["Estimator", "estimator", "fitted_in_folds", "grid_scores", "leakage_probe"]

_DEPTH = 9
_MOST_INNER = 200
_LONGEST = 300
_LEAST_RIGHT = 0.85

Array = np.ndarray[Any, Any]


_AXIS = Rule(
    "pairs of a parameter and its values, such as ('ridge__alpha', [0.1, 1.0])",
    lambda value: (
        isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and NUMBERS.holds(value[1])
    ),
)


@dataclass(frozen=True, slots=True)
class Estimator:
    """A scikit-learn estimator: type ("Pipeline", or "custom"), settings, and the named estimators inside.

    Every judgement raises `CheckFailed` with one sentence, or returns an `Estimator`, so that they can be chained.
    """

    type: str
    settings: Mapping[str, Any]
    fitted: bool
    inner: tuple[tuple[str, Estimator], ...]
    name: str

    @takes(kind=TEXT)
    def is_a(self, kind: str) -> Estimator:
        """Fail unless it is of this type; a bar between types means any of them, ``*`` any text.

        Examples:
            the type; a bar between types means any of them

            >>> pipe.is_a('GridSearchCV')
            pipe is a Pipeline; expected GridSearchCV.
        """
        if not _fits(self.type, kind):
            raise CheckFailed(f"{self.name} is {_article(self.type)}; expected {_kind(kind)}.")
        return self

    @takes(kinds=TEXT)
    def steps(self, *kinds: str) -> Estimator:
        """Fail unless it is a pipeline with steps of these types in this order, and no others.

        Args:
            kinds: such as ``"StandardScaler|MinMaxScaler", "SVC"``. Steps that do nothing are passed over.

        Examples:
            a pipeline of steps of these types, in this order

            >>> pipe.steps('PCA', 'LinearSVC')
            The steps of pipe are MinMaxScaler, SVC; expected PCA, LinearSVC, in this order.
        """
        self.is_a("Pipeline")
        found = [each.type for _, each in self.inner if each.type != "passthrough"]
        if len(found) != len(kinds) or not all(_fits(got, kind) for got, kind in zip(found, kinds, strict=True)):
            text, expected = ", ".join(found) or "none", ", ".join(map(_kind, kinds))
            raise CheckFailed(f"The steps of {self.name} are {text}; expected {expected}, in this order.")
        return self

    @takes(kind=TEXT)
    def step(self, kind: str) -> Estimator:
        """The first estimator of this type inside, at any depth, or itself.

        Examples:
            the first of a type inside, at any depth

            >>> pipe.step('PCA')
            pipe has no PCA (inside it: MinMaxScaler, SVC).
        """
        found = self._find(kind)
        if found is None:
            inside = ", ".join(each.type for _, each in self.inner) or "nothing"
            raise CheckFailed(f"{self.name} has no {_kind(kind)} (inside it: {inside}).")
        return found

    def has(self, **settings: Any) -> Estimator:
        """Fail unless it has these parameters; numbers may differ by rounding.

        Raises:
            CheckFailed: the sentence gives the first that differs.

        Examples:
            parameters; numbers up to rounding

            >>> pipe.step('SVC').has(C=4.0)
            the step 'svm' of pipe has C=2; expected 4.
        """
        for key, want in settings.items():
            if key not in self.settings:
                raise CheckFailed(f"{self.name} has no plain parameter {key!r}; expected {key}={show(want)}.")
            got = self.settings[key]
            numbers = [type(each) in (int, float) for each in (got, want)]
            if not (np.isclose(got, want, rtol=1e-9) if all(numbers) else type(got) is type(want) and got == want):
                mine, right = distinct_texts(got, want)
                raise CheckFailed(f"{self.name} has {key}={mine}; expected {right}.")
        return self

    def unfitted(self) -> Estimator:
        """Fail if it, or an estimator inside, was fitted already: a search, and a caller, fit it themselves.

        Examples:
            that neither it nor a step was fitted

            >>> estimator({**svm, 'fitted': True}, name='svm').unfitted()
            svm was fitted already; return it as it was made.
        """
        for each in self._all():
            if each.fitted and each.type != "passthrough":
                raise CheckFailed(f"{each.name} was fitted already; return it as it was made.")
        return self

    def _all(self) -> list[Estimator]:
        return [self, *(below for _, each in self.inner for below in each._all())]

    def _find(self, kind: str) -> Estimator | None:
        return next((each for each in self._all() if _fits(each.type, kind)), None)


@takes(name=TEXT)
def estimator(description: object, *, name: str = "the estimator") -> Estimator:
    """What ``student.estimator_of(model)`` returned, for the methods of `Estimator`.

    Raises:
        CheckFailed: it is no readable description.

    Examples:
        that it is a description, for the methods of `Estimator`

        >>> estimator(3, name='pipe')
        pipe gave no readable description; it must be a scikit-learn estimator.
    """
    try:
        return _read(description, name, _DEPTH)
    except (KeyError, TypeError, ValueError):
        raise CheckFailed(f"{name} gave no readable description; it must be a scikit-learn estimator.") from None


@takes(axes=_AXIS, name=TEXT)
def grid_scores(results: object, *axes: tuple[str, object], name: str = "cv_results_") -> Array:
    """The mean scores of a search over exactly this grid, as an array with an axis for each parameter.

    Args:
        results: ``search.cv_results_``, read from a fitted search.
        axes: (parameter, values), such as ``("C", Cs), ("gamma", gammas)``; the names of steps before a parameter
            (``svm__C``) may be left out.
        name: what sentences call it.

    Returns:
        float64, (len(values) of the first, ...).

    Raises:
        CheckFailed: a cell is missing, is there twice or does not belong there, a score is no number, or the mean of
            the folds is not the mean score.

    Examples:
        that `cv_results_` holds exactly this grid, and means that are those of the folds; gives the table of scores

        >>> grid_scores(results, ('C', [1, 2, 4]))
        cv_results_ has no score for C=2 (1 of 3 cells are missing).
    """
    read = _results(results, name)
    grid = [(str(key), [float(each) for each in np.asarray(values, np.float64).ravel()]) for key, values in axes]
    table = np.full([len(values) for _, values in grid], np.nan)
    for setting, score in zip(read.settings, read.means, strict=True):
        place = tuple(_place(setting, key, values, name) for key, values in grid)
        if not np.isnan(table[place]):
            raise CheckFailed(f"{name} holds {_cell(grid, place)} twice.")
        table[place] = score
    if np.isnan(table).any():
        missing = tuple(int(each) for each in np.argwhere(np.isnan(table))[0])
        count = int(np.isnan(table).sum())
        raise CheckFailed(
            f"{name} has no score for {_cell(grid, missing)} ({count} of {table.size} cells are missing)."
        )
    close(read.means, read.splits.mean(axis=1), name=f"mean_test_score of {name}", rtol=1e-6)
    return table


@takes(rng=GENERATOR, samples=WHOLE, columns=WHOLE)
def leakage_probe(rng: np.random.Generator, *, samples: int = 200, columns: int = 6) -> tuple[Array, Array]:
    """Data of two classes on which a search shows whether its scaler or its PCA were fitted outside the folds.

    The first column tells the class. One sample is far out: a million in the first column, a thousand million in the
    second. Whatever is fitted on all samples is fitted on that one, and then sees nothing else: the first column is
    scaled to nothing, and the one component that explains all variance is that of the second. Fitted in the folds, it
    is spared once: in the fold in which that sample is left out, nearly all others there are classified rightly. For
    `fitted_in_folds`.

    Args:
        rng: draws the samples.
        samples: number of samples, half of each class.
        columns: at least 2.

    Returns:
        (x, y): float64 (samples, columns) and int64 (samples,), 0 and 1.

    Examples:
        nothing: samples on which a leak shows, and their labels

        >>> [each.shape for each in leakage_probe(np.random.default_rng(0))]
        [(200, 6), (200,)]
    """
    if columns < 2 or samples < 100:
        raise InstructorError("leakage_probe needs at least 100 samples and 2 columns.")
    y = rng.permutation(np.arange(samples) % 2)
    x = 0.2 * rng.normal(size=(samples, columns))
    x[:, 0] += 2.0 * y - 1.0
    outlier = rng.integers(samples)
    x[outlier, 0], x[outlier, 1] = 1e6, 1e9
    return x, y.astype(np.int64)


@takes(name=TEXT)
def fitted_in_folds(results: object, *, name: str = "the search") -> None:
    """Fail unless a search on the data of `leakage_probe` fitted all its steps in the folds.

    The best score of any fold must be above 85 %: in the fold that leaves the outlier out it is 97 % or more, where
    nothing has leaked, and where something has, all folds are near 50 %.

    Args:
        results: ``search.cv_results_`` of the search on that data, with settings that can tell the classes apart.

    Examples:
        that a search on these samples fitted its scaler and PCA in the folds

        >>> fitted_in_folds(results)
        On data with one sample far out, no fold of the search has a score above 0.75: a scaler, a PCA or the like was
        fitted on all samples, outside the folds. Make it a step of the pipeline.
    """
    best = float(_results(results, f"cv_results_ of {name}").splits.max())
    if best <= _LEAST_RIGHT:
        raise CheckFailed(
            f"On data with one sample far out, no fold of {name} has a score above {show(round(best, 3))}: a scaler, a "
            "PCA or the like was fitted on all samples, outside the folds. Make it a step of the pipeline."
        )


@dataclass(frozen=True, slots=True)
class _Results:
    """What is read of `cv_results_`: a setting for each candidate, mean scores, and scores (candidates, folds)."""

    settings: list[Mapping[str, Any]]
    means: Array
    splits: Array


def _results(results: object, name: str) -> _Results:
    if not isinstance(results, Mapping):
        raise CheckFailed(f"{name} is no dictionary; it must come from a fitted search.")
    settings, means = results.get("params"), results.get("mean_test_score")
    folds = [f"split{fold}_test_score" for fold in range(len(results)) if f"split{fold}_test_score" in results]
    if not isinstance(settings, (list, tuple)) or not settings or not folds:
        raise CheckFailed(f"{name} lacks 'params' or the scores of the folds; it must come from a fitted search.")
    if not all(isinstance(each, Mapping) for each in settings):
        raise CheckFailed(f"'params' of {name} must hold dictionaries.")
    columns = [_scores(each, len(settings), name) for each in (means, *(results[fold] for fold in folds))]
    return _Results(list(settings), columns[0], np.stack(columns[1:], axis=1))


def _scores(values: object, count: int, name: str) -> Array:
    try:
        scores = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        scores = np.empty(0)
    if scores.shape != (count,):
        raise CheckFailed(f"The scores in {name} must be one number for each of {count} candidates.")
    if not np.isfinite(scores).all():
        raise CheckFailed(f"A score in {name} is NaN or infinite: a fit failed.")
    return scores


def _place(setting: Mapping[str, Any], key: str, values: list[float], name: str) -> int:
    found = [value for path, value in setting.items() if type(path) is str and f"__{path}".endswith(f"__{key}")]
    found = [setting[key]] if key in setting else found
    if len(found) != 1 or isinstance(found[0], bool) or not isinstance(found[0], (int, float, np.number)):
        raise CheckFailed(f"A candidate of {name} has no number for {key!r}; search over it.")
    for place, value in enumerate(values):
        if np.isclose(float(found[0]), value, rtol=1e-9):
            return place
    raise CheckFailed(f"{name} holds a candidate with {key}={show(float(found[0]))}, which is not in the grid.")


def _cell(grid: list[tuple[str, list[float]]], place: tuple[int, ...]) -> str:
    return ", ".join(f"{key}={show(values[each])}" for (key, values), each in zip(grid, place, strict=True))


def _fits(kind: str, expected: str) -> bool:
    return any(fnmatchcase(kind, each.strip()) for each in expected.split("|"))


def _kind(expected: str) -> str:
    return " or ".join(each.strip() for each in expected.split("|"))


def _article(kind: str) -> str:
    if kind == "custom":
        return "no estimator of scikit-learn's own"
    return f"an {kind}" if kind[:1] in "AEIO" or kind in ("SVC", "SVR") else f"a {kind}"


def _read(record: object, name: str, depth: int) -> Estimator:
    """Read a record, as from somebody who may lie."""
    if type(record) is not dict or not depth:
        raise TypeError
    kind, settings, inner = record["type"], record["settings"], record["inner"]
    if type(settings) is not dict or type(inner) not in (tuple, list) or len(inner) > _MOST_INNER:
        raise TypeError
    if type(record["fitted"]) is not bool:
        raise TypeError
    parts = []
    for label, part in inner:
        parts.append((_text(label), _read(part, f"the step {_text(label)!r} of {name}"[:_LONGEST], depth - 1)))
    plain = {_text(key): value for key, value in settings.items() if _is_setting(value)}
    return Estimator(_text(kind), plain, record["fitted"], tuple(parts), name)


def _text(value: object) -> str:
    """A name is shown in sentences, so it holds nothing but what Python and scikit-learn allow in names."""
    if type(value) is not str or len(value) > _LONGEST or not all(each.isalnum() or each in "._- " for each in value):
        raise ValueError
    return value


def _is_setting(value: object) -> bool:
    return value is None or type(value) in (bool, int, float) or (type(value) is str and len(value) <= _LONGEST)
