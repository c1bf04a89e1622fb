"""Searches every object, frame and module of its interpreter for the course."""

import gc
import sys

from kit import breach, look_for_secrets

FORBIDDEN = (
    "autograder.grading",
    "autograder.loader",
    "autograder.store",
    "autograder.grading.batch",
    "autograder.checks.compare",
    "autograder.remote",
    "autograder.course",
    "assignment",
)


def answer(x):
    for name in FORBIDDEN:
        if name in sys.modules:
            breach(f"module {name} is loaded inside")
    frame = sys._getframe()
    while frame:
        for where in (frame.f_locals, {} if frame.f_globals is globals() else frame.f_globals):
            for name, value in list(where.items()):
                if type(value) in (str, bytes, dict, list, tuple):
                    look_for_secrets(value, f"frame {frame.f_code.co_name}: {name}")
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is dict and "SEED" in thing:
            breach("a dictionary with a seed")
    return 0.0
