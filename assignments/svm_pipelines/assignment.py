"""Support vector machines on images: scikit-learn pipelines and grid searches, on pixels and on features of networks.

Checks of networks look at parameters, shapes and short trainings on images of plain colours; checks of estimators at
steps, scores and predictions, beside those of the reference on the same samples. The published experiments, with their
figures, are run by `python -m reference.svm_pipelines`; no grade trains for hours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder import Assignment, Case, Item, Limits
from autograder.checks import (
    accuracy,
    close,
    disguised,
    estimator,
    falls_on_fresh,
    figure,
    figures_drawn,
    finite,
    fitted_in_folds,
    gradient_matches,
    grid_scores,
    leakage_probe,
    mean_squared_error,
    over_seeds,
    relative_error,
    same,
    shape,
    structure,
    weights_changed,
)
from autograder.checks.errors import CheckFailed

assignment = Assignment(
    "Support vector machines and pipelines",
    files=["svm_networks.py", "svm_training.py", "svm_models.py", "svm_plots.py"],
    given=["cifar10_data.py"],
    data="cifar10",
    preload=(
        "numpy",
        "torch",
        "torch._dynamo",
        "matplotlib.pyplot",
        "sklearn.decomposition",
        "sklearn.model_selection",
        "sklearn.multiclass",
        "sklearn.neighbors",
        "sklearn.pipeline",
        "sklearn.preprocessing",
        "sklearn.svm",
    ),
    limits=Limits(wall_seconds=600, cpu_seconds=120, memory_mib=3072),
)

a = assignment.question(
    "Networks and the hinge loss",
    id="a",
    solution=["hinge_loss", "convolutions", "HingeCNN", "FeaturesCNN", "Autoencoder"],
)
b = assignment.question(
    "Training",
    id="b",
    solution=["train_classifier", "train_autoencoder", "scores", "features", "codes", "reconstructions"],
)
c = assignment.question(
    "Pipelines",
    id="c",
    solution=["rbf_pipeline", "linear_pipeline", "pca_pipeline", "neighbours", "centroid"],
)
d = assignment.question(
    "Searches",
    id="d",
    solution=["rbf_search", "linear_search", "pca_search", "score_table"],
)
e = assignment.question("Many classes", id="e", solution=["ways_of_many_classes"])
f = assignment.question(
    "Figures",
    id="f",
    solution=["plot_samples", "plot_history", "plot_heat_map", "plot_scores", "plot_reconstructions"],
)

g = assignment.question("Four questions", id="g")

g.written(
    "What do features know that codes, principal components and pixels do not?",
    points=3,
    rubric={
        "compares the accuracies, with figures": 1,
        "codes and components keep what draws the image again, whether it tells the class or not": Item(
            1, student="says what codes and components are made for"
        ),
        "features were learned with the labels, for a linear layer": Item(1, student="says what features are made for"),
    },
    answer="answers.md#features",
)
g.written(
    "Why do 'ovo' and 'ovr' of SVC predict the same labels, and when would OneVsRestClassifier predict others?",
    points=2,
    rubric={
        "both train a machine for each pair, and only the form of the votes differs": Item(
            1, student="says what SVC does in both cases, and what the setting is about"
        ),
        "OneVsRestClassifier trains others, each class against all the rest": Item(
            1, student="says what OneVsRestClassifier does instead"
        ),
    },
    answer="answers.md#ways",
)
g.written(
    "Where do training and validation accuracy part, and what does a search on training images promise?",
    points=3,
    rubric={
        "states where they diverge, with figures": 1,
        "the features of training images were made by a network that knew their classes": Item(
            1, student="says what such a score rests on"
        ),
        "so the scores lie above those of unseen images; how to do better": Item(
            1, student="says what follows, and how to do better"
        ),
    },
    answer="answers.md#leak",
)
g.written(
    "Why does the primal suit many samples of few features, and the dual few samples of many?",
    points=2,
    rubric={
        "variables are counted: features in the primal, samples in the dual": Item(
            2, student="says what is to be found in each, and how much of it"
        )
    },
    answer="answers.md#sides",
)

# Parameters of each layer that has some, in the order of the computation (see the handout).
LAYERS = {
    "HingeCNN": (896, 9248, 9248, 9248, 51264, 650),
    "FeaturesCNN": (896, 9248, 9248, 9248, 102528, 1290),
    "Autoencoder": (1792, 73856, 2097408, 2105344, 147584, 73792, 1731),
}


# --- (a) networks ---


@a.check(points=1)
def hinge_loss_by_hand(student):
    """Of two images, one right by more than 1 and one wrong by 3, the loss is (0 + 4) / 2."""
    got, gradient = answer(student.hinge_loss_and_gradient(np.array([[2.0, 0.5, 0.0], [0.0, 1.0, 3.0]]), [0, 0]))
    close(got, 2.0, name="hinge_loss")
    close(gradient, [[0.0, 0.0, 0.0], [-0.5, 0.0, 0.5]], name="the gradient of hinge_loss")


CLASSES = {"ten classes": (10, 1.0), "twelve classes": (12, 0.1), "two classes": (2, 3.0)}  # and the size of scores


@a.check(
    hidden=True,
    hint="Only the best of the wrong classes counts, and the mean is over the images.",
    cases={"ten classes": 1.25, "twelve classes": 0.5, "two classes": 0.25},
)
def hinge_loss_agrees_with_its_definition(student, rng, case):
    """At random scores of 2 to 12 classes, the loss and its gradient are right."""
    classes, size = CLASSES[case]
    scores, labels = size * rng.normal(size=(40, classes)), rng.integers(classes, size=40)
    got, gradient = answer(student.hinge_loss_and_gradient(scores, labels))
    close(got, hinge(scores, labels), name="hinge_loss", n=40)
    gradient_matches(gradient, of=lambda at: hinge(at, labels), at=scores, rng=rng)


@a.check(points=1)
def layers_of_the_hinge_cnn(student):
    """The layers of HingeCNN have the numbers of parameters of the handout, and images give ten scores."""
    has_layers(student, "HingeCNN", output=(2, 10))


@a.check(points=1)
def layers_of_the_features_cnn(student):
    """The layers of FeaturesCNN have the numbers of parameters of the handout, and images give ten scores."""
    has_layers(student, "FeaturesCNN", output=(2, 10))


@a.check(points=1)
def layers_of_the_autoencoder(student):
    """The layers of Autoencoder have the numbers of parameters of the handout, and images give images."""
    has_layers(student, "Autoencoder", output=(2, 3, 32, 32))


@a.check(
    points=2,
    hidden=True,
    needs=(layers_of_the_hinge_cnn, layers_of_the_features_cnn),
    hint="Where must ReLU be, and where not? Before or after which layer are the poolings?",
    cases=("HingeCNN", "FeaturesCNN"),
)
def outputs_of_the_classifiers(student, reference, rng, case):
    """With the same weights both classifiers give the scores that the networks of the handout give."""
    same_outputs(student, reference, rng, case)


@a.check(
    points=2,
    hidden=True,
    needs=layers_of_the_autoencoder,
    hint="Look at strides and padding. The codes are not clipped at 0; the outputs of the last layer are in [0, 1].",
)
def outputs_of_the_autoencoder(student, reference, rng):
    """With the same weights the autoencoder gives the images that the handout's gives."""
    same_outputs(student, reference, rng, "Autoencoder")


