"""Who is followed: where the signer stands in the picture, for the owner to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from edge.landmarks.skeleton import LEFT_SHOULDER, RIGHT_SHOULDER

if TYPE_CHECKING:
    from edge.messages import Landmarks

Place = Literal["nobody", "left", "centre", "right"]

_STEADY: Final = 1.0
"""Seconds for which somebody must be elsewhere, or gone, before it is said."""
_THIRDS: Final = (1 / 3, 2 / 3)


class SignerPlace:
    """Keeps the place of the person that the landmarks are of; pure."""

    def __init__(self) -> None:
        """Nobody is followed."""
        self.reset()

    def reset(self) -> None:
        """Forget the person."""
        self.place: Place = "nobody"
        self._seen: Place = "nobody"
        self._since = -np.inf

    def push(self, landmarks: Landmarks) -> None:
        """Take the next frame. Left and right are the picture's, as the camera sees it."""
        seen = _place_of(landmarks)
        if seen != self._seen:
            self._seen, self._since = seen, landmarks.time
        is_new = self.place == "nobody" and seen != "nobody"
        if is_new or landmarks.time - self._since >= _STEADY:
            self.place = seen


def _place_of(landmarks: Landmarks) -> Place:
    middle = float(landmarks.points[[LEFT_SHOULDER, RIGHT_SHOULDER], 0].mean())
    if not np.isfinite(middle):
        return "nobody"
    return "left" if middle < _THIRDS[0] else "right" if middle > _THIRDS[1] else "centre"
