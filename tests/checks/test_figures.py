"""Figures are judged by their content: right ones in any style pass, and a message says what is wrong with others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks import figure, figures_drawn
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.figures.charts import nearest
from autograder.checks.figures.records import drawn
from autograder.checks.inspection import figures, safe_reading

LOSS = [2.3, 1.5, 0.9, 0.5, 0.4]
ACCURACY = [0.1, 0.5, 0.7, 0.85, 0.9]
TRUE = np.array([0] * 6 + [1] * 5 + [2] * 4)
PREDICTED = np.array([0, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 2, 2, 2, 1])
COUNTS = np.array([[4, 1, 1], [2, 3, 0], [0, 1, 3]])
HEAT = np.array([[0.1, 0.25, 0.4], [0.7, 0.8, 0.95]])


@pytest.fixture
def plt():
    """pyplot without a screen, with no figure open before and after."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.close("all")
    yield pyplot
    pyplot.close("all")


def shown():
    """What was drawn since the last time."""
    return figure(figures.figures())


def said(judge, *arguments, **named):
    """The sentence with which a judgement fails."""
    with pytest.raises(CheckFailed) as caught:
        judge(*arguments, **named)
    return str(caught.value)


def axes(**record):
    """A plot by hand: its record with only these parts."""
    return figure({"axes": [record]}).axes()


# --- how much was drawn, and the words around it ---


def test_plots_count_as_subplots_or_as_figures(plt):
    """Three plots are three plots, on one figure or on three; a colour bar and an empty axes are none."""
    _, grid = plt.subplots(2, 2)
    for place in grid.flat[:3]:
        place.plot(LOSS)
    assert len(figures_drawn(figures.figures(), plots=3).plots) == 3
    for _ in range(3):
        plt.figure()
        plt.plot(LOSS)
    plt.figure()
    plt.colorbar(plt.imshow(HEAT))
    assert len(figures_drawn(figures.figures(), at_least=4).plots) == 4


def test_too_little_is_reported(plt):
    """Nothing, too few figures, too few plots."""
    assert (
        said(figure, ())
        == said(figure, "forged")
        == ("No figure with anything in it is open; draw with matplotlib, and leave figures open (no plt.close()).")
    )
    plt.plot(LOSS)
    records = figures.figures()
    assert said(figures_drawn, records, at_least=2) == (
        "Only 1 figure with anything in it was drawn; expected at least 2."
    )
    assert said(figures_drawn, records[0], plots=3) == (
        "Only 1 plot with anything in it was drawn; expected at least 3."
    )


def test_words_are_found_in_any_style(plt):
    """Titles of the plot, at the left or of the figure; labels, scales, legends of the axes or of the figure."""
    made, place = plt.subplots()
    made.suptitle("Training LOSS by epoch")
    place.semilogy(LOSS, label="a")
    place.set(xlabel="Iterations", ylabel="Cross-entropy loss")
    made.legend()
    plot = shown().axes("loss")
    plot.titled("train", "loss|cost").labelled(x="epoch|iteration", y="loss").log_scale("y").has_legend()
    plt.subplots()[1].set_title("Loss", loc="left")
    plt.plot(LOSS)
    shown().titled("loss").labelled(None, None)


def test_words_beside_shared_axes_are_those_of_all(plt):
    """A label that a reader sees below, beside or for all plots counts for each."""
    made, grid = plt.subplots(2, 1, sharex=True)
    for place in grid:
        place.plot(LOSS)
    grid[1].set_xlabel("epoch")
    made.supylabel("loss")
    shown().labelled("epoch", "loss")
    _, left = plt.subplots()
    left.plot(LOSS)
    left.set(title="Both", xlabel="epoch", ylabel="loss")
    left.twinx().plot(ACCURACY)
    plt.ylabel("accuracy")
    both = shown()
    assert both.axes("accuracy").titled("both").labelled("epoch", "accuracy").line().rises().y[-1] == 0.9
    assert both.labelled(x="epoch").axes("loss").drawn.ylabel == "loss"


