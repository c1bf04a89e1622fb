"""Training and judging deep nets with any top, at the same settings."""

import torch
from deep_svm_layers import L2SVMLayer, SoftmaxLayer, sign_targets
from deep_svm_nets import DeepNet, GaussianNoise, dense_body
from torch.nn import functional


def fit(net, x, y, epochs, batch=200, rate=0.001, noise=0.0, report=None):
    """Train by Adam (Kingma and Ba 2015) on shuffled mini-batches; the rate falls linearly from `rate` to 0.

    With T steps in all, step i = 0, ..., T-1 has the rate (1 - i / T) rate. The noise of the inputs falls likewise.

    Args:
        net: a `DeepNet`; trained in place.
        x: inputs (n, ...), a tensor.
        y: labels (n,), a tensor of integers.
        epochs: how often to go through all samples.
        batch: samples to a step; the last of an epoch may be smaller.
        rate: first learning rate.
        noise: first standard deviation of `net.noise`, where that has one.
        report: called as report(epoch, loss) after each epoch, if given; epochs count from 1.

    Returns:
        The mean loss of each epoch, a list of numbers.
    """
    raise NotImplementedError("fit is not written yet")


def scores_of(net, x, batch=1000):
    """Scores (n, K) in eval mode, without gradients, batch by batch. Given."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(part) for part in x.split(batch)])


def measures(net, x, y):
    """Error and both losses of a net, whatever it was trained with.

    Returns:
        {"error": share of wrong predictions, "cross_entropy": mean over the samples, "squared_hinge": sum over the
        classes, mean over the samples}; numbers. The penalty on the weights is in none of them.
    """
    scores = scores_of(net, x)
    raise NotImplementedError("measures is not written yet")


def compare(x, y, width=512, classes=10, decay=1e-4, noise=0.0, seed=0, **settings):
    """Train two nets that differ in their tops only: softmax, and L2-SVM.

    Both have the same body with the same first weights, the same first weights of the top, and the same batches with
    the same noise: draw each of them from the same seed.

    Args:
        x: inputs (n, d), a tensor.
        y: labels (n,), a tensor of integers.
        width: of both hidden layers of `dense_body`.
        decay: of both tops.
        noise: first standard deviation of the noise of the inputs.
        seed: for `torch.manual_seed`.
        settings: what else `fit` takes.

    Returns:
        {"softmax": net, "L2-SVM": net}, both trained.
    """
    raise NotImplementedError("compare is not written yet")
