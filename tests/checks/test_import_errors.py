"""What students read when their files cannot be imported: whose fault it is, which line, and what to change."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ASSIGNMENT, REFERENCE

from autograder.checks.errors import StudentError
from autograder.checks.local.imports import explained
from autograder.checks.local.sources import MAX_NAMES, Frame, HandedIn, defined_names
from autograder.checks.local.student import LocalStudent
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.remote import explanations
from autograder.remote.explanations import about_version, reads
from autograder.results import Limits, Verdict
from autograder.submissions import collect

HELPER = "def two():\n    return 2\n"
GIVEN = "def run(function):\n    return function(3) + None\n"
GRADED = f"Graded with Python {sys.version_info[0]}.{sys.version_info[1]}"
ADVICE = 'put calls into `if __name__ == "__main__":`.'
AFTER = '''

@counting.check(points=1, hidden=True, hint="Count on.")
def counts_more(student):
    """A counter counts on, and two is two."""
    same(student.Counter(2).add(3), 5, name="add(3)")
    same(student.two(), 2, name="two()")


@counting.check(points=1, hidden=True, hint="Count on.")
def counts_after_a_seed(student):
    """Two is two under another seed."""
    student.seed(7)
    same(student.two(), 2, name="two()")
'''


@pytest.fixture
def three(course: Path) -> Path:
    """The small course with three files: two to be handed in, one given; its last check needs both."""
    text = ASSIGNMENT.lstrip().replace('files=["hw.py"]', 'files=["hw.py", "helper.py"], given=["given.py"]')
    (course / "assignments" / "small" / "assignment.py").write_text(text + AFTER)
    for name, content in (("helper.py", HELPER), ("given.py", GIVEN)):
        marked = content.replace("return 2", "### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION")
        (course / "reference" / "small" / name).write_text(marked)
    return course


@pytest.fixture
def messages(three, tmp_path, bubblewrap):
    """A function that grades files, and returns what the student reads of each check."""

    def graded(only: str = "", **files: str) -> dict[str, str]:
        inbox = tmp_path / "inbox" / "ada"
        inbox.mkdir(parents=True)
        for name, text in files.items():
            (inbox / f"{name}.py").write_text(text)
        loaded = load(three, "small")
        (submission,) = collect(inbox.parent, loaded.assignment.handed_in, tmp_path / "staging")
        report = grade(loaded, submission, bubblewrap, None, RunOptions(seed="a secret", only=only))
        checks = [check for question in report.questions for check in question.checks]
        return {check.id: check.message.split("\n")[0] for check in checks}

    return graded


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"hw": "from helper import tow\n", "helper": HELPER},
            "`from helper import tow` in line 1 of hw.py fails: helper.py does not define `tow`; did you mean `two`?",
        ),
        (
            {"hw": "from helper import elephant\n", "helper": HELPER},
            "`from helper import elephant` in line 1 of hw.py fails: helper.py does not define `elephant`.",
        ),
        (
            {"hw": "from helper import two\n"},
            "`from helper import two` in line 1 of hw.py fails: helper.py was not handed in.",
        ),
        (
            {"hw": "from .helper import two\n", "helper": HELPER},
            "`from .helper import two` in line 1 of hw.py fails: relative imports work inside packages only; "
            "write `from helper import two`.",
        ),
        (
            {"hw": "from . import helper\n", "helper": HELPER},
            "`from . import helper` in line 1 of hw.py fails: relative imports work inside packages only; "
            "write `import helper`.",
        ),
        (
            {"hw": "from helper import two\n", "helper": "from hw import Counter\n" + HELPER},
            "`from hw import Counter` in line 1 of helper.py fails: hw.py and helper.py import each other "
            "(a circular import); move what they share into one of them.",
        ),
        (
            {"hw": "import helper\n", "helper": "import hw\nx = hw.double(2)\n" + HELPER},
            "`x = hw.double(2)` in line 2 of helper.py fails: hw.py and helper.py import each other "
            "(a circular import); move what they share into one of them.",
        ),
        (
            {"hw": "from hw import double\n", "helper": HELPER},
            "`from hw import double` in line 1 of hw.py fails: hw.py imports itself; remove the import.",
        ),
        (
            {"hw": "import hepler\n", "helper": HELPER},
            "`import hepler` in line 1 of hw.py fails: there is no module `hepler`; did you mean `helper`?",
        ),
        (
            {"hw": "import tools\n", "helper": HELPER, "Tools (1)": HELPER},
            "`import tools` in line 1 of hw.py fails: there is no tools.py, but Tools (1).py; rename it to tools.py.",
        ),
        (
            {"hw": "import helper.part\n", "helper": HELPER},
            "`import helper.part` in line 1 of hw.py fails: helper.py is a module and not a package, so it holds no "
            "module `helper.part`.",
        ),
        (
            {"hw": "import nunpy as np\n", "helper": HELPER},
            "`import nunpy as np` in line 1 of hw.py fails: there is no module `nunpy`; did you mean `numpy`?",
        ),
        (
            {"hw": "import mxnet\n", "helper": HELPER},
            "`import mxnet` in line 1 of hw.py fails: the package `mxnet` is not installed in the grading environment; "
            "use the packages that the handout names.",
        ),
        (
            {"hw": "import my_tools_7\n", "helper": HELPER},
            "`import my_tools_7` in line 1 of hw.py fails: there is no module `my_tools_7`: if it is a file of yours, "
            "hand in my_tools_7.py as well; as a package it is not installed in the grading environment.",
        ),
        (
            {"hw": "from pytest import fixtures_of_mine\n", "helper": HELPER, "pytest": "x = 1\n"},
            "`from pytest import fixtures_of_mine` in line 1 of hw.py fails: your pytest.py shadows the package "
            "`pytest`; rename your file.",
        ),
    ],
)
def test_each_kind_of_failed_import_has_its_own_sentence(messages, files, sentence):
    """Only a package that is not a file of the student's is said not to be installed."""
    found = messages(**{**files, "hw": files["hw"] + REFERENCE})

    assert found["doubles_three"] == sentence
    assert found["counts"] == sentence


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import sklearn.no_such_part\n", "the package `sklearn` "),
        ("from numpy import arangee\n", "has no `arangee`; did you mean `arange`?"),
    ],
)
def test_what_an_installed_package_lacks_is_reported_with_its_version(messages, source, sentence):
    """The version on the student's own machine may be another one."""
    found = messages(hw=source + REFERENCE, helper=HELPER)["doubles_three"]

    assert sentence in found
    assert any(character.isdigit() for character in found.partition("fails:")[2])


