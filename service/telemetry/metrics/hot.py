"""Counters and histograms for the hot path: plain numbers, which are read at each scrape.

prometheus-client takes a lock and walks the buckets at every observation, about a microsecond;
a whole relay takes ten. Only the event loop's thread writes. The admin port's thread reads without
a lock: it reads each number at once, and copies at once a table that may grow.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.utils import floatToGoString


class HotCounter:
    """A number that only grows: add to its `value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class HotCounters:
    """Numbers that only grow, one for each set of label values."""

    __slots__ = ("children",)

    def __init__(self) -> None:
        self.children: dict[tuple[str, ...], HotCounter] = {}

    def begin(self, *values: str) -> HotCounter:
        """The counter of these label values; a new one is 0."""
        child = self.children.get(values)
        if child is None:
            child = self.children[values] = HotCounter()
        return child


class HotHistogram:
    """A distribution in fixed buckets."""

    __slots__ = ("_edges", "counts", "total")

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = tuple(edges)
        self.counts = [0] * (len(edges) + 1)
        self.total = 0.0

    def observe(self, amount: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self._edges, amount)] += 1
        self.total += amount

    def cumulative(self) -> list[tuple[str, float]]:
        """The buckets as Prometheus has them: each counts all that is not above its edge."""
        edges = [*map(floatToGoString, self._edges), "+Inf"]
        return list(zip(edges, map(float, accumulate(self.counts)), strict=True))
