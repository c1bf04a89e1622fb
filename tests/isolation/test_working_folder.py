"""Files beside the code: what was handed in and what is given, where code looks for them, at home and in grading."""

from __future__ import annotations

import os
import re
import textwrap
import zipfile

import numpy as np
import pytest

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.grading import RunOptions, grade
from autograder.isolation.working_folder import LINKED_BYTES
from autograder.loader import load
from autograder.release import contents
from autograder.sandbox import start, why_not
from autograder.submissions import Caps, collect_one

SCRIPT = '''
from autograder import Assignment
from autograder.checks import close

assignment = Assignment("Files", files=["hw.py"], given=["flats.csv", "data/", "tools.py"])
question = assignment.question("Sum", id="a", solution="total")


@question.check(points=1)
def adds_up(student):
    """The sum is right."""
    close(student.total(), 6)
'''

REFERENCE = '''
"""Sums."""


def total():
    """The sum of all numbers in flats.csv and in data/."""
    ### BEGIN SOLUTION
    return sum(int(open(name).read()) for name in ("flats.csv", "data/x.csv"))
    ### END SOLUTION
'''


@pytest.fixture
def files_course(tmp_path):
    """A course whose assignment gives a file, a folder and a module."""
    return make(tmp_path / "course", SCRIPT, REFERENCE)


def make(root, script, reference, name="hw.py"):
    for place in ("assignments", "reference"):
        (root / place / "files").mkdir(parents=True)
    (root / "assignments/files/assignment.py").write_text(script.lstrip())
    (root / "assignments/files/handout.md").write_text("# Files\n")
    folder = root / "reference/files"
    (folder / name).write_text(reference.lstrip())
    (folder / "tools.py").write_text("def twice(x):\n    return 2 * x\n")
    (folder / "flats.csv").write_text("2\n")
    (folder / "data/deep").mkdir(parents=True)
    (folder / "data/x.csv").write_text("4\n")
    (folder / "data/deep/y.npy").write_bytes(b"anything\0")
    return root


@pytest.fixture(scope="module", params=["bubblewrap", "landlock", "none"])
def sandbox(request):
    if reason := why_not(request.param):
        pytest.skip(f"the sandbox {request.param} does not work here: {reason}")
    with start(request.param) as sandbox:
        yield sandbox


def handed_in(tmp_path, loaded, files):
    """What a student with these files hands in, staged."""
    inbox = tmp_path / "inbox"
    for name, content in files.items():
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        data = textwrap.dedent(content).lstrip("\n").encode() if isinstance(content, str) else content
        (inbox / name).write_bytes(data)
    return collect_one(
        [inbox], loaded.assignment.handed_in, tmp_path / "staged", "ada", Caps().beside(loaded.given_sizes)
    )


def graded(tmp_path, root, sandbox, files):
    loaded = load(root, "files")
    return grade(loaded, handed_in(tmp_path, loaded, files), sandbox, None, RunOptions("files"))


def result(report):
    return report.questions[0].checks[0]


def passes(report):
    return (str(result(report).verdict), result(report).message) == ("PASSED", "")


ASKED = {
    "relative names": ("total", "return int(open('flats.csv').read()) + int(open('data/x.csv').read())"),
    "its own place": ("total", "from pathlib import Path\n    here = Path(__file__).parent\n"
                      "    return sum(int((here / name).read_text()) for name in ('flats.csv', 'data/x.csv'))"),
    "its own files": ("total", "return int(open('mine/own.txt').read())"),
    "numpy": ("total", "import numpy as np\n    return int(np.load('own.npy').sum())"),
    "writing": ("total", "open('flats.csv', 'w').write('6')\n    open('data/new.txt', 'w').write('1')\n"
                "    return int(open('flats.csv').read())"),
    "overwriting its own": ("total", "open('mine/own.txt', 'a').write('0')\n"
                            "    return int(open('mine/own.txt').read()) // 10"),
    "given modules": ("total", "from tools import twice\n    return twice(3)"),
    "listing": ("total", "import os\n    return sum(map(len, (os.listdir('data'), os.listdir('data/deep')))) + 3"),
}  # fmt: skip


def one_array(tmp_path):
    np.save(tmp_path / "own.npy", np.array([1, 2, 3]))
    return (tmp_path / "own.npy").read_bytes()


