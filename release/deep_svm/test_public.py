"""Support vector machines on top of deep nets: the public tests. Run them with `pytest` in this folder.

Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source
of random numbers. More tests are run when your work is graded.
"""

from __future__ import annotations

import numpy as np
import pytest

from autograder_checks import close, gradient_matches, shape, structure
from autograder_checks.errors import CheckFailed

W = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])
H = np.array([[2.0, 0.0], [0.5, 1.0]])
Y = np.array([0, 1])


def problem(rng, samples, features, classes):
    """Random weights, features and labels; about half of the margins are violated, and none is at the kink."""
    while True:
        w = rng.normal(size=(classes, features)) * 2 / np.sqrt(features)
        h = rng.normal(size=(samples, features))
        y = rng.integers(classes, size=samples)
        margins = 1 - targets(y, classes) * (h @ w.T)
        if np.abs(margins).min() > 1e-4 and margins.max() > 0:
            return w, h, y


def targets(y, classes):
    """+1 at the label, -1 elsewhere, (N, K)."""
    return 2.0 * np.eye(classes)[y] - 1


def l2svm(w, h, y, price):
    """The L2-SVM loss from its definition."""
    return 0.5 * np.sum(w**2) + price * np.sum(np.maximum(1 - targets(y, len(w)) * (h @ w.T), 0) ** 2)


def three(answer, name):
    """(loss, dW, dH) as it came, of the right length."""
    return several(answer, name, ("loss", "dW", "dH"))


def several(answer, name, parts):
    """A tuple or list of so many parts."""
    if not isinstance(answer, (list, tuple)) or len(answer) != len(parts):
        raise CheckFailed(f"{name} must return {len(parts)} things, ({', '.join(parts)}).")
    return list(answer)


TWO_SAMPLES = {  # (C, ridge, multipliers)
    "hard margin": (np.inf, 0.0, [0.25, 2.0]),
    "soft margin": (1.0, 0.0, [0.25, 1.0]),
    "with a ridge": (10.0, 1.0, [0.2, 2 / 3]),
}


def pair(answer):
    """The two nets of compare."""
    if not isinstance(answer, dict) or not {"softmax", "L2-SVM"} <= set(answer):
        raise CheckFailed('compare must return a dictionary {"softmax": net, "L2-SVM": net}.')
    return answer["softmax"], answer["L2-SVM"]


