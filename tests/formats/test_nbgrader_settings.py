"""Every setting of nbgrader is in the table; what it says is what happens."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader_course import Cell, answer, asserts, code, course_of, markdown, notebook

from autograder.checks.errors import InstructorError
from autograder.formats.nbgrader import Assignment, collect_course, load, open_course, times_of
from autograder.formats.nbgrader import settings as table
from autograder.formats.nbgrader.config import CONFIG_FILE, Settings, read_settings
from autograder.formats.nbgrader.lateness import read_stamp
from autograder.formats.nbgrader.settings import HARMLESS, HONOURED, PARENTS, REFUSED, TABLE, Setting, settings_of

MANUAL = Path(__file__).parents[2] / "docs" / "nbgrader.md"


def classes() -> Iterator[type]:
    """Every class of the installed nbgrader that can be configured."""
    import nbgrader
    from traitlets.config import Configurable

    found: set[type] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(nbgrader.__path__, "nbgrader."):
            if not re.search(r"\.(tests|alembic|__main__|docs)(\.|$)", module.name):
                found |= {each for each in vars(importlib.import_module(module.name)).values() if inspect.isclass(each)}
    yield from (each for each in found if issubclass(each, Configurable) and each.__module__.startswith("nbgrader."))


def known(owner: type, trait: str) -> bool:
    """Whether the table says something of a setting of this class, as its own or as one that it inherits."""
    return any(settings_of(above.__name__, trait) for above in owner.__mro__)


def test_every_setting_of_nbgrader_is_in_the_table() -> None:
    """Of all its programs, converters, preprocessors and plugins, inherited ones included."""
    forgotten = {
        f"{owner.__name__}.{trait}"
        for owner in classes()
        for trait in owner.class_traits(config=True)  # type: ignore[attr-defined]
        if not known(owner, trait)
    }
    assert forgotten == set()


def test_every_setting_of_the_table_is_nbgrader_s() -> None:
    """No line stands for something that it does not have."""
    have: dict[str, set[str]] = {}
    for owner in classes():
        for above in owner.__mro__:
            traits = set(getattr(above, "class_traits", dict)())
            have.setdefault(above.__name__, set()).update(traits)
    unknown = {f"{each.owner}.{each.trait}" for each in TABLE if each.trait not in have.get(each.owner, set()) | {"*"}}
    assert unknown == set()


def test_parents_are_those_of_the_installed_classes() -> None:
    """A setting of a parent class holds for its children, the nearest first."""
    installed = {each.__name__: each for each in classes() if ".abc." not in each.__module__}
    for name, parents in PARENTS.items():
        above = [each.__name__ for each in installed[name].__mro__[1:]]
        assert [each for each in dict.fromkeys(above) if each in parents] == list(parents), name


def test_no_setting_occurs_twice() -> None:
    """One setting, one fate."""
    names = [(each.owner, each.trait) for each in TABLE]
    assert sorted(names) == sorted(set(names))
    assert {each.fate for each in TABLE} == {HONOURED, HARMLESS, REFUSED}
    assert all(bool(each.field) == (each.fate == HONOURED) for each in TABLE)


def test_the_manual_has_the_table() -> None:
    """As `autograder.formats.nbgrader.settings.markdown` makes it."""
    assert table.markdown() in MANUAL.read_text("utf-8")


def said(folder: Path, *lines: str, more: str = "") -> Settings:
    """What a configuration of these lines says; `more` is another file of the folder."""
    folder.mkdir(exist_ok=True)
    (folder / CONFIG_FILE).write_text("\n".join(("c = get_config()", *lines)), encoding="utf-8")
    if more:
        (folder / "nbgrader_config.json").write_text(more, encoding="utf-8")
    return read_settings(folder)


@pytest.mark.parametrize("setting", [each for each in TABLE if each.fate == REFUSED], ids=lambda each: each.trait)
def test_a_setting_that_is_not_followed_is_refused_with_its_line(tmp_path: Path, setting: Setting) -> None:
    """Unless its value changes nothing, or the line says that it is to be ignored."""
    line = f"c.{setting.owner}.{setting.trait} = "
    with pytest.raises(InstructorError) as refused:
        said(tmp_path, line + "something_else")
    assert str(refused.value) == (
        f"{tmp_path / CONFIG_FILE}:2: {setting.owner}.{setting.trait} can change a grade and is not followed here: "
        f"{setting.why}. Change the line, or write '# autograder: ignore' behind it to grade without it."
    )
    for value in setting.unless:
        assert said(tmp_path, line + repr(value)) == Settings()
    (note,) = said(tmp_path, line + "something_else  # autograder: ignore").notes
    assert note == "nbgrader_config.py:2: this line is passed over, because it says so."


def test_harmless_settings_are_harmless(tmp_path: Path) -> None:
    """Whatever they are set to, nothing here is another."""
    lines = [
        f"c.{each.owner}.{each.trait} = computed()" for each in TABLE if each.fate == HARMLESS and each.trait != "*"
    ]
    assert said(tmp_path, *lines, "c.Application.log_level = 10") == Settings()


def test_every_honoured_setting_has_a_field_of_its_own() -> None:
    """Each is read into the settings, and no field of them is written by two."""
    own = [each.field for each in TABLE if each.fate == HONOURED]
    assert sorted(own) == sorted({each.name for each in fields(Settings)} - {"notes"})


@pytest.mark.parametrize(
    "line",
    [
        "c.Execute.timeout_func = lambda cell: 5",
        "c.ExecutePreprocessor.timeout_func = limit",
        "c.NotebookClient.timeout_func = limit",
        "c['Execute']['timeout_func'] = limit",
        "c.Execute['timeout_func'] = limit",
        "get_config().Execute.timeout_func = limit",
        "c.Execute.update({'timeout_func': 3})",
        "c.Execute = {'timeout_func': 3}",
        "if True:\n    c.Execute.timeout_func = limit",
        "for name in ('a',):\n    c.Execute.timeout_func = limit",
        "c.Autograde.autograde_preprocessors.append('mine.Step')",
        "c.Autograde.sanitize_preprocessors += ['mine.Step']",
        "c.BaseConverter.post_convert_hook = 'mine.hook'",
        "c.NbGraderPreprocessor.enabled = False",
        "c.Preprocessor.enabled = False",
    ],
)  # fmt: skip
def test_a_setting_is_seen_in_every_way_of_writing_it(tmp_path: Path, line: str) -> None:
    """Under the name of its class or of one above it, by index, in branches, in place."""
    with pytest.raises(InstructorError, match="can change a grade and is not followed here"):
        said(tmp_path, line)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("load_subconfig('more.py')", "this sets several settings at once, which are not read; write a line for each"),
        ("c.Execute = other", "this sets several settings at once"),
        ("c.update(other)", "this sets several settings at once"),
        ("c.Execute.timeout = int(os.environ['T'])", "Execute.timeout is computed, and this file is read but not run"),
        ("c.Autograde.exclude_overwriting = {'hw1': 3}", "give a list of file names for each assignment, such as"),
        ("c.Autograde.exclude_overwriting = ['model.py']", "give a list of file names for each assignment, such as"),
        ("c.CourseDirectory.ignore = 'x'", "CourseDirectory.ignore is 'x'; give a list of texts"),
        ("c.ClearSolutions.enforce_metadata = 1", "ClearSolutions.enforce_metadata is 1; give a True or False"),
        (
            "if here():\n    c.Execute.timeout = 5\nelse:\n    c.Execute.timeout = 6",
            "Execute.timeout was set in line 3 already, and which of the two holds is not known without running",
        ),
    ],
)
def test_a_line_that_is_not_understood_is_refused(tmp_path: Path, line: str, sentence: str) -> None:
    """Nothing that decides a grade is guessed."""
    with pytest.raises(InstructorError, match=re.escape(sentence)):
        said(tmp_path, line)


def test_values_may_be_put_together(tmp_path: Path) -> None:
    """Of constants, variables and paths; what a variable holds in a branch is not known."""
    settings = said(
        tmp_path,
        "import os",
        "here = os.path.dirname(os.path.abspath(__file__))",
        "minutes = 2",
        "c.CourseDirectory.root = os.path.join(here, 'a' + '/b')",
        "c.Execute.timeout = minutes * 60",
        "c.CourseDirectory.course_id = f'ml{minutes}'",
        "c.CourseDirectory.source_directory = os.getcwd()",
        "c.Autograde.exclude_overwriting['hw1'] = ['model.py']",
        "c.Autograde.exclude_overwriting.update({'hw2': ['b.py', 'a.py']})",
    )
    assert (settings.root, settings.cell_seconds) == (f"{tmp_path}/a/b", 120)
    assert (settings.course_id, settings.source) == ("ml2", str(tmp_path))
    assert settings.kept == {"hw1": ("model.py",), "hw2": ("a.py", "b.py")}
    with pytest.raises(InstructorError, match="Execute.timeout is computed"):
        said(tmp_path, "limit = 3", "if here():", "    limit = 4", "c.Execute.timeout = limit")
    with pytest.raises(InstructorError, match="Execute.timeout is computed"):
        said(tmp_path, "c.Execute.timeout = 9999 * 9999 * 9999")


def test_the_nearest_class_wins_as_in_traitlets(tmp_path: Path) -> None:
    """`Execute` over `ExecutePreprocessor` over `NotebookClient`, in any order; of two equal ones the later."""
    lines = ("c.Execute.timeout = 7", "c.ExecutePreprocessor.timeout = 8", "c.NotebookClient.timeout = 9")
    assert said(tmp_path, *lines).cell_seconds == said(tmp_path, *lines[::-1]).cell_seconds == 7
    assert said(tmp_path, *lines[1:]).cell_seconds == 8
    assert said(tmp_path, lines[2]).cell_seconds == 9
    assert said(tmp_path, "c.Execute.timeout = 3", "c.Execute.timeout = 4").cell_seconds == 4


def test_json_is_read_as_well(tmp_path: Path) -> None:
    """nbgrader reads both files, and so does this; a file without settings is reported."""
    assert said(tmp_path, "c.Execute.timeout = 3", more='{"Execute": {"timeout": 5}}').cell_seconds == 5
    with pytest.raises(InstructorError, match=r"nbgrader_config.json: this holds no settings"):
        said(tmp_path, more="[1]")


def test_a_setting_that_nbgrader_does_not_have_is_reported(tmp_path: Path) -> None:
    """With its line, where the class is nbgrader's; other programs' settings are theirs."""
    (note,) = said(tmp_path, "c.Autograde.exclude_overwritting = {}", "c.ServerApp.port = 1").notes
    assert note == "nbgrader_config.py:2: nbgrader has no setting Autograde.exclude_overwritting; it is passed over."


# --- what honoured settings do ---

X = [answer("x = None\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "x"), asserts("assert x == 1", "t", 1)]


def loaded(folder: Path, config: str, source: list[Cell] = X, **files: str) -> Assignment:
    """An assignment of a course with this configuration; ada, ben and cid handed in."""
    found = {name.replace("__", "/"): text for name, text in files.items()}
    course = course_of(folder, source, dict.fromkeys(("ada", "ben", "cid"), source), config=config, files=found)
    return load(open_course(course), "hw1")


@pytest.mark.parametrize(
    ("config", "students"),
    [
        ("", ["ada", "ben", "cid"]),
        ("c.CourseDirectory.student_id = '[ab]*'", ["ada", "ben"]),
        ("c.CourseDirectory.student_id_exclude = 'ada,cid'", ["ben"]),
    ],
)
def test_only_the_configuration_s_students_are_graded(tmp_path: Path, config: str, students: list[str]) -> None:
    """A pattern, and a list of those who are left out."""
    found = collect_course(loaded(tmp_path / "c", config), tmp_path / "s")
    assert [each.student for each in found] == students


def test_only_the_configuration_s_notebooks_are_graded(tmp_path: Path) -> None:
    """A pattern for their names."""
    other = {"source__hw1__q.ipynb": notebook(X)}
    assert [each.name for each in loaded(tmp_path / "a", "", **other).notebooks] == ["p", "q"]
    assert [
        each.name for each in loaded(tmp_path / "b", "c.CourseDirectory.notebook_id = 'q*'", **other).notebooks
    ] == ["q"]


def test_files_that_students_write_are_not_overwritten(tmp_path: Path) -> None:
    """Those of `exclude_overwriting` for this assignment stay as they were handed in, and are never the solved ones."""
    files = {"source__hw1__model.py": "solved", "source__hw1__data.csv": "1", "submitted__ada__hw1__model.py": "own"}
    setting = "c.Autograde.exclude_overwriting = {'hw1': ['model.py'], 'hw2': ['data.csv']}"
    ada, ben, _ = collect_course(loaded(tmp_path / "c", setting, **files), tmp_path / "s")
    assert (ada.folder / "model.py").read_text("utf-8") == "own"
    assert not (ben.folder / "model.py").exists()
    assert "model.py was not handed in; students write it, so no other is used." in ben.notes
    assert all((each.folder / "data.csv").is_file() for each in (ada, ben))


def test_ignored_files_are_left_out(tmp_path: Path) -> None:
    """Of the source and of submissions, where the configuration says which."""
    files = {"source__hw1__a.log": "1", "source__hw1__a.csv": "1", "submitted__ada__hw1__b.log": "1"}
    assignment = loaded(tmp_path / "c", "c.CourseDirectory.ignore = ['*.log']", **files)
    ada, *_ = collect_course(assignment, tmp_path / "s")
    assert set(assignment.files) == {"a.csv"}
    assert sorted(each.name for each in ada.folder.iterdir()) == ["a.csv", "p.ipynb"]
    assert "b.log was left out, because the course's CourseDirectory.ignore says so." in ada.notes


def test_header_and_footer_belong_to_the_notebook(tmp_path: Path) -> None:
    """Their cells come first and last, with their tests."""
    config = "c.IncludeHeaderFooter.header = 'h.ipynb'\nc.IncludeHeaderFooter.footer = 'f.ipynb'"
    ends = {"h.ipynb": notebook([code("import math", "m", locked=True)]), "f.ipynb": notebook([asserts("1", "u", 2)])}
    (graded,) = loaded(tmp_path / "c", config, **ends).notebooks
    assert [cell.name for cell in graded.source.cells] == ["m", "x", "t", "u"]


def test_mark_schemes_are_not_shown(tmp_path: Path) -> None:
    """Neither in written answers nor in task cells."""
    scheme = "Why?\n=== BEGIN MARK SCHEME ===\nBecause.\n=== END MARK SCHEME ==="
    (graded,) = loaded(tmp_path / "c", "", [*X, markdown(scheme, "task", task=True, points=2)]).notebooks
    assert graded.shown.cells[-1].source == "Why?"


def test_solutions_in_other_cells_are_cut_where_the_course_allows_them(tmp_path: Path) -> None:
    """`ClearSolutions.enforce_metadata` is False then."""
    cells = [code("y = 1\n### BEGIN SOLUTION\nz = 1\n### END SOLUTION"), *X]
    (graded,) = loaded(tmp_path / "c", "c.ClearSolutions.enforce_metadata = False", cells).notebooks
    assert graded.shown.cells[0].source == "y = 1\n# YOUR CODE HERE\nraise NotImplementedError()"


def test_times_are_read_in_the_course_s_own_form(tmp_path: Path) -> None:
    """As `Exchange.timestamp_format` and `Exchange.timezone` have them."""
    config = "c.Exchange.timestamp_format = '%d.%m.%Y %H:%M %Z'\nc.Exchange.timezone = 'Asia/Kolkata'"
    stamp = {"submitted__ada__hw1__timestamp.txt": "01.10.2026 12:00 IST"}
    (time,) = times_of(loaded(tmp_path / "c", config, **stamp)).values()
    assert time == datetime(2026, 10, 1, 6, 30, tzinfo=UTC)
    assert read_stamp("1.10.2026 12:00 +0200", form="%d.%m.%Y %H:%M %z").time == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert "no date and time in a known form" in read_stamp("2026", form="%d.%m.%Y").problem
