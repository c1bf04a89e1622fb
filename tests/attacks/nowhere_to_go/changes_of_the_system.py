"""Changes, removes and replaces Python, its packages and the system's files; its working folder is its own copy.

Expect: MISSING
"""

import os
import sys

import numpy

from kit import breach

for path in (
    numpy.__file__,
    sys.executable,
    os.__file__,
    "/usr/bin/env",
    "/etc/passwd",
):
    for call in (
        lambda: open(path, "a").close(),
        lambda: os.chmod(path, 0o777),
        lambda: os.utime(path),
        lambda: os.rename(path, path + "x"),
        lambda: os.chown(path, os.getuid(), os.getgid()),
    ):
        try:
            call()
        except OSError:
            continue
        breach(f"{path} can be changed")
