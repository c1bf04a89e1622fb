"""AlexNet for CIFAR-10, a notebook: a network, its training, what optimizers and the layers between do, and a bonus.

No check trains AlexNet for long. Its layers are read, and its outputs compared with those of the table for the same
weights; the training loop is tried on a small given network, where every step can be compared; optimizers are known by
the steps they take when the gradients are given. Only (d) asks for an accuracy: with CIFAR-10 that of weights that were
handed in, or with `--full` that of a training by the grader; with the stand-in that of a short training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from autograder import Assignment, Case, Item, Limits
from autograder.checks import (
    accuracy,
    better_than_retrained,
    close,
    curve,
    disguised,
    falls_on_fresh,
    figure,
    gradient_matches,
    over_seeds,
    quicker_than_fresh,
    rearranged,
    relative_error,
    shape,
    structure,
    weights_changed,
)
from autograder.checks.errors import CheckFailed, StudentError

assignment = Assignment(
    "AlexNet for CIFAR-10",
    files=["alexnet.ipynb"],
    given=["cifar10_data.py"],
    data="cifar10",
    preload=("numpy", "matplotlib.pyplot", "torch", "torch._dynamo"),
    gpu=True,
)

# Of the handout's table: outputs (channels, rows, columns) and the size of the kernel of each convolution.
CONVOLUTIONS = (((24, 32, 32), 5), ((64, 15, 15), 5), ((96, 7, 7), 3), ((96, 7, 7), 3), ((64, 7, 7), 3))
LINEAR = ((576, 1024), (1024, 1024), (1024, 10))
PARAMETERS = 1_884_778
NORMS = 2 * (24 + 64 + 96 + 96 + 64)  # a factor and a shift for each channel
BIASES = NORMS // 2  # of convolutions: useless before batch normalisation, so they may be left out

GRADIENTS = (1.0, 0.1, -0.5, 0.01)
"""The gradients of four steps, which distinguish optimizers, rates, momentum and weight decay."""

MEASURES = {
    "training loss": ("train", "loss|cost|entropy"),
    "training accuracy": ("train", "acc"),
    "validation accuracy": ("valid", "acc"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A graded training of (d): samples to train on and to judge by, epochs, the accuracy to be reached, and tries.

    Above `IMPLAUSIBLE`, which no training of (d) is expected to reach, staff get an alarm.
    """

    train: int
    hidden: int
    epochs: int
    passing: float
    tries: int = 1


AT_LEAST = math.nextafter(0.845, 0)  # 85 %, with half a point for the disguise of the images; 84.5 % itself is enough
IMPLAUSIBLE = {"cifar10": 0.965, "shapes": 0.9995}
FRESH = 2_000
"""Hidden images that saved weights see once more, under another disguise; those of the reference lose 0.8 points."""
SHORT = Run(train=1_000, hidden=1_000, epochs=5, passing=0.2, tries=2)
"""A short run of the training that was handed in with weights: the reference reaches 32 %, and untrained ones 13 %."""
RUNS = {  # (data, --full); None: the weights that were handed in
    ("cifar10", False): None,
    ("cifar10", True): Run(train=50_000, hidden=10_000, epochs=15, passing=AT_LEAST, tries=2),
    ("shapes", False): Run(train=1_000, hidden=1_000, epochs=5, passing=0.50, tries=2),
    ("shapes", True): Run(train=2_000, hidden=1_000, epochs=15, passing=0.80, tries=2),
}


@assignment.facts
def facts(data, full):
    """The facts about the training that titles contain."""
    run = RUNS[data, full]
    return {"accuracy": "85 %" if run is None or run.passing == AT_LEAST else f"{100 * run.passing:g} %"}


a = assignment.question(
    "SGD and Adam",
    id="a",
    solution=["alexnet", "train_epoch", "logits", "fit", "draw", "runs_of_a"],
    limits=Limits(wall_seconds=120, cpu_seconds=40),
)
b = assignment.question(
    "A hundred times the rate",
    id="b",
    solution=["run_of_b"],
    limits=Limits(wall_seconds=60, cpu_seconds=20),
)
c = assignment.question(
    "Without batch normalisation and dropout",
    id="c",
    solution=["run_of_c"],
    limits=Limits(wall_seconds=60, cpu_seconds=20),
)
d = assignment.question(
    "A better network",
    id="d",
    solution=["better_network", "train_better"],
    bonus=True,
    limits=Limits(wall_seconds=1800, cpu_seconds=400, memory_mib=4096),
    full_limits=Limits(wall_seconds=28800, cpu_seconds=9600, memory_mib=8192),
)


