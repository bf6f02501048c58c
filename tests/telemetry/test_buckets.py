"""The edges of the distributions, as the design has them."""

from collections.abc import Sequence

import pytest

from service.telemetry.metrics.calls import DURATION_BUCKETS, RING_BUCKETS, SETUP_BUCKETS
from service.telemetry.metrics.events import EVENT_BUCKETS, RELAY_BUCKETS
from service.telemetry.metrics.pressure import STORE_BUCKETS


@pytest.mark.parametrize(
    ("edges", "first", "last"),
    [
        (RELAY_BUCKETS, 0.000_01, 1),
        (RING_BUCKETS, 1, 120),
        (SETUP_BUCKETS, 0.1, 60),
        (DURATION_BUCKETS, 1, 4 * 3600),
    ],
)
def test_they_reach_from_here_to_there(edges: Sequence[float], first: float, last: float):
    assert (edges[0], edges[-1]) == (first, last)
    assert list(edges) == sorted(set(edges))


@pytest.mark.parametrize("edges", [RELAY_BUCKETS, EVENT_BUCKETS, STORE_BUCKETS])
def test_what_should_be_quick_has_an_edge_at_250_ms(edges: Sequence[float]):
    assert 0.25 in edges
