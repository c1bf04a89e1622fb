"""What a submission can reach of the cluster that grades it: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder import sandbox
from autograder.cluster.keys import make_keys
from autograder.cluster.part import Part
from autograder.cluster.processes import LOCAL, Processes, free_port
from autograder.results import Limits
from autograder.sandbox import Request
from autograder.wire import decode, encode

REACHING = """
import os, socket

def answer(port, key):
    found = []
    for host in ("127.0.0.1", "localhost", "0.0.0.0"):
        try:
            socket.create_connection((host, port), timeout=2).close()
            found.append(host)
        except OSError:
            pass
    try:
        open(key).close()
        found.append(key)
    except OSError:
        pass
    return found + [name for name in os.environ if "CLUSTER" in name.upper() or "KEY" in name.upper()]
"""


@pytest.mark.long
def test_a_submission_reaches_neither_scheduler_nor_key(tmp_path: Path) -> None:
    """On the machine of a scheduler that listens, a submission cannot connect to it, and cannot read the key."""
    if reason := sandbox.why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    keys, port, folder = tmp_path / "keys", free_port(), tmp_path / "handed-in"
    make_keys(keys)
    folder.mkdir()
    for path in (tmp_path, folder):
        path.chmod(0o755)
    (folder / "hw.py").write_text(REACHING)
    with Processes([Part("scheduler", str(keys), LOCAL, port)]), sandbox.start("bubblewrap", preload=()) as server:
        _wait_for(port)
        session = server.open(Request(folder, Limits()))
        said = decode(session.exchange(encode(("call", "hw", "answer", (port, str(keys / "cluster-key.pem")), {}))))
        session.close()
    assert said[0] == "value", said
    assert said[1] == []


def _wait_for(port: int) -> None:
    """Until somebody listens, whom this process can reach."""
    import socket
    import time

    end = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection((LOCAL, port), timeout=2).close()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)
