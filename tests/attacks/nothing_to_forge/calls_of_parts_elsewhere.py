"""Calls a replaced part where nothing is replaced, and from a thread between two requests.

Target: substitution
Only: alone
Expect: CRASHED
Says: An answer out of turn came back
Variants: 2
"""

import os
import threading
import time

from autograder.wire import decode, encode
from autograder.worker.pipes import read_frame
from kit import VARIANT, breach

CALL = b"".join(bytes(part) for part in encode(("outward", "answer", None, (1.5,), {})))


def ask():
    os.write(4, CALL)
    said = decode(read_frame(3))
    if said[0] == "inward":
        breach(f"the reference said {said[1]!r}")
    return 0.0


def between():
    time.sleep(0.05)
    ask()


def answer(x):
    return ask()


if VARIANT:
    threading.Thread(target=between, daemon=True).start()
    time.sleep(0.3)