@pytest.mark.parametrize("how", ASKED)
def test_code_finds_its_files_in_every_sandbox(files_course, tmp_path, sandbox, how):
    """What was handed in and what is given is in the working folder, which can be written."""
    name, body = ASKED[how]
    files = {"hw.py": f"def {name}():\n    {body}\n", "mine/own.txt": "6", "own.npy": one_array(tmp_path)}
    assert passes(graded(tmp_path, files_course, sandbox, files))


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("how", ASKED)
def test_code_finds_its_files_at_home(files_course, tmp_path, how, monkeypatch):
    """The same code gives the same answers on a student's machine, wherever it is started from."""
    name, body = ASKED[how]
    for file, content in contents(load(files_course, "files")).items():
        (tmp_path / "home" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / file).write_bytes(content)
    (tmp_path / "home/mine").mkdir()
    (tmp_path / "home/mine/own.txt").write_text("6")
    (tmp_path / "home/own.npy").write_bytes(one_array(tmp_path))
    (tmp_path / "home/hw.py").write_text(f"def {name}():\n    {body}\n")
    monkeypatch.chdir(files_course)

    assert LocalStudent(tmp_path / "home", {"total": "hw.py"}).total() == 6
    assert os.getcwd() == str(files_course)


def test_a_traceback_names_files_as_they_were_handed_in(files_course, tmp_path, sandbox):
    """No folder of the grader's is in it, so that students and two sandboxes read the same."""
    files = {
        "hw.py": "import own\n\n\ndef total():\n    return own.number()\n",
        "own.py": "number = lambda: int('x')\n",
    }
    message = result(graded(tmp_path, files_course, sandbox, files)).message

    assert 'File "hw.py", line 5, in total' in message
    assert 'File "own.py", line 1, in <lambda>' in message
    assert str(tmp_path) not in message
    assert "/tmp" not in message


HIDDEN = '''

@question.check(points=1, hidden=True)
def like_the_reference(student, reference):
    """As the reference."""
    close(student.total(), reference.total())
'''


def test_the_reference_that_a_check_asks_finds_its_files(tmp_path, sandbox):
    """What the stand-in of the reference answers is read from the same files, in the same working folder."""
    root = make(tmp_path / "course", SCRIPT + HIDDEN, REFERENCE)
    report = graded(tmp_path, root, sandbox, {"hw.py": "def total():\n    return 6\n", "flats.csv": "1000"})

    assert [str(each.verdict) for each in report.questions[0].checks] == ["PASSED", "PASSED"]


def test_the_reference_finds_its_files(files_course, tmp_path, sandbox):
    """Its solution, handed in, gets full marks, also from folders that other users cannot enter."""
    (files_course / "reference/files").chmod(0o700)
    (files_course / "reference/files/flats.csv").chmod(0o600)
    assert passes(graded(tmp_path, files_course, sandbox, {"hw.py": REFERENCE}))


def test_a_notebook_finds_its_files(tmp_path, sandbox):
    """Its cells read and write what is beside it, and import modules from there."""
    cells = ["import json\nfrom tools import twice", "def total():\n    ### BEGIN SOLUTION\n    return 6\n"
             "    ### END SOLUTION"]  # fmt: skip
    solved = "def total():\n    with open('log.txt', 'w') as log:\n        log.write('read')\n" \
        "    return twice(int(open('flats.csv').read())) + int(open('mine.txt').read())"  # fmt: skip
    root = make(tmp_path / "course", SCRIPT.replace("hw.py", "hw.ipynb"), notebook(*cells), "hw.ipynb")
    report = graded(tmp_path, root, sandbox, {"hw.ipynb": notebook(cells[0], solved), "mine.txt": "2"})
    assert passes(report)


def notebook(*cells):
    import json

    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for n, cell in enumerate(cells)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize("changed", ["flats.csv", "data/x.csv", "data", "flats.csv/inner.txt"])
def test_given_files_are_restored_and_the_student_reads_it(files_course, tmp_path, sandbox, changed):
    """Whatever was handed in where a given file belongs, the given one is read, and a note says so."""
    report = graded(tmp_path, files_course, sandbox, {"hw.py": REFERENCE, changed: "1000"})
    file = {"data": "data/deep/y.npy", "flats.csv/inner.txt": "flats.csv"}.get(changed, changed)
    assert passes(report)
    assert f"{file} differs from the one that was handed out; the handed-out one was used." in report.notes


def test_a_submission_with_all_given_files_has_no_note(files_course, tmp_path, sandbox):
    """Students may hand in the whole release folder."""
    folder = files_course / "reference/files"
    given = {name: (folder / name).read_bytes() for name in ("flats.csv", "data/x.csv", "data/deep/y.npy", "tools.py")}
    assert graded(tmp_path, files_course, sandbox, {"hw.py": REFERENCE, **given}).notes == ()


def test_a_large_given_file_is_read_in_place(files_course, tmp_path, sandbox):
    """It takes no memory of the submission's; it can be read, and not be written."""
    if sandbox.name == "none":
        pytest.skip("without isolation nothing is read-only")
    (files_course / "reference/files/flats.csv").write_text("2" + " " * LINKED_BYTES)
    code = """
        import os
        def total():
            try:
                open("flats.csv", "a")
            except OSError:
                return int(open("flats.csv").read(10)) + 4
    """
    assert passes(graded(tmp_path, files_course, sandbox, {"hw.py": code}))


