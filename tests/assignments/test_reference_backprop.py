"""The back-propagation homework: its reference, its checks, its prepared submissions, its thresholds."""

from __future__ import annotations

import gzip
import importlib.util
import pickle
import random
import re
import subprocess
import sys
from functools import cache
from itertools import chain, count
from pathlib import Path

import numpy as np
import one_check
import pytest

from autograder.checks import central_differences, relative_error
from autograder.datasets import DataSettings, find
from autograder.loader import load

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


def module_at(path):
    """A module from its file, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


NETWORK = module_at(ROOT / "reference/backprop/backprop_network.py")
THRESHOLDS = module_at(ROOT / "benchmarks/thresholds.py")
CORPUS = module_at(ROOT / "tests/corpus/build.py")


@cache
def loaded():
    """The assignment with its reference."""
    return load(ROOT, "backprop")


@cache
def digits():
    """The embedded data."""
    return find("digits", DataSettings())


def verdict(folder, check, *, seed=0):
    """What one check says of a folder, in this process: (verdict, sentence)."""
    return one_check.verdict(loaded(), folder, check, digits(), seed=seed)


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A function that writes the reference with one text replaced, and gives its folder."""
    monkeypatch.setenv("MPLBACKEND", "Agg")

    def write(*edits):
        for name in ("backprop_data.py", "backprop_network.py", "backprop_main.py"):
            text = (loaded().reference_folder / name).read_text(encoding="utf-8")
            for old, new in edits:
                text = text.replace(old, new)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def small_study(monkeypatch):
    """The learning-rate study on half as many images: the larger rate still learns much more."""
    names = loaded().assignment.checks[0].function.__globals__
    monkeypatch.setitem(names, "STUDY", names["Run"](train=200, hidden=0, epochs=4, passing=0.0))


def one_hot_pairs(rng, count, size=784):
    """Random samples with one-hot labels."""
    x = rng.uniform(size=(count, size, 1)).astype(np.float32)
    return list(zip(x, np.eye(10)[rng.integers(10, size=count)].reshape(count, 10, 1), strict=True))


# --- the reference ---


def test_the_network_starts_as_the_interface_says():
    """Sizes, shapes, and weights and biases from N(0, 1)."""
    np.random.seed(0)
    network = NETWORK.Network([784, 40, 10])

    assert (network.num_layers, network.sizes) == (3, [784, 40, 10])
    assert [w.shape for w in network.weights] == [(40, 784), (10, 40)]
    assert [b.shape for b in network.biases] == [(40, 1), (10, 1)]
    assert abs(network.weights[0].std() - 1) < 0.02
    assert 0.5 < np.concatenate(network.biases).std() < 1.5


@pytest.mark.parametrize("sizes", [[5, 10], [6, 7, 10], [4, 6, 5, 10]])
def test_backprop_agrees_with_differences_of_the_loss(sizes):
    """For several depths, (db, dw) is the gradient of `loss`."""
    rng = np.random.default_rng(1)
    network = NETWORK.Network(sizes)
    network.weights = [rng.normal(size=w.shape) * 0.5 for w in network.weights]
    network.biases = [rng.normal(size=b.shape) * 0.5 for b in network.biases]
    ((x, y),) = one_hot_pairs(rng, 1, sizes[0])
    db, dw = network.backprop(x, y)
    start = [*network.biases, *network.weights]

    def loss(parameters):
        network.biases, network.weights = parameters[: len(db)], parameters[len(db) :]
        return network.loss([(x, y)])

    expected, _ = central_differences(loss, start)

    assert max(relative_error(a, b) for a, b in zip([*db, *dw], expected, strict=True)) < 1e-6


