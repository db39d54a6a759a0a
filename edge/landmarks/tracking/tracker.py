"""landmarks.backend = "tracker": follows one person, looking only where and when it must.

MediaPipe's graph runs the body's network and both hands' in every frame. Here the body's runs
every few frames, or when a hand is lost or in doubt, and in between its arms go with the hands;
a hand is followed by its own last points; one that has not moved is not looked at again, nor is
a place without one in which nothing stirs.
"""

from __future__ import annotations

import os
import time as clock
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import HANDS, INDEX, POINTS, POSE
from edge.landmarks.tracking.body import BodyFinder, body_region
from edge.landmarks.tracking.budget import Budget
from edge.landmarks.tracking.hand_track import HandTrack, View
from edge.landmarks.tracking.hands import HandNetworks
from edge.landmarks.tracking.people import PeopleFinder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.config.settings import LandmarkSettings
    from edge.landmarks.tracking.body import Body
    from edge.landmarks.tracking.network import Name
    from edge.landmarks.tracking.region import Region

_SIDES: Final = ("left", "right")
_WRISTS: Final = [INDEX[f"{side}_wrist"] for side in _SIDES]
_ENDS: Final = [
    [INDEX[f"{side}_{name}"] for name in ("wrist", "pinky", "index", "thumb")] for side in _SIDES
]
"""Points of the body that go with each hand."""
_ELBOWS: Final = [INDEX[f"{side}_elbow"] for side in _SIDES]
_ELBOW_SHARE: Final = 0.5
"""Of the hand's way, that its elbow goes."""
_SAME: Final = 0.25
"""Sizes of a hand within which two are the same one."""
_SEARCH: Final = 0.2
"""Seconds between two searches for a person who was lost."""
_NEAR: Final = 0.5
"""Sizes of a body's region within which somebody is the one who was lost."""
_CORES: Final = 4
"""From which the hands are looked for at the same time; two busy cores only get slower by it."""


