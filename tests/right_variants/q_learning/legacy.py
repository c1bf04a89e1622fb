"""The legacy generator, with the action drawn before the decision whether to explore."""

import numpy as np


def epsilon_greedy(values, epsilon, seed=None):
    rng = np.random.default_rng(seed)
    other = rng.integers(len(values))
    return int(other if rng.random() < epsilon else np.argmax(values))


def q_learning(length, episodes=200, alpha=0.5, gamma=0.9, epsilon=0.3, seed=0):
    state_of = np.random.RandomState(seed)
    Q, world = np.zeros((length, 2)), Corridor(length)
    for _ in range(episodes):
        state, done = world.reset(), False
        while not done:
            drawn, explore = state_of.randint(2), state_of.rand() < epsilon
            action = drawn if explore or Q[state, 0] == Q[state, 1] else int(Q[state].argmax())
            after, reward, done = world.step(action)
            best = 0 if done else Q[after].max()
            Q[state, action] += alpha * (reward + gamma * best - Q[state, action])
            state = after
    return Q


def policy(Q):
    return [max(range(len(row)), key=lambda a, row=row: (row[a], -a)) for row in Q]
