"""The network as one flat list of layers, from a table of sizes."""

from torch import nn


def alexnet(batch_norm=True, dropout=0.5):
    layers, channels = [], 3
    for width, size, pooled in ((24, 5, True), (64, 5, True), (96, 3, False), (96, 3, False), (64, 3, True)):
        layers += [nn.Conv2d(channels, width, kernel_size=(size, size), stride=1, padding=(size - 1) // 2)]
        layers += [nn.BatchNorm2d(width)] * batch_norm + [nn.ReLU(inplace=True)]
        layers += [nn.MaxPool2d(kernel_size=3, stride=2)] * pooled
        channels = width
    layers.append(nn.Flatten())
    for inputs in (576, 1024):
        if dropout > 0:
            layers.append(nn.Dropout(p=dropout))
        layers += [nn.Linear(inputs, 1024), nn.ReLU()]
    layers.append(nn.Linear(1024, 10))
    return nn.Sequential(*layers).to(DEVICE)