a.written(
    "What do the curves of SGD and of Adam show, and where does the difference come from?",
    points=0.5,
    rubric={
        "states the final accuracies, and that SGD at 1e-3 has hardly begun to learn": Item(
            0.25, student="states the final accuracies, and what they say about each training"
        ),
        "the rate of Adam is the size of its steps, whatever that of the gradients": Item(
            0.25, student="says what the rate means to each of the two"
        ),
    },
    answer="alexnet.ipynb#why-a",
)
b.written(
    "What happens at the rate 5e-3, and why?",
    points=3,
    rubric={
        "states what loss and accuracy do, with numbers": 1,
        "each step of Adam moves each weight by about the rate, whatever the gradient": Item(
            1, student="says how far one step goes"
        ),
        "compares such steps with the size of the weights": Item(1, student="says what that does to the network"),
    },
    answer="alexnet.ipynb#why-b",
)
c.written(
    "What do batch normalisation and dropout do, and in which curve is it seen?",
    points=2.5,
    rubric={
        "compares training and validation curves with those of (a), with numbers": 1,
        "batch normalisation: faster learning, and why": Item(0.75, student="batch normalisation: its effect, and why"),
        "dropout: training accuracy is held back, and what that is good for": Item(
            0.75, student="dropout: its effect, and what that is good for"
        ),
    },
    answer="alexnet.ipynb#why-c",
)


# --- (a) the network ---


@a.check(points=0.5)
def layers_of_the_table(student):
    """alexnet() has the layers of the handout's table, with batch normalisation and dropout where they belong."""
    table(student, student.alexnet(), norms=True)


@a.check(
    points=0.5,
    hidden=True,
    needs=layers_of_the_table,
    hint="Convolution, batch normalisation, relu, pooling: in this order, and relu after every layer but the last.",
)
def outputs_of_the_table(student, reference, rng):
    """With the same weights the network gives the outputs that the table's network gives."""
    same_outputs(student, reference, rng, student.alexnet(), reference.alexnet())


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


def same_outputs(student, reference, rng, model, solved):
    """Give two networks the same random weights, layer by layer in the order of the computation; compare outputs."""
    example = np.zeros((2, 3, 32, 32), np.float32)
    kinds = ("Conv2d", "BatchNorm2d", "Linear")
    theirs, ours = (
        [layer for layer, _ in structure(each.layers_of(net, example), name="the network").calls if layer.type in kinds]
        for each, net in ((student, model), (reference, solved))
    )
    if [layer.type for layer in theirs] != [layer.type for layer in ours]:
        raise CheckFailed("The layers are not those of the table.")
    weights, expected = dict(model.state_dict()), dict(solved.state_dict())
    for own, other in zip(theirs, ours, strict=True):
        for part in ("weight", "bias", "running_mean", "running_var"):
            key = f"{other.name}.{part}"
            if key not in expected:
                continue
            drawn = parameter(rng, part, expected[key].shape, norm=other.type == "BatchNorm2d")
            if f"{own.name}.{part}" not in weights:
                drawn = np.zeros_like(drawn)  # a convolution without biases
            else:
                weights[f"{own.name}.{part}"] = drawn
            expected[key] = drawn
    student.load_weights(model, weights)
    reference.load_weights(solved, expected)
    images = rng.integers(0, 256, size=(8, 32, 32, 3)).astype(np.uint8)
    for net in (model, solved):
        net.eval()
    got, want = (forward(each, net, images) for each, net in ((student, model), (reference, solved)))
    shape(got, (8, 10), name="the outputs")
    if not relative_error(got, want) < 0.01:
        raise CheckFailed(
            "With the same weights in its layers, in eval mode, the network gives other outputs than the table's. "
            "Look at the order of batch normalisation, relu and pooling, and at the places of relu."
        )


def parameter(rng, part, expected, *, norm):
    """Random numbers for a parameter, such that outputs keep their size and no place of relu is the same as another."""
    if norm:
        low, high = {"weight": (-1.5, 1.5), "running_var": (0.5, 2.0)}.get(part, (-0.5, 0.5))
        return rng.uniform(low, high, size=expected).astype(np.float32)
    fan_in = int(np.prod(expected[1:])) if part == "weight" else 100
    return (rng.normal(size=expected) * np.sqrt(2 / fan_in)).astype(np.float32)


