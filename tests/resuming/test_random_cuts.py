"""Connections that are cut at any byte, at every step of a call, on every transport and node."""

import asyncio

import pytest
from hypothesis import Phase

from tests.resuming.machine import Cutting
from tests.resuming.nodes import CuttingOverTwoNodes
from tests.stateful.test_running_service import explore
from tests.support.service import TestService
from tests.support.severable import severable


async def test_a_cut_counts_where_something_is_open(service: TestService):
    async with severable(service.port) as proxy:
        proxy.cut()
        assert proxy.cuts == 0
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readexactly(1)
        for _ in range(2):
            proxy.cut()
        assert proxy.cuts == 1
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


def test_both_sides_agree_wherever_they_are_cut():
    explore(Cutting, 12)


def test_both_sides_agree_on_whichever_node_they_come_back():
    explore(CuttingOverTwoNodes, 8)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_both_sides_agree_after_two_thousand_cuts():
    Cutting.cuts = 0
    while Cutting.cuts < 2_000:
        explore(Cutting, 50, Phase.shrink)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_both_sides_agree_on_two_nodes_in_very_many_stories():
    explore(CuttingOverTwoNodes, 100, Phase.shrink)
