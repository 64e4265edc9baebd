"""The conformance kits: a plug-in is trusted once it keeps the promises of its kind.

A test of one of your own is one line:

    from roadworthy.testing import (
        check_embedding, check_instrument, check_lever, check_perturbation, check_rung
    )

    def test_it_keeps_the_promises_of_an_instrument() -> None:
        check_instrument(YoudenJ(), Parameters(weight=0.5))

    def test_it_keeps_the_promises_of_a_rung() -> None:
        check_rung(Forest())

    def test_it_keeps_the_promises_of_a_lever() -> None:
        check_lever(AskTwice())

    def test_it_keeps_the_promises_of_an_embedding() -> None:
        check_embedding(LetterPairs())

    def test_it_keeps_the_promises_of_a_perturbation() -> None:
        check_perturbation(Scratches(count=3))

Each raises an AssertionError that says in a sentence which promise is broken, and with what.
"""

from roadworthy.testing.embeddings import check_embedding
from roadworthy.testing.instruments import check_instrument
from roadworthy.testing.levers import check_lever
from roadworthy.testing.perturbations import check_perturbation
from roadworthy.testing.rungs import check_rung
from roadworthy.testing.tables import prepared_cases, prepared_table

__all__ = [
    "check_embedding",
    "check_instrument",
    "check_lever",
    "check_perturbation",
    "check_rung",
    "prepared_cases",
    "prepared_table",
]
