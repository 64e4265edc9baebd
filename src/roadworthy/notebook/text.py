"""Results as text: what the command line prints of the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from roadworthy.cli import (
    leaderboard,
    show,
    show_compare,
    show_compress,
    show_decisions,
    show_doctor,
    show_explain,
    show_init,
    show_renew,
    show_report,
    show_sealed,
    show_vault,
    show_worklist,
)
from roadworthy.core.comparison import Comparison
from roadworthy.core.compression import Compression
from roadworthy.core.ladder import Ladder
from roadworthy.core.plan import Plan
from roadworthy.core.product import Product
from roadworthy.core.renewal import RenewalPlan, Renewed
from roadworthy.core.successor import Due
from roadworthy.core.verdict import Judgement
from roadworthy.io.harmless import harmless
from roadworthy.workflow.decisions import Decisions
from roadworthy.workflow.doctor import Health
from roadworthy.workflow.dossier import Written
from roadworthy.workflow.explain import Explained
from roadworthy.workflow.init import Drafted
from roadworthy.workflow.leaderboard import Leaderboard
from roadworthy.workflow.report import Reported
from roadworthy.workflow.rolling import Drawn
from roadworthy.workflow.seal import Sealed
from roadworthy.workflow.train import Trained
from roadworthy.workflow.vault_explain import Explained as VaultExplained
from roadworthy.workflow.vault_status import VaultStatus
from roadworthy.workflow.worklist import ReadingList

_PRINTS: dict[type, Callable[[Any], None]] = {
    Judgement: show.judgement,
    Plan: show.plan,
    Ladder: show.ladder,
    Trained: show.trained,
    Written: show.written,
    Comparison: show_compare.comparison,
    Compression: show_compress.compression,
    Decisions: show_decisions.decisions,
    Health: show_doctor.health,
    Explained: show_explain.explained,
    Drafted: show_init.drafted,
    ReadingList: show_worklist.worklist,
    Reported: show_report.reported,
    Renewed: show_renew.renewed,
    RenewalPlan: show_renew.plan,
    Due: show_renew.due,
    Drawn: show_renew.drawn,
    VaultExplained: show_vault.explained,
    Sealed: show_sealed.sealed,
    VaultStatus: show_sealed.status,
    Leaderboard: leaderboard.board,
}


def text(found: object) -> str:
    """What a terminal would show; a product is the text of its file."""
    if isinstance(found, Product):
        return harmless(found.text).strip("\n") or repr(found)
    prints = _PRINTS.get(type(found))
    return repr(found) if prints is None else show.told(prints, found).strip("\n")
