"""What certifying costs: exact thresholds on a million labelled decisions, and MAPIE beside them.

`python bench/triage.py` measures in this process and rewrites its own section of RESULTS.md. MAPIE
is a development extra (`pip install -e '.[bench]'`); without it the row says so.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.stats.triage import (
    STARTS,
    Sample,
    certified_threshold,
    cheapest,
    fixed_sequence,
    grid,
    predictive_shown,
    starts,
)

HERE = Path(__file__).parent
HEAD = "## What certifying costs"
DELTA = 0.05
RISKS = (
    ("recall", 0.95),
    ("false_positive_rate", 0.05),
    ("negative_predictive_value", 0.98),
    ("positive_predictive_value", 0.60),
)


def decisions(cases: int) -> Sample:
    """Scores of which 1 in 10 belongs to a positive."""
    rng = np.random.default_rng(1)
    ill = rng.random(cases) < 0.1
    logit = rng.normal(size=cases) * 1.2 + np.where(ill, 2.5, -2.5)
    return Sample(1.0 / (1.0 + np.exp(-logit)), ill)


def cpu(run: Callable[[], object], repeats: int) -> float:
    """The fewest CPU seconds of a run."""
    found = []
    for _ in range(repeats):
        before = time.process_time()
        run()
        found.append(time.process_time() - before)
    return min(found)


def exact(sample: Sample) -> object:
    """FNR at most 1 %."""
    return certified_threshold(sample, 0.01, DELTA)


def everything(sample: Sample, tried: NDArray[np.float64]) -> object:
    """FNR, FPR, NPV and PPV, and the cheapest pair inside what is certified."""
    mirrored = sample.mirrored()
    fnr = certified_threshold(sample, 0.05, DELTA / 4).threshold
    fpr = certified_threshold(mirrored, 0.05, DELTA / 4).threshold
    assert fnr is not None and fpr is not None
    level, begin = DELTA / 4 / STARTS, starts(len(tried))
    npv = fixed_sequence(predictive_shown(sample, tried, 0.02, level, None), begin)
    back = -tried[::-1]
    ppv = fixed_sequence(predictive_shown(mirrored, back, 0.4, level, None), begin)
    below, above = tried[npv], -back[ppv]
    cleared = np.where(sample.error, 20.0, 0.0) - 1.0
    flagged = np.where(sample.error, 0.0, 5.0) - 1.0
    return cheapest(sample.score, cleared, flagged, below[below <= fnr], above[above >= -fpr])


def mapie(cases: int, *risks: tuple[str, float]) -> str:
    """Such risks through MAPIE, on fewer cases: seconds, or why there are none."""
    try:
        from mapie import risk_control
    except ImportError:
        return "not installed: `pip install -e '.[bench]'`"
    sample = decisions(cases)

    def told(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([1.0 - x.ravel(), x.ravel()])

    def control(risk: str, level: float) -> object:
        controller = risk_control.BinaryClassificationController(
            told,
            getattr(risk_control, risk),
            target_level=level,
            confidence_level=1 - DELTA / len(risks),
            # it has no choice of its own for predictive values
            best_predict_param_choice=risk_control.accuracy,
        )
        return controller.calibrate(sample.score[:, None], sample.error.astype(int))

    def run() -> None:
        for risk, level in risks:
            control(risk, level)

    return f"{cpu(run, 1):.3f}"


def installed(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} (not installed)"


def section(cases: int, fewer: int, repeats: int) -> list[str]:
    """The rows, as Markdown."""
    many, few = decisions(cases), decisions(fewer)
    tried = grid(decisions(10_000).score)
    return [
        HEAD,
        "",
        f"CPU seconds in one process, best of {repeats}; numpy {np.__version__}, "
        f"{installed('mapie')}. All of it: FNR, FPR, NPV, PPV and the cheapest pair of thresholds "
        "inside what they certify. MAPIE controls recall >= 0.95, FPR <= 0.05, NPV >= 0.98 and "
        "PPV >= 0.60 one after the other, with its own grid of 100 thresholds and defaults, once.",
        "",
        "| what | cases | CPU s |",
        "|---|---:|---:|",
        f"| exact FNR threshold | {cases:,} | {cpu(lambda: exact(many), repeats):.3f} |",
        f"| all of it | {cases:,} | {cpu(lambda: everything(many, tried), repeats):.3f} |",
        f"| exact FNR threshold | {fewer:,} | {cpu(lambda: exact(few), repeats):.4f} |",
        f"| all of it | {fewer:,} | {cpu(lambda: everything(few, tried), repeats):.3f} |",
        f"| MAPIE: recall alone | {fewer:,} | {mapie(fewer, *RISKS[:1])} |",
        f"| MAPIE: recall, FPR, NPV, PPV | {fewer:,} | {mapie(fewer, *RISKS)} |",
        "",
    ]


def rewritten(page: str, lines: list[str], head: str = HEAD) -> str:
    """The page with the section under ``head`` in place of the one before, or at its end."""
    start = page.find(head)
    if start < 0:
        return page.rstrip() + "\n\n" + "\n".join(lines).rstrip() + "\n"
    end = page.find("\n## ", start + 1)
    rest = "" if end < 0 else page[end + 1 :]
    return page[:start] + "\n".join(lines).rstrip() + "\n" + (f"\n{rest}" if rest else "")


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--cases", type=float, default=1e6)
    asked.add_argument("--fewer", type=float, default=1e5, help="cases for MAPIE")
    asked.add_argument("--repeats", type=int, default=5)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(int(given.cases), int(given.fewer), given.repeats)
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
