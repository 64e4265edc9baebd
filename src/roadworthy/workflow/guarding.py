"""The guard of a product: fitted on training cases, set on validation cases, kept with the model.

It looks at cases that the scope's rules let in, before any score is decided on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.guard import FALSE_ALARMS, MUST_DETECT, STRANGENESS, Guard, MustDetect
from roadworthy.core.model import Brought, Model
from roadworthy.core.product import Product, SetName
from roadworthy.core.scope import Scope
from roadworthy.io import tables
from roadworthy.io.row_sums import rows_fingerprint
from roadworthy.models.guard import FittedGuard, Guarded, fit_guard, load_guard
from roadworthy.store.seen import note_open
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.imaging import digests_of, looks_at_images, with_files
from roadworthy.workflow.prepare import identify, in_scope
from roadworthy.workflow.source import Parted, as_text, feature_columns, known, names
from roadworthy.workflow.strangeness import is_asked_for, strangeness

GUARD = "guard.skops"
FITS, SETS = SetName.TRAIN, SetName.VALIDATION
_SHOWN = 3


@dataclass(frozen=True)
class Guarding:
    """A guard at work: the tables it is judged on, and the fingerprints of what it rests on."""

    guard: FittedGuard
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def look(self, cases: pl.DataFrame, scope: Scope) -> pl.DataFrame:
        """Cases with ``@unfamiliar``, and their scope in its light; a second look changes nothing.

        What the scope's rules leave outside is not looked at: it need not have the features.
        """
        if columns.UNFAMILIAR in cases.columns:
            return cases
        numbered = cases.with_row_index("@row")
        inside = numbered.filter(pl.col(columns.INSIDE))
        away = inside.filter(self.guard.turned_away(inside))["@row"]
        found = numbered.with_columns(
            pl.col("@row").is_in(away.implode()).alias(columns.UNFAMILIAR)
        )
        return in_scope(found.drop("@row"), scope)

    def before(self, model: Model) -> Model:
        """The model with its guard, as it is weighed and timed."""
        return Guarded(model, self.guard)


def fitted(product: Product, parted: Parted) -> FittedGuard:
    """The guard that product.yaml asks for, before no model yet.

    Raises:
        BadInput: there are no cases to fit or to set it on, or the features tell nothing.
    """
    rule = _rule(product)
    training, setting = (_in_scope(parted, name) for name in (FITS, SETS))
    features = features_of(product, parted.schema)
    seed = product.data.split.seed if product.data.split else 0
    told = said(product, features)
    guard = fit_guard(training, features, rule.methods, told, seed, product.data.text)
    scored = setting.select(columns.UNIT).with_columns(score=pl.Series(guard.scores(setting)))
    # cases of one unit depend on each other, so a unit counts once, by its strangest case
    scores = scored.group_by(columns.UNIT).agg(pl.col("score").max())["score"].to_list()
    return guard.set_on(scores, rule.false_alarms_at_most, 1.0 - rule.confidence)


def kept_guarding(
    product: Product, workspace: Workspace, parted: Parted, model: Model
) -> Guarding | None:
    """The guard that stands before ``model``; None: product.yaml asks for none.

    A model that was trained here brings the guard that was fitted with it. Before any other the
    guard is fitted now; it hangs on the training and validation cases alone.

    Raises:
        BadInput: the guard belongs to another model, other features or another scope, or a set
            that it must detect is no such set.
    """
    if product.guard is None:
        return None
    if model.files and not isinstance(model, Brought):
        return _judged_on(kept_guard(product, workspace, parted, model), product, parted, model)
    guard = kept_guard(product, workspace, parted, model)
    note_open(workspace, names(parted.open(FITS, SETS)))
    guard = replace(guard, artifact=workspace.write(GUARD, guard.to_bytes()))
    return _judged_on(guard, product, parted, model)


def kept_guard(product: Product, workspace: Workspace, parted: Parted, model: Model) -> FittedGuard:
    """The guard that would stand before ``model``; nothing is written.

    Raises:
        BadInput: it belongs to another model, other features or another scope, or there is none.
    """
    if model.files and not isinstance(model, Brought):
        return _loaded(product, workspace, parted, model)
    return fitted(product, parted).before(model.fingerprint)


def features_of(product: Product, schema: pl.Schema) -> tuple[str, ...]:
    """The columns that the guard looks at; patterns are matched, and found in the table's order.

    Raises:
        BadInput: a name or a pattern matches no column, or no feature of the model is a number.
    """
    asked = _rule(product).features
    if asked is None:
        learnt = feature_columns(product, schema)
        tables.require_columns(pl.DataFrame(schema=schema), learnt, "guard: features")
        read = (*product.data.text, *_image_columns(product))
        usable = tuple(name for name in learnt if schema[name].is_numeric() or name in read)
        return _with_files(usable or _no_numbers(learnt), product)
    data, own = product.data, [name for name in schema.names() if not name.startswith("@")]
    # the truth, names and answers are no features, however wide a pattern is
    roles = {data.truth, data.id, data.unit, data.score, data.prediction}
    if data.split is not None:
        roles |= {data.split.column, data.split.by, data.split.leave_out}
    free = [name for name in own if name not in roles]
    found: dict[str, None] = {}
    for pattern in asked:
        matching = [pattern] if pattern in own else [n for n in free if fnmatchcase(n, pattern)]
        if not matching:
            tables.require_columns(pl.DataFrame(schema=schema), [pattern], "guard: features")
        found |= dict.fromkeys(matching)
    return _with_files(tuple(found), product)


def _image_columns(product: Product) -> tuple[str, ...]:
    seen = product.data.images if looks_at_images(product) else None
    return () if seen is None else seen.columns


def _with_files(features: tuple[str, ...], product: Product) -> tuple[str, ...]:
    """Of images the guard sees the files and not their names."""
    images = _image_columns(product)
    return tuple(columns.file(name) if name in images else name for name in features)


def said(product: Product, features: tuple[str, ...]) -> str:
    """A hash of all that a guard is fitted by, beside the cases."""
    rule = _rule(product)
    asked: list[object] = [features, rule.methods, rule.false_alarms_at_most, rule.confidence]
    asked += [product.data.text] if product.data.text else []
    scope = [asdict(one) for one in product.scope.rules]
    return hashlib.sha256(json.dumps([asked, scope], default=str).encode()).hexdigest()


def _rule(product: Product) -> Guard:
    if product.guard is None:
        raise ValueError(f"{product.name} asks for no guard")
    return product.guard


def _in_scope(parted: Parted, name: SetName) -> pl.DataFrame:
    found = parted.open(name).filter(pl.col(columns.INSIDE))
    if found.height:
        return found
    work = "learn from" if name is FITS else "set its threshold on"
    raise BadInput(
        f"the guard has no {name} cases in scope to {work}.",
        code="no_cases",
        where="guard",
        value=0,
        next_step=f"Give the {name} set cases: `data: {{split: ...}}`, or widen the scope.",
    )


def _loaded(product: Product, workspace: Workspace, parted: Parted, model: Model) -> FittedGuard:
    path = workspace.path(GUARD)
    if not path.exists():
        raise BadInput(
            "product.yaml asks for a guard, and the model was trained without one.",
            code="no_guard",
            where=str(path),
            next_step="Run `roadworthy train` again.",
        )
    guard = load_guard(path)
    other = guard.card.said != said(product, features_of(product, parted.schema))
    if not other and guard.card.model == model.fingerprint:
        return guard
    whose = "other features, methods or another scope" if other else "another model"
    raise BadInput(
        f"the guard was fitted for {whose} than what is to be judged.",
        code="stale_guard",
        where=str(path),
        next_step="Run `roadworthy train` again.",
    )


def _judged_on(guard: FittedGuard, product: Product, parted: Parted, model: Model) -> Guarding:
    """The guard with the tables of its false alarms and of the sets that it must detect."""
    found = guard.threshold
    # by rank and not by score: with ties fewer lie above, and a bound from them would be too good
    turned = [True] * found.spent + [False] * (found.n - found.spent)
    sets, prints = {}, {"guard": guard.fingerprint}
    for one in _rule(product).must_detect:
        sets[one.name], fingerprint = _must_detect(one, guard, product, parted)
        prints[f"must_detect {one.name}"] = fingerprint
    shown = {FALSE_ALARMS: pl.DataFrame({"turned_away": turned})}
    if sets:
        away = [_turned_away(name, cases, guard) for name, cases in sets.items()]
        shown[MUST_DETECT] = pl.concat(away)
    if is_asked_for(product):
        inside = {"": _in_scope(parted, SETS)}
        shown[STRANGENESS] = strangeness(product, guard, model, inside | sets)
    return Guarding(guard, shown, prints)


def _turned_away(name: str, cases: pl.DataFrame, guard: FittedGuard) -> pl.DataFrame:
    found = cases.select(
        pl.lit(name).alias("set"), columns.UNIT, guard.turned_away(cases).alias("turned_away")
    )
    # a unit of one set is none of another
    unit = pl.concat_str("set", columns.UNIT, separator="\0").alias(columns.UNIT)
    return found.with_columns(unit)


def _must_detect(
    one: MustDetect, guard: FittedGuard, product: Product, parted: Parted
) -> tuple[pl.DataFrame, str]:
    path, where = product.folder / one.cases, f"guard: must_detect {one.name}"
    raw = tables.collect(
        tables.scan_table(path, (*as_text(product), *product.data.text)), str(path)
    )
    named = product.data.id is not None and product.data.id in raw.columns
    data = product.data if named else replace(product.data, id=None)
    if data.unit is not None:
        tables.require_columns(raw, [data.unit], where)
    seen = bool(guard.encoding.images) or is_asked_for(product)
    images = _image_columns(product) if seen else ()
    tables.require_columns(raw, images, where)
    cases = identify(raw, replace(product, data=data))
    cases = with_files(cases, product) if images else cases
    if named:
        _refuse_known(cases, parted, where)
    _refuse_same_rows(cases, guard, parted, where)
    whole = raw.hstack(digests_of(cases))
    return cases, rows_fingerprint([whole], whole.schema)


def _refuse_known(cases: pl.DataFrame, parted: Parted, where: str) -> None:
    shared = known(cases, names(parted.open(FITS, SETS)))
    if shared.any():
        raise _overlaps(cases.filter(pl.Series(shared)), cases.height, "the same id as", where)
    sealed = int(known(cases, parted.sealed_names()).sum())
    if sealed:
        raise Refused(
            f"{sealed} of the {cases.height} cases that the guard must detect are in the sealed "
            "set.",
            code="sealed_cases",
            where=where,
            value=sealed,
            next_step="Leave them out; `roadworthy certify` opens the sealed set.",
        )


def _refuse_same_rows(cases: pl.DataFrame, guard: FittedGuard, parted: Parted, where: str) -> None:
    """No guard can tell a case from its twin in the reference."""
    reference = parted.open(FITS, SETS).filter(pl.col(columns.INSIDE))
    rows = set(_rows(guard, reference))
    twin = [row in rows for row in _rows(guard, cases)]
    if any(twin):
        twins = cases.filter(pl.Series(twin))
        raise _overlaps(twins, cases.height, "the same features as", where)


def _rows(guard: FittedGuard, cases: pl.DataFrame) -> list[object]:
    """What the guard sees of each case; of images their bytes, which need no measuring."""
    plain = replace(guard.encoding, images=())
    seen = [columns.digest(columns.shown(one.name)) for one in guard.encoding.images]
    files = cases.select(seen).rows() if seen else [()] * cases.height
    return [(row.tobytes(), file) for row, file in zip(plain.of(cases), files, strict=True)]


def _overlaps(shared: pl.DataFrame, of: int, same: str, where: str) -> BadInput:
    ids = shared[columns.ID].head(_SHOWN).to_list()
    return BadInput(
        f"{shared.height} of its {of} cases have {same} training or validation cases: "
        f"{', '.join(ids)}{' and others' if shared.height > _SHOWN else ''}.",
        code="must_detect_overlap",
        where=where,
        value=shared.height,
        next_step="Leave them out: what the guard learnt as familiar it cannot detect.",
    )


def _no_numbers(learnt: tuple[str, ...]) -> tuple[str, ...]:
    raise BadInput(
        f"no feature of the model is a number, text or image ({', '.join(learnt)}), and the "
        "guard looks at these unless told otherwise.",
        code="no_features",
        where="guard",
        value=list(learnt),
        next_step="Name the columns to look at: `guard: {features: [...]}`.",
    )
