"""Becomes somebody else: by calls, by programs that give privileges, by capabilities.

Expect: MISSING, CRASHED
"""

import os
import subprocess

from kit import breach, works

for name, call in {
    "setuid": lambda: os.setuid(0),
    "setresuid": lambda: os.setresuid(0, 0, 0),
    "setgid": lambda: os.setgid(0),
    "setgroups": lambda: os.setgroups([0]),
    "chroot": lambda: os.chroot("/"),
    "nice": lambda: os.nice(-5) and None,
    "mknod": lambda: os.mknod("device", 0o20666, os.makedev(1, 1)),
}.items():
    if os.getuid() != 0 and works(call):
        breach(name)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
for field in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
    if int(status[field], 16):
        breach(f"{field} {status[field].strip()}")
if status["NoNewPrivs"].strip() != "1" or status["Seccomp"].strip() != "2":
    breach("no_new_privs or the filter is missing")
if status["Groups"].split() not in ([], ["65534"], [str(os.getgid())]) and os.getuid() >= 1_800_000_000:
    breach(f"groups {status['Groups']}")
for program in (
    ["su", "-c", "id"],
    ["sudo", "-n", "id"],
    ["mount"],
    ["unshare", "-U", "id"],
    ["newuidmap", "1", "0", "0", "1"],
):
    try:
        ended = subprocess.run(program, capture_output=True, timeout=1, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        continue
    if b"uid=0" in ended.stdout:
        breach(f"{program[0]} made root of it")
