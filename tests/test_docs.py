"""What is written for people is held to the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from autograder import Assignment, Limits
from autograder.cli.manual import commands, manual
from autograder.course import CONFIG_FILE, load
from autograder.loader import load as load_assignment
from autograder.remote.explanations import died
from autograder.sandbox.base import Outcome
from autograder.scoring import shown

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def read(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text("utf-8")


def test_the_manual_of_the_command_line_is_fresh() -> None:
    """`make manual` would change nothing."""
    assert read("docs/cli.md") == manual()


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_verb_and_option_is_in_the_manual_with_help(name: str, command) -> None:
    """No verb and no option is without a sentence."""
    text = read("docs/cli.md")
    assert f"## {name}\n" in text
    assert command.help
    for parameter in command.params:
        assert parameter.help, parameter.name
        for option in parameter.opts:
            if option.startswith("--"):
                assert option in text


@pytest.mark.parametrize("verb", [name for name, _ in commands() if name.count(" ") == 1 and name != "autograder data"])
def test_every_verb_is_in_the_readme(verb: str) -> None:
    """The first page names everything that can be done."""
    assert f"`{verb}" in read("README.md")


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_page_is_linked_from_the_readme(page: str) -> None:
    """No page can be found by its name alone."""
    assert f"](docs/{page})" in read("README.md")


def test_the_architecture_names_every_room_and_only_files_that_are_there() -> None:
    """A newcomer who follows the page finds what it names."""
    text = read("docs/architecture.md")
    drawn = re.findall(r"```text\n(.*?)```", text, re.DOTALL)[0]
    home = ROOT / "autograder"
    rooms = {path.name for path in home.iterdir() if (path / "__init__.py").is_file()}
    rooms |= {path.stem for path in home.glob("*.py")} - {"__init__"}

    assert rooms == set(re.findall(r"\w+", re.sub(r"#.*", "", drawn)))
    for path in re.findall(
        r"`((?:autograder|tests|cli|grading|isolation|worker|remote|sandbox)/[\w/]*(?:\.py)?)`", text
    ):
        assert (ROOT / path).exists() or (home / path).exists(), path


def test_the_style_page_quotes_the_sentence_of_a_time_limit() -> None:
    """What it shows as the sentence of a limit is the one that students read."""
    outcome, limits = Outcome(limit="wall"), Limits(wall_seconds=60)
    said = str(died(outcome, "Network.SGD", limits, may_show=False)).removesuffix(".")
    assert f"*{said}*" in (ROOT / "docs" / "style.md").read_text(encoding="utf-8")


def test_the_readme_tells_the_points_of_every_assignment() -> None:
    """The table of the course names each assignment with its points, those of people included, and its bonus."""
    lines = dict(re.findall(r"^\| `(\w+)` \| .* \| ([\d +]+) \|$", read("README.md"), re.MULTILINE))
    course = load(ROOT / CONFIG_FILE)
    found = {}
    for name in course.assignments:
        assignment = load_assignment(ROOT, name).assignment
        parts = [
            sum(each.max_points + each.by_hand for each in assignment.questions if each.bonus is bonus)
            for bonus in (False, True)
        ]
        found[name] = " + ".join(shown(points) for points in parts if points)
    assert lines == found


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_that_is_reported_exists(name: str) -> None:
    """A reader who copies a command finds it."""
    found = set(
        re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|^\$? *make .*$", read(name), re.MULTILINE)))
    )
    assert found
    assert found <= TARGETS


def test_make_has_every_chore() -> None:
    """The promised targets are there."""
    assert {"setup", "test", "demo", "lint", "release", "clean"} <= TARGETS


def test_the_constraints_pin_torch_without_cuda() -> None:
    """Every line is an exact version, without local tags and without CUDA packages."""
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    assert len([line for line in lines if line.startswith("torch==")]) == 1
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    assert not [line for line in lines if re.match(r"nvidia|triton|cuda", line)]


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    """Keep a Changelog's first heading."""
    assert re.search(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE).group(1) == "Unreleased"


