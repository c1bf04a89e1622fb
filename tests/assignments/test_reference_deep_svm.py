"""The deep SVM assignment: losses, multipliers, layers and nets of the reference, and what its checks say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import one_check
import pytest

from autograder.checks import central_differences, relative_error
from autograder.datasets import DataSettings, find
from autograder.loader import load

torch = pytest.importorskip("torch")
from torch.nn import functional  # noqa: E402

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "reference" / "deep_svm"
sys.path.append(str(FOLDER))
LOSSES, EXACT, LAYERS, PCA, NETS, TRAINING = (
    import_module(f"deep_svm_{name}") for name in ("losses", "exact", "layers", "pca", "nets", "training")
)


@cache
def loaded():
    """The assignment as the toolkit loads it."""
    return load(ROOT, "deep_svm")


@cache
def digits():
    """The embedded digits."""
    return find("digits", DataSettings.from_environment())


def verdict(folder, check, *, seed=0):
    """What one check says of a folder, in this process: (verdict, sentence)."""
    return one_check.verdict(loaded(), folder, check, digits(), seed=seed)


@pytest.fixture
def edited(tmp_path):
    """A function that writes the reference with one text replaced, and gives its folder."""

    def write(old="", new=""):
        texts = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.py") if path.name != "__main__.py"}
        assert not old or sum(text.count(old) for text in texts.values()) == 1, old
        for name, text in texts.items():
            (tmp_path / name).write_text(text.replace(old, new) if old else text, "utf-8")
        return tmp_path

    return write


def problem(seed=0, samples=6, features=4, classes=3):
    """Random W, H, y."""
    rng = np.random.default_rng(seed)
    w, h = rng.normal(size=(classes, features)), rng.normal(size=(samples, features))
    return w, h, rng.integers(classes, size=samples)


def two_class(seed=0, samples=12, features=15):
    """Random features, signs and kernel matrix; K is positive definite."""
    rng = np.random.default_rng(seed)
    h, t = rng.normal(size=(samples, features)), rng.choice([-1.0, 1.0], size=samples)
    return h, t, h @ h.T


# --- losses ---


@pytest.mark.parametrize("name", ["hinge_loss", "l2svm_loss"])
def test_gradients_agree_with_differences_of_the_loss(name):
    """(dW, dH) is the gradient of the loss."""
    w, h, y = problem()
    loss = getattr(LOSSES, name)
    expected, _ = central_differences(lambda at: loss(at[0], at[1], y, 0.7)[0], [w, h])

    assert max(relative_error(a, b) for a, b in zip(loss(w, h, y, 0.7)[1:], expected, strict=True)) < 1e-6


@pytest.mark.parametrize("power", [1, 2])
def test_slack_gradients_agree_with_differences_of_the_loss(power):
    """(dW, dH, dnu) is the gradient of the slack-variable loss."""
    w, h, y = problem(1)
    nu = np.random.default_rng(2).normal(size=(6, 3))
    expected, _ = central_differences(
        lambda at: LOSSES.slack_loss(at[0], at[1], y, at[2], 0.7, 0.4, power)[0], [w, h, nu]
    )
    got = LOSSES.slack_loss(w, h, y, nu, 0.7, 0.4, power)[1:]

    assert max(relative_error(a, b) for a, b in zip(got, expected, strict=True)) < 1e-6


def test_all_signs_together_make_n_times_two_minus_k():
    """As the handout says."""
    assert LOSSES.signs(np.arange(40) % 5, 5).sum() == 40 * (2 - 5)


def test_the_soft_margin_with_its_smallest_slacks_is_the_hinge_form():
    """No constraint is violated, and the objective is the hinge loss."""
    w, h, y = problem(3)
    objective, violation = LOSSES.soft_margin(w, h, y, LOSSES.smallest_slacks(w, h, y), 0.7)

    assert objective == pytest.approx(LOSSES.hinge_loss(w, h, y, 0.7)[0])
    assert violation.max() < 1e-12


def test_the_gradient_at_nu_zero_is_zero_and_descent_stays_there():
    """Even though every constraint is violated."""
    _, h, y = problem(4)
    w, nu = np.zeros((3, 4)), np.zeros((6, 3))

    assert not np.any(LOSSES.slack_loss(w, h, y, nu, 1.0, 0.1)[3])
    assert not np.any(LOSSES.descend(w, h, y, nu, 1.0, 0.1, rate=0.01, steps=20)[1])
    assert np.all(LOSSES.descend(w, h, y, nu + 0.1, 1.0, 0.1, rate=0.01, steps=20)[1] != 0.1)


def test_a_positive_start_finds_the_soft_margin_and_zero_another_problem():
    """Where slack is needed, descent from nu = 0 ends at the hinge form of price 1 / lambda."""
    h, t, kernel = two_class(5)
    price = 0.3 * EXACT.multipliers(kernel, t, np.inf).max()
    alpha = EXACT.multipliers(kernel, t, price)
    best = alpha.sum() - 0.5 * np.sum(((alpha * t) @ h) ** 2)
    y = np.where(t > 0, 0, 1)
    losses = {}
    for start in (0.0, 1.0):
        w, nu = np.zeros((2, 15)), np.full((12, 2), start)
        for rate in 0.05 * 0.5 ** np.arange(8):
            w, nu, history = LOSSES.descend(w, h, y, nu, price, 1 / (4 * price), 1, rate, 500)
        losses[start] = history[-1]

    assert losses[1.0] == pytest.approx(2 * best, rel=0.01)
    assert losses[0.0] > 1.05 * 2 * best


# --- the penalty ---


@pytest.mark.parametrize("price", [np.inf, 0.05])
def test_the_dual_gap_of_the_multipliers_is_zero(price):
    """Primal and dual value agree, so both are optimal."""
    h, t, kernel = two_class()
    alpha = EXACT.multipliers(kernel, t, price)
    w = (alpha * t) @ h
    missing = np.maximum(1 - t * (h @ w), 0).sum()
    primal = 0.5 * w @ w + (price * missing if np.isfinite(price) else 0)

    assert missing < 1e-8 or np.isfinite(price)
    assert primal == pytest.approx(alpha.sum() - 0.5 * w @ w, rel=1e-8)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("factor", [0.5, 0.95, 1.05, 3.0])
def test_the_penalty_form_has_the_minimiser_that_the_handout_derives(factor, power):
    """A general solver agrees; power 1 is exact from 1 / lambda = max alpha on, power 2 never."""
    optimize = pytest.importorskip("scipy.optimize")
    h, t, kernel = two_class()
    hard = EXACT.multipliers(kernel, t, np.inf)
    price, lam = 10 * hard.max(), 1 / (factor * hard.max())
    n, d = h.shape
    sides = np.hstack([t[:, None] * h, np.eye(n), np.eye(n)])
    solved = optimize.minimize(
        lambda p: 0.5 * p[:d] @ p[:d] + price * p[d : d + n].sum() + (p[d + n :] ** power).sum() / (power * lam),
        np.concatenate([np.zeros(d), np.ones(2 * n)]),
        jac=lambda p: np.concatenate([p[:d], np.full(n, price), p[d + n :] ** (power - 1) / lam]),
        method="SLSQP",
        bounds=[(None, None)] * d + [(0, None)] * (2 * n),
        constraints={"type": "ineq", "fun": lambda p: sides @ p - 1, "jac": lambda _: sides},
        options={"maxiter": 500, "ftol": 1e-14},
    ).x[:d]
    derived = (EXACT.penalty_multipliers(kernel, t, price, lam, power) * t) @ h
    distance = relative_error(solved, (hard * t) @ h)

    assert relative_error(solved, derived) < 1e-4
    assert (distance < 1e-4) == (power == 1 and factor > 1)
    assert EXACT.penalty_is_exact(kernel, t, price, lam) == (factor > 1)


def test_the_smallest_eigenvalue_bounds_every_multiplier():
    """For random kernels, labels and prices, and tightly for one sample."""
    rng = np.random.default_rng(6)
    for _ in range(30):
        samples = int(rng.integers(1, 9))
        _, t, kernel = two_class(int(rng.integers(1 << 30)), samples, samples + 1)
        bound = EXACT.largest_multiplier_bound(kernel)
        for price in (np.inf, 0.3 * bound):
            assert EXACT.multipliers(kernel, t, price).max() <= bound * (1 + 1e-9)

    assert (
        EXACT.multipliers(np.array([[4.0]]), np.ones(1), np.inf)[0] == EXACT.largest_multiplier_bound([[4.0]]) == 0.25
    )


def test_one_over_the_smallest_eigenvalue_is_not_enough():
    """The two samples of the handout."""
    kernel = np.array([[1.0, -5.0], [-5.0, 100.0]])
    alpha = EXACT.multipliers(kernel, np.ones(2), np.inf)

    assert alpha == pytest.approx([1.4, 0.08])
    assert 1 / np.linalg.eigvalsh(kernel)[0] == pytest.approx(1.34, abs=0.005)
    assert EXACT.largest_multiplier_bound(kernel) == pytest.approx(1.61, abs=0.005)


def test_the_quadratic_penalty_is_near_by_the_ratio_of_lambda_and_the_smallest_eigenvalue():
    """|alpha_lambda - alpha| <= lambda / (sigma + lambda) |alpha|, where all samples are on the margin."""
    kernel, t = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([1.0, -1.0])
    sigma, hard = np.linalg.eigvalsh(kernel)[0], EXACT.multipliers(kernel, t, np.inf)
    for lam in (0.01, 0.1, 1.0):
        off = np.linalg.norm(EXACT.penalty_multipliers(kernel, t, np.inf, lam, 2) - hard)
        assert 0 < off <= lam / (sigma + lam) * np.linalg.norm(hard)


# --- layers ---


@pytest.mark.parametrize(("layer", "loss"), [("HingeLayer", "hinge_loss"), ("L2SVMLayer", "l2svm_loss")])
def test_a_layer_is_the_numpy_loss_divided_by_c_and_n(layer, loss):
    """With decay = 1 / (C N) and no bias."""
    w, h, y = problem(7)
    top = getattr(LAYERS, layer)(4, 3, decay=1 / (0.7 * 6)).double()
    with torch.no_grad():
        top.linear.weight.copy_(torch.tensor(w))
        top.linear.bias.zero_()
    features = torch.tensor(h, requires_grad=True)
    got = top.loss(top(features), torch.tensor(y))
    got.backward()
    want, dW, dH = getattr(LOSSES, loss)(w, h, y, 0.7)

    assert got.item() == pytest.approx(want / (0.7 * 6))
    assert relative_error(features.grad.numpy(), dH / (0.7 * 6)) < 1e-12
    assert relative_error(top.linear.weight.grad.numpy(), dW / (0.7 * 6)) < 1e-12


def test_the_slack_layer_has_the_hinge_as_its_minimum_over_nu():
    """At nu^2 = the smallest slack the loss is that of the hinge layer, for a weight of 1 and more."""
    scores, y = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 1, 0])
    top = LAYERS.SlackLayer(4, 3, 9, weight=1.5)
    index = torch.tensor([8, 2, 4, 0, 1])
    slack = (1 - LAYERS.sign_targets(y, 3) * scores).clamp(min=0)
    with torch.no_grad():
        top.double().nu[index] = slack.sqrt()

    assert top.data_loss(scores, y, index).item() == pytest.approx(LAYERS.HingeLayer(4, 3).data_loss(scores, y).item())


def test_slack_variables_must_start_positive():
    """Zero and less are refused."""
    for start in (0.0, -1.0):
        with pytest.raises(ValueError, match="must start positive"):
            LAYERS.SlackLayer(2, 3, 4, start=start)


# --- nets ---


def test_parameters_are_counted():
    """The dense body and the convolutional one."""
    count = lambda body: sum(each.numel() for each in body.parameters())  # noqa: E731

    assert count(NETS.dense_body()) == 70 * 512 + 512 + 512 * 512 + 512
    assert count(NETS.conv_body(24, 128)) == 672 + 10_416 + 20_784 + 98_432


def test_images_pass_through_the_convolutional_body():
    """Bytes (n, 32, 32, 3) become features; flips happen in train mode only."""
    x = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8)
    net = NETS.DeepNet(NETS.conv_body(4, 16), LAYERS.SoftmaxLayer(16, 10), NETS.RandomFlip())

    assert net(x).shape == (6, 10)
    assert torch.equal(net.eval().noise(x), x)
    flipped = net.train().noise(x)
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(1)) for a, b in zip(flipped, x, strict=True))


def test_components_have_falling_variances():
    """Projections have mean 0, falling variances, and no covariance."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(50, 6)) * [1, 5, 3, 2, 4, 0.1] + 7
    z, _ = PCA.reduced(X, X[:2], 4)
    covariance = z.T @ z / 50

    assert np.abs(z.mean(axis=0)).max() < 1e-12
    assert np.all(np.diff(np.diag(covariance)) < 0)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-10


