"""One hand of the person who is followed, from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import HAND_INDEX, INDEX
from edge.landmarks.tracking.hands import region_of
from edge.landmarks.tracking.patch import Patch
from edge.landmarks.tracking.region import Region
from edge.landmarks.tracking.smoothing import Calm, OneEuro

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.landmarks.tracking.body import Body
    from edge.landmarks.tracking.hands import Found, HandNetworks, Kind

_HAND: Final = 0.5
"""Score from which it is a hand."""
_DOUBT: Final = 0.8
"""Score up to which it may be something else."""
_VISIBLE: Final = 0.1
"""Probability of a wrist in view from which its hand is looked for."""
_CLEAR: Final = 0.8
"""Probability from which a palm is looked for round it, where there was no hand."""
_ROUND: Final = 1.6
"""Side of the region in which it is looked for, in shoulder widths."""
_APART: Final = 0.5
"""Shoulder widths from the wrist to which a palm is of the same arm."""
_TAKEN: Final = 0.4
"""Sizes of a hand within which two are the same one."""
_AGAIN: Final = 1.0
"""Seconds between two searches for a palm."""
_STILL: Final = 2.0
"""Mean change of a patch up to which a hand that is followed has not moved."""
_STIRRED: Final = 5.0
"""Mean change of a patch from which there is something new where no hand was."""
_REST_MAX: Final = 4
"""Frames in a row for which a hand that has not moved is not looked at."""
_FORESIGHT: Final = 0.7
"""Share of its last movement that a hand that is not looked at is taken to make again."""
_CALM: Final = Calm(cutoff=2.0, slope=80.0)
_MIDDLE: Final = HAND_INDEX["middle_1"]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame, as hands are looked for in it."""

    image: NDArray[np.uint8]
    """(H, W, 3) RGB."""

    time: float
    """Seconds."""

    kind: Kind
    """The network that looks."""

    body: Body | None
    """Where it has been found in this very frame."""


