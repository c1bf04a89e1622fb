"""The AlexNet homework: its reference, its checks on right and wrong ways to write it, and what its handout claims."""

from __future__ import annotations

import importlib
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import one_check
import pytest

from autograder.datasets import DataSettings, find
from autograder.datasets.records import DataSet, Split
from autograder.loader import load
from autograder.notebooks.source import file_text, text_file

pytestmark = pytest.mark.long

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "reference/alexnet/alexnet.ipynb"


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    """No window is opened, and no two threads fight."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def loaded():
    """The assignment with its reference."""
    return load(ROOT, "alexnet")


@cache
def main_module():
    """The module that `python -m reference.alexnet` runs."""
    before = list(sys.path)
    sys.path.insert(0, str(ROOT))
    try:
        return importlib.import_module("reference.alexnet.__main__")
    finally:
        sys.path[:] = before


@cache
def notebook():
    """The notebook's code, run."""
    return main_module().notebook()


@cache
def shapes():
    """The embedded data."""
    return find("shapes", DataSettings())


def verdict(folder, check, *, seed=0, **given):
    """What one check says of a folder, in this process: (verdict, sentence)."""
    return one_check.verdict(loaded(), folder, check, shapes(), seed=seed, **given)


@pytest.fixture
def edited(tmp_path):
    """A function that writes the reference's notebook with some texts replaced, and gives its folder."""

    def write(*edits):
        text = file_text(NOTEBOOK)
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        (tmp_path / "alexnet.ipynb").write_bytes(text_file(NOTEBOOK, text))
        (tmp_path / "cifar10_data.py").write_bytes(NOTEBOOK.with_name("cifar10_data.py").read_bytes())
        return tmp_path

    return write


def images(count, seed=0):
    """Random images and labels."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, size=(count, 32, 32, 3)).astype(np.uint8), rng.integers(10, size=count)


# --- the reference ---


@pytest.mark.parametrize(("arguments", "count"), [({}, 1_885_466), ({"batch_norm": False, "dropout": 0}, 1_884_778)])
def test_parameters_are_those_of_the_handout(arguments, count):
    """Both forms of the network have as many parameters as the handout says."""
    model = notebook().alexnet(**arguments)

    assert sum(each.numel() for each in model.parameters()) == count
    assert f"{count:,}" in handout()


def test_rows_of_the_table_are_the_layers():
    """Each row of the handout's table with parameters gives the count of that layer."""
    counts = [int(row.replace(",", "")) for row in re.findall(r"^\| \d \|.*\| ([\d,]+) \|$", handout(), re.MULTILINE)]
    layers = [each for each in notebook().alexnet() if isinstance(each, (torch.nn.Conv2d, torch.nn.Linear))]

    assert counts == [sum(each.numel() for each in layer.parameters()) for layer in layers]


def test_as_tensor_standardises_colours():
    """A pixel x becomes (x / 255 - mean) / deviation of its colour, and colours come first."""
    x, _ = images(2)
    got = notebook().as_tensor(x).numpy()
    expected = (x / 255 - notebook().MEAN.numpy()) / notebook().DEVIATION.numpy()

    assert got.shape == (2, 3, 32, 32)
    assert np.allclose(got, expected.transpose(0, 3, 1, 2), atol=1e-5)


def test_a_step_of_train_epoch_is_that_of_gradient_descent():
    """On one batch the weights move by the rate times the gradient of the mean cross-entropy."""
    book = notebook()
    x, y = images(6)
    model, optimizer = book.small_setting(rate=0.25, dropout=0.0)
    copy, _ = book.small_setting(rate=0.25, dropout=0.0)
    loss, accuracy = book.train_epoch(model, optimizer, x, y)
    outputs = copy(book.as_tensor(x))
    expected = torch.nn.functional.cross_entropy(outputs, torch.as_tensor(y))
    expected.backward()

    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert accuracy == pytest.approx((outputs.argmax(1).numpy() == y).mean())
    for after, before in zip(model.parameters(), copy.parameters(), strict=True):
        assert torch.allclose(after, before - 0.25 * before.grad, atol=1e-5)


def test_evaluate_agrees_with_the_definition():
    """Mean cross-entropy and the share of right labels, from the outputs of eval mode."""
    book = notebook()
    x, y = images(7)
    model, _ = book.small_setting()
    scores = book.logits(model, x, batch_size=3).astype(np.float64)
    losses = np.log(np.exp(scores).sum(1)) - scores[np.arange(7), y]

    assert book.evaluate(model, x, y) == pytest.approx((losses.mean(), (scores.argmax(1) == y).mean()), rel=1e-5)


