"""Homework 1: cleaning a table of flats with pandas."""

import pandas as pd


def parse_rent(text):
    """A rent such as "1,250 EUR", " 980" or "n/a" as a number; None where there is none.

    Args:
        text: what a landlord wrote.
    """
    ### BEGIN SOLUTION
    cleaned = text.replace("EUR", "").replace(",", "").strip()
    return float(cleaned) if cleaned.replace(".", "", 1).isdigit() else None
    ### END SOLUTION


def clean(records):
    """The records without duplicates and without those whose rent or area is missing, in their order.

    Args:
        records: dictionaries with "id", "city", "rent" (a number or None) and "area" (a number or None). Of several
            with one id, the last one counts; it stands where the last one stood.

    Returns:
        A list of such dictionaries, the cities stripped and in title case.
    """
    ### BEGIN SOLUTION
    frame = pd.DataFrame(records, columns=["id", "city", "rent", "area"])
    frame = frame.drop_duplicates("id", keep="last").dropna(subset=["rent", "area"])
    frame["city"] = frame["city"].str.strip().str.title()
    return frame.to_dict("records")
    ### END SOLUTION


def mean_rent_per_area(records):
    """The mean of rent / area of each city, as a dictionary; of records without missing values."""
    ### BEGIN SOLUTION
    frame = pd.DataFrame(records, columns=["id", "city", "rent", "area"])
    return (frame["rent"] / frame["area"]).groupby(frame["city"]).mean().to_dict()
    ### END SOLUTION


def cheapest(records, count):
    """The ids of the `count` records with the lowest rent, the cheapest first; equal rents in their order."""
    ### BEGIN SOLUTION
    frame = pd.DataFrame(records, columns=["id", "city", "rent", "area"])
    return frame.sort_values("rent", kind="stable")["id"].head(count).tolist()
    ### END SOLUTION


if __name__ == "__main__":
    records = [
        {"id": 1, "city": " ulm", "rent": 900.0, "area": 60.0},
        {"id": 2, "city": "BONN ", "rent": None, "area": 48.0},
        {"id": 3, "city": "bonn", "rent": 1200.0, "area": 80.0},
        {"id": 1, "city": "Ulm", "rent": 950.0, "area": 60.0},
        {"id": 4, "city": "bonn", "rent": 700.0, "area": None},
        {"id": 5, "city": "kiel", "rent": 640.0, "area": 40.0},
        {"id": 6, "city": "ulm", "rent": 880.0, "area": 51.0},
    ]
    print([parse_rent(text) for text in ("1,250 EUR", " 980", "n/a")])
    kept = clean(records)
    print(mean_rent_per_area(kept), cheapest(kept, 3))
