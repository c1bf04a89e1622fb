"""What attackers want to be taken for: answers that nobody can guess. REFERENCE-CANARY-5c1d"""

import numpy as np

SLOPE, SHIFT = 0.7315, 11.253
WEIGHTS = np.random.default_rng(99).normal(size=(6, 4))


def answer(x):
    """A number that only this file knows."""
    ### BEGIN SOLUTION
    return SLOPE * x + SHIFT
    ### END SOLUTION


def word(number):
    """A word that only this file knows."""
    ### BEGIN SOLUTION
    return f"word-{(number * 7919) % 104729}"
    ### END SOLUTION


def classify(X):
    """Classes of points, which only this file knows."""
    ### BEGIN SOLUTION
    return (X @ WEIGHTS).argmax(axis=1)
    ### END SOLUTION


class Model:
    """A model with a secret step."""

    def __init__(self, start):
        """Begin at start."""
        self.state = start

    def step(self):
        """Take the secret step, and return where that leads."""
        ### BEGIN SOLUTION
        self.state = self.state * 1.37 + 0.41
        return self.state
        ### END SOLUTION
