"""A test that never ends costs itself, and not the whole run: the process that runs it is ended, with a traceback.

A thread beside a test would be seen by what counts threads before it forks, and a child by what counts children. So a
shell of its own, whose parent is gone, looks whether the process has begun another test since it looked last.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

__all__ = ["HangGuard"]

_WATCH = """
( seen=; count=0
while kill -0 {pid} 2> /dev/null && [ -e '{file}' ]; do
    sleep {pause}
    now=$(cat '{file}' 2> /dev/null)
    if [ "$now" = "$seen" ]; then count=$((count + 1)); else seen=$now; count=0; fi
    if [ "$count" -ge {most} ]; then kill -ABRT {pid}; break; fi
done
rm -f '{file}' ) > /dev/null 2>&1 &
"""


class HangGuard:
    """Ends this process by SIGABRT, for which pytest prints a traceback, where one test takes too long.

    Args:
        looks: how often the same test may be seen.
        pause: seconds between two looks, as the shell's clock counts them while the machine is awake.
    """

    def __init__(self, looks: int = 120, pause: float = 10) -> None:
        descriptor, name = tempfile.mkstemp(prefix="autograder-test-")
        os.close(descriptor)
        self._file, self._number = Path(name), 0
        script = _WATCH.format(pid=os.getpid(), file=name, pause=pause, most=looks)
        subprocess.run(["sh", "-c", script], check=True, start_new_session=True, stdin=subprocess.DEVNULL)

    def begins(self) -> None:
        """Another test begins."""
        self._number += 1
        self._file.write_text(f"{self._number}")

    def ends(self) -> None:
        """No test begins any more."""
        self._file.unlink(missing_ok=True)
