"""Before CONNECT has succeeded nobody is anybody: no event, no room, no delivery, no second try."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from service.ports import Identity
from service.transport.guard.unjoined import MOST_UNJOINED, Unjoined
from tests.security.surroundings import (
    Bystanders,
    eventually,
    gone,
    refused_for,
    sizes,
    unimpressed,
)
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="function")
CONNECT = '40{"token":"any"}'
JOIN = '42["user:join",{"userId":"mallory"}]'
CALL = '42["call:initiate",{"to":"victim","callType":"audio"}]'


class Gatekeeper:
    """A verifier that waits until it is told what to do: to admit, or to fail."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: BaseException | None = None
        self.go = asyncio.Event()

    async def verify(self, _: str, __: str) -> Identity:
        self.asked += 1
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return Identity("mallory", None, 2**52)

    async def close(self) -> None:
        self.go.set()


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    async with running() as service:
        yield service


@pytest.fixture
async def bystanders(service: TestService) -> AsyncIterator[Bystanders]:
    async with unimpressed(service) as pair:
        yield pair


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def gatekeeper(service: TestService, bystanders: Bystanders) -> Gatekeeper:
    """In place of the verifier, once the bystanders are in."""
    service.node.connections._authenticator._verifier = gatekeeper = Gatekeeper()
    return gatekeeper


async def test_no_connect_within_10_s_closes(service: TestService, bystanders: Bystanders):
    mallory = await service.open()
    await service.advance(9)
    assert not mallory.closed
    await service.advance(1.5)
    assert await mallory.until_closed() == 1008


async def test_no_connect_within_10_s_closes_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    polling = asyncio.create_task(mallory.poll())
    await eventually(lambda: service.node.engine.eio.sockets[mallory.sid].client.polling._wake)
    await service.advance(10.5)
    assert await polling == ["1"]
    await gone(service, before)
    with pytest.raises(Ended):
        await mallory.poll()


async def test_of_too_many_connections_without_a_token_the_oldest_give_way(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession
):
    service.node.connections._unknown = Unjoined(10)
    known = await service.connect(token("alice"))
    oldest, next_one = await service.open(), await Polling.handshake(http, service.port)
    for _ in range(8):
        await Polling.handshake(http, service.port)
    assert not oldest.closed
    youngest = [await Polling.handshake(http, service.port) for _ in range(2)]
    assert await oldest.until_closed() == 1008
    with pytest.raises(Ended):
        await next_one.poll()
    assert (await youngest[0].connect(token("bob"))).startswith("40")
    await known.emit("user:join", {"userId": "alice"})  # who is known was in nobody's way
    await known.next("user:joined")
    assert refused_for(service, "overloaded") == 2
    await service.advance(30.5)


@pytest.mark.parametrize("event", [None, CALL], ids=["silent", "with an early event"])
async def test_no_join_within_30_s_closes(
    service: TestService, bystanders: Bystanders, event: str | None
):
    mallory = await service.connect(token("mallory"))
    if event is not None:
        await mallory.send(event)
        await service.waiting(mallory, 1)
    await service.advance(29)
    assert not mallory.closed
    await service.advance(1.5)
    assert await mallory.until_closed() == 1008


@pytest.mark.parametrize("event", [None, CALL], ids=["silent", "with an early event"])
async def test_no_join_within_30_s_closes_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, event: str | None
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    assert (await mallory.connect(token("mallory"))).startswith("40")
    if event is not None:
        assert await mallory.post(event) == 200
        await service.advance(5.5)
        assert "not_joined" in (await mallory.until("42"))
    await service.advance(29 if event is None else 23.5)
    assert await mallory.post('42["user:status",{"userId":"x"}]') == 200  # it is still there
    await service.advance(1.5)
    await closed_polling(mallory)
    await gone(service, before)


async def closed_polling(mallory: Polling) -> None:
    """Poll what is left, up to the close and not beyond."""
    left: list[str] = []
    with contextlib.suppress(Ended):
        while True:
            left += await mallory.poll()
    assert all("not_joined" in packet for packet in left if packet.startswith("42")), left


@pytest.mark.parametrize(
    "failure", [TypeError("x"), KeyError("x"), asyncio.CancelledError()], ids=repr
)
async def test_a_failing_handler_admits_nobody(
    service: TestService, gatekeeper: Gatekeeper, failure: BaseException
):
    before = sizes(service)
    gatekeeper.failure = failure
    gatekeeper.go.set()
    mallory = await service.open()
    await mallory.send(CONNECT)
    await mallory.until_closed()
    assert mallory.connected is None
    assert gatekeeper.asked == 1
    await gone(service, before)


async def test_a_failing_handler_admits_nobody_over_polling(
    service: TestService, gatekeeper: Gatekeeper, http: aiohttp.ClientSession
):
    before = sizes(service)
    gatekeeper.failure = TypeError("x")
    gatekeeper.go.set()
    mallory = await Polling.handshake(http, service.port)
    await mallory.post(CONNECT)
    gatekeeper.failure = None
    await mallory.post(CONNECT)
    with pytest.raises(Ended):
        await mallory.until("40")
    assert gatekeeper.asked == 1
    await gone(service, before)


