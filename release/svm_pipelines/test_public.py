"""Support vector machines and pipelines: the public tests. Run them with `pytest` in this folder.

Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source
of random numbers. More tests are run when your work is graded.
"""

from __future__ import annotations

import numpy as np
import pytest

from autograder_checks import close, estimator, figure, figures_drawn, finite, grid_scores, same, shape, structure
from autograder_checks.errors import CheckFailed

LAYERS = {
    "HingeCNN": (896, 9248, 9248, 9248, 51264, 650),
    "FeaturesCNN": (896, 9248, 9248, 9248, 102528, 1290),
    "Autoencoder": (1792, 73856, 2097408, 2105344, 147584, 73792, 1731),
}


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


AT_RATE_0 = "of an epoch at the rate 0"
COLOURS = 3  # of plain images, which are easy to tell apart and to draw again
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


def described(student, made, name):
    """The description of an estimator that is not fitted yet."""
    return estimator(student.estimator_of(made), name=name).unfitted()


SMALL_C, SMALL_GAMMA = (8.0, 0.25), (0.03125, 0.5, 0.125)


def clusters(rng, count):
    """Three overlapping clouds of points, (count, 4), and labels 0, 1, 2."""
    y = rng.permutation(np.arange(count) % 3)
    return 1.2 * np.eye(4)[y] + 0.6 * rng.normal(size=(count, 4)), y


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


# --- (a) Networks and the hinge loss: 10 points ---


@pytest.mark.question("a", "Networks and the hinge loss")
def test_question_a_is_attempted(attempted):
    """What question (a) asks for is written."""
    attempted("hinge_loss", "convolutions", "HingeCNN", "FeaturesCNN", "Autoencoder")


@pytest.mark.question("a", "Networks and the hinge loss")
def test_hinge_loss_by_hand(student):
    """Of two images, one right by more than 1 and one wrong by 3, the loss is (0 + 4) / 2."""
    got, gradient = answer(student.hinge_loss_and_gradient(np.array([[2.0, 0.5, 0.0], [0.0, 1.0, 3.0]]), [0, 0]))
    close(got, 2.0, name="hinge_loss")
    close(gradient, [[0.0, 0.0, 0.0], [-0.5, 0.0, 0.5]], name="the gradient of hinge_loss")


@pytest.mark.question("a", "Networks and the hinge loss")
def test_layers_of_the_hinge_cnn(student):
    """The layers of HingeCNN have the numbers of parameters of the handout, and images give ten scores."""
    has_layers(student, "HingeCNN", output=(2, 10))


@pytest.mark.question("a", "Networks and the hinge loss")
def test_layers_of_the_features_cnn(student):
    """The layers of FeaturesCNN have the numbers of parameters of the handout, and images give ten scores."""
    has_layers(student, "FeaturesCNN", output=(2, 10))


@pytest.mark.question("a", "Networks and the hinge loss")
def test_layers_of_the_autoencoder(student):
    """The layers of Autoencoder have the numbers of parameters of the handout, and images give images."""
    has_layers(student, "Autoencoder", output=(2, 3, 32, 32))


# --- (b) Training: 10 points ---


@pytest.mark.question("b", "Training")
def test_question_b_is_attempted(attempted):
    """What question (b) asks for is written."""
    attempted("train_classifier", "train_autoencoder", "scores", "features", "codes", "reconstructions")


@pytest.mark.question("b", "Training")
@pytest.mark.parametrize("case", ["its lists and rates", "its numbers at the rate 0"])
def test_a_training_is_written_down(student, rng, case):
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


# --- (c) Pipelines: 8 points ---


@pytest.mark.question("c", "Pipelines")
def test_question_c_is_attempted(attempted):
    """What question (c) asks for is written."""
    attempted("rbf_pipeline", "linear_pipeline", "pca_pipeline", "neighbours", "centroid")


@pytest.mark.question("c", "Pipelines")
@pytest.mark.parametrize("case", ["rbf_pipeline", "linear_pipeline", "pca_pipeline"])
def test_steps_of_the_pipelines(student, case):
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


# --- (d) Searches: 12 points ---


@pytest.mark.question("d", "Searches")
def test_question_d_is_attempted(attempted):
    """What question (d) asks for is written."""
    attempted("rbf_search", "linear_search", "pca_search", "score_table")


@pytest.mark.question("d", "Searches")
def test_a_search_tries_the_whole_grid(student, rng):
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


# --- (e) Many classes: 4 points ---


@pytest.mark.question("e", "Many classes")
def test_question_e_is_attempted(attempted):
    """What question (e) asks for is written."""
    attempted("ways_of_many_classes")


@pytest.mark.question("e", "Many classes")
def test_shapes_of_the_three_ways(student, rng):
    """With five classes, "ovo" has ten scores for each sample, and "ovr" and "rest" have five."""
    x, y = clouds(rng, 100)
    ways = three(student.ways_of_many_classes(x[:75], y[:75], x[75:], 1.0, 0.5))
    for name, width in (("ovo", 10), ("ovr", 5), ("rest", 5)):
        labels, scores = ways[name]
        shape(labels, (25,), name=f"the labels of {name!r}")
        shape(scores, (25, width), name=f"the scores of {name!r}")
    same(ways["ovo"][0], ways["ovr"][0], name="the labels of 'ovo', beside those of 'ovr',")


# --- (f) Figures: 6 points ---


@pytest.mark.question("f", "Figures")
def test_question_f_is_attempted(attempted):
    """What question (f) asks for is written."""
    attempted("plot_samples", "plot_history", "plot_heat_map", "plot_scores", "plot_reconstructions")


@pytest.mark.question("f", "Figures")
def test_ten_images_with_their_names(student, rng):
    """Ten images are drawn, upright and in their colours, each with the name of its class as the title."""
    images = rng.integers(256, size=(10, 32, 32, 3), dtype=np.uint8)
    names = [f"class {letter}" for letter in "ABCDEFGHIJ"]
    student.plot_samples(images, names)
    drawn = figures_drawn(student.figures(), plots=10)
    for image, name in zip(images, names, strict=True):
        drawn.axes(name).image(image)


@pytest.mark.question("f", "Figures")
def test_curves_of_a_training(student, rng):
    """Loss and accuracy are drawn over the epochs, with labelled axes, a legend, and the curves of both sets."""
    history = {name: (k + rng.uniform(size=5)).tolist() for k, name in enumerate(HISTORY)}
    student.plot_history(history)
    drawn = figure(student.figures()).labelled(x="epoch").has_legend()
    for measure in ("loss", "acc"):
        plot = drawn.axes(measure)
        for part, words in (("train", "train"), ("validation", "valid")):
            name = next(each for each in HISTORY if each.startswith(f"{part}_{measure}"))
            plot.line(words).shows(history[name], x=range(1, 6))


@pytest.mark.question("f", "Figures")
def test_scores_over_C(student, rng):
    """Each search has a curve over C, which is logarithmic, and a legend distinguishes them."""
    scores = {"primal": rng.uniform(size=4).tolist(), "dual": rng.uniform(size=4).tolist()}
    Cs = [0.125, 0.5, 4.0, 32.0]
    student.plot_scores(Cs, scores)
    plot = figure(student.figures()).labelled(x="c").has_legend().log_scale("x").axes()
    for name in ("primal", "dual"):
        plot.line(name).shows(scores[name], x=Cs)