class HandTrack:
    """Finds one hand in every frame; for one thread at a time."""

    def __init__(self, side: str) -> None:
        """Begin with no hand.

        Args:
            side: left or right.
        """
        self._wrist, self._index, self._pinky = (
            INDEX[f"{side}_{name}"] for name in ("wrist", "index", "pinky")
        )
        self.points: NDArray[np.float32] | None = None
        """(21, 3) pixels, smoothed, where it is seen."""
        self._read: NDArray[np.float32] | None = None
        """The points when it was looked at last."""
        self._next: Region | None = None
        """Where to look for it, where it is seen."""
        self._smooth = OneEuro(_CALM)
        self._patch = Patch()
        """Of where it was looked at last."""
        self._score = 0.0
        """Probability, when it was looked at last, that it is a hand."""
        self._speed = np.zeros(2, dtype=np.float32)
        """Pixels a second."""
        self.looked = 0.0
        """Time of the last look that found it."""
        self._rested = 0
        """Frames since, in which it has not moved."""
        self._searched = -np.inf
        """Time of the last search for a palm."""
        self._is_owed = False
        """Whether one was put off because the last was too near."""

    def reset(self) -> None:
        """Forget the person's hand."""
        self._searched = -np.inf
        self._forget()

    def _forget(self) -> None:
        self.points = self._read = self._next = None
        self._smooth.reset()
        self._patch.forget()
        self._speed = np.zeros(2, dtype=np.float32)
        self._rested = 0
        self._is_owed = False

    def is_still(self, image: NDArray[np.uint8]) -> bool:
        """Whether it is seen and has not moved; for few frames, as slow hands move unnoticed."""
        if self._next is None or self._rested >= _REST_MAX or self._patch.change(image) > _STILL:
            return False
        self._rested += 1
        self._speed = np.zeros(2, dtype=np.float32)
        return True

    @property
    def region(self) -> Region | None:
        """Where it is, where it is seen."""
        return self._next

    @property
    def is_doubtful(self) -> bool:
        """Whether it is seen, but may be something else."""
        return self.points is not None and self._score < _DOUBT

    def has_stirred(self, image: NDArray[np.uint8]) -> bool:
        """Whether something has moved where no hand was found."""
        return self._next is None and self._patch.change(image) > _STIRRED

    def coast(self, time: float) -> None:
        """Move it on as it has moved, without looking."""
        if self._read is not None:
            self.points = self._read.copy()
            self.points[:, :2] += self._speed * np.float32(_FORESIGHT * (time - self.looked))

    def look(self, networks: HandNetworks, view: View, other: Region | None) -> None:
        """Look for it where it was, or where a body that has just been found has its wrist.

        Args:
            networks: For hands.
            view: Of the frame.
            other: Region of the other hand, where that is seen.
        """
        region = self._next if view.body is None else self._choose(networks, view, view.body)
        is_same = region is self._next
        if region is None or (is_same and view.body is not None and self.is_still(view.image)):
            return
        found = networks.find(view.kind, view.image, region)
        if found.score >= _HAND:
            self._keep(view, region, found, is_same=is_same)
            return
        self._lose(view.image, region)
        if view.body is not None and view.body.visible[self._wrist] >= _CLEAR:
            self._search(networks, view, view.body.points[self._wrist, :2], view.body.width, other)

    def _choose(self, networks: HandNetworks, view: View, body: Body) -> Region | None:
        """Choose the region of the points before, as long as the arm agrees; None: no hand."""
        if body.visible[self._wrist] < _VISIBLE:
            self._lose(view.image, self._edge(view.image, body))
            return None
        sought = networks.seek(view.image, body.points[[self._wrist, self._index, self._pinky], :2])
        if self._next is not None:
            return self._next if self._next.fits(sought) else sought
        place = self._patch.place
        is_same = place is not None and place.fits(sought) and not self.has_stirred(view.image)
        is_owed = self._is_owed and view.time - self._searched >= _AGAIN
        return None if is_same and not is_owed else sought

    def _search(
        self,
        networks: HandNetworks,
        view: View,
        wrist: NDArray[np.float32],
        width: float,
        other: Region | None,
    ) -> None:
        """Look for a palm round a wrist (2,), pixels, that is in view though no hand was there."""
        height, across = view.image.shape[:2]
        x, y = (float(value) for value in wrist)
        is_inside = 0 <= x < across and 0 <= y < height
        self._is_owed = is_inside and view.time - self._searched < _AGAIN
        if not is_inside or self._is_owed:
            return
        self._searched = view.time
        free = [
            palm
            for palm in networks.palms(view.image, Region(x, y, _ROUND * width, 0.0))
            if other is None or palm.away(other.x, other.y) > _TAKEN * palm.size
        ]
        if not free:
            return
        nearest = min(free, key=lambda palm: palm.away(x, y))
        found = networks.find(view.kind, view.image, nearest)
        away = float(np.hypot(*(found.points[0, :2] - wrist)))
        if found.score >= _HAND and away < _APART * width:
            self._keep(view, nearest, found, is_same=False)

    def _keep(self, view: View, region: Region, found: Found, *, is_same: bool) -> None:
        self._next = region_of(found.points)
        points = self._smooth.push(found.points, view.time, self._next.size)
        self._speed = np.zeros(2, dtype=np.float32)
        if is_same and self._read is not None and view.time > self.looked:
            way = points[_MIDDLE, :2] - self._read[_MIDDLE, :2]
            self._speed = way / np.float32(view.time - self.looked)
        self.points, self._read, self._score = points, points, found.score
        self.looked, self._rested = view.time, 0
        self._patch.take(view.image, region)

    def _lose(self, image: NDArray[np.uint8], region: Region) -> None:
        self._forget()
        self._patch.take(image, region)

    def _edge(self, image: NDArray[np.uint8], body: Body) -> Region:
        """Where a hand would come into the picture that is out of it."""
        height, width = image.shape[:2]
        x, y = (float(value) for value in body.points[self._wrist, :2])
        return Region(min(max(x, 0.0), width), min(max(y, 0.0), height), body.width, 0.0)
