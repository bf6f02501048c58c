"""The page's session over the bare socket.io-client: all arrives once, in order, through cuts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.node_client import POLLING, UPGRADE, WEBSOCKET, NodeClient, node_client
from tests.support.service import TestService, token
from tests.support.severable import UP, Severable, severable

pytestmark = pytest.mark.e2e

each_way = pytest.mark.parametrize(
    "transports", [WEBSOCKET, UPGRADE, POLLING], ids=["websocket", "upgrade", "polling"]
)


@asynccontextmanager
async def session_of(user: str, port: int, transports: Sequence[str]) -> AsyncIterator[NodeClient]:
    """A session that has joined."""
    url = f"http://127.0.0.1:{port}"
    async with node_client(
        "session_client.mjs", url=url, token=token(user), transports=transports, userId=user
    ) as client:
        assert (await client.next("joined"))["resumed"] == "none"
        yield client


async def lose(client: NodeClient, proxy: Severable) -> None:
    """Cut the connection, and let no other be made."""
    proxy.open = False
    proxy.cut()
    await client.next("lost")


async def connected(alice: NodeClient, bob: NodeClient) -> str:
    """Have a call placed and accepted; its id."""
    placed = await alice.request("call:initiate", {"to": "bob", "callType": "audio"})
    call_id: str = placed["callId"]
    assert (await bob.next("call:incoming"))["callId"] == call_id
    await bob.request("call:accept", {"callId": call_id})
    await alice.next("call:accepted")
    return call_id


@each_way
async def test_what_is_said_while_away_arrives_once_and_in_order(
    service: TestService, transports: Sequence[str]
):
    async with (
        severable(service.port) as proxy,
        session_of("alice", proxy.port, transports) as alice,
        session_of("bob", service.port, WEBSOCKET) as bob,
    ):
        call_id = await connected(alice, bob)
        said = [{"callId": call_id, "data": number} for number in range(90)]
        await alice.do("relays", event="call:signal", payloads=said[:30])
        await alice.next("confirmed")
        await lose(alice, proxy)
        await alice.do("relays", event="call:signal", payloads=said[30:60])
        proxy.open = True
        assert (await alice.next("joined"))["resumed"] == "replayed"
        await alice.do("cut")
        await alice.next("joined")
        await alice.do("relays", event="call:signal", payloads=said[60:])
        heard = [(await bob.next("call:signal"))["data"] for _ in said]
        assert heard == list(range(90))
        assert (await alice.request("call:end", {"callId": call_id}))["reason"] == "completed"
        assert alice.reports("refused") == []


@each_way
async def test_what_is_missed_while_away_comes_once_and_in_order(
    service: TestService, transports: Sequence[str]
):
    async with (
        severable(service.port) as proxy,
        session_of("alice", service.port, WEBSOCKET) as alice,
        session_of("bob", proxy.port, transports) as bob,
    ):
        call_id = await connected(alice, bob)
        await lose(bob, proxy)
        said = [{"callId": call_id, "data": number} for number in range(40)]
        await alice.do("relays", event="call:signal", payloads=said)
        for _ in said:
            await alice.next("confirmed")
        proxy.open = True
        assert (await bob.next("joined"))["resumed"] == "replayed"
        assert [(await bob.next("call:signal"))["data"] for _ in said] == list(range(40))
        await alice.request("call:end", {"callId": call_id})
        assert (await bob.next("call:ended"))["reason"] == "completed"


async def test_two_hundred_relays_are_sent_again_in_order_and_at_most_fifty_a_second(
    service: TestService,
):
    async with (
        severable(service.port) as proxy,
        session_of("alice", proxy.port, WEBSOCKET) as alice,
        session_of("bob", service.port, WEBSOCKET) as bob,
    ):
        call_id = await connected(alice, bob)
        proxy.hold(UP)
        said = [{"callId": call_id, "data": number} for number in range(200)]
        await alice.do("relays", event="call:signal", payloads=said)
        for _ in said:
            await alice.next("sent")
        proxy.cut()
        assert (await alice.next("joined"))["resumed"] == "replayed"
        again = [await alice.next("sent") for _ in said]
        assert [(await bob.next("call:signal"))["data"] for _ in said] == [*range(200)]
        for _ in said:
            await alice.next("confirmed")
        assert alice.reports("refused") == []
        a_second = [last - first for first, last in zip(again, again[50:], strict=False)]
        assert min(a_second) > 950  # a timer of 20 ms may be 1 ms early


async def test_an_answer_that_was_lost_is_asked_for_again(service: TestService):
    async with (
        severable(service.port) as proxy,
        session_of("alice", proxy.port, WEBSOCKET) as alice,
        session_of("bob", service.port, WEBSOCKET) as bob,
    ):
        await lose(alice, proxy)
        await alice.do("request", event="call:initiate", payload={"to": "bob", "callType": "audio"})
        proxy.open = True
        call_id = (await alice.next("ack"))["callId"]
        assert (await bob.next("call:incoming"))["callId"] == call_id
        assert bob.reports("call:incoming") == ["call:incoming"]


async def test_a_probe_leaves_a_living_connection_alone(service: TestService):
    async with session_of("alice", service.port, WEBSOCKET) as alice:
        await alice.do("probe")
        await alice.do("request", event="call:end", payload={"callId": "c_gone"})
        assert (await alice.next("refused"))["code"] == "call_not_found"
        assert alice.reports("lost") == []
