"""What a notebook handout imports: `check` tests a question as it is now, `hint` gives one step of help.

Both show their answer below the cell, in Jupyter, VS Code and Colab. Where a notebook is only run, as when it is graded
or when pytest reads it from its file, they do nothing.
"""

from __future__ import annotations

import sys

from .local.live_tests import Hints, LiveTests, Verdicts

__all__ = ["check", "hint"]

_HERE = LiveTests.beside(__file__)


def check(*questions: str) -> Verdicts | None:
    """The verdicts of the public tests of some questions, or of all of them, on what the cells have defined.

    Args:
        questions: such as ``"a"``.
    """
    return _HERE.check(questions, sys._getframe(1).f_globals)


def hint(question: str | None = None) -> Hints | None:
    """The instructor's hints to a question: the first one, and one more with each call."""
    return _HERE.hint(question, sys._getframe(1).f_globals)
