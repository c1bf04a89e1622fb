"""`autograder backup`, `restore` and `forget`, run as people run them on a class that was graded and marked."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from command_line import run_here
from typer.testing import CliRunner
from written_course import PDF, answered, hand_in, make_course

from autograder.cli import app
from autograder.course.kept_hand_ins import keep, kept_in
from autograder.course.term import HandIn
from autograder.reports.class_folder import read_alarms
from autograder.reports.files import file_names, read_hand_ins, write_hand_ins
from autograder.reports.forgetting import naming
from autograder.store import Store, sqlite_address
from autograder.store.artefacts import file_in, record_artefacts, write_file
from autograder.store.backup import files_beside
from autograder.store.history import log_entries, students
from autograder.store.marking import marks
from autograder.store.runs import runs
from autograder.submissions.attempts import RECORD, Attempt
from autograder.submissions.records import COLLECTED

NAME = "ada-l"


def run(*arguments: object, code: int = 0) -> str:
    """Run a verb in this process; what it printed."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def students_in(path: Path) -> set[str]:
    """The students of a table."""
    return {row["student"] for row in csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))}


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of two, graded and marked: ada wrote, bob handed in a PDF."""
    folder = tmp_path_factory.mktemp("class")
    root = make_course(folder / "course")
    inbox = hand_in(
        root / "submissions",
        **{
            NAME: {"answers.md": answered(f"I am {NAME}.", "Clear."), "essay.pdf": PDF},
            "bob": {"answers.md": answered("So."), "essay.pdf": PDF},
        },
    )
    where = ("--out", folder / "out", "--course", root)
    run("grade", "theory", inbox, *where)
    run("mark", "theory", *where)
    path = folder / "out" / "marks.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    for row in rows:
        row["points"], row["comment"] = "1", f"Well done, {row['student']}."
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())
    run("mark", "theory", *where)
    return folder


@pytest.fixture
def graded(graded_once: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(graded_once, tmp_path / "class")
    return tmp_path / "class"


def test_a_backup_is_restored_by_the_command_line(graded: Path) -> None:
    """The same reports are in the new database; what was amount to what is said."""
    file, other = graded / "backup.zip", sqlite_address(graded / "new" / "other.db")
    said = run("backup", file, "--out", graded / "out")
    assert "2 students, 2 runs, 6 marks, 0 files." in said
    assert "only you can read it" in said
    assert "2 students, 2 runs, 6 marks, 0 files, as of 20" in run("restore", file, "--db", other)
    with Store(sqlite_address(graded / "out" / "grader.db")) as store, Store(other) as restored:
        assert restored.reports() == store.reports()
        assert marks(restored.database) == marks(store.database)
        assert log_entries(restored.database)[-1].verb == "restored"


def test_hand_in_times_of_the_course_are_in_a_backup(graded: Path) -> None:
    """They come back into the course; of whom something is known already, that stays; without a course that is said."""
    root, file = graded / "course", graded / "backup.zip"
    times = [HandIn(who, datetime(2026, 10, 18, tzinfo=UTC)) for who in (NAME, "bob")]
    keep(root, "theory", {each.student: [each] for each in times}, graded / "out", graded=True)
    kept = kept_in(root, "theory")
    said = run("backup", file, "--out", graded / "out", "--course", root)
    assert f"Backed up {root / 'hand_ins'}: the hand-in times of 1 assignment." in said
    shutil.rmtree(root / "hand_ins")
    later = replace(times[1], time=datetime(2026, 10, 20, tzinfo=UTC))
    keep(root, "theory", {"bob": [later]}, graded / "out", graded=True)
    where = ("--db", sqlite_address(graded / "new.db"))
    said = run("restore", file, *where, "--course", root)
    assert f"Restored to {root / 'hand_ins'}: 1 hand-in time; those that were there stay." in said
    assert {each.hand_in.student: each.hand_in for each in kept_in(root, "theory")} == {NAME: times[0], "bob": later}
    assert len(kept) == 2
    done = run_here("restore", file, "--db", sqlite_address(graded / "newer.db"), cwd=graded, COLUMNS="200")
    assert "Not restored: the hand-in times of 1 assignment, because no course is here" in done.stdout


def test_hand_in_times_belong_to_the_course_of_the_database(graded: Path) -> None:
    """Where the database is another course's, those of the course in which one stands are neither saved nor changed."""
    root, other, file = graded / "course", graded / "other", graded / "backup.zip"
    make_course(other)
    for course, source in ((root, graded / "out"), (other, other / "out")):
        keep(course, "theory", {NAME: [HandIn(NAME, datetime(2026, 10, 18, tzinfo=UTC))]}, source, graded=True)
    said = run_here("backup", file, "--out", graded / "out", cwd=other, COLUMNS="200").stdout
    assert f"Not backed up: the hand-in times of {other}, whose database is another one" in said
    assert not files_beside(file)
    said = run_here("backup", file, "--out", graded / "out", cwd=root, COLUMNS="200").stdout
    assert f"Backed up {root / 'hand_ins'}: the hand-in times of 1 assignment." in said
    (other / "hand_ins" / "theory.json").unlink()
    said = run_here("restore", file, "--db", sqlite_address(graded / "new.db"), cwd=other, COLUMNS="200").stdout
    assert f"because the database is not that of {other}; name it with --course" in " ".join(said.split())
    assert kept_in(other, "theory") == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no zip file", "it is no zip file, or its end is missing"),
        ({"other.txt": "x"}, "a part of it is missing"),
        ({"manifest.json": "[1"}, "manifest.json has another form"),
    ],
)
def test_what_is_no_backup_is_said_in_plain_words(tmp_path: Path, content: bytes | dict[str, str], said: str) -> None:
    """No sentence of a library is shown, and no database is made."""
    path = tmp_path / "b.zip"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
    done = run_here("restore", "b.zip", "--out", "new", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"Error: b.zip is no backup, or is damaged: {said}.\n")
    assert not (tmp_path / "new").exists()


