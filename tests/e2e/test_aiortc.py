"""Two aiortc peers: through the service they find each other, through coturn they talk."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from tests.support.aiortc_peer import aiortc_peer
from tests.support.coturn import SHARED_SECRET, TurnServer, coturn
from tests.support.service import TestService, running
from tests.support.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture
def turn() -> Iterator[TurnServer]:
    with coturn(SHARED_SECRET, extra=["verbose"]) as server:
        yield server


@pytest.fixture
async def service(turn: TurnServer) -> AsyncIterator[TestService]:
    """The service, handing out credentials for the coturn."""
    async with running(turn_secret=(SecretStr(SHARED_SECRET),), turn_urls=(turn.url,)) as service:
        yield service


def relayed(turn: TurnServer) -> dict[str, tuple[int, int]]:
    """Bytes that coturn received from and sent to the peer on each user's relay, once it closed."""
    usage = re.compile(r"peer usage: .*username=<\d+:(\w+)>, rp=\d+, rb=(\d+), sp=\d+, sb=(\d+)")
    return {user: (int(rb), int(sb)) for user, rb, sb in usage.findall(turn.log)}


@pytest.mark.parametrize("trickle", [True, False], ids=["trickled", "inside SDP"])
async def test_a_data_channel_over_a_relay(
    service: TestService, turn: TurnServer, *, trickle: bool
):
    alice, bob = await service.join("alice"), await service.join("bob")
    await alice.emit("call:initiate", {"to": "bob", "callType": "audio"})
    initiated = await alice.next("call:initiated")
    incoming = await bob.next("call:incoming")
    call = {"callId": initiated["callId"]}

    async with (
        aiortc_peer(alice, initiated, "bob", trickle=trickle) as caller,
        aiortc_peer(bob, incoming, "alice", trickle=trickle) as callee,
    ):
        channel = caller.pc.createDataChannel("echo")
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        channel.on("open", lambda: channel.send("anybody there?"))
        channel.on("message", heard.set_result)
        callee.pc.on("datachannel", lambda echo: echo.on("message", echo.send))

        assert (await bob.request("call:accept", {**call, "from": "alice"}))["ok"]
        await asyncio.gather(caller.offer(), callee.answer())
        if trickle:
            await asyncio.gather(caller.candidates(), callee.candidates())
        assert await asyncio.wait_for(heard, PATIENCE_S) == "anybody there?"

        for side in (caller, callee):
            assert side.paths() == {("relay", "relay")}
        assert (await alice.request("call:end", call))["reason"] == "completed"
        for client in (alice, bob):
            assert (await client.next("call:ended"))["by"] == "alice"
            assert client.events("error") == []
    await until(lambda: relayed(turn).keys() == {"alice", "bob"}, "coturn's account")
    for received, sent in relayed(turn).values():
        assert min(received, sent) >= 2 * len("anybody there?")
