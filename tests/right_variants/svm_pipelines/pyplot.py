"""All plots with pyplot alone, curves drawn in another order and with other styles."""

import matplotlib.pyplot as plt
import numpy as np


def plot_samples(images, names):
    plt.figure()
    for place in range(len(images)):
        plt.subplot(1, len(images), place + 1)
        plt.imshow(images[place], interpolation="nearest")
        plt.title(names[place])


def plot_history(history):
    epochs = np.arange(len(history["train_loss"])) + 1
    plt.figure(figsize=(6, 8))
    for place, measure in enumerate(["loss", "accuracy"], start=1):
        plt.subplot(2, 1, place)
        plt.plot(epochs, history["validation_" + measure], "r--", label="validation")
        plt.plot(epochs, history["train_" + measure], "b-", label="training")
        plt.xlabel("epoch")
        plt.ylabel(measure)
        plt.legend(loc="best")


def plot_heat_map(Cs, gammas, scores):
    _, place = plt.subplots()
    image = place.imshow(np.asarray(scores), cmap="viridis", aspect="auto")
    plt.colorbar(image, ax=place).set_label("accuracy")
    place.set_xticks(np.arange(len(gammas)), labels=[f"{gamma:.3g}" for gamma in gammas])
    place.set_yticks(np.arange(len(Cs)), labels=[f"{C:.3g}" for C in Cs])
    place.set_xlabel("gamma")
    place.set_ylabel("C")


def plot_scores(Cs, scores):
    _, place = plt.subplots()
    for name in sorted(scores, reverse=True):
        place.semilogx(Cs, scores[name], label=name, base=2)
    place.set_xlabel("C")
    place.set_ylabel("accuracy")
    place.legend()
