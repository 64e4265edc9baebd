"""Metrics as people read them: title, unit, formula, and one scale for all plots of a metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from roadworthy.core.instrument import About
from roadworthy.core.verdict import Judgement, Verdict
from roadworthy.io.dossier import plots

ScaleKey: TypeAlias = tuple[str, bool, str]


@dataclass(frozen=True)
class Formula:
    """A metric as its instrument explains it."""

    title: str
    definition: str
    formula: str
    source: str
    better: str


class Metrics:
    """Title, unit and common scale of every metric in the judgement."""

    def __init__(self, judgement: Judgement, abouts: Mapping[str, About]) -> None:
        names = dict.fromkeys(verdict.metric for verdict in judgement.verdicts)
        self.abouts = {name: abouts[name] for name in names if name in abouts}
        self._names = names
        self._scales = self._common_scales(judgement.verdicts)

    def title(self, metric: str) -> str:
        """The name for people."""
        about = self.abouts.get(metric)
        title = about.title if about else metric.replace("_", " ")
        return title[:1].upper() + title[1:]

    def unit(self, metric: str) -> str:
        """The unit, empty for a rate."""
        about = self.abouts.get(metric)
        return about.unit if about else ""

    def scale(self, verdict: Verdict) -> plots.Scale:
        """The scale that every verdict on this metric shares."""
        return self._scales[self._key(verdict)]

    def formulas(self) -> Iterable[Formula]:
        """Every metric explained, in the order of the verdicts."""
        for metric in self._names:
            about = self.abouts.get(metric)
            if about is None:
                yield Formula(self.title(metric), "Its plug-in is not installed here.", "", "", "")
            else:
                better = f"{about.better} is better"
                yield Formula(
                    self.title(metric), about.definition, about.formula, about.source, better
                )

    def follow_prevalence(self) -> list[str]:
        """The metrics that depend on how common positives are."""
        return [self.title(name) for name, about in self.abouts.items() if about.follows_prevalence]

    def _common_scales(self, verdicts: Sequence[Verdict]) -> dict[ScaleKey, plots.Scale]:
        together: dict[ScaleKey, list[Verdict]] = {}
        for verdict in verdicts:
            together.setdefault(self._key(verdict), []).append(verdict)
        return {key: self._scale_over(key, among) for key, among in together.items()}

    def _scale_over(self, key: ScaleKey, verdicts: list[Verdict]) -> plots.Scale:
        about = self.abouts.get(key[0])
        if about is None or verdicts[0].limit.compares:
            return plots.scale_over(verdicts)
        return plots.scale_over(verdicts, about.lowest, about.highest)

    def _key(self, verdict: Verdict) -> ScaleKey:
        return verdict.metric, verdict.limit.compares, verdict.limit.unit
