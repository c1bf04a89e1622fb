"""The linear classifier with hinge loss: its reference, its checks, what the handout claims."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import one_check
import pytest

from autograder.checks import central_differences, relative_error
from autograder.datasets import DataSettings, find
from autograder.loader import load

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "reference/linear_hinge"
MODULES = ("hinge_losses", "hinge_classifier", "hinge_experiments", "cifar10_data")
HANDOUT = (ROOT / "assignments/linear_hinge/handout.md").read_text(encoding="utf-8")
NAIVE = ("svm_loss_naive", "svm_max_loss_naive")
LOSSES = (*NAIVE, "svm_loss_vectorized", "svm_max_loss_vectorized")


@pytest.fixture(scope="module")
def solved():
    """The modules of the reference by name, taken out of Python's table again at the end."""
    sys.path.insert(0, str(FOLDER))
    yield {name: importlib.import_module(name) for name in MODULES}
    sys.path.remove(str(FOLDER))
    for name in MODULES:
        sys.modules.pop(name, None)


@cache
def loaded():
    """The assignment with its reference."""
    return load(ROOT, "linear_hinge")


@cache
def shapes():
    """The embedded data."""
    return find("shapes", DataSettings())


def written():
    """What the assignment's file defines, by name."""
    return loaded().assignment.checks[0].function.__globals__


