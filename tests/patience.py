"""Waiting for what happens elsewhere, with so much patience that a busy machine fails no test."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

AGES: Final = 120.0
"""Seconds to wait for what should take three, on a machine with other work."""
PROMPT: Final = 30.0
"""Seconds in which everything has ended that does not wait for what never comes."""


def eventually(is_true: Callable[[], bool], within: float = AGES) -> bool:
    """Wait until something is true; tell whether it is."""
    until = time.monotonic() + within
    while not (it_is := is_true()) and time.monotonic() < until:
        time.sleep(0.01)
    return it_is


def settled(look: Callable[[], T], calm: float = 2.0) -> T:
    """Wait until what is looked at stays the same for so many seconds; return it."""
    seen, since, until = look(), time.monotonic(), time.monotonic() + AGES
    while time.monotonic() - since < calm and time.monotonic() < until:
        time.sleep(0.05)
        if (now := look()) != seen:
            seen, since = now, time.monotonic()
    return seen
