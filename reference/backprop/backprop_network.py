"""A fully connected ReLU network with softmax and cross-entropy, trained by mini-batch gradient descent.

The network has layers 0 (the input) to L (the output), of n_0, ..., n_L units. With z_0 = x, layer l = 1, ..., L
computes

    v_l = W_l z_{l-1} + b_l,        z_l = relu(v_l) for l < L,

the output of the last layer is not passed through relu but through softmax, p = softmax(v_L), and the loss of a sample
with one-hot label y is the cross-entropy  -sum_k y_k log p_k.

Vectors are columns, so a sample x has shape (n_0, 1). Python counts from 0: W_l is `weights[l - 1]`, of shape
(n_l, n_{l-1}), and b_l is `biases[l - 1]`, of shape (n_l, 1).
"""

import random
from itertools import pairwise

import numpy as np


def relu(z):
    """max(0, z) in every entry; same shape as z."""
    ### BEGIN SOLUTION
    return np.maximum(z, 0)
    ### END SOLUTION


def relu_derivative(z):
    """The derivative of relu at every entry of z: 1 where z > 0, 0 where z < 0. At 0 itself either is right."""
    ### BEGIN SOLUTION
    return np.where(z > 0, 1.0, 0.0)
    ### END SOLUTION


class Network:
    """A network with ``len(sizes)`` layers, the input layer counted."""

    def __init__(self, sizes):
        """Draw all weights and biases from N(0, 1).

        Args:
            sizes: units of each layer, input first, for example ``[784, 40, 10]``.
        """
        self.num_layers = len(sizes)
        self.sizes = sizes
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n_out, n_in) for n_in, n_out in pairwise(sizes)]

    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        """Train by mini-batch stochastic gradient descent, and print the test accuracy after each epoch.

        Args:
            training_data: list of pairs (x, y) with one-hot y; shuffled in place.
            epochs: how often to go through all training data.
            mini_batch_size: samples to each step; the last batch of an epoch may be smaller.
            learning_rate: the factor of the gradient in each step.
            test_data: list of pairs (x, label) with integer labels.
        """
        for epoch in range(epochs):
            random.shuffle(training_data)
            for start in range(0, len(training_data), mini_batch_size):
                self.update_mini_batch(training_data[start : start + mini_batch_size], learning_rate)
            print(f"Epoch {epoch + 1} of {epochs}: test accuracy {self.one_label_accuracy(test_data):.4f}")

    def update_mini_batch(self, mini_batch, learning_rate):
        """One step against the gradient of the mean loss of a batch:  W <- W - learning_rate / m  sum_i dW(x_i, y_i).

        Args:
            mini_batch: list of m pairs (x, y) with one-hot y.
            learning_rate: the factor of the gradient.
        """
        sum_db = [np.zeros(b.shape) for b in self.biases]
        sum_dw = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            db, dw = self.backprop(x, y)
            sum_db = [s + d for s, d in zip(sum_db, db, strict=True)]
            sum_dw = [s + d for s, d in zip(sum_dw, dw, strict=True)]
        step = learning_rate / len(mini_batch)
        self.biases = [b - step * s for b, s in zip(self.biases, sum_db, strict=True)]
        self.weights = [w - step * s for w, s in zip(self.weights, sum_dw, strict=True)]

    def backprop(self, x, y):
        """The gradient of one sample's loss with respect to all biases and weights, by back-propagation.

        With delta_l the derivative of the loss by v_l (a column):

            delta_L = p - y
            delta_l = (W_{l+1}^T delta_{l+1}) * relu'(v_l)          for l = L-1, ..., 1, * entry by entry
            db_l    = delta_l
            dW_l    = delta_l z_{l-1}^T

        Args:
            x: one sample, shape (n_0, 1).
            y: its one-hot label, shape (n_L, 1).

        Returns:
            (db, dw): biases first; two lists in the order of the layers, of the shapes of `biases` and `weights`.
        """
        ### BEGIN SOLUTION
        z = x  # (n_0, 1)
        outputs, inputs = [z], []
        for b, w in zip(self.biases, self.weights, strict=True):
            v = w @ z + b  # (n_l, 1)
            z = relu(v)  # (n_l, 1)
            inputs.append(v)
            outputs.append(z)

        delta = self.loss_derivative_wr_output_activations(inputs[-1], y)  # (n_L, 1)
        db, dw = [delta], [delta @ outputs[-2].T]  # (n_L, 1) and (n_L, n_{L-1})
        for layer in range(2, self.num_layers):
            delta = (self.weights[-layer + 1].T @ delta) * relu_derivative(inputs[-layer])  # (n_l, 1)
            db.insert(0, delta)  # (n_l, 1)
            dw.insert(0, delta @ outputs[-layer - 1].T)  # (n_l, n_{l-1})
        return db, dw
        ### END SOLUTION

    def loss_derivative_wr_output_activations(self, output_activations, y):
        """The derivative of the loss by the output of the last layer before softmax:  softmax(v_L) - y.

        Args:
            output_activations: v_L, shape (n_L, 1).
            y: one-hot label, shape (n_L, 1).

        Returns:
            Array of shape (n_L, 1).
        """
        ### BEGIN SOLUTION
        return self.output_softmax(output_activations) - y
        ### END SOLUTION

    def network_output_before_softmax(self, x):
        """The output of the last layer before softmax, v_L, of shape (n_L, 1), for one sample x of shape (n_0, 1)."""
        z = x  # (n_0, 1)
        for b, w in zip(self.biases[:-1], self.weights[:-1], strict=True):
            z = relu(w @ z + b)  # (n_l, 1)
        return self.weights[-1] @ z + self.biases[-1]  # (n_L, 1)

    def output_softmax(self, output_activations):
        """softmax(v)_k = exp(v_k) / sum_j exp(v_j).

        The largest entry is subtracted first: it cancels in the fraction, and no exponential can overflow.
        """
        e = np.exp(output_activations - np.max(output_activations))  # (n_L, 1)
        return e / np.sum(e)  # (n_L, 1)

    def loss(self, data):
        """The mean cross-entropy over a list of pairs (x, y) with one-hot y.

        -sum_k y_k log p_k  is computed as  log sum_j exp(v_j) - sum_k y_k v_k,  with the largest entry taken out as
        in `output_softmax`, so that a probability that rounds to 0 does not give an infinite loss.
        """
        total = 0.0
        for x, y in data:
            v = self.network_output_before_softmax(x)  # (n_L, 1)
            v = v - np.max(v)
            total += np.log(np.sum(np.exp(v))) - np.sum(y * v)
        return total / len(data)

    def one_label_accuracy(self, data):
        """The fraction of pairs (x, label), with integer labels, whose largest output is at the label."""
        hits = sum(int(np.argmax(self.network_output_before_softmax(x)) == label) for x, label in data)
        return hits / len(data)

    def one_hot_accuracy(self, data):
        """The fraction of pairs (x, y), with one-hot y, whose largest output is where y is 1."""
        hits = sum(int(np.argmax(self.network_output_before_softmax(x)) == np.argmax(y)) for x, y in data)
        return hits / len(data)
