"""The figures of the report. Each function draws with matplotlib and leaves its figure open."""

import matplotlib.pyplot as plt


def plot_samples(images, names):
    """Draw images beside each other, each in a plot of its own with its name as the title.

    Args:
        images: uint8 (n, 32, 32, 3), ten of them in the report.
        names: n texts, the names of their classes.
    """
    raise NotImplementedError("plot_samples is not written yet")


def plot_history(history):
    """Draw a training: one plot of the loss and one of the accuracy over the epochs, which are counted from 1.

    Each has a curve of the training and one of the validation, labelled "training" and "validation", and a legend.

    Args:
        history: what `train_classifier` returns.
    """
    raise NotImplementedError("plot_history is not written yet")


def plot_heat_map(Cs, gammas, scores):
    """Draw the scores of a grid as a heat map: a row for each C, a column for each gamma, labelled with their values.

    Args:
        Cs: values of C.
        gammas: values of gamma.
        scores: mean accuracies, (len(Cs), len(gammas)).
    """
    raise NotImplementedError("plot_heat_map is not written yet")


def plot_scores(Cs, scores):
    """Draw scores over C, with C on a logarithmic axis: a curve for each search, labelled with its name, and a legend.

    Args:
        Cs: values of C.
        scores: dictionary from a name to the mean accuracies (len(Cs),).
    """
    raise NotImplementedError("plot_scores is not written yet")


def plot_reconstructions(images, reconstructions):
    """Draw images in a row, and below each of them what the autoencoder made of it.

    Args:
        images: numbers in [0, 1], (n, 32, 32, 3).
        reconstructions: likewise.
    """
    raise NotImplementedError("plot_reconstructions is not written yet")