def test_both_tops_learn_and_each_is_better_in_its_own_loss():
    """On the embedded digits, 70 components, a few epochs."""
    train, test = digits().train, digits().hidden
    z, test_z = PCA.reduced(train.x.astype(np.float64), test.x.astype(np.float64), 40)
    x, test_x = (torch.tensor(part, dtype=torch.float32) for part in (z, test_z))
    y, test_y = (torch.tensor(split.y) for split in (train, test))
    nets = TRAINING.compare(x, y, width=64, noise=0.5, epochs=15, batch=50)
    found = {name: (TRAINING.measures(net, test_x, test_y), TRAINING.measures(net, x, y)) for name, net in nets.items()}

    assert all(row[0]["error"] < 0.15 for row in found.values())
    assert found["softmax"][1]["cross_entropy"] < found["L2-SVM"][1]["cross_entropy"]
    assert found["softmax"][1]["squared_hinge"] > found["L2-SVM"][1]["squared_hinge"]


def test_the_continuation_begins_where_the_svm_ended():
    """Same scores; training it lowers its cross-entropy and leaves the SVM net alone."""
    torch.manual_seed(0)
    x, y = torch.randn(40, 5), torch.arange(40) % 3
    net = NETS.DeepNet(NETS.dense_body(5, 8), LAYERS.L2SVMLayer(8, 3, 1e-3), NETS.GaussianNoise(0.0))
    TRAINING.fit(net, x, y, 5, batch=10)
    further = NETS.continue_with_softmax(net)
    before, scores = TRAINING.measures(further, x, y), TRAINING.scores_of(net, x)

    assert torch.equal(TRAINING.scores_of(further, x), scores)
    assert further.top.decay == net.top.decay
    TRAINING.fit(further, x, y, 5, batch=10)
    assert TRAINING.measures(further, x, y)["cross_entropy"] < before["cross_entropy"]
    assert torch.equal(TRAINING.scores_of(net, x), scores)


