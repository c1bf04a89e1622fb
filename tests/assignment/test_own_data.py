"""Data sets of the instructor's own: split by the course's seed, handed out in parts, hidden labels never inside."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autograder import Dataset, loader
from autograder.checks.errors import InstructorError, UsageError
from autograder.datasets import DataSettings, available, find
from autograder.grading import RunOptions, grade
from autograder.grading.preparing import caps_for
from autograder.release import contents
from autograder.submissions import collect_one

SCRIPT = '''
from autograder import Assignment, Dataset
from autograder.checks import accuracy, close

flats = Dataset("flats", ["data/flats.csv"], label="sold", stratified=True{more})
assignment = Assignment("Flats", files=["hw.py"], data=flats)
question = assignment.question("Fit", id="a", solution="fit")


@question.check(points=1)
def reads_its_data(student):
    """The given part is read."""
    close(student.count_rows(), 60)


@question.check(points=2, hidden=True)
def is_right(student, data, hidden):
    """The rule holds for unseen flats."""
    student.fit(data.train.x, data.train.y)
    return accuracy(student.predict(hidden.x), hidden.y).points_at({0.9: 1.0})
'''

REFERENCE = '''
import csv

import numpy as np

KEPT = {}


def count_rows():
    """Rows of flats.csv."""
    ### BEGIN SOLUTION
    with open("flats.csv", newline="") as file:
        return len(list(csv.DictReader(file)))
    ### END SOLUTION


def fit(x, y):
    """Learn the price above which nothing is sold."""
    ### BEGIN SOLUTION
    KEPT["most"] = np.max(x[np.asarray(y) == 1, 1])
    ### END SOLUTION


def predict(x):
    """1 where a flat is sold."""
    ### BEGIN SOLUTION
    return (x[:, 1] <= KEPT["most"]).astype(int)
    ### END SOLUTION
'''


def table(rows=100):
    """Areas, prices, and whether a flat is sold: those of at most 500 are."""
    rng = np.random.default_rng(0)
    area, price = rng.integers(20, 120, rows), np.round(rng.uniform(100, 900, rows), 2)
    lines = [f"{a},{p},{int(p <= 500)}" for a, p in zip(area, price, strict=True)]
    return "\n".join(["area,price,sold", *lines]) + "\n"


@pytest.fixture
def flats_course(tmp_path):
    return course(tmp_path / "course")


def course(root, more="", config=""):
    for place in ("assignments/flats/data", "reference/flats"):
        (root / place).mkdir(parents=True)
    (root / "grader_config.py").write_text(
        config or 'from autograder.course import Course\n\ncourse = Course(title="C", assignments=("flats",))\n'
    )
    (root / "assignments/flats/assignment.py").write_text(SCRIPT.replace("{more}", more).lstrip())
    (root / "assignments/flats/handout.md").write_text("# Flats\n")
    (root / "assignments/flats/data/flats.csv").write_text(table())
    (root / "reference/flats/hw.py").write_text(REFERENCE.lstrip())
    return root


def found(declared, folder, seed="a seed"):
    return find(declared.name, DataSettings(own=(declared.at(folder),), seed=seed))


def rows_of(split):
    return [tuple(row) for row in np.column_stack([split.x, split.y])]


# --- reading and splitting ---


def test_a_table_is_split_into_three_parts(tmp_path):
    """Each row is in one of them, its label beside it; columns of numbers are one array."""
    (tmp_path / "flats.csv").write_text(table())
    data = found(Dataset("flats", ["flats.csv"], label="sold"), tmp_path)
    assert (len(data.train), len(data.validation), len(data.hidden)) == (60, 20, 20)
    assert (data.columns, data.train.x.shape, data.train.x.dtype, data.train.y.dtype) == (
        ("area", "price"), (60, 2), np.float64, np.int64,
    )  # fmt: skip
    every = sorted(rows_of(data.train) + rows_of(data.validation) + rows_of(data.hidden))
    assert every == sorted((int(a), float(p), int(s)) for a, p, s in re.findall(r"(\d+),([\d.]+),(\d)", table()))
    assert not hasattr(data.open, "hidden")


def test_the_split_follows_from_the_seed_alone(tmp_path):
    """The same seed gives the same parts, another one others, and the checksum of reports distinguishes them."""
    (tmp_path / "flats.csv").write_text(table())
    declared = Dataset("flats", ["flats.csv"], label="sold")
    first, again, other = (found(declared, tmp_path, seed) for seed in ("one", "one", "two"))
    assert np.array_equal(first.hidden.x, again.hidden.x)
    assert (first.sha256, first.handed_out) == (again.sha256, again.handed_out)
    assert not np.array_equal(first.hidden.x, other.hidden.x)
    assert first.sha256 != other.sha256


def test_classes_are_split_by_their_shares_where_that_is_asked_for(tmp_path):
    """A rare class is in every part."""
    lines = [f"{n},{'rare' if n % 10 == 0 else 'often'}" for n in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["n,kind", *lines]))
    data = found(Dataset("t", ["t.csv"], label="kind", stratified=True), tmp_path)
    assert [list(part.y).count("rare") for part in (data.train, data.validation, data.hidden)] == [6, 2, 2]


def test_equal_rows_are_never_hidden_and_given(tmp_path):
    """The label of a hidden row could be looked up otherwise."""
    (tmp_path / "t.csv").write_text("\n".join(["n,kind", *[f"{n // 2},{n % 3}" for n in range(60)]]))
    data = found(Dataset("t", ["t.csv"], label="kind", given=0.4, public=0.2), tmp_path)
    seen = {*data.train.x[:, 0], *data.validation.x[:, 0]}
    assert not seen.intersection(data.hidden.x[:, 0])
    assert len(data.train) + len(data.validation) + len(data.hidden) == 60


def test_columns_have_the_kind_of_their_values(tmp_path):
    """Whole numbers, numbers with gaps, and text; then each column comes by its name."""
    lines = [f'{n},{n / 4 if n % 3 else ""},"a, {n}",{n % 2}' for n in range(10)]
    (tmp_path / "t.tsv").write_text("\n".join(["n,part,text,y", *lines]).replace(",", "\t").replace("\t ", ", "))
    data = found(Dataset("t", ["t.tsv"], label="y"), tmp_path)
    assert {name: each.dtype.kind for name, each in data.train.x.items()} == {"n": "i", "part": "f", "text": "U"}
    assert np.isnan(data.train.x["part"][data.train.x["n"] % 3 == 0]).all()
    assert data.handed_out["t.tsv"].startswith(b"n\tpart\ttext\ty\n")


def test_arrays_are_split_by_rows(tmp_path):
    """Of one .npz or of several .npy; students get files of the same form."""
    x, y = np.arange(40, dtype=np.float32).reshape(20, 2), np.arange(20) % 2
    np.savez(tmp_path / "all.npz", x=x, y=y)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    one = found(Dataset("one", ["all.npz"], label="y"), tmp_path)
    two = found(Dataset("one", ["x.npy", "y.npy"], label="y.npy"), tmp_path)
    assert one.train.x.dtype == np.float32
    assert np.array_equal(one.train.x, two.train.x)
    assert np.array_equal(one.hidden.y, two.hidden.y)
    assert sorted(one.handed_out) == ["all.npz", "all_public.npz"]
    assert sorted(two.handed_out) == ["x.npy", "x_public.npy", "y.npy", "y_public.npy"]
    (tmp_path / "given.npz").write_bytes(one.handed_out["all.npz"])
    with np.load(tmp_path / "given.npz") as archive:
        assert np.array_equal(archive["x"], one.train.x)


def test_images_are_labelled_by_their_folders(tmp_path):
    """Students get the files of two parts, and no name of the third."""
    for kind, shade in (("dark", 10), ("light", 240)):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for n in range(10):
            Image.new("RGB", (4, 3), (shade, n, 0)).save(tmp_path / "photos" / kind / f"{n}.png")
    data = found(Dataset("photos", ["photos/"], stratified=True), tmp_path)
    assert (data.train.x.shape, data.train.x.dtype, data.classes) == ((12, 3, 4, 3), np.uint8, ("dark", "light"))
    assert np.array_equal(data.hidden.x[:, 0, 0, 0] > 100, data.hidden.y == 1)
    assert len(data.handed_out) == 16
    assert sum(name.startswith("photos_public/") for name in data.handed_out) == 4


@pytest.mark.parametrize(
    ("content", "settings", "sentence"),
    [
        ("a,b\n1,2\n3\n", {"label": "b"}, r"flats\.csv: row 2 has 1 values, expected 2"),
        ("", {"label": "b"}, r"flats\.csv is empty; its first line names the columns"),
        ("a,a\n1,2\n", {"label": "a"}, "two columns of one name"),
        ("a,b\n1,2\n", {"label": "c"}, "has no column 'c' for its labels; give label= one of 'a', 'b'"),
        ("a,b\n1,2\n", {}, "has labels of no name; give label= one of 'a', 'b'"),
        ("a,b\n", {"label": "b"}, "has no rows"),
        ("a,b\n1,2\n3,4\n", {"label": "b"}, "has 2 rows, of which 1 are given, 1 public and 0 hidden; each part needs"),
        (b"a,b\n\xff,2\n", {"label": "b"}, "is not UTF-8 text"),
        ('a,b\n"1,2\n', {"label": "b"}, "cannot be read as a table"),
        (table(), {"label": "price", "stratified": True}, "different labels in 100 rows, which are no classes"),
        (table(), {"label": "sold", "sha256": "0" * 64}, "expected 0{64}: the file was changed, or the declaration"),
    ],
)
def test_a_table_that_cannot_be_used_gets_a_sentence(tmp_path, content, settings, sentence):
    """It names the file and what is wrong."""
    (tmp_path / "flats.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InstructorError, match=sentence):
        found(Dataset("flats", ["flats.csv"], **settings), tmp_path)


def test_a_checksum_that_is_right_is_accepted(tmp_path):
    """Upper case or lower."""
    (tmp_path / "flats.csv").write_text(table())
    digest = hashlib.sha256(table().encode()).hexdigest().upper()
    assert found(Dataset("flats", ["flats.csv"], label="sold", sha256=digest), tmp_path).name == "flats"


def test_pickled_objects_are_not_read(tmp_path):
    """Arrays of objects are code."""
    np.save(tmp_path / "x.npy", np.array([{}, {}], dtype=object))
    np.save(tmp_path / "y.npy", np.arange(2))
    with pytest.raises(InstructorError, match=r"x\.npy cannot be read as an array without pickled objects"):
        found(Dataset("t", ["x.npy", "y.npy"], label="y.npy"), tmp_path)


def test_files_that_do_not_fit_get_a_sentence(tmp_path):
    """Other lengths, other sizes of images, other endings, files that are not there."""
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    np.save(tmp_path / "y.npy", np.zeros(2))
    with pytest.raises(InstructorError, match=r"arrays of different lengths: x\.npy has 3, y\.npy has 2 rows"):
        found(Dataset("t", ["x.npy", "y.npy"], label="y.npy"), tmp_path)
    (tmp_path / "p/a").mkdir(parents=True)
    for n in (1, 2):
        Image.new("L", (n, 3)).save(tmp_path / f"p/a/{n}.png")
    with pytest.raises(InstructorError, match=r"2\.png has another size than 1\.png: 2 x 3 and 1 x 3 pixels"):
        found(Dataset("t", ["p"]), tmp_path)
    (tmp_path / "p/a/2.png").write_bytes(b"no image")
    with pytest.raises(InstructorError, match=r"2\.png cannot be read as an image"):
        found(Dataset("t", ["p"]), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InstructorError, match="holds no images; put those of each class into a folder of its name"):
        found(Dataset("t", ["empty"]), tmp_path)
    (tmp_path / "t.xlsx").write_bytes(b"")
    with pytest.raises(InstructorError, match=r"has the files t\.xlsx; give one \.csv, \.tsv or \.npz file"):
        found(Dataset("t", ["t.xlsx"]), tmp_path)
    with pytest.raises(InstructorError, match=r"names 'no\.csv', but .*no\.csv does not exist"):
        found(Dataset("t", ["no.csv"]), tmp_path)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "a b"}, "give it a name of letters, digits, - and _"),
        ({"files": "flats.csv"}, "files is a single text; write a list"),
        ({"files": []}, "name its files, such as"),
        ({"files": ["../flats.csv"]}, "is no path below the folder that declares it"),
        ({"given": 0}, "give shares between 0 and 1"),
        ({"public": "x"}, "give shares between 0 and 1"),
        ({"given": 0.8, "public": 0.2}, "given and public are 1 together; leave a hidden part"),
        ({"sha256": "abc"}, "is no SHA-256 sum of 64 hexadecimal digits"),
        ({"sha256": {"other.csv": "0" * 64}}, "sha256 is about 'other.csv', which is none of its files"),
        ({"files": ["a.npy", "b.npy"], "sha256": "0" * 64}, "sha256 is one text for 2 files"),
    ],
)
def test_a_declaration_that_means_nothing_gets_a_sentence(values, sentence):
    """It says what to give."""
    with pytest.raises(InstructorError, match=sentence):
        Dataset(**{"name": "flats", "files": ["flats.csv"], **values})


# --- used like mnist ---


def settings_of(root, seed="a seed"):
    loaded = loader.load(root, "flats")
    return loaded, DataSettings(own=(loaded.assignment.dataset,), seed=seed)


def test_checks_are_given_its_parts_and_submissions_its_files(flats_course, tmp_path, bubblewrap):
    """`data` and `hidden` are as those of mnist; the given part is in the working folder, whatever was handed in."""
    loaded, settings = settings_of(flats_course)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/hw.py").write_text(REFERENCE)
    (tmp_path / "inbox/flats.csv").write_text("area,price,sold\n1,2,1\n")
    submission = collect_one([tmp_path / "inbox"], loaded.assignment.handed_in, tmp_path / "staged", "ada")
    report = grade(loaded, submission, bubblewrap, find("flats", settings), RunOptions("a seed"))
    assert (report.points, report.max_points) == (3, 3)
    assert report.notes == ("flats.csv differs from the one that was handed out; the handed-out one was used.",)
    assert (report.replay.data, report.replay.data_sha256) == ("flats", find("flats", settings).sha256)


def test_hidden_labels_are_nowhere_inside(flats_course, tmp_path, bubblewrap):
    """A submission that reads every file it can open finds no hidden row before it is asked, and no label ever."""
    loaded, settings = settings_of(flats_course)
    data = find("flats", settings)
    prices = sorted(float(price) for price in data.hidden.x[:, 1])
    script = flats_course / "assignments/flats/assignment.py"
    text = script.read_text()
    script.write_text(
        text[: text.index("@question")]
        + "@question.check(points=1, hidden=True)\n"
        + "def looks(student, hidden):\n"
        + "    '''It finds nothing.'''\n"
        + f"    close(student.look({[str(price) for price in prices]}), [])\n"
    )
    look = """
        import os
        def look(prices):
            found = []
            for top in ("/submission", "/given", "/tmp", "."):
                for where, _, files in os.walk(top):
                    for file in files:
                        try:
                            text = open(os.path.join(where, file), errors="replace").read(1 << 20)
                        except OSError:
                            continue
                        found += [price for price in prices if f",{price}," in text]
            return found
    """
    (flats_course / "reference/flats/hw.py").write_text("def look(prices):\n    return []\n")
    script.write_text(script.read_text().replace('solution="fit"', 'solution="look"'))
    (tmp_path / "hw.py").write_text(textwrap.dedent(look))
    loaded = loader.load(flats_course, "flats")
    submission = collect_one([tmp_path / "hw.py"], loaded.assignment.handed_in, tmp_path / "staged", "ada")
    report = grade(loaded, submission, bubblewrap, data, RunOptions("a seed"))
    assert str(report.questions[0].checks[0].verdict) == "PASSED"


def test_a_release_has_the_given_and_the_public_part(flats_course):
    """With their labels; no row of the hidden part is in any file."""
    loaded, settings = settings_of(flats_course)
    data = find("flats", settings)
    released = contents(loaded, data)
    assert released["flats.csv"].count(b"\n") == 61
    assert released["flats_public.csv"].count(b"\n") == 21
    assert b"- `flats_public.csv`: data, with its labels.\n" in released["README.md"]
    for area, price in data.hidden.x:
        line = f"{int(area)},{price},".encode()
        assert not any(line in content for content in released.values())


def run(*arguments, cwd, seed="the first of two long seeds"):
    """Run `autograder` in a folder; its exit code, and what it said as one line."""
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "AUTOGRADER_SEED": seed},
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.long
def test_the_command_line_hands_it_out_and_grades_with_it(flats_course, tmp_path):
    """`release` writes two parts, `grade` uses the third; another seed would hide what was given, and is refused."""
    code, said = run("release", "flats", cwd=flats_course)
    assert code == 0, said
    assert (flats_course / "release/flats/flats_public.csv").is_file()
    (tmp_path / "class").mkdir()
    (tmp_path / "class/ada.py").write_text(REFERENCE)
    asked = ("grade", "flats", tmp_path / "class", "--out", tmp_path / "out", "--jobs", 1)
    code, said = run(*asked, cwd=flats_course)
    assert code == 0, said
    assert "Data: flats, 60 given, 20 public and 20 hidden samples, from " in said
    assert "ada" in (tmp_path / "out/grades.csv").read_text()
    assert "3" in (tmp_path / "out/grades.csv").read_text().splitlines()[1]

    code, said = run("check", "flats", "reference/flats/hw.py", cwd=flats_course, seed="the second of two long seeds")
    assert code == 2
    assert "was made from other data, or split by another seed" in said
    assert "run `autograder release flats` again" in said


@pytest.mark.long
def test_a_course_may_declare_it_for_several_assignments(tmp_path):
    """Then an assignment names it, and its files lie below the course's folder."""
    config = (
        "from autograder import Dataset\nfrom autograder.course import Course\n\n"
        'flats = Dataset("flats", ["shared/flats.csv"], label="sold")\n'
        'course = Course(title="C", assignments=("flats",), datasets=(flats,))\n'
    )
    root = course(tmp_path / "course", config=config)
    (root / "shared").mkdir()
    (root / "shared/flats.csv").write_text(table())
    script = root / "assignments/flats/assignment.py"
    script.write_text(re.sub(r"flats = Dataset.*", "", script.read_text()).replace("data=flats", 'data="flats"'))
    code, said = run("check", "flats", "reference/flats/hw.py", cwd=root)
    assert code == 0, said
    code, said = run("data", "list", cwd=root)
    assert code == 0, said
    assert "flats: the course's own, shared/flats.csv ready, from " in said


