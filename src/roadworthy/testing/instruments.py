"""The conformance kit of instruments: what may be trusted with a verdict keeps these promises.

The kit measures on tables that it makes itself (``prepared_cases``: binary, multiclass, regression;
``timings``; ``artifact``). Hand in your own where yours reads other columns or another table:

    cases = prepared_cases(Task.BINARY).with_columns(minutes=pl.lit(3.0))
    check_instrument(Workload(), Parameters(minutes="minutes"), table=cases)

and a ``requirement`` of your own where the kit's limit or side does not fit:

    asked = Requirement("", "workload", Limit(Side.AT_MOST, 5.0), Parameters(minutes="minutes"))
    check_instrument(Workload(), requirement=asked, table=cases)

Such a table has the columns of ``roadworthy.core.columns`` when it holds cases, one row a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass, replace
from functools import cached_property
from math import isclose, isfinite
from typing import Any, TypeVar

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.environment import Context, Environment
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.policy import Referred
from roadworthy.core.product import CaseCost, CostMatrix, Costs, Harm, Profit, Task
from roadworthy.core.requirement import Limit, Requirement, Side, Slice, SliceKey
from roadworthy.testing.tables import OTHER, prepared_table
from roadworthy.workflow.gather import gather
from roadworthy.workflow.prepare import in_fixed_order
from roadworthy.workflow.slicing import Cell

T = TypeVar("T")

ALPHA, POWER = 0.05, 0.80
TIMES, ALIKE = 3, 10
NOBODY = Slice((SliceKey("@part", "nobody"),))
INHERITED: Mapping[str, Any] = {
    "prevalence": "as_sampled",
    "costs": Costs(
        miss=10.0,
        false_alarm=1.0,
        refer=0.2,
        found=4.0,
        cleared=0.5,
        profit=Profit(CaseCost("price", 1.0), "flagged"),
    ),
    "harms": (Harm("minutes", "min", miss=2.0, false_alarm=1.0, refer=3.0, found=1.0),),
    "environment": Environment(("events",), (Context((0,), 0.7), Context((1,), 0.3))),
    "referred": Referred.RIGHT,
    "positive": 1,
    "at_most_per_image": 5,
}


_MATRIX = CostMatrix(("a", "b", "c"), ((0.0, 5.0, 1.0), (2.0, 0.0, 2.0), (9.0, 1.0, 0.0)))
OF_CLASSES: Mapping[str, Any] = {
    "costs": Costs(matrix=_MATRIX, earned=(("a", 1.0), ("b", 2.0))),
    "harms": (Harm("minutes", "min", matrix=_MATRIX),),
}


def check_instrument(
    instrument: Instrument,
    parameters: Any = None,
    *,
    table: pl.DataFrame | None = None,
    requirement: Requirement[Any] | None = None,
) -> None:
    """Checks every promise of an instrument, on every task it is offered for.

    ``parameters`` is an instance of ``instrument.parameters``, needed where one has no default;
    what it inherits from a product is filled in. ``table`` and ``requirement`` replace the kit's
    own (see the top of this file); the limit given only says the side, the kit tries many.

    Raises:
        AssertionError: a sentence that says which promise is broken, and with which numbers.
    """
    _says_what_it_is(instrument)
    for bench in _benches(instrument, parameters, table, requirement):
        for check in CHECKS:
            check(bench)


@dataclass(frozen=True)
class _Bench:
    """An instrument, one requirement for it, and a table to measure that on."""

    instrument: Instrument
    requirement: Requirement[Any]
    table: pl.DataFrame

    @property
    def name(self) -> str:
        return type(self.instrument).__name__

    @property
    def limit(self) -> Limit:
        return self.requirement.limit

    def at(self, value: float) -> _Bench:
        """The same with another limit."""
        limit = replace(self.limit, value=-value if self.limit.side is Side.MAX_DROP else value)
        return replace(self, requirement=replace(self.requirement, limit=limit))

    def on(self, table: pl.DataFrame) -> _Bench:
        return replace(self, table=table)

    def evidence(self, regime: Regime | None = None, part: Slice | None = None) -> Evidence:
        """What it measures, by the way that every verdict goes."""
        table = self.table.with_columns(pl.lit("all").alias("@part"))
        cell = Cell(self.requirement, part) if part else Cell(self.requirement)

        def measure() -> Evidence:
            gathered = gather(table, [cell], {self.requirement.metric: self.instrument})[0]
            return self.instrument.measure(self.requirement, gathered, regime or Regime(ALPHA))

        found = self.told("measure", measure)
        assert isinstance(found, Measured | NotMeasured), (
            f"{self.name}.measure must return Measured or NotMeasured, not {found!r}"
        )
        return found

    @cached_property
    def measured(self) -> Measured:
        """What it measures where there is something to measure."""
        found = self.evidence()
        assert isinstance(found, Measured), (
            f"{self.name}: a table of {self.table.height} rows is there, and it measured nothing: "
            f"{getattr(found, 'reason', '')}; hand in a table it can measure"
        )
        return found

    def told(self, what: str, call: Callable[[], T]) -> T:
        """The answer of a method that must never raise."""
        try:
            return call()
        except Exception as reason:
            raise AssertionError(
                f"{self.name}.{what} raised {type(reason).__name__} ({reason}) at the limit "
                f"'{self.limit}' on {self.table.height} rows: say NotMeasured, with the reason"
            ) from reason

    @cached_property
    def tries(self) -> Mapping[float, Measured]:
        """Evidence at limits around the estimate and at both bounds, the easiest first."""
        seen = self.measured
        reach = [abs(end - seen.estimate) for end in (seen.low, seen.high) if end is not None]
        far = max(reach, default=0.0) or 0.1 * abs(seen.estimate) or 0.1
        found = [seen.estimate, seen.estimate - 3.0 * far, seen.estimate + 3.0 * far]
        for end in (seen.low, seen.high):
            if end is not None:
                step = 0.05 * (abs(end - seen.estimate) or far)
                found += [end, end - step, end + step]
        low, high = _possible(self)
        values = {min(max(value, low), high) for value in found}
        in_order = sorted(values, reverse=not self.limit.wants_high)
        return {value: self.at(value).measured for value in in_order}


def _possible(bench: _Bench) -> tuple[float, float]:
    """Between which values the limit may lie; a gain, between the differences of these."""
    about = bench.instrument.about
    low = -np.inf if about.lowest is None else about.lowest
    high = np.inf if about.highest is None else about.highest
    return (low - high, high - low) if bench.limit.against else (low, high)


def _benches(
    instrument: Instrument,
    parameters: Any,
    table: pl.DataFrame | None,
    requirement: Requirement[Any] | None,
) -> Iterator[_Bench]:
    """One bench a task, and one more where it can be compared with somebody else's calls."""
    about = instrument.about
    own = about.table != "cases" or table is not None
    for task in [Task.BINARY] if own else sorted(about.tasks):
        given = parameters if requirement is None else requirement.parameters
        words = _filled(instrument, given, task)
        of = getattr(words, "table", None) or about.table
        rows = prepared_table(of, task) if table is None else table
        if requirement is not None:
            yield _Bench(instrument, replace(requirement, parameters=words), rows)
            continue
        side = Side.AT_LEAST if about.better == "higher" else Side.AT_MOST
        at = 1.0 if about.highest is None else about.highest
        yield _Bench(instrument, Requirement("kit", "kit", Limit(side, at), words), rows)
        if about.comparable and columns.call(OTHER) in rows.columns:
            limit = Limit(Side.MIN_GAIN, 0.0, against=OTHER)
            yield _Bench(instrument, Requirement("kit", "kit", limit, words), rows)


