"""Run a command as an ordinary user, for root: nothing of root's may help it, and Python must still be in its reach."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

__all__ = ["as_ordinary_user", "why_not_ordinary_user"]

_USER = 65534


def why_not_ordinary_user() -> str:
    """Why this process cannot play an ordinary user; "" when it can."""
    if os.geteuid() != 0:
        return "it is none other than an ordinary user already"
    return "" if _tools() else "unshare or setpriv is missing (util-linux)"


def as_ordinary_user(command: list[str], home: str) -> list[str]:
    """The command that runs another as user 65534, without groups, with `home` as its home.

    Python may be in a folder that only root may enter, such as /root. In a mount namespace of its own, such folders
    are replaced by ones that hold nothing but the way to what is needed.
    """
    os.chown(home, _USER, _USER)
    os.chmod(home, 0o755)
    lines = ["set -e", "mount --make-rprivate /"]
    needed = [Path(sys.prefix), Path(sys.base_prefix), Path(__file__).resolve().parents[1]]
    for number, path in enumerate(dict.fromkeys(path.resolve() for path in needed)):
        closed = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
        if closed:
            stored = f"{home}/kept{number}"
            lines += [f"mkdir -p {shlex.quote(stored)}", f"mount --bind {shlex.quote(str(path))} {shlex.quote(stored)}"]
            lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(closed[0]))}"]
            lines += [f"mkdir -p {shlex.quote(str(path))}"]
            lines += [f"mount --bind {shlex.quote(stored)} {shlex.quote(str(path))}"]
    environment = [f"HOME={home}", f"XDG_CACHE_HOME={home}", f"TMPDIR={home}", f"PATH={os.environ['PATH']}"]
    become = ["setpriv", "--reuid", str(_USER), "--regid", str(_USER), "--clear-groups", "env", "-i", *environment]
    lines.append("exec " + shlex.join([*become, *command]))
    return ["unshare", "--mount", "sh", "-c", "\n".join(lines)]


def _tools() -> bool:
    return all(any(Path(folder, name).exists() for folder in os.get_exec_path()) for name in ("unshare", "setpriv"))
