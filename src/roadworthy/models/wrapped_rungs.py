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
