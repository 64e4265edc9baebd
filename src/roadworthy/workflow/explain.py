"""explain: what a metric is, how it is misread, and how product.yaml asks for it."""

from __future__ import annotations

import json
import re
import types
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from roadworthy.core.environment import Environment
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import About, Instrument
from roadworthy.core.parameters import Prevalence
from roadworthy.core.product import Costs, Harm, Task
from roadworthy.core.requirement import Level
from roadworthy.core.shown import Shown
from roadworthy.io.registry import instrument, instruments


@dataclass(frozen=True)
class Word:
    """One of a metric's own words: what may stand there, and what stands there by itself."""

    name: str
    kind: str
    default: str
    about: str


@dataclass(frozen=True)
class Explained(Shown):
    """A metric, told to somebody who must choose a limit for it."""

    metric: str
    about: About
    words: tuple[Word, ...]
    meaning: str
    snippet: str

    def __repr__(self) -> str:
        return f"<Explained {self.metric}>"

    @property
    def headline(self) -> str:
        """What the metric is, in one line."""
        return f"{self.metric}: {self.about.definition}"


@dataclass(frozen=True)
class Listed:
    """A metric in the list of all; ``broken`` says why a plug-in cannot be used."""

    metric: str
    tasks: tuple[str, ...]
    title: str
    definition: str
    broken: str = ""


def explain(metric: str) -> Explained:
    """Everything that is known of one installed metric.

    Raises:
        BadInput: there is no such metric; the nearest one is named.
    """
    found = instrument(metric)
    return Explained(
        metric=metric,
        about=found.about,
        words=tuple(_words(found.parameters)),
        meaning=_meaning(found.parameters),
        snippet=_snippet(metric, found),
    )


def every_metric() -> tuple[Listed, ...]:
    """All installed metrics by name; one that cannot be loaded says why."""
    return tuple(map(_listed, sorted(instruments())))


def _listed(metric: str) -> Listed:
    try:
        about = instruments()[metric].about
    except BadInput as problem:
        return Listed(metric, (), "", "", broken=problem.message)
    tasks = tuple(str(task) for task in Task if task in about.tasks)
    return Listed(metric, tasks, about.title, about.definition)


def _words(parameters: type[Any]) -> list[Word]:
    hints = get_type_hints(parameters)
    return [
        Word(
            field.name,
            _kind(field, hints[field.name]),
            _default(field),
            str(field.metadata.get("about", "")),
        )
        for field in fields(parameters)
        # the task is no choice of a requirement
        if field.init and field.metadata.get("inherited") != "task"
    ]


def _default(field: Field[Any]) -> str:
    if "inherited" in field.metadata:
        return f"what the product declares as `{field.metadata['inherited']}`"
    if field.default is not MISSING:
        if field.default is None or field.default == "":
            return "none"
        return json.dumps(field.default, default=str)
    return "must be given" if field.default_factory is MISSING else "none"


_KINDS: dict[Any, str] = {
    str: "text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    Level: "a value of a column",
    Prevalence: "a share, or as_sampled",
    Costs: "prices: {miss, false_alarm, refer, gain, matrix, profit}",
    tuple[Harm, ...]: "harms by name: {miss, false_alarm, refer, found, cleared}",
    Environment: "a mix of contexts: {by, shares} or {by, file}",
}


def _kind(field: Field[Any], hint: Any) -> str:
    if field.metadata.get("reads") == "case_ids":
        return "a file of case ids"
    if field.metadata.get("column"):
        return "a column"
    return _kind_of(hint)


def _kind_of(hint: Any) -> str:
    if hint in _KINDS:
        return _KINDS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(str(member.value) for member in hint)
    inner = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) is Literal:
        return " or ".join(map(str, inner))
    if get_origin(hint) in (Union, types.UnionType):
        told = [name for known, name in _KINDS.items() if hint == known | None]
        return told[0] if told else " or ".join(map(_kind_of, inner))
    if get_origin(hint) in (tuple, list):
        return f"a list: {_kind_of(inner[0])} each"
    return "a mapping" if get_origin(hint) is dict else str(hint)


def _meaning(parameters: type[Any]) -> str:
    """What the docstring of the parameters says of them, in the marks of the terminal."""
    if not fields(parameters):
        return ""
    told = (parameters.__doc__ or "").strip()
    # a dataclass without a docstring is given its signature
    if told.startswith(f"{parameters.__name__}("):
        return ""
    return re.sub(r"\s+", " ", told.replace("``", "`"))


def _snippet(metric: str, found: Instrument) -> str:
    """A requirement that can be pasted below ``requirements:``; its numbers are examples."""
    about = found.about
    words = {"metric": metric, **_limit(about), **_required(found.parameters)}
    told = [_requirement(words)]
    if about.comparable:
        against = {"metric": metric, "against": "reader", "max_drop": _drop(about)}
        words = {"id": f"{metric}-against-reader", **against, **_required(found.parameters)}
        told.append(_requirement(words))
    return "\n".join(told)


def _requirement(words: dict[str, Any]) -> str:
    return "- {" + ", ".join(f"{key}: {_written(value)}" for key, value in words.items()) + "}"


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value:.2f}" if isinstance(value, float) and 0 < value < 1 else str(value)


def _limit(about: About) -> dict[str, Any]:
    if about.limit_optional:
        return {}
    if about.better == "higher":
        share = about.highest == 1.0
        return {"at_least": 0.90, "target": 0.95} if share else {"at_least": 10, "target": 20}
    share = about.highest == 1.0
    return {"at_most": 0.10, "target": 0.05} if share else {"at_most": 20, "target": 10}


def _drop(about: About) -> float:
    return 0.05 if about.highest == 1.0 else 0


def _required(parameters: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(parameters)
    return {
        field.name: _example(field, hints[field.name])
        for field in fields(parameters)
        if field.init and field.default is MISSING and field.default_factory is MISSING
    }


def _example(field: Field[Any], hint: Any) -> Any:
    """A value that could stand there: a person will replace it."""
    if field.metadata.get("reads") == "case_ids":
        return f"{field.name}.txt"
    if field.metadata.get("column"):
        return field.name
    if get_origin(hint) in (tuple, list):
        return ("A", "B")
    return {float: 100, int: 10, bool: "true"}.get(hint, "A")
