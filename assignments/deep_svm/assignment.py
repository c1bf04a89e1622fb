"""Support vector machines on top of deep nets: the L2-SVM layer, slack variables, and softmax beside them.

Gradients, multipliers and single steps are compared with the reference in float64; they decide. The one graded training
is a smoke test, and its threshold is low. `autograder calibrate deep_svm` measures it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from autograder import Assignment, Case, Item, Limits
from autograder.checks import (
    accuracy,
    close,
    finite,
    gradient_matches,
    over_seeds,
    quicker_than_fresh,
    raises,
    rearranged,
    relative_error,
    same,
    shape,
    structure,
)
from autograder.checks.errors import CheckFailed

assignment = Assignment(
    "Support vector machines on top of deep nets",
    files=[
        "deep_svm_losses.py",
        "deep_svm_exact.py",
        "deep_svm_layers.py",
        "deep_svm_pca.py",
        "deep_svm_nets.py",
        "deep_svm_training.py",
    ],
    given=["deep_svm_tools.py", "deep_svm_data.py", "deep_svm_main.py", "cifar10_data.py"],
    data="cifar10",
    preload=("numpy", "torch", "torch._dynamo"),
    limits=Limits(wall_seconds=120, cpu_seconds=30),
)


@dataclass(frozen=True, slots=True)
class Run:
    """The graded training: samples to train on and to judge by, and the accuracy that both tops must exceed.

    Above `implausible`, which no training of this size is expected to reach, staff get an alarm.
    """

    train: int
    hidden: int
    epochs: int
    passing: float
    implausible: float


RUNS = {
    "cifar10": Run(train=1000, hidden=1000, epochs=20, passing=0.25, implausible=0.55),
    "shapes": Run(train=1000, hidden=1000, epochs=20, passing=0.25, implausible=0.65),
    "mnist": Run(train=1000, hidden=1000, epochs=20, passing=0.80, implausible=0.97),
    "digits": Run(train=1000, hidden=497, epochs=20, passing=0.80, implausible=0.997),
}
COMPONENTS = 70

a = assignment.question(
    "Losses and their gradients",
    id="a",
    solution=["signs", "hinge_loss", "l2svm_loss", "smallest_slacks", "soft_margin", "slack_loss", "descend"],
)
b = assignment.question(
    "When the penalty is exact",
    id="b",
    solution=[
        "multipliers",
        "penalty_multipliers",
        "largest_multiplier_bound",
        "penalty_is_exact",
        "surely_exact",
    ],
)
c = assignment.question(
    "Output layers",
    id="c",
    solution=["sign_targets", "HingeLayer.data_loss", "L2SVMLayer.data_loss", "SlackLayer"],
)
d = assignment.question(
    "Deep nets",
    id="d",
    solution=[
        "principal_components",
        "reduced",
        "GaussianNoise.forward",
        "dense_body",
        "fit",
        "measures",
    ],
)
e = assignment.question(
    "Softmax against L2-SVM",
    id="e",
    solution=["compare", "continue_with_softmax"],
    limits=Limits(wall_seconds=240, cpu_seconds=90),
)
e.written(
    "Compare the two tops, with the tables of your runs.",
    points=6,
    rubric={
        "which error is smaller, compared with the effect of another seed": Item(
            2, student="says which error is smaller, and whether that counts"
        ),
        "each top is better in its own loss, and why that is no contradiction": Item(
            2, student="says what the values of the two losses show, and explains it"
        ),
        "what the continuation shows about where the difference comes from": 2,
    },
    answer=["answers.md#comparison", "deep_svm.pdf"],
)


# --- (a) losses ---

# Two samples, two features, three classes: the example of the handout.
W = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])
H = np.array([[2.0, 0.0], [0.5, 1.0]])
Y = np.array([0, 1])
SIZES = {  # N, d, K
    "ten classes": (40, 12, 10),
    "five classes": (20, 7, 5),
    "two classes": (6, 4, 2),
    "one sample": (1, 1, 2),
}


def shared(*points):
    """Points for each of `SIZES`, of which the last is unusual."""
    *usual, alone = points
    hint = "A batch may hold one sample alone, and one feature: try it."
    return dict(zip(SIZES, (*usual, Case(alone, hint=hint)), strict=True))


@a.check(points=1)
def signs_of_two_labels(student):
    """signs is +1 at the label of each sample and -1 elsewhere."""
    close(student.signs(Y, 3), [[1, -1, -1], [-1, 1, -1]], name="signs(y, 3)")


@a.check(points=1)
def hinge_loss_of_the_example(student):
    """The hinge loss of two samples is the one worked out in the handout, with its gradient of W."""
    loss, dW, _ = three(student.hinge_loss(W, H, Y, 0.5), "hinge_loss")
    close(loss, 4.875, name="the loss")
    close(dW, [[1.25, 0.5], [1.0, 2.0], [-0.75, 1.0]], name="dW")


@a.check(points=2)
def l2svm_gradient_of_a_small_problem(student, rng):
    """l2svm_loss is the sum over samples and classes, and both gradients agree with central differences of it."""
    close(three(student.l2svm_loss(W, H, Y, 0.5), "l2svm_loss")[0], 5.25, name="the loss of the example")
    w, h, y = problem(rng, 5, 4, 3)
    _, dW, dH = three(student.l2svm_loss(w, h, y, 0.7), "l2svm_loss")
    gradient_matches([dW, dH], of=lambda at: l2svm(at[0], at[1], y, 0.7), at=[w, h], names=["dW", "dH"])


SUM_HINT = "Sum over samples and classes, keep 1/2 |W|^2 out of C, and let each class have its own sign."


@a.check(hidden=True, hint=SUM_HINT, cases=shared(1, 0.5, 0.25, 0.25))
def hinge_gradients(student, reference, rng, case):
    """At random points, the hinge loss and its gradients with respect to weights and features are right."""
    losses_agree(student.hinge_loss, reference.hinge_loss, rng, SIZES[case])


@a.check(points=3, hidden=True, hint=SUM_HINT, cases=shared(1.5, 0.75, 0.5, 0.25))
def l2svm_gradients(student, reference, rng, case):
    """At random points, the L2-SVM loss and its gradients with respect to weights and features are right."""
    losses_agree(student.l2svm_loss, reference.l2svm_loss, rng, SIZES[case])


@a.check(
    points=2,
    hidden=True,
    hint="A constraint is t s >= 1 - xi; its violation is never negative.",
    cases=("smallest slacks", "soft margin"),
)
def soft_margin_and_its_slacks(student, reference, rng, case):
    """The smallest slacks satisfy all constraints, and soft_margin returns objective and violations."""
    for sizes in SIZES.values():
        w, h, y = problem(rng, *sizes)
        price = rng.uniform(0.2, 3)
        if case == "smallest slacks":
            close(student.smallest_slacks(w, h, y), reference.smallest_slacks(w, h, y), name="smallest_slacks")
            continue
        xi = rng.exponential(size=(sizes[0], sizes[2]))
        got = student.soft_margin(w, h, y, xi, price)
        if not isinstance(got, (list, tuple)) or len(got) != 2:
            raise CheckFailed("soft_margin must return two things, (objective, violation).")
        for part, want, name in zip(
            got, reference.soft_margin(w, h, y, xi, price), ("objective", "violation"), strict=True
        ):
            close(part, want, name=name)


@a.check(
    hidden=True,
    hint="Differentiate xi = nu^2 as well; where a constraint holds, its penalty is 0.",
    cases={"power 1": 1.25, "power 2": 1.25, "power 1, one sample": 0.25, "power 2, one sample": 0.25},
)
def slack_gradients(student, reference, rng, case):
    """At random points and for both powers, the slack-variable loss and its three gradients are right."""
    power, alone = int(case[6]), case.endswith("one sample")
    for name, sizes in SIZES.items():
        if (name == "one sample") != alone:
            continue
        w, h, y = problem(rng, *sizes)
        nu = rng.normal(size=(sizes[0], sizes[2]))
        arguments = (w, h, y, nu, rng.uniform(0.2, 3), rng.uniform(0.1, 2), power)
        got = several(student.slack_loss(*arguments), "slack_loss", ("loss", "dW", "dH", "dnu"))
        want = reference.slack_loss(*arguments)
        close(got[0], want[0], name=f"the loss for power {power}")
        gradient_matches(got[1:], want[1:], names=[f"{each} for power {power}" for each in ("dW", "dH", "dnu")])


STARTS = {"power 1": (1, 1.0), "power 2": (2, 0.5), "power 2 from nu = 0": (2, 0.0)}


@a.check(
    hidden=True,
    hint="Both steps use gradients of the same point; losses are those before the steps.",
    cases={"power 1": 0.4, "power 2": 0.4, "power 2 from nu = 0": 0.2},
)
def steps_of_descent(student, reference, rng, case):
    """From the same start, gradient descent takes the same steps; nu = 0 never moves."""
    repaired = student.with_reference("slack_loss", unless=slack_gradients)
    w, h, y = problem(rng, 6, 4, 3)
    power, start = STARTS[case]
    arguments = (w, h, y, np.full((6, 3), start), 0.8, 0.4, power, 0.01, 15)
    got = several(repaired.descend(*arguments), "descend", ("W", "nu", "losses"))
    want = reference.descend(*arguments)
    close(got[0], want[0], name="W")
    close(got[1], want[1], name="nu")
    close(got[2], want[2], name="losses")


def losses_agree(student_loss, reference_loss, rng, sizes):
    """Compare (loss, dW, dH) at a random point."""
    w, h, y = problem(rng, *sizes)
    price = rng.uniform(0.2, 3)
    got = three(student_loss(w, h, y, price), "the loss function")
    want = reference_loss(w, h, y, price)
    close(got[0], want[0], name="the loss")
    gradient_matches(got[1:], want[1:], names=["dW", "dH"])


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


# --- (b) the penalty ---


TWO_SAMPLES = {  # (C, ridge, multipliers)
    "hard margin": (np.inf, 0.0, [0.25, 2.0]),
    "soft margin": (1.0, 0.0, [0.25, 1.0]),
    "with a ridge": (10.0, 1.0, [0.2, 2 / 3]),
}


@b.check(cases={"hard margin": 1, "soft margin": 0.5, "with a ridge": 0.5})
def multipliers_of_two_samples(student, case):
    """For two orthogonal samples the multipliers are 1 / K_nn, clipped at C, and smaller with a ridge."""
    kernel, t = np.diag([4.0, 0.5]), np.array([1.0, -1.0])
    ceiling, ridge, want = TWO_SAMPLES[case]
    got = student.multipliers(kernel, t, ceiling, ridge)
    close(got, want, name=f"multipliers(K, t, {ceiling}, {ridge})", rtol=1e-4)


@b.check(
    points=3,
    hidden=True,
    hint="Is the dual gap zero? Compare sum alpha - 1/2 alpha^T Q alpha with the primal value.",
    cases=("hard margin", "soft margin", "with a ridge"),
)
def multipliers_of_random_problems(student, reference, rng, case):
    """The multipliers solve the dual, with a soft and a hard margin."""
    for count in (5, 12, 25):
        kernel, t = gram(rng, count)
        largest = reference.multipliers(kernel, t, np.inf).max()
        ridge = 0.7 if case == "with a ridge" else 0.0
        ceilings = {"hard margin": (np.inf,), "soft margin": (0.5 * largest, 0.1 * largest)}.get(case, (largest,))
        for ceiling in ceilings:
            agree(student.multipliers(kernel, t, ceiling, ridge), reference.multipliers(kernel, t, ceiling, ridge))


@b.check(
    points=2,
    hidden=True,
    hint="One power changes the upper bound of the multipliers, the other the diagonal of Q.",
    cases=("power 1", "power 2"),
)
def multipliers_of_the_penalty_form(student, reference, rng, case):
    """Both penalties have the multipliers that the handout derives."""
    repaired = student.with_reference(
        "multipliers", unless=(multipliers_of_two_samples, multipliers_of_random_problems)
    )
    for count in (4, 9):
        kernel, t = gram(rng, count)
        largest = reference.multipliers(kernel, t, np.inf).max()
        for price, lam in ((0.6, 0.5), (0.6, 3.0), (2.0, 1.0)):
            arguments = (kernel, t, price * largest, lam / largest, int(case[-1]))
            agree(repaired.penalty_multipliers(*arguments), reference.penalty_multipliers(*arguments))


@b.check(
    hidden=True,
    hint="The factor is not 1: look at the two samples of the handout.",
    cases={
        "several samples": 1.5,
        "one sample": 0.25,
        "a singular kernel matrix": Case(0.25, hint="What if the smallest eigenvalue is 0?"),
    },
)
def bound_on_the_multipliers(student, reference, rng, case):
    """The bound from the smallest eigenvalue is the one of the handout, and infinite for a singular kernel matrix."""
    for count in {"several samples": (2, 8, 30), "one sample": (1,)}.get(case, ()):
        kernel, _ = gram(rng, count)
        got, want = student.largest_multiplier_bound(kernel), reference.largest_multiplier_bound(kernel)
        close(got, want, name=f"largest_multiplier_bound of {count} samples", rtol=1e-4)
    if case == "a singular kernel matrix":
        got = student.largest_multiplier_bound(np.diag([1.0, 0.0]))
        if not isinstance(got, (int, float)) or not got > 1e12:
            raise CheckFailed(f"largest_multiplier_bound of a singular kernel matrix is {got!r}; expected infinity.")


@b.check(
    points=1,
    hidden=True,
    hint="Try a price C below and above the largest multiplier of the hard margin.",
    cases=("penalty_is_exact", "surely_exact"),
)
def exact_or_not(student, reference, rng, case):
    """penalty_is_exact and surely_exact decide correctly on both sides of their limits."""
    repaired = student.with_reference(
        "multipliers",
        "largest_multiplier_bound",
        unless=(multipliers_of_two_samples, multipliers_of_random_problems, bound_on_the_multipliers),
    )
    for count in (2, 7):
        kernel, t = gram(rng, count)
        hard = reference.multipliers(kernel, t, np.inf).max()
        bound = reference.largest_multiplier_bound(kernel)
        for price in (0.5 * hard, 2 * bound):
            largest = reference.multipliers(kernel, t, price).max()
            for factor in (0.8, 1.25):
                if case == "penalty_is_exact":
                    got = repaired.penalty_is_exact(kernel, t, price, 1 / (factor * largest))
                else:
                    got = repaired.surely_exact(kernel, price, 1 / (factor * min(price, bound)))
                same(bool(got), factor > 1, name=case)


def gram(rng, count):
    """A well-conditioned kernel matrix of random features, and random labels of both kinds."""
    h = rng.normal(size=(count, 2 * count + 1))
    t = np.where(rng.permutation(count) < max(1, count // 2), 1.0, -1.0)
    return h @ h.T / count, t


def agree(got, want):
    """Compare multipliers by the norm of their difference."""
    shape(got, want.shape, name="the multipliers")
    finite(got, name="the multipliers")
    gradient_matches(np.asarray(got, np.float64), want, names=["the array of the multipliers"], rtol=1e-4)


# --- (c) output layers ---


@c.check(points=1)
def l2svm_layer_of_the_example(student):
    """The L2-SVM layer sums over classes and takes the mean over samples: 2.125 for the example of the handout."""
    top = student.with_parameters(student.L2SVMLayer(2, 3), {"linear.weight": W, "linear.bias": np.zeros(3)})
    loss, _ = student.loss_and_gradients(top, H, Y)
    close(loss, 2.125, name="the loss of the layer")


@c.check(points=2, hidden=True, hint="Sum over the classes, mean over the samples.", cases=shared(1, 0.5, 0.25, 0.25))
def hinge_layer(student, reference, rng, case):
    """The hinge layer's loss and all gradients that torch finds for it are right."""
    layers_agree(student, reference, rng, "HingeLayer", SIZES[case])