def test_large_given_files_may_be_handed_in(files_course, tmp_path, bubblewrap):
    """They do not count as the student's: neither their sizes nor their number."""
    folder = files_course / "reference/files"
    (folder / "data/large.bin").write_bytes(os.urandom(1 << 20) * 17)
    for number in range(1100):
        (folder / f"data/deep/{number}.txt").write_text(str(number))
    inbox = tmp_path / "ada.zip"
    with zipfile.ZipFile(inbox, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    loaded = load(files_course, "files")
    submission = collect_one(
        [inbox], loaded.assignment.handed_in, tmp_path / "staged", "ada", Caps().beside(loaded.given_sizes)
    )
    report = grade(loaded, submission, bubblewrap, None, RunOptions("files"))
    assert (submission.problem, report.notes) == ("", ())
    assert passes(report)


def test_scratch_space_is_what_the_limits_say_beside_the_files(files_course, tmp_path, sandbox):
    """What is handed in and given takes nothing of it."""
    script = files_course / "assignments/files/assignment.py"
    limits = "limits=Limits(scratch_mib=4), given"
    script.write_text(script.read_text().replace("given", limits).replace("Assignment\n", "Assignment, Limits\n", 1))
    code = "def total():\n    open('new.bin', 'wb').write(bytes(2 << 20))\n    return 6\n"
    assert passes(graded(tmp_path, files_course, sandbox, {"hw.py": code, "weights.bin": bytes(6 << 20)}))


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ({"hw.py": "from pack.inner.deep import total\n", "pack/__init__.py": "", "pack/inner/__init__.py": "",
          "pack/inner/deep.py": "from ..other import six\ndef total(): return six\n", "pack/other.py": "six = 6\n"}, 6),
        ({"hw.py": "import pack.inner\ndef total(): return pack.inner.six\n", "pack/inner.py": "six = 6\n"}, 6),
        ({"hw.py": "from pack import six\ndef total(): return six\n",
          "pack/__init__.py": "from pathlib import Path\nsix = int((Path(__file__).parent / 'n.txt').read_text())\n",
          "pack/n.txt": "6"}, 6),
        ({"hw.py": "from random import mine\ndef total(): return mine()\n",
          "random.py": "import random as me, math\ndef mine(): return math.floor(6.5) if me else 0\n"}, 6),
        ({"hw.py": "import test\ndef total(): return test.six\n", "test.py": "six = 6\n"}, 6),
        ({"hw.py": "import queue, helper\ndef total(): return queue.size + helper.size\n", "queue.py": "size = 4\n",
          "helper.py": "import queue\nsize = queue.size // 2\n"}, 6),
        ({"hw.py": "import numpy as np\ndef total(): return int(np.random.default_rng(0).integers(6, 7))\n",
          "random.py": "raise RuntimeError('for nobody but my own modules')\n", "types.py": "1 / 0\n"}, 6),
        ({"hw.py": "import importlib, tokenize\ndef total(): return len(tokenize.__name__) - 2\n",
          "token.py": "1 / 0\n", "io.py": "1 / 0\n"}, 6),
    ],
    ids=["sub-packages", "namespace package", "file of a package", "random", "test", "queue", "numpy", "io"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["home", "bubblewrap"])
def test_modules_and_packages_that_were_handed_in_are_imported(files_course, tmp_path, request, place, files, answer):
    """Own code gets its own modules, whatever they are called, and all other code those that it means."""
    if place == "bubblewrap":
        report = graded(tmp_path, files_course, request.getfixturevalue("bubblewrap"), files)
        assert passes(report)
        return
    for name, text in files.items():
        (tmp_path / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name).write_text(text)
    student = LocalStudent(tmp_path / "home", {"total": "hw.py"})
    assert student.total() == answer
    assert not list((tmp_path / "home").rglob("__pycache__"))


@pytest.mark.parametrize("place", ["home", "bubblewrap"])
def test_a_module_that_is_asked_for_may_be_called_like_one_of_python(tmp_path, request, place):
    """``random.py`` as a file of the assignment: its names are the ones that checks get."""
    root = make(tmp_path / "course", SCRIPT.replace("hw.py", "random.py"), REFERENCE, "random.py")
    files = {"random.py": "import numpy as np\ndef total(): return 6\n"}
    if place == "bubblewrap":
        assert passes(graded(tmp_path, root, request.getfixturevalue("bubblewrap"), files))
        return
    handed = handed_in(tmp_path, load(root, "files"), files)
    assert LocalStudent(handed.folder, {"total": "random.py"}).total() == 6


