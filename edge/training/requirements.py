"""Checks that the packages of training are installed, and quiets TensorFlow."""

from __future__ import annotations

import os

from edge.system.optional_packages import need


def need_training() -> None:
    """Refuse to go on without TensorFlow, and without what draws the curves of a run.

    Raises:
        DependencyError: Naming what is missing.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # CUDA that is not there is no news
    need("tensorflow", "matplotlib", purpose="training")