def test_measures_are_those_of_torch():
    """Cross-entropy and error; and the convention of the squared hinge."""
    torch.manual_seed(1)
    net = NETS.DeepNet(NETS.dense_body(3, 5), LAYERS.SoftmaxLayer(5, 4))
    x, y = torch.randn(9, 3), torch.arange(9) % 4
    scores = TRAINING.scores_of(net, x)
    found = TRAINING.measures(net, x, y)
    signs = 2 * functional.one_hot(y, 4) - 1

    assert found["error"] == pytest.approx(float((scores.argmax(1) != y).float().mean()))
    assert found["cross_entropy"] == pytest.approx(float(functional.cross_entropy(scores, y)))
    assert found["squared_hinge"] == pytest.approx(float(((1 - signs * scores).clamp(min=0) ** 2).sum() / 9))


# --- the checks ---


def test_points_are_those_of_the_handout():
    """15, 10, 10, 12 and 9."""
    assert [(each.id, each.max_points) for each in loaded().assignment.questions] == [
        ("a", 15),
        ("b", 10),
        ("c", 10),
        ("d", 12),
        ("e", 9),
    ]


def test_every_check_accepts_the_reference(edited):
    """On the embedded digits the reference passes each check."""
    folder = edited()
    found = {check.id: verdict(folder, check.id) for check in loaded().assignment.checks}

    assert found == dict.fromkeys(found, ("PASSED", ""))