@c.check(points=3, hidden=True, hint="Sum over the classes, mean over the samples.", cases=shared(1.5, 0.75, 0.5, 0.25))
def l2svm_layer(student, reference, rng, case):
    """The L2-SVM layer's loss and all gradients that torch finds for it are right."""
    layers_agree(student, reference, rng, "L2SVMLayer", SIZES[case])


@c.check(
    points=3,
    hidden=True,
    hint="nu has a row for each training sample; index says which of them the batch needs.",
    cases=shared(1.5, 0.75, 0.5, 0.25),
)
def slack_layer(student, reference, rng, case):
    """The slack layer's loss and all gradients, those of the slack variables included, are right."""
    samples, _, classes = SIZES[case]
    rows = 2 * samples + rng.permutation(samples)  # none of them is among the first
    nu = rng.normal(size=(3 * samples, classes))
    settings = {"samples": 3 * samples, "weight": rng.uniform(0.5, 3)}
    layers_agree(student, reference, rng, "SlackLayer", SIZES[case], rows, {"nu": nu}, settings)


@c.check(
    points=1,
    hidden=True,
    hint="At nu = 0 the gradient with respect to nu is 0, even if the constraint is violated.",
    cases=("positive", "zero is refused"),
)
def slack_variables_start_positive(student, case):
    """Slack variables start at the given positive number, and other starts are refused."""
    if case == "zero is refused":
        student.SlackLayer(3, 2, 5, start=1.0)  # a layer that refuses every start would pass otherwise
        raises("ValueError", lambda: student.SlackLayer(3, 2, 5, start=0.0), name="SlackLayer with start=0")
        return
    for start in (1.0, 0.25):
        top = student.SlackLayer(3, 2, 5, start=start)
        found = student.parameters_of(top)
        if "nu" not in found:
            raise CheckFailed("SlackLayer has no parameter called nu.")
        close(found["nu"], np.full((5, 2), start), name="nu")


