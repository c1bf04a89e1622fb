"""Files of predictions: read strictly and apart, scored on a public and a private part, and no label in a release."""

from __future__ import annotations

import inspect
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from predictions_course import ASSIGNMENT, INPUTS, LABELS, RIGHT, N, csv_of, loaded_course, with_wrong

from autograder import Assignment
from autograder.assignment.predictions import declared
from autograder.assignment.question import Question
from autograder.checks import accuracy, mean_squared_error
from autograder.checks.errors import CheckFailed, InstructorError, MisuseError
from autograder.checks.local.predictions import Form, answer_to, question_of, values_of
from autograder.grading import RunOptions, Shared, grade
from autograder.grading.predictions import HandedInPredictions, parts_of
from autograder.loader import Loaded
from autograder.quality.validation import Finding, validate
from autograder.quality.validation.own_submissions import OwnSubmissions
from autograder.quality.validation.wrong_predictions import wrong_files, wrong_predictions
from autograder.release import contents
from autograder.reports.pages import Heading, student_page
from autograder.reports.visibility import NOTHING_KNOWN, Moment, shown_report
from autograder.results import CheckResult, Report, Verdict
from autograder.sandbox import start
from autograder.submissions import collect_one

FORM = Form("predictions.csv", ("a", "b", "c"))
NPY = Form("p.npy", ("a", "b", "c"))
TWO = Form("p.npy", ("a", "b", "c"), ("one", "two"))


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """The course."""
    return loaded_course(tmp_path / "course")


def graded(loaded: Loaded, tmp_path: Path, text: str | bytes, name: str = "predictions.csv", **more: str) -> Report:
    """The report about a file of predictions, and of other files beside it."""
    folder = tmp_path / "handed"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    for other, content in more.items():
        (folder / f"{other}.txt").write_text(content)
    submission = collect_one((folder,), loaded.assignment.handed_in, tmp_path / "staged", "ada")
    with start("none") as sandbox:
        return grade(loaded, submission, sandbox, None, RunOptions("seed"))


def of(report: Report, part: str) -> CheckResult:
    """The result of a part."""
    (found,) = (check for check in report.questions[0].checks if check.id == f"predictions_{part}")
    return found


# --- the form ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; expected a first line id,prediction."),
        ("id,label\na,1\n", "has the columns id,label; expected id,prediction."),
        ("a,1\nb,2\nc,3\n", "has the columns a,1; expected id,prediction."),
        ("id,prediction\na,1\nb,2\n", "has no prediction for 1 of 3 ids, such as 'c'."),
        ("id,prediction\na,1\nb,2\nc,3\na,1\n", "has the id 'a' twice, in line 2 and line 5."),
        ("id,prediction\na,1\nb,2\nz,3\n", "has the id 'z' in line 4, which is none of the inputs'."),
        ("id,prediction\na,1\nb,two\nc,3\n", "has 'two' in line 3, column prediction; expected a number."),
        ("id,prediction\na,1\nb,nan\nc,3\n", "has 'nan' in line 3, column prediction; expected a finite number."),
        ("id,prediction\na,1\nb,-inf\nc,3\n", "has '-inf' in line 3, column prediction; expected a finite number."),
        ("id,prediction\na,1\nb,\nc,3\n", "has '' in line 3, column prediction; expected a number."),
        ("id,prediction\na,1\nb,2,3\nc,3\n", "has 3 values in line 3; expected 2."),
        ("id,prediction\na,1\nb\nc,3\n", "has 1 value in line 3; expected 2."),
        ("id,prediction\na,1\0\n", "holds NUL characters, so it is no CSV file; save it as CSV in UTF-8."),
        ('id,prediction\na,"1\n', "cannot be read as CSV (line 2): unexpected end of data."),
        (f"id,prediction\na,{'1' * 5000}\n", "has a line of more than 4,096 characters (line 2)."),
        (f"id,prediction\n{'z' * 99},1\n", f"has the id '{'z' * 40}...' in line 2, which is none of the inputs'."),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_one_sentence(text: str, said: str) -> None:
    """Ids that are missing, twice or unknown, other columns, values that are no finite number, no table at all."""
    with pytest.raises(CheckFailed) as raised:
        FORM.read(text.encode())
    assert str(raised.value) == f"predictions.csv {said}"


