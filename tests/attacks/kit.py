"""The attackers' tools; a copy is beside every attack. `where` tells what an attacker who has read everything knows."""

import ctypes
import os
import sys

from where import FOLDERS, GRADER, PORT, SECRETS, SOCKET, TOKEN, VARIANT  # noqa: F401  (attacks take them from here)

_SIGN = "CA" + "NARY"
libc = ctypes.CDLL(None, use_errno=True)


def breach(what):
    """Say that something worked that must not; whoever judges reads the output."""
    os.write(1, f"\nBREACH {what}\n".encode(errors="replace"))


def look_for_secrets(text, where):
    """Say so if a text holds one of the secrets."""
    text = text if isinstance(text, str) else repr(text)
    at = text.find(_SIGN)
    if at >= 0:
        breach(f"secret in {where}: {text[max(0, at - 20) : at + 20]!r}")


def read(path, most=1 << 22):
    """The beginning of a file as text; "" where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    try:
        return os.read(descriptor, most).decode("latin-1")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def mark(folder):
    """Try to leave a file."""
    try:
        with open(os.path.join(folder, TOKEN), "w") as file:
            file.write(TOKEN)
    except OSError:
        return False
    return True


def linger(seconds=4321):
    """Stay, under a name by which a survivor is found, with every signal that can be ignored ignored."""
    import signal
    import time

    libc.prctl(15, TOKEN[:15].encode(), 0, 0, 0)
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_IGN)
            except OSError:
                pass
    time.sleep(seconds)


def works(call):
    """Whether a call raises nothing and gives something true or 0."""
    try:
        result = call()
    except BaseException:
        return False
    return result is None or result == 0 or bool(result)


def main_module():
    """The module of the worker, by whatever name it runs."""
    return sys.modules.get("autograder.worker.serve")