def test_an_import_error_of_the_students_own_is_reported_as_it_came(messages):
    """What the submission raises itself is no failed import."""
    found = messages(hw=REFERENCE + "\nraise ImportError('mine')\n", helper=HELPER)["doubles_three"]

    assert found.startswith("`import hw` raised ImportError (line 33 of hw.py: `raise ImportError('mine')`): mine")


def test_a_name_that_is_nearly_defined_is_suggested(messages):
    """A function under another name is the usual reason why one is missing."""
    found = messages(hw=REFERENCE.replace("def double", "def doubles"), helper=HELPER)

    assert found["doubles_three"] == ("`double` is not defined in hw.py. If `doubles` is meant, rename it to `double`.")


# --- hidden checks


@pytest.mark.parametrize(
    ("helper", "sentence"),
    [
        ("import mxnet\n", "`import mxnet` in line 1 of helper.py fails: the package `mxnet` is not installed"),
        ("def two(:\n", "`import helper` raised SyntaxError (line 1 of helper.py): "),
        ("x = [1][2]\n", "`import helper` raised IndexError (line 1 of helper.py: `x = [1][2]`): list index out of"),
        ("from hw import twoo\n", "`from hw import twoo` in line 1 of helper.py fails: hw.py does not define `twoo`."),
        ("exit()\n", "`import helper` called exit()"),
        ("import os; os._exit(3)\n", "Python ended with exit code 3 in `import helper`."),
    ],
)
def test_what_fails_before_anything_hidden_was_shown_is_reported_in_full_after_that(messages, helper, sentence):
    """A second file that a hidden check imports late also fails in a fresh sandbox, where everything may be shown."""
    found = messages(hw=REFERENCE, helper=helper + HELPER)

    for check in ("counts_more", "counts_after_a_seed"):
        assert found[check].startswith(sentence)
        assert "Count on." not in found[check]


def test_an_import_that_fails_after_a_seed_of_the_check_is_reported_in_full(messages):
    """The number that a check seeds with is its own, and the fresh sandbox has not seen it."""
    found = messages("counts_after_a_seed", hw=REFERENCE, helper="import mxnet\n" + HELPER)

    assert found["counts_after_a_seed"].startswith("`import mxnet` in line 1 of helper.py fails: the package `mxnet`")