WELCOME = {
    "lists": (
        "return loss, W + ds.T @ H, ds @ W, 2 * nu * (C - dv)",
        "return [loss, W + ds.T @ H, ds @ W, 2 * nu * (C - dv)]",
        "slack_gradients",
    ),
    "float32": (
        "    t = signs(y, len(W))  # (N, K)\n    margins = np.maximum(1 - t * (H @ W.T), 0)  # (N, K)\n    ds = -2 * C",
        "    W, H = np.float32(W), np.float32(H)\n    t = signs(y, len(W)).astype(np.float32)\n"
        "    margins = np.maximum(1 - t * (H @ W.T), 0)  # (N, K)\n    ds = -2 * C",
        "l2svm_gradients",
    ),
    "integer signs": ("np.asarray(y)[:, None], 1.0, -1.0)", "np.asarray(y)[:, None], 1, -1)", "hinge_gradients"),
    "one-hot of integers": (
        "2 * functional.one_hot(y, classes).to(torch.get_default_dtype()) - 1",
        "2 * functional.one_hot(y, classes) - 1",
        "l2svm_layer",
    ),
    "relu": (
        "(margins.clamp(min=0) ** 2).sum(dim=1).mean()\n        ### END",
        "(torch.relu(margins) ** 2).mean(0).sum()\n        ### END",
        "l2svm_layer",
    ),
    "normal": ("self.sd * torch.randn_like(x)", "torch.normal(0.0, self.sd, x.shape)", "noise_only_in_train_mode"),
    "singular vectors": (
        "    _, vectors = np.linalg.eigh(centred.T @ centred)  # eigenvalues rise; the factor 1 / n changes no vector\n"
        "    return mean, vectors[:, ::-1][:, :k].T",
        "    return mean, -np.linalg.svd(centred, full_matrices=False)[2][:k]",
        "components_in_order_and_from_the_training_set",
    ),
    "another order of updates": (
        "for n in range(len(K)):",
        "for n in reversed(range(len(K))):",
        "multipliers_of_random_problems",
    ),
}


