"""CIFAR-10 as numpy arrays: 60,000 colour photographs, 32 x 32, in ten classes. Given."""

from pathlib import Path

import numpy as np

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load(folder="."):
    """Read the six files of ``cifar-10-batches-bin``, from `folder`.

    The archive is ``cifar-10-binary.tar.gz`` of https://www.cs.toronto.edu/~kriz/cifar.html. Each record of a file is
    one byte for the label, then 3,072 for the pixels: all red ones row by row, all green ones, all blue ones.

    Returns:
        ((train_x, train_y), (test_x, test_y)): images (n, 32, 32, 3) uint8, red, green and blue from 0 to 255, and
        labels (n,) int64 from 0 to 9, with n = 50,000 and n = 10,000.
    """
    files = [Path(folder, "cifar-10-batches-bin", f"data_batch_{number}.bin") for number in range(1, 6)]
    parts = [_read(file) for file in files]
    train = np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
    return train, _read(Path(folder, "cifar-10-batches-bin", "test_batch.bin"))


def _read(file):
    records = np.fromfile(file, np.uint8).reshape(-1, 1 + 3072)
    pixels = records[:, 1:].reshape(-1, 3, 32, 32)  # (n, colour, row, column)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), records[:, 0].astype(np.int64)
