"""Plain values become dataclasses only where every value is of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import pytest

from roadworthy.core.picture import Mistakes, Pictures, Roc, Share
from roadworthy.core.requirement import Slice, SliceKey, Tier
from roadworthy.io.kinds import read


@dataclass(frozen=True)
class Told:
    name: str
    n: int
    share: float
    tier: Tier = Tier.CRITICAL
    level: str | int | float | bool | None = None
    pairs: tuple[tuple[str, int], ...] = ()
    ends: tuple[float, float] | None = None
    prints: dict[str, str] | None = None
    side: Literal["clear", "flag"] = "clear"
    marks: Mapping[str, int | None] | None = None


WHOLE = {"name": "x", "n": 3, "share": 1}


def test_what_was_written_is_read_back() -> None:
    share = Share(1, 2, 0.1, 0.9)
    pictures = Pictures(
        0.95,
        0.5,
        (Mistakes("", share, share, share, share, share),),
        roc=Roc((0.0, 1.0), (0.0, 1.0), 3, 4, share, share, None, 0.2),
        without=(("costs", "why"),),
    )
    assert read(Pictures, asdict(pictures)) == pictures
    part = Slice((SliceKey("a", 1), SliceKey("b", True), SliceKey("c", range=(0.0, 2.0))))
    again = read(Slice, asdict(part))
    assert again == part
    assert [type(key.value) for key in again.keys] == [int, bool, type(None)]


def test_a_whole_number_is_a_number_too_and_unknown_fields_are_passed_over() -> None:
    assert read(Told, {**WHOLE, "later": 1, "tier": "advisory"}) == Told("x", 3, 1.0, Tier.ADVISORY)


@pytest.mark.parametrize(
    "broken",
    [
        {"name": 3},
        {"n": "3"},
        {"n": 3.5},
        {"n": True},
        {"share": "much"},
        {"share": None},
        {"tier": "vital"},
        {"tier": 3},
        {"level": []},
        {"pairs": "ab"},
        {"pairs": [["a"]]},
        {"pairs": [["a", "b"]]},
        {"ends": [1, 2, 3]},
        {"prints": {"a": 1}},
        {"prints": []},
        {"side": "both"},
        {"side": 3},
        {"marks": {"a": "b"}},
    ],
)
def test_a_value_of_another_kind_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Told|is not a valid"):
        read(Told, {**WHOLE, **broken})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="Told lacks n"):
        read(Told, {"name": "x", "share": 1})
