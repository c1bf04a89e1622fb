"""What a submission makes the grader do outside has limits: memory and time of reading its answers and its files."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.assignment.interface import interface_of
from autograder.checks.errors import StudentError
from autograder.checks.local import sources
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.notebooks import read, repair
from autograder.notebooks.reading import Cell, Notebook, Role
from autograder.notebooks.reading_process import Reader, Reading, repaired
from autograder.remote.student import RemoteStudent
from autograder.results import Limits, Verdict
from autograder.sandbox import Request, Sandbox, why_not

pytestmark = pytest.mark.long

NESTED = """
import os
import struct

def answer(x):
    core = b"\\xc6" + struct.pack(">I", 60 << 20) + bytes(60 << 20)
    for _ in range(38):
        core = b"\\xc9" + struct.pack(">I", len(core) + 1) + b"\\x03\\x91" + core
    frame = struct.pack("<IQ", len(core), 0) + core
    while frame:
        frame = frame[os.write(4, frame):]
    os._exit(0)
"""
WIDE = """
import os
import struct

def answer(x):
    many = 900_000
    core = b"\\xdd" + struct.pack(">I", many) + (b"\\xd8\\x06" + bytes(16)) * many
    frame = struct.pack("<IQ", len(core), 0) + core
    while frame:
        frame = frame[os.write(4, frame):]
    os._exit(0)
"""
GRADER = """
import json, resource, sys
from pathlib import Path
from autograder.checks.errors import StudentError
from autograder.loader import interface_of
from autograder.results import Limits
from autograder.sandbox import Request, start
from autograder.remote.student import RemoteStudent

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

with start("bubblewrap") as sandbox:
    limits = Limits(memory_mib=1024, wall_seconds=120)
    session = sandbox.open(Request(Path(sys.argv[1]), limits))
    student = RemoteStudent(session, interface_of({"hw.py": "def answer(x): ..."}), limits)
    before, waited = peak(), session.waited
    try:
        said = repr(student.answer(1.0))[:100]
    except StudentError as error:
        said = error.message
    print(json.dumps({"mib": peak() - before, "said": said, "waited": session.waited - waited}))
    session.close()
