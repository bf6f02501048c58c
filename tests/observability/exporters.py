"""Those who export beside the service, where the real ones cannot run here.

coturn's metrics have the names, types and labels of its version 4.17.1
(src/apps/relay/prom_server.c, read with `prometheus_username_labels` off); like there, a counter
is exposed from its first event on. Debian's build exports nothing, so a real one cannot be asked.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Values = Callable[[float], float]
"""A value, by the seconds since the start."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One metric family: its type, and its samples by their labels as written."""

    kind: str
    samples: Mapping[str, Values] = field(default_factory=dict)


def _rising(a_second: float) -> Values:
    return lambda seconds: seconds * a_second


def _counted(a_second: float) -> Exported:
    return Exported("counter", {"": _rising(a_second)})


def _in_bursts(a_second: float) -> Exported:
    """As coturn counts traffic: nothing, until a session ends."""
    return Exported("counter", {"": lambda seconds: seconds // 45 * 45 * a_second})


def _constant(value: float) -> Values:
    return lambda _seconds: value


COTURN: Mapping[str, Exported] = {
    "stun_binding_request": _counted(3),
    "stun_binding_response": _counted(3),
    "stun_binding_error": _counted(0.05),
    "turn_unauthenticated_401_requests": _counted(2),
    "turn_unauthenticated_401_responses": _counted(1.8),
    "turn_unauthenticated_401_dropped_responses": _counted(0.2),
    "turn_ratelimit_occupied_buckets": Exported("gauge", {"": _constant(40)}),
    "turn_ratelimit_total_buckets": Exported("gauge", {"": _constant(65536)}),
    "turn_total_traffic_rcvp": _in_bursts(900),
    "turn_total_traffic_rcvb": _in_bursts(180_000),
    "turn_total_traffic_sentb": _in_bursts(178_000),
    "turn_total_traffic_peer_rcvp": _in_bursts(890),
    "turn_total_traffic_peer_rcvb": _in_bursts(178_000),
    "turn_total_traffic_peer_sentb": _in_bursts(180_000),
    "turn_total_allocations": Exported(
        "gauge",
        {
            '{type="UDP"}': lambda seconds: 24 + seconds // 9 % 5,
            '{type="TCP"}': lambda seconds: 6 + seconds // 14 % 3,
            '{type="TLS/TCP"}': lambda seconds: 2 + seconds // 23 % 2,
        },
    ),
    "turn_packet_processed": _counted(1800),
    "turn_packet_dropped": _counted(4),
    "turn_udp_recvmmsg_calls": _counted(400),
    "turn_udp_recvmmsg_packets": _counted(1800),
    "turn_udp_sendmmsg_flushes": _counted(500),
    "turn_udp_sendmmsg_datagrams": _counted(1790),
}


def _histogram(step: str, typical: float) -> dict[str, Values]:
    edges = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
    share = {edge: min(1.0, edge / (2 * typical)) for edge in edges}
    return {
        **{f'_bucket{{step="{step}",le="{edge:g}"}}': _rising(share[edge]) for edge in edges},
        f'_bucket{{step="{step}",le="+Inf"}}': _rising(1),
        f'_count{{step="{step}"}}': _rising(1),
        f'_sum{{step="{step}"}}': _rising(typical),
    }


_STEPS = {"connect": 0.02, "call": 0.05, "relay": 0.01, "turn": 0.08}
CANARY: Mapping[str, Exported] = {
    "ringline_probe_success": Exported(
        "gauge", {f'{{step="{step}"}}': _constant(1) for step in _STEPS}
    ),
    "ringline_probe_seconds": Exported(
        "histogram",
        {
            name: values
            for step, typical in _STEPS.items()
            for name, values in _histogram(step, typical).items()
        },
    ),
    "ringline_probe_runs_total": Exported(
        "counter", {'{result="ok"}': _rising(1), '{result="failed"}': _rising(0)}
    ),
}
BLACKBOX: Mapping[str, Exported] = {
    "probe_ssl_earliest_cert_expiry": Exported(
        "gauge", {"": lambda _seconds: time.time() + 60 * 86400}
    ),
}


@contextmanager
def exporting(metrics: Mapping[str, Exported]) -> Iterator[str]:
    """Serve these at `/metrics`; where, as `host:port`."""
    began = time.monotonic()

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = exposition(metrics, time.monotonic() - began).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def exposition(metrics: Mapping[str, Exported], seconds: float) -> str:
    """Prometheus' text format."""
    lines = []
    for name, metric in metrics.items():
        lines += [f"# HELP {name} {name}", f"# TYPE {name} {metric.kind}"]
        lines += [f"{name}{labels} {of(seconds):g}" for labels, of in metric.samples.items()]
    return "\n".join(lines) + "\n"
