"""docs/course.md: every field is there with its default, and the numbers are computed."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import pytest

from autograder import course as settings
from autograder.course import AttemptRule, Course, Dates, Extension, HomeworkSet, LateDays, LateRule

PAGE = (Path(__file__).parents[2] / "docs" / "course.md").read_text("utf-8")


@pytest.mark.parametrize("record", [Course, Dates, Extension, LateRule, LateDays, AttemptRule, HomeworkSet])
def test_every_field_is_explained_with_its_default(record: type) -> None:
    """The page has a row for each field, in their order, with the default that the code has, and an example."""
    part = PAGE[PAGE.index(f"## `{record.__name__}(") :].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\|(.+)\| `(.+)` \|$", part, re.MULTILINE)
    parameters = list(inspect.signature(record).parameters.values())
    if record is Course:  # the others are on other pages
        parameters = parameters[[each.name for each in parameters].index("roster") :]
    assert [name for name, *_ in rows] == [each.name for each in parameters]
    for (_, default, meaning, example), parameter in zip(rows, parameters, strict=True):
        known = {
            "groups": "{}",
            "dates": "{}",
            "attempts": "AttemptRule()" if record is Course else "None",
        }.get(parameter.name, "" if parameter.default is inspect.Parameter.empty else repr(parameter.default))
        if parameter.name == "groups" and record is Extension:
            known = "()"
        assert default.strip(" `").replace('"', "'") == known
        assert len(meaning) > 5
        assert example not in (known, "")


def test_the_numbers_of_the_page_are_computed() -> None:
    """Each example prints what the page shows, and the course at the top is one."""
    examples = doctest.DocTestParser().get_doctest(PAGE, {}, "course.md", None, 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner().run(examples, out=said.append)
    assert failed == 0, "".join(said)
    assert tried > 8
    names: dict[str, object] = {}
    exec(PAGE.partition("```python\n")[2].partition("```")[0], names)
    course = names["course"]
    assert isinstance(course, settings.Course)
    assert course.due("backprop") is not None