def verdict(folder, check, *, seed=0):
    """What one check says of a folder, in this process: (verdict, sentence)."""
    return one_check.verdict(loaded(), folder, check, shapes(), seed=seed, share=0.5)


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A function that writes the reference with some texts replaced, and gives its folder."""
    monkeypatch.setenv("MPLBACKEND", "Agg")

    def write(*edits):
        for name in MODULES:
            text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
            for old, new in edits:
                text = text.replace(old, new)
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def problem(seed, n=15, d=7, classes=4):
    """(W, X, y) with weights of size 0.05 and pixels of size 50, far from kinks with overwhelming probability."""
    rng = np.random.default_rng(seed)
    return (
        0.05 * rng.normal(size=(d, classes)),
        rng.uniform(-128, 128, size=(n, d)),
        rng.integers(classes, size=n),
    )


# --- the reference ---


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_gradients_agree_with_differences_of_the_loss(solved, name, reg):
    """Each of the four gradients is that of its own loss, with the penalty."""
    W, X, y = problem(1)
    function = getattr(solved["hinge_losses"], name)
    differences, smooth = central_differences(lambda V: function(V, X, y, reg)[0], W)

    assert np.all(smooth)
    assert relative_error(function(W, X, y, reg)[1], differences) < 1e-6


@pytest.mark.parametrize("form", ["svm_loss", "svm_max_loss"])
def test_loops_and_arrays_give_the_same(solved, form):
    """Without loops come the same loss and gradient as with loops, for any number of samples and classes."""
    for seed, (n, classes) in enumerate([(1, 2), (1, 10), (40, 3)]):
        W, X, y = problem(seed, n=n, classes=classes)
        slow, fast = (getattr(solved["hinge_losses"], f"{form}_{way}")(W, X, y, 0.3) for way in ("naive", "vectorized"))

        assert fast[0] == pytest.approx(slow[0])
        np.testing.assert_allclose(fast[1], slow[1], atol=1e-9)


def test_both_forms_are_the_same_for_two_classes(solved):
    """With two classes there is one margin, its sum and its maximum."""
    W, X, y = problem(2, classes=2)
    first, second = (getattr(solved["hinge_losses"], name)(W, X, y, 0.0) for name in NAIVE)

    assert first[0] == pytest.approx(second[0])
    np.testing.assert_allclose(first[1], second[1])


def test_the_max_form_is_never_larger_than_the_sum_form(solved):
    """The largest violated margin is one of those that are summed."""
    for seed in range(10):
        W, X, y = problem(seed)
        first, second = (getattr(solved["hinge_losses"], name)(W, X, y, 0.0)[0] for name in NAIVE)
        assert 0 <= second <= first


@pytest.mark.parametrize("norm", [1, 2])
def test_the_gradient_of_the_penalty_is_that_of_the_penalty(solved, norm):
    """lambda/2 sum of squares, or lambda times the sum of sizes, with their gradients; 0 at 0."""
    W = problem(3)[0]
    penalty = solved["hinge_losses"].regularization
    differences, _ = central_differences(lambda V: penalty(V, 1.5, norm)[0], W)

    assert relative_error(penalty(W, 1.5, norm)[1], differences) < 1e-6
    assert not np.any(penalty(np.zeros((2, 3)), 1.5, norm)[1])


@pytest.mark.parametrize("form", ["sum", "max"])
@pytest.mark.parametrize("norm", [1, 2])
def test_gradients_of_the_classifier_agree_with_differences(solved, form, norm):
    """W and b have the gradients of the loss, and b is not penalised."""
    W, X, y = problem(4)
    model = solved["hinge_classifier"].LinearClassifier(classes=4, epochs=0, form=form, norm=norm, strength=0.3)
    model.fit(X, y)

    def value(point):
        model.W, model.b = point["W"], point["b"]
        return model.loss(X, y)[0]

    at = {"W": W, "b": np.array([0.3, -0.2, 0.1, 0.0])}
    differences, _ = central_differences(value, at)
    value(at)
    _, dW, db = model.loss(X, y)

    assert relative_error(dW, differences["W"]) < 1e-6
    assert relative_error(db, differences["b"]) < 1e-6


def test_fit_keeps_the_history_every_so_many_iterations(solved):
    """Iterations 0, 5, 10 ... of all epochs; losses of both sets, which fall."""
    data = shapes()
    x, y = data.train.x[:90], data.train.y[:90]
    model = solved["hinge_classifier"].LinearClassifier(epochs=4, batch_size=20, every=5)

    assert model.fit(x, y, (data.validation.x[:50], data.validation.y[:50])) is model
    assert model.history["iteration"] == [0, 5, 10, 15]
    for losses in (model.history["training_loss"], model.history["validation_loss"]):
        assert len(losses) == 4
        assert losses[-1] < losses[0]
    assert (model.W.shape, model.b.shape, model.predict(x).shape) == ((3072, 10), (10,), (90,))


def test_one_seed_gives_one_classifier(solved):
    """All that is random comes from the seed."""
    _, X, y = problem(5)
    weights = [
        solved["hinge_classifier"].LinearClassifier(classes=4, batch_size=4, seed=seed).fit(X, y).W
        for seed in (1, 1, 2)
    ]

    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.any(weights[0] != weights[2])


def test_it_learns_shapes(solved):
    """Five epochs on the stand-in give more than twice what chance gives."""
    data = shapes()
    model = solved["hinge_classifier"].LinearClassifier(epochs=5, batch_size=100).fit(data.train.x, data.train.y)

    assert model.accuracy(data.hidden.x, data.hidden.y) > 0.22


def test_the_search_is_zipped_and_survives_settings_that_overflow(solved):
    """One result a combination, also where weights become inf or nan; the best by validation is returned."""
    _, X, y = problem(6, n=40)
    best, results = solved["hinge_experiments"].search(
        (X[:30], y[:30]), (X[30:], y[30:]), rates=(1e-4, 1e30), strengths=(0.1, 1e30), norms=(1, 2), batch_sizes=(5, 7),
        classes=4, epochs=30,
    )  # fmt: skip

    assert [(each["learning_rate"], each["norm"], each["batch_size"]) for each in results] == [
        (1e-4, 1, 5),
        (1e30, 2, 7),
    ]
    assert best.accuracy(X[30:], y[30:]) == max(each["validation_accuracy"] for each in results)


def test_the_published_combinations_are_eight(solved):
    """The four lists of the handout, of one length; the fourth is the published best."""
    module = solved["hinge_experiments"]
    combinations = list(zip(module.RATES, module.STRENGTHS, module.NORMS, module.BATCH_SIZES, strict=True))

    assert len(combinations) == 8
    assert combinations[3] == (3e-7, 1e4, 2, 400)


def test_importing_the_experiments_runs_nothing():
    """They wait for `main`."""
    code = "import matplotlib; matplotlib.use('Agg'); import hinge_experiments; print(hinge_experiments.NORMS)"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, capture_output=True, text=True, check=True)

    assert done.stdout == "(1, 2, 1, 2, 1, 2, 1, 2)\n"


def test_the_command_line_trains_prints_and_draws(tmp_path):
    """`python -m reference.linear_hinge best` ends with the three accuracies, and saves both figures."""
    command = [sys.executable, "-m", "reference.linear_hinge", "best", "--data", "shapes", "--epochs", "1"]
    done = subprocess.run([*command, "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True)

    assert re.fullmatch(r"test [\d.]+ %, validation [\d.]+ %, training [\d.]+ %", done.stdout.splitlines()[-1])
    assert {each.name for each in tmp_path.iterdir()} == {"sum_form_losses.png", "sum_form_templates.png"}


def test_the_data_module_is_the_common_one():
    """Students of all assignments get the same reader."""
    assert (FOLDER / "cifar10_data.py").read_bytes() == (ROOT / "reference/common/cifar10_data.py").read_bytes()


# --- the handout ---


def test_the_worked_example_is_right(solved):
    """The scores, losses and gradients of the handout are those of the reference."""
    W, X, y = np.array([[1.0, 0, 2], [0, 1, -1]]), np.array([[3.0, 1], [1, 2]]), np.array([0, 2])

    np.testing.assert_array_equal(X @ W, [[3, 1, 5], [1, 2, 0]])
    assert "s = (3, 1, 5)" in HANDOUT
    assert "s = (1, 2, 0)" in HANDOUT
    loss, gradient = solved["hinge_losses"].svm_loss_vectorized(W, X, y, 0.0)
    assert loss == 4
    np.testing.assert_array_equal(gradient, [[-1, 1 / 2, 1 / 2], [1 / 2, 1, -3 / 2]])
    loss, gradient = solved["hinge_losses"].svm_max_loss_vectorized(W, X, y, 0.0)
    assert loss == 3
    np.testing.assert_array_equal(gradient, [[-3 / 2, 1 / 2, 1], [-1 / 2, 1, -1 / 2]])


def test_points_are_those_of_the_handout():
    """Nine points for each question with checks, four for the written answers: 40 in all."""
    assignment = loaded().assignment

    assert [(each.id, each.max_points) for each in assignment.questions] == [*((q, 9) for q in "abcd"), ("e", 0)]
    assert assignment.by_hand == 4
    assert "| (e) Two questions | 4 |" in HANDOUT


def test_the_handout_states_the_thresholds_of_the_runs():
    """Images, epochs and accuracies of the table are those that are graded."""
    runs = written()["RUNS"]
    for (_, data, full), run in runs.items():
        if data == "cifar10":
            text = f"{run.train:,} images, {run.epochs} epochs: above {100 * run.passing:g} %"
            assert text in HANDOUT
        else:
            assert f"above {100 * run.passing:g} %" in HANDOUT
            assert not full or f"in full {run.epochs} epochs" in HANDOUT


# --- the checks ---

SLOW = {"sum_form_is_faster_than_loops", "max_form_is_faster_than_loops"}


def test_every_check_accepts_the_reference(edited):
    """On the embedded data the reference passes each check; its speed is tried by the validation of the assignment."""
    folder = edited()
    verdicts = {check.id: verdict(folder, check.id) for check in loaded().assignment.checks if check.id not in SLOW}

    assert verdicts == dict.fromkeys(verdicts, ("PASSED", ""))


PER_SAMPLE = """    loss, dW = 0.0, 0 * W
    for i in range(len(X)):
        margins = np.maximum(0, X[i] @ W - X[i] @ W[:, y[i]] + 1)
        margins[y[i]] = 0
        loss += margins.sum() / len(X)
        slopes = (margins > 0) * 1.0
        slopes[y[i]] = -slopes.sum()
        dW += np.outer(X[i], slopes) / len(X)
    return loss + 0.5 * reg * (W * W).sum(), dW + reg * W