def cross_entropy(scores, y):
    """Mean over the samples."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))


def squared_hinge(scores, y):
    """Sum over the classes, mean over the samples."""
    return float(np.mean(np.sum(np.maximum(1 - targets(y, scores.shape[1]) * scores, 0) ** 2, axis=1)))


# --- (a) Losses and their gradients: 15 points ---


@pytest.mark.question("a", "Losses and their gradients")
def test_question_a_is_attempted(attempted):
    """What question (a) asks for is written."""
    attempted("signs", "hinge_loss", "l2svm_loss", "smallest_slacks", "soft_margin", "slack_loss", "descend")


@pytest.mark.question("a", "Losses and their gradients")
def test_signs_of_two_labels(student):
    """signs is +1 at the label of each sample and -1 elsewhere."""
    close(student.signs(Y, 3), [[1, -1, -1], [-1, 1, -1]], name="signs(y, 3)")


@pytest.mark.question("a", "Losses and their gradients")
def test_hinge_loss_of_the_example(student):
    """The hinge loss of two samples is the one worked out in the handout, with its gradient of W."""
    loss, dW, _ = three(student.hinge_loss(W, H, Y, 0.5), "hinge_loss")
    close(loss, 4.875, name="the loss")
    close(dW, [[1.25, 0.5], [1.0, 2.0], [-0.75, 1.0]], name="dW")


@pytest.mark.question("a", "Losses and their gradients")
def test_l2svm_gradient_of_a_small_problem(student, rng):
    """l2svm_loss is the sum over samples and classes, and both gradients agree with central differences of it."""
    close(three(student.l2svm_loss(W, H, Y, 0.5), "l2svm_loss")[0], 5.25, name="the loss of the example")
    w, h, y = problem(rng, 5, 4, 3)
    _, dW, dH = three(student.l2svm_loss(w, h, y, 0.7), "l2svm_loss")
    gradient_matches([dW, dH], of=lambda at: l2svm(at[0], at[1], y, 0.7), at=[w, h], names=["dW", "dH"])


# --- (b) When the penalty is exact: 10 points ---


@pytest.mark.question("b", "When the penalty is exact")
def test_question_b_is_attempted(attempted):
    """What question (b) asks for is written."""
    attempted("multipliers", "penalty_multipliers", "largest_multiplier_bound", "penalty_is_exact", "surely_exact")


@pytest.mark.question("b", "When the penalty is exact")
@pytest.mark.parametrize("case", ["hard margin", "soft margin", "with a ridge"])
def test_multipliers_of_two_samples(student, case):
    """For two orthogonal samples the multipliers are 1 / K_nn, clipped at C, and smaller with a ridge."""
    kernel, t = np.diag([4.0, 0.5]), np.array([1.0, -1.0])
    ceiling, ridge, want = TWO_SAMPLES[case]
    got = student.multipliers(kernel, t, ceiling, ridge)
    close(got, want, name=f"multipliers(K, t, {ceiling}, {ridge})", rtol=1e-4)


# --- (c) Output layers: 10 points ---


@pytest.mark.question("c", "Output layers")
def test_question_c_is_attempted(attempted):
    """What question (c) asks for is written."""
    attempted("sign_targets", "HingeLayer.data_loss", "L2SVMLayer.data_loss", "SlackLayer")


@pytest.mark.question("c", "Output layers")
def test_l2svm_layer_of_the_example(student):
    """The L2-SVM layer sums over classes and takes the mean over samples: 2.125 for the example of the handout."""
    top = student.with_parameters(student.L2SVMLayer(2, 3), {"linear.weight": W, "linear.bias": np.zeros(3)})
    loss, _ = student.loss_and_gradients(top, H, Y)
    close(loss, 2.125, name="the loss of the layer")


# --- (d) Deep nets: 12 points ---


@pytest.mark.question("d", "Deep nets")
def test_question_d_is_attempted(attempted):
    """What question (d) asks for is written."""
    attempted("principal_components", "reduced", "GaussianNoise.forward", "dense_body", "fit", "measures")


@pytest.mark.question("d", "Deep nets")
def test_components_of_a_line(student):
    """Of points on a line, the first component is its direction, of either sign."""
    X = np.array([[1.0, 2.0], [4.0, 6.0], [7.0, 10.0], [-2.0, -2.0]])
    mean, components = several(student.principal_components(X, 1), "principal_components", ("mean", "components"))
    close(mean, [2.5, 4.0], name="mean")
    shape(components, (1, 2), name="components")
    close(np.abs(components), [[0.6, 0.8]], name="the absolute values of components")


@pytest.mark.question("d", "Deep nets")
def test_noise_only_in_train_mode(student):
    """In eval mode GaussianNoise gives x itself; in train mode it adds noise of the given standard deviation."""
    x = np.linspace(-1, 1, 20_000).reshape(200, 100)
    for sd in (0.5, 1.0, 2.0):
        layer = student.GaussianNoise(sd)
        close(student.answer(layer, x), x, name="GaussianNoise in eval mode")
        noise = np.asarray(student.answer(layer, x, train=True)) - x
        shape(noise, x.shape, name="GaussianNoise in train mode")
        if abs(noise.std() / sd - 1) > 0.05 or abs(noise.mean()) > 0.05 * sd:
            raise CheckFailed(
                f"The noise of GaussianNoise({sd:g}) has mean {noise.mean():.3g} and standard deviation "
                f"{noise.std():.3g}; expected 0 and {sd:g}."
            )


@pytest.mark.question("d", "Deep nets")
def test_body_of_two_hidden_layers(student, rng):
    """dense_body(70, 512) has two hidden layers of 512 relu units."""
    x = rng.normal(size=(4, 70)).astype(np.float32)
    body = student.dense_body(70, 512)
    structure(student.layers_of(body, x), name="dense_body(70, 512)").parameters(
        exactly=70 * 512 + 512 + 512 * 512 + 512
    ).output_shape(4, 512)
    out = np.asarray(student.answer(body, x))
    if not (np.all(out >= 0) and np.any(out == 0)):
        raise CheckFailed(
            "The features of dense_body(70, 512) are not those of relu units: expected none negative, some 0."
        )


# --- (e) Softmax against L2-SVM: 9 points ---


@pytest.mark.question("e", "Softmax against L2-SVM")
def test_question_e_is_attempted(attempted):
    """What question (e) asks for is written."""
    attempted("compare", "continue_with_softmax")


@pytest.mark.question("e", "Softmax against L2-SVM")
def test_both_tops_start_alike(student, rng):
    """compare gives two nets, with softmax and with L2-SVM on top, that start from the same weights."""
    x, y = rng.normal(size=(12, 5)).astype(np.float32), rng.integers(3, size=12)
    h = rng.normal(size=(12, 6))
    settings = {"width": 6, "classes": 3, "decay": 0.5, "epochs": 1, "rate": 0.0}
    trained = pair(student.compare_arrays(x, y, seed=4, **settings))
    start = [student.parameters_of(net) for net in trained]
    for name, value in start[0].items():
        if name not in start[1]:
            raise CheckFailed(f"The L2-SVM net has no parameter {name}, which the softmax net has.")
        close(start[1][name], value, name=f"{name} of the L2-SVM net at its start")
    weights, bias = (np.asarray(start[0][f"top.linear.{part}"], np.float64) for part in ("weight", "bias"))
    for net, loss, name in zip(trained, (cross_entropy, squared_hinge), ("softmax", "L2-SVM"), strict=True):
        got, _ = student.loss_and_gradients(student.with_parameters(net, {}), h, y)
        want = loss(h @ weights.T + bias, y) + 0.25 * np.sum(weights**2)
        close(got, want, name=f"the loss of the {name} net's top, with decay 0.5", rtol=1e-4)