def has_layers(student, name, output):
    """Compare the parameters of each layer, and the shape of the output."""
    network = getattr(student, name)()
    built = structure(student.layers_of(network, np.zeros((2, 3, 32, 32), np.float32)), name=name)
    built.output_shape(*output)
    order = called(built)
    sizes = {layer.name: sum(each.size for each in layer.parameters) for layer in built.layers}
    if unused := [layer for layer, size in sizes.items() if size and layer not in order]:
        raise CheckFailed(f"{name} has a layer {unused[0]!r} that images do not pass.")
    counts = tuple(sizes[layer] for layer in order)
    same(counts, LAYERS[name], name=f"the numbers of parameters of the layers of {name}")


def called(built):
    """The names of the layers that have parameters, in the order of the computation."""
    return list(dict.fromkeys(layer.name for layer, _ in built.calls if layer.parameters))


def same_outputs(student, reference, rng, name):
    """Give two networks the same random weights, layer by layer in the order of the computation; compare outputs."""
    example = np.zeros((2, 3, 32, 32), np.float32)
    networks = [getattr(each, name)() for each in (student, reference)]
    theirs, ours = (
        called(structure(each.layers_of(network, example), name=name))
        for each, network in zip((student, reference), networks, strict=True)
    )
    weights, expected = (dict(network.state_dict()) for network in networks)
    for own, other in zip(theirs, ours, strict=True):
        for part in ("weight", "bias"):
            key, like = f"{own}.{part}", expected[f"{other}.{part}"]
            drawn = rng.normal(size=like.shape) * np.sqrt(2 / (like[0].size if part == "weight" else 100))
            if key not in weights or weights[key].size != like.size:
                raise CheckFailed(f"The layer {own!r} of {name} has no {part} of {like.size} numbers.")
            expected[f"{other}.{part}"] = drawn.astype(np.float32)
            weights[key] = drawn.astype(np.float32).reshape(weights[key].shape)
    images = rng.integers(256, size=(8, 32, 32, 3), dtype=np.uint8)
    got, want = (
        np.asarray(each.in_batches(each.load_weights(network, state), network, images), np.float64)
        for each, network, state in zip((student, reference), networks, (weights, expected), strict=True)
    )
    shape(got, want.shape, name=f"what {name} gives")
    if not relative_error(got, want) < 0.01:
        raise CheckFailed(
            f"With the same weights in its layers {name} gives other outputs than the network of the handout: look at "
            "where ReLU and pooling stand, at strides and padding, and at what stands at the end."
        )


