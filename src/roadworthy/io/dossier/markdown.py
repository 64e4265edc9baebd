"""The dossier as GitHub-flavoured Markdown: the same in the same order, readable as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from roadworthy.core.verdict import Population
from roadworthy.io import telling
from roadworthy.io.dossier.evidence import Group
from roadworthy.io.dossier.page import Page
from roadworthy.io.harmless import markdown as safe
from roadworthy.io.harmless import one_line, short


def to_markdown(page: Page) -> str:
    """The page, told without drawings; the same text every time."""
    blocks = [
        *_answer(page),
        *_plain(page),
        *_certificate(page),
        *_requirements(page),
        *_ways(page),
        *_figures(page),
        *_paths(page),
        *_plan(page),
        *_ladder(page),
        *_compression(page),
        *_cases(page),
        *_rules(page),
        *_methods(page),
        *_provenance(page),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _answer(page: Page) -> Iterator[str]:
    answer, judgement = page.answer, page.judgement
    wrong = page.ledger.wrong if page.ledger else ""
    yield f"# {safe(judgement.product)}: {judgement.answer}{' (not attested)' if wrong else ''}"
    if wrong:
        yield f"**DO NOT SIGN. {safe(wrong)}**"
    if page.made:
        yield f"Dossier, {safe(page.made)}."
    yield safe(page.product.purpose)
    if judgement.hypothetical:
        yield f"**Hypothetical**: {safe(judgement.hypothetical)}."
    yield f"**{safe(answer.why)}**"
    more = [f"And {answer.unnamed} more, in the tables below."] if answer.unnamed else []
    yield _list([*answer.deciding, *more])
    yield f"What is next: {safe(' '.join(answer.next))}"
    yield _list(f"{name}: {value}" for name, value in answer.facts)
    if answer.open_data:
        yield (
            "Open data: these cases were at hand during development. This page informs; it is not "
            "the final proof."
        )


def _plain(page: Page) -> Iterator[str]:
    plain = page.plain
    yield "## In plain words"
    yield safe(plain.lead)
    if plain.rows:
        yield _table(
            ("", *plain.heads),
            (
                (row.who, *(f"{count.seen} ({count.between})" for count in row.counts))
                for row in plain.rows
            ),
        )
    for aside in plain.asides:
        yield safe(aside)
    yield "### What the answer means"
    for line in plain.meaning:
        yield safe(line)
    yield "### What was not tested"
    yield _list([*plain.untested, *plain.unknowable])


def _certificate(page: Page) -> Iterator[str]:
    told = page.certificate
    if told is None:
        return
    yield "## What it may decide without a person"
    yield safe(told.lead)
    yield _table(
        ("Outcome", "What is guaranteed", "Decided alone", "Limit"),
        (
            (
                str(line.outcome),
                " ".join((line.guaranteed, *line.missing, *line.protected)),
                f"{line.does}: {line.rule}",
                line.promise,
            )
            for line in told.lines
        ),
    )
    yield safe(told.meanings)
    if told.open:
        yield "### What it then does with open cases"
        yield _list(told.open)
    yield "### What the guarantee rests on"
    yield _list([*told.rests, told.method, *(f"Assumed: {one}." for one in told.assumptions)])
    yield "\n".join(f"- Certified {name}: {_code(value)}" for name, value in told.prints)


def _requirements(page: Page) -> Iterator[str]:
    yield "## What is required"
    if not page.gating:
        yield "No requirement gates this product, so nothing was shown."
    yield from _groups(page.gating)
    if page.advisory:
        yield "## For information: these do not gate"
        yield from _groups(page.advisory)


def _groups(groups: Sequence[Group]) -> Iterator[str]:
    if not groups:
        return
    rows = [
        (
            f"{cell.verdict.word}{' (hypothetical)' if cell.verdict.hypothetical else ''}",
            group.promise if not cell.limit_here else f"{group.promise}; {cell.limit_here}",
            cell.where,
            cell.estimate or ("withheld" if cell.n == "not told" else "not measured"),
            cell.bounds or "-",
            cell.n,
        )
        for group in groups
        for cell in group.cells
    ]
    yield _table(("Outcome", "Requirement", "Cases", "Seen", "Bounds", "On"), rows)
    for group in groups:
        told = [
            f"{group.promise} ({group.id}), {group.confidence}. {group.definition}".strip(),
            *([f"Why this limit: {group.because}"] if group.because else []),
            *(
                f"{cell.where}: {cell.reason} {cell.few} {' '.join(cell.settle)}".strip()
                for cell in group.cells
            ),
        ]
        yield _list(told)


def _ways(page: Page) -> Iterator[str]:
    ways = page.ways
    if not ways.rows:
        return
    yield f"## {ways.title}"
    yield safe(ways.lead)
    yield _table(
        ("Way", *ways.heads),
        (
            (
                f"{row.name} (hypothetical)" if row.hypothetical else row.name,
                *(
                    f"{cell.estimate} ({cell.bounds})" if cell.bounds else cell.estimate
                    for _, cell in row.cells
                ),
            )
            for row in ways.rows
        ),
    )
    if ways.hypothetical:
        yield f"Hypothetical: {safe(ways.hypothetical)}."


def _figures(page: Page) -> Iterator[str]:
    if not page.figures.drawn and not page.figures.without:
        return
    yield "## At other thresholds, and what scores promise"
    yield safe(page.figures.lead)
    for figure in page.figures.drawn:
        yield f"### {safe(figure.title)}"
        yield _list(one.text for one in figure.legend)
        yield safe(" ".join(figure.notes))
    yield _list(page.figures.without)


def _paths(page: Page) -> Iterator[str]:
    paths = page.judgement.paths
    if not paths:
        return
    yield "## Ways towards yes"
    yield (
        "Worked out on open cases only. An expectation is not a proof: whatever is changed must be "
        "judged again."
    )
    lines = []
    for number, path in enumerate(paths, 1):
        lines.append(f"{number}. {safe(path.change)} ({safe(telling.price(path))})")
        lines += [f"   - write {_code(line)}" for line in path.write.splitlines()]
        lines.append(f"   - expected: {safe(path.expected)}")
        if path.proof:
            lines.append(f"   - proof: {safe(path.proof)}")
        if path.assumed:
            lines.append(f"   - assumed: {safe('; '.join(path.assumed))}")
    yield "\n".join(lines)


def _plan(page: Page) -> Iterator[str]:
    planned = page.planned
    if not planned.rows and not planned.why_not:
        return
    yield "## The plan"
    yield safe(planned.lead or planned.why_not)
    if planned.rows:
        yield _table(
            ("Requirement", "Cases", "Planned", "Judged"),
            ((row.id, row.where, row.planned, row.had) for row in planned.rows),
        )
    yield _list(planned.notes)


def _ladder(page: Page) -> Iterator[str]:
    ladder = page.ladder
    if not ladder.rungs:
        return
    yield "## The ladder"
    yield safe(ladder.lead)
    rows = []
    for rung in ladder.rungs:
        shown = "; ".join(f"{one.id} {one.seen}: {one.outcome}" for one in rung.shown)
        told = rung.why_not or shown or "nothing was judged"
        title = f"{rung.title} (kept)" if rung.kept else rung.title
        outcome = str(rung.outcome or "not fitted")
        outcome += " (hypothetical)" if rung.hypothetical else ""
        costs = f"{rung.training}; {rung.bill}" if rung.bill else rung.training
        rows.append((title, costs, rung.size, rung.time, told, outcome))
    heads = ("Model", "Training", "Size", "One answer", "Critical requirements", "Outcome")
    yield _table(heads, rows)
    for note in ladder.notes:
        yield safe(note)


def _compression(page: Page) -> Iterator[str]:
    told = page.compression
    if not told.rows:
        return
    yield "## How small the net may be"
    yield safe(f"{told.answer} {told.lead}".strip())
    yield _table(
        ("Net", "Size", "Median / 99th", "Memory", "CPU time", "Critical requirements", "Outcome"),
        (
            (
                f"{row.title} (kept)" if row.kept else row.title,
                row.size,
                row.clocks,
                row.memory,
                row.ratio,
                "; ".join(f"{one.id} {one.seen}: {one.outcome}" for one in row.cells),
                f"{row.outcome} ({row.tested})",
            )
            for row in told.rows
        ),
    )
    for note in told.notes:
        yield safe(note)


def _cases(page: Page) -> Iterator[str]:
    people, product = page.judgement.population, page.product
    yield "## Who the cases are"
    yield safe(product.data.cohort) or (
        "Nobody has written down who these cases are (`data.cohort` in product.yaml). Until "
        "somebody does, no reader can tell where else the answer holds."
    )
    rows = [("Cases judged", telling.count(people.cases))]
    if people.units is not None:
        rows.append(("Independent units", telling.count(people.units)))
    if people.inside is not None:
        rows.append(("In scope", telling.count(people.inside)))
    rows += [
        (f"Out of scope: {telling.outside(code, product.scope)}", telling.count(cases))
        for code, cases in people.outside
    ]
    rows += _apart(people)
    if people.referred is not None:
        rows.append(("In scope, sent to a person", telling.count(people.referred)))
    if people.positives is not None:
        rows.append(("Positives", telling.count(people.positives)))
    yield _table(("", "Cases"), rows)


def _apart(people: Population) -> Iterator[tuple[str, str]]:
    """Cases that are none for the product, and those that a guard turned away."""
    if people.rejected:
        yield "No cases for the product, counted apart", telling.count(people.rejected)
    if people.turned_away is not None:
        let_in = telling.count(people.looked_at)
        yield (
            f"Turned away by the guard, of {let_in} that the scope's rules let in",
            telling.count(people.turned_away),
        )


def _rules(page: Page) -> Iterator[str]:
    told = page.rules
    yield "## How the product works"
    yield "### Scope: the cases it may decide"
    if told.scope:
        yield _table(("Field", "Allowed", "A case outside", "When not recorded"), told.scope)
        yield told.rest
    yield told.no_scope
    if told.guard:
        yield "### The guard: unfamiliar cases"
        yield safe(told.guard)
        yield told.speaks
    if told.decision:
        yield "### From a score to a decision"
        yield safe(told.decision)
    if told.costs:
        yield "### What mistakes cost"
        yield _table(("", "Costs"), told.costs)
        yield told.weighed
    if told.harms:
        yield "### What else mistakes do"
        yield _table(("", "Does"), told.harms)


def _methods(page: Page) -> Iterator[str]:
    yield "## What the numbers mean"
    yield _list(
        " ".join(
            part
            for part in (
                f"{formula.title}: {formula.definition}",
                f"Formula: {formula.formula}." if formula.formula else "",
                f"Source: {formula.source}." if formula.source else "",
            )
            if part
        )
        for formula in page.formulas
    )
    if page.rests:
        yield "## What the bounds rest on"
        yield _list(
            f"{rests.method} (used for {', '.join(rests.requirements)}): "
            f"{'; '.join(rests.assumptions) or 'no assumption was stated'}."
            for rests in page.rests
        )


def _provenance(page: Page) -> Iterator[str]:
    judgement = page.judgement
    yield "## What exactly was judged"
    subject = judgement.subject
    prints = [(f"{subject.name} ({subject.kind})", subject.fingerprint)]
    prints += sorted(judgement.fingerprints.items())
    lines = [f"- {safe(short(name))}: {_code(value)}" for name, value in prints]
    yield "\n".join([*lines, f"- roadworthy {safe(judgement.version)}"])
    if page.ledger:
        yield safe(page.ledger.told)
    yield _list(f"Note: {note}" for note in judgement.notes)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {safe(line)}" for line in lines if line)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(heads), "|" + " --- |" * len(heads), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(safe(cell) for cell in cells)} |"


def _code(text: str) -> str:
    """Text shown as it is, also where it holds backticks."""
    line = one_line(text)
    fence = "`"
    while fence in line:
        fence += "`"
    space = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{space}{line}{space}{fence}"
