"""The page about the checks is held to the code: every name and every example of the docstrings."""

from __future__ import annotations

import ast
import collections
import dataclasses
import enum
import inspect
import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import checks_manual
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from checks_manual import entries, exports, files, manual, package, rooms
from PIL import Image

from autograder import checks
from autograder.checks import records
from autograder.checks.errors import CheckFailed
from autograder.checks.inspection.arrays import filled, is_masked
from autograder.checks.plain import to_plain
from autograder.checks.records.conversion import real
from autograder.wire import decode, encode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "checks.md").read_text("utf-8")
CROSSING = PAGE.partition("## What can cross")[2].partition("## Figures")[0]
CROSSES = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in CROSSING.splitlines() if "`" in line[:4]]
EXAMPLES = [(example.line, example.says) for entry in entries() for example in entry.examples]
PARITY = '''
"""Check that parity is right."""


def even(got, *, name="result"):
    """Fail unless a number is even.

    Examples:
        that it is even

        >>> even(3,
        ...     name='n')
        n is odd.
    """
'''
WEIGHT = checks.Parameter("weight", (10, 784), "float32", trainable=True, shared=False)
LINEAR = checks.Layer("fc", "Linear", True, {"in_features": 784, "out_features": 10}, (WEIGHT,))
SVM = {"type": "SVC", "settings": {"C": 2.0}, "fitted": False, "inner": ()}
NAMES = {
    **{name: getattr(checks, name) for name in checks.__all__},
    "np": np,
    "student_table": to_plain(pd.DataFrame({"a": [1]}), id),
    "flats": pd.DataFrame({"rooms": [2.0, np.nan], "city": ["Ulm", "Bonn"]}),
    "svm": SVM,
    "pipe": checks.estimator(
        {
            "type": "Pipeline",
            "settings": {},
            "fitted": False,
            "inner": (("scale", {**SVM, "type": "MinMaxScaler"}), ("svm", SVM)),
        },
        name="pipe",
    ),
    "results": {
        "params": [{"svm__C": 1.0}, {"svm__C": 4.0}],
        "mean_test_score": [0.5, 0.75],
        "split0_test_score": [0.5, 0.75],
    },
    "net": checks.Structure((LINEAR,), ((LINEAR, (32, 10)),), (32, 10), training=True, name="net"),
}


class Colour(enum.Enum):
    """For an example."""

    RED = 1


@dataclasses.dataclass
class Point:
    """For an example."""

    x: float
    y: float


Pair = collections.namedtuple("Pair", "left right")
MADE = {
    **{"np": np, "pd": pd, "sp": sp, "torch": torch, "Image": Image, "Colour": Colour, "Point": Point, "Pair": Pair},
    **{"datetime": datetime, "UTC": UTC, "Decimal": Decimal, "Fraction": Fraction, **vars(collections)},
}


@pytest.mark.parametrize(("example", "record", "thing"), [row for row in CROSSES if len(row) == 3])
def test_every_example_crosses_as_the_page_says(example, record, thing):
    """As a record that holds what it is said to hold, and as the real thing on the other side."""
    classes: dict[str, type] = {}
    plain = to_plain(eval(example.strip("`"), dict(MADE)), id, classes=classes)
    came = decode(bytearray(b"".join(encode(plain))), answer=True)
    named = re.findall(r"`([a-z_0-9]+)(?:\(\))?`", record.partition("`:")[2] or record.partition("an Enum:")[2])
    shown = filled(came) if is_masked(came) else came
    assert type(shown).__name__ == record.split("`")[1]
    assert all(hasattr(shown, name) for name in named)
    assert type(real(came, classes.get)).__name__ == thing.strip("`")


def test_every_record_is_on_the_page():
    """Every record class is documented, except the values inside a table and generators, which only go in."""
    classes = {name for name in records.__all__ if inspect.isclass(getattr(records, name))} - {"Values", "Draws"}
    assert {row[1].split("`")[1] for row in CROSSES if len(row) == 3} >= classes


def test_every_option_of_table_is_on_the_page():
    """The second table has a row for each."""
    options = set(inspect.signature(checks.table).parameters) - {"got", "expected", "name", "rtol", "atol"}
    assert {row[0].strip("`") for row in CROSSES} >= options


def test_no_example_is_on_the_page_twice():
    """A row names one function, once, however the page asks for its module."""
    rows = collections.Counter(line for line in PAGE.splitlines() if line.startswith("| ") and "figure(" in line)
    assert len(rows) > 10
    assert [row for row, count in rows.items() if count > 1] == []


def test_pages_and_lists_that_come_from_docstrings_are_fresh():
    """`make manual` would change nothing in the manual, in CONTRIBUTING.md and in the exports of the kit."""
    assert manual(PAGE) == PAGE
    assert files(text := (ROOT / "CONTRIBUTING.md").read_text("utf-8")) == text
    assert package(text := Path(checks.__file__).read_text("utf-8")) == text
    assert rooms(text := (ROOT / "docs" / "architecture.md").read_text("utf-8")) == text


@pytest.mark.parametrize("name", checks.__all__)
def test_every_name_that_instructors_import_is_there_and_on_the_page(name):
    """The exports are found, and the manual shows each."""
    assert getattr(checks, name).__name__ == name
    assert re.search(rf"^\| `{name}[(.`]", PAGE, re.MULTILINE)


def test_a_new_module_with_an_example_is_exported_and_shown(monkeypatch):
    """One file is enough: its function is in the exports, and in a table of its own until a table names the module."""
    monkeypatch.setattr(checks_manual, "trees", lambda: {"parity": ast.parse(PARITY)})
    monkeypatch.setattr(checks_manual, "entries", entries.__wrapped__)

    assert exports() == {"even": "parity"}
    assert "## Check that parity is right." in manual(PAGE)
    assert "| `even(got, *, name='result')` | that it is even | `even(3, name='n')` | n is odd. |" in manual(PAGE)


def test_an_example_under_a_misspelt_heading_is_refused(monkeypatch):
    """It would take the function out of the manual and out of the exports without a word."""
    misspelt = ast.parse(PARITY.replace("Examples:", "Example:"))
    monkeypatch.setattr(checks_manual, "trees", lambda: {"parity": misspelt})
    monkeypatch.setattr(checks_manual, "entries", entries.__wrapped__)

    with pytest.raises(ValueError, match=r"checks\.parity\.even has an example outside of its section `Examples:`"):
        exports()


@pytest.mark.parametrize(("example", "says"), EXAMPLES, ids=[example for example, _ in EXAMPLES])
def test_every_example_says_what_its_docstring_says(example, says):
    """Run it: the sentence of the failure, of the credit, or the value."""
    try:
        value = eval(example, dict(NAMES))
    except CheckFailed as failed:
        value = failed
    said = value.message if isinstance(value, checks.Credit) else str(value)
    assert " ".join(said.split()) == says
