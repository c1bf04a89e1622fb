"""Figures as plain records, and how they are judged: any way of drawing is welcome that says what it shows."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from autograder.checks import figure
from autograder.checks.errors import CheckFailed
from autograder.checks.inspection import figures as recording
from autograder.checks.inspection import safe_reading

RATES = (0.001, 0.01, 0.1, 1, 10, 100)
MEASURES = {"training accuracy": ["train", "acc"], "training loss": ["train", "loss"], "test accuracy": ["test", "acc"]}


@pytest.fixture
def plt():
    """pyplot without a screen, with no figure open before and after."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.close("all")
    yield pyplot
    pyplot.close("all")


def draw(axes, title="test accuracy", label="rate {:g}", points=3, rates=RATES):
    """One plot as students draw it."""
    for rate in rates:
        axes.plot(range(points), np.full(points, rate), label=label.format(rate))
    axes.set_xlabel("epoch")
    axes.set_ylabel(title)
    axes.legend()


def judged(figures, *words, **named):
    """The curves of all rates of one plot, of test accuracy if nothing else is said."""
    plot = figure(figures).axes(*(words or ("test", "acc")), lines=RATES)
    return plot.labelled().has_legend().lines(RATES, **named)


def said(figures, **named):
    """The sentence with which that fails."""
    with pytest.raises(CheckFailed) as caught:
        judged(figures, **named)
    return str(caught.value)


def test_a_figure_becomes_plain_data(plt):
    """Titles, labels, scales, legend and points are reported; the figures are closed."""
    figure, axes = plt.subplots()
    figure.suptitle("All")
    axes.semilogy([1, 2], [0.5, np.inf], "o-", label="a")
    axes.set(title="T", xlabel="X", ylabel="Y")
    axes.legend()
    (record,) = recording.figures()
    (plot,) = record["axes"]

    assert record["title"] == "All"
    assert [plot[key] for key in ("title", "xlabel", "ylabel", "xscale", "yscale")] == ["T", "X", "Y", "linear", "log"]
    assert plot["legend"] == ["a"]
    assert plot["lines"][0]["label"] == "a"
    np.testing.assert_array_equal(plot["lines"][0]["y"], [0.5, np.inf])
    assert type(plot["lines"][0]["x"]) is np.ndarray
    assert plt.get_fignums() == []
    assert recording.figures() == ()


def test_scattered_points_and_what_is_no_number(plt):
    """Point clouds count as curves; masked points are NaN; text on an axis becomes positions."""
    plt.scatter([1, 2], [3, 4], label="cloud")
    plt.plot(["a", "b"], np.ma.masked_invalid([1.0, np.nan]), label="text")
    (record,) = recording.figures()
    lines = {line["label"]: line for line in record["axes"][0]["lines"]}

    np.testing.assert_array_equal(lines["cloud"]["y"], [3, 4])
    np.testing.assert_array_equal(lines["text"]["y"], [1.0, np.nan])
    assert len(lines["text"]["x"]) in (0, 2)


def test_what_is_reported_has_an_end(plt):
    """Figures, axes, lines, points and texts beyond the caps are left out."""
    _, axes = plt.subplots()
    for _ in range(safe_reading.MAX_LINES + 1):
        axes.plot([0, 1])
    axes.plot(np.zeros(safe_reading.MAX_POINTS + 1))
    axes.set_title("t" * 1000)
    _, axes = plt.subplots()
    axes.plot(np.zeros(safe_reading.MAX_POINTS + 1))
    first, second = recording.figures()

    assert len(first["axes"][0]["lines"]) == safe_reading.MAX_LINES
    assert len(first["axes"][0]["title"]) == safe_reading.MAX_TEXT
    assert len(second["axes"][0]["lines"][0]["y"]) == safe_reading.MAX_POINTS


def test_what_is_reported_in_all_has_an_end(plt, monkeypatch):
    """An image that is too large is reported without values, and numbers beyond the cap are left out."""
    monkeypatch.setattr(safe_reading, "MAX_PIXELS", 10)
    monkeypatch.setattr(safe_reading, "MAX_NUMBERS", 7)
    _, axes = plt.subplots()
    axes.imshow(np.ones((3, 3)))
    axes.imshow(np.ones((2, 2)))
    axes.plot([1, 2, 3], [4, 5, 6])
    axes.bar([1, 2], [3, 4])
    (record,) = recording.figures()
    (plot,) = record["axes"]

    assert [image["values"].size for image in plot["images"]] == [9, 0]
    assert [image["shape"] for image in plot["images"]] == [(3, 3), (2, 2)]
    assert sum(line["x"].size + line["y"].size for line in plot["lines"]) == 6
    assert sum(bars[key].size for bars in plot["bars"] for key in ("at", "width", "height")) == 1


