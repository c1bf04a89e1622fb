"""`autograder collect`, as people run it, and `autograder grade` with a download."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from command_line import refused, run_here
from downloads import canvas, gradescope, moodle, snapshot, written, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder.cli.collect import Call, collect_download
from autograder.submissions import may_be_download

TWO = {"one.py": RIGHT, "two.py": RIGHT + "#"}


@pytest.fixture
def root(tmp_path) -> Path:
    """A course with an assignment, a roster, and a download from Moodle."""
    make_course(tmp_path)
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada Lovelace\nbob,Bob Ross\ncy,Cy Young\n")
    people = {
        "Ada Lovelace_1": {"tiny (1).py": RIGHT},
        "Bob Ross_2": {"tiny.py": WRONG},
        "Dan Day_3": {"tiny.py": RIGHT},
    }
    (tmp_path / "download.zip").write_bytes(zipped(moodle(people)))
    return tmp_path


def test_collect_says_what_it_is_and_who_is_missing(root) -> None:
    """One table has everybody: collected, missing, or not on the roster."""
    done = run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")

    assert done.returncode == 0, done.stderr
    assert "download.zip is a download of all submissions from Moodle, with a folder for each student." in done.stdout
    for student, state in (("ada", "collected"), ("cy", "missing"), ("Dan Day", "not on the roster")):
        (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith(student)]
        assert state in line
    assert "Missing:     1 student\n" in done.stdout
    assert "Collected:   3 attempts collected, 0 there already" in done.stdout
    assert (root / "submissions" / "tiny" / "ada" / "1" / "tiny.py").read_text() == RIGHT


@pytest.mark.parametrize(
    "call",
    [("collect", "", "--assignment", "tiny"), ("grade", "tiny", ""), ("check", "tiny", ""), ("collect", "a", "--out=")],
)
def test_an_empty_name_is_not_the_current_folder(root, call) -> None:
    """What a variable of the shell left empty is refused, where it stands for a file or a folder."""
    done = run_here(*call, cwd=root)

    assert done.returncode == 2
    assert "an empty name is no file or folder; write . for the current folder." in " ".join(done.stderr.split())


def test_collect_twice_changes_nothing(root) -> None:
    """The second call says that everything is there, and touches no file."""
    run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")
    before = snapshot(root / "submissions")
    done = run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")

    assert "0 attempts collected, 3 there already" in done.stdout
    assert snapshot(root / "submissions") == before


def test_what_waits_is_exit_code_1(root) -> None:
    """A question is shown in the table, with the file to fill in."""
    (root / "download.zip").write_bytes(zipped(canvas({"rossbob_77": TWO})))
    done = run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")

    assert done.returncode == 1
    assert "waits for an" in done.stdout
    assert "questions.csv: fill in the column answer, and run the same command again." in done.stdout


def test_grade_collects_a_download_first(root) -> None:
    """`grade` says what it was given, collects it, and gives nobody 0 points who waits for an answer."""
    files = {**moodle({"Ada Lovelace_1": {"tiny.py": RIGHT}}), **moodle({"Bob Ross_2": TWO})}
    (root / "download.zip").write_bytes(zipped(files))
    done = run_here("grade", "tiny", "download.zip", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160")

    assert done.returncode == 1, done.stderr
    assert "This is a download of a learning platform, so it is collected first." in done.stdout
    assert "questions.csv waits for an answer: bob." in done.stdout
    assert sorted(path.stem for path in (root / "graded" / "reports").glob("*.json")) == ["ada"]
    again = run_here(
        "grade", "tiny", root / "submissions" / "tiny", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160"
    )
    assert "1 of 1 reports were there already" in again.stdout


def test_a_forecast_collects_nothing(root) -> None:
    """Of a download it says what to do, and writes nothing."""
    (root / "download.zip").write_bytes(zipped(moodle({"Ada Lovelace_1": {"tiny.py": RIGHT}})))
    before = snapshot(root)
    done = run_here("grade", "tiny", "download.zip", "--out", "graded", "--forecast", cwd=root, COLUMNS="160")

    assert done.returncode == 2
    assert done.stderr.startswith(
        "Error: download.zip is a download of a learning platform, and --forecast collects nothing; run `autograder "
        "collect download.zip --assignment tiny`, then name "
    )
    assert snapshot(root) == before


def test_who_waits_keeps_the_grade_from_before(root) -> None:
    """A student whose new attempt waits for an answer stays in grades.csv with the earlier report; exit code 1."""
    everybody = {who: {"tiny.py": RIGHT} for who in ("Ada Lovelace_1", "Bob Ross_2", "Cy Young_3")}
    (root / "download.zip").write_bytes(zipped(moodle(everybody)))
    run_here("grade", "tiny", "download.zip", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160")
    before = (root / "graded" / "grades.csv").read_text()
    (root / "download.zip").write_bytes(zipped(moodle({**everybody, "Ada Lovelace_1": TWO})))
    done = run_here("grade", "tiny", "download.zip", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160")

    assert done.returncode == 1, done.stderr
    assert "Not graded as they are now: ada. Their earlier reports count until then." in done.stdout
    assert "any more" not in done.stdout
    assert (root / "graded" / "grades.csv").read_text() == before


NAMES = st.text(min_size=1, max_size=12).filter(lambda name: "/" not in name and "\0" not in name and name.strip(". "))


def test_who_may_be_the_one_that_waits_keeps_the_grade_from_before(root) -> None:
    """Whose attempt has become a question, because another one has that name, is not taken out of grades.csv."""
    everybody = {who: {"tiny.py": RIGHT} for who in ("Ada Lovelace_1", "Bob Ross_2", "Cy Young_3")}
    (root / "download.zip").write_bytes(zipped(moodle(everybody)))
    run_here("grade", "tiny", "download.zip", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160")
    before = (root / "graded" / "grades.csv").read_text()
    (root / "download.zip").write_bytes(zipped(moodle({**everybody, "Ada Lovelace_9": {"tiny.py": WRONG}})))
    done = run_here("grade", "tiny", "download.zip", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160")

    assert done.returncode == 1, done.stderr
    assert "any more" not in done.stdout
    assert (root / "graded" / "grades.csv").read_text() == before


@settings(max_examples=30)
@given(
    st.dictionaries(NAMES.filter(lambda name: not name.isspace()), st.just({"tiny.py": RIGHT}), min_size=1, max_size=3)
)
def test_a_quick_look_passes_no_download_by(tmp_path_factory, people) -> None:
    """Whatever the names in it are, the unpacked download of every platform is looked at."""
    metadata = "".join(f"submission_{at}:\n  :submitters: []\n" for at in range(len(people)))
    numbered = {f"{who}_{at}": files for at, (who, files) in enumerate(people.items())}
    submissions = {f"submission_{at}": files for at, files in enumerate(people.values())}
    export = {name.partition("/")[2]: text for name, text in gradescope(submissions, metadata).items()}
    nbgrader = {f"{who}/tiny/tiny.py": RIGHT for who in people}
    for made in (moodle(numbered), moodle(numbered, folders=False), canvas(numbered), export, nbgrader):
        assert may_be_download(written(tmp_path_factory.mktemp("download"), made))


@pytest.mark.parametrize(
    "name", ["ada", "Ada Lovelace", "student_07", "a.b-1@u.edu", "עדה לאבלייס", "ada.zip", "bob_1.py"]
)
def test_a_quick_look_costs_plain_folders_nothing(tmp_path, name) -> None:
    """Names that people give are known as such at once."""
    written(tmp_path, {name if "." in name[-4:] and "@" not in name else f"{name}/tiny.py": RIGHT})
    assert not may_be_download(tmp_path)


def test_grade_takes_plain_folders_as_before(root) -> None:
    """A folder of students is graded where it lies, and nothing is collected."""
    written(root / "class", {"ada/tiny.py": RIGHT})
    done = run_here("grade", "tiny", "class", "--out", "graded", "--jobs", "1", cwd=root, COLUMNS="160")

    assert done.returncode == 0, done.stderr
    assert not (root / "submissions").exists()


def test_a_deadline_says_who_is_late(root) -> None:
    """A time without an offset is in UTC; what came later is marked."""
    written(root / "class", {"ada/tiny.py": RIGHT, "bob/tiny.py": WRONG})
    done = run_here("collect", "class", "--assignment", "tiny", "--due", "2001-01-01", cwd=root, COLUMNS="160")

    assert [" late " in line for line in done.stdout.splitlines() if line.strip()[:3] in ("ada", "bob")] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("absent.zip", "--assignment", "tiny"), "absent.zip does not exist; name the download"),
        (("download.zip", "--assignment", "other"), "other"),
        (("download.zip", "--assignment", "tiny", "--roster", "none.csv"), "The roster none.csv cannot be read"),
        (("grader_config.py", "--assignment", "tiny"), "is no archive that can be read here"),
    ],
)
def test_wrong_calls_are_one_sentence(root, arguments, sentence) -> None:
    """Exit code 2, and nothing is left behind."""
    refused(run_here("collect", *arguments, cwd=root, COLUMNS="160"), sentence)
    assert not (root / "submissions").exists()


def test_collecting_that_is_stopped_says_what_is_there(root, monkeypatch) -> None:
    """Before anything was stored, nothing is said to be kept; after that, it is."""
    call = Call(root / "download.zip", "tiny", None, None, None, root)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("autograder.cli.collect.collect_source", stop)
        with pytest.raises(KeyboardInterrupt) as before:
            collect_download(call)
    collect_download(call)
    monkeypatch.setattr(import_module("autograder.cli.collect"), "collect_source", stop)
    with pytest.raises(KeyboardInterrupt) as after:
        collect_download(call)

    assert before.value.args == ()
    assert after.value.args == ("What was collected is kept; the same command goes on from there.",)


def test_what_could_not_be_fetched_is_exit_code_1(root) -> None:
    """The table says which, and the last lines say what to do."""
    (root / "list.csv").write_text(f"student,url\nada,file://{root}/gone.git\n")
    done = run_here("collect", "list.csv", "--assignment", "tiny", cwd=root, COLUMNS="160")

    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("ada ")]
    assert "not fetched" in line
    assert "Not read:" in done.stdout
    assert "run the same command again" in done.stdout


def test_a_long_table_leaves_out_who_has_no_note(root, monkeypatch, capsys) -> None:
    """They are counted in a sentence."""
    monkeypatch.setattr(import_module("autograder.cli.collect"), "_LONGEST_TABLE", 1)
    collect_download(Call(root / "download.zip", "tiny", None, None, None, root))

    assert "Collected without a note, and not in the table: 1 student." in capsys.readouterr().out


def test_a_long_name_leaves_room_for_notes(root) -> None:
    """It is cut in the table, where the other columns stay."""
    (root / "download.zip").write_bytes(zipped(moodle({f"{'L' * 150}_1": {"tiny (1).py": RIGHT}})))
    done = run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")

    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("LLLL")]
    assert "not on the roster" in line
    assert len(line.split()[0]) == 40


def test_replay_takes_the_attempt_that_was_graded(root) -> None:
    """Of several attempts it is found by its files; where none has them, a sentence says so."""
    run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")
    (root / "download.zip").write_bytes(zipped(moodle({"Bob Ross_2": {"tiny.py": RIGHT}})))
    run_here("collect", "download.zip", "--assignment", "tiny", cwd=root, COLUMNS="160")
    graded = run_here("grade", "tiny", "submissions/tiny", "--out", "graded", "--sandbox", "none", cwd=root)
    assert graded.returncode == 0, graded.stderr
    student = root / "submissions" / "tiny" / "bob"
    assert sorted(path.name for path in student.iterdir()) == ["1", "2"]
    call = ("replay", "graded/reports/bob.json", "submissions/tiny/bob", "--sandbox", "none")
    done = run_here(*call, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The report of bob was reproduced" in done.stdout
    (student / "2" / "tiny.py").write_text(WRONG + "# later\n")
    refused(run_here(*call, cwd=root), "holds 2 attempts, and none with the files that were graded; name the folder")


def test_the_folder_of_all_assignments_is_no_class(tmp_path):
    """Folders of collected assignments are not taken for students: the sentence names them, and nothing is graded."""
    root = make_course(tmp_path / "course")
    hand_in(tmp_path / "in", ann=RIGHT)
    run_here("collect", tmp_path / "in", "--assignment", "tiny", cwd=root)
    out = tmp_path / "out"
    for verb in ("grade", "similar"):
        done = run_here(verb, "tiny", "submissions", "--out", out, cwd=root)
        said = " ".join(done.stderr.split())
        assert (done.returncode, "submissions holds collected submissions of tiny" in said) == (2, True), said
        assert "name one of them, such as submissions/tiny." in said
    assert not (out / "grades.csv").exists()
