"""Guesses, from names and values alone, what the columns of a table mean to a product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from roadworthy.core.errors import BadInput
from roadworthy.core.product import SetName, Task
from roadworthy.io.nearest import did_you_mean
from roadworthy.workflow.profile import Column, Kind, Level

NONE = "-"
MOST_CLASSES = 50
MOST_WHOLE_CLASSES = 20
MOST_SLICED = 12
MOST_SLICES = 2
LEAST_SLICED = 0.05
MOST_CATEGORIES = 100
MOST_LIKELY_TRUTHS = 9
SHOWN = 12

_TRUTH = (
    *("truth", "groundtruth", "gt", "label", "labels", "target", "outcome", "diagnosis", "dx"),
    *("y", "class", "severity", "disease", "status", "result", "response", "malignant", "cancer"),
    *("malignancy", "ill", "sick", "defect", "defective", "fraud", "churn", "churned", "default"),
    *("death", "died", "mortality", "survived", "readmitted", "event", "failure", "failed"),
    *("positive", "abnormal", "spam", "species", "category", "quality"),
)
_POSITIVE = (
    *("malignant", "positive", "pos", "yes", "y", "true", "1", "ill", "sick", "diseased"),
    *("disease", "cancer", "defect", "defective", "fail", "failed", "fraud", "abnormal", "event"),
    *("dead", "died", "spam", "anomaly", "churned", "bad", "present", "case", "m"),
)
_NEGATIVE = (
    *("benign", "negative", "neg", "no", "n", "false", "0", "healthy", "normal", "ok", "good"),
    *("pass", "passed", "ham", "control", "alive", "absent", "none", "b"),
)
_SCORE = (
    *("score", "probability", "prob", "proba", "prediction", "predicted", "pred", "yhat", "hat"),
    *("likelihood", "confidence", "risk", "ai", "model", "forecast", "p"),
)
_READER = (
    *("reader", "radiologist", "doctor", "physician", "clinician", "pathologist", "expert"),
    *("dermatologist", "ophthalmologist", "rater", "annotator", "nurse", "human", "inspector"),
    *("operator", "grader", "observer", "reviewer", "call", "baseline", "guideline", "birads"),
    *("rads",),
)
_ID = (
    *("id", "uid", "uuid", "guid", "key", "case", "exam", "image", "study", "accession", "sample"),
    *("record", "file", "filename", "path", "index", "name", "row", "nr", "no", "number"),
)
_UNIT = (
    *("patient", "subject", "person", "participant", "individual", "customer", "client", "user"),
    *("household", "family", "drive", "trip", "vehicle", "car", "lot", "batch", "wafer"),
    *("session", "animal", "mouse", "pid", "mrn"),
)
_SLICE = (
    *("site", "hospital", "centre", "center", "clinic", "vendor", "manufacturer", "device"),
    *("scanner", "machine", "camera", "sex", "gender", "race", "ethnicity", "region", "country"),
    *("state", "city", "cohort", "group", "band", "density", "stratum", "segment", "plant"),
    *("factory", "shift", "weather", "season", "language"),
)
_PERSONAL = ("sex", "gender", "race", "ethnicity")
_SPLIT = ("split", "set", "fold", "partition", "subset")


@dataclass(frozen=True)
class Told:
    """What the user said of the table; None: nothing, ``-``: there is no such column."""

    truth: str | None = None
    positive: str | None = None
    id: str | None = None
    unit: str | None = None
    score: str | None = None


@dataclass(frozen=True)
class Reader:
    """Somebody's calls in the words of the truth, or as 1 and 0."""

    column: str
    positive: bool | int | str
    negative: bool | int | str


