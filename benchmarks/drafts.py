"""What drafts of `autograder new --from` are worth, unedited: `python benchmarks/drafts.py [NAME ...] [--mutants 60]`.

Drafted are the ten solved files in `tests/solved` and the six references of this repository. Each draft is audited
with mutants of its reference, and validated with its right variants (`tests/right_variants`). The table says of each
of them how many functions with a solution have checks, how many checks and TODOs it has, how many mutants of these
functions count and are caught, and how many variants lose points. Helpers that only other functions use are left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import loader
from autograder.checks.errors import GraderError
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.markers import regions
from autograder.notebooks.source import file_text
from autograder.quality.mutation import Audit, audit, belongs, generate, matrix, sample
from autograder.quality.mutation.grading import NEVER_RUN
from autograder.quality.mutation.matrix import Matrix
from autograder.quality.validation import validate
from autograder.sandbox import start
from autograder.scaffold import Recipe, start_from
from autograder.scaffold.files import stand_ins

HOME = Path(__file__).resolve().parents[1]
SOLVED, VARIANTS, REFERENCES = HOME / "tests" / "solved", HOME / "tests" / "right_variants", HOME / "reference"
CONFIG = 'from autograder.course import Course\n\ncourse = Course(title="T", assignments=(), sandbox="none", jobs=1)\n'
EXAMPLES = HOME / "benchmarks" / "examples"
OWN = ("alexnet", "backprop", "deep_svm", "linear_hinge", "svm_pipelines", "theory")


@dataclass(frozen=True, slots=True)
class Line:
    """One draft: what stands in the table, and what there is to say about it below."""

    name: str
    cells: tuple[str, ...]
    remarks: tuple[str, ...]


def main() -> None:
    """Draft, audit, validate, and print one line for each draft."""
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != HOME / "benchmarks"]  # hides nbgrader
    names = [path.stem for path in sorted(SOLVED.glob("*.py"))] + list(OWN)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which drafts; all of them where none is named")
    parser.add_argument("--mutants", type=int, default=60, help="most mutants of each (a sample), 0 for all")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long an example may run")
    parser.add_argument("--keep", type=Path, help="a folder for the drafted courses")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in names]:
        parser.error(f"no such draft: {', '.join(unknown)}; there are {', '.join(names)}")
    print("| draft | functions | checks | TODO | mutants | caught | rate | variants that lose points | validate |")
    print("|---|---|---|---|---|---|---|---|---|")
    remarks = []
    for name in asked.names or names:
        with tempfile.TemporaryDirectory(prefix="drafts-") as folder:
            root = asked.keep / name if asked.keep else Path(folder)
            line = measured(root, name, asked.mutants, asked.seconds)
        print(f"| {line.name} | {' | '.join(line.cells)} |", flush=True)
        remarks += [f"{line.name}: {remark}" for remark in line.remarks]
    print("\n" + "\n".join(remarks))


def measured(root: Path, name: str, most: int, seconds: float) -> Line:
    """The line of one draft, in a course of its own."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "grader_config.py").write_text(CONFIG)
    try:
        start_from(root, name, recipe(name, seconds), stand_ins(DataSettings(Path("digits"))))
    except GraderError as error:
        return Line(name, ("0", "", "", "", "", "", "", ""), (f"no draft: {error}",))
    if (VARIANTS / name).is_dir():
        shutil.copytree(VARIANTS / name, root / "assignments" / name / "variants")
    loaded = loader.load(root, name)
    assignment = loaded.assignment
    checks = [check for question in assignment.questions for check in question.checks]
    todos = (root / "assignments" / name / "assignment.py").read_text().count("# TODO")
    options = RunOptions(seed="drafts")
    with start("none", preload=assignment.preload) as sandbox:
        findings = list(validate(loaded, sandbox, None, options, quick=True))
    variants = [each for each in findings if each.what.startswith("the variant ")]
    unfit = [each for each in findings if not (each.good or each.warning) and each not in variants]
    sources = {file: file_text(loaded.reference_folder / file) for file in assignment.files}
    functions = sum(len(regions(text, file)) for file, text in sources.items())
    with_checks = [question for question in assignment.questions if question.checks]
    of_all = generate(sources)
    every = [each for each in of_all if any(belongs(each, question, loaded.interface) for question in with_checks)]
    mutants = sample(every, most, "drafts") if most else every
    plan = Audit(
        root,
        loaded,
        None,
        DataSettings(),
        options,
        lambda: start("none", preload=assignment.preload),
        assignment.questions,
        jobs=os.cpu_count() or 1,
        first=True,
    )
    try:
        found = audit(plan, mutants)
    except GraderError as error:
        return Line(
            name,
            (f"{len(with_checks)} of {functions}", str(len(checks)), str(todos), "", "", "", "", ""),
            (str(error),),
        )
    found = of_checked_functions(found, sources, [name for each in with_checks for name in each.solution])
    losing = [each for each in variants if not each.good]
    return Line(
        name,
        (
            f"{len(with_checks)} of {functions}",
            str(len(checks)),
            str(todos),
            f"{len(found.counted)} of {len(every)}",
            str(found.caught),
            f"{matrix.rate(found):.0f} %",
            f"{len(losing)} of {len(variants)}" if variants else "none kept",
            "fit" if not unfit else "; ".join(each.what for each in unfit),
        ),
        (
            *(f"not caught: {row.mutant.place} ({row.alike})" for row in matrix.survivors(found)),
            *(f"{each.what}: no. {each.said}" for each in [*losing, *unfit]),
        ),
    )


def of_checked_functions(found: Matrix, sources: Mapping[str, str], checked: Collection[str]) -> Matrix:
    """Without the mutants of helpers that no check reaches, where a function beside them has none and may use them."""
    files = {
        file
        for file, text in sources.items()
        for region in regions(text, file)
        if region.name and not any(f"{region.name}.".startswith(f"{name}.") for name in checked)
    }
    rows = (row for row in found.rows if row.mutant.region or row.mutant.file not in files or row.alike != NEVER_RUN)
    return replace(found, rows=tuple(rows))


def recipe(name: str, seconds: float) -> Recipe:
    """What a draft is made from: a solved file, or a reference with a script that shows how it is used."""
    if name not in OWN:
        return Recipe(SOLVED / f"{name}.py", seconds=seconds)
    notebook = REFERENCES / name / f"{name}.ipynb"
    source = notebook if notebook.is_file() else REFERENCES / name
    return Recipe(source, EXAMPLES / f"{name}.py", seconds=seconds)


if __name__ == "__main__":
    main()
