"""Encodes one frame for the page: landmarks as JSON, the picture as JPEG, when first wanted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.mqtt.payloads import encode
from edge.page.skeletons import to_json_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDEST: Final = 640
"""Pixels; wider pictures are made smaller."""
_QUALITY: Final = 70
"""Of JPEG, percent."""
_ARCHIVE_ASPECT: Final = 4 / 3
"""Width / height of the canvas for landmarks that come without a picture."""


class ShownFrame:
    """One frame; read by one thread."""

    def __init__(
        self,
        time: float,
        points: NDArray[np.float32],
        image: NDArray[np.uint8] | None,
        fps: float,
    ) -> None:
        """Keep it as it is.

        Args:
            time: Seconds, on the source's clock.
            points: (75, 3) in image widths; NaN where unseen.
            image: (H, W, 3) RGB; None for an archive.
            fps: Frames searched for landmarks a second.
        """
        self._time, self._points, self._image, self._fps = time, points, image, fps

    def text(self, *, with_picture: bool) -> str:
        """Describe it; with a picture, where there is one, that follows."""
        if with_picture and self._image is not None:
            return self._text_with_picture
        return self._text_alone

    @cached_property
    def jpeg(self) -> bytes | None:
        """The picture, at most 640 pixels wide and not mirrored; None where there is none."""
        image = self._image
        if image is None:
            return None
        height, width = image.shape[:2]
        if width > _WIDEST:
            size = (_WIDEST, round(height * _WIDEST / width))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        turned = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        is_done, coded = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return coded.tobytes() if is_done else None

    @cached_property
    def _text_alone(self) -> str:
        return self._describe(has_jpeg=False)

    @cached_property
    def _text_with_picture(self) -> str:
        return self._describe(has_jpeg=self.jpeg is not None)

    def _describe(self, *, has_jpeg: bool) -> str:
        height, width = self._image.shape[:2] if self._image is not None else (0, 0)
        aspect = width / height if height else _ARCHIVE_ASPECT
        fields = {
            "type": "frame",
            "time": round(self._time, 3),
            "width": width,
            "height": height,
            "points": to_json_points(self._points[:, :2] * [1.0, aspect]),
            "fps": self._fps,
            "jpeg": has_jpeg,
        }
        return encode(fields).decode()
