"""Variants: drawn by the course's seed, graded as they were released, and no way from one student's to another's."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from variant_course import ASSIGNMENT, REFERENCE, RIGHT, loaded_course

from autograder import Assignment, Drawn
from autograder.assignment.variants import Variants, values_of
from autograder.checks.errors import InstructorError
from autograder.checks.local.variants import MODULE, Variant, filled, read_variant
from autograder.grading import RunOptions, Shared, grade
from autograder.loader import Loaded, load
from autograder.release import contents
from autograder.results import Report, Verdict
from autograder.sandbox import start
from autograder.seeding import keys_of, number
from autograder.submissions import collect_one

SEED = "a seed that nobody knows"


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """The course."""
    return loaded_course(tmp_path / "course")


def graded(loaded: Loaded, tmp_path: Path, student: str, source: str = RIGHT, **more: str) -> Report:
    """The report about a submission of the module and more files."""
    folder = tmp_path / f"in-{student}"
    for name, text in {"scaling.py": source, **{name.replace("__", "/"): text for name, text in more.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    submission = collect_one((folder,), loaded.assignment.handed_in, tmp_path / "staged", student)
    with start("none") as sandbox:
        return grade(loaded, submission, sandbox, None, RunOptions(SEED))


# --- drawing ---


def test_each_student_has_a_variant_of_its_own(loaded: Loaded) -> None:
    """It depends on the student, the seed and the assignment, and on nothing else."""
    ada = loaded.variant_of("ada", SEED)
    assert ada == loaded.variant_of("ada", SEED)
    others = [
        loaded.variant_of("bob", SEED),
        loaded.variant_of("ada", "other"),
        replace(loaded, id="x").variant_of("ada", SEED),
    ]
    assert all(each != ada for each in (*others, loaded.example_variant))


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_another_process_draws_the_same(loaded: Loaded, hash_seed: str) -> None:
    """Whatever the hash seed of Python is there."""
    code = (
        "import sys; from pathlib import Path; from autograder.loader import load;"
        f"print(load(Path(sys.argv[1]), 'scaling').variant_of('ada', {SEED!r}).module)"
    )
    root = loaded.folder.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code, root],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed},
    )
    ada = loaded.variant_of("ada", SEED)
    assert ada is not None
    assert done.stdout.strip() == ada.module.strip()


def test_the_numbers_of_variants_come_from_a_key_of_their_own() -> None:
    """No key that makes inputs of checks makes a variant, and every student's numbers are another function of it."""
    keys = keys_of(SEED)
    assert len({keys.seen, keys.hidden, keys.variants}) == 3
    drawn = [number(keys.variants, "scaling", student) for student in ("ada", "bob", "ad", "scaling\0ada")]
    assert len(set(drawn)) == 4