def test_missing_words_are_reported():
    """Title, axis label, scale, legend, and no such plot."""
    bare = axes(lines=[{"x": [1], "y": [2]}], yscale="linear")
    assert said(bare.titled) == "The plot has no title."
    assert said(bare.labelled) == "The plot has no label on its x axis."
    assert said(bare.labelled, None, "loss|cost") == (
        "The plot has no label on its y axis (it must say 'loss' or 'cost')."
    )
    assert said(bare.log_scale) == "The y axis of the plot is not logarithmic, but linear."
    assert said(bare.has_legend) == "The plot has no legend, so nobody can tell what is what."
    named = axes(title="Accuracy", xlabel="x", ylabel="y", lines=[{}])
    assert said(named.titled, "loss") == "The title of the plot 'Accuracy' is 'Accuracy'; it must say 'loss'."
    assert said(named.labelled, "epoch") == ("The x axis of the plot 'Accuracy' is labelled 'x'; it must say 'epoch'.")
    two = figure([{"axes": [{"lines": [{}]}] * 2}])
    assert said(two.axes) == "2 plots were drawn; expected one."
    assert said(two.axes, "loss", "train") == (
        "No plot was found among 2 whose title or y label says 'loss' and 'train'."
    )
    assert said(two.has_legend) == "Plot 1 has no legend, so nobody can tell what is what."


# --- curves ---


@pytest.mark.parametrize("label", ["lr=0.1", "0.1", "learning rate 1e-1", "$\\eta = 10^{-1}$", "LR = .1"])
def test_a_curve_is_found_by_its_number(plt, label):
    """Whatever else stands in the label; another number is another curve."""
    plt.plot(LOSS, label="lr=0.15")
    plt.plot(ACCURACY, label=label)
    plt.plot(LOSS, label="lr=1.0")
    shown().line("lr=0.1").shows(ACCURACY)


def test_a_curve_is_found_by_its_words(plt):
    """By a regular expression, by the legend alone, by words and number, or by the title where it is the only one."""
    plt.plot(LOSS)
    plt.plot(ACCURACY)
    plt.legend(["training", "Validation"])
    found = shown()
    assert found.line("valid|test").shows(ACCURACY).name == "The curve 'valid|test'"
    for label in ("train, lr 0.1", "test, lr 0.1", "train, lr 1"):
        plt.plot(LOSS if "train" in label else ACCURACY, label=label)
    shown().line("test 0.1").shows(ACCURACY)
    plt.errorbar(range(5), LOSS, yerr=0.1, label="loss", capsize=3)
    shown().line("loss").shows(LOSS)
    plt.plot(LOSS)
    plt.title("Loss for lr=0.1")
    shown().line(0.1).shows(LOSS)


def test_a_curve_that_cannot_be_described_is_reported():
    """None, several, or without numbers."""
    lines = [{"label": "train a", "x": [1], "y": [1]}, {"label": "train b", "x": ["?"], "y": [2]}]
    plot = axes(lines=lines)
    assert said(plot.line, "test") == (
        "The plot has no curve labelled 'test'; the labels of its 2 curves are 'train a', 'train b'."
    )
    assert said(plot.line, "train") == (
        "The plot has 2 curves that may be 'train': 'train a', 'train b'; tell them apart by labels."
    )
    assert said(plot.line, "train b") == "The curve 'train b' of the plot holds no numbers."
    assert said(plot.line) == "The plot has 2 curves; expected one."
    assert said(figure({"axes": [{"texts": [{"text": "a", "x": 1, "y": 1}]}]}).line) == (
        "No plot with a curve was found among 1 plot that was drawn."
    )


def test_a_curve_is_the_history_in_any_style(plt):
    """From 0 or 1, with the state before the training, in per cent, in other steps, without what is not finite."""
    plt.plot(range(1, 6), LOSS, "x--")
    shown().line().shows(LOSS, x=range(5)).falls(by=0.5)
    plt.plot([3.0, *LOSS])
    shown().line().shows(LOSS, x=range(1, 6))
    plt.plot(100 * np.array(ACCURACY))
    shown().line().shows(ACCURACY).rises(by=1)
    plt.plot(ACCURACY)
    shown().line().shows(100 * np.array(ACCURACY))
    plt.semilogx([10, 100, 1000], np.ma.masked_invalid([1.0, np.inf, np.nan]))
    shown().line().shows([1.0, np.inf, np.nan])