def test_what_fails_only_after_something_hidden_was_shown_is_concealed(messages):
    """An import that looks at what was handed to other code first tells a verdict and nothing else."""
    hw = REFERENCE.replace(
        "self.count += more", "self.count += more\n        import os; os.environ['SEEN'] = str(more)"
    )
    helper = "import os\nif 'SEEN' in os.environ:\n    raise ValueError('leak ' + os.environ['SEEN'])\n" + HELPER
    found = messages(hw=hw, helper=helper)["counts_more"]

    assert "leak 3" not in found
    assert found.startswith("Your code raised ValueError in line 3 of helper.py: `raise ValueError('leak ' + os.env")


def test_a_package_that_a_function_imports_is_quoted_from_the_file(messages):
    """The line is the student's own text, so it can be shown after hidden inputs, too."""
    hw = REFERENCE.replace("self.count += more", "import mxnet\n        self.count += more")
    found = messages(hw=hw, helper=HELPER)

    assert found["counts"] == (
        "Your code raised ModuleNotFoundError in line 29 of hw.py: `import mxnet`. "
        "Import only files that you hand in, and packages that the handout names."
    )
    assert found["counts_halfway"].startswith("`import mxnet` in line 29 of hw.py fails: the package `mxnet` is not")


# --- code that runs at import


def numpys_sentence() -> str:
    """What this version of numpy says about an array that does not fit."""
    try:
        np.zeros(3).reshape(2)
    except ValueError as error:
        return str(error)
    raise AssertionError("numpy reshapes anything now")


RESHAPING = numpys_sentence()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"hw": "import given\n" + REFERENCE + "\n\ndef main():\n    given.run(double)\n\n\nmain()\n"},
            "`import hw` raised TypeError (line 36 of hw.py: `given.run(double)`, raised in line 2 of given.py): "
            "unsupported operand type(s) for +: 'int' and 'NoneType'. "
            f"`main()` in line 39 runs when hw.py is imported: {ADVICE}",
        ),
        (
            {"hw": "import numpy as np\n" + REFERENCE + "\nnp.zeros(3).reshape(2)\n"},
            f"`import hw` raised ValueError (line 34 of hw.py: `np.zeros(3).reshape(2)`): {RESHAPING}. "
            f"This line runs when hw.py is imported: {ADVICE}",
        ),
        (
            {"hw": "import helper\n" + REFERENCE, "helper": HELPER + "int('x')\n"},
            "`import hw` raised ValueError (line 3 of helper.py: `int('x')`): invalid literal for int() with base 10: "
            f"'x'. This line runs when helper.py is imported: {ADVICE}",
        ),
        (
            {"hw": REFERENCE + "\nx = missing\n"},
            "`import hw` raised NameError (line 33 of hw.py: `x = missing`): name 'missing' is not defined",
        ),
    ],
)
def test_code_that_fails_at_import_is_blamed_on_the_students_own_line(messages, files, sentence):
    """A given file or a library is not the student's to change: the line on the way there is quoted."""
    assert messages(**{"helper": HELPER, **files})["doubles_three"] == sentence


def test_a_given_file_that_a_function_calls_is_not_blamed(messages):
    """The same holds after the import."""
    hw = "import given\n" + REFERENCE.replace("return 2 * x", "return given.run(lambda y: y)")
    found = messages(hw=hw, helper=HELPER)["doubles_three"]

    assert found.startswith(
        "`double` raised TypeError (line 9 of hw.py: `return given.run(lambda y: y)`, raised in line 2 of given.py)"
    )


# --- another Python's syntax


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('x = f"{d["a"]}"', "an f-string with its own quotes inside, which needs Python 3.12"),
        ("x = f'{\"\\n\".join(d)}'", "an f-string with a backslash inside braces, which needs Python 3.12"),
        ("type Pair = tuple[int, int]", "a `type` statement, which needs Python 3.12"),
        ("type Pair[T] = tuple[T, T]", "a `type` statement, which needs Python 3.12"),
        ("def first[T](values: list[T]) -> T:", "type parameters in brackets, which needs Python 3.12"),
        ("class Box[T]:", "type parameters in brackets, which needs Python 3.12"),
        ("    except ValueError, KeyError:", "`except` with several types and no parentheses, which needs Python 3.14"),
        ('x = t"{a}"', "a template string, which needs Python 3.14"),
    ],
)
def test_newer_syntax_is_recognised_without_a_newer_python(line, says):
    """A table of patterns serves where no newer Python is installed."""
    found = about_version(b"", line, (3, 11), path="/nowhere")

    assert found == f"Graded with Python 3.11; this looks like {says}; rewrite it for Python 3.11."


