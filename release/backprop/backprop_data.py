"""The MNIST images of handwritten digits, as lists of pairs that a network can be trained on. Given."""

import gzip
import pickle

import numpy as np


def load(train_size=50000, test_size=10000):
    """Draw a random subset of the training images and one of the test images from ``mnist.pkl.gz``.

    The file is looked for in the working directory. It holds the splits training (50,000 images), validation (10,000)
    and test (10,000), each a pair of images, float32 in [0, 1] of shape (n, 784), and labels, integers 0 to 9.

    Args:
        train_size: number of training images, at most 50,000.
        test_size: number of test images, at most 10,000.

    Returns:
        (training_data, test_data): a list of `train_size` pairs ``(x, y)``, x an image of shape (784, 1), float32, and
        y its one-hot label of shape (10, 1); and a list of `test_size` pairs ``(x, label)`` with an integer label.
    """
    with gzip.open("mnist.pkl.gz", "rb") as file:
        (train_x, train_y), _, (test_x, test_y) = pickle.load(file, encoding="latin1")
    train = np.random.choice(len(train_x), train_size, replace=False)
    test = np.random.choice(len(test_x), test_size, replace=False)
    training_data = [(train_x[i].reshape(784, 1), one_hot(train_y[i])) for i in train]
    test_data = [(test_x[i].reshape(784, 1), int(test_y[i])) for i in test]
    return training_data, test_data


def one_hot(label):
    """The unit vector e_label of shape (10, 1)."""
    e = np.zeros((10, 1))
    e[label] = 1.0
    return e
