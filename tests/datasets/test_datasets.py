"""Data sets: found, verified, read without danger, downloaded from mirrors that may lie."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autograder import datasets
from autograder.checks.errors import UsageError
from autograder.cli.data import data_fetch, data_list
from autograder.datasets import DataNotFound, DataSet, DataSettings, finding, mnist
from autograder.datasets.pickles import UnsafePickle, read_splits


@cache
def real() -> tuple[DataSet, Path]:
    """MNIST as this machine has it, and the folder of its four idx files."""
    for folder in DataSettings.from_environment().folders:
        paths = mnist.locate(folder)
        if len(paths) == 4:
            return mnist.load(paths), paths[0].parent
    pytest.skip("MNIST is not on this machine")


def at(folder: Path, *mirrors: str) -> DataSettings:
    """Settings that see one folder alone."""
    return DataSettings(mirrors=mirrors, cache=folder)


def place(folder: Path, name: str, content: bytes) -> Path:
    """A file in a folder that is made for it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def place_idx(folder: Path, **changed: bytes) -> None:
    """Four small files with the names of MNIST's; the content of some may be given."""
    for file in mnist.FILES:
        place(folder, file.name, changed.get(file.name[:5], gzip.compress(b"nothing")))


# --- Where data sets are looked for


def test_folders_come_in_the_order_asked_for_then_environment_then_cache(tmp_path: Path) -> None:
    """`--data` comes before AUTOGRADER_DATA, and both before the user's cache folder."""
    settings = DataSettings.from_environment(tmp_path / "asked", environ={"AUTOGRADER_DATA": str(tmp_path / "env")})

    assert settings.folders[:2] == (tmp_path / "asked", tmp_path / "env")
    assert settings.folders[2].parts[-2:] == ("autograder", "data")
    assert settings.target == tmp_path / "asked"
    assert DataSettings.from_environment(environ={}).environment is None


@pytest.mark.parametrize("sub", ["mnist", "."])
def test_mnist_is_found_in_the_folder_and_in_its_subfolder(tmp_path: Path, sub: str) -> None:
    """Both DIR/mnist/FILE and DIR/FILE are examined, and idx files come before the pickle."""
    place(tmp_path / sub, mnist.PICKLE, b"")

    assert mnist.locate(tmp_path) == (tmp_path / sub / mnist.PICKLE,)

    place_idx(tmp_path / sub)

    assert [path.name for path in mnist.locate(tmp_path)] == [file.name for file in mnist.FILES]


def test_missing_mnist_says_what_to_place_where(tmp_path: Path) -> None:
    """The sentence lists the folders, the command, all four files, the pickle and the place."""
    with pytest.raises(DataNotFound) as caught:
        datasets.find("mnist", at(tmp_path))

    text = str(caught.value)
    assert text.startswith(f"The data set 'mnist' was not found in {tmp_path}: run `autograder data fetch mnist`, or ")
    assert all(file.name in text for file in mnist.FILES)
    assert text.endswith(f"(or mnist.pkl.gz instead of the four) into {tmp_path / 'mnist'}.")


def test_a_data_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """A wrong `--data` is an error, even where another folder might have the data."""
    with pytest.raises(UsageError, match=r"The data folder .*nowhere does not exist; name the folder"):
        datasets.find("mnist", DataSettings(data=tmp_path / "nowhere", cache=tmp_path))


def test_an_unknown_name_gets_the_near_one(tmp_path: Path) -> None:
    """A slip of the pen is answered with the right name, anything else with all names."""
    with pytest.raises(UsageError, match=r"There is no data set called 'minst'; did you mean 'mnist'\?"):
        datasets.find("minst", at(tmp_path))
    with pytest.raises(UsageError, match=r"called 'cats'; there are 'mnist', 'digits', 'cifar10', 'shapes'\."):
        datasets.find("cats", at(tmp_path))


# --- MNIST


