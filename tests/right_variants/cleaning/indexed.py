"""Indexed tables, grouped and aggregated."""

import pandas as pd


def parse_rent(text):
    number = pd.to_numeric(text.replace(",", "").replace("EUR", "").strip(), errors="coerce")
    return None if pd.isna(number) else float(number)


def clean(records):
    frame = pd.DataFrame.from_records(records)
    if frame.empty:
        return []
    frame = frame[~frame.duplicated(subset="id", keep="last")]
    frame = frame[frame.rent.notna() & frame.area.notna()].assign(
        city=lambda f: f.city.map(lambda c: c.strip().title())
    )
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


def mean_rent_per_area(records):
    frame = pd.DataFrame.from_records(records).assign(per=lambda f: f.rent / f.area)
    return {city: group["per"].mean() for city, group in frame.groupby("city", sort=False)}


def cheapest(records, count):
    rents = pd.Series([r["rent"] for r in records], index=[r["id"] for r in records])
    return list(rents.sort_values(kind="mergesort").index[:count])
