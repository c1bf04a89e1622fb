"""Training of the networks by Adam on mini-batches, and what is taken from them: labels, features, codes."""

import torch
from torch import nn

BATCH = 64


def to_tensor(images):
    """Images as they are stored, uint8 (n, 32, 32, 3), as float tensors (n, 3, 32, 32) in [0, 1]. Given."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def train_classifier(network, loss, train_x, train_y, validation_x, validation_y, epochs, rate=0.001):
    """Train a network by Adam, batches of 64 images in a new order in each epoch, and write down how it goes.

    The rate falls from `rate` to 0 along a half cosine (I. Loshchilov and F. Hutter, "SGDR", 2017, equation 5), and
    half of the images, drawn anew for each batch, are mirrored, left to right.

    Args:
        network: the network, a torch module; it is changed in place.
        loss: function of scores (n, 10) and labels (n,), such as `hinge_loss` or `torch.nn.functional.cross_entropy`.
        train_x: uint8 (n, 32, 32, 3).
        train_y: int64 (n,).
        validation_x: uint8 (m, 32, 32, 3).
        validation_y: int64 (m,).
        epochs: how often to go through all training images.
        rate: the learning rate of Adam at the start.

    Returns:
        ``{"train_loss": [...], "train_accuracy": [...], "validation_loss": [...], "validation_accuracy": [...]}``, one
        number for each epoch; those of the training are means over the batches, while they are trained on.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    steps = epochs * -(-len(train_x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    history = {"train_loss": [], "train_accuracy": [], "validation_loss": [], "validation_accuracy": []}
    for _ in range(epochs):
        network.train()
        total, hits = 0.0, 0
        for batch in torch.randperm(len(train_x)).split(BATCH):
            x, y = to_tensor(train_x[batch.numpy()]), torch.from_numpy(train_y[batch.numpy()])
            mirrored = torch.rand(len(x)) < 0.5
            x[mirrored] = x[mirrored].flip(3)
            scores = network(x)  # (batch, 10)
            value = loss(scores, y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
            total += value.item() * len(x)
            hits += (scores.argmax(dim=1) == y).sum().item()
        scores = outputs(network, validation_x)  # (m, 10)
        labels = torch.from_numpy(validation_y)
        history["train_loss"].append(total / len(train_x))
        history["train_accuracy"].append(hits / len(train_x))
        history["validation_loss"].append(loss(scores, labels).item())
        history["validation_accuracy"].append((scores.argmax(dim=1) == labels).float().mean().item())
    return history
    ### END SOLUTION


def train_autoencoder(network, train_x, epochs, rate=0.001):
    """Train an autoencoder by Adam on the mean squared error of its images, batches of 64 in a new order in each epoch.

    Args:
        network: the network, a torch module; it is changed in place.
        train_x: uint8 (n, 32, 32, 3).
        epochs: how often to go through all training images.
        rate: the learning rate of Adam.

    Returns:
        ``{"train_loss": [...]}``, the mean squared error of the batches, for values in [0, 1], one for each epoch.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    history = {"train_loss": []}
    for _ in range(epochs):
        network.train()
        total = 0.0
        for batch in torch.randperm(len(train_x)).split(BATCH):
            x = to_tensor(train_x[batch.numpy()])
            value = nn.functional.mse_loss(network(x), x)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            total += value.item() * len(x)
        history["train_loss"].append(total / len(train_x))
    return history
    ### END SOLUTION


def outputs(function, images):
    """What a network, or one of its methods, makes of images uint8 (n, 32, 32, 3), by batches, without gradients."""
    ### BEGIN SOLUTION
    module = getattr(function, "__self__", function)
    module.eval()
    with torch.no_grad():
        return torch.cat([function(to_tensor(images[start : start + 500])) for start in range(0, len(images), 500)])
    ### END SOLUTION


def features(network, images):
    """The 128 features of images uint8 (n, 32, 32, 3), as a float32 array (n, 128)."""
    ### BEGIN SOLUTION
    return outputs(network.features, images).numpy()
    ### END SOLUTION


def codes(network, images):
    """The codes of images uint8 (n, 32, 32, 3), as a float32 array (n, 256)."""
    ### BEGIN SOLUTION
    return outputs(network.encode, images).numpy()
    ### END SOLUTION