def test_values_are_plain_and_frozen() -> None:
    """numpy's numbers and arrays become Python's, lists become tuples, and nothing can be set."""
    made = Variant(values_of({"a": np.int64(3), "b": np.array([[1.5, 2.0]]), "c": ["x", None, True]}, "here"))
    assert dict(made) == {"a": 3, "b": ((1.5, 2.0),), "c": ("x", None, True)}
    assert type(made.a) is int
    assert made["b"] == made.b
    with pytest.raises(InstructorError, match=r"variant\.a cannot be set"):
        made.a = 4
    with pytest.raises(TypeError):
        made.files["x"] = b""  # type: ignore[index]
    with pytest.raises(InstructorError, match="the variant has no value 'd'; it has a, b, c"):
        _ = made.d


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "returned None; return a dictionary from names to values"),
        ({}, r"returned \{\}; return a dictionary"),
        ({"a b": 1}, "names a value 'a b'; give it a name as variables have"),
        ({"class": 1}, "names a value 'class'; give it a name"),
        ({"_a": 1}, "names a value '_a'; give it a name"),
        ({"items": 1}, "names a value 'items', which every variant has of its own"),
        ({"a": float("nan")}, r"the value 'a' is nan \(float\); give finite numbers"),
        ({"a": {1, 2}}, r"the value 'a' is \{1, 2\} \(set\); give finite numbers"),
        ({"a": 2**70}, r"the value 'a' is 1180591620717411303424 \(int\)"),
        ({"a": "x\0"}, r"give a text without control characters"),
        ({"a": "x" * 70_000}, "more than 64 KiB of values; put them into a file"),
    ],
)
def test_what_is_no_value_is_refused(found: object, said: str) -> None:
    """One sentence says which value, and what to give."""
    with pytest.raises(InstructorError, match=said):
        values_of(found, "here")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"../x": "a"}, "names '../x'; give the name of a file inside the folder"),
        ({"variant.py": "a"}, "draws a file 'variant.py', and every release has its own"),
        ({"autograder_checks/x.py": "a"}, "every release has its own"),
        ({"x.csv": 3}, "give a text or bytes under each path"),
        ([], "files is \\[\\]; give"),
        ({"x.bin": b"0" * (65 << 20)}, "more than 64 MiB of files"),
    ],
)
def test_what_is_no_file_is_refused(files: object, said: str) -> None:
    """One sentence says which file, and what to give."""
    drawing = Variants.declared(lambda rng: Drawn({"k": 1}, files))  # type: ignore[arg-type]
    with pytest.raises(InstructorError, match=said):
        drawing.of("x", "ada", SEED)


def test_a_file_of_a_taken_name_is_refused(tmp_path: Path) -> None:
    """Neither what students hand in nor what every release has is drawn."""
    loaded = loaded_course(tmp_path, assignment=ASSIGNMENT.replace("data/rows.csv", "handout.md"))
    with pytest.raises(InstructorError, match=r"variants draw a file 'handout\.md', and another file of the release"):
        loaded.variant_of("ada", SEED)


def test_a_function_that_raises_is_named_with_its_line(tmp_path: Path) -> None:
    """The fault is the instructor's, and the sentence leads to it."""
    loaded = loaded_course(tmp_path, assignment=ASSIGNMENT.replace("    factor = int", "    1 / 0\n    factor = int"))
    with pytest.raises(InstructorError, match=r"line 11: the variant of 'ada' cannot be drawn: ZeroDivisionError"):
        loaded.variant_of("ada", SEED)


def test_declarations_that_cannot_be_met_are_refused() -> None:
    """A check that asks for no variant there is; two of them; one below a check; other parameters; a taken file."""
    assignment = Assignment("T", files=["x.py"])
    question = assignment.question("Q", id="q")

    def asks(student, variant) -> None:  # type: ignore[no-untyped-def]
        """It asks."""

    with pytest.raises(InstructorError, match="asks for 'variant', and nothing above it declares any; write @"):
        question.check(points=1)(asks)
    with pytest.raises(InstructorError, match="must take rng alone: write def other"):

        @assignment.variant
        def other(student) -> None:  # type: ignore[no-untyped-def]
            """Other."""

    with pytest.raises(InstructorError, match="stands above 3; write it above def"):
        assignment.variant(3)  # type: ignore[type-var]

    @assignment.variant
    def own(rng) -> dict[str, int]:  # type: ignore[no-untyped-def]
        return {"k": 1}

    with pytest.raises(InstructorError, match="is a second one"):
        assignment.variant(own)
    question.check(points=1)(asks)
    late = Assignment("T", files=["variant.py"])
    with pytest.raises(InstructorError, match=r"every student is given a variant\.py; rename"):
        late.variant(own)
    below = Assignment("T", files=["x.py"])

    @below.question("Q", id="q").check(points=1)
    def one(student) -> None:  # type: ignore[no-untyped-def]
        """One."""

    with pytest.raises(InstructorError, match="stands below a check; write it above all checks"):
        below.variant(own)


# --- texts ---


