"""The reference of the assignment on support vector machines: networks, pipelines, and the grid search."""

from __future__ import annotations

import importlib
import re
import sys
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import one_check
import pytest

from autograder.checks import fitted_in_folds, gradient_matches, grid_scores, leakage_probe
from autograder.datasets import DataSettings, find
from autograder.loader import load

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from sklearn.decomposition import PCA  # noqa: E402
from sklearn.model_selection import GridSearchCV, StratifiedKFold  # noqa: E402
from sklearn.preprocessing import MinMaxScaler, StandardScaler  # noqa: E402
from sklearn.svm import SVC, LinearSVC  # noqa: E402

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "reference" / "svm_pipelines"
LAYERS = {
    "HingeCNN": [896, 9248, 9248, 9248, 51264, 650],
    "FeaturesCNN": [896, 9248, 9248, 9248, 102528, 1290],
    "Autoencoder": [1792, 73856, 2097408, 2105344, 147584, 73792, 1731],
}


@pytest.fixture(scope="module")
def modules():
    """The modules of the reference by name, imported from its folder and forgotten afterwards."""
    names = ("cifar10_data", "svm_networks", "svm_training", "svm_models", "svm_plots", "svm_search", "svm_pairs")
    sys.path.insert(0, str(HOME))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        torch.set_num_threads(threads)
        sys.path.remove(str(HOME))
        for name in names:
            sys.modules.pop(name, None)


@cache
def loaded():
    """The assignment with its reference."""
    return load(ROOT, "svm_pipelines")


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A function that writes the reference with one text replaced, and gives its folder."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    torch.set_num_threads(1)

    def write(old="", new=""):
        texts = {path.name: path.read_text("utf-8") for path in HOME.glob("*.py") if path.name != "__main__.py"}
        assert not old or sum(text.count(old) for text in texts.values()) == 1, old
        for name, text in texts.items():
            (tmp_path / name).write_text(text.replace(old, new) if old else text, "utf-8")
        return tmp_path

    return write


def verdict(folder, check):
    """What one check says of a folder, in this process: (verdict, sentence)."""
    return one_check.verdict(loaded(), folder, check, find("shapes", DataSettings()))


@pytest.fixture
def clouds():
    """Four overlapping clouds of points, (120, 5), of unequal sizes, and their labels."""
    rng = np.random.default_rng(5)
    y = rng.choice(4, p=[0.2, 0.2, 0.25, 0.35], size=120)
    return np.eye(5)[y] + 0.6 * rng.normal(size=(120, 5)), y


# --- networks ---


@pytest.mark.parametrize("name", LAYERS)
def test_the_layers_have_the_published_numbers_of_parameters(modules, name):
    """Weights and biases of each layer, from the input to the output."""
    network = getattr(modules["svm_networks"], name)()
    sizes = [each.numel() for each in network.parameters()]

    assert [a + b for a, b in zip(sizes[::2], sizes[1::2], strict=True)] == LAYERS[name]


def test_outputs_have_their_shapes(modules):
    """Scores, features, codes and images."""
    networks, x = modules["svm_networks"], torch.rand(2, 3, 32, 32)

    assert networks.HingeCNN()(x).shape == (2, 10)
    assert networks.FeaturesCNN().features(x).shape == (2, 128)
    assert networks.Autoencoder().encode(x).shape == (2, 256)
    assert networks.Autoencoder()(x).shape == x.shape


def test_the_hinge_loss_is_that_of_the_handout(modules):
    """Worked out by hand: 0 for the first image, 4 for the second."""
    loss, gradient = modules["svm_networks"].hinge_loss_and_gradient([[2.0, 0.5, 0.0], [0.0, 1.0, 3.0]], [0, 0])

    assert loss == 2.0
    assert gradient.tolist() == [[0, 0, 0], [-0.5, 0, 0.5]]


def test_the_gradient_of_the_hinge_loss_agrees_with_differences(modules):
    """At random scores."""
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(20, 10)), rng.integers(10, size=20)
    of = modules["svm_networks"].hinge_loss_and_gradient

    gradient_matches(of(scores, labels)[1], of=lambda at: of(at, labels)[0], at=scores)


