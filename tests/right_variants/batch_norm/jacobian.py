"""The whole Jacobian of the normalisation."""

import numpy as np


class BatchNorm:
    def forward(self, x, training=True):
        mean = x.mean(0) if training else self.running_mean
        var = x.var(0) if training else self.running_var
        if training:
            keep = self.momentum
            self.running_mean = np.average([self.running_mean, mean], axis=0, weights=[keep, 1 - keep])
            self.running_var = np.average([self.running_var, var], axis=0, weights=[keep, 1 - keep])
        self.cache = (x - mean) / np.sqrt(var + self.eps), np.sqrt(var + self.eps)
        return np.einsum("nd,d->nd", self.cache[0], self.gamma) + self.beta

    def backward(self, upstream):
        normal, spread = self.cache
        n = len(upstream)
        middle = np.eye(n) - 1 / n
        jacobian = (middle[:, :, None] - np.einsum("id,jd->ijd", normal, normal) / n) / spread
        dx = np.einsum("ijd,jd->id", jacobian, upstream * self.gamma)
        return dx, np.einsum("nd,nd->d", upstream, normal), np.ones(n) @ upstream
