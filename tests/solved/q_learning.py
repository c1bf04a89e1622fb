"""Homework 8: tabular Q-learning on a corridor."""

import numpy as np

LEFT, RIGHT = 0, 1


class Corridor:
    """States 0 to length - 1; the walk begins at 0, and reaching the last state gives the reward 1 and ends it."""

    def __init__(self, length):
        self.length = length
        self.state = 0

    def reset(self):
        """Back to state 0, which is returned."""
        self.state = 0
        return self.state

    def step(self, action):
        """Go left (0) or right (1): (state, reward, done)."""
        self.state = max(0, self.state - 1) if action == LEFT else self.state + 1
        done = self.state == self.length - 1
        return self.state, float(done), done


def epsilon_greedy(values, epsilon, seed=None):
    """A random action with probability epsilon, else the one with the largest value (the first of equal ones).

    Args:
        values: of the actions of one state, shape (a,).
        epsilon: from 0 to 1.
        seed: of the random numbers, an integer or a numpy Generator.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    if rng.random() < epsilon:
        return int(rng.integers(len(values)))
    return int(np.argmax(values))
    ### END SOLUTION


def q_update(Q, state, action, reward, next_state, done, alpha=0.1, gamma=0.9):
    """A table like Q after one step of Q-learning; Q itself stays as it is.

    Args:
        Q: values, shape (s, a).
        state: where the action was taken, an integer below s.
        action: an integer below a.
        reward: what it gave.
        next_state: where it led, an integer below s.
        done: whether the walk ended there: then there is no future value.
        alpha: step size.
        gamma: discount.
    """
    ### BEGIN SOLUTION
    new = Q.copy()
    future = 0.0 if done else gamma * np.max(Q[next_state])
    new[state, action] += alpha * (reward + future - Q[state, action])
    return new
    ### END SOLUTION


def q_learning(length, episodes=200, alpha=0.5, gamma=0.9, epsilon=0.3, seed=0):
    """Learn the values of a corridor from random walks, beginning with zeros; shape (length, 2)."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    world = Corridor(length)
    Q = np.zeros((length, 2))
    for _ in range(episodes):
        state, done = world.reset(), False
        while not done:
            explore = rng.random() < epsilon or Q[state, LEFT] == Q[state, RIGHT]
            action = int(rng.integers(2)) if explore else int(np.argmax(Q[state]))
            next_state, reward, done = world.step(action)
            Q = q_update(Q, state, action, reward, next_state, done, alpha, gamma)
            state = next_state
    return Q
    ### END SOLUTION


def policy(Q):
    """The best action of each state, shape (s,)."""
    ### BEGIN SOLUTION
    return np.argmax(Q, axis=1)
    ### END SOLUTION


if __name__ == "__main__":
    Q = q_learning(length=5)
    print(Q.round(2), policy(Q))
    print(epsilon_greedy(Q[0], 0.1, seed=3))
