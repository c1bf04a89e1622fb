"""Signs of shortcuts in the assignments of this repository: a cheating submission raises each, and a right one none.

That the references and the right forms of them raise none, `test_reference_NAME.py` says: a check with an alarm is not
("PASSED", "") there.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path

import numpy as np
import one_check
import pytest

from autograder.checks.local.student import LocalStudent
from autograder.datasets import DataSettings, find
from autograder.loader import load
from autograder.notebooks.source import file_text, text_file

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("trained networks")]

ROOT = Path(__file__).resolve().parents[2]


def busy(indent):
    """The beginning of a loop that works for a second of CPU time, or for what that is multiplied with."""
    return f"import time; begun = time.process_time()\n{' ' * indent}while time.process_time() < begun + 1.0"


@cache
def loaded(name):
    """An assignment with its reference."""
    return load(ROOT, name)


@cache
def embedded(name):
    """Embedded data."""
    return find(name, DataSettings())


def check_of(name, check):
    """The function of a check, and the names of the module that it stands in."""
    asked = next(each for each in loaded(name).assignment.checks if each.id == check)
    return asked.function, asked.function.__globals__


def edited(name, folder, *edits):
    """The reference of an assignment in a folder, with some texts replaced, as a student in this process."""
    for file in (*loaded(name).assignment.files, *loaded(name).assignment.given):
        place = loaded(name).reference_folder / file
        text = file_text(place)
        for old, new in edits:
            text = text.replace(old, new)
        (folder / file).write_bytes(text_file(place, text))
    student = one_check.Alone(folder, loaded(name).interface.names)
    student.seed(0)
    return student


# --- trainings that take no time ---


@pytest.mark.parametrize("cheats", [False, True])
def test_back_propagation_that_takes_longer_on_noise(cheats, tmp_path, capsys):
    """SGD that has less to do on the graded images than on others is an alarm, and costs nothing."""
    old = "            random.shuffle(training_data)\n"
    new = f"            {busy(12)} * (len(training_data) <= 200): pass\n{old}"
    student = edited("backprop", tmp_path, *[(old, new)] * cheats)
    function, _ = check_of("backprop", "accuracy_with_rate_one_tenth")
    data = embedded("digits")
    credit = function(student, data.open, data.hidden, np.random.default_rng(0), False, 1.0)
    assert credit.fraction == 1
    assert credit.alarms == ()
    assert [each[:17] for each in one_check.alarms_of(credit, student)] == ["The training took"] * cheats
    capsys.readouterr()


@pytest.mark.parametrize("cheats", [False, True])
def test_deep_nets_that_take_longer_on_noise(cheats, tmp_path):
    """So is a `fit` that needs far longer for one epoch on other data."""
    old = "    optimizer = torch.optim.Adam(net.parameters(), lr=rate)\n"
    new = f"    {busy(4)} * (epochs == 1): pass\n{old}"
    student = edited("deep_svm", tmp_path, *[(old, new)] * cheats)
    function, _ = check_of("deep_svm", "both_nets_learn")
    data = embedded("digits")
    credit = function(student, data.open, data.hidden, np.random.default_rng(0), 1.0)
    assert credit.fraction == 1
    assert credit.alarms == ()
    assert [each[:17] for each in one_check.alarms_of(credit, student)] == ["The training took"] * cheats


# --- weights of AlexNet ---


class Few:
    """Some images and their labels."""

    def __init__(self, split, count):
        self.x, self.y = split.x[:count], split.y[:count]

    def __len__(self):
        return len(self.y)


class Data:
    """Data whose training part is small."""

    def __init__(self, count):
        self.train = self.validation = Few(embedded("shapes").open.train, count)


@cache
def notebook():
    """The notebook's code, run."""
    before = list(sys.path)
    sys.path.insert(0, str(ROOT))
    try:
        return importlib.import_module("reference.alexnet.__main__").notebook()
    finally:
        sys.path[:] = before