def forward(student, model, images):
    """Outputs of a network in the mode it is in, by a given function."""
    return np.asarray(student.outputs(model, images))


# --- (a) the training ---


@a.check(points=0.5)
def a_pass_takes_a_step_for_each_batch(student, rng):
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


@a.check(
    points=0.5,
    hidden=True,
    hint="Gradients accumulate unless they are set to zero; train mode has to be set before each pass.",
)
def steps_go_against_the_gradient(student, reference, rng):
    """From the same start, six steps on one batch lead to the same weights and losses as those of the method."""
    x, y = pictures(rng, 24)
    reported = []
    for module in (reference, student):
        model, optimizer = module.small_setting(dropout=0.0)
        start, losses = weights_of(model), []
        for _ in range(6):
            model.eval()  # where a measurement before has left it
            losses.append(two_numbers(module.train_epoch(model, optimizer, x, y, batch_size=24))[0])
        state = model.state_dict()
        reported.append(
            (losses, moved(start, state), [np.asarray(state[name]) for name in ("2.running_mean", "2.running_var")])
        )
    (losses, moves, statistics), (their_losses, their_moves, their_statistics) = reported
    gradient_matches(their_moves, moves, names=[f"what {name} moved by" for name in weights_of(model)], rtol=1e-2)
    close(their_statistics, statistics, name="what batch normalisation has seen", rtol=1e-2, atol=1e-3)
    close(their_losses, losses, name="the losses of six passes", rtol=1e-3)


@a.check(
    hidden=True,
    hint="The last batch is smaller, so the mean over batches is not the mean over samples. Images keep their labels.",
    cases={"means": 0.3, "another order": Case(0.2, hint="Each pass draws a new order of the images.")},
)
def means_over_all_samples(student, reference, rng, case):
    """Loss and accuracy of a pass are means over all samples, each used once, in a newly drawn order."""
    x, y = pictures(rng, 53)
    if case == "means":
        expected = []
        for module in (reference, student):
            model, optimizer = module.small_setting(rate=0.0, dropout=0.0, batch_norm=False)
            expected.append([two_numbers(module.train_epoch(model, optimizer, x, y, batch_size=10)) for _ in range(2)])
        close(expected[1], expected[0], name="the losses and accuracies of two passes at rate 0", rtol=1e-3, atol=1e-6)
        return
    ends = []
    for seed in (1, 2):
        model, optimizer = student.small_setting(dropout=0.0, batch_norm=False)
        student.seed(seed)
        student.train_epoch(model, optimizer, x, y, batch_size=10)
        ends.append(np.concatenate([each.ravel() for each in weights_of(model).values()]))
    if relative_error(*ends) < 1e-6:
        raise CheckFailed("Passes with different seeds lead to the same weights: is the order of the images random?")


@a.check(
    hidden=True,
    hint="In eval mode dropout is off, and an output does not depend on the other images of its batch.",
    cases={
        "eleven images": 0.4,
        "a last batch of one image": Case(0.1, hint="The last batch may hold only one image: does it keep its shape?"),
    },
)
def outputs_in_eval_mode(student, reference, rng, case):
    """logits returns the outputs of eval mode, whatever the mode of the model, and changes nothing in it."""
    x, _ = pictures(rng, 11)
    if case == "a last batch of one image":
        x = x[:9]
    got = []
    for module in (reference, student):
        model, _ = module.small_setting()
        state = model.state_dict()
        state["2.running_mean"] = np.linspace(-1, 1, 16, dtype=np.float32)
        state["2.running_var"] = np.linspace(0.5, 3, 16, dtype=np.float32)
        module.load_weights(model, state)
        model.train()
        outputs = module.logits(model, x, batch_size=4)
        shape(outputs, (len(x), 10), name=f"logits(model, images) of {len(x)} images, four at a time,")
        got.append(np.asarray(outputs))
        close(dict(model.state_dict()), dict(state), name="the model's state after logits", rtol=0, atol=0)
    close(got[1], got[0], name="logits(model, images)", rtol=1e-3, atol=1e-3)