def test_first_steps_are_those_of_the_formulas():
    """What the check holds optimizers against is what torch's own do."""
    book, names = notebook(), module_names()
    x = torch.nn.Linear(3, 2)
    for optimizer, expected in (
        (torch.optim.SGD(x.parameters()), names["sgd"](1e-3)),
        (torch.optim.Adam(x.parameters(), lr=5e-3), names["adam"](5e-3)),
    ):
        got = book.first_steps(x, optimizer, list(names["GRADIENTS"]))

        assert np.allclose(got, np.array(expected)[:, None], rtol=1e-2, atol=1e-7)


def test_augmented_images_are_windows_of_the_framed_ones():
    """Each is the image moved by up to 4 pixels, and mirrored or not; about half of them are."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(40, 3, 32, 32)
    framed = torch.nn.functional.pad(x, (4, 4, 4, 4), mode="reflect")
    mirrored = 0
    for number, got in enumerate(notebook().augmented(x, generator)):
        windows = [framed[number, :, i : i + 32, j : j + 32] for i in range(9) for j in range(9)]
        straight = any(torch.equal(got, window) for window in windows)
        assert straight or any(torch.equal(got, window.flip(2)) for window in windows)
        mirrored += not straight

    assert 10 <= mirrored <= 30


def test_the_better_network_is_as_large_as_the_handout_says():
    """Half a million parameters, ten outputs."""
    model = notebook().better_network()

    assert round(sum(each.numel() for each in model.parameters()) / 1e6, 1) == 0.5
    assert "0.5 million parameters" in " ".join(handout().split())
    assert notebook().logits(model, images(3)[0]).shape == (3, 10)


def test_train_better_repeats_itself():
    """The same seed gives the same weights; after_epoch is called behind each epoch."""
    book, ends, epochs = notebook(), [], []
    x, y = images(40)
    for _ in range(2):
        torch.manual_seed(0)
        model = book.better_network()
        book.train_better(model, x, y, epochs=2, seed=3, after_epoch=lambda epoch, _: epochs.append(epoch))
        ends.append(torch.cat([each.detach().ravel() for each in model.parameters()]))

    assert torch.equal(*ends)
    assert epochs == [1, 2, 1, 2]


def test_saved_weights_fit_the_better_network():
    """The reference's weights.pt, where it is there, is the state of `better_network`."""
    file = NOTEBOOK.with_name("weights.pt")
    if not file.exists():
        pytest.skip("no weights were trained")
    saved = torch.load(file, weights_only=True)
    model = notebook().load_weights(notebook().better_network(), saved)

    assert file.stat().st_size < 3_000_000
    assert {name: tuple(each.shape) for name, each in saved.items()} == {
        name: tuple(each.shape) for name, each in model.state_dict().items()
    }


@pytest.mark.parametrize("part", ["a", "b", "c", "d"])
def test_the_experiments_run(part, tmp_path, monkeypatch, capsys):
    """Each of `python -m reference.alexnet` trains, saves its plot or its weights, and ends with its result."""
    main = main_module()
    x, y = images(24)
    few = DataSet("shapes", "", Split(x, y), Split(x, y), Split(x, y), source="")
    monkeypatch.setattr(main, "find", lambda *_: few)
    code = notebook()  # run before the name below stands for it
    monkeypatch.setattr(main, "notebook", lambda: code)
    monkeypatch.setattr(sys, "argv", ["x", part, "--epochs", "1", "--out", str(tmp_path)])
    main.main()
    last = capsys.readouterr().out.splitlines()[-1]

    assert (tmp_path / ("weights.pt" if part == "d" else f"{part}.png")).stat().st_size > 1000
    assert re.search(r"test \d+\.\d\d %" if part == "d" else r"validation \d+\.\d %, training \d+\.\d %", last)
    if part == "d":
        monkeypatch.setattr(
            sys, "argv", ["x", "weights", "--weights", str(tmp_path / "weights.pt"), "--out", str(tmp_path)]
        )
        main.main()
        assert capsys.readouterr().out.split()[1] == last.split()[1]


def test_data_are_read_by_the_common_module():
    """What students are given is the course's own reader."""
    assert (
        NOTEBOOK.with_name("cifar10_data.py").read_bytes() == (ROOT / "reference/common/cifar10_data.py").read_bytes()
    )


# --- the handout ---


def handout():
    """The text of the handout."""
    return (ROOT / "assignments/alexnet/handout.md").read_text(encoding="utf-8")