def test_the_assignment_in_the_readme_is_one(tmp_path: Path) -> None:
    """What the README shows can be loaded as it stands."""
    from autograder.loader import load

    (code,) = re.findall(r"```python\n(.*?)```", read("README.md"), re.DOTALL)
    for folder in ("assignments", "reference"):
        (tmp_path / folder / "softmax").mkdir(parents=True)
    (tmp_path / "assignments" / "softmax" / "assignment.py").write_text(code)
    (tmp_path / "reference" / "softmax" / "softmax.py").write_text("class SoftmaxClassifier:\n    pass\n")
    assignment = load(tmp_path, "softmax").assignment

    assert [check.points for check in assignment.checks] == [1, 4]


@pytest.mark.parametrize("name", [*sorted(path.name for path in (ROOT / "docs").glob("*.md")), "../README.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    """Relative links point at files of the repository."""
    for target in re.findall(r"\]\(([^)#:]+)\)", read(f"docs/{name}")):
        assert (ROOT / "docs" / name).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("name", [*sorted(path.name for path in (ROOT / "docs").glob("*.md")), "../CONTRIBUTING.md"])
def test_every_file_of_the_toolkit_that_a_page_names_is_there(name: str) -> None:
    """A file that was moved is named at its new place."""
    named = re.findall(r"`((?:autograder|tests|benchmarks)/[\w/]+\.py)`", read(f"docs/{name}"))
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_part_of_the_step_inside_is_explained() -> None:
    """The one file that must be read line by line is documented function by function, in the order of its work."""
    text = read("docs/security.md")
    source = read("autograder/isolation/confine.py")
    enter = source.split("def enter(")[1].split("\ndef ")[0]
    steps = re.findall(
        r"(_limit_files|_empty_bounding_set|setresuid|_drop_capabilities|landlock\.confine|landlock\.apply|filter_calls)\(",
        enter,
    )
    places = [text.index(f"`{step}`") for step in steps]
    assert len(steps) == 7
    assert places == sorted(places)
    for name in re.findall(r"^def (\w+)\(", source, re.MULTILINE):
        assert (
            f"`{name}`" in text
            or f"`{name}`:" in text
            or name in ("_call", "_never_return", "_join_and_fork", "_data_bytes")
        )


def test_the_promise_names_its_attacks() -> None:
    """Every folder and file of attacks that the promise points at is there."""
    for name in re.findall(r"`(nothing_\w+|nowhere_\w+|test_\w+\.py)/?`", read("docs/security.md")):
        assert (ROOT / "tests" / "attacks" / name).exists(), name


@pytest.mark.parametrize(("heading", "record"), [("## `Assignment(", Assignment), ("## `Limits(", Limits)])
def test_every_field_of_a_declaration_is_explained_with_its_default(heading: str, record: type) -> None:
    """docs/assignments.md has a row for each field, in their order, with the default that the code has."""
    page = (ROOT / "docs" / "assignments.md").read_text("utf-8")
    part = page[page.index(heading) :].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\|(.+)\|$", part, re.MULTILINE)
    parameters = inspect.signature(record).parameters
    assert [name for name, _, _ in rows] == list(parameters)
    for name, default, reported in rows:
        known = parameters[name].default
        assert len(reported) > 5
        if default.strip() not in ("`limits`", "`Limits()`"):
            said = "" if known is inspect.Parameter.empty else f"{known!r}".replace("'", '"')
            assert default.strip(" `") == (said.removesuffix(".0") if record is Limits else said)


def test_checks_may_raise_what_the_manual_imports() -> None:
    """`CheckFailed` comes from `autograder.checks`, where the other things of checks are."""
    from autograder import checks
    from autograder.checks import errors

    assert checks.CheckFailed is errors.CheckFailed


def test_what_figures_cost_at_most_is_what_the_table_says() -> None:
    """The sentence above the measured kinds of figures holds for each of them."""
    text = read("docs/performance.md")
    most = float(re.search(r"\*\*Figures\*\* cost at most (\d+) ms each", text)[1])
    rows = text.partition("CPU ms                  inside")[2].partition("```")[0].splitlines()[1:]
    sums = [float(row.split()[-3]) for row in rows]
    assert most - 1 < max(sums) <= most
    assert sum(each < 15 for each in sums) > len(sums) / 2