def answer(value):
    """The (loss, gradient) that the given function returns."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise CheckFailed("hinge_loss_and_gradient must return two things; it is given, so leave it as it is.")
    return value


def hinge(scores, labels):
    """The mean of max(0, 1 + max over j != y of s_j - s_y), from its definition."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, labels] = -np.inf
    return float(np.mean(np.maximum(0, 1 + others.max(axis=1) - scores[rows, labels])))


# --- (b) training ---

AT_RATE_0 = "of an epoch at the rate 0"
COLOURS = 3  # of plain images, which are easy to tell apart and to draw again
TRAINED, EPOCHS = 192, 20  # a training of a classifier that right submissions end with all of them right, nearly always
ENCODED, PASSES = 32, 48  # a training of the autoencoder


@b.check(points=2, cases=("its lists and rates", "its numbers at the rate 0"))
def a_training_is_written_down(student, rng, case):
    """The history has five lists of a number for each epoch; at the rate 0 they are those of the unchanged network."""
    x, y = coloured(rng, 100)
    network, others = student.HingeCNN(), (x[70:], y[70:])
    if case == "its lists and rates":
        history = student.train_classifier(network, "hinge", x[:70], y[:70], *others, epochs=2)
        has_history(history, epochs=2)
        close(history["rate"], [0.0005, 0.0], name="the rates", atol=1e-9)
        return
    x = symmetric(x)
    scores = np.asarray(student.in_batches(network, network, x), np.float64)
    # Two of three guesses are right, the third label is the class of the lowest score: no loss lies near the mean, so
    # the last batch of the training, which is one image, shows whether images or batches are averaged.
    y = np.where(np.arange(len(x)) % 3, scores.argmax(axis=1), scores.argmin(axis=1))
    history = student.train_classifier(network, "hinge", x[:65], y[:65], x[65:], y[65:], epochs=1, rate=0.0)
    has_history(history, epochs=1)
    for part, chosen in (("train", slice(65)), ("validation", slice(65, 100))):
        scores = np.asarray(student.in_batches(network, network, x[chosen]), np.float64)
        right = float((scores.argmax(axis=1) == y[chosen]).mean())
        expected = hinge(scores, y[chosen])
        close(history[f"{part}_loss"], [expected], name=f"{part}_loss {AT_RATE_0}", rtol=1e-3, atol=1e-6)
        close(history[f"{part}_accuracy"], [right], name=f"{part}_accuracy {AT_RATE_0}", atol=1e-6)


@b.check(points=1, hidden=True, hint="Gradients accumulate unless they are set to zero before each step.")
def steps_of_a_training(student, reference, rng):
    """From the same start, six steps on one batch give a small given network the same weights as the reference."""
    x, y = coloured(rng, 40)
    start = {"1.weight": 0.02 * rng.normal(size=(10, 3072)), "1.bias": rng.normal(size=10)}
    reported = []
    for module in (student, reference):
        network = module.load_weights(module.small_classifier(), {name: np.float32(start[name]) for name in start})
        reported.append(module.train_classifier(network, "cross-entropy", symmetric(x), y, x[:9], y[:9], epochs=6))
        has_history(reported[-1], epochs=6)
    for name in HISTORY:
        close(reported[0][name], reported[1][name], name=f"history[{name!r}] of six steps", rtol=0.01, atol=1e-6)


@b.check(points=1, hidden=True, hint="Does each step go against the gradient of the given loss?")
def the_hinge_loss_is_learned(student, rng):
    """Trained on images of plain colours with the hinge loss, HingeCNN classifies most other such images right."""
    return learned(student, rng, "HingeCNN", "hinge")


@b.check(points=1, hidden=True, hint="Does each step go against the gradient of the given loss?")
def cross_entropy_is_learned(student, rng):
    """Trained on images of plain colours with cross-entropy, FeaturesCNN classifies most other such images right."""
    return learned(student, rng, "FeaturesCNN", "cross-entropy")


