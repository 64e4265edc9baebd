"""What a product keeps beside its model, and if it still holds: guard, certificate, study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TypeVar

from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import RoadworthyError
from roadworthy.core.model import Brought, Model
from roadworthy.core.outcome import Outcome
from roadworthy.core.policy import Decides
from roadworthy.core.product import Calibrate, Product, SetName
from roadworthy.core.requirement import Whose
from roadworthy.io import certificate_words, tables, telling
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.models.guard import FittedGuard
from roadworthy.stats.triage import errors_needed
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.finding import Finding, as_finding, problem_of
from roadworthy.workflow.guarding import Guarding, kept_guard
from roadworthy.workflow.source import Parted, as_text
from roadworthy.workflow.subject import Judged, kept_policy, load_model
from roadworthy.workflow.triage import policy_of, present_certificate

GUARD, CERTIFICATE, STUDY = "guard", "certificate", "reader study"
SOON = 30
NO_MODEL = "none yet: `roadworthy train` comes first"
NOT_ASKED = "is told by `roadworthy check`, which asks the model"

T = TypeVar("T")


def upkeep(product: Product, parted: Parted) -> Iterator[Finding]:
    """What is told of guard, certificate and reader study, where there should be one.

    Nothing is written, and no look at calibration cases is taken.
    """
    if product.guard is None and product.decision.triage is None and product.team is None:
        return
    workspace = Workspace.beside(product.file)
    model = _kept(lambda: load_model(product, workspace, parted.schema))
    if isinstance(model, RoadworthyError):
        # what is wrong with the model was told before
        yield from _before_a_model(product)
        return
    guard = None
    if product.guard is not None:
        found = _kept(lambda: kept_guard(product, workspace, parted, model))
        yield _guard(product, found)
        yield from _must_detect(product)
        if isinstance(found, RoadworthyError):
            return
        guard = Guarding(found)
    if product.decision.triage is None:
        policy = kept_policy(product, model, workspace)
        yield from _study(product, model, guard, policy)
        return
    if _must_be_asked(product, model):
        yield Finding(CERTIFICATE, NOT_ASKED)
        return
    certificate = _kept(lambda: present_certificate(product, workspace, parted, model, guard))
    yield _certificate(certificate, parted)
    if isinstance(certificate, Certificate):
        yield from _study(product, model, guard, policy_of(certificate, product))


def _before_a_model(product: Product) -> Iterator[Finding]:
    if product.guard is not None:
        yield Finding(GUARD, NO_MODEL)
        yield from _must_detect(product)
    if product.decision.triage is not None:
        yield Finding(CERTIFICATE, NO_MODEL)


def _kept(get: Callable[[], T]) -> T | RoadworthyError:
    got: list[T] = []
    problem = problem_of(lambda: got.append(get()))
    return problem or got[0]


def _must_be_asked(product: Product, model: Model) -> bool:
    """Whether scores take a model of the team's own, or a calibrator that is not kept."""
    method = product.decision.calibrate
    return isinstance(model, Brought) or (
        method is not Calibrate.NONE and not isinstance(model, CalibratedModel)
    )


def _guard(product: Product, found: FittedGuard | RoadworthyError) -> Finding:
    if isinstance(found, RoadworthyError):
        return as_finding(GUARD, found)
    rule = product.guard
    assert rule is not None
    told = f"{' and '.join(rule.methods)}, set on {telling.count(found.threshold.n)} validation "
    told += "cases in scope"
    least = errors_needed(rule.false_alarms_at_most, round(1.0 - rule.confidence, 12))
    if found.threshold.n < least:
        most = telling.percent(rule.false_alarms_at_most)
        told += f"; at most {most} false alarms are shown with {telling.count(least)} or more"
    return Finding(GUARD, told)


def _must_detect(product: Product) -> Iterator[Finding]:
    for one in () if product.guard is None else product.guard.must_detect:
        path = product.folder / one.cases
        problem = problem_of(lambda path=path: tables.scan_table(path, as_text(product)))  # type: ignore[misc]
        what = f"must_detect {one.name}"
        yield as_finding(what, problem) if problem else Finding(what, f"{one.cases} can be read")


def _certificate(found: Certificate | RoadworthyError | None, parted: Parted) -> Finding:
    if isinstance(found, RoadworthyError):
        return as_finding(CERTIFICATE, found)
    if found is None:
        cases = telling.count(parted.sizes()[SetName.CALIBRATION])
        told = f"none yet: `roadworthy check` takes a look at the {cases} calibration cases"
        return Finding(CERTIFICATE, told)
    told = f"{found.outcome} of {found.made} ({certificate_words.requirement(found)}), look "
    told += f"{found.look} of {found.looks}{_valid(found, datetime.now(UTC).date())}"
    if found.outcome is not Outcome.PASS:
        told += "; `roadworthy check` says what is missing"
    return Finding(CERTIFICATE, told)


def _valid(found: Certificate, today: date) -> str:
    if found.expires is None:
        return ", valid as long as nothing changes"
    days = (date.fromisoformat(found.expires) - today).days
    left = f", valid until {found.expires} ({days} day{'s' * (days != 1)} left)"
    return left if days > SOON else f"{left}: bring fresh calibration cases before"


def _study(
    product: Product, model: Model, guard: Guarding | None, policy: Decides | None
) -> Iterator[Finding]:
    team = product.team
    if team is None:
        return
    asked = any(one.of is Whose.TEAM for one in product.requirements)
    if team.study is None:
        told = "none is named"
        if asked:
            told += (
                ": what is asked of the team stays hypothetical (`roadworthy reader-study plan`)"
            )
        yield Finding(STUDY, told)
        return
    if policy is None:
        yield Finding(STUDY, f"{team.study_file} can be read; no threshold is chosen yet")
        return
    now = Judged(product, model, policy, guard).subject.fingerprint
    if team.study.subject == now:
        yield Finding(STUDY, f"{team.study_file}: {team.study.outcome}, on this very version")
        return
    whose = f"on another version ({team.study.subject[:12]})" if team.study.subject else "on marks"
    whose += " than the present one" if team.study.subject else " that it does not name"
    yield Finding(
        STUDY,
        f"{team.study_file} is {whose}, so what is asked of the team stays hypothetical",
        "Judge the version that was studied, or plan a study of this one: `roadworthy "
        "reader-study plan`. `reader-study analyse --product` writes down whose marks were seen.",
    )
