"""Keys, options and comparisons of a cluster, as far as nothing has to be started for them."""

from __future__ import annotations

import ast
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import refused, run_here
from tiny_course import RIGHT, make_course

from autograder.checks.errors import UsageError
from autograder.cluster.doctor import Facts, differences, facts
from autograder.cluster.keys import make_keys, security
from autograder.datasets import DataSettings


def test_a_key_is_for_its_owner_alone_and_is_never_replaced(tmp_path: Path) -> None:
    """Others can read neither file, a second call changes nothing, and a key that others may read is not used."""
    folder = tmp_path / "keys"
    make_keys(folder)
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(found) == ["cluster-cert.pem", "cluster-key.pem"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    with pytest.raises(UsageError, match="holds a key already"):
        make_keys(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == found
    assert security(folder).require_encryption
    (folder / "cluster-key.pem").chmod(0o640)
    with pytest.raises(UsageError, match="Others may read .*chmod 600"):
        security(folder)


def test_what_cannot_be_graded_on_a_cluster_is_said_before(tmp_path: Path) -> None:
    """An unknown engine, options without one and a missing key are one sentence each."""
    root = make_course(tmp_path)
    (root / "submissions").mkdir()
    call = ("grade", "tiny", "submissions", "--out", "out")
    refused(run_here(*call, "--cluster", "dusk", cwd=root), "unknown engine 'dusk'; did you mean 'dask'?")
    refused(run_here(*call, "--keys", "keys", cwd=root), "add --cluster dask")
    asked = (*call, "--cluster", "dask", "--scheduler", "tls://nowhere:1", "--keys", "keys")
    refused(run_here(*asked, cwd=root), "There is no key in keys", "autograder cluster keys")
    refused(run_here("cluster", "worker", "tls://nowhere:1", "--keys", "keys", cwd=root), "There is no key in keys")


@pytest.mark.parametrize("package", ["cryptography", "distributed"])
def test_without_the_extra_one_sentence_names_it(tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a package of the extra is missing, `--cluster` and every verb of `cluster` that needs it name the extra."""
    root, keys = make_course(tmp_path), tmp_path / "keys"
    (root / "submissions").mkdir()
    (root / "submissions" / "ann.py").write_text(RIGHT)
    make_keys(keys)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("dask", "doctor", "part", "processes"):
        monkeypatch.delitem(sys.modules, f"autograder.cluster.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    needs, advice = f" needs {package}, which is not installed; ", "pip install 'autograder-ml[cluster]'"
    said = (f"Error: {{}}{needs}{advice}.\n").format
    call = ("grade", "tiny", "submissions", "--out", "out", "--cluster", "dask")
    assert run_here(*call, cwd=root).stderr == said("--cluster dask")
    there = ("--keys", keys)
    if package == "cryptography":
        assert run_here("cluster", "keys", "--keys", "other", cwd=root).stderr == said("autograder cluster")
        return
    assert run_here("cluster", "scheduler", *there, cwd=root).stderr == said("autograder cluster")
    assert run_here("cluster", "worker", "tls://nowhere:1", *there, cwd=root).stderr == said("autograder cluster")
    assert run_here("cluster", "doctor", "tls://nowhere:1", *there, cwd=root).stderr == said("autograder cluster")


def test_grading_on_one_machine_imports_nothing_of_a_cluster() -> None:
    """What `autograder grade` imports before it knows of a cluster has nothing of Dask, nor what makes keys."""
    code = "import sys, autograder.cli.grade, autograder.cli.cluster; print({n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"dask", "distributed", "tornado", "cryptography"} & ast.literal_eval(done.stdout)


def test_a_machine_is_like_itself(tmp_path: Path) -> None:
    """Of a machine with the same packages, files and data nothing is said; another file of an assignment is seen."""
    root = make_course(tmp_path)
    found = facts(root, ("tiny",), DataSettings(), root)
    assert differences(found, replace(found, clock=found.clock + 2), 1.0) == ()
    assert {"numpy", "typer"} <= found.packages.keys()
    assert len(found.files["tiny"]) == 64


def test_whatever_differs_on_a_worker_is_named() -> None:
    """Another version, package, file, data set, sandbox or clock, and a full disk, are one sentence each."""
    found = Facts("1.0", "3.11.7", {"numpy": "2.0"}, {"tiny": "1" * 64}, {"digits": "2" * 64}, "bubblewrap", 100.0, {})
    other = Facts(
        "0.9",
        "3.12.0",
        {"numpy": "0.1", "torch": "2.0"},
        {"tiny": "no files"},
        {"digits": "0" * 64},
        "none",
        3700.0,
        {"/tmp": 10, "/shared": -1, "/large": 10_000},
    )
    assert differences(other, found, 0.0) == (
        "autograder is 0.9, and 1.0 here.",
        "Python is 3.12.0, and 3.11.7 here.",
        "Of the packages differ: numpy (0.1, 2.0 here), torch (2.0, none here).",
        "Of the files of the course differ: tiny (no files, 11111111 ... here).",
        "Of the data differ: digits (00000000 ..., 22222222 ... here).",
        "The strongest sandbox is none, and bubblewrap here.",
        "Its clock is 3600 s apart from the one here; reports have wrong times.",
        "/tmp has 10 MiB of room.",
        "/shared is not there.",
    )