def test_a_curve_that_is_not_the_history_is_reported():
    """Other values, the wrong length, loss in per cent, points out of order or elsewhere."""

    def curve(y, x=None):
        return axes(lines=[{"label": "lr=0.1", "x": x or list(range(len(y))), "y": y}]).line("lr=0.1")

    assert said(curve([*LOSS[:4], 0.5]).shows, LOSS) == (
        "The curve 'lr=0.1'[4] is 0.5; expected 0.4 (1 of 5 entries differ)."
    )
    assert "It looks reversed." in said(curve(LOSS[::-1]).shows, LOSS)
    assert "It looks shifted by one place." in said(curve([*LOSS[1:], 0.3]).shows, LOSS)
    assert said(curve(LOSS[1:]).shows, LOSS) == (
        "The curve 'lr=0.1' has 4 points; expected 5, one for each value of the history."
    )
    assert said(curve([100 * each for each in LOSS]).shows, LOSS).startswith("The curve 'lr=0.1'[0] is 230;")
    assert said(curve(LOSS, [0, 1, 2, 2, 3]).shows, LOSS) == (
        "The curve 'lr=0.1' does not go from left to right: after x = 2 comes 2."
    )
    assert said(curve(LOSS).shows, LOSS, x=[10, 20, 30, 40, 50]) == (
        "The curve 'lr=0.1' lies between x = 0 and 4; expected 5 points from 10 to 50."
    )
    assert said(curve(LOSS).shows, []) == (
        "the history has the shape (0,); expected a list of one number for each epoch."
    )
    assert said(curve(LOSS).rises, by=0.5) == (
        "The curve 'lr=0.1' goes from 2.3 to 0.4 in 5 points; it must end above 3.45 (50 % higher)."
    )
    assert "The curve 'lr=0.1' goes from 0.1 to 0.9" in said(curve(ACCURACY).falls)


# --- bars, histograms, points ---


def test_bars_in_any_style(plt):
    """Standing, lying, one call for each, in per cent, in another order, grouped, stacked on positions with ticks."""
    heights = {"ridge": 0.5, "lasso": 0.7, "ols": 0.2}
    plt.bar(list(heights), list(heights.values()))
    shown().bars(heights)
    plt.barh(["ols", "lasso", "ridge"], [20, 70, 50])
    shown().bars(heights)
    for place, (name, height) in enumerate(heights.items()):
        plt.bar(place, height, label=name)
    plt.legend()
    shown().bars(heights).bars([0.5, 0.7, 0.2])
    places = np.arange(3)
    plt.bar(places - 0.2, [1, 2, 3], 0.4, label="train")
    plt.bar(places + 0.2, list(heights.values()), 0.4, label="test")
    plt.xticks(places, list(heights))
    shown().bars(heights).bars(heights, series="test")
    plt.bar([1, 2, 3], [4, 5, 6])
    shown().bars({1: 4, 2: 5, 3: 6})


def test_wrong_bars_are_reported(plt):
    """No bars, too few, other heights, other names, other series."""
    assert said(axes(lines=[{}]).bars, [1]) == "The plot has no bars."
    plt.bar(["a", "b"], [1.0, 2.0], label="test")
    plot = shown().axes()
    assert said(plot.bars, [1, 2, 3]) == "The plot has 2 bars; expected 3."
    assert said(plot.bars, {"a": 1}) == "The plot has 2 bars; expected 1."
    assert said(plot.bars, [2, 1]) == (
        "In the plot the bar 1 has the height 1; expected 2 (2 of 2 bars differ). "
        "They are the right heights in another order."
    )
    assert said(plot.bars, {"a": 1.0, "b": 2.5}) == (
        "In the plot the bar 'b' has the height 2; expected 2.5 (1 of 2 bars differ)."
    )
    assert said(plot.bars, {"a": 1.0, "c": 2.0}) == (
        "The plot has no bar labelled 'c'; its bars are labelled 'a', 'b'."
    )
    assert said(plot.bars, [1, 2], series="train") == (
        "The plot has no bars labelled 'train'; the label of its only group of bars is 'test'."
    )


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"bins": 50},
        {"density": True},
        {"histtype": "step"},
        {"histtype": "stepfilled", "density": True},
        {"orientation": "horizontal", "histtype": "step"},
        {"orientation": "horizontal"},
        {"bins": [-9, -1, 0, 0.3, 9]},
        {"weights": np.full(1000, 0.001)},
    ],
    ids=str,
)
def test_a_histogram_in_any_style(plt, style):
    """Bins, direction, outline, counts or density are free."""
    values = np.random.default_rng(0).normal(size=1000)
    plt.hist(values, **style)
    shown().histogram_of(values)


