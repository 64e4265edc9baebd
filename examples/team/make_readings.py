"""Makes readings.csv from schedule.csv: readers who do not exist, on cases that do not either.

Nobody read anything. Every reader finds about .85 of the positives and spares about .85 of the
negatives; the marks help with a positive now and then, and sometimes mislead on a negative.
"""

import csv
import random
from pathlib import Path

HERE = Path(__file__).parent
SESSIONS = {"1": "2026-03-02", "2": "2026-04-13"}


def main() -> None:
    with (HERE / "schedule.csv").open() as read:
        planned = list(csv.DictReader(read))
    chance = random.Random(11)
    cases = sorted({row["case"] for row in planned})
    truth = {case: place % 2 for place, case in enumerate(cases)}
    # how plain a case is, to all readers and to each; how well a reader sees
    plain = {case: chance.gauss(0, 0.5) for case in cases}
    skill = {reader: chance.gauss(0, 0.1) for reader in sorted({r["reader"] for r in planned})}
    seen = {(r, case): chance.gauss(0, 0.5) for r in skill for case in cases}
    with (HERE / "readings.csv").open("w", newline="") as written:
        out = csv.writer(written, lineterminator="\n")
        out.writerow(["reader", "case", "condition", "session", "date", "truth", "call"])
        for row in planned:
            reader, case = row["reader"], row["case"]
            helps = 0.15 if truth[case] else -0.02
            sure = 1.05 + plain[case] + skill[reader] + seen[(reader, case)]
            sure += chance.gauss(0, 0.7) + (helps if row["condition"] == "with" else 0.0)
            call = truth[case] if sure > 0 else 1 - truth[case]
            day = SESSIONS[row["session"]]
            told = [reader, case, row["condition"], row["session"], day, truth[case], call]
            out.writerow(told)


if __name__ == "__main__":
    main()
