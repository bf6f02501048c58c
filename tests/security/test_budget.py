"""A node that is short of memory: who has most waiting goes, nobody new comes, all others stay."""

import asyncio

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.security.surroundings import eventually, unimpressed
from tests.security.test_slow_clients import deaf
from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.process import process
from tests.support.service import TestService, running, token

OFFER = {"offer": {"type": "offer", "sdp": "x" * 60_000}}
NO_LIMIT = 2**50


async def filled(service: TestService, caller: str, size: int) -> tuple[Client, Client]:
    """A caller, and a callee who does not read, for whom so many bytes wait."""
    mallory = await deaf(service.port)
    (connection,) = (
        one
        for one in service.node.connections._connections
        if one.session is not None and one.session.user == "deaf" and not one.client.queued()
    )
    alice = await service.join(caller)
    call = await alice.done("call:initiate", {"to": "deaf", "callType": "audio"})
    await mallory.emit("call:accept", {"callId": call["callId"]})
    await alice.next("call:accepted")
    while connection.client.queued() < size:
        await alice.done("call:offer", {**OFFER, "callId": call["callId"]})
        await asyncio.sleep(0)
    return alice, mallory


async def test_who_has_most_waiting_goes_first_and_nobody_new_gets_in():
    async with (
        running(memory_budget=NO_LIMIT) as service,
        unimpressed(service) as bystanders,
        aiohttp.ClientSession() as http,
    ):
        alice, mallory = await filled(service, "alice", 300_000)
        polling = await Polling.handshake(http, service.port)
        await polling.join(token("polly"), "polly")
        connections = len(service.node.engine)
        service.node.budget.most = 1
        await service.node.guard.sweep()
        await eventually(lambda: len(service.node.engine) == connections - 1)
        with pytest.raises(InvalidStatus) as refused:
            await service.open()
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) > 0
        for _ in range(3):
            await service.node.guard.sweep()
            await bystanders.talk()
        assert (await alice.next("call:ended"))["reason"] == "connection_lost"
        assert await polling.post('42["user:status",{"userId":"x"}]') == 200
        assert len(service.node.engine) == connections - 1
        service.node.budget.most = NO_LIMIT
        await service.node.guard.sweep()
        assert (await service.join("carol")).connected
        await polling.post("1")
        mallory.socket.transport.abort()


async def test_the_memory_is_looked_at_while_a_chore_takes_long():
    async with running(memory_budget=NO_LIMIT) as service, service.node.sweeper._turn:
        service.node.budget.most = 1
        await eventually(lambda: service.node.budget.over)


async def test_a_budget_is_set_as_kubernetes_writes_sizes():
    async with process(memory_budget="16Mi") as service, aiohttp.ClientSession() as http:
        admin = f"http://127.0.0.1:{service.admin_port}"
        url = f"http://127.0.0.1:{service.port}/socket.io/?EIO=4&transport=polling"
        async with http.get(f"{admin}/healthz") as healthy:
            assert healthy.status == 200
        async with http.get(url) as refused:
            assert refused.status == 503
            assert (await refused.json())["detail"] == "The server is short of memory; try again."
            assert int(refused.headers["Retry-After"]) > 0
        async with http.get(f"{admin}/metrics") as metrics:
            assert "ringline_memory_budget_bytes 1.6777216e+07" in await metrics.text()
