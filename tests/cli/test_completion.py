"""Shell completion: verbs, options, and the names of assignments and sandboxes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_course import make_course

from autograder.formats.exporters import EXPORTERS

PROGRAM = Path(sys.executable).parent / "autograder"


def completed(line: str, cwd: Path) -> list[str]:
    """What bash offers behind a line of the command line."""
    words = line.split(" ")
    asked = {"_AUTOGRADER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [PROGRAM], cwd=cwd, env={**os.environ, **asked}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("autograder ca", ["calibrate"]),
        ("autograder export ", ["nbgrader", "html", *EXPORTERS]),
        ("autograder grade ", ["tiny"]),
        ("autograder validate ti", ["tiny"]),
        ("autograder validate x", []),
        ("autograder grade tiny --sandbox b", ["bubblewrap"]),
        ("autograder grade tiny --stu", ["--students"]),
        ("autograder collect x --assignment t", ["tiny"]),
        ("autograder collect x --assignment ", ["tiny"]),
        ("autograder release tiny-", ["tiny-notebook"]),
        ("autograder release ti", ["tiny"]),
        ("autograder data fetch m", ["mnist"]),
        ("autograder courses x --platform ", ["canvas", "moodle"]),
        ("autograder push x --o", ["--overwrite"]),
        ("autograder total h", ["hw1"]),
        ("autograder total x", []),
    ],
)
def test_words_are_completed(tmp_path: Path, line: str, offered: list[str]) -> None:
    """Verbs by their beginning, assignments of the course in which one is, sandboxes and options."""
    root = make_course(tmp_path / "course")
    with (root / "grader_config.py").open("a") as file:
        file.write("\nSETS = [HomeworkSet(id='hw1', title='One', assignments=('tiny',), cap=10)]\nraise SystemExit\n")
    assert completed(line, root / "reference") == offered


def test_outside_of_a_course_there_are_no_names(tmp_path: Path) -> None:
    """And no error either; a course that is named in the call counts."""
    root = make_course(tmp_path / "course")
    assert completed("autograder grade ", tmp_path) == []
    assert completed(f"autograder grade --course {root} ", tmp_path) == ["tiny"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed here")
def test_a_shell_that_reads_the_script_completes(tmp_path: Path) -> None:
    """What `--show-completion` prints, bash takes as it is."""
    root = make_course(tmp_path / "course")
    script = f"""
export PATH={PROGRAM.parent}:$PATH
source <(autograder --show-completion)
COMP_WORDS=(autograder calibrate t) COMP_CWORD=2
_autograder_completion autograder
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("tiny\n", "")