@dataclass(frozen=True)
class Guess:
    """What each column seems to be. ``answer`` holds the scores, or the predictions; ``texts`` are
    those of the features that people wrote.

    ``left_out`` says why a column is not among the features; ``also_slices`` could be slices too;
    ``unread`` are columns with somebody's calls of which it is not known what they mean.
    """

    task: Task
    truth: Column
    positive: Level | None
    negative: Level | None
    id: Column | None
    unit: Column | None
    answer: Column | None
    other_answers: tuple[str, ...]
    readers: tuple[Reader, ...]
    unread: tuple[str, ...]
    slices: tuple[str, ...]
    also_slices: tuple[str, ...]
    date: str | None
    split: str | None
    features: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    texts: tuple[Column, ...] = ()


def guess(columns: Sequence[Column], told: Told, same_as: Callable[[str, str], bool]) -> Guess:
    """The most likely meaning of each column; what was told is never guessed over.

    ``same_as(a, b)`` says whether two columns say the same in other words.

    Raises:
        BadInput: the truth cannot be told, or what was told does not fit the table.
    """
    truth = _truth(columns, told)
    task = task_of(truth)
    assert task is not None
    positive, negative = positive_of(truth, told.positive) if task is Task.BINARY else (None, None)
    rest = [column for column in columns if column is not truth]
    id_ = _id(rest, told)
    unit = _unit([c for c in rest if c is not id_], told)
    rest = [c for c in rest if c not in (id_, unit)]
    answers = _answers(rest, truth, task)
    answer = _answer(columns, answers, told, task, truth)
    readers = tuple(r for c in rest if (r := _reader(c, answers, truth, positive, negative)))
    split = next((c.name for c in rest if _named(c, _SPLIT) and _is_split(c)), None)
    date = next((c.name for c in rest if c.kind is Kind.DATE and c.complete), None)
    taken = {c.name for c in answers} | {r.column for r in readers} | ({split} if split else set())
    groups = [c for c in rest if c.name not in taken and c is not answer and _is_group(c)]
    slices, also = _slices([c for c in groups if not same_as(c.name, truth.name)])
    left_out = {
        c.name: why for c in rest if c is not answer and (why := _not_feature(c, truth, same_as))
    }
    left_out |= dict.fromkeys((c.name for c in answers if c is not answer), "another's answer")
    left_out |= {reader.column: "somebody's calls" for reader in readers}
    features = [c.name for c in rest if c is not answer and c.name not in {*left_out, split}]
    return Guess(
        task=task,
        truth=truth,
        positive=positive,
        negative=negative,
        id=id_,
        unit=unit,
        answer=answer,
        other_answers=tuple(c.name for c in answers if c is not answer),
        readers=readers,
        unread=tuple(c.name for c in rest if task is Task.BINARY and _is_unread(c, readers)),
        slices=slices,
        also_slices=also,
        date=date,
        split=split,
        features=tuple(features),
        left_out=tuple(left_out.items()),
        texts=tuple(c for c in rest if c.name in features and c.is_text),
    )


def task_of(truth: Column) -> Task | None:
    """The task that a column could be the truth of; None: of none."""
    if truth.distinct == 2 and len(truth.levels) == 2 and truth.kind is not Kind.DATE:
        return None if _unspeakable(truth) else Task.BINARY
    if truth.kind is Kind.TEXT:
        several = 3 <= truth.distinct <= MOST_CLASSES and 2 * truth.distinct <= truth.rows
        return Task.MULTICLASS if several and not _unspeakable(truth) else None
    if truth.kind is Kind.WHOLE and 3 <= truth.distinct <= MOST_WHOLE_CLASSES:
        return Task.MULTICLASS if 5 * truth.distinct <= truth.rows else Task.REGRESSION
    numbers = truth.kind in (Kind.WHOLE, Kind.NUMBER) and truth.distinct >= 2
    return Task.REGRESSION if numbers and math.isfinite(truth.high - truth.low) else None


