"""How much strangers may have us do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.system.rate_limits import TokenBucket


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_bucket_gives_a_minutes_worth_at_once_and_refills_evenly() -> None:
    clock = Clock()
    bucket = TokenBucket(6, clock=clock)
    assert [bucket.take() for _ in range(8)] == [True] * 6 + [False] * 2
    clock.now += 10
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.now += 3600
    assert sum(bucket.take() for _ in range(20)) == 6


@given(rate=st.integers(1, 6000), gaps=st.lists(st.floats(0, 100), max_size=200))
def test_bucket_never_gives_more_than_its_rate(rate: int, gaps: list[float]) -> None:
    clock = Clock()
    bucket = TokenBucket(rate, clock=clock)
    given_out = 0
    for gap in gaps:
        clock.now += gap
        given_out += bucket.take()
    assert given_out <= rate + clock.now * rate / 60 + 1e-6
