"""Opens every device that it finds.

Expect: MISSING
"""

import fcntl
import os

from kit import breach

PLAIN = {
    "null",
    "zero",
    "full",
    "random",
    "urandom",
    "tty",
    "ptmx",
    "pts",
    "shm",
    "fd",
    "stdin",
    "stdout",
    "stderr",
    "core",
    "console",
    "mqueue",
}
try:
    names = set(os.listdir("/dev"))
except OSError:
    names = set()
for name in names | {
    "mem",
    "kmem",
    "port",
    "sda",
    "vda",
    "loop0",
    "kvm",
    "fuse",
    "net/tun",
    "mapper/control",
    "kmsg",
    "tty0",
    "uinput",
}:
    if name in PLAIN:
        continue
    for mode in (os.O_RDONLY, os.O_WRONLY):
        try:
            descriptor = os.open(f"/dev/{name}", mode | os.O_NONBLOCK)
        except OSError:
            continue
        breach(f"/dev/{name}")
        os.close(descriptor)
for number in (0, 1, 2):
    try:
        fcntl.ioctl(number, 0x5412, b"x")
        breach("keys put into a terminal")
    except OSError:
        pass
try:
    os.open("/dev/tty", os.O_RDWR)
    breach("the terminal of the grader")
except OSError:
    pass