@pytest.mark.parametrize(("name", "loss"), [("HingeCNN", "hinge"), ("FeaturesCNN", "cross-entropy")])
def test_a_training_lowers_the_loss_and_is_written_down(modules, name, loss):
    """On 64 images of two plain colours, in twelve steps; the rate ends at 0."""
    rng = np.random.default_rng(0)
    y = np.arange(64) % 2
    x = (rng.integers(60, size=(64, 32, 32, 3)) + 180 * y[:, None, None, None]).astype(np.uint8)
    torch.manual_seed(0)
    network = getattr(modules["svm_networks"], name)()
    history = modules["svm_training"].train_classifier(network, loss, x, y, x[:9], y[:9], epochs=12, rate=0.003)

    assert {len(values) for values in history.values()} == {12}
    assert history["train_loss"][-1] < 0.9 * history["train_loss"][0]
    assert history["rate"][-1] == pytest.approx(0, abs=1e-12)


def test_an_autoencoder_learns_its_images(modules):
    """The error falls; reconstructions are images again."""
    x = np.random.default_rng(0).integers(200, 256, size=(16, 32, 32, 3), dtype=np.uint8)
    torch.manual_seed(0)
    network, training = modules["svm_networks"].Autoencoder(), modules["svm_training"]
    history = training.train_autoencoder(network, x, epochs=6)

    assert history["train_loss"][-1] < 0.7 * history["train_loss"][0]
    assert training.reconstructions(network, x).shape == x.shape
    assert training.codes(network, x).shape == (16, 256)


# --- the search ---


def test_the_search_gives_the_scores_of_scikit_learn(modules, clouds):
    """Over a grid that reaches where all multipliers are at their bound, and where none is."""
    x, y = clouds
    Cs, gammas = 2.0 ** np.arange(-9, 14, 2), 2.0 ** np.arange(-9, 4, 3)
    plain = GridSearchCV(SVC(), {"C": Cs, "gamma": gammas}, cv=3).fit(x, y)
    scores = modules["svm_search"].search(x, y, Cs, gammas, folds=3)

    assert scores == pytest.approx(plain.cv_results_["mean_test_score"].reshape(scores.shape), abs=0.001)


def test_the_search_fits_a_scaler_in_each_fold(modules, clouds):
    """The scores are those of the pipeline, not those of samples that were scaled before."""
    x, y = clouds
    x = x * 10.0 ** np.arange(-2, 3)
    Cs, gammas = [0.5, 8.0], [0.25, 4.0]
    search = modules["svm_models"].rbf_search(x, y, Cs, gammas, folds=3)
    want = modules["svm_models"].score_table(search, Cs, gammas)

    assert modules["svm_search"].search(x, y, Cs, gammas, 3, MinMaxScaler()) == pytest.approx(want, abs=0.001)


@pytest.mark.parametrize(("C", "gamma"), [(2.0, 0.5), (0.01, 8.0)])
def test_pairs_of_classes_predict_as_one_machine_does(modules, clouds, monkeypatch, C, gamma):
    """Labels are those of SVC, also where test samples come in several chunks and labels are not 0, 1, 2."""
    x, y = clouds
    y, others = np.array([7, -1, 4, 2])[y], np.random.default_rng(6).normal(size=(95, 5))
    monkeypatch.setattr(modules["svm_pairs"], "CHUNK", 30)
    found = modules["svm_pairs"].predictions(x, y, others, C, gamma)

    assert found.tolist() == SVC(C=C, gamma=gamma).fit(x, y).predict(others).tolist()


def test_the_order_of_C_does_not_matter(modules, clouds):
    """Each value of C gets its own row, in any order."""
    x, y = clouds
    search = modules["svm_search"].search
    rising = search(x, y, [0.03, 1.0, 30.0], [0.5], folds=3)

    assert search(x, y, [30.0, 0.03, 1.0], [0.5], folds=3) == pytest.approx(rising[[2, 0, 1]])


def test_most_solutions_are_known_from_others(modules, clouds, monkeypatch):
    """Of all problems of two classes on a wide grid, at most two thirds are solved."""
    x, y = clouds
    search, count = modules["svm_search"], []
    real = search.solved
    monkeypatch.setattr(search, "solved", lambda *given: count.append(1) or real(*given))
    Cs, gammas = 2.0 ** np.arange(-7, 14, 2), 2.0 ** np.arange(-7, 4, 5)
    search.search(x, y, Cs, gammas, folds=3)

    assert 0 < len(count) <= 2 / 3 * 3 * 6 * len(Cs) * len(gammas)


@pytest.mark.parametrize(("gamma", "start"), [(4.0, 64.0), (0.01, 0.001), (0.3, 0.001)])
def test_what_is_known_without_solving_fulfils_the_conditions(modules, clouds, gamma, start):
    """Karush, Kuhn and Tucker's, at larger and smaller C, as well as a solution of libsvm's does."""
    x, y = clouds
    search = modules["svm_search"]
    chosen = np.r_[np.flatnonzero(y == 0)[:15], np.flatnonzero(y == 1)[:15]]
    positive = y[chosen] == 0
    kernel = np.exp(-gamma * search.squared_distances(x[chosen], x[chosen]))
    known = search.solved(kernel, positive, start)
    others = [known.for_larger(start * 8), known.for_smaller(start / 8), known.for_smaller(start / 100)]

    assert any(others)
    for each in (known, *filter(None, others)):
        assert violation(kernel, positive, each) < 2e-3


