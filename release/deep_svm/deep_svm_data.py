"""MNIST as arrays. Given."""

import gzip
import pickle
from pathlib import Path

import numpy as np


def load_mnist(folder="."):
    """Read ``mnist.pkl.gz``, from `folder`.

    Returns:
        ((train_x, train_y), (test_x, test_y)): images (n, 784) float32 in [0, 1] and labels (n,) int64, with n = 60,000
        (training and validation images of the file) and n = 10,000.
    """
    with gzip.open(Path(folder, "mnist.pkl.gz"), "rb") as file:
        train, validation, test = pickle.load(file, encoding="latin1")
    return tuple(np.concatenate(parts) for parts in zip(train, validation, strict=True)), test