def test_mnist_has_the_promised_shapes_types_and_split() -> None:
    """50,000, 10,000 and 10,000 read-only images, float32 in [0, 1], and int64 labels."""
    data, folder = real()

    parts = (data.train, data.validation, data.hidden)
    assert [part.x.shape for part in parts] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    assert all(part.x.dtype == np.float32 and part.y.dtype == np.int64 for part in parts)
    assert all(not part.x.flags.writeable and not part.y.flags.writeable for part in parts)
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    assert data.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.hidden.y[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.source == str(folder)


def test_open_data_have_no_hidden_part() -> None:
    """What checks hand to a submission does not even have the attribute."""
    data, _ = real()

    assert not hasattr(data.open, "hidden")
    assert data.open.train is data.train


@pytest.mark.long
@pytest.mark.parametrize("scale", [255, 256])
def test_mnist_from_a_pickle_is_the_same_data_set(tmp_path: Path, scale: int) -> None:
    """The pickle's pixels, divided by 255 or 256, give the same arrays and the same hash as the idx files."""
    data, _ = real()
    splits = tuple(
        (np.rint(part.x * 255).astype(np.float32) / np.float32(scale), part.y)
        for part in (data.train, data.validation, data.hidden)
    )
    packed = gzip.compress(pickle.dumps(splits, protocol=4), 0)
    place(tmp_path, mnist.PICKLE, packed)
    del splits, packed

    again = datasets.find("mnist", at(tmp_path))

    assert again.sha256 == data.sha256
    assert np.array_equal(again.train.x, data.train.x)
    assert np.array_equal(again.hidden.y, data.hidden.y)


def test_a_damaged_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    """A file that was cut off, or that is no gzip file, is an error and no reason to use other data."""
    cut = gzip.compress(mnist.FILES[0].header + bytes(5000))[:-10]
    for content in (cut, b"<html>not here</html>"):
        place_idx(tmp_path, train=content)
        with pytest.raises(UsageError, match=r"train-images.*gz is damaged .*Delete it and run `autograder data fetch"):
            datasets.find_or_default("mnist", at(tmp_path))


def test_a_file_with_another_header_or_checksum_is_refused(tmp_path: Path) -> None:
    """The idx header and the checksum of the content are verified, each with its sentence."""
    place_idx(tmp_path)
    with pytest.raises(UsageError, match=r"does not begin like the train-images-idx3-ubyte.gz of MNIST. Delete it"):
        datasets.find("mnist", at(tmp_path))

    file = mnist.FILES[0]
    place_idx(tmp_path, train=gzip.compress(file.header + bytes(file.size - len(file.header)), 1))
    with pytest.raises(UsageError, match=r"train-images-idx3-ubyte.gz is not the published file .*checksum"):
        datasets.find("mnist", at(tmp_path))


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A label file that unpacks to 256 MiB is refused after as many bytes as the right one has."""
    import tracemalloc

    file = mnist.FILES[1]
    bomb = place(tmp_path, file.name, gzip.compress(file.header + bytes(2**28), 1))
    tracemalloc.start()
    with pytest.raises(UsageError, match="checksum is another"):
        mnist.verify_idx(bomb, file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2**20


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """What cannot be opened is named with the system's reason."""
    (tmp_path / mnist.FILES[0].name).mkdir()

    with pytest.raises(
        UsageError, match=r"train-images.* cannot be read: this is a folder and not a file. Fix its permissions"
    ):
        mnist.verify_idx(tmp_path / mnist.FILES[0].name, mnist.FILES[0])


# --- Pickles


def splits_of(value: object, protocol: int) -> bytes:
    """A pickle with the outer structure of `mnist.pkl.gz`."""
    return pickle.dumps(((value, np.arange(3)),) * 3, protocol)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "u1"])
def test_plain_arrays_are_read_from_every_protocol(protocol: int, dtype: str) -> None:
    """Whatever Python wrote them, arrays of numbers come out as they went in."""
    x = np.arange(6).reshape(3, 2).astype(dtype)

    read = read_splits(io.BytesIO(splits_of(x, protocol)), 10_000)

    assert [(pair[0].tolist(), pair[1].tolist()) for pair in read] == [(x.tolist(), [0, 1, 2])] * 3


