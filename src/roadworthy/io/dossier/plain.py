"""The page for people who know no statistics: how many mistakes, and what is unknown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.picture import Errors, Mistakes, Share, Span, Wrong
from roadworthy.core.product import Product
from roadworthy.core.requirement import Whose
from roadworthy.core.subject import SubjectKind
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import telling
from roadworthy.io.dossier.evidence import Cell, Group
from roadworthy.io.harmless import short

MANY, SOME = 10_000, 1_000
MOST_NAMED = 6


@dataclass(frozen=True)
class Count:
    """A figure, the range in which the truth lies, and the share to draw (None: nothing)."""

    seen: str
    between: str
    share: Share | None = None


@dataclass(frozen=True)
class Row:
    """What is told of one decider, or of one thing that was counted."""

    who: str
    counts: tuple[Count, ...]


@dataclass(frozen=True)
class Plain:
    """What the page says, in its order."""

    lead: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    drawn: tuple[str, ...]
    asides: tuple[str, ...]
    meaning: tuple[str, ...]
    untested: tuple[str, ...]
    unknowable: tuple[str, ...]


def plain(
    judgement: Judgement, product: Product, gating: Sequence[Group], not_following: Sequence[str]
) -> Plain:
    """The judgement without a word of statistics."""
    figures = _figures(judgement, product, gating)
    return Plain(
        lead=figures.lead,
        heads=figures.heads,
        rows=figures.rows,
        drawn=figures.drawn,
        asides=(*figures.asides, *_ranges(judgement, product, figures), *_together(judgement)),
        meaning=_meaning(judgement, product),
        untested=tuple(_untested(judgement, product, gating)),
        unknowable=(*not_following, *UNKNOWABLE),
    )


def _together(judgement: Judgement) -> tuple[str, ...]:
    if not any(verdict.of is Whose.TEAM for verdict in judgement.verdicts):
        return ()
    return (
        "Each line is of one alone. What product and reader do together is told below, under the "
        "requirements “of the team”.",
    )


UNKNOWABLE = (
    "Whether the truth in the table is right, and whether the limits are the right ones: people "
    "decided both.",
    "Harm that no requirement names.",
)


@dataclass(frozen=True)
class _Figures:
    lead: str
    heads: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    drawn: tuple[str, ...] = ()
    asides: tuple[str, ...] = ()


def _figures(judgement: Judgement, product: Product, gating: Sequence[Group]) -> _Figures:
    pictures = judgement.pictures
    if product.data.truth is None:
        return _events(gating)
    if judgement.withheld:
        return _Figures(f"How many mistakes there were is not told: {judgement.withheld}.")
    if pictures is None:
        return _Figures(
            "How many mistakes there were was not counted when this was judged. Judge again to "
            "see it here."
        )
    if pictures.mistakes:
        return _binary(judgement, product, pictures.mistakes)
    if pictures.wrong:
        return _multiclass(judgement, product, pictures.wrong)
    return _regression(judgement, product, pictures.errors)


def _binary(judgement: Judgement, product: Product, mistakes: Sequence[Mistakes]) -> _Figures:
    ours, prevalence = mistakes[0], product.data.prevalence
    kind = positive(product)
    if ours.missed.n + ours.alarms.n == 0:
        return _Figures("No judged case is in scope, so no mistake could be counted.")
    if prevalence is None:
        rows = [(who, who.missed, who.alarms, SOME, 1.0, 1.0) for who in mistakes]
        lead = (
            "Here is how often it is wrong among 1,000 cases of either kind. How many mistakes "
            "that makes among all cases depends on how common positives are, and nobody has said "
            "so (data.prevalence)."
        )
        heads = ("Misses, of 1,000 positives", "False alarms, of 1,000 negatives")
    elif isinstance(prevalence, float):
        rows = [
            (who, who.missed, who.alarms, MANY, prevalence, 1.0 - prevalence) for who in mistakes
        ]
        about = _whole(MANY * prevalence)
        lead = (
            f"Think of 10,000 cases, of which about {about} are positive: that many were declared, "
            "not counted here."
        )
        heads = ("Misses, of 10,000 cases", "False alarms, of 10,000 cases")
    else:
        rows = [(who, who.missed_of_all, who.alarms_of_all, MANY, 1.0, 1.0) for who in mistakes]
        share = ours.missed.n / (ours.missed.n + ours.alarms.n)
        lead = (
            f"Think of 10,000 cases like the judged ones: about {_whole(MANY * share)} of them are "
            "positive."
        )
        heads = ("Misses, of 10,000 cases", "False alarms, of 10,000 cases")
    told = tuple(
        Row(
            _who(judgement, who.name),
            (_often(missed, per, a, who.missed), _often(alarms, per, b, who.alarms)),
        )
        for who, missed, alarms, per, a, b in rows
    )
    return _Figures(
        lead,
        heads,
        told,
        ("Of 100 positive cases", "Of 100 negative cases"),
        (
            f"A miss is a positive case ({kind}) that is let through. A false alarm is a case that "
            "is not, and is flagged.",
            *_referrals(ours, product),
            *_same_cases(mistakes, judgement),
        ),
    )


def positive(product: Product) -> str:
    """What a positive case is, in the table's own words."""
    data = product.data
    return (
        "a case that counts"
        if data.positive is None
        else (f"{short(str(data.truth))}: {telling.level(data.positive)}")
    )


