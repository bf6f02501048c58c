"""The short way of a relay: no task, no store, the bytes as they came; and the same checks."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed

from service.transport.connections.connection import AT_ONCE
from service.wire import packets
from service.wire.packets import EventPacket
from service.wire.violations import ProtocolError
from tests.security.surroundings import CANDIDATE
from tests.security.test_frames import BROKEN
from tests.support.client import Client
from tests.support.service import TestService, running
from tests.wire.test_packets import BAD, GOOD, MALFORMED

RELAYS = AT_ONCE // 2
SPACED = '{ "candidate" : "candidate:1 1 udp 1 127.0.0.1 9 typ host",  "sdpMid":"0" , "x": 1.0 }'


@contextmanager
def tasks_of_the_service() -> Iterator[list[str]]:
    """The code of each task that the service or its libraries begin in this loop."""
    begun: list[str] = []
    loop = asyncio.get_running_loop()

    def factory(loop, coro, **options):
        code = getattr(coro, "cr_code", None)
        begun.append(f"{code.co_filename}:{code.co_name}" if code else repr(coro))
        return asyncio.Task(coro, loop=loop, **options)

    loop.set_task_factory(factory)
    try:
        yield begun
    finally:
        loop.set_task_factory(None)


def store_calls(service: TestService) -> float:
    """How often the store was asked for anything by anybody, but for what is due."""
    text = generate_latest(service.node.metrics.families.registry).decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "ringline_store_seconds_count" and sample.labels["op"] != "calls.due"
    )


async def connected(service: TestService) -> tuple[Client, Client, str]:
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    for sender, event, field in (
        (alice, "call:offer", "offer"), (bob, "call:answer", "answer"),
    ):  # fmt: skip
        await sender.done(event, {field: {"type": field, "sdp": "v=0"}, "callId": call_id})
    return alice, bob, call_id


async def test_a_relay_is_no_task_and_no_store_call():
    async with running() as service:
        alice, bob, call_id = await connected(service)
        before = store_calls(service)
        with tasks_of_the_service() as begun:
            for _ in range(RELAYS):
                await alice.emit("ice:candidate", {"candidate": CANDIDATE, "callId": call_id})
                await bob.next("ice:candidate")
        assert not [name for name in begun if "/service/" in name or "engineio" in name]
        assert store_calls(service) == before


async def test_a_payload_passes_byte_for_byte():
    async with running() as service:
        alice, bob, call_id = await connected(service)
        await alice.send(f'42["ice:candidate",{{"candidate":{SPACED},"callId":"{call_id}"}}]')
        await bob.next("ice:candidate")
        (raw,) = [frame for frame in bob.frames if "ice:candidate" in frame]
        assert f'"candidate":{SPACED}' in raw
        assert json.loads(raw[2:])[1]["from"] == "alice"


def taken(decode: Callable[[str], EventPacket], packet: str) -> EventPacket | None:
    """What a decoder makes of a packet; None when it refuses."""
    try:
        return decode(packet)
    except ProtocolError:
        return None


@pytest.mark.parametrize("packet", [*GOOD, *BAD, *MALFORMED])
def test_one_pass_and_many_take_the_same(packet: str):
    assert taken(packets.decode_event, packet) == taken(packets._decode_any, packet)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON, st.lists(JSON, max_size=2), st.integers(0, 40), st.text(max_size=2))
def test_one_pass_and_many_take_the_same_of_anything(name, arguments, cut, inserted):
    """Well-formed, with a piece put in, and cut short."""
    whole = "2" + json.dumps([name, *arguments], ensure_ascii=False)
    for packet in (whole, whole[:cut] + inserted + whole[cut:], whole[:cut]):
        assert taken(packets.decode_event, packet) == taken(packets._decode_any, packet)


@pytest.mark.parametrize("frame", [frame for frame in BROKEN.values() if len(frame) > 1])
async def test_a_broken_message_in_two_frames_is_as_broken(frame: str):
    async with running() as service:
        mallory = await service.join("mallory")
        with contextlib.suppress(ConnectionClosed):
            await mallory.socket.send([frame[:1], frame[1:]])
        assert await mallory.until_closed() == 1008


async def test_a_relay_in_many_frames_is_a_relay():
    async with running() as service:
        alice, bob, call_id = await connected(service)
        text = f'42["ice:candidate",{{"candidate":{SPACED},"callId":"{call_id}"}}]'
        await alice.socket.send([*text])
        assert (await bob.next("ice:candidate"))["candidate"] == json.loads(SPACED)