def test_names_in_braces_are_filled_in() -> None:
    """Values stand in the text as a sentence has them, or in a format."""
    variant = Variant({"k": 3, "rate": 0.5, "classes": (0, (1, 2)), "said": 'a "b"'})
    assert (
        filled("{variant.k} {variant.rate:.3f} {variant.classes} {k} {{", variant, "x.md") == "3 0.500 0, (1, 2) {k} {{"
    )
    assert filled('"{variant.said}"', variant, "x.ipynb", in_json=True) == '"a \\"b\\""'
    assert filled("{variant.k}", None, "x.md") == "{variant.k}"


def test_names_that_no_variant_has_are_refused() -> None:
    """The sentence has the line, and what there is."""
    with pytest.raises(InstructorError, match=r"x\.md:2: the variant has no value 'q'; it has k\."):
        filled("a\n{variant.q}", Variant({"k": 3}), "x.md")
    with pytest.raises(InstructorError, match=r"x\.md:1: \{variant\.k:d\} cannot be filled in with 'a'"):
        filled("{variant.k:d}", Variant({"k": "a"}), "x.md")


def test_a_release_reads_back_what_was_drawn(loaded: Loaded, tmp_path: Path) -> None:
    """Values and files, without running anything; what was changed is said."""
    drawn = loaded.variant_of("ada", SEED)
    assert drawn is not None
    for file, content in drawn.everything.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(content)
    assert read_variant(tmp_path) == drawn
    (tmp_path / MODULE).write_text("k = print(3)\n")
    with pytest.raises(InstructorError, match="as you were given them: it was changed"):
        read_variant(tmp_path)
    (tmp_path / MODULE).unlink()
    with pytest.raises(InstructorError, match="as you were given them: file not found"):
        read_variant(tmp_path)


# --- releases ---


def test_a_release_holds_one_variant_alone(loaded: Loaded) -> None:
    """Handout, stub, module and files have the student's own values, and nothing of the seed or of another student."""
    ada, bob = (loaded.variant_of(student, SEED) for student in ("ada", "bob"))
    assert ada is not None
    assert bob is not None
    made = contents(loaded, variant=ada)
    own = {file: content for file, content in made.items() if not file.startswith("autograder_checks/")}
    assert made[MODULE] == ada.module.encode()
    assert made["data/rows.csv"] == ada.files["data/rows.csv"]
    assert (
        f"Scale by {ada.factor}; your classes are {', '.join(map(str, ada.classes))}, your rate 0.12."
        in made["handout.md"].decode()
    )
    assert f"Return x times {ada.factor}." in made["scaling.py"].decode()
    assert "variant" not in made["requirements.txt"].decode()
    text = b"\n".join(own.values())
    assert SEED.encode() not in text
    assert str(bob.factor).encode() not in text
    assert b"def own" not in text
    assert b"your own, with which your work is graded" in made["README.md"]


def test_a_release_for_nobody_shows_an_example_and_says_so(loaded: Loaded) -> None:
    """It depends on no seed, so it may be checked in."""
    made = contents(loaded)
    assert loaded.example_variant is not None
    assert made[MODULE] == loaded.example_variant.module.encode()
    assert b"An example of a variant: each student is given other values." in made[MODULE]
    assert "`variant.py`: an example; every student is given other values" in made["README.md"].decode()


def test_public_tests_know_the_variant_of_their_release(loaded: Loaded, tmp_path: Path) -> None:
    """pytest in the release of a student: right work passes, and work with another factor does not."""
    variant = loaded.variant_of("ada", SEED)
    for file, content in contents(loaded, variant=variant).items():
        (tmp_path / "r" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "r" / file).write_bytes(content)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "scales"]
    (tmp_path / "r" / "scaling.py").write_text(RIGHT)
    assert "1 passed" in subprocess.run(command, cwd=tmp_path / "r", capture_output=True, text=True, check=False).stdout
    (tmp_path / "r" / "scaling.py").write_text(RIGHT.replace("variant.factor\n", "7\n"))
    done = subprocess.run(command, cwd=tmp_path / "r", capture_output=True, text=True, check=False)
    assert "scale(1) is 7" in done.stdout


# --- grading ---


