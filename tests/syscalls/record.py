"""Write `recorded.txt`: which system calls each of the workloads makes, as strace sees them.

    python tests/syscalls/record.py [--workload NAME]    (needs strace 5.4 or later: apt-get install strace)

Each workload runs in a fresh Python and an empty folder under ``strace -f -X raw``. A line of the record is a
workload, a call and, for those whose meaning depends on it, the argument that a filter can look at, in hexadecimal.
Running it again adds what is new: another machine, library or processor takes other ways, and none is forgotten.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
RECORD = HERE / "recorded.txt"
BY_ARGUMENT = {"fcntl": 1, "ioctl": 1, "prctl": 0, "clone": None, "socket": 0, "socketpair": 0, "prlimit64": 0}
"""Which argument is recorded beside the name. The flags of clone are found by their name."""
_CALL = re.compile(r"^\d+\s+(?:<\.\.\. )?([a-z_0-9]+)\((.*)$")
_HEAD = """\
# System calls of ordinary submissions; `python tests/syscalls/record.py` adds to it (strace -f -X raw).
# workload call [argument that a filter looks at]
"""


def recorded_calls(trace: str) -> set[str]:
    """Calls in the output of strace, each as ``name`` or ``name argument``."""
    found = set()
    for line in trace.splitlines():
        match = _CALL.match(line)
        if not match or "= -1 ENOSYS" in line:
            continue
        name, rest = match.groups()
        if name not in BY_ARGUMENT:
            found.add(name)
            continue
        place = BY_ARGUMENT[name]
        flags = re.search(r"flags=(0x[0-9a-f]+|\d+)", rest)
        text = flags.group(1) if flags else re.split(r", |\)| ", rest)[place or 0]
        found.add(f"{name} {int(text, 0):#x}")
    return found


def main() -> None:
    """Record."""
    sys.path.insert(0, str(HERE))
    from workloads import WORKLOADS

    parser = argparse.ArgumentParser()
    parser.add_argument("--workload", choices=WORKLOADS)
    expected = parser.parse_args().workload
    lines = set(RECORD.read_text().splitlines()) if RECORD.exists() else set()
    lines = {line for line in lines if line and not line.startswith("#")}
    for name in [expected] if expected else WORKLOADS:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder, "trace")
            command = [sys.executable, str(HERE / "workloads.py"), name]
            subprocess.run(["strace", "-f", "-X", "raw", "-o", str(trace), *command], check=True, cwd=folder)
            lines |= {f"{name} {call}" for call in recorded_calls(trace.read_text(errors="replace"))}
    RECORD.write_text(_HEAD + "".join(f"{line}\n" for line in sorted(lines)))


if __name__ == "__main__":
    main()
