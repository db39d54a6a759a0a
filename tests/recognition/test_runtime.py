"""Integers at the edges of the network, and which package runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import tflite as runtime
from edge.errors import BundleError, DependencyError
from edge.landmarks.archive import read_clips
from edge.recognition.features import segment as features
from edge.tflite import Network, dequantize, quantize

if TYPE_CHECKING:
    from pathlib import Path

    from edge.recognition.bundle import Bundle

OLD_RUNTIME = "tflite_runtime.interpreter"
STEPS = 8
"""Steps of the int8 logits that two runtimes may differ by; five at most were seen."""

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


def use(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Look for the interpreter in these modules only."""
    monkeypatch.setattr(runtime, "_PACKAGES", packages)


def make_package(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, interpreter: str) -> str:
    """Write a package of a runtime; the name of its module."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    (folder / name / "interpreter.py").write_text(interpreter, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return f"{name}.interpreter"


def test_litert_comes_before_the_older_package(bundle: Bundle) -> None:
    assert type(Network(bundle.model_path)._interpreter).__module__ == "ai_edge_litert.interpreter"
    older = [name for name in runtime._PACKAGES if name != "ai_edge_litert.interpreter"]
    assert older == [OLD_RUNTIME]


def test_shipped_network_says_nearly_the_same_by_both_runtimes(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    pytest.importorskip(OLD_RUNTIME, reason="tflite-runtime has no wheel for this Python")
    new = Network(bundle.model_path)
    use(monkeypatch, OLD_RUNTIME)
    old = Network(bundle.model_path)
    assert type(old._interpreter).__module__ == OLD_RUNTIME
    clips = read_clips(bundle.path / "prototypes.npz")
    inputs = [features.extract(clip.times, clip.points) for clip in clips]
    logits = np.array([[network.run(one) for network in (new, old)] for one in inputs])  # (C, 2, K)
    step = new._output["quantization"][0]
    apart = np.abs(logits[:, 0] - logits[:, 1]) / step
    assert apart.max() <= STEPS
    assert apart.mean() <= 2
    words = logits.argmax(axis=2)
    assert (words[:, 0] == words[:, 1]).mean() >= 0.98


def test_broken_runtime_leaves_its_place_to_the_next_and_says_so_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    bundle: Bundle,
) -> None:
    fault = "raise ImportError('GLIBC_2.99 not found\\nrequired by liblite.so')\n"
    broken = make_package(tmp_path, monkeypatch, "runtime_of_another_system", fault)
    use(monkeypatch, broken, *runtime._PACKAGES)
    random = np.random.default_rng(0)
    networks = [Network(bundle.model_path) for _ in range(2)]
    values = random.normal(0, 1, networks[0].input_shape[1:]).astype(np.float32)
    assert np.isfinite(networks[1].run(values)).all()
    assert caplog.messages == [
        "runtime_of_another_system cannot be imported (GLIBC_2.99 not found); "
        "ai_edge_litert runs the models instead"
    ]


@pytest.mark.parametrize("error", ["ImportError", "OSError"])
def test_broken_runtime_alone_is_a_fault_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle, error: str
) -> None:
    name = f"runtime_with_{error.lower()}"
    broken = make_package(tmp_path, monkeypatch, name, f"raise {error}('liblite.so is cut short')")
    use(monkeypatch, broken, "no_such_package.interpreter")
    reason = rf"^{name} cannot be imported \(liblite\.so is cut short\)$"
    with pytest.raises(DependencyError, match=reason):
        Network(bundle.model_path)


@pytest.mark.parametrize("error", ["AttributeError", "SystemError"])
def test_clash_of_the_older_runtime_with_numpy_2_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle, error: str
) -> None:
    # tflite-runtime 2.14 imports under numpy 2 and fails so when it makes an interpreter.
    text = f"""
class Interpreter:
    def __init__(self, **options: object) -> None:
        raise {error}("_ARRAY_API not found")
Interpreter.__module__ = "{OLD_RUNTIME}"
"""
    name = f"runtime_of_numpy_1_{error.lower()}"
    use(monkeypatch, make_package(tmp_path, monkeypatch, name, text))
    with pytest.raises(DependencyError, match=r"^tflite_runtime does not work with numpy \d"):
        Network(bundle.model_path)


def test_missing_runtime_is_named(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> None:
    use(monkeypatch, "no_such_package")
    with pytest.raises(DependencyError, match="neither ai-edge-litert nor tflite-runtime"):
        Network(bundle.model_path)