def test_right_work_is_graded_with_the_students_own_variant(loaded: Loaded, tmp_path: Path) -> None:
    """Checks, reference and submission have the same values; report and replay record say which."""
    report = graded(loaded, tmp_path, "ada")
    assert set(report.verdicts) == {Verdict.PASSED}, report
    ada = loaded.variant_of("ada", SEED)
    assert ada is not None
    assert report.replay.variant == dict(ada)
    assert any(f"factor = {ada.factor}" in note for note in report.notes)
    other = graded(loaded, tmp_path, "bob")
    assert set(other.verdicts) == {Verdict.PASSED}
    assert other.replay.variant_sha256 != report.replay.variant_sha256


def test_the_variant_of_somebody_else_earns_nothing(loaded: Loaded, tmp_path: Path) -> None:
    """A module that was handed in is replaced, and constants of another student are wrong."""
    bob = loaded.variant_of("bob", SEED)
    assert bob is not None
    (tmp_path / "in-ada").mkdir()
    (tmp_path / "in-ada" / MODULE).write_text(bob.module)
    source = RIGHT.replace("variant.factor\n", f"{bob.factor}\n")
    report = graded(loaded, tmp_path, "ada", source, data__rows__csv="1\n2\n")
    assert report.verdicts[:2] == (Verdict.FAILED, Verdict.FAILED)
    assert "variant.py differs from the one that was handed out; the handed-out one was used." in report.notes
    assert report.not_final.startswith(
        "The variant.py that was handed in is not the one that is drawn for this student"
    )
    again = graded(loaded, tmp_path, "ada")
    assert set(again.verdicts) == {Verdict.PASSED}


@pytest.mark.parametrize(("change", "final"), [("\n", True), ("\r\n", True), ("\n# mine\n", False)])
def test_the_grade_is_final_where_the_module_that_was_handed_in_is_the_students(
    loaded: Loaded, tmp_path: Path, change: str, final: bool
) -> None:
    """Other ends of lines change nothing; any other text says that the student worked with something else."""
    ada = loaded.variant_of("ada", SEED)
    assert ada is not None
    (tmp_path / "in-ada").mkdir()
    (tmp_path / "in-ada" / MODULE).write_bytes(ada.module.replace("\n", change).encode())
    report = graded(loaded, tmp_path, "ada")
    assert set(report.verdicts) == {Verdict.PASSED}
    assert (report.not_final == "") == final


def test_answers_of_the_reference_are_remembered_by_variant(loaded: Loaded, tmp_path: Path) -> None:
    """One process that grades many asks the reference anew where a student's files differ."""
    source = REFERENCE.replace("x * variant.factor", "x * variant.factor  # same")
    with start("none") as sandbox, Shared() as shared:
        for student in ("ada", "bob", "ada", "bob", "eve"):
            folder = tmp_path / f"shared-{student}"
            folder.mkdir(exist_ok=True)
            (folder / "scaling.py").write_text(source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", ""))
            submission = collect_one((folder,), loaded.assignment.handed_in, tmp_path / "staged", student)
            report = grade(loaded, submission, sandbox, None, RunOptions(SEED), shared=shared)
            assert set(report.verdicts) == {Verdict.PASSED}, student


def test_the_declaration_in_the_manual_is_one(tmp_path: Path) -> None:
    """What docs/variants.md shows is loaded, drawn and filled in as it stands."""
    page = (Path(__file__).parents[2] / "docs" / "variants.md").read_text()
    declared = page.split("```python\n")[1].split("```")[0]
    solved = "def step(x, slope):\n    ### BEGIN SOLUTION\n    return x - variant.rate * slope\n    ### END SOLUTION\n"
    for name, text in {
        "assignments/digits/assignment.py": f'"""Digits."""\n{declared}',
        "assignments/digits/handout.md": "# Digits\n\nYour classes are {variant.classes}.\n",
        "reference/digits/digits.py": f'"""Digits."""\nimport variant\n\n\n{solved}',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    digits = load(tmp_path, "digits")
    made = contents(digits, variant=digits.variant_of("ada", SEED))
    assert made["points.csv"].startswith(b"x,y\n")
    assert b"{variant" not in made["handout.md"]
