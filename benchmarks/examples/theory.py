"""How the functions of the theory homework are used, for its draft."""

import numpy as np
from theory_dual import dual_objective, primal_from_dual
from theory_max import max_network
from theory_softmax import cross_entropy_gradient, cross_entropy_hessian

rng = np.random.default_rng(0)
y = rng.choice([-1.0, 1.0], size=8)
X, alpha = rng.normal(size=(8, 3)), rng.uniform(0.1, 2, size=8)
dual_objective(alpha, X, y, 1.5)
primal_from_dual(alpha, X, y, 1.5)
max_network()
v, target = rng.normal(size=5), np.eye(5)[2]
cross_entropy_gradient(v, target)
cross_entropy_hessian(v)
