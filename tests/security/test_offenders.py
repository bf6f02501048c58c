"""Whatever forged tokens come from an address, good ones from there get in, at every door."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect

from service.auth.offenders import LATE_S
from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="function")
FORGED = token("mallory")[:-4] + "AAAA"
LATE = LATE_S - 0.1  # less what clocks may differ
MANY = 40


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    async with running(rate_limit_scale=1) as service:
        yield service


async def over_websocket(service: TestService, offered: str) -> str:
    """What a connect comes to: `ok`, or the code of its refusal."""
    client = await service.connect(offered)
    await client.close()
    return "ok" if client.connected else str(client.refused["data"]["code"])


async def over_polling(service: TestService, offered: str) -> str:
    async with aiohttp.ClientSession() as http:
        client = await Polling.handshake(http, service.port)
        answer = await client.connect(offered)
    return "ok" if answer.startswith("40") else answer


async def over_http(service: TestService, offered: str) -> str:
    bearer = {"Authorization": f"Bearer {offered}"}
    async with aiohttp.request("GET", f"{service.url}/v1/ice", headers=bearer) as answer:
        return "ok" if answer.status == 200 else str((await answer.json())["code"])


DOORS = [over_websocket, over_polling, over_http]
Door = Callable[[TestService, str], Awaitable[str]]


async def forged(service: TestService, forgeries: int) -> None:
    """Forged tokens side by side, each refused for what it is."""
    codes = await asyncio.gather(*(over_websocket(service, FORGED) for _ in range(forgeries)))
    assert set(codes) == {"unauthenticated"}


@pytest.mark.parametrize("door", DOORS)
async def test_a_good_token_gets_in_after_any_number_of_forged_ones(
    service: TestService, door: Door
):
    alice = await service.join("alice")
    await forged(service, MANY)
    assert await door(service, token("bob")) == "ok"
    refreshed = await alice.done("auth:refresh", {"token": token("alice", lifetime=7200)})
    assert refreshed["ok"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_good_token_does_not_wait_for_the_forged_ones(service: TestService, door: Door):
    """Those that are refused late are still waiting when the good one is in."""
    await forged(service, MANY)
    late = asyncio.create_task(over_http(service, FORGED))
    for _ in range(50):  # a busy machine may be slow at one of them
        assert await door(service, token("bob")) == "ok"
        if not late.done():
            break
        late = asyncio.create_task(over_http(service, FORGED))
    else:
        pytest.fail("A good token was never quicker than a refusal that waits a second.")
    assert await late == "unauthenticated"


async def took(doing: Awaitable[Any]) -> float:
    begun = time.monotonic()
    await doing
    return time.monotonic() - begun


@pytest.mark.parametrize("door", DOORS)
async def test_after_ten_the_refusals_come_a_second_late(service: TestService, door: Door):
    await forged(service, 10)
    assert min([await took(door(service, FORGED)) for _ in range(2)]) >= LATE


async def test_a_refresh_counts_and_is_never_late_since_a_call_s_events_wait_behind_it(
    service: TestService,
):
    alice, many = await service.join("alice"), 30  # each of which counts as eight events
    codes = [(await alice.refusal("auth:refresh", {"token": FORGED}))["code"] for _ in range(many)]
    assert codes == ["unauthenticated"] * many
    assert service.node.connections._authenticator.offenders._late.total() == 0
    assert await took(over_http(service, FORGED)) >= LATE
    async with aiohttp.request("GET", f"http://127.0.0.1:{service.admin_port}/metrics") as scraped:
        counted = f'ringline_auth_failures_total{{reason="bad_signature"}} {many + 1}.0'
        assert counted in await scraped.text()
    await alice.settle()  # who is in stays in


async def test_expired_tokens_and_none_are_never_late(service: TestService):
    now = int(time.time())
    for offered in [token("alice", iat=now - 99, exp=now - 60), "x", ""] * 10:
        await over_http(service, offered)
    assert len(service.node.connections._authenticator.offenders._senders) == 0


async def test_many_late_refusals_side_by_side_are_bounded(service: TestService):
    await forged(service, 10)
    clients = [await service.open() for _ in range(MANY)]
    for client in clients:
        await client.send(f'40{{"token":"{FORGED}"}}')
    most = 0
    while not all(client.refused for client in clients):
        most = max(most, service.node.connections._authenticator.offenders._late.total())
        await asyncio.sleep(0.01)
    assert 0 < most <= 10


def ipv6() -> bool:
    """Whether loopback has an IPv6 address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6(), reason="loopback has no ::1; enable IPv6 (net.ipv6.conf.lo)")
async def test_an_ipv6_address_is_counted_with_its_64():
    async with running(host="::1") as service:
        ws = f"ws://[::1]:{service.port}/socket.io/?EIO=4&transport=websocket"
        for _ in range(11):
            async with connect(ws) as mallory:
                await mallory.recv()
                await mallory.send(f'40{{"token":"{FORGED}"}}')
                assert "unauthenticated" in str(await mallory.recv())
        offenders, now = service.node.connections._authenticator.offenders, service.clock()
        assert offenders.blame("::ffff", now)  # the same /64
        assert not offenders.blame("0:0:0:1::1", now)


async def test_a_whole_office_signs_in_beside_one_client_that_sends_a_wrong_key(
    service: TestService,
):
    """What a rotated key, or one old client, does to an address: nothing for the others."""
    stop = asyncio.Event()

    async def stubborn() -> None:
        while not stop.is_set():
            await over_websocket(service, FORGED)

    loops = [asyncio.create_task(stubborn()) for _ in range(5)]
    for number in range(30):
        colleague = f"user-{number}"
        client = await Client.join(service.port, token(colleague), colleague)
        await client.close()
    stop.set()
    await asyncio.gather(*loops)
