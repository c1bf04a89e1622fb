"""CIFAR-10 in all its forms, and the coloured shapes that stand in for it."""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import datasets
from autograder.checks.errors import UsageError
from autograder.datasets import DataSettings, cifar10, shapes
from autograder.grading.preparing import dataset_for

ROOT = Path(__file__).parents[2]
PER_FILE = 20
NAMES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def batches(
    labels: Callable[[int], Any] = lambda _: np.arange(PER_FILE) % 10,
) -> list[tuple[np.ndarray[Any, Any], Any]]:
    """Pixels (n, 3072) uint8 and labels of six small files."""
    draw = np.random.default_rng(10)
    return [(draw.integers(0, 256, (PER_FILE, 3072), np.uint8), labels(number)) for number in range(6)]


def as_binary(folder: Path, parts: list[tuple[np.ndarray[Any, Any], Any]]) -> Path:
    """The binary files, unpacked."""
    inner = folder / "cifar-10-batches-bin"
    inner.mkdir(parents=True)
    for name, (pixels, labels) in zip(NAMES, parts, strict=True):
        np.column_stack([np.asarray(labels, np.uint8), pixels]).tofile(inner / f"{name}.bin")
    return inner


def as_pickles(folder: Path, parts: list[tuple[np.ndarray[Any, Any], Any]], protocol: int = 2) -> Path:
    """The python files, unpacked."""
    inner = folder / "cifar-10-batches-py"
    inner.mkdir(parents=True)
    for name, (pixels, labels) in zip(NAMES, parts, strict=True):
        batch = {b"batch_label": name.encode(), b"data": pixels, b"labels": [int(label) for label in labels]}
        (inner / name).write_bytes(pickle.dumps(batch, protocol))
    return inner


def packed(inner: Path, name: str) -> Path:
    """The archive of a folder, beside it; the folder is gone."""
    archive = inner.parent / name
    with tarfile.open(archive, "w:gz") as file:
        file.add(inner, inner.name)
    for path in inner.iterdir():
        path.unlink()
    inner.rmdir()
    return archive


def loaded(folder: Path) -> datasets.DataSet:
    """What is found in a folder."""
    copy = cifar10.locate(folder)
    assert copy is not None
    return cifar10.load(copy, PER_FILE)


@pytest.mark.parametrize("sub", ["", "cifar10"])
@pytest.mark.parametrize(
    "make",
    [
        as_binary,
        as_pickles,
        lambda folder, parts: as_pickles(folder, parts, 5),
        lambda folder, parts: packed(as_binary(folder, parts), "cifar-10-binary.tar.gz"),
        lambda folder, parts: packed(as_pickles(folder, parts), "cifar-10-python.tar.gz"),
    ],
    ids=["binary", "python", "python 3", "binary archive", "python archive"],
)
def test_every_form_is_the_same_data_set(make: Any, sub: str, tmp_path: Path) -> None:
    """Whichever files hold it, in the folder or in its subfolder: same images, same order, same checksum."""
    parts = batches()
    make(tmp_path / sub, parts)
    data = loaded(tmp_path)
    assert [len(split) for split in (data.train, data.validation, data.hidden)] == [90, 10, 20]
    assert (data.train.x.shape, data.train.x.dtype, data.train.y.dtype) == ((90, 32, 32, 3), np.uint8, np.int64)
    assert data.train.x[0, 5, 7, 2] == parts[0][0][0, 2 * 1024 + 5 * 32 + 7]
    assert data.hidden.y.tolist() == list(np.arange(PER_FILE) % 10)
    assert not data.train.x.flags.writeable
    as_binary(tmp_path / "other", parts)
    assert data.sha256 == loaded(tmp_path / "other").sha256


def test_the_order_in_an_archive_does_not_matter(tmp_path: Path) -> None:
    """Members are taken by name, and others are skipped."""
    inner = as_binary(tmp_path, batches())
    want = loaded(tmp_path).sha256
    (inner / "readme.html").write_text("hello")
    archive = tmp_path / "archive" / "cifar-10-binary.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as file:
        for path in sorted(inner.iterdir(), reverse=True):
            file.add(path, f"cifar-10-batches-bin/{path.name}")
    assert loaded(archive.parent).sha256 == want


class _Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("echo boo",))


