"""Makes system calls by the doors for 32-bit programs, which a filter for 64 bits may not watch.

Expect: CRASHED, MISSING
Variants: 2
"""

import ctypes
import mmap

from kit import VARIANT, breach, libc

if VARIANT == 0:  # int 0x80 with eax = 20, getpid
    page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    if call() > 0:
        breach("the 32-bit door is open")
elif libc.syscall(0x40000000 | 39) > 0:  # getpid by its x32 number
    breach("the x32 door is open")
