"""MediaPipe's networks: found in the installed wheel, trimmed to what is asked of them, run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from edge.errors import DependencyError
from edge.landmarks.tracking.trimming import trim
from edge.tflite import make_interpreter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.landmarks.tracking.region import Region

Name = Literal["person", "body", "palm", "recrop", "hand_full", "hand_lite"]

_FILES: Final[dict[Name, str]] = {
    "person": "pose_detection/pose_detection.tflite",
    "body": "pose_landmark/pose_landmark_full.tflite",
    "palm": "palm_detection/palm_detection_lite.tflite",
    "recrop": "holistic_landmark/hand_recrop.tflite",
    "hand_full": "hand_landmark/hand_landmark_full.tflite",
    "hand_lite": "hand_landmark/hand_landmark_lite.tflite",
}
_OUTPUTS: Final[dict[Name, tuple[int, ...]]] = {
    "person": (0, 1),  # boxes, scores
    "body": (0, 1, 3),  # landmarks, presence, heat maps; not the body's outline
    "palm": (0, 1),  # boxes, scores
    "recrop": (0,),  # centre and top of a hand
    "hand_full": (0, 1),  # landmarks, presence; not the handedness, nor metres
    "hand_lite": (0, 1),
}
"""Which outputs are used; what makes the others is left out."""


class Network:
    """One network with one picture for its input, run by one thread."""

    def __init__(self, name: Name) -> None:
        """Load it.

        Raises:
            DependencyError: MediaPipe's wheel or its model file is missing, or no runtime works.
        """
        self._interpreter = load_interpreter(name)
        (detail,) = self._interpreter.get_input_details()
        self._input = int(detail["index"])
        self.size = int(detail["shape"][1])
        """Height and width of its input, pixels."""
        self._picture = np.empty((self.size, self.size, 3), dtype=np.uint8)
        details = self._interpreter.get_output_details()
        self._outputs = [int(one["index"]) for one in details]

    def look(
        self, image: NDArray[np.uint8], region: Region, border: int, low: float = 0.0
    ) -> list[NDArray[np.float32]]:
        """Run it on a region of an RGB image (H, W, 3); see Region.cut for the border."""
        region.cut(image, self._picture, border)
        return self.run(self._picture, low)

    def run(self, picture: NDArray[np.uint8], low: float = 0.0) -> list[NDArray[np.float32]]:
        """Run it.

        Args:
            picture: (size, size, 3) RGB.
            low: What 0 is for the network; 255 is 1.

        Returns:
            The outputs kept, without the batch.
        """
        view = self._interpreter.tensor(self._input)()
        np.multiply(picture, np.float32((1.0 - low) / 255), out=view[0], dtype=np.float32)
        if low:
            view += np.float32(low)
        del view  # the interpreter does not run while its memory is lent
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def load_interpreter(name: Name) -> Any:  # noqa: ANN401 - the packages ship no types
    """Load a network, trimmed to the outputs that are used.

    Raises:
        DependencyError: MediaPipe's wheel or its model file is missing, or no runtime works.
    """
    return make_interpreter(trim(find_model(name).read_bytes(), _OUTPUTS[name]))


def find_model(name: Name) -> Path:
    """Find a model file in MediaPipe's wheel, without importing it.

    Raises:
        DependencyError: It is not there.
    """
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError("mediapipe is not installed; scripts/setup installs it")
    path = Path(next(iter(spec.submodule_search_locations)), "modules", _FILES[name])
    if not path.is_file():
        raise DependencyError(f"mediapipe: {path} is missing; install mediapipe 0.10.18")
    return path