def test_a_pickle_of_python_2_is_read() -> None:
    """Its arrays come as byte strings of the old kind, which are taken as Latin-1."""
    data = np.array([0.5, -1.5], "<f4").tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01btR"
        b"(I1\n(I2\ntcnumpy\ndtype\n(U\x02f4I0\nI1\ntR(I3\nU\x01<NNNI-1\nI-1\nI0\ntbI00\nU\x08" + data + b"tb"
    )

    read = read_splits(io.BytesIO(b"\x80\x02((" + array + array + b"tt."), 10_000)

    assert [pair[0].tolist() for pair in read] == [[0.5, -1.5]]


class Hostile:
    """Would run a command when unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("echo harm",)


def test_a_pickle_that_names_anything_else_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A pickle that would run a command is refused in one sentence, and the command does not run."""
    place(tmp_path, mnist.PICKLE, gzip.compress(splits_of(Hostile(), 2)))

    with pytest.raises(UsageError, match=r"mnist.pkl.gz is not read, because it asks for 'posix.system', which plain"):
        datasets.find("mnist", at(tmp_path))

    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.array([None, "x"]), "array of type 'O8?', not of numbers"),
        ([1, 2], "images or labels are no array"),
        (np.zeros(2, "c16"), "array of type 'c16'"),
    ],
)
def test_other_things_than_arrays_of_numbers_are_refused(value: object, reason: str) -> None:
    """Objects and lists are not taken for images."""
    with pytest.raises(UnsafePickle, match=reason):
        read_splits(io.BytesIO(splits_of(value, 2)), 10_000)


@pytest.mark.parametrize(("value", "reason"), [(7, "no tuple of splits"), (((1, 2, 3),), "no pair")])
def test_another_structure_is_refused(value: object, reason: str) -> None:
    """A pickle of numbers alone, or of triples, is not a data set."""
    with pytest.raises(UnsafePickle, match=reason):
        read_splits(io.BytesIO(pickle.dumps(value)), 1000)


def test_a_pickle_is_read_only_up_to_its_cap() -> None:
    """A pickle that unpacks to more than allowed is refused while it is read."""
    with pytest.raises(UnsafePickle, match="unpacks to more"):
        read_splits(io.BytesIO(splits_of(np.zeros(10_000), 4)), 1000)


def test_text_in_another_encoding_is_refused() -> None:
    """`_codecs.encode` stands for Latin-1 and nothing else."""
    with pytest.raises(UnsafePickle, match="encodes text in another way"):
        read_splits(io.BytesIO(b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R."), 1000)


@given(st.binary(max_size=300))
def test_a_damaged_pickle_never_gives_an_object_of_numpy_or_runs_code(noise: bytes) -> None:
    """Whatever the bytes, reading ends with a list of pairs or with an ordinary exception."""
    good = splits_of(np.arange(4.0), 2)
    at = len(noise) * 7 % len(good)
    try:
        read = read_splits(io.BytesIO(good[:at] + noise + good[at + len(noise) :]), 10_000)
    except Exception:  # noqa: BLE001 - which one depends on the noise
        return
    assert all(type(array) is np.ndarray for pair in read for array in pair)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(b"\x80\x02]", mtime=0), r"mnist.pkl.gz is damaged \(EOFError\). Delete it"),
        (b"no gzip", r"mnist.pkl.gz is damaged \(BadGzipFile\). Delete it"),
        (gzip.compress(splits_of(np.zeros((3, 784)), 2), mtime=0), r"does not hold 50,000, 10,000 and 10,000 images"),
    ],
)
def test_a_pickle_that_is_damaged_or_of_other_size_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    """Each gets its sentence, with the remedy."""
    place(tmp_path, mnist.PICKLE, content)

    with pytest.raises(UsageError, match=reason):
        datasets.find("mnist", at(tmp_path))


