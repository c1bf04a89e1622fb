"""The guard of test runs ends a process whose test never ends, and no other."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
from hang_guard import HangGuard
guard = HangGuard(looks=3, pause=0.05)
for _ in range(5):
    guard.begins()
    time.sleep(0.05)
{rest}
"""


def run(rest: str) -> int:
    """The exit code of a process that is guarded."""
    program = PROGRAM.format(tests=str(TESTS), rest=rest)
    return subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode


def test_a_process_that_stays_in_one_test_is_ended() -> None:
    """By the signal for which pytest prints where it stands."""
    assert run("time.sleep(60)") == -signal.SIGABRT


def test_a_process_that_is_done_is_left_alone() -> None:
    """What comes after the last test may take its time."""
    assert run("guard.ends(); time.sleep(0.6)") == 0