def test_a_table_is_read_in_the_order_of_the_ids() -> None:
    """Whatever order, separator, spaces, byte-order mark and ends of lines it has."""
    for text in (
        "id,prediction\na,1\nb,2.5\nc,3e0\n",
        "prediction,id\n3,c\n1,a\n2.5,b",
        "\ufeffid;prediction\r\nc; 3\r\nb;2.5\r\n\r\na;1\r\n",
        "id\tprediction\nc\t3\nb\t2.5\na\t1\n",
    ):
        np.testing.assert_array_equal(FORM.read(text.encode()), [1, 2.5, 3])
    assert FORM.read(FORM.example()).tolist() == [0, 0, 0]
    with pytest.raises(CheckFailed, match=r"is no UTF-8 text \(byte 3\)"):
        FORM.read(b"id,\xff\n")


def test_a_table_of_classes_and_of_several_columns() -> None:
    """Texts become their places among the classes; several columns an array (n, k)."""
    form = Form("p.csv", ("a", "b"), classes=("cat", "dog"))
    assert form.read(b"id,prediction\nb,cat\na,dog\n").tolist() == [1, 0]
    with pytest.raises(CheckFailed, match="has 'bird' in line 2, column prediction; expected one of cat, dog"):
        form.read(b"id,prediction\nb,bird\n")
    both = Form("p.csv", ("a", "b"), ("u", "v"))
    assert both.read(b"v,id,u\n1,a,2\n3,b,4\n").tolist() == [[2, 1], [4, 3]]


def npy(array: object, **more: bool) -> bytes:
    """An .npy file."""
    written = io.BytesIO()
    np.save(written, np.asarray(array), **more)
    return written.getvalue()


HUGE = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
HUGE += b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }".ljust(117) + b"\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no .npy file with one array"),
        (b"PK\3\4 a zip", "is no .npy file with one array"),
        (npy([1, {}, "x"], allow_pickle=True), "holds an array of dtype object; expected numbers"),
        (npy(["a", "b", "c"]), "holds an array of dtype <U1; expected numbers"),
        (npy([1 + 2j] * 3), "holds an array of dtype complex128; expected numbers"),
        (npy([1.0, 2.0]), r"holds an array of shape (2,); expected (3,)"),
        (npy([[1.0, 2.0, 3.0]]), r"holds an array of shape (1, 3); expected (3,)"),
        (npy([1.0, np.nan, np.inf]), "is NaN or infinite in 2 of 3 entries"),
        (npy([1.0, 2.0, 3.0])[:-1], "has 23 bytes of numbers; its header says 24"),
        (npy([1.0, 2.0, 3.0]) + b"x", "has 25 bytes of numbers; its header says 24"),
        (HUGE, "holds an array of shape (99999999999999,); expected (3,)"),
    ],
)
def test_what_is_wrong_with_an_array_is_said_in_one_sentence(content: bytes, said: str) -> None:
    """No pickle is opened, no memory is taken for what a header claims, and shape, dtype and numbers are judged."""
    with pytest.raises(CheckFailed, match=re.escape(f"p.npy {said}")):
        NPY.read(content)


