"""The conformance kit of levers: what a proposal must keep to before anybody is told to follow it.

The kit judges products that it makes itself: one that passes, one with few cases, ones with a site,
a threshold or a model that could be better, one that was not measured. Where a lever of your
own needs another product, name its file: ``check_lever(AskTwice(), Path("product.yaml"))``.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import yaml

from roadworthy.core import columns
from roadworthy.core.lever import Lever
from roadworthy.core.path import Path as Way
from roadworthy.core.product import Product, SetName
from roadworthy.core.study import OpenStudy, Study
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.measure import verdicts
from roadworthy.workflow.other_rungs import OtherRungs
from roadworthy.workflow.paths import Rejudging, rejudging
from roadworthy.workflow.perturbing import perturbed
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.studies import Settled, other_tables, settle

FINDS = {"id": "finds", "metric": "sensitivity", "at_least": 0.9}
SPARES = {"id": "spares", "metric": "specificity", "at_least": 0.8}
FAST = {"id": "fast", "metric": "latency_p99_ms", "at_most": 5}
MISSING = {"missing": "size"}
COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 5, "refer": 15, "label": 40}

_MODEL = """def score(cases):
    odds = cases["size"].fill_null(-9.0)
    return 1 / (1 + (-odds).exp())
"""


def check_lever(lever: Lever, product: Path | None = None) -> None:
    """Checks every promise of a lever, on the kit's products, or on the one of ``product``.

    Raises:
        AssertionError: a sentence that says which promise is broken.
    """
    name = type(lever).__name__
    assert lever.about.strip(), f"{name}.about is empty: it says what is changed"
    benches = _kits() if product is None else (_Bench.of(product),)
    proposed = [path for bench in benches for path in _checked(lever, bench, name)]
    assert proposed, (
        f"{name} proposed nothing for any product: hand in one that it helps, `product=`"
    )


@dataclass(frozen=True)
class _Bench:
    """A product, its open cases, and what was said of them."""

    product: Product
    settled: Settled
    study: OpenStudy
    verdicts: tuple[Verdict, ...]
    others: OtherRungs

    @staticmethod
    def of(file: Path) -> _Bench:
        """Judged as `roadworthy check` does, without a trace of the judgement."""
        product, registry = load_product(file), instruments()
        workspace, parted = Workspace.beside(product.file), load_cases(product)
        settled = settle(product, workspace, parted, registry)
        cases = settled.judged.prepared(parted.open(SetName.VALIDATION))
        beside, missing = other_tables(product, settled.judged, workspace, registry)
        under = perturbed(settled.judged, cases)
        study = OpenStudy(
            settled.judged.subject,
            "validation",
            {"cases": cases, **under.tables, **beside},
            parted.all_open,
            settled.candidates,
            {**missing, **under.missing},
            settled.certificate,
        )
        others = OtherRungs(product, workspace, parted, settled, registry)
        return _Bench(product, settled, study, verdicts(product, study, registry), others)

    def rejudge(self) -> Rejudging:
        """Anew, so that nothing is remembered from one proposal to the next."""
        policy = self.settled.judged.policy
        return rejudging(self.product, self.study, policy, instruments(), 0, self.others)

    def proposed(self, lever: Lever, study: Study | None = None) -> list[Way]:
        given: Any = self.study if study is None else study
        return list(lever.propose(given, self.verdicts, self.rejudge()))


@cache
def _kits() -> tuple[_Bench, ...]:
    """The kit's own products, judged once for all levers that a process checks."""
    folder = TemporaryDirectory(prefix="roadworthy-")
    atexit.register(folder.cleanup)
    return tuple(map(_Bench.of, _products(Path(folder.name))))


def _checked(lever: Lever, bench: _Bench, name: str) -> list[Way]:
    found = bench.proposed(lever)
    assert all(isinstance(path, Way) for path in found), f"{name}.propose must return Paths"
    if product_outcome(bench.verdicts, bench.settled.certificate) is Outcome.PASS:
        assert not found, f"{name} proposes {found[0].change!r} for a product that passes"
    assert bench.proposed(lever) == found, f"{name} proposes something else every time"
    _is_blind_to_what_is_sealed(lever, bench, name)
    for path in found:
        _can_be_followed(path, bench.product, name)
    return found


def _is_blind_to_what_is_sealed(lever: Lever, bench: _Bench, name: str) -> None:
    """A study that is not open is refused, or its rows are not looked at."""
    tables, told = bench.study.tables, []
    for table in (tables["cases"], _poisoned(tables["cases"])):
        sealed = Study(bench.study.subject, "sealed", {**tables, "cases": table})
        try:
            told.append(bench.proposed(lever, sealed))
        except TypeError:
            told.append([])
    assert told[0] == told[1], f"{name} looks at sealed cases: it must take an OpenStudy alone"


