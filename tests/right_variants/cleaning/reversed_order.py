"""Reads the records from the end, and aggregates a pivot table."""

import pandas as pd


def clean(records):
    seen, kept = set(), []
    for record in reversed(records):
        if record["id"] not in seen:
            seen.add(record["id"])
            if not pd.isna(record["rent"]) and not pd.isna(record["area"]):
                kept.insert(0, dict(record, city=record["city"].strip().title()))
    return kept


def mean_rent_per_area(records):
    frame = pd.DataFrame(records)
    frame["per"] = frame["rent"].div(frame["area"])
    return frame.pivot_table(index="city", values="per", aggfunc="mean")["per"].to_dict()


def cheapest(records, count):
    left, chosen = list(records), []
    while left and len(chosen) < count:
        best = min(left, key=lambda record: record["rent"])
        left.remove(best)
        chosen.append(best["id"])
    return chosen
