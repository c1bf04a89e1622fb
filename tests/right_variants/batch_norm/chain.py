"""The chain rule step by step, with a memory of its own."""

import numpy as np


class BatchNorm:
    def forward(self, x, training=True):
        if not training:
            return (x - self.running_mean) / np.sqrt(self.running_var + self.eps) * self.gamma + self.beta
        mu = np.sum(x, axis=0) / len(x)
        var = np.sum((x - mu) ** 2, axis=0) / len(x)
        self.running_mean = self.running_mean + (1 - self.momentum) * (mu - self.running_mean)
        self.running_var = self.running_var + (1 - self.momentum) * (var - self.running_var)
        self.memory = x, mu, var
        return self.gamma * (x - mu) * (var + self.eps) ** -0.5 + self.beta

    def backward(self, upstream):
        x, mu, var = self.memory
        n, inverse = len(x), 1 / np.sqrt(var + self.eps)
        dnormal = upstream * self.gamma
        dvar = np.sum(dnormal * (x - mu), axis=0) * -0.5 * inverse**3
        dmu = -np.sum(dnormal * inverse, axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)
        dx = dnormal * inverse + dvar * 2 * (x - mu) / n + dmu / n
        return dx, np.sum(upstream * (x - mu) * inverse, axis=0), np.sum(upstream, axis=0)
