"""Pictures to draw and to tell, with round numbers."""

from __future__ import annotations

from dataclasses import replace

from tests.io.dossier.samples import PASSED, PRODUCT

from roadworthy.core.picture import (
    CostCurve,
    Mistakes,
    Pictures,
    Price,
    Reliability,
    Roc,
    Share,
    Span,
)
from roadworthy.core.product import Costs, Prevalence, Product
from roadworthy.core.verdict import Judgement

OURS = Mistakes(
    "",
    Share(4, 200, 0.007, 0.046),
    Share(30, 300, 0.072, 0.134),
    Share(4, 500, 0.0027, 0.0183),
    Share(30, 500, 0.043, 0.0806),
    Share(0, 500, 0.0, 0.006),
)
READER = Mistakes(
    "reader_call",
    Share(10, 200, 0.027, 0.084),
    Share(60, 300, 0.162, 0.243),
    Share(10, 500, 0.011, 0.0337),
    Share(60, 500, 0.097, 0.147),
)
ROC = Roc(
    (0.0, 0.1, 0.4, 1.0),
    (0.0, 0.98, 0.99, 1.0),
    200,
    300,
    OURS.alarms,
    Share(196, 200, 0.954, 0.993),
    0.087,
    0.106,
)
RELIABILITY = Reliability((0.1, 0.8), (250, 250), (20, 180), (0.05, 0.65), (0.13, 0.79))
COSTS = CostCurve(
    (0.1, 0.5, 0.9),
    (3.0, 2.0, 4.0),
    Span(2.0, 1.5, 2.9),
    (2.0, 1.5, 3.0),
    (4.0, 2.9, 5.0),
    (Price("reader_call", Span(2.5, 2.0, 3.1)),),
)
PICTURES = Pictures(0.95, 0.5, (OURS, READER), (), (), ROC, RELIABILITY, COSTS)


def with_pictures(judgement: Judgement = PASSED, pictures: Pictures = PICTURES) -> Judgement:
    return replace(judgement, pictures=pictures)


def at_prevalence(prevalence: Prevalence | None) -> Product:
    costs = Costs("EUR", miss=100.0, false_alarm=5.0)
    return replace(PRODUCT, costs=costs, data=replace(PRODUCT.data, prevalence=prevalence))
