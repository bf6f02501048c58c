"""The node's own probe of TURN, against a real coturn."""

import math

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from service.turn.prober import EVERY_MS
from tests.support.coturn import coturn
from tests.support.service import TestService, running
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

SECRET = "shared-with-coturn"


def success(service: TestService) -> float | None:
    return service.node.metrics.families.registry.get_sample_value("ringline_turn_probe_success")


async def probed(service: TestService) -> float:
    """What the gauge says once a probe has ended."""
    await until(lambda: not math.isnan(success(service) or 0.0), "a probe")
    return success(service) or 0.0


def settings(url: str, secret: str = SECRET) -> dict[str, object]:
    return {"turn_secret": (SecretStr(secret),), "turn_urls": (url,), "turn_probe": True}


async def test_a_server_that_relays_is_a_success():
    with coturn(SECRET) as server:
        async with running(**settings(server.url)) as service:
            assert await probed(service) == 1


async def test_a_server_with_another_secret_is_not():
    with coturn("another-secret") as server:
        async with running(**settings(server.url)) as service:
            assert await probed(service) == 0


async def test_it_probes_every_30_s():
    with coturn(SECRET, "older") as server:
        async with running(**settings(server.url)) as service:
            await probed(service)
            registry = service.node.metrics.families.registry
            await service.advance(EVERY_MS / 1000 + 1)
            count = "ringline_turn_probe_seconds_count"
            await until(lambda: registry.get_sample_value(count) == 2, "a second probe")


REGIONS_ALONE = {
    "turn_secret": (SecretStr(SECRET),), "turn_regions": {"eu": ("turn:127.0.0.1:9",)},
}  # fmt: skip


@pytest.mark.parametrize("servers", [{}, REGIONS_ALONE])
async def test_nothing_is_known_where_there_is_nothing_to_probe(servers):
    with capture_logs() as logs:
        async with running(turn_probe=True, **servers) as service:
            await service.advance(60)
            assert not service.node.prober.busy
            assert math.isnan(success(service) or 0.0)
    assert not [line for line in logs if line["log_level"] == "error"]


async def test_it_can_be_turned_off():
    async with running(**{**settings("turn:127.0.0.1:9"), "turn_probe": False}) as service:
        await service.advance(60)
        assert math.isnan(success(service) or 0.0)
