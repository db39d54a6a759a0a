"""Remembers what this device has left with Home Assistant, so that it can take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import RootModel

from edge.config.state_file import StateFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class _Left(RootModel[dict[str, dict[str, str]]]):
    """Discovery topic -> component -> platform."""


class DiscoveryFootprint:
    """Remembers topics and components; the broker itself is not asked, which an ACL may forbid.

    Components are never forgotten: naming one that Home Assistant does not know is harmless,
    and it may be away for as long as it likes before it hears of a removal.
    """

    def __init__(self, path: Path) -> None:
        """Read what was left before."""
        self._file = StateFile(path, _Left)
        kept = self._file.read()
        self._left = dict(kept.root) if kept is not None else {}

    def others(self, topic: str) -> Iterable[str]:
        """Name the topics that are not the present one: of an earlier name or prefix."""
        return [known for known in self._left if known != topic]

    def components(self, topic: str) -> Mapping[str, str]:
        """Every component that was ever described there, with its platform."""
        return self._left.get(topic, {})

    def leave(self, topic: str, components: Mapping[str, str]) -> None:
        """Note what is described there now."""
        known = self._left.get(topic, {})
        if components.items() <= known.items():
            return
        self._left[topic] = {**known, **components}
        self._file.write(_Left(self._left))

    def keep_only(self, topic: str) -> None:
        """Forget the other topics; they are empty now. An empty topic forgets all of them."""
        if any(known != topic for known in self._left):
            self._left = {known: left for known, left in self._left.items() if known == topic}
            self._file.write(_Left(self._left))