def header(descr: str, shape: str = "(3,)", data: bytes = b"") -> bytes:
    """An .npy file with a header that numpy would not write."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


NO_ARRAY = "is no .npy file with one array"
LABELLED = Form("p.npy", ("a", "b", "c"), classes=("cat", "dog"))


@pytest.mark.parametrize(
    ("form", "content", "said"),
    [
        (LABELLED, header("'<U1'", data=b"\xff" * 12), "holds texts with characters that do not exist"),
        (LABELLED, header("'>U1'", data=b"\0\x11\0\0" * 3), "holds texts with characters that do not exist"),
        (LABELLED, header("'<U1'", data=b"\0\xd8\0\0" * 3), "has '\\ud800' in the array; expected one of cat, dog"),
        (LABELLED, header("'<U0'"), "holds an array of dtype <U0; expected texts"),
        (NPY, header("[('\\ud800', '<f8')]"), "holds an array of dtype [('"),
        (NPY, header("[(" + ", ".join([repr("n" * 900), "'<f8'"]) + ")]"), "holds an array of dtype [('nnn"),
        (NPY, header("'<f8'", f"(0x{'f' * 3900},)"), NO_ARRAY),
        (NPY, header("'<f8'", "(1, (2,"), NO_ARRAY),
        (NPY, header("(1, 2, 3, 4)"), NO_ARRAY),
        (NPY, header("'<f8'", "(-1, -3)", b"\0" * 24), "holds an array of shape (-1, -3); expected (3,)"),
        (NPY, npy(np.full(3, np.finfo(np.longdouble).max)), "is NaN or infinite in 3 of 3 entries"),
    ],
)
@pytest.mark.filterwarnings("ignore:Reading `.npy`")  # numpy's, of headers that Python 2 may have written
def test_a_header_made_to_break_its_reader_is_the_students_error(form: Form, content: bytes, said: str) -> None:
    """One short sentence that a report can hold, from the process that reads such files as well."""
    answer = answer_to(question_of(form, content))
    with pytest.raises(CheckFailed, match=re.escape(f"p.npy {said}")) as found:
        values_of(form, answer)
    assert len(str(found.value)) < 300


_DESCRIBED = st.sampled_from(["<U1", ">U2", "<U0", "<f8", "<f2", ">i4", "|b1", "|O", "<M8[ns]", "|S3", "<c16", "|V4"])
_LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=3) | _DESCRIBED,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)
_HEADERS = st.builds(
    lambda descr, shape, order: f"{{'descr': {descr!r}, 'fortran_order': {order!r}, 'shape': {shape!r}}}",
    st.one_of(_DESCRIBED, _LITERALS),
    st.one_of(st.just((3,)), st.just((3, 1)), st.tuples(st.integers(-3, 3)), _LITERALS),
    st.one_of(st.booleans(), _LITERALS),
)


@pytest.mark.long
@given(
    st.sampled_from([NPY, TWO, LABELLED]),
    st.one_of(_HEADERS, st.text(max_size=60)).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
    st.one_of(
        st.binary(max_size=64), st.sampled_from([3, 6, 12, 24]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
    ),
    st.one_of(st.none(), st.tuples(st.integers(0, 99), st.integers(0, 255))),
)
@settings(max_examples=400, deadline=None)
@pytest.mark.filterwarnings("ignore")  # numpy's and Python's, about texts in headers
def test_any_array_file_is_read_or_the_students_error(
    form: Form, head: bytes, version: tuple[int, int], data: bytes, flipped: tuple[int, int] | None
) -> None:
    """Whatever stands in the header and behind it, the process that reads it answers with numbers or one sentence."""
    size = len(head).to_bytes(2 if version == (1, 0) else 4, "little")
    content = bytearray(b"\x93NUMPY" + bytes(version) + size + head + data)
    if flipped:
        content[flipped[0] % len(content)] = flipped[1]
    try:
        values = values_of(form, answer_to(question_of(form, bytes(content))))
    except CheckFailed as error:
        assert str(error).startswith("p.npy ")
        assert len(str(error)) < 300
    else:
        assert np.isfinite(values).all()
        assert len(values) == 3


@given(
    st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["id,prediction", "a,1", "b,2", "c,3", '"'])), max_size=6)
)
@settings(max_examples=200, deadline=None)
def test_any_table_is_read_or_the_students_error(lines: list[str]) -> None:
    """The same holds of a text as CSV."""
    content = "\n".join(lines).encode("utf-8", "replace")
    try:
        assert np.isfinite(values_of(FORM, answer_to(question_of(FORM, content)))).all()
    except CheckFailed as error:
        assert str(error).startswith("predictions.csv ")


def test_arrays_of_the_right_form_are_read() -> None:
    """Integers, booleans, a column, Fortran order; of several columns (n, k)."""
    for array in ([1, 0, 1], np.array([True, False, True]), [[1.0], [0.0], [1.0]], np.float32([1, 0, 1])):
        assert NPY.read(npy(array)).tolist() == [1, 0, 1]
    assert TWO.read(npy(np.asfortranarray([[1, 2], [3, 4], [5, 6]]))).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert TWO.read(TWO.example()).shape == (3, 2)
    classes = Form("p.npy", ("a", "b", "c"), classes=("cat", "dog"))
    assert classes.read(npy(["dog", "cat", "dog"])).tolist() == [1, 0, 1]
    assert classes.read(classes.example()).tolist() == [0, 0, 0]


def test_a_file_that_is_too_large_is_not_read() -> None:
    """The sentence says how much was expected."""
    with pytest.raises(CheckFailed, match="has more than 64 MiB; expected 3 predictions"):
        FORM.read(b"0" * ((64 << 20) + 1))


def test_parquet_is_read_with_the_columns_of_a_table(tmp_path: Path) -> None:
    """In a process apart, as it comes from students; damaged files are said."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    assignment = ASSIGNMENT.replace("predictions.csv", "predictions.parquet")
    file = tmp_path / "course" / "reference" / "digits" / "predictions.parquet"
    file.parent.mkdir(parents=True)
    file.touch()
    loaded = loaded_course(tmp_path / "course", assignment=assignment)
    with Shared() as shared:
        for table, said in (
            ({"id": list(LABELS), "prediction": [int(each) for each in LABELS.values()]}, ""),
            (
                {"id": list(LABELS)[1:], "prediction": [0.5] * (N - 1)},
                "has no prediction for 1 of 40 ids, such as 'x0'",
            ),
            ({"id": list(LABELS), "prediction": [None] * N}, "has '' in row 1, column prediction; expected a number"),
            ({"id": ["x0"] * 5000, "prediction": [1] * 5000}, "has 5,000 rows; expected 40"),
        ):
            pq.write_table(pa.table(table), file)
            handed = HandedInPredictions(loaded, file.parent, "seed", shared.predictions)
            if said:
                with pytest.raises(CheckFailed, match=said):
                    handed.read(file.name)
            else:
                assert handed.read(file.name).tolist() == list(map(float, LABELS.values()))
        file.write_bytes(b"PAR1 nothing PAR1")
        with pytest.raises(CheckFailed, match="cannot be read as Parquet"):
            HandedInPredictions(loaded, file.parent, "seed", shared.predictions).read(file.name)


