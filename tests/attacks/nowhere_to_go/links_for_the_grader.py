"""Leaves links and pipes in its folder, for a trusted process to follow.

Expect: FAILED, RAISED
Only: a_number
"""

import os


def answer(x):
    for number, target in enumerate(("/etc/shadow", "/proc/1/environ", "/", "../../..", "/dev/zero")):
        os.symlink(target, f"link{number}")
    os.mkfifo("pipe")
    os.mkdir("deep")
    os.chmod("deep", 0)
    path = "a"
    for _ in range(100):
        os.mkdir(path)
        path += "/a"
    return 0.0
