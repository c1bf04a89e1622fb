"""Gradebooks of Canvas, Moodle and Gradescope go in as the platform wrote them and come out with the grades filled."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import refused, run_here
from gradebooks import (
    LANGUAGES,
    ODD,
    Student,
    canvas,
    collected,
    differences,
    graded,
    moodle,
    scores,
    with_points,
)
from hypothesis import given
from hypothesis import strategies as st
from samples import internal, passing

from autograder.formats.class_grades import Request
from autograder.formats.exporters import export, exporter_called
from autograder.formats.moodle.worksheet import folder_name
from autograder.results import Verdict

ADA = Student(101, "Lovelace, Ada", "s1", "ada@uni.example")
BOB = Student(102, "Ross, Bob", "s2", "bob@uni.example")
CY = Student(103, "Young, Cy", "s3", "cy@uni.example")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A graded folder of three, on a roster."""
    (tmp_path / "roster.csv").write_text(
        "id,name,email\ns1,Ada Lovelace,ada@uni.example\ns2,Bob Ross,bob@uni.example\ns3,Cy Young,cy@uni.example\n"
    )
    graded(tmp_path / "graded", with_points("s1", 2), with_points("s2", 3.5), with_points("s3", 0))
    return tmp_path


def written(root: Path, name: str, data: bytes, *options: object, code: int = 0, **environ: str) -> tuple[bytes, str]:
    """The filled file and what was printed."""
    file = root / "export.csv"
    file.write_bytes(data)
    done = run_here(
        "export", name, "graded", "--into", file, "--roster", "roster.csv", *options, cwd=root, COLUMNS="400", **environ
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert file.read_bytes() == data
    return (root / "graded" / name / "export.csv").read_bytes(), done.stdout


def test_a_maximum_of_a_thousand_points_is_a_number(root) -> None:
    """Canvas separates thousands; the column can be changed all the same."""
    after, _ = written(root, "canvas", canvas([ADA, BOB, CY], possible="1,000.00"), "--scale")

    assert b"875.00" in after


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"delimiter": ";"},
        {"end": "\n", "mark": "\ufeff"},
        {"first_last": True},
        {"muted": True, "read_only": "(schreibgeschützt)"},
        {"delimiter": ";", "mark": "\ufeff", "read_only": "(לקריאה בלבד)"},
    ],
    ids=str,
)
def test_canvas_gets_its_gradebook_back_with_one_column_filled(root, form) -> None:
    """Whatever separates columns, lines and decimals, only the cells of the assignment differ."""
    data = canvas([ADA, BOB, CY], **form)
    after, said = written(root, "canvas", data)
    sign = "," if form.get("delimiter") == ";" else "."
    title = "tiny (4711)"
    names = ["Lovelace,", "Ross,", "Young,"] if form.get("first_last") else [each.name for each in (ADA, BOB, CY)]

    assert differences(data, after, form.get("delimiter", ",")) == {
        (name, title): ("", points.replace(".", sign))
        for name, points in zip(names, ("2.00", "3.50", "0.00"), strict=True)
    }
    assert "3 cells of 'tiny (4711)' filled, 0 with other points than before." in said


def test_canvas_students_are_found_by_its_own_id_first(root) -> None:
    """What was collected from Canvas says who has which number, whatever the names are."""
    (root / "roster.csv").write_text("id\nnobody\n")
    graded(root / "own", with_points("rossbob", 1), with_points("youngcy", 2))
    collected(root / "filed", "canvas", rossbob="102", youngcy="103")
    data = canvas([replace(BOB, name="Renamed, Bobby", sis=""), replace(CY, name="Ross, Bob", sis="")])
    (root / "export.csv").write_bytes(data)
    done = run_here("export", "canvas", "own", "--into", "export.csv", "--submissions", "filed", cwd=root)

    assert done.returncode == 0, done.stdout + done.stderr
    after = (root / "own" / "canvas" / "export.csv").read_bytes()
    assert differences(data, after) == {
        ("Renamed, Bobby", "tiny (4711)"): ("", "1.00"),
        ("Ross, Bob", "tiny (4711)"): ("", "2.00"),
    }


