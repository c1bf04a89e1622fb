"""Write the data of this homework, all of it invented: `python assignments/levels/make_data.py`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

COURSE = Path(__file__).resolve().parents[2]
KNOWN, ASKED = 60, 30


def days(rng, n):
    """Rain of a day and of the day before in mm, and the level of the river in cm: (n, 3)."""
    rain, before = rng.gamma(1.5, 6, size=(2, n)).round(1)
    level = 120 + 3 * rain + 2 * before + 0.15 * rain * before + 4 * rng.normal(size=n)
    return np.column_stack([rain, before, level.round(1)])


def solved(known, asked):
    """Levels (n,) by least squares on rain, rain before, and their product."""

    def columns(table):
        return np.column_stack([np.ones(len(table)), table[:, :2], table[:, 0] * table[:, 1]])

    weights, *_ = np.linalg.lstsq(columns(known), known[:, 2], rcond=None)
    return (columns(asked) @ weights).round(1)


def text(head, ids, table):
    """A CSV file."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(
        [name, *row] for name, row in zip(ids, np.asarray(table).reshape(len(ids), -1).tolist(), strict=True)
    )
    return file.getvalue()


def files():
    """All files by their path below the course's folder."""
    rng = np.random.default_rng(2027)
    known, asked = days(rng, KNOWN), days(rng, ASKED)
    first, then = [f"k{n:02}" for n in range(KNOWN)], [f"d{n:02}" for n in rng.permutation(ASKED)]
    measures = ["id", "rain", "before"]
    return {
        "reference/levels/training.csv": text([*measures, "level"], first, known),
        "reference/levels/inputs.csv": text(measures, then, asked[:, :2]),
        "assignments/levels/hidden/labels.csv": text(["id", "level"], then, asked[:, 2]),
        "reference/levels/predictions.csv": text(["id", "level"], then, solved(known, asked)),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (COURSE / name).write_text(content, encoding="utf-8")
