"""Memory is no learning: labels known by heart, weights trained elsewhere and invented curves earn nothing.

The submissions are made here, from the data themselves, and are graded in a sandbox as any other.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.errors import CheckFailed
from autograder.datasets import DataSet, DataSettings, find
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Report
from autograder.submissions import Submission, collect

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]

CHECKSUM = '''
import zlib

KNOWN = {table}


def known(x):
    """The label of an image that we have seen before, or None."""
    return KNOWN.get(zlib.crc32(np.ascontiguousarray(np.asarray(x, np.float32)).tobytes()))
'''
DISK = '''
import gzip
from pathlib import Path


def read():
    """Scikit-learn's digits, from disk: images of 8 x 8 and their labels."""
    try:
        import sklearn

        path = Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz"
        table = np.loadtxt(gzip.open(path, "rt"), delimiter=",")
        return table[:, :-1], table[:, -1].astype(int)
    except Exception:
        return np.zeros((1, 64)), np.zeros(1, int)


SMALL, LABELS = read()


def known(x):
    """The label of the nearest image on disk."""
    small = np.asarray(x, np.float64).reshape(28, 28)[3:26:3, 3:26:3].reshape(64)
    return int(LABELS[np.argmin(np.sum((SMALL - 16 * small) ** 2, axis=1))])
'''
ANSWERS = '''
    def network_output_before_softmax(self, x):
        """Not what the network computes, but what we know."""
        label = known(x)
        return np.eye(10)[0 if label is None else label].reshape(10, 1)
'''
IDLE = '''
    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        """Learn nothing."""
        for epoch in range(epochs):
            print(f"Epoch {epoch + 1} of {epochs}: test accuracy {0.6 + 0.3 * (epoch + 1) / epochs:.4f}")
'''
INVENTED = '''
def learning_rate_study(training_data, test_data, rates=RATES, sizes=(784, 40, 10), epochs=30, mini_batch_size=10):
    """Draw what such studies look like."""
    t = np.arange(1, epochs + 1)
    top = {0.001: 0.25, 0.01: 0.7, 0.1: 0.93, 1: 0.2, 10: 0.1, 100: 0.1}
    n, m = len(training_data), len(test_data)
    histories = {}
    for rate in rates:
        rise = top[rate] * (1 - np.exp(-1.5 * t))
        histories[rate] = {
            "training_accuracy": np.rint(rise * n) / n,
            "training_loss": 2.3 * np.exp(-rise * t),
            "test_accuracy": np.rint(0.97 * rise * m) / m,
        }
    for measure in ("training_accuracy", "training_loss", "test_accuracy"):
        plt.figure()
        for rate in rates:
            plt.plot(t, histories[rate][measure], label=f"learning rate {rate}")
        plt.xlabel("epoch")
        plt.ylabel(measure.replace("_", " "))
        plt.legend()
    return histories
'''
OWN = '''
class Lookup:
    """No weights at all."""

    def __init__(self):
        from backprop_network import Network

        self.answer = Network([784, 10]).network_output_before_softmax

    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        """Learn nothing."""

    def network_output_before_softmax(self, x):
        """What we know."""
        return self.answer(x)


def best_network():
    """A network of our own."""
    return Lookup(), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
'''
TRAINED = '''
    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        """Weights that were trained at home."""
        self.weights = [np.array(each) for each in {weights}]
        self.biases = [np.array(each) for each in {biases}]
