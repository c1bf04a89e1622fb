"""Pictures of figures, drawn outside from their records."""

from __future__ import annotations

import base64
import importlib
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from autograder.checks.inspection import figures
from autograder.pictures import raster
from autograder.pictures.vector import described, draw, is_ours
from autograder.worker import appearance

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def plt():
    """pyplot without a screen."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def records():
    """Records and looks of the open figures, as they leave a sandbox; painted pictures under "png"."""
    return figures.figures(picture=appearance.illustrator())


def drawn():
    """The picture of the only open figure, as a tree."""
    (record,) = records()
    text = draw(record, record["look"])
    assert is_ours(text)
    return ElementTree.fromstring(text)


def texts(tree):
    """All texts of a picture."""
    return [each.text for each in tree.iter(f"{SVG}text")]


def paths(tree):
    """Attributes of all paths inside of plots, in order."""
    return [each.attrib for plot in tree.iter(f"{SVG}svg") if plot is not tree for each in plot.iter(f"{SVG}path")]


def places(data):
    """The points of a path, (n, 2)."""
    return np.array([[float(part) for part in pair.split(",")] for pair in re.findall(r"[-\d.e]+,[-\d.e]+", data)])


def inner(tree):
    """Width and height of the first plot in pixels."""
    plot = next(each for each in tree.iter(f"{SVG}svg") if each is not tree)
    return float(plot.attrib["width"]), float(plot.attrib["height"])


def test_a_curve_is_drawn_where_it_is(plt):
    """Points are in their places, the line in its colour and style, with title, labels, ticks and legend."""
    plt.plot([0, 1, 2], [0, 10, 5], "r--", label="first")
    plt.xlim(0, 2)
    plt.ylim(0, 10)
    plt.title(r"Loss for $\eta = 10^{-3}$")
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()
    tree = drawn()
    width, height = inner(tree)
    curve = paths(tree)[0]

    assert np.allclose(places(curve["d"]), [[0, height], [width / 2, 0], [width, height / 2]], atol=0.1)
    assert (curve["stroke"], curve["stroke-dasharray"]) == ("#ff0000", "6 3")
    assert {"Loss for η = 10⁻³", "epoch", "loss", "first", "0.00", "2.00", "10"}.issubset(texts(tree))


def test_a_logarithmic_axis_is_drawn_as_one(plt):
    """Powers of ten lie at equal distances; what has no logarithm interrupts the curve."""
    plt.semilogy([0, 1, 2, 3], [1, 0, 100, 10000])
    plt.ylim(1, 10000)
    tree = drawn()
    _, height = inner(tree)
    found = places(paths(tree)[0]["d"])

    assert np.allclose(found[:, 1], [height, height / 2, 0], atol=0.1)
    assert paths(tree)[0]["d"].count("M") == 2
    assert "10²" in texts(tree)


@pytest.mark.parametrize("lying", [False, True])
def test_bars_stand_on_each_other(plt, lying):
    """Stacked bars begin where those below them end, each call in its colour."""
    if lying:
        plt.barh([1, 2], [3, 4], color="red")
        plt.barh([1, 2], [1, 1], left=[3, 4], color="blue")
        plt.xlim(0, 10)
    else:
        plt.bar([1, 2], [3, 4], color="red")
        plt.bar([1, 2], [1, 1], bottom=[3, 4], color="blue")
        plt.ylim(0, 10)
    tree = drawn()
    width, height = inner(tree)
    red, blue = paths(tree)[:2]
    boxes = re.findall(r"M([-\d.]+),([-\d.]+)h([-\d.]+)v([-\d.]+)h[-\d.]+z", blue["d"])
    x, y, across, up = np.array(boxes, float).T

    assert (red["fill"], blue["fill"]) == ("#ff0000", "#0000ff")
    if lying:
        assert np.allclose([x[0], across[0]], [0.3 * width, 0.1 * width], atol=0.2)
    else:
        assert np.allclose([y[0], up[0]], [0.7 * height, -0.1 * height], atol=0.2)


def test_points_have_their_colours(plt):
    """A cloud that is coloured by values is drawn in those colours."""
    plt.scatter([0, 1, 2], [0, 1, 2], c=[0, 1, 0], cmap="bwr", vmin=0, vmax=1)
    found = {each["stroke"]: len(places(each["d"])) for each in paths(drawn())}

    assert found == {"#0000ff": 2, "#ff0000": 1}


def test_an_image_is_drawn_in_its_colours(plt):
    """Values become the colours of their colour map, upright, one pixel for each."""
    import io

    from matplotlib.image import imread

    plt.imshow([[0.0, 1.0], [1.0, 1.0]], cmap="gray", vmin=0, vmax=1)
    (image,) = drawn().iter(f"{SVG}image")
    pixels = imread(io.BytesIO(base64.b64decode(image.attrib["href"].partition(",")[2])))

    assert np.array_equal(pixels.reshape(2, 2, -1)[..., 0], [[0, 1], [1, 1]])


def test_colours_of_a_photograph_are_kept(plt):
    """An image that is colours already is drawn as it is, bytes or parts of 1."""
    import io

    from matplotlib.image import imread

    red = np.zeros((1, 2, 3))
    red[0, 1, 0] = 1.0
    for photograph in (red, (255 * red).astype(np.uint8)):
        plt.imshow(photograph)
        (image,) = drawn().iter(f"{SVG}image")
        pixels = imread(io.BytesIO(base64.b64decode(image.attrib["href"].partition(",")[2])))
        assert np.array_equal(pixels[..., :3], red)


def test_numbers_in_cells_and_lines_across_and_error_bars_are_drawn(plt):
    """What belongs to a plot beside its curves."""
    figure, axes = plt.subplots(1, 2)
    axes[0].imshow([[1, 2], [3, 4]])
    axes[0].text(1, 0, "cell", ha="center", va="center", color="white")
    axes[1].axhline(0.5)
    axes[1].errorbar([1, 2], [1, 2], yerr=[0.1, 0.2])
    axes[1].grid()
    tree = drawn()
    (cell,) = (each for each in tree.iter(f"{SVG}text") if each.text == "cell")

    assert (cell.attrib["fill"], cell.attrib["text-anchor"]) == ("#ffffff", "middle")
    assert any(re.fullmatch(r"M[^V]+V[^MV]+M[^V]+V[^MV]+", each["d"]) for each in paths(tree))
    assert figure.axes


def test_a_colour_bar_is_beside_its_image(plt):
    """With the colours of the image."""
    plt.colorbar(plt.imshow([[1, 2], [3, 4]], cmap="viridis"))

    assert len([*drawn().iter(f"{SVG}image")]) == 2


def test_axes_on_one_place_have_their_own_labels(plt):
    """The second y axis is on the right; the ticks of x are drawn once, and so is the title."""
    figure, left = plt.subplots()
    left.plot([1, 2])
    left.set_title("both")
    left.set_xlabel("shared")
    right = left.twinx()
    right.plot([2, 1])
    right.set_ylabel("right")
    found = texts(drawn())

    assert [found.count(text) for text in ("both", "shared", "right", "0.0")] == [1, 1, 1, 1]
    assert figure.axes


def surface(plt):
    """Hundreds of polygons, each in a colour of its own."""
    x, y = np.meshgrid(np.arange(30.0), np.arange(30.0))
    plt.figure().add_subplot(projection="3d").plot_surface(x, y, x * y, cmap="viridis")


def arrow(plt, **how):
    """A patch that is an arrow over the whole axes."""
    plt.axis((0, 1, 0, 1))
    how = {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 20, **how}
    return plt.gca().add_patch(importlib.import_module("matplotlib.patches").FancyArrowPatch((0, 0), (1, 0.5), **how))


OTHERS = {
    "3d": lambda plt: plt.figure().add_subplot(projection="3d").plot([1, 2], [1, 2], [1, 2]),
    "surface": surface,
    "cloud of 3d": lambda plt: plt.figure().add_subplot(projection="3d").scatter([1, 2], [1, 2], [1, 2], c=[0, 1]),
    "polar": lambda plt: plt.figure().add_subplot(projection="polar").plot([1, 2]),
    "hatches": lambda plt: plt.fill_between([1, 2], [1, 2], hatch="/"),
    "bars with hatches": lambda plt: plt.bar([1, 2], [1, 2], hatch="/"),
    "stream lines": lambda plt: plt.streamplot(np.arange(3.0), np.arange(3.0), np.ones((3, 3)), np.ones((3, 3))),
    "bent arrow": lambda plt: arrow(plt, arrowstyle="-|>", connectionstyle="arc3,rad=0.5"),
    "thick arrow": lambda plt: arrow(plt, arrowstyle="simple"),
    "too many points": lambda plt: plt.fill_between(np.arange(9000), np.arange(9000) % 7),
    "too many areas": lambda plt: plt.hexbin(*np.random.default_rng(1).normal(size=(2, 2000)), gridsize=50),
    "scale": lambda plt: (plt.plot([1, 2]), plt.yscale("symlog")),
    "table": lambda plt: plt.table([["1"]]),
    "slope": lambda plt: (plt.plot([1, 2]), plt.axline((0, 0), slope=1)),
    "text of the figure": lambda plt: plt.figure().text(0.5, 0.5, "somewhere"),
    "legend of the figure": lambda plt: (plt.plot([1, 2], label="a"), plt.gcf().legend()),
    "axes inside of axes": lambda plt: plt.gca().inset_axes([0.5, 0.5, 0.4, 0.4]).plot([1, 2]),
    "steps": lambda plt: plt.step([1, 2, 3], [1, 2, 3]),
}
"""Draws something that no record says, or only in part."""


@pytest.mark.parametrize("kind", OTHERS)
def test_what_a_record_leaves_out_is_outlined_or_painted_alone(plt, kind):
    """No figure is painted as a whole because of one part; something of the part is in the picture."""
    OTHERS[kind](plt)
    empty = len(draw(*_of_an_empty_figure()))
    other_figure = records()[0]
    text = draw(other_figure, other_figure["look"])

    assert is_ours(text)
    assert len(text) > empty
    assert "png" not in other_figure


def _of_an_empty_figure():
    return {"title": "", "axes": []}, {"size": (6.4, 4.8), "axes": []}


def test_steps_go_up_where_they_do(plt):
    """A line that is drawn in steps has their corners."""
    plt.axis((0, 2, 0, 2))
    plt.step([0, 1, 2], [0, 1, 2], where="post")

    assert np.allclose(in_data(drawn(), 0, ((0, 2), (0, 2))), [[0, 0], [1, 0], [1, 1], [2, 1], [2, 2]], atol=0.01)


def test_a_scale_of_another_kind_has_its_ticks_where_they_are(plt):
    """On a symlog axis the curve and the ticks stand where matplotlib puts them."""
    plt.plot([0, 1, 2], [-100, 0, 100])
    plt.yscale("symlog")
    plt.ylim(-100, 100)
    expected = plt.gca().transAxes.inverted().transform(plt.gca().transData.transform([(0, 0), (0, 10)]))[:, 1]
    tree = drawn()
    top, height = (
        float(next(each for each in tree.iter(f"{SVG}svg") if each is not tree).attrib[name])
        for name in ("y", "height")
    )
    labels = {each.text: float(each.attrib["y"]) for each in tree.iter(f"{SVG}text")}
    found = [1 - (labels[text] - 0.35 * 11 - top) / height for text in ("0", "10¹")]

    assert np.allclose(found, expected, atol=0.01)
    assert np.allclose(in_data(tree, 0)[1, 1], 0.5, atol=0.01)


def test_polar_axes_are_round(plt):
    """Points lie at their angles, with rings, rays, and their labels around; what lies beyond the ring is cut off."""
    axes = plt.figure().add_subplot(projection="polar")
    axes.plot([0, np.pi / 2, np.pi], [1, 1, 0.5], "ro", label="three")
    axes.set_rmax(2)
    axes.legend()
    tree = drawn()
    dots = next(each for each in tree.iter(f"{SVG}path") if each.attrib.get("stroke") == "#ff0000")
    found = places(dots.attrib["d"]) / inner(tree)

    assert np.allclose(found, [[0.75, 0.5], [0.5, 0.25], [0.375, 0.5]], atol=0.01)
    assert {"0°", "90°", "270°", "three"}.issubset(texts(tree))
    axes = plt.figure().add_subplot(projection="polar")
    axes.plot([0, 1], [0, 5])
    axes.set_rmax(2)
    (record,) = records()
    assert ["pixels" in each for each in record["look"]["axes"][0]["areas"]].count(True) == 1


def test_three_dimensions_are_seen_from_where_they_are(plt):
    """Points of a curve lie where matplotlib projects them, in a room with ticks and the labels of three axes."""
    from mpl_toolkits.mplot3d import proj3d

    axes = plt.figure().add_subplot(projection="3d")
    axes.plot([0, 1, 2], [0, 1, 0], [0, 1, 4], "r")
    axes.set(xlabel="width", ylabel="depth", zlabel="height", title="A curve")
    x, y, _ = proj3d.proj_transform(
        np.array([0.0, 1, 2]), np.array([0.0, 1, 0]), np.array([0.0, 1, 4]), axes.get_proj()
    )
    expected = axes.transAxes.inverted().transform(axes.transData.transform(np.column_stack([x, y])))
    tree = drawn()
    (curve,) = [each for each in tree.iter(f"{SVG}path") if each.attrib.get("stroke") == "#ff0000"]
    found = places(curve.attrib["d"]) / inner(tree)

    assert np.allclose(found[:, 0], expected[:, 0], atol=0.01)
    assert np.allclose(1 - found[:, 1], expected[:, 1], atol=0.01)
    assert {"width", "depth", "height", "A curve", "0.0", "2.0"}.issubset(texts(tree))
    grid = [each.attrib["d"].count("M") for each in tree.iter(f"{SVG}path") if each.attrib.get("stroke") == "#b2b2b2"]
    assert len(grid) == 2  # the panes, and a line for each tick
    assert grid[1] > 10


def test_a_table_has_its_cells_and_texts(plt):
    """Each cell is a box with its text, also below the axes, and texts are made small enough for their cells."""
    plt.plot([1, 2])
    plt.table([["0.91", "a very long text that does not fit into its cell at all"]], colLabels=["train", "test"])
    tree = drawn()
    shown = {each.text: float(each.attrib["font-size"]) for each in tree.iter(f"{SVG}text")}

    assert {"0.91", "train", "test"}.issubset(shown)
    assert shown["train"] < 10
    assert sum(each.attrib["d"].count("M") for each in tree.iter(f"{SVG}path") if "Z" in each.attrib["d"]) == 4


def test_bars_with_hatches_are_painted_alone(plt):
    """The hatch is seen, the bars are not drawn twice, and the axes around them stays sharp."""
    plt.bar([1, 2], [1, 2], hatch="/", label="striped")
    plt.legend()
    (record,) = records()
    tree = ElementTree.fromstring(draw(record, record["look"]))

    assert record["look"]["axes"][0]["bars"] == [{"outlined": True}]
    assert len([*tree.iter(f"{SVG}image")]) == 1
    assert paths(tree) == []
    assert {"striped", "2.00"}.issubset(texts(tree))


def test_texts_of_three_dimensions_are_where_they_are(plt):
    """Those at a place of the room, and those on the picture; a figure that is recorded twice is the same twice."""
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    axes.plot([0, 1, 2], [0, 1, 0], [0, 1, 4])
    axes.text(1, 1, 1, "a place")
    axes.text2D(0.25, 0.75, "on the picture", transform=axes.transAxes)
    (first,) = records()
    (again,) = figures.figures(figure, picture=appearance.illustrator())
    words = {each["text"]: each["at"] for each in first["look"]["axes"][0]["words"]}

    assert words["on the picture"] == pytest.approx((0.25, 0.75))
    assert "a place" in words
    assert np.array_equal(first["axes"][0]["lines"][0]["x"], again["axes"][0]["lines"][0]["x"])
    assert draw(first, first["look"]) == draw(again, again["look"])


@pytest.mark.parametrize("kind", ["points", "curve", "wire frame", "surface", "bars"])
def test_a_room_that_is_recorded_twice_is_the_same_twice(plt, kind):
    """To draw it changes neither its data nor its order, whatever it is made of."""
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(np.arange(3.0), np.arange(3.0))
    if kind == "points":
        axes.scatter([0, 1, 2], [0, 1, 0], [0, 1, 4], s=[10, 20, 30], c=["red", "green", "blue"])
    elif kind == "curve":
        axes.plot([0, 1, 2], [0, 1, 0], [0, 1, 4])
    elif kind == "bars":
        axes.bar3d([0, 1], [0, 1], [0, 0], 0.5, 0.5, [1, 2])
    else:
        (axes.plot_wireframe if kind == "wire frame" else axes.plot_surface)(x, y, x * y)
    (plain,) = figures.figures(figure)
    (first,) = figures.figures(figure, picture=appearance.illustrator())
    (again,) = figures.figures(figure, picture=appearance.illustrator())
    looks = [each.pop("look") for each in (first, again)]

    assert repr(plain) == repr(first) == repr(again)
    assert draw(first, looks[0]) == draw(again, looks[1]) != ""


@pytest.mark.parametrize("kind", ["arrow from the edge", "wedge", "a canvas that is too large", "steps with errors"])
def test_what_takes_too_much_is_painted_as_a_whole(plt, kind):
    """Such figures have a painted picture, and no look."""
    if kind == "arrow from the edge":
        plt.annotate("here", (0, 0), (1, 1), textcoords="axes fraction", arrowprops={"arrowstyle": "->"})
    elif kind == "wedge":
        plt.figure().add_subplot(projection="polar").set_thetamax(90)
    elif kind == "steps with errors":
        plt.errorbar([1, 2], [1, 2], yerr=[0.1, 0.1], drawstyle="steps")
    else:
        plt.figure(dpi=300)
        plt.fill_between([1, 2], [1, 2], hatch="/")
    (record,) = records()

    assert "look" not in record
    assert raster.clean(record["png"])


def test_equal_axes_have_equal_ticks(plt):
    """Ticks that are placed and written alike are read once; axes with other settings have their own."""
    figure, axes = plt.subplots(2, 3)
    for each in axes.flat:
        each.imshow(np.zeros((28, 28)))
    axes[0, 1].xaxis.get_major_locator().set_params(nbins=3)
    axes[0, 2].ticklabel_format(style="sci", scilimits=(0, 0), axis="x")
    axes[1, 0].set_xlim(0, 10)
    axes[1, 1].tick_params(labelbottom=False)
    axes[1, 2].set_xticks([1, 2], ["one", "two"])
    for each in axes.flat:
        each.get_position()  # which gives it its final size
    alone = [figures.ticks_of(each, "xaxis") for each in axes.flat]
    (record,) = records()

    for ticks, expected in zip([each["xticks"] for each in record["axes"]], alone, strict=True):
        assert np.array_equal(ticks["at"], expected["at"])
        assert ticks["labels"] == expected["labels"]
    assert len({str(each["labels"]) for each in alone}) == 5
    assert figure.axes


def test_a_figure_is_reported_in_words(plt):
    """Plots, axes, and curves with their first and last values, for those who do not see them."""
    figure, axes = plt.subplots(1, 3)
    axes[0].semilogy([1, 2, 3], [1, 0.5, 0.25], label="training")
    axes[0].set(title="Loss", xlabel="epoch", ylabel="loss")
    axes[1].bar([1, 2], [3, 4])
    axes[1].scatter([1, 2], [3, 4])
    axes[2].imshow(np.zeros((28, 14)))
    (record,) = records()
    words = (
        "Plot “Loss”, x axis “epoch”, y axis “loss”, logarithmic: "
        "curve “training” of 3 points, from 1 at 1 to 0.25 at 3. "
        "Plot without a title: 2 points; 2 bars, from 3 to 4. Plot without a title: image of 28 x 14."
    )

    assert described(record) == words
    assert raster.words_of(draw(record, record["look"])) == words
    assert described({}) == described(None) == "An empty figure."
    assert figure.axes


def test_long_curves_are_thinned_and_keep_their_peaks(plt):
    """A curve of 50,000 points takes at most 1,000, with the highest and the lowest among them."""
    values = np.zeros(50_000)
    values[[20_011, 40_013]] = 9, -9
    plt.plot(values)
    plt.ylim(-10, 10)
    tree = drawn()
    _, height = inner(tree)
    found = places(paths(tree)[0]["d"])

    assert len(found) <= 1001
    assert np.allclose([found[:, 1].min(), found[:, 1].max()], [0.05 * height, 0.95 * height], atol=0.2)


def test_a_figure_takes_few_bytes(plt):
    """A curve of five points takes less than 4,000 bytes, and a crowded figure never more than the limit."""
    plt.plot([1, 2, 3, 4, 5])
    (record,) = records()
    assert len(draw(record, record["look"])) < 4_000

    figure, axes = plt.subplots(8, 8)
    for each in axes.flat:
        for _ in range(20):
            each.plot(np.random.default_rng(0).random(1_000))
    (record,) = records()
    assert len(draw(record, record["look"])) <= 200 * 1024
    assert figure.axes


def test_an_empty_figure_is_drawn(plt):
    """A figure without axes, and axes without anything."""
    plt.figure()
    assert texts(drawn()) == []
    plt.subplots(2, 2, layout="constrained")
    assert len([*drawn().iter(f"{SVG}svg")]) == 5


def test_invisible_axes_are_left_out(plt):
    """An axes that is switched off shows no ticks; one that is not visible is not there."""
    _, axes = plt.subplots(1, 3)
    axes[1].axis("off")
    axes[2].set_visible(False)
    tree = drawn()

    assert len([*tree.iter(f"{SVG}svg")]) == 3
    assert len([each for each in tree.iter(f"{SVG}rect") if each.attrib.get("fill") == "none"]) == 1


def test_each_image_has_the_colours_of_its_own_map(plt):
    """Images with one map share its table, and a map of the same name with other colours has another one."""
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    maps = ["gray", "gray", "viridis", ListedColormap(["red", "blue"], "viridis"), ListedColormap(["blue", "red"])]
    maps += [LinearSegmentedColormap.from_list("gray", ["red", "blue"])]
    _, every = plt.subplots(2, 3)
    for axes, colors in zip(every.flat, maps, strict=True):
        axes.imshow(np.arange(4.0).reshape(2, 2), cmap=colors)
    expected = [axes.images[0].get_cmap()(np.linspace(0, 1, 256), bytes=True)[:, :3].tobytes() for axes in every.flat]

    (record,) = records()

    assert [axes["images"][0]["palette"] for axes in record["look"]["axes"]] == expected


def test_an_image_of_equal_pixels_is_placed_as_it_will_be_painted(plt):
    """The box of an axes whose pixels are squares is narrower than its part of the figure."""
    plt.imshow(np.zeros((20, 5)))
    place = plt.gca().get_position().bounds

    (record,) = records()

    assert record["look"]["axes"][0]["place"] == pytest.approx(place)
    assert place[2] < 0.3


def in_data(tree, number, limits=((0.0, 1.0), (0.0, 1.0))):
    """The points of a path inside of the plot, in the units of its axes."""
    (left, right), (bottom, top) = limits
    part = places(paths(tree)[number]["d"]) / inner(tree)
    return np.stack([left + (right - left) * part[:, 0], top - (top - bottom) * part[:, 1]], axis=1)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_an_area_is_drawn_where_it_is(plt, scale):
    """Between two curves, under the curve that is drawn over it, on any scale, in its colour, and in the legend."""
    plt.plot([1, 2, 4], [2, 3, 2], "k")
    plt.fill_between([1, 2, 4], [1, 2, 1], [3, 4, 3], color="#ff0000", alpha=0.4, label="a band")
    plt.yscale(scale)
    limits = plt.xlim(), np.log(plt.ylim()) if scale == "log" else plt.ylim()
    plt.legend()
    tree = drawn()
    area, curve = paths(tree)[:2]
    found = in_data(tree, 0, limits)
    found[:, 1] = np.exp(found[:, 1]) if scale == "log" else found[:, 1]

    assert (area["fill"], area["fill-opacity"], curve["stroke"]) == ("#ff0000", "0.4", "#000000")
    expected = {(1, 1), (2, 2), (4, 1), (1, 3), (2, 4), (4, 3)}
    assert all(np.min(np.abs(found - corner).sum(axis=1)) < 0.03 for corner in expected)
    assert "a band" in texts(tree)


def test_every_line_of_contours_has_its_colour(plt):
    """Contours are drawn as lines, or as areas without seams, with a colour bar of as many steps."""
    x, y = np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 20))
    plt.contour(x, y, x**2 + y**2, levels=[0.25, 0.64])
    lines = paths(drawn())
    plt.contourf(x, y, x**2 + y**2, levels=[0, 0.25, 0.64, 2])
    plt.colorbar()
    tree = drawn()
    areas = paths(tree)
    marks = [
        float(each.attrib["y"]) for each in tree.iter(f"{SVG}text") if each.text in ("0.00", "0.25", "0.64", "2.00")
    ]

    assert np.allclose(np.diff(marks[-4:]), np.diff(marks[-4:])[0], atol=0.2)  # steps are equally high
    assert len({line["stroke"] for line in lines}) == 2
    assert {line["fill"] for line in lines} == {"none"}
    fills = [each["fill"] for each in areas if each["fill"] != "none"]
    assert len(fills) == 6
    assert len(set(fills)) == 3
    assert all(each["stroke"] == each["fill"] for each in areas if each["fill"] != "none")


@pytest.mark.parametrize(
    ("draw_it", "shapes"),
    [
        (lambda plt: plt.pie([1, 2, 3], labels=["a", "b", "c"]), 3),
        (lambda plt: plt.axvspan(0.2, 0.4), 1),
        (lambda plt: plt.stackplot([0, 1, 2], [1, 2, 1], [2, 1, 2]), 2),
        (lambda plt: plt.violinplot([[1.0, 2.0, 4.0]]), 4),
        (lambda plt: plt.gca().add_patch(plt.Circle((0.5, 0.5), 0.2)), 1),
        (lambda plt: plt.quiver([0, 1], [0, 1], [1, 1], [0, 1]), 1),
        (lambda plt: plt.hexbin([0, 1, 2], [0, 1, 2], gridsize=3), 6),
        (lambda plt: plt.pcolormesh([0, 1, 3, 7], [0, 1], [[1, 2, 3]]), 3),
        (lambda plt: plt.hlines([1, 2, 3], 0, [1, 2, 3]), 1),
    ],
)
def test_shapes_of_all_kinds_are_drawn_from_their_outlines(plt, draw_it, shapes):
    """Wedges, spans, stacks, violins, circles, arrows of fields, uneven meshes: no figure is painted for them."""
    draw_it(plt)
    (record,) = records()
    (axes,) = record["look"]["axes"]

    assert len(axes["areas"]) == shapes
    assert is_ours(draw(record, record["look"]))


def test_an_arrow_leads_from_its_text_to_its_place(plt):
    """The text of an `annotate` stands where it was put, and the line ends at what it is about."""
    plt.axis((0, 1, 0, 1))
    plt.annotate("the best", (0.2, 0.2), (0.8, 0.8), arrowprops={"arrowstyle": "->"})
    tree = drawn()
    line = in_data(tree, 0)
    (text,) = [each for each in tree.iter(f"{SVG}text") if each.text == "the best"]

    assert np.allclose(line[0], 0.8, atol=0.03)
    assert np.allclose(line[1], 0.2, atol=0.03)
    assert abs(float(text.attrib["x"]) / inner(tree)[0] - 0.8) < 0.01


def test_a_straight_arrow_is_where_matplotlib_paints_it(plt):
    """Line and head of a filled arrow, as those of stream lines, are within a pixel of what is painted."""
    patch = arrow(plt, arrowstyle="-|>", linewidth=0.1)
    plt.gcf().canvas.draw()
    paths, _ = patch._get_path_in_displaycoord()
    expected = plt.gca().transAxes.inverted().transform(paths[-1].vertices[:3])
    (record,) = records()
    (shape,) = record["look"]["axes"][0]["areas"]

    assert shape["lengths"] == [2, 4]
    assert np.allclose(shape["points"][:2], [[0, 0], [1, 0.5]], atol=0.01)
    for corner in expected:
        assert np.hypot(*(shape["points"][2:] - corner).T).min() < 0.005


def test_arrows_that_are_bent_or_have_another_head_are_painted(plt):
    """Outlines would show another arrow."""
    for how in ({"arrowstyle": "-|>", "connectionstyle": "arc3,rad=0.5"}, {"arrowstyle": "simple"}):
        plt.figure()
        arrow(plt, **how)

    assert all("pixels" in record["look"]["axes"][0]["areas"][0] for record in records())


def test_a_figure_of_shapes_alone_is_reported_in_words(plt):
    """Whoever does not see it reads that there is something."""
    plt.fill_between([0, 1], [1, 2])
    (record,) = records()

    assert "areas, contours or other shapes" in described(record)
