"""Drafts of ten solved homeworks: right solutions of another kind lose nothing, and nearly all mistakes are caught."""

from __future__ import annotations

import inspect
import random
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from autograder import loader
from autograder.checks.errors import CheckFailed, InstructorError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.notebooks.source import file_text, text_file
from autograder.quality.mutation import Audit, audit, generate, matrix, sample
from autograder.quality.mutation.selection import variants
from autograder.sandbox import start
from autograder.scaffold import Recipe, start_from
from autograder.scaffold.files import stand_ins

pytestmark = pytest.mark.long

SOLVED = Path(__file__).parents[1] / "solved"
VARIANTS = Path(__file__).parents[1] / "right_variants"
REFERENCES = Path(__file__).parents[2] / "reference"
EXAMPLES = Path(__file__).parents[2] / "benchmarks" / "examples"
OWN = ("backprop", "linear_hinge", "theory")  # the others take minutes: `benchmarks/drafts.py` tries them
NAMES = sorted(path.stem for path in SOLVED.glob("*.py"))
CONFIG = 'from autograder.course import Course\n\ncourse = Course(title="T", assignments=(), sandbox="none", jobs=1)\n'
MUTANTS = {"table_pipeline": 2, "cleaning": 2, "logistic_regression": 8}
"""Of homeworks whose mutants take seconds each, instead of 12."""
TAKES_MINUTES = {"backprop": ("learning_rate_study(",), "linear_hinge": ("plot_", "search(")}
"""Lines of an example without which its draft is made in seconds; `benchmarks/drafts.py` tries them."""


@pytest.fixture(scope="module")
def drafted(tmp_path_factory):
    """A function that gives a course with the draft of one of the solved files."""
    known: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name == "cleaning":
            pytest.importorskip("pandas", reason="this homework is about pandas, which the toolkit does not need")
        if name not in known:
            root = known[name] = tmp_path_factory.mktemp(name)
            (root / "grader_config.py").write_text(CONFIG)
            start_from(root, name, Recipe(SOLVED / f"{name}.py"))
        return known[name]

    return make


def missed(root: Path, name: str, folder: Path, seed: int) -> list[str]:
    """What the checks of a draft say against the modules of a folder."""
    loaded = loader.load(root, name)
    names, found = loaded.interface.names, []
    for question in loaded.assignment.questions:
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")  # grading has a new process for each question
        for check in question.checks:
            sides = {
                "student": LocalStudent(folder, names),
                "reference": LocalStudent(loaded.reference_folder, names, reference=True),
                "rng": np.random.default_rng(seed),
            }
            random.seed(seed)
            np.random.seed(seed)
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    check.function(**{each: sides[each] for each in inspect.signature(check.function).parameters})
            except (CheckFailed, StudentError) as error:
                found.append(f"{check.id}: {error}")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_right_variants_lose_nothing_and_nearly_all_mistakes_are_caught(name, drafted, tmp_path) -> None:
    """A draft passes the reference and each right solution of another kind, and catches nine in ten mutants."""
    root = drafted(name)
    loaded = loader.load(root, name)
    shutil.copytree(VARIANTS / name, root / "assignments" / name / "variants", dirs_exist_ok=True)
    code = {file: (loaded.reference_folder / file).read_text() for file in loaded.assignment.files}
    others = variants(root / "assignments" / name, code)
    assert len(others) >= 3
    for seed in (1, 2):
        assert missed(root, name, loaded.reference_folder, seed) == []
        for each in others:
            folder = tmp_path / f"{each.id}-{seed}"
            folder.mkdir()
            for file, text in code.items():
                (folder / file).write_text(each.source if file == each.file else text)
            assert missed(root, name, folder, seed) == [], each.id
    mutants = sample(generate(code), MUTANTS.get(name, 12), "drafts")
    options, questions = RunOptions(seed="drafts"), loaded.assignment.questions
    plan = Audit(root, loaded, None, DataSettings(), options, lambda: start("none"), questions, jobs=2, first=True)
    found = audit(plan, mutants)
    assert matrix.rate(found) >= 90, [row.mutant.diff for row in matrix.survivors(found)]


@pytest.mark.parametrize("name", OWN)
def test_right_variants_of_the_references_lose_nothing(name, tmp_path) -> None:
    """Under the drafts of this repository's own references, each kept right solution gets full marks, too."""
    (tmp_path / "grader_config.py").write_text(CONFIG)
    notebook = REFERENCES / name / f"{name}.ipynb"
    source = notebook if notebook.is_file() else REFERENCES / name
    lines = (EXAMPLES / f"{name}.py").read_text().splitlines()
    example = tmp_path / "example.py"
    example.write_text("\n".join(line for line in lines if not any(t in line for t in TAKES_MINUTES.get(name, ()))))
    start_from(tmp_path, name, Recipe(source, example), stand_ins(DataSettings(Path("digits"))))
    shutil.copytree(VARIANTS / name, tmp_path / "assignments" / name / "variants")
    loaded = loader.load(tmp_path, name)
    given = {file: loaded.reference_folder / file for file in (*loaded.assignment.files, *loaded.assignment.given)}
    code = {file: file_text(given[file]) for file in loaded.assignment.files}
    others = variants(tmp_path / "assignments" / name, code)
    assert len(others) >= 3
    for each in others:
        folder = tmp_path / each.id
        folder.mkdir()
        for file, place in given.items():
            changed = text_file(place, each.source) if file == each.file else place.read_bytes()
            (folder / file).write_bytes(changed)
        assert missed(tmp_path, name, folder, 1) == [], each.id


def test_each_check_of_a_draft_has_a_title_of_its_own(drafted) -> None:
    """Also where an answer that is drawn is checked once more with other settings."""
    questions = loader.load(drafted("kmeans"), "kmeans").assignment.questions
    titles = [check.title for question in questions for check in question.checks]
    assert len(set(titles)) == len(titles)
    assert any(each.startswith("With other values of ") for each in titles)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def double(x):\n    return x + x\n", r"other\.py:1: begin with a docstring that says what is different"),
        ('"""Other."""\ndef double(x:\n', r"other\.py:2: this is no Python"),
        ('"""Other."""\ndef triple(x):\n    return 3 * x\n', "it defines nothing that small.py defines"),
    ],
)
def test_a_file_that_is_no_variant(text, says, tmp_path) -> None:
    """A variant without a docstring, without Python or without a known definition is refused in one sentence."""
    (tmp_path / "variants").mkdir()
    (tmp_path / "variants" / "other.py").write_text(text)
    with pytest.raises(InstructorError, match=says):
        variants(tmp_path, {"small.py": "def double(x):\n    return 2 * x\n"})
