"""From the words of a requirement to the requirement: its limit and its own parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from roadworthy.core.environment import Environment
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import About, Instrument
from roadworthy.core.marks import MarkRules
from roadworthy.core.product import Confidence, Costs, Data, Decision, Harm, Task
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.io.case_ids import read_case_ids
from roadworthy.io.environment_words import read_environment
from roadworthy.io.nearest import did_you_mean, nearest
from roadworthy.io.own_words import inherited_from, read_from_file
from roadworthy.io.problems import Page, Problem
from roadworthy.io.ready_words import READY, ReadyWords, spelled_out
from roadworthy.io.requirement_words import RequirementWords, own_values, words_of
from roadworthy.io.under_words import ROBUSTNESS, RobustnessWords, own_keys
from roadworthy.io.under_words import spelled_out as under_each
from roadworthy.io.yaml_lines import KeyPath


@dataclass(frozen=True)
class Surroundings:
    """What the product as a whole declares, which a requirement may inherit."""

    task: Task
    data: Data
    costs: Costs | None
    confidence: Confidence
    decision: Decision
    folder: Path
    harms: tuple[Harm, ...] = ()
    environment: Environment | None = None
    marks: MarkRules | None = None

    def inherited(self, source: str) -> object:
        """What fills a parameter that inherits ``source``."""
        return {
            "prevalence": self.data.prevalence,
            "costs": self.costs,
            "harms": self.harms,
            "referred": self.decision.referred,
            "task": self.task,
            "positive": self.data.positive,
            "environment": self.environment,
            "at_most_per_image": None if self.marks is None else self.marks.at_most_per_image,
        }[source]


@dataclass(frozen=True)
class Written:
    """A requirement beside the words it was read from, for the checks that follow."""

    path: KeyPath
    words: RequirementWords
    about: About
    requirement: Requirement[Any]
    named_cases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def requirement_words(
    page: Page, instruments: Mapping[str, Instrument]
) -> tuple[list[tuple[KeyPath, RequirementWords]], list[Problem]]:
    """The words of every requirement that can be read, with their place, and what is wrong.

    A ready requirement stands for several, all at its place.
    """
    written = page.value(("requirements",))
    words: list[tuple[KeyPath, RequirementWords]] = []
    problems: list[Problem] = []
    for place, item in enumerate(written if isinstance(written, list) else []):
        path: KeyPath = ("requirements", place)
        items = _spelled_out(page, path, item, instruments)
        if isinstance(items, list) and items and isinstance(items[0], Problem):
            problems += [one for one in items if isinstance(one, Problem)]
            continue
        for one in items:
            found = _words(page, path, one, instruments)
            if isinstance(found, list):
                problems += found
            else:
                words.append((path, found))
    return words, problems


def _spelled_out(
    page: Page, path: KeyPath, item: object, instruments: Mapping[str, Instrument]
) -> list[object]:
    """The requirements that an item stands for, or what is wrong with a ready one."""
    if isinstance(item, dict) and item.get("metric") == ROBUSTNESS:
        return _under_each(page, path, item, instruments)
    if not isinstance(item, dict) or "ready" not in item:
        return [item]
    try:
        ReadyWords.model_validate(item)
    except ValidationError as error:
        return list(page.problems(error, path))
    if item.get("max_drop") is None and READY[item["ready"]].max_drop is None:
        message = "has no margin, and without one only a better product can show it"
        return [Problem(path, message, "Add `max_drop: 0.05`, or your own.", "missing_key")]
    return list(spelled_out(item))


def _under_each(
    page: Page, path: KeyPath, item: dict[str, Any], instruments: Mapping[str, Instrument]
) -> list[object]:
    """A requirement for each perturbation, or what is wrong."""
    try:
        words = RobustnessWords.model_validate(own_keys(item))
        if words.of not in instruments:
            step = did_you_mean(words.of, instruments, "metrics")
            message = f"is an unknown metric: '{words.of}'"
            return [Problem((*path, "of"), message, step, "unknown_metric")]
        if not words.under:
            step = "Name perturbations such as {noise: 0.05}."
            return [Problem((*path, "under"), "is an empty list", step)]
        return list(under_each(item))
    except ValidationError as error:
        return list(page.problems(error, path))
    except PydanticCustomError as error:
        return [
            Problem((*path, "under", *fault.keys), fault.message, fault.next_step, fault.code)
            for fault in (error.context or {})["faults"]
        ]


def _words(
    page: Page, path: KeyPath, item: object, instruments: Mapping[str, Instrument]
) -> RequirementWords | list[Problem]:
    if isinstance(item, dict) and "metric" not in item:
        close = nearest("metric", item)
        step = "Add `metric: ...`" + (f" (did you write it as `{close}`?)." if close else ".")
        return [Problem((*path, "metric"), "is missing", step, "missing_key")]
    metric = item.get("metric") if isinstance(item, dict) else None
    if isinstance(metric, str) and metric.strip() and metric not in instruments:
        step = did_you_mean(metric, [*instruments, ROBUSTNESS], "metrics")
        return [
            Problem((*path, "metric"), f"is an unknown metric: '{metric}'", step, "unknown_metric")
        ]
    known = isinstance(metric, str) and metric in instruments
    try:
        model = words_of(str(metric), instruments[str(metric)]) if known else RequirementWords
        return model.model_validate(item)
    except BadInput as error:
        message = f"cannot be measured. {error.message.rstrip('.')}"
        return [Problem((*path, "metric"), message, error.next_step, error.code)]
    except ValidationError as error:
        return list(page.problems(error, path))


def read_requirement(
    path: KeyPath,
    line: int | None,
    words: RequirementWords,
    instrument: Instrument,
    around: Surroundings,
) -> Written | Problem:
    """The requirement, or the first thing that keeps it from being one."""
    limit = _limit(path, words, instrument.about)
    if isinstance(limit, Problem):
        return limit
    values = _filled(own_values(words), instrument.parameters, around)
    for name in read_from_file(instrument.parameters):
        found = _case_ids((*path, name), around.folder / str(values[name]))
        if isinstance(found, Problem):
            return found
        values[name] = found
    files = {name: values[name] for name in read_from_file(instrument.parameters)}
    for name, value in values.items():
        if isinstance(value, Environment):
            values[name] = read_environment(value, around.folder)
            files[name] = tuple(map(str, values[name].contexts))
    try:
        parameters = instrument.parameters(**values)
    except ValueError as reason:
        return Problem(path, f"cannot be read: {reason}", "Correct that value.")
    # parameters may know the unit of what they count, such as that of the costs; beside "better by"
    # it would stand twice in every cell of a table
    if not limit.compares:
        limit = replace(limit, unit=limit.unit or getattr(parameters, "unit", ""))
    requirement = _requirement(words, limit, parameters, around.confidence, line)
    return Written(path, words, instrument.about, requirement, files)


def _limit(path: KeyPath, words: RequirementWords, about: About) -> Limit | Problem:
    if words.limit is not None:
        side, value = words.limit
        return Limit(side, value, words.unit or about.unit, words.against)
    if about.limit_optional:
        return Limit(Side.AT_MOST, 0.0, words.unit or about.unit, words.against)
    sides = "max_drop or min_gain" if words.against else "at_least or at_most"
    return Problem(path, "has no limit", f"Add {sides}.", "missing_key")


def _filled(values: dict[str, Any], parameters: type[Any], around: Surroundings) -> dict[str, Any]:
    sources = inherited_from(parameters)
    return {
        name: around.inherited(sources[name]) if value is None and name in sources else value
        for name, value in values.items()
    }


def _case_ids(path: KeyPath, file: Path) -> tuple[str, ...] | Problem:
    try:
        return read_case_ids(file)
    except BadInput as error:
        if error.code != "missing_file":
            raise
        message = f"names a file that cannot be read: '{file}'"
        return Problem(path, message, error.next_step, error.code)


def _requirement(
    words: RequirementWords,
    limit: Limit,
    parameters: Any,
    confidence: Confidence,
    line: int | None,
) -> Requirement[Any]:
    planned = {} if words.disagreement is None else {"disagreement": words.disagreement}
    return Requirement(
        id=words.id or words.metric,
        metric=words.metric,
        limit=limit,
        parameters=parameters,
        confidence=words.confidence or confidence.level,
        power=words.power or confidence.power,
        target=words.target,
        slices=tuple(rule.core() for rule in words.slices),
        tier=words.tier,
        because=words.because,
        per_unit=words.per is not None,
        line=line,
        of=words.of,
        under=words.under,
        **planned,
    )


def read_requirements(
    page: Page,
    words: list[tuple[KeyPath, RequirementWords]],
    instruments: Mapping[str, Instrument],
    around: Surroundings,
) -> Iterator[Written | Problem]:
    """Every requirement of the file, in its order."""
    for path, written in words:
        line = page.document.line(path)
        yield read_requirement(path, line, written, instruments[written.metric], around)
