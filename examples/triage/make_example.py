"""Makes cases.csv: the 569 breast masses that scikit-learn brings, with ten of their features."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from sklearn.datasets import load_breast_cancer


def make(folder: Path) -> None:
    """Writes every mass down with the ten features of its three largest nuclei."""
    wdbc = load_breast_cancer()
    worst = {
        name.removeprefix("worst ").replace(" ", "_"): wdbc.data[:, i]
        for i, name in enumerate(wdbc.feature_names)
        if name.startswith("worst ")
    }
    cases = pl.DataFrame(
        {
            "case": [f"W{i + 1:04d}" for i in range(len(wdbc.target))],
            **worst,
            "diagnosis": [str(wdbc.target_names[i]) for i in wdbc.target],
        }
    )
    cases.write_csv(folder / "cases.csv")


if __name__ == "__main__":
    make(Path(__file__).parent)
