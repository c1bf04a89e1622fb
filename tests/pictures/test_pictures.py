"""Pictures of figures: ours, or the pixels of a plain PNG file; only those of open checks get to students."""

from __future__ import annotations

import base64
import html
import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import check, question, report

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.pictures import raster
from autograder.pictures.raster import Refused, clean, data_url, text_of, words_of
from autograder.pictures.vector import is_ours
from autograder.reports.pages import Heading, staff_page, student_page
from autograder.results import Verdict
from autograder.submissions import collect
from autograder.worker import rendering

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADING = Heading("Course", "Drawing")


def chunk(kind, content, checksum=None):
    """One part of a PNG file."""
    reported = zlib.crc32(kind + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", reported)


def head(width=3, height=2, depth=8, colour=6, rest=b"\0\0\0"):
    """A header."""
    return struct.pack(">IIBB", width, height, depth, colour) + rest


PIXELS = b"".join(b"\0" + bytes(range(12)) for _ in range(2))


def png(*before, header=None, pixels=PIXELS, packed=None, after=b""):
    """A PNG file of 3 x 2 pixels, with other chunks, another header or other pixels."""
    packed = zlib.compress(pixels) if packed is None else packed
    parts = (chunk(b"IHDR", head() if header is None else header), *before, chunk(b"IDAT", packed), chunk(b"IEND", b""))
    return SIGNATURE + b"".join(parts) + after


def reason(file):
    """Why a file is refused."""
    with pytest.raises(Refused) as caught:
        clean(file)
    return str(caught.value)


def decoded(file):
    """The pixels that matplotlib reads."""
    image = pytest.importorskip("matplotlib.image")
    return image.imread(io.BytesIO(file))


def test_the_pixels_stay_and_nothing_else():
    """Texts, times and profiles are dropped, pixels in several parts joined, and a clean file is not changed."""
    extras = (chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"), chunk(b"iCCP", b"x" * 50), chunk(b"zzZz", b"?"))
    packed = zlib.compress(PIXELS, 1)
    dressed = png(*extras, chunk(b"IDAT", packed[:5]), packed=packed[5:])
    made = clean(dressed)

    assert made == clean(png()) == clean(made)
    assert b"script" not in made
    assert [kind in made for kind in (b"tEXt", b"iCCP", b"zzZz")] == [False] * 3
    np.testing.assert_array_equal(decoded(made), decoded(png()))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (None, "it is no file at all"),
        (bytearray(png()), "it is no file at all"),
        (b"<script>alert(1)</script>", "it is no PNG file"),
        (b"GIF89a", "it is no PNG file"),
        (SIGNATURE, "it does not end where it says"),
        (png()[:-1], "it is cut off"),
        (png()[:40], "it is cut off"),
        (png(after=b"<script>"), "it does not end where it says"),
        (png(chunk(b"tEXt", b"x", checksum=1)), "a checksum in it is wrong"),
        (png()[:-20] + bytes([png()[-20] ^ 1]) + png()[-19:], "a checksum in it is wrong"),
        (png(chunk(b"IHDR", head())), "its header is not one at its beginning"),
        (SIGNATURE + chunk(b"IEND", b""), "its header is not one at its beginning"),
        (png(header=head()[:-1]), "its header has a wrong length"),
        (png(header=b""), "its header has a wrong length"),
        (png(header=head(10**5, 2**31)), "it has 100,000 x 2,147,483,648 pixels; at most 800 x 600 are shown"),
        (png(header=head(width=0)), "it has 0 x 2 pixels; at most 800 x 600 are shown"),
        (png(header=head(depth=16)), "its pixels are not of the kind that is taken"),
        (png(chunk(b"PLTE", bytes(9)), header=head(colour=3)), "it holds a part of a kind that is not taken"),
        (png(header=head(colour=3)), "its pixels are not of the kind that is taken"),
        (png(header=head(rest=b"\0\0\1")), "its pixels are not of the kind that is taken"),
        (png(chunk(b"EVIL", b"")), "it holds a part of a kind that is not taken"),
        (png(packed=b"no stream"), "its pixels cannot be unpacked"),
        (png(packed=zlib.compress(PIXELS)[:-6]), "it does not hold the pixels that its header promises"),
        (png(packed=zlib.compress(PIXELS) + b"more"), "it does not hold the pixels that its header promises"),
        (png(pixels=PIXELS[:-1]), "it does not hold the pixels that its header promises"),
        (png(pixels=PIXELS + b"\0"), "it does not hold the pixels that its header promises"),
        (png(packed=zlib.compress(bytes(100_000_000))), "it does not hold the pixels that its header promises"),
        (png(pixels=b"\x05" + PIXELS[1:]), "its rows are packed in an unknown way"),
        (SIGNATURE + bytes(raster.MAX_BYTES), "it has 204,808 bytes, more than 204,800"),
    ],
)
def test_anything_else_is_refused(file, expected):
    """One reason for each kind of trick, in our own words."""
    assert reason(file) == expected


