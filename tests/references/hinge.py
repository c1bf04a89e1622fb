"""A linear classifier with the multi-class hinge loss, trained by stochastic gradient descent."""

import numpy as np


def loss_naive(W, X, y, reg):
    """The mean hinge loss of scores X W with margin 1, plus reg times the sum of squares of W, by loops.

    Args:
        W: weights, shape (d, c).
        X: samples, shape (n, d).
        y: labels below c, shape (n,).
        reg: strength of the regularisation.

    Returns:
        The loss, a number.
    """
    ### BEGIN SOLUTION
    loss = 0.0
    for i in range(X.shape[0]):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            if j != y[i]:
                loss += max(0.0, scores[j] - scores[y[i]] + 1.0)
    return loss / X.shape[0] + reg * np.sum(W * W)
    ### END SOLUTION


def loss_vectorized(W, X, y, reg):
    """The same loss without loops, and its gradient with respect to W, of shape (d, c)."""
    ### BEGIN SOLUTION
    n = X.shape[0]
    scores = X @ W
    margins = np.maximum(0.0, scores - scores[np.arange(n), y][:, None] + 1.0)
    margins[np.arange(n), y] = 0.0
    loss = np.sum(margins) / n + reg * np.sum(W * W)
    mask = (margins > 0).astype(float)
    mask[np.arange(n), y] = -np.sum(mask, axis=1)
    return loss, X.T @ mask / n + 2 * reg * W
    ### END SOLUTION


def sgd_step(W, dW, learning_rate):
    """The weights after one step against the gradient; W itself stays as it is."""
    ### BEGIN SOLUTION
    return W - learning_rate * dW
    ### END SOLUTION


class LinearClassifier:
    """Scores of the classes are X W; the largest wins."""

    def __init__(self, dimension, classes, reg=1e-3):
        self.W = np.zeros((dimension, classes))
        self.reg = reg

    def fit(self, X, y, learning_rate=0.1, epochs=100):
        """Full-batch gradient descent; returns the list of losses before each step."""
        ### BEGIN SOLUTION
        losses = []
        for _ in range(epochs):
            loss, dW = loss_vectorized(self.W, X, y, self.reg)
            losses.append(loss)
            self.W = sgd_step(self.W, dW, learning_rate)
        return losses
        ### END SOLUTION

    def predict(self, X):
        """The label of the largest score of each sample, shape (n,)."""
        ### BEGIN SOLUTION
        return np.argmax(X @ self.W, axis=1)
        ### END SOLUTION


def main():
    rng = np.random.default_rng(0)
    centres = 2 * rng.normal(size=(3, 4))
    y = rng.integers(3, size=60)
    X = centres[y] + rng.normal(size=(60, 4))
    W = 0.1 * rng.normal(size=(4, 3))
    print("naive", loss_naive(W, X, y, 0.01), "vectorized", loss_vectorized(W, X, y, 0.01)[0])
    model = LinearClassifier(4, 3)
    losses = model.fit(X, y, learning_rate=0.1, epochs=100)
    print(f"loss {losses[-1]:.3f}, accuracy {np.mean(model.predict(X) == y):.3f}")


if __name__ == "__main__":
    main()
