"""The slot between two threads."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st
from patience import AGES, PROMPT

from edge.device.newest_slot import NewestSlot


def test_newest_wins_and_the_lost_are_counted() -> None:
    slot: NewestSlot[int] = NewestSlot()
    for item in (1, 2, 3):
        slot.put(item)
    assert slot.get(0) == 3
    assert slot.dropped == 2
    assert slot.get(0) is None


def test_empty_slot_is_waited_for_no_longer_than_asked() -> None:
    slot: NewestSlot[int] = NewestSlot()
    start = time.monotonic()
    assert slot.get(0.05) is None
    assert 0.04 <= time.monotonic() - start < PROMPT


def test_waiting_reader_gets_what_comes() -> None:
    slot: NewestSlot[str] = NewestSlot()
    timer = threading.Timer(0.05, slot.put, ["late"])
    timer.start()
    start = time.monotonic()
    assert slot.get(AGES) == "late"
    assert time.monotonic() - start < PROMPT
    timer.join()


def test_end_wakes_the_waiting_reader() -> None:
    slot: NewestSlot[str] = NewestSlot()
    timer = threading.Timer(0.05, slot.end)
    timer.start()
    start = time.monotonic()
    assert slot.get(AGES) is None
    assert time.monotonic() - start < PROMPT
    assert slot.is_over
    timer.join()


def test_last_item_is_still_got_after_the_end() -> None:
    slot: NewestSlot[int] = NewestSlot()
    slot.put(1)
    slot.end()
    assert not slot.is_over
    assert slot.get(0) == 1
    assert slot.is_over


def test_false_items_are_items() -> None:
    slot: NewestSlot[int] = NewestSlot()
    slot.put(0)
    slot.put(0)
    assert slot.dropped == 1
    assert slot.get(0) == 0


@given(st.lists(st.booleans(), max_size=40))
def test_every_item_is_got_or_counted_as_dropped(puts: list[bool]) -> None:
    slot: NewestSlot[int] = NewestSlot()
    got = []
    for index, is_put in enumerate(puts):
        if is_put:
            slot.put(index)
        elif (item := slot.get(0)) is not None:
            got.append(item)
    left = slot.get(0)
    assert sum(puts) == len(got) + slot.dropped + (left is not None)
    assert got == sorted(got)


def test_two_threads_lose_nothing_uncounted() -> None:
    slot: NewestSlot[int] = NewestSlot()
    writer = threading.Thread(target=fill, args=(slot,))
    got = []
    writer.start()
    while not slot.is_over:
        if (item := slot.get(1)) is not None:
            got.append(item)
    writer.join()
    assert got == sorted(set(got))
    assert got[-1] == 1999
    assert len(got) + slot.dropped == 2000


def fill(slot: NewestSlot[int]) -> None:
    """Put two thousand numbers, then end."""
    for index in range(2000):
        slot.put(index)
    slot.end()
