"""Asks the reference for what it does not replace: other parts, objects, modules, in forms of its own.

Target: substitution
Expect: CRASHED
Says: An answer out of turn came back
Variants: 8
"""

import os

from autograder.checks.rows import Handle
from autograder.wire import decode, encode
from autograder.worker.pipes import read_frame
from kit import VARIANT, breach

CALLS = [
    ("outward", "total", None, (1.5,), {}),
    ("outward", "os.system", None, ("true",), {}),
    ("outward", "__init__", None, (), {}),
    ("outward", "table", None, (Handle(1, "object"),), {}),
    ("outward", "answer.__globals__", None, (), {}),
    ("outward", "table", {"__class__": 1}, (), {3: 4}),
    ("inward", 1.0, {}),
    ("behave", "hw", "", "total", None, (1.5,), {}),
]


def forge():
    frame = CALLS[VARIANT]
    if VARIANT == 7:
        frame = ("sequence", [frame, frame])
    os.write(4, b"".join(bytes(part) for part in encode(frame)))
    said = decode(read_frame(3))
    if said[0] == "inward":
        breach(f"the reference said {said[1]!r}")
    return said[1]



def answer(x):
    return forge()


def table(n):
    return forge()


def total(x):
    return forge()
