"""load: product.yaml becomes a Product, and what a caller hands to a verb is one, or names one."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.io.product_yaml import load_product, parse_product

NAME = "product.yaml"

Given: TypeAlias = Product | str | Path


def load(file: str | Path = NAME) -> Product:
    """The product that a product.yaml describes; ``file`` may be the folder it is in.

    What was loaded is what every verb then works with, whatever happens to the file later: a
    verdict says so when the two differ.

    Raises:
        BadInput: the file cannot be read, or something in it is wrong; ``where`` names the line.
    """
    return load_product(product_file(file))


def product_file(given: Given) -> Path:
    """The product.yaml of a product, of a path, or in a folder."""
    if isinstance(given, Product):
        return given.file
    if not isinstance(given, str | Path):
        raise BadInput(
            f"A {type(given).__name__} is no product.",
            code="not_a_product",
            where="product",
            value=type(given).__name__,
            next_step="Hand over `roadworthy.load(...)`, or the path of a product.yaml.",
        )
    path = Path(given)
    return path / NAME if path.is_dir() else path


def as_product(given: Given) -> Product:
    """The product itself, or the one that a path names.

    Raises:
        BadInput: it is neither, or the product is no longer what its own text says. A verdict
            names its product by that text, so nothing else may be judged under its name.
    """
    if not isinstance(given, Product):
        return load(product_file(given))
    if parse_product(given.text, given.file) != given:
        raise BadInput(
            "this product is not what its file said when it was loaded: it was changed in Python, "
            "or a file of case ids that it names has changed.",
            code="changed_product",
            where=given.file.name,
            value=given.name,
            next_step="Write the change into the file, and `roadworthy.load` it again.",
        )
    return given


def since_loaded(product: Product) -> tuple[str, ...]:
    """A note when the file says something else by now than the product that is used."""
    try:
        text = product.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = None
    if text == product.text:
        return ()
    return (
        f"{product.file.name} has changed since this product was loaded: what was loaded is used "
        "here. `roadworthy.load` it again for what it says now.",
    )
