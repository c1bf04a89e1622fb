"""Three loops, and dictionaries for the way back."""

import numpy as np


def posterior(start, transition, emission, observations):
    n, k = len(observations), len(start)
    result = np.zeros((n, k))
    for t in range(n):
        for i in range(k):
            restricted = [emission.copy() for _ in range(n)]
            for j in range(k):
                if j != i:
                    restricted[t][j] = 0
            alpha = start * restricted[0][:, observations[0]]
            for s in range(1, n):
                alpha = alpha @ transition * restricted[s][:, observations[s]]
            result[t, i] = alpha.sum()
    return result / forward(start, transition, emission, observations)


def viterbi(start, transition, emission, observations):
    k = len(start)
    score = {i: np.log(start[i]) + np.log(emission[i, observations[0]]) for i in range(k)}
    trail = {i: [i] for i in range(k)}
    for o in observations[1:]:
        new, longer = {}, {}
        for j in range(k):
            came = max(range(k), key=lambda i, j=j: score[i] + np.log(transition[i, j]))
            new[j] = score[came] + np.log(transition[came, j]) + np.log(emission[j, o])
            longer[j] = trail[came] + [j]
        score, trail = new, longer
    last = max(score, key=score.get)
    return trail[last], score[last]
