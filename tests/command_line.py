"""The command line, run as people run it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from warm_command import call, may_be_warm

from autograder.cli import main

_SECONDS = 120


def run(*arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `autograder` in a folder, in a process of its own."""
    words = [*map(str, arguments)]
    variables = {**os.environ, "AUTOGRADER_SEED": "seed", **environ}
    if may_be_warm(environ):
        return subprocess.CompletedProcess(["autograder", *words], *call(words, cwd, variables, _SECONDS))
    return subprocess.run(
        [sys.executable, "-m", "autograder", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
        env=variables,
    )


def run_here(*arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which takes a tenth of the time: for calls that end before anything is started."""
    said, complained = io.StringIO(), io.StringIO()
    words = ["autograder", *map(str, arguments)]
    with (
        contextlib.chdir(cwd),
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, {"AUTOGRADER_SEED": "seed", **environ}),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return subprocess.CompletedProcess(words, code, said.getvalue(), complained.getvalue())


def refused(done: subprocess.CompletedProcess[str], first: str, *more: str, code: int = 2) -> None:
    """The call was refused in one sentence on standard error that holds every part."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Error: ")
    for part in (first, *more):
        assert part in sentence
