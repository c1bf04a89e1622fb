"""The course's configuration: this repository's own, and every way to get one wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from autograder.checks.errors import InstructorError, UsageError
from autograder.course import CONFIG_FILE, SANDBOXES, Course, course_seed, find_root, load
from autograder.sandbox import BACKENDS, CONTAINERS

ROOT = Path(__file__).parents[2]
GOOD = """\
from pathlib import Path
from autograder.course import Course, HomeworkSet
course = Course(title="T", assignments=(){})
"""


def write(folder: Path, text: str) -> Path:
    """Write a configuration."""
    path = folder / CONFIG_FILE
    path.write_text(text, encoding="utf-8")
    return path


def test_this_repository_s_course_has_homework_set_4_and_names_what_is_absent() -> None:
    """The set is capped at 100, and its two other assignments are known to be missing."""
    course = load(ROOT / CONFIG_FILE)
    (homework,) = course.homework_sets
    assert (homework.id, homework.cap) == ("hw4", 100)
    assert homework.assignments == ("theory", "backprop", "alexnet")
    assert course.absent(ROOT) == tuple(n for n in homework.assignments if not (ROOT / "assignments" / n).is_dir())
    assert "backprop" not in course.absent(ROOT)


@pytest.mark.parametrize("name", SANDBOXES)
def test_every_sandbox_can_be_the_course_s(name: str) -> None:
    """What `--sandbox` takes, `grader_config.py` takes too, containers among it."""
    assert Course("Course", (), sandbox=name).sandbox == name
    assert set(SANDBOXES) == {"auto", *BACKENDS, *CONTAINERS}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (', sandbox="chroot"', "Course.sandbox is 'chroot'; give one of auto, bubblewrap"),
        (', jobs="two"', "Course.jobs is 'two'; give a whole number"),
        (", jobs=True", "Course.jobs is True; give a whole number"),
        (", jobs=1.5", "Course.jobs is 1.5; give a whole number"),
        (", jobs=-1", "Course.jobs is -1; give a whole number from 0 to 1,024"),
        (', data="/srv"', "Course.data is '/srv'; give None or a Path"),
        (', database=""', "Course.database is empty"),
        (
            ', database="foo"',
            "Course.database is 'foo'; give an SQLAlchemy address, such as 'sqlite:////srv/course/grader.db'",
        ),
        (', database="mysql:/me:secret@host"', "Course.database is 'mysql:/me:***@host'; give an SQLAlchemy address"),
        (
            ', database="mysql:/me:s/e@c:ret@host"',
            "Course.database is 'mysql:/me:***@host'; give an SQLAlchemy address",
        ),
        (f', database="mysql:/me:{"secret" * 20}@host"', "Course.database is 'mysql:/me:***@host'; give an SQLAlchemy"),
        (
            ', database="mysql:/host?password=secret"',
            "Course.database is 'mysql:/host?password=***'; give an SQLAlchemy",
        ),
        (", database=3", "Course.database is 3; give a text in quotes"),
        (', mirrors="https://x"', "Course.mirrors is 'https://x'; give names in parentheses"),
        (', mirrors=("a", "a")', "Course.mirrors names 'a' twice"),
        (", homework_sets=[1]", "Course.homework_sets must be a tuple of HomeworkSet"),
        (
            ', homework_sets=(HomeworkSet("h", "H", "backprop", 1),)',
            "HomeworkSet.assignments is 'backprop'; give names",
        ),
        (', homework_sets=(HomeworkSet("", "H", (), 1),)', "HomeworkSet.id is empty"),
        (
            ', homework_sets=(HomeworkSet("h", "H", (), -1),)',
            "HomeworkSet.cap is -1; give a number from 0 to 1,000,000",
        ),
        (', homework_sets=(HomeworkSet("h", "H", (), 1), HomeworkSet("h", "I", (), 1))', "two sets called 'h'"),
        (", limits=3", "Course.limits must map an assignment to its limits"),
        (', limits={"x": {}}', "Course.limits['x'] is about no assignment"),
        (', titel="x"', "the fields of Course are title, assignments"),
        (", jobs=1/0", "ZeroDivisionError"),
    ],
)
def test_a_wrong_field_is_named_with_file_line_and_fix(tmp_path: Path, fields: str, sentence: str) -> None:
    """Every slip gets one sentence that names the file, the line and the field."""
    path = write(tmp_path, GOOD.format(fields))
    with pytest.raises(InstructorError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:3: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ("3", "must map limits to numbers"),
        ('{"wal_seconds": 3}', "There is no limit called 'wal_seconds'"),
        ('{"wall_seconds": "x"}', "wall_seconds must be a number"),
        ('{"wall_seconds": -3}', "must be positive"),
    ],
)
def test_wrong_limits_name_the_assignment(tmp_path: Path, limits: str, sentence: str) -> None:
    """A limit that does not exist or makes no sense is refused with the assignment's name."""
    text = GOOD.replace("assignments=()", 'assignments=("tiny",)').format(f', limits={{"tiny": {limits}}}')
    with pytest.raises(InstructorError) as caught:
        load(write(tmp_path, text))
    assert "Course.limits['tiny']" in str(caught.value)
    assert sentence in str(caught.value)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    """A file that is not Python is reported with the line."""
    path = write(tmp_path, "x = 1\ncourse = (\n")
    with pytest.raises(InstructorError, match=r"grader_config\.py:2: this is not Python"):
        load(path)