def test_large_parts_may_be_handed_in_again(flats_course):
    """What students were given does not count for the limits on what is handed in."""
    loaded, settings = settings_of(flats_course)
    data = find("flats", settings)
    size = sum(map(len, data.handed_out.values())) / 2**20
    caps = caps_for(loaded, data)
    assert caps.entries == caps_for(loaded, None).entries + 2
    assert caps.submission_mib == pytest.approx(caps_for(loaded, None).submission_mib + size)


def test_names_of_other_data_sets_are_taken(flats_course):
    """A data set of an instructor's own cannot be called mnist."""
    script = flats_course / "assignments/flats/assignment.py"
    script.write_text(script.read_text().replace('Dataset("flats"', 'Dataset("mnist"'))
    code, said = run("check", "flats", "reference/flats/hw.py", cwd=flats_course)
    assert code == 2
    assert "There is another data set called 'mnist'; rename the one of your own." in said


@pytest.mark.parametrize(
    ("datasets", "sentence"),
    [
        ("(1,)", "Course.datasets must be a tuple of Dataset values, such as (Dataset(...),)."),
        ("(Dataset('a', ['a.csv']), Dataset('a', ['b.csv']))", "Course.datasets has two data sets called 'a'; rename"),
    ],
)
def test_what_a_course_declares_wrongly_gets_a_sentence(tmp_path, datasets, sentence):
    """It names the field."""
    from autograder.course import Course

    with pytest.raises(InstructorError, match=re.escape(sentence)):
        Course(title="C", assignments=(), datasets=eval(datasets))


