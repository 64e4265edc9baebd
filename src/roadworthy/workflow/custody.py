"""What somebody who may not hold the sealed rows may ask of them, and what they are never told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product, SetName
from roadworthy.core.seal import Meant, SealedSet, Told
from roadworthy.store.tokens import Role
from roadworthy.workflow.meaning import ANSWERS, changed, meant
from roadworthy.workflow.source import Parted


@dataclass(frozen=True)
class Custody:
    """On whose behalf a custodian's vault looks: ``name`` is that of the token's holder."""

    name: str
    role: Role

    def require_open(self, product: Product, parted: Parted) -> None:
        """Refuses rows that the split calls sealed: the vault judges on sets of its own.

        A set that came with the product would be one that its team chose.
        """
        count = parted.sizes().get(SetName.SEALED, 0)
        if count:
            raise sealed_rows(product, count)

    def require_meant(
        self, product: Product, sealed: SealedSet | None, told: Told, *, answers_sent: bool
    ) -> None:
        """Refuses to read a set in another way than the custodian meant when it was sealed.

        A custodian, who holds the rows, may; the verdict then says so. ``answers_sent``:
        predictions come with the product, so no column of the set holds them.

        Raises:
            Refused: another product, other words, other questions, or numbers that are not theirs
                to ask for.
        """
        if sealed is None:
            self._refuse("the custodian's vault keeps no set for this product", "no_sealed_set")
        if self.role is Role.CUSTODIAN:
            return
        if sealed.meant is None:
            self._refuse("nobody wrote down what its columns mean", "unknown_meaning")
        before, now = sealed.meant, meant(product)
        words = list(changed(before, now))
        named = {name: getattr(product.data, name) for name in ANSWERS}
        if answers_sent or not any(named.values()):
            words = [word for word in words if word not in ANSWERS]
        if words:
            self._other_words(words, before, now)
        self._only_sealed_for(sealed, now, told)

    def _only_sealed_for(self, sealed: SealedSet, now: Meant, told: Told) -> None:
        assert sealed.meant is not None
        if told is Told.NUMBERS and not sealed.retired:
            self._refuse(
                "`--reveal numbers` retires the set, and only a custodian retires sets",
                "not_yours_to_retire",
            )
        if told is Told.BIT and len(sealed.looks) + 1 < sealed.budget.looks:
            return
        # more than one bit is told of the questions that the custodian knew, and of no others:
        # the last look tells numbers, and there are questions about single rows
        others = [one for one in now.questions if one not in sealed.meant.questions]
        if others:
            metric = others[0].split(",")[0].strip("('")
            self._refuse(
                "the last look tells numbers, as `--reveal requirements` tells an answer to each, "
                f"and this one asks what the set was not sealed for ({metric}, with these "
                "parameters and slices)",
                "other_questions",
            )

    def _other_words(self, words: list[str], before: Meant, now: Meant) -> NoReturn:
        word = words[0]
        said, was = (told.words.get(word, "nothing") for told in (now, before))
        self._refuse(
            f"`{word}` is {said} in product.yaml, and was {was} when the set was sealed: a set is "
            "read as its custodian meant it",
            "other_meaning",
            word,
        )

    def _refuse(self, why: str, code: str, value: str | None = None) -> NoReturn:
        raise Refused(
            f"{why[:1].upper()}{why[1:]}.",
            code=code,
            where="the custodian's vault",
            value=value,
            next_step="Put product.yaml right, or ask the custodian, who may seal a set, look, or "
            "retire one. No look was spent.",
        )

    @contextmanager
    def discreet(self) -> Iterator[None]:
        """Whatever goes wrong on sealed rows is told without what it says of them."""
        try:
            yield
        # whatever a look raises was raised on sealed cases: its words stay here
        except Exception as problem:
            raise BadInput(
                "the look was begun and could not be finished; what went wrong is not told, since "
                "it went wrong on sealed cases.",
                code="look_interrupted",
                where="the custodian's vault",
                value=type(problem).__name__,
                next_step="Ask again: the same product goes on with the same look. If it fails "
                "again, ask the custodian.",
            ) from None


def sealed_rows(product: Product, count: int) -> Refused:
    """Rows that the split calls sealed stand in the table that is handed in."""
    return Refused(
        f"{count:,} rows of the product's own table are in the sealed part of its split: a "
        "custodian's vault judges on sets that its engineers do not hold.",
        code="sealed_rows_handed_in",
        where=f"{product.file.name}: data",
        value=count,
        next_step="Take them out: `roadworthy seal --take-out` writes the table without them; "
        "what a team could read is no custodian's set any more.",
    )
