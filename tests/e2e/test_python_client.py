"""python-socketio's own client, and clients that speak what the service does not."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import socketio

from tests.support.client import Client
from tests.support.node_client import POLLING, UPGRADE, WEBSOCKET
from tests.support.service import TestService, token
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.e2e


OFFER = {"type": "offer", "sdp": "v=0\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\n"}


class Heard:
    """What a python-socketio client was told, event by event."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        self._events: dict[str, asyncio.Queue[Any]] = {}
        client.on("*", self._hear)

    async def next(self, event: str) -> Any:
        """The next event of this name."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._queue(event).get()

    async def _hear(self, event: str, payload: Any) -> None:
        self._queue(event).put_nowait(payload)

    def _queue(self, event: str) -> asyncio.Queue[Any]:
        return self._events.setdefault(event, asyncio.Queue())


@asynccontextmanager
async def joined(
    service: TestService, user: str, transports: Sequence[str]
) -> AsyncIterator[tuple[socketio.AsyncClient, Heard]]:
    client = socketio.AsyncClient()
    heard = Heard(client)
    bearer = {"token": token(user)}
    await client.connect(service.url, auth=bearer, transports=list(transports))
    try:
        answer = await client.call("user:join", {"userId": user})
        assert answer["ok"], answer
        yield client, heard
    finally:
        await client.disconnect()


@pytest.mark.parametrize(
    "transports", [WEBSOCKET, UPGRADE, POLLING], ids=["websocket", "upgrade", "polling"]
)
async def test_a_call(service: TestService, transports: Sequence[str]):
    async with (
        joined(service, "alice", transports) as (alice, told_alice),
        joined(service, "bob", transports) as (bob, told_bob),
    ):
        assert alice.transport() == transports[-1]
        placed = await alice.call("call:initiate", {"to": "bob", "callType": "video"})
        call_id = placed["callId"]
        assert (await told_bob.next("call:incoming"))["callId"] == call_id
        assert (await bob.call("call:accept", {"callId": call_id, "from": "alice"}))["ok"]
        assert await told_alice.next("call:accepted") == {"callId": call_id, "by": "bob"}

        await alice.emit("call:offer", {"offer": OFFER, "from": "alice", "to": "bob"})
        assert (await told_bob.next("call:offer"))["offer"] == OFFER
        await bob.emit("call:answer", {"answer": ANSWER, "from": "bob", "to": "alice"})
        assert (await told_alice.next("call:answer"))["answer"] == ANSWER
        for number in range(50):
            await alice.emit("ice:candidate", {"candidate": f"candidate:{number}", "to": "bob"})
        for number in range(50):
            heard = await told_bob.next("ice:candidate")
            assert heard["candidate"] == f"candidate:{number}"

        assert (await alice.call("call:end", {"callId": call_id}))["reason"] == "completed"
        for told in (told_alice, told_bob):
            assert (await told.next("call:ended"))["by"] == "alice"
    await until(lambda: not len(service.node.engine), "both to be gone")


async def test_it_is_refused_with_the_code(service: TestService):
    client = socketio.AsyncClient(reconnection=False)
    refusals: list[Any] = []
    client.on("connect_error", refusals.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(service.url, auth={"token": "no"}, transports=["websocket"])
    (refusal,) = refusals
    assert refusal["data"] == {"code": "unauthenticated", "retryable": False}
    await client.disconnect()
    await until(lambda: not len(service.node.engine), "it to be gone")


def msgpack_connect(bearer: str) -> bytes:
    """CONNECT as socket.io-msgpack-parser packs it: {type: 0, data: {token}, nsp: "/"}."""
    assert len(bearer) < 256
    packed = b"\xd9" + bytes([len(bearer)]) + bearer.encode()
    return b"\x83\xa4type\x00\xa4data\x81\xa5token" + packed + b"\xa3nsp\xa1/"


def kept(service: TestService) -> dict[str, int]:
    """What the node still holds."""
    return {name: len(table) for name, table in service.node.tables.items() if len(table)}


async def test_msgpack_on_a_websocket_is_closed_and_nothing_kept(service: TestService):
    stranger = await Client.open(service.port)
    await stranger.send(msgpack_connect(token("alice")))
    assert await stranger.until_closed() == 1008
    assert stranger.connected is None
    await until(lambda: not kept(service), "nothing to be kept")


async def test_msgpack_after_a_join_is_closed_and_nothing_kept(service: TestService):
    alice = await service.join("alice")
    await alice.send(msgpack_connect(token("alice")))
    assert await alice.until_closed() == 1008
    await until(lambda: not kept(service), "nothing to be kept")


async def test_msgpack_by_polling_is_refused_and_nothing_kept(service: TestService):
    address = f"{service.url}/socket.io/?EIO=4&transport=polling"
    packed = "b" + base64.b64encode(msgpack_connect(token("alice"))).decode()
    async with aiohttp.ClientSession() as http:
        async with http.get(address) as opened:
            sid = (await opened.text()).split('"sid":"')[1].split('"')[0]
        async with http.post(f"{address}&sid={sid}", data=packed) as answer:
            assert answer.status == 400
        await until(lambda: not kept(service), "nothing to be kept")
        async with http.get(f"{address}&sid={sid}") as poll:
            assert poll.status == 400
