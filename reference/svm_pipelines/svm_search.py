"""The grid search of an RBF support vector machine over (C, gamma), with all that its fits have in common done once.

`sklearn.model_selection.GridSearchCV` fits every cell of the grid anew, and each fit computes its kernel
k(x, z) = exp(-gamma |x - z|^2) from the samples. Here, fold by fold:

* the squared distances are computed once, |x - z|^2 = |x|^2 - 2 x.z + |z|^2, by one product of matrices;
* for each gamma there is one exponential of them, shared by all C; libsvm gets the finished kernel ("precomputed");
* samples are sorted by class, and each of the k (k - 1) / 2 problems of two classes, into which libsvm divides k
  classes (one versus one), is given its own block of the kernel, which fits the processor's caches;
* the fold that is left out is scored for all C at once, by a product of its kernel with the multipliers;
* a C whose solution is already known is not solved again. Two facts say when (`TwoClasses`); both follow from the
  conditions of Karush, Kuhn and Tucker, so that such a solution is as near to the optimum as the one it comes from.

No cell is left out, no fold, and no sample. The scores differ from those of `GridSearchCV(SVC())` by what two runs of
libsvm with samples in another order differ by: it stops at a tolerance.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import _libsvm

_libsvm.set_verbosity_wrap(0)  # it prints each solution otherwise


def search(x, y, Cs, gammas, folds=5, scaler=None):
    """Mean accuracy over the folds for each cell of the grid, as `GridSearchCV(SVC(), ..., cv=folds)` has it.

    Args:
        x: samples, (n, features).
        y: labels, (n,).
        Cs: values of C.
        gammas: values of gamma.
        folds: number of folds; stratified and not shuffled, as in `GridSearchCV`.
        scaler: an unfitted transformer, such as `MinMaxScaler()`, to be fitted on the training part of each fold.

    Returns:
        Array (len(Cs), len(gammas)) of mean accuracies, fractions.
    """
    scores = [
        fold_scores(x[train], y[train], x[test], y[test], Cs, gammas, scaler)
        for train, test in StratifiedKFold(folds).split(x, y)
    ]
    return np.mean(scores, axis=0)


def fold_scores(train_x, train_y, test_x, test_y, Cs, gammas, scaler=None):
    """Accuracy on (test_x, test_y) after training on (train_x, train_y), as an array (len(Cs), len(gammas))."""
    if scaler is not None:
        fitted = clone(scaler).fit(train_x)
        train_x, test_x = fitted.transform(train_x), fitted.transform(test_x)
    train_x, test_x = (np.asarray(each, np.float64) for each in (train_x, test_x))
    order = np.argsort(train_y, kind="stable")
    train_x, train_y = train_x[order], train_y[order]
    within = squared_distances(train_x, train_x)  # (n, n)
    across = squared_distances(test_x, train_x)  # (m, n)
    classes, starts = np.unique(train_y, return_index=True)
    blocks = [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(train_y)], strict=True)]
    scores = np.empty((len(Cs), len(gammas)))
    for column, gamma in enumerate(gammas):
        kernel, test_kernel = np.exp(-gamma * within), np.exp(-gamma * across)
        votes = np.zeros((len(Cs), len(test_x), len(classes)), np.uint8)
        for (i, a), (j, b) in combinations(enumerate(blocks), 2):
            own = np.block([[kernel[a, a], kernel[a, b]], [kernel[b, a], kernel[b, b]]])  # (n_i + n_j, n_i + n_j)
            first = np.arange(len(own)) < a.stop - a.start
            coefficients, offsets = all_solutions(own, first, Cs)  # (len(Cs), n_i + n_j), (len(Cs),)
            outputs = test_kernel[:, a] @ coefficients.T[first] + test_kernel[:, b] @ coefficients.T[~first] + offsets
            votes[:, :, i] += outputs.T > 0
            votes[:, :, j] += outputs.T <= 0
        predicted = classes[votes.argmax(axis=2)]  # (len(Cs), m); the first of the most voted for, as in libsvm
        scores[:, column] = (predicted == test_y).mean(axis=1)
    return scores


def squared_distances(a, b):
    """|a_i - b_j|^2 as an array (n, m), by one product of matrices; what rounding makes negative is 0."""
    squares = np.sum(a * a, axis=1)[:, None] - 2 * (a @ b.T) + np.sum(b * b, axis=1)
    return np.maximum(squares, 0)


def all_solutions(kernel, positive, Cs):
    """Solve a problem of two classes for every C.

    Args:
        kernel: k(x_p, x_q) of the samples, (n, n).
        positive: whether a sample is of the first class, (n,), truth values.
        Cs: values of C, in any order.

    Returns:
        (coefficients, offsets), (len(Cs), n) and (len(Cs),): a sample x belongs to the first class where
        sum_q coefficients[q] k(x, x_q) + offset > 0; coefficients are multipliers alpha_q times +1 or -1.
    """
    rising = np.argsort(Cs)
    middle = len(Cs) // 2
    solutions = {}
    for place, before in zip(rising[middle:], [None, *rising[middle:-1]], strict=True):
        known = solutions.get(before)
        solutions[place] = (known and known.for_larger(Cs[place])) or solved(kernel, positive, Cs[place])
    for place, after in zip(rising[:middle][::-1], rising[1 : middle + 1][::-1], strict=True):
        solutions[place] = solutions[after].for_smaller(Cs[place]) or solved(kernel, positive, Cs[place])
    in_order = [solutions[place] for place in range(len(Cs))]
    return np.array([each.coefficients for each in in_order]), np.array([each.offset for each in in_order])


def solved(kernel, positive, C):
    """The solution by libsvm, from a finished kernel (n, n).

    `SVC(C=C, kernel="precomputed").fit` calls the same function. What it does around it, checks of its arguments above
    all, takes a thousandth of a second, as long as libsvm needs for 200 samples, and there are thousands of problems.
    """
    labels = (~positive).astype(np.float64)  # libsvm counts the first of its labels, 0, as t = 1
    support, _, _, multipliers, offset, *_ = _libsvm.fit(kernel, labels, kernel="precomputed", C=C, cache_size=200)
    coefficients = np.zeros(len(positive))
    coefficients[support] = multipliers[0]
    return TwoClasses(C, positive, coefficients, offset[0])


@dataclass(frozen=True)
class TwoClasses:
    """A solution for one C: f(x) + b = sum_q t_q alpha_q k(x, x_q) + b with 0 <= alpha_q <= C and t_q = 1 or -1.

    It is one if and only if (the conditions of Karush, Kuhn and Tucker)

        t_q (f(x_q) + b) >= 1 where alpha_q = 0,  = 1 where 0 < alpha_q < C,  <= 1 where alpha_q = C,

    and sum_q t_q alpha_q = 0.
    """

    C: float
    positive: np.ndarray
    coefficients: np.ndarray
    offset: float

    def for_larger(self, C):
        """The solution for a larger C, or None if it is not known.

        Where no alpha_q is at its bound the last condition asks nothing, and the others do not contain C: the solution
        is that of every larger C.
        """
        if np.abs(self.coefficients).max() < self.C:
            return TwoClasses(C, self.positive, self.coefficients, self.offset)
        return None

    def for_smaller(self, C):
        """The solution for a smaller C, or None if it is not known.

        Where every alpha_q of one class, let it be that of t = -1, is at its bound, all alpha and f times s = C' / C,
        with b' = 1 - s (1 - b), are the solution for C' < C: a sample of the other class has
        f' + b' - 1 = s (f + b - 1), of the same sign as before, and one of the first class has
        f' + b' = 1 + s (f + b - 1) >= -1, because f + b >= -1 and s < 1. For t = 1, b' = -1 + s (1 + b) likewise.

        Where no alpha_q is between 0 and C the conditions leave an interval for b, of which libsvm takes the middle. If
        all of them are at the bound, that is b' = s b; in all other such cases the solution counts as not known.
        """
        s = C / self.C
        bounded = np.abs(self.coefficients) == self.C
        free = np.any(~bounded & (self.coefficients != 0))
        if bounded.all():
            offset = s * self.offset
        elif free and bounded[~self.positive].all():
            offset = 1 - s * (1 - self.offset)
        elif free and bounded[self.positive].all():
            offset = -1 + s * (1 + self.offset)
        else:
            return None
        return TwoClasses(C, self.positive, _scaled(self.coefficients, bounded, s, C), offset)


def _scaled(coefficients, bounded, s, C):
    """Coefficients times s; those at the bound are exactly at the new one, so that they are still seen there."""
    return np.where(bounded, np.sign(coefficients) * C, s * coefficients)