@a.check(
    hidden=True,
    hint="fit seeds once, trains, and measures on the validation images after each epoch.",
    cases={"the history": 0.3, "the seed": 0.2},
)
def histories_tell_what_happened(student, reference, rng, case):
    """fit returns the results of passes and measurements, which are the same for the same seed only."""
    x, y = pictures(rng, 32)
    train, validation = (x[:20], y[:20]), (x[20:], y[20:])

    def trained(module, seed, batch_size, dropout):
        model, optimizer = module.small_setting(dropout=dropout)
        reported = module.fit(model, optimizer, train, validation, epochs=4, batch_size=batch_size, seed=seed)
        return checked_history(reported, 4)

    if case == "the history":
        want, got = (trained(module, 0, 20, 0.0) for module in (reference, student))
        close(got, want, name="the history", rtol=1e-3, atol=1e-6)
        return
    first, again, other = (trained(student, seed, 5, 0.5) for seed in (1, 1, 2))
    close(again, first, name="the history of a second training with the same seed", rtol=1e-4, atol=1e-6)
    if relative_error(first["training loss"], other["training loss"]) < 1e-6:
        raise CheckFailed("Trainings with different seeds have the same history: does fit use its seed?")


@a.check(points=0.5)
def three_plots_with_a_curve_for_each_training(student):
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


def moved(start, state):
    """By how much each parameter has changed."""
    return [np.asarray(state[name], np.float64) - each for name, each in start.items()]


def two_numbers(answer):
    """(loss, accuracy) of a pass, as floats."""
    if not isinstance(answer, (list, tuple, np.ndarray)) or np.shape(answer) != (2,):
        raise CheckFailed("train_epoch must return two numbers, (loss, accuracy).")
    return float(answer[0]), float(answer[1])


def checked_history(reported, epochs):
    """A history with a list of so many numbers for each measure."""
    if not isinstance(reported, dict):
        raise CheckFailed("fit must return a dictionary from each measure to its list.")
    names = [f"{part} {measure}" for part in ("training", "validation") for measure in ("loss", "accuracy")]
    for name in names:
        if name not in reported:
            raise CheckFailed(f"The history that fit returns has no {name!r}; it has {', '.join(map(repr, reported))}.")
        shape(reported[name], (epochs,), name=f"history[{name!r}]")
        curve(reported[name], name=name).finite()
    return {name: np.asarray(reported[name], np.float64) for name in names}


def made_up(*, start, factor, accuracy):
    """A history that no training has made."""
    epochs = np.arange(5)
    return {
        "training loss": list(start * factor**epochs),
        "training accuracy": list(accuracy + 0.021 * epochs),
        "validation loss": list(start * factor**epochs + 0.07),
        "validation accuracy": list(accuracy + 0.013 * epochs),
    }


# --- (a), (b), (c): the trainings that are compared ---


@a.check(
    hidden=True,
    hint="The default rate of torch.optim.SGD in this version of torch is 1e-3, without momentum and weight decay.",
    cases={"SGD": 0.15, "Adam": 0.15, "the same start": Case(0.2, hint="Seed directly before each network is made.")},
)
def sgd_and_adam_from_the_same_start(student, case):
    """runs_of_a gives both trainings, from the same weights for the same seed, with the given optimizers."""
    if case == "SGD":
        steps_match(student, runs_of_a(student, 3)["SGD"], sgd(1e-3), "SGD at its default rate")
        return
    if case == "Adam":
        steps_match(student, runs_of_a(student, 3)["Adam 5e-5"], adam(5e-5), "Adam at 5e-5")
        return
    runs, again, other = (runs_of_a(student, seed) for seed in (3, 3, 4))
    starts = [dict(run[name][0].state_dict()) for run in (runs, again) for name in ("SGD", "Adam 5e-5")]
    for start in starts[1:]:
        close(start, starts[0], name="the weights of another network with the same seed", rtol=0, atol=0)
    differs(starts[0], dict(other["SGD"][0].state_dict()))


@b.check(points=1)
def adam_at_the_larger_rate(student):
    """run_of_b gives the network of the table, and Adam at 5e-3 for all of its weights."""
    model, optimizer = pair(student.run_of_b(), "run_of_b()")
    table(student, model, norms=True)
    steps_match(student, (model, optimizer), adam(5e-3), "Adam at 5e-3")


@b.check(points=1, hidden=True, needs=adam_at_the_larger_rate, hint="Only the rate may differ; seed directly before.")
def starts_as_in_a(student):
    """For each seed the training of (b) starts from the weights of alexnet() directly after seeding."""
    first, again, other = (dict(pair(student.run_of_b(seed), "run_of_b()")[0].state_dict()) for seed in (5, 5, 6))
    close(again, first, name="the weights for the same seed", rtol=0, atol=0)
    differs(first, other)
    student.seed(5)
    close(first, dict(student.alexnet().state_dict()), name="the weights for seed 5", rtol=0, atol=0)


