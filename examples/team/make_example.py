"""Makes cases.csv: the 830 mammographic masses with the score of a small points table."""

import csv
import math
from pathlib import Path

HERE = Path(__file__).parent
SHAPE = {"lobular": 0.8, "irregular": 1.8}
MARGIN = {"microlobulated": 1.6, "obscured": 1.2, "ill-defined": 1.5, "spiculated": 2.2}


def score(mass: dict[str, str]) -> float:
    points = SHAPE.get(mass["shape"], 0.0) + MARGIN.get(mass["margin"], 0.0)
    return 1.0 / (1.0 + math.exp(-(points - 2.3 + (int(mass["age"]) - 55) / 20)))


if __name__ == "__main__":
    source = HERE.parent / "mammography" / "mammographic_masses.csv"
    with source.open() as read, (HERE / "cases.csv").open("w", newline="") as written:
        out = csv.writer(written, lineterminator="\n")
        out.writerow(["case", "bi_rads", "score", "severity"])
        for mass in csv.DictReader(read):
            out.writerow([mass["case"], mass["bi_rads"], f"{score(mass):.4f}", mass["severity"]])