def _filled(instrument: Instrument, parameters: Any, task: Task) -> Any:
    """The parameters, with what they inherit from a product."""
    declared = fields(instrument.parameters)
    lacks = [f.name for f in declared if f.default is f.default_factory is MISSING]
    assert parameters is not None or not lacks, (
        f"{type(instrument).__name__} has no default for {', '.join(lacks)}: hand in "
        "`parameters`, an instance of its parameters"
    )
    words = instrument.parameters() if parameters is None else parameters
    inherits = {f.name: f.metadata["inherited"] for f in declared if "inherited" in f.metadata}
    product = {**INHERITED, **(OF_CLASSES if task is Task.MULTICLASS else {}), "task": task}
    empty = {name: product[source] for name, source in inherits.items() if source in product}
    return replace(words, **{k: v for k, v in empty.items() if getattr(words, k) is None})


def _says_what_it_is(instrument: Instrument) -> None:
    about, name = instrument.about, type(instrument).__name__
    for word in ("title", "definition", "formula", "source", "table"):
        assert getattr(about, word).strip(), f"{name}.about.{word} is empty: a reader relies on it"
    assert about.better in ("higher", "lower"), (
        f"{name}.about.better must be 'higher' or 'lower', not {about.better!r}"
    )
    assert about.tasks, f"{name}.about.tasks is empty: nobody could require it"
    ends = [end for end in (about.lowest, about.highest) if end is not None]
    assert all(map(isfinite, ends)) and ends == sorted(ends), (
        f"{name}.about: limits from {about.lowest} to {about.highest} make no sense"
    )
    kind = instrument.parameters
    frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert frozen, f"{name}.parameters must be a frozen dataclass, not {kind!r}"


