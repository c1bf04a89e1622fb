"""What the submissions of a class import is imported once for all of them, and never what they bring themselves."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from samples import check, question, report
from tiny_course import CONFIG, RIGHT, hand_in, make_course

from autograder.grading import RunOptions, grade, is_outdated
from autograder.loader import load
from autograder.results import Verdict
from autograder.sandbox import start, why_not
from autograder.submissions import Submission, to_preload
from autograder.submissions.imports import imported


def submission(folder: Path, **files: str | bytes) -> Submission:
    """A staged submission; `__` in a name is a dot."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Submission(folder.name, folder, "0")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import torch", {"torch"}),
        ("import torch.nn as nn, os, scipy.stats as s", {"torch", "scipy", "scipy.stats"}),
        ("    from torch import nn  # later", {"torch"}),
        ("from sklearn.svm import SVC", {"sklearn", "sklearn.svm"}),
        ("from sklearn import svm, tree as t", {"sklearn", "sklearn.svm", "sklearn.tree"}),
        ("from sklearn import (svm)", {"sklearn", "sklearn.svm"}),
        ("from matplotlib import pyplot as plt", {"matplotlib", "matplotlib.pyplot"}),
        ("import matplotlib", {"matplotlib"}),
        ("from sklearn.svm._base import x", {"sklearn", "sklearn.svm"}),
        ("import numpy, torchx, os.path\nfrom .torch import x\nx = 'important torch'", set()),
        ("from scipy._lib.evil import *", {"scipy"}),
    ],
)
def test_import_statements_are_found(tmp_path: Path, text: str, names: set[str]) -> None:
    """Of known packages alone, and of their modules only those that are listed."""
    assert imported(submission(tmp_path / "ann", hw__py=text)) == names


def test_cells_of_notebooks_are_looked_through(tmp_path: Path) -> None:
    """Whether their source is a list of lines or one text."""
    cells = [{"source": ["x = 1\n", "import torch\n"]}, {"source": "y = 2\nfrom scipy import stats\n"}]
    notebook = json.dumps({"cells": cells}, indent=1)
    assert imported(submission(tmp_path / "ann", hw__ipynb=notebook)) == {"torch", "scipy", "scipy.stats"}


def test_no_more_is_read_than_is_bearable(tmp_path: Path) -> None:
    """A file that is made to be long, or slow to look through, costs next to nothing."""
    long = b"import " * 3_000_000 + b"\nimport torch\n"
    assert imported(submission(tmp_path / "ann", hw__py=long, data__bin=b"import torch")) == frozenset()


def test_what_a_submission_brings_itself_is_left_out(tmp_path: Path) -> None:
    """One student's own torch.py would be shadowed by the real one; others' imports do not matter then."""
    pytest.importorskip("torch")
    ann = submission(tmp_path / "ann", hw__py="import torch, sympy")
    ben = submission(tmp_path / "ben", hw__py="import torch, scipy", torch__py="x = 1")
    assert to_preload([ann]) == {"sympy": 1, "torch": 1}
    assert to_preload([ann, ann], ["torch"]) == {"sympy": 2}
    assert to_preload([ann, ben]) == {"scipy": 1, "sympy": 1}


def test_what_is_not_installed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The submission meets that itself, with the usual sentence."""
    monkeypatch.setattr("autograder.submissions.imports.find_spec", lambda name: None)
    assert to_preload([submission(tmp_path / "ann", hw__py="import torch")]) == {}


def test_a_module_that_cannot_be_imported_stops_no_forkserver() -> None:
    """What is merely faster is left out."""
    with start("none", foreseen=("no_such_module", "sympy")) as sandbox:
        assert sandbox.preloaded == ("sympy",)


TELLING = """
import sys
before = "sympy" in sys.modules
import sympy

def double(x):
    print("imported before:", before)
    return x + x
