"""Rungs by name, each with something around it; one is loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from roadworthy.core.rung import Rung


class WrappedRungs(Mapping[str, Rung]):
    """The rungs of ``inner``, each as ``wrap`` gives it."""

    def __init__(self, inner: Mapping[str, Rung], wrap: Callable[[Rung], Rung]) -> None:
        self._inner, self._wrap = inner, wrap

    def __getitem__(self, name: str) -> Rung:
        return self._wrap(self._inner[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)

    def __contains__(self, name: object) -> bool:
        return name in self._inner


class WithOneMore(Mapping[str, Rung]):
    """The rungs of ``inner``, and one that product.yaml names itself."""

    def __init__(self, inner: Mapping[str, Rung], name: str, rung: Rung) -> None:
        self._inner, self._name, self._rung = inner, name, rung

    def __getitem__(self, name: str) -> Rung:
        return self._rung if name == self._name else self._inner[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._inner
        yield self._name

    def __len__(self) -> int:
        return len(self._inner) + 1

    def __contains__(self, name: object) -> bool:
        return name == self._name or name in self._inner
