"""The conformance kits: a plug-in is trusted once it keeps the promises of its kind.

A test of one of your own is one line:

    from roadworthy.testing import check_instrument

    def test_it_keeps_the_promises_of_an_instrument() -> None:
        check_instrument(YoudenJ(), Parameters(weight=0.5))

Each raises an AssertionError that says in a sentence which promise is broken, and with what.
"""

from roadworthy.testing.instruments import check_instrument
from roadworthy.testing.tables import prepared_cases, prepared_table

__all__ = ["check_instrument", "prepared_cases", "prepared_table"]