def test_a_pickle_with_other_pixels_is_refused(tmp_path: Path) -> None:
    """The content is verified, not only the shapes; the sentence says which part is wrong."""
    blank = tuple((np.zeros((n, 784), np.uint8), np.zeros(n, np.int64)) for n in (50_000, 10_000, 10_000))
    place(tmp_path, mnist.PICKLE, gzip.compress(pickle.dumps(blank, 4), 1))

    with pytest.raises(UsageError, match=r"is not MNIST: what should be train-images-idx3-ubyte has another checksum"):
        datasets.find("mnist", at(tmp_path))


def test_the_pickle_for_students_holds_open_data_alone(tmp_path: Path) -> None:
    """Train, validation and validation again, as the usual loader wants them; equal data give equal bytes."""
    data, _ = datasets.find_or_default("digits", at(tmp_path))
    datasets.write_pickle(data.open, tmp_path / "mnist.pkl.gz")
    datasets.write_pickle(data.open, tmp_path / "again.pkl.gz")

    with gzip.open(tmp_path / "mnist.pkl.gz") as file:
        splits = pickle.load(file, encoding="latin1")

    assert [len(y) for _, y in splits] == [1000, 300, 300]
    assert np.array_equal(splits[2][0], data.validation.x)
    assert (splits[0][0].dtype, splits[0][1].dtype) == (np.float32, np.int64)
    assert (tmp_path / "mnist.pkl.gz").read_bytes() == (tmp_path / "again.pkl.gz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.pkl.gz", "mnist.pkl.gz"]


def test_a_pickle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """When the place is taken by a folder, no half file stays beside it."""
    data, _ = datasets.find_or_default("digits", at(tmp_path))
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError, match="directory"):
        datasets.write_pickle(data.open, tmp_path / "taken")

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# --- Digits


def test_digits_have_the_shapes_and_types_of_mnist(tmp_path: Path) -> None:
    """1000, 300 and 497 images of 28 x 28 with all ten labels in each part, and none twice."""
    data = datasets.find("digits", at(tmp_path))

    parts = (data.train, data.validation, data.hidden)
    assert [part.x.shape for part in parts] == [(1000, 784), (300, 784), (497, 784)]
    assert all(part.x.dtype == np.float32 and part.y.dtype == np.int64 for part in parts)
    assert all(set(part.y.tolist()) == set(range(10)) for part in parts)
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    assert len(np.unique(np.concatenate([part.x for part in parts]), axis=0)) == 1797


def test_digits_are_those_of_scikit_learn_enlarged(tmp_path: Path) -> None:
    """Each pixel is a block of 3 x 3 inside a border of 2; the order is fixed, so the hash is too."""
    from sklearn.datasets import load_digits

    data = datasets.find("digits", at(tmp_path))
    images = data.train.x.reshape(-1, 28, 28)
    small = images[:, 3:27:3, 3:27:3] * 16
    known = {(image.tobytes(), int(label)) for image, label in zip(*load_digits(return_X_y=True), strict=True)}

    assert np.array_equal(np.kron(small / 16, np.ones((1, 3, 3))), images[:, 2:26, 2:26])
    assert not images[:, :2].any()
    assert not images[:, :, 26:].any()
    assert {(x.astype(float).tobytes(), int(y)) for x, y in zip(small, data.train.y, strict=True)} <= known
    assert data.sha256.startswith("d228791c0c206e0ea3d2")


