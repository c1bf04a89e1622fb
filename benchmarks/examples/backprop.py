"""How the functions of the back-propagation homework are used, for its draft: a tiny network."""

import numpy as np
from backprop_main import best_network, learning_rate_study
from backprop_network import Network, relu, relu_derivative

rng = np.random.default_rng(0)
relu(rng.normal(size=(4, 3)))
relu_derivative(rng.normal(size=(4, 3)))
network = Network([6, 5, 3])
network.backprop(rng.normal(size=(6, 1)), np.eye(3)[:, [1]])
network.loss_derivative_wr_output_activations(rng.normal(size=(3, 1)), np.eye(3)[:, [2]])
best_network()
training = [(rng.normal(size=(6, 1)), np.eye(3)[:, [k % 3]]) for k in range(12)]
test = [(rng.normal(size=(6, 1)), k % 3) for k in range(6)]
learning_rate_study(training, test, rates=(0.1, 1.0), sizes=(6, 5, 3), epochs=2, mini_batch_size=4)
