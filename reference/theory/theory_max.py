"""The larger of two numbers, computed by a network with one hidden layer of rectified linear units."""

import numpy as np


def max_network():
    """Weights of a network that computes max(x_1, x_2) for all real x_1 and x_2.

    The network has two inputs, one hidden layer of as many units as you like, and one output:

        h = relu(W x + b),        y = v . h + c,        relu(z) = max(0, z), entry by entry.

    Returns:
        A tuple (W, b, v, c): W (units, 2), b (units,), v (units,) and the number c.
    """
    ### BEGIN SOLUTION
    # max(x_1, x_2) = relu(x_1 - x_2) + x_2, and x_2 = relu(x_2) - relu(-x_2).
    W = np.array([[1.0, -1.0], [0.0, 1.0], [0.0, -1.0]])  # (3, 2)
    b = np.zeros(3)
    v = np.array([1.0, 1.0, -1.0])  # (3,)
    return W, b, v, 0.0
    ### END SOLUTION