def axes_of(records):
    """The axes of the only figure."""
    (record,) = records
    return record["axes"]


def test_ticks_are_reported_with_the_labels_that_are_drawn(plt):
    """Those in sight, formatted as a reader sees them."""
    _, axes = plt.subplots()
    axes.bar(["a", "b"], [1, 2])
    axes.set_yticks([0, 1, 2, 50], labels=["none", "one", "two", "fifty"])
    axes.set_ylim(0, 3)
    (plot,) = axes_of(recording.figures())

    assert (plot["xticks"]["at"].tolist(), plot["xticks"]["labels"]) == ([0, 1], ["a", "b"])
    assert (plot["yticks"]["at"].tolist(), plot["yticks"]["labels"]) == ([0, 1, 2], ["none", "one", "two"])
    assert plot["ylim"].tolist() == [0, 3]


@pytest.mark.parametrize("lying", [False, True])
@pytest.mark.parametrize("style", ["bar", "step", "stepfilled", "stairs"])
def test_a_histogram_is_bars_in_every_style(plt, style, lying):
    """Boxes and outlines give the same centres, widths and heights, an empty bin and a first bin of none included."""
    values, edges = [1, 1, 1, 3, 3, 5], [0, 1, 2, 3, 6]
    way = "horizontal" if lying else "vertical"
    if style == "stairs":
        plt.stairs([0, 3, 0, 3], edges, orientation=way, label="h")
    else:
        plt.hist(values, bins=edges, histtype=style, orientation=way, label="h")
    (plot,) = axes_of(recording.figures())
    (bars,) = plot["bars"]

    assert (bars["label"], bars["horizontal"]) == ("h", lying)
    assert bars["at"].tolist() == [0.5, 1.5, 2.5, 4.5]
    assert bars["width"].tolist() == [1, 1, 1, 3]
    assert bars["height"].tolist() == [0, 3, 0, 3]


def test_images_are_reported_with_their_places(plt):
    """imshow and pcolormesh: values, centres, colours, whether there is a colour bar; masked cells are NaN."""
    values = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)
    _, grid = plt.subplots(1, 3)
    plt.colorbar(grid[0].imshow(np.ma.masked_equal(values, 5), cmap="magma"))
    grid[1].imshow(values, origin="lower", extent=(0, 30, 0, 20))
    grid[2].pcolormesh([0, 1, 10, 20], [0, 2, 4], values)
    first, second, third, bar = axes_of(recording.figures())
    shown = [axes["images"][0] for axes in (first, second, third)]

    np.testing.assert_array_equal(shown[0]["values"], [[1, 2, 3], [4, np.nan, 6]])
    assert [image["values"].dtype for image in shown[1:]] == [np.uint8, np.uint8]
    assert (shown[0]["colormap"], shown[0]["colorbar"], shown[1]["colorbar"]) == ("magma", True, False)
    assert [image["x"].tolist() for image in shown] == [[0, 1, 2], [5, 15, 25], [0.5, 5.5, 15]]
    assert [image["y"].tolist() for image in shown] == [[0, 1], [5, 15], [1, 3]]
    assert (bar["colorbar"], bar["images"], bar["lines"]) == (True, [], [])


def test_error_bars_are_one_line(plt):
    """Their caps are not curves, their label is the line's, and their ends are reported."""
    plt.errorbar([1, 2], [3, 4], xerr=0.5, yerr=[0.1, 0.2], capsize=3, label="mean")
    (plot,) = axes_of(recording.figures())
    (line,) = plot["lines"]

    assert line["label"] == "mean"
    np.testing.assert_allclose(line["xerr"], [[0.5, 1.5], [1.5, 2.5]])
    np.testing.assert_allclose(line["yerr"], [[2.9, 3.1], [3.8, 4.2]])


def test_texts_are_reported_with_their_places(plt):
    """In the units of the axes, however they were placed; empty ones are left out."""
    plt.xlim(0, 10)
    plt.ylim(0, 20)
    plt.text(1, 2, "7")
    plt.text(0.5, 0.5, "middle", transform=plt.gca().transAxes)
    plt.annotate("best", (3, 4), xytext=(8, 8))
    plt.text(1, 1, " ")
    (plot,) = axes_of(recording.figures())

    assert [(each["text"], each["x"], each["y"]) for each in plot["texts"]] == [
        ("7", 1, 2),
        ("middle", pytest.approx(5), pytest.approx(10)),
        ("best", 3, 4),
    ]