@cache
def trained():
    """Weights of the reference's better network after a short training."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model, images = notebook().better_network(), Data(1_000).train
    notebook().train_better(model, images.x, images.y, epochs=8, seed=1)
    return model.state_dict()


@pytest.fixture
def small(monkeypatch):
    """The names of the assignment, with short runs that are shorter still."""
    pytest.importorskip("torch")
    _, names = check_of("alexnet", "accuracy_of_the_better_network")
    run = names["Run"]
    monkeypatch.setitem(names, "SHORT", run(train=400, hidden=500, epochs=3, passing=0.2, tries=2))
    return names


TRAINS = "    images, labels = np.asarray(images), np.asarray(labels)\n"
NO_TRAINING = (TRAINS, "    return\n" + TRAINS)


@pytest.mark.parametrize("cheats", [False, True])
def test_weights_that_the_training_did_not_make(cheats, small, tmp_path):
    """Weights beside a training that learns nothing are an alarm; those of the reference are none."""
    import torch

    student = edited("alexnet", tmp_path, *[NO_TRAINING] * cheats)
    torch.save(trained(), tmp_path / "weights.pt")
    hidden = Few(embedded("shapes").hidden, 500)
    measured, signs = small["accuracy_of_weights"](student, Data(600), hidden, np.random.default_rng(0))
    alarms = [sentence for sign in signs for sentence in sign(student)]
    assert measured.value > 0.5
    assert [each[:23] for each in alarms] == ["The saved weights reach"] * cheats


def test_weights_that_know_the_hidden_images(small, tmp_path):
    """A network that looks up what it is shown loses that under another disguise, and staff read so."""
    import torch

    hidden = Few(embedded("shapes").hidden, 300)
    known = notebook().as_tensor(hidden.x).mean(dim=3).cpu().flatten(1)  # the mean of each row, whichever way round
    torch.save((known, torch.tensor(hidden.y)), tmp_path / "known.pt")
    knowing = f"""class Knowing(BothSides):
    def forward(self, x):
        known, labels = torch.load({str(tmp_path / "known.pt")!r})
        near = torch.cdist(x.mean(dim=3).flatten(1), known).min(1)
        sure = 1000.0 * (near.values < 0.15)[:, None]
        return super().forward(x) + sure * nn.functional.one_hot(labels[near.indices].long(), 10)


def better_network():"""
    student = edited("alexnet", tmp_path, ("def better_network():", knowing), ("return BothSides(", "return Knowing("))
    torch.save(notebook().better_network().state_dict(), tmp_path / "weights.pt")
    measured, (falls, _) = small["accuracy_of_weights"](student, Data(60), hidden, np.random.default_rng(0))
    assert measured.value > 0.85
    assert any("read whether it learned, or knows answers" in each for each in falls(student))


@pytest.mark.parametrize("cheats", [False, True])
def test_a_training_of_alexnet_beside_noise_and_saved_weights(cheats, small, tmp_path):
    """Where the grader trains, a training that is quick on known images and weights that are better are alarms."""
    import torch

    slow = f"    {busy(4)} * 2 * (epochs == 1): pass\n"
    student = edited("alexnet", tmp_path, *[(TRAINS, slow + TRAINS)] * cheats)
    if cheats:
        torch.save(trained(), tmp_path / "weights.pt")
    run, signs = small["Run"](train=60, hidden=300, epochs=4, passing=0.0), []
    hidden = Few(embedded("shapes").hidden, 300)
    small["accuracy_of_training"](student, Data(40), hidden, np.random.default_rng(0), run, 1.0, signs)
    alarms = [sentence for sign in signs for sentence in sign(student)]
    assert [each[:17] for each in alarms] == ["The training took", "The saved weights"] * cheats


# --- pipelines ---

KNOWING = """
from pathlib import Path


class Pipeline(Pipeline):
    def predict(self, X):
        known, labels = np.load({place!r}).values()
        {which}
        got = super().predict(X)
        got[hit] = labels[near[hit]]
        return got


COARSE_C = """
EXACT = "far = abs(X.mean(1)[:, None] - known.mean(1)); near = far.argmin(1); hit = far.min(1) < 1e-9"
NEAREST = """def small(images):
            blocks = images.reshape(-1, 8, 4, 8, 4, 3).mean((2, 4))
            return np.minimum(blocks, blocks[:, :, ::-1]).reshape(len(images), -1)
        near = ((small(X)[:, None] - small(known)) ** 2).sum(-1).argmin(1)
        hit = np.ones(len(X), bool)"""


@pytest.mark.parametrize(
    ("which", "says"),
    [("", ()), (EXACT, ("The accuracy falls from",)), (NEAREST, ("which no training of this size is expected",))],
    ids=["honest", "knows the images", "knows them though disguised"],
)
def test_pipelines_that_know_the_hidden_images(which, says, tmp_path):
    """Who looks hidden images up is right beyond what 300 images teach, or falls where they are disguised."""
    pytest.importorskip("sklearn")
    data = embedded("shapes")
    place = tmp_path / "known.npz"
    np.savez(place, known=data.hidden.x.reshape(len(data.hidden.x), -1) / 255, labels=data.hidden.y)
    edits = [("\nCOARSE_C = ", KNOWING.format(place=str(place), which=which))] if which else []
    student = edited("svm_pipelines", tmp_path, *edits)
    reference = LocalStudent(loaded("svm_pipelines").reference_folder, loaded("svm_pipelines").interface.names)
    function, _ = check_of("svm_pipelines", "pipelines_reach_the_accuracy_of_the_reference")
    credit = function(student, reference, data.open, data.hidden, np.random.default_rng(0), "rbf_pipeline")
    assert credit.fraction == 1
    alarms = (*credit.alarms, *one_check.alarms_of(credit, student))
    assert len(alarms) == len(says)
    for alarm, part in zip(alarms, says, strict=True):
        assert part in alarm