def batch(pixels: np.ndarray[Any, Any], labels: object) -> bytes:
    """The pickle of one file."""
    return pickle.dumps({b"data": pixels, b"labels": labels}, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({b"data": _Trap(), b"labels": []}, 2), "it asks for 'posix.system'"),
        (pickle.dumps([1, 2], 2), "it holds no dictionary"),
        (batch(np.zeros((PER_FILE, 3072), np.uint8), "a"), "its labels are no list of numbers"),
        (batch(np.zeros((2, 3072), np.uint8), [1, 2]), "it does not hold 20 images of 3,072 bytes"),
        (b"\x80\x02}", "is damaged (EOFError)"),
    ],
)  # fmt: skip
def test_a_python_file_that_is_another_is_reported(
    content: bytes, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No code of it is run, and the sentence names the file and says how to fix it."""
    inner = as_pickles(tmp_path, batches())
    (inner / "data_batch_3").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path)
    assert str(inner / "data_batch_3") in str(caught.value)
    assert said in str(caught.value)
    assert str(caught.value).endswith("Unpack the original archive there again.")
    assert "boo" not in capfd.readouterr().out


def test_a_binary_file_of_another_length_is_reported(tmp_path: Path) -> None:
    """A file with one byte more or less is not one of CIFAR-10."""
    inner = as_binary(tmp_path, batches())
    with (inner / "test_batch.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(
        UsageError, match=r"test_batch\.bin is no file of CIFAR-10: it has not 20 records of 3,073 bytes"
    ):
        loaded(tmp_path)


def test_classes_that_do_not_come_equally_often_are_reported(tmp_path: Path) -> None:
    """Every class has as many images as any other, in the training files and in the test file."""
    as_binary(tmp_path, batches(lambda number: np.arange(PER_FILE) % 10 if number else np.zeros(PER_FILE)))
    with pytest.raises(UsageError, match="is not CIFAR-10: the ten classes do not come equally often"):
        loaded(tmp_path)


def test_a_damaged_archive_is_reported(tmp_path: Path) -> None:
    """Cut off, or without one of the files."""
    archive = packed(as_binary(tmp_path, batches()), "cifar-10-binary.tar.gz")
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(UsageError, match=r"cifar-10-binary\.tar\.gz .*is damaged"):
        loaded(tmp_path)
    with tarfile.open(archive, "w:gz") as file:
        file.addfile(tarfile.TarInfo("nothing"), io.BytesIO())
    with pytest.raises(UsageError, match=r"does not hold cifar-10-batches-bin/data_batch_1\.bin"):
        loaded(tmp_path)


def test_a_bomb_in_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    """Members that are larger than the data set can be are reported, and not read."""
    inner = as_binary(tmp_path, batches())
    (inner / "large.bin").write_bytes(bytes(4 << 20))
    packed(inner, "cifar-10-binary.tar.gz")
    with pytest.raises(UsageError, match="unpacks to more than CIFAR-10 can hold"):
        loaded(tmp_path)


def test_missing_cifar10_says_what_to_place_where(tmp_path: Path) -> None:
    """The sentence names the folder, the command and the archive."""
    settings = DataSettings(data=tmp_path, cache=tmp_path / "cache")
    with pytest.raises(datasets.DataNotFound) as caught:
        datasets.find("cifar10", settings)
    assert "run `autograder data fetch cifar10`, or place cifar-10-binary.tar.gz" in str(caught.value)


def test_shapes_are_used_where_cifar10_is_nowhere(tmp_path: Path) -> None:
    """The sentence says which data are used."""
    data, sentence = datasets.find_or_default("cifar10", DataSettings(data=tmp_path, cache=tmp_path / "cache"))
    assert data.name == "shapes"
    assert sentence.startswith("Data: coloured shapes, made by a formula, stand in for CIFAR-10, which was not found;")


def test_shapes_are_the_same_everywhere() -> None:
    """The checksum holds pixels and labels; every class comes equally often in every part, nearly."""
    data = shapes.load()
    assert [len(split) for split in (data.train, data.validation, data.hidden)] == [2000, 500, 1000]
    assert (data.train.x.shape, data.train.x.dtype, data.train.y.dtype) == ((2000, 32, 32, 3), np.uint8, np.int64)
    assert data.sha256 == SHAPES
    assert np.bincount(np.concatenate([data.train.y, data.validation.y, data.hidden.y])).tolist() == [350] * 10
    assert min(np.bincount(data.train.y)) > 170


SHAPES = "c4a945ccf909fad16ca0bfdea2e4e9067e4eeea69b988baeb754c191103edcb4"


def test_shapes_are_learned_better_than_by_chance_and_not_by_colour_alone() -> None:
    """The nearest image in mean colour says something about the class, and far from all."""
    data = shapes.load()
    train, hidden = (split.x.mean((1, 2)) for split in (data.train, data.hidden))  # (n, 3)
    nearest = ((hidden[:, None] - train[None]) ** 2).sum(2).argmin(1)
    assert 0.13 < (data.train.y[nearest] == data.hidden.y).mean() < 0.4


class _About:
    """As much of an assignment as the choice of data needs."""

    id = "hinge"

    class assignment:
        """Names its data."""

        data = "cifar10"


def test_the_embedded_data_are_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data shapes` gives the shapes, and `embedded` what fits; any other is refused as data for something else."""
    monkeypatch.chdir(tmp_path)
    data, sentence = dataset_for(_About, DataSettings(data=Path("shapes")))  # type: ignore[arg-type]
    assert data is not None
    assert (data.name, sentence) == ("shapes", "Data: the embedded shapes, as asked for.")
    fitting, _ = dataset_for(_About, DataSettings(data=Path("embedded")))  # type: ignore[arg-type]
    assert fitting is not None
    assert fitting.name == "shapes"
    with pytest.raises(UsageError, match="hinge is about cifar10, for which shapes stand in and not digits"):
        dataset_for(_About, DataSettings(data=Path("digits")))  # type: ignore[arg-type]


def test_what_students_read_with_gives_the_same_images(tmp_path: Path) -> None:
    """The given module reads the binary files as the toolkit does, and is the same file wherever it is handed out."""
    common = ROOT / "reference" / "common" / "cifar10_data.py"
    spec = importlib.util.spec_from_file_location("cifar10_data", common)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    as_binary(tmp_path, batches())
    (train_x, train_y), (test_x, test_y) = module.load(tmp_path)
    data = loaded(tmp_path)
    assert np.array_equal(train_x, np.concatenate([data.train.x, data.validation.x]))
    assert np.array_equal(train_y, np.concatenate([data.train.y, data.validation.y]))
    assert np.array_equal(test_x, data.hidden.x)
    assert np.array_equal(test_y, data.hidden.y)
    assert module.CLASSES == cifar10.CLASSES
    copies = [path for path in (ROOT / "reference").glob("*/cifar10_data.py") if path != common]
    assert all(path.read_bytes() == common.read_bytes() for path in copies)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of POSIX")
def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """The sentence names it."""
    inner = as_binary(tmp_path, batches())
    (inner / "data_batch_2.bin").unlink()
    (inner / "data_batch_2.bin").mkdir()
    copy = cifar10.Copy(inner, cifar10._FORMS["cifar-10-binary.tar.gz"])
    with pytest.raises(UsageError, match=r"data_batch_2\.bin cannot be read: this is a folder and not a file"):
        cifar10.load(copy, PER_FILE)


def test_the_real_images_have_the_promised_form_and_difficulty() -> None:
    """60,000 photographs; the nearest of the ten mean images is right for 28 % of the test images, as is published."""
    copies = [cifar10.locate(folder) for folder in DataSettings.from_environment().folders]
    if not any(copies):
        pytest.skip("CIFAR-10 is not on this machine")
    data = cifar10.load(next(filter(None, copies)))
    assert [len(split) for split in (data.train, data.validation, data.hidden)] == [45_000, 5_000, 10_000]
    flat, labels = data.train.x[::5].reshape(-1, 3072).astype(np.float32), data.train.y[::5]
    means = np.stack([flat[labels == label].mean(0) for label in range(10)])  # (10, 3072)
    hidden = data.hidden.x[::5].reshape(-1, 3072).astype(np.float32)
    nearest = ((means**2).sum(1) - 2 * hidden @ means.T).argmin(1)
    assert 0.25 < (nearest == data.hidden.y[::5]).mean() < 0.31
