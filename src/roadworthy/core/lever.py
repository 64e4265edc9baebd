"""A lever proposes what to change; it looks at open data only, through a second judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from roadworthy.core.path import Amount, Path
from roadworthy.core.policy import Decides, Policy, Referred
from roadworthy.core.product import Product, ScopeRule
from roadworthy.core.study import OpenStudy
from roadworthy.core.team import Team
from roadworthy.core.verdict import Verdict


@dataclass(frozen=True)
class OtherRung:
    """A model that could be kept instead, fitted as `roadworthy train` would, and what it takes.

    It is ``bytes`` large, takes ``ms`` a case, reads ``reads`` columns and was offered
    ``features``; ``policy`` is its own. ``threshold`` is what product.yaml must say for that
    policy, None: what it says. ``history`` tells what training made of it so far, such as "which
    was tried and not kept".
    """

    rung: str
    title: str
    model: str
    bytes: int
    reads: int
    features: tuple[str, ...] = ()
    history: str = ""
    policy: Policy | None = None
    threshold: float | Literal["auto", "cost"] | None = None
    ms: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Rungs:
    """What could be kept instead of the present model, from cheap to costly.

    ``present`` is the present one, where it was trained here. ``pairs`` of model and threshold were
    looked at. ``untried`` are rungs that only `roadworthy train` will fit: title by name.
    """

    others: tuple[OtherRung, ...] = ()
    present: OtherRung | None = None
    pairs: int = 0
    untried: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Change:
    """What a lever would do otherwise: another policy, count of referrals or model, more scope.

    With a ``team`` the product works beside a reader: whatever is counted from calls is then asked
    of both together (``of: team``).
    """

    policy: Decides | None = None
    referred: Referred | None = None
    scope: tuple[ScopeRule, ...] = ()
    rung: OtherRung | None = None
    team: Team | None = None


AS_IT_IS = Change()


@dataclass(frozen=True)
class Kind:
    """How many cases of one kind a fresh set must hold, for which requirement and slice."""

    of: str
    count: int
    requirement: str
    where: str = ""


@dataclass(frozen=True)
class Fresh:
    """A fresh set that shows every gating requirement at once with probability ``power``.

    ``cases`` is None where no fresh set would do, or its size cannot be said: ``why`` tells.
    It holds if the truth is what was seen, save for the requirements in ``at_target``, which must
    reach their targets, since what was seen does not meet their limits. ``if_target`` is its size
    were the truth the target wherever there is one. ``sealed`` unopened cases stand ready; ``cost``
    is the price of the labels of the others. ``unsized`` requirements are not counted.
    """

    cases: int | None
    power: float
    kinds: tuple[Kind, ...] = ()
    cost: Amount | None = None
    sealed: int = 0
    if_target: int | None = None
    at_target: tuple[str, ...] = ()
    unsized: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    why: str = ""

    @property
    def more(self) -> int | None:
        """The cases that must still be collected and labelled."""
        return None if self.cases is None else max(self.cases - self.sealed, 0)

    @property
    def settles(self) -> bool:
        """Whether, with such a set, every gating requirement is expected to hold."""
        return self.cases is not None and not self.at_target and not self.unsized


PARTIAL = Fresh(None, 0.0, why="some requirement is still missed, so this is not enough by itself")


class Rejudge(Protocol):
    """Judges an open study again, as if something were otherwise. Sealed studies do not fit."""

    @property
    def product(self) -> Product:
        """What product.yaml says."""

    @property
    def policy(self) -> Decides | None:
        """The policy that was judged; None where no score is thresholded."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns by which the scope may be narrowed: slices, features, and the scope's own."""

    def __call__(self, study: OpenStudy, change: Change = AS_IT_IS) -> tuple[Verdict, ...]:
        """The verdicts that ``study`` would get under ``change``, as if its cases were fresh.

        At the full alpha, whatever was chosen on these cases: say so, and ask for fresh ones.
        """

    def fresh(self, study: OpenStudy, change: Change = AS_IT_IS) -> Fresh:
        """The fresh set that would show every gating requirement under ``change``."""

    def rungs(self, study: OpenStudy) -> Rungs:
        """The models that could be judged on ``study`` instead: none that learnt from its cases."""

    def sketch(self, study: OpenStudy) -> OpenStudy:
        """The study itself, or, of very many cases, some of them to search on.

        Of a table that is judged in one pass the study's own cases are a random sample; it is
        judged on all of them, and a sketch on the sample alone.
        """

    def enlarged(self, study: OpenStudy, cases: int) -> OpenStudy:
        """The study as it would look with ``cases`` cases like its own: its rows repeated.

        The study itself where it was judged on more.
        """


class Lever(Protocol):
    """One kind of change. Announced by an entry point in ``roadworthy.levers``."""

    about: str

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """Paths to yes, or none. ``verdicts`` are those of ``study`` as it is."""
