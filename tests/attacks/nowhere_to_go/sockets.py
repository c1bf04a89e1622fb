"""Connects to sockets of the host by every family that there is.

Expect: MISSING
"""

import os
import socket

from kit import PORT, SOCKET, TOKEN, breach

HOSTS = ("127.0.0.1", "localhost", "0.0.0.0", "::1", "10.0.0.1", "169.254.169.254", "8.8.8.8")


def attempt(name, family, kind, *addresses, protocol=0):
    for address in addresses:
        try:
            with socket.socket(family, kind, protocol) as way:
                way.settimeout(0.05)
                way.connect(address)
                breach(f"{name}: {address!r}")
        except (OSError, ValueError, TypeError):
            pass


attempt("tcp", socket.AF_INET, socket.SOCK_STREAM, *((host, port) for host in HOSTS for port in (PORT, 22, 80, 443)))
attempt("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", PORT), ("::ffff:127.0.0.1", PORT))
attempt("udp", socket.AF_INET, socket.SOCK_DGRAM, *((host, 53) for host in HOSTS))
attempt(
    "unix",
    socket.AF_UNIX,
    socket.SOCK_STREAM,
    SOCKET,
    f"/proc/1/root{SOCKET}",
    f"\0{TOKEN}",
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
)
attempt("netlink", socket.AF_NETLINK, socket.SOCK_RAW, (0, 0))
attempt("packet", socket.AF_PACKET, socket.SOCK_RAW, ("lo", 0))
attempt("raw", socket.AF_INET, socket.SOCK_RAW, ("127.0.0.1", 0), protocol=1)
attempt("vsock", getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM, (2, 22))
attempt("kernel crypto", getattr(socket, "AF_ALG", 38), socket.SOCK_SEQPACKET, ("hash", "sha256"))
attempt("bluetooth", 31, socket.SOCK_STREAM, ("00:00:00:00:00:00", 1))
try:
    socket.create_server(("127.0.0.1", 0)).close()
    breach("a server of its own")
except OSError:
    pass
try:
    socket.getaddrinfo("example.org", 80)
    breach("names are resolved")
except OSError:
    pass
