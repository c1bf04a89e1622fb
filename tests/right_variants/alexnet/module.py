"""The network as a module of its own, with activations as functions."""

import torch
from torch import nn
from torch.nn import functional


class Net(nn.Module):
    def __init__(self, batch_norm, dropout):
        super().__init__()
        stages = []
        for a, b, k, pooled in ((3, 24, 5, 1), (24, 64, 5, 1), (64, 96, 3, 0), (96, 96, 3, 0), (96, 64, 3, 1)):
            stage = nn.ModuleDict({"convolution": nn.Conv2d(a, b, k, padding=k // 2)})
            if batch_norm:
                stage["norm"] = nn.BatchNorm2d(b)
            if pooled:
                stage["pool"] = nn.MaxPool2d(3, 2)
            stages.append(stage)
        self.stages = nn.ModuleList(stages)
        head = []
        for inputs in (576, 1024):
            head += [nn.Dropout(dropout)] if dropout else []
            head.append(nn.Linear(inputs, 1024))
        self.head, self.last = nn.ModuleList(head), nn.Linear(1024, 10)

    def forward(self, x):
        for stage in self.stages:
            x = stage["convolution"](x)
            x = functional.relu(stage["norm"](x) if "norm" in stage else x)
            x = stage["pool"](x) if "pool" in stage else x
        x = torch.flatten(x, 1)
        for layer in self.head:
            x = functional.relu(layer(x)) if isinstance(layer, nn.Linear) else layer(x)
        return self.last(x)


def alexnet(batch_norm=True, dropout=0.5):
    return Net(batch_norm, dropout).to(DEVICE)
