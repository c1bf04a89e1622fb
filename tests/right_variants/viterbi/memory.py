"""Recursion that remembers, from the end to the beginning."""

from functools import cache

import numpy as np


def forward(start, transition, emission, observations):
    states = range(len(start))

    @cache
    def rest(t, i):
        if t == len(observations):
            return 1.0
        return sum(transition[i][j] * emission[j][observations[t]] * rest(t + 1, j) for j in states)

    return sum(start[i] * emission[i][observations[0]] * rest(1, i) for i in states)


def viterbi(start, transition, emission, observations):
    states = range(len(start))

    @cache
    def best(t, i):
        here = np.log(emission[i][observations[t]])
        if t == 0:
            return np.log(start[i]) + here, (i,)
        score, path = max((best(t - 1, j)[0] + np.log(transition[j][i]), best(t - 1, j)[1]) for j in states)
        return score + here, (*path, i)

    score, path = max(best(len(observations) - 1, i) for i in states)
    return list(path), score