"""


@pytest.mark.parametrize("source", [NESTED, WIDE], ids=["nested", "wide"])
def test_an_answer_of_sixty_mebibytes_takes_the_grader_no_gigabyte(source: str) -> None:
    """Extensions in extensions, or very many small ones: what is read takes a few times the bytes that came."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with tempfile.TemporaryDirectory() as folder:  # as root, the submission has a user of its own
        Path(folder).chmod(0o755)
        Path(folder, "hw.py").write_text(source)
        command = [sys.executable, "-c", GRADER, folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    data = json.loads(done.stdout)

    assert data["said"] == "An answer out of turn came back from `answer`."
    assert data["mib"] < 400


ENDLESS = """
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Endless", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=2, memory_mib=256))
question = assignment.question("Pair", id="a", solution="pair")

@question.check(points=1)
def falls_over(student):
    \"\"\"Two numbers come.\"\"\"
    first, second = student.pair()
    same(first, 1)

@question.check(points=1)
def falls_over_again(student):
    \"\"\"Two other numbers come.\"\"\"
    first, second = student.pair()
    same(second, 1)
"""


@pytest.mark.parametrize("work", ["while True: held.append(bytes(1 << 20))", "while True: pass"])
def test_the_reference_in_the_students_place_is_limited(course, hand_in, bubblewrap, work: str) -> None:
    """A check that raises an error asks the reference in a sandbox, where an endless one ends at the limit."""
    (course / "assignments" / "small" / "assignment.py").write_text(ENDLESS)
    (course / "reference" / "small" / "hw.py").write_text(
        f"def pair():\n    ### BEGIN SOLUTION\n    held = []\n    {work}\n    ### END SOLUTION\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    report = grade(load(course, "small"), hand_in("def pair(): return None\n"), bubblewrap, None, RunOptions(seed="s"))
    after = resource.getrusage(resource.RUSAGE_SELF)

    assert report.verdicts == (Verdict.INTERNAL, Verdict.INTERNAL)
    assert "TypeError: cannot unpack non-iterable NoneType" in report.questions[0].checks[0].staff_message
    assert after.ru_utime - before.ru_utime < 2  # none of it was done in this process
    assert (after.ru_maxrss - before.ru_maxrss) / 1024 < 200


def test_an_endless_iterator_of_the_reference_is_drawn_to_a_limit(course, hand_in, bubblewrap) -> None:
    """A check that draws to the end what has none is at fault, and takes little memory to find out."""
    (course / "assignments" / "small" / "assignment.py").write_text(
        ENDLESS.replace("first, second = student.pair()", "second = list(reference.pair())").replace(
            "(student)", "(student, reference)"
        )
    )
    (course / "reference" / "small" / "hw.py").write_text(
        "def pair():\n    ### BEGIN SOLUTION\n    a, b = 0, 1\n    while True:\n        yield a\n"
        "        a, b = b, a + b\n    ### END SOLUTION\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = grade(load(course, "small"), hand_in("def pair(): return None\n"), bubblewrap, None, RunOptions(seed="s"))

    assert report.verdicts == (Verdict.INTERNAL, Verdict.INTERNAL)
    assert "MiB came out of one iterator" in report.questions[0].checks[0].staff_message
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 400


def dear_text(kib: int) -> str:
    """Python that takes its parser long: very many expressions in one text."""
    return "x = f'''" + "{1}\n" * (kib << 8) + "'''\n"


def notebook_of(*sources: str) -> bytes:
    """A notebook of code cells."""
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


RELEASED = Notebook((Cell("code", "def f():\n    raise NotImplementedError\n", role=Role("f", solution=True)),))


@pytest.fixture
def reader() -> Iterator[Reader]:
    """The process that reads notebooks."""
    with Reader() as started:
        yield started


def cpu_of_children() -> float:
    """Seconds of CPU time that ended child processes took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "sources",
    [(dear_text(200),), ("\n" * 15_000 + "a = 1",) * 60, (dear_text(30),) * 100],
    ids=["dear to parse", "dear to compare", "many of both"],
)
def test_a_notebook_that_is_dear_to_read_is_refused_in_bearable_time(sources: tuple[str, ...], reader: Reader) -> None:
    """It is read in a process of its own, which ends at a limit, and the sentence names the file."""
    reading, own = Reading(1), time.process_time()
    released = replace(
        RELEASED, cells=(*RELEASED.cells, Cell("code", "\n" * 15_000 + "b", role=Role("b", solution=True)))
    )
    with contextlib.suppress(StudentError):
        repaired(notebook_of(*sources), "hw.ipynb", released, reader, reading)

    assert reading.used < 4
    assert time.process_time() - own < 2


def test_the_sentence_about_a_notebook_that_is_dear_to_read(reader: Reader) -> None:
    """What a student reads says which file, and why."""
    text = "x = 1\n" * 10_000
    with pytest.raises(StudentError) as caught:
        repaired(notebook_of(*[text] * 400), "hw.ipynb", RELEASED, reader, Reading(1))

    assert caught.value.verdict == "FAILED"
    assert str(caught.value) == (
        "hw.ipynb cannot be read: that takes more than 1 s; write its code with shorter texts."
    )


def test_the_notebooks_of_a_submission_are_read_in_one_budget(reader: Reader) -> None:
    """What one of them took is not there for the next, and the sentence says so."""
    reading = Reading(1)
    with pytest.raises(StudentError):
        repaired(notebook_of(*["x = 1\n" * 10_000] * 400), "a.ipynb", RELEASED, reader, reading)
    before = reading.used
    with pytest.raises(StudentError) as caught:
        repaired(notebook_of("x = 1"), "b.ipynb", RELEASED, reader, reading)

    assert reading.used == before
    assert str(caught.value) == (
        "b.ipynb cannot be read: that takes more than 1 s, together with the notebooks before it; "
        "write its code with shorter texts."
    )


def test_a_notebook_of_much_memory_takes_none_here(reader: Reader) -> None:
    """The process that reads it has a limit of memory; the grader itself hardly grows."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.suppress(StudentError):
        repaired(notebook_of(*["x = [" + "1," * 400_000 + "]"] * 3), "hw.ipynb", RELEASED, reader, memory_mib=128)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_an_ordinary_notebook_is_repaired_as_it_would_be_here(reader: Reader) -> None:
    """The process gives back what `repair` gives, and the errors of `read`."""
    content = notebook_of("def f():\n    return 1\n", "f()")

    assert repaired(content, "hw.ipynb", RELEASED, reader) == repair(read(content, "hw.ipynb"), RELEASED)
    with pytest.raises(StudentError, match="hw.ipynb is no notebook") as caught:
        repaired(b"{}", "hw.ipynb", RELEASED, reader)
    assert caught.value.verdict == "FAILED"


def test_a_module_that_is_dear_to_parse_is_not_judged(tmp_path: Path) -> None:
    """`student.source_of` tries it in a process that can be ended, and says so in one sentence."""
    text = "x = f'''" + "{1}\n" * 50_000 + "'''\n"
    (tmp_path / "hw.py").write_text(text)
    before, own = cpu_of_children(), time.process_time()
    try:
        sources.read(tmp_path, ["hw.py"], ["hw.py"])
    except StudentError as error:
        assert str(error) == (
            "hw.py cannot be judged: to read it takes more than 2 s or 1024 MiB; "
            "write it with shorter texts and expressions."
        )
    assert cpu_of_children() - before < 4
    assert time.process_time() - own < 4


def test_reading_the_source_counts_in_the_time_of_the_question(tmp_path: Path, bubblewrap: Sandbox) -> None:
    """Every check that looks at a long module pays for it: the next call finds less time."""
    text = "def f(x):\n    return x\n" + "y = [1 + 2, 3 * 4, f(5)]\n" * 9_000
    (tmp_path / "hw.py").write_text(text)
    tmp_path.chmod(0o755)
    limits = Limits(wall_seconds=60)
    session = bubblewrap.open(Request(tmp_path, limits))
    student = RemoteStudent(session, interface_of({"hw.py": "def f(x):\n    return x\n"}), limits, folder=tmp_path)

    before = session.waited
    once = [student.source_of("f"), session.waited - before][1]
    twice = [student.source_of("f"), session.waited - before][1]
    session.close()

    assert once > 0.01  # a tenth of a second of processor time, in truth
    assert twice > once
