"""Probabilities instead of logarithms, scaled in each step."""

import numpy as np


def forward(start, transition, emission, observations):
    alpha, log = start * emission[:, observations[0]], 0.0
    for t in range(1, len(observations)):
        log, alpha = log + np.log(alpha.sum()), alpha / alpha.sum()
        alpha = transition.T @ alpha * emission[:, observations[t]]
    return np.exp(log + np.log(alpha.sum()))


def posterior(start, transition, emission, observations):
    n = len(observations)
    filtered = [start * emission[:, observations[0]]]
    filtered[0] /= filtered[0].sum()
    for o in observations[1:]:
        step = filtered[-1] @ transition * emission[:, o]
        filtered.append(step / step.sum())
    smoothed = [filtered[-1]]
    for t in range(n - 2, -1, -1):
        ahead = filtered[t] @ transition
        smoothed.insert(0, filtered[t] * (transition @ (smoothed[0] / ahead)))
    return np.array(smoothed)


def viterbi(start, transition, emission, observations):
    delta, log, back = start * emission[:, observations[0]], 0.0, []
    for o in observations[1:]:
        table = delta[:, None] * transition
        back.append(table.argmax(axis=0))
        delta = table.max(axis=0) * emission[:, o]
        log += np.log(delta.max())
        delta = delta / delta.max()
    state = int(delta.argmax())
    path = [state]
    for pointers in reversed(back):
        state = int(pointers[state])
        path.insert(0, state)
    return np.array(path), log + np.log(delta.max())
