"""Makes cases.csv and weights.json: a model fitted elsewhere, and cases that it was not shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

SEED = 7
FITTED_ON = 169
FEATURES = {
    "radius": "worst radius",
    "texture": "mean texture",
    "smoothness": "worst smoothness",
    "concave_points": "worst concave points",
}


def make(folder: Path) -> None:
    """Fits on 169 masses drawn at random, and writes the other 400 down."""
    wdbc = load_breast_cancer()
    names = list(wdbc.feature_names)
    x = wdbc.data[:, [names.index(name) for name in FEATURES.values()]]
    malignant = wdbc.target == list(wdbc.target_names).index("malignant")
    order = np.random.default_rng(SEED).permutation(len(x))
    fitted, judged = order[:FITTED_ON], np.sort(order[FITTED_ON:])
    scaler = StandardScaler().fit(x[fitted])
    model = LogisticRegression().fit(scaler.transform(x[fitted]), malignant[fitted])
    weights = {
        "intercept": rounded(model.intercept_[0]),
        "features": {
            name: dict(zip(("mean", "sd", "weight"), map(rounded, numbers), strict=True))
            for name, *numbers in zip(
                FEATURES, scaler.mean_, scaler.scale_, model.coef_[0], strict=True
            )
        },
    }
    (folder / "weights.json").write_text(json.dumps(weights, indent=2) + "\n")
    cases = {"case": [f"W{i + 1:04d}" for i in judged]}
    cases |= {name: x[judged, i] for i, name in enumerate(FEATURES)}
    cases |= {"diagnosis": np.where(malignant[judged], "malignant", "benign")}
    pl.DataFrame(cases).write_csv(folder / "cases.csv")


def rounded(number: float) -> float:
    return round(float(number), 4)


if __name__ == "__main__":
    make(Path(__file__).parent)
