"""A middlebox passes an upgrade's 101 and swallows its frames: clients call over polling."""

import asyncio
from collections.abc import Set as AbstractSet

import aiohttp
import pytest

from tests.security.surroundings import eventually
from tests.support.middlebox import BOTH, DOWN, UP, middlebox
from tests.support.node_client import UPGRADE, node_client
from tests.support.polling import Polling
from tests.support.service import TestService, running, token

each_way = pytest.mark.parametrize(
    "swallows", [BOTH, {UP}, {DOWN}], ids=["both ways", "up", "down"]
)
NUDGE_S = 0.1


@each_way
@pytest.mark.e2e
async def test_socket_io_client_calls_over_polling(swallows: AbstractSet[str]):
    async with running() as service, middlebox(service.port, swallows) as box:
        bob = await service.join("bob")
        url = f"http://127.0.0.1:{box.port}"
        async with node_client(
            "client.mjs", url=url, token=token("alice"), transports=UPGRADE
        ) as alice:
            await alice.next("connect")
            await eventually(lambda: box.upgrades == 1)
            began, noops = asyncio.get_running_loop().time(), box.noops
            assert (await alice.request("user:join", {"userId": "alice"}))["ok"]
            placed = await alice.request("call:initiate", {"to": "bob", "callType": "audio"})
            assert placed["ok"], placed
            await bob.done("call:accept", {"callId": placed["callId"], "from": "alice"})
            await alice.next("call:accepted")
            lasted = asyncio.get_running_loop().time() - began
            answered = box.noops - noops
            assert answered <= (lasted / NUDGE_S + 1 if swallows == {DOWN} else 0)
            assert lasted < 1 * 5, "promised within a second"
            assert [s.upgraded for s in service.node.engine.eio.sockets.values()] == [True, False]
            assert alice.reports("disconnect") == []


async def test_a_candidate_is_closed_after_ten_seconds_and_polling_goes_on(
    http: aiohttp.ClientSession,
):
    async with running() as service:
        silent, probed = [await joined(service, http, user) for user in ("alice", "bob")]
        at = f"{service.url}/socket.io/?EIO=4&transport=websocket&sid="
        async with http.ws_connect(at + silent.sid) as one, http.ws_connect(at + probed.sid) as two:
            began = asyncio.get_running_loop().time()
            await two.send_str("2probe")
            assert (await two.receive()).data == "3probe"
            for candidate in (one, two):
                message = await candidate.receive(timeout=10 + 5)
                assert message.type is aiohttp.WSMsgType.CLOSE
                assert message.data == 1000
            assert asyncio.get_running_loop().time() - began > 9.9
        for polling in (silent, probed):
            await polling.emit("user:status", {"userId": "x"})
            assert await polling.until('42["user:status"')
            waiting = asyncio.create_task(polling.poll())
            done, _ = await asyncio.wait({waiting}, timeout=5 * NUDGE_S)
            assert not done, "a poll is still answered at once"
            await polling.emit("user:status", {"userId": "x"})
            await waiting


async def joined(service: TestService, http: aiohttp.ClientSession, user: str) -> Polling:
    polling = await Polling.handshake(http, service.port)
    await polling.join(token(user), user)
    return polling
