"""docs/cluster.md says what works: every command on the page is run, in its order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes_server import kubernetes_server
from tiny_course import RIGHT, WRONG, hand_in, make_course

import autograder
from autograder.cluster.processes import free_port

PAGE = Path(autograder.__file__).parent.parent / "docs" / "cluster.md"


def commands() -> list[str]:
    """The commands of the page."""
    return re.findall(r"^ *\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def kubernetes(tmp_path: Path) -> Iterator[Path]:
    """The file by which a server that speaks for Kubernetes is found."""
    with kubernetes_server(tmp_path) as (_, config):
        yield config


@pytest.mark.long
def test_every_command_of_the_page_works(tmp_path: Path, kubernetes: Path) -> None:
    """With one worker on this machine in the place of all others, and a server that speaks for Kubernetes, what the
    page says gives a graded class and a good comparison. What a cluster has to build and apply is not run."""
    root, port = make_course(tmp_path / "course"), free_port()
    hand_in(root / "submissions", ann=RIGHT, ben=WRONG)
    environ = {**os.environ, "AUTOGRADER_SEED": "seed", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    environ["KUBECONFIG"] = str(kubernetes)
    standing: list[subprocess.Popen[str]] = []
    said = []
    try:
        for command in commands():
            words = shlex.split(
                command.replace("head.example.org", "127.0.0.1")
                .replace("8786", str(port))
                .replace("--jobs 2", "--jobs 1")
            )
            if words[0] in ("pip", "podman", "kubectl") or "slurm" in words:  # for Slurm: test_slurm.py
                continue
            assert words[0] == "autograder"
            call = [sys.executable, "-m", *words]
            if words[2] in ("scheduler", "worker"):
                standing.append(subprocess.Popen(call, cwd=root, env=environ, stdout=subprocess.PIPE, text=True))
                continue
            if "--scheduler" in words or "kubernetes" in words:
                (root / "graded" / "grader.db").unlink()
            done = subprocess.run(call, cwd=root, env=environ, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            said.append(done.stdout)
    finally:
        for each in standing:
            each.terminate()
            each.communicate(timeout=60)
    assert sum("ann" in each and "5" in each for each in said) == 3
    assert sum(each.count(": like this machine") for each in said) == 1
    assert len(standing) == 2
