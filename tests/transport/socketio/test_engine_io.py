"""Engine.IO v4, by hand: https://socket.io/docs/v4/engine-io-protocol/.

The official suite's cases are in tests/conformance; these are ours besides.
"""

import asyncio
import json

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running, token


@pytest.fixture
async def brisk():
    """Heartbeats every second, and a second to answer them."""
    async with running(ping_interval=1, ping_timeout=1) as service:
        yield service


async def test_the_open_packet_of_a_websocket(service: TestService):
    url = f"ws://127.0.0.1:{service.port}/socket.io/?EIO=4&transport=websocket"
    async with connect(url) as socket:
        frame = str(await socket.recv())
    opened = json.loads(frame[1:])
    assert frame[0] == "0"
    assert len(opened.pop("sid")) >= 20
    assert opened == {
        "upgrades": [], "pingInterval": 15_000, "pingTimeout": 10_000, "maxPayload": 65_536,
    }  # fmt: skip


async def test_the_open_packet_of_polling(service: TestService, http: aiohttp.ClientSession):
    polling = await Polling.handshake(http, service.port)
    assert polling.open["upgrades"] == ["websocket"]
    assert polling.open["maxPayload"] == 65_536


@pytest.mark.parametrize(
    "query",
    ["", "transport=polling", "EIO=3&transport=polling", "EIO=abc&transport=polling",
     "EIO=4&transport=telepathy", "EIO=4&transport=websocket", "EIO=4&transport=polling&sid=x",
     "EIO=4&transport=polling&j=x"],
)  # fmt: skip
async def test_a_wrong_handshake_is_400(
    service: TestService, http: aiohttp.ClientSession, query: str
):
    async with http.get(f"{service.url}/socket.io/?{query}") as answer:
        assert answer.status == 400
    assert len(service.node.engine) == 0


async def test_a_websocket_of_another_protocol_version_is_refused(service: TestService):
    with pytest.raises(InvalidStatus):
        await connect(f"ws://127.0.0.1:{service.port}/socket.io/?EIO=3&transport=websocket")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_refused(
    service: TestService, http: aiohttp.ClientSession, method: str
):
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    async with http.request(method, url, data="40") as answer:
        assert answer.status in {400, 404, 405}


async def test_the_server_pings_and_a_pong_keeps_the_connection(brisk: TestService):
    url = f"ws://127.0.0.1:{brisk.port}/socket.io/?EIO=4&transport=websocket"
    async with connect(url) as socket:
        await socket.recv()
        for _ in range(3):
            assert await asyncio.wait_for(socket.recv(), 5) == "2"
            await socket.send("3")


async def test_a_pong_over_polling_keeps_the_connection(
    brisk: TestService, http: aiohttp.ClientSession
):
    polling = await Polling.handshake(http, brisk.port)
    await polling.connect(token("alice"))
    for _ in range(3):
        assert await asyncio.wait_for(polling.poll(), 5) == ["2"]
        assert await polling.post("3") == 200


async def unanswered(polling: Polling) -> None:
    while True:
        await polling.poll()


async def test_silence_is_dropped(brisk: TestService, http: aiohttp.ClientSession):
    silent = await brisk.connect(token("alice"))
    silent.answers_pings = False
    polling = await Polling.handshake(http, brisk.port)
    await polling.connect(token("bob"))
    await silent.until_closed(timeout=3 * 5)
    with pytest.raises(Ended):
        await asyncio.wait_for(unanswered(polling), 3 * 5)
    assert len(brisk.node.engine) == 0


async def test_the_upgrade(service: TestService, http: aiohttp.ClientSession):
    polling = await Polling.handshake(http, service.port)
    assert (await polling.connect(token("alice"))).startswith("40")
    waiting = asyncio.create_task(polling.poll())
    url = f"ws://127.0.0.1:{service.port}/socket.io/?EIO=4&transport=websocket&sid={polling.sid}"
    async with connect(url) as socket:
        await socket.send("2probe")
        assert await socket.recv() == "3probe"
        assert await waiting == ["6"]
        await socket.send("5")
        await socket.send('42["user:join",{"userId":"alice"}]')
        frames = [str(await socket.recv())]
        while frames[-1] == "6":
            frames.append(str(await socket.recv()))
        assert frames[-1].startswith('42["user:joined"')
    async with http.get(url.replace("ws:", "http:").replace("=websocket", "=polling")) as answer:
        assert answer.status == 400


async def test_a_close_packet_ends_the_connection(
    service: TestService, http: aiohttp.ClientSession
):
    client = await service.join("alice")
    await client.send("1")
    assert await client.until_closed() == 1000
    polling = await Polling.handshake(http, service.port)
    assert await polling.post("1") == 200
    with pytest.raises(Ended):
        await polling.poll()
    await service.node.connections.emptied()
    assert len(service.node.engine) == 0


async def test_packets_of_a_body_are_handled_in_order(
    service: TestService, http: aiohttp.ClientSession
):
    polling = await Polling.handshake(http, service.port)
    await polling.join(token("alice"), "alice")
    asked = [f'42{n}["user:status",{{"userId":"u{n}"}}]' for n in range(20)]
    assert await polling.post(*asked) == 200
    acks: list[str] = []
    while len(acks) < 20:
        acks += [one for one in await polling.poll() if one.startswith("43")]
    assert [ack.partition("[")[0] for ack in acks] == [f"43{n}" for n in range(20)]
