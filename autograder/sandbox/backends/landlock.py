"""Landlock and the system call filter alone, where namespaces are not allowed."""

from __future__ import annotations

import sys

from autograder.isolation import landlock
from autograder.isolation.seccomp import compile_filter
from autograder.sandbox.base import Isolation

__all__ = ["ISOLATION", "why_not"]

ISOLATION = Isolation(landlock=True)


def why_not(_image: str = "") -> str:
    """Why it is not available on this machine, in a few words; "" when it is."""
    if not sys.platform.startswith("linux"):
        return "it needs Linux"
    if landlock.abi() == 0:
        return "this kernel does not offer it (Linux 5.13 or later, with landlock among its security modules)"
    try:
        compile_filter(landlocked=landlock.abi())
    except (ImportError, OSError, RuntimeError):
        return "libseccomp is missing; install it (Debian: libseccomp2)"
    return ""
