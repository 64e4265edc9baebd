"""Somebody else's model: cases as JSON lines in, the chance of cancer as JSON lines out."""

import json
import math
import sys
from pathlib import Path

WEIGHTS = json.loads(Path(__file__).with_name("weights.json").read_text())


def score(case):
    log_odds = WEIGHTS["intercept"]
    for name, known in WEIGHTS["features"].items():
        log_odds += known["weight"] * (case[name] - known["mean"]) / known["sd"]
    return round(1 / (1 + math.exp(-log_odds)), 6)


if __name__ == "__main__":
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps({"id": case["id"], "score": score(case)}))