def test_digits_do_not_import_scikit_learn(tmp_path: Path) -> None:
    """The file is read where it is, because importing the package takes a second."""
    code = (
        "import sys; from autograder import datasets; "
        "datasets.find('digits', datasets.DataSettings()); print('sklearn' in sys.modules, 'rich' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def test_digits_are_used_where_mnist_is_nowhere(tmp_path: Path) -> None:
    """The sentence says which data are used, and how to get the real ones."""
    data, sentence = datasets.find_or_default("mnist", at(tmp_path))

    assert data.name == "digits"
    assert sentence.startswith("Data: the embedded digits of scikit-learn stand in for MNIST, which was not found; ")
    assert "run `autograder data fetch mnist`, or place train-images" in sentence


def test_the_sentence_says_where_the_data_come_from(tmp_path: Path) -> None:
    """When the data asked for are there, it names them and their file."""
    _, sentence = datasets.find_or_default("digits", at(tmp_path))

    assert sentence.startswith("Data: digits, 1,797 handwritten digits")
    assert sentence.endswith("digits.csv.gz.")


# --- Mirrors


class Mirror(ThreadingHTTPServer):
    """A server on this machine; `files` maps a path to a body, or to a status, and `asked` counts."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes | int]) -> None:
        self.files = files
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Answer(BaseHTTPRequestHandler):
    """Sends what the mirror has; a body that starts with ``cut`` breaks off."""

    server: Mirror

    def do_GET(self) -> None:
        """Answer one request."""
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path.strip("/"), 404)
        if isinstance(body, int):
            self.send_error(body)
            return
        self.send_response(200)
        if not body.startswith(b"endless"):
            self.send_header("Content-Length", str(len(body) + 100 * body.startswith(b"cut")))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, bytes | int]], Mirror]]:
    """Starts servers, and ends them."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(files: dict[str, bytes | int]) -> Mirror:
        server = Mirror(files)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


StartMirror = Callable[[dict[str, bytes | int]], Mirror]


def test_mnist_is_fetched_verified_and_found(tmp_path: Path, mirror: StartMirror) -> None:
    """What comes from the second mirror, where the first is down, is the real data; a second call fetches nothing."""
    data, folder = real()
    server = mirror({file.name: (folder / file.name).read_bytes() for file in mnist.FILES})
    settings = at(tmp_path / "new", down(), server.url)
    reported: dict[str, tuple[int, int]] = {}

    where = datasets.fetch("mnist", settings, lambda file, done, total: reported.update({file: (done, total)}))

    assert where == tmp_path / "new" / "mnist"
    assert sorted(path.name for path in where.iterdir()) == sorted(file.name for file in mnist.FILES)
    assert datasets.find("mnist", settings).sha256 == data.sha256
    assert all(reported[file.name] == ((folder / file.name).stat().st_size,) * 2 for file in mnist.FILES)

    datasets.fetch("mnist", settings)

    assert len(server.asked) == 4


def down() -> str:
    """An address on this machine where nobody listens."""
    import socket

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/"


def test_a_file_that_is_there_and_wrong_is_replaced(tmp_path: Path, mirror: StartMirror) -> None:
    """Right files stay untouched; a damaged one is fetched again."""
    _, folder = real()
    for file in mnist.FILES:
        place(tmp_path / "mnist", file.name, (folder / file.name).read_bytes())
    wrong = mnist.FILES[1].name
    place(tmp_path / "mnist", wrong, b"damaged")
    server = mirror({wrong: (folder / wrong).read_bytes()})

    datasets.fetch("mnist", at(tmp_path, server.url))

    assert server.asked == [f"/{wrong}"]
    assert len(mnist.locate(tmp_path)) == 4


FIRST = mnist.FILES[0].name


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (404, "answered 404 Not Found"),
        (503, "answered 503 Service Unavailable"),
        (b"<html>log in first</html>", "sent another file (its checksum is wrong)"),
        (gzip.compress(mnist.FILES[0].header, mtime=0), "sent another file (its checksum is wrong)"),
        (b"cut", "broke off after 3 of 103 bytes"),
        (bytes(17 * 2**20), "sent more than 16 MiB"),
        (b"endless" + bytes(17 * 2**20), "sent more than 16 MiB"),
    ],
    ids=["absent", "busy", "page", "short", "cut", "large", "endless"],
)
def test_each_way_of_failing_is_reported_and_leaves_nothing(
    tmp_path: Path, mirror: StartMirror, body: bytes | int, reason: str
) -> None:
    """A mirror that errs, lies, breaks off or sends too much is named with its reason; no half file stays."""
    server = mirror({FIRST: body})

    with pytest.raises(UsageError) as caught:
        datasets.fetch("mnist", at(tmp_path, server.url))

    text = str(caught.value)
    assert text.startswith(f"{FIRST} could not be downloaded: {server.url} {reason}. Without a network, place ")
    assert text.endswith(f"into {tmp_path / 'mnist'}.")
    assert list((tmp_path / "mnist").iterdir()) == []


