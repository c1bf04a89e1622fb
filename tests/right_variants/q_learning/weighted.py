"""One draw with the probabilities of all actions."""

import numpy as np


def epsilon_greedy(values, epsilon, seed=None):
    shares = np.full(len(values), epsilon / len(values))
    shares[int(np.argmax(values))] += 1 - epsilon
    return int(np.random.default_rng(seed).choice(len(values), p=shares))


def q_update(Q, state, action, reward, next_state, done, alpha=0.1, gamma=0.9):
    step = np.zeros_like(Q, dtype=float)
    step[state, action] = alpha * (reward + (not done) * gamma * Q[next_state].max() - Q[state, action])
    return Q + step


def q_learning(length, episodes=200, alpha=0.5, gamma=0.9, epsilon=0.3, seed=0):
    rng, world = np.random.default_rng(seed + 1), Corridor(length)
    Q = np.zeros((length, 2))
    for _ in range(episodes):
        state, done = world.reset(), False
        while not done:
            values = Q[state] + 1e-9 * rng.random(2) * (Q[state, 0] == Q[state, 1])
            action = epsilon_greedy(values, epsilon, rng)
            after, reward, done = world.step(action)
            Q = q_update(Q, state, action, reward, after, done, alpha, gamma)
            state = after
    return Q
