"""The cheap counters say what prometheus-client's own would have said."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from service.telemetry.metrics import Metrics
from service.telemetry.metrics.events import RELAY_BUCKETS
from service.telemetry.metrics.families import Families
from service.telemetry.metrics.hot import HotCounters

seconds = st.floats(0, 2) | st.sampled_from(RELAY_BUCKETS)
edges = st.lists(st.floats(0.001, 100), min_size=1, max_size=8, unique=True).map(sorted)
scopes = st.sampled_from(["local", "remote"])
labels = st.tuples(
    st.sampled_from(["call:offer", "other", 'a"b\\c\n']), st.sampled_from(["ok", "x"])
)


def exposed(registry: CollectorRegistry) -> tuple[list[str], list[str]]:
    """What Prometheus gets in either format."""
    texts = generate_latest(registry).decode(), openmetrics(registry).decode()
    plain, open_ = [sorted(text.splitlines()) for text in texts]
    return plain, open_


@given(edges, st.lists(st.tuples(scopes, seconds)))
def test_a_histogram(edges: list[float], observations: list[tuple[str, float]]):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    hot = Families(ours).hot_histogram(
        "r_seconds", "How long.", edges, ["scope"], [("local",), ("remote",)]
    )
    cold = Histogram("ringline_r_seconds", "How long.", ["scope"], buckets=edges, registry=theirs)
    for scope in ("local", "remote"):
        cold.labels(scope)
    for scope, amount in observations:
        hot[scope,].observe(amount)
        cold.labels(scope).observe(amount)
    assert exposed(ours) == exposed(theirs)


@given(st.lists(st.tuples(labels, st.integers(1, 10_000))))
def test_counters(observations: list[tuple[tuple[str, str], int]]):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    hot = Families(ours).hot_counters("e", "How often.", ["event", "result"])
    cold = Counter("ringline_e", "How often.", ["event", "result"], registry=theirs)
    hot.begin("call:offer", "ok")
    cold.labels("call:offer", "ok")
    for values, amount in observations:
        hot.begin(*values).value += amount
        cold.labels(*values).inc(amount)
    assert exposed(ours) == exposed(theirs)


def test_a_relay_is_counted_in_all_three():
    metrics = Metrics("0")
    for _ in range(3):
        metrics.events.relayed("ice:candidate", 100, 0.0001)
    sample = metrics.families.registry.get_sample_value
    answered = {"event": "ice:candidate", "result": "ok"}
    assert sample("ringline_events_total", answered) == 3
    assert sample("ringline_relayed_bytes_total", {"event": "ice:candidate"}) == 300
    assert sample("ringline_relay_seconds_count", {}) == 3


def test_no_series_says_when_it_was_made():
    assert b"_created" not in openmetrics(Metrics("0").families.registry)


def test_to_begin_again_takes_nothing_back():
    hot = HotCounters()
    hot.begin("a").value += 3
    assert hot.begin("a").value == 3


def test_a_scrape_in_another_thread_reads_while_label_values_are_added():
    registry = CollectorRegistry()
    counters = Families(registry).hot_counters("events", "How many.", ["event"])
    counters.begin("first").value = 1

    def scrapes() -> set[bool]:
        return {'event="first"} 1.0' in generate_latest(registry).decode() for _ in range(30)}

    with ThreadPoolExecutor(1) as thread:
        scraping = thread.submit(scrapes)
        for number in range(3_000):
            counters.begin(str(number)).value += 1
        assert scraping.result() == {True}
