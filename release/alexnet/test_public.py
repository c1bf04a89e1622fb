"""AlexNet for CIFAR-10: the public tests. Run them with `pytest` in this folder.

Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source
of random numbers. More tests are run when your work is graded.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder_checks import close, figure, shape, structure, weights_changed
from autograder_checks.errors import CheckFailed

CONVOLUTIONS = (((24, 32, 32), 5), ((64, 15, 15), 5), ((96, 7, 7), 3), ((96, 7, 7), 3), ((64, 7, 7), 3))
LINEAR = ((576, 1024), (1024, 1024), (1024, 10))
PARAMETERS = 1_884_778
NORMS = 2 * (24 + 64 + 96 + 96 + 64)  # a factor and a shift for each channel
BIASES = NORMS // 2  # of convolutions: useless before batch normalisation, so they may be left out
GRADIENTS = (1.0, 0.1, -0.5, 0.01)
MEASURES = {
    "training loss": ("train", "loss|cost|entropy"),
    "training accuracy": ("train", "acc"),
    "validation accuracy": ("valid", "acc"),
}


def table(student, model, *, norms):
    """Judge the layers of a network against the handout's table; its description."""
    found = structure(student.layers_of(model, np.zeros((2, 3, 32, 32), np.float32)), name="the network")
    found.output_shape(2, 10)
    convolution = ["Conv2d", "BatchNorm2d"] if norms else ["Conv2d"]
    linear = ["Dropout", "Linear"] if norms else ["Linear"]
    if not norms:
        found.has_no("*Norm*", "*Dropout*")
    found.kinds(["Conv2d"] * 5 + ["Linear"] * 3)
    found.kinds(convolution * 5 + linear * 2 + ["Linear"])
    layers = [layer for layer, _ in found.calls]
    for number, (layer, (outputs, size)) in enumerate(zip(of(layers, "Conv2d"), CONVOLUTIONS, strict=True), start=1):
        try:
            found.layer(layer.name, out_channels=outputs[0], kernel_size=size, output=(2, *outputs))
        except CheckFailed as failed:
            raise CheckFailed(f"Convolution {number} of the table: {failed}") from None
    for number, (layer, (inputs, outputs)) in enumerate(zip(of(layers, "Linear"), LINEAR, strict=True), start=6):
        try:
            found.layer(layer.name, in_features=inputs, out_features=outputs)
        except CheckFailed as failed:
            raise CheckFailed(f"Layer {number} of the table: {failed}") from None
    for layer in of(layers, "Dropout"):
        found.layer(layer.name, p=0.5)
    most = PARAMETERS + (NORMS if norms else 0)
    return found.parameters(between=(most - (BIASES if norms else 0), most)).trains()


def of(layers, kind):
    """The layers of one type."""
    return [layer for layer in layers if layer.type == kind]


def forward(student, model, images):
    """Outputs of a network in the mode it is in, by a given function."""
    return np.asarray(student.outputs(model, images))


def pictures(rng, count):
    """Random images (n, 32, 32, 3), uint8, whose class can be seen in their colours, and labels (n,)."""
    y = rng.integers(10, size=count)
    colour = np.random.default_rng(0).integers(40, 216, size=(10, 1, 1, 3))
    x = colour[y] + rng.integers(-40, 40, size=(count, 32, 32, 3))
    return x.astype(np.uint8), y


def weights_of(model):
    """The parameters of the small network by name."""
    state = model.state_dict()
    return {name: np.asarray(each) for name, each in state.items() if name.endswith((".weight", ".bias"))}


def two_numbers(answer):
    """(loss, accuracy) of a pass, as floats."""
    if not isinstance(answer, (list, tuple, np.ndarray)) or np.shape(answer) != (2,):
        raise CheckFailed("train_epoch must return two numbers, (loss, accuracy).")
    return float(answer[0]), float(answer[1])