def test_pixels_that_we_cannot_pack_are_refused(monkeypatch):
    """What grows when it is packed again has an end, too."""
    file = png(header=head(20, 20, colour=2), pixels=bytes(20 * 61))
    monkeypatch.setattr(raster, "MAX_BYTES", 100)
    monkeypatch.setattr(raster.zlib, "compress", lambda data, _: bytes(data))

    assert reason(file) == "its pixels take too many bytes"


@given(st.binary(max_size=200), st.integers(0, 80), st.booleans())
def test_no_bytes_do_anything_else(junk, place, inside):
    """Whatever the bytes: a clean picture, which is not changed, or Refused."""
    whole = png()
    file = whole[:place] + junk + whole[place + len(junk) * inside :]
    try:
        made = clean(file)
    except Refused:
        return
    assert clean(made) == made
    assert data_url(text_of(made))


def test_only_clean_pictures_have_an_address():
    """A report's text that is no PNG file in base64 is not shown."""
    good = text_of(clean(png()))

    assert data_url(good) == f"data:image/png;base64,{good}"
    assert base64.b64decode(good) == clean(png())
    for text in (
        "",
        '"><script>',
        base64.b64encode(b"<svg onload=x>").decode(),
        good + '"',
        good + "\n",
        good * 50_000,
    ):
        assert data_url(text) == ""


# --- painting, inside ---


@pytest.fixture
def plt():
    """pyplot without a screen."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.mark.parametrize("size", [(6.4, 4.8), (40, 3), (3, 40), (0.5, 0.5)])
def test_a_figure_of_any_size_is_painted(plt, size):
    """What is painted passes the gate."""
    made, _ = plt.subplots(figsize=size)
    made.suptitle("T")
    width, height = struct.unpack(">II", clean(rendering.painter()(made))[16:24])

    assert width <= raster.MAX_WIDTH
    assert height <= raster.MAX_HEIGHT
    assert abs(width / height - size[0] / size[1]) < 0.1 * size[0] / size[1]


def test_noise_is_painted_smaller(plt):
    """A picture that takes too many bytes is drawn with fewer pixels."""
    made, axes = plt.subplots()
    axes.imshow(np.random.default_rng(0).random((300, 400)), cmap="gray")
    width, _ = struct.unpack(">II", clean(rendering.painter()(made))[16:24])

    assert width < 0.7 * 640


def test_what_cannot_be_painted_soon_is_left_out(plt, monkeypatch):
    """Figures that raise, of too many points, beyond the number, or late."""
    paint = rendering.painter()
    broken = plt.figure()
    monkeypatch.setattr(broken, "savefig", lambda *_, **__: 1 / 0)
    crowded, axes = plt.subplots()
    axes.plot(np.zeros(1_000_001))
    many = [plt.figure(figsize=(1, 1)) for _ in range(raster.MAX_PICTURES + 1)]

    assert paint(broken) is None
    assert paint(crowded) is None
    assert [paint(each) is not None for each in many] == [True] * raster.MAX_PICTURES + [False]
    monkeypatch.setattr(rendering, "_CPU_SECONDS", -1.0)
    assert rendering.painter()(many[0]) is None


def test_a_notebook_that_computes_for_long_still_has_pictures(plt, monkeypatch):
    """Only the time that drawing took counts, and not what passes between two figures."""
    now = [0.0]
    monkeypatch.setattr(rendering.time, "process_time", lambda: now[0])
    paint = rendering.painter()
    now[0] = 1000.0
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    assert paint(figure)


def test_both_sides_agree_on_the_caps():
    """The worker paints what the gate lets through."""
    assert (rendering.WIDTH, rendering.HEIGHT) == (raster.MAX_WIDTH, raster.MAX_HEIGHT)
    assert (rendering.BYTES, rendering.MOST) == (raster.MAX_BYTES, raster.MAX_PICTURES)


# --- the way to the pages ---

ASSIGNMENT = '''
"""Drawing."""
from autograder import Assignment
from autograder.checks import figure

assignment = Assignment("Drawing", files=["hw.py"])
drawing = assignment.question("Drawing", id="a", solution="draw")


@drawing.check(points=1)
def draws(student):
    """A curve is drawn."""
    student.draw(3)
    records = student.figures()
    assert all("png" not in each for each in records)
    figure(records).line().shows([0, 1, 2])


@drawing.check(points=1, hidden=True, hint="Look.")
def draws_what_is_hidden(student):
    """Another curve is returned."""
    figure(student.figures(student.returned(4))).line().shows([0, 1, 2, 3])
'''
REFERENCE = '''
"""Drawing."""
import matplotlib.pyplot as plt
from matplotlib.figure import Figure


def draw(n):
    """A curve."""
    ### BEGIN SOLUTION
    plt.plot(range(n))
    ### END SOLUTION


def returned(n):
    """A curve on a figure of its own."""
    made = Figure()
    axes = made.subplots(1, 1)
    axes.plot(range(n))
    return made, axes
'''
HOSTILE = """
import io
from matplotlib.figure import Figure

