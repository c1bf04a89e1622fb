"""Where two layers of the sandbox stop an attack, each of them does so alone; and the attacks can succeed at all."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ordinary_user import as_ordinary_user, why_not_ordinary_user

from autograder.sandbox import why_not

pytestmark = pytest.mark.long

RUN = [sys.executable, str(Path(__file__).with_name("run.py")), "--json", "--sandbox", "bubblewrap"]


def breaches(attack: str, without: str, *, ordinary: bool) -> list[str]:
    """What an attack manages in bubblewrap without one layer."""
    if reason := why_not("bubblewrap") or (ordinary and why_not_ordinary_user()):
        pytest.skip(str(reason))
    command = [*RUN, "--without", without, "--only", attack]
    with tempfile.TemporaryDirectory() as home:
        command = as_ordinary_user(command, home) if ordinary else command
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    lines = [json.loads(line) for line in said.splitlines()]
    assert any(line["attack"].startswith("nothing_to_") and attack in line["attack"] for line in lines), said
    return [breach for line in lines if attack in line["attack"] for breach in line["breaches"]]


@pytest.mark.parametrize("ordinary", [False, True])
def test_the_memory_of_the_first_process_is_closed_without_landlock(ordinary: bool) -> None:
    """As root it is another user's, and as an ordinary user its program may not be read."""
    assert breaches("first_process", "landlock", ordinary=ordinary) == []


@pytest.mark.parametrize("ordinary", [False, True])
def test_without_the_filter_the_attacks_would_succeed(ordinary: bool) -> None:
    """A process without filter and a child of the forkserver's are seen and reported."""
    assert "BREACH no filter around process 1" in breaches("first_process", "filter", ordinary=ordinary)
    assert "BREACH a child of the forkserver's" in breaches("children_of_its_parent", "filter", ordinary=ordinary)
