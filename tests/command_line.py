"""The command line, run as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(*arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `autograder` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "AUTOGRADER_SEED": "seed", **environ},
    )


def refused(done: subprocess.CompletedProcess[str], first: str, *more: str, code: int = 2) -> None:
    """The call was refused in one sentence on standard error that holds every part."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Error: ")
    for part in (first, *more):
        assert part in sentence
