"""Output layers of deep nets as torch modules: softmax, hinge, L2-SVM, and the SVM with slack variables.

Each layer computes scores s = H W^T + b of the last features H, (n, d), and knows its own loss. A batch of n samples
with K classes gives

    loss = decay / 2 |W|^2 + 1/n sum_n l_n,        b is not decayed.

Conventions, because they differ from library to library: l_n is the SUM over the K classes, the batch gives the MEAN
over its samples. With decay = 1 / (C N) on all N samples that is the published objective 1/2 |W|^2 + C sum_n l_n
divided by C N: the same minimiser, and a step size that need not follow C.
"""

import torch
from torch import nn
from torch.nn import functional


def sign_targets(y, classes):
    """Targets of one versus rest: +1 for the class of the sample, -1 for all others.

    Args:
        y: labels (n,), integers.
        classes: K.

    Returns:
        (n, K), in torch's default float type.
    """
    raise NotImplementedError("sign_targets is not written yet")


class OutputLayer(nn.Module):
    """The common part of all output layers. Given.

    Args:
        features: d, size of the last features.
        classes: K.
        decay: factor of 1/2 |W|^2.
    """

    def __init__(self, features, classes, decay=0.0):
        super().__init__()
        self.linear = nn.Linear(features, classes)  # weight (K, d), bias (K,)
        self.decay = decay

    def forward(self, h):
        """Scores (n, K) of features (n, d)."""
        return self.linear(h)

    def data_loss(self, scores, y, index=None):
        """Mean over the samples of l_n, a tensor of one number.

        Args:
            scores: (n, K).
            y: labels (n,).
            index: places (n,) of the samples in the training set; only the slack variables need them.
        """
        raise NotImplementedError

    def loss(self, scores, y, index=None):
        """The data loss and the penalty on the weights."""
        return self.data_loss(scores, y, index) + self.decay / 2 * (self.linear.weight**2).sum()


class SoftmaxLayer(OutputLayer):
    """l_n = -log softmax(s_n)[y_n]. Given."""

    def data_loss(self, scores, y, index=None):  # noqa: ARG002
        """Mean cross-entropy."""
        return functional.cross_entropy(scores, y)


class HingeLayer(OutputLayer):
    """l_n = sum_k max(0, 1 - t_nk s_nk): K soft-margin SVMs, one versus rest, in their unconstrained form."""

    def data_loss(self, scores, y, index=None):  # noqa: ARG002
        """Mean over the samples of the hinge loss, summed over the classes."""
        raise NotImplementedError("HingeLayer.data_loss is not written yet")


class L2SVMLayer(OutputLayer):
    """l_n = sum_k max(0, 1 - t_nk s_nk)^2 (Tang 2013, equation 10)."""

    def data_loss(self, scores, y, index=None):  # noqa: ARG002
        """Mean over the samples of the squared hinge loss, summed over the classes."""
        raise NotImplementedError("L2SVMLayer.data_loss is not written yet")


class SlackLayer(OutputLayer):
    """l_n = sum_k nu_nk^2 + weight * max(0, 1 - nu_nk^2 - t_nk s_nk): with slacks that are learnt.

    nu is a parameter (samples, K), a row for each training sample. It starts positive: at nu = 0 its gradient is 0,
    even where the constraint is violated. `weight` is 1 / (lambda C); from 1 on the minimiser is that of `HingeLayer`.

    Args:
        features, classes, decay: as above.
        samples: number of training samples.
        weight: factor of the penalty for violated constraints.
        start: first value of every nu.

    Raises:
        ValueError: `start` is not positive.
    """

    def __init__(self, features, classes, samples, decay=0.0, weight=2.0, start=1.0):
        super().__init__(features, classes, decay)
        self.weight = weight
        # self.nu = ...
        raise NotImplementedError("SlackLayer.__init__ is not written yet")

    def data_loss(self, scores, y, index=None):
        """Mean over the samples; `index` says which rows of nu belong to them."""
        raise NotImplementedError("SlackLayer.data_loss is not written yet")