"""


@pytest.mark.long
@pytest.mark.parametrize("sandbox", ["none", "bubblewrap"])
def test_a_class_imports_a_package_once(tmp_path: Path, sandbox: str) -> None:
    """In every sandbox of every submission it is there already; report and replay say so."""
    pytest.importorskip("sympy")
    if reason := why_not(sandbox):
        pytest.skip(f"{sandbox} does not work here: {reason}")
    root, out = make_course(tmp_path / "course"), tmp_path / "out"
    (root / "grader_config.py").write_text(CONFIG.replace('"none"', f'"{sandbox}"'))
    folder = hand_in(tmp_path / "in", ann=TELLING, ben=TELLING, cy=RIGHT)

    def run(*arguments: object) -> str:
        command = [sys.executable, "-m", "autograder", *map(str, arguments), "--seed", "s"]
        ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return " ".join((ended.stdout + ended.stderr).split())

    said = run("grade", "tiny", folder, "--out", out)
    assert "Imported once for all, because submissions import it: sympy (2), of 3 submissions." in said
    for name in ("ann", "ben"):
        report = json.loads((out / "reports" / f"{name}.json").read_text())
        printed = "".join(question["staff_output"] for question in report["questions"])
        assert printed.count("imported before: True") == 3  # three checks, in a sandbox for each of two questions
        assert "False" not in printed
        assert report["replay"]["preloaded"] == ["sympy"]
    assert "was reproduced" in run("replay", out / "reports" / "ann.json", folder / "ann")


def test_a_class_that_imports_nothing_heavy_reads_nothing(tmp_path: Path) -> None:
    """No line on the console, and nothing in the record."""
    root, out = make_course(tmp_path / "course"), tmp_path / "out"
    folder = hand_in(tmp_path / "in", ann=RIGHT)
    command = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(out), "--seed", "s"]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "Imported once" not in said
    assert json.loads((out / "reports" / "ann.json").read_text())["replay"]["preloaded"] == []


@pytest.mark.parametrize(
    ("verdict", "reached", "before", "now", "outdated"),
    [
        ("PASSED", (), (), ("torch",), False),
        ("MANUAL", (), (), ("torch",), False),
        ("MISSING", (), (), ("torch",), True),
        ("RAISED", (), (), ("torch",), True),
        ("FAILED", (), (), ("torch",), True),
        ("PARTIAL", (), ("sympy",), ("sympy", "torch"), True),
        ("RAISED", (), ("torch",), ("torch",), False),
        ("RAISED", (), ("torch",), (), False),
        ("PASSED", ("wall",), (), ("torch",), True),
        ("PASSED", ("memory",), ("sympy",), ("sympy", "torch"), True),
        ("TIME", ("cpu",), ("sympy", "torch"), ("torch",), False),
    ],
)
def test_a_stored_report_that_preloading_could_change_is_made_again(
    verdict: str, reached: tuple[str, ...], before: tuple[str, ...], now: tuple[str, ...], outdated: bool
) -> None:
    """Only where something is lacking, or a limit was reached, while something was not preloaded that is now."""
    made = report("ann", question("a", check("one", Verdict[verdict])))
    made = replace(made, resources=replace(made.resources, reached=reached))
    made = replace(made, replay=replace(made.replay, preloaded=before))
    assert is_outdated(made, now) is outdated


@pytest.mark.long
def test_what_a_class_imports_is_no_part_of_the_key_of_a_result(tmp_path: Path) -> None:
    """A student who joins the class with another import has nobody graded again to whom nothing is lacking."""
    pytest.importorskip("sympy")
    root, out = make_course(tmp_path / "course"), tmp_path / "out"

    def run(**files: str) -> str:
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        folder = hand_in(tmp_path / "in", **files)
        command = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(out), "--seed", "s"]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True).stdout

    run(ann=RIGHT)
    said = run(ann=RIGHT, ben=TELLING)
    assert "sympy (1), of 2 submissions" in said
    assert re.search(r"ann: .*known|1 known|already", said), said


SHORT_OF_AN_IMPORT = """
import PIL