def positive_of(truth: Column, told: str | None) -> tuple[Level, Level]:
    """The positive and the negative level: as told, by their names, or the rarer one.

    Raises:
        BadInput: what was told is no level of the truth.
    """
    first, second = truth.levels
    if told is not None:
        # as it is spelled first: two levels may differ in capitals alone
        for spelling in (str, lambda text: str(text).strip().lower()):
            for one, other in ((first, second), (second, first)):
                if spelling(spelled(one.value)) == spelling(told):
                    return one, other
        raise BadInput(
            f"The column '{truth.name}' has no value '{told}'.",
            code="unknown_level",
            where="--positive",
            value=told,
            next_step=did_you_mean(told, [spelled(first.value), spelled(second.value)], "values"),
        )
    for words, wanted in ((_POSITIVE, True), (_NEGATIVE, False)):
        named = [spelled(level.value).strip().lower() in words for level in (first, second)]
        if named[0] != named[1]:
            return (first, second) if named[0] is wanted else (second, first)
    return second, first


def spelled(value: bool | int | str) -> str:
    """A level as a user types it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def candidates(columns: Iterable[Column]) -> list[Column]:
    """The columns that could be the truth, the likeliest first; ids and answers are none."""
    possible = [c for c in columns if task_of(c) is not None and c.complete and not _taken(c)]
    return sorted(possible, key=lambda c: (*_rank(c, _TRUTH), task_of(c) is not Task.BINARY))


def find(columns: Iterable[Column], name: str, where: str) -> Column:
    """The column of that name.

    Raises:
        BadInput: there is none; the nearest one is named.
    """
    known = list(columns)
    for column in known:
        if column.name == name:
            return column
    raise BadInput(
        f"There is no column '{name}' that could be named here.",
        code="missing_column",
        where=where,
        value=name,
        next_step=did_you_mean(name, [column.name for column in known], "columns"),
    )


def _truth(columns: Sequence[Column], told: Told) -> Column:
    if told.truth is not None:
        return _told_truth(find(columns, told.truth, "--truth"))
    others = {name for name in (told.id, told.unit, told.score) if name}
    possible = [c for c in candidates(columns) if c.name not in others]
    named = [c for c in possible if _named(c, _TRUTH)]
    if named and (len(named) == 1 or _rank(named[0], _TRUTH) < _rank(named[1], _TRUTH)):
        return named[0]
    two = [c for c in possible if task_of(c) is Task.BINARY and not _named(c, _PERSONAL)]
    if not named and len(two) == 1:
        return two[0]
    raise _untold(columns, named or possible)


def _untold(columns: Sequence[Column], possible: Sequence[Column]) -> BadInput:
    names = ", ".join(f"'{c.name}'" for c in possible[:SHOWN])
    more = f" and {len(possible) - SHOWN} more" if len(possible) > SHOWN else ""
    unlabelled = [c for c in columns if _named(c, _TRUTH) and not c.complete and c.distinct > 1]
    what = "No column could be the truth."
    step = "Add a column with the truth of every case, or name it: `--truth COLUMN`."
    if possible:
        what, step = f"It could be {names}{more}.", "Name it: `--truth COLUMN`."
    elif unlabelled:
        one = unlabelled[0]
        what = f"'{one.name}' has no value in {one.missing:,} of {one.rows:,} rows."
        step = "Label every case, or leave unlabelled cases out of the table."
    return BadInput(
        f"Which column holds the truth cannot be told. {what}",
        code="unknown_truth",
        where="the table",
        value=[c.name for c in possible],
        next_step=step,
    )


def _told_truth(column: Column) -> Column:
    if not column.complete:
        raise BadInput(
            f"The truth column '{column.name}' has no value in {column.missing:,} of "
            f"{column.rows:,} rows.",
            code="missing_value",
            where="--truth",
            value=column.name,
            next_step="Label every case, or leave unlabelled cases out of the table.",
        )
    if task_of(column) is None:
        raise BadInput(
            f"The column '{column.name}' holds {column.kind} with {column.distinct:,} different "
            f"value{'s' * (column.distinct != 1)} in {column.rows:,} rows, which is no truth.",
            code="no_truth",
            where="--truth",
            value=column.name,
            next_step="Name a column with two values, with a class, or with numbers to predict.",
        )
    return column


def _unspeakable(column: Column) -> bool:
    """Whether a level cannot be written down: a blank text."""
    return any(isinstance(value, str) and not value.strip() for value in column.values)


def _taken(column: Column) -> bool:
    """Whether its name says that it is an answer, a reader's call, an id or a split."""
    if any(_named(column, words) for words in (_SCORE, _READER, _SPLIT)):
        return True
    return column.unique and column.kind in (Kind.TEXT, Kind.WHOLE)


