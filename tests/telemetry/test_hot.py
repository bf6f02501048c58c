"""The cheap counters say what prometheus-client's own would have said."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from service.telemetry.metrics.events import RELAY_BUCKETS
from service.telemetry.metrics.hot import HotCounters, HotHistogram

seconds = st.floats(0, 2) | st.sampled_from(RELAY_BUCKETS)
edges = st.lists(st.floats(0.001, 100), min_size=1, max_size=8, unique=True).map(sorted)
scopes = st.sampled_from(["local", "remote"])
labels = st.tuples(
    st.sampled_from(["call:offer", "other", 'a"b\\c\n']), st.sampled_from(["ok", "x"])
)


def exposed(registry: CollectorRegistry) -> tuple[list[str], list[str]]:
    """What Prometheus gets in either format, without when each child was made."""
    texts = generate_latest(registry).decode(), openmetrics(registry).decode()
    plain, open_ = [
        sorted(line for line in text.splitlines() if "_created" not in line) for text in texts
    ]
    return plain, open_


@given(edges, st.lists(st.tuples(scopes, seconds)))
def test_a_histogram(edges: list[float], observations: list[tuple[str, float]]):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    hot = HotHistogram.family(ours, "r_seconds", "How long.", edges, "scope", ["local", "remote"])
    cold = Histogram("r_seconds", "How long.", ["scope"], buckets=edges, registry=theirs)
    for scope in ("local", "remote"):
        cold.labels(scope)
    for scope, amount in observations:
        hot[scope].observe(amount)
        cold.labels(scope).observe(amount)
    assert exposed(ours) == exposed(theirs)


@given(st.lists(st.tuples(labels, st.integers(1, 10_000))))
def test_counters(observations: list[tuple[tuple[str, str], int]]):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    hot = HotCounters(ours, "e", "How often.", ["event", "result"])
    cold = Counter("e", "How often.", ["event", "result"], registry=theirs)
    hot.begin("call:offer", "ok")
    cold.labels("call:offer", "ok")
    for values, amount in observations:
        hot.add(values, amount)
        cold.labels(*values).inc(amount)
    assert exposed(ours) == exposed(theirs)


def test_to_begin_again_takes_nothing_back():
    hot = HotCounters(CollectorRegistry(), "e", "How often.", ["event"])
    hot.add(("a",), 3)
    hot.begin("a")
    assert hot.values == {("a",): 3}
