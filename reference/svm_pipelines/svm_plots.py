"""The figures of the report. Each function draws with matplotlib and leaves its figure open."""

import matplotlib.pyplot as plt


def plot_samples(images, names):
    """Draw images beside each other, each in a plot of its own with its name as the title.

    Args:
        images: uint8 (n, 32, 32, 3), ten of them in the report.
        names: n texts, the names of their classes.
    """
    ### BEGIN SOLUTION
    _, axes = plt.subplots(1, len(images), figsize=(1.4 * len(images), 1.8), squeeze=False)
    for place, image, name in zip(axes[0], images, names, strict=True):
        place.imshow(image)
        place.set_title(name)
        place.axis("off")
    ### END SOLUTION


def plot_history(history):
    """Draw a training: one plot of the loss and one of the accuracy over the epochs, which are counted from 1.

    Each has a curve of the training and one of the validation, labelled "training" and "validation", and a legend.

    Args:
        history: what `train_classifier` returns.
    """
    ### BEGIN SOLUTION
    epochs = range(1, len(history["train_loss"]) + 1)
    _, axes = plt.subplots(1, 2, figsize=(9, 3.5))
    for place, measure in zip(axes, ("loss", "accuracy"), strict=True):
        place.plot(epochs, history[f"train_{measure}"], label="training")
        place.plot(epochs, history[f"validation_{measure}"], label="validation")
        place.set_xlabel("epoch")
        place.set_ylabel(measure)
        place.legend()
    ### END SOLUTION


def plot_heat_map(Cs, gammas, scores):
    """Draw the scores of a grid as a heat map: a row for each C, a column for each gamma, labelled with their values.

    Args:
        Cs: values of C.
        gammas: values of gamma.
        scores: mean accuracies, (len(Cs), len(gammas)).
    """
    ### BEGIN SOLUTION
    plt.figure()
    plt.imshow(scores)
    plt.colorbar(label="mean accuracy over the folds")
    plt.xticks(range(len(gammas)), [f"{gamma:.3g}" for gamma in gammas], rotation=90)
    plt.yticks(range(len(Cs)), [f"{C:.3g}" for C in Cs])
    plt.xlabel("gamma")
    plt.ylabel("C")
    ### END SOLUTION


def plot_scores(Cs, scores):
    """Draw scores over C, with C on a logarithmic axis: a curve for each search, labelled with its name, and a legend.

    Args:
        Cs: values of C.
        scores: dictionary from a name to the mean accuracies (len(Cs),).
    """
    ### BEGIN SOLUTION
    plt.figure()
    for name, values in scores.items():
        plt.plot(Cs, values, marker="o", label=name)
    plt.xscale("log", base=2)
    plt.xlabel("C")
    plt.ylabel("mean accuracy over the folds")
    plt.legend()
    ### END SOLUTION


def plot_reconstructions(images, reconstructions):
    """Draw images in a row, and below each of them what the autoencoder made of it.

    Args:
        images: numbers in [0, 1], (n, 32, 32, 3).
        reconstructions: likewise.
    """
    ### BEGIN SOLUTION
    _, axes = plt.subplots(2, len(images), figsize=(1.4 * len(images), 3), squeeze=False)
    for row, shown in zip(axes, (images, reconstructions), strict=True):
        for place, image in zip(row, shown, strict=True):
            place.imshow(image)
            place.axis("off")
    axes[0][0].set_title("image")
    axes[1][0].set_title("reconstruction")
    ### END SOLUTION