def test_a_student_is_shown_first_and_then_forgotten(graded: Path) -> None:
    """A dry run changes no byte; with --yes the name is in no file and no table, and bob is as before."""
    out, root = graded / "out", graded / "course"
    command = ("forget", NAME, "--out", out, "--course", root)
    before = {path: path.read_bytes() for path in graded.rglob("*") if path.is_file()}
    shown = run(*command)
    assert "Nothing was changed; the same command with --yes does it." in shown
    assert {path: path.read_bytes() for path in graded.rglob("*") if path.is_file()} == before
    assert "To be removed from sqlite:///" in shown
    assert "the name, 1 report, 0 files, 3 comments, 0 requests" in shown
    assert "2 results of checks" not in shown
    assert f"To be removed from {out}: 4 files, 3 lines of marks." in shown
    assert f"To be removed: {root / 'submissions' / NAME}" in shown

    said = run(*command, "--yes")
    assert "Removed from sqlite:///" in said
    assert "Still named" not in said
    assert list(naming([graded], NAME)) == []
    assert not list(graded.rglob(f"{NAME}*"))
    assert (out / "feedback" / "bob.html").read_bytes() == before[out / "feedback" / "bob.html"]
    assert students_in(out / "grades.csv") == {"bob"}
    assert students_in(out / "marks.csv") == {"bob"}
    assert "bob" in (out / "summary.html").read_text()
    with Store(sqlite_address(out / "grader.db")) as store:
        assert [each.name.partition("-")[0] for each in students(store.database)] == ["bob", "forgotten"]
        assert [(each.student == "bob", each.comment) for each in marks(store.database)].count((False, "")) == 3
        assert log_entries(store.database)[-1].verb == "forgot"
    where = ("--out", out, "--course", root)
    assert "2 of 3 answers are graded" not in run("mark", "theory", *where)
    assert "1 of 1 reports were there already" in run("grade", "theory", root / "submissions", *where)


def test_earlier_gradings_forget_as_well(graded: Path) -> None:
    """Versions, a regrading that was not taken and kept better results lose the student; what they say of bob stays."""
    out, root = graded / "out", graded / "course"
    where = ("--out", out, "--course", root)
    for _ in range(2):
        run("regrade", "theory", root / "submissions", *where)
        run("regrade", "theory", *where, "--take")
    run("regrade", "theory", root / "submissions", *where)
    (out / "kept_best").mkdir(exist_ok=True)
    shutil.copy(out / "reports" / f"{NAME}.json", out / "kept_best")
    page = out / "versions" / "1" / "feedback" / "bob.html"
    before = page.read_bytes()
    assert len(list(out.rglob(f"{NAME}.json"))) == 5

    run("forget", NAME, *where, "--yes")
    assert list(naming([graded], NAME)) == []
    assert page.read_bytes() == before
    assert students_in(out / "versions" / "1" / "grades.csv") == {"bob"}