def learned(student, rng, name, loss):
    """The credit of a short training; the better of two counts."""

    def training(rng):
        x, y = coloured(rng, TRAINED)
        test_x, test_y = coloured(rng, 90)
        network = getattr(student, name)()
        history = student.train_classifier(network, loss, x, y, test_x, test_y, epochs=EPOCHS, rate=0.003)
        has_history(history, epochs=EPOCHS)
        scores = np.asarray(student.in_batches(network, network, test_x), np.float64)
        finite(scores, name=f"the scores of {name}")
        expected = hinge(scores, test_y) if loss == "hinge" else cross_entropy(scores, test_y)
        close(history["validation_loss"][-1], expected, name=f"the last validation loss ({loss})", rtol=1e-3, n=90)
        close(student.scores(network, test_x), scores, name="scores(network, images)", rtol=1e-3, atol=1e-4)
        return replace(accuracy(scores, test_y, name="accuracy"), run=f"{TRAINED} images x {EPOCHS}")

    return over_seeds(training, rng, k=2, rule="best", student=student).points_at({0.5: 1.0})


@b.check(
    hidden=True,
    hint="Features come after the ReLU, and the last layer computes the scores from them.",
    cases={"none is negative": 0.5, "the scores follow": 1.5},
)
def features_are_those_below_the_scores(student, rng, case):
    """128 features for each image, none negative, from which the scores follow by a linear map; in the order given."""
    network = student.FeaturesCNN()
    if case == "none is negative":
        few = np.asarray(student.features(network, rng.integers(256, size=(8, 32, 32, 3), dtype=np.uint8)), np.float64)
        shape(few, (8, 128), name="features")
        none_is_negative(few)
        return
    x = rng.integers(256, size=(600, 32, 32, 3), dtype=np.uint8)
    x = (x // 4 + rng.integers(192, size=(600, 8, 8, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)).astype(np.uint8)
    got, scores = (np.asarray(take(network, x), np.float64) for take in (student.features, student.scores))
    shape(got, (600, 128), name="features")
    shape(scores, (600, 10), name="scores")
    none_is_negative(got)
    if np.ptp(got, axis=0).max() == 0:
        raise CheckFailed("All images have the same features.")
    close(student.features(network, x[:7]), got[:7], name="features of the first images", rtol=1e-3, atol=1e-5)
    known = np.column_stack([got, np.ones(len(got))])
    linear, *_ = np.linalg.lstsq(known, scores, rcond=None)
    close(known @ linear, scores, name="the best linear map of the features", rtol=1e-2, atol=1e-4)


def none_is_negative(features):
    """Fail if a feature is below 0, or is nan."""
    if not np.all(features >= 0):
        raise CheckFailed("Some features are negative: take them after the ReLU.")


@b.check(
    hidden=True,
    hint="The target is the input image itself; codes come from `encode`.",
    cases={"the loss at the rate 0": 0.75, "ten steps": 0.75, "a training": 1.5},
)
def the_autoencoder_learns_its_images(student, reference, rng, case):
    """Trained on few images, its mean squared error falls, and its codes and reconstructions have their shapes."""
    even = symmetric(coloured(rng, 90)[0])
    if case == "the loss at the rate 0":
        network = student.Autoencoder()
        made = np.asarray(student.in_batches(network, network, even), np.float64).transpose(0, 2, 3, 1)
        known = np.mean((made - even / 255) ** 2)
        shape(student.reconstructions(network, even), (90, 32, 32, 3), name="reconstructions")
        unchanged = taken(student.train_autoencoder(network, even, epochs=1, rate=0.0), "train_loss")
        close(unchanged, [known], name=f"train_loss {AT_RATE_0}", rtol=1e-3)
        return None
    if case == "a training":
        trained = over_seeds(
            lambda rng: autoencoded(student, coloured(rng, ENCODED)[0]), rng, k=2, rule="best", student=student
        )
        return trained.points_at({0.1: 1.0})
    start = {"1.weight": 0.03 * rng.normal(size=(8, 3072)), "2.weight": 0.03 * rng.normal(size=(3072, 8))}
    start |= {"1.bias": np.zeros(8), "2.bias": np.zeros(3072)}
    steps = []
    for module in (student, reference):
        network = module.load_weights(module.small_autoencoder(), {name: np.float32(start[name]) for name in start})
        steps.append(taken(module.train_autoencoder(network, even[:40], epochs=10, rate=0.003), "train_loss"))
    close(*steps, name="train_loss of ten steps of a small autoencoder", rtol=0.01)
    return None


def autoencoded(student, x):
    """The mean squared error of an autoencoder after a short training; images that are all alike would give 0.128."""
    network = student.Autoencoder()
    before = student.reconstructions(network, x)
    student.train_autoencoder(network, x, epochs=PASSES)
    after, codes = student.reconstructions(network, x), student.codes(network, x)
    shape(codes, (ENCODED, 256), name="codes")
    finite(codes, name="codes")
    if not np.any(np.asarray(codes, np.float64) % 1):
        raise CheckFailed("All codes are whole numbers; the encoder gives numbers with decimals.")
    weights_changed({"reconstructions": before}, {"reconstructions": after})
    if np.min(after) < 0 or np.max(after) > 1:
        raise CheckFailed("Reconstructions leave the range 0 to 1.")
    made = np.asarray(student.in_batches(network, network, x), np.float64).transpose(0, 2, 3, 1)
    close(after, made, name="reconstructions(network, images)", rtol=1e-3, atol=1e-4)
    measured = mean_squared_error(made.reshape(ENCODED, -1), x.reshape(ENCODED, -1) / 255)
    return replace(measured, run=f"{ENCODED} images x {PASSES}")


HISTORY = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rate")


def has_history(history, epochs):
    """Five lists of one number an epoch."""
    for name in HISTORY:
        values = taken(history, name)
        shape(values, (epochs,), name=f"history[{name!r}]")
        finite(values, name=f"history[{name!r}]")


def taken(history, name):
    """One list of a history."""
    if not isinstance(history, dict) or name not in history:
        raise CheckFailed(f"The history must be a dictionary with {name!r}.")
    return history[name]


def coloured(rng, count):
    """Images of plain colours with noise, uint8 (count, 32, 32, 3): red, green or blue; and labels 2, 5, 7."""
    kind = rng.permutation(np.arange(count) % COLOURS)
    x = rng.integers(0, 60, size=(count, 32, 32, 3)) + 190 * np.eye(COLOURS, dtype=np.int64)[kind][:, None, None]
    return x.astype(np.uint8), np.array([2, 5, 7])[kind]


def symmetric(images):
    """Their left halves beside the same mirrored: mirroring such images changes nothing."""
    return np.concatenate([images[:, :, :16], images[:, :, 15::-1]], axis=2)


def cross_entropy(scores, labels):
    """The mean of log sum_j exp(s_j) - s_y."""
    most = scores.max(axis=1, keepdims=True)
    sums = np.log(np.exp(scores - most).sum(axis=1)) + most[:, 0]
    return float(np.mean(sums - scores[np.arange(len(scores)), labels]))


# --- (c) pipelines ---


@c.check(cases={"rbf_pipeline": 0.75, "linear_pipeline": 0.75, "pca_pipeline": 0.5})
def steps_of_the_pipelines(student, case):
    """Each pipeline has the two steps of the handout, with the given settings, and is not yet fitted."""
    if case == "rbf_pipeline":
        rbf = described(student, student.rbf_pipeline(C=4.0, gamma=0.25), "rbf_pipeline(4, 0.25)")
        rbf.steps("MinMaxScaler", "SVC").step("SVC").has(C=4.0, gamma=0.25, kernel="rbf")
    elif case == "linear_pipeline":
        for dual in (False, True):
            made = student.linear_pipeline(C=0.5, dual=dual)
            linear = described(student, made, f"linear_pipeline(0.5, dual={dual})")
            linear.steps("MinMaxScaler", "LinearSVC").step("LinearSVC").has(C=0.5, dual=dual)
    else:
        pca = described(student, student.pca_pipeline(C=0.25, variance=0.8), "pca_pipeline(0.25, 0.8)")
        pca.steps("PCA", "LinearSVC").step("LinearSVC").has(C=0.25)
        pca.step("PCA").has(n_components=0.8)


def described(student, made, name):
    """The description of an estimator that is not fitted yet."""
    return estimator(student.estimator_of(made), name=name).unfitted()


@c.check(
    hidden=True,
    hint="Which classifier does the handout name, and is k its number of neighbours?",
    cases={"one neighbour": 0.5, "five neighbours": 0.5, "nearest centroid": 1},
)
def baselines_agree(student, reference, data, rng, case):
    """On real pixels, the nearest neighbours and the nearest centroid predict what the reference's predict."""
    x, y, test_x = pixels_of(data, rng, 300, 100)
    call, *k = {"one neighbour": ("neighbours", 1), "five neighbours": ("neighbours", 5)}.get(case, ("centroid",))
    made = [getattr(module, call)(*k) for module in (student, reference)]
    got, want = (np.asarray(each.fit(x, y).predict(test_x)) for each in made)
    agree(got, want, f"{call}({k[0] if k else ''})")


SETTINGS = {
    "rbf_pipeline": {"C": 4.0, "gamma": 2.0**-6},
    "linear_pipeline, primal": {"C": 2.0**-6, "dual": False},
    "linear_pipeline, dual": {"C": 2.0**-6, "dual": True},
    "pca_pipeline": {"C": 2.0**-3, "variance": 0.8},
}


@c.check(
    points=4,
    hidden=True,
    needs=steps_of_the_pipelines,
    hint="Fit each pipeline on a few hundred images yourself, and look at its accuracy and at pca.n_components_.",
    cases=("rbf_pipeline", "linear_pipeline, primal", "linear_pipeline, dual", "pca_pipeline"),
)
def pipelines_reach_the_accuracy_of_the_reference(student, reference, data, hidden, rng, case):
    """Fitted on real pixels, the pipelines are as accurate on unseen images as the reference's, within 3 points."""
    x, y, _ = pixels_of(data, rng, 300, 1)
    asked = rng.permutation(len(hidden))[:500]
    test_x = flat(disguised(hidden.x[asked], rng, mirror=True))
    call, settings = case.partition(",")[0], SETTINGS[case]
    mine, theirs = (getattr(each, call)(**settings).fit(x, y) for each in (student, reference))
    credit = as_right(mine.predict(test_x), theirs.predict(test_x), hidden.y[asked], name=call)

    def falls(student):
        again = getattr(student, call)(**settings).fit(x, y)
        images = flat(hidden.x[asked]), test_x
        return falls_on_fresh(*(accuracy(again.predict(each), hidden.y[asked]) for each in images))

    return credit.with_sign(falls)


IMPLAUSIBLE = 0.15
"""Nothing that is fitted on the same few images is right so much more often than the reference."""


def as_right(got, want, labels, name):
    """The credit for predicted labels that are right as often as the reference's, to 3 points."""
    ours, theirs = (accuracy(each, labels, name=name) for each in (got, want))
    if ours.value < theirs.value - 0.03:
        raise CheckFailed(
            f"{name} is right on {100 * ours.value:.1f} % of {len(labels)} unseen images; expected at most 3 points "
            f"less than the reference's {100 * theirs.value:.1f} %."
        )
    least, most = theirs.value - 0.03 - 1e-9, theirs.value + IMPLAUSIBLE
    return replace(ours.points_at({least: 1.0}, implausible=most), message="")


def flat(images):
    """Images uint8 (n, 32, 32, 3) as float64 rows (n, 3072) in [0, 1]."""
    return images.reshape(len(images), -1) / 255


def pixels_of(data, rng, train, test):
    """Some training pixels, their labels, and pixels of validation images."""
    chosen, shown = rng.permutation(len(data.train))[:train], rng.permutation(len(data.validation))[:test]
    return flat(data.train.x[chosen]), data.train.y[chosen], flat(data.validation.x[shown])


def agree(got, want, name):
    """Predicted labels that are those of the reference, up to 2 % of ties."""
    shape(got, want.shape, name=f"the predictions of {name}")
    share = float((got == want).mean())
    if share < 0.98:
        raise CheckFailed(
            f"{name} predicts {100 * share:.0f} % of the labels of the reference; expected at least 98 %."
        )


# --- (d) searches ---

SMALL_C, SMALL_GAMMA = (8.0, 0.25), (0.03125, 0.5, 0.125)


@d.check(points=2)
def a_search_tries_the_whole_grid(student, rng):
    """A search is a fitted GridSearchCV over the pipeline; cv_results_ has each cell and the given number of folds."""
    x, y = clusters(rng, 60)
    search = student.rbf_search(x, y, Cs=SMALL_C, gammas=SMALL_GAMMA, folds=3)
    made = estimator(student.estimator_of(search), name="rbf_search(...)").is_a("GridSearchCV")
    made.step("Pipeline").steps("MinMaxScaler", "SVC")
    reported = search.cv_results_
    grid_scores(reported, ("C", SMALL_C), ("gamma", SMALL_GAMMA), name="cv_results_ of rbf_search")
    folds = sum(key.startswith("split") and key.endswith("_test_score") for key in reported)
    same(folds, 3, name="the number of folds")
    shape(search.predict(x), (60,), name="the predictions of the search")


SEARCHES = {
    "rbf_search": {"Cs": SMALL_C, "gammas": SMALL_GAMMA},
    "linear_search, primal": {"Cs": (2.0**-6, 2.0**-9), "dual": False},
    "linear_search, dual": {"Cs": (2.0**-6, 2.0**-9), "dual": True},
    "pca_search": {"Cs": (2.0**-4, 2.0**-8), "variance": 0.8},
}


@d.check(
    hidden=True,
    hint="Use the folds that GridSearchCV makes from a number; accuracy is its default score.",
    cases={"rbf_search": 1, "linear_search, primal": 0.5, "linear_search, dual": 0.5, "pca_search": 1},
)
def scores_agree_with_the_reference(student, reference, data, rng, case):
    """On real pixels, all three searches give the same scores as the reference's, in every cell."""
    x, y, _ = pixels_of(data, rng, 200, 1)
    x = x[:, ::6]
    settings = {**SEARCHES[case], "folds": 4}
    grid = tuple((name, settings[f"{name}s"]) for name in ("C", "gamma") if f"{name}s" in settings)
    compare_scores(student, reference, case.partition(",")[0], (x, y), settings, grid)


def compare_scores(student, reference, call, samples, settings, grid):
    """Run both searches; mean scores may differ by 0.02 in a cell (4 of 200 samples)."""
    got, want = (
        grid_scores(getattr(each, call)(*samples, **settings).cv_results_, *grid, name=f"cv_results_ of {call}")
        for each in (student, reference)
    )
    close(got, want, name=f"the mean scores of {call}", atol=0.02)


PROBED = {
    "rbf_search": {"Cs": (1.0, 10.0), "gammas": (1.0,)},
    "linear_search": {"Cs": (1.0, 10.0)},
    "pca_search": {"Cs": (0.1, 1.0)},
}


@d.check(
    hidden=True,
    hint="Everything that is fitted to samples must be a step of the pipeline that is searched.",
    cases={"rbf_search": 1.5, "linear_search": 1, "pca_search": 1.5},
)
def nothing_is_fitted_outside_the_folds(student, rng, case):
    """On data with one extreme outlier, which spoils everything fitted on it, the searches find the classes."""
    x, y = leakage_probe(rng)
    search = getattr(student, case)(x, y, folds=5, **PROBED[case])
    fitted_in_folds(search.cv_results_, name=case)


@d.check(
    hidden=True,
    hint="Read in `params` which setting a score belongs to; the order of the grid may vary.",
    cases={"grid in tuples": 1.75, "grid in arrays": Case(0.25, hint="The values of the grid may be arrays.")},
)
def the_table_has_each_score_in_its_place(student, rng, case):
    """score_table gives the mean scores of a search, a row for each C and a column for each gamma."""
    x, y = clusters(rng, 60)
    Cs, gammas = (4.0, 0.0625, 0.5), (8.0, 0.5)
    search = student.rbf_search(x, y, Cs=Cs, gammas=gammas, folds=3)
    want = grid_scores(search.cv_results_, ("C", Cs), ("gamma", gammas))
    grid = (Cs, gammas) if case == "grid in tuples" else (np.array(Cs), np.array(gammas))
    close(student.score_table(search, *grid), want, name="score_table", atol=1e-6)
    if np.ptp(want) == 0:
        raise CheckFailed("All cells of the search have the same score: are C and gamma passed on?")


@d.check(points=1, hidden=True, hint="GridSearchCV fits the best setting again on all samples, unless refit=False.")
def the_best_setting_is_fitted_again(student, reference, data, hidden, rng):
    """The search itself classifies unseen images as accurately as the reference's, within 3 points."""
    x, y, _ = pixels_of(data, rng, 300, 1)
    asked = rng.permutation(len(hidden))[:500]
    cells = {"Cs": (2.0**-9, 4.0), "gammas": (2.0**-6,), "folds": 3}
    test_x = flat(disguised(hidden.x[asked], rng, mirror=True))[:, ::6]
    got, want = (each.rbf_search(x[:, ::6], y, **cells).predict(test_x) for each in (student, reference))
    return as_right(got, want, hidden.y[asked], name="rbf_search(...).predict")


def clusters(rng, count):
    """Three overlapping clouds of points, (count, 4), and labels 0, 1, 2."""
    y = rng.permutation(np.arange(count) % 3)
    return 1.2 * np.eye(4)[y] + 0.6 * rng.normal(size=(count, 4)), y


# --- (e) many classes ---


@e.check(points=2)
def shapes_of_the_three_ways(student, rng):
    """With five classes, "ovo" has ten scores for each sample, and "ovr" and "rest" have five."""
    x, y = clouds(rng, 100)
    ways = three(student.ways_of_many_classes(x[:75], y[:75], x[75:], 1.0, 0.5))
    for name, width in (("ovo", 10), ("ovr", 5), ("rest", 5)):
        labels, scores = ways[name]
        shape(labels, (25,), name=f"the labels of {name!r}")
        shape(scores, (25, width), name=f"the scores of {name!r}")
    same(ways["ovo"][0], ways["ovr"][0], name="the labels of 'ovo', beside those of 'ovr',")


@e.check(
    hidden=True,
    hint="Both SVCs get C and gamma, and so does the SVC in OneVsRestClassifier.",
    cases={"ovo": 0.75, "ovr": 0.5, "rest": 0.75},
)
def the_three_ways_agree_with_the_reference(student, reference, rng, case):
    """Labels and scores of all three are those of the reference."""
    x, y = clouds(rng, 200)
    got, want = (
        three(each.ways_of_many_classes(x[:150], y[:150], x[150:], 4.0, 0.25)) for each in (student, reference)
    )
    agree(np.asarray(got[case][0]), np.asarray(want[case][0]), f"the way {case!r}")
    close(got[case][1], want[case][1], name=f"the scores of {case!r}", rtol=0.01, atol=0.02)


def clouds(rng, count):
    """Five overlapping clouds of points, (count, 3), and labels 0 to 4."""
    y = rng.permutation(np.arange(count) % 5)
    centres = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 1, 1]], float)
    return centres[y] + 0.7 * rng.normal(size=(count, 3)), y


