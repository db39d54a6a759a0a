"""MediaPipe's graphs, imported without what MediaPipe imports for drawing and audio.

The only module that imports MediaPipe. `import mediapipe` itself wants matplotlib, jax and
sounddevice; none of them is needed to run a graph. Checked with release 0.10.18.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import DependencyError
from edge.system.native_log import native_log_silenced

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

_HOLISTIC_WITHOUT_FACE: Final = """
input_stream: "image"
input_side_packet: "model_complexity"
input_side_packet: "smooth_landmarks"
input_side_packet: "enable_segmentation"
input_side_packet: "smooth_segmentation"
input_side_packet: "use_prev_landmarks"
output_stream: "pose_landmarks"
output_stream: "left_hand_landmarks"
output_stream: "right_hand_landmarks"
node {
  calculator: "PoseLandmarkCpu"
  input_stream: "IMAGE:image"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  input_side_packet: "SMOOTH_LANDMARKS:smooth_landmarks"
  input_side_packet: "ENABLE_SEGMENTATION:enable_segmentation"
  input_side_packet: "SMOOTH_SEGMENTATION:smooth_segmentation"
  input_side_packet: "USE_PREV_LANDMARKS:use_prev_landmarks"
  output_stream: "LANDMARKS:pose_landmarks"
}
node {
  calculator: "HandLandmarksLeftAndRightCpu"
  input_stream: "IMAGE:image"
  input_stream: "POSE_LANDMARKS:pose_landmarks"
  output_stream: "LEFT_HAND_LANDMARKS:left_hand_landmarks"
  output_stream: "RIGHT_HAND_LANDMARKS:right_hand_landmarks"
}
"""
_PEOPLE: Final = """
input_stream: "image"
output_stream: "detections"
node {
  calculator: "PoseDetectionCpu"
  input_stream: "IMAGE:image"
  output_stream: "DETECTIONS:detections"
}
"""
_HANDS: Final = """
input_stream: "image"
input_side_packet: "num_hands"
input_side_packet: "model_complexity"
input_side_packet: "use_prev_landmarks"
output_stream: "hands"
output_stream: "handedness"
node {
  calculator: "HandLandmarkTrackingCpu"
  input_stream: "IMAGE:image"
  input_side_packet: "NUM_HANDS:num_hands"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  input_side_packet: "USE_PREV_LANDMARKS:use_prev_landmarks"
  output_stream: "LANDMARKS:hands"
  output_stream: "HANDEDNESS:handedness"
}
"""
_DETECTION_THRESHOLD: Final = (
    "poselandmarkcpu__posedetectioncpu__TensorsToDetectionsCalculator.min_score_thresh"
)
_TRACKING_THRESHOLD: Final = (
    "poselandmarkcpu__poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation__"
    "ThresholdingCalculator.threshold"
)
_OPTION_FOLDERS: Final = ("calculators", "modules", "util", "gpu", "framework")


class HolisticGraph:
    """Pose and both hands of one person, tracked from frame to frame; no face mesh."""

    def __init__(self, *, min_detection: float, min_tracking: float) -> None:
        """Load the models; takes about half a second.

        Raises:
            DependencyError: MediaPipe is missing or of a release without these graphs.
        """
        self._graph = _build(
            _HOLISTIC_WITHOUT_FACE,
            side_inputs={
                "model_complexity": 1,
                "smooth_landmarks": True,
                "enable_segmentation": False,
                "smooth_segmentation": False,
                "use_prev_landmarks": True,
            },
            calculator_params={
                _DETECTION_THRESHOLD: min_detection,
                _TRACKING_THRESHOLD: min_tracking,
            },
            outputs=["pose_landmarks", "left_hand_landmarks", "right_hand_landmarks"],
        )

    def process(
        self, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Find pose (33, 3), left hand (21, 3) and right hand (21, 3) in an RGB image.

        Returns:
            x and z divided by image width, y by height; NaN where unseen.
        """
        found = self._graph.process(image)
        return (
            to_array(found.pose_landmarks, 33),
            to_array(found.left_hand_landmarks, 21),
            to_array(found.right_hand_landmarks, 21),
        )

    def reset(self) -> None:
        """Forget the person that is tracked."""
        self._graph.reset()

    def close(self) -> None:
        """Free the models."""
        self._graph.close()