def test_a_histogram_by_hand(plt):
    """As bars with spaces between them, as stairs, over another one, and of whole numbers."""
    values = np.random.default_rng(1).normal(size=1000)
    counts, edges = np.histogram(values, 20)
    plt.bar((edges[1:] + edges[:-1]) / 2, counts, width=0.8 * np.diff(edges))
    shown().histogram_of(values)
    plt.stairs(counts, edges, fill=True)
    shown().histogram_of(values)
    plt.hist(values + 5, label="other")
    plt.hist(values, label="this")
    shown().histogram_of(values).histogram_of(values, series="this")
    whole = np.random.default_rng(2).integers(10, size=500)
    plt.bar(range(10), np.bincount(whole, minlength=10))
    shown().histogram_of(whole)


def test_a_wrong_histogram_is_reported(plt):
    """Of fewer values, of others, of too few bins, below zero."""
    values = np.random.default_rng(0).normal(size=1000)
    plt.hist(values[:900])
    assert said(shown().histogram_of, values) == (
        "The histogram in the plot counts 900 values; expected 1000 (or shares or a density that sum up to one)."
    )
    plt.hist(values + 0.2, bins=20)
    assert said(shown().histogram_of, values).startswith("The histogram in the plot is of other values: ")
    plt.hist(np.abs(values), bins=20)
    assert "% of them lie below" in said(shown().histogram_of, values)
    plt.hist(values, bins=20, range=(-1, 1), density=True)
    assert "is of other values" in said(shown().histogram_of, values)
    plt.hist(values, bins=1)
    assert said(shown().histogram_of, values) == "The histogram in the plot has 1 bins; expected at least 3."
    plt.bar([1, 2, 3], [-1, 2, 3])
    assert said(shown().histogram_of, values) == "The histogram in the plot has bars below zero."


def test_points_in_any_style(plt):
    """One cloud, a cloud for each class, or markers; in any order."""
    points = np.random.default_rng(0).normal(size=(60, 2))
    plt.scatter(*points[::-1].T, c=np.arange(60))
    shown().scatter(points)
    for place in range(3):
        plt.plot(*points[place::3].T, "o", label=f"class {place}")
    shown().scatter(points).scatter(points[1::3], label="class 1")


def test_wrong_points_are_reported(plt):
    """None, fewer, moved, swapped."""
    points = np.random.default_rng(0).normal(size=(60, 2))
    assert said(axes(bars=[{}]).scatter, points) == "The plot has no points."
    plt.scatter(*points[:50].T)
    assert said(shown().scatter, points) == "The plot has 50 points; expected 60."
    plt.scatter(points[:, 1], points[:, 0])
    assert said(shown().scatter, points) == "In the plot x and y of the points are swapped."
    plt.scatter(points[:, 0], points[:, 1] + 0.1)
    assert said(shown().scatter, points) == ("The plot has 60 points, but 60 of them lie elsewhere than they should.")


# --- images ---


