"""numpy's global random numbers, decisions drawn in blocks, and a table that is changed in place."""

import numpy as np


def epsilon_greedy(values, epsilon, seed=None):
    if isinstance(seed, np.random.Generator):
        explore, other = seed.binomial(1, epsilon), seed.permutation(len(values))[0]
    else:
        np.random.seed(seed)
        explore, other = np.random.binomial(1, epsilon), np.random.permutation(len(values))[0]
    return other if explore else np.flatnonzero(values == np.max(values))[0]


def q_update(Q, state, action, reward, next_state, done, alpha=0.1, gamma=0.9):
    Q, best = np.array(Q, dtype=float), Q[next_state].max()
    Q[state, action] *= 1 - alpha
    Q[state, action] += alpha * reward
    if not done:
        Q[state, action] += alpha * gamma * best
    return Q


def q_learning(length, episodes=200, alpha=0.5, gamma=0.9, epsilon=0.3, seed=0):
    np.random.seed(seed)
    Q = np.zeros((length, 2))
    for _ in range(episodes):
        state, done, world, drawn = 0, False, Corridor(length), []
        while not done:
            if not drawn:
                drawn = list(zip(np.random.random(50) < epsilon, np.random.randint(0, 2, size=50), strict=True))
            explore, other = drawn.pop()
            tied = abs(Q[state, 0] - Q[state, 1]) == 0
            action = int(other) if explore or tied else int(Q[state, 1] > Q[state, 0])
            after, reward, done = world.step(action)
            Q[state, action] += alpha * (reward + (0 if done else gamma * max(Q[after])) - Q[state, action])
            state = after
    return Q


def policy(Q):
    return [int(np.flatnonzero(row == row.max())[0]) for row in np.asarray(Q)]