class PeopleGraph:
    """All people in a picture, each picture on its own."""

    def __init__(self) -> None:
        """Load the model.

        Raises:
            DependencyError: MediaPipe is missing or of a release without this graph.
        """
        self._graph = _build(_PEOPLE, outputs=["detections"])

    def process(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find people in an RGB image.

        Returns:
            (P, 4) hip centre x, y and the point above the head x, y that spans the body's
            circle (BlazePose, arXiv 2006.10204, section 2.1), as shares of width and height.
        """
        found = self._graph.process(image).detections or []
        points = [
            [value for k in (0, 1) for value in _keypoint(detection, k)] for detection in found
        ]
        return np.array(points, dtype=np.float32).reshape(-1, 4)

    def close(self) -> None:
        """Free the model."""
        self._graph.close()


class HandsGraph:
    """The clearest hand in a picture, without a body; each picture on its own."""

    def __init__(self) -> None:
        """Load the models.

        Raises:
            DependencyError: MediaPipe is missing or of a release without this graph.
        """
        self._graph = _build(
            _HANDS,
            side_inputs={"num_hands": 1, "model_complexity": 1, "use_prev_landmarks": False},
            outputs=["hands", "handedness"],
        )

    def process(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], str] | None:
        """Find the hand in an RGB image.

        Returns:
            Its points (21, 3), x and z divided by image width, y by height, and ``Left`` or
            ``Right`` as of a mirror's picture (edge.landmarks.archive.Hand); None where there is no
            hand.
        """
        found = self._graph.process(image)
        if not found.hands:
            return None
        return to_array(found.hands[0], 21), str(found.handedness[0].classification[0].label)

    def close(self) -> None:
        """Free the models."""
        self._graph.close()


def _keypoint(detection: Any, index: int) -> tuple[float, float]:  # noqa: ANN401 - a protobuf
    point = detection.location_data.relative_keypoints[index]
    return point.x, point.y


def to_array(landmarks: Any, count: int) -> NDArray[np.float32]:  # noqa: ANN401 - a protobuf
    """Turn so many landmarks into (N, 3) x, y, z as they are; NaN where there are none."""
    if landmarks is None:
        return np.full((count, 3), np.nan, dtype=np.float32)
    return np.array([(p.x, p.y, p.z) for p in landmarks.landmark], dtype=np.float32)


def _build(text: str, **options: Any) -> Any:  # noqa: ANN401 - MediaPipe ships no types
    base = import_solution_base()
    with native_log_silenced():
        from google.protobuf import text_format
        from mediapipe.framework import calculator_pb2

        config = text_format.Parse(text, calculator_pb2.CalculatorGraphConfig())
        try:
            graph = base.SolutionBase(graph_config=config, **options)
            # The networks load with the first picture; better now than on the first sign.
            graph.process(np.zeros((64, 64, 3), dtype=np.uint8))
        except (RuntimeError, ValueError) as error:
            raise DependencyError(
                f"mediapipe: this release lacks the graph that is needed ({error}); "
                "install mediapipe 0.10.18"
            ) from error
        return graph


def import_solution_base() -> ModuleType:
    """Import mediapipe.python.solution_base with bare packages above it."""
    name = "mediapipe.python.solution_base"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError("mediapipe is not installed; scripts/setup installs it")
    root = Path(next(iter(spec.submodule_search_locations)))
    for package in ("mediapipe", "mediapipe.python"):
        add_bare_package(package, root.parent.joinpath(*package.split(".")))
    try:
        # Without these registered first, the subgraphs lose their options and fail.
        for folder in _OPTION_FOLDERS:
            for path in sorted((root / folder).rglob("*_pb2.py")):
                parts = path.relative_to(root.parent).with_suffix("").parts
                importlib.import_module(".".join(parts))
        return importlib.import_module(name)
    except ImportError as error:
        raise DependencyError(
            f"mediapipe: {error}; install mediapipe 0.10.18 and its protobuf (below 5)"
        ) from error


def add_bare_package(name: str, folder: Path) -> None:
    """Register a package by its folder alone: its members can be imported, itself it is not."""
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules[name] = importlib.util.module_from_spec(spec)
