"""Searches all memory that it got from the warm process for secrets."""

import re

from kit import breach

SIGN = re.compile(b"(SEED|CHECK|REFERENCE|GRADEBOOK|LABELS|ENVIRONMENT)-CAN" + b"ARY-[0-9a-f]{4}")


def answer(x):
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights, _, _, inode = line.split()[:5]
            if rights.startswith("rw") and inode == "0":
                start, end = (int(part, 16) for part in span.split("-"))
                memory.seek(start)
                try:
                    found = SIGN.search(memory.read(end - start))
                except OSError:
                    continue
                if found:
                    breach(f"{found.group()} in memory at {start:x}")
    return 0.0