def test_a_name_that_is_nowhere_gets_near_ones(tmp_path):
    """Including an instructor's own data sets."""
    (tmp_path / "flats.csv").write_text(table())
    declared = Dataset("flats", ["flats.csv"], label="sold").at(tmp_path)
    with pytest.raises(UsageError, match="There is no data set called 'flat'; did you mean 'flats'"):
        find("flat", DataSettings(own=(declared,), seed="s"))
    (tmp_path / "flats.csv").unlink()
    (line,) = [each for each in available(DataSettings(own=(declared,), seed="s")) if each.name == "flats"]
    assert "does not exist" in line.problem


def test_the_example_of_the_page_works(tmp_path, bubblewrap):
    """What docs/data.md shows is an assignment that can be loaded, and its reference gets full marks."""
    page = (Path(__file__).parents[2] / "docs/data.md").read_text().partition("## A data set of your own")[2]
    example = page.partition("```python\n")[2].partition("```")[0]
    root = course(tmp_path / "course")
    (root / "assignments/flats/assignment.py").write_text('"""From the page."""\n\n' + example)
    (root / "assignments/flats/flats.csv").write_text(table())
    loaded, settings = settings_of(root)
    (tmp_path / "hw.py").write_text(REFERENCE)
    submission = collect_one([tmp_path / "hw.py"], loaded.assignment.handed_in, tmp_path / "staged", "ada")
    report = grade(loaded, submission, bubblewrap, find("flats", settings), RunOptions("a seed"))
    assert report.points == report.max_points > 0
