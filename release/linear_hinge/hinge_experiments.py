"""The experiments: a search over eight combinations of settings, a plot of the losses, and what was learned, as images.

Run it in a directory that holds CIFAR-10 (see `cifar10_data`). Nothing here may run on import: keep calls inside
`main`.
"""

import cifar10_data
import matplotlib.pyplot as plt
import numpy as np
from hinge_classifier import LinearClassifier

RATES = (1e-8, 1e-7, 3e-7, 3e-7, 5e-7, 8e-7, 1e-6, 1e-5)
STRENGTHS = (1e4, 3e4, 5e4, 1e4, 8e4, 1e5, 5e4, 5e5)
NORMS = (1, 2, 1, 2, 1, 2, 1, 2)
BATCH_SIZES = (50, 100, 200, 400, 100, 200, 200, 400)


def search(
    training,
    validation,
    rates=RATES,
    strengths=STRENGTHS,
    norms=NORMS,
    batch_sizes=BATCH_SIZES,
    **settings,
):
    """Train one classifier for each combination of settings, and choose the best on the validation set.

    The four lists are zipped: combination i is (rates[i], strengths[i], norms[i], batch_sizes[i]). They are not a grid
    of all pairings. Settings that are too large may overflow; their losses are then inf or nan.

    Args:
        training: a pair (X, y), as for `LinearClassifier.fit`.
        validation: another such pair.
        rates, strengths, norms, batch_sizes: lists of one length.
        settings: further settings for every `LinearClassifier`, such as ``epochs=2``.

    Returns:
        (best, results): the fitted classifier with the highest accuracy on the validation set (one of them, if there
        are several), and a list with a dictionary for each combination, in order:
        ``{"learning_rate": ..., "strength": ..., "norm": ..., "batch_size": ..., "training_accuracy": ...,
        "validation_accuracy": ...}``, the accuracies as fractions.
    """
    raise NotImplementedError("search is not written yet")


def plot_losses(history):
    """Draw the losses of `LinearClassifier.history` over the iterations: one plot with two curves.

    Both axes have labels, one curve is labelled "training" and the other "validation", and there is a legend.
    """
    raise NotImplementedError("plot_losses is not written yet")


def plot_templates(W, names=cifar10_data.CLASSES):
    """Draw the weights of each class as an image of 32 x 32 pixels in colour, one plot for each class, in one figure.

    Column k of W is the template of class k, with the pixels in the order of an image of shape (32, 32, 3). Weights are
    no colours: one shift and one positive factor for all pixels and colours of a template bring it between 0 and 1. The
    title of a plot is the name of its class.

    Args:
        W: weights, shape (3072, K).
        names: the K names of the classes.
    """
    raise NotImplementedError("plot_templates is not written yet")


def main():
    """Search, train the best of the published combinations, and show the plots. Given."""
    (train_x, train_y), (test_x, test_y) = cifar10_data.load()
    training, validation = (train_x[:49000], train_y[:49000]), (train_x[49000:], train_y[49000:])

    best, results = search(training, validation)
    for each in results:
        print(each)
    print(f"The best on the validation set: test accuracy {best.accuracy(test_x, test_y):.4f}")
    plot_losses(best.history)
    plot_templates(best.W)
    plt.show()


if __name__ == "__main__":
    main()
