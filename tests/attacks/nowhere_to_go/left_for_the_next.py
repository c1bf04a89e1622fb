"""Leaves something for the next submission wherever it can write, and looks for what the last one left.

Expect: CRASHED
"""

import os

from kit import TOKEN, breach, libc

PLACES = [".", "/tmp", "/var/tmp", "/dev/shm", "/run", os.environ["HOME"], os.environ.get("TMPDIR", "."), ".."]


def answer(x):
    os._exit(1)


NAMES = (".left-behind", "sitecustomize.py", "__pycache__/left")
paths = [os.path.join(place, name) for place in PLACES for name in NAMES]
for path in paths:
    if os.path.exists(path):
        breach(f"{path} is still there")
for path in paths:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(TOKEN)
    except OSError:
        pass
if libc.shmget(0x1EF7, 4096, 0) >= 0 or libc.semget(0x1EF7, 1, 0) >= 0 or libc.msgget(0x1EF7, 0) >= 0:
    breach("a System V object is still there")
for make in (
    lambda: libc.shmget(0x1EF7, 4096, 0o1666),
    lambda: libc.semget(0x1EF7, 1, 0o1666),
    lambda: libc.msgget(0x1EF7, 0o1666),
):
    if make() >= 0:
        breach("a System V object was made")


def word(number):
    os._exit(1)


classify = word


class Model:
    __init__ = lambda self, start: os._exit(1)
