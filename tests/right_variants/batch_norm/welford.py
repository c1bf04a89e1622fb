"""Mean and variance sample by sample (Welford), and the gradient of x row by row from a list."""

import numpy as np


class BatchNorm:
    def forward(self, x, training=True):
        mean, squares = np.zeros(x.shape[1]), np.zeros(x.shape[1])
        for count, row in enumerate(x, 1):
            before = row - mean
            mean = mean + before / count
            squares = squares + before * (row - mean)
        if training:
            var = squares / x.shape[0]
            self.running_mean = (self.running_mean - mean) * self.momentum + mean
            self.running_var = (self.running_var - var) * self.momentum + var
        else:
            mean, var = self.running_mean, self.running_var
        self.cache = [(row - mean) / (var + self.eps) ** 0.5 for row in x], (var + self.eps) ** 0.5
        return np.vstack([self.gamma * row + self.beta for row in self.cache[0]])

    def backward(self, upstream):
        rows, spread = self.cache
        dbeta = sum(upstream)
        dgamma = sum(u * row for u, row in zip(upstream, rows, strict=True))
        scale = self.gamma / spread / len(rows)
        dx = [scale * (len(rows) * u - dbeta - row * dgamma) for u, row in zip(upstream, rows, strict=True)]
        return np.array(dx), dgamma, dbeta
