"""Mean trajectories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import mirror
from edge.training.examples import example_of
from edge.training.prototypes import mean_trajectory

if TYPE_CHECKING:
    from edge.recognition.bundle import Bundle


def test_mean_of_one_clip_and_its_mirror_image_is_that_clip(bundle: Bundle) -> None:
    clip = read_clips(bundle.path / "prototypes.npz")[0]
    example = example_of(clip, clip.label)
    flipped = mirror(example.clip.points) + np.array([1, 0, 0], dtype=np.float32)
    both = [example, replace(example, clip=replace(example.clip, signer="b", points=flipped))]
    alone, mean = mean_trajectory([example]), mean_trajectory(both)
    assert mean.label == example.label
    assert mean.points.shape == alone.points.shape
    seen = np.isfinite(alone.points) & np.isfinite(mean.points)
    assert seen.mean() > 0.5
    np.testing.assert_allclose(mean.points[seen], alone.points[seen], atol=1e-3)
