"""No sentence counts one thing as several."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import autograder
from autograder.checks.wording import counted

HOME = Path(autograder.__file__).parent
SEVERAL = re.compile(
    r" (?:more |bonus |written |hidden |public )?(?:points|checks|questions|submissions|answers|files|students"
    r"|notebooks|statements|cells|comments|scores|mutants|cases|results|differences|pages|pictures|outputs|plots)\b"
)
NOT_ONE = re.compile(r"(?:\bof|\bthan|\bup to|\bat most|\bat least|\bmost|\bleast|\bto the|\bfor) $")
SEVERAL_BY_NATURE = {
    ("checks/figures/figure.py", "{} plots"): "none, or several",
    ("checks/figures/images.py", " has {} cells"): "rows x columns",
    ("cli/check.py", "One error stopped {} checks"): "three at least, see messages.said_once",
    ("cli/class_table.py", "one error stopped {} checks"): "three at least",
    ("assignment/given_files.py", " hands out {} files"): "more than the most",
    ("formats/otter/settings.py", "its tests are worth {} points"): "a sum of points, often a fraction",
    ("notebooks/reading.py", " has {} cells"): "more than the most",
    ("notebooks/repairing.py", "none of the {} cells"): "one is said in other words",
    ("grading/provenance.py", ": {} points"): "a share, such as 1 of 2",
    ("remote/explanations.py", " MiB and {} files"): "a limit",
    ("remote/explanations.py", " MiB or {} files"): "a limit",
}
"""Places where it is several whatever happens, and why."""


def counts() -> Iterator[tuple[str, int, str]]:
    """Each place where a number is put before the name of several things: file, line, the text around it."""
    for path in sorted(HOME.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            for before, value, after in zip([None, *node.values], node.values, node.values[1:], strict=False):
                words = before.value if isinstance(before, ast.Constant) else ""
                if (
                    isinstance(value, ast.FormattedValue)
                    and isinstance(after, ast.Constant)
                    and (found := SEVERAL.match(str(after.value)))
                    and not NOT_ONE.search(str(words))
                ):
                    yield path.relative_to(HOME).as_posix(), node.lineno, f"{str(words)[-20:]}{{}}{found.group()}"


def test_a_number_and_its_noun_agree() -> None:
    """Whatever may be one is put together by `counted`."""
    found = list(counts())
    wrong = [
        f"{file}:{line}: {text}"
        for file, line, text in found
        if not any(file == known and text.endswith(end) for known, end in SEVERAL_BY_NATURE)
    ]
    assert not wrong
    for known, end in SEVERAL_BY_NATURE:
        assert any(file == known and text.endswith(end) for file, _, text in found), (known, end)


def test_counted_says_one_and_several() -> None:
    """One thing, several, none, and parts of one."""
    reported = [counted(number, "point") for number in (0, 1, 1.0, 2, 0.5, 1.25, 1200)]
    assert reported == ["0 points", "1 point", "1 point", "2 points", "0.5 points", "1.25 points", "1,200 points"]
