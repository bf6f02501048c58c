"""A service without a shared store is started anew behind one address: what is lost, and told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.protocol.sdp import ANSWER
from tests.resuming.stage import Device
from tests.support.process import process
from tests.support.severable import severable


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What is to be closed at the end."""
    async with AsyncExitStack() as stack:
        yield stack


async def joined(stack: AsyncExitStack, port: int, user: str) -> Device:
    """A client behind an address that can lead to another port later."""
    device = Device(await stack.enter_async_context(severable(port)), user, "websocket")
    stack.push_async_callback(device.close)
    await device.join()
    return device


async def connected(caller: Device, callee: Device) -> str:
    """A call whose first answer has been relayed; its id."""
    answer = await caller.done("call:initiate", {"to": callee.user, "callType": "video"})
    call_id = str(answer["callId"])
    await callee.next("call:incoming")
    await callee.done("call:accept", {"callId": call_id})
    await callee.done("call:answer", {"callId": call_id, "answer": ANSWER})
    await caller.next("call:answer")
    return call_id


async def test_calls_end_by_name_and_clients_join_anew_and_call_at_once(stack: AsyncExitStack):
    before = await stack.enter_async_context(process(drain_window="0"))
    users = ("alice", "bob", "carol", "dora")
    alice, bob, carol, dora = [await joined(stack, before.port, user) for user in users]
    calls = {alice: await connected(alice, bob), carol: await connected(carol, dora)}
    calls[bob] = calls[alice]
    dora.proxy.open = False
    await dora.cut()
    await carol.next("call:peer-reconnecting")

    before.process.terminate()
    for device, call_id in calls.items():
        ended = await device.next("call:ended")
        assert (ended["callId"], ended["reason"]) == (call_id, "server_shutdown")
        await device.lost()
    assert await before.status() == 0
    await before.logged("node.stopped")
    draining, over = [await before.logged(f"node.{name}") for name in ("draining", "calls_ended")]
    present = {name: draining[name] for name in ("calls", "sessions", "detached", "window_s")}
    assert present == {"calls": 2, "sessions": 4, "detached": 1, "window_s": 0}
    assert over["calls"] == 2
    assert over["why"].startswith("No store is shared: sessions and calls end with the node")

    after = await stack.enter_async_context(process())
    for device in (alice, bob, carol, dora):
        device.proxy.target, device.proxy.open = after.port, True
        again = await device.come_back()
        assert (again["resumed"], again["calls"]) == ("none", [])
    assert "call:ended" not in dora.events(), "nobody tells her but `none`"
    await connected(alice, bob)
    await connected(dora, carol)