def test_the_times_and_alarms_of_others_stay_in_every_grading(graded: Path) -> None:
    """Forgetting one student leaves hand-in times and alarms of the others, whose lateness still counts."""
    out, root = graded / "out", graded / "course"
    where = ("--out", out, "--course", root)
    run("regrade", "theory", root / "submissions", *where)
    late = [HandIn("bob", datetime(2026, 10, 18, tzinfo=UTC)), HandIn(NAME, datetime(2026, 10, 18, tzinfo=UTC))]
    alarm = '{"kind": "refused", "question": "", "check": "", "students": 2, "counted": 2, "sentence": "%s"}'
    for folder in (out, out / "regraded"):
        write_hand_ins(folder, late)
        (folder / "alarms.json").write_text(f"[{alarm % 'It is odd.'}]")
    (out / "regraded" / "alarms.json").write_text(f"[{alarm % 'It is odd.'}, {alarm % f'{NAME} is like bob.'}]")
    said = run("forget", NAME, *where, "--yes")
    assert ", 3 lines of marks, 2 hand-in times." in said
    assert list(naming([graded], NAME)) == []
    for folder in (out, out / "regraded"):
        assert read_hand_ins(folder) == tuple(late[:1])
        assert [each.sentence for each in read_alarms(folder, ())] == ["It is odd."]
    run("regrade", "theory", *where, "--take")
    assert read_hand_ins(out) == tuple(late[:1])


def test_only_what_is_there_is_counted(graded: Path) -> None:
    """Hand-in times are no marks: where nobody gave points, no lines of marks are said to be removed."""
    out = graded / "out"
    (out / "marks.csv").unlink()
    write_hand_ins(out, [HandIn("eva", datetime(2026, 10, 18, tzinfo=UTC))])
    said = run("forget", "eva", "--out", out, "--course", graded / "course")
    assert f"To be removed from {out}: 0 files, 1 hand-in time.\n" in said


def test_reports_on_their_way_are_forgotten(graded: Path) -> None:
    """What a killed `grade --cluster` left of a student in `.jobs/` is removed, whole or not; bob's stays."""
    out, jobs = graded / "out", graded / "out" / ".jobs"
    jobs.mkdir()
    for number, name in enumerate((NAME, "bob")):
        shutil.copy(out / "reports" / f"{name}.json", jobs / f"{number}.json")
    (jobs / ".0.draft").write_text(f'{{"student":"{NAME}","quest')
    (jobs / ".1.draft").write_text('{"student":"bob","quest')
    where = ("--out", out, "--course", graded / "course")
    assert f"To be removed from {out}: 6 files, 3 lines of marks." in run("forget", NAME, *where)
    assert "Still named" not in run("forget", NAME, *where, "--yes")
    assert sorted(path.name for path in jobs.iterdir()) == [".1.draft", "1.json"]
    assert list(naming([graded], NAME)) == []