def layers_agree(student, reference, rng, name, sizes, rows=None, more=None, settings=None):
    """Compare loss and gradients of one output layer with those of the reference."""
    samples, features, classes = sizes
    w, h, y = problem(rng, samples, features, classes)
    bias = rng.normal(size=classes) / 7
    values = {"linear.weight": w, "linear.bias": bias, **(more or {})}
    decay = rng.uniform(0.1, 1)
    found = []
    for module in (student, reference):
        top = getattr(module, name)(features, classes, decay=decay, **(settings or {}))
        found.append(module.loss_and_gradients(module.with_parameters(top, values), h, y, rows))
    (got, gradients), (want, expected) = found
    close(got, want, name=f"the loss of {name}")
    missing = [each for each in expected if gradients.get(each) is None]
    if missing:
        raise CheckFailed(f"The loss of {name} has no gradient with respect to {missing[0]}; torch must be able to.")
    gradient_matches([gradients[each] for each in expected], list(expected.values()), names=list(expected))


# --- (d) deep nets ---


@d.check(points=1)
def components_of_a_line(student):
    """Of points on a line, the first component is its direction, of either sign."""
    X = np.array([[1.0, 2.0], [4.0, 6.0], [7.0, 10.0], [-2.0, -2.0]])
    mean, components = several(student.principal_components(X, 1), "principal_components", ("mean", "components"))
    close(mean, [2.5, 4.0], name="mean")
    shape(components, (1, 2), name="components")
    close(np.abs(components), [[0.6, 0.8]], name="the absolute values of components")


