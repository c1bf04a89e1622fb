"""Makes the system calls by which sandboxes are left, with arguments that would work.

Expect: MISSING
"""

import ctypes
import errno
import os

from kit import GRADER, breach, libc

NULL = ctypes.c_void_p(0)
PAGE = ctypes.create_string_buffer(4096)
CALLS = {  # numbers of x86-64
    "ptrace": (101, 16, GRADER, 0, 0),
    "process_vm_readv": (310, GRADER, PAGE, 1, PAGE, 1, 0),
    "bpf": (321, 0, PAGE, 72),
    "perf_event_open": (298, PAGE, 0, -1, -1, 0),
    "kexec_load": (246, 0, 0, NULL, 0),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, b"user", b"x", b"y", 1, -3),
    "request_key": (249, b"user", b"x", NULL, -3),
    "userfaultfd": (323, 0),
    "io_uring_setup": (425, 8, PAGE),
    "mount": (165, b"none", b"/tmp", b"tmpfs", 0, NULL),
    "umount2": (166, b"/tmp", 2),
    "pivot_root": (155, b"/", b"/"),
    "chroot": (161, b"/tmp"),
    "unshare user": (272, 0x10000000),
    "unshare net": (272, 0x40000000),
    "setns": (308, 3, 0),
    "clone user": (56, 0x10000011, 0, 0, 0, 0),
    "clone pid": (56, 0x20000011, 0, 0, 0, 0),
    "open_by_handle_at": (304, -100, PAGE, 0),
    "init_module": (175, PAGE, 0, b""),
    "finit_module": (313, 3, b"", 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0x89ABCDEF, NULL),
    "swapon": (167, b"/tmp/x", 0),
    "sethostname": (170, b"x", 1),
    "settimeofday": (164, PAGE, NULL),
    "iopl": (172, 3),
    "quotactl": (179, 0, NULL, 0, NULL),
    "acct": (163, NULL),
    "pidfd_getfd": (438, 3, 0, 0),
    "open_tree": (428, -100, b"/", 1),
    "move_mount": (429, -100, b"/", -100, b"/", 0),
    "fsopen": (430, b"tmpfs", 0),
    "mount_setattr": (442, -100, b"/", 0, PAGE, 32),
    "fanotify_init": (300, 0, 0),
    "memfd_create": (319, b"x", 0),
    "shmget": (29, 0x77, 4096, 0o1666),
    "setuid": (105, 0),
    "setgid": (106, 0),
    "setgroups": (116, 0, NULL),
    "personality": (135, 0x0040000),
    "kcmp": (312, GRADER, GRADER, 0, 0, 0),
    "sync": (162,),
    "clone3": (435, PAGE, 64),
    "modify_ldt": (154, 1, PAGE, 16),
    "vmsplice": (278, 4, PAGE, 0, 0),
    "mq_open": (240, b"x", 66, 0o666, NULL),
}
DENIED = (errno.EPERM, errno.ENOSYS, errno.EACCES)

for name, (number, *arguments) in CALLS.items():
    if name in ("setuid", "setgid") and os.getuid() == 0:
        continue
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    if result == 0 and name.startswith("clone"):
        os._exit(0)
    if result >= 0:
        breach(f"{name} gave {result}")
    elif ctypes.get_errno() not in DENIED and name not in ("setuid", "setgid"):
        breach(f"{name} came as far as {errno.errorcode.get(ctypes.get_errno())}")
