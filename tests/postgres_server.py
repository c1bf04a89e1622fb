"""A PostgreSQL server of Debian's packages in a temporary folder, on a Unix socket, for tests of the store."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["postgres_server", "why_no_postgres"]


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl: Debian keeps them off PATH, one folder for each version."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    return Path(on_path).parent if on_path else found[-1].parent if found else None


def why_no_postgres() -> str:
    """Why there are no tests with a server here, or ""."""
    if _programs() is None:
        return "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "PostgreSQL refuses to run as root, and setpriv (util-linux) is missing"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed; pip install 'autograder-ml[postgresql]'"
    return ""


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server; gives the beginning of its addresses, to which the name of a database is put by `database_at`."""
    programs = _programs()
    assert programs is not None
    as_user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:  # a socket's path may have 107 characters
        if as_user:
            os.chown(folder, 65534, 65534)
        data = Path(folder) / "data"
        options = f"-c listen_addresses='' -k {folder} -c fsync=off -c max_connections=40 -c shared_buffers=16MB"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": folder}
        control = [*as_user, str(programs / "pg_ctl"), "-D", str(data), "-w"]

        def run(*command: str) -> None:
            with open(Path(folder) / "said", "ab") as said:
                subprocess.run(command, cwd=folder, env=environment, stdout=said, stderr=said, check=True)

        run(
            *as_user,
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "grader",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        )
        run(*control, "-o", options, "-l", f"{folder}/log", "start")
        try:
            yield folder
        finally:
            run(*control, "-m", "immediate", "stop")
