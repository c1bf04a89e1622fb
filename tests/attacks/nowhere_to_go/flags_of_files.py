"""Sets flags of files by which their own user cannot remove or change them any more.

Expect: MISSING
"""

import ctypes
import fcntl
import os

from kit import breach, libc

FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION = 0x40086602, 0x40046602, 0x401C5820, 0x40087602
NODUMP = (0x40).to_bytes(8, "little")

open("own", "w").close()
os.mkdir("folder")
for path in ("own", "folder", ".", __file__, os.path.dirname(__file__)):
    descriptor = os.open(path, os.O_RDONLY)
    for request in (FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION):
        try:
            fcntl.ioctl(descriptor, request, NODUMP + bytes(20))
            breach(f"{request:#x} on {path}")
        except OSError:
            pass
        if libc.ioctl(descriptor, ctypes.c_ulong(1 << 32 | request), NODUMP + bytes(20)) == 0:
            breach(f"{request:#x} with high bits on {path}")
    attributes = ctypes.create_string_buffer(NODUMP + bytes(56))
    if libc.syscall(469, descriptor, b"", attributes, 32, 0x1000) == 0:
        breach(f"file_setattr on {path}")