del Figure.get_layout_engine  # so that nothing can say how the figure looks, and it is painted

def savefig(figure, file, **_):
    file.write({bytes!r})

Figure.savefig = savefig
"""


@pytest.fixture
def graded(tmp_path, bubblewrap):
    """A function that grades a submission of the drawing homework."""

    def run(before=""):
        for folder, name, text in (
            ("course/assignments/draw", "assignment.py", ASSIGNMENT),
            ("course/reference/draw", "hw.py", REFERENCE),
            ("course/assignments/draw", "handout.md", "# Drawing\n"),
            ("in/ada", "hw.py", f"{before}\n{REFERENCE}"),
        ):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
        (submission,) = collect(tmp_path / "in", ("hw.py",), tmp_path / "staging")
        return grade(load(tmp_path / "course", "draw"), submission, bubblewrap, None, RunOptions("seed"))

    return run


def test_pictures_come_into_the_report(graded):
    """Those of an open check for the student, those of a hidden one for staff, each clean."""
    made = graded()
    open_check, hidden_check = made.questions[0].checks

    assert [each.verdict for each in (open_check, hidden_check)] == ["PASSED", "PASSED"]
    assert (len(open_check.pictures), len(open_check.staff_pictures)) == (1, 0)
    assert (len(hidden_check.pictures), len(hidden_check.staff_pictures)) == (0, 1)
    for text, count in ((open_check.pictures[0], 3), (hidden_check.staff_pictures[0], 4)):
        assert is_ours(text)
        assert words_of(text).startswith(f"Plot without a title: curve of {count} points, from 0 at 0 to ")
        assert words_of(text) in html.unescape(staff_page(made, HEADING))
    assert student_page(made, HEADING).count("<img ") == 1
    assert staff_page(made, HEADING).count("<img ") == 2


def test_what_takes_too_much_is_painted(graded):
    """A figure that is painted as a whole comes as a PNG file, cleaned."""
    striped = "import matplotlib.pyplot as plt\nplot = plt.plot\nplt.rcParams['figure.dpi'] = 300\n"
    striped += "plt.plot = lambda x: (plot(x), plt.axvspan(0, 1, hatch='/'))"
    (text,) = graded(striped).questions[0].checks[0].pictures
    file = base64.b64decode(text)

    assert clean(file) == file
    assert len(np.unique(decoded(file))) > 2
    assert words_of(text) == ""


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (b"<script>alert(1)</script>", "it is no PNG file"),
        (png(after=b"<script>"), "it does not end where it says"),
        (png(packed=zlib.compress(bytes(50_000_000))), "it does not hold the pixels that its header promises"),
        (png(header=head(60_000, 60_000)), "it has 60,000 x 60,000 pixels; at most 800 x 600 are shown"),
    ],
)
def test_a_forged_picture_costs_the_picture_alone(graded, file, expected):
    """A submission that replaces savefig gets its points and no picture; staff read why."""
    check = graded(HOSTILE.format(bytes=file)).questions[0].checks[0]

    assert (check.verdict, check.pictures, check.message) == ("PASSED", (), "")
    assert check.staff_message == f"Pictures of figures left out: 1 of 1 ({expected})."


def test_a_text_in_a_picture_is_not_passed_on(graded):
    """Markup in a chunk for texts does not arrive."""
    hostile = png(chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"))
    (text,) = graded(HOSTILE.format(bytes=hostile)).questions[0].checks[0].pictures

    assert base64.b64decode(text) == clean(png())


def test_all_pictures_together_have_an_end(graded, monkeypatch):
    """A report holds no more than MAX_TOTAL bytes of them, and says that some are missing."""
    monkeypatch.setattr(raster, "MAX_TOTAL", 100)
    check = graded().questions[0].checks[0]

    assert check.pictures == ()
    assert check.staff_message == "Pictures of more than 0 MiB in all were left out."


def test_a_page_shows_pictures_with_words_of_ours():
    """One picture for each figure, described; a text that is not a picture is left out."""
    good = text_of(clean(png()))
    drawn = replace(check("one", Verdict.PASSED), pictures=(good, '"><script>', good))
    hidden = replace(check("two", Verdict.PASSED, hidden=True), staff_pictures=(good,))
    made = report("ann", question("a", drawn, hidden))

    assert student_page(made, HEADING).count(f'src="data:image/png;base64,{good}"') == 2
    assert "Figure 2 of 2, as the submission drew it" in student_page(made, HEADING)
    assert staff_page(made, HEADING).count("<img ") == 3
    assert "<script" not in staff_page(made, HEADING)
