"""A detector of its own, no model of roadworthy's: specks that lie together, as a table of marks.

Bright specks are what a narrow blur keeps and a wide one does not; a mark is where many lie close.
It reads `cases.csv` beside it and writes `marks.csv`: a row a mark, with a score from 0 to 1.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
from scipy import ndimage

from roadworthy.io.images import read

VIEWS = ("l_cc", "l_mlo", "r_cc", "r_mlo")
HALF, MOST = 8, 5


def marks(picture):
    """The most crowded places of one image: left, top, width, height, score."""
    inside = ndimage.binary_erosion(picture > 0, iterations=3)
    specks = ndimage.gaussian_filter(picture, 0.7) - ndimage.gaussian_filter(picture, 2.0)
    bright = np.clip(specks / specks[inside].std() - 1.5, 0.0, 4.0) * inside
    crowd = ndimage.gaussian_filter(bright, 4.5) / np.maximum(
        ndimage.gaussian_filter(inside.astype(float), 4.5), 0.3
    )
    for _ in range(MOST):
        row, column = np.unravel_index(crowd.argmax(), crowd.shape)
        top, left = max(row - HALF, 0), max(column - HALF, 0)
        box = left, top, min(2 * HALF, crowd.shape[1] - left), min(2 * HALF, crowd.shape[0] - top)
        yield *map(int, box), round(float(1.0 - np.exp(-2.0 * crowd[row, column])), 4)
        crowd[top : top + 2 * HALF, left : left + 2 * HALF] = 0.0


def main():
    with Path("marks.csv").open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["exam", "image", "x", "y", "width", "height", "score"])
        for case in pl.read_csv("cases.csv").iter_rows(named=True):
            for view in VIEWS:
                for mark in marks(read(case[view]).grey):
                    rows.writerow([case["exam"], case[view], *mark])


if __name__ == "__main__":
    main()
