"""What hostile records and looks make of a picture: nothing but a picture."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.pictures.raster import data_url, words_of
from autograder.pictures.vector import described, draw, is_ours
from autograder.reports.pages import Heading, student_page
from autograder.submissions import collect

ELEMENTS = {"svg", "title", "desc", "g", "path", "rect", "line", "text", "image"}
EVIL = (
    "</text></svg><script>alert(1)</script>' onload='alert(2)\" &lt;&#0; \x00\x1b\ud800\u202e]]>--><!DOCTYPE a>"
    "\\alpha$^{2}"
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([EVIL, "<script>", "center", "o", "--", 10**400, math.inf])
    | st.binary(max_size=8)
    | st.sampled_from([np.array([[1, 2, 3]], np.uint8), np.full(3, np.nan), np.array(["a"]), np.zeros((2, 2))]),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


LAYER = {"pixels": np.full((2, 2, 4), 9, np.uint8), "box": (0.2, 0.2, 1.1, 0.4), "named": [(EVIL, (1, 2, 3))]}
WORD = {"text": EVIL, "at": (0.5, 1.1), "size": 11.0, "across": "right", "color": (1, 2, 3)}
DOTS = {
    "points": np.array([[0.5, 0.5], [np.nan, 2.0]]),
    "lengths": [2],
    "stroke": (1, 2, 3),
    "marker": "o",
    "label": EVIL,
}


def record(**changed: object) -> dict[str, Any]:
    """A record of one axes with everything in it, some of it changed."""
    ticks = {"at": np.array([0.0, 1.0]), "labels": [EVIL, "1"]}
    axes = {
        "title": EVIL,
        "xlabel": EVIL,
        "ylabel": EVIL,
        "xscale": "linear",
        "yscale": "log",
        "xlim": np.array([0.0, 1.0]),
        "ylim": np.array([1.0, 10.0]),
        "xticks": ticks,
        "yticks": ticks,
        "legend": [EVIL, EVIL],
        "legend_title": EVIL,
        "colorbar": False,
        "lines": [
            {"label": EVIL, "kind": "line", "x": np.array([0, np.inf, 1e308]), "y": np.array([1, -1e308, np.nan])}
        ],
        "bars": [{"label": EVIL, "horizontal": False, "at": np.ones(2), "width": np.ones(2), "height": np.ones(2)}],
        "images": [{"shape": (2, 2), "values": np.eye(2), "x": np.arange(2.0), "y": np.arange(2.0)}],
        "texts": [{"text": EVIL, "x": 0.5, "y": 5.0}],
        "others": 0,
    }
    return {"title": EVIL, "legend": [EVIL], "axes": [{**axes, **changed}]}


def look(**changed: object) -> dict[str, Any]:
    """How it looks, some of it changed."""
    painted = {"color": (1, 2, 3), "colors": None, "alpha": 1.0}
    axes = {
        "place": (0.1, 0.1, 0.8, 0.8),
        "grid": True,
        "frame": True,
        "sides": ("top", "right"),
        "own": ["title", "xlabel", "ylabel", "legend"],
        "lines": [{"style": "--", "marker": "x", **painted}],
        "guides": [],
        "bars": [{"base": np.zeros(2), **painted}],
        "images": [{"palette": bytes(768), "limits": (0.0, 1.0)}],
        "texts": [{"across": "center", "up": "center", **painted}],
        "areas": [
            {
                "points": np.array([[0, 0], [1, np.inf], [1e308, -1e308], [0.5, np.nan]]),
                "lengths": [2, 2],
                "fill": (1, 2, 3),
                "stroke": (4, 5, 6),
                "alphas": (0.5, 1.0),
                "width": 1.0,
                "dashed": True,
                "closed": True,
                "label": EVIL,
            }
        ],
        "ticks": {"x": np.array([0.0, np.inf]), "y": np.array([0.0, np.inf])},
        "words": [WORD],
    }
    return {"size": (6.4, 4.8), "over": [LAYER], "axes": [{**axes, **changed}]}


def is_only_a_picture(text: str) -> bool:
    """Whether a text is "" or well-formed SVG of few elements, none of whose attributes runs or loads anything."""
    if not text:
        return True
    tree = ElementTree.fromstring(text)
    for each in tree.iter():
        assert each.tag.removeprefix("{http://www.w3.org/2000/svg}") in ELEMENTS, each.tag
        for name, value in each.attrib.items():
            assert not name.startswith("on") and name not in ("style", "class", "id"), name
            assert name != "href" or value.startswith("data:image/png;base64,"), value
            assert "url(" not in value and "nan" not in value and "inf" not in value, value
    assert is_ours(text)
    address = data_url(text)
    return address.startswith("data:image/svg+xml") and not set('"<>&\n') & set(address)


def test_hostile_texts_are_only_texts() -> None:
    """Markup, control characters, halves of surrogate pairs and marks that turn the direction stay texts or vanish."""
    text = draw(record(), look())

    assert is_only_a_picture(text)
    assert text.count("&lt;script&gt;") >= 5
    assert not set("\x00\x1b\u202e\ud800") & set(text)
    words_of(text).encode()


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(
    key=st.sampled_from([*record()["axes"][0]]),
    value=anything,
    other=st.sampled_from([*look()["axes"][0]]),
    seen=anything,
    size=anything,
)
def test_whatever_is_reported_makes_a_picture_or_none(key: str, value: Any, other: str, seen: Any, size: Any) -> None:
    """No value of a record or of a look raises, or becomes anything but a picture."""
    how = look(**{other: seen})
    how["size"] = size

    assert is_only_a_picture(draw(record(**{key: value}), how))
    assert is_only_a_picture(
        draw(record(**{key: [value, value]}), look(**{other: [seen, {"color": seen, "base": seen, "place": seen}]}))
    )
    assert isinstance(described(record(**{key: value})), str)


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from([*look()["axes"][0]["areas"][0]]), seen=anything)
def test_whatever_an_area_is_makes_a_picture_or_none(key: str, seen: Any) -> None:
    """No outline, length, colour or width of a shape raises, or becomes anything but a picture."""
    (shape,) = look()["axes"][0]["areas"]

    assert is_only_a_picture(draw(record(), look(areas=[{**shape, key: seen}, shape])))


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(part=st.sampled_from(["layer", "word", "dots"]), data=st.data(), seen=anything)
def test_whatever_is_added_makes_a_picture_or_none(part: str, data: Any, seen: Any) -> None:
    """No layer of pixels, no text around an axes, and no cloud of points raises, or becomes anything but a picture."""
    added: dict[str, Any] = {"layer": LAYER, "word": WORD, "dots": DOTS}[part]
    changed = {**added, data.draw(st.sampled_from([*added])): seen}
    where = "words" if part == "word" else "areas"

    assert is_only_a_picture(draw(record(), look(**{where: [changed, added]})))
    assert is_only_a_picture(draw(record(), look(outlines=True, **{where: [added, changed]})))
    assert is_only_a_picture(draw(record(), {**look(), "over": [changed, added]}))


def test_layers_have_an_end() -> None:
    """However many pixels are reported, a picture of bearable size is drawn, or none."""
    noise = np.random.default_rng(0).integers(256, size=(512, 512, 4)).astype(np.uint8)
    large = {**LAYER, "pixels": np.zeros((20_000, 4, 4), np.uint8)}

    for layer in ({**LAYER, "pixels": noise}, large):
        text = draw(record(), {**look(areas=[layer] * 50), "over": [layer] * 50})
        assert is_only_a_picture(text)
        assert text.count("<image") <= 3


def test_areas_have_an_end() -> None:
    """However many shapes and points are reported, a picture of bearable size is drawn, or none."""
    many = {"points": np.random.default_rng(0).random((400_000, 2)), "lengths": [1_000] * 400, "fill": (1, 2, 3)}

    assert is_only_a_picture(draw(record(), look(areas=[many] * 100)))
    assert is_only_a_picture(draw(record(), look(areas=[{**many, "lengths": [1] * 400_000}] * 3_000)))


@settings(max_examples=100, deadline=None)
@given(value=anything, seen=anything)
def test_any_record_and_any_look_make_a_picture_or_none(value: Any, seen: Any) -> None:
    """Not even where nothing is a dictionary."""
    for one, other in (
        (value, look()),
        (record(), seen),
        ({"axes": value}, {"axes": seen}),
        ({"axes": [value]}, look()),
    ):
        assert is_only_a_picture(draw(one, other))


@pytest.mark.long
def test_huge_records_are_drawn_in_part() -> None:
    """Many axes, curves, points and texts take no more than the bytes of one picture."""
    many = record(
        lines=[{"x": np.arange(100_000.0), "y": np.arange(100_000.0), "kind": "points"}] * 64,
        texts=[{"text": EVIL * 20, "x": 0.5, "y": 5.0}] * 2_500,
        xticks={"at": np.linspace(0, 1, 200), "labels": [EVIL * 20] * 200},
        images=[{"shape": (900, 900), "values": np.random.default_rng(0).random((900, 900))}] * 4,
    )
    many["axes"] *= 100
    seen = look(
        texts=[{}] * 2_500,
        lines=[{"colors": np.random.default_rng(0).integers(256, size=(100_000, 3)).astype(np.uint8)}] * 64,
        images=[{}] * 4,
    )
    seen["axes"] *= 100

    text = draw(many, seen)
    assert len(text.encode()) <= 200 * 1024
    assert is_only_a_picture(text)


GOOD = draw({"axes": []}, {"axes": []})


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("</svg>", "<script>alert(1)</script></svg>"),
        GOOD.replace("<rect ", "<rect onclick='alert(1)' "),
        GOOD.replace("<rect ", "<rect style='fill:url(http://a/b)' "),
        GOOD.replace("<rect ", "<rect fill='url(http://a/b)' "),
        GOOD.replace("</svg>", "<image href='http://a/b.png'/></svg>"),
        GOOD.replace("</svg>", "<image href='data:image/svg+xml;base64,AAAA'/></svg>"),
        GOOD.replace("</svg>", "<a href='http://a'>b</a></svg>"),
        GOOD.replace("</svg>", "<foreignObject/></svg>"),
        GOOD.replace("</svg>", "<!-- a --></svg>"),
        GOOD.replace("</svg>", "&evil;</svg>"),
        GOOD.replace("</svg>", "<rect/ onload='a'/></svg>"),
        GOOD + "<script>",
        GOOD + GOOD.replace("<svg ", "<script "),
        "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]>" + GOOD,
        GOOD.replace("</svg>", "\x00</svg>"),
        GOOD.replace("</svg>", " " * 300_000 + "</svg>"),
        GOOD.replace("'", '"'),
        "",
    ],
)
def test_texts_that_we_did_not_draw_have_no_address(text: str) -> None:
    """A report's text that holds anything which is never drawn here is not shown."""
    assert is_ours(GOOD)
    assert not is_ours(text)
    assert data_url(text) == ""


