"""Bubblewrap: namespaces with file systems of their own; the strongest of all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from autograder.sandbox.base import Isolation

__all__ = ["ADVICE", "ISOLATION", "why_not"]

ISOLATION = Isolation(mounts=True)
ADVICE = "apt-get install bubblewrap (or your system's package of that name)"
_INSTALL = "install it with your system's packages, for example: apt-get install bubblewrap"


def why_not(_image: str = "") -> str:
    """Why it is not available on this machine, in a few words; "" when it is. Found by trying."""
    if not sys.platform.startswith("linux"):
        return "it needs Linux"
    if shutil.which("bwrap") is None:
        return f"the program bwrap is missing; {_INSTALL}"
    user = [] if os.geteuid() == 0 else ["--unshare-user"]
    spaces = ["--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    tried = subprocess.run(["bwrap", *user, *spaces, "true"], capture_output=True, text=True, check=False, timeout=30)
    return tried.stderr.strip() if tried.returncode else ""
