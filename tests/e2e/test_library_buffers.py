"""What socket.io-client buffers and repeats by itself goes before the join: nothing comes twice.

docs/resuming.md says to keep one's own list instead: here is what happens to whoever does not.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.transport.connections.dispatch import MOST_EARLY
from tests.support.client import Client
from tests.support.node_client import POLLING, UPGRADE, WEBSOCKET, NodeClient, node_client
from tests.support.service import TestService, token
from tests.support.severable import DOWN, Severable, severable
from tests.support.waiting import until

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def resumable(
    port: int, transports: Sequence[str] = WEBSOCKET, **more: Any
) -> AsyncIterator[NodeClient]:
    """A session of Alice; `more` are options of socket.io-client."""
    url = f"http://127.0.0.1:{port}"
    given: dict[str, Any] = {
        "url": url,
        "token": token("alice"),
        "transports": transports,
        "more": more,
    }
    async with node_client("resumable_client.mjs", userId="alice", **given) as client:
        assert (await client.next("user:joined"))["resumed"] == "none"
        yield client


async def lose(client: NodeClient, proxy: Severable) -> None:
    """Cut the connection, and let no other be made."""
    proxy.open = False
    proxy.cut()
    await client.next("disconnect")


async def accepted(alice: NodeClient, bob: Client) -> str:
    """A call that Bob has accepted; its id."""
    payload = {"to": "bob", "callType": "audio"}
    await alice.do("request", event="call:initiate", payload=payload)
    call_id = str((await alice.next("ack"))["reply"]["callId"])
    await bob.next("call:incoming")
    await bob.done("call:accept", {"callId": call_id})
    await alice.next("call:accepted")
    return call_id


@pytest.mark.parametrize("count", [MOST_EARLY, MOST_EARLY + 40])
@pytest.mark.parametrize(
    "transports", [WEBSOCKET, UPGRADE, POLLING], ids=["websocket", "upgrade", "polling"]
)
async def test_its_send_buffer_waits_for_the_join_and_what_is_too_much_is_refused(
    service: TestService, transports: Sequence[str], count: int
):
    bob = await service.join("bob", features=["resume"], epoch=None)
    async with severable(service.port) as proxy, resumable(proxy.port, transports) as alice:
        call_id = await accepted(alice, bob)
        await lose(alice, proxy)
        said = [{"callId": call_id, "data": number} for number in range(count)]
        await alice.do("relays", event="call:signal", payloads=said)
        proxy.open = True
        assert (await alice.next("user:joined"))["resumed"] == "replayed"
        answers = [await alice.next("ack") for _ in said]
        refused = [one for one in answers if not one["reply"]["ok"]]
        assert {one["reply"]["error"]["code"] for one in refused} <= {"not_joined"}
        assert [one["payload"]["n"] for one in refused] == [*range(MOST_EARLY + 1, count + 1)]
        for one in refused:  # its number is still free
            again = {"event": "call:signal", "payload": one["payload"]}
            await alice.do("request", **again)
            assert (await alice.next("ack"))["reply"]["ok"]
        await bob.settle()
        assert [told["data"] for told in bob.payloads("call:signal")] == [*range(count)]


async def test_with_its_option_retries_the_join_waits_until_a_repeat_is_refused(
    service: TestService,
):
    bob = await service.join("bob", features=["resume"], epoch=None)
    more: dict[str, Any] = {"retries": 3, "ackTimeout": 60_000}
    async with severable(service.port) as proxy, resumable(proxy.port, **more) as alice:
        proxy.hold(DOWN)
        payload = {"to": "bob", "callType": "audio", "requestId": "r1"}
        await alice.do("request", event="call:initiate", payload=payload)
        call_id = (await bob.next("call:incoming"))["callId"]
        proxy.cut()
        connections = service.node.connections._connections
        await until(lambda: any(one.early for one in connections), "the repeat, before the join")
        await service.advance(6)
        assert (await alice.next("ack"))["reply"]["error"]["code"] == "not_joined"
        assert (await alice.next("user:joined"))["resumed"] == "replayed"
        assert (await alice.next("call:initiated"))["callId"] == call_id
        await alice.do("request", event="call:initiate", payload=payload)
        assert (await alice.next("ack"))["reply"]["callId"] == call_id
        await bob.settle()
        assert bob.events("call:incoming") == ["call:incoming"]
