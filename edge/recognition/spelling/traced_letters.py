"""J and Z: what a finger draws between two holds.

Measured on letters-signed (docs/results/experiments.md): a J sinks by two hand sizes and hooks
round, a Z goes across, back and across again, each stroke a hand size or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import LETTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.recognition.spelling.hand_view import HandView

LIKE: Final = {"J": "IJY", "Z": "ZDXGLQPT"}
"""What the network takes a hand for while it traces."""
_MEMBERS: Final = {
    traced: np.array([LETTERS.index(letter) for letter in like]) for traced, like in LIKE.items()
}
_LIKELY: Final = 0.5
"""Probability of those together."""
_SHARE: Final = 0.35
"""Of the looks at a tracing hand that must say one of those; a J turns edge-on meanwhile."""
_SHORTEST: Final = 0.2
"""Seconds that tracing takes at least."""
_DROP: Final = 0.7
"""Hand sizes that the little finger sinks in a J."""
_HOOK: Final = 0.35
"""Hand sizes that it then goes aside or up."""
_STROKE: Final = 0.5
"""Hand sizes of each stroke of a Z, sideways."""
_STROKES: Final = 3


def read_trace(views: Sequence[HandView]) -> str:
    """Read what was drawn: J, Z, ZZ or nothing."""
    if _has_hook([view.pinky_tip for view in _while_like(views, "J")]):
        return "J"
    strokes = _count_strokes([float(view.index_tip[0]) for view in _while_like(views, "Z")])
    # A second Z begins where the first did: the hand goes back between them.
    return "Z" * ((strokes + 1) // (_STROKES + 1))


def is_like(letters: NDArray[np.float32], traced: str) -> bool:
    """Whether (26,) probabilities are those of a hand that traces this letter."""
    return bool(letters[_MEMBERS[traced]].sum() >= _LIKELY)


def _while_like(views: Sequence[HandView], traced: str) -> Sequence[HandView]:
    """Views from the first to the last that may be of a hand that traces; none if too few."""
    looks = [
        (place, is_like(view.letters, traced))
        for place, view in enumerate(views)
        if view.is_looked_at
    ]
    places = [place for place, is_one in looks if is_one]
    if not places:
        return ()
    between = [is_one for place, is_one in looks if places[0] <= place <= places[-1]]
    kept = views[places[0] : places[-1] + 1]
    if np.mean(between) < _SHARE or kept[-1].time - kept[0].time < _SHORTEST:
        return ()
    return kept


def _has_hook(tips: Sequence[NDArray[np.float32]]) -> bool:
    """Whether a path sinks and then goes round."""
    if not tips:
        return False
    path = np.stack(tips)  # (T, 2)
    low = int(path[:, 1].argmax())
    drop = path[low, 1] - path[: low + 1, 1].min()
    after = np.abs(path[low:] - path[low]).max()
    return bool(drop >= _DROP and after >= _HOOK)


def _count_strokes(across: Sequence[float]) -> int:
    """Count the sweeps to and fro that are long enough."""
    strokes, direction = 0, 0
    turn = across[0] if across else 0.0
    for x in across:
        if direction * (x - turn) > 0:
            turn = x  # still going the same way
        elif abs(x - turn) >= _STROKE:
            direction = 1 if x > turn else -1
            turn = x
            strokes += 1
    return strokes