def _asks_the_same_every_time(bench: _Bench) -> None:
    first, again = (
        bench.told("statistics", lambda: bench.instrument.statistics(bench.requirement))
        for _ in range(2)
    )
    assert list(first) == list(again), f"{bench.name} asks for other statistics every time"
    for key, statistic in first.items():
        ours, theirs = statistic.columns(), again[key].columns()
        same = list(ours) == list(theirs) and all(ours[k].meta.eq(theirs[k]) for k in ours)
        assert same and statistic.rows == again[key].rows, (
            f"{bench.name}: the statistic {key!r} asks for other columns every time"
        )


def _reads_what_it_may(bench: _Bench) -> None:
    named = set(_texts(asdict(bench.requirement.parameters)))
    statistics = bench.instrument.statistics(bench.requirement)
    for key, statistic in statistics.items():
        for expression in statistic.columns().values():
            assert isinstance(expression, pl.Expr), (
                f"{bench.name}: {key!r} must give polars expressions, not {expression!r}"
            )
            for root in expression.meta.root_names():
                assert root in bench.table.columns, (
                    f"{bench.name}: {key!r} reads the column {root!r}, which the table lacks; "
                    "core.columns names the prepared ones, others must be parameters"
                )
                own = root.startswith("@") or root in named
                assert own or columns.INSIDE not in bench.table.columns, (
                    f"{bench.name}: {key!r} reads the user's column {root!r}, and no parameter "
                    "names it: somebody else calls it otherwise"
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _texts(inner)


def _nothing_is_no_number(bench: _Bench) -> None:
    cells = {
        "a table without rows": bench.on(bench.table.clear()).evidence(),
        "a slice without cases": bench.evidence(part=NOBODY),
    }
    for where, found in cells.items():
        assert isinstance(found, NotMeasured), (
            f"{bench.name} measured {found} on {where}: no evidence must be NotMeasured"
        )
        assert found.reason.strip(), f"{bench.name} gives no reason why nothing was measured"


def _one_kind_alone_is_told(bench: _Bench) -> None:
    """Only positives, only negatives, none flagged, one single case: evidence, and no exception."""
    conditions = [pl.int_range(pl.len()) == 0]
    if columns.POSITIVE in bench.table.columns:
        positive = pl.col(columns.POSITIVE)
        conditions += [positive, ~positive, ~pl.col(columns.FLAGGED).fill_null(False)]
    for condition in conditions:
        _is_in_order(bench, bench.on(bench.table.filter(condition)).evidence())


def _bounds_enclose_the_estimate(bench: _Bench) -> None:
    _is_in_order(bench, bench.measured)


def _is_in_order(bench: _Bench, found: Evidence) -> None:
    if isinstance(found, NotMeasured):
        return
    for end in (found.low, found.high):
        assert end is None or isfinite(end), (
            f"{bench.name} gives a bound of {end}: say None where there is no bound"
        )
    slack = 1e-9 * (1.0 + abs(found.estimate))
    low = -np.inf if found.low is None else found.low
    high = np.inf if found.high is None else found.high
    assert low - slack <= found.estimate <= high + slack, (
        f"{bench.name}: the estimate {found.estimate} does not lie between its bounds "
        f"{found.low} and {found.high}"
    )
    assert found.n >= 0 and found.of and found.method, f"{bench.name}: say n, of and method"


def _p_values_agree_with_bounds(bench: _Bench) -> None:
    """PASS iff the unfavourable bound meets the limit, FAIL iff the favourable one misses it."""
    for value, found in bench.tries.items():
        limit = bench.at(value).limit
        worse, better = (found.low, found.high) if limit.wants_high else (found.high, found.low)
        for said, end, shows in (
            (found.p_pass <= ALPHA, worse, worse is not None and limit.met_by(worse)),
            (found.p_fail <= ALPHA, better, better is not None and not limit.met_by(better)),
        ):
            # bounds are often found by search, so a limit right at one is left out
            if end is not None and 0 < abs(end - found.estimate) * 0.01 >= abs(end - value):
                continue
            assert said == shows, (
                f"{bench.name} at the limit '{limit}': p_pass {found.p_pass:.4g} and p_fail "
                f"{found.p_fail:.4g} do not agree with the bounds {found.low} and {found.high} "
                f"at alpha {ALPHA}"
            )


def _harder_is_no_easier(bench: _Bench) -> None:
    easier: Measured | None = None
    for value, found in bench.tries.items():
        if easier is not None:
            assert found.p_pass >= 0.98 * easier.p_pass - 1e-6, (
                f"{bench.name}: a harder limit ({value:g}) has a smaller p_pass "
                f"({found.p_pass:.4g}, before {easier.p_pass:.4g})"
            )
            assert 0.98 * found.p_fail - 1e-6 <= easier.p_fail, (
                f"{bench.name}: a harder limit ({value:g}) has a larger p_fail"
            )
        easier = found


def _order_does_not_matter(bench: _Bench) -> None:
    shuffled = bench.table.sample(fraction=1.0, shuffle=True, seed=1)
    seen = bench.on(_in_order(bench.table)).measured
    again = bench.on(_in_order(shuffled)).measured
    for word in ("estimate", "low", "high", "p_pass", "p_fail", "n"):
        assert _same(getattr(seen, word), getattr(again, word)), (
            f"{bench.name}: {word} hangs on the order of the rows in the file"
        )
    # a bound may hang on the order of the ids, as betting does; what was seen may not
    mixed = bench.on(shuffled).measured
    assert _same(seen.estimate, mixed.estimate) and seen.n == mixed.n, (
        f"{bench.name}: the estimate hangs on the order of the cases "
        f"({seen.estimate} or {mixed.estimate})"
    )


def _more_of_the_same_weakens_nothing(bench: _Bench) -> None:
    more = bench.on(_copied(bench.table, TIMES, own_unit=True))
    for value, found in bench.tries.items():
        if found.low == found.high or found.p_pass > ALPHA:
            continue
        p = more.at(value).measured.p_pass
        assert p <= ALPHA, (
            f"{bench.name}: PASS at {value:g} (p {found.p_pass:.4g}) is lost (p {p:.4g}) when the "
            f"same is seen {TIMES} times as often"
        )


def _copies_are_no_evidence(bench: _Bench) -> None:
    """Each case seen ten times within its unit: nothing new was seen."""
    if columns.UNIT not in bench.table.columns:
        return
    alike = bench.on(_copied(bench.table, ALIKE, own_unit=False))
    for value, found in bench.tries.items():
        if found.p_pass <= ALPHA:
            continue
        copied = alike.at(value).evidence()
        if isinstance(copied, Measured):
            # another method may be a little sharper; counting copies as cases is not a little
            assert copied.p_pass > found.p_pass / 50, (
                f"{bench.name}: copies of cases within their unit turn p_pass {found.p_pass:.4g} "
                f"into {copied.p_pass:.4g}: count units, or say NotMeasured when `unit` is given"
            )


def _any_time_costs_something(bench: _Bench) -> None:
    found, always = bench.measured, bench.evidence(Regime(ALPHA, anytime=True))
    if isinstance(always, NotMeasured):
        return
    _is_in_order(bench, always)
    certain = found.low == found.high == found.estimate
    assert certain or (always.low, always.high) != (found.low, found.high), (
        f"{bench.name} does not heed regime.anytime: bounds for one look do not hold at every look"
    )
    for end, wide, sign in ((found.low, always.low, 1.0), (found.high, always.high, -1.0)):
        assert wide is None or (end is not None and sign * (wide - end) <= 1e-9), (
            f"{bench.name}: a bound that is valid at every look ({wide}) cannot be tighter than "
            f"one that is valid once ({end})"
        )


def _need_is_a_plan(bench: _Bench) -> None:
    seen = bench.measured
    ends = [end for end in _possible(bench) if isfinite(end)]
    for value in [*bench.tries, *ends]:
        for target in (None, seen.estimate):
            _is_a_plan(bench.at(value), target, seen)
            _is_a_plan(bench.at(value), target, None)
    nudge = 1e-9 if bench.limit.wants_high else -1e-9
    _is_a_plan(bench.at(seen.estimate), seen.estimate + nudge, None)


def _is_a_plan(bench: _Bench, target: float | None, seen: Measured | None) -> None:
    one = replace(bench.requirement, target=target)
    found = bench.told("need", lambda: bench.instrument.need(one, seen, Regime(ALPHA), POWER))
    assert found.of, f"{bench.name}.need does not say of what so many are needed"
    for word in ("at_target", "at_observed", "without_error"):
        size = getattr(found, word)
        assert size is None or size >= 1, f"{bench.name}.need: {word} is {size}, not None or 1 up"
    known = bench.instrument.statistics(one)
    assert found.among is None or found.among in known, (
        f"{bench.name}.need counts among {found.among!r}, which is none of its statistics: "
        f"{', '.join(known)}"
    )


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    known = columns.ID in table.columns and columns.UNIT in table.columns
    return in_fixed_order(table, "handed in") if known else table


def _copied(table: pl.DataFrame, times: int, *, own_unit: bool) -> pl.DataFrame:
    """Every row so many times; copies have ids of their own, and units if ``own_unit``."""
    renamed = [columns.ID, columns.UNIT] if own_unit else [columns.ID]
    known = [name for name in renamed if name in table.columns]
    parts = [table]
    for copy in range(1, times):
        parts.append(table.with_columns((pl.col(name) + f"/{copy}") for name in known))
    return _in_order(pl.concat(parts))


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


CHECKS: tuple[Callable[[_Bench], None], ...] = (
    _asks_the_same_every_time,
    _reads_what_it_may,
    _nothing_is_no_number,
    _one_kind_alone_is_told,
    _bounds_enclose_the_estimate,
    _p_values_agree_with_bounds,
    _harder_is_no_easier,
    _order_does_not_matter,
    _more_of_the_same_weakens_nothing,
    _copies_are_no_evidence,
    _any_time_costs_something,
    _need_is_a_plan,
)