def double(x):
    PIL.Image
    return x + x
"""
FULL_OF_IMPORTS = "import PIL.Image\n" + RIGHT


@pytest.mark.long
def test_who_handed_in_before_others_is_judged_as_if_together_with_them(tmp_path: Path) -> None:
    """What works because somebody else imports it works for all of the class, whenever they were graded."""
    pytest.importorskip("PIL")
    root, out = make_course(tmp_path / "course"), tmp_path / "out"

    def points(**files: str) -> dict[str, float]:
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        folder = hand_in(tmp_path / "in", **files)
        command = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(out), "--seed", "s"]
        subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=True)
        return {path.stem: json.loads(path.read_text())["points"] for path in (out / "reports").iterdir()}

    first = points(ann=SHORT_OF_AN_IMPORT, carl=RIGHT)
    then = points(ann=SHORT_OF_AN_IMPORT, carl=RIGHT, dora=SHORT_OF_AN_IMPORT.strip(), ben=FULL_OF_IMPORTS)
    assert first["ann"] < first["carl"]
    assert then["ann"] == then["dora"] == then["ben"] == first["carl"]


@pytest.mark.long
def test_who_was_graded_apart_from_others_is_judged_as_if_together_with_them(tmp_path: Path) -> None:
    """A report is made again for what a class imports also where every submission of the class has a report already."""
    pytest.importorskip("PIL")
    root, out = make_course(tmp_path / "course"), tmp_path / "out"
    folder = hand_in(tmp_path / "in", ann=SHORT_OF_AN_IMPORT, ben=FULL_OF_IMPORTS)

    def points(student: str, *more: str) -> float:
        command = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(out), "--seed", "s"]
        subprocess.run([*command, *more], cwd=root, capture_output=True, text=True, timeout=300, check=True)
        return json.loads((out / "reports" / f"{student}.json").read_text())["points"]

    alone = points("ann", "--students", "ann")
    full = points("ben", "--students", "ben")
    assert alone < full
    assert points("ann") == full


DRAWING = """
import torch

at_import = float(torch.rand(1))

def double(x):
    print("drawn", at_import, float(torch.rand(1)))
    return x + x
"""


@pytest.mark.long
def test_torch_draws_the_same_whether_or_not_it_was_preloaded(tmp_path: Path) -> None:
    """What the rest of a class imports does not decide the random numbers of a submission."""
    pytest.importorskip("torch")
    if reason := why_not("bubblewrap"):
        pytest.skip(f"bubblewrap does not work here: {reason}")
    loaded = load(make_course(tmp_path / "course"), "tiny")
    eve = submission(tmp_path / "staged", tiny__py=DRAWING)
    drawn = []
    for foreseen in ((), ("torch",)):
        with start("bubblewrap", foreseen=foreseen) as sandbox:
            assert sandbox.preloaded == foreseen
            limits = {"wall_seconds": 60.0, "cpu_seconds": 60.0}
            report = grade(loaded, eve, sandbox, None, RunOptions("a seed", limits=limits))
            drawn.append(re.findall(r"drawn .*", "".join(each.staff_output for each in report.questions)))
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 3


def test_a_module_of_one_s_own_called_torch_is_an_ordinary_module(tmp_path: Path) -> None:
    """Seeding does not take it for the real one."""
    loaded = load(make_course(tmp_path / "course"), "tiny")
    text = "from torch import twice\ndef double(x):\n    return twice(x)\n"
    eve = submission(tmp_path / "staged", tiny__py=text, torch__py="def twice(x):\n    return x + x\n")
    with start("none") as sandbox:
        report = grade(loaded, eve, sandbox, None, RunOptions("a seed"))
    assert {verdict.name for verdict in report.verdicts} == {"PASSED"}