@c.check(points=1.5)
def layers_without_both(student):
    """run_of_c gives the network of the table without batch normalisation and without dropout."""
    model, _ = pair(student.run_of_c(), "run_of_c()")
    table(student, model, norms=False)


@c.check(
    points=0.5,
    hidden=True,
    needs=layers_without_both,
    hint="Only the two kinds of layers are left out: relu and pooling stay.",
    cases=("outputs", "in train mode"),
)
def outputs_without_both(student, reference, rng, case):
    """With the same weights the network without both gives the outputs of the table's, in train mode as well."""
    model, _ = pair(student.run_of_c(), "run_of_c()")
    if case == "outputs":
        same_outputs(student, reference, rng, model, reference.run_of_c()[0])
        return
    images, _ = pictures(rng, 4)
    outputs = []
    for mode in (True, False):
        model.train(mode)
        outputs.append(forward(student, model, images))
    close(outputs[0], outputs[1], name="the outputs in train mode", rtol=1e-3, atol=1e-4)


@c.check(points=0.5, hidden=True, needs=layers_without_both, hint="The optimizer is Adam at 5e-5, as in (a).")
def adam_as_in_a(student):
    """The optimizer of (c) is Adam at 5e-5, and the seed determines the weights."""
    first, again, other = (pair(student.run_of_c(seed), "run_of_c()") for seed in (7, 7, 8))
    close(
        dict(again[0].state_dict()), dict(first[0].state_dict()), name="the weights for the same seed", rtol=0, atol=0
    )
    differs(dict(first[0].state_dict()), dict(other[0].state_dict()))
    steps_match(student, first, adam(5e-5), "Adam at 5e-5")


def runs_of_a(student, seed):
    """The two trainings of (a), looked through."""
    runs = student.runs_of_a(seed)
    if not isinstance(runs, dict) or set(runs) != {"SGD", "Adam 5e-5"}:
        raise CheckFailed("runs_of_a must return a dictionary with the names 'SGD' and 'Adam 5e-5'.")
    return {name: pair(run, f"runs_of_a()[{name!r}]") for name, run in runs.items()}


def pair(answer, name):
    """(model, optimizer), both of them objects."""
    plain = (int, float, str, bytes, list, tuple, dict, np.ndarray, type(None))
    if not isinstance(answer, (list, tuple)) or len(answer) != 2 or any(isinstance(each, plain) for each in answer):
        raise CheckFailed(f"{name} must be (model, optimizer).")
    return tuple(answer)


def differs(first, other):
    """Fail if two networks of different seeds have the same weights."""
    weights = [np.concatenate([np.ravel(each[name]).astype(np.float64) for name in first]) for each in (first, other)]
    if relative_error(*weights) < 1e-6:
        raise CheckFailed("Networks of different seeds have the same weights: is the seed used?")


def sgd(rate):
    """How far plain gradient descent moves a weight in each step."""
    return [-rate * g for g in GRADIENTS]


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


# --- (d) a better network ---


@d.check(points=0)
def ten_outputs_of_a_better_network(student, rng):
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


def learned(model):
    """The numbers of a model that steps change, by name: all but the running statistics of batch normalisation."""
    kept = ("running_mean", "running_var", "num_batches_tracked")
    return {name: np.asarray(each) for name, each in model.state_dict().items() if not name.endswith(kept)}


@d.check(
    points=5,
    hidden=True,
    needs=ten_outputs_of_a_better_network,
    hint="Residual blocks, random shifts and mirroring, and a rate that rises and falls help a lot in a few epochs.",
)
def accuracy_of_the_better_network(student, data, hidden, rng, full, share):
    """The network of (d) classifies at least {accuracy} of unseen images correctly."""
    run = RUNS[data.name, full]
    if run is None:
        measured, signs = accuracy_of_weights(student, data, hidden, rng)
        credit = measured.points_at({AT_LEAST: 1.0}, implausible=IMPLAUSIBLE[data.name])
        return credit.with_sign(signs[0]).with_sign(signs[1])
    signs = []
    trained = over_seeds(
        lambda rng: accuracy_of_training(student, data, hidden, rng, run, share, signs),
        rng,
        k=run.tries,
        rule="best",
        student=student,
    )
    credit = trained.points_at({run.passing: 1.0}, implausible=IMPLAUSIBLE[data.name])
    return credit.with_sign(signs[-2]).with_sign(signs[-1])


