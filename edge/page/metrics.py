"""Makes figures for Prometheus when they are asked for, never with a word in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from edge.page.context import PageContext

_GAUGES: Final = {
    "uptime": ("uptime_seconds", "Since the program has started.", 1.0),
    "fps": ("landmarks_per_second", "Frames searched for landmarks.", 1.0),
    "max_fps": ("landmarks_per_second_max", "As many as the board can afford.", 1.0),
    "latency_ms": ("latency_seconds", "From the end of the last sign to its word.", 1e-3),
    "cpu_percent": ("cpu_cores", "Cores that the process takes.", 1e-2),
    "temperature": ("temperature_celsius", "Hottest part of the processor.", 1.0),
    "rss_mb": ("resident_memory_bytes", "Memory that the process has.", 2.0**20),
    "rss_peak_mb": ("resident_memory_peak_bytes", "Most memory that it had.", 2.0**20),
}
"""Name in ``stats`` -> name, what it is, and what to multiply it by."""
_DROPPED: Final = ("frames", "messages", "words")


class _Figures(Collector):
    def __init__(self, page: PageContext) -> None:
        self._page = page

    def collect(self) -> Iterator[Metric]:
        """Yield every figure of this moment."""
        figures: dict[str, Any] = self._page.figures()
        model = self._page.bundle.manifest.name
        facts = {"version": self._page.version, "device": self._page.device_name, "model": model}
        yield InfoMetricFamily("sign_edge", "The program, the device and its model.", facts)
        for key, (name, text, unit) in _GAUGES.items():
            if figures.get(key) is not None:
                yield GaugeMetricFamily(f"sign_edge_{name}", text, unit * figures[key])
        stages = _labelled(GaugeMetricFamily, "stage_seconds", "Mean time of a stage.", "stage")
        for stage, ms in figures["stage_ms"].items():
            stages.add_metric([stage], ms / 1000)
        yield stages
        events = _labelled(CounterMetricFamily, "events", "What happened to frames, signs.", "kind")
        for kind, count in figures["counts"].items():
            events.add_metric([kind], count)
        yield events
        dropped = _labelled(CounterMetricFamily, "dropped", "What was given up.", "what")
        for what in _DROPPED:
            dropped.add_metric([what], figures[f"dropped_{what}"])
        yield dropped
        yield from self._conditions()

    def _conditions(self) -> Iterator[Metric]:
        problems = _labelled(GaugeMetricFamily, "problem", "1 for what is wrong now.", "area")
        for area in self._page.hub.problems:
            problems.add_metric([area], 1)
        yield problems
        hung = _labelled(GaugeMetricFamily, "hung", "1 for a thread without headway.", "thread")
        for thread in self._page.hung():
            hung.add_metric([thread], 1)
        yield hung
        watchers = len(self._page.hub.watchers)
        yield GaugeMetricFamily("sign_edge_page_watchers", "Who watch the page live.", watchers)


def registry_of(page: PageContext) -> CollectorRegistry:
    """Make a registry with our figures alone."""
    registry = CollectorRegistry()
    registry.register(_Figures(page))
    return registry


def _labelled(family: Any, name: str, text: str, label: str) -> Any:  # noqa: ANN401 - two classes without a common one
    return family(f"sign_edge_{name}", text, labels=[label])