@pytest.mark.parametrize("variant", WELCOME)
def test_right_answers_may_come_in_many_forms(edited, variant):
    """Other types, other functions, other signs of components."""
    old, new, check = WELCOME[variant]

    assert verdict(edited(old, new), check) == ("PASSED", "")


MISSES = {
    "factor 2": ("ds = -2 * C * t * margins", "ds = -C * t * margins", "l2svm_gradients", "dW .*dH|dH"),
    "mean": (
        "0.5 * np.sum(W**2) + C * np.sum(margins**2)",
        "0.5 * np.sum(W**2) + C * np.mean(margins**2)",
        "l2svm_gradient_of_a_small_problem",
        "loss of the example is 3.479",
    ),
    "two things": (
        "return loss, W + ds.T @ H, ds @ W, 2 * nu * (C - dv)",
        "return loss, W + ds.T @ H",
        "slack_gradients",
        r"must return 4 things, \(loss, dW, dH, dnu\)",
    ),
    "one over sigma": (
        "(1 + np.sqrt(len(K))) / (2 * sigma)",
        "1 / sigma",
        "bound_on_the_multipliers",
        "bound of 2 samples is",
    ),
    "start at zero": (
        "        if not start > 0:",
        "        if False:",
        "slack_variables_start_positive",
        "with start=0 returned .*must raise ValueError",
    ),
    "index": ("squares = self.nu[index] ** 2", "squares = self.nu[: len(y)] ** 2", "slack_layer", "SlackLayer|nu"),
    "detached": (
        "margins.clamp(min=0).sum(dim=1).mean()",
        "margins.clamp(min=0).sum(dim=1).mean().detach()",
        "hinge_layer",
        "no gradient with respect to h",
    ),
    "smallest variance": (
        "vectors[:, ::-1][:, :k].T",
        "vectors[:, :k].T",
        "components_of_a_line",
        "absolute values of components",
    ),
    "leak": (
        "return (train_x - mean) @ components.T, (other_x - mean) @",
        "return (train_x - mean) @ components.T, (other_x - other_x.mean(axis=0)) @",
        "components_in_order_and_from_the_training_set",
        "other_z",
    ),
    "noise in eval": (
        "if not self.training or self.sd == 0:",
        "if self.sd == 0:",
        "noise_only_in_train_mode",
        "in eval mode",
    ),
    "eval mode": ("        net.train()\n", "", "samples_noise_and_mode", "trains in eval mode"),
    "order": ("torch.randperm(len(x))", "torch.arange(len(x))", "samples_noise_and_mode", "in the same order"),
    "drop last": (
        "torch.randperm(len(x)).split(batch)",
        "torch.randperm(len(x))[: len(x) // batch * batch].split(batch)",
        "samples_noise_and_mode",
        "4, 4, 3 in each epoch",
    ),
    "zero_grad": ("            optimizer.zero_grad()\n", "", "steps_of_training", "after 6 epochs"),
    "seed once": ("        torch.manual_seed(seed)\n", "", "both_tops_start_alike", "of the L2-SVM net at its start"),
    "shared": (
        "return DeepNet(copy.deepcopy(net.body), top,",
        "return DeepNet(net.body, top,",
        "softmax_goes_on_from_the_svm",
        "of the first net after",
    ),
}


