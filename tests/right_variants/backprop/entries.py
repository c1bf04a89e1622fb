"""Loops over units in the place of products of matrices."""

import numpy as np


def relu(z):
    return np.array([max(each, 0.0) for each in np.ravel(z)]).reshape(np.shape(z))


def relu_derivative(z):
    return np.array([float(each > 0) for each in np.ravel(z)]).reshape(np.shape(z))


class Network:
    def backprop(self, x, y):
        activations, sums = [x], []
        for b, w in zip(self.biases, self.weights):
            v = np.array([[sum(row * activations[-1][:, 0])] for row in w]) + b
            sums.append(v)
            activations.append(relu(v))
        delta = self.loss_derivative_wr_output_activations(sums[-1], y)
        db, dw = [], []
        for place in reversed(range(len(self.weights))):
            db.append(delta)
            dw.append(np.array([[d * z for z in activations[place][:, 0]] for d in delta[:, 0]]))
            if place:
                back = np.array([[sum(column * delta[:, 0])] for column in self.weights[place].T])
                delta = back * relu_derivative(sums[place - 1])
        return db[::-1], dw[::-1]