SHAPES = {"more samples than features": (40, 12, 5), "more features than samples": (15, 30, 6)}


@d.check(
    points=2,
    hidden=True,
    hint="Mean and components come from the training set only, the largest variance first.",
    cases=tuple(SHAPES),
)
def components_in_order_and_from_the_training_set(student, reference, rng, case):
    """Components are orthonormal and in order, and both sets are projected with those of the training set."""
    for count, features, k in (SHAPES[case],):
        X = rng.normal(size=(count, features)) * np.geomspace(4, 0.2, features) + rng.normal(size=features)
        other = rng.normal(size=(9, features)) + 1
        mean, components = several(student.principal_components(X, k), "principal_components", ("mean", "components"))
        want_mean, want = reference.principal_components(X, k)
        close(mean, want_mean, name="mean")
        shape(components, want.shape, name="components")
        close(components @ components.T, np.eye(k), name="components times their transpose", atol=1e-6)
        close(
            np.abs(np.sum(components * want, axis=1)), np.ones(k), name="|cosines with the right components|", rtol=1e-4
        )
        got = several(student.reduced(X, other, k), "reduced", ("train_z", "other_z"))
        expected = reference.reduced(X, other, k)
        for z, right, name in zip(got, expected, ("train_z", "other_z"), strict=True):
            shape(z, right.shape, name=name)
        flips = np.sign(np.sum(got[0] * expected[0], axis=0))
        for z, right, name in zip(got, expected, ("train_z", "other_z"), strict=True):
            close(z * flips, right, name=name, atol=1e-6)


