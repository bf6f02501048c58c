"""What the admin port exposes is sound, in both formats."""

import asyncio

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.observability.conftest import Observed
from tests.support.prometheus import promtool
from tests.support.service import TestService

pytestmark = pytest.mark.e2e


async def exposed(service: TestService, accept: str) -> str:
    """The text of `/metrics`."""
    url = f"http://127.0.0.1:{service.admin_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url, headers={"Accept": accept}) as reply:
        assert reply.status == 200
        return await reply.text()


async def test_promtool_finds_no_fault(service: TestService):
    await service.accepted(await service.join("alice"), await service.join("bob"))
    text = await exposed(service, "text/plain")
    assert "ringline_build_info" in text
    assert not await asyncio.to_thread(promtool, "check", "metrics", stdin=text.encode())


def test_promtool_finds_no_fault_under_load(observed: Observed):
    assert 'ringline_calls_total{reason="completed"' in observed.exposed
    assert not promtool("check", "metrics", stdin=observed.exposed.encode())


async def test_open_metrics_can_be_parsed_and_name_nobody(service: TestService):
    await service.accepted(await service.join("alice"), await service.join("bob"))
    text = await exposed(service, "application/openmetrics-text; version=1.0.0")
    families = {family.name for family in text_string_to_metric_families(text)}
    assert {"ringline_calls", "ringline_calls_live", "ringline_relay_seconds"} <= families
    assert "alice" not in text
