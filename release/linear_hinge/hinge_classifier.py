"""A linear classifier of images, trained on the hinge loss by mini-batch gradient descent.

The scores of an image, a row x of d pixels 0 to 255 from which the mean image of the training set is subtracted, are

    s = x W + b,        W of shape (d, K), b of shape (K,),

and the class with the largest score is the prediction. What is minimised is the mean hinge loss (`hinge_losses`) plus
the penalty on W; b is not penalised.
"""

import numpy as np
from hinge_losses import regularization, svm_loss_vectorized, svm_max_loss_vectorized


class LinearClassifier:
    """A linear classifier with its settings; `fit` learns `W`, `b`, and `mean`, the mean training image."""

    def __init__(
        self,
        learning_rate=3e-7,
        strength=1e4,
        norm=2,
        batch_size=400,
        epochs=6,
        form="sum",
        classes=10,
        every=100,
        seed=0,
    ):
        """Keep the settings. Given.

        Args:
            learning_rate: the factor of the gradient in each step.
            strength: lambda, the factor of the penalty.
            norm: 1 or 2, as in `regularization`.
            batch_size: samples to each step; the last batch of an epoch may be smaller.
            epochs: how many times `fit` uses all samples.
            form: of the hinge loss, "sum" or "max".
            classes: K, the number of classes.
            every: iterations (steps) between two entries of the history.
            seed: of the random start and the order of the samples.
        """
        self.learning_rate = learning_rate
        self.strength = strength
        self.norm = norm
        self.batch_size = batch_size
        self.epochs = epochs
        self.form = form
        self.classes = classes
        self.every = every
        self.seed = seed

    def fit(self, X, y, validation=None):
        """Train from a small random start, and record the losses in `history`. Given.

        The history holds, for iteration 0 (before the first step) and every `every` iterations, the loss with its
        penalty: of up to 1,000 random samples of the training set, and of the validation set if there is one.

        Args:
            X: images, any numbers of shape (n, ...), such as uint8 of shape (n, 32, 32, 3).
            y: classes, integers of shape (n,).
            validation: None, or a pair like (X, y).

        Returns:
            The classifier itself.
        """
        rng = np.random.default_rng(self.seed)
        X = np.reshape(X, (len(X), -1))  # (n, d)
        self.mean = np.mean(X, axis=0)  # (d,)
        self.W = 1e-4 * rng.normal(size=(X.shape[1], self.classes))  # (d, K)
        self.b = np.zeros(self.classes)  # (K,)
        self.history = {"iteration": [], "training_loss": [], "validation_loss": []}
        watched = rng.permutation(len(X))[:1000]

        iteration = 0
        for _ in range(self.epochs):
            order = rng.permutation(len(X))
            for start in range(0, len(X), self.batch_size):
                if iteration % self.every == 0:
                    self.history["iteration"].append(iteration)
                    self.history["training_loss"].append(self.loss(self.centered(X[watched]), y[watched])[0])
                    if validation is not None:
                        images, labels = validation
                        self.history["validation_loss"].append(self.loss(self.centered(images), labels)[0])
                batch = order[start : start + self.batch_size]
                self.step(self.centered(X[batch]), y[batch])
                iteration += 1
        return self

    def centered(self, X):
        """Images as rows from which the mean training image is subtracted, float64 of shape (n, d). Given."""
        return np.reshape(X, (len(X), -1)) - self.mean

    def loss(self, X, y):
        """The mean hinge loss of some samples with the penalty on W, and its gradients.

        With a column of ones added to X, and b as a last row of W, x W + b is one product, so that the functions of
        `hinge_losses` (with reg 0) give the gradients of both.

        Args:
            X: samples that are centered already, shape (n, d).
            y: their classes, shape (n,).

        Returns:
            (loss, dW, db): a number, and arrays of the shapes of W and b.
        """
        raise NotImplementedError("LinearClassifier.loss is not written yet")

    def step(self, X, y):
        """One step of gradient descent on a batch: W <- W - learning_rate * dW, and b likewise.

        Args:
            X: samples of the batch, centered already, shape (m, d).
            y: their classes, shape (m,).
        """
        raise NotImplementedError("LinearClassifier.step is not written yet")

    def scores(self, X):
        """The scores of images as they come (not centered), shape (n, K)."""
        raise NotImplementedError("LinearClassifier.scores is not written yet")

    def predict(self, X):
        """The classes of images as they come (not centered), integers of shape (n,)."""
        raise NotImplementedError("LinearClassifier.predict is not written yet")

    def accuracy(self, X, y):
        """The fraction of images with the right prediction, computed for 1,000 images at a time. Given."""
        parts = range(0, len(X), 1000)
        return sum(np.sum(self.predict(X[start : start + 1000]) == y[start : start + 1000]) for start in parts) / len(X)
