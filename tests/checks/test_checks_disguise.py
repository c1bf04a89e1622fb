"""Inputs that a submission has never seen: disguised images, rearranged samples."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import disguised, rearranged
from autograder.checks.errors import InstructorError

GREY = np.random.default_rng(1).uniform(size=(30, 784)).astype(np.float32)
COLOUR = np.random.default_rng(2).integers(256, size=(30, 32, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize("images", [GREY, GREY.reshape(-1, 28, 28), COLOUR, GREY.astype(np.float64)])
def test_a_disguise_keeps_shape_dtype_and_range_and_changes_every_image(images):
    """No image comes through as it was, so no checksum of one is known."""
    got = disguised(images, np.random.default_rng(0), mirror=True)

    assert (got.shape, got.dtype) == (images.shape, images.dtype)
    assert got.min() >= 0
    assert got.max() <= (255 if images.dtype == np.uint8 else 1)
    assert all(not np.array_equal(mine, known) for mine in got for known in images)


def test_a_disguise_follows_its_formula():
    """Each image is shifted by at most a pixel along each axis, and half of them are mirrored; edges repeat."""
    got = disguised(COLOUR, np.random.default_rng(3), shift=1, noise=0, mirror=True)
    padded = np.pad(COLOUR, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
    turned = 0
    for image, wide in zip(got, padded, strict=True):
        plain = [wide[i : i + 32, j : j + 32] for i in range(3) for j in range(3)]
        found = [[np.array_equal(image, each[:, ::step]) for each in plain] for step in (1, -1)]
        assert any(found[0]) or any(found[1])
        turned += any(found[1])
    assert 5 <= turned <= 25


def test_the_noise_of_a_disguise_is_a_fraction_of_the_range():
    """Its standard deviation is that fraction of 1 for floats and of 255 for uint8."""
    grey = disguised(np.full((50, 28, 28), 0.5), np.random.default_rng(4), noise=0.02)
    colour = disguised(np.full((50, 28, 28), 128, np.uint8), np.random.default_rng(4), noise=0.02)

    assert np.std(grey) == pytest.approx(0.02, rel=0.02)
    assert np.std(colour.astype(float)) == pytest.approx(0.02 * 255, rel=0.02)


def test_a_disguise_is_the_same_for_the_same_generator():
    """A grade can be repeated from its seed."""
    twice = [disguised(GREY, np.random.default_rng(5)) for _ in range(2)]

    np.testing.assert_array_equal(*twice)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.zeros((3, 10)), r"or \(n, h²\), not \(3, 10\)"),
        (np.zeros(4), r"not \(4,\)"),
        (np.zeros((3, 4), np.int64), "not int64"),
        (np.full((3, 4), 7.0), "between 0 and 1, not 7 to 7"),
        (np.full((3, 4), np.nan), "between 0 and 1, not nan to nan"),
    ],
)
def test_only_images_can_be_disguised(images, says):
    """Another shape, another dtype and values outside the range are refused with a sentence."""
    with pytest.raises(InstructorError, match=says):
        disguised(images, np.random.default_rng(0))


def test_rearranged_samples_are_a_permutation_and_no_class_keeps_its_number():
    """All samples get the same order and signs; labels are renamed one to one."""
    secret = rearranged(784, 10, np.random.default_rng(6), signs=True)
    got = secret.x(GREY.reshape(-1, 28, 28))

    assert (got.shape, got.dtype) == ((30, 28, 28), np.float32)
    np.testing.assert_array_equal(np.sort(np.abs(got.reshape(30, -1))), np.sort(GREY))
    np.testing.assert_array_equal(secret.x(GREY)[3], GREY[3, secret.order] * secret.signs)
    assert sorted(secret.y(np.arange(10))) == list(range(10))
    assert all(secret.y(np.arange(10)) != np.arange(10))
    assert rearranged(784, 10, np.random.default_rng(6)).x(COLOUR.reshape(30, -1)[:, :784]).dtype == np.uint8