def accuracy_of_weights(student, data, hidden, rng):
    """(accuracy, two signs) of the weights that were handed in, on disguised images whose labels stay outside.

    Staff get an alarm where the accuracy falls under another disguise, and where the training that was handed in with
    the weights does not learn at all in a short run.
    """
    model = with_saved_weights(student)
    measured = accuracy_on(student, model, disguised(hidden.x, rng, shift=0, mirror=True), hidden.y)

    def falls(student):
        chosen = rng.permutation(len(hidden))[:FRESH]
        moved_images = disguised(hidden.x[chosen], rng, shift=2, noise=0.02, mirror=True)
        return falls_on_fresh(
            measured, accuracy_on(student, with_saved_weights(student), moved_images, hidden.y[chosen])
        )

    return measured, (falls, lambda student: not_made_by_the_training(student, measured, data, hidden, rng))


def not_made_by_the_training(student, saved, data, hidden, rng):
    """The alarm where weights are far better than chance, and the training beside them is not; the best of two runs."""
    alarms = ()
    asked = rng.permutation(len(hidden))[: SHORT.hidden]
    for _ in range(SHORT.tries):
        chosen = rng.permutation(len(data.train))[: SHORT.train]
        model = student.better_network()
        seed = int(rng.integers(1 << 30))
        student.train_better(model, data.train.x[chosen], data.train.y[chosen], epochs=SHORT.epochs, seed=seed)
        model.eval()
        retrained = accuracy_on(student, model, hidden.x[asked], hidden.y[asked])
        alarms = better_than_retrained(saved, retrained, allowed=max(0.0, saved.value - SHORT.passing))
        if not alarms:
            break
    return alarms


def with_saved_weights(student):
    """A network of (d) with the weights that were handed in, loaded inside, in eval mode."""
    model = student.better_network()
    weights = student.saved("weights.pt")
    structure(student.layers_of(model), name="better_network()").agrees_with(weights)
    student.load_weights(model, weights)
    model.eval()
    return model


def accuracy_on(student, model, images, labels):
    """The accuracy of a network on images, of which it sees a thousand at a time."""
    parts = [forward(student, model, part) for part in np.array_split(images, -(-len(images) // 1000))]
    return accuracy(np.concatenate(parts), labels, name="test accuracy")


def accuracy_of_training(student, data, hidden, rng, run, share, signs):
    """Train the network of (d) here, with classes under secret numbers, and measure it on disguised images.

    `signs` get two functions: as many epochs on noise take far longer, and weights that were handed in are better.
    """
    secret = rearranged(1, 10, rng)
    x, y = (np.concatenate([getattr(part, name) for part in (data.train, data.validation)]) for name in "xy")
    epochs = max(1, math.ceil(run.epochs * share))
    chosen = rng.permutation(len(y))[: run.train]
    asked = rng.permutation(len(hidden))[: run.hidden]
    model = student.better_network()
    known = seconds_of_training(student, model, x[chosen], secret.y(y[chosen]), epochs, rng)
    model.eval()
    images = disguised(hidden.x[asked], rng, shift=0, mirror=True)
    measured = accuracy_on(student, model, images, secret.y(hidden.y[asked]))

    def quick(student):
        noise = rng.integers(256, size=(len(chosen), 32, 32, 3)).astype(np.uint8)
        labels = rng.integers(10, size=len(noise))
        few = min(64, len(noise))  # the first training in a sandbox may have to import something
        seconds_of_training(student, student.better_network(), noise[:few], labels[:few], 1, rng)
        fresh = seconds_of_training(student, student.better_network(), noise, labels, 1, rng)
        return quicker_than_fresh(known, None if fresh is None else epochs * fresh)

    def better(student):
        try:
            model = with_saved_weights(student)
        except (CheckFailed, StudentError):
            return ()  # none were handed in, or they are of another network; this training alone gives points
        return better_than_retrained(accuracy_on(student, model, images, hidden.y[asked]), measured)

    signs += (quick, better)
    return replace(measured, run=f"{run.train:,} images x {epochs}")


def seconds_of_training(student, model, x, y, epochs, rng):
    """Train a network, and say how many CPU seconds that took; None where they are not known."""
    begun = student.cpu_seconds()
    student.train_better(model, x, y, epochs=epochs, seed=int(rng.integers(1 << 30)))
    now = student.cpu_seconds()
    return None if now is None or begun is None else now - begun