def test_a_file_without_a_course_is_reported(tmp_path: Path) -> None:
    """The variable `course` has to be a Course."""
    with pytest.raises(InstructorError, match="must set the variable `course`"):
        load(write(tmp_path, "course = 3"))


def test_an_assignment_without_a_folder_is_reported(tmp_path: Path) -> None:
    """An assignment of the course itself has to be there."""
    text = GOOD.replace("assignments=()", 'assignments=("lost",)').format("")
    with pytest.raises(InstructorError, match="there is no folder assignments/lost"):
        load(write(tmp_path, text))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    """Without a configuration there is no course."""
    with pytest.raises(UsageError, match="Cannot read"):
        load(tmp_path / CONFIG_FILE)


def test_the_root_is_found_from_below(tmp_path: Path) -> None:
    """Any folder inside a course will do; outside there is one sentence."""
    write(tmp_path, GOOD.format(""))
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert find_root(inside) == tmp_path.resolve()
    with pytest.raises(UsageError, match="name it with --course"):
        find_root(Path("/"))


def test_who_has_no_course_reads_how_to_start_one() -> None:
    """The sentence names the verb."""
    with pytest.raises(UsageError, match="`autograder init DIR` starts a course"):
        find_root(Path("/"))


def test_the_seed_is_asked_for_in_order(tmp_path: Path) -> None:
    """The option goes before the environment, and that before the file."""
    environ = {"AUTOGRADER_SEED": "from the environment"}
    assert course_seed("given", environ, tmp_path) == "given"
    assert course_seed(None, environ, tmp_path) == "from the environment"
    assert not (tmp_path / "course_seed").exists()


def test_the_seed_is_made_once_and_kept_secret(tmp_path: Path) -> None:
    """The first use draws 256 bits into a file that only its owner reads; later uses find them."""
    folder = tmp_path / "new"
    seed = course_seed(None, {}, folder)
    assert len(bytes.fromhex(seed)) == 32
    assert course_seed(None, {}, folder) == seed
    assert stat.S_IMODE((folder / "course_seed").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["course_seed"]
    assert course_seed(None, {}, tmp_path / "other") != seed


def test_a_bad_seed_is_refused(tmp_path: Path) -> None:
    """An empty option, an empty file, a file open to others, and an impossible folder get a sentence each."""
    with pytest.raises(UsageError, match="--seed is empty"):
        course_seed("", {}, tmp_path)
    path = tmp_path / "course_seed"
    path.touch(0o600)
    with pytest.raises(UsageError, match="is empty"):
        course_seed(None, {}, tmp_path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        course_seed(None, {}, tmp_path)
    with pytest.raises(UsageError, match="set AUTOGRADER_SEED instead"):
        course_seed(None, {}, path / "below")
