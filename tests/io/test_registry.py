"""Instruments are found by what packages announce, built-ins and strangers alike."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from typing import Any

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import About
from roadworthy.io import registry


class Named(Distribution):
    """An installed package, as far as its name goes."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def metadata(self) -> Any:
        return {"Name": self._name}

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: Any) -> Any:
        return path


def point(name: str, value: str, package: str, group: str = registry.INSTRUMENTS) -> EntryPoint:
    found = EntryPoint(name, value, group)
    vars(found)["dist"] = Named(package)
    return found


@pytest.fixture
def announce(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def only(*points: EntryPoint) -> None:
        def chosen(*, group: str) -> tuple[EntryPoint, ...]:
            return tuple(p for p in points if p.group == group)

        monkeypatch.setattr(registry, "entry_points", chosen)
        registry.instruments.cache_clear()
        registry.collectors.cache_clear()

    yield only
    registry.instruments.cache_clear()
    registry.collectors.cache_clear()


FAKE = "fake_instrument_for_registry:Fake"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An importable module with instruments, sound and broken."""
    import sys
    import types

    from roadworthy.core.parameters import NoParameters

    made = types.ModuleType("fake_instrument_for_registry")

    class Fake:
        about: object = About("a title", "a definition", "a formula", "a source")
        parameters: object = NoParameters

        def statistics(self, *_: object) -> None: ...
        def measure(self, *_: object) -> None: ...
        def need(self, *_: object) -> None: ...

    vars(made).update(
        Fake=Fake,
        Explodes=lambda: 1 / 0,
        Untold=type("Untold", (Fake,), {"about": "text"}),
        Wordless=type("Wordless", (Fake,), {"parameters": None}),
        Handless=type("Handless", (Fake,), {"measure": None}),
        Timing=type("Timing", (), {"table": "timings"}),
    )
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def test_an_instrument_is_made_once_and_only_when_asked_for(announce: Any, module: Any) -> None:
    announce(point("good", FAKE, "ours"), point("bad", "no_such_module:X", "theirs"))
    known = registry.instruments()
    assert list(known) == ["bad", "good"]
    assert len(known) == 2
    assert "bad" in known
    assert isinstance(known["good"], module.Fake)
    assert known["good"] is registry.instrument("good")
    assert registry.instruments() is known


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_module:X", "ModuleNotFoundError"),
        ("fake_instrument_for_registry:Nothing", "AttributeError"),
        ("fake_instrument_for_registry:Explodes", "ZeroDivisionError: division by zero"),
        ("fake_instrument_for_registry:Untold", "`about`"),
        ("fake_instrument_for_registry:Wordless", "`parameters`"),
        ("fake_instrument_for_registry:Handless", "lacks measure"),
    ],
)
def test_a_broken_plugin_is_told_with_its_package(
    announce: Any, module: Any, value: str, says: str
) -> None:
    announce(point("bad", value, "strange-metrics"))
    with pytest.raises(BadInput) as caught:
        registry.instrument("bad")
    assert caught.value.code == "broken_plugin"
    assert says in caught.value.message
    assert "strange-metrics" in caught.value.message
    assert "uninstall strange-metrics" in caught.value.next_step


def test_two_packages_cannot_announce_one_name(announce: Any) -> None:
    announce(point("auc", FAKE, "ours"), point("auc", "b:B", "theirs"))
    with pytest.raises(BadInput, match=r"`auc`.*ours.*theirs.*Uninstall one"):
        registry.instruments()


def test_one_package_that_is_listed_twice_is_one_package(announce: Any, module: Any) -> None:
    announce(point("auc", FAKE, "ours"), point("auc", FAKE, "ours"))
    assert list(registry.instruments()) == ["auc"]


def test_an_unknown_metric_names_the_nearest(announce: Any) -> None:
    announce(point("sensitivity", FAKE, "ours"))
    with pytest.raises(BadInput, match=r"`sensitivty`.*Did you mean `sensitivity`"):
        registry.instrument("sensitivty")


def test_collectors_are_found_the_same_way(announce: Any, module: Any) -> None:
    value = "fake_instrument_for_registry:Timing"
    announce(point("timings", value, "ours", registry.COLLECTORS), point("auc", FAKE, "ours"))
    assert list(registry.collectors()) == ["timings"]
    assert registry.collectors()["timings"].table == "timings"