def _referrals(ours: Mistakes, product: Product) -> Iterable[str]:
    if ours.referred is None or ours.referred.k == 0:
        return
    went = f"{telling.count(ours.referred.k)} of {telling.count(ours.referred.n)} cases in scope"
    yield (
        f"{went} went to a person undecided. They are no mistakes of the product here, and what "
        "the person then makes of them was not tested."
    )


def _same_cases(mistakes: Sequence[Mistakes], judgement: Judgement) -> Iterable[str]:
    ours, others = mistakes[0], mistakes[1:]
    if not others:
        return
    everybody = ours.missed.n + ours.alarms.n
    for who in others:
        n = who.missed.n + who.alarms.n
        name = short(who.name)
        if n < everybody:
            yield (
                f"{name} called {telling.count(n)} of the {telling.count(everybody)} cases; the "
                "others are left out of that line."
            )
    if all(who.missed.n + who.alarms.n == everybody for who in others):
        yield f"All lines rest on the same {telling.count(everybody)} cases."


def _multiclass(judgement: Judgement, product: Product, wrong: Sequence[Wrong]) -> _Figures:
    sampled = product.data.prevalence is not None
    per = MANY if sampled else SOME
    head = f"Wrong answers, of {per:,} cases"
    n = wrong[0].of_all.n
    lead = f"Think of {per:,} cases like the {telling.count(n)} judged ones."
    if not sampled:
        lead += (
            " Where some classes are more or less common than among these, another number holds."
        )
    rows = tuple(
        Row(_who(judgement, who.name), (_often(who.of_all, per, 1.0, who.of_all),)) for who in wrong
    )
    drawn = ("Of 100 cases",)
    return _Figures(
        lead, (head,), rows, drawn, ("A wrong answer names another class than the truth does.",)
    )


def _regression(judgement: Judgement, product: Product, errors: Sequence[Errors]) -> _Figures:
    if not errors:
        return _Figures("No judged case is in scope, so no error could be measured.")
    unit = short(str(product.data.truth))
    rows = tuple(
        Row(_who(judgement, who.name), (_far(who.half), _far(who.nine_in_ten))) for who in errors
    )
    return _Figures(
        f"How far answers are from the truth, on {telling.count(errors[0].n)} cases, in the unit "
        f"of {unit}.",
        ("Half of the answers are off by at most", "Nine in ten are off by at most"),
        rows,
    )


def _events(gating: Sequence[Group]) -> _Figures:
    rows = tuple(
        Row(
            f"{group.promise}{_place(cell)}",
            (Count(f"{cell.estimate} ({cell.n})", _between(cell.bounds)),),
        )
        for group in gating
        for cell in group.cells
        if isinstance(cell.verdict.evidence, Measured)
    )
    return _Figures(
        "This product is judged by what happened, not by answers that are right or wrong.",
        ("Seen",) if rows else (),
        rows,
    )


def _place(cell: Cell) -> str:
    return f" ({cell.where})" if cell.verdict.slice.keys else ""


def _who(judgement: Judgement, name: str) -> str:
    if name:
        return short(name)
    kind = judgement.subject.kind
    return "The product" if kind is SubjectKind.PRODUCT else f"The {kind}"


def _often(share: Share, per: int, weight: float, drawn: Share) -> Count:
    """``k`` of ``n`` as so many of ``per``; the bounds are rounded away from the claim."""
    if share.n == 0:
        return Count("not tested", "there was no such case")
    most = per * weight
    seen = _whole(most * share.k / share.n)
    picture = drawn if drawn.n else None
    if share.low is None or share.high is None:
        return Count(seen, "no honest range can be given", picture)
    low, high = math.floor(most * share.low + 1e-9), math.ceil(most * share.high - 1e-9)
    return Count(seen, f"between {telling.count(low)} and {telling.count(high)}", picture)


def _whole(value: float) -> str:
    if 0 < value < 0.5:
        return "fewer than 1"
    return telling.count(round(value))


def _far(span: Span) -> Count:
    seen = telling.number(span.seen)
    if span.low is None and span.high is None:
        return Count(seen, "no honest range can be given")
    low = "" if span.low is None else telling.number(span.low, rounding=telling.DOWN)
    high = "" if span.high is None else telling.number(span.high, rounding=telling.UP)
    if not high:
        return Count(seen, f"{low} or more")
    return Count(seen, f"between {low} and {high}" if low else f"up to {high}")