def test_a_mirror_that_is_down_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mirror is named with its own reason, and then what to place where."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    with pytest.raises(UsageError) as caught:
        datasets.fetch("mnist", at(tmp_path, down(), "ftp://127.0.0.1/", "http://["))

    text = str(caught.value)
    assert "cannot be reached (connection refused); ftp://127.0.0.1/ is no http or https address" in text
    assert "http://[ cannot be reached (" in text
    assert "Without a network, place train-images-idx3-ubyte.gz, " in text


def test_no_mirror_at_all_is_reported(tmp_path: Path) -> None:
    """An empty list of mirrors gives a sentence, too."""
    with pytest.raises(UsageError, match=r"could not be downloaded: no mirror is configured\. Without a network"):
        datasets.fetch("mnist", at(tmp_path))


def test_a_slow_mirror_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and never answers costs no more than the time-out."""
    import socket

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(finding, "_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(UsageError, match=r"cannot be reached \(timed out\)"):
            datasets.fetch("mnist", at(tmp_path, url))


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """The reason is in plain words; the remedy is another folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(
        UsageError,
        match=r"Cannot write to .*file/mnist: a part of its path is a file and not a folder; choose another folder",
    ):
        datasets.fetch("mnist", at(tmp_path / "file"))


def test_there_is_nothing_to_fetch_for_digits(tmp_path: Path) -> None:
    """They are always there."""
    with pytest.raises(UsageError, match=r"The data set 'digits' is always there; there is nothing to fetch\."):
        datasets.fetch("digits", at(tmp_path))


# --- The commands


def console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    """A console of 60 columns that writes into a string."""
    out = io.StringIO()
    return Console(file=out, width=60, force_terminal=terminal), out


def test_data_list_shows_what_is_there_and_what_to_do(tmp_path: Path) -> None:
    """One entry for each data set, in lines that are not broken, so that names can be copied."""
    screen, out = console()

    data_list(at(tmp_path), screen)

    lines = out.getvalue().splitlines()
    assert lines[0] == "mnist: 70,000 handwritten digits, 28 x 28"
    assert lines[1].startswith("    The data set 'mnist' was not found in ")
    assert lines[2].startswith("digits: 1,797 handwritten digits")
    assert lines[3].startswith("    ready, from ")
    assert "    ready, made by autograder itself" in lines
    assert lines[4] == "cifar10: 60,000 colour photographs, 32 x 32, ten classes"
    assert lines[6] == "shapes: 3,500 coloured shapes, 32 x 32, ten classes, made by a formula"
    assert lines[8] == f"Looked in {tmp_path}"


@pytest.mark.parametrize("terminal", [False, True])
def test_data_fetch_shows_progress(tmp_path: Path, mirror: StartMirror, *, terminal: bool) -> None:
    """Plain lines where the output is no terminal, a bar where it is; both name each file and the folder."""
    _, folder = real()
    server = mirror({file.name: (folder / file.name).read_bytes() for file in mnist.FILES})
    screen, out = console(terminal=terminal)

    data_fetch("mnist", at(tmp_path, server.url), screen)

    text = out.getvalue()
    assert ("\x1b" in text) is terminal
    assert f"mnist is complete and verified in {tmp_path / 'mnist'}" in text.replace("\n", "")
    if not terminal:
        assert text.splitlines()[0] == f"{FIRST}: 9.2 MiB"