def module_names():
    """The names of assignment.py."""
    return loaded().assignment.checks[0].function.__globals__


def test_points_are_those_of_the_homework():
    """Five points for each part, with what people give, and five of bonus."""
    assignment = loaded().assignment
    points = {each.id: each.max_points + each.by_hand for each in assignment.questions}

    assert points == {"a": 5, "b": 5, "c": 5, "d": 5}
    assert [each.id for each in assignment.questions if each.bonus] == ["d"]


def test_the_handout_tells_the_graded_trainings():
    """Epochs and bars of (d) are those of the assignment and of the notebook."""
    text, runs = " ".join(handout().split()), module_names()["RUNS"]
    small, large = runs["shapes", False], runs["shapes", True]

    assert f"for at most {notebook().EPOCHS} epochs" in text
    assert runs["cifar10", False] is None
    assert runs["cifar10", True].epochs == notebook().EPOCHS
    assert (
        f"{small.train:,} of its images for {small.epochs} epochs, and must reach more than {100 * small.passing:g} %"
        in text
    )
    assert f"{large.train:,} images, {large.epochs} epochs, more than {100 * large.passing:g} %" in text
    assert runs["cifar10", True].passing < 0.845 < np.nextafter(runs["cifar10", True].passing, 1) + 1e-15
    assert "84.5 % of them are enough" in text


# --- right ways to write it ---

CLASS = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Linear(1024, 10)
            self.hidden = nn.ModuleList([nn.Linear(576, 1024), nn.Linear(1024, 1024)])
            self.drops = nn.ModuleList([nn.Dropout(dropout) for _ in range(2)] if dropout else [])
            sizes = [(3, 24, 5), (24, 64, 5), (64, 96, 3), (96, 96, 3), (96, 64, 3)]
            self.convs = nn.ModuleList([nn.Conv2d(i, o, k, padding="same", bias=not batch_norm) for i, o, k in sizes])
            self.norms = nn.ModuleList([nn.BatchNorm2d(o) for _, o, _ in sizes] if batch_norm else [])

        def forward(self, x):
            for number, convolution in enumerate(self.convs):
                x = convolution(x)
                if batch_norm:
                    x = self.norms[number](x)
                x = nn.functional.relu(x)
                if number in (0, 1, 4):
                    x = nn.functional.max_pool2d(x, 3, 2)
            x = x.flatten(1)
            for number, linear in enumerate(self.hidden):
                x = torch.relu(linear(self.drops[number](x) if dropout else x))
            return self.out(x)

    return Net().to(DEVICE)
"""
LOADER = """
    data = torch.utils.data.TensorDataset(as_tensor(images), as_labels(labels))
    model.train()
    losses, hits = [], []
    for x, y in torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True):
        optimizer.zero_grad(set_to_none=False)
        z = model(x)
        each = nn.functional.cross_entropy(z, y, reduction="none")
        each.mean().backward()
        optimizer.step()
        losses += each.tolist()
        hits += (z.argmax(1) == y).tolist()
    return np.mean(losses), np.mean(hits)
"""
SEPARATE = """
    titles = {"training loss": "Loss in training", "training accuracy": "Accuracy in training",
              "validation accuracy": "Accuracy on validation data"}
    for measure, title in titles.items():
        plt.figure()
        for name in histories:
            values = np.array(histories[name][measure])
            plt.plot(np.arange(1, 1 + len(values)), 100 * values if "acc" in measure else values, "o--", label=name)
        plt.title(title)
        plt.xlabel("Epochs")
        plt.ylabel("%" if "acc" in measure else "nats")
        plt.legend(loc="best")
