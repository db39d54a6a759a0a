"""Integers at the edges of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import features, runtime
from edge.errors import BundleError, DependencyError
from edge.runtime import Network, dequantize, quantize

if TYPE_CHECKING:
    from pathlib import Path

    from edge.bundle import Bundle

kinds = st.sampled_from(["int8", "uint8", "int16"])
scales = st.floats(1e-3, 1.0)


@st.composite
def details(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a quantised tensor's description."""
    kind = draw(kinds)
    limits = np.iinfo(kind)
    zero = draw(st.integers(int(limits.min), int(limits.max)))
    return {"dtype": np.dtype(kind), "quantization": (draw(scales), zero)}


def span(detail: dict[str, Any]) -> tuple[float, float]:
    """Return the least and the greatest value that a tensor can hold."""
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return (int(limits.min) - zero) * scale, (int(limits.max) - zero) * scale


@given(detail=details(), shares=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_inside_the_range_it_is_within_half_a_step(
    detail: dict[str, Any], shares: list[float]
) -> None:
    low, high = span(detail)
    values = (low + np.array(shares) * (high - low)).astype(np.float32)
    back = dequantize(quantize(values, detail), detail)
    rounding = 1e-6 * max(abs(low), abs(high))
    assert np.abs(back - values).max() <= detail["quantization"][0] * 0.5 + rounding


@given(detail=details(), beyond=st.floats(0, 1e6))
def test_outside_the_range_it_saturates(detail: dict[str, Any], beyond: float) -> None:
    low, high = span(detail)
    limits = np.iinfo(detail["dtype"])
    integers = quantize(np.array([low - beyond, high + beyond], dtype=np.float32), detail)
    assert integers.dtype == detail["dtype"]
    assert integers.tolist() == [limits.min, limits.max]


@given(detail=details(), data=st.data())
def test_every_integer_comes_back(detail: dict[str, Any], data: st.DataObject) -> None:
    limits = np.iinfo(detail["dtype"])
    value = data.draw(st.integers(int(limits.min), int(limits.max)))
    raw = np.array([value], dtype=detail["dtype"])
    assert quantize(dequantize(raw, detail), detail).tolist() == [value]


def test_floats_pass_where_the_tensor_takes_floats() -> None:
    detail = {"dtype": np.float32, "quantization": (0.0, 0)}
    values = np.array([-1e9, 0.1, 3.0], dtype=np.float32)
    np.testing.assert_array_equal(dequantize(quantize(values, detail), detail), values)


def test_shipped_network_takes_all_features_without_saturating(bundle: Bundle) -> None:
    low, high = span(Network(bundle.model_path)._input)
    assert low <= -0.98 * features.LIMIT
    assert high >= 0.98 * features.LIMIT


def test_shipped_network_answers_alike_twice(bundle: Bundle) -> None:
    network = Network(bundle.model_path)
    random = np.random.default_rng(0)
    inputs = [random.normal(0, 1, network.input_shape[1:]).astype(np.float32) for _ in range(2)]
    first, second, again = (network.run(inputs[i]) for i in (0, 1, 0))
    assert first.shape == network.output_shape[1:]
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()


def test_what_is_no_network_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_text("no network")
    with pytest.raises(BundleError, match=r"model\.tflite: the runtime refuses") as caught:
        Network(path)
    assert "\n" not in str(caught.value)


def test_missing_runtime_is_named(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> None:
    monkeypatch.setattr(runtime, "_PACKAGES", ("no_such_package",))
    with pytest.raises(DependencyError, match="neither tflite-runtime nor ai-edge-litert"):
        Network(bundle.model_path)
