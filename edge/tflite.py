"""The TFLite interpreter, from whichever package has it, with int8 at its edges."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import logging
import threading
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import BundleError, DependencyError
from edge.system.native_log import native_log_silenced

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_PACKAGES: Final = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""In order of preference: one project, renamed; the older package is half as fast."""
_OUTPUTS_MAX: Final = 2
_has_spoken = threading.Event()
"""Set once the runtime has loaded a network in this process."""


class Network:
    """An int8 network with one input; logits come out, and perhaps an embedding."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load a network.

        Raises:
            DependencyError: No runtime is installed, or none works.
            BundleError: The runtime refuses the file.
        """
        try:
            self._interpreter = _open(model_path=str(path), num_threads=threads)
        except (ValueError, RuntimeError) as error:
            message = f"{path}: the runtime refuses this network ({_first_line(error)})"
            raise BundleError(message) from None
        (self._input,) = self._interpreter.get_input_details()
        # The converter orders outputs by our names for them: embedding, logits.
        outputs = sorted(self._interpreter.get_output_details(), key=lambda one: str(one["name"]))
        if len(outputs) > _OUTPUTS_MAX:
            raise BundleError(f"{path}: {len(outputs)} outputs; at most logits and an embedding")
        self._output = outputs[-1]
        self._embedding = outputs[0] if len(outputs) > 1 else None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input, with the batch of 1."""
        return tuple(int(n) for n in self._input["shape"])

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the logits, with the batch of 1."""
        return tuple(int(n) for n in self._output["shape"])

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Feed one example, without the batch; floats in, logits out."""
        return self.run_with_embedding(values)[0]

    def run_with_embedding(
        self, values: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Feed one example, without the batch; logits (K,) and embedding (E,).

        A network without an embedding gives its logits for one.
        """
        self._interpreter.reset_all_variables()  # a fused LSTM would go on from the last example
        self._interpreter.set_tensor(self._input["index"], quantize(values, self._input)[None])
        self._interpreter.invoke()
        logits = self._read(self._output)
        return logits, logits if self._embedding is None else self._read(self._embedding)

    def _read(self, detail: dict[str, Any]) -> NDArray[np.float32]:
        return dequantize(self._interpreter.get_tensor(detail["index"])[0], detail)


def quantize(values: NDArray[np.float32], detail: dict[str, Any]) -> NDArray[Any]:
    """Round to the tensor's integers, saturating; floats pass where it takes floats."""
    kind = np.dtype(detail["dtype"])
    if kind.kind == "f":
        return values.astype(kind)
    scale, zero = detail["quantization"]
    limits = np.iinfo(kind)
    integers: NDArray[Any] = np.clip(np.round(values / scale) + zero, limits.min, limits.max)
    return integers.astype(kind)


def dequantize(raw: NDArray[Any], detail: dict[str, Any]) -> NDArray[np.float32]:
    """The inverse of quantize."""
    if np.dtype(detail["dtype"]).kind == "f":
        return raw.astype(np.float32)
    scale, zero = detail["quantization"]
    values: NDArray[np.float32] = ((raw.astype(np.float32)) - zero) * np.float32(scale)
    return values


def runtime_version() -> str:
    """Name the runtime that is used, and its version.

    Raises:
        DependencyError: No runtime is installed, or none works.
    """
    name = _find_interpreter(_PACKAGES).__module__.partition(".")[0].replace("_", "-")
    return f"{name} {metadata.version(name)}"


def make_interpreter(model: bytes) -> Any:  # noqa: ANN401 - no types
    """Make an interpreter of a model in memory for one thread, its tensors allocated.

    Args:
        model: A TFLite file that takes a picture.

    Raises:
        DependencyError: No runtime is installed, none works, or it refuses the model.
    """
    try:
        return _open(model_content=model, num_threads=1)
    except (ValueError, RuntimeError) as error:
        message = f"the runtime refuses a network of mediapipe ({_first_line(error)})"
        raise DependencyError(message) from None


def _open(**options: Any) -> Any:  # noqa: ANN401 - the packages ship no types
    interpreter_class = _find_interpreter(_PACKAGES)
    try:
        # It says once that it uses XNNPACK; later on silence would swallow other threads' log.
        with contextlib.nullcontext() if _has_spoken.is_set() else native_log_silenced():
            interpreter = interpreter_class(**options)
            interpreter.allocate_tensors()
        _has_spoken.set()
    except (AttributeError, SystemError) as error:
        if not interpreter_class.__module__.startswith("tflite_runtime"):
            raise
        raise DependencyError(
            f"tflite_runtime does not work with numpy {np.__version__}; install numpy below 2"
        ) from error
    return interpreter


@functools.cache
def _find_interpreter(packages: tuple[str, ...]) -> Any:  # noqa: ANN401 - the packages ship no types
    faults = []
    for name in packages:
        package = name.partition(".")[0]
        if importlib.util.find_spec(package) is None:
            continue
        try:
            interpreter_class = importlib.import_module(name).Interpreter
        except (ImportError, OSError) as error:  # a wheel for another system, or cut short
            faults.append(f"{package} cannot be imported ({_first_line(error)})")
            continue
        if faults:
            logger.warning("%s; %s runs the models instead", faults[0], package)
        return interpreter_class
    raise DependencyError(
        "; ".join(faults)
        or "neither ai-edge-litert nor tflite-runtime is installed; "
        "scripts/setup installs ai-edge-litert"
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
