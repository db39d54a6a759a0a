"""Finds clips that an archive holds twice: the same points, or nearly the same movement."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.dataset.curating.quality import shoulder_width
from edge.landmarks.skeleton import INDEX, LEFT_SHOULDER, RIGHT_SHOULDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TIMES: Final = 12
"""Moments of a clip that are compared."""
_FOLLOWED: Final = tuple(
    INDEX[name]
    for name in (
        "nose",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_index",
        "right_index",
    )
)
_TIPS: Final = {
    INDEX[f"{side}_index"]: INDEX[f"{side}_hand_index_tip"] for side in ("left", "right")
}
"""Where the hand itself is seen, it says better than the pose where the finger is."""
_BLOCK: Final = 128
"""Clips compared at once."""
SIGNATURE: Final = _TIMES * len(_FOLLOWED) * 2
"""Numbers in a signature."""


def digest(points: NDArray[np.float16]) -> bytes:
    """Tell the points (T, 75, 3) from any others; all that is unseen counts the same."""
    plain = np.where(np.isnan(points), np.float16(np.nan), points + np.float16(0))
    return hashlib.blake2b(plain.tobytes(), digest_size=16).digest()


def find_exact(digests: Sequence[bytes]) -> NDArray[np.intp]:
    """Find for each clip (N,) the first before it that is the same, or -1."""
    first: dict[bytes, int] = {}
    found = np.full(len(digests), -1, dtype=np.intp)
    for index, one in enumerate(digests):
        earliest = first.setdefault(one, index)
        if earliest != index:
            found[index] = earliest
    return found


def sign(points: NDArray[np.float16], aspect: float) -> NDArray[np.float32]:
    """Make the signature (SIGNATURE,) of a clip, in shoulder widths from between the shoulders.

    It depends little on size, place, trembling and frame rate, but does on where a clip was cut:
    copies of WLASL clips, moved, shrunk and trembling by 0.003 image widths, lay within 0.02 of
    their originals (99 %), other clips mostly beyond 0.06; cut one frame shorter at either end
    they lay 0.04 apart (median).

    Returns:
        NaN where the shoulders are never seen.
    """
    xy = points[..., :2].astype(np.float32) / np.array([1, aspect], dtype=np.float32)
    for pose, tip in _TIPS.items():
        xy[:, pose] = np.where(np.isfinite(xy[:, tip]), xy[:, tip], xy[:, pose])
    body = np.isfinite(xy[:, [LEFT_SHOULDER, RIGHT_SHOULDER]]).all(axis=(1, 2))
    width = shoulder_width(xy, body)
    if not width > 0:
        return np.full(SIGNATURE, np.nan, dtype=np.float32)
    middle = xy[body][:, [LEFT_SHOULDER, RIGHT_SHOULDER]].mean(axis=1, keepdims=True)
    followed = (xy[body][:, _FOLLOWED] - middle) / width  # (B, P, 2)
    return np.concatenate([_resample(one) for one in followed.reshape(len(followed), -1).T])


def find_near(signatures: NDArray[np.float32], limit: float) -> NDArray[np.intp]:
    """Find for each clip the first before it that moves nearly the same, or -1.

    Only clips that are no duplicate themselves are found. Takes time by the square of N.

    Args:
        signatures: (N, SIGNATURE); NaN ones are nobody's duplicate.
        limit: Shoulder widths, root mean square of the difference.

    Returns:
        (N,) places.
    """
    found = np.full(len(signatures), -1, dtype=np.intp)
    most = limit * limit * SIGNATURE
    kept = np.empty(len(signatures), dtype=np.intp)
    leaders = np.empty_like(signatures)
    count = 0
    usable = np.flatnonzero(np.isfinite(signatures).all(axis=1))
    for start in range(0, len(usable), _BLOCK):
        block = usable[start : start + _BLOCK]
        is_near = _squares(signatures[block], leaders[:count]) <= most
        among = _squares(signatures[block], signatures[block]) <= most
        new: list[int] = []
        for row, place in enumerate(block.tolist()):
            earlier = np.flatnonzero(is_near[row])
            if earlier.size:
                found[place] = kept[earlier[0]]
                continue
            inside = [one for one in new if among[row, one]]
            if inside:
                found[place] = block[inside[0]]
            else:
                new.append(row)
        kept[count : count + len(new)] = block[new]
        leaders[count : count + len(new)] = signatures[block[new]]
        count += len(new)
    return found


def _resample(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take _TIMES moments of one coordinate (B,); what is never seen is 0."""
    seen = np.flatnonzero(np.isfinite(values))
    if not len(seen):
        return np.zeros(_TIMES, dtype=np.float32)
    wanted = np.linspace(0, len(values) - 1, _TIMES)
    return np.interp(wanted, seen, values[seen]).astype(np.float32)


def _squares(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Square the distances (A, B) of two sets of signatures."""
    squares: NDArray[np.float32] = one @ other.T
    squares *= -2
    squares += (one * one).sum(axis=1)[:, None]
    squares += np.einsum("ij,ij->i", other, other)
    return squares
