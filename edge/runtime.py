"""The TFLite interpreter, from whichever package has it, with int8 at its edges."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import BundleError, DependencyError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PACKAGES: Final = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
_OUTPUTS_MAX: Final = 2


class Network:
    """An int8 network with one input; logits come out, and perhaps an embedding."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load a network.

        Raises:
            DependencyError: Neither runtime is installed, or it clashes with NumPy 2.
            BundleError: The runtime refuses the file.
        """
        interpreter_class = _find_interpreter()
        try:
            self._interpreter = interpreter_class(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except AttributeError as error:
            raise DependencyError(
                f"tflite_runtime does not work with numpy {np.__version__}; install numpy below 2"
            ) from error
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BundleError(f"{path}: the runtime refuses this network ({reason})") from None
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
    def has_embedding(self) -> bool:
        """Whether it tells what its last layer is fed, beside the logits."""
        return self._embedding is not None

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


def _find_interpreter() -> Any:  # noqa: ANN401 - the packages ship no types
    for name in _PACKAGES:
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            return importlib.import_module(name).Interpreter
    raise DependencyError(
        "neither tflite-runtime nor ai-edge-litert is installed; scripts/setup installs one"
    )