@pytest.mark.parametrize("place", ["home", "bubblewrap"])
def test_a_relative_import_outside_of_a_package_gets_a_sentence(files_course, tmp_path, request, place):
    """The line is quoted, and what to write instead."""
    files = {"hw.py": "from .tools import twice\ndef total(): return twice(3)\n"}
    reported = "relative imports work inside packages only"
    if place == "bubblewrap":
        report = graded(tmp_path, files_course, request.getfixturevalue("bubblewrap"), files)
        assert reported in result(report).message
        return
    handed = handed_in(tmp_path, load(files_course, "files"), files)
    with pytest.raises(StudentError, match=reported):
        LocalStudent(handed.folder, {"total": "hw.py"}).total()


def test_a_file_that_is_missing_is_the_student_s_fault(files_course, tmp_path, sandbox):
    """The message names the file, as Python does."""
    report = graded(tmp_path, files_course, sandbox, {"hw.py": "def total():\n    return open('flat.csv').read()\n"})
    assert str(result(report).verdict) == "RAISED"
    assert "flat.csv" in result(report).message


def test_a_release_has_all_given_files(files_course):
    """Folders are kept, and every kind of file arrives as it is."""
    released = contents(load(files_course, "files"))
    assert released["flats.csv"] == b"2\n"
    assert released["data/deep/y.npy"] == b"anything\0"
    assert b"- `data/x.csv`: given; leave it as it is.\n" in released["README.md"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ('["flat.csv"]', "names 'flat.csv', but .*flat.csv does not exist"),
        ('["../secret.txt"]', "hands out '../secret.txt'; name a file or a folder below the reference's"),
        ('["/etc/passwd"]', "name a file or a folder below the reference's"),
        ('["."]', "name a file or a folder below the reference's"),
        ('["hw.py"]', "hands out 'hw.py', which students write; leave it out of given"),
        ('["empty/"]', "hands out the folder 'empty/', but there is no file in"),
        ('["README.md"]', "every release has its own README.md; rename it"),
        ('["autograder/"]', "every release has its own autograder/x.txt; rename it"),
        ('"flats.csv"', "Assignment.given is 'flats.csv'; give names in brackets"),
    ],
)
def test_what_cannot_be_given_is_refused_in_one_sentence(files_course, given, sentence):
    """The sentence names the file and what to do."""
    script, folder = files_course / "assignments/files/assignment.py", files_course / "reference/files"
    script.write_text(re.sub(r"given=\[.*?\]", lambda _: f"given={given}", script.read_text()))
    (folder / "empty/__pycache__").mkdir(parents=True)
    (folder / "README.md").write_text("mine")
    (folder / "autograder").mkdir()
    (folder / "autograder/x.txt").write_text("mine")
    with pytest.raises(InstructorError, match=sentence):
        load(files_course, "files")


def test_too_much_cannot_be_given(files_course, monkeypatch):
    """Large data is for a data set of the course."""
    monkeypatch.setattr("autograder.assignment.given_files.MOST_MIB", 1e-6)
    with pytest.raises(InstructorError, match="hands out 0 MiB, more than 1e-06; declare a data set for large data"):
        load(files_course, "files")
    monkeypatch.setattr("autograder.assignment.given_files.MOST_FILES", 2)
    with pytest.raises(InstructorError, match="hands out 4 files, more than 2; pack them together"):
        load(files_course, "files")


def test_data_may_hold_a_number_of_a_hidden_check_by_chance(files_course):
    """In files that people write it would be reported; among the numbers of a table it means nothing."""
    script = files_course / "assignments/files/assignment.py"
    hidden = '''

@question.check(points=1, hidden=True)
def is_near(student):
    """It is near."""
    close(student.total(), 0.123456)
'''
    script.write_text(script.read_text() + hidden)
    (files_course / "reference/files/flats.csv").write_text("1.5,0.123456\n")
    assert contents(load(files_course, "files"))["flats.csv"] == b"1.5,0.123456\n"
    (files_course / "reference/files/data/note.txt").write_text("About 0.123456.\n")
    with pytest.raises(InstructorError, match=r"note\.txt:1 of the release would show a number of a hidden check"):
        contents(load(files_course, "files"))


def test_a_given_package_is_no_fault_of_the_student(files_course, tmp_path, bubblewrap):
    """Where it fails, the student's own line is named, also if the package was handed in."""
    script, folder = files_course / "assignments/files/assignment.py", files_course / "reference/files"
    script.write_text(script.read_text().replace('"data/"', '"data/", "pack/"'))
    (folder / "pack").mkdir()
    (folder / "pack/__init__.py").write_text("def half(x):\n    return x / 0\n")
    files = {"hw.py": "from pack import half\ndef total():\n    return half(12)\n", "pack/__init__.py": "half = 1\n"}
    found = result(graded(tmp_path, files_course, bubblewrap, files))
    assert found.message.startswith("`total` raised ZeroDivisionError (line 3 of hw.py): division by zero")
