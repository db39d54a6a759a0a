"""Makes the segmenter that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.errors import ConfigError
from edge.recognition.bundle import find_bundle, read_bundle
from edge.recognition.segmenting.boundary import BoundarySegmenter
from edge.recognition.segmenting.hysteresis import HysteresisSegmenter
from edge.recognition.segmenting.sliding import SlidingSegmenter

if TYPE_CHECKING:
    from edge.config.settings import SegmenterSettings
    from edge.recognition.classifying.classifier import Classifier
    from edge.recognition.segmenting.segmenter import Segmenter


def make_segmenter(settings: SegmenterSettings, classifier: Classifier | None) -> Segmenter:
    """Make the segmenter that is wanted.

    Args:
        settings: Which, and when a sign starts and ends.
        classifier: By which the sliding one cuts; the others need none.

    Raises:
        BundleError: Its network is missing or unfit.
        ConfigError: It needs a classifier, and there is none.
        DependencyError: No TFLite runtime works here.
    """
    if settings.kind == "hysteresis":
        return HysteresisSegmenter(settings)
    if settings.kind == "sliding":
        if classifier is None:
            raise ConfigError("segmenter.kind = 'sliding': there is no model yet to cut by")
        return SlidingSegmenter(settings, classifier)
    bundle = read_bundle(find_bundle(settings.bundle, "segmenter.bundle"))
    return BoundarySegmenter(settings, bundle)
