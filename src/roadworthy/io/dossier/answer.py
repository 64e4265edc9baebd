"""The first screen: the outcome, why, what is next, and what it was measured on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from roadworthy.core.evidence import NotMeasured
from roadworthy.core.product import Product
from roadworthy.core.subject import SubjectKind
from roadworthy.core.verdict import NOT_YET, Judgement, Outcome
from roadworthy.io import telling
from roadworthy.io.dossier.certificate import open_sides
from roadworthy.io.dossier.evidence import Cell, Group

NAMED = 3


@dataclass(frozen=True)
class Answer:
    """The first screen: the word, why, what is next, and what it was measured on."""

    outcome: Outcome
    why: str
    deciding: tuple[str, ...]
    unnamed: int
    next: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    open_data: bool
    word: str = ""


def answer(judgement: Judgement, product: Product, gating: tuple[Group, ...]) -> Answer:
    """The first screen of the page."""
    cells = [(group, cell) for group in gating for cell in group.cells]
    decisive = [
        (group, cell)
        for group, cell in cells
        if cell.outcome is judgement.outcome is not Outcome.PASS
    ]
    uncertified = open_sides(judgement.certificate) if judgement.certificate else ()
    decisive = [] if judgement.withheld else decisive
    deciding = (*uncertified, *(_deciding(group, cell) for group, cell in decisive))
    return Answer(
        outcome=judgement.outcome,
        why=_why(judgement, [cell.outcome for _, cell in cells], bool(uncertified)),
        deciding=deciding[:NAMED],
        unnamed=max(0, len(deciding) - NAMED),
        next=_next(judgement, [cell for _, cell in decisive]),
        facts=tuple(_facts(judgement, product)),
        open_data=judgement.set != "sealed",
        word=NOT_YET if judgement.withheld and judgement.outcome is not Outcome.PASS else "",
    )


def _deciding(group: Group, cell: Cell) -> str:
    place = f" ({cell.where})" if cell.verdict.slice.keys else ""
    return f"{group.promise}{place}. {cell.reason}".strip()


def _why(judgement: Judgement, gating: list[Outcome], uncertified: bool) -> str:
    total = len(gating)
    failed, still_open = gating.count(Outcome.FAIL), gating.count(Outcome.INCONCLUSIVE)
    match judgement.outcome:
        case Outcome.INCONCLUSIVE if judgement.withheld:
            return (
                "Not everything that is required was shown on the sealed cases. What was not, and "
                f"how far off it is, is not told: {judgement.withheld}."
            )
        case Outcome.INCONCLUSIVE if uncertified:
            return "What it would decide without a person is not certified."
        case Outcome.PASS if judgement.hypothetical:
            return f"{_all_of(total)} met on paper, if people act as assumed: no proof."
        case Outcome.PASS if judgement.set == "sealed":
            return f"{_all_of(total)} shown to hold, on sealed cases."
        case Outcome.PASS:
            return f"{_all_of(total)} shown to hold, so far only on open cases."
        case Outcome.FAIL:
            others = f"; {still_open} more {_be(still_open)} open" if still_open else ""
            return f"{failed} of {_checks(total)} {_be(failed)} shown not to hold{others}."
        case Outcome.INCONCLUSIVE if total == 0:
            return "Nothing that gates the product was judged."
        case Outcome.INCONCLUSIVE:
            open_ones = f"{still_open} of {_checks(total)} {_be(still_open)} open"
            return f"{open_ones}: neither shown to hold nor shown to fail."


def _all_of(total: int) -> str:
    return "The one required check is" if total == 1 else f"All {total} required checks are"


def _checks(total: int) -> str:
    return f"{total} required check" if total == 1 else f"{total} required checks"


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def _next(judgement: Judgement, decisive: list[Cell]) -> tuple[str, ...]:
    match judgement.outcome:
        case Outcome.INCONCLUSIVE if judgement.withheld:
            return (
                "Work on open cases, where everything is told (`roadworthy check`), and look again "
                "with what came of it. Nothing on the sealed cases guides that work.",
            )
        case Outcome.PASS if judgement.hypothetical:
            return (
                "Run a reader study with and without the product's marks "
                "(`roadworthy reader-study plan`) and name it under `team: {study: }`; this page "
                "alone is no ground for a release.",
            )
        case Outcome.PASS if judgement.set == "sealed":
            return (
                "The answer covers exactly the version named here, within the scope below. "
                "A change of model, threshold or scope asks for a new judgement.",
            )
        case Outcome.PASS:
            return (
                "Certify it on the sealed test set; this page alone is no ground for a release.",
            )
        case Outcome.FAIL if judgement.paths:
            return ("Choose one of the ways towards yes below, then check again on open cases.",)
        case Outcome.FAIL:
            return (
                "Change the product, its scope or its limit, and check on open cases before "
                "a fresh sealed set is judged.",
            )
        case Outcome.INCONCLUSIVE if judgement.certificate and open_sides(judgement.certificate):
            more = "Bring more calibration cases, or ask for what these can certify; see below."
            return (more,)
        case Outcome.INCONCLUSIVE:
            return _open_questions(decisive)


def _open_questions(decisive: list[Cell]) -> tuple[str, ...]:
    """The first sentence on each open check; the tables below hold the rest."""
    asked = [cell.settle[0] for cell in decisive if cell.settle]
    missing = [cell for cell in decisive if isinstance(cell.verdict.evidence, NotMeasured)]
    if missing:
        named = ", ".join(dict.fromkeys(cell.verdict.requirement for cell in missing))
        asked.append(f"Measure what was not measured: {named}.")
    return tuple(dict.fromkeys(asked)) or ("Collect more cases; see the requirements below.",)


def _facts(judgement: Judgement, product: Product) -> Iterable[tuple[str, str]]:
    population, subject = judgement.population, judgement.subject
    yield "Judged", f"{subject.name} ({subject.kind}), fingerprint {subject.fingerprint[:12]}"
    yield "On", _set(judgement.set)
    cases = f"{telling.count(population.cases)} cases"
    if population.units is not None:
        column = f" ({product.data.unit})" if product.data.unit else ""
        cases += f" from {telling.count(population.units)} independent units{column}"
    yield "Cases", cases
    if population.positives is not None:
        yield "Positives", _positives(population.positives, product)
    if subject.kind is not SubjectKind.PRODUCT:
        yield "Note", f"This judges a {subject.kind}, not the product."


def _positives(n: int, product: Product) -> str:
    if product.data.positive is None:
        return telling.count(n)
    return f"{telling.count(n)} ({product.data.truth}: {telling.level(product.data.positive)})"


def _set(name: str) -> str:
    match name:
        case "sealed":
            return "the sealed test set: cases that nobody developed on"
        case "validation":
            return "the validation set: open cases, also used during development"
        case _:
            return f"open cases from {name}"