def test_an_image_in_any_style(plt):
    """Scaled, in other colours, as a negative, in bytes, in three equal channels, as a mesh, beside others."""
    picture = np.random.default_rng(0).random((6, 5))
    plt.imshow(255 * picture, cmap="gray_r")
    shown().image(picture)
    plt.imshow(1 - picture)
    shown().image(picture)
    plt.matshow((255 * picture).astype(np.uint8))
    shown().image(picture)
    plt.imshow(np.stack([picture] * 3, axis=2))
    shown().image(picture).image(picture[None])
    plt.pcolormesh(picture[::-1])
    shown().image(picture)
    plt.pcolormesh(picture)
    plt.gca().invert_yaxis()
    shown().image(picture)
    plt.imshow(picture[::-1], origin="lower")
    shown().image(picture)
    _, grid = plt.subplots(1, 2)
    grid[0].imshow(picture.T)
    grid[1].imshow(picture)
    shown().image(picture)
    colours = np.random.default_rng(1).random((6, 5, 3))
    plt.imshow((255 * colours).astype(np.uint8))
    shown().image(colours).image(np.moveaxis(colours, 2, 0))


def test_a_wrong_image_is_reported(plt):
    """Transposed, upside down, mirrored, turned, blue for red, another size, another image, none, too large."""
    picture = np.random.default_rng(0).random((5, 5))
    changes = {
        "transposed": picture.T,
        "upside down": picture[::-1],
        "mirrored": picture[:, ::-1],
        "turned by 180 degrees": picture[::-1, ::-1],
    }
    for name, changed in changes.items():
        plt.imshow(changed)
        assert said(shown().image, picture) == f"The image in the plot is the right one, but {name}."
    colours = np.random.default_rng(1).random((6, 5, 3))
    plt.imshow(colours[:, :, ::-1])
    assert said(shown().image, colours).endswith("but with red and blue exchanged.")
    plt.imshow(picture[:4])
    assert said(shown().image, picture) == "The plot has an image of 4 x 5 values; expected one of 5 x 5."
    plt.imshow(picture + np.eye(5))
    assert said(shown().image, picture) == (
        "The plot has an image of 5 x 5 values, but it shows something else than it should."
    )
    assert said(axes(lines=[{}]).image, picture) == "The plot has no image."
    assert said(axes(images=[{"shape": (5000, 5000), "values": np.empty((0, 0))}]).image, picture) == (
        "The plot has an image of 5000 x 5000 values, too many to be looked at; draw a smaller one."
    )
    with pytest.raises(InstructorError, match="An image to compare with has the shape"):
        axes(images=[{"values": picture}]).image([1, 2, 3])


# --- heat maps ---


def heat(plt, values, columns, rows, text="{:.2f}", draw="imshow"):
    """A heat map as students draw it."""
    _, place = plt.subplots()
    getattr(place, draw)(values)
    shift = 0.5 if draw == "pcolormesh" else 0.0
    place.set_xticks(np.arange(len(columns)) + shift, labels=[str(each) for each in columns])
    place.set_yticks(np.arange(len(rows)) + shift, labels=[str(each) for each in rows])
    for row, column in np.ndindex(*np.shape(values)):
        if text:
            place.text(column + shift, row + shift, text.format(values[row][column]), ha="center")


def test_a_heat_map_in_any_style(plt):
    """With or without numbers and names, rows and columns in any order, axes exchanged, by any of three functions."""
    plt.imshow(HEAT)
    shown().heat_map(HEAT)
    columns, rows = [0.1, 1, 10], ["relu", "tanh"]
    for draw in ("imshow", "matshow", "pcolormesh"):
        heat(plt, HEAT, columns, rows, draw=draw)
        shown().heat_map(HEAT, columns, rows)
    heat(plt, HEAT[::-1, ::-1], columns[::-1], rows[::-1], text="")
    shown().heat_map(HEAT, columns, rows)
    heat(plt, HEAT.T, rows, columns)
    shown().heat_map(HEAT, columns, rows)
    heat(plt, HEAT, ["1e-1", "1.0", "10"], ["ReLU", "Tanh"], text="{:.1f}")
    shown().heat_map(HEAT, columns, rows)


