"""Defines what the device tells those who watch its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.messages import Event


class Audience(Protocol):
    """May be told from any thread."""

    vocabulary: tuple[str, ...]
    """Words that are known just now."""

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        """Tell of something once."""

    def tell_state(self, fields: Mapping[str, object]) -> None:
        """Tell what has changed in the state."""

    def tell_problems(self, problems: Mapping[str, str]) -> None:
        """Tell what is wrong now, by area."""

    def tell_stats(self, stats: Mapping[str, object]) -> None:
        """Tell figures of the moment."""

    def deliver(self, events: Sequence[Event], forms: Mapping[str, tuple[str, str]]) -> None:
        """Tell what was recognised; forms name (display, spoken) of a gloss."""
