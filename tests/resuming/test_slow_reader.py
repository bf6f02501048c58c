"""A replay goes as fast as its client reads; what is yet to come stays in the replay."""

import asyncio

import pytest

from service.sessions.replay import MOST_BYTES
from service.sessions.resumable_session import READ_AHEAD
from tests.resuming.stage import Device, Stage, staged
from tests.support.waiting import until

LARGE = "x" * 4_000
OF_ONE = 4_400
"""Bytes that one signal of that size takes."""


def waiting(stage: Stage, device: Device) -> int:
    """Bytes that were written to the device's connection, and that the kernel has not taken."""
    session = stage.session(device)
    assert session is not None
    here = session.attachment.socket_id == device.link.sid
    return session.attachment.queued() if here else 0


async def read_in_gulps(stage: Stage, device: Device, signals: int) -> int:
    """Have a device read now and then, until it has all; the most that waited for it."""
    most = 0
    while len(device.payloads("call:signal")) < signals:
        device.proxy.release()
        await asyncio.sleep(0)
        device.proxy.hold("down")
        await asyncio.sleep(0.01)
        most = max(most, waiting(stage, device))
    device.proxy.release()
    return most


@pytest.mark.parametrize("kind", ["websocket", "polling"])
async def test_512_kib_are_replayed_to_a_slow_reader(kind: str):
    count = MOST_BYTES // OF_ONE
    async with staged(rate_limit_scale=1_000) as stage:
        alice, bob = await stage.join("alice"), await stage.join("bob", kind)
        call_id = await stage.accepted(alice, bob)
        await bob.probe()
        await bob.cut()
        for number in range(count):
            alice.say("call:signal", {"callId": call_id, "data": [number, LARGE]})
        await alice.until(lambda: not len(alice.outgoing), "all to be answered")

        bob.proxy.narrow = True
        await bob.connect()
        bob.proxy.hold("down")
        coming = asyncio.ensure_future(bob.join())
        await until(lambda: waiting(stage, bob) > READ_AHEAD, "the replay to wait for its reader")
        session = stage.session(bob)
        assert session is not None
        assert session.replay.size > 6 * READ_AHEAD, "nothing has been confirmed"
        assert waiting(stage, bob) <= READ_AHEAD + OF_ONE

        assert await read_in_gulps(stage, bob, count) <= READ_AHEAD + OF_ONE
        assert (await coming)["resumed"] == "replayed"
        await alice.done("call:signal", {"callId": call_id, "data": [count, ""]})
        await bob.until(lambda: len(bob.payloads("call:signal")) == count + 1, "all of them")
        numbers = [told["data"][0] for told in bob.payloads("call:signal")]
        assert numbers == [*range(count + 1)]