def test_a_wrong_heat_map_is_reported(plt):
    """Transposed, another value, numbers transposed in the cells, another name, none at all."""
    square = np.arange(9.0).reshape(3, 3) / 10
    plt.imshow(square.T)
    assert said(shown().heat_map, square) == (
        "The value of the cell in row 0, column 1 of the plot is 0.3; expected 0.1 (6 of 9 cells differ). "
        "It looks transposed."
    )
    plt.imshow(HEAT.T)
    assert said(shown().heat_map, HEAT) == "The plot has 3 x 2 cells; expected 2 x 3. It looks transposed."
    plt.imshow(square)
    for row, column in np.ndindex(3, 3):
        plt.text(row, column, f"{square[row, column]:.1f}")
    assert said(shown().heat_map, square).startswith("The number written into the cell in row 0, column 1 of the plot")
    heat(plt, HEAT, "abc", "de")
    assert said(shown().heat_map, HEAT, "abx", "de") == (
        "The x axis of the plot has no tick labelled 'x' at a cell of its own; its cells are labelled 'a', 'b', 'c'."
    )
    plt.imshow(np.zeros((2, 3, 3)))
    assert said(shown().heat_map, HEAT) == "The plot has an image of colours; expected one of numbers."
    plt.plot([1])
    assert said(shown().heat_map, HEAT) == "No heat map was found among 1 plot that was drawn."


# --- confusion matrices ---


SHARES = COUNTS / COUNTS.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("expected", [COUNTS, SHARES, COUNTS / 15, 100 * SHARES, 100 * COUNTS / 15])
def test_a_confusion_matrix_in_any_unit(plt, expected):
    """Counts, shares of each true class or of all, in per cent, rounded to two decimals in the cells."""
    heat(plt, expected, range(3), range(3), text="{:d}" if expected is COUNTS else "{:.2f}")
    shown().confusion_matrix(TRUE, PREDICTED)


def test_a_confusion_matrix_in_any_style(plt):
    """Turned where the axes say so, classes in another order, named, only written, two numbers in a cell, sklearn's."""
    heat(plt, COUNTS.T, range(3), range(3), text="")
    plt.xlabel("True label")
    plt.ylabel("Predicted label")
    shown().confusion_matrix(TRUE, PREDICTED)
    order = [2, 0, 1]
    heat(plt, COUNTS[np.ix_(order, order)], order, order, text="{}")
    shown().confusion_matrix(TRUE, PREDICTED)
    heat(plt, COUNTS, ["cat", "dog", "owl"], ["cat", "dog", "owl"], text="{}")
    shown().confusion_matrix(TRUE, PREDICTED, names=["cat", "dog", "owl"])
    heat(plt, COUNTS, range(3), range(3), text="{}\n(of 15)", draw="pcolormesh")
    shown().confusion_matrix(TRUE, PREDICTED)
    plt.xlim(-0.5, 2.5)
    plt.ylim(2.5, -0.5)
    for row, column in np.ndindex(3, 3):
        plt.text(column, row, COUNTS[row, column])
    shown().confusion_matrix(TRUE, PREDICTED)
    plt.imshow(np.pad(COUNTS, (0, 1)))
    shown().confusion_matrix(TRUE, PREDICTED)
    metrics = pytest.importorskip("sklearn.metrics")
    metrics.ConfusionMatrixDisplay.from_predictions(TRUE, PREDICTED)
    shown().confusion_matrix(TRUE, PREDICTED)
    metrics.ConfusionMatrixDisplay.from_predictions(TRUE, PREDICTED, normalize="true")
    shown().confusion_matrix(TRUE, PREDICTED)


def test_a_wrong_confusion_matrix_is_reported(plt):
    """Transposed with and without labels, numbers transposed, normalised the wrong way, other counts, other size."""
    plt.imshow(COUNTS.T)
    assert said(shown().confusion_matrix, TRUE, PREDICTED) == (
        "The confusion matrix in the plot looks transposed: its rows are the predictions; turn it, or label its axes."
    )
    plt.imshow(COUNTS)
    plt.ylabel("predicted")
    assert said(shown().confusion_matrix, TRUE, PREDICTED) == (
        "The confusion matrix in the plot looks transposed: its rows are the true labels, "
        "by the labels of its axes the predictions."
    )
    plt.imshow(COUNTS)
    for row, column in np.ndindex(3, 3):
        plt.text(row, column, COUNTS[row, column])
    assert "looks transposed" in said(shown().confusion_matrix, TRUE, PREDICTED)
    plt.imshow(COUNTS / COUNTS.sum(axis=0))
    assert said(shown().confusion_matrix, TRUE, PREDICTED) == (
        "The confusion matrix in the plot is normalised over the predictions; "
        "expected counts, or shares of each true class."
    )
    plt.imshow(COUNTS + np.eye(3))
    assert said(shown().confusion_matrix, TRUE, PREDICTED) == (
        "The confusion matrix in the plot has 5 for class 0 taken for 0; expected 4 (3 of 9 cells differ)."
    )
    heat(plt, (COUNTS / COUNTS.sum(axis=1, keepdims=True)).astype(int), range(3), range(3), text="{}")
    assert "has 0 for class 0 taken for 0" in said(shown().confusion_matrix, TRUE, PREDICTED)
    plt.imshow(np.zeros((2, 2)))
    assert said(shown().confusion_matrix, TRUE, PREDICTED) == (
        "The plot has 2 x 2 cells; expected a confusion matrix of 3 classes."
    )
    with pytest.raises(InstructorError, match="3 true labels and 2 predictions make no confusion matrix."):
        axes(images=[{"values": COUNTS}]).confusion_matrix([1, 2, 3], [1, 2])