def violation(kernel, positive, solution):
    """How far the conditions are missed at most, by t (f + b) - 1 and by the sum of t alpha."""
    t = np.where(positive, 1, -1)
    alpha = t * solution.coefficients
    margin = t * (kernel @ solution.coefficients + solution.offset) - 1
    below = np.where(alpha < solution.C, -margin, 0)  # must not be positive
    above = np.where(alpha > 0, margin, 0)
    return max(below.max(), above.max(), abs(solution.coefficients.sum()), -alpha.min(), alpha.max() - solution.C)


# --- pipelines ---


def test_searches_do_not_leak(modules):
    """On the data of `leakage_probe`."""
    x, y = leakage_probe(np.random.default_rng(1))
    models = modules["svm_models"]
    for search in (
        models.rbf_search(x, y, [1.0], [1.0]),
        models.linear_search(x, y, [1.0], dual=True),
        models.pca_search(x, y, [1.0]),
    ):
        fitted_in_folds(search.cv_results_)


@pytest.mark.parametrize(
    ("scaler", "machine"),
    list(product([MinMaxScaler(), StandardScaler(), PCA(0.9)], [SVC(gamma=1.0), LinearSVC()])),
)
def test_searches_that_leak_are_seen(scaler, machine):
    """Whatever is fitted on all samples first."""
    x, y = leakage_probe(np.random.default_rng(1))
    search = GridSearchCV(machine, {"C": [0.1, 1.0]}, cv=StratifiedKFold(5, shuffle=True, random_state=0))
    search.fit(scaler.fit_transform(x), y)

    with pytest.raises(AssertionError, match="outside the folds"):
        fitted_in_folds(search.cv_results_)


def test_the_table_of_scores_is_read_by_parameter(modules, clouds):
    """The same as the check reads."""
    Cs, gammas = [4.0, 0.5], [0.1, 1.0, 0.01]
    search = modules["svm_models"].rbf_search(*clouds, Cs, gammas, folds=3)
    want = grid_scores(search.cv_results_, ("C", Cs), ("gamma", gammas))

    assert modules["svm_models"].score_table(search, Cs, gammas) == pytest.approx(want)


def test_one_against_one_and_one_against_rest_of_a_machine_agree(modules, clouds):
    """As the handout says; their scores have other shapes."""
    x, y = clouds
    ways = modules["svm_models"].ways_of_many_classes(x[:80], y[:80], x[80:], 1.0, 0.5)

    assert np.array_equal(ways["ovo"][0], ways["ovr"][0])
    assert [ways[name][1].shape for name in ("ovo", "ovr", "rest")] == [(40, 6), (40, 4), (40, 4)]


def test_grids_are_those_of_the_handout(modules):
    """11 x 10 and 16 x 16 cells, with their ends."""
    models = modules["svm_models"]
    ends = [(len(each), each[0], each[-1]) for each in (models.COARSE_C, models.COARSE_GAMMA, models.FINE_C)]

    assert ends == [(11, 2**-7, 2**13), (10, 2**-15, 2**3), (16, 2**-1, 2**2.75)]
    assert (models.FINE_GAMMA[0], models.FINE_GAMMA[-1], len(models.FINE_GAMMA)) == (2**-5, 2**-1.25, 16)


def test_the_given_reader_is_the_course_s():
    """One file for all assignments that read CIFAR-10."""
    assert (HOME / "cifar10_data.py").read_bytes() == (HOME.parent / "common" / "cifar10_data.py").read_bytes()


# --- the checks ---


def test_points_are_those_of_the_handout():
    """50 by checks; the ten of (g) are given by people."""
    assert [(each.id, each.max_points) for each in loaded().assignment.questions] == [
        ("a", 10),
        ("b", 10),
        ("c", 8),
        ("d", 12),
        ("e", 4),
        ("f", 6),
        ("g", 0),
    ]
    assert sum(answer.points for question in loaded().assignment.questions for answer in question.answers) == 10


def test_every_check_accepts_the_reference(edited):
    """On the embedded shapes the reference passes each check."""
    folder = edited()
    found = {check.id: verdict(folder, check.id) for check in loaded().assignment.checks}

    assert found == dict.fromkeys(found, ("PASSED", ""))


