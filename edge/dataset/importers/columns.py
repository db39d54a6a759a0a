"""Finds by name which column of a table holds which coordinate of which landmark.

Known are our own names (``left_hand_thumb_tip_x``), a part and a number (``right_hand_4_y``,
``pose_11_x``, ``lh_0_z``, ``RightHandLandmark4.x``) counted from 0, or from 1 where a part's
numbers run so; and, where a table holds nothing else, the pose alone as ``x1`` to ``x33``. The
face's columns, visibility and presence are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.dataset.importers.point_rows import PARTS
from edge.errors import ArchiveError
from edge.landmarks.skeleton import INDEX

if TYPE_CHECKING:
    from collections.abc import Sequence

_PART_NAMES: Final = {
    "pose": "pose",
    "body": "pose",
    "left_hand": "left_hand",
    "lefthand": "left_hand",
    "left": "left_hand",
    "lh": "left_hand",
    "right_hand": "right_hand",
    "righthand": "right_hand",
    "right": "right_hand",
    "rh": "right_hand",
}
_NUMBERED: Final = re.compile(
    rf"(?P<part>{'|'.join(sorted(_PART_NAMES, key=len, reverse=True))})"
    r"[ _.-]*(?:landmarks?|keypoints?|points?)?[ _.-]*"
    r"(?P<a>[xyz])?[ _.-]*(?P<number>\d{1,3})[ _.-]*(?P<b>[xyz])?",
    re.IGNORECASE,
)
_BARE: Final = re.compile(r"(?P<axis>[xyz])_?(?P<number>\d{1,3})", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?P<name>\w+)_(?P<axis>[xyz])", re.IGNORECASE)
_POSE_POINTS: Final = PARTS["pose"].stop

PointAxis = tuple[int, int]
"""A point of ours and its axis, 0 to 2."""


def find_places(header: Sequence[str]) -> dict[str, PointAxis]:
    """Find by column name what a table's columns hold; columns that hold no landmark lack.

    Raises:
        ArchiveError: There is no landmark, one twice, one without its x or y, or numbers that a
            part does not have.
    """
    numbered: dict[str, tuple[str, int, int]] = {}
    places: dict[str, PointAxis] = {}
    for column in header:
        named = _NAMED.fullmatch(column.strip())
        if named and named["name"].lower() in INDEX:
            places[column] = (INDEX[named["name"].lower()], "xyz".index(named["axis"].lower()))
            continue
        found = _NUMBERED.fullmatch(column.strip())
        if found and bool(found["a"]) != bool(found["b"]):
            axis = "xyz".index((found["a"] or found["b"]).lower())
            part = _PART_NAMES[found["part"].lower()]
            numbered[column] = (part, int(found["number"]), axis)
    if not places and not numbered:
        numbered = _bare_pose(header)
    places.update(_count_from_zero(numbered))
    _check(places)
    return places


def _bare_pose(header: Sequence[str]) -> dict[str, tuple[str, int, int]]:
    """Find ``x1`` to ``x33``, or ``x0`` to ``x32``; what is numbered beyond is the face's."""
    found = [(column, _BARE.fullmatch(column.strip())) for column in header]
    numbered = {
        column: ("pose", int(match["number"]), "xyz".index(match["axis"].lower()))
        for column, match in found
        if match
    }
    first = min((number for _, number, _ in numbered.values()), default=0)
    last = first + _POSE_POINTS - 1
    if numbered and last not in {number for _, number, _ in numbered.values()}:
        raise ArchiveError(
            f"columns as {next(iter(numbered))!r} are fewer than the pose's {_POSE_POINTS} points; "
            "of which part are they? Name them right_hand_0_x and so on"
        )
    return {column: one for column, one in numbered.items() if one[1] <= last}


def _count_from_zero(numbered: dict[str, tuple[str, int, int]]) -> dict[str, PointAxis]:
    """Turn a part's numbers into points: from 1 where the last is as high as there are points."""
    highest: dict[str, int] = {}
    for part, number, _ in numbered.values():
        highest[part] = max(number, highest.get(part, 0))
    places = {}
    for column, (part, number, axis) in numbered.items():
        count = PARTS[part].stop - PARTS[part].start
        index = number - (highest[part] == count)
        if not 0 <= index < count:
            raise ArchiveError(f"column {column!r}: {part} has no point {number}")
        places[column] = (PARTS[part].start + index, axis)
    return places


def _check(places: dict[str, PointAxis]) -> None:
    if not places:
        raise ArchiveError(
            "no column of a landmark, as left_hand_0_x, pose_11_y or right_hand_thumb_tip_z"
        )
    columns: dict[PointAxis, str] = {}
    for column, place in places.items():
        if place in columns:
            raise ArchiveError(f"columns {columns[place]!r} and {column!r} hold the same")
        columns[place] = column
    for (point, _), column in columns.items():
        for axis in (0, 1):
            if (point, axis) not in columns:
                raise ArchiveError(f"column {column!r} has none for {'xyz'[axis]} beside it")