def test_canvas_cells_that_are_not_ours_are_left(root) -> None:
    """Who is excused or does not have the assignment keeps that and is listed; changed scores are counted."""
    data = canvas([replace(ADA, score="EX"), replace(BOB, score="N/A"), replace(CY, score="3.00")])
    after, said = written(root, "canvas", data)

    assert differences(data, after) == {("Young, Cy", "tiny (4711)"): ("3.00", "0.00")}
    assert "Left as it is: Lovelace, Ada (excused, EX), Ross, Bob (the assignment is not theirs, N/A)." in said
    assert "1 with other points than before" in said


def test_points_that_are_not_final_are_left_blank_and_listed(root) -> None:
    """INTERNAL, points to be given by a person, and a report that is not final give nobody a number."""
    by_person = with_points("s2")
    checks = by_person.questions[0].checks
    waits = replace(checks[0], verdict=Verdict.MANUAL, points=0, max_points=0, by_hand=2)
    by_person = replace(by_person, questions=(replace(by_person.questions[0], checks=(waits,)),))
    graded(root / "graded", internal("s1"), by_person, replace(passing("s3"), not_final="It causes the fault."))
    data = canvas([ADA, BOB, CY])
    after, said = written(root, "canvas", data)

    assert after == data
    assert (
        "Left blank, because the points are not final: Lovelace, Ada (a check is INTERNAL, to be graded again), "
        "Ross, Bob (2 points to be given manually), Young, Cy (the report is not final)." in said
    )


def test_nobody_gets_a_0_without_being_asked_for(root) -> None:
    """Without a submission the cell stays blank, and is listed; with --missing 0 it is 0, but a score stays."""
    dan, eve = Student(104, "Day, Dan", "s4"), Student(105, "East, Eve", "s5", score="1.50")
    data = canvas([ADA, BOB, CY, dan, eve])
    after, said = written(root, "canvas", data)
    with_zero, also_said = written(root, "canvas", data, "--missing", "0")

    assert ("Day, Dan", "tiny (4711)") not in differences(data, after)
    assert "Without a graded submission: Day, Dan, East, Eve." in said
    assert differences(after, with_zero) == {("Day, Dan", "tiny (4711)"): ("", "0.00")}
    assert "1 cell filled with 0.00." in also_said


def test_nobody_gets_a_0_while_somebody_was_not_found(root) -> None:
    """A graded student who is not in the file could be one of those without a submission; exit code 1."""
    data = canvas([ADA, BOB, replace(CY, sis="x3", email="", name="Somebody Else")])
    after, said = written(root, "canvas", data, "--missing", "0", code=1)

    assert len(differences(data, after)) == 2
    assert "Graded, but not found in export.csv: s3." in said
    assert "Nobody was given points for a missing submission, because not everybody was found or graded." in said


@pytest.mark.parametrize(
    ("students", "listed"),
    [
        ([ADA, replace(ADA, number=109, sis="", email="")], ""),
        ([ADA, replace(ADA, number=109)], "Lovelace, Ada (another line could be the same student)"),
        ([replace(ADA, email="bob@uni.example")], "Lovelace, Ada (its ids belong to different students)"),
        ([BOB, replace(ADA, sis="x9", email="")], "Lovelace, Ada (the name is that of a student with another id)"),
    ],
)
def test_who_is_not_clear_is_listed_and_never_guessed(root, students, listed) -> None:
    """Two lines for one student, ids that contradict each other, a name with another id: a person decides."""
    data = canvas(students)
    after, said = written(root, "canvas", data, code=1)

    filled = {name for name, _ in differences(data, after)}
    if listed:
        assert "Lovelace, Ada" not in filled
        assert listed in said
    else:
        assert len(differences(data, after)) == 1


