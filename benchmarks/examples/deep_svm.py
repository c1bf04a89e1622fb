"""How the functions of the homework with deep support vector machines are used, for its draft: those of arrays."""

import deep_svm_exact as exact
import deep_svm_losses as losses
import numpy as np
from deep_svm_pca import principal_components, reduced

rng = np.random.default_rng(0)
W, H, y = rng.normal(size=(3, 4)), rng.normal(size=(7, 4)), rng.integers(3, size=7)
nu = rng.normal(size=(7, 3))
losses.signs(y, 3)
losses.hinge_loss(W, H, y, 0.7)
losses.l2svm_loss(W, H, y, 0.7)
losses.smallest_slacks(W, H, y)
losses.soft_margin(W, H, y, nu**2, 0.7)
for power in (1, 2):
    losses.slack_loss(W, H, y, nu, 0.7, 0.3, power)
losses.descend(W, H, y, nu, 0.7, 0.3, 2, 0.01, 5)
A = rng.normal(size=(6, 8))
K, t = A @ A.T, rng.choice([-1.0, 1.0], size=6)
exact.multipliers(K, t, 0.7)
exact.multipliers(K, t, 0.2, 0.5)
for power in (1, 2):
    exact.penalty_multipliers(K, t, 0.7, 3.0, power)
exact.largest_multiplier_bound(K)
for lam in (0.1, 20.0):
    exact.penalty_is_exact(K, t, 0.7, lam)
    exact.surely_exact(K, 0.7, lam)
X = rng.normal(size=(20, 5)) @ rng.normal(size=(5, 5))
principal_components(X, 2)
reduced(X[:12], X[12:], 2)
