"""A session that is taken from a connection that it still has."""

import asyncio

from tests.resuming.stage import Device, Stage
from tests.support.waiting import PATIENCE_S


async def test_the_old_connection_is_told_and_stays_away(stage: Stage):
    bob = await stage.join("bob")
    old = bob.link
    assert (await bob.join())["resumed"] == "replayed"
    async with asyncio.timeout(PATIENCE_S):
        await old.over.wait()
    told, dismissal = old.frames[-2:]
    assert '"code":"session_replaced"' in told
    assert '"retryable":false' in told
    assert '"event":"user:join"' in told
    assert '"seq"' not in told
    assert dismissal == "41"


async def test_nothing_that_the_old_connection_brings_later_touches_the_session(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    bob.proxy.hold("down")  # it does not hear that it was replaced
    old = bob.link
    there = await stage.device("bob")  # the same session over another network
    there.remember(bob)
    assert (await there.join())["resumed"] == "replayed"
    signal = {"callId": call_id, "data": 1, "n": 2, "epoch": bob.outgoing.epoch}
    old.emit("call:signal", signal)
    old.emit("call:end", {"callId": call_id})
    old.send("41")
    bob.proxy.cut()
    await there.done("call:signal", {"callId": call_id, "data": 2})
    await there.probe()
    await alice.probe()
    assert [told["data"] for told in alice.payloads("call:signal")] == [2]
    assert "call:ended" not in alice.events()
    assert "call:peer-reconnecting" not in alice.events(), "the late DISCONNECT was the session's"
    session = stage.session(there)
    assert session is not None
    assert not session.detached


async def settled(device: Device) -> None:
    """Wait until all that a device said is answered or confirmed."""
    await device.until(lambda: not len(device.outgoing), "its answers")


async def test_ten_times_in_a_row(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    for number in range(10):
        alice.say("call:signal", {"callId": call_id, "data": number})
        bob.say("call:signal", {"callId": call_id, "data": number})
        assert (await bob.join())["resumed"] == "replayed"
    for device in (bob, alice):
        await settled(device)
    for device in (bob, alice):
        await device.probe()
        assert [told["data"] for told in device.payloads("call:signal")] == [*range(10)]
