"""The experiments of the homework: a study of learning rates with its plots, and a better network of your own.

Run it in a directory that holds ``mnist.pkl.gz``. Nothing here may run on import: keep calls inside `main`.
"""

import backprop_data
import matplotlib.pyplot as plt
import numpy as np
from backprop_network import Network

RATES = (0.001, 0.01, 0.1, 1, 10, 100)


def learning_rate_study(training_data, test_data, rates=RATES, sizes=(784, 40, 10), epochs=30, mini_batch_size=10):
    """Train one fresh network for each learning rate, and draw its course: three figures, a curve for each rate.

    The figures (or three subplots of one figure) show training accuracy, training loss and test accuracy after each
    epoch. A title or the label of the y axis says which; both axes have labels; each curve is labelled with its rate,
    and there is a legend. Very large rates may give losses that are inf or nan.

    Args:
        training_data: list of pairs (x, y) with one-hot y.
        test_data: list of pairs (x, label) with integer labels.
        rates: the learning rates.
        sizes: units of each layer.
        epochs: epochs of training, which is the number of points of each curve.
        mini_batch_size: samples in each step.

    Returns:
        A dictionary from rate to
        ``{"training_accuracy": [...], "training_loss": [...], "test_accuracy": [...]}``, one number for each epoch.
    """
    raise NotImplementedError("learning_rate_study is not written yet")


def best_network():
    """A network of your own, not yet trained, with the settings to train it with.

    It may be a `Network` of other sizes, or of a class of yours that is written in this file.

    Returns:
        (network, settings), where settings is ``{"epochs": ..., "mini_batch_size": ..., "learning_rate": ...}``; it is
        trained by ``network.SGD(training_data, test_data=test_data, **settings)``.
    """
    raise NotImplementedError("best_network is not written yet")


def main():
    """Run all experiments and show the plots. Given."""
    training_data, test_data = backprop_data.load(train_size=10000, test_size=5000)
    learning_rate_study(training_data, test_data)

    training_data, test_data = backprop_data.load(train_size=50000, test_size=10000)
    network = Network([784, 40, 10])
    network.SGD(training_data, epochs=30, mini_batch_size=10, learning_rate=0.1, test_data=test_data)
    print(f"Whole training set: test accuracy {network.one_label_accuracy(test_data):.4f}")

    network, settings = best_network()
    network.SGD(training_data, test_data=test_data, **settings)
    print(f"Network of our own: test accuracy {network.one_label_accuracy(test_data):.4f}")
    plt.show()


if __name__ == "__main__":
    main()
