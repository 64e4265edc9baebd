"""The dossier: what people read, print and sign, rendered from a judgement as HTML and Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from roadworthy.core.compression import Compression
from roadworthy.core.instrument import About
from roadworthy.core.product import Product
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import telling
from roadworthy.io.dossier import compression
from roadworthy.io.dossier.drawing import hundred
from roadworthy.io.dossier.markdown import to_markdown
from roadworthy.io.dossier.page import Beside, Ledger, Page, page
from roadworthy.io.dossier.plain import Count
from roadworthy.io.harmless import harmless, short

__all__ = ["Beside", "Ledger", "render", "render_compression", "render_markdown"]

NOTHING = Beside()
LONGEST_TEXT = 5_000


def render(
    judgement: Judgement,
    product: Product,
    abouts: Mapping[str, About],
    beside: Beside = NOTHING,
) -> str:
    """One self-contained HTML file: no script, no request to anywhere, the same bytes every time.

    ``abouts`` explains each metric by name; a metric that is missing there keeps its bare name.
    ``beside`` is the plan and the ladder to show with it, and the time to print.

    Raises:
        ValueError: the judgement is better than its own gating verdicts; nobody may sign that.
    """
    told = told_page(judgement, product, abouts, beside)
    return _environment().get_template("dossier.html.j2").render(page=told, words=telling)


def render_markdown(
    judgement: Judgement,
    product: Product,
    abouts: Mapping[str, About],
    beside: Beside = NOTHING,
) -> str:
    """The same in GitHub-flavoured Markdown, which is also plain text; as ``render``.

    Raises:
        ValueError: the judgement is better than its own gating verdicts; nobody may sign that.
    """
    return to_markdown(told_page(judgement, product, abouts, beside))


def render_compression(found: Compression, product: Product) -> str:
    """A compression as one self-contained HTML file."""
    view = compression.told(found, product)
    return _environment().get_template("compress.html.j2").render(told=view, product=product)


def told_page(
    judgement: Judgement, product: Product, abouts: Mapping[str, About], beside: Beside
) -> Page:
    """What both say.

    Raises:
        ValueError: as ``render``.
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
    return page(judgement, product, abouts, beside)


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
    environment.globals["hundred"] = _hundred
    return environment


def _stylesheet(environment: Environment) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, "dossier.css")[0]


def _hundred(count: Count, key: str, title: str) -> Markup:
    """A figure of the plain page, drawn."""
    assert count.share is not None
    return hundred(count.share, key, title, f"{count.seen}, {count.between}")


def _shown(value: object) -> object:
    """Every value that a template prints goes through here, so that none can be forgotten."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return harmless(value) if len(value) <= LONGEST_TEXT else short(value, LONGEST_TEXT)
