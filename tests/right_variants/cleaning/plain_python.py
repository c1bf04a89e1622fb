"""Without pandas."""

import re
from collections import defaultdict


def parse_rent(text):
    found = re.fullmatch(r"\s*([\d,]*\.?\d*)\s*(EUR)?\s*", text)
    digits = found[1].replace(",", "") if found else ""
    return float(digits) if re.search(r"\d", digits) else None


def clean(records):
    last = {record["id"]: place for place, record in enumerate(records)}
    kept = [record for place, record in enumerate(records) if last[record["id"]] == place]
    whole = [record for record in kept if record["rent"] is not None and record["area"] is not None]
    return [{**record, "city": record["city"].strip().title()} for record in whole]


def mean_rent_per_area(records):
    found = defaultdict(list)
    for record in records:
        found[record["city"]].append(record["rent"] / record["area"])
    return {city: sum(each) / len(each) for city, each in found.items()}


def cheapest(records, count):
    return [record["id"] for record in sorted(records, key=lambda record: record["rent"])][:count]