@pytest.mark.parametrize("slip", MISSES)
def test_each_miss_has_its_sentence(edited, slip):
    """What is wrong is named."""
    old, new, check, sentence = MISSES[slip]
    found, message = verdict(edited(old, new), check)

    assert found in ("FAILED", "PARTIAL")
    assert re.search(sentence, message), message


def test_a_layer_that_refuses_everything_refuses_no_start_on_purpose(edited):
    """An error that comes for every start earns nothing of what is asked about a start at zero."""
    found, message = verdict(edited("        if not start > 0:", "        if True:"), "slack_variables_start_positive")

    assert found == "RAISED", message


# --- the experiments ---


def test_the_experiments_run_on_embedded_data(tmp_path):
    """`mnist` on digits, two epochs: a table, and the result in the last line."""
    done = subprocess.run(
        [sys.executable, "-m", "reference.deep_svm", "mnist", "--data", "digits", "--epochs", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()

    assert re.fullmatch(r"softmax \d+\.\d\d %; L2-SVM \d+\.\d\d %", lines[-1])
    assert sum("squared hinge" in line for line in lines) == 1


def test_the_rows_name_this_reference():
    """Each row's command runs `python -m reference.deep_svm`, and measurements belong to rows."""
    folder = ROOT / "benchmarks" / "results"
    rows = tomllib.loads((folder / "deep_svm.toml").read_text("utf-8"))["row"]
    stored = json.loads((folder / "deep_svm.json").read_text("utf-8"))

    assert all(row["command"].startswith("python -m reference.deep_svm ") for row in rows)
    assert set(stored) <= {row["id"] for row in rows}


class _Body:
    """What stands in for a student: a net in this process, with its parameters and scores."""

    def parameters_of(self, net):
        """All parameters by name."""
        return {name: value.detach().numpy() for name, value in net.named_parameters()}

    def answer(self, net, x):
        """The scores of the net."""
        with torch.no_grad():
            return net(torch.as_tensor(x)).numpy()


@pytest.mark.parametrize(
    ("layers", "known"),
    [
        ([torch.nn.ReLU(), torch.nn.Linear(8, 8), torch.nn.ReLU()], True),
        ([torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(8, 8)), torch.nn.Dropout(0.5), torch.nn.ReLU()], True),
        ([torch.nn.Tanh(), torch.nn.Linear(8, 8), torch.nn.ReLU()], False),
        ([torch.nn.ReLU(), torch.nn.Linear(8, 8, bias=False), torch.nn.ReLU()], False),
        ([torch.nn.LayerNorm(8), torch.nn.Linear(8, 8), torch.nn.ReLU()], False),
    ],
)
def test_scores_come_from_the_parameters_where_a_net_is_linear_maps_and_relu(layers, known):
    """Its scores are computed outside then, and are those of the net; any other net answers for itself."""
    names = loaded().assignment.checks[-1].function.__globals__
    x = np.random.default_rng(3).normal(size=(20, 5)).astype(np.float32)
    net = torch.nn.Sequential(torch.nn.Linear(5, 8), *layers, torch.nn.Linear(8, 4)).eval()
    found = names["dense_parameters"](_Body(), net, x)

    assert (found is not None) == known
    np.testing.assert_allclose(names["scores"](_Body(), net, found, x), _Body().answer(net, x), rtol=1e-4, atol=1e-5)


def test_a_net_of_another_form_is_an_alarm_and_costs_nothing(tmp_path):
    """Both nets learn with a hidden layer of tanh; staff read that the nets answered for themselves."""
    for file in FOLDER.glob("*.py"):
        text = file.read_text(encoding="utf-8").replace(
            "nn.Linear(inputs, width), nn.ReLU()", "nn.Linear(inputs, width), nn.Tanh()"
        )
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    student = one_check.Alone(tmp_path, loaded().interface.names)
    asked = next(each for each in loaded().assignment.checks if each.id == "both_nets_learn")
    credit = asked.function(student, digits().open, digits().hidden, np.random.default_rng(0), 1.0)

    assert credit.fraction == 1
    assert credit.alarms == (
        "A net is not two hidden layers of relu units, so its own scores were taken; read its code.",
    )
