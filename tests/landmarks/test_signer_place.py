"""Where the signer stands in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.landmarks.signer_place import SignerPlace
from edge.messages import Landmarks

if TYPE_CHECKING:
    from conftest import Signing


def place_of(signer: SignerPlace) -> str:
    """Ask anew; mypy would remember the last answer."""
    return signer.place


def at(time: float, x: float | None) -> Landmarks:
    """Show shoulders 0.2 wide about x, or nobody."""
    points = np.full((75, 3), np.nan, dtype=np.float32)
    if x is not None:
        points[11], points[12] = (x + 0.1, 0.4, 0), (x - 0.1, 0.4, 0)
    return Landmarks(time, points)


@pytest.mark.parametrize(("x", "place"), [(0.2, "left"), (0.5, "centre"), (0.8, "right")])
def test_somebody_who_comes_is_followed_at_once(x: float, place: str) -> None:
    signer = SignerPlace()
    assert place_of(signer) == "nobody"
    signer.push(at(0.0, x))
    assert place_of(signer) == place


def test_a_lost_frame_is_nobody_gone() -> None:
    signer = SignerPlace()
    for time, x in ((0.0, 0.5), (0.1, None), (0.9, None), (1.0, 0.5)):
        signer.push(at(time, x))
        assert place_of(signer) == "centre"


def test_somebody_who_leaves_is_said_to_be_gone_after_a_second() -> None:
    signer = SignerPlace()
    for time in (0.0, 0.5):
        signer.push(at(time, 0.5))
    signer.push(at(1.0, None))
    assert place_of(signer) == "centre"
    signer.push(at(2.0, None))
    assert place_of(signer) == "nobody"


def test_walking_over_is_told_once_settled() -> None:
    signer = SignerPlace()
    signer.push(at(0.0, 0.2))
    signer.push(at(0.2, 0.5))
    assert place_of(signer) == "left"
    signer.push(at(1.2, 0.5))
    assert place_of(signer) == "centre"


def test_reset_forgets(signing: Signing) -> None:
    signer = SignerPlace()
    signer.push(next(iter(signing.landmarks())))
    assert place_of(signer) != "nobody"
    signer.reset()
    assert place_of(signer) == "nobody"