"""
WELCOME = {
    "float32": ("    return loss / len(X) + penalty, dW / len(X) + slope",
                "    return np.float32(loss / len(X) + penalty), np.float32(dW / len(X) + slope)"),
    "a list": ("    return loss / len(X) + penalty, dW / len(X) + slope",
               "    return [loss / len(X) + penalty, dW / len(X) + slope]"),
    "one-hot rows": ("    slopes[samples, y] -= 1\n", "    slopes = slopes - np.eye(W.shape[1])[y]\n"),
    "in place": ("        self.W = self.W - self.learning_rate * dW\n", "        self.W -= self.learning_rate * dW\n"),
    "own penalty": ("penalty, slope = regularization(W, reg, 2)",
                    "penalty, slope = reg * 0.5 * np.sum(W * W), reg * W"),
    "mean taken off the scores": ("        return self.centered(X) @ self.W + self.b\n",
                                  "        rows = np.float32(X.reshape(len(X), -1))\n"
                                  "        return np.dot(rows, self.W) - self.mean @ self.W + self.b\n"),
    "subplots": ("    plt.figure()\n", "    plt.subplots(2, 1)\n"),
    "one scale for all": ("        low, high = template.min(), template.max()\n",
                          "        low, high = W.min(), W.max()\n"),
    "bytes": ("        plot.imshow((template - low) / (high - low))\n",
              "        plot.imshow((255 * (template - low) / (high - low)).astype(np.uint8))\n"),
    "single subplots": ("    for plot, name, weights in zip(plots.flat, names, W.T, strict=False):\n",
                        "    for k, (name, weights) in enumerate(zip(names, W.T)):\n"
                        "        plot = plt.subplot(2, 5, k + 1)\n"),
}  # fmt: skip


@pytest.mark.parametrize("variant", WELCOME)
def test_right_solutions_may_come_in_many_forms(edited, variant):
    """Other dtypes, containers, layouts and ways of drawing pass."""
    folder = edited(WELCOME[variant])
    text = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES)
    assert WELCOME[variant][1] in text
    checks = [each.id for each in loaded().assignment.checks if each.id not in SLOW and "accuracy" not in each.id]

    assert {check: verdict(folder, check) for check in checks} == dict.fromkeys(checks, ("PASSED", ""))


def test_loops_over_samples_alone_are_loops(edited):
    """A naive loss that loops over samples and not over classes passes every check of its values."""
    folder = edited()
    text = (folder / "hinge_losses.py").read_text(encoding="utf-8")
    (folder / "hinge_losses.py").write_text(text.replace("    loss = 0.0\n", PER_SAMPLE, 1), encoding="utf-8")

    for check in ("losses_by_hand_with_loops", "gradient_of_the_sum_form_with_loops", "sum_form_with_loops"):
        assert verdict(folder, check) == ("PASSED", "")


@pytest.mark.parametrize(
    ("edit", "check", "sentence"),
    [
        (("strength / 2 *", "strength *"), "penalty_by_hand", r"the penalty of regularization.* twice too large"),
        (("strength * np.sign(W)", "strength * np.sign(W - 1)"), "penalty_by_hand", r"the gradient of regularization"),
        (("loss / len(X) + penalty", "loss + penalty"), "losses_by_hand_with_loops", r"the loss of svm_loss_naive"),
        (
            ("                dW[:, right] -= x\n", ""),
            "gradient_of_the_sum_form_with_loops",
            r"the gradient of svm_loss_naive is wrong",
        ),
        (
            ("        dW[:, rival] += x\n", ""),
            "gradient_of_the_max_form_with_loops",
            r"the gradient of svm_max_loss_naive is wrong",
        ),
        (
            ("    return loss / len(X) + penalty, dW / len(X) + slope", "    return loss / len(X) + penalty"),
            "losses_by_hand_with_loops",
            r"svm_loss_naive must return two things: a number, and the gradient",
        ),
        (
            ("X.T @ slopes / len(X) + slope", "slopes.T @ X / len(X) + slope.T"),
            "losses_by_hand_without_loops",
            r"the gradient of svm_loss_vectorized has the shape \(3, 2\); expected \(2, 3\)",
        ),
        (
            ("    samples = np.arange(len(X))\n", "    samples = [i for i in range(len(X))]\n"),
            "no_loop_is_left",
            r"svm_loss_vectorized has a loop",
        ),
        (("gradient[:-1] + slope, gradient[-1]", "gradient[:-1] + slope"), "loss_of_the_classifier", r"three things"),
        (("self.b - self.learning_rate * db", "self.b"), "twenty_steps", r"what b moved by"),
        (("return np.argmax(self.scores(X), axis=1)", "return np.argmin(self.scores(X), axis=1)"),
         "predictions_by_hand", r"predict\(X\)\[0\] is 1; expected 0"),
        (("return best, results", "return results"), "eight_combinations_are_no_grid", r"search must return"),
        (("return best, results", "return None, results"), "eight_combinations_are_no_grid", r"not NoneType"),
        (("return best, results", "return best, results * 9"), "eight_combinations_are_no_grid",
         r"27 results for 3 combinations; the lists of settings are zipped"),
        (("return best, results", "return best, results[::-1]"), "eight_combinations_are_no_grid",
         r"learning_rate of result 1 of search"),
        (("        results.append({**combination, **accuracies})", "        results.append(combination)"),
         "eight_combinations_are_no_grid", r"no number 'training_accuracy'|KeyError"),
        (("        best = classifier\n", "        best = best or classifier\n"), "best_on_the_validation_set",
         r"not the one with the highest validation accuracy"),
        (("*validation),\n            }", "*training),\n            }"), "best_on_the_validation_set",
         r"the validation accuracy of combination"),
        (('plt.xlabel("iteration")', "pass"), "losses_are_drawn", r"no label on its x axis"),
        (("history[\"validation_loss\"], label", "history[\"training_loss\"], label"),
         "losses_are_those_of_the_history", r"curve 'val'"),
        (("plot.set_title(name)", "pass"), "ten_templates_are_drawn", r"whose title or y label says"),
        (("weights.reshape(32, 32, 3)", "weights.reshape(3, 32, 32).transpose(1, 2, 0)"), "templates_are_the_weights",
         r"shows something else"),
        (("reshape(32, 32, 3)", "reshape(32, 32, 3).swapaxes(0, 1)"), "templates_are_the_weights", r"transposed"),
    ],
)  # fmt: skip
def test_each_miss_has_its_sentence(edited, edit, check, sentence):
    """What is wrong is named, with what came and what was expected."""
    found, message = verdict(edited(edit), check)

    assert found in ("FAILED", "PARTIAL", "RAISED")
    assert re.search(sentence, message), message


def test_no_sample_of_a_check_is_near_a_kink():
    """Margins of the random samples are at least 1e-4 away from 0 and, the two largest, from each other."""
    W, X, y = written()["problem"](np.random.default_rng(0), n=500, d=8, classes=5)
    scores = X @ W
    margins = np.delete(1 + scores - scores[np.arange(500), y][:, None], 0, axis=1)[y == 0]
    largest = np.sort(margins, axis=1)

    assert np.min(np.abs(margins)) > 1e-4
    assert np.min(largest[:, -1] - largest[:, -2]) > 1e-4
    violated = np.sum(margins > 0, axis=1)
    assert np.mean(violated == 0) > 0.1  # some samples have no violated margin, some have several
    assert np.mean(violated > 1) > 0.1


def test_arrays_are_faster_than_loops(edited):
    """The check of the speed says how many times, for a loss without loops that is the one with loops."""
    folder = edited(
        ("    samples = np.arange(len(X))\n    scores", "    return svm_loss_naive(W, X, y, reg)\n    scores")
    )
    found, message = verdict(folder, "sum_form_is_faster_than_loops")

    assert found == "FAILED"
    faster = r"svm_loss_vectorized took .* and the same with loops .* times faster; expected at least 3"
    assert re.search(faster, message)
