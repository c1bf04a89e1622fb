"""A real Slurm on this machine, from the system's packages: one controller, one node, a key of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from autograder.cluster.processes import LOCAL, free_port

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
BEGIN_SECONDS = 30.0


class CannotStart(Exception):
    """Slurm cannot be started here; the text says why."""


@contextmanager
def slurm_site(folder: Path) -> Iterator[Path]:
    """Run Slurm until the context ends, and have SLURM_CONF name its configuration; gives the folder of its logs.

    The node has four processors whatever the machine has, and nothing is in control groups.

    Raises:
        CannotStart: a program is missing, this is not root, or no node becomes idle.
    """
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin" if "/usr/sbin" not in os.environ["PATH"] else ""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        raise CannotStart(f"{', '.join(absent)} not installed (Debian: slurmctld, slurmd, munge)")
    if os.getuid() != 0:
        raise CannotStart("slurmd starts jobs as root alone")
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir(parents=True, mode=0o700)
    key = folder / "munge" / "key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    configuration = folder / "slurm.conf"
    configuration.write_text(_configuration(folder))
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    kept = {f"--{name}-file": folder / "munge" / name for name in ("key", "pid", "log", "seed")}
    munged = ["munged", "-F", "--force", "--num-threads=1", "--socket", str(folder / "munge" / "socket")]
    munged += [word for name, path in kept.items() for word in (name, str(path))]
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, {"SLURM_CONF": str(configuration)}))
        _started(stack, folder, munged)
        _until((folder / "munge" / "socket").exists, "munged does not listen")
        _started(stack, folder, ["slurmctld", "-D", "-c", "-f", str(configuration)])
        _started(stack, folder, ["slurmd", "-D", "-N", _host(), "-f", str(configuration)])
        _until(_idle, "no node of Slurm becomes idle")
        yield folder


def _started(stack: ExitStack, folder: Path, command: list[str]) -> None:
    with open(folder / f"{command[0]}.out", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def _until(holds: object, why: str) -> None:
    end = time.monotonic() + BEGIN_SECONDS
    while not holds():  # type: ignore[operator]
        if time.monotonic() > end:
            raise CannotStart(why)
        time.sleep(0.1)


def _idle() -> bool:
    done = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False)
    return done.stdout.strip() == "idle"


def _host() -> str:
    return socket.gethostname().partition(".")[0]


def _configuration(folder: Path) -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return f"""ClusterName=tests
SlurmctldHost={_host()}({LOCAL})
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=1,sched_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=3
NodeName={_host()} NodeAddr={LOCAL} CPUs=4 RealMemory={memory}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