@d.check(points=1)
def noise_only_in_train_mode(student):
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


@d.check(points=1)
def body_of_two_hidden_layers(student, rng):
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


@d.check(
    points=2,
    hidden=True,
    hint="The error is a share; the squared hinge is summed over classes, without any decay.",
    cases=("L2SVMLayer", "SoftmaxLayer"),
)
def three_measures(student, reference, rng, case):
    """Error, cross-entropy and squared hinge of a net are right, whatever its top."""
    x, y = rng.normal(size=(30, 6)), rng.integers(4, size=30)
    got, want = (
        module.measure_arrays(net, x, y) for module, net in nets(student, reference, rng, 6, 4, case, module_noise=True)
    )
    if not isinstance(got, dict) or not set(want) <= set(got):
        raise CheckFailed(f"measures must return a dictionary with {', '.join(want)}.")
    for name, value in want.items():
        close(got[name], value, name=name)


STEPS = {  # batch, top
    "one batch": (8, "L2SVMLayer"),
    "a smaller last batch": (3, "SoftmaxLayer"),
    "a batch larger than the set": (20, "SlackLayer"),
}


@d.check(
    hidden=True,
    hint="The rate falls step by step, not epoch by epoch; a smaller last batch counts as well.",
    cases={
        "one batch": 1,
        "a smaller last batch": 0.75,
        "a batch larger than the set": Case(0.5, hint="A batch may be larger than the set: then there is one step."),
        "what is reported": 0.75,
    },
)
def steps_of_training(student, reference, rng, case):
    """From the same start, Adam with the falling rate leads to the same weights and the same history of losses."""
    distinct = rng.normal(size=(8, 5)), rng.integers(3, size=8)
    alike = np.tile(rng.normal(size=(1, 5)), (7, 1)), np.full(7, 2)  # so that the order of samples does not matter
    if case in STEPS:
        batch, top = STEPS[case]
        x, y = alike if batch == 3 else distinct
        settings = {"epochs": 6, "batch": batch, "rate": 0.01}
        ends, histories = [], []
        for module, net in nets(student, reference, rng, 5, 3, top, samples=len(x)):
            histories.append(module.fit_arrays(net, x, y, **settings))
            ends.append(module.parameters_of(net))
        got, want = ends
        gradient_matches(
            [got[name] for name in want], list(want.values()), names=[f"{name} after 6 epochs" for name in want]
        )
        close(histories[0], histories[1], name="the history of losses", rtol=1e-4)
        return
    reported = [
        module.reports_of_fit(net, *distinct, epochs=3, batch=8, rate=0.01)
        for module, net in nets(student, reference, rng, 5, 3, "SoftmaxLayer")
    ]
    close(reported[0], reported[1], name="what is reported, (epoch, loss)", rtol=1e-4)