def _poisoned(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.with_columns(
        (1.0 - pl.col(columns.SCORE)).alias(columns.SCORE), ~pl.col(columns.FLAGGED)
    )


def _can_be_followed(path: Way, product: Product, name: str) -> None:
    told = f"{name}, {path.change!r}"
    for word in ("lever", "change", "expected"):
        assert getattr(path, word).strip(), f"{told}: `{word}` is empty"
    assert path.cases is None or path.cases >= 0, f"{told} takes {path.cases} cases"
    for amount in (path.cost, path.per_case):
        assert amount is None or (isfinite(amount.value) and amount.value >= 0), (
            f"{told} costs {amount}"
        )
    if path.selection:
        assert path.proof.strip() and path.assumed, (
            f"{told} was chosen on the cases that it was judged on: say what would prove it "
            "(`proof`) and what is `assumed`"
        )
    if path.settles:
        assert path.assumed, f"{told} says that it settles everything and assumes nothing"
    _can_be_written(path, product, told)


def _can_be_written(path: Way, product: Product, told: str) -> None:
    """Each line replaces one key of product.yaml, never the requirements; then it can be read."""
    page = yaml.safe_load(product.text)
    for line in path.write.splitlines():
        try:
            words = yaml.safe_load(line)
        except yaml.YAMLError as reason:
            raise AssertionError(f"{told}: {line!r} is no line of product.yaml") from reason
        assert isinstance(words, Mapping), f"{told}: {line!r} is no line of product.yaml"
        assert "requirements" not in words, (
            f"{told} changes what is required: that is for whoever set it"
        )
        page |= words
    if not path.write:
        return
    with TemporaryDirectory(prefix="roadworthy-") as folder:
        file = Path(folder) / product.file.name
        file.write_text(yaml.safe_dump(page, sort_keys=False))
        load_product(file)


def _products(folder: Path) -> Iterator[Path]:
    """One that passes, one with few cases, some that could be better, one that was read by a
    person too, three that decide alone or would, one that is not measured."""
    split = {"split": "set"}
    yield _product(folder / "passes", _cases(500, 3.0), [{**FINDS, "at_least": 0.5}])
    yield _product(folder / "few", _cases(60, 3.0), [{**FINDS, "at_least": 0.8}])
    finds = {**FINDS, "at_least": 0.5}
    # too few cases for its guard; an environment that holds more than its cases
    yield _product(folder / "guarded", _cases(280, 3.0), [finds], data=split, guard={})
    world = {"by": "site", "shares": {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}}
    held = {"id": "held", "metric": "coverage", "at_least": 0.95}
    yield _product(folder / "blind", _cases(600, 3.0), [finds, held], environment=world)
    better = [{**FINDS, "slices": [{"by": "site"}]}, SPARES]
    yield _product(folder / "site", _cases(1500, 2.2), better)
    yield _product(folder / "better", _cases(1200, 2.4), better, decision={"threshold": 0.9})
    poor = _cases(900, 3.0).with_columns(score=pl.lit(0.9))
    yield _product(folder / "poor", poor, [{**FINDS, "at_least": 0.7}, SPARES], data=split)
    # somebody's calls of the same cases
    read = _cases(360, 1.3).with_columns(read=(pl.col("size") > -1.0).cast(pl.Int64))
    seen = {**split, "calls": {"reader": {"column": "read", "positive": [1], "negative": [0]}}}
    yield _product(folder / "read", read, [{**FINDS, "at_least": 0.85}], data=seen)
    parts = {"validation": 0.4, "calibration": 0.4, "sealed": 0.2, "seed": 1}
    triage = {"mode": "triage", "clear": {"fnr_at_most": 0.01}}
    certified = [{"metric": "automation", "at_least": 0.01}]
    data = {"split": parts, "prevalence": "as_sampled"}
    yield _product(folder / "triage", _cases(300, 3.0), certified, data=data, decision=triage)
    protected = {"mode": "triage", "clear": {"fnr_at_most": 0.1}, "protect": [{"by": "site"}]}
    yield _product(folder / "parts", _cases(300, 3.0), certified, data=data, decision=protected)
    alone = {"mode": "triage", "flag": {"fpr_at_most": 0.2}}
    trusted = [{"id": "trust", "metric": "ppv", "at_least": 0.9}]
    yield _product(folder / "strict", _cases(700, 1.6), trusted, data=data, decision=alone)
    yield _product(folder / "unknown", _cases(200, 3.0), [{**FINDS, "at_least": 0.5}, FAST])
    yield _asked_again(folder / "sturdy")


def _asked_again(folder: Path) -> Path:
    """A product whose model can be asked about perturbed cases, and is lost without a field."""
    sturdy = {"id": "sturdy", "metric": "sensitivity", "at_least": 0.5, "under": MISSING}
    file = _product(
        folder,
        _cases(200, 3.0),
        [sturdy],
        data={"score": None, "split": {"validation": 0.5, "sealed": 0.5, "seed": 1}},
        model={"python": "kit_model:score"},
    )
    (folder / "kit_model.py").write_text(_MODEL)
    return file


def _cases(n: int, skill: float) -> pl.DataFrame:
    """Half ill; a score that ranks them, worse at site C; features that tell as much."""
    rng = np.random.default_rng(n)
    ill = np.arange(n) % 2
    site = rng.choice(["A", "B", "C"], n, p=[0.45, 0.4, 0.15])
    shift = np.where(site == "C", 0.4, skill)
    odds = rng.normal(size=n) + np.where(ill == 1, shift, -shift)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill,
            "score": 1 / (1 + np.exp(-odds)),
            "site": site,
            "size": odds + rng.normal(scale=0.3, size=n),
            "set": [("train", "validation", "validation", "sealed")[i // 2 % 4] for i in range(n)],
        }
    )


def _product(
    folder: Path,
    cases: pl.DataFrame,
    requirements: list[dict[str, Any]],
    data: Mapping[str, Any] | None = None,
    **others: Any,
) -> Path:
    folder.mkdir()
    cases.write_parquet(folder / "cases.parquet")
    known = {"id": "case", "truth": "ill", "positive": 1, "score": "score", "features": ["size"]}
    told = {"cases": "cases.parquet", **known, **(data or {})}
    page = {
        "version": 1,
        "product": "kit",
        "data": {key: value for key, value in told.items() if value is not None},
        "costs": COSTS,
        **others,
        "requirements": requirements,
    }
    file = folder / "product.yaml"
    file.write_text(yaml.safe_dump(page, sort_keys=False))
    return file
