"""The stand-in for CIFAR-10: coloured shapes before coloured grounds, 32 x 32, made by a formula from fixed numbers.

Ten classes: disc, ring, square, frame, triangle, plus, cross, bars lying, bars standing, checkers. Place, size, turn
and colours vary; each class leans towards a hue of its own, so that a linear classifier finds something, and a
convolutional network much more.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.datasets.records import DataSet, Split

__all__ = ["CLASSES", "load"]

CLASSES = ("disc", "ring", "square", "frame", "triangle", "plus", "cross", "lying bars", "standing bars", "checkers")

_TRAIN, _VALIDATION, _HIDDEN = 2000, 500, 1000
_SIDE = 32
_LEAN = 0.35  # how far the hue of a ground is drawn to that of its class: 0 not at all, 1 entirely
_NOISE = 14.0  # standard deviation, of 255

Array = np.ndarray[Any, Any]


def load() -> DataSet:
    """The shapes in their fixed order: train (2000), validation (500), hidden (1000); x (n, 32, 32, 3) uint8."""
    count = _TRAIN + _VALIDATION + _HIDDEN
    # RandomState, because its stream is frozen: the images must stay the same with any numpy.
    draw = np.random.RandomState(32323)
    y = draw.permutation(np.arange(count) % len(CLASSES))
    x = _images(y, draw)
    x.flags.writeable = False
    y = y.astype(np.int64)
    y.flags.writeable = False
    ends = (0, _TRAIN, _TRAIN + _VALIDATION, count)
    parts = [Split(x[start:end], y[start:end]) for start, end in pairwise(ends)]
    digest = hashlib.sha256(x.tobytes() + y.astype("<i8").tobytes()).hexdigest()
    return DataSet("shapes", digest, train=parts[0], validation=parts[1], hidden=parts[2])


def _images(y: Array, draw: np.random.RandomState) -> Array:
    n = len(y)
    centre = draw.uniform(-4.0, 4.0, (n, 2))
    size = draw.uniform(7.0, 12.0, n)
    turn = draw.uniform(-0.4, 0.4, n)
    hue, other = draw.uniform(0, 1, n), draw.uniform(0, 1, n)
    ground = (1 - _LEAN) * hue + _LEAN * (y + 0.5) / len(CLASSES)
    front = (ground + 0.3 + 0.4 * other) % 1.0  # never the hue of the ground
    light = draw.uniform(0.45, 0.75, n), draw.uniform(0.6, 1.0, n)
    slope = draw.uniform(-0.2, 0.2, (n, 2))
    noise = draw.normal(0.0, _NOISE, (n, _SIDE, _SIDE, 3))

    place = np.arange(_SIDE) - (_SIDE - 1) / 2  # (32,)
    down, right = place[None, :, None], place[None, None, :]
    v, u = down - centre[:, 0, None, None], right - centre[:, 1, None, None]  # (n, 32, 32)
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    a, b = (cos * u + sin * v) / size[:, None, None], (cos * v - sin * u) / size[:, None, None]
    inside = np.zeros((n, _SIDE, _SIDE), bool)
    for number in range(len(CLASSES)):
        chosen = y == number
        inside[chosen] = _mask(number, a[chosen], b[chosen])
    shade = 1 + (slope[:, 0, None, None] * down + slope[:, 1, None, None] * right) / _SIDE  # (n, 32, 32)
    back = _rgb(ground, 0.5, light[0])[:, None, None, :] * shade[..., None]
    image = np.where(inside[..., None], _rgb(front, 0.6, light[1])[:, None, None, :], back)
    return np.clip(np.rint(255 * image + noise), 0, 255).astype(np.uint8)


def _mask(number: int, a: Array, b: Array) -> Any:
    """Where a shape of size 1 around the origin is, for points (a, b) of shape (n, 32, 32)."""
    radius, box = np.hypot(a, b), np.maximum(np.abs(a), np.abs(b))
    match CLASSES[number]:
        case "disc":
            return radius < 1
        case "ring":
            return (radius < 1) & (radius > 0.6)
        case "square":
            return box < 0.9
        case "frame":
            return (box < 0.9) & (box > 0.55)
        case "triangle":
            return (b < 0.8) & (b > 2 * np.abs(a) - 1)
        case "plus":
            return (box < 1) & (np.minimum(np.abs(a), np.abs(b)) < 0.3)
        case "cross":
            return (box < 0.9) & (np.minimum(np.abs(a - b), np.abs(a + b)) < 0.4)
        case "lying bars":
            return (box < 0.9) & (np.floor((b + 0.9) / 0.36) % 2 == 0)
        case "standing bars":
            return (box < 0.9) & (np.floor((a + 0.9) / 0.36) % 2 == 0)
        case _:
            return (box < 0.9) & ((np.floor((a + 0.9) / 0.6) + np.floor((b + 0.9) / 0.6)) % 2 == 0)


def _rgb(hue: Array, saturation: float, value: Array) -> Array:
    """Colours (n, 3) in 0 to 1 from hue, saturation and value, 0 to 1 (A. R. Smith, *Color gamut transform pairs*)."""
    k = (np.array([5.0, 3.0, 1.0]) + 6 * hue[:, None]) % 6
    return np.asarray(value[:, None] * (1 - saturation * np.clip(np.minimum(k, 4 - k), 0, 1)))