def made_up(*, start, factor, accuracy):
    """A history that no training has made."""
    epochs = np.arange(5)
    return {
        "training loss": list(start * factor**epochs),
        "training accuracy": list(accuracy + 0.021 * epochs),
        "validation loss": list(start * factor**epochs + 0.07),
        "validation accuracy": list(accuracy + 0.013 * epochs),
    }


def pair(answer, name):
    """(model, optimizer), both of them objects."""
    plain = (int, float, str, bytes, list, tuple, dict, np.ndarray, type(None))
    if not isinstance(answer, (list, tuple)) or len(answer) != 2 or any(isinstance(each, plain) for each in answer):
        raise CheckFailed(f"{name} must be (model, optimizer).")
    return tuple(answer)


def adam(rate, decays=(0.9, 0.999), small=1e-8):
    """How far Adam moves a weight in each step (Kingma and Ba 2015, algorithm 1)."""
    m = v = 0.0
    moves = []
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = decays[0] * m + (1 - decays[0]) * g, decays[1] * v + (1 - decays[1]) * g * g
        moves.append(-rate * m / (1 - decays[0] ** t) / (math.sqrt(v / (1 - decays[1] ** t)) + small))
    return moves


def steps_match(student, run, expected, name):
    """Compare the first steps of an optimizer, for given gradients, with those of the method, for all weights."""
    got = np.asarray(student.first_steps(*run, list(GRADIENTS)), np.float64)
    shape(got, (len(GRADIENTS), 2), name="first_steps(...)")
    for number, (extremes, want) in enumerate(zip(got, expected, strict=True), start=1):
        if not np.allclose(extremes, want, rtol=0.02, atol=1.3e-7):  # next to 1, float32 knows no smaller steps
            low, high = extremes
            reported = f"by {low:.3g}" if math.isclose(low, high, rel_tol=0.02) else f"by {low:.3g} to {high:.3g}"
            raise CheckFailed(
                f"In step {number}, with all gradients {GRADIENTS[number - 1]:g}, the optimizer changes the weights "
                f"{reported}; {name} changes all of them by {want:.3g}."
            )


def learned(model):
    """The numbers of a model that steps change, by name: all but the running statistics of batch normalisation."""
    kept = ("running_mean", "running_var", "num_batches_tracked")
    return {name: np.asarray(each) for name, each in model.state_dict().items() if not name.endswith(kept)}


# --- (a) SGD and Adam: 4.5 points ---


@pytest.mark.question("a", "SGD and Adam")
def test_question_a_is_attempted(attempted):
    """What question (a) asks for is written."""
    attempted("alexnet", "train_epoch", "logits", "fit", "draw", "runs_of_a")


@pytest.mark.question("a", "SGD and Adam")
def test_layers_of_the_table(student):
    """alexnet() has the layers of the handout's table, with batch normalisation and dropout where they belong."""
    table(student, student.alexnet(), norms=True)


@pytest.mark.question("a", "SGD and Adam")
def test_a_pass_takes_a_step_for_each_batch(student, rng):
    """One pass over 20 images in batches of 8 is three steps in train mode, which change every weight."""
    x, y = pictures(rng, 20)
    model, optimizer = student.small_setting()
    model.train(False)  # as a measurement leaves it
    before = weights_of(model)
    loss, share = two_numbers(student.train_epoch(model, optimizer, x, y, batch_size=8))
    if not model.training:
        raise CheckFailed("After train_epoch the model is in eval mode; a pass is made in train mode.")
    steps = int(model.state_dict()["2.num_batches_tracked"])
    if steps != 3:
        raise CheckFailed(
            f"The model saw {steps} batches in train mode; 20 images in batches of 8 make 3: of 8, 8 and 4."
        )
    weights_changed(before, weights_of(model))
    if not (0 < loss < 20 and 0 <= share <= 1):
        raise CheckFailed(f"train_epoch returned ({loss:g}, {share:g}); expected a mean loss and a share in [0, 1].")


