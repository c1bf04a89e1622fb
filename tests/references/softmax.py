"""Softmax regression in functions: probabilities, loss, gradient, training, prediction."""

import numpy as np


def softmax(scores):
    """exp(s_k) / sum_j exp(s_j) in each row, without overflow; shape (n, c)."""
    ### BEGIN SOLUTION
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)
    ### END SOLUTION


def one_hot(y, classes):
    """Rows with a 1 at the label, shape (n, classes)."""
    ### BEGIN SOLUTION
    rows = np.zeros((len(y), classes))
    rows[np.arange(len(y)), y] = 1.0
    return rows
    ### END SOLUTION


def loss(W, b, X, y):
    """The mean cross-entropy of softmax(X W + b)."""
    ### BEGIN SOLUTION
    scores = X @ W + b
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_sums = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(log_sums - scores[np.arange(len(y)), y])
    ### END SOLUTION


def loss_gradient(W, b, X, y):
    """The gradient of the loss with respect to W, (d, c), and b, (c,)."""
    ### BEGIN SOLUTION
    delta = (softmax(X @ W + b) - one_hot(y, W.shape[1])) / len(y)
    return X.T @ delta, np.sum(delta, axis=0)
    ### END SOLUTION


def initial_weights(dimension, classes):
    """Small random weights from N(0, 0.01), shape (dimension, classes)."""
    ### BEGIN SOLUTION
    return 0.1 * np.random.randn(dimension, classes)
    ### END SOLUTION


def train(X, y, classes, learning_rate, epochs, batch_size):
    """Mini-batch gradient descent in random order; returns (W, b)."""
    ### BEGIN SOLUTION
    W, b = initial_weights(X.shape[1], classes), np.zeros(classes)
    for _ in range(epochs):
        order = np.random.permutation(len(X))
        for start in range(0, len(X), batch_size):
            chosen = order[start : start + batch_size]
            dW, db = loss_gradient(W, b, X[chosen], y[chosen])
            W = W - learning_rate * dW
            b = b - learning_rate * db
    return W, b
    ### END SOLUTION


def predict(W, b, X):
    """The most probable label of each sample, shape (n,)."""
    ### BEGIN SOLUTION
    return np.argmax(softmax(X @ W + b), axis=1)
    ### END SOLUTION


if __name__ == "__main__":
    generator = np.random.default_rng(1)
    centres = 2 * generator.normal(size=(4, 3))
    labels = generator.integers(4, size=90)
    samples = centres[labels] + generator.normal(size=(90, 3))
    weights, offsets = train(samples, labels, 4, learning_rate=0.5, epochs=10, batch_size=16)
    print("loss", loss(weights, offsets, samples, labels))
    print("accuracy", np.mean(predict(weights, offsets, samples) == labels))
