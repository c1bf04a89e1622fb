"""A small convolutional network in torch, its training and its predictions. Arrays are given and returned."""

import numpy as np
import torch
from torch import nn


def to_tensor(x):
    """A float32 tensor from an array."""
    return torch.as_tensor(np.asarray(x), dtype=torch.float32)


class SmallCNN(nn.Module):
    """One convolution with 4 channels, relu, 2 x 2 max pooling, and a linear layer, for images of 8 x 8 pixels."""

    def __init__(self, classes):
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, kernel_size=3, padding=1)
        self.output = nn.Linear(4 * 4 * 4, classes)

    def forward(self, x):
        """The logits of images of shape (n, 1, 8, 8), shape (n, classes)."""
        ### BEGIN SOLUTION
        z = torch.relu(self.convolution(to_tensor(x)))
        z = nn.functional.max_pool2d(z, 2)
        return self.output(z.reshape(len(z), -1))
        ### END SOLUTION


def train(model, X, y, learning_rate, epochs, batch_size):
    """Stochastic gradient descent with cross-entropy; returns the mean loss of each epoch."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    labels = torch.as_tensor(y, dtype=torch.long)
    model.train()
    losses = []
    for _ in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(X[chosen.numpy()]), labels[chosen])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        losses.append(total / len(X))
    return losses
    ### END SOLUTION


def predict(model, X):
    """The label with the largest logit for each image, shape (n,)."""
    ### BEGIN SOLUTION
    model.eval()
    with torch.no_grad():
        return model(X).argmax(dim=1)
    ### END SOLUTION


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 1, 8, 8))
    y = rng.integers(3, size=60)
    X = (centres[y] + 0.5 * rng.normal(size=(60, 1, 8, 8))).astype(np.float32)
    model = SmallCNN(3)
    print(train(model, X, y, learning_rate=0.1, epochs=5, batch_size=10))
    print(np.mean(predict(model, X).numpy() == y))


if __name__ == "__main__":
    main()
