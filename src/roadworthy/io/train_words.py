"""How product.yaml says what training does beside fitting: weights, the loss of nets, sampling."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import model_validator

from roadworthy.core.product import Change, Draw, LossName, Sampling, TrainRules
from roadworthy.io.function_words import FunctionWord, SealedWord
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import choice, column, level, number, several, whole

# what may follow a loss, its least and its largest value (both excluded), and its usual one
_PARAMETERS = {
    LossName.FOCAL: (0.0, 10.0, 2.0),
    LossName.CLASS_BALANCED: (0.0, 1.0, 0.999),
    LossName.SENSITIVITY_AT: (0.0, 1.0, None),
}
_EXAMPLE = "Write `loss: cost`, `loss: focal` or `loss: {sensitivity_at: 0.9}`."


def _loss(value: object) -> tuple[LossName, float | None]:
    """A word, or a word with its number."""
    if isinstance(value, dict) and len(value) == 1:
        word, given = next(iter(value.items()))
    else:
        word, given = value, None
    if not isinstance(word, str) or word not in {one.value for one in LossName}:
        words = [one.value for one in LossName]
        step = did_you_mean(word, words, "losses") if isinstance(word, str) else _EXAMPLE
        raise wrong(f"must be one of {', '.join(words)}, not {shown(word)}", step)
    return LossName(word), _parameter(LossName(word), given)


def _parameter(loss: LossName, given: object) -> float | None:
    if loss not in _PARAMETERS:
        if given is not None:
            raise wrong(f"gives {loss} a number, which it does not have", f"Write `loss: {loss}`.")
        return None
    low, high, usual = _PARAMETERS[loss]
    if given is None:
        if usual is None:
            message = f"is {loss}, and does not say at which specificity"
            raise wrong(message, f"Write `loss: {{{loss}: 0.9}}`.")
        return usual
    found = number(given)
    if not low < found < high:
        message = f"gives {loss} the number {shown(given)}, which lies not between {low:g} and"
        raise wrong(f"{message} {high:g}", f"Write `loss: {{{loss}: {usual or 0.9:g}}}`.")
    return found


_NUMBER = {"type": "number"}
LossWord = Annotated[
    tuple[LossName, float | None],
    Checked(
        _loss,
        {
            "anyOf": [
                {"enum": [one.value for one in LossName if one is not LossName.SENSITIVITY_AT]},
                {
                    "type": "object",
                    "properties": {one.value: _NUMBER for one in _PARAMETERS},
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        },
    ),
]


def _changes(value: object) -> tuple[Change, ...]:
    if value == "none":
        return ()
    known = {one.value: one for one in Change}
    pick = choice(known).check
    return several([pick(one) for one in (value if isinstance(value, list) else [value])])


_KNOWN = [one.value for one in Change]
Changes = Annotated[
    tuple[Change, ...],
    Checked(
        _changes,
        {
            "anyOf": [
                {"enum": [*_KNOWN, "none"]},
                {"type": "array", "items": {"enum": _KNOWN}, "minItems": 1, "uniqueItems": True},
            ]
        },
    ),
]


_DRAWS = {one.value: one for one in Draw}
_OVERSAMPLE = "Write {oversample: 3}, or {oversample: {times: 3, column: site, level: B}}."


def _sampling(value: object) -> Sampling:
    """A word, or how often the cases of one class or of one level of a column are seen."""
    if isinstance(value, dict) and list(value) == [Draw.OVERSAMPLE.value]:
        return _oversampled(value[Draw.OVERSAMPLE.value])
    draw: Draw = choice(_DRAWS).check(value)
    if draw is Draw.OVERSAMPLE:
        raise wrong("is oversample, and does not say how often", _OVERSAMPLE)
    return Sampling(draw)


def _oversampled(said: object) -> Sampling:
    words = said if isinstance(said, dict) else {"times": said}
    unknown = [key for key in words if key not in ("times", "column", "level")]
    if unknown or "times" not in words or ("column" in words and "level" not in words):
        what = f"knows no {shown(unknown[0])}" if unknown else "does not say all that it must"
        raise wrong(f"oversamples, and {what}", _OVERSAMPLE)
    times = whole(words["times"])
    if not 2 <= times <= _MOST_TIMES:
        raise wrong(f"shows cases {times} times as often", f"Write 2 to {_MOST_TIMES}.")
    named = column(words["column"]) if "column" in words else None
    return Sampling(
        Draw.OVERSAMPLE, times, named, level(words["level"]) if "level" in words else None
    )


def written(rule: Sampling) -> object:
    """The words that mean this sampling.

    >>> written(Sampling(Draw.OVERSAMPLE, 3)), written(Sampling(Draw.HARD))
    ({'oversample': 3}, 'hard')
    """
    if rule.draw is not Draw.OVERSAMPLE:
        return str(rule.draw)
    named = {"column": rule.column, "level": rule.level}
    given = {key: value for key, value in named.items() if value is not None}
    return {"oversample": {"times": rule.times, **given} if given else rule.times}


# what is seen more often than this is learnt by heart
_MOST_TIMES = 100


def _samplings(value: object) -> tuple[Sampling, ...]:
    found = [_sampling(one) for one in (value if isinstance(value, list) else [value])]
    return several(found)


_ONE_SAMPLING = {
    "anyOf": [
        {"enum": [word for word in _DRAWS if word != Draw.OVERSAMPLE]},
        {
            "type": "object",
            "required": ["oversample"],
            "additionalProperties": False,
            "properties": {
                "oversample": {
                    "anyOf": [
                        {"type": "integer", "minimum": 2, "maximum": _MOST_TIMES},
                        {
                            "type": "object",
                            "required": ["times"],
                            "additionalProperties": False,
                            "properties": {
                                "times": {"type": "integer", "minimum": 2, "maximum": _MOST_TIMES},
                                "column": {"type": "string"},
                                "level": {"type": ["string", "number", "boolean"]},
                            },
                            "dependentRequired": {"column": ["level"]},
                        },
                    ]
                }
            },
        },
    ]
}
Samplings = Annotated[
    tuple[Sampling, ...],
    Checked(
        _samplings,
        {
            "anyOf": [
                _ONE_SAMPLING,
                {"type": "array", "items": _ONE_SAMPLING, "minItems": 1, "uniqueItems": True},
            ]
        },
    ),
]


class TrainWords(Words):
    """What training does beside fitting."""

    weights: Annotated[Literal["costs"], choice({"costs": "costs"})] | None = None
    """costs: a case weighs what a wrong call of it loses. Scores are no chances any more."""
    loss: LossWord | None = None
    """What nets minimise: log (the default), cost (what the calls would cost), profit, focal,
    class_balanced, sensitivity_at: a specificity."""
    sampling: Samplings | None = None
    """How often a case is seen: natural (the default), balanced (every class as often), cost (by
    what its errors cost), {oversample: 3} (the rarest class), and, for nets, stratified batches or
    hard (by the loss). Of a list each is tried, and train tells what helped."""
    augment: Changes | None = None
    """How nets see training images otherwise each time: shift (the default), flip, rotate, noise;
    none."""

    module: FunctionWord | None = None
    """A function that builds a net of your own, as package.module:function: one more kind of model,
    `own_module`, trained as the others are."""
    sealed: SealedWord | None = None
    """predictions: that code may be handed sealed cases; what comes back counts as weaker
    evidence."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise wrong("is empty", "Write `weights: costs` or `loss: cost`, or remove it.")
        if self.sealed is not None and self.module is None:
            message = "is of a net of your own, and `train` names no module"
            raise wrong(message, "Add `module: my_net:build`, or remove it.", key="sealed")
        return self

    def core(self) -> TrainRules:
        """The training that this describes."""
        loss, parameter = self.loss or (LossName.LOG, None)
        rules = TrainRules(
            self.weights,
            loss,
            parameter,
            self.sampling or (Sampling(),),
            module=self.module,
            sealed_out=self.sealed is not None,
        )
        return rules if self.augment is None else replace(rules, augment=self.augment)