def test_two_students_of_one_name_need_an_id(root) -> None:
    """A line that says nothing but a name which two students have is filled for neither."""
    (root / "roster.csv").write_text("id,name\ns1,Ada Lovelace\ns2,Ada Lovelace\ns3,Cy Young\n")
    data = canvas([replace(ADA, sis="", email=""), CY])
    after, said = written(root, "canvas", data, code=1)

    assert set(differences(data, after)) == {("Young, Cy", "tiny (4711)")}
    assert "Not filled, to be decided by a person: Lovelace, Ada (several students have this name)." in said


@pytest.mark.parametrize(
    ("title", "options", "sentence"),
    [
        (
            "Homework (4711)", (),
            "Which column of export.csv is tiny? Name it with --column, by the number in parentheses: 'Other (12)'; "
            "'Homework (4711)'.",
        ),
        ("Homework (4711)", ("--column", "99"), "--column: there is no assignment '99' in export.csv"),
        ("Other (4711)", ("--column", "Other"), "--column: 2 assignments are called 'Other' in export.csv; name one"),
        ("Total", (), "Which column of export.csv is tiny?"),
    ],
)  # fmt: skip
def test_canvas_asks_which_column(root, title, options, sentence) -> None:
    """A column is taken by its number or by our title, never because it looks like it."""
    (root / "export.csv").write_bytes(canvas([ADA], title=title))
    done = run_here("export", "canvas", "graded", "--into", "export.csv", *options, cwd=root)

    refused(done, sentence)


@pytest.mark.parametrize("column", ["4711", "Homework (4711)", "Homework"])
def test_canvas_takes_the_column_that_is_named(root, column) -> None:
    """By its number, its title, or both."""
    data = canvas([ADA, BOB, CY], title="Homework (4711)")
    after, _ = written(root, "canvas", data, "--column", column)

    assert {head for _, head in differences(data, after)} == {"Homework (4711)"}


def test_other_maxima_are_a_question(root) -> None:
    """Points are converted with --scale, written as they are with --no-scale, and without either nothing is written."""
    data = canvas([ADA, BOB, CY], possible="10.00")
    (root / "export.csv").write_bytes(data)
    done = run_here("export", "canvas", "graded", "--into", "export.csv", "--roster", "roster.csv", cwd=root)
    refused(done, "tiny has 4 points here and 10 there; --scale converts points, --no-scale writes them as they are.")
    assert not (root / "graded" / "canvas").exists()

    scaled, _ = written(root, "canvas", data, "--scale")
    plain, _ = written(root, "canvas", data, "--no-scale")
    title = "tiny (4711)"
    assert [differences(data, each)["Ross, Bob", title] for each in (scaled, plain)] == [("", "8.75"), ("", "3.50")]