@pytest.mark.parametrize(
    ("course", "options", "stays"),
    [
        ((), ("--out", "--artefacts"), True),
        ((), ("--db", "--artefacts"), True),
        (("artefacts",), ("--db",), True),
        (("artefacts", "other"), ("--db",), True),
        (("own",), ("--artefacts",), True),
        (("artefacts", "own"), ("--db",), False),
        (("artefacts", "own"), (), False),
    ],
)
def test_files_in_a_folder_of_several_databases_stay_where_others_have_them(
    graded: Path, tmp_path: Path, course: tuple[str, ...], options: tuple[str, ...], stays: bool
) -> None:
    """What a database that is not named may have is not looked for as a file that nobody has, unless the course says
    that the folder is this database's alone."""
    folder, other, old = tmp_path / "files", tmp_path / "other", time.time() - 10**6
    shutil.copytree(graded / "out", other)

    def kept(out: Path, student: str, content: bytes) -> Path:
        with Store(sqlite_address(out / "grader.db"), artefacts=folder) as store, store.writing("a file"):
            sha256 = write_file(folder, content)
            run = next(each.id for each in runs(store.database, student=student))
            record_artefacts(store.database, folder, run, {"one": sha256})
        os.utime(file_in(folder, sha256), (old, old))
        return file_in(folder, sha256)

    own, of_both = kept(graded / "out", NAME, b"only hers"), kept(other, "bob", b"his in the other")
    database = sqlite_address(graded / "out" / "grader.db")
    said = {
        "artefacts": f'artefacts=Path("{folder}")',
        "own": f'database="{database}"',
        "other": f'database="{sqlite_address(other / "grader.db")}"',
    }
    config = graded / "course" / "grader_config.py"
    text = config.read_text().rstrip().removesuffix(")").rstrip().removesuffix(",")
    config.write_text("from pathlib import Path\n" + ", ".join([text, *(said[each] for each in course)]) + ")\n")
    given = {"--out": graded / "out", "--db": database, "--artefacts": folder}
    where = ("--course", graded / "course", *(word for name in options for word in (name, given[name])))
    sentence = f"Files of checks in {folder}: databases that are not named here may use the same ones"
    assert (sentence in run("forget", NAME, *where)) is stays
    CliRunner().invoke(app, [*map(str, ("forget", NAME, *where, "--yes"))], catch_exceptions=False)
    assert not own.exists()
    assert of_both.exists() is stays


def test_a_file_that_still_has_the_name_is_named(graded: Path) -> None:
    """What nobody removes by a rule, such as a roster, is found by the name; the exit code says so."""
    roster, notes = graded / "course" / "roster.csv", graded / "out" / "notes.txt"
    roster.write_text(f"id,name\n{NAME},Ada\n")
    notes.write_text(f"{NAME} was ill; not {NAME}-2 and x{NAME}")
    (graded / "out" / "other.txt").write_text(f"{NAME}-2")
    said = run("forget", NAME, "--out", graded / "out", "--course", graded / "course", "--yes", code=1)
    assert f"Still named in: {roster}" in said
    assert f"Still named in: {notes}" in said
    assert said.count("Still named in") == 2


def test_a_name_is_found_in_text_archives_and_names_of_files(tmp_path: Path) -> None:
    """A name is found escaped, in an archive, and as file names have it; not as the name of a tag or in a style."""
    (tmp_path / "tags.html").write_text("<style>li { color: red }</style><ul><li class='x'>other</li></ul>")
    (tmp_path / "text.html").write_text("<p>li</p>")
    (tmp_path / "value.xml").write_text('<testsuite name="li"/>')
    with zipfile.ZipFile(tmp_path / "feedback.zip", "w") as archive:
        archive.writestr("x/feedback.html", "<b>li</b> and o&#39;brien")
        archive.writestr("y/inner.zip", "PK")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    assert [path.name for path in naming([tmp_path], "li")] == ["feedback.zip", "text.html", "value.xml"]
    (tmp_path / file_names(["o'brien"])["o'brien"]).mkdir()
    found = [path.name for path in naming([tmp_path], "o'brien")]
    assert found == ["feedback.zip", file_names(["o'brien"])["o'brien"]]


