"""Declares metrics, and keeps a list of them for docs/metrics.md."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.telemetry.metrics.hot import HotCounters, HotHistogram

PREFIX = "ringline_"

# The time at which each series began is of no use, and would be a third of a scrape.
disable_created_metrics()  # type: ignore[no-untyped-call]  # not typed there


@dataclass(frozen=True, slots=True)
class Family:
    """A row of docs/metrics.md."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class _Collected(Collector):
    """A collector that is one function."""

    read: Callable[[], Metric]

    def collect(self) -> Iterator[Metric]:
        yield self.read()


@dataclass(slots=True)
class Families:
    """Makes metrics in one registry, and lists them in `made`."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    made: list[Family] = field(default_factory=list)

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; the exposition adds `_total` to its name."""
        self._note(f"{name}_total", "counter", meaning, labels)
        return Counter(PREFIX + name, meaning, labels, registry=self.registry)

    def gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        """A value that goes up and down."""
        self._note(name, "gauge", meaning, labels)
        return Gauge(PREFIX + name, meaning, labels, registry=self.registry)

    def watched(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A gauge whose value is read at each scrape."""
        self.gauge(name, meaning).set_function(value)

    def counted(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A counter that is kept elsewhere and read at each scrape."""
        self._note(f"{name}_total", "counter", meaning, ())
        self._collect(lambda: CounterMetricFamily(PREFIX + name, meaning, value=value()))

    def histogram(
        self, name: str, meaning: str, buckets: Sequence[float], labels: Sequence[str] = ()
    ) -> Histogram:
        """A distribution; `buckets` are upper edges in the metric's unit."""
        self._note(name, "histogram", meaning, labels)
        return Histogram(PREFIX + name, meaning, labels, buckets=buckets, registry=self.registry)

    def hot_histogram(
        self,
        name: str,
        meaning: str,
        buckets: Sequence[float],
        labels: Sequence[str],
        values: Iterable[tuple[str, ...]],
    ) -> dict[tuple[str, ...], HotHistogram]:
        """A distribution for each set of label values, cheap enough for every relay."""
        self._note(name, "histogram", meaning, labels)
        children = {each: HotHistogram(buckets) for each in values}

        def collected() -> Metric:
            family = HistogramMetricFamily(PREFIX + name, meaning, labels=labels)
            for each, child in children.items():
                family.add_metric(each, child.cumulative(), child.total)
            return family

        self._collect(collected)
        return children

    def hot_counters(self, name: str, meaning: str, labels: Sequence[str]) -> HotCounters:
        """A counter for each set of label values, cheap enough for every relay."""
        self._note(f"{name}_total", "counter", meaning, labels)
        counters = HotCounters()

        def collected() -> Metric:
            family = CounterMetricFamily(PREFIX + name, meaning, labels=labels)
            for values, child in counters.children.copy().items():
                family.add_metric(values, child.value)
            return family

        self._collect(collected)
        return counters

    def _collect(self, collected: Callable[[], Metric]) -> None:
        self.registry.register(_Collected(collected))

    def _note(self, name: str, kind: str, meaning: str, labels: Sequence[str]) -> None:
        self.made.append(Family(PREFIX + name, kind, tuple(labels), meaning))
