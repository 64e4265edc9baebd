"""Which look at a sealed set comes next, if any: what was frozen at sealing decides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest, sha256
from typing import Any

from roadworthy.core.errors import Refused
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement, Side
from roadworthy.core.seal import Look, SealedSet, Told, Wanted
from roadworthy.io import telling
from roadworthy.workflow.on_device import measured_by
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.unseen import spent
from roadworthy.workflow.withholding import gates

_MORE = {Told.BIT: 0, Told.REQUIREMENTS: 1, Told.NUMBERS: 2}


@dataclass(frozen=True)
class Ask:
    """What somebody wants to know of a sealed set: about whom, what, and how much of it.

    ``asked`` is a hash of all that the answer hangs on.
    """

    subject: str
    asked: str
    wanted: tuple[Wanted, ...]
    told: Told = Told.BIT


def frozen(judged: Judged, certificate: object, uploaded: str) -> dict[str, Any]:
    """What is committed to before anything is opened, by hash."""
    policy, guard = judged.policy, judged.guard
    found: dict[str, Any] = {
        "subject": judged.subject.fingerprint,
        "model": judged.model.fingerprint,
        "policy": None if policy is None else json.loads(json.dumps(asdict(policy), default=str)),
        "guard": None if guard is None else guard.guard.fingerprint,
    }
    if certificate is not None:
        found["certificate"] = sha256(json.dumps(certificate, sort_keys=True).encode()).hexdigest()
    if uploaded:
        found["predictions"] = uploaded
    return found


def ask(product: Product, judged: Judged, frozen: dict[str, Any], told: Told) -> Ask:
    """What a product asks; ``frozen`` is what was committed to."""
    wanted = tuple(wanted_of(one) for one in product.requirements)
    by = _judged_by(product)
    if product.device is not None:
        by["device"] = repr((product.device, measured_by(product, judged.ran)))
    parts = (frozen, by, [one.print for one in wanted])
    digest = sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return Ask(str(judged.subject), digest, wanted, told)


def answered_before(sealed: SealedSet, ask: Ask) -> Look | None:
    """The look that asked the very same and told as much: its answer is the same."""
    found = [look for look in sealed.looks if look.asked == ask.asked and look.answered]
    told = [look for look in found if _MORE[look.told] >= _MORE[ask.told]]
    # a set that is retired tells no more, so what was told is all there is
    enough = told or (found if sealed.retired else [])
    return enough[-1] if enough else None


def next_look(sealed: SealedSet, ask: Ask, product: Product) -> Look:
    """The look to take; one that was begun for the very same and never answered goes on.

    Raises:
        Refused: the looks are spent, a PASS ended them, or the budget was changed after sealing.
    """
    for look in sealed.looks:
        if look.asked == ask.asked and look.answered is None and not sealed.retired:
            return look
    if sealed.retired:
        raise spent(sealed) if sealed.looks else _retired(sealed)
    _refuse_other_budget(sealed, product)
    _refuse_other_cases(sealed, product)
    number = len(sealed.looks) + 1
    again = next((one for one in sealed.looks if one.asked == ask.asked and one.answered), None)
    if number > sealed.budget.looks or (sealed.passed and again is None):
        raise spent(sealed)
    # the last look has nothing left to protect
    told = Told.NUMBERS if number == sealed.budget.looks else ask.told
    share = sealed.budget.share(number, sealed.bits)
    if again is not None and again.answered is not None:
        # a PASS stands as it was given; nothing else is answered more mildly than before
        share = again.share if again.answered.passed else min(share, again.share)
    return Look(sealed.id, number, share, ask.subject, ask.asked, told, at="", wanted=ask.wanted)


def extra_bits(told: Told, wanted: Sequence[Wanted]) -> int:
    """How many bits an answer tells beyond PASS or NOT YET; what retires the set costs nothing.

    Of m requirements it tells one of 2 ** m - 1 ways to be no PASS, and after each of them the team
    may go another way: later looks need their share for every one.
    """
    gating = sum(one.gates for one in wanted)
    return gating if told is Told.REQUIREMENTS and gating > 1 else 0


def softened(sealed: SealedSet, look: Look) -> Iterator[str]:
    """What was asked at earlier looks and is asked no more, or more mildly; a sentence each."""
    now = {one.id: one for one in look.wanted}
    told: dict[str, None] = {}
    for earlier in sealed.looks:
        if earlier.number < look.number:
            for before in earlier.wanted:
                if change := _change(before, now.get(before.id)):
                    told[f"At look {earlier.number} ({earlier.at[:10]}) {change}."] = None
    yield from told


def softened_since_sealing(sealed: SealedSet, wanted: Sequence[Wanted]) -> Iterator[str]:
    """What the set was sealed for and is asked no more, or more mildly; a sentence each."""
    now = {one.id: one for one in wanted}
    for before in sealed.meant.wanted if sealed.meant else ():
        if change := _change(before, now.get(before.id)):
            yield f"When the set was sealed ({sealed.at[:10]}) {change}."


def _change(before: Wanted, now: Wanted | None) -> str:
    asked = f"{before.id} asked for {_limit(before)}"
    if now is None:
        return f"{asked}; now it is not asked"
    if before.print == now.print:
        return ""
    if before.gates and not now.gates:
        return f"{asked} and gated; now it is shown only"
    same = (before.metric, before.side, before.against) == (now.metric, now.side, now.against)
    if not same:
        return f"{asked}; now it asks for {_limit(now)}"
    lower = now.value < before.value
    milder = lower if before.side in (Side.AT_LEAST, Side.MIN_GAIN) else now.value > before.value
    if milder:
        return f"{asked}; now it asks for less, {_limit(now)}"
    if now.confidence < before.confidence:
        return f"{asked} with confidence {before.confidence:g}; now with {now.confidence:g}"
    return "" if now.value != before.value else f"{asked}, measured or sliced in another way"


def _limit(one: Wanted) -> str:
    words = one.side.replace("_", " ")
    against = f" against {one.against}" if one.against else ""
    return f"{one.metric} {words} {telling.exact(one.value)}{against}"


def wanted_of(requirement: Requirement[Any]) -> Wanted:
    """A requirement as the ledger keeps it."""
    limit = requirement.limit
    # neither why it is asked, nor where it stands, nor what is expected changes an answer
    bare = replace(requirement, because="", line=None, target=None, power=0.5)
    asked = repr(bare) if requirement.under is None else f"{bare!r} {requirement.under!r}"
    return Wanted(
        id=requirement.id,
        metric=requirement.metric,
        side=limit.side.value,
        value=limit.value,
        against=limit.against,
        confidence=requirement.confidence,
        gates=gates(requirement),
        print=sha256(asked.encode()).hexdigest()[:16],
    )


def _judged_by(product: Product) -> dict[str, str]:
    """All that judging takes from product.yaml beside the subject and the requirements."""
    data = product.data
    meant = (data.truth, data.positive, data.negative, data.unit, data.prevalence, data.calls)
    said = {
        "task": product.task,
        "meant": meant,
        "tables": [(name, path, _content(product, path)) for name, path in data.tables.items()],
        "features": (data.features, product.model),
        "level": product.confidence.level,
        "decision": product.decision,
        "costs": product.costs,
        "harms": product.harms,
        "environment": product.environment,
        "team": product.team,
        "scope": product.scope,
    }
    if product.marks is not None:
        said["marks"] = product.marks
    return {name: repr(value) for name, value in said.items()}


def _content(product: Product, path: str) -> str:
    """What a table beside the cases holds now, as a hash; nothing where it cannot be read."""
    try:
        with (product.folder / path).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _refuse_other_budget(sealed: SealedSet, product: Product) -> None:
    ours, frozen = product.confidence, sealed.budget
    others = ours.looks not in (1, frozen.looks)
    others |= bool(ours.spending) and ours.spending != frozen.shares
    if others or ours.level < frozen.level - 1e-12:
        shares = ", ".join(f"{share:g}" for share in frozen.shares)
        raise Refused(
            f"the set was sealed for {frozen.looks} look{'s' * (frozen.looks > 1)} with confidence "
            f"{frozen.level:g} (shares {shares}), and product.yaml says something else now: what "
            "was frozen cannot be changed after anybody may have looked.",
            code="looks_changed",
            where=f"{product.file.name}: confidence",
            value=ours.looks,
            next_step=f"Write `confidence: {{level: {frozen.level:g}, looks: {frozen.looks}}}`, or "
            "seal a fresh set.",
        )


def _refuse_other_cases(sealed: SealedSet, product: Product) -> None:
    """What makes a case, and which of them belong together, was compared with open data then."""
    for word, now in (("id", product.data.id), ("unit", product.data.unit)):
        was = repr(now) if sealed.meant is None else sealed.meant.words.get(word, repr(now))
        if was != repr(now):
            raise Refused(
                f"the set was sealed with `{word}: {was.strip(chr(39))}`, and product.yaml says "
                f"{now or 'nothing'} now: by other {word}s nobody compared it with open data.",
                code="read_otherwise",
                where=f"{product.file.name}: data.{word}",
                value=now,
                next_step=f"Write `{word}` as it was, or seal a fresh set.",
            )


def _retired(sealed: SealedSet) -> Refused:
    return Refused(
        f"The sealed set {sealed.id} is retired: {sealed.retired}.",
        code="seal_spent",
        where="the sealed set",
        value=sealed.id,
        next_step="Seal a fresh set: `roadworthy seal`.",
    )
