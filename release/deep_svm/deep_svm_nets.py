"""Deep nets whose top is exchangeable: a body that makes features, and an output layer from `deep_svm_layers`."""

import copy

import torch
from deep_svm_layers import SoftmaxLayer
from torch import nn


class GaussianNoise(nn.Module):
    """x + sd * e with e ~ N(0, 1) in train mode; x itself in eval mode. `sd` may be changed from epoch to epoch."""

    def __init__(self, sd):
        super().__init__()
        self.sd = sd

    def forward(self, x):
        """Same shape as x."""
        raise NotImplementedError("GaussianNoise.forward is not written yet")


class RandomFlip(nn.Module):
    """Mirrors each image (n, 32, 32, 3) left to right with probability 1/2 in train mode. Given."""

    def forward(self, x):
        """Same shape as x."""
        if not self.training:
            return x
        return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(2), x)


class Pixels(nn.Module):
    """Images (n, 32, 32, 3) of bytes to numbers (n, 3, 32, 32) of about unit size. Given."""

    def forward(self, x):
        """(x - 120) / 64."""
        return (x.permute(0, 3, 1, 2).float() - 120) / 64


def dense_body(inputs=70, width=512):
    """The net for MNIST: two hidden layers of relu units; (n, inputs) -> (n, width)."""
    raise NotImplementedError("dense_body is not written yet")


def conv_body(width=32, features=128):
    """A small convolutional net for CIFAR-10; bytes (n, 32, 32, 3) -> (n, features). Given."""
    layers = [Pixels()]
    for n_in, n_out in ((3, width), (width, 2 * width), (2 * width, 2 * width)):
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]  # each halves the side
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2 * width * 16, features), nn.ReLU())


class DeepNet(nn.Module):
    """Noise, body, top. Given.

    Args:
        body: from inputs to features (n, d).
        top: an `OutputLayer`.
        noise: what disturbs the inputs in train mode.
    """

    def __init__(self, body, top, noise=None):
        super().__init__()
        self.noise = nn.Identity() if noise is None else noise
        self.body = body
        self.top = top

    def forward(self, x):
        """Scores (n, K)."""
        return self.top(self.body(self.noise(x)))


def continue_with_softmax(net):
    """A net of its own with the weights of another; its top is a `SoftmaxLayer` with the same weights, bias and decay.

    Training it further leaves `net` as it is.

    Args:
        net: a `DeepNet` with any top.
    """
    raise NotImplementedError("continue_with_softmax is not written yet")
