"""A product that travels to a custodian: which files it needs, and what would not be run there."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product
from roadworthy.io.product_yaml import load_product
from roadworthy.io.yaml_lines import MAX_CHARACTERS, read_yaml
from roadworthy.store.workspace import FOLDER
from roadworthy.workflow.imaging import looks_at_images

PRODUCT, TABLE = "product", "table"
"""The folders of a bundle: the product with its workspace, and a table that comes beside it."""

_KEPT = frozenset(
    {"VERSION", "model.skops", "trained.json", "ladder.json", "guard.skops", "tried.json"}
)
_KEPT_IN = frozenset({"seen", "tried", "tables", "certificates", "rungs", "openings", "devices"})
_PROSE = frozenset({"purpose", "product", "store", "model"})
"""Words at the top of product.yaml of which nothing is read here, or which are refused anyway."""
_LONGEST = 500


def require_travels(product: Product) -> None:
    """Refuses a model that is code of the team's own: the vault runs none of it.

    Raises:
        Refused: product.yaml names a command, an address or a function, also one that was trained.
    """
    own = {"model": product.model, "train.module": product.training.module}
    for where, named in own.items():
        if named is not None:
            raise Refused(
                "a custodian's vault runs no command, calls no address and imports no function of "
                "a product: each could carry the sealed cases away.",
                code="model_reaches_out",
                where=f"{product.file.name}: {where}",
                next_step="Let `roadworthy train` make a model of its own kinds, or hand in "
                "answers: `--predictions FILE`.",
            )


def require_no_files(product: Product) -> None:
    """Refuses to seal what has files beside its table: they would be sealed unseen.

    Raises:
        BadInput: product.yaml names a column of files.
    """
    step = (
        "Seal them where the vault is: `roadworthy seal`, with ROADWORTHY_STORE, "
        "ROADWORTHY_ARTIFACTS and the key of the vault."
    )
    if product.data.file is not None:
        raise _stay("data.file", product, product.data.file, step)
    if looks_at_images(product) and product.data.images is not None:
        raise _stay("data.features", product, product.data.images.columns[0], step)


def require_no_images(product: Product) -> None:
    """Refuses a model that would see no image of the set, so that nobody pays for a look at none.

    Raises:
        BadInput: it reads images.
    """
    if looks_at_images(product) and product.data.images is not None:
        step = "Hand in the answers, `--predictions FILE`, or certify where the vault is."
        raise _stay("data.features", product, product.data.images.columns[0], step)


def _stay(where: str, product: Product, column: str, step: str) -> BadInput:
    return BadInput(
        "cases with files of their own, such as images, do not travel to a vault.",
        code="files_do_not_travel",
        where=f"{product.file.name}: {where}",
        value=column,
        next_step=step,
    )


def handed_in(folder: Path, name: str) -> Product:
    """The product that somebody handed in, of whose text nothing is trusted.

    Raises:
        BadInput: something is wrong with it, or it names a file elsewhere.
        Refused: its model is code of its own.
    """
    if PurePosixPath(name).name != name or name in ("", ".", ".."):
        raise _elsewhere(name, "the bundle")
    file = folder / name
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(
            "the bundle holds no such product.yaml.",
            code="bad_bundle",
            where=name,
            next_step="Let `roadworthy certify --vault URL` make it.",
        ) from problem
    # before anything reads the files that it names
    for _, told in _texts(read_yaml(text[: MAX_CHARACTERS + 1], name).value):
        if _leads_out(told):
            raise _elsewhere(told, name)
    product = load_product(file)
    require_travels(product)
    return product


def files_of(product: Product) -> dict[str, Path]:
    """Every file that judging the product takes, by its name in a bundle.

    Raises:
        BadInput: product.yaml names a file outside of its own folder.
    """
    found = {f"{PRODUCT}/{product.file.name}": product.file}
    for place, told in _texts(read_yaml(product.text, product.file.name).value):
        for path in _named(product.folder, told, pattern=place[:2] == ("data", "cases")):
            if _leads_out(told):
                raise _elsewhere(told, product.file.name)
            found[f"{PRODUCT}/{path.relative_to(product.folder).as_posix()}"] = path
    kept = product.folder / FOLDER
    for path in sorted(kept.rglob("*")) if kept.is_dir() else ():
        name = path.relative_to(kept)
        if path.is_file() and (str(name) in _KEPT or name.parts[0] in _KEPT_IN):
            found[f"{PRODUCT}/{FOLDER}/{name.as_posix()}"] = path
    return found


def require_known(folder: Path) -> None:
    """Refuses what has no place in a workspace that is handed in, such as a store or a key."""
    kept = folder / FOLDER
    for path in sorted(kept.rglob("*")) if kept.is_dir() else ():
        name = path.relative_to(kept)
        if path.is_file() and str(name) not in _KEPT and name.parts[0] not in _KEPT_IN:
            raise BadInput(
                f"{FOLDER}/{str(name)[:80]} has no place in a bundle.",
                code="bad_bundle",
                where="the bundle",
                value=str(name)[:80],
                next_step="Let `roadworthy certify --vault URL` make it.",
            )


def _texts(
    value: object, path: tuple[object, ...] = ()
) -> Iterator[tuple[tuple[object, ...], str]]:
    """Every text in product.yaml that may name a file, and where it stands."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not _is_prose((*path, name)):
                yield from _texts(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))
    elif isinstance(value, str):
        yield path, value


def _is_prose(path: tuple[object, ...]) -> bool:
    if len(path) == 1:
        return path[0] in _PROSE
    return path[0] == "requirements" and path[2:] == ("because",)


def _leads_out(told: str) -> bool:
    parts = PurePosixPath(told.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or told.startswith("~") or "\0" in told


def _named(folder: Path, told: str, *, pattern: bool) -> list[Path]:
    """The files that a text names, itself or as a pattern where there may be one."""
    if not told.strip() or len(told) > _LONGEST or "\n" in told or "\0" in told:
        return []
    if (folder / told).is_file():
        return [folder / told]
    if not pattern:
        return []
    found = glob.glob(str(folder / told), recursive=True)  # noqa: PTH207 (as `io/tables.py`)
    return [Path(one) for one in sorted(found) if Path(one).is_file()]


def _elsewhere(told: str, where: str) -> BadInput:
    return BadInput(
        f"{told[:80]!r} names a file outside of the product's own folder, which does not travel to "
        "a custodian.",
        code="outside_the_bundle",
        where=where,
        value=told[:80],
        next_step="Put the file beside product.yaml, and name it from there.",
    )


def ask_of(product: Product, what: str, **words: Any) -> dict[str, Any]:
    """What is asked of a custodian, as it stands in the bundle."""
    return {"what": what, "product": product.file.name, **words}