# --- records that nobody drew ---

FORGED = (
    {"axes": 5},
    {"axes": [{"lines": [{"x": "?", "y": {}}, 5], "texts": [{"text": 1, "x": np.nan, "y": "?"}]}]},
    {"axes": [{"bars": [{"at": [1], "width": ["?"], "height": [[1], [2, 3]]}], "xticks": 5, "legend": 3}]},
    {"axes": [{"images": [{"values": "?", "shape": "?"}, {"values": [[[[1]]]]}, {"values": [[1, 2], [3]]}]}]},
    {"axes": [{"images": [{"values": [[np.nan]], "x": "?", "y": [1, 2, 3]}], "xlim": ["?", 1], "title": ["?"]}]},
    {"axes": [{"lines": [{"x": [np.inf, np.nan], "y": [np.nan, np.inf], "label": "(" * 1000}], "yscale": None}]},
    {"axes": [{"bars": [{"at": [np.nan], "width": [0.0], "height": [np.inf]}], "yticks": {"at": [1], "labels": [3]}}]},
    {"axes": [{"texts": [{"text": "1" * 5000, "x": 1e300, "y": 0}, {"text": "1e999", "x": 0, "y": 0}]}]},
    {"axes": [{"lines": [{"label": "1" * 10**6, "x": [10**400], "y": [True]}]}], "title": 10**5000},
)


@pytest.mark.parametrize("record", FORGED, ids=range(len(FORGED)))
@pytest.mark.filterwarnings("error")
def test_forged_records_raise_nothing_else(record):
    """Records come from a submission's process: whatever they hold, the answer is a sentence."""
    judgements = (
        lambda: figure(record).titled("a").labelled("a").log_scale("x").has_legend(),
        lambda: figure(record).line("lr=0.1"),
        lambda: figure(record).line().shows([1, 2]),
        lambda: figure(record).bars([1, 2]),
        lambda: figure(record).bars({"a": 1}),
        lambda: figure(record).histogram_of([1, 2, 3]),
        lambda: figure(record).scatter([[1, 2]]),
        lambda: figure(record).image(np.eye(3)),
        lambda: figure(record).heat_map(np.eye(3), "abc", "abc"),
        lambda: figure(record).confusion_matrix([0, 1, 2], [0, 1, 1]),
    )
    for judge in judgements:
        assert said(judge)


def test_no_more_is_judged_than_is_recorded_of_figures():
    """Records that were made by hand, of more than any figure tells, are cut where the judging would take long."""
    many, column = 10_000, np.zeros(1_000_000)
    (plot,) = drawn(
        {
            "axes": [
                {
                    "lines": [{"x": column, "y": column}] * many,
                    "bars": [{"at": column, "width": column, "height": column}],
                    "images": [{"values": [[1.0]]}] * many,
                    "texts": [{"text": "1", "x": 0.0, "y": 0.0}] * many,
                    "xticks": {"at": column, "labels": ["a"] * many},
                }
            ]
        }
    )
    assert len(plot.lines) <= 2 * safe_reading.MAX_LINES
    assert len(plot.lines[0].x) <= safe_reading.MAX_POINTS
    assert len(plot.bars[0].at) <= safe_reading.MAX_BARS
    assert len(plot.images) <= safe_reading.MAX_IMAGES
    assert len(plot.texts) <= safe_reading.MAX_TEXTS
    assert len(plot.xticks.at) <= safe_reading.MAX_TICKS