"""


BEARING = {
    "alexnet": ["layers_of_the_table", "outputs_of_the_table", "layers_without_both", "outputs_without_both"],
    "train_epoch": [
        "a_pass_takes_a_step_for_each_batch",
        "steps_go_against_the_gradient",
        "means_over_all_samples",
        "histories_tell_what_happened",
    ],
    "logits": ["outputs_in_eval_mode", "histories_tell_what_happened"],
    "draw": ["three_plots_with_a_curve_for_each_training"],
    "runs_of_a": ["sgd_and_adam_from_the_same_start"],
}


def body(name):
    """The solution of a function of the notebook, to be replaced."""
    match = re.search(
        rf"^def {name}\(.*?### BEGIN SOLUTION\n(.*?)    ### END SOLUTION", file_text(NOTEBOOK), re.S | re.M
    )
    return match[1]


RIGHT = {
    "a class with functions for what has no parameters": ("alexnet", CLASS),
    "a loader, and losses of each sample": ("train_epoch", LOADER),
    "zero_grad behind the step": (
        "train_epoch",
        LOADER.replace("        optimizer.zero_grad(set_to_none=False)\n", "").replace(
            "optimizer.step()\n", "optimizer.step()\n        model.zero_grad()\n"
        ),
    ),
    "numpy's random order": (
        "train_epoch",
        LOADER.replace(
            "torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)",
            "(data[i] for i in np.array_split(np.random.RandomState(torch.randint(9**9, ()).item()).permutation("
            "len(labels)), range(batch_size, len(labels), batch_size)))",
        ),
    ),
    "logits as a tensor, all at once": (
        "logits",
        "    with torch.inference_mode():\n        return model.train(False)(as_tensor(images))\n",
    ),
    "three figures, per cent": ("draw", SEPARATE),
    "in another order, rates by hand": (
        "runs_of_a",
        "    runs = {}\n    for name in ('Adam 5e-5', 'SGD'):\n"
        "        torch.manual_seed(seed)\n        net = alexnet()\n"
        "        make = torch.optim.SGD if name == 'SGD' else torch.optim.Adam\n"
        "        runs[name] = net, make(net.parameters(), lr=1e-3 if name == 'SGD' else 0.00005)\n    return runs\n",
    ),
}


@pytest.mark.parametrize("way", RIGHT)
def test_right_ways_pass(way, edited):
    """Solutions that another good student would write pass every check that they bear on."""
    name, solution = RIGHT[way]
    folder = edited((body(name), solution.lstrip("\n")))
    checks = BEARING[name]

    assert {check: verdict(folder, check) for check in checks} == dict.fromkeys(checks, ("PASSED", ""))


# --- wrong ways ---

WRONG = [
    ("layers_of_the_table", ("*convolution(24, 64, 5)", "*convolution(24, 64, 3)"), "Convolution 2 of the table"),
    ("layers_of_the_table", ("nn.MaxPool2d(3, stride=2),  # (n, 24", "nn.MaxPool2d(2),  # (n, 24"), "Convolution 2"),
    (
        "layers_of_the_table",
        ("layers = [nn.Dropout(dropout)] if", "layers = [nn.Dropout(0.1)] if"),
        "p=0.1; expected 0.5",
    ),
    (
        "layers_of_the_table",
        ("if batch_norm:\n            layers", "if False:\n            layers"),
        "expected BatchNorm2d",
    ),
    ("outputs_of_the_table", ("return [*layers, nn.ReLU()]", "return layers"), "other outputs than the table"),
    (
        "outputs_of_the_table",
        (
            "nn.BatchNorm2d(outputs))\n        return [*layers, nn.ReLU()]",
            "nn.ReLU())\n        return [*layers, *[nn.BatchNorm2d(outputs)] * batch_norm]",
        ),
        "other outputs",
    ),
    (
        "outputs_of_the_table",
        ("nn.Linear(1024, 10),  # (n, 10)", "nn.Linear(1024, 10), nn.Softmax(1),"),
        "other outputs",
    ),
    ("a_pass_takes_a_step_for_each_batch", ("    model.train()\n    images", "    images"), "eval mode"),
    (
        "steps_go_against_the_gradient",
        (
            "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n        loss_sum",
            "        loss.backward()\n        optimizer.step()\n        loss_sum",
        ),
        "moved by",
    ),
    (
        "steps_go_against_the_gradient",
        ("cross_entropy(scores, y)\n        optimizer", "cross_entropy(scores, y, reduction='sum')\n        optimizer"),
        "moved by",
    ),
    (
        "steps_go_against_the_gradient",
        ("cross_entropy(scores, y)\n        optimizer", "cross_entropy(scores.softmax(1), y)\n        optimizer"),
        "moved by",
    ),
    ("means_over_all_samples", ("loss.item() * len(y)", "loss.item() * batch_size"), "two passes"),
    (
        "means_over_all_samples",
        ("torch.randperm(len(labels)).split(batch_size)", "torch.arange(len(labels)).split(batch_size)"),
        "is the order",
    ),
    (
        "means_over_all_samples",
        ("torch.randperm(len(labels)).split", "torch.randint(len(labels), (len(labels),)).split"),
        "two",
    ),
    ("outputs_in_eval_mode", ("    model.eval()\n    starts", "    starts"), "logits"),
    ("histories_tell_what_happened", ("    torch.manual_seed(seed)\n    history", "    history"), "its seed"),
    (
        "histories_tell_what_happened",
        ("    torch.manual_seed(seed)\n    history", "    torch.manual_seed(0)\n    history"),
        "its seed",
    ),
    ("histories_tell_what_happened", ("evaluate(model, *validation)", "evaluate(model, *train)"), "the history"),
    ("three_plots_with_a_curve_for_each_training", ("        plot.legend()\n", ""), "no legend"),
    (
        "three_plots_with_a_curve_for_each_training",
        ("history[measure], label", 'history["training loss"], label'),
        "curve",
    ),
    (
        "sgd_and_adam_from_the_same_start",
        ("torch.optim.SGD(first.parameters())", "torch.optim.SGD(first.parameters(), lr=0.01)"),
        "step 1",
    ),
    (
        "sgd_and_adam_from_the_same_start",
        ("torch.optim.SGD(first.parameters())", "torch.optim.SGD(first.parameters(), momentum=0.9)"),
        "step 2",
    ),
    (
        "sgd_and_adam_from_the_same_start",
        ("torch.optim.Adam(second.parameters(), lr=5e-5)", "torch.optim.RMSprop(second.parameters(), lr=5e-5)"),
        "step 1",
    ),
    ("sgd_and_adam_from_the_same_start", ("    torch.manual_seed(seed)\n    second", "    second"), "same seed"),
    ("sgd_and_adam_from_the_same_start", ("torch.optim.Adam(second", "torch.optim.Adam(first"), "step 1"),
    ("adam_at_the_larger_rate", ("lr=5e-3", "lr=5e-4"), "-0.005"),
    (
        "adam_at_the_larger_rate",
        ("Adam(model.parameters(), lr=5e-3)", "Adam(model[-1].parameters(), lr=5e-3)"),
        "step 1",
    ),
    (
        "starts_as_in_a",
        ("    torch.manual_seed(seed)\n    model = alexnet()\n", "    model = alexnet()\n"),
        "same seed",
    ),
    ("layers_without_both", ("alexnet(batch_norm=False, dropout=0)", "alexnet(batch_norm=False)"), "Dropout"),
    ("layers_without_both", ("alexnet(batch_norm=False, dropout=0)", "alexnet(dropout=0)"), "BatchNorm2d"),
    (
        "adam_as_in_a",
        (
            "dropout=0)\n    return model, torch.optim.Adam(model.parameters(), lr=5e-5)",
            "dropout=0)\n    return model, torch.optim.SGD(model.parameters())",
        ),
        "Adam",
    ),
    ("ten_outputs_of_a_better_network", ("nn.Linear(128, 10)", "nn.Linear(128, 12)"), "(3, 10)"),
    ("ten_outputs_of_a_better_network", ("rate = 0.15", "rate = 0.0"), "did not change the weights"),
]


@pytest.mark.parametrize(("check", "edit", "says"), WRONG, ids=range(len(WRONG)))
def test_wrong_ways_fail(check, edit, says, edited):
    """Mistakes that students make are noticed by the check that they belong to, with a sentence that helps."""
    reported = verdict(edited(edit), check)

    assert reported[0] in ("FAILED", "PARTIAL")
    assert says in reported[1]


# --- (d) ---


class _Hidden:
    """A few hidden images whose labels are what a network says of them, but for some."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)