def test_returned_figures_are_reported_too(plt):
    """Figures that pyplot does not know, by themselves, by their axes, in lists; none of them twice."""
    from matplotlib.figure import Figure

    loose = Figure()
    loose.subplots().set_title("loose")
    opened, axes = plt.subplots()
    axes.set_title("open")
    records = recording.figures([opened, axes, {"a": loose}, (loose.axes, 3, "text", None)])

    assert [record["axes"][0]["title"] for record in records] == ["open", "loose"]


def test_a_picture_goes_with_its_record(plt):
    """Whoever paints is given the figure, its record and the artists behind the parts, and adds to the record."""
    plt.figure(1)
    plt.figure(2)
    (line,) = plt.plot([1, 2])
    given = {}

    def paint(figure, record, artists):
        given.update({id(part): artists[id(part)] for axes in record["axes"] for part in axes["lines"]})
        return {"png": b"p"} if figure.number == 1 else {}

    first, second = recording.figures(picture=paint)

    assert first["png"] == b"p"
    assert "png" not in second
    assert list(given.values()) == [line]


class Broken:
    """Something that raises whatever is asked of it."""

    def __getattr__(self, name):
        """Raise."""
        raise RuntimeError(name)

    def __str__(self):
        """Raise."""
        raise RuntimeError("text")


@pytest.mark.parametrize(
    "place", ["lines", "images", "containers", "collections", "texts", "patches", "legend_", "xaxis"]
)
def test_a_part_that_raises_is_left_out(plt, place):
    """Whatever a figure holds, nothing raises, and the rest is reported."""
    _, axes = plt.subplots()
    axes.plot([1, 2], label="kept")
    axes.set_title("title")
    kind = type("Odd", (type(axes),), {place: property(lambda _: [Broken(), Broken()])})
    axes.__class__ = kind
    (plot,) = axes_of(recording.figures())

    assert plot["title"] == "title"
    assert [line["label"] for line in plot["lines"]] == ([] if place == "lines" else ["kept"])


def test_too_many_figures_are_cut_and_all_closed(plt):
    """At most MAX_FIGURES are reported, and none stays open."""
    plt.rcParams["figure.max_open_warning"] = 0
    for _ in range(safe_reading.MAX_FIGURES + 1):
        plt.figure()

    assert len(recording.figures()) == safe_reading.MAX_FIGURES
    assert plt.get_fignums() == []


def test_without_pyplot_there_are_no_figures():
    """Where nobody has drawn, matplotlib is not even imported."""
    code = "import sys; from autograder.checks.inspection.figures import figures"
    code += "; print(figures(), 'matplotlib' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed == "() False\n"


@pytest.mark.parametrize(
    "label",
    [
        "{:g}",
        "{}",
        "{:e}",
        "{:.3f}",
        "lr={:g}",
        "η = {:g}",
        "learning rate {:g}, batch 10",
        "{:g} (30 epochs, 784-40-10)",
    ],
)
def test_rates_are_found_in_labels(plt, label):
    """A curve belongs to the rate whose number stands in its label, whatever else does."""
    _, axes = plt.subplots()
    draw(axes, label=label)
    found = judged(recording.figures())

    assert [found[rate].y[0] for rate in RATES] == list(RATES)


def test_powers_of_ten_are_numbers(plt):
    """Labels in the way of TeX, and with a typographic minus sign, are read."""
    _, axes = plt.subplots()
    for power in range(-3, 3):
        axes.plot([0, 1], [power, power], label=f"$10^{{{power}}}$".replace("-", "\N{MINUS SIGN}"))
    found = figure(recording.figures()).axes().lines(RATES)

    assert [found[rate].y[0] for rate in RATES] == [-3, -2, -1, 0, 1, 2]


def test_labels_may_be_given_to_the_legend_alone(plt):
    """legend([...]) names the curves in order."""
    _, axes = plt.subplots()
    for rate in RATES:
        axes.semilogx([1, 2, 3], [rate] * 3, marker="x")
    axes.set(xlabel="epoch", title="Accuracy on the test set")
    axes.set_ylabel("fraction")
    axes.legend([str(rate) for rate in RATES])

    assert judged(recording.figures(), points=(3,))[10].y.tolist() == [10, 10, 10]


