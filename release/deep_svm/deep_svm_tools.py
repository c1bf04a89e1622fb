"""Between arrays and torch. Given; the checks call your modules through these functions."""

import deep_svm_training
import torch
from deep_svm_nets import DeepNet
from torch import nn


def with_parameters(module, values):
    """Set parameters of a module by name, and make it float64; the module itself.

    Args:
        module: a torch module.
        values: a dictionary from names, such as ``"linear.weight"``, to arrays.
    """
    module.double()
    with torch.no_grad():
        for name, value in values.items():
            module.get_parameter(name).copy_(torch.as_tensor(value))
    return module


def parameters_of(module):
    """All parameters by name, as arrays."""
    return {name: value.detach().numpy() for name, value in module.named_parameters()}


def loss_and_gradients(top, h, y, index=None):
    """The loss of an output layer, or of the top of a net, on features h (n, d), and its gradients as torch finds them.

    Returns:
        (loss, gradients): a number, and a dictionary with ``"h"`` and the names of all parameters.
    """
    top = top.top if isinstance(top, DeepNet) else top
    h = torch.tensor(h, requires_grad=True)
    index = None if index is None else torch.as_tensor(index)
    top.zero_grad()
    loss = top.loss(top(h), torch.as_tensor(y), index)
    loss.backward()
    found = {"h": h, **dict(top.named_parameters())}
    return loss.item(), {name: None if each.grad is None else each.grad.numpy() for name, each in found.items()}


def answer(module, x, train=False):
    """What a module makes of an array, in train or in eval mode, without gradients."""
    module.train(train)
    with torch.no_grad():
        return module(torch.as_tensor(x)).numpy()


def fit_arrays(net, x, y, **settings):
    """`fit` of `deep_svm_training` for arrays."""
    return deep_svm_training.fit(net, torch.as_tensor(x), torch.as_tensor(y), **settings)


def reports_of_fit(net, x, y, **settings):
    """What `fit` reports while it trains: a list of (epoch, loss)."""
    reported = []
    fit_arrays(net, x, y, report=lambda epoch, loss: reported.append((epoch, loss)), **settings)
    return reported


def measure_arrays(net, x, y):
    """`measures` of `deep_svm_training` for arrays."""
    return deep_svm_training.measures(net, torch.as_tensor(x), torch.as_tensor(y))


def compare_arrays(x, y, **settings):
    """`compare` of `deep_svm_training` for arrays."""
    return deep_svm_training.compare(torch.as_tensor(x), torch.as_tensor(y), **settings)


class Recorder(nn.Module):
    """Replaces the noise: it adds nothing, and records its settings and inputs.

    Attributes:
        levels: standard deviation at each call.
        modes: whether each call was in train mode.
        seen: first feature of every sample, call by call.
    """

    def __init__(self):
        super().__init__()
        self.sd = 0.0
        self.levels, self.modes, self.seen = [], [], []

    def forward(self, x):
        """X itself."""
        self.levels.append(float(self.sd))
        self.modes.append(self.training)
        self.seen.append(x[:, 0].detach().numpy().copy())
        return x
