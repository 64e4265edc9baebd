"""The dossier: one page that people can read, print and sign, rendered from a judgement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from roadworthy.core.instrument import About
from roadworthy.core.plan import Plan
from roadworthy.core.product import Product
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import telling
from roadworthy.io.dossier.page import page
from roadworthy.io.harmless import harmless

__all__ = ["render"]


def render(
    judgement: Judgement,
    product: Product,
    abouts: Mapping[str, About],
    plan: Plan | None = None,
    made: datetime | None = None,
) -> str:
    """One self-contained HTML file: no script, no request to anywhere, the same bytes every time.

    ``abouts`` explains each metric by name; a metric that is missing there keeps its bare name.
    ``plan`` is what was planned before, shown beside what was judged; ``made`` the time to print.

    Raises:
        ValueError: the judgement is better than its own gating verdicts; nobody may sign that.
    """
    worst = Outcome.worst(verdict.outcome for verdict in judgement.where(gating=True))
    if judgement.outcome.severity < worst.severity:
        raise ValueError(
            f"the judgement says {judgement.outcome} and its gating verdicts {worst}: judge again"
        )
    certificate = judgement.certificate
    if certificate and judgement.outcome.severity < certificate.outcome.severity:
        raise ValueError(
            f"the judgement says {judgement.outcome}, its certificate {certificate.outcome}: "
            "judge again"
        )
    told = page(judgement, product, abouts, plan, made)
    return _environment().get_template("dossier.html.j2").render(page=told, words=telling)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("roadworthy.io.dossier", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["css"] = Markup(_stylesheet(environment))
    return environment


def _stylesheet(environment: Environment) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, "dossier.css")[0]


def _shown(value: object) -> object:
    """Every value that a template prints goes through here, so that none can be forgotten."""
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value
