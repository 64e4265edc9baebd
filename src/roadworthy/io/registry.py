"""Which instruments, models, guards, levers ... are installed: built-ins and strangers alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from roadworthy.core.embedding import Embedding
from roadworthy.core.errors import BadInput
from roadworthy.core.guard import GuardMethod
from roadworthy.core.instrument import About, Collector, Instrument
from roadworthy.core.lever import Lever
from roadworthy.core.perturbation import Perturbation
from roadworthy.core.rung import Rung
from roadworthy.io.nearest import did_you_mean

T = TypeVar("T")

INSTRUMENTS = "roadworthy.instruments"
COLLECTORS = "roadworthy.collectors"
LEVERS = "roadworthy.levers"
MODELS = "roadworthy.models"
GUARDS = "roadworthy.guards"
EMBEDDINGS = "roadworthy.embeddings"
PERTURBATIONS = "roadworthy.perturbations"


class Announced(Mapping[str, T], Generic[T]):
    """Plug-ins by name; each is imported when it is first asked for, and only then.

    A plug-in that cannot be imported so stops only the people who use it.
    """

    def __init__(self, group: str, found: Iterable[EntryPoint]) -> None:
        self._points = _by_name(group, found)
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            self._loaded[name] = cast(T, _load(self._points[name]))
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def __contains__(self, name: object) -> bool:
        # Mapping's own test would import the plug-in
        return name in self._points


@cache
def instruments() -> Mapping[str, Instrument]:
    """Every installed instrument by the metric's name in product.yaml."""
    return Announced(INSTRUMENTS, entry_points(group=INSTRUMENTS))


@cache
def collectors() -> Mapping[str, Collector]:
    """Every installed collector by its announced name."""
    return Announced(COLLECTORS, entry_points(group=COLLECTORS))


@cache
def levers() -> Mapping[str, Lever]:
    """Every installed lever by its announced name."""
    return Announced(LEVERS, entry_points(group=LEVERS))


@cache
def rungs() -> Mapping[str, Rung]:
    """Every installed kind of model by its name in product.yaml."""
    return Announced(MODELS, entry_points(group=MODELS))


@cache
def guards() -> Mapping[str, GuardMethod]:
    """Every installed method of a guard by its name in product.yaml."""
    return Announced(GUARDS, entry_points(group=GUARDS))


@cache
def embeddings() -> Mapping[str, Embedding]:
    """Every installed embedding of text by its name in product.yaml."""
    return Announced(EMBEDDINGS, entry_points(group=EMBEDDINGS))


@cache
def perturbations() -> Mapping[str, type[Perturbation]]:
    """Every installed kind of perturbation by its name in product.yaml."""
    return Announced(PERTURBATIONS, entry_points(group=PERTURBATIONS))


def embedding(name: str) -> Embedding:
    """The embedding that is called ``name``.

    Raises:
        BadInput: nobody announces that name, or its package cannot be imported.
    """
    known = embeddings()
    if name in known:
        return known[name]
    raise BadInput(
        f"There is no embedding `{name}`.",
        code="unknown_embedding",
        where="data.text",
        value=name,
        next_step=did_you_mean(name, known, "embeddings"),
    )


def instrument(name: str) -> Instrument:
    """The instrument that measures ``name``.

    Raises:
        BadInput: nobody announces that name, or its package cannot be imported.
    """
    known = instruments()
    if name in known:
        return known[name]
    raise BadInput(
        f"There is no metric `{name}`.",
        code="unknown_metric",
        value=name,
        next_step=did_you_mean(name, known, "metrics"),
    )


def _by_name(group: str, found: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    points: dict[str, EntryPoint] = {}
    for point in found:
        other = points.setdefault(point.name, point)
        if (other.value, _package(other)) != (point.value, _package(point)):
            raise BadInput(
                f"Two packages announce `{point.name}` in {group}: {_package(other)} "
                f"({other.value}) and {_package(point)} ({point.value}).",
                code="plugin_twice",
                value=point.name,
                next_step="Uninstall one of them.",
            )
    return dict(sorted(points.items()))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"


def _load(point: EntryPoint) -> object:
    # whatever a stranger's module raises while it is imported is told with the stranger's name
    try:
        # a perturbation is the class itself: product.yaml says with which values it is made
        plugin = point.load() if point.group == PERTURBATIONS else point.load()()
    except Exception as reason:
        raise _broken(point, f"cannot be loaded: {type(reason).__name__}: {reason}") from reason
    if point.group == INSTRUMENTS:
        _check_instrument(point, plugin)
    if point.group == LEVERS and not callable(getattr(plugin, "propose", None)):
        raise _broken(point, "lacks propose")
    if point.group == MODELS:
        _check_rung(point, plugin)
    if point.group in (GUARDS, EMBEDDINGS):
        _require_methods(point, plugin, ("fit", "ready"))
    if point.group == PERTURBATIONS:
        _check_perturbation(point, plugin)
    return plugin


def _check_perturbation(point: EntryPoint, plugin: object) -> None:
    if not (isinstance(plugin, type) and is_dataclass(plugin) and fields(plugin)):
        raise _broken(point, "is no dataclass with a field")
    if not isinstance(getattr(plugin, "about", None), str):
        raise _broken(point, "has no `about` that is a text")
    column = hasattr(plugin, "values") and "column" in {one.name for one in fields(plugin)}
    if hasattr(plugin, "image") == column:
        raise _broken(point, "offers not just one of `image`, and `values` with a field `column`")


def _check_instrument(point: EntryPoint, plugin: object) -> None:
    if not isinstance(getattr(plugin, "about", None), About):
        raise _broken(point, "has no `about` of the type roadworthy.core.instrument.About")
    parameters = getattr(plugin, "parameters", None)
    if not (isinstance(parameters, type) and is_dataclass(parameters)):
        raise _broken(point, "has no `parameters` that is a dataclass")
    _require_methods(point, plugin, ("statistics", "measure", "need"))


def _check_rung(point: EntryPoint, plugin: object) -> None:
    if not isinstance(getattr(plugin, "rank", None), int):
        raise _broken(point, "has no `rank` that is a whole number")
    if not isinstance(getattr(plugin, "why", None), str):
        raise _broken(point, "has no `why` that is a text")
    _require_methods(point, plugin, ("title", "fit", "load"))


def _require_methods(point: EntryPoint, plugin: object, names: Iterable[str]) -> None:
    lacks = [name for name in names if not callable(getattr(plugin, name, None))]
    if lacks:
        raise _broken(point, f"lacks {', '.join(lacks)}")


def _broken(point: EntryPoint, why: str) -> BadInput:
    return BadInput(
        f"`{point.name}` ({point.value}) of {_package(point)} {why}.",
        code="broken_plugin",
        value=point.value,
        next_step=f"Repair, update or uninstall {_package(point)}.",
    )