def three(answer):
    """The dictionary of ways."""
    for name in ("ovo", "ovr", "rest"):
        if not isinstance(answer, dict) or not isinstance(answer.get(name), (tuple, list)) or len(answer[name]) != 2:
            raise CheckFailed(f"ways_of_many_classes must return a dictionary with (labels, scores) for {name!r}.")
    return answer


# --- (f) figures ---

CELLS = ((0.5, 2.0, 8.0), (0.125, 1.0))


@f.check(points=1)
def ten_images_with_their_names(student, rng):
    """Ten images are drawn, upright and in their colours, each with the name of its class as the title."""
    images = rng.integers(256, size=(10, 32, 32, 3), dtype=np.uint8)
    names = [f"class {letter}" for letter in "ABCDEFGHIJ"]
    student.plot_samples(images, names)
    drawn = figures_drawn(student.figures(), plots=10)
    for image, name in zip(images, names, strict=True):
        drawn.axes(name).image(image)


@f.check(points=1)
def curves_of_a_training(student, rng):
    """Loss and accuracy are drawn over the epochs, with labelled axes, a legend, and the curves of both sets."""
    history = {name: (k + rng.uniform(size=5)).tolist() for k, name in enumerate(HISTORY)}
    student.plot_history(history)
    drawn = figure(student.figures()).labelled(x="epoch").has_legend()
    for measure in ("loss", "acc"):
        plot = drawn.axes(measure)
        for part, words in (("train", "train"), ("validation", "valid")):
            name = next(each for each in HISTORY if each.startswith(f"{part}_{measure}"))
            plot.line(words).shows(history[name], x=range(1, 6))