ASSIGNMENT = '''
from autograder import Assignment
from autograder.checks import figure

assignment = Assignment("Drawing", files=["hw.py"])
question = assignment.question("Drawing", id="a", solution="draw")


@question.check(points=1)
def draws(student):
    """Draws."""
    student.draw()
    figure(student.figures()).line()
'''
REFERENCE = """
import matplotlib.pyplot as plt


def draw():
    ### BEGIN SOLUTION
    plt.plot([1, 2])
    ### END SOLUTION
"""
FORGER = f"""
import sys

looks = sys.modules["autograder.worker.appearance"]
serve = sys.modules["autograder.worker.serve"]
evil = {EVIL.encode("utf-8", "replace")!r}.decode("utf-8", "replace")
serve.illustrator = lambda: lambda figure, record, artists: (
    record.update(title=evil, axes=[dict(record["axes"][0], title=evil, xlabel=evil)]),
    {{"look": {{"size": (evil, 1), "axes": [{{"own": ["title", evil], "place": evil, "lines": [evil]}}]}}}},
)[1]
"""


def test_a_submission_that_forges_its_look_gets_a_picture_of_ours(tmp_path: Any, bubblewrap: Any) -> None:
    """The worker can be made to say anything; what is shown is always a picture."""
    for file, text in (
        ("course/assignments/draw/assignment.py", ASSIGNMENT),
        ("course/assignments/draw/handout.md", "# D\n"),
        ("course/reference/draw/hw.py", REFERENCE),
        ("in/ada/hw.py", FORGER + REFERENCE),
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    (submission,) = collect(tmp_path / "in", ("hw.py",), tmp_path / "staging")
    made = grade(load(tmp_path / "course", "draw"), submission, bubblewrap, None, RunOptions("seed"))
    (check,) = made.questions[0].checks
    page = student_page(made, Heading("Course", "Drawing"))

    assert check.verdict == "PASSED"
    assert len(check.pictures) == 1
    assert is_only_a_picture(check.pictures[0])
    assert page.count("<img ") == 1
    assert "<script" not in page
