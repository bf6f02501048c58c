"""The stand-ins for other exporters speak as the real ones do."""

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from service.cli.probe.canary import Metrics
from tests.observability import exporters
from tests.support.prometheus import promtool

pytestmark = pytest.mark.e2e


def families(text: str) -> dict[str, str]:
    """The type of each family, by name."""
    return {family.name: family.type for family in text_string_to_metric_families(text)}


def test_the_canary_exports_what_the_probe_exports():
    real = families(generate_latest(Metrics().registry).decode())
    shown = families(exporters.exposition(exporters.CANARY, seconds=10))
    created = {name: kind for name, kind in real.items() if not name.endswith("_created")}
    assert shown == created


def test_the_canarys_edge_at_250_ms_is_the_probes():
    edge = 'ringline_probe_seconds_bucket{le="0.25",step="relay"}'
    assert edge in generate_latest(Metrics().registry).decode()


def test_coturns_counters_have_no_suffix_and_its_traffic_moves_when_sessions_end():
    text = exporters.exposition(exporters.COTURN, seconds=44)
    assert "# TYPE turn_total_traffic_rcvb counter" in text
    assert "turn_total_traffic_rcvb 0\n" in text
    assert "turn_total_traffic_rcvb 8.1e+06\n" in exporters.exposition(exporters.COTURN, seconds=46)
    assert 'turn_total_allocations{type="TLS/TCP"}' in text
    assert "user=" not in text


def test_what_they_expose_can_be_read():
    for metrics in (exporters.COTURN, exporters.CANARY, exporters.BLACKBOX):
        text = exporters.exposition(metrics, seconds=30)
        assert len(families(text)) == len(metrics)
        names = {line.split("{")[0].split()[0] for line in text.splitlines() if line[0] != "#"}
        assert all(any(name.startswith(family) for family in metrics) for name in names)


def test_promtool_finds_no_fault_in_what_the_canary_exports():
    promtool("check", "metrics", stdin=generate_latest(Metrics().registry))
