"""Points of the pose that are lost alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.landmarks.skeleton import INDEX, POINTS, POSE
from edge.recognition.features.segment import FRAMES, NAMES, extract, resample

if TYPE_CHECKING:
    from conftest import Signing

COLUMN = {name: index for index, name in enumerate(NAMES)}


def test_one_missing_point_of_the_pose_takes_no_other_one_along(signing: Signing) -> None:
    times, points = signing.arrays()
    ear = INDEX["left_ear"]
    others = [place for place in range(POINTS) if place != ear]
    whole, _ = resample(times, points)
    points[:, ear] = np.nan
    sampled, _ = resample(times, points)
    np.testing.assert_array_equal(sampled[:, others], whole[:, others])
    assert np.isnan(sampled[:, ear]).all()
    found = extract(times, points)
    assert not found[:, COLUMN["left_ear.x"]].any()
    assert (found[:, COLUMN["left_shoulder.x"]] > 0.4).all()
    assert found[:, COLUMN["right_hand.seen"]].any()


def test_points_that_come_and_go_apart_are_filled_each_by_its_own_sightings(
    signing: Signing,
) -> None:
    whole = signing.but(signs=((-1.0, 9.0),), waves=0.5, fps=25.0, length=2.0)
    times, points = whole.arrays()
    expected, _ = resample(times, points)
    wrist, elbow = INDEX["right_wrist"], INDEX["right_elbow"]
    points[10:14, wrist] = np.nan
    points[12:20, elbow] = np.nan
    sampled, _ = resample(times, points)
    at = np.linspace(times[0], times[-1], FRAMES)
    assert np.isfinite(sampled[:, wrist]).all()
    np.testing.assert_allclose(sampled[:, wrist], expected[:, wrist], atol=0.02)
    is_lost = (at > times[11] + 0.02) & (at < times[20] - 0.02)
    np.testing.assert_array_equal(np.isnan(sampled[:, elbow, 0]), is_lost)
    rest = np.setdiff1d(np.arange(POSE.stop), [wrist, elbow])
    np.testing.assert_array_equal(sampled[:, rest], expected[:, rest])
