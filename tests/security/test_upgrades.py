"""From polling to a WebSocket, by clients that do it wrong, by half, or to somebody else."""

import asyncio
import json

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.security.surroundings import Bystanders, eventually, gone, name, sizes
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running, token
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUERY = '42["user:status",{"userId":"x"}]'


async def probe(service: TestService, sid: str) -> ClientConnection:
    """A WebSocket for a connection that polls."""
    return await connect(
        f"ws://127.0.0.1:{service.port}/socket.io/?EIO=4&transport=websocket&sid={sid}",
        compression=None,
    )


async def joined(service: TestService, http: aiohttp.ClientSession) -> Polling:
    polling = await Polling.handshake(http, service.port)
    user = name("mallory")
    await polling.join(token(user), user)
    return polling


async def answered(socket: ClientConnection) -> None:
    """The upgraded connection works."""
    await socket.send(QUERY)
    async with asyncio.timeout(PATIENCE_S):
        while not str(await socket.recv()).startswith('42["user:status"'):
            pass


async def closed(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        await socket.wait_closed()
    return socket.close_code


async def goes_on(polling: Polling) -> None:
    """The connection still polls."""
    assert await polling.post(QUERY) == 200
    assert await polling.until('42["user:status"')


@pytest.mark.parametrize("frame", ["5", "3", "2", "2probf", QUERY, "1", "", b"2probe", "2probe2"])
async def test_a_probe_that_is_none_closes_the_candidate_and_polling_goes_on(
    service: TestService,
    bystanders: Bystanders,
    http: aiohttp.ClientSession,
    frame: str | bytes,
):
    mallory = await joined(service, http)
    socket = await probe(service, mallory.sid)
    await socket.send(frame)
    assert await closed(socket) == 1008
    await goes_on(mallory)
    await mallory.post("1")


@pytest.mark.parametrize("frame", ["3", QUERY, "40", "", b"5"])
async def test_anything_but_the_upgrade_after_a_probe_closes_the_candidate(
    service: TestService,
    bystanders: Bystanders,
    http: aiohttp.ClientSession,
    frame: str | bytes,
):
    mallory = await joined(service, http)
    socket = await probe(service, mallory.sid)
    await socket.send("2probe")
    assert await socket.recv() == "3probe"
    await socket.send(frame)
    assert await closed(socket) == 1008
    await goes_on(mallory)
    again = await probe(service, mallory.sid)
    await again.send("2probe")
    assert await again.recv() == "3probe"
    await again.send("5")
    await answered(again)
    await again.close()


@pytest.mark.parametrize("said", [[], ["2probe"]], ids=["silent", "probed"])
async def test_polling_goes_on_when_the_probe_is_lost(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, said: list[str]
):
    alice = await joined(service, http)
    socket = await probe(service, alice.sid)
    for frame in said:
        await socket.send(frame)
        await socket.recv()
    await socket.close()
    await eventually(lambda: not service.node.engine.eio.sockets[alice.sid].upgrading)
    await goes_on(alice)
    await alice.post("1")


async def test_a_probe_left_hanging_is_dropped_with_its_connection():
    async with running(ping_interval=1, ping_timeout=1) as service, aiohttp.ClientSession() as http:
        alice = await service.join("alice")
        before = sizes(service)
        mallory = await joined(service, http)
        socket = await probe(service, mallory.sid)
        await socket.send("2probe")
        assert await socket.recv() == "3probe"
        await closed(socket)
        await gone(service, before)
        await alice.settle()


async def test_a_second_probe_of_one_connection_is_turned_away(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession
):
    alice = await joined(service, http)
    first = await probe(service, alice.sid)
    await first.send("2probe")
    assert await first.recv() == "3probe"
    for end in ("5", ""):
        with pytest.raises(InvalidStatus) as refused:
            await probe(service, alice.sid)
        assert refused.value.response.status_code == 400
        assert json.loads(refused.value.response.body) == {"code": 3, "message": "Bad request"}
        if end:
            await first.send(end)
        await answered(first)
    await first.close()


@pytest.mark.parametrize("ended_by", ["client", "server"])
async def test_a_candidate_ends_with_its_connection(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, ended_by: str
):
    alice = await joined(service, http)
    socket = await probe(service, alice.sid)
    await socket.send("2probe")
    assert await socket.recv() == "3probe"
    if ended_by == "client":
        assert await alice.post("1") == 200
    else:
        assert await alice.post("nonsense") == 400
    await closed(socket)
    with pytest.raises(Ended):
        await alice.until("never")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_polling_an_upgraded_connection_changes_nothing(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, method: str
):
    alice = await joined(service, http)
    socket = await probe(service, alice.sid)
    await socket.send("2probe")
    await socket.recv()
    await socket.send("5")
    await answered(socket)
    url = f"{service.url}/socket.io/?EIO=4&transport=polling&sid={alice.sid}"
    async with http.request(method, url, data=QUERY) as answer:
        assert answer.status == 400
    await answered(socket)
    await socket.close()


@pytest.mark.parametrize("sid", ["", "x", "../x", "%00", "AAAAAAAAAAAAAAAAAAAA"])
async def test_a_connection_that_is_not_there_cannot_be_taken_over(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, sid: str
):
    if sid:
        with pytest.raises(InvalidStatus):
            await probe(service, sid)
    url = f"{service.url}/socket.io/?EIO=4&transport=polling&sid={sid}"
    async with http.post(url, data="40") as answer:
        assert answer.status == 400


async def test_a_websocket_of_somebody_else_cannot_be_taken_over(
    service: TestService, bystanders: Bystanders
):
    sockets = service.node.engine.eio.sockets
    for sid in list(sockets):
        with pytest.raises(InvalidStatus):
            await probe(service, sid)
    assert list(sockets)


async def test_polling_can_be_switched_off(http: aiohttp.ClientSession):
    async with running(transports=("websocket",)) as service:
        url = f"{service.url}/socket.io/?EIO=4&transport=polling"
        async with http.get(url) as answer:
            assert answer.status == 400
        await service.join("alice")
