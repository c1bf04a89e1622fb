"""Looks for the reference's source in everything that a replaced part consists of and returns.

Target: substitution
Expect: FAILED
"""

import gc
import inspect
import traceback

from kit import look_for_secrets


def answer(x):
    return 0.0


def table(n):
    return []


def total(x):
    for value in ("text", None, [], {"a": 1}):
        try:
            look_for_secrets(table(value), "an answer")
            answer(value)
        except Exception as error:
            look_for_secrets("".join(traceback.format_exception(error)), "an error")
            for frame, _ in traceback.walk_tb(error.__traceback__):
                look_for_secrets(repr(frame.f_locals) + repr(frame.f_globals)[:100_000], "a frame")
    for part in (answer, table):
        look_for_secrets(repr(vars(part)) + repr(part.__kwdefaults__) + repr(part.__code__.co_consts), "a part")
        for value in vars(part.__kwdefaults__["_part"].carrying).values() if part.__kwdefaults__ else ():
            look_for_secrets(repr(value), "what carries it")
        try:
            look_for_secrets(inspect.getsource(part), "its source")
        except OSError:
            pass
    for each in gc.get_objects():
        if type(each) in (str, bytes, dict, tuple):
            look_for_secrets(repr(each)[:2000], "memory")
    return 0.0