def test_softmax_and_loss_never_overflow():
    """Huge outputs give probabilities and a finite loss, without a warning."""
    network = NETWORK.Network([1, 10])
    network.weights, network.biases = [np.zeros((10, 1))], [np.linspace(-1e6, 1e6, 10).reshape(10, 1)]
    y = np.eye(10)[0].reshape(10, 1)

    assert network.output_softmax(network.biases[0])[9] == 1
    assert network.loss([(np.zeros((1, 1)), y)]) == pytest.approx(2e6)


def test_accuracies_are_fractions():
    """Both accuracies count the samples whose largest output is at the label."""
    network = NETWORK.Network([10, 10])
    network.weights, network.biases = [np.eye(10)], [np.zeros((10, 1))]
    e = np.eye(10).reshape(10, 10, 1)

    assert network.one_label_accuracy([(e[0], 0), (e[1], 1), (e[2], 3), (e[3], 0)]) == 0.5
    assert network.one_hot_accuracy([(e[0], e[0]), (e[1], e[2])]) == 0.5


def test_sgd_visits_every_sample_and_prints_a_line_an_epoch(capsys):
    """Each epoch shuffles the list in place and goes once through it; the last batch may be short."""
    network = NETWORK.Network([784, 10])
    pairs = one_hot_pairs(np.random.default_rng(0), 25)
    seen = []
    network.update_mini_batch = lambda batch, rate: seen.append([id(x) for x, _ in batch])
    random.seed(0)
    network.SGD(pairs, 2, 10, 0.1, [(pairs[0][0], 3)])

    assert [len(batch) for batch in seen] == [10, 10, 5] * 2
    assert sorted(chain(*seen[:3])) == sorted(id(x) for x, _ in pairs)
    assert seen[:3] != seen[3:]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_load_draws_random_subsets_of_the_pickle(tmp_path, monkeypatch):
    """`mnist.pkl.gz` in the working directory becomes lists of columns with one-hot and integer labels."""
    data = module_at(ROOT / "reference/backprop/backprop_data.py")
    x = np.arange(30, dtype=np.float32)[:, None] * np.ones(784, np.float32)
    splits = tuple((x, np.arange(30) % 10) for _ in range(3))
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(pickle.dumps(splits)))
    monkeypatch.chdir(tmp_path)
    train, test = data.load(20, 5)

    assert (len(train), len(test)) == (20, 5)
    assert (train[0][0].shape, train[0][0].dtype, train[0][1].shape) == ((784, 1), np.float32, (10, 1))
    assert all(int(x[0, 0]) % 10 == int(y.argmax()) for x, y in train)
    assert all(type(label) is int and int(x[0, 0]) % 10 == label for x, label in test)
    assert len({int(x[0, 0]) for x, _ in train}) == 20


def test_importing_the_main_file_runs_nothing():
    """The experiments wait for `main`."""
    code = "import matplotlib; matplotlib.use('Agg'); import backprop_main; print(backprop_main.RATES)"
    folder = loaded().reference_folder
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)

    assert done.stdout == "(0.001, 0.01, 0.1, 1, 10, 100)\n"


# --- the checks ---


def test_points_are_those_of_the_homework():
    """15, 10 and 5 points, two of them given by people, and 10 of bonus."""
    questions = loaded().assignment.questions

    assert [(each.id, each.max_points, each.bonus) for each in questions] == [
        ("a", 15, False),
        ("b", 8, False),
        ("c", 5, False),
        ("d", 10, True),
    ]
    assert [(each.question, each.points) for each in loaded().assignment.written] == [("b", 2)]


def test_every_check_accepts_the_reference(edited, capsys):
    """On the embedded data, with shortened trainings, the reference passes each check."""
    folder = edited()
    verdicts = {check.id: verdict(folder, check.id) for check in loaded().assignment.checks}
    capsys.readouterr()

    assert verdicts == dict.fromkeys(verdicts, ("PASSED", ""))