WELCOME = {
    "hinge by a loop": (
        "    return (1 + best_wrong - right).clamp(min=0).mean()",
        "    return sum(torch.relu(1 + w - r) for w, r in zip(best_wrong, right)).sum() / len(scores)",
        "hinge_loss_agrees_with_its_definition",
    ),
    "layers without Sequential": (
        "        self.hidden = nn.Linear(800, 64)\n",
        "        self.hidden = nn.Sequential(nn.Linear(800, 64))\n",
        "layers_of_the_hinge_cnn",
    ),
    "own names of steps": (
        'Pipeline([("scale", MinMaxScaler()), ("svm", LinearSVC(C=C, dual=dual))])',
        'Pipeline([("a", MinMaxScaler()), ("b", LinearSVC(dual=dual, C=C, random_state=7))])',
        "steps_of_the_pipelines",
    ),
    "lists": (
        "    return in_batches(network, network, images)\n",
        "    return in_batches(network, network, images).tolist()\n",
        "features_are_those_below_the_scores",
    ),
    "pooling before ReLU": (
        "        nn.ReLU(),\n        nn.MaxPool2d(2),  # (n, 32, 5, 5)\n",
        "        nn.MaxPool2d(2),\n        nn.ReLU(),\n",
        "outputs_of_the_classifiers",
    ),
    "a convolution as the last layer": (
        "        self.top = nn.Linear(64, 10)\n",
        "        self.top = nn.Sequential(nn.Unflatten(1, (64, 1, 1)), nn.Conv2d(64, 10, 1), nn.Flatten())\n",
        "outputs_of_the_classifiers",
    ),
    "matshow": ("    plt.imshow(scores)\n", "    plt.matshow(scores, fignum=False)\n", "heat_map_of_a_grid"),
    "semilogx": (
        '        plt.plot(Cs, values, marker="o", label=name)\n    plt.xscale("log", base=2)\n',
        '        plt.semilogx(Cs, values, label=name)\n',
        "scores_over_C",
    ),
}  # fmt: skip


@pytest.mark.parametrize("variant", WELCOME)
def test_right_answers_may_come_in_many_forms(edited, variant):
    """Other containers, names, and ways of drawing pass."""
    old, new, check = WELCOME[variant]

    assert verdict(edited(old, new), check) == ("PASSED", "")


