"""Makes predictions.csv: scores of a model that was never shown the case it scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 7
FOLDS = 10


def predictions() -> pl.DataFrame:
    """One row per case: the score (chance of cancer), the diagnosis and the size of the nuclei."""
    wdbc = load_breast_cancer()
    malignant = wdbc.target == list(wdbc.target_names).index("malignant")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    # Out of fold: each score comes from the one model of ten that has not seen the case.
    score = cross_val_predict(model, wdbc.data, malignant, cv=folds, method="predict_proba")[:, 1]
    radius = wdbc.data[:, list(wdbc.feature_names).index("mean radius")]
    return pl.DataFrame(
        {
            "case": [f"W{number:04d}" for number in range(1, len(score) + 1)],
            "score": score.round(6),
            "diagnosis": np.where(malignant, "malignant", "benign"),
            "size": np.where(radius > np.median(radius), "large", "small"),
        }
    )


if __name__ == "__main__":
    predictions().write_csv(Path(__file__).with_name("predictions.csv"))