@pytest.mark.parametrize("title", ["Final Score Predictor (77)", "Current Grade (77)"])
def test_an_assignment_of_canvas_may_be_called_as_a_total(root, title) -> None:
    """Totals have no number in parentheses, so a title with their words is still an assignment's."""
    data = canvas([ADA, BOB, CY], title=title)
    after, _ = written(root, "canvas", data, "--column", "77")

    assert {head for _, head in differences(data, after)} == {title}


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("canvas", b"Name,Points\nAda,1\n", "is no gradebook of Canvas: its first line does not begin with Student"),
        ("canvas", b"Student,ID,Section,tiny (1)\nAda,1,x,\n", "has no line 'Points Possible'"),
        ("canvas", b"Student,ID,Section\n    Points Possible,,\n", "has no assignments; make the assignment in Canvas"),
        (
            "canvas", canvas([ADA], possible="(read only)"),
            "The column 'tiny (4711)' cannot be changed in Canvas: (read only).",
        ),
        ("moodle", canvas([ADA]), "is no grading worksheet of Moodle: its first column does not hold numbers"),
        ("moodle", moodle([ADA]).replace(b"Maximum Grade", b"Scale"), "is graded on a scale; points cannot go there"),
        ("gradescope", b"a,b\n1,2\n", "is no table of scores: it has no columns SID or Email, Total Score"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused(root, name, data, sentence) -> None:
    """The sentence says what it lacks."""
    (root / "export.csv").write_bytes(data)
    refused(run_here("export", name, "graded", "--into", "export.csv", cwd=root), sentence)


@pytest.mark.parametrize(("name", "how"), [("canvas", "Export Entire Gradebook"), ("moodle", "Download grading work")])
def test_the_file_to_fill_has_to_be_named(root, name, how) -> None:
    """The sentence says how to get it."""
    refused(run_here("export", name, "graded", cwd=root), "Name the file that is to be filled with --into.", how)


def test_the_platforms_file_is_never_replaced(root) -> None:
    """Where the result would go over the file that it is made from, nothing is written."""
    (root / "export.csv").write_bytes(canvas([ADA, BOB, CY]))
    done = run_here("export", "canvas", "graded", "--into", "export.csv", "--to", ".", cwd=root)

    refused(done, "export.csv is the file that is to be filled, and is kept; name another folder with --to.")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("most", ["4.00", "4,00"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_moodle_gets_its_worksheet_back_in_its_own_language(root, language, most, end) -> None:
    """English, German, Hebrew, Arabic or a language that nobody knows: only grades differ, with its decimal sign."""
    people = [replace(each, name=" ".join(reversed(each.name.split(", ")))) for each in (ADA, BOB, CY)]
    data = moodle([*people[:2], replace(people[2], changeable=False)], language, most=most, end=end)
    after, said = written(root, "moodle", data)
    participant, head, sign = LANGUAGES[language][11], LANGUAGES[language][5], most[1]

    assert differences(data, after) == {
        (f"{participant}101", head): ("", f"2{sign}00"),
        (f"{participant}102", head): ("", f"3{sign}50"),
    }
    assert "Left as it is: Cy Young (Moodle says that the grade cannot be changed)." in said


def test_moodle_participants_are_found_by_number(root) -> None:
    """With blind grading there is nothing but the number, which the download of submissions has as well."""
    graded(root / "own", with_points("Participant 7001", 1), with_points("Participant 7002", 3))
    keys = {"Participant 7001": "Participant_7001", "Participant 7002": "Participant_7002"}
    collected(root / "filed", "moodle", **keys)
    data = moodle([Student(7002, ""), Student(7001, "")], blind=True)
    (root / "export.csv").write_bytes(data)
    done = run_here("export", "moodle", "own", "--into", "export.csv", "--submissions", "filed", cwd=root)

    assert done.returncode == 0, done.stdout + done.stderr
    assert differences(data, (root / "own/moodle/export.csv").read_bytes()) == {
        ("Participant 7001", "Grade"): ("", "1.00"),
        ("Participant 7002", "Grade"): ("", "3.00"),
    }


@pytest.mark.parametrize("header", ["Marker", "Bewerter/in", "Allocated marker", "Xz"])
@pytest.mark.parametrize("email", [True, False])
def test_a_marker_of_moodle_is_no_student(root, header, email) -> None:
    """A student who marks others, too, stands in a column of their lines: each still gets the own grade."""
    people = [replace(ADA, name="Ada Lovelace"), replace(CY, name="Cy Young")]
    people = [each if email else replace(each, email="") for each in people]
    first, *rest = moodle(people).decode().splitlines()
    lines = [first.replace("Group,", f"Group,{header},")]
    lines += [each.replace('"Team, A",', '"Team, A",bob@uni.example,') for each in rest]
    after, said = written(root, "moodle", "\n".join([*lines, ""]).encode(), code=1)

    assert [line.split(",4.00,")[0].rpartition(",")[2] for line in after.decode().splitlines()[1:]] == ["2.00", "0.00"]
    assert "Graded, but not found in export.csv: s2." in said


@pytest.mark.parametrize("header", ["Email address", "E-Mail-Adresse", "Username", "Matrikelnummer"])
def test_moodle_students_are_found_by_columns_of_ids(root, header) -> None:
    """Two of one name are distinguished by the column that is known to hold ids."""
    (root / "roster.csv").write_text("id,name,email\ns1,Jo Lee,ada@uni.example\ns2,Jo Lee,bob@uni.example\ns3,Cy,\n")
    people = [replace(each, name="Jo Lee") for each in (BOB, ADA)]
    data = moodle(people).decode().replace("Email address", header).encode()
    after, _ = written(root, "moodle", data, code=1)

    assert [new for _, new in differences(data, after).values()] == ["3.50", "2.00"]


def test_moodle_takes_no_more_than_its_maximum(root) -> None:
    """Bonus points beyond it are cut, and that is said."""
    graded(root / "graded", replace(with_points("s1", 4), bonus_points=1.5))
    after, said = written(root, "moodle", moodle([replace(ADA, name="Ada Lovelace"), BOB, CY]))

    assert b",4.00,4.00,Yes" in after
    assert "More points than the platform takes, so the most was written: Ada Lovelace (5.5)." in said


def test_moodle_asks_for_its_words(root) -> None:
    """Where neither header nor content tell the column, or what yes is, the sentence says which option does."""
    unknown = moodle([ADA, BOB, CY], "made up").replace(b"Yes", b"Hai").replace(b"No", b"Bu")
    (root / "export.csv").write_bytes(unknown)
    refused(run_here("export", "moodle", "graded", "--into", "export.csv", cwd=root), "name its word for yes with --ch")
    after, _ = written(root, "moodle", unknown, "--changeable", "Hai")
    assert len(differences(unknown, after)) == 3
    (root / "export.csv").write_bytes(moodle([ADA]).replace(b"Yes", b"Hai"))
    refused(
        run_here("export", "moodle", "graded", "--into", "export.csv", cwd=root),
        "The column 'Grade can be changed' of export.csv says 'hai', which is neither a known yes nor a known no",
    )
    no_grade = moodle([ADA], "made up", most="")
    (root / "export.csv").write_bytes(no_grade)
    refused(run_here("export", "moodle", "graded", "--into", "export.csv", cwd=root), "Which column of export.csv")
    refused(
        run_here("export", "moodle", "graded", "--into", "export.csv", "--column", "Points", cwd=root),
        "--column: there is no column 'Points' in export.csv",
    )
    refused(
        run_here("export", "moodle", "graded", "--into", "export.csv", "--column", "Xf", "--changeable", "Q", cwd=root),
        "--changeable: no column of export.csv says 'Q'.",
    )


def test_moodle_feedback_lies_in_folders_that_moodle_reads(root) -> None:
    """Each participant with final points has a page; the folder has the name, the number and the plugin."""
    people = [replace(ADA, name="Ada_Love/lace"), replace(BOB, name="עדה לאבלייס"), CY]
    graded(root / "graded", internal("s3"))
    written(root, "moodle", moodle(people), code=0)
    with zipfile.ZipFile(root / "graded" / "moodle" / "feedback.zip") as archive:
        names, first = archive.namelist(), archive.read(archive.namelist()[0])

    assert names == [
        "Ada Love lace_101_assignsubmission_file/feedback.html",
        "עדה לאבלייס_102_assignsubmission_file/feedback.html",
    ]
    assert first == b"<p>s1"


@given(st.text(max_size=300), st.integers(1, 10**9))
def test_moodle_finds_the_number_in_every_folder_name(name: str, number: int) -> None:
    """Split at its underscores as Moodle does, a folder's name has number, type and plugin at their places."""
    folder = folder_name(name.encode("utf-8", "replace").decode(), str(number))
    _, participant, kind, plugin = folder.split("_")

    assert (participant, kind, plugin) == (str(number), "assignsubmission", "file")
    assert not folder.startswith((".", "~", " "))
    assert "/" not in folder and len(folder.encode()) <= 200


def test_gradescope_scores_are_filled(root) -> None:
    """Total Score alone differs; students are found by SID, then e-mail."""
    data = scores([replace(ADA, name="Ada Lovelace"), replace(BOB, sis=""), CY])
    after, _ = written(root, "gradescope", data)

    assert {head for _, head in differences(data, after)} == {"Total Score"}
    assert [row.split(",")[5] for row in after.decode().splitlines()[1:2]] == ["2.00"]
    assert len(differences(data, after)) == 3


def test_members_of_a_team_get_the_teams_points(root) -> None:
    """The roster says who is in the group that handed in; each member has a line."""
    (root / "roster.csv").write_text("id,name,group\ns1,Ada Lovelace,Team A\ns2,Bob Ross,Team A\ns3,Cy Young,\n")
    graded(root / "own", with_points("Team A", 3), with_points("s3", 1))
    data = canvas([ADA, BOB, CY])
    (root / "export.csv").write_bytes(data)
    run_here("export", "canvas", "own", "--into", "export.csv", "--roster", "roster.csv", cwd=root)
    after = (root / "own" / "canvas" / "export.csv").read_bytes()

    assert [new for _, new in differences(data, after).values()] == ["3.00", "3.00", "1.00"]


def test_a_team_of_moodle_is_found_by_the_column_of_groups(root) -> None:
    """Without a roster nobody knows the members, but the worksheet has the group of each participant."""
    graded(root / "own", with_points("Team, A", 3))
    data = moodle([Student(1, "Xi"), Student(2, "Yo")])
    (root / "export.csv").write_bytes(data)
    done = run_here("export", "moodle", "own", "--into", "export.csv", cwd=root)

    assert done.returncode == 0, done.stdout
    assert [new for _, new in differences(data, (root / "own/moodle/export.csv").read_bytes()).values()] == ["3.00"] * 2


NAMES = st.sampled_from(ODD) | st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=20)


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from([",", ";"]), st.sampled_from(["\n", "\r\n"]))
def test_no_name_breaks_a_gradebook(tmp_path_factory, names, delimiter, end) -> None:
    """Commas, quotes, line breaks, emoji, a leading = or any other sign: the other cells are the same afterwards."""
    root = tmp_path_factory.mktemp("class")
    students = [Student(100 + at, name, f"s{at}") for at, name in enumerate(names)]
    graded(root / "graded", *(with_points(each.sis) for each in students))
    data = canvas(students, delimiter=delimiter, end=end)
    (root / "export.csv").write_bytes(data)
    request = Request(root / "to", root / "export.csv")
    done = export(exporter_called("canvas"), root / "graded", request, roster=None)

    after = (root / "to" / "export.csv").read_bytes()
    sign = "," if delimiter == ";" else "."
    rows = dict.fromkeys((each.name, "tiny (4711)") for each in students)
    assert differences(data, after, delimiter) == dict.fromkeys(rows, ("", f"2{sign}00"))
    assert not done.incomplete


def test_the_number_of_a_team_is_no_participants_number(root) -> None:
    """A team's folder ends with the number of the group, which some participant has as well: that one gets nothing."""
    graded(root / "own", with_points("Team B", 3))
    collected(root / "filed", "moodle", **{"Team B": "Team B_101"})
    data = moodle([Student(101, "Ada Lovelace"), Student(102, "Bob Ross")]).replace(b"Team, A", b"Team C")
    (root / "export.csv").write_bytes(data)
    done = run_here("export", "moodle", "own", "--into", "export.csv", "--submissions", "filed", cwd=root)

    assert done.returncode == 1
    assert (root / "own" / "moodle" / "export.csv").read_bytes() == data
    assert "Graded, but not found in export.csv: Team B." in done.stdout


def test_nobody_gets_a_0_who_handed_in_and_is_not_graded(root) -> None:
    """What was collected and has no report is listed, and nobody's submission counts as missing until it has."""
    collected(root / "filed", "canvas", s1="101", s2="102", late="104")
    data = canvas([ADA, BOB, CY, Student(104, "Day, Dan", "s4")])
    after, said = written(root, "canvas", data, "--missing", "0", "--submissions", "filed")

    assert ("Day, Dan", "tiny (4711)") not in differences(data, after)
    assert "Handed in, but not graded yet: late." in said
    assert "because not everybody was found or graded." in said
