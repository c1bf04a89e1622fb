"""The program that runs checks on GitHub's machines for Classroom 50, without pip and pytest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from autograder.formats.github import classroom50_runner

XML = """<testsuite><testcase name="test_doubles[1]"/><testcase name="test_doubles[2]"/>
<testcase name="test_counts"><failure/></testcase></testsuite>"""
CHECKS = [{"id": "doubles", "title": "It doubles.", "most": 2}, {"id": "counts", "title": "It counts.", "most": 3}]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A student's repository, and the folder of the program with its checks."""
    repository, here = tmp_path / "repository", tmp_path / "here"
    repository.mkdir()
    here.mkdir()
    (repository / "hw.py").write_text("x = 1\n")
    (here / "checks.json").write_text(json.dumps({"handed_in": ["hw.py", "gone.py"], "checks": CHECKS}))
    return repository, here


@pytest.mark.parametrize("ended", [True, False])
def test_checks_run_beside_what_was_handed_in_and_give_a_result(folders, monkeypatch, capsys, ended: bool) -> None:
    """A check passed if all its cases did; where they did not end in time, that is said, and what is there counts."""
    repository, here = folders
    seen = []

    def run(command: list[str], **more: object) -> None:
        if "pytest" in command:
            folder = Path(str(more["cwd"]))
            seen.extend(sorted(path.name for path in folder.iterdir()))
            Path(command[-1].partition("=")[2]).write_text(XML)
            if not ended:
                raise subprocess.TimeoutExpired(command, 1200)

    monkeypatch.setattr(subprocess, "run", run)
    assert classroom50_runner.main(repository, here, {"OWNER": "ann"}) == 0
    result = json.loads((repository / "result.json").read_text())
    assert seen == ["hw.py"]
    assert (result["owner"], result["score"], result["max-score"]) == ("ann", 2, 5)
    assert ("did not end within 1200 s" in capsys.readouterr().err) is not ended


def test_without_results_of_pytest_there_is_no_result(folders, monkeypatch, capsys) -> None:
    """That is a fault of the machine's, and no zero of the student's."""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    assert classroom50_runner.main(*folders, {}) == 1
    assert "pytest wrote no report" in capsys.readouterr().err
    assert not (folders[0] / "result.json").exists()
