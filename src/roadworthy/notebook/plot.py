"""The dossier's bars against their limits, with their looks in attributes instead of a sheet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from markupsafe import Markup

from roadworthy.core.errors import RoadworthyError
from roadworthy.core.instrument import About
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.dossier import plots
from roadworthy.io.registry import instruments
from roadworthy.notebook.card import LINES

_CLASS = re.compile(r'class="([^"]*)"')
_WIDTH = 230


class Bars:
    """Draws verdicts; those on one metric share a scale, so that their bars can be compared."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        known = instruments()
        self._abouts = {v.metric: _about(known, v.metric) for v in verdicts}
        together: dict[tuple[str, bool, str], list[Verdict]] = {}
        for verdict in verdicts:
            together.setdefault(_key(verdict), []).append(verdict)
        self._scales = {key: self._scale(key[0], among) for key, among in together.items()}

    def of(self, verdict: Verdict) -> Markup:
        """The bar of one verdict."""
        about = self._abouts[verdict.metric]
        # titles inside a picture are found by id, and a notebook is one page
        told = f"{verdict.requirement} {verdict.slice} {verdict.limit} {verdict.evidence}"
        key = "rw-" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]
        unit = "" if about is None else about.unit
        scale = self._scales[_key(verdict)]
        title = f"{verdict.requirement}, {verdict.slice}"
        drawn = str(plots.interval(verdict, scale, key, title, unit))
        tone = LINES[verdict.outcome]
        return Markup(_CLASS.sub(lambda found: _looks(found[1], tone), drawn))

    def _scale(self, metric: str, verdicts: Sequence[Verdict]) -> plots.Scale:
        about = self._abouts[metric]
        if about is None or verdicts[0].limit.compares:
            return plots.scale_over(verdicts)
        return plots.scale_over(verdicts, about.lowest, about.highest)


def _key(verdict: Verdict) -> tuple[str, bool, str]:
    return verdict.metric, verdict.limit.compares, verdict.limit.unit


def _about(known: object, metric: str) -> About | None:
    """What is known of a metric; its plug-in need not be installed here."""
    try:
        about: About = known[metric].about  # type: ignore[index]
    except (KeyError, RoadworthyError):
        return None
    return about


def _looks(name: str, tone: str) -> str:
    """What a class of the dossier's style sheet looks like on a page of either brightness."""
    kind = name.split()
    stroke = 'stroke="currentColor"'
    looks = {
        "plot": f'width="{_WIDTH}" style="display:block;overflow:visible;color:inherit"',
        "meets": f'fill="{LINES[Outcome.PASS]}" fill-opacity=".16"',
        "axis": f'{stroke} stroke-opacity=".45"',
        "limit": f'{stroke} stroke-width="1.6"',
        "span": f'stroke="{tone}" stroke-width="2.6"',
        "tip": f'fill="{tone}"',
        "halo": 'fill="none"',
        "seen": f'fill="{tone}"',
        "at": 'fill="currentColor" font-size="12" font-weight="600"',
        "end": 'fill="currentColor" fill-opacity=".7" font-size="11"',
        "none": 'fill="currentColor" font-size="12"',
    }
    if "cross" in kind:
        return f'fill="none" stroke="{tone}" stroke-width="3.2"'
    return looks.get(kind[0] if kind else "", "")