@d.check(
    points=2,
    hidden=True,
    hint="Shuffle again in each epoch, call net.train(), set net.noise.sd before each step.",
    cases=("train mode", "every sample once", "falling noise", "another order"),
)
def samples_noise_and_mode(student, rng, case):
    """Each epoch shows every sample once, in another order, in train mode, with noise that falls linearly to 0."""
    x, y = np.arange(22.0).reshape(11, 2), rng.integers(3, size=11)
    recorder = student.Recorder()
    net = student.DeepNet(student.dense_body(2, 4), student.SoftmaxLayer(4, 3), recorder)
    student.with_parameters(net, {})
    student.answer(net, x)  # leaves it in eval mode
    before = len(recorder.modes)
    student.fit_arrays(net, x, y, epochs=3, batch=4, rate=0.01, noise=0.9)
    levels, modes, seen = recorder.levels[before:], recorder.modes[before:], recorder.seen[before:]
    if case == "train mode" and not all(modes):
        raise CheckFailed("fit trains in eval mode; call net.train() first.")
    if [len(part) for part in seen] != [4, 4, 3] * 3:
        raise CheckFailed(
            f"With 11 samples and batches of 4 the first batches have the sizes {[len(part) for part in seen][:6]}; "
            "expected 4, 4, 3 in each epoch."
        )
    if case == "falling noise":
        close(levels, 0.9 * (1 - np.arange(9) / 9), name="net.noise.sd step by step")
    epochs = [np.concatenate(seen[start : start + 3]) for start in (0, 3, 6)]
    for epoch in epochs:
        if case == "every sample once" and not np.array_equal(np.sort(epoch), x[:, 0]):
            raise CheckFailed("An epoch does not show every sample exactly once.")
    if case == "another order" and all(np.array_equal(epoch, epochs[0]) for epoch in epochs):
        raise CheckFailed("All epochs show the samples in the same order; shuffle them again in each.")


