"""Takes leases on files, so that whoever opens them must wait, and asks to be signalled about what others do to them.

Expect: MISSING
"""

import fcntl
import os

from kit import breach

F_SETLEASE, F_NOTIFY, F_SETSIG, F_SETOWN_EX = 1024, 1026, 10, 15

with open("own", "w") as file:
    file.write("x")
for path in ("own", __file__, os.path.join(os.path.dirname(__file__), "kit.py"), os.__file__, "/usr/bin/env"):
    for flags, kind in ((os.O_RDONLY, fcntl.F_RDLCK), (os.O_RDWR, fcntl.F_WRLCK)):
        try:
            descriptor = os.open(path, flags)
        except OSError:
            continue
        for what, command, value in (
            ("lease", F_SETLEASE, kind),
            ("signal of a lease", F_SETSIG, 9),
            ("owner of a file's signals", fcntl.F_SETOWN, os.getpid()),
            ("owner of a file's signals", F_SETOWN_EX, bytes(8)),
        ):
            try:
                fcntl.fcntl(descriptor, command, value)
                breach(f"{what}: {path}")
            except OSError:
                pass
for folder in (".", os.path.dirname(__file__), "/usr/lib"):
    try:
        fcntl.fcntl(os.open(folder, os.O_RDONLY), F_NOTIFY, 0x8000003F)
        breach(f"notices of {folder}")
    except OSError:
        pass
