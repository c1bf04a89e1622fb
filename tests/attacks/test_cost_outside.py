"""What a submission makes the grader do outside has limits: memory and time of reading its answers and its files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

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