def _id(columns: Sequence[Column], told: Told) -> Column | None:
    if told.id is not None:
        return None if told.id == NONE else _told_id(find(columns, told.id, "--id"))
    possible = [c for c in columns if c.unique and c.kind in (Kind.TEXT, Kind.WHOLE)]
    named = [c for c in possible if _named(c, (*_ID, *_UNIT))]
    if named:
        return min(named, key=lambda c: _rank(c, (*_ID, *_UNIT)))
    texts = [c for c in possible if c.kind is Kind.TEXT and c.length <= 40 and not c.is_text]
    counted = [c for c in possible if c is columns[0] and _runs(c)]
    return next(iter([*texts, *counted]), None)


def _told_id(column: Column) -> Column:
    if column.unique:
        return column
    what = f"{column.missing:,} rows have none" if column.missing else "some stand twice"
    raise BadInput(
        f"The column '{column.name}' does not tell cases apart: {what}.",
        code="no_id",
        where="--id",
        value=column.name,
        next_step="Name a column with one id a case, or `--id -` for none.",
    )


def _runs(column: Column) -> bool:
    """Whether it numbers the rows."""
    numbered = column.kind is Kind.WHOLE and column.low in (0, 1)
    return numbered and column.high - column.low + 1 == column.rows


def _unit(columns: Sequence[Column], told: Told) -> Column | None:
    if told.unit is not None:
        return None if told.unit == NONE else _told_unit(find(columns, told.unit, "--unit"))
    possible = [
        c
        for c in columns
        if c.kind in (Kind.TEXT, Kind.WHOLE) and c.complete and 8 < c.distinct < c.rows
    ]
    named = [c for c in possible if _named(c, _UNIT)]
    return min(named, key=lambda c: _rank(c, _UNIT), default=None)


def _told_unit(column: Column) -> Column:
    if column.complete:
        return column
    raise BadInput(
        f"{column.missing:,} rows have no value in the unit column '{column.name}'.",
        code="missing_value",
        where="--unit",
        value=column.name,
        next_step="Say for every case which unit it belongs to, or use `--unit -` for none.",
    )


def _answers(columns: Sequence[Column], truth: Column, task: Task) -> list[Column]:
    """Columns that hold what some model said, by their names and values; the likeliest first."""
    found = [c for c in columns if _named(c, _SCORE) and c.complete and _answers_to(c, truth, task)]
    return sorted(found, key=lambda c: _rank(c, _SCORE))


def _answers_to(column: Column, truth: Column, task: Task) -> bool:
    if task is Task.BINARY:
        shares = column.kind in (Kind.NUMBER, Kind.WHOLE) and 0 <= column.low <= column.high <= 1
        return shares and column.distinct > 1
    if task is Task.MULTICLASS:
        return column.kind is truth.kind and bool(column.values) and column.values <= truth.values
    return column.kind in (Kind.NUMBER, Kind.WHOLE) and column.distinct > 1


