"""A class's homework in Otter's form, as a notebook, with what three students hand in for it."""

from __future__ import annotations

import json
from pathlib import Path

from otter_master import block, code, question, raw, text, write

GIVEN = """\
import math

import matplotlib.pyplot as plt
import numpy as np
%matplotlib inline

rng = np.random.default_rng(7) # SEED
sample = rng.normal(size=50)
rate = 0.5
"""
MEAN = '''\
def mean(values):
    """The mean of some numbers; of none, a ValueError."""
    # BEGIN SOLUTION
    if len(values) == 0:
        raise ValueError("no values")
    return sum(values) / len(values)
    # END SOLUTION
'''
SPREAD = '''\
def spread(values):
    """The standard deviation."""
    centre = mean(values) # SOLUTION NO PROMPT
    return math.sqrt(mean([(value - centre) ** 2 for value in values])) # SOLUTION
'''
SCALE = '''\
def scaled(values, by=rate):
    """Each value times `by`."""
    # BEGIN SOLUTION NO PROMPT
    out = []
    for value in values:
        out.append(value * by)
    # END SOLUTION
    """ # BEGIN PROMPT
    out = ...
    """; # END PROMPT
    return out
'''
COUNTER = '''\
class Counter:
    """Counts."""

    def __init__(self, start=0):
        self.count = start # SOLUTION

    def add(self, n):
        """Add n; return the new count."""
        self.count += n # SOLUTION NO PROMPT
        return self.count # SOLUTION
'''


def homework(path: Path) -> Path:
    """Five questions: two of several parts, all spellings of solutions, one that is all or nothing, one written."""
    return write(
        path,
        raw("# ASSIGNMENT CONFIG", "name: stats", "export_cell:", "    instructions: Run it all.", "generate: true",
            "init_cell: true", "check_all_cell: true", "seed:", "    variable: rng_seed", "    autograder_value: 7",
            "    student_value: 8", "files:", "    - numbers.txt"),
        text("# Statistics by hand\n\nNo library functions, please."),
        code(GIVEN),
        *question(
            "q1a",
            *block("SOLUTION", code(MEAN)),
            *block("TESTS",
                   code("mean([1, 2, 4])", "2.3333333333333335"),
                   code("# HIDDEN\nnp.isclose(mean(sample), sample.mean())", "True"),
                   code("# HIDDEN\ntry:\n    mean([])\n    assert False\nexcept ValueError:\n    pass")),
            about="## Question 1: averages\n\n**Part a.** Write `mean`.",
            config=("points: [1, 1, 2]",),
        ),
        *question(
            "q1b",
            *block("SOLUTION", code(SPREAD), code("spread([1, 3])", "1.0")),
            *block("TESTS",
                   code("spread([1, 3])", "1.0"),
                   code("# HIDDEN\nspread([2, 2, 5, 11])", "3.6742346141747673")),
            about="**Part b.** Write `spread`.",
            config=("points:", "    each: 1.5"),
        ),
        *question(
            "q2",
            *block("SOLUTION", code(SCALE), code("half = scaled([1, 2]) # SOLUTION")),
            *block("TESTS",
                   code("scaled([2, 4])", "[1.0, 2.0]"),
                   code("half", "[0.5, 1.0]"),
                   code('""" # BEGIN TEST CONFIG\nhidden: true\nfailure_message: Is `by` used?\n'
                        '""" # END TEST CONFIG\nscaled([1, 2], by=3) == [3, 6]', "True")),
            about="## Question 2: scaling",
            config=("points: 3", "all_or_nothing: true"),
        ),
        *question(
            "q3",
            *block("SOLUTION", code(COUNTER)),
            *block("TESTS",
                   code("c = Counter(2)\nc.add(3)", "5"),
                   code("# HIDDEN\nCounter().add(-1)", "-1")),
            about="## Question 3: a class",
            config=("points: 2",),
        ),
        *question(
            "q4",
            *block("PROMPT", text("_Your answer here._")),
            *block("SOLUTION", text("Because squares weigh outliers.")),
            about="## Question 4\n\nWhy do outliers move `spread` more than `mean`?",
            config=("manual: true", "points: 4"),
        ),
        *question(
            "q5",
            *block("SOLUTION", code("plt.plot(sample) # SOLUTION\nplt.title('Sample'); # SOLUTION NO PROMPT")),
            about="## Question 5\n\nPlot the sample.",
            config=("manual: true",),
        ),
        text("## Submission\n\nSave the notebook before you hand it in."),
        code("# Save your notebook first, then run this cell to export it.\ngrader.export(run_tests=True)"),
    )  # fmt: skip


def handed_in(released: Path, **answers: str) -> bytes:
    """The released notebook in which cells, by what they are called there, hold a student's answers."""
    notebook = json.loads(released.read_text())
    left = dict(answers)
    for cell in notebook["cells"]:
        role = cell["metadata"].get("nbgrader", {"grade_id": ""})  # the cells that check have none
        name = role["grade_id"].replace("-", "_")
        if name in left:
            cell["source"] = left.pop(name)
    assert not left, f"there is no cell {', '.join(left)}"
    return json.dumps(notebook).encode()


WRITTEN = "My words: squares make outliers count more."
RIGHT = {
    "mean": """\
def mean(values):
    if not len(values):
        raise ValueError("nothing to average")
    return float(np.sum(values)) / len(values)
""",
    "spread": "def spread(values):\n    return float(np.std(values))\n",
    "cell_7": "spread([1, 3])",
    "scaled": "def scaled(values, by=rate):\n    return [value * by for value in values]\n",
    "cell_10": "half = scaled([1, 2])",
    "Counter___init___Counter_add": """\
class Counter:
    def __init__(self, start=0):
        self.count = start

    def add(self, n):
        self.count = self.count + n
        return self.count
""",
    "q4": WRITTEN,
    "cell_16": "plt.plot(sample)\nplt.title('A sample')\n",
}
WRONG = {
    "mean": "def mean(values):\n    return sum(values) / (len(values) + 1)\n",
    "spread": "def spread(values):\n    return max(values) - min(values) + 1\n",
    "scaled": "def scaled(values, by=rate):\n    return [value * rate for value in values]\n",  # all but the last test
    "cell_10": "half = scaled([1, 2])",
    "Counter___init___Counter_add": """\
class Counter:
    def __init__(self, start=0):
        self.count = start

    def add(self, n):
        self.count += n
""",
}
PARTIAL = {
    "mean": "def mean(values):\n    return sum(values) / len(values)\n",  # of none: another exception
    "cell_7": "spread([1, 3])",  # raises, for spread is not written; the cells below it still run
    "scaled": RIGHT["scaled"],
    "cell_10": RIGHT["cell_10"],
    "Counter___init___Counter_add": RIGHT["Counter___init___Counter_add"].replace("= start", "= 0"),
}
POINTS = {
    "right": {"q1a": 4, "q1b": 3, "q2": 3, "q3": 2},
    "wrong": {"q1a": 0, "q1b": 0, "q2": 0, "q3": 0},
    "partial": {"q1a": 2, "q1b": 0, "q2": 3, "q3": 1},
}