@pytest.mark.parametrize(
    "line", ["x = (", "print 'a'", 'x = f"{a}" "{b}"', "def f(:", 'print("t")', "except (A, B):", ""]
)
def test_other_mistakes_are_not_taken_for_newer_syntax(line):
    """Then the sentence names the Python that grades, and nothing else."""
    assert about_version(b"", line, (3, 11), path="/nowhere") == "Graded with Python 3.11."


def program(folder: Path, name: str, body: str) -> str:
    """A folder with a program in it, as a search path."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(folder)


def test_a_newer_python_of_the_machine_is_asked(tmp_path):
    """The first one that compiles the text is named; one that does not, or is none, is skipped."""
    program(tmp_path / "bin", "python3.97", "exit 0")
    program(tmp_path / "bin", "python3.12", "exit 43")
    program(tmp_path / "bin", "python3.13", "exit 127")
    path = program(tmp_path / "bin", "python3.14", "exit 42")

    assert about_version(b"x", "x = (", (3, 11), path=path) == (
        "Graded with Python 3.11, and Python 3.14 reads it, so it uses newer syntax; rewrite it for Python 3.11."
    )
    assert about_version(b"x", "x = (", (3, 14), path=path) == "Graded with Python 3.14."
    assert about_version(b"", "x = (", (3, 11), path=path) == "Graded with Python 3.11."


def test_a_text_is_tried_once_however_often_it_fails(tmp_path):
    """Every check that meets the same syntax error costs no more than the first one."""
    count = tmp_path / "count"
    path = program(tmp_path / "bin", "python3.12", f"echo tried >> {count}; exit 43")

    for _ in range(3):
        about_version(b"y = (", "y = (", (3, 11), path=path)

    assert count.read_text() == "tried\n"


def test_another_python_compiles_and_runs_nothing(tmp_path):
    """The text is compiled under limits; what it would do does not happen."""
    trace = tmp_path / "trace"

    assert reads(sys.executable, f"open({str(trace)!r}, 'w')\n".encode())
    assert not trace.exists()
    assert not reads(sys.executable, b"x = (")
    assert not reads(sys.executable, b"x = '\0'")
    assert not reads(sys.executable, b"await f()")
    assert reads(sys.executable, b"await f()", cell=True)
    assert not reads(str(tmp_path / "no-such-program"), b"x = 1")


def test_a_syntax_error_names_the_python_that_grades(messages):
    """In the report, too."""
    found = messages(hw=REFERENCE + "\nx = (\n", helper=HELPER)["doubles_three"]

    assert found.startswith("`import hw` raised SyntaxError (line 33 of hw.py): '(' was never closed. ")
    assert found.endswith(f"{GRADED}.")


# --- the same at home, and what a submission may claim


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "from helper import tow\n",
            "`from helper import tow` in line 1 of hw.py fails: helper.py does not define `tow`",
        ),
        ("from .helper import two\n", "relative imports work inside packages only; write `from helper import two`."),
        ("import mxnet\n", "the package `mxnet` is not installed in this Python environment"),
        ("def f():\n    pass\n\nint('x')\n", f"with base 10: 'x'. This line runs when hw.py is imported: {ADVICE}"),
    ],
)
def test_students_read_the_same_at_home(tmp_path, source, sentence):
    """The public checks on one's own machine explain imports in the same words."""
    (tmp_path / "hw.py").write_text(source)
    (tmp_path / "helper.py").write_text(HELPER)

    with pytest.raises(StudentError) as caught:
        LocalStudent(tmp_path, {"f": "hw.py"}).f()
    assert sentence in caught.value.message


