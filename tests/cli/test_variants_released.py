"""Variants on the command line: releases for single students, and a class that is graded by them."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from command_line import refused, run, run_here
from variant_course import ASSIGNMENT, REFERENCE, RIGHT, loaded_course, make_course

from autograder.grading import RunOptions, Shared
from autograder.loader import load
from autograder.quality.validation.own_submissions import OwnSubmissions
from autograder.quality.validation.releases import drawn_again, released, tried
from autograder.release import release_for
from autograder.sandbox import start
from autograder.seeding import keys_of

RELEASE = ("release", "scaling", "--no-validate")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course with a roster of three."""
    return make_course(tmp_path / "course")


def test_a_release_for_one_student(root: Path) -> None:
    """It has the student's variant, git leaves it out, and the release of nobody is not touched."""
    done = run_here(*RELEASE, "--for", "ada", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Wrote 1 release to" in done.stdout
    assert "give it to that student alone" in done.stdout
    home = root / "release" / "scaling.students"
    drawn = load(root, "scaling").variant_of("ada", "seed")
    assert drawn is not None
    assert (home / "ada" / "variant.py").read_text() == drawn.module
    assert (home / ".gitignore").read_text() == "*\n"
    assert sorted(os.listdir(root / "release")) == ["scaling.seed", "scaling.students"]
    assert keys_of("seed").fingerprint in (root / "release" / "scaling.seed").read_text()


def test_releases_for_everybody_as_archives(root: Path) -> None:
    """Each student of the roster gets an archive, and no two are alike."""
    done = run_here(*RELEASE, "--all", "--zip", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Wrote 3 releases to" in done.stdout
    home = root / "release" / "scaling.students"
    modules = {
        student: zipfile.ZipFile(home / f"{student}.zip").read(f"{student}/variant.py")
        for student in ("ada", "bob", "eve")
    }
    assert len(set(modules.values())) == 3


def test_the_release_of_nobody_says_so(root: Path) -> None:
    """It is the same whatever the seed."""
    done = run_here(*RELEASE, cwd=root)
    assert "It holds an example of a variant, which is nobody's" in done.stdout
    first = (root / "release" / "scaling" / "variant.py").read_bytes()
    run_here(*RELEASE, cwd=root, AUTOGRADER_SEED="other")
    assert (root / "release" / "scaling" / "variant.py").read_bytes() == first


def test_students_that_nobody_knows_are_refused(root: Path) -> None:
    """A name that is not on the roster, no roster, an assignment without variants, names that differ in capitals."""
    refused(
        run_here(*RELEASE, "--for", "adda", cwd=root), "Nobody on the roster has the id 'adda'; did you mean 'ada'?"
    )
    (root / "roster.csv").write_text("id\nada\nAda\n")
    refused(run_here(*RELEASE, "--all", cwd=root), "The ids ada and Ada differ in capitals only")
    (root / "roster.csv").unlink()
    refused(run_here(*RELEASE, "--all", cwd=root), "There is no roster.csv in the course's folder")
    refused(run_here(*RELEASE, "--for", "a/b", cwd=root), "'a/b' cannot be the name of a submission")
    plain = ASSIGNMENT.replace("@assignment.variant", "").replace(", variant", "").replace("variant", "own")
    (root / "assignments" / "scaling" / "assignment.py").write_text(plain)
    refused(run_here(*RELEASE, "--all", cwd=root), "scaling draws no variants, so everybody gets release/scaling")


def handed(root: Path, *students: str) -> Path:
    """Right work of each student."""
    for student in students:
        (root / "in" / student).mkdir(parents=True)
        (root / "in" / student / "scaling.py").write_text(RIGHT)
    return root / "in"


def test_a_class_is_graded_by_its_own_variants(root: Path, tmp_path: Path) -> None:
    """Full marks with the own variant, which the report shows; the report of a name off the roster is not final."""
    done = run("grade", "scaling", handed(root, "ada", "bob", "mallory"), "--out", tmp_path / "out", cwd=root)
    assert done.returncode == 0, done.stderr + done.stdout
    reports = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out" / "reports").glob("*.json")}
    loaded = load(root, "scaling")
    for student in ("ada", "bob"):
        drawn = loaded.variant_of(student, "seed")
        assert drawn is not None
        assert reports[student]["points"] == 5
        assert reports[student]["replay"]["variant"]["factor"] == drawn.factor
        assert f"factor = {drawn.factor}" in (tmp_path / "out" / "feedback" / f"{student}.html").read_text()
        assert not reports[student]["not_final"]
    assert "variants are drawn by id, so this variant is nobody's" in reports["mallory"]["not_final"]
    again = run("replay", tmp_path / "out" / "reports" / "ada.json", root / "in" / "ada", cwd=root)
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_class_that_was_given_other_variants_is_not_graded(root: Path, tmp_path: Path) -> None:
    """Where the seed or the function changed after the release, nobody is graded with what nobody was given."""
    folder = handed(root, "ada")
    run_here(*RELEASE, "--for", "ada", cwd=root)
    command = ("grade", "scaling", folder, "--out", tmp_path / "out", "--jobs", "1")
    module = root / "release" / "scaling.students" / "ada" / "variant.py"
    module.write_text(f"{module.read_text()}# drawn otherwise\n")
    refused(
        run(*command, cwd=root),
        "variant.py is not what is drawn for ada now",
        "`autograder release scaling --for ada`",
    )


def test_another_seed_than_that_of_the_releases_is_refused(root: Path, tmp_path: Path) -> None:
    """On another machine, too, which has none of the releases: their seed's fingerprint is checked in beside them."""
    folder = handed(root, "ada")
    run_here(*RELEASE, "--for", "ada", cwd=root)
    shutil.rmtree(root / "release" / "scaling.students")
    said = "the variants of scaling were released with another seed, so other ones would be drawn now"
    for command in (
        ("grade", "scaling", folder, "--out", tmp_path / "out", "--jobs", "1"),
        ("check", "scaling", folder / "ada", "--for", "ada"),
        (*RELEASE, "--for", "bob"),
    ):
        refused(run_here(*command, cwd=root, AUTOGRADER_SEED="other"), said, "set AUTOGRADER_SEED to the seed of")
    assert not (tmp_path / "out" / "reports").exists()
    assert run_here(*RELEASE, "--for", "bob", cwd=root).returncode == 0
    (root / "release" / "scaling.seed").write_bytes(b"\xff")
    refused(run_here(*RELEASE, "--for", "bob", cwd=root), "scaling.seed cannot be read")


def test_check_uses_the_example_or_the_variant_of_a_student(root: Path) -> None:
    """Staff see which it was."""
    folder = handed(root, "ada")
    loaded = load(root, "scaling")
    drawn, example = loaded.variant_of("ada", "seed"), loaded.example_variant
    assert drawn is not None
    assert example is not None
    done = run("check", "scaling", folder / "ada", cwd=root)
    assert "Checked with the example of a variant; --for STUDENT" in done.stdout, done.stderr
    assert f"factor = {example.factor}" in done.stdout.replace("\n", " ")
    done = run("check", "scaling", folder / "ada", "--for", "ada", cwd=root)
    assert f"factor = {drawn.factor}" in done.stdout.replace("\n", " ")
    said = "Nobody on the roster has the id 'adda'; did you mean 'ada'?"
    refused(run_here("check", "scaling", folder / "ada", "--for", "adda", cwd=root), said)


# --- before a release ---


def test_a_function_that_draws_otherwise_in_another_process_is_found(tmp_path: Path) -> None:
    """The order of a set of texts, and numbers that are not from rng, are no source of a variant."""
    drawn = "int(rng.integers(2, 1_000_000))"
    by_set = ASSIGNMENT.replace(drawn, 'list({"one", "two", "three", "four"})')
    found = drawn_again(loaded_course(tmp_path / "set", assignment=by_set), "seed")
    assert not found.good
    assert "Another process draws other variants for" in found.said
    by_chance = ASSIGNMENT.replace(drawn, "__import__('random').randrange(10**9)")
    assert not drawn_again(loaded_course(tmp_path / "chance", assignment=by_chance), "seed").good
    good = drawn_again(loaded_course(tmp_path / "good"), "seed")
    assert good.good
    assert "20 variants for 20 students" in good.said
    few = ASSIGNMENT.replace(
        '{"factor": factor, "classes": classes, "rate": 0.125}, files={"data/rows.csv": rows}', '{"factor": 3}'
    )
    assert drawn_again(loaded_course(tmp_path / "few", assignment=few), "seed").warning
    raising = ASSIGNMENT.replace("factor = int(", "factor = 1 / 0 + int(")
    assert "ZeroDivisionError" in drawn_again(loaded_course(tmp_path / "raising", assignment=raising), "seed").said


def test_validate_says_with_which_variant_the_reference_fails(tmp_path: Path) -> None:
    """A reference with a constant of one variant is right for that one alone."""
    loaded = loaded_course(tmp_path / "course")
    drawn = loaded.variant_of("student-1", "seed")
    assert drawn is not None
    wrong = REFERENCE.replace("return x * variant.factor", f"return x * {drawn.factor}")
    loaded = loaded_course(tmp_path / "wrong", reference=wrong)
    (tmp_path / "trial").mkdir()
    with start("none") as sandbox, Shared() as shared:
        own = OwnSubmissions(loaded, sandbox, None, RunOptions("seed"), tmp_path / "trial", shared)
        _, leak, found = own.for_students(quick=True)
    assert leak.good
    assert not found.good
    other = loaded.variant_of("student-2", "seed")
    assert other is not None
    assert f"with the variant factor = {other.factor}" in found.said
    assert f"factor = {drawn.factor}" not in found.said


def test_a_handout_that_names_what_no_variant_has_is_found(tmp_path: Path) -> None:
    """Before the release, with the variant."""
    loaded = loaded_course(tmp_path, handout="# Scaling\n\n{variant.size}\n")
    found = released(loaded, None, tried(quick=True), "seed")
    assert not found.good
    assert "handout.md:3: the variant has no value 'size'" in found.said


def test_numbers_of_other_variants_do_not_leak(tmp_path: Path) -> None:
    """Among which numbers it is drawn is no secret of the student's own number, but of all others."""
    drawing = ASSIGNMENT.replace("0.125", "[0.123456, 0.654321][factor % 2]")
    loaded = loaded_course(tmp_path, assignment=drawing)
    assert all(list(release_for(loaded, [student], None, "seed", archive=False)) for student in ("ada", "bob", "eve"))
    for student in ("ada", "bob", "eve"):
        text = (tmp_path / "release" / "scaling.students" / student / "variant.py").read_text()
        assert ("0.123456" in text) != ("0.654321" in text)


@pytest.mark.long
def test_a_course_with_variants_is_validated_and_audited(root: Path) -> None:
    """The whole gate, and mutants that are all graded with one variant."""
    done = run("validate", "scaling", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every check passed under 5 variants" in done.stdout
    done = run("audit", "scaling", "--jobs", "1", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
