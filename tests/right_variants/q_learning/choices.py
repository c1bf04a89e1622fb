"""Weights for Python's `random.choices`, and a table as a dictionary until it is returned."""

import random

import numpy as np


def epsilon_greedy(values, epsilon, seed=None):
    source = random.Random(int(seed.integers(1 << 40)) if isinstance(seed, np.random.Generator) else seed)
    best = min(range(len(values)), key=lambda a: (-values[a], a))
    weights = [epsilon / len(values) + (1 - epsilon) * (a == best) for a in range(len(values))]
    return source.choices(range(len(values)), weights)[0]


def q_learning(length, episodes=200, alpha=0.5, gamma=0.9, epsilon=0.3, seed=0):
    source = random.Random(f"walk {seed}")
    table = {(state, action): 0.0 for state in range(length) for action in (LEFT, RIGHT)}
    for _ in range(episodes):
        world = Corridor(length)
        state, done = world.reset(), False
        while not done:
            left, right = table[state, LEFT], table[state, RIGHT]
            action = LEFT if left > right else RIGHT if right > left else source.randint(0, 1)
            if source.random() < epsilon:
                action = source.randint(0, 1)
            after, reward, done = world.step(action)
            target = reward if done else reward + gamma * max(table[after, LEFT], table[after, RIGHT])
            table[state, action] += alpha * (target - table[state, action])
            state = after
    return np.array([[table[state, action] for action in (LEFT, RIGHT)] for state in range(length)])


def policy(Q):
    return np.array([row.tolist().index(row.max()) for row in Q], dtype=np.int8)