def test_other_names_of_the_roster_are_searched_and_exports_with_them_are_removed(graded: Path) -> None:
    """The full name in both orders, e-mails and aliases; an export that has one of them goes, others stay."""
    out, root = graded / "out", graded / "course"
    (root / "roster.csv").write_text(
        f"id,name,e-mails,aliases\n{NAME},Ada Mae Lovelace,Ada@x.org;a.l@y.org,al99\nbob,Bob,,\n"
    )
    keep(root, "theory", {NAME: [HandIn(NAME, datetime(2026, 10, 18, tzinfo=UTC))]}, out, graded=True)
    exports = {
        "canvas/gradebook.csv": 'Student,ID\n"Lovelace, Ada Mae",7\n',
        "moodle/feedback.zip": "",
        "gradescope/scores.csv": "Email\nada@X.org\n",
        "csv/grades.csv": "al99,2\n",
        "excel/other.txt": "Ada",
        f"notebooks/{NAME}/page.html": "<p>2 points</p>",
    }
    for name, text in exports.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
    with zipfile.ZipFile(out / "moodle/feedback.zip", "w") as archive:
        archive.writestr("Ada Mae Lovelace_103_file/feedback.html", "<p>2 points</p>")
    (root / "mail.csv").write_text("to: Ada@X.org\n")
    command = ("forget", NAME, "--out", out, "--course", root)
    shown = run(*command)
    gone = {name for name in exports if name != "excel/other.txt"} - {f"notebooks/{NAME}/page.html"} | {
        f"notebooks/{NAME}"
    }
    for name in gone:
        assert f"To be removed, an export that names the student: {out / name}\n" in shown
        assert (out / name).exists()
    assert f"To be removed from {root / 'hand_ins'}: 1 hand-in time." in shown
    said = run(*command, "--yes", code=1)
    assert not any((out / name).exists() for name in gone)
    assert (out / "excel/other.txt").exists()
    assert kept_in(root, "theory") == ()
    assert (
        "Looked for as well, from the roster: Ada Mae Lovelace, Lovelace, Ada Mae, Ada@x.org, a.l@y.org, al99." in said
    )
    assert [line for line in said.splitlines() if "Still named" in line] == [
        f"Still named in: {root / name}" for name in ("mail.csv", "roster.csv")
    ]
    done = run_here("forget", "Ada@x.org", "--out", out, cwd=root)
    assert (
        done.stderr == f"Error: There is nothing of 'Ada@x.org' here; on the roster that is {NAME!r}: give this id.\n"
    )


def test_what_is_known_of_pushed_grades_stays_but_for_the_students_own_lines(graded: Path) -> None:
    """An id that is another student's number on a platform removes nothing; hand-ins say which number is whose."""
    out, root = graded / "out", graded / "course"
    inbox = root / "submissions"
    shutil.copytree(inbox / "bob", inbox / "78")
    for student, number in (("78", "5"), ("T", "8")):
        folder = inbox / "theory" / student / "1"
        folder.mkdir(parents=True)
        members = {"78": "6"} if student == "T" else {}
        attempt = Attempt(student, 1, "canvas", "zip", number, "0" * 64, members=tuple(members), member_keys=members)
        (folder / RECORD).write_bytes(msgspec.json.encode(attempt))
    (inbox / "theory" / COLLECTED).touch()
    keep(root, "theory", {"78": [HandIn("78", datetime(2026, 10, 18, tzinfo=UTC))]}, out, graded=True)
    lines = [f'{{"at":"2026-10-18T10:00:00Z","address":"a","number":"{each}","points":2.0}}\n' for each in "567"]
    other = lines[0].replace('"5"', '"78"')
    lines += [other, '{"at":"2026-10']
    files = {name: out / name / "pushed.jsonl" for name in ("canvas", "moodle")}
    for path in files.values():
        path.parent.mkdir()
        path.write_text("".join(lines))
    command = ("forget", "78", "--out", out, "--course", root)
    shown = run(*command)
    assert f"To be removed from {files['canvas']}: 2 lines." in shown
    assert "an export that names" not in shown
    assert files["canvas"].read_text() == "".join(lines)
    said = run(*command, "--yes", code=1)
    assert f"Removed from {files['canvas']}: 2 lines." in said
    assert f"Not known in {files['moodle']}: it has numbers of the platform" in said
    assert files["canvas"].read_text() == "".join([lines[2], other, lines[-1]])
    assert files["moodle"].read_text() == "".join(lines)
    assert "pushed.jsonl" not in "".join(line for line in said.splitlines() if "Still named" in line)


def test_a_leaderboard_with_the_pseudonym_is_named(graded: Path) -> None:
    """The pseudonym of the roster is looked for in what is left, and removes no export."""
    out, root = graded / "out", graded / "course"
    (root / "roster.csv").write_text(f"id,name,pseudonym\n{NAME},,Sooty Owl\nbob,,-\n")
    (out / "leaderboard.html").write_text("<td>Sooty Owl</td>")
    (out / "csv").mkdir()
    (out / "csv/other.csv").write_text("Sooty Owl\n")
    said = run("forget", NAME, "--out", out, "--course", root, "--yes", code=1)
    assert f"Still named in: {out / 'leaderboard.html'}\n" in said
    assert "Looked for as well, as on leaderboards: Sooty Owl." in said
    assert (out / "csv/other.csv").is_file()


