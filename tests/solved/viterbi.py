"""Homework 6: hidden Markov models."""

import numpy as np


def forward(start, transition, emission, observations):
    """The probability of the observations.

    Args:
        start: probability of each state at the beginning, shape (k,).
        transition: transition[i, j] is the probability of going from state i to j, shape (k, k).
        emission: emission[i, o] is the probability that state i shows o, shape (k, m).
        observations: integers below m, shape (n,).
    """
    ### BEGIN SOLUTION
    alpha = start * emission[:, observations[0]]
    for observed in observations[1:]:
        alpha = (alpha @ transition) * emission[:, observed]
    return float(alpha.sum())
    ### END SOLUTION


def posterior(start, transition, emission, observations):
    """The probability of each state at each time, given all observations, shape (n, k)."""
    ### BEGIN SOLUTION
    n, k = len(observations), len(start)
    alpha, beta = np.zeros((n, k)), np.ones((n, k))
    alpha[0] = start * emission[:, observations[0]]
    for t in range(1, n):
        alpha[t] = (alpha[t - 1] @ transition) * emission[:, observations[t]]
    for t in range(n - 2, -1, -1):
        beta[t] = transition @ (emission[:, observations[t + 1]] * beta[t + 1])
    both = alpha * beta
    return both / both.sum(axis=1, keepdims=True)
    ### END SOLUTION


def viterbi(start, transition, emission, observations):
    """The most probable sequence of states and the logarithm of its joint probability with the observations.

    Returns:
        (path, log_probability): integers of shape (n,), and a number.
    """
    ### BEGIN SOLUTION
    n, k = len(observations), len(start)
    log_transition, log_emission = np.log(transition), np.log(emission)
    score = np.log(start) + log_emission[:, observations[0]]
    back = np.zeros((n, k), dtype=int)
    for t in range(1, n):
        candidates = score[:, None] + log_transition
        back[t] = np.argmax(candidates, axis=0)
        score = np.max(candidates, axis=0) + log_emission[:, observations[t]]
    path = [int(np.argmax(score))]
    for t in range(n - 1, 0, -1):
        path.append(int(back[t, path[-1]]))
    return np.array(path[::-1]), float(np.max(score))
    ### END SOLUTION


if __name__ == "__main__":
    start = np.array([0.6, 0.4])
    transition = np.array([[0.7, 0.3], [0.4, 0.6]])
    emission = np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])
    observations = np.array([0, 1, 2, 2])
    print(viterbi(start, transition, emission, observations))
    print(forward(start, transition, emission, observations))
    print(posterior(start, transition, emission, observations))
