"""Explains why a recording gave no word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND, RIGHT_SHOULDER
from edge.messages import Declined, Letter, Sign, Spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.messages import Event, Landmarks

_SEEN: Final = 0.1
"""Share of the frames below which somebody, or a hand, counts as not seen."""
_SMALL: Final = 0.06
"""Shoulder width in picture widths below which somebody stands too far away to read fingers."""
_BEST: Final = 3
"""How many candidates are told of a sign that was not sure."""


class Silence:
    """Looks on while a recording is recognised, and tells afterwards why nothing was said."""

    def __init__(self) -> None:
        """Start before the first frame."""
        self._frames = self._people = self._hands = 0
        self._widths: list[float] = []
        self._declined: list[Declined] = []
        self._has_spoken = False

    def see(self, landmarks: Landmarks | None) -> None:
        """Take note of who and what a frame shows; None where nobody looked."""
        if landmarks is None:
            return
        points = landmarks.points
        self._frames += 1
        width = float(np.hypot(*(points[LEFT_SHOULDER, :2] - points[RIGHT_SHOULDER, :2])))
        if np.isfinite(width):
            self._people += 1
            self._widths.append(width)
        self._hands += bool(np.isfinite(points[[LEFT_HAND.start, RIGHT_HAND.start], 0]).any())

    def hear(self, events: Iterable[Event]) -> None:
        """Take note of what was said or declined."""
        for event in events:
            if isinstance(event, Declined):
                self._declined.append(event)
            self._has_spoken |= isinstance(event, Sign | Letter | Spelled)

    def explain(self) -> str:
        """Say in one sentence why nothing was said; nothing where something was."""
        if self._has_spoken:
            return ""
        if self._people < _SEEN * max(1, self._frames):
            return "nobody is in view"
        if np.median(self._widths) < _SMALL:
            return "the person is too far away: the hands are too small to read"
        if self._hands < _SEEN * self._frames:
            return "no hand is in view"
        if not self._declined:
            return "no sign was found: the hands rest, or never come to rest before and after"
        return self._explain_declined()

    def _explain_declined(self) -> str:
        by_reason = {one.reason: one for one in self._declined}
        unsure = [one for one in self._declined if one.reason == "unsure"]
        if unsure:
            surest = max(unsure, key=lambda one: one.top[0][1] if one.top else 0.0)
            best = ", ".join(f"{gloss} {share:.2f}" for gloss, share in surest.top[:_BEST])
            return f"not sure enough at {surest.onset:.1f} s; the likeliest are {best}"
        if "other" in by_reason:
            return f"what is signed at {by_reason['other'].onset:.1f} s is no sign that I know"
        if "low_fps" in by_reason:
            return "there are too few frames a second to read a sign"
        return f"what moves at {by_reason['too_short'].onset:.1f} s is too short for a sign"
