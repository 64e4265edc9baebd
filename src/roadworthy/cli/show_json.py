"""What `--json` prints of a plan, of training and of what was written: one JSON object each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.io.ladder_json import ladder_to_json

if TYPE_CHECKING:
    from roadworthy.core.plan import Plan, PlannedCell
    from roadworthy.models.guard import FittedGuard
    from roadworthy.workflow.dossier import Written
    from roadworthy.workflow.train import Trained


def plan_json(found: Plan) -> dict[str, Any]:
    """The plan as one JSON object."""
    return {
        "schema": 1,
        "product": found.product,
        "can_be_shown": not found.never,
        "confidence": found.confidence,
        "power": found.power,
        "cells": [_planned_json(cell) for cell in found.cells],
        "total": {
            "cases": found.cases,
            "cost": None
            if found.cost is None
            else {"value": found.cost.value, "unit": found.cost.unit},
            "set": found.judging_set,
            "have": found.have,
        },
        "looks": [
            {
                "requirement": look.requirement,
                "looks": look.looks,
                "of": look.of,
                "sizes": list(look.sizes),
                "hits": list(look.hits),
                "expected": look.expected,
            }
            for look in found.looks
        ],
        "notes": list(found.notes),
        "certificate": [
            {
                "risk": risk.risk,
                "at_most": risk.at_most,
                "delta": risk.delta,
                "of": risk.of,
                "counts": [{"errors": errors, "cases": cases} for errors, cases in risk.counts],
                "have": risk.have,
                "audits": risk.audits,
                "prevalence": risk.prevalence,
                "cleared": risk.cleared,
                "traffic": risk.traffic,
            }
            for risk in found.certificate
        ],
        "audits": [
            {
                "requirement": one.requirement,
                "metric": one.metric,
                "audits": one.audits,
                "traffic": one.traffic,
                "share": one.share,
                "cleared": one.cleared,
                "prevalence": one.prevalence,
            }
            for one in found.audits
        ],
    }


def trained_json(found: Trained) -> dict[str, Any]:
    """What ``train`` did as one JSON object."""
    ladder = ladder_to_json(found.ladder)
    return {
        "schema": 1,
        "model": found.model,
        "fingerprint": found.fingerprint,
        "features": list(found.features),
        "cases": found.cases,
        "bytes": found.bytes,
        "threshold": None if found.policy is None else found.policy.threshold,
        "candidates": found.candidates,
        **{
            key: value
            for key, value in ladder.items()
            if key in ("kept", "meets", "reason", "best")
        },
        "guard": None if found.guard is None else _guard_json(found.guard),
        "notes": list(found.notes),
        "unjudged": ladder["unjudged"],
        "recalls": ladder["recalls"],
        "samplings": ladder["samplings"],
        "ladder": ladder["rungs"],
    }


def written_json(found: Written) -> dict[str, Any]:
    """Where the dossier stands, as one JSON object."""
    return {
        "schema": 1,
        "set": found.set,
        "outcome": found.outcome,
        "stale": found.stale,
        "hypothetical": found.hypothetical,
        "html": str(found.html),
        "markdown": str(found.markdown),
        "json": str(found.json),
        "junit": str(found.junit),
        "ledger": found.ledger,
        "wrong": found.wrong or None,
    }


def _guard_json(guard: FittedGuard) -> dict[str, Any]:
    return {
        "fingerprint": guard.fingerprint,
        "methods": [one.name for one in guard.measures],
        "features": list(guard.needs),
        "reference": guard.card.reference,
        "threshold": {"at": guard.card.at, "spent": guard.card.spent, "cases": guard.card.n},
    }


def _planned_json(cell: PlannedCell) -> dict[str, Any]:
    return {
        "requirement": cell.requirement,
        "metric": cell.metric,
        "of_whom": cell.of,
        "slice": str(cell.slice) if cell.slice.keys else None,
        "tier": cell.tier,
        "limit": {"side": cell.limit.side, "value": cell.limit.value, "unit": cell.limit.unit},
        "target": cell.target,
        "needs": {
            "of": cell.need.of,
            "at_target": cell.need.at_target,
            "without_error": cell.need.without_error,
            "never": cell.need.never,
        },
        "cases": cell.cases,
        "have": cell.have,
        "enough": cell.enough,
    }