def _between(bounds: str) -> str:
    low, to, high = bounds.partition(" to ")
    return f"between {low} and {high}" if to else bounds


def _ranges(judgement: Judgement, product: Product, figures: _Figures) -> Iterable[str]:
    if not figures.rows:
        return
    pictures = judgement.pictures
    level = pictures.confidence if pictures else product.confidence.level
    yield (
        "The big number is what was counted; “between” is what these cases leave possible. Each "
        f"end of such a range is wrong in at most {_chance(1.0 - level)}{_paid(product, level)}."
    )
    why = pictures.why_not("bounds") if pictures else ""
    if why:
        yield f"No range is given where none is honest: {why}."


def _paid(product: Product, level: float) -> str:
    stricter = level > product.confidence.level + 1e-9
    return ", which is strict because these cases also chose the product" if stricter else ""


def _chance(alpha: float) -> str:
    return f"one such test in {telling.count(math.floor(1.0 / alpha + 1e-9))}"


def _meaning(judgement: Judgement, product: Product) -> tuple[str, ...]:
    chance = _chance(1.0 - product.confidence.level)
    match judgement.outcome:
        case Outcome.PASS:
            told = [
                "PASS means that every requirement was shown to hold, and that luck is no likely "
                f"reason: a product that misses a limit gets through at most {chance}.",
                "It does not mean that there are no mistakes: "
                + (
                    "how many is not told."
                    if judgement.withheld
                    else "those above are to be expected."
                ),
            ]
            if judgement.hypothetical:
                told.append(
                    f"It is hypothetical, and proves nothing yet: {judgement.hypothetical}. The "
                    "answer holds only if people act as assumed."
                )
            if judgement.set != "sealed":
                told.append(
                    "It is not final: these cases were at hand during development, and only cases "
                    "that were kept sealed can prove the product."
                )
        case Outcome.FAIL:
            told = [
                "FAIL means that at least one requirement was shown not to hold. Bad luck with "
                f"these cases is no likely reason: it does this to a good product in at most "
                f"{chance}."
            ]
        case Outcome.INCONCLUSIVE if judgement.withheld:
            told = [
                "NOT YET means that this look did not show everything that is required. The "
                "product may be good enough, or not: nobody can tell from this answer, and nobody "
                "is told how near it came.",
                "A test set that answers with numbers is soon learnt by heart. This one answers "
                "with one word, so that a later PASS can be believed.",
            ]
        case Outcome.INCONCLUSIVE:
            told = [
                "INCONCLUSIVE means that these cases answer neither yes nor no. The product may be "
                "good enough, or not: nobody can tell from this test.",
                "It is no “almost passed”. Until it is settled, the product has not been shown to "
                "meet what is required of it. What would settle it stands under “What is next”.",
            ]
            if any(isinstance(v.evidence, NotMeasured) for v in judgement.where(gating=True)):
                told.append("Something that is required was not measured at all; see below.")
    return tuple(told)


def _untested(judgement: Judgement, product: Product, gating: Sequence[Group]) -> Iterable[str]:
    missing = [
        f"{group.promise}{_place(cell)}: {cell.verdict.evidence.reason}."
        for group in gating
        for cell in group.cells
        if isinstance(cell.verdict.evidence, NotMeasured) and not judgement.withheld
    ]
    yield from missing[:MOST_NAMED]
    if len(missing) > MOST_NAMED:
        yield f"And {len(missing) - MOST_NAMED} more that were not measured, in the tables below."
    people = judgement.population
    away = people.turned_away or 0
    inside = people.cases if people.inside is None else people.inside
    if outside := people.cases - inside - people.rejected - away:
        yield (
            f"{_cases(outside)} outside the scope: the product does not decide them, and how it "
            "would do there is not known."
        )
    if people.rejected:
        yield (
            f"{_cases(people.rejected)} that the scope says are none for the product: they count "
            "nowhere, and nothing is said of them."
        )
    if away:
        yield (
            f"{_cases(away)} that the guard turned away as too far from what the product learnt "
            "from: a person decides them, and how the product would do there is not known."
        )
    if people.referred:
        yield (
            f"{_cases(people.referred)} that went to a person: how well people decide them was not "
            "tested."
        )
    lacking = [
        calls.name
        for calls in product.data.calls
        if judgement.pictures and calls.name not in {m.name for m in judgement.pictures.mistakes}
    ]
    for name in lacking:
        yield f"{short(name)}: the judged table holds none of their calls."


def _cases(n: int) -> str:
    return "1 case" if n == 1 else f"{telling.count(n)} cases"