# --- declaring ---


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"file": "a/p.csv"}, "give the name of a file that ends in .csv, .npy, .parquet"),
        ({"file": "p.txt"}, "give the name of a file that ends in"),
        ({"labels": "../x.csv"}, "give the name of a file inside the folder"),
        ({"metric": 3}, "metric is 3; give a function such as accuracy"),
        ({"columns": ("id",)}, "give names of columns beside 'id'"),
        ({"public": 1.5}, "public is 1.5; give a number from 0 to 0.9"),
        ({"id": "a b"}, "id is 'a b'; give a name as variables have"),
        ({"thresholds": None}, "say what earns points, by thresholds"),
        ({"between": (0.1, 0.9)}, "say what earns points, by thresholds"),
        ({"thresholds": {}}, "thresholds is {}; give"),
        ({"thresholds": {"x": 1}}, "give {0.9: 1.0, 0.8: 0.5}"),
        ({"thresholds": None, "between": 3}, "between is 3; give (baseline, reference)"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(change: dict[str, object], said: str) -> None:
    """One sentence says what to give."""
    usual: dict[str, object] = {
        "file": "p.csv", "labels": "hidden/labels.csv", "metric": accuracy, "thresholds": {0.9: 1.0}, "between": None,
        "columns": ("prediction",), "public": 0.3, "id": "",
    }  # fmt: skip
    given = {**usual, **change}
    with pytest.raises(InstructorError, match=re.escape(said)):
        declared(given.pop("file"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("x,1\n", "labels.csv:1: labels begin with a line such as id,prediction"),
        ("id,label\na,1\nb\n", "labels.csv:3: expected 2 values, none of them empty"),
        ("id,label\na,1\na,2\n", "labels.csv:3: the id 'a' is there twice; take one out"),
        ("id,label\na,1\n", "there are 1 labels; give 4 or more"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, labels: str, said: str) -> None:
    """When the assignment is loaded, with file and line."""
    with pytest.raises(InstructorError, match=re.escape(said)):
        loaded_course(tmp_path, labels=labels)


def test_files_and_checks_of_predictions(tmp_path: Path) -> None:
    """The file is handed in and makes three checks, of which the private one has the points; names are used once."""
    loaded = loaded_course(tmp_path)
    assert loaded.assignment.handed_in == ("predictions.csv",)
    assert [(each.id, each.points, each.hidden) for each in loaded.assignment.checks] == [
        ("predictions_format", 0, False),
        ("predictions_public", 0, False),
        ("predictions_private", 6, True),
    ]
    assignment = Assignment("T", files=[])
    question = assignment.question("Q", id="q")

    def add(file: str, **more: object) -> None:
        labels = {"a": 1, "b": 2, "c": 3, "d": 4}
        question.predictions(file, labels=labels, metric=accuracy, points=1, thresholds={0.5: 1}, **more)  # type: ignore[arg-type]

    with pytest.raises(InstructorError, match="nothing above it declares any; write question"):

        @question.check(points=1)
        def early(predictions: object) -> None:
            """Early."""

    add("p.csv", public=0)
    assert [each.id for each in assignment.checks] == ["p_format", "p_private"]
    with pytest.raises(InstructorError, match="another file of the assignment has this name; rename one"):
        add("p.csv")
    with pytest.raises(InstructorError, match="name of an earlier check"):
        add("p.npy")


# --- grading ---


def test_the_private_part_gives_the_points(loaded: Loaded, tmp_path: Path) -> None:
    """The public score is shown with its interval and earns nothing; what the private one gave after the deadline."""
    report = graded(loaded, tmp_path, RIGHT)
    assert (report.points, report.max_points) == (6, 6)
    public, private = of(report, "public"), of(report, "private")
    assert public.message == (
        "Accuracy 100.00 % on 12 samples (95 % interval 75.8 to 100.0 %). 28 other labels decide on the points."
    )
    assert (public.scores[0].n, private.scores[0].n) == (12, 28)
    assert public.scores[0].low == pytest.approx(0.7575, abs=1e-3)
    page = student_page(report, Heading("C", "A"))
    assert "on 12 samples" in page
    assert "on 28 samples" not in page
    half = graded(loaded, tmp_path, with_wrong(8))
    sums = [shown_report(half, moment).report.points for moment in (NOTHING_KNOWN, Moment(closed=True))]
    assert sums == [0, 3]  # before the deadline nobody fits the labels that decide
    assert half.points == 3
    assert graded(loaded, tmp_path, with_wrong(40)).points == 0


def test_the_parts_follow_from_the_courses_seed(loaded: Loaded) -> None:
    """They are disjoint and complete, the same for the same seed, and others for another one."""
    (asked,) = loaded.assignment.predictions
    public, private = parts_of(loaded, asked, "seed")
    assert sorted([*public, *private]) == list(range(N))
    assert parts_of(loaded, asked, "seed")[0].tolist() == public.tolist()
    assert parts_of(loaded, asked, "other")[0].tolist() != public.tolist()


def test_a_file_of_another_form_costs_the_points_and_says_why(loaded: Loaded, tmp_path: Path) -> None:
    """The other checks are not run; a missing file is missing."""
    report = graded(loaded, tmp_path, RIGHT.replace("x3,", "x4,"))
    assert of(report, "format").message == "predictions.csv has the id 'x4' twice, in line 5 and line 6."
    assert report.verdicts == (Verdict.FAILED, Verdict.SKIPPED, Verdict.SKIPPED)
    assert report.points == 0


def test_a_file_of_another_name_is_missing(loaded: Loaded, tmp_path: Path) -> None:
    """Nothing is guessed of what is no file of predictions."""
    report = graded(loaded, tmp_path, "nothing", "essay.docx")
    assert set(report.verdicts) == {Verdict.MISSING, Verdict.SKIPPED}
    assert "predictions.csv is missing" in of(report, "format").message


def test_a_metric_that_refuses_says_so(tmp_path: Path) -> None:
    """Probabilities where labels are asked for are no labels; losses and several columns are measured as well."""
    loaded = loaded_course(tmp_path / "course")
    report = graded(loaded, tmp_path, csv_of(dict.fromkeys(LABELS, "0.5")))
    assert "holds probabilities such as 0.5; expected labels" in of(report, "public").message
    assignment = ASSIGNMENT.replace("accuracy", "mean_squared_error").replace(
        "thresholds={0.9: 1.0, 0.7: 0.5}", "between=(1, 0)"
    )
    loss = loaded_course(tmp_path / "loss", assignment=assignment)
    report = graded(loss, tmp_path, RIGHT)
    assert report.points == 6
    assert not of(report, "private").scores[0].higher_is_better
    assert mean_squared_error([1.0, 2.0], [1.0, 2.0]).value == 0


@pytest.mark.parametrize("metric", ["accuracy", "mean_squared_error"])
def test_copied_predictions_are_known_by_whatever_metric(metric: str, tmp_path: Path) -> None:
    """What is wrong in the private part is kept, the same for the same predictions, and nothing of the public part."""
    limits = "between=(9, 0)" if metric != "accuracy" else "thresholds={0.1: 1.0}"
    assignment = ASSIGNMENT.replace("accuracy", metric).replace("thresholds={0.9: 1.0, 0.7: 0.5}", limits)
    loaded = loaded_course(tmp_path / "course", assignment=assignment)
    one, again, other = (graded(loaded, tmp_path, with_wrong(count)) for count in (30, 30, 20))
    assert of(one, "private").answers == of(again, "private").answers != of(other, "private").answers
    assert 15 < int(of(one, "private").answers.partition(":")[0]) <= 28
    assert of(one, "public").answers == ""


def test_classes_may_be_texts(tmp_path: Path) -> None:
    """Labels and predictions are compared as texts, and unknown ones are refused."""
    words = {name: ("ant", "bee", "cat")[int(value)] for name, value in LABELS.items()}
    loaded = loaded_course(tmp_path / "course", labels=csv_of(words, "label"), solved=csv_of(words))
    assert graded(loaded, tmp_path, csv_of(words)).points == 6
    report = graded(loaded, tmp_path, csv_of({**words, "x0": "dog"}))
    assert of(report, "format").message.endswith(
        "has 'dog' in line 2, column prediction; expected one of ant, bee, cat."
    )


def test_checks_may_look_at_predictions(tmp_path: Path) -> None:
    """A check below the declaration is given them; a file that nobody asked for is the check's mistake."""
    more = "\n\n@first.check(points=1, hidden=True)\ndef few_ones(predictions):\n"
    more += '    """Few ones."""\n    assert (predictions.read("predictions.csv") == 1).mean() < 0.9\n'
    loaded = loaded_course(tmp_path / "course", assignment=ASSIGNMENT + more)
    assert graded(loaded, tmp_path, RIGHT).points == 7
    assert graded(loaded, tmp_path, csv_of(dict.fromkeys(LABELS, "1"))).points == 0
    with Shared() as shared, pytest.raises(MisuseError, match="No question asks for predictions in 'x.csv'"):
        HandedInPredictions(loaded, tmp_path, "seed", shared.predictions).read("x.csv")


def test_who_wants_to_be_on_the_leaderboard_says_so(loaded: Loaded, tmp_path: Path) -> None:
    """By a name in the first line of a file, which is cut and printable; nobody else is."""
    assert not graded(loaded, tmp_path, RIGHT).pseudonym
    assert graded(loaded, tmp_path, RIGHT, pseudonym="\n  Blue\tFox \x1b[31m\nmore").pseudonym == "Blue Fox [31m"
    assert graded(loaded, tmp_path, RIGHT, pseudonym="x" * 99).pseudonym == "x" * 40
    assert not graded(loaded, tmp_path, RIGHT, pseudonym=" \n").pseudonym


# --- releases ---


def test_a_release_has_inputs_an_example_and_a_test_of_the_form(loaded: Loaded, tmp_path: Path) -> None:
    """Students check the form at home; no label is anywhere."""
    made = contents(loaded)
    assert made["inputs.csv"].decode() == INPUTS
    assert made["example_predictions.csv"].decode() == csv_of(dict.fromkeys(LABELS, "0"))
    assert "`pseudonym.txt`: optional" in made["README.md"].decode()
    for file, content in made.items():
        (tmp_path / "r" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "r" / file).write_bytes(content)
    for text, said in (
        (None, "not attempted: (a) Predictions: predictions.csv is not there yet"),
        (RIGHT, "1 passed"),
        (RIGHT.replace("x3,", "x4,"), "has the id 'x4' twice, in line 5 and line 6."),
    ):
        if text:
            (tmp_path / "r" / "predictions.csv").write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(command, cwd=tmp_path / "r", capture_output=True, text=True, check=False)
        assert said in done.stdout, done.stdout + done.stderr


SHUFFLED = sorted(LABELS, reverse=True)


@pytest.mark.parametrize(
    "leaking",
    [
        csv_of(LABELS, "label"),
        "label\n" + "".join(f"{value}\n" for value in LABELS.values()),
        "".join(f"{value}.0\n" for value in LABELS.values()),
        "size;kind;name\n" + "".join(f"3;{LABELS[name]};{name}\n" for name in SHUFFLED),
        json.dumps({"labels": [int(each) for each in LABELS.values()]}),
        json.dumps(LABELS),
        json.dumps([{"id": name, "y": int(LABELS[name])} for name in SHUFFLED]),
        npy([int(each) for each in LABELS.values()]),
        npy(np.eye(3)[[int(each) for each in LABELS.values()]]),
    ],
    ids=["the file", "a column", "numbers", "by id", "a list", "an object", "records", "an array", "one-hot"],
)
def test_labels_in_a_release_are_found(tmp_path: Path, leaking: str | bytes) -> None:
    """In whatever shape they come: nothing is released."""
    kind = ".npy" if isinstance(leaking, bytes) else ".json" if leaking[0] in "[{" else ".csv"
    assignment = ASSIGNMENT.replace('given=["inputs.csv"]', f'given=["inputs.csv", "more{kind}"]')
    folder = tmp_path / "reference" / "digits"
    folder.mkdir(parents=True)
    (folder / f"more{kind}").write_bytes(leaking if isinstance(leaking, bytes) else leaking.encode())
    loaded = loaded_course(tmp_path, assignment=assignment)
    with pytest.raises(
        InstructorError, match=rf"more\{kind} of the release (holds the labels of predictions\.csv|is a file)"
    ):
        contents(loaded)


@pytest.mark.long
def test_an_assignment_of_predictions_alone_is_validated(loaded: Loaded) -> None:
    """Every finding is good: the reference's predictions earn the points, and nothing else does."""
    with start("none") as sandbox:
        findings = list(validate(loaded, sandbox, None, RunOptions("seed")))
    assert [finding for finding in findings if not finding.good] == []


def test_every_argument_is_in_the_manual(tmp_path: Path) -> None:
    """docs/predictions.md has a row for each argument, and the declaration that it shows can be loaded."""
    page = (Path(__file__).parents[2] / "docs" / "predictions.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [each for each in inspect.signature(Question.predictions).parameters if each != "self"]
    declared_there = page.split("```python\n")[1].split("```")[0]
    assert loaded_course(tmp_path, assignment=f'"""Digits."""\n{declared_there}').assignment.max_points == 6


# --- before a release ---


def wrong_predictions_of(course: Loaded, folder: Path, *, quick: bool = False) -> Finding:
    """What `validate` finds out about wrong files of predictions."""
    folder.mkdir(exist_ok=True)
    with start("none") as sandbox, Shared() as shared:
        (found,) = wrong_predictions(
            OwnSubmissions(course, sandbox, None, RunOptions("seed"), folder, shared), quick=quick
        )
    return found


def test_wrong_files_that_earn_nothing_are_listed(loaded: Loaded, tmp_path: Path) -> None:
    """One value for every id, labels in a random order, and a copy of the public part are tried."""
    found = wrong_predictions_of(loaded, tmp_path / "trial")
    assert (found.what, found.good, found.warning) == ("what wrong predictions in predictions.csv earn", True, False)
    assert found.said == (
        'No points for any of these files: "0" for every id; "0.8" for every id; "1" for every id; '
        "labels in a random order; "
        "the public part's labels, and the most frequent one for all others."
    )


def test_points_for_wrong_files_are_a_warning_and_all_points_a_fault(tmp_path: Path) -> None:
    """What the most frequent class earns is said; full marks for it refuse a release."""
    labels = csv_of({name: "01"[number % 5 == 0] for number, name in enumerate(LABELS)}, "label")
    lower = loaded_course(tmp_path / "half", labels=labels)
    found = wrong_predictions_of(lower, tmp_path / "trial")
    assert (found.good, found.warning) == (True, True)
    assert '"0" for every id: 3 of 6 points' in found.said
    assert "Raise the lowest threshold" in found.fix

    source = ASSIGNMENT.replace("{0.9: 1.0, 0.7: 0.5}", "{0.6: 1.0}")
    full = loaded_course(tmp_path / "all", labels=labels, assignment=source)
    found = wrong_predictions_of(full, tmp_path / "trial")
    assert not found.good
    assert '"0" for every id: 6 of 6 points' in found.said


OTHERS = """

@first.check(points=1, hidden=True)
def trains(student):
    "It trains."
    ran.append("trains")


@first.check(points=1, hidden=True, needs=trains)
def after_training(predictions):
    "Predictions after a training."
    ran.append("after training")


@first.check(points=1, hidden=True)
def with_student(predictions, student):
    "Predictions and a training."
    ran.append("with student")


@first.check(points=1, hidden=True)
def spread(predictions):
    "Predictions alone."
    ran.append("spread")
    return float(predictions.read("predictions.csv").std())


@first.check(points=1, hidden=True, needs=spread)
def inverse(spread):
    "What another check made of the predictions."
    ran.append("inverse")
"""


@pytest.mark.parametrize(
    ("quick", "expected"),
    [(True, {"spread", "inverse"}), (False, {"spread", "inverse", "trains", "after training", "with student"})],
)
def test_wrong_files_repeat_only_checks_that_look_at_predictions(
    quick: bool, expected: set[str], tmp_path: Path
) -> None:
    """A training beside them is not run again for each of them, and with --quick none is."""
    source = ASSIGNMENT.replace("assignment =", "ran = []\nassignment =", 1) + OTHERS
    course = loaded_course(tmp_path / "course", assignment=source)
    found = wrong_predictions_of(course, tmp_path / "trial", quick=quick)
    assert found.good
    assert set(course.assignment.checks[-1].function.__globals__["ran"]) == expected


def test_nothing_is_tried_where_the_reference_fails(tmp_path: Path) -> None:
    """Its own finding says what is wrong, and what wrong files earn beside it says nothing."""
    solved = csv_of(dict.fromkeys(LABELS, "0"))
    course = loaded_course(tmp_path / "course", solved=solved)
    with start("none") as sandbox:
        found = {each.what: each.good for each in validate(course, sandbox, None, RunOptions("seed"), quick=True)}
    assert not found["the reference gets full marks"]
    assert "what wrong predictions in predictions.csv earn" not in found


def test_a_metric_that_fails_on_the_public_part_alone_is_found(tmp_path: Path) -> None:
    """The check of the public part is tried as well, though it gives no points."""
    fails = "1 // (len(got) + len(set(got)) - 13)"  # one value for 12 ids, which are 0.3 of 40
    metric = SPREAD.replace("return", f"{fails}\n    return", 1)
    source = ASSIGNMENT.replace("assignment =", metric, 1).replace("metric=accuracy", "metric=score")
    found = wrong_predictions_of(loaded_course(tmp_path / "course", assignment=source), tmp_path / "trial", quick=True)
    assert not found.good
    assert found.said.startswith("predictions_public: INTERNAL for ")


SPREAD = """
def score(got, labels):
    return accuracy(got, labels) if len(set(got)) > 1 else accuracy(got - 9, labels)


assignment ="""


@pytest.mark.parametrize("points", [0.35, 0.7])
def test_all_points_for_every_random_order_are_a_fault_whatever_the_points_are(points: float, tmp_path: Path) -> None:
    """Points that are no binary fractions are compared as they are written."""
    source = ASSIGNMENT.replace("assignment =", SPREAD, 1).replace("metric=accuracy", "metric=score")
    source = source.replace("points=6", f"points={points}").replace("{0.9: 1.0, 0.7: 0.5}", "{0.01: 1.0}")
    found = wrong_predictions_of(loaded_course(tmp_path / "course", assignment=source), tmp_path / "trial")
    assert not found.good
    assert f"labels in a random order: {points} of {points} points." in found.said


def test_one_random_order_that_earns_all_points_is_a_fault(tmp_path: Path) -> None:
    """The orders are not judged by their mean, which is said."""
    source = ASSIGNMENT.replace("assignment =", SPREAD, 1).replace("metric=accuracy", "metric=score")
    course = loaded_course(tmp_path / "before", assignment=source)
    (asked,) = course.assignment.predictions
    _, private = parts_of(course, asked, "seed")
    labels = asked.form.read(RIGHT.encode())[private]
    tries = [content for name, content in wrong_files(course, asked, "seed") if "random order" in name]
    low, middle, high = sorted(float(np.mean(asked.form.read(each)[private] == labels)) for each in tries)
    assert low <= middle < high

    source = source.replace("{0.9: 1.0, 0.7: 0.5}", f"{{{(middle + high) / 2}: 1.0}}")
    found = wrong_predictions_of(loaded_course(tmp_path / "course", assignment=source), tmp_path / "trial")
    assert not found.good
    assert found.said == "labels in a random order: 2 of 6 points on average, at most 6."


def test_a_metric_that_fails_over_a_constant_is_the_instructors_mistake(tmp_path: Path) -> None:
    """What divides by the spread of the predictions would be INTERNAL for whoever predicts one value throughout."""
    metric = "def score(got, labels):\n    1 // (len(set(got)) - 1)\n    return accuracy(got, labels)\n\n\nassignment ="
    source = ASSIGNMENT.replace("assignment =", metric, 1).replace("metric=accuracy", "metric=score")
    found = wrong_predictions_of(loaded_course(tmp_path / "course", assignment=source), tmp_path / "trial")
    assert not found.good
    assert 'predictions_private: INTERNAL for "0" for every id' in found.said
    assert found.fix.startswith("A metric or a check must not fail")


@pytest.mark.parametrize("name", ["p.npy", "p.parquet"])
@pytest.mark.parametrize("labels", ["12344", "aabcc"])
def test_wrong_files_have_the_form_that_is_asked_for(name: str, labels: str, loaded: Loaded) -> None:
    """Of numbers and of classes, as arrays and as Parquet files."""
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    asked = declared(
        name, labels=dict(zip("abcde", labels, strict=True)), metric=accuracy, thresholds={0.9: 1.0}, between=None,
        columns=("prediction",), public=0.4, id="",
    )  # fmt: skip
    for what, content in wrong_files(loaded, asked, "seed"):
        assert asked.form.read(content).shape == (5,), what


def test_wrong_files_of_several_columns_are_rows_of_them(loaded: Loaded) -> None:
    """The most frequent row, the mean and the median of each column."""
    rows = {"a": (1.0, 2.0), "b": (1.0, 2.0), "c": (4.0, 8.0), "d": (6.0, 0.0)}
    asked = declared(
        "p.npy", labels=rows, metric=accuracy, thresholds={0.9: 1.0}, between=None, columns=("one", "two"), public=0,
        id="",
    )  # fmt: skip
    found = {what: asked.form.read(content) for what, content in wrong_files(loaded, asked, "seed")}
    assert list(found) == [
        '"1, 2" for every id', '"3, 3" for every id', '"2.5, 2" for every id', "labels in a random order"
    ]  # fmt: skip
    assert found['"3, 3" for every id'].tolist() == [[3, 3]] * 4
