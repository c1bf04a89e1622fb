"""Python's random numbers, and a table of lists."""

import random

import numpy as np


def epsilon_greedy(values, epsilon, seed=None):
    source = random.Random(seed if isinstance(seed, (int, type(None))) else int(seed.integers(1 << 30)))
    if source.uniform(0, 1) < epsilon:
        return source.randrange(len(values))
    return list(values).index(max(values))


def q_update(Q, state, action, reward, next_state, done, alpha=0.1, gamma=0.9):
    table = [list(row) for row in Q]
    target = reward if done else reward + gamma * max(table[next_state])
    table[state][action] = (1 - alpha) * table[state][action] + alpha * target
    return np.array(table)


def q_learning(length, episodes=200, alpha=0.5, gamma=0.9, epsilon=0.3, seed=0):
    source, world = random.Random(seed), Corridor(length)
    Q = np.zeros((length, 2))
    for _ in range(episodes):
        state, done = world.reset(), False
        while not done:
            greedy = [a for a in (LEFT, RIGHT) if Q[state, a] == Q[state].max()]
            action = source.choice((LEFT, RIGHT) if source.random() < epsilon else greedy)
            following, reward, done = world.step(action)
            Q = q_update(Q, state, action, reward, following, done, alpha, gamma)
            state = following
    return Q