WELCOME = {
    "float32": ("return db, dw", "return [d.astype(np.float32) for d in db], [d.astype(np.float32) for d in dw]"),
    "generators": ("return db, dw", "return (d for d in db), map(np.array, dw)"),
    "zip": ("return db, dw", "return zip(*zip(db, dw))"),
    "object arrays": (
        "return db, dw",
        "b, w = np.empty(len(db), object), np.empty(len(dw), object)\n        b[:], w[:] = db, dw\n        return b, w",
    ),
    "flat biases": ("return db, dw", "return [d.ravel() for d in db], dw"),
    "one at zero": ("np.where(z > 0, 1.0, 0.0)", "np.where(z >= 0, 1.0, 0.0)"),
    "truth values": ("np.where(z > 0, 1.0, 0.0)", "z > 0"),
}


@pytest.mark.parametrize("variant", WELCOME)
def test_right_gradients_may_come_in_many_forms(edited, variant):
    """Any iterable of arrays, any float, biases as columns or flat, either value of relu' at 0."""
    folder = edited(WELCOME[variant])
    for check in ("gradient_of_a_small_network", "gradients_of_weights", "gradients_of_biases"):
        assert verdict(folder, check) == ("PASSED", "")


RENEWED = """    class Renewed(HeNetwork):
        def SGD(self, training_data, **settings):
            self.__init__(self.sizes)
            super().SGD(training_data, **settings)

    return Renewed([784, 100, 10]), {"""