async def test_a_refusal_is_not_mended_by_a_retry(service: TestService, bystanders: Bystanders):
    mallory = await service.connect("nonsense")
    assert mallory.refused["data"]["code"] == "unauthenticated"
    await mallory.send("40" + json.dumps({"token": token("mallory")}))
    assert await mallory.until_closed() == 1008
    assert mallory.connected is None


@pytest.mark.parametrize("early", [JOIN, CALL, CONNECT, "41", "42[]"])
async def test_events_behind_a_pending_connect_wait_for_it(
    service: TestService, gatekeeper: Gatekeeper, early: str
):
    mallory = await service.open()
    await mallory.send(CONNECT)
    await mallory.send(early)
    await eventually(lambda: gatekeeper.asked == 1)
    assert mallory.log == []
    assert len(service.node.tables["sessions"]) == 2  # the bystanders
    gatekeeper.failure = PermissionError()
    gatekeeper.go.set()
    await mallory.until_closed()
    assert (mallory.connected, mallory.log) == (None, [])


@pytest.mark.parametrize("early", [JOIN, CALL, CONNECT, "41", "42[]", "451-[]"])
async def test_posts_beside_a_pending_connect_end_it(
    service: TestService, gatekeeper: Gatekeeper, http: aiohttp.ClientSession, early: str
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    connecting = asyncio.create_task(mallory.post(CONNECT))
    await eventually(lambda: gatekeeper.asked == 1)
    await mallory.post(early)
    gatekeeper.go.set()
    await connecting
    await gone(service, before)
    with pytest.raises(Ended):
        await mallory.until("40")


async def test_a_websocket_lost_during_connect_leaves_nothing(
    service: TestService, gatekeeper: Gatekeeper
):
    before = sizes(service)
    mallory = await service.open()
    await mallory.send(CONNECT)
    await eventually(lambda: gatekeeper.asked == 1)
    mallory.socket.transport.abort()
    await mallory.until_closed()
    gatekeeper.go.set()
    await gone(service, before)


async def test_polling_left_during_connect_leaves_nothing(
    service: TestService, gatekeeper: Gatekeeper, http: aiohttp.ClientSession
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    connecting = asyncio.create_task(mallory.post(CONNECT))
    await eventually(lambda: gatekeeper.asked == 1)
    assert await mallory.post("1") == 400  # it ends the connection, too: one body at a time
    gatekeeper.go.set()
    await connecting
    await gone(service, before)


async def test_a_connect_that_takes_over_10_s_is_closed(
    service: TestService, gatekeeper: Gatekeeper
):
    before = sizes(service)
    mallory = await service.open()
    await mallory.send(CONNECT)
    await eventually(lambda: gatekeeper.asked == 1)
    await service.advance(10.5)
    await mallory.until_closed()
    await gone(service, before)  # though the verifier has not come back yet
    gatekeeper.go.set()
    await gone(service, before)
    assert mallory.connected is None


@pytest.mark.parametrize("frame", [JOIN, CALL, '42["user:status",{"userId":"x"}]', "420[]"])
async def test_an_event_without_connect_closes(
    service: TestService, bystanders: Bystanders, frame: str
):
    mallory = await service.open()
    await mallory.send(frame)
    assert await mallory.until_closed() == 1008
    assert mallory.log == []


@pytest.mark.parametrize("frame", [JOIN, CALL, '42["user:status",{"userId":"x"}]', "420[]"])
async def test_an_event_without_connect_closes_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, frame: str
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    await mallory.post(frame)
    await closed_polling(mallory)
    await gone(service, before)


async def test_another_namespace_is_refused_and_opens_nothing(
    service: TestService, bystanders: Bystanders
):
    mallory = await service.open()
    await mallory.send("40/admin," + json.dumps({"token": token("mallory")}))
    await mallory.until(lambda: mallory.refused)
    assert mallory.refused == {"message": "Invalid namespace"}
    assert service.node.engine.manager.rooms.keys() == {"/"}
    await mallory.send("42/admin," + JOIN[2:])
    assert await mallory.until_closed() == 1008


async def test_of_connections_that_do_not_join_the_oldest_gives_way(
    service: TestService, bystanders: Bystanders
):
    first, *others = [await service.connect(token("mallory")) for _ in range(MOST_UNJOINED)]
    await first.send(CALL)
    assert not first.closed
    assert (await service.connect(token("mallory"))).connected
    assert await first.until_closed() == 1008
    (error,) = first.payloads("error")
    assert (error["code"], error["event"]) == ("too_many_sessions", "user:join")
    assert not any(other.closed for other in others)
    await others[0].emit("user:join", {"userId": "mallory"})
    await others[0].next("user:joined")
    assert (await service.connect(token("mallory"))).connected
    assert not others[1].closed


async def test_early_events_beyond_128_kib_are_refused(
    service: TestService, bystanders: Bystanders
):
    mallory = await service.connect(token("mallory"))
    asked = [
        await mallory.ask("user:status", {"userId": "x", "more": "x" * 60_000}) for _ in range(3)
    ]
    assert (await mallory.answer(asked[2]))["error"]["code"] == "not_joined"
    await mallory.emit("user:join", {"userId": "mallory"})
    for number in asked[:2]:
        assert (await mallory.answer(number))["ok"]
