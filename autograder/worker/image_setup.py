"""Runs once, inside an image that is being built: install what is missing, import everything, write the start program.

Only the standard library is there yet. What to install and to import lies beside it (`autograder.sandbox.image`).
"""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import subprocess
import sys
from pathlib import Path

__all__ = ["main"]

_WARM = "import importlib, sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(m) for m in sys.argv[2:]]"
_SERVE = "import sys; sys.path.insert(0, '/opt/autograder'); from autograder.worker.standalone import main; main()"
_START = """#!/bin/sh
threads=$1
shift
exec /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp/home USER=student LOGNAME=student LANG=C.UTF-8 \\
    PYTHONHASHSEED=0 MPLBACKEND=Agg MPLCONFIGDIR=/tmp/home/.matplotlib OMP_NUM_THREADS="$threads" \\
    OPENBLAS_NUM_THREADS="$threads" MKL_NUM_THREADS="$threads" NUMEXPR_NUM_THREADS="$threads" \\
    {python} -s -P -B -c "{program}" "$@"
"""


def main(here: Path) -> None:
    """Prepare the folder `here`, which becomes a part of the image."""
    expected = (here / "requirements.txt").read_text().split()
    modules = (here / "modules.txt").read_text().split()
    if missing := [each for each in expected if not _present(each)]:
        options = ["--no-cache-dir", "--disable-pip-version-check", *shlex.split(os.environ.get("PIP", ""))]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, *missing], check=True)
    # Imported now, modules are compiled and matplotlib knows its fonts: containers cannot write that down.
    cache = here / "cache"
    cache.mkdir()
    environment = {**os.environ, "MPLCONFIGDIR": str(cache), "MPLBACKEND": "Agg"}
    command = [sys.executable, "-c", _WARM, str(here), *modules, "autograder.worker.standalone"]
    subprocess.run(command, check=True, env=environment)
    (here / "start").write_text(_START.format(python=shlex.quote(sys.executable), program=_SERVE))
    for path in (here, *here.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.name == "start" else 0o644)
    Path("/tmp").chmod(0o1777)  # noqa: S108  (some runtimes give a mounted /tmp the mode of the one below)
    Path(__file__).unlink()


def _present(requirement: str) -> bool:
    name, _, version = requirement.partition("==")
    try:
        return importlib.metadata.version(name) == version
    except importlib.metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    main(Path(__file__).parent)
