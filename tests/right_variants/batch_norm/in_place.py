"""The running statistics are changed in place, and what backward needs is kept as attributes."""

import numpy as np


class BatchNorm:
    def forward(self, x, training=True):
        self.inverse = 1 / np.sqrt((x.var(axis=0) if training else self.running_var) + self.eps)
        self.normal = np.array(x, dtype=float)
        if training:
            for running, now in ((self.running_mean, x.mean(axis=0)), (self.running_var, x.var(axis=0))):
                running *= self.momentum
                running += (1 - self.momentum) * now
            self.normal -= np.add.reduce(x, axis=0) / len(x)
        else:
            self.normal -= self.running_mean
        self.normal *= self.inverse
        out = np.multiply(self.normal, self.gamma)
        out += self.beta
        return out

    def backward(self, upstream):
        n = len(upstream)
        dgamma, dbeta = np.diag(upstream.T @ self.normal), upstream.T @ np.ones(n)
        dx = upstream - dbeta / n
        dx -= self.normal * (dgamma / n)
        dx *= self.gamma * self.inverse
        return dx, dgamma, dbeta
