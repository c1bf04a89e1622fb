"""Three small convolutional networks for coloured images of 32 x 32 pixels, and the hinge loss of several classes.

Their layers are given by their numbers of parameters. A convolution of k x k pixels from c to d channels has
d (c k^2 + 1) of them, a linear layer from n to m numbers m (n + 1):

    hinge CNN      896,  9248,    9248,    9248,  51264,   650
    features CNN   896,  9248,    9248,    9248, 102528,  1290
    autoencoder   1792, 73856, 2097408, 2105344, 147584, 73792, 1731

ReLU follows every convolution and every linear layer but the last of a classifier, the one that makes the codes,
and the last of the autoencoder, which ends with a sigmoid.

All networks take images as float tensors of shape (n, 3, 32, 32), red, green, blue, in [0, 1].
"""

import numpy as np
import torch
from torch import nn


def hinge_loss(scores, labels):
    """The mean over the images of  max(0, 1 + max over j != y of s_j - s_y),  the hinge loss of several classes.

    K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", Journal
    of Machine Learning Research 2 (2001), equation 4.

    Args:
        scores: float tensor (n, classes), the outputs s of a network.
        labels: integer tensor (n,), the right classes y.

    Returns:
        A tensor of one number, with its gradient.
    """
    raise NotImplementedError("hinge_loss is not written yet")


def hinge_loss_and_gradient(scores, labels):
    """`hinge_loss` of arrays, (n, classes) and (n,), and its derivative by the scores. Given; the checks call it.

    Returns:
        (loss, gradient): a number, and an array (n, classes).
    """
    tensor = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    loss = hinge_loss(tensor, torch.as_tensor(labels))
    loss.backward()
    return loss.item(), tensor.grad.numpy()


def load_weights(network, weights):
    """Put arrays, by name as in `network.state_dict()`, into a network, and return it. Given; the checks call it."""
    network.load_state_dict({name: torch.as_tensor(np.asarray(each)) for name, each in weights.items()})
    return network


def convolutions():
    """Images (n, 3, 32, 32) to (n, 800): four convolutions 3 x 3 of 32 channels without padding, two poolings.

    32 -> 30 -> 28, pooled to 14 -> 12 -> 10, pooled to 5 pixels a side, and 32 * 5 * 5 = 800.
    """
    raise NotImplementedError("convolutions is not written yet")


class HingeCNN(nn.Module):
    """Convolutions, a layer of 64 ReLU units, and one score for each of ten classes: to be trained by `hinge_loss`."""

    def __init__(self):
        """Make the layers."""
        super().__init__()
        raise NotImplementedError("HingeCNN.__init__ is not written yet")

    def forward(self, x):
        """Scores (n, 10) of images x (n, 3, 32, 32)."""
        raise NotImplementedError("HingeCNN.forward is not written yet")


class FeaturesCNN(nn.Module):
    """Convolutions, a layer of 128 ReLU units, and one score for each of ten classes: to be trained by cross-entropy.

    The outputs of the 128 units are the features that support vector machines get.
    """

    def __init__(self):
        """Make the layers."""
        super().__init__()
        raise NotImplementedError("FeaturesCNN.__init__ is not written yet")

    def features(self, x):
        """The outputs (n, 128) of the last layer but one, after its ReLU, for images x (n, 3, 32, 32)."""
        raise NotImplementedError("FeaturesCNN.features is not written yet")

    def forward(self, x):
        """Scores (n, 10) of images x (n, 3, 32, 32)."""
        raise NotImplementedError("FeaturesCNN.forward is not written yet")


class Autoencoder(nn.Module):
    """Images to codes of 256 numbers and back: two convolutions, two linear layers, three transposed convolutions.

    Strides of 2 halve the sides, 32 -> 16 -> 8, and double them again on the way back. Every kernel is 3 x 3 with
    padding 1; the two transposed convolutions that double the sides have an output padding of 1.
    """

    def __init__(self):
        """Make the layers."""
        super().__init__()
        raise NotImplementedError("Autoencoder.__init__ is not written yet")

    def encode(self, x):
        """Codes (n, 256) of images x (n, 3, 32, 32)."""
        raise NotImplementedError("Autoencoder.encode is not written yet")

    def forward(self, x):
        """Images (n, 3, 32, 32) in [0, 1], as like x as their codes allow."""
        raise NotImplementedError("Autoencoder.forward is not written yet")