def test_a_missing_file_of_numbers_is_taken_to_be_the_only_one_of_its_kind(tmp_path):
    """Where there is exactly one other file with its ending, that one is named."""
    handed_in = HandedIn(tmp_path, ("hw.py",))
    assert handed_in.alike("weights.npz") == ""
    (tmp_path / "model.npz").write_bytes(b"x")
    assert handed_in.alike("weights.npz") == "model.npz"
    (tmp_path / "other.npz").write_bytes(b"x")
    assert handed_in.alike("weights.npz") == ""
    (tmp_path / "hw.py").write_bytes(b"x")
    assert handed_in.alike("more.py") == ""


def test_frames_that_a_submission_invents_name_no_other_file(tmp_path):
    """Only lines of files that were handed in are quoted."""
    (tmp_path / "secret.txt").write_text("secret\n")
    (tmp_path / "in").mkdir()
    os.symlink(tmp_path / "secret.txt", tmp_path / "in" / "link.py")
    handed_in = HandedIn(tmp_path / "in", ("hw.py",))

    for file in ("../secret.txt", str(tmp_path / "secret.txt"), "link.py", "a\0b", ""):
        assert not handed_in.has(file)
        assert handed_in.quote(Frame(file, 1)) == ""
    assert handed_in.modules() == ("link",)
    assert handed_in.defines("link.py") == ()


@pytest.mark.parametrize(
    "frames",
    [
        [("../secret.txt", 1, True)],
        [("hw.py", -1, True), ("hw.py", 10**9, True), ("hw.py", True, True), ("hw.py", "1", True), ("hw.py", 1)],
        [("hw.py#" + "9" * 50, 1, True)],
        [(b"hw.py", 1, True), None, 3, "hw.py"],
        [("hw.py", 99, True)] * 10_000,
        {"hw.py": 1},
        "hw.py",
    ],
)
@pytest.mark.parametrize("kind", ["ImportError", "SyntaxError", "NameError", "print", "", None])
def test_a_report_of_an_error_may_hold_anything(tmp_path, frames, kind):
    """What does not have the form of the worker's own report is skipped."""
    (tmp_path / "secret.txt").write_text("secret\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hw.py").write_text("x = 1\n")
    fault = {"kind": kind, "frames": frames, "message": "m", "name": 3, "python": ("3", []), "file": 5, "line": "x"}
    error = explanations.raised(fault, "import hw", HandedIn(tmp_path / "in", ("hw.py",)), Limits(), may_show=True)

    assert error.verdict == "RAISED"
    assert "secret" not in error.message
    assert error.quote in ("", "x = 1")


def test_names_of_the_graders_own_modules_are_not_suggested():
    """A message that a submission makes up learns nothing of what is loaded outside."""
    for module in ("autograder.messages", "test_import_errors", "conftest"):
        message = explained("ImportError", f"cannot import name 'sentenc' from '{module}'", "", (), HandedIn())
        assert "did you mean" not in message


def test_a_text_that_is_hard_to_compile_takes_no_longer_than_its_limits():
    """Whatever the newer Python does with it, the answer is no."""
    for text in (b"(" * 100_000, b"-" * 200_000 + b"1", b"x = 1\n" * 10 + b"\xff"):
        assert not reads(sys.executable, text)


def test_a_file_of_many_names_costs_little():
    """Only so many names are compared."""
    assert len(defined_names(b"".join(b"a%d = 1\n" % number for number in range(20_000)), "hw.py")) == MAX_NAMES
    assert defined_names(b"a" * 200 + b" = 1\n", "hw.py") == ()


def test_an_import_without_a_known_line_is_reported(tmp_path):
    """Where nothing can be quoted, the reason is still said."""
    handed_in = HandedIn(None, ("hw.py",), absent={"hw.py": ""})
    message = explained("ModuleNotFoundError", "No module named 'hw'", "hw", (), handed_in)

    assert message == "An import fails: hw.py was not handed in."


def test_verdicts_of_failed_imports_are_raised(three, tmp_path, bubblewrap):
    """The verdict is that of an error, and no points are given."""
    inbox = tmp_path / "inbox" / "ada"
    inbox.mkdir(parents=True)
    (inbox / "hw.py").write_text("from helper import two\n" + REFERENCE)
    loaded = load(three, "small")
    (submission,) = collect(inbox.parent, loaded.assignment.handed_in, tmp_path / "staging")
    report = grade(loaded, submission, bubblewrap, None, RunOptions(seed="a secret"))

    assert report.points == 0
    assert {check.verdict for question in report.questions for check in question.checks} <= {
        Verdict.RAISED,
        Verdict.MISSING,
        Verdict.SKIPPED,
    }