def test_subplots_are_as_welcome_as_figures(plt):
    """Three plots in one figure, in any order, are distinguished by their texts."""
    whole, grid = plt.subplots(1, 3)
    for axes, title in zip(grid, ("Test Acc.", "Loss (train)", "Train accuracy"), strict=True):
        draw(axes, title)
    whole.suptitle("Train and test, loss and accuracy")
    plots = figure(recording.figures())

    found = [plots.axes(*words, lines=RATES).drawn.ylabel for words in MEASURES.values()]
    assert found == ["Train accuracy", "Loss (train)", "Test Acc."]


def test_of_several_plots_that_with_most_of_the_curves_is_taken(plt):
    """A plot of one curve beside that of all, about the same measure, is no obstacle."""
    for rates in (RATES[:1], RATES, RATES[:2]):
        draw(plt.figure().add_subplot(), rates=rates)

    assert len(judged(recording.figures())) == len(RATES)


def test_a_marked_point_beside_a_curve_is_no_second_curve(plt):
    """Of several curves that name a rate, the one with an allowed number of points is meant."""
    _, axes = plt.subplots()
    draw(axes)
    axes.plot([2], [0.1], "o", label="0.1 best")
    axes.legend()
    figures = recording.figures()

    assert len(judged(figures, points=(3,))[0.1].y) == 3
    assert "2 curves that may be '0.1'" in said(figures)


def test_losses_may_be_infinite_or_nan(plt):
    """Curves that leave all bounds are still curves with their number of points."""
    _, axes = plt.subplots()
    for rate in RATES:
        axes.plot([1, 2], [np.inf, np.nan] if rate > 1 else [1, 2], label=rate)
    axes.set(xlabel="e", ylabel="training loss")
    axes.legend()

    assert np.isnan(judged(recording.figures(), "train", "loss", points=(2,))[10].y[1])


def test_no_private_name_of_matplotlib_is_reported(plt):
    """Curves, clouds and bars that nobody labelled have the label "", and the sentence asks for one."""
    _, axes = plt.subplots()
    for rate in RATES:
        axes.plot(range(3), [0.1, 0.5, rate / 100])
    axes.scatter([1, 2], [0.1, 0.2])
    axes.bar([1, 2], [0.1, 0.2])
    axes.hist([0.1, 0.2, 0.2])
    axes.set(title="test accuracy", xlabel="epoch", ylabel="test accuracy")
    figures = recording.figures()
    assert "_child" not in str(figures)
    assert "_container" not in str(figures)
    with pytest.raises(
        CheckFailed, match=r"^The plot 'test accuracy' has no curve labelled '0\.001'; none of its 7 curves"
    ):
        figure(figures).axes().lines(RATES)


def test_each_miss_is_one_sentence(plt):
    """No figure, no such plot, no axis label, no such curve, no legend, wrong number of points."""
    assert said(()).startswith("No figure with anything in it is open;")
    assert said("forged") == said([3]) == said(())

    _, axes = plt.subplots()
    draw(axes, "error")
    assert said(recording.figures()) == ("No plot was found among 1 whose title or y label says 'test' and 'acc'.")

    _, axes = plt.subplots()
    draw(axes)
    axes.set_xlabel("")
    assert said(recording.figures()) == "The plot has no label on its x axis."

    _, axes = plt.subplots()
    draw(axes, rates=RATES[:4])
    assert said(recording.figures()) == (
        "The plot has no curve labelled '10'; "
        "the labels of its 4 curves are 'rate 0.001', 'rate 0.01', 'rate 0.1', 'rate 1'."
    )

    _, axes = plt.subplots()
    draw(axes)
    axes.get_legend().remove()
    assert said(recording.figures()) == "The plot has no legend, so nobody can tell what is what."

    _, axes = plt.subplots()
    draw(axes, points=7)
    assert said(recording.figures(), points=(3, 4)) == ("The curve '0.001' of the plot has 7 points; expected 3 or 4.")


def test_forged_records_raise_nothing_else():
    """Records come from a submission's process: whatever they hold, the answer is a sentence."""
    forged = [{"axes": [{"lines": [{"label": 3, "x": "?", "y": [1]}, 5], "ylabel": "test accuracy", "xlabel": "e"}]}]

    assert "no legend" in said(forged)
    forged[0]["axes"][0]["lines"] = [{"label": str(rate), "y": "many"} for rate in RATES]
    forged[0]["axes"][0]["legend"] = ["0.1"]
    assert said(forged) == "The curve '0.001' of the plot holds no numbers."
    forged[0]["axes"][0]["lines"] = [{"label": "1" * 10**6}]
    assert said(forged) == f"The plot has no curve labelled '0.001'; the label of its only curve is {'1' * 40!r}."
