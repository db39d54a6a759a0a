"""Why nothing was said, in words."""

from __future__ import annotations

import numpy as np
import pytest

from edge.landmarks.skeleton import LEFT_SHOULDER, POINTS, RIGHT_HAND, RIGHT_SHOULDER
from edge.messages import Declined, Landmarks, Sign
from edge.recognition.silence import Silence

UNSURE = Declined(1.0, 2.0, "unsure", (("go", 0.37), ("pizza", 0.13), ("no", 0.1), ("yes", 0.05)))


def frame(*, width: float = 0.2, has_hand: bool = True) -> Landmarks:
    points = np.full((POINTS, 3), np.nan, dtype=np.float32)
    if width:
        points[LEFT_SHOULDER] = (0.5 + width / 2, 0.4, 0)
        points[RIGHT_SHOULDER] = (0.5 - width / 2, 0.4, 0)
    if has_hand:
        points[RIGHT_HAND] = 0.5
    return Landmarks(0.0, points)


def explain(*events: Declined | Sign, shown: Landmarks | None) -> str:
    silence = Silence()
    for _ in range(20):
        silence.see(shown)
    silence.hear(events)
    return silence.explain()


@pytest.mark.parametrize(
    ("events", "shown", "told"),
    [
        ((), None, "nobody is in view"),
        ((), frame(width=0.0), "nobody is in view"),
        ((), frame(width=0.03), "too far away"),
        ((), frame(has_hand=False), "no hand is in view"),
        ((), frame(), "no sign was found"),
        ((Declined(1.0, 1.2, "too_short"),), frame(), "1.0 s is too short for a sign"),
        ((Declined(1.0, 2.0, "low_fps"),), frame(), "too few frames a second"),
        ((Declined(1.0, 2.0, "other", (("other", 0.9),)),), frame(), "no sign that I know"),
        ((UNSURE,), frame(), "the likeliest are go 0.37, pizza 0.13, no 0.10"),
        ((Declined(3.0, 3.2, "too_short"), UNSURE), frame(), "not sure enough at 1.0 s"),
    ],
)
def test_the_reason_is_named(
    events: tuple[Declined, ...], shown: Landmarks | None, told: str
) -> None:
    assert told in explain(*events, shown=shown)


def test_nothing_is_explained_where_a_word_was_said() -> None:
    word = Sign("go", "Go", "go", 0.9, (("go", 0.9),), 1.0, 2.0, 2.1)
    assert explain(UNSURE, word, shown=frame()) == ""