def nets(student, reference, rng, inputs, classes, top, *, samples=0, module_noise=False):
    """A net of the student's and one of the reference's, with the same random parameters in float64."""
    width, made = 7, []
    values = None
    for module in (student, reference):
        extra = {"samples": samples} if top == "SlackLayer" else {}
        layer = getattr(module, top)(width, classes, decay=0.05, **extra)
        noise = module.GaussianNoise(2.0) if module_noise else None
        net = module.DeepNet(module.dense_body(inputs, width), layer, noise)
        if values is None:
            values = {name: rng.normal(size=value.shape) / 2 for name, value in module.parameters_of(net).items()}
        made.append((module, module.with_parameters(net, values)))
    return made


# --- (e) softmax against L2-SVM ---


@e.check(points=2)
def both_tops_start_alike(student, rng):
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


SETTINGS_OF_TRAININGS = {"width": 128, "decay": 1e-4, "noise": 0.3, "batch": 50}


@e.check(
    points=4, hidden=True, needs=both_tops_start_alike, hint="If (c) and (d) are right: does each net get its own top?"
)
def both_nets_learn(student, data, hidden, rng, share):
    """Both nets are accurate enough on unseen images, and each is better than the other in its own loss."""
    run = RUNS[data.name]
    train = max(100, round(run.train * share))
    chosen = rng.permutation(len(data.train))[:train]
    asked = rng.permutation(len(hidden))[: run.hidden]
    secret = rearranged(COMPONENTS, 10, rng, signs=True)  # which makes no difference to a dense net
    x, test_x = map(secret.x, components(flat(data.train.x[chosen]), flat(hidden.x[asked])))
    y, test_y = secret.y(data.train.y[chosen]), secret.y(hidden.y[asked])
    alarms, known_seconds = [], []

    def training(rng):
        seed = int(rng.integers(1 << 31))
        settings = {**SETTINGS_OF_TRAININGS, "seed": seed, "epochs": run.epochs}
        begun = student.cpu_seconds()
        trained = pair(student.compare_arrays(x, y, **settings))
        known_seconds.append(cpu_since(student, begun))
        known = [dense_parameters(student, net, x[:50]) for net in trained]
        own = [scores(student, net, values, x) for net, values in zip(trained, known, strict=True)]
        entropies = [cross_entropy(each, y) for each in own]
        hinges = [squared_hinge(each, y) for each in own]
        for what, (softmax, svm) in (("cross-entropy", entropies), ("squared hinge loss", hinges)):
            if (softmax < svm) != (what == "cross-entropy"):
                raise CheckFailed(
                    f"On the training images the {what} of the softmax net is {softmax:.3g}, that of the L2-SVM net "
                    f"{svm:.3g}; each net should be the better one in the loss that it is trained with."
                )
        if None in known:
            alarms.append("A net is not two hidden layers of relu units, so its own scores were taken; read its code.")
        found = [
            accuracy(scores(student, net, values, test_x), test_y, name="test accuracy")
            for net, values in zip(trained, known, strict=True)
        ]
        worse = min(found, key=lambda each: each.value)
        return replace(worse, run=f"{train:,} images x {run.epochs}")

    trainings = over_seeds(training, rng, k=2, rule="best", student=student)
    credit = trainings.points_at({run.passing: 1.0}, implausible=run.implausible)

    def quick(student):
        noise = rng.normal(size=x.shape).astype(np.float32), rng.integers(10, size=len(y))
        found = []
        for _ in range(2):  # the first in a sandbox may have to import something
            begun = student.cpu_seconds()
            student.compare_arrays(*noise, **{**SETTINGS_OF_TRAININGS, "seed": 0, "epochs": 1})
            found.append(cpu_since(student, begun))
        if None in (*found, *known_seconds):
            return ()
        return quicker_than_fresh(min(known_seconds), run.epochs * min(found))

    return replace(credit, alarms=(*credit.alarms, *dict.fromkeys(alarms))).with_sign(quick)


