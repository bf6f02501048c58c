"""Whoever keeps sending forged tokens waits, and is then turned away, whatever the door."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from service.auth.offenders import Admit, Refuse
from tests.support.client import Client
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="function")
FORGED = token("mallory")[:-4] + "AAAA"
SLOWED_S = 0.9  # a second, less what clocks may differ


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    async with running(rate_limit_scale=0.3) as service:  # 3 are free, 3 wait
        yield service


async def forge(service: TestService) -> float:
    """Connect with a forged token; the seconds it took."""
    begun = time.monotonic()
    client = await service.connect(FORGED)
    assert client.refused["data"]["code"] == "unauthenticated"
    await client.close()
    return time.monotonic() - begun


async def answered(client: Client) -> None:
    await client.until(lambda: client.refused or client.closed)


async def test_delayed_then_refused_at_the_handshake(service: TestService):
    alice = await service.join("alice")
    for _ in range(3):
        assert await forge(service) < SLOWED_S
    assert min(await asyncio.gather(*(forge(service) for _ in range(3)))) >= SLOWED_S
    with pytest.raises(InvalidStatus) as refused:
        await service.open()
    answer = refused.value.response
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 30 * 60
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.request("GET", url) as polled:
        assert (polled.status, (await polled.json())["code"]) == (429, "rate_limited")
    await alice.settle()  # who is in stays in
    await service.advance(30 * 60)
    await Client.join(service.port, token("bob", lifetime=3600), "bob")


async def test_delayed_then_refused_over_http(service: TestService):
    bearer = {"Authorization": f"Bearer {FORGED}"}
    took, statuses = [], []
    async with aiohttp.ClientSession() as http:
        for _ in range(7):
            begun = time.monotonic()
            async with http.get(f"{service.url}/v1/ice", headers=bearer) as answer:
                statuses.append(answer.status)
            took.append(time.monotonic() - begun)
        assert statuses == [401] * 6 + [429]
        assert [seconds >= SLOWED_S for seconds in took] == [False] * 3 + [True] * 3 + [False]
        good = {"Authorization": f"Bearer {token('alice')}"}
        for headers in (good, {}):
            async with http.get(f"{service.url}/v1/ice", headers=headers) as answer:
                assert answer.status == 429
                assert int(answer.headers["Retry-After"]) > 0


async def test_a_refresh_is_no_way_around(service: TestService):
    alice = await service.join("alice")
    codes, took = [], []
    for _ in range(11):
        begun = time.monotonic()
        codes.append((await alice.refusal("auth:refresh", {"token": FORGED}))["code"])
        took.append(time.monotonic() - begun)
    assert codes == ["unauthenticated"] * 6 + ["rate_limited"] * 5
    assert [seconds >= SLOWED_S for seconds in took] == [False] * 3 + [True] * 3 + [False] * 5
    with pytest.raises(InvalidStatus) as refused:
        await service.open()
    assert refused.value.response.status_code == 429
    async with aiohttp.request("GET", f"http://127.0.0.1:{service.admin_port}/metrics") as scraped:
        assert 'ringline_auth_failures_total{reason="bad_signature"} 6.0' in await scraped.text()
    await alice.settle()  # who is in stays in


def ipv6() -> bool:
    """Whether loopback has an IPv6 address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6(), reason="loopback has no ::1; enable IPv6 (net.ipv6.conf.lo)")
async def test_an_ipv6_address_is_refused_with_its_64():
    async with running(rate_limit_scale=0.3, host="::1") as service:
        ws = f"ws://[::1]:{service.port}/socket.io/?EIO=4&transport=websocket"
        for _ in range(6):
            async with connect(ws) as mallory:
                await mallory.recv()
                await mallory.send(f'40{{"token":"{FORGED}"}}')
                assert "unauthenticated" in str(await mallory.recv())
        with pytest.raises(InvalidStatus) as refused:
            await connect(ws)
        assert refused.value.response.status_code == 429
        now = service.clock()
        offenders = service.node.sockets._offenders
        assert isinstance(offenders.verdict("::ffff", now), Refuse)  # the same /64
        assert isinstance(offenders.verdict("0:0:0:1::1", now), Admit)


async def test_forgeries_side_by_side_are_no_way_around(service: TestService):
    clients = [await service.open() for _ in range(30)]
    for client in clients:
        await client.send(f'40{{"token":"{FORGED}"}}')
    for client in clients:
        await answered(client)
    assert sum(client.refused is not None for client in clients) <= 6
    with pytest.raises(InvalidStatus):
        await service.open()