@pytest.mark.long
@pytest.mark.parametrize(
    ("axes", "judged"),
    [
        ({"images": [{"values": [[1.0]]}] * 64}, 156),
        ({"texts": [{"text": "1", "x": 0.0, "y": 0.0}] * 2_500}, 20),
        ({"images": [{"values": np.zeros((1_000, 400), np.uint8)}]}, 2),
        ({"lines": [{"x": np.zeros(100_000), "y": np.zeros(100_000)}]}, 10),
    ],
)
def test_plots_beyond_what_can_be_judged_soon_are_left_out(axes, judged):
    """Many plots, each as full as a plot may be, are judged up to a sum of all."""
    assert len(figure([{"axes": [axes] * 300}]).plots) == judged


@given(
    hnp.arrays(float, st.integers(1, 8), elements=st.integers(-6, 6)),
    hnp.arrays(float, st.integers(0, 8), elements=st.integers(-12, 12)),
)
def test_the_nearest_centre_is_the_nearest(centres, places):
    """The fast way finds a centre at the least distance, or none beyond half a step, as looking at all of them does."""
    places = places / 2
    steps = np.diff(np.unique(centres))
    step = steps.min() if len(steps) else 1.0
    for at, found in zip(places, nearest(centres, places), strict=True):
        distance = np.abs(centres - at).min()
        assert (found >= 0) == (distance <= step / 2)
        assert found < 0 or abs(centres[found] - at) == distance


def test_lines_across_a_plot_are_no_curves(plt):
    """A target drawn with axhline is neither a second curve, nor takes the legend's texts away from the curves."""
    plt.plot(LOSS)
    plt.axhline(0.5, linestyle="--")
    plt.axvline(2, linestyle="--")
    shown().line().shows(LOSS)

    plt.plot(LOSS)
    plt.axhline(0.5)
    plt.legend(["training", "target"])
    records = figures.figures()
    figure(records).line("training").shows(LOSS)
    assert "target" in said(figure(records).line, "target")

    plt.axhline(0.5)
    assert shown().plots[0].drawn.lines == ()


@pytest.mark.parametrize(
    "draw",
    [
        lambda plt: plt.contourf(HEAT),
        lambda plt: plt.pie([1, 2]),
        lambda plt: plt.fill_between([0, 1], [1, 2]),
        lambda plt: plt.quiver([0, 1], [0, 1], [1, 1], [0, 1]),
        lambda plt: plt.axes(projection="3d").plot_surface(*np.meshgrid([0, 1, 2], [0, 1]), HEAT),
        lambda plt: plt.axvspan(0, 1),
        lambda plt: plt.axhline(0),
    ],
)
def test_whatever_is_drawn_is_something(plt, draw):
    """A figure of which nothing is judged, such as contours or a surface, is not called empty."""
    draw(plt)
    assert len(figures_drawn(figures.figures(), plots=1).plots) == 1


def test_points_are_found_beside_other_clouds(plt):
    """Two classes are right where a boundary and centres are drawn, too; a class that is missing is not."""
    plt.scatter([1, 2], [3, 4])
    plt.scatter([5], [6])
    plt.scatter([3], [3], marker="x", label="centre")
    plt.plot([0, 9], [0, 9])
    judged = shown()

    judged.scatter([[5, 6], [1, 3], [2, 4]])
    assert said(judged.scatter, [[5, 6], [1, 3], [2, 5]]).startswith("The plot has ")


def test_a_label_is_found_by_what_it_says_first(plt):
    """The rest of a label may hold numbers that other curves are called by."""
    plt.plot(LOSS, label="lr=0.1 (ends at 0.4)")
    plt.plot(ACCURACY, label="lr=0.4 (ends at 0.9)")
    judged = shown()

    judged.line("lr=0.4").shows(ACCURACY)
    judged.line(0.1).shows(LOSS)
