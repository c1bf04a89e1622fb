"""Training of the networks by Adam on mini-batches, and what is taken from them: scores, features, codes, images."""

import numpy as np
import torch
from svm_networks import hinge_loss
from torch import nn

BATCH = 64
LOSSES = {"hinge": hinge_loss, "cross-entropy": nn.functional.cross_entropy}


def to_tensor(images):
    """Images as they are stored, uint8 (n, 32, 32, 3), as float tensors (n, 3, 32, 32) in [0, 1]. Given."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 255


def batches(images, labels, mirror=True):
    """One epoch of mini-batches of 64 in a new random order, half of the images mirrored, left to right. Given.

    Yields:
        (x, y): float tensors (64, 3, 32, 32) and integer tensors (64,); the last ones may be shorter.
    """
    for batch in torch.randperm(len(images)).split(BATCH):
        x, y = to_tensor(images[batch.numpy()]), torch.from_numpy(labels[batch.numpy()])
        if mirror:
            mirrored = torch.rand(len(x)) < 0.5
            x[mirrored] = x[mirrored].flip(3)
        yield x, y


def small_classifier():
    """One linear layer from pixels to scores, (n, 3, 32, 32) to (n, 10). Given; the checks train it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))


def small_autoencoder():
    """One linear layer to eight numbers and one back, images to images. Given; the checks train it."""
    layers = (nn.Flatten(), nn.Linear(3072, 8), nn.Linear(8, 3072), nn.Sigmoid(), nn.Unflatten(1, (3, 32, 32)))
    return nn.Sequential(*layers)


def train_classifier(network, loss, train_x, train_y, validation_x, validation_y, epochs, rate=0.001):
    """Train a network by Adam, and record its history.

    After every step the schedule makes one, too: the rate falls from `rate` to 0 along a half cosine (I. Loshchilov and
    F. Hutter, "SGDR", 2017, equation 5).

    Args:
        network: the network, a torch module; it is changed in place.
        loss: "hinge" or "cross-entropy", a name in `LOSSES`.
        train_x: uint8 (n, 32, 32, 3).
        train_y: int64 (n,).
        validation_x: uint8 (m, 32, 32, 3).
        validation_y: int64 (m,).
        epochs: how often to go through all training images.
        rate: the learning rate of Adam at the start.

    Returns:
        ``{"train_loss": [...], "train_accuracy": [...], "validation_loss": [...], "validation_accuracy": [...],
        "rate": [...]}``, one number for each epoch. Those of the training are means over the images as they are
        trained on, those of the validation are taken after the epoch; "rate" is the learning rate after the epoch.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    steps = epochs * -(-len(train_x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rate")
    history = {name: [] for name in names}
    raise NotImplementedError("train_classifier is not written yet")


def train_autoencoder(network, train_x, epochs, rate=0.001):
    """Train an autoencoder by Adam on the mean squared error between images and what it makes of them.

    Args:
        network: the network, a torch module; it is changed in place.
        train_x: uint8 (n, 32, 32, 3).
        epochs: how often to go through all training images.
        rate: the learning rate of Adam.

    Returns:
        ``{"train_loss": [...]}``, the mean squared error over the images as they are trained on (mirrored or not), for
        values in [0, 1], one for each epoch.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    history = {"train_loss": []}
    labels = np.zeros(len(train_x), np.int64)  # `batches` wants some; an autoencoder has no use for them
    raise NotImplementedError("train_autoencoder is not written yet")


def in_batches(network, function, images):
    """What `function`, the network or one of its methods, makes of images uint8 (n, 32, 32, 3), as an array. Given.

    The network is in eval mode meanwhile and afterwards, and no gradients are recorded.
    """
    network.eval()
    with torch.no_grad():
        parts = [function(to_tensor(images[start : start + 500])) for start in range(0, len(images), 500)]
    return torch.cat(parts).numpy()


def scores(network, images):
    """The scores of images uint8 (n, 32, 32, 3), as an array float32 (n, 10)."""
    raise NotImplementedError("scores is not written yet")


def features(network, images):
    """The 128 features of images uint8 (n, 32, 32, 3), as an array float32 (n, 128)."""
    raise NotImplementedError("features is not written yet")


def codes(network, images):
    """The codes of images uint8 (n, 32, 32, 3), as an array float32 (n, 256)."""
    raise NotImplementedError("codes is not written yet")


def reconstructions(network, images):
    """What an autoencoder makes of images uint8 (n, 32, 32, 3): an array float32 (n, 32, 32, 3) in [0, 1]."""
    raise NotImplementedError("reconstructions is not written yet")