class Tracker:
    """Landmarks of one person."""

    def __init__(self, settings: LandmarkSettings, *, is_live: bool) -> None:
        """Load the networks.

        Args:
            settings: How sure it must be, and how many frames a second are wanted.
            is_live: Whether it does less where that takes too long.

        Raises:
            DependencyError: MediaPipe's wheel or a runtime is missing or does not fit.
        """
        self._settings = settings
        self._people = PeopleFinder()
        self._finder = BodyFinder()
        self._hands = tuple(HandTrack(side) for side in _SIDES)
        self._is_live = is_live
        self._budget = Budget(min(settings.target_fps, settings.max_fps))
        self._runs: Counter[Name] = Counter()
        is_wide = len(os.sched_getaffinity(0)) >= _CORES
        self._pool = ThreadPoolExecutor(1, "hand") if is_wide else None
        self._hand_networks = [HandNetworks() for _ in (_SIDES if is_wide else _SIDES[:1])]
        """One for each thread."""
        self._searched = -np.inf
        self._last: Region | None = None
        """Where the person was last."""
        self._region: Region | None = None
        """Where to look for the body."""
        self._body: Body | None = None
        self._age = 0
        """Frames since the body was found."""
        self._is_wanted = False
        """Whether it should be looked for soon."""
        self._origins: list[NDArray[np.float32] | None] = [None, None]
        """Each hand's wrist (2,), pixels, when the body was found."""

    @property
    def runs(self) -> Counter[Name]:
        """How often each network has run since it was loaded."""
        return sum((networks.runs for networks in self._hand_networks), start=self._runs)

    def people(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find everybody in a picture, as Backend says."""
        self._runs["person"] += 1
        return self._people.find(image, self._settings.min_detection)

    def follow(
        self,
        image: NDArray[np.uint8],  # noqa: ARG002 - other backends need its size
        person: NDArray[np.float32] | None,
        *,
        is_alone: bool,  # noqa: ARG002 - a region of one's own holds nobody else
    ) -> None:
        """Look from now on for a person, (2, 2) pixels; None: for nobody."""
        self.reset()
        if person is not None:
            self._region = self._last = body_region(*person)

    def find(self, image: NDArray[np.uint8], time: float) -> NDArray[np.float32]:
        """Find their landmarks, (75, 3) in image widths; time in seconds."""
        begun, known = clock.monotonic(), len(self.runs)
        points = np.full((POINTS, 3), np.nan, dtype=np.float32)
        is_fresh = self._is_due(image)
        body = self._find_body(image, time) if is_fresh else self._body
        if body is not None and self._follow(image, time, body if is_fresh else None):
            is_fresh = True
            body = self._find_body(image, time)
            if body is not None:
                self._look(self._view(image, time, body), self._unseen)
        if body is None:
            return points
        self._is_wanted = self._is_double() or any(hand.is_doubtful for hand in self._hands)
        points[POSE] = self._posture(body, is_fresh=is_fresh)
        for hand, place in zip(self._hands, HANDS, strict=True):
            if hand.points is not None:
                points[place] = hand.points
        is_usual = len(self.runs) == known  # a network that is first needed is loaded first
        if self._is_live and self._seen and is_usual:
            self._budget.spend(time, clock.monotonic() - begun)
        return points / np.float32(image.shape[1])

    def reset(self) -> None:
        """Forget whom it follows."""
        self._last = None
        self._searched = -np.inf
        self._is_wanted = False
        self._lose()

    def close(self) -> None:
        """End the second thread."""
        if self._pool is not None:
            self._pool.shutdown()

    def _lose(self) -> None:
        self._region = self._body = None
        self._origins = [None, None]
        self._finder.reset()
        for hand in self._hands:
            hand.reset()

    def _is_due(self, image: NDArray[np.uint8]) -> bool:
        """Whether the body is to be looked for in this frame."""
        if self._body is None:
            return True
        self._age += 1
        plan = self._budget.plan
        is_wanted = self._is_wanted or any(hand.has_stirred(image) for hand in self._hands)
        return self._age >= (plan.body_least if is_wanted else plan.body_every[self._seen])

    @property
    def _unseen(self) -> list[HandTrack]:
        return [hand for hand in self._hands if hand.points is None]

    @property
    def _seen(self) -> int:
        """How many hands are seen."""
        return sum(hand.points is not None for hand in self._hands)

    def _find_body(self, image: NDArray[np.uint8], time: float) -> Body | None:
        region = self._region or self._search(image, time)
        if region is None:
            return None
        self._runs["body"] += 1
        self._body = self._finder.find(image, region, time, self._settings.min_tracking)
        if self._body is None:
            self._lose()
        else:
            self._region = self._last = self._body.region
            self._age = 0
        return self._body

    def _search(self, image: NDArray[np.uint8], time: float) -> Region | None:
        """Look for the person who was lost where they were."""
        if self._last is None or time - self._searched < _SEARCH:
            return None
        self._searched = time
        people = self.people(image)
        if not len(people):
            return None
        last = np.array([self._last.x, self._last.y], dtype=np.float32)
        away = np.hypot(*(people[:, 0] - last).T)
        nearest = int(np.argmin(away))
        return None if away[nearest] > _NEAR * self._last.size else body_region(*people[nearest])

    def _follow(self, image: NDArray[np.uint8], time: float, body: Body | None) -> bool:
        """Find the hands, with a body that has just been found or without.

        Returns:
            Whether one is lost that its arm may show: the body is to be found now.
        """
        view = self._view(image, time, body)
        if body is not None:
            self._look(view, list(self._hands))
            return False
        seen = [hand for hand in self._hands if hand.points is not None]
        moving = [hand for hand in seen if not hand.is_still(image)]
        if self._budget.plan.is_in_turn and len(moving) > 1:
            moving.sort(key=lambda hand: hand.looked)
            moving.pop().coast(time)
        self._look(view, moving)
        return any(hand.points is None for hand in seen)

    def _view(self, image: NDArray[np.uint8], time: float, body: Body | None) -> View:
        return View(image, time, self._budget.plan.hand, body)

    def _look(self, view: View, hands: list[HandTrack]) -> None:
        """Look for some hands, at the same time where there is a second thread."""
        regions = {
            hand: other.region for hand, other in zip(self._hands, self._hands[::-1], strict=True)
        }
        if self._pool is not None and len(hands) > 1:
            one, two = hands
            other = self._pool.submit(two.look, self._hand_networks[1], view, regions[two])
            try:
                one.look(self._hand_networks[0], view, regions[one])
            finally:
                other.result()
        else:
            for hand in hands:
                hand.look(self._hand_networks[0], view, regions[hand])

    def _is_double(self) -> bool:
        """Whether both tracks are on one hand: the arms will tell whose it is."""
        left, right = (hand.points for hand in self._hands)
        if left is None or right is None:
            return False
        gap = float(np.hypot(*(left - right)[:, :2].T).mean())
        return gap < _SAME * float(np.ptp(left[:, :2], axis=0).max())

    def _posture(self, body: Body, *, is_fresh: bool) -> NDArray[np.float32]:
        """Move the arms with the hands since the body was found; (33, 3) pixels."""
        points = body.points.copy()
        for k, hand in enumerate(self._hands):
            wrist = None if hand.points is None else hand.points[0, :2]
            if is_fresh:
                self._origins[k] = wrist
                continue
            origin = self._origins[k]
            if wrist is not None and origin is not None:
                points[_ENDS[k], :2] += wrist - origin
                points[_ELBOWS[k], :2] += np.float32(_ELBOW_SHARE) * (wrist - origin)
        return points
