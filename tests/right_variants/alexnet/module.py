"""The network as a module of its own, with activations as functions."""

import torch
from torch import nn
from torch.nn import functional


class Net(nn.Module):
    def __init__(self, batch_norm, dropout):
        super().__init__()
        sizes = [(3, 24, 5), (24, 64, 5), (64, 96, 3), (96, 96, 3), (96, 64, 3)]
        stages = []
        for a, b, k in sizes:
            stages.append(nn.Conv2d(a, b, k, padding=k // 2))
            if batch_norm:
                stages.append(nn.BatchNorm2d(b))
        self.stages = nn.ModuleList(stages)
        self.pool = nn.ModuleList([nn.MaxPool2d(3, 2) for _ in range(3)])
        self.drop = nn.ModuleList([nn.Dropout(dropout) for _ in range(2)]) if dropout else None
        self.first, self.second, self.last = nn.Linear(576, 1024), nn.Linear(1024, 1024), nn.Linear(1024, 10)
        self.step = 2 if batch_norm else 1

    def forward(self, x):
        pooled = 0
        for place in range(5):
            for layer in self.stages[place * self.step : (place + 1) * self.step]:
                x = layer(x)
            x = functional.relu(x)
            if place in (0, 1, 4):
                x = self.pool[pooled](x)
                pooled += 1
        x = torch.flatten(x, 1)
        for place, layer in enumerate((self.first, self.second)):
            if self.drop is not None:
                x = self.drop[place](x)
            x = functional.relu(layer(x))
        return self.last(x)


def alexnet(batch_norm=True, dropout=0.5):
    return Net(batch_norm, dropout).to(DEVICE)
