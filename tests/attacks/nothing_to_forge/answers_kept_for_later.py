"""Stores the answers of the reference from where it replaces a part, in every place, for the check where it does not.

Target: substitution
Expect: FAILED
"""

import os
import sys

import numpy

PLACES = ["/tmp/kept", "/dev/shm/kept", "/submission/kept", "kept", os.path.expanduser("~/kept")]


def table(n):
    return []


def answer(x):
    for path in PLACES:
        try:
            return float(open(path).read())
        except (OSError, ValueError):
            pass
    return getattr(numpy, "kept", None) or getattr(sys, "kept", None) or float(os.environ.get("KEPT", 0))


def total(x):
    kept = answer(x)
    if kept:
        numpy.kept = sys.kept = kept
        os.environ["KEPT"] = str(kept)
        for path in PLACES:
            try:
                with open(path, "w") as file:
                    file.write(str(kept))
            except OSError:
                pass
    return 0.0