@pytest.mark.parametrize(
    ("edit", "check", "sentence"),
    [
        (("return db, dw", "return None"), "gradient_of_a_small_network", r"must return two things, \(db, dw\)"),
        (
            ("return db, dw", "return db[1:], dw"),
            "gradients_of_biases",
            r"db has length 0; one array for each of 1 l|has length 1",
        ),
        (
            ("return db, dw", "return db, 5"),
            "gradients_of_weights",
            r"dw is no list of arrays; expected one array for each of 2",
        ),
        (("return db, dw", "return dw, db"), "gradients_of_weights", r"dW of layer 1 has the shape \(40, 1\)"),
        (
            ("return db, dw", "return [-d for d in db], dw"),
            "gradients_of_biases",
            r"For Network.*db of layer 1 \(its sign",
        ),
        (
            ("return db, dw", "return db, [w.T for w in dw]"),
            "gradients_of_weights",
            r"\(784, 40\); expected \(40, 784\)",
        ),
        (
            ("    return np.maximum(z, 0)", "    return z"),
            "relu_cuts_at_zero",
            r"relu\(z\)\[0, 0\] is -2; expected 0",
        ),
        (
            ("1.0, 0.0)", "1.0, 0.1)"),
            "relu_derivative_is_zero_or_one",
            r"relu_derivative\(z\)\[0, 0\] is 0.1; expected 0",
        ),
        (("activations) - y", "activations)"), "loss_derivative_of_the_outputs", r"is 0.25; expected -0.75"),
        (
            ("/ len(mini_batch)", ""),
            "twenty_steps_of_gradient_descent",
            r"what b of layer 1 moved by, .* are wrong; none agrees",
        ),
        (
            ('plt.xlabel("epoch")', "pass"),
            "three_plots_with_a_curve_for_each_rate",
            r"The plot of '\w+ accuracy' has no label on its x axis",
        ),
        (
            (
                'plt.ylabel(measure.replace("_", " "))',
                'plt.ylabel(("training accuracy and loss", "test accuracy")[measure[:5] == "test_"])\n'
                '        if measure == "training_loss":\n            plt.ylabel("something else")',
            ),
            "three_plots_with_a_curve_for_each_rate",
            r"No plot was found among 2 whose title or y label says 'train' and 'loss' or 'cost' or 'entropy'",
        ),
        (("epochs + 1)", "epochs)"), "three_plots_with_a_curve_for_each_rate", r"must have same first dimension"),
        (
            ("histories[rate][measure],", "list(histories[rate][measure]) * 3,"),
            "three_plots_with_a_curve_for_each_rate",
            r"must have same first dimension",
        ),
        (
            ("histories[rate][measure], label", "histories[0.1][measure], label"),
            "curves_tell_what_happened",
            r"larger rate",
        ),
        (
            ("histories[rate][measure], label", "np.array(histories[rate][measure]) - (rate < 1) * 0.01, label"),
            "curves_tell_what_happened",
            r"curve of rate 0\.\d+ in the plot of training accuracy is not the returned history|leaves the range",
        ),
        (
            ("    return histories", "    return 5"),
            "curves_tell_what_happened",
            r"returned something without a list 'train",
        ),
        (
            ("append(network.one_label_accuracy(test_data))", "append(network.one_hot_accuracy(training_data))"),
            "curves_tell_what_happened",
            r"so the test accuracy that belongs to that training accuracy is 0\.",
        ),
        (
            ("append(network.one_label_accuracy(test_data))", "append(network.one_hot_accuracy(training_data))"),
            "three_plots_with_a_curve_for_each_rate",
            r"so the test accuracy that belongs to that training accuracy is 0\.",
        ),
        (
            ("mini_batch_size, rate, test_data)", "mini_batch_size, rate if rate != 0.1 else 1e-9, test_data)"),
            "three_plots_with_a_curve_for_each_rate",
            r"Network\(\[784, 40, 10\]\), .* was seen to reach [01][.\d]*, [01][.\d]*, [01]",
        ),
        (
            (
                "    for rate in rates:\n        network = Network(sizes)\n",
                "    network = Network(sizes)\n    for rate in rates:\n",
            ),
            "each_rate_has_its_own_training",
            r"accuracy of 0\.\d+ at rate 0\.1, which was studied after rate 100; a fresh network reaches",
        ),
        (
            (
                "        histories[rate] = history",
                "        history['training_loss'] = [1.0] * epochs\n        histories[rate] = history",
            ),
            "each_rate_has_its_own_training",
            r"The training loss of rate 0\.1 is the same after every epoch",
        ),
        (
            ("    return HeNetwork([784, 100, 10]), {", RENEWED),
            "accuracy_of_the_best_network",
            r"layer 1 went another way than any training .*: its cosine to the way of gradient descent is -?0\.\d\d",
        ),
        (
            ("return self.weights[-1] @ z + self.biases[-1]", "return 2 * self.weights[-1] @ z + self.biases[-1]"),
            "accuracy_with_rate_one_tenth",
            r"network_output_before_softmax\(x\) is not what the weights and biases of the trained network give",
        ),
        (
            (
                "            random.shuffle(training_data)",
                "            self.weights = [-w for w in self.weights]; break",
            ),
            "accuracy_with_all_training_images",
            r"In 1,000 steps the weights moved by 2 of their size",
        ),
        (
            ("            random.shuffle(training_data)", "            break"),
            "accuracy_with_all_training_images",
            r"In 1,000 steps the weights moved by 0 of their size; gradient descent at rate 0.1 moves them by 0",
        ),
        (
            ("return HeNetwork([784, 100, 10]), {", "return {"),
            "accuracy_of_the_best_network",
            r"return \(network, settings\)",
        ),
        (("HeNetwork([784, 100, 10]), {", "None, {"), "accuracy_of_the_best_network", r"a network first, not NoneType"),
        (('"epochs": 3', '"epochs": 0'), "accuracy_of_the_best_network", r"settings with a positive 'epochs', not 0"),
        (
            ('"learning_rate": 0.1}', '"rate": 0.1}'),
            "accuracy_of_the_best_network",
            r"positive 'learning_rate', not None",
        ),
    ],
)
def test_each_miss_has_its_sentence(edited, small_study, capsys, edit, check, sentence):
    """What is wrong is named, with what came and what was expected."""
    found, message = verdict(edited(edit), check)
    capsys.readouterr()

    assert found in ("FAILED", "RAISED")
    assert re.search(sentence, message), message