@f.check(points=2, hidden=True, hint="Rows are the values of C, columns those of gamma, and the ticks say which.")
def heat_map_of_a_grid(student, rng):
    """The scores are drawn as colours, with C and gamma at the axes and their values at the ticks."""
    Cs, gammas = CELLS
    scores = rng.uniform(0.1, 0.9, size=(3, 2))
    student.plot_heat_map(Cs, gammas, scores)
    drawn = figure(student.figures())
    drawn.heat_map(scores, xlabels=gammas, ylabels=Cs)
    plot = next(each for each in drawn.plots if each.drawn.images)
    said = f"{plot.drawn.xlabel} {plot.drawn.ylabel}".lower()
    if not ("gamma" in said or "\N{GREEK SMALL LETTER GAMMA}" in said) or "c" not in said.replace("gamma", ""):
        raise CheckFailed("The axes of the heat map must be labelled C and gamma.")


@f.check(points=1)
def scores_over_C(student, rng):
    """Each search has a curve over C, which is logarithmic, and a legend distinguishes them."""
    scores = {"primal": rng.uniform(size=4).tolist(), "dual": rng.uniform(size=4).tolist()}
    Cs = [0.125, 0.5, 4.0, 32.0]
    student.plot_scores(Cs, scores)
    plot = figure(student.figures()).labelled(x="c").has_legend().log_scale("x").axes()
    for name in ("primal", "dual"):
        plot.line(name).shows(scores[name], x=Cs)


@f.check(points=1, hidden=True, hint="Each image and each reconstruction has a plot of its own, upright.")
def images_and_reconstructions(student, rng):
    """Each image is drawn, and its reconstruction by the autoencoder."""
    x, other = rng.uniform(size=(2, 4, 32, 32, 3))
    student.plot_reconstructions(x, other)
    drawn = figures_drawn(student.figures(), plots=8)
    for each in (*x, *other):
        drawn.image(each)
