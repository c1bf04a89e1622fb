"""Homework 9: batch normalisation, forward and backward."""

import numpy as np


class BatchNorm:
    """Normalises each of d features over a batch, then scales by gamma and shifts by beta.

    Args:
        d: number of features.
        momentum: share of the old running statistics that is kept in each batch.
        eps: is added to the variance.
    """

    def __init__(self, d, momentum=0.9, eps=1e-5):
        self.gamma, self.beta = np.ones(d), np.zeros(d)
        self.running_mean, self.running_var = np.zeros(d), np.ones(d)
        self.momentum = momentum
        self.eps = eps
        self.cache = None

    def forward(self, x, training=True):
        """The normalised batch, shape (n, d).

        In training, the mean and the variance (divided by n) are those of the batch, and the running statistics move
        towards them; otherwise the running statistics are used, and stay.
        """
        ### BEGIN SOLUTION
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        spread = np.sqrt(var + self.eps)
        normal = (x - mean) / spread
        self.cache = normal, spread
        return self.gamma * normal + self.beta
        ### END SOLUTION

    def backward(self, upstream):
        """After forward in training: the gradients with respect to x, gamma and beta.

        Args:
            upstream: gradient with respect to the output, shape (n, d).

        Returns:
            (dx, dgamma, dbeta) of shapes (n, d), (d,) and (d,).
        """
        ### BEGIN SOLUTION
        normal, spread = self.cache
        dgamma = np.sum(upstream * normal, axis=0)
        dbeta = np.sum(upstream, axis=0)
        inner = upstream * self.gamma
        dx = (inner - inner.mean(axis=0) - normal * np.mean(inner * normal, axis=0)) / spread
        return dx, dgamma, dbeta
        ### END SOLUTION


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    layer = BatchNorm(3)
    for _ in range(4):
        x = rng.normal(2, 3, size=(6, 3))
        out = layer.forward(x)
        dx, dgamma, dbeta = layer.backward(rng.normal(size=(6, 3)))
    print(out.mean(axis=0), dgamma, dbeta)
    print(layer.forward(x, training=False)[0], layer.running_mean)