IN_PLACE = """
        for place, (s, d) in enumerate(zip(sum_db, sum_dw, strict=True)):
            self.biases[place] -= step * s
            self.weights[place] -= step * d
"""
REBOUND = """        self.biases = [b - step * s for b, s in zip(self.biases, sum_db, strict=True)]
        self.weights = [w - step * s for w, s in zip(self.weights, sum_dw, strict=True)]
"""
SINGLE = """        self.biases = [np.float32(b - step * s) for b, s in zip(self.biases, sum_db, strict=True)]
        self.weights = [np.float32(w - step * s) for w, s in zip(self.weights, sum_dw, strict=True)]
"""
PERCENT = (
    "        histories[rate] = history",
    """        for name in ("training_accuracy", "test_accuracy"):
            history[name] = [100 * value for value in history[name]]
        histories[rate] = history""",
)
NOT_SHUFFLED = ("random.shuffle(training_data)", "random.shuffle(list(training_data))")
STATE_BEFORE = (
    "            for _ in range(epochs):\n"
    "                network.SGD(training_data, 1, mini_batch_size, rate, test_data)\n",
    "            for epoch in range(epochs + 1):\n                if epoch:\n"
    "                    network.SGD(training_data, 1, mini_batch_size, rate, test_data)\n",
)


EACH = "each_rate_has_its_own_training"
STUDIES = (EACH, "three_plots_with_a_curve_for_each_rate", "curves_tell_what_happened")
STEPS = (EACH, "three_plots_with_a_curve_for_each_rate", "accuracy_with_rate_one_tenth")


@pytest.mark.parametrize(
    ("edits", "checks"),
    [
        ([(REBOUND, IN_PLACE)], STEPS),
        ([(REBOUND, SINGLE)], STEPS),
        ([PERCENT], STUDIES),
        ([NOT_SHUFFLED], STEPS),
        ([STATE_BEFORE, ("range(1, epochs + 1)", "range(epochs + 1)")], STUDIES),
    ],
    ids=["in place", "float32", "per cent", "not shuffled", "the state before training is drawn as well"],
)
def test_right_trainings_may_be_written_in_many_ways(edited, small_study, capsys, edits, checks):
    """Updates in place, single precision, percentages and the state before the training cost nothing."""
    folder = edited(*edits)
    found = {check: verdict(folder, check, seed=3) for check in checks}
    capsys.readouterr()

    assert found == dict.fromkeys(checks, ("PASSED", ""))


