"""What a submission makes the grader do outside has limits: memory and time of reading its answers and its files."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.loading import load
from autograder.model import Verdict
from autograder.running import RunOptions, grade
from autograder.sandbox import why_not

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
from autograder.errors import StudentError
from autograder.loading import interface_of
from autograder.model import Limits
from autograder.sandbox import Request, start
from autograder.student.remote import RemoteStudent

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
    told = json.loads(done.stdout)

    assert told["said"] == "An answer out of turn came back from `answer`."
    assert told["mib"] < 400


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
    """A check that falls over an answer asks the reference in a sandbox, where an endless one ends at the limit."""
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
    """A check that draws to its end what has none is at fault, and takes little memory to find out."""
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