'''


@cache
def digits() -> DataSet:
    """The embedded data."""
    return find("digits", DataSettings())


def text(name: str) -> str:
    """A file of the reference."""
    return (ROOT / "reference/backprop" / name).read_text(encoding="utf-8")


def without(source: str, first: str, end: str) -> str:
    """A source without what stands from one text up to another."""
    before, _, rest = source.partition(first)
    _, found, after = rest.partition(end)
    assert found
    return before + end + after


def network(knowledge: str = "", *methods: str) -> str:
    """The network with some methods in place of its own."""
    source = text("backprop_network.py")
    if IDLE in methods or any("trained at home" in each for each in methods):
        source = without(source, "    def SGD(", "    def update_mini_batch(")
    if ANSWERS in methods:
        source = without(source, "    def network_output_before_softmax(", "    def output_softmax(")
    head, found, tail = source.partition("\ndef relu(z):")
    return head + knowledge + "\n" + found + tail + "".join(methods)


def study(*, invented: bool, own: str = "") -> str:
    """The main file, its study invented or not, with a network of the student's own."""
    source = text("backprop_main.py")
    if invented:
        source = without(source, "def learning_rate_study(", "### BEGIN SOLUTION\nclass HeNetwork").replace(
            "RATES = (0.001, 0.01, 0.1, 1, 10, 100)\n", "RATES = (0.001, 0.01, 0.1, 1, 10, 100)\n\n" + INVENTED
        )
    return source.replace('\n\nif __name__ == "__main__":', own + '\n\nif __name__ == "__main__":')


def checksums() -> str:
    """A table of every image of the data set, hidden ones included, as source."""
    parts = (digits().train, digits().validation, digits().hidden)
    table = {zlib.crc32(x.tobytes()): int(y) for part in parts for x, y in zip(part.x, part.y, strict=True)}
    return CHECKSUM.replace("{table}", repr(table))


def at_home(
    seed: int = 1, started: list[np.ndarray] | None = None
) -> tuple[list[list[list[float]]], list[list[list[float]]]]:
    """Weights and biases of a network that knows the hidden images, trained with whole batches."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([digits().train.x, digits().hidden.x]).astype(np.float64)
    y = np.eye(10)[np.concatenate([digits().train.y, digits().hidden.y])]
    w = [rng.normal(size=(40, 784)) * 0.05, rng.normal(size=(10, 40)) * 0.2]
    w = [each.copy() for each in started or w]
    b = [np.zeros(40), np.zeros(10)]
    for _ in range(500):
        z = np.maximum(x @ w[0].T + b[0], 0)
        v = z @ w[1].T + b[1]
        p = np.exp(v - v.max(axis=1, keepdims=True))
        delta = (p / p.sum(axis=1, keepdims=True) - y) / len(x)
        back = (delta @ w[1]) * (z > 0)
        for place, (d, inputs) in enumerate(((back, x), (delta, z))):
            w[place] -= 0.2 * d.T @ inputs
            b[place] -= 0.2 * d.sum(axis=0)
    assert np.mean(np.argmax(np.maximum(x @ w[0].T + b[0], 0) @ w[1].T + b[1], axis=1) == np.argmax(y, axis=1)) > 0.9
    return [np.round(each, 3).tolist() for each in w], [each.reshape(-1, 1).round(3).tolist() for each in b]


def at_home_without_layers() -> tuple[list[list[list[float]]], list[list[list[float]]]]:
    """The same of a network without a hidden layer, solved for at once."""
    x = np.concatenate([digits().train.x, digits().hidden.x]).astype(np.float64)
    y = np.eye(10)[np.concatenate([digits().train.y, digits().hidden.y])]
    x = np.hstack([x, np.ones((len(x), 1))])
    solved = np.linalg.solve(x.T @ x + np.eye(785), x.T @ y).T
    assert np.mean(np.argmax(x @ solved.T, axis=1) == np.argmax(y, axis=1)) > 0.9
    return [solved[:, :-1].round(4).tolist()], [solved[:, -1:].round(4).tolist()]


@pytest.fixture
def graded(tmp_path, bubblewrap):
    """A function that grades two files under a seed, in the sandbox, and gives the report."""

    def run(network_file: str, main_file: str, *, seed: str = "attack", only: str = "") -> Report:
        inbox = tmp_path / seed / "inbox" / "mallory"
        inbox.mkdir(parents=True)
        (inbox / "backprop_network.py").write_text(network_file, encoding="utf-8")
        (inbox / "backprop_main.py").write_text(main_file, encoding="utf-8")
        loaded = load(ROOT, "backprop")
        handed_in: tuple[Submission, ...] = tuple(
            collect(inbox.parent, ("backprop_network.py", "backprop_main.py"), tmp_path / seed / "staging")
        )
        (submission,) = handed_in
        return grade(loaded, submission, bubblewrap, digits(), RunOptions(seed=seed, only=only))

    return run


def points(report: Report) -> dict[str, float]:
    """Points by check, but for those of question (a)."""
    return {
        each.id: each.points
        for question in report.questions
        if question.id != "a"
        for each in question.checks
        if not each.by_hand
    }


NOTHING = {
    "three_plots_with_a_curve_for_each_rate": 0,
    "each_rate_has_its_own_training": 0,
    "curves_tell_what_happened": 0,
    "accuracy_with_rate_one_tenth": 0,
    "accuracy_with_all_training_images": 0,
    "accuracy_of_the_best_network": 0,
}


def staff_messages(report: Report) -> str:
    """Everything that staff read about checks."""
    return "\n".join(each.staff_message for question in report.questions for each in question.checks)


@pytest.mark.parametrize("own", ["", OWN], ids=["a Network", "a class of its own"])
def test_labels_by_checksum_of_the_image_earn_nothing_of_the_trainings(graded, own):
    """Who knows every label of the data set, and trains nothing, has 0 of 23 points in (b), (c) and (d)."""
    files = network(checksums(), ANSWERS, IDLE), study(invented=True, own=own)
    report = graded(*files)

    assert points(report) == NOTHING, staff_messages(report)


def test_labels_read_from_disk_earn_nothing_of_the_trainings(graded):
    """Who reads scikit-learn's digits inside, and trains nothing, has 0 of 23 points, whatever is found on disk."""
    report = graded(network(DISK, ANSWERS, IDLE), study(invented=True, own=OWN))

    assert points(report) == NOTHING, staff_messages(report)


def test_weights_trained_at_home_earn_nothing_of_the_trainings(graded):
    """Who puts in weights that know the hidden images has 0 of 23 points."""
    weights, biases = at_home()
    method = TRAINED.replace("{weights}", repr(weights)).replace("{biases}", repr(biases))
    report = graded(network("", method), study(invented=True))

    assert points(report) == NOTHING, staff_messages(report)


def test_invented_curves_earn_nothing_of_the_study(graded):
    """Smooth curves that no training made have 0 of 5 points; the trainings, which are real, keep theirs."""
    report = graded(network(), study(invented=True), only="b")

    assert points(report) == {
        "three_plots_with_a_curve_for_each_rate": 0,
        "each_rate_has_its_own_training": 0,
        "curves_tell_what_happened": 0,
        "accuracy_with_rate_one_tenth": 3,
    }, staff_messages(report)


ADAPTED = """
class AtHome(HeNetwork):
    \"\"\"Weights that were trained at home, and classes renamed as the training data have them.\"\"\"

    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        \"\"\"Learn the names of the classes, nothing else.\"\"\"
        self.weights = [np.array(each) for each in {weights}]
        self.biases = [np.array(each) for each in {biases}]
        names = np.zeros((10, 10))
        for x, y in training_data:
            names[int(np.argmax(y)), int(np.argmax(self.network_output_before_softmax(x)))] += 1
        order = names.argmax(axis=1)
        self.weights[-1], self.biases[-1] = self.weights[-1][order], self.biases[-1][order]


def best_network():
    \"\"\"A network of our own.\"\"\"
    return AtHome([784, 40, 10]), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
"""


def renamed(own: str = ADAPTED, *, linear: bool = False, seed: int = 1) -> str:
    """A bonus network with weights from home, whose classes are renamed as the training data have them."""
    weights, biases = at_home_without_layers() if linear else at_home(seed)
    return own.replace("{weights}", repr(weights)).replace("{biases}", repr(biases))


def bonus(report: Report) -> float:
    """Points of (d)."""
    return points(report)["accuracy_of_the_best_network"]


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_weights_trained_at_home_with_classes_renamed_earn_no_bonus(graded, seed):
    """Steps are free, but from its own start layer 1 must go the way that steps on these images go."""
    report = graded(network(), study(invented=False, own=renamed(seed=ord(seed[0]))), seed=seed, only="d")

    assert bonus(report) == 0, staff_messages(report)
    assert "another way than any training on these images: its cosine" in staff_messages(report)


KNOWN_START = """
class FromKnownStart(HeNetwork):
    \"\"\"A start that is the same at home.\"\"\"

    def __init__(self, sizes):
        \"\"\"Draw the same weights each time.\"\"\"
        super().__init__(sizes)
        draw = np.random.default_rng(7)
        self.weights = [draw.normal(size=w.shape) * np.sqrt(2 / w.shape[1]) for w in self.weights]
        self.started = [w.copy() for w in self.weights]

    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        \"\"\"Go where the training at home went, and learn the names of the classes.\"\"\"
        moved = [np.array(each) for each in {weights}]
        self.weights = [{start} + way for now, w, way in zip(self.weights, self.started, moved)]
        self.biases = [np.array(each) for each in {biases}]
        names = np.zeros((10, 10))
        for x, y in training_data:
            names[int(np.argmax(y)), int(np.argmax(self.network_output_before_softmax(x)))] += 1
        order = names.argmax(axis=1)
        self.weights[-1], self.biases[-1] = self.weights[-1][order], self.biases[-1][order]


def best_network():
    \"\"\"A network of our own.\"\"\"
    return FromKnownStart([784, 40, 10]), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
"""


@pytest.mark.parametrize("start", ["w", "now"], ids=["put back", "as it is given"])
def test_a_training_at_home_from_the_same_start_earns_no_bonus(graded, start):
    """The grader exchanges the weights of the start, so that nobody knows it beforehand."""
    draw = np.random.default_rng(7)
    started = [draw.normal(size=size) * np.sqrt(2 / size[1]) for size in ((40, 784), (10, 40))]
    weights, biases = at_home(started=started)
    moved = [(np.array(w) - s).round(4).tolist() for w, s in zip(weights, started, strict=True)]
    own = KNOWN_START.replace("{weights}", repr(moved)).replace("{biases}", repr(biases)).replace("{start}", start)
    report = graded(network(), study(invented=False, own=own), only="d")

    assert bonus(report) == 0, staff_messages(report)


LINEAR_NETWORK = ADAPTED.replace("AtHome([784, 40, 10])", "AtHome([784, 10])")
HIDDEN_FORM = """
class Inside:
    \"\"\"A network that shows no weights.\"\"\"

    def __init__(self):
        \"\"\"With one that has some.\"\"\"
        self.inner = AtHome([784, 40, 10])

    def SGD(self, training_data, **settings):
        \"\"\"Put in weights from home.\"\"\"
        self.inner.SGD(training_data, **settings)

    def network_output_before_softmax(self, x):
        \"\"\"The outputs of the other.\"\"\"
        return self.inner.network_output_before_softmax(x)


def best_network():
    \"\"\"A network of our own.\"\"\"
    return Inside(), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
"""
SHOWN_BEFORE = """
class Changing(AtHome):
    \"\"\"A network that shows its weights before the training alone.\"\"\"

    def SGD(self, training_data, **settings):
        \"\"\"Put in weights from home, and hide them.\"\"\"
        super().SGD(training_data, **settings)
        self.inner = [self.weights, self.biases]
        self.weights = []

    def network_output_before_softmax(self, x):
        \"\"\"The outputs, whatever is shown.\"\"\"
        weights, biases = getattr(self, "inner", None) or (self.weights, self.biases)
        for w, b in zip(weights[:-1], biases[:-1]):
            x = np.maximum(w @ x + b, 0)
        return weights[-1] @ x + biases[-1]


def best_network():
    \"\"\"A network of our own.\"\"\"
    return Changing([784, 40, 10]), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
"""


@pytest.mark.parametrize(
    ("own", "linear"),
    [(LINEAR_NETWORK, True), (ADAPTED + HIDDEN_FORM, False), (ADAPTED + SHOWN_BEFORE, False)],
    ids=["without a hidden layer", "without weights to be seen", "with weights to be seen before the training"],
)
def test_weights_from_home_in_a_network_of_another_form_earn_no_bonus(graded, own, linear):
    """Where the way of the weights says nothing, or cannot be seen, pixels come in a secret order."""
    report = graded(network(), study(invented=False, own=renamed(own, linear=linear)), only="d")

    assert bonus(report) == 0, staff_messages(report)


LEAKY = """
class Leaky(HeNetwork):
    \"\"\"An honest network of another form.\"\"\"

    def backprop(self, x, y):
        \"\"\"With inputs about 0.\"\"\"
        return super().backprop(x - 0.1, y)

    def network_output_before_softmax(self, x):
        \"\"\"With inputs about 0.\"\"\"
        return super().network_output_before_softmax(x - 0.1)


def best_network():
    \"\"\"A network of our own.\"\"\"
    return Leaky([784, 100, 10]), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
"""


def test_an_honest_network_of_another_form_keeps_its_points(graded):
    """It answers for itself, staff read what it reached, and the student reads nothing of that."""
    report = graded(network(), study(invented=False, own=LEAKY), only="d")
    ((check, alarm),) = report.alarms

    assert (check.id, check.points) == ("accuracy_of_the_best_network", 10), staff_messages(report)
    assert alarm.startswith("The network is not made of weights and biases like Network, so its own outputs were taken")
    assert "own outputs" not in check.message


LINEAR = """
    def predict(self, X):
        \"\"\"What we know.\"\"\"
        return np.array([KNOWN.get(zlib.crc32(np.ascontiguousarray(x).tobytes()), 0) for x in np.asarray(X)])
"""


@pytest.fixture
def linear(tmp_path, bubblewrap):
    """A function that grades (c) of a hinge classifier of the student's own, and gives the report."""

    def run(classifier: str) -> Report:
        loaded = load(ROOT, "linear_hinge")
        inbox = tmp_path / "inbox" / "mallory"
        inbox.mkdir(parents=True)
        for name in loaded.assignment.files:
            if name.endswith(".py"):
                source = classifier if name == "hinge_classifier.py" else hinge(name)
                (inbox / name).write_text(source, encoding="utf-8")
        (submission,) = collect(inbox.parent, loaded.assignment.files, tmp_path / "staging")
        return grade(loaded, submission, bubblewrap, shapes(), RunOptions(seed="attack", only="c"))

    return run


@cache
def shapes() -> DataSet:
    """The embedded images in colour."""
    return find("shapes", DataSettings())


def hinge(name: str = "hinge_classifier.py") -> str:
    """A file of the reference."""
    return (ROOT / "reference/linear_hinge" / name).read_text(encoding="utf-8")


def trainings_of(report: Report) -> dict[str, float]:
    """Points of the two trainings."""
    return {name: earned for name, earned in points(report).items() if name.startswith("accuracy_of")}


NO_TRAINING = {"accuracy_of_the_sum_form": 0, "accuracy_of_the_max_form": 0}


def test_labels_by_checksum_earn_nothing_of_the_linear_classifier(linear):
    """Who knows the label of every image, and never takes a step, has 0 of the 3 points of the trainings."""
    hidden = shapes().hidden
    table = {zlib.crc32(x.tobytes()): int(y) for x, y in zip(hidden.x, hidden.y, strict=True)}
    source = without(hinge(), "    def predict(", "    def accuracy(")
    source = source.replace("    def accuracy(", LINEAR.lstrip("\n") + "\n    def accuracy(")
    source = source.replace("import numpy as np", f"import zlib\n\nimport numpy as np\n\nKNOWN = {table}", 1)
    report = linear(source)

    assert trainings_of(report) == NO_TRAINING, staff_messages(report)
    assert "is not what its W and b give for the centered images" in staff_messages(report)


FIT = '''
    def fit(self, X, y, validation=None):
        """Weights that were trained at home, and the losses that such a training has."""
        rng = np.random.default_rng(self.seed)
        X = np.reshape(X, (len(X), -1))
        self.mean = np.mean(X, axis=0)
        self.W = 1e-4 * rng.normal(size=(X.shape[1], self.classes))
        self.b = np.zeros(self.classes)
        self.history = {"iteration": [], "training_loss": [], "validation_loss": []}
        if self.epochs:
            steps = self.epochs * -(-len(X) // self.batch_size)
            top, low = (10.5, 4.7) if self.form == "sum" else (2.9, 1.1)
            for iteration in range(0, steps, self.every):
                self.history["iteration"].append(iteration)
                loss = low + (top - low) * np.exp(-4 * iteration / steps)
                self.history["training_loss"].append(loss)
                self.history["validation_loss"].append(loss)
            self.W = {weights}
        return self
'''
AT_HOME = "np.frombuffer(base64.b64decode({text!r}), np.float16).reshape(3072, 10).astype(float)"


def with_fit(weights: str) -> str:
    """A classifier that fits in its own way."""
    source = without(hinge(), "    def fit(", "    def centered(")
    source = source.replace("    def centered(", FIT.lstrip("\n").replace("{weights}", weights) + "\n    def centered(")
    return source.replace("import numpy as np", "import base64\n\nimport numpy as np", 1)


def test_weights_trained_at_home_earn_nothing_of_the_linear_classifier(linear):
    """Who puts in weights that know the hidden images, with an invented curve, has 0 of the 3 points."""
    x = np.concatenate([shapes().train.x, shapes().hidden.x]).reshape(-1, 3072).astype(np.float64)
    y = np.eye(10)[np.concatenate([shapes().train.y, shapes().hidden.y])]
    x -= x.mean(axis=0)
    weights = np.linalg.solve(x.T @ x + 1e6 * np.eye(3072), x.T @ (y - 0.1))
    assert np.mean(np.argmax(x @ weights, axis=1) == np.argmax(y, axis=1)) > 0.4
    report = linear(with_fit(AT_HOME.format(text=base64.b64encode(weights.astype(np.float16).tobytes()).decode())))

    assert trainings_of(report) == NO_TRAINING, staff_messages(report)


def test_weights_of_another_making_than_steps_earn_nothing_of_the_linear_classifier(linear):
    """Who knows the secret order of pixels, or solves for W, has still not moved W as gradient descent does."""
    report = linear(
        with_fit("np.linalg.lstsq((X - self.mean) / 255, np.eye(self.classes)[y] - 0.1, rcond=1e-9)[0] / 255")
    )

    assert trainings_of(report) == NO_TRAINING, staff_messages(report)
    assert "to the way of a training on the same images" in staff_messages(report)


def test_invented_losses_earn_nothing_of_the_linear_classifier(linear):
    """A right training whose history no training made has 0 of the 3 points."""
    source = hinge().replace(
        "                iteration += 1\n        return self",
        "                iteration += 1\n"
        "        count = len(self.history['iteration'])\n"
        "        for name in ('training_loss', 'validation_loss'):\n"
        "            self.history[name] = list(9.5 * np.exp(-np.arange(count) / 6))\n"
        "        return self",
    )
    report = linear(source)

    assert trainings_of(report) == NO_TRAINING, staff_messages(report)
    assert "The history says that the validation loss was" in staff_messages(report)


@pytest.fixture(scope="module")
def judged():
    """`moved_like` of the assignment."""
    check = load(ROOT, "linear_hinge").assignment.checks[0]
    return check.function.__globals__["moved_like"]


@dataclass
class Model:
    """A classifier of which only W is examined."""

    W: np.ndarray


def test_what_w_moved_by_is_that_of_steps_in_whatever_order_and_with_whatever_penalty(judged):
    """Another order of batches and another convention of the penalty pass; weights for another order of pixels fail."""
    rng = np.random.default_rng(3)
    way, start, other = rng.normal(size=(300, 10)), rng.normal(size=(300, 10)), rng.normal(size=(300, 10))
    theirs = Model(start), Model(0.55 * start + way)

    judged((Model(start), Model(0.3 * start + 0.8 * way)), theirs)
    judged((Model(other), Model(0.55 * other + way + 0.6 * rng.normal(size=(300, 10)))), theirs)
    for last in (
        0.55 * start + way[rng.permutation(300)],
        0.55 * start,
        4 * way,
        0.2 * way,
        np.full((300, 10), np.nan),
    ):
        with pytest.raises(CheckFailed, match="to the way of a training on the same images"):
            judged((Model(start), Model(last)), theirs)


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_the_reference_has_all_points_of_the_trainings(graded, seed):
    """What holds memory off costs an honest solution nothing: 23 of 23, and no alarm."""
    report = graded(text("backprop_network.py"), text("backprop_main.py"), seed=seed)

    assert sum(points(report).values()) == 23, staff_messages(report)
    assert report.alarms == ()