BEST = '    return HeNetwork([784, 100, 10]), {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}\n'
OTHER_NETWORKS = {
    "momentum": """
class Other(HeNetwork):
    def update_mini_batch(self, batch, rate):
        before = [*self.weights]
        super().update_mini_batch(batch, 0.3 * rate)
        v = getattr(self, "v", [0] * len(before))
        self.v = [0.7 * m + w - b for m, w, b in zip(v, self.weights, before)]
        self.weights = [b + m for b, m in zip(before, self.v)]
""",
    "Adam": """
class Other(HeNetwork):
    def update_mini_batch(self, batch, rate):
        before = [*self.weights, *self.biases]
        super().update_mini_batch(batch, 1.0)
        steps = [b - after for b, after in zip(before, [*self.weights, *self.biases])]
        self.t = getattr(self, "t", 0) + 1
        self.m = [0.9 * m + 0.1 * g for m, g in zip(getattr(self, "m", [0] * len(steps)), steps)]
        self.v = [0.999 * v + 0.001 * g * g for v, g in zip(getattr(self, "v", [0] * len(steps)), steps)]
        moved = [
            b - 0.01 * rate * (m / (1 - 0.9**self.t)) / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)
            for b, m, v in zip(before, self.m, self.v)
        ]
        self.weights, self.biases = moved[: len(self.weights)], moved[len(self.weights) :]
""",
    "shifted copies, a falling rate and weight decay": """
class Other(HeNetwork):
    def SGD(self, training_data, epochs, mini_batch_size, learning_rate, test_data):
        for epoch in range(epochs):
            shifted = [(np.roll(x.reshape(28, 28), 1, axis=epoch % 2).reshape(784, 1), y) for x, y in training_data]
            super().SGD(training_data + shifted, 1, mini_batch_size, learning_rate * 0.7**epoch, test_data)
            self.weights = [0.99 * w for w in self.weights]
""",
    "weights that nobody can set": """
class Other:
    weights = property(lambda self: self.inner.weights)
    biases = property(lambda self: self.inner.biases)

    def __init__(self, sizes):
        self.inner = HeNetwork(sizes)

    def SGD(self, training_data, **settings):
        self.inner.SGD(training_data, **settings)

    def network_output_before_softmax(self, x):
        return self.inner.network_output_before_softmax(x)
""",
    "outputs that are scaled after the training": """
class Other(HeNetwork):
    scale = 1.0

    def SGD(self, training_data, **settings):
        super().SGD(training_data, **settings)
        self.scale = 0.5

    def network_output_before_softmax(self, x):
        return self.scale * super().network_output_before_softmax(x)
""",
    "inputs about 0, which are parameters of no Network": """
class Other(HeNetwork):
    def backprop(self, x, y):
        return super().backprop(x - 0.1, y)

    def network_output_before_softmax(self, x):
        return super().network_output_before_softmax(x - 0.1)
""",
    "a model that cannot be asked before it is trained": """
class Other:
    def __init__(self, sizes):
        self.sizes = sizes

    def SGD(self, training_data, **settings):
        self.inner = HeNetwork(self.sizes)
        self.inner.SGD(training_data, **settings)

    def network_output_before_softmax(self, x):
        return self.inner.network_output_before_softmax(x)
""",
}


@pytest.mark.parametrize("kind", OTHER_NETWORKS)
def test_the_bonus_network_may_be_of_any_kind(edited, capsys, kind):
    """Other steps, other inputs, and classes without weights of their own are trained and judged as well."""
    folder = edited(
        ("def best_network():", OTHER_NETWORKS[kind] + "\n\ndef best_network():"),
        (BEST, BEST.replace("HeNetwork", "Other")),
    )
    found, alarm = verdict(folder, "accuracy_of_the_best_network")
    capsys.readouterr()

    assert found == "PASSED"
    assert alarm == "" or alarm.startswith("The network is not made of weights and biases like Network")


def test_the_bonus_network_may_not_be_trained_already(edited, capsys):
    """Who returns a network that distinguishes classes before it is trained earns nothing, and reads why."""
    data = digits()
    network = NETWORK.Network([784, 10])
    network.weights = [np.stack([data.train.x[data.train.y == k].mean(axis=0) for k in range(10)])]
    network.biases = [-0.5 * np.sum(network.weights[0] ** 2, axis=1, keepdims=True)]
    folder = edited(
        (
            BEST,
            f"""    network = Network([784, 10])
    network.weights = [np.array({network.weights[0].round(3).tolist()})]
    network.biases = [np.array({network.biases[0].round(3).tolist()})]
    return network, {{"epochs": 1, "mini_batch_size": 10, "learning_rate": 1e-9}}
""",
        )
    )
    found, message = verdict(folder, "accuracy_of_the_best_network")
    capsys.readouterr()

    assert found == "FAILED"
    assert re.search(r"trained already: before any training \d\d % of 200 images can be distinguished", message), (
        message
    )


def test_a_study_that_returns_nothing_is_judged_by_its_figures(edited, small_study, capsys):
    """Returning the histories is welcome, not required."""
    folder = edited(("    return histories", "    return None"))
    assert verdict(folder, "curves_tell_what_happened") == ("PASSED", "")


