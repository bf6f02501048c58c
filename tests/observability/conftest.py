"""A Prometheus that has watched the service under load."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from deploy.alerts.build import FILE
from deploy.build import CHART
from service.cli.dev.coturn import installed
from tests.observability import exporters
from tests.observability.boards import questions
from tests.observability.load import load
from tests.support.coturn import coturn
from tests.support.prometheus import Prometheus, prometheus
from tests.support.service import running
from tests.turn.accounts import at_cloudflare
from tests.turn.providers import CloudflareApi, served

TURN_SECRET = "shared-with-coturn-and-nobody-else"
LABELS = {"namespace": "calls", "pod": "ringline-0"}
BESIDE = {
    "coturn": exporters.COTURN,
    "ringline-canary": exporters.CANARY,
    "ringline-tls": exporters.BLACKBOX,
}


# Asked and answered, but not with a number: what needs coturn, where there is none.
NOT_HERE = set() if installed() else {"Probe", "Probe: time to relay"}
_PATIENCE_S = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test comes first waits for the load."""
    for item in items:
        if isinstance(item, pytest.Function) and "observed" in item.fixturenames:
            item.add_marker(pytest.mark.timeout(300))


@dataclass(frozen=True, slots=True)
class Observed:
    """The Prometheus, since when it has watched, and when the load was at its height."""

    server: Prometheus
    since: float
    until: float
    exposed: str
    """What the service exposed then, in Prometheus' text format."""


def observe(stack: ExitStack, folder: Path, seconds: float, **pace: Any) -> Observed:
    """Have the service watched under load for so long, with coturn where that is installed.

    `pace` is as in `load`.
    """
    server = stack.enter_context(prometheus(folder, (CHART / FILE).read_text()))
    for job, metrics in BESIDE.items():
        server.scrape(job, stack.enter_context(exporters.exporting(metrics)), **LABELS)
    settings: dict[str, Any] = {}
    if installed():
        relay = stack.enter_context(coturn(TURN_SECRET))
        settings = {
            "turn_secret": [TURN_SECRET],
            "turn_urls": [relay.url],
            "turn_probe": True,
        }
    return Observed(server, *asyncio.run(_loaded(server, settings, seconds, pace)))


async def _loaded(
    server: Prometheus, settings: dict[str, Any], seconds: float, pace: dict[str, Any]
) -> tuple[float, float, str]:
    order = ("coturn", "cloudflare") if "turn_urls" in settings else ("cloudflare",)
    async with (
        served(CloudflareApi()) as api,
        running(**settings, **at_cloudflare(api) | {"turn_provider": order}) as service,
    ):
        server.scrape("ringline", f"127.0.0.1:{service.admin_port}", **LABELS)
        found = await asyncio.to_thread(server.wait_for, "ringline_build_info")
        since = found[0].points[0][0]

        async def enough(until: float) -> bool:
            late = until > since + seconds + _PATIENCE_S  # the tests say what is lacking
            return late or await asyncio.to_thread(_all_has_data, server, since, until)

        until = await load(service, seconds, enough, **pace)
        exposed = generate_latest(service.node.metrics.families.registry).decode()
        return since, until, exposed


def _all_has_data(server: Prometheus, since: float, until: float) -> bool:
    """Whether Prometheus has scraped and reckoned enough, which beside other load takes longer."""
    return all(
        question.has_data(server, since, until)
        for question in questions()
        if question.panel not in NOT_HERE
    )


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A Prometheus that has watched the service, and all who export beside it, under load."""
    with ExitStack() as stack:
        yield observe(stack, tmp_path_factory.mktemp("prometheus"), seconds=12)