@pytest.mark.question("a", "SGD and Adam")
def test_three_plots_with_a_curve_for_each_training(student):
    """draw shows training loss, training accuracy and validation accuracy, with labels, legend and right values."""
    histories = {
        "SGD": made_up(start=2.30, factor=0.95, accuracy=0.12),
        "Adam 5e-5": made_up(start=2.21, factor=0.80, accuracy=0.31),
    }
    drawn = figure(student.figures(student.draw(histories)))
    for measure, words in MEASURES.items():
        plot = drawn.axes(*words).labelled(x="epoch").has_legend()
        for name, history in histories.items():
            plot.line(name).shows(history[measure])


# --- (b) A hundred times the rate: 2 points ---


@pytest.mark.question("b", "A hundred times the rate")
def test_question_b_is_attempted(attempted):
    """What question (b) asks for is written."""
    attempted("run_of_b")


@pytest.mark.question("b", "A hundred times the rate")
def test_adam_at_the_larger_rate(student):
    """run_of_b gives the network of the table, and Adam at 5e-3 for all of its weights."""
    model, optimizer = pair(student.run_of_b(), "run_of_b()")
    table(student, model, norms=True)
    steps_match(student, (model, optimizer), adam(5e-3), "Adam at 5e-3")


# --- (c) Without batch normalisation and dropout: 2.5 points ---


@pytest.mark.question("c", "Without batch normalisation and dropout")
def test_question_c_is_attempted(attempted):
    """What question (c) asks for is written."""
    attempted("run_of_c")


@pytest.mark.question("c", "Without batch normalisation and dropout")
def test_layers_without_both(student):
    """run_of_c gives the network of the table without batch normalisation and without dropout."""
    model, _ = pair(student.run_of_c(), "run_of_c()")
    table(student, model, norms=False)


# --- (d) A better network: 5 points, bonus ---


@pytest.mark.question("d", "A better network")
def test_question_d_is_attempted(attempted):
    """What question (d) asks for is written."""
    attempted("better_network", "train_better")


@pytest.mark.question("d", "A better network")
def test_ten_outputs_of_a_better_network(student, rng):
    """better_network gives ten numbers for each image, and train_better changes its weights."""
    x, y = pictures(rng, 700)
    model = student.better_network()
    before = learned(model)
    student.train_better(model, x, y, epochs=1)
    model.train(False)
    outputs = forward(student, model, x[:3])
    shape(outputs, (3, 10), name="the outputs of better_network()")
    close(np.isfinite(outputs), np.ones((3, 10), bool), name="whether outputs are finite")
    after = learned(model)
    if all(np.array_equal(before[name], after[name]) for name in before):
        raise CheckFailed("train_better did not change the weights; it must train the given model.")


# --- hints: hint(...) in the notebook shows them one at a time ---
HINTS = {
    "a": (
        "Convolution, batch normalisation, relu, pooling: in this order, and relu after every layer but the last.",
        "Gradients accumulate unless they are set to zero; train mode has to be set before each pass.",
        "The last batch is smaller, so the mean over batches is not the mean over samples. Images keep their labels.",
        "Each pass draws a new order of the images.",
        "In eval mode dropout is off, and an output does not depend on the other images of its batch.",
        "The last batch may hold only one image: does it keep its shape?",
        "fit seeds once, trains, and measures on the validation images after each epoch.",
        "The default rate of torch.optim.SGD in this version of torch is 1e-3, without momentum and weight decay.",
        "Seed directly before each network is made.",
    ),
    "b": (
        "Only the rate may differ; seed directly before.",
    ),
    "c": (
        "Only the two kinds of layers are left out: relu and pooling stay.",
        "The optimizer is Adam at 5e-5, as in (a).",
    ),
    "d": (
        "Residual blocks, random shifts and mirroring, and a rate that rises and falls help a lot in a few epochs.",
    ),
}