def test_epochs_of_the_bonus_network_are_capped(edited, capsys):
    """A thousand epochs are cut to what the run allows."""
    folder = edited(('"epochs": 3', '"epochs": 1000'))

    assert verdict(folder, "accuracy_of_the_best_network") == ("PASSED", "")
    assert "Epoch 3 of 3" in capsys.readouterr().out


# --- the prepared submissions ---


def test_the_prepared_submissions_are_twelve_and_name_real_checks():
    """Every edit applies, every expected verdict belongs to a check, and names are unlike each other."""
    prepared = CORPUS.read("backprop")
    checks = {check.id for check in loaded().assignment.checks}

    assert len({each.name for each in prepared}) == 12
    assert all(set(each.verdicts) <= checks for each in prepared)
    assert all("SOLUTION" not in text for each in prepared for text in each.files.values())


@pytest.mark.parametrize("name", [each.name for each in CORPUS.read("backprop") if each.name != "intruder"])
def test_prepared_submissions_get_the_expected_verdicts_in_a(tmp_path, monkeypatch, name):
    """In question (a), without a sandbox, each prepared submission gets what its entry says."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    (prepared,) = (each for each in CORPUS.build("backprop", tmp_path) if each.name == name)
    checks = [check.id for check in loaded().assignment.checks if check.question == "a"]

    assert {check: verdict(tmp_path / name, check)[0] for check in checks} == {
        check: prepared.expected(check) for check in checks
    }


def test_an_edit_that_does_not_apply_is_refused():
    """A prepared submission never silently equals the reference."""
    with pytest.raises(ValueError, match="occurs 0 times in f.py, not once"):
        CORPUS._prepared({"name": "n", "edits": [{"file": "f.py", "old": "x", "new": ""}]}, {"f.py": "y"})


# --- the thresholds ---


MISTAKES = {
    "relu on the output layer": ("output_activations(inputs[-1], y)", "output_activations(outputs[-1], y)"),
    "relu' on the output layer": (
        "db, dw = [delta], [delta @",
        "delta = delta * relu_derivative(inputs[-1])\n        db, dw = [delta], [delta @",
    ),
    "relu' left out": (" * relu_derivative(inputs[-layer])", ""),
    "leaky relu'": ("np.where(z > 0, 1.0, 0.0)", "np.where(z > 0, 1.0, 0.1)"),
    "times the input of relu": ("relu_derivative(inputs[-layer])", "np.maximum(inputs[-layer], 0)"),
    "the bias forgotten": ("v = w @ z + b  # (n_l, 1)\n            z = relu(v)", "v = w @ z\n            z = relu(v)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_known_mistakes_show_under_every_seed(edited, mistake):
    """The points of the public gradient check are drawn so that none of the common mistakes passes by chance."""
    folder = edited(MISTAKES[mistake])
    found = {verdict(folder, "gradient_of_a_small_network", seed=seed)[0] for seed in range(6)}
    assert found == {"FAILED"}


@pytest.mark.parametrize("sizes", [[4, 5, 4, 3], [784, 40, 10], [6, 7, 5, 6, 4, 3], [20, 10]])
def test_points_are_telling(sizes):
    """In each layer some units lie on either side of relu, none on its kink, and softmax is not saturated."""
    functions = loaded().assignment.checks[0].function.__globals__
    for seed in range(5):
        weights, biases, x, y = functions["problem"](np.random.default_rng(seed), sizes, count=6)
        assert x.shape == (6, sizes[0], 1) and y.shape == (6, sizes[-1], 1)
        for each in x:
            z = each.astype(np.float64)
            for w, b in zip(weights, biases, strict=True):
                v = w @ z + b
                z = np.maximum(v, 0)
                assert (v > 0).any() and (v < 0).any() and np.abs(v).min() >= 1e-4
            p = np.exp(v) / np.exp(v).sum()
            assert p.max() < 0.99 and p[v < 0].max() > 0.01


@pytest.mark.parametrize("sizes", [(784, 40, 10), (20, 9, 8, 10)])
def test_the_simulated_step_is_the_step_of_the_reference(sizes):
    """From equal weights and an equal batch, the vectorised step equals `update_mini_batch`."""
    rng = np.random.default_rng(2)
    weights, biases = ([each.astype(np.float64) for each in part] for part in THRESHOLDS.start(sizes, rng))
    network = NETWORK.Network(list(sizes))
    network.weights, network.biases = [w.copy() for w in weights], [b.copy() for b in biases]
    batch = one_hot_pairs(rng, 10, sizes[0])
    x, y = (np.stack(part)[:, :, 0].astype(np.float64) for part in zip(*batch, strict=True))
    for _ in range(5):
        network.update_mini_batch(batch, 0.1)
        THRESHOLDS.step(weights, biases, x, y, 0.1)

    np.testing.assert_allclose(
        THRESHOLDS.logits(weights, biases, x)[0], network.network_output_before_softmax(x[0][:, None])[:, 0]
    )
    for got, want in zip([*weights, *biases], [*network.weights, *network.biases], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_the_simulated_starts_are_those_of_the_reference(edited, monkeypatch):
    """N(0, 1), and N(0, 2 / n_in) with biases 0."""
    rng = np.random.default_rng(3)
    weights, biases = THRESHOLDS.start((784, 100, 10), rng, he_start=True)
    monkeypatch.syspath_prepend(str(edited()))
    np.random.seed(3)
    network, settings = module_at(ROOT / "reference/backprop/backprop_main.py").best_network()

    assert settings == {"epochs": 3, "mini_batch_size": 10, "learning_rate": 0.1}
    assert network.weights[0].std() == pytest.approx(weights[0].std(), rel=0.02)
    assert not np.any(network.biases[0])
    assert not np.any(biases[0])
    assert THRESHOLDS.start((784, 100, 10), rng)[0][0].std() == pytest.approx(1, rel=0.02)


def test_the_documented_thresholds_are_those_of_the_assignment():
    """docs/fairness.md and the handout state the runs as they are graded."""
    fairness = (ROOT / "docs/fairness.md").read_text(encoding="utf-8")
    handout = (ROOT / "assignments/backprop/handout.md").read_text(encoding="utf-8")
    runs = THRESHOLDS.assignment().RUNS
    for (question, data, full), run in runs.items():
        if question != "d":
            mode = "--full" if full else "default"
            assert f"| ({question}) {mode}: {run.train} x {run.epochs} |" in fairness
            epochs = "1 epoch" if run.epochs == 1 else f"{run.epochs} epochs"
            assert (
                data != "mnist"
                or f"{run.train:,} images, {epochs}: above {run.passing:.0%}".replace("%", " %") in handout
            )
        elif data == "mnist":
            assert f"at most {run.epochs} epochs: above {100 * run.passing:g} %" in handout
            assert f"the same: above {100 * run.improving:g} %" in handout


@pytest.mark.parametrize(("width", "least", "most"), [(100, 2000, 2000), (20_000, 1, 64)])
def test_descent_outside_takes_fewer_steps_for_a_wide_network(monkeypatch, width, least, most):
    """What is computed outside for a submission has a limit."""
    assignment, steps = THRESHOLDS.assignment(), []
    monkeypatch.setattr(assignment, "descent_step", lambda *_: steps.append(1))
    weights = [np.broadcast_to(np.float32(0), shape) for shape in ((width, 784), (10, width))]
    biases = [np.zeros((width, 1), np.float32), np.zeros((10, 1), np.float32)]
    falling = count(0, -1)
    monkeypatch.setattr(assignment, "mean_loss", lambda *_: next(falling))
    monkeypatch.setattr(assignment, "outputs", lambda *_: None)

    assignment.descended(weights, biases, np.zeros((20_000, 784), np.float32), np.zeros(20_000, int))

    assert least <= len(steps) <= most
