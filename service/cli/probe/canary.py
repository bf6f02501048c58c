"""Repeats runs, and serves metrics of them to Prometheus."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from service.cli.probe.steps import Report, Step
from service.cli.probe.target import Target
from service.cli.probe.trial import run
from service.settings import SettingsError
from service.transport.server.listeners import BOTH

STEPS = ("connect", "call", "relay", "turn")
"""The steps that are measured. A hang-up that fails is a call that failed."""
EDGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The results of the runs, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._success = Gauge(
            "ringline_probe_success",
            "Whether the step worked in the last run; absent when it was not tried.",
            ["step"],
            registry=self.registry,
        )
        seconds = Histogram(
            "ringline_probe_seconds",
            "How long a step took that worked.",
            ["step"],
            buckets=EDGES_S,
            registry=self.registry,
        )
        runs = Counter(
            "ringline_probe_runs", "Runs, by how they ended.", ["result"], registry=self.registry
        )
        self._seconds = {step: seconds.labels(step) for step in STEPS}
        self._runs = {ok: runs.labels("ok" if ok else "failed") for ok in (True, False)}

    def record(self, report: Report) -> None:
        """Count a run."""
        tried: dict[str, Step] = {s.name: s for s in report.steps if s.result != "skipped"}
        for name in STEPS:
            step = tried.get(name)
            if step is None:
                self._success.remove(name)
                continue
            self._success.labels(name).set(step.result == "ok")
            if step.result == "ok":
                self._seconds[name].observe(step.seconds)
        if report.failure and report.failure.name == "hang-up":
            self._success.labels("call").set(0)
        self._runs[report.ok].inc()


@contextmanager
def served(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Serve the metrics at `/metrics` for the block; gives the port.

    Args:
        metrics: what to serve.
        host: an address; `*` or `::` for all of IPv6 and IPv4, where there is IPv6.
        port: 0 takes a free one.

    Raises:
        SettingsError: the port cannot be opened.
    """
    address = ("::" if socket.has_dualstack_ipv6() else "0.0.0.0") if host in BOTH else host
    try:
        server, thread = start_http_server(port, address, metrics.registry)
    except (OSError, OverflowError) as failure:
        raise SettingsError(
            f"--metrics-port: {port} on {host} cannot be opened ({failure})."
        ) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def watch(
    target: Target,
    every_s: float,
    metrics: Metrics,
    tell: Callable[[Step], object],
    conclude: Callable[[Report], object],
) -> NoReturn:
    """Run at this interval, or one after the other when they take longer, until cancelled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + every_s
        report = await run(target, int(time.time()), tell)
        metrics.record(report)
        conclude(report)
        await asyncio.sleep(max(0.0, due - clock()))
