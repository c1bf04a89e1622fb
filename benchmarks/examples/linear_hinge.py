"""How the functions of the homework with the hinge loss are used, for its draft: few samples of few features."""

import hinge_losses
import numpy as np
from hinge_classifier import LinearClassifier
from hinge_experiments import plot_losses, plot_templates, search

rng = np.random.default_rng(0)
y = rng.integers(3, size=30)
X = rng.normal(size=(30, 5)) + rng.normal(size=(3, 5))[y]
W = rng.normal(size=(5, 3))
hinge_losses.regularization(W, 0.3, 1)
hinge_losses.regularization(W, 0.7, 2)
for loss in ("svm_loss_naive", "svm_loss_vectorized", "svm_max_loss_naive", "svm_max_loss_vectorized"):
    getattr(hinge_losses, loss)(W, X, y, 0.3)
for form, norm in (("sum", 1), ("max", 2)):
    classifier = LinearClassifier(0.1, 0.01, norm, 10, 2, form, 3, 2)
    classifier.fit(X, y, (X[:9], y[:9]))
    classifier.loss(X, y)
    classifier.step(X, y)
    classifier.scores(X)
    classifier.predict(X)
plot_losses(classifier.history)
plot_templates(rng.normal(size=(3072, 4)), ["cat", "dog", "frog", "ship"])
settings = {"rates": [0.1, 0.2], "strengths": [0.01, 0.1], "norms": [1, 2], "batch_sizes": [10, 5]}
search((X, y), (X[:9], y[:9]), **settings, epochs=2, classes=3)