def _answer(
    columns: Sequence[Column],
    answers: Sequence[Column],
    told: Told,
    task: Task,
    truth: Column,
) -> Column | None:
    if told.score is None:
        return next(iter(answers), None)
    if told.score == NONE:
        return None
    column = find(columns, told.score, "--score")
    if column.complete and column is not truth and _could_answer(column, task):
        return column
    wanted = {
        Task.BINARY: "a number from 0 to 1",
        Task.MULTICLASS: "a class",
        Task.REGRESSION: "a number",
    }[task]
    raise BadInput(
        f"The column '{column.name}' does not hold {wanted} in every row.",
        code="bad_score",
        where="--score",
        value=column.name,
        next_step="Name another column, or use `--score -` for none.",
    )


def _could_answer(column: Column, task: Task) -> bool:
    if task is Task.MULTICLASS:
        return column.kind in (Kind.TEXT, Kind.WHOLE, Kind.FLAG)
    numbers = column.kind in (Kind.NUMBER, Kind.WHOLE)
    return numbers and (task is Task.REGRESSION or 0 <= column.low <= column.high <= 1)


def _reader(
    column: Column,
    answers: Sequence[Column],
    truth: Column,
    positive: Level | None,
    negative: Level | None,
) -> Reader | None:
    """The calls of a reader of a binary task, when it is plain what they mean."""
    if positive is None or negative is None or column in answers or not column.complete:
        return None
    if not _named(column, (*_READER, *_SCORE)) or not column.values:
        return None
    if column.kind is truth.kind and column.values <= truth.values:
        return Reader(column.name, positive.value, negative.value)
    if column.kind is Kind.FLAG:
        return Reader(column.name, True, False)
    if column.kind is Kind.WHOLE and column.values <= {0, 1}:
        return Reader(column.name, 1, 0)
    return None


def _is_unread(column: Column, readers: Sequence[Reader]) -> bool:
    known = column.name in {reader.column for reader in readers}
    return not known and _named(column, _READER) and 2 <= column.distinct <= MOST_SLICED


def _is_split(column: Column) -> bool:
    """Whether a column says for each case which set it is in, in the words of product.yaml."""
    words = {name.value for name in SetName}
    return column.complete and bool(column.values) and column.values <= words


def _is_group(column: Column) -> bool:
    kinds = (Kind.TEXT, Kind.FLAG, Kind.WHOLE)
    return column.kind in kinds and 2 <= column.distinct <= MOST_SLICED and bool(column.levels)


def _slices(groups: Sequence[Column]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups whose name asks for a slice, and the others that could be one."""
    # a rare level would ask for a huge set
    common = [c for c in groups if c.levels[-1].rows >= LEAST_SLICED * c.rows]
    named = sorted((c for c in common if _named(c, _SLICE)), key=lambda c: _rank(c, _SLICE))
    chosen = [c.name for c in named[:MOST_SLICES]]
    others = [c.name for c in groups if c.kind is not Kind.WHOLE and c.name not in chosen]
    return tuple(chosen), tuple(others)


def _not_feature(column: Column, truth: Column, same_as: Callable[[str, str], bool]) -> str | None:
    if column.kind is Kind.DATE:
        return "dates"
    if column.distinct == 0:
        return "empty"
    if column.kind is Kind.TEXT and column.distinct > MOST_CATEGORIES and not column.is_text:
        return f"{column.distinct:,} different texts"
    if column.unique and column.kind is Kind.WHOLE and _named(column, _ID):
        return "another id"
    if column.distinct == truth.distinct and same_as(column.name, truth.name):
        return "says the same as the truth"
    if _rank(column, _TRUTH[:MOST_LIKELY_TRUTHS]) < (True, 0) and task_of(column) is not None:
        return "could be the truth too"
    return "somebody's answer" if _named(column, (*_READER, "score", "pred", "predicted")) else None


def _named(column: Column, words: Sequence[str]) -> bool:
    return _rank(column, words)[1] < len(words)


def _rank(column: Column, words: Sequence[str]) -> tuple[bool, int]:
    """How well a name fits: whole names before words in it, then the order of ``words``."""
    whole = "".join(column.words)
    if whole in words:
        return False, words.index(whole)
    return True, min((words.index(w) for w in column.words if w in words), default=len(words))