@pytest.mark.parametrize(("wrong", "expected"), [(3, "PASSED"), (4, "FAILED")])
def test_weights_are_judged_on_hidden_labels(wrong, expected, edited):
    """85 % of the hidden images is enough, less is not."""
    folder, book = edited(), notebook()
    model = book.better_network()
    torch.save(model.state_dict(), folder / "weights.pt")
    x, _ = images(20)
    y = book.logits(model, x).argmax(1)
    y[:wrong] = (y[:wrong] + 1) % 10

    class Data:
        name = "cifar10"
        train = _Hidden(*images(40, seed=1))

    assert verdict(folder, "accuracy_of_the_better_network", data=Data, hidden=_Hidden(x, y))[0] == expected


def test_weights_of_another_network_are_refused(edited):
    """A state that does not fit is reported by name and shape, and a missing file as missing."""

    class Data:
        name = "cifar10"

    folder, hidden = edited(), _Hidden(*images(3))
    missing = verdict(folder, "accuracy_of_the_better_network", data=Data, hidden=hidden)
    torch.save(notebook().alexnet().state_dict(), folder / "weights.pt")
    other = verdict(folder, "accuracy_of_the_better_network", data=Data, hidden=hidden)

    assert missing == ("MISSING", "weights.pt was not handed in.")
    assert other[0] == "FAILED"
    assert "saved" in other[1]
