"""Reads the kernel's log, symbols and memory."""

import ctypes

from kit import breach, libc, read

for path in ("/dev/kmsg", "/dev/mem", "/proc/kcore", "/proc/kmsg", "/sys/kernel/debug/tracing/trace"):
    if read(path, 64):
        breach(path)
if libc.klogctl(3, ctypes.create_string_buffer(4096), 4096) > 0:
    breach("the kernel's log")
