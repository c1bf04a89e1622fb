"""The page about the checks is held to the code: every name, every signature, every example."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from autograder import checks
from autograder.errors import CheckFailed

PAGE = (Path(__file__).parent.parent / "docs" / "checks.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| `")]
SLIPS = [line for line in PAGE.partition("## Slips")[2].splitlines() if "`close(" in line]
EXAMPLES = [
    (row[-2].strip("`"), row[-1])
    for row in [*ROWS, *([cell.strip() for cell in line.strip("|").split(" | ")] for line in SLIPS)]
]
WEIGHT = checks.Parameter("weight", (10, 784), "float32", trainable=True, shared=False)
LINEAR = checks.Layer("fc", "Linear", True, {"in_features": 784, "out_features": 10}, (WEIGHT,))
SVM = {"type": "SVC", "settings": {"C": 2.0}, "fitted": False, "inner": ()}
NAMES = {
    **vars(checks),
    "np": np,
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


@pytest.mark.parametrize("name", checks.__all__)
def test_every_name_is_on_the_page(name):
    """Whatever instructors can import is told."""
    assert f"`{name}" in PAGE


@pytest.mark.parametrize("call", sorted({row[0].strip("`") for row in ROWS if ")." not in row[0]}))
def test_every_signature_is_that_of_the_code(call):
    """Parameters in their order, with their defaults."""
    path, _, told = call.removesuffix(")").partition("(")
    thing = checks
    for part in path.split("."):
        thing = getattr(thing, part)
    given = inspect.signature(thing).replace(return_annotation=inspect.Signature.empty)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in given.parameters.values()]
    real = str(given.replace(parameters=[each for each in bare if each.name != "self"]))
    short = re.sub(r"\b0\.0001\b", "1e-4", re.sub(r"\b1e-0(\d)\b", r"1e-\1", real))

    assert f"({told})" == short


@pytest.mark.parametrize(("example", "says"), EXAMPLES, ids=[example for example, _ in EXAMPLES])
def test_every_example_says_what_the_page_says(example, says):
    """Run it: the sentence of the failure, of the credit, or the value."""
    try:
        value = eval(example, dict(NAMES))
    except CheckFailed as failed:
        value = failed
    assert (value.message if isinstance(value, checks.Credit) else str(value)) == says


def test_all_examples_were_found():
    """The tables are read whole."""
    assert len(ROWS) > 25
    assert len(SLIPS) > 10
