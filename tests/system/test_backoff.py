"""Waits between tries."""

from __future__ import annotations

import pytest

from edge.system.backoff import STEADY, Backoff


def test_waits_grow_by_chance_up_to_the_limit_and_start_again() -> None:
    backoff = Backoff(1.0, 30.0)
    waits = [backoff.next() for _ in range(1100)]
    for number, wait in enumerate(waits):
        whole = min(30.0, 2.0 ** min(number, 10))
        assert whole / 2 <= wait <= whole
    assert len(set(waits[10:50])) > 20
    assert backoff.next(STEADY / 2) >= 15  # parted soon: no busy loop
    assert backoff.next(STEADY) <= 1
    assert 1 <= backoff.next() <= 2
    backoff.reset()
    assert backoff.next() <= 1


@pytest.mark.parametrize("first", [0.5, 1.0, 2.0])
def test_first_wait_is_half_of_the_first_at_least(first: float) -> None:
    assert first / 2 <= Backoff(first, 30.0).next() <= first