def cpu_since(student, begun):
    """CPU seconds since a reading of them, or None where they are not known."""
    now = student.cpu_seconds()
    return None if now is None or begun is None else now - begun


def dense_parameters(student, net, x):
    """[(weight, bias), ...] of a net whose scores on x follow from them by linear maps and relu between, or None."""
    values = [np.asarray(each, np.float64) for each in student.parameters_of(net).values()]
    found = list(zip(values[::2], values[1::2], strict=False))
    widths = [x.shape[1]]
    for weight, bias in found:
        if weight.ndim != 2 or weight.shape[1] != widths[-1] or bias.shape != weight.shape[:1]:
            return None
        widths.append(len(weight))
    if len(values) != 2 * len(found) or len(found) < 2:
        return None
    got, want = np.asarray(student.answer(net, x), np.float64), dense_scores(found, x)
    return found if got.shape == want.shape and relative_error(got, want) < 1e-3 else None


def dense_scores(layers, x):
    """The scores of linear maps with relu between them, (n, K)."""
    z = np.asarray(x, np.float64)
    for weight, bias in layers[:-1]:
        z = np.maximum(z @ weight.T + bias, 0)
    return z @ layers[-1][0].T + layers[-1][1]


def scores(student, net, known, x):
    """Scores of a net, from its parameters where their form is known, else its own, (n, K)."""
    return dense_scores(known, x) if known else np.asarray(student.answer(net, x), np.float64)


@e.check(points=3, hidden=True, hint="Copy the weights instead of sharing them, and copy the top's decay as well.")
def softmax_goes_on_from_the_svm(student, reference, rng):
    """The continued net has the same scores, the loss of softmax, and weights of its own."""
    x, y = rng.normal(size=(10, 5)), rng.integers(3, size=10)
    (_, net), (_, twin) = nets(student, reference, rng, 5, 3, "L2SVMLayer")
    before = student.parameters_of(net)
    further = student.continue_with_softmax(net)
    student.with_parameters(further, {})
    close(student.answer(further, x), reference.answer(twin, x), name="the scores of the continued net")
    h = rng.normal(size=(10, 7))
    got, _ = student.loss_and_gradients(further, h, y)
    expected = reference.with_parameters(reference.continue_with_softmax(twin), {})
    want, _ = reference.loss_and_gradients(expected, h, y)
    close(got, want, name="the loss of the continued net's top")
    student.fit_arrays(further, x, y, epochs=2, batch=5, rate=0.01)
    after = student.parameters_of(net)
    for name, value in before.items():
        close(after[name], value, name=f"{name} of the first net after the other was trained")


def pair(answer):
    """The two nets of compare."""
    if not isinstance(answer, dict) or not {"softmax", "L2-SVM"} <= set(answer):
        raise CheckFailed('compare must return a dictionary {"softmax": net, "L2-SVM": net}.')
    return answer["softmax"], answer["L2-SVM"]


def flat(x):
    """Images as rows of float64, (n, d)."""
    return x.reshape(len(x), -1) / (255.0 if x.dtype == np.uint8 else 1.0)


def components(train, other):
    """Both in the first principal components of the training set, as float32 of about unit size.

    There are fewer samples than pixels, so the eigenvectors of the smaller matrix of scalar products are asked for.
    """
    mean = train.mean(axis=0)
    centred = train - mean
    squares, vectors = np.linalg.eigh(centred @ centred.T)  # eigenvalues rise
    squares, vectors = squares[-COMPONENTS:], vectors[:, -COMPONENTS:]
    directions = (centred.T @ vectors) / np.sqrt(squares)  # (d, k), of length 1
    scale = np.sqrt(squares / len(train)).mean()
    return tuple(((part - mean) @ directions / scale).astype(np.float32) for part in (train, other))


def cross_entropy(scores, y):
    """Mean over the samples."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))


def squared_hinge(scores, y):
    """Sum over the classes, mean over the samples."""
    return float(np.mean(np.sum(np.maximum(1 - targets(y, scores.shape[1]) * scores, 0) ** 2, axis=1)))
