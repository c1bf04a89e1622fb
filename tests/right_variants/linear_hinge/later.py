"""The search trains all classifiers first and chooses afterwards; plots through axes."""

import matplotlib.pyplot as plt
import numpy as np
from hinge_classifier import LinearClassifier


def search(training, validation, rates=RATES, strengths=STRENGTHS, norms=NORMS, batch_sizes=BATCH_SIZES, **settings):
    fitted = []
    with np.errstate(all="ignore"):
        for i in range(len(rates)):
            one = LinearClassifier(rates[i], strengths[i], norms[i], batch_sizes[i], **settings)
            fitted.append(one.fit(*training, validation))
        shares = [(one.accuracy(*training), one.accuracy(*validation)) for one in fitted]
    results = [
        dict(
            learning_rate=rates[i],
            strength=strengths[i],
            norm=norms[i],
            batch_size=batch_sizes[i],
            training_accuracy=shares[i][0],
            validation_accuracy=shares[i][1],
        )
        for i in range(len(rates))
    ]
    return fitted[max(range(len(fitted)), key=lambda i: shares[i][1])], results


def plot_losses(history):
    _, axes = plt.subplots()
    for name in ("training", "validation"):
        axes.plot(history["iteration"], history[f"{name}_loss"], "--", label=name)
    axes.set(xlabel="iteration of the training", ylabel="hinge loss")
    axes.legend(loc="upper right")


def plot_templates(W, names=cifar10_data.CLASSES):
    plt.figure(figsize=(10, 2))
    for k, name in enumerate(names):
        plt.subplot(1, len(names), k + 1)
        image = W[:, k] - W[:, k].min()
        plt.imshow(np.reshape(image / image.max(), (32, 32, 3)))
        plt.title(name)
        plt.xticks([])
        plt.yticks([])