MISSES = {
    "sum": ("clamp(min=0).mean()", "clamp(min=0).sum()", "hinge_loss_by_hand", "hinge_loss is .*; expected 2"),
    "gradient": (
        "    loss.backward()\n    return loss.item(), tensor.grad.numpy()",
        "    return loss.item()",
        "hinge_loss_by_hand",
        "must return two things; it is given",
    ),
    "own class": (
        "scores.masked_fill(own, -torch.inf).amax",
        "scores.amax",
        "hinge_loss_agrees_with_its_definition",
        "hinge_loss",
    ),
    "padding": (
        "        nn.Conv2d(3, 32, 3),  # (n, 32, 30, 30)\n",
        "        nn.Conv2d(3, 32, 5, padding=1),\n",
        "layers_of_the_hinge_cnn",
        "numbers of parameters of the layers of HingeCNN",
    ),
    "not gone through": (
        "        self.encoder = nn.Sequential(\n",
        "        self.spare = nn.Linear(2, 2)\n        self.encoder = nn.Sequential(\n",
        "layers_of_the_autoencoder",
        "Autoencoder has a layer 'spare' that images do not pass",
    ),
    "no list": (
        '        history["rate"].append(schedule.get_last_lr()[0])\n',
        '    history.pop("rate")\n',
        "a_training_is_written_down",
        "history must be a dictionary with 'rate'",
    ),
    "too short": (
        '        history["rate"].append(schedule.get_last_lr()[0])\n',
        "",
        "a_training_is_written_down",
        r"history\['rate'\] has the shape \(0,\); expected \(2,\)",
    ),
    "no step": (
        "lr=rate)\n    steps = epochs",
        "lr=0.0)\n    steps = epochs",
        "the_hinge_loss_is_learned",
        r"Accuracy 33\.33 % on 90 samples .*expected more than 50 %",
    ),
    "before the ReLU": (
        "    return in_batches(network, network.features, images)",
        "    return in_batches(network, network.features, images) - 1",
        "features_are_those_below_the_scores",
        "Some features are negative: take them after the ReLU",
    ),
    "all the same": (
        "    return in_batches(network, network.features, images)",
        "    return 0 * in_batches(network, network.features, images)",
        "features_are_those_below_the_scores",
        "All images have the same features",
    ),
    "channels first": (
        "    return in_batches(network, network, images).transpose(0, 2, 3, 1)",
        "    return in_batches(network, network, images)",
        "the_autoencoder_learns_its_images",
        r"reconstructions has the shape \(90, 3, 32, 32\)",
    ),
    "one loss only": (
        'history["train_loss"].append(total / len(train_x))\n    return history\n    ### END SOLUTION\n\n\ndef in_b',
        'history["train_loss"] = [total / len(train_x)]\n    return history\n    ### END SOLUTION\n\n\ndef in_b',
        "the_autoencoder_learns_its_images",
        r"train_loss of ten steps of a small autoencoder has the shape \(1,\); expected the shape \(10,\)",
    ),
    "whole numbers": (
        "    return in_batches(network, network.encode, images)",
        "    return in_batches(network, network.encode, images).round()",
        "the_autoencoder_learns_its_images",
        "All codes are whole numbers",
    ),
    "out of range": (
        "images).transpose(0, 2, 3, 1)",
        "images).transpose(0, 2, 3, 1) * 255",
        "the_autoencoder_learns_its_images",
        "Reconstructions leave the range 0 to 1",
    ),
    "unscaled": (
        '[("scale", MinMaxScaler()), ("svm", SVC(C=C, kernel="rbf", gamma=gamma))]',
        '[("svm", SVC(C=C, kernel="rbf", gamma=gamma))]',
        "steps_of_the_pipelines",
        r"rbf_pipeline\(4, 0\.25\)",
    ),
    "other k": ("n_neighbors=k", "n_neighbors=k + 8", "baselines_agree", r"neighbours\(1\) predicts \d+ % of the lab"),
    "no ReLU": (
        "self.top(torch.relu(self.hidden(self.convolutions(x))))",
        "self.top(self.hidden(self.convolutions(x)))",
        "outputs_of_the_classifiers",
        "With the same weights in its layers HingeCNN gives other outputs than the network of the handout",
    ),
    "no bias": (
        "            nn.Linear(256, 8192),\n",
        "            nn.Linear(256, 8192, bias=False),\n",
        "outputs_of_the_autoencoder",
        r"The layer 'decoder\.0' of Autoencoder has no bias of 8192 numbers",
    ),
    "gradients pile up": (
        "optimizer.zero_grad()\n            value.backward()\n            optimizer.step()\n            sch",
        "value.backward()\n            optimizer.step()\n            sch",
        "steps_of_a_training",
        r"history\['train_loss'\] of six steps",
    ),
    "wrong accuracy": (
        "            hits += (out.argmax(dim=1) == y).sum().item()",
        "            hits += (out.argmin(dim=1) == y).sum().item()",
        "a_training_is_written_down",
        "train_accuracy of an epoch at the rate 0",
    ),
    "steps of the autoencoder": (
        "optimizer.zero_grad()\n            value.backward()\n            optimizer.step()\n            tot",
        "value.backward()\n            optimizer.step()\n            tot",
        "the_autoencoder_learns_its_images",
        "train_loss of ten steps of a small autoencoder",
    ),
    "mean of batches": (
        "            total += value.item() * len(x)\n            hits",
        "            total += value.item() * 32.5\n            hits",
        "a_training_is_written_down",
        "train_loss of an epoch at the rate 0",
    ),
    "other variance": (
        "PCA(n_components=variance)",
        "PCA(n_components=variance and 2)",
        "pipelines_reach_the_accuracy_of_the_reference",
        r"pca_pipeline is right on \d+\.\d % of 500 unseen images; expected at most 3 points less",
    ),
    "three things": ("    return answers\n", "    return list(answers.values())\n", "shapes_of_the_three_ways",
                     r"must return a dictionary with \(labels, scores\) for 'ovo'"),
    "same axis twice": ('    plt.ylabel("C")\n', '    plt.ylabel("gamma")\n', "heat_map_of_a_grid",
                        "must be labelled C and gamma"),
    "no titles": ("        place.set_title(name)\n", "", "ten_images_with_their_names", "class A"),
    "linear axis": ('    plt.xscale("log", base=2)\n', "", "scores_over_C", "logarithmic"),
    "images alone": (
        "zip(axes, (images, reconstructions), strict=True)",
        "zip(axes, (images, images), strict=True)",
        "images_and_reconstructions",
        "image",
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", MISSES)
def test_each_miss_has_its_sentence(edited, slip):
    """What is wrong is named."""
    old, new, check, sentence = MISSES[slip]
    found, message = verdict(edited(old, new), check)

    assert found in ("FAILED", "PARTIAL"), message
    assert re.search(sentence, message), message
