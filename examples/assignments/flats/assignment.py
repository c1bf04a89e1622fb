"""A notebook with pandas and a scikit-learn pipeline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from autograder import Assignment, Limits
from autograder.checks import close, estimator, same, table

assignment = Assignment(
    "Prices of flats",
    files=["flats.ipynb"],
    given=["flats.csv"],
    preload=("numpy", "pandas", "sklearn.pipeline", "sklearn.compose", "sklearn.linear_model"),
    limits=Limits(wall_seconds=90, cpu_seconds=40, memory_mib=2048),
)

a = assignment.question("Cleaning", id="a", solution="clean")
b = assignment.question("A summary", id="b", solution="summary")
c = assignment.question("A pipeline", id="c", solution=["price_model", "mean_score"])


def dirty(rng, n=30):
    """A table with all that `clean` takes care of, and the same rows in another order."""
    frame = pd.DataFrame(
        {
            "id": rng.permutation(n) + 100,
            "district": rng.choice(["Mill", " mill", "lake ", "LAKE", "hill"], size=n),
            "area": np.where(rng.random(n) < 0.2, np.nan, rng.integers(20, 90, size=n)),
            "rooms": rng.integers(1, 5, size=n),
            "price": np.where(rng.random(n) < 0.15, np.nan, rng.normal(200, 40, size=n).round(1)),
        }
    )
    return pd.concat([frame, frame.iloc[rng.integers(n, size=4)]], ignore_index=True)


# --- (a) cleaning ---


@a.check(points=1)
def three_flats(student):
    """Of three rows, one of them twice, two remain, sorted by id."""
    got = student.clean(
        pd.DataFrame(
            {
                "id": [3, 1, 3],
                "district": [" Mill", "LAKE", " Mill"],
                "area": [40.0, 60.0, 40.0],
                "rooms": [2, 3, 2],
                "price": [120.0, 200.0, 120.0],
            }
        )
    )
    want = pd.DataFrame(
        {"district": ["lake", "mill"], "area": [60.0, 40.0], "rooms": [3, 2], "price": [200.0, 120.0]},
        index=pd.Index([1, 3], name="id"),
    )
    table(got, want, name="clean(table)")


@a.check(points=3, hidden=True, hint="Which rows go, which gaps are filled, and with what?")
def cleans(student, reference, rng):
    """Repeated rows, rows without price, districts, areas and the index are right."""
    frame = dirty(rng)
    table(student.clean(frame), reference.clean(frame), name="clean(table)")


# --- (b) a summary ---


@b.check(points=1)
def a_row_for_each_district(student):
    """There is one row for each of the three districts."""
    same(sorted(student.summary.index), ["harbour", "north", "old town"], name="summary.index")


@b.check(points=3, hidden=True, hint="groupby, agg, sort_values.")
def numbers_of_the_summary(student, reference):
    """Counts, means and their order are right."""
    table(student.summary, reference.summary, name="summary")


# --- (c) a pipeline ---


@c.check(points=1)
def steps_of_the_pipeline(student):
    """The pipeline is not fitted yet, and ends in Ridge with the strength that was given."""
    model = estimator(student.estimator_of(student.price_model(3.0)), name="price_model(3.0)")
    model.unfitted()
    model.step("Ridge").has(alpha=3.0)


@c.check(points=3, hidden=True, hint="Which columns are standardised, which one-hot? Unknown districts are ignored.")
def predictions(student, reference, rng):
    """Fitted on a table, the pipeline predicts as the reference's does, also for an unknown district."""
    known, new = reference.clean(dirty(rng)), reference.clean(dirty(rng)).assign(district="moon")
    columns = ["district", "area", "rooms"]
    got, want = (
        each.price_model(2.0).fit(known[columns], known["price"]).predict(new[columns]) for each in (student, reference)
    )
    close(got, want, name="the predictions", rtol=1e-4)


@c.check(points=2, hidden=True, needs=predictions)
def cross_validation(student, reference, rng):
    """The mean score is that of five folds, in order."""
    frame = reference.clean(dirty(rng, n=50))
    close(
        student.mean_score(student.price_model(), frame),
        reference.mean_score(reference.price_model(), frame),
        name="mean_score",
        rtol=1e-4,
    )
