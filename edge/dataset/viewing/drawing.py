"""Draws the skeleton of one frame, as pixels or as text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.landmarks.skeleton import FINGERS, INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

_BODY: Final = (
    ("left_ear", "left_eye"),
    ("left_eye", "nose"),
    ("nose", "right_eye"),
    ("right_eye", "right_ear"),
    ("mouth_left", "mouth_right"),
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    *(
        (f"{side}_{one}", f"{side}_{other}")
        for side in ("left", "right")
        for one, other in (
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("shoulder", "hip"),
            ("hip", "knee"),
            ("knee", "ankle"),
        )
    ),
)
_HAND: Final = (
    *(
        (start, end)
        for finger in FINGERS
        for start, end in (
            ("wrist", f"{finger}_1"),
            (f"{finger}_1", f"{finger}_2"),
            (f"{finger}_2", f"{finger}_3"),
            (f"{finger}_3", f"{finger}_tip"),
        )
    ),
    *((f"{one}_1", f"{other}_1") for one, other in pairwise(FINGERS[1:])),
)
_BACKGROUND: Final = (24, 24, 24)
_COLOURS: Final = ((200, 200, 200), (230, 159, 0), (86, 180, 233))
"""RGB of pose, left hand, right hand; orange and sky blue of Okabe and Ito's palette, which
colour-blind people tell apart."""
_LINES: Final = tuple(
    (INDEX[prefix + one], INDEX[prefix + other], colour)
    for prefix, lines, colour in (
        ("", _BODY, _COLOURS[0]),
        ("left_hand_", _HAND, _COLOURS[1]),
        ("right_hand_", _HAND, _COLOURS[2]),
    )
    for one, other in lines
)
_FAR: Final = 8.0
"""Pictures aside; farther points are not drawn, for OpenCV counts pixels in 32 bits."""
_SMALLEST: Final = 0.35
"""Of OpenCV's letters, which are 22 pixels high, that still can be read."""
_SHIFT: Final = 4
"""Bits of a pixel's fraction."""
_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int32)
"""Bits of the 4 x 2 dots of a Braille pattern, from U+2800 (Unicode 15, chapter 21.1)."""


def draw_skeleton(
    points: NDArray[np.float16], width: int, height: int, thickness: int = 2
) -> Image:
    """Draw one frame's points (75, 3), as stored, into a picture (height, width, 3), RGB."""
    image = np.empty((height, width, 3), dtype=np.uint8)
    image[:] = _BACKGROUND
    xy = points[:, :2].astype(np.float64)
    is_drawn = (np.abs(xy) < _FAR).all(axis=1)  # False of NaN
    places = np.rint(np.where(is_drawn[:, None], xy, 0) * (width, height) * 2**_SHIFT).astype(int)
    for one, other, colour in _LINES:
        if is_drawn[one] and is_drawn[other]:
            cv2.line(
                image,
                places[one].tolist(),
                places[other].tolist(),
                colour,
                thickness,
                cv2.LINE_AA if thickness > 1 else cv2.LINE_8,
                _SHIFT,
            )
    return image


def write_caption(image: Image, text: str) -> None:
    """Write a text at the top left; OpenCV's letters are ASCII, any other becomes ``?``."""
    scale = max(_SMALLEST, image.shape[0] / 800)
    place = (round(16 * scale), round(36 * scale))
    shown = text.encode("ascii", "replace").decode()
    cv2.putText(
        image, shown, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA
    )


def as_text(image: Image) -> list[list[tuple[str, tuple[int, int, int]]]]:
    """Turn a picture (4 R, 2 C, 3) into R rows of C Braille patterns, each with its colour."""
    rows, columns = image.shape[0] // 4, image.shape[1] // 2
    cells = image.reshape(rows, 4, columns, 2, 3).transpose(0, 2, 1, 3, 4)  # (R, C, 4, 2, 3)
    is_set = (cells != np.array(_BACKGROUND, dtype=np.uint8)).any(axis=4)
    codes = 0x2800 + (is_set * _DOTS).sum(axis=(2, 3))
    colours = cells.reshape(rows, columns, 8, 3)
    # The hands are drawn over the body, and count over it in a cell with both.
    first = _rank(colours).argmax(axis=2)
    chosen = np.take_along_axis(colours, first[..., None, None], axis=2)[:, :, 0]
    return [
        [(chr(code), _rgb(colour)) for code, colour in zip(line, shades, strict=True)]
        for line, shades in zip(codes.tolist(), chosen.tolist(), strict=True)
    ]


def _rank(colours: Image) -> NDArray[np.intp]:
    rank = np.zeros(colours.shape[:-1], dtype=np.intp)
    for place, colour in enumerate(_COLOURS, start=1):
        rank[(colours == np.array(colour, dtype=np.uint8)).all(axis=-1)] = place
    return rank


def _rgb(colour: Iterable[int]) -> tuple[int, int, int]:
    red, green, blue = colour
    return red, green, blue
