"""Softmax and its derivatives entry by entry, in plain Python numbers."""

import math

import numpy as np


def probabilities(v):
    largest = max(v)
    weights = [math.exp(each - largest) for each in v]
    return [weight / sum(weights) for weight in weights]


def cross_entropy_gradient(v, y):
    return np.array([p - target for p, target in zip(probabilities(v), y)])


def cross_entropy_hessian(v):
    p = probabilities(v)
    return np.array([[p[i] * ((i == j) - p[j]) for j in range(len(p))] for i in range(len(p))])
