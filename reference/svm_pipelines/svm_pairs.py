"""An RBF support vector machine of many classes, one pair of classes after another, so that large sets fit in memory.

The kernel of all 45,000 training images of CIFAR-10 takes 16 GB. One versus one, as libsvm has it, never asks for it:
of k classes each of the k (k - 1) / 2 machines needs the kernel of its own two classes, 650 MB here. Its outputs,

    f_ij(x) = sum_q coefficient_q k(x, x_q) + offset,  k(x, z) = exp(-gamma |x - z|^2),

vote for class i where they are positive and for class j elsewhere; most votes win, and of equals the first class.
"""

from itertools import combinations

import numpy as np
from svm_search import solved, squared_distances

CHUNK = 1000  # test samples whose kernel with all training samples is held at once


def predictions(train_x, train_y, test_x, C, gamma):
    """Labels as of `SVC(C=C, gamma=gamma).fit(train_x, train_y).predict(test_x)`, but for ties that rounding decides.

    Args:
        train_x: samples, (n, features).
        train_y: labels, (n,).
        test_x: samples, (m, features).
        C: bound of the multipliers.
        gamma: of the kernel.

    Returns:
        Labels, (m,).
    """
    classes = np.unique(train_y)
    members = [np.asarray(train_x[train_y == label], np.float64) for label in classes]
    pairs = [(i, j, *pair(members[i], members[j], C, gamma)) for i, j in combinations(range(len(classes)), 2)]
    chunks = np.split(test_x, range(CHUNK, len(test_x), CHUNK))
    return np.concatenate([classes[votes(members, pairs, x, gamma).argmax(axis=1)] for x in chunks])


def pair(a, b, C, gamma):
    """Train the machine of two classes: coefficients of a, (n_a,), and of b, (n_b,), and the offset."""
    both = np.concatenate([a, b])
    solution = solved(rbf(both, both, gamma), np.arange(len(both)) < len(a), C)
    return solution.coefficients[: len(a)], solution.coefficients[len(a) :], solution.offset


def votes(members, pairs, x, gamma):
    """How many machines vote for each class, (m, classes)."""
    kernels = [rbf(x, each, gamma) for each in members]  # (m, n_i) each
    found = np.zeros((len(x), len(members)), int)
    for i, j, of_i, of_j, offset in pairs:
        first = kernels[i] @ of_i + kernels[j] @ of_j + offset > 0
        found[first, i] += 1
        found[~first, j] += 1
    return found


def rbf(a, b, gamma):
    """The kernel exp(-gamma |a_i - b_j|^2), (n, m)."""
    exponents = squared_distances(np.asarray(a, np.float64), b)
    exponents *= -gamma
    return np.exp(exponents, out=exponents)
