"""Before a product is at work, its plan says what audits of cleared cases would have to show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.tables import SCORED, simulated, write_product
from tests.workflow.test_verification import DATA, REFERS, SPARING, at_work

from roadworthy.core.plan import PlannedAudit
from roadworthy.io.plan_words import audits as words
from roadworthy.stats.binomial import upper
from roadworthy.stats.verification import Known, lower
from roadworthy.workflow.plan import plan

AUDITED = {"threshold": 0.5, "audit": {"share": 0.02}}


def planned(folder: Path, requirements: list[dict[str, Any]], **said: Any) -> list[PlannedAudit]:
    told = {"data": {**SCORED, "prevalence": 0.006}, "decision": AUDITED, **said}
    file = write_product(folder, simulated(200, 3), requirements, **told)
    return list(plan(file).audits)


def test_the_known_figure_and_the_cases_that_bring_it(tmp_path: Path) -> None:
    (found,) = planned(tmp_path, [{"metric": "false_negative_rate", "at_most": 0.01}])
    assert found.audits == pytest.approx(34_950, rel=0.001)
    assert found.traffic == pytest.approx(34_950 / 0.7 / 0.02, rel=0.001)
    (lead, line) = words([found])
    assert "2\N{NO-BREAK SPACE}% of those audited" in lead and "0.0060" in lead
    assert "without a miss" in line


def test_sensitivity_and_misses_take_the_same(tmp_path: Path) -> None:
    rates = [
        {"metric": "sensitivity", "at_least": 0.99},
        {"metric": "false_negative_rate", "at_most": 0.01},
    ]
    one, other = planned(tmp_path, rates)
    assert one.audits == other.audits


def test_npv_takes_audits_and_no_prevalence(tmp_path: Path) -> None:
    data = {**SCORED, "prevalence": "as_sampled"}
    (found,) = planned(tmp_path, [{"metric": "npv", "at_least": 0.99}], data=data)
    assert found.audits == 299
    assert float(upper(0, found.audits, 0.05)) <= 0.01 < float(upper(0, found.audits - 1, 0.05))
    assert found.prevalence is None


def test_what_hangs_on_no_cleared_positive_is_not_asked_for(tmp_path: Path) -> None:
    rates = [
        {"metric": "specificity", "at_least": 0.9},
        {"metric": "ppv", "at_least": 0.1},
        {"metric": "auc", "at_least": 0.7},
        {"metric": "accuracy", "at_least": 0.7},
    ]
    assert planned(tmp_path, rates) == []


def test_without_audits_nothing_is_said(tmp_path: Path) -> None:
    rates = [{"metric": "sensitivity", "at_least": 0.99}]
    assert planned(tmp_path, rates, decision={"threshold": 0.5}) == []


def test_so_many_audits_pass_the_very_test_that_judges(tmp_path: Path) -> None:
    """A table at work tells its own prevalence, cleared share and audits."""
    rates = [{"metric": "sensitivity", "at_least": 0.98}, SPARING]
    file = write_product(tmp_path, at_work(6000), rates, data=DATA, decision=REFERS)
    (found,) = plan(file).audits
    assert found.share == pytest.approx(0.25)
    assert found.prevalence == pytest.approx(0.1, rel=0.05)
    positives = int(found.traffic * (found.prevalence or 0.0))
    seen = [Known(1.0, positives, 0, could_miss=False), Known(0.25, 0, 0, could_hit=False)]
    assert lower(seen, 0.05) >= 0.98
