"""Sends datagrams from a pair of sockets to sockets of the host, which have names.

Expect: MISSING
"""

import socket

from kit import SOCKET

for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
    try:
        one, other = socket.socketpair(socket.AF_UNIX, kind)
    except OSError:
        continue
    for path in (SOCKET + ".datagrams", "/dev/log", "/run/systemd/notify"):
        try:
            one.sendto(b"hidden inputs", path)  # whoever listens there tells whether it came
        except OSError:
            pass