def test_many_files_that_have_the_name_are_counted_and_can_be_listed(graded: Path) -> None:
    """The first 20, how many more, how many in all; with --all-files each."""
    (graded / "out" / "notes").mkdir()
    for number in range(25):
        (graded / "out" / "notes" / f"{number:02}.txt").write_text(NAME)
    command = ("forget", NAME, "--out", graded / "out", "--course", graded / "course", "--yes")
    said = run(*command, code=1)
    assert said.count("Still named in") == 20
    assert "And in 5 more files, 25 in all; the same command with --all-files names each." in said
    (graded / "out" / "marks.csv").unlink()
    write_hand_ins(graded / "out", [HandIn(NAME, datetime(2026, 10, 18, tzinfo=UTC))])
    said = run(*command, "--all-files", code=1)
    assert said.count("Still named in") == 25
    assert "more file" not in said


def test_exports_and_published_pages_are_named_or_removed(graded: Path) -> None:
    """Every page that the student was shown goes, and an export that does not name the student stays."""
    out, root = graded / "out", graded / "course"
    run("publish", "theory", "--out", out, "--course", root, "--unfinished")
    assert (out / "published_earlier" / NAME).is_dir()
    (out / "moodle").mkdir()
    said = run("forget", NAME, "--out", out, "--course", root, "--yes")
    assert not (out / "published_earlier" / NAME).exists()
    assert "an export" not in said
    assert (out / "moodle").is_dir()


def test_the_last_student_may_be_forgotten(graded: Path) -> None:
    """Where nobody is left there are no tables and no class page either."""
    for name in (NAME, "bob"):
        run("forget", name, "--out", graded / "out", "--course", graded / "course", "--yes")
    left = {path.name for path in (graded / "out").rglob("*") if path.is_file()}
    assert left <= {"grader.db", "marks.csv", ".written.json", ".lock"}
    assert list(naming([graded / "out"], "bob")) == []


def test_a_folder_without_students_is_said_where_one_is_to_be_forgotten(tmp_path: Path) -> None:
    """What to name instead, and nothing stays in the folder."""
    (tmp_path / "out").mkdir()
    done = run_here("forget", "ada", "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: There is nothing of 'ada' here; no student is known here. "
        "Name the folder of `autograder grade ... --out` with --out.\n"
    )
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("forget", "adaa", "--out", "out"), "There is nothing of 'adaa' here; "),
        (("forget", "ada", "--out", "nowhere"), "There is no folder nowhere; correct the path."),
        (("backup", "b.zip"), "Say which database: --out DIR for that of a graded folder, or --db URL."),
        (("backup", "b.zip", "--out", "nowhere"), "There is no results database "),
        (("restore", "none.zip", "--out", "new"), "none.zip is no backup, or is damaged: file not found."),
        (("backup", "no/b.zip", "--out", "out"), "Cannot write no/b.zip: "),
    ],
)
def test_a_wrong_call_is_one_sentence(graded: Path, words: tuple[str, ...], said: str) -> None:
    """What is wrong, on standard error, with the exit code 2, and nothing is written."""
    done = run_here(*words, cwd=graded)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {said}")
    assert done.stderr.count("\n") == 1
    assert not (graded / "b.zip").exists()


def test_what_is_written_about_our_fault_has_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that people send us has the verb, its options and lines of code, but no value and no message."""

    def fail(*_: object) -> None:
        try:
            raise KeyError(NAME)
        except KeyError as error:
            raise RuntimeError(f"{NAME} is odd") from error

    monkeypatch.setattr("autograder.cli.kept.back_up", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run_here("backup", f"{NAME}.zip", f"--out={NAME}", "--db", NAME, cwd=tmp_path)
    (path,) = tmp_path.glob("autograder-error-*.txt")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"Error: This is our fault: RuntimeError: {NAME} is odd; please report it with the file {path}.\n"
    )
    text = path.read_text("utf-8")
    assert NAME not in text
    assert "\nbackup --out --db\n\nRuntimeError\n" in text
    assert "\nKeyError\n" in text
    assert "in fail\n" in text
    assert path.stat().st_mode & 0o777 == 0o600
