"""A call that rings: who is told what, on how many devices, and for how long."""

import asyncio
import time
from typing import Any

from service.calls.call import MOST_DEVICES
from service.ids import uuid_of
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers
from tests.support.service import TestService, alone, running, token

ICE = {"iceServers", "iceTransportPolicy", "iceExpiresAt"}


async def test_the_caller_is_told_every_promised_field(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob, "video")
    initiated = await alice.next("call:initiated")
    assert set(initiated) == {
        "callId", "uuid", "to", "callType", "state", "expiresAt", "expiresInMs", *ICE,
    }  # fmt: skip
    assert (initiated["to"], initiated["callType"]) == ("bob", "video")
    assert (initiated["state"], initiated["expiresInMs"]) == ("initiating", 45_000)
    assert abs(initiated["expiresAt"] - time.time() * 1000 - 45_000) < 5_000
    assert await alice.next("call:ringing") == {"callId": call_id, "by": "bob"}


async def test_the_callee_is_told_every_promised_field(service: TestService):
    alice = await service.connect(token("alice", name="Alice Liddell"))
    await alice.done("user:join", {"userId": "alice"})
    bob = await service.join("bob")
    metadata = {"subject": "tea", "at": [1, 2.5, None]}
    fields = {"to": "bob", "callType": "audio", "metadata": metadata}
    call_id = (await alice.done("call:initiate", fields))["callId"]
    incoming = await bob.next("call:incoming")
    assert set(incoming) == {
        "from", "fromName", "callType", "callId", "uuid", "state", "metadata", "expiresAt",
        "expiresInMs", *ICE,
    }  # fmt: skip
    assert (incoming["from"], incoming["fromName"]) == ("alice", "Alice Liddell")
    assert (incoming["callId"], incoming["callType"]) == (call_id, "audio")
    assert incoming["metadata"] == metadata
    assert incoming["expiresAt"] == alice.payloads("call:initiated")[0]["expiresAt"]
    assert 40_000 < incoming["expiresInMs"] <= 45_000


async def test_caller_devices_and_those_that_join_get_one_uuid(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    (call,) = (await service.join("bob")).payloads("user:joined")[0]["calls"]
    told = [*alice.payloads("call:initiated"), *bob.payloads("call:incoming"), call]
    assert [one["uuid"] for one in told] == [uuid_of(call_id)] * 3


async def test_a_name_and_metadata_that_are_not_there_are_left_out(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    incoming = await bob.next("call:incoming")
    assert not {"fromName", "metadata"} & set(incoming)


async def test_metadata_may_have_four_kib(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "metadata": "m" * 4095}
    error = await alice.refusal("call:initiate", fields)
    assert error["code"] == "invalid_payload"
    assert "metadata" in error["message"]
    await alice.done("call:initiate", {**fields, "metadata": "m" * 4094})
    assert (await bob.next("call:incoming"))["metadata"] == "m" * 4094


async def test_a_call_type_is_audio_or_video(service: TestService):
    alice, _bob = await service.join("alice"), await service.join("bob")
    for wrong in ("hologram", "", None, 7):
        error = await alice.refusal("call:initiate", {"to": "bob", "callType": wrong})
        assert (error["code"], "callType" in error["message"]) == ("invalid_payload", True)
    error = await alice.refusal("call:initiate", {"callType": "audio"})
    assert (error["code"], "to" in error["message"]) == ("invalid_payload", True)


async def test_every_device_rings_and_the_caller_hears_it_once(service: TestService):
    alice = await service.join("alice")
    devices = [await service.join("bob") for _ in range(5)]
    call_id = await service.call(alice, devices[0])
    for device in devices:
        await device.settle()
        assert [incoming["callId"] for incoming in device.payloads("call:incoming")] == [call_id]
    await alice.settle()
    assert len(alice.payloads("call:ringing")) == 1


async def test_the_callers_other_devices_hear_nothing(service: TestService):
    alice, tablet = await service.join("alice"), await service.join("alice")
    bob = await service.join("bob")
    await service.accepted(alice, bob)
    await tablet.settle()
    assert not [name for name in tablet.events() if name.startswith("call:")]


async def test_a_device_that_joins_while_it_rings_rings_too(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    service.clock.advance(10)
    late = await service.join("bob")
    incoming = await late.next("call:incoming")
    assert (incoming["callId"], incoming["from"]) == (call_id, "alice")
    assert (incoming["state"], incoming["expiresInMs"] <= 35_000) == ("ringing", True)
    assert late.events() == ["user:joined", "call:incoming"]
    await late.done("call:accept", {"callId": call_id})
    assert (await bob.next("call:ended"))["reason"] == "answered_elsewhere"
    await alice.settle()
    assert len(alice.payloads("call:ringing")) == 1


async def test_a_device_that_joins_after_63_others_have_come_and_gone_does_not_ring(
    service: TestService,
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    for _ in range(MOST_DEVICES - 1):
        tablet = await service.join("bob")
        await tablet.next("call:incoming")
        await tablet.close()
        await service.seen_off(tablet)
    late = await service.join("bob")
    await late.settle()
    assert "call:incoming" not in late.events()
    await bob.done("call:accept", {"callId": call_id})
    await alice.next("call:accepted")


async def test_a_device_that_joins_after_the_accept_does_not_ring(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    late = await service.join("bob")
    await late.settle()
    assert "call:incoming" not in late.events()


async def test_nobody_answers_for_as_long_as_the_ring_lasts(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    tablet = await service.join("bob")
    call_id = await service.call(alice, bob)
    await service.advance(44)
    await alice.settle()
    assert "call:ended" not in alice.events()
    await service.advance(1)
    ended = {"callId": call_id, "by": None, "reason": "no_answer", "durationMs": 0}
    for client in (alice, bob, tablet):
        assert await client.next("call:ended") == ended


async def test_the_ring_lasts_as_long_as_it_is_set_to():
    async with running(ring_timeout=15) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.call(alice, bob)
        assert (await alice.next("call:initiated"))["expiresInMs"] == 15_000
        await service.advance(15)
        assert (await alice.next("call:ended"))["reason"] == "no_answer"


async def test_an_offline_callee_is_unavailable_at_once(service: TestService):
    alice = await service.join("alice")
    error = await alice.refusal("call:initiate", {"to": "bob", "callType": "audio"})
    assert (error["code"], error["retryable"]) == ("user_unavailable", False)
    assert "call:initiated" not in alice.events()
    assert service.calls.live() == ()


async def test_a_user_cannot_call_themselves(service: TestService):
    alice, _tablet = await service.join("alice"), await service.join("alice")
    error = await alice.refusal("call:initiate", {"to": "alice", "callType": "audio"})
    assert error["code"] == "invalid_payload"


async def test_a_device_rings_though_the_call_began_while_its_join_was_being_written():
    """It is in the store before its own node hears that it is."""
    written, heard = asyncio.Event(), asyncio.Event()

    class FarUsers(MemoryUsers):
        async def add(self, ref: Any, most: int) -> Any:
            added = await super().add(ref, most)
            if ref.device == "tablet":
                written.set()
                await heard.wait()
            return added

    users = FarUsers()
    stores = Stores(users, MemoryCalls(users), MemoryReplies(), MemorySessions())
    async with running(alone(stores)) as service:
        alice, phone = await service.join("alice"), await service.join("bob")
        tablet = await service.connect(token("bob"))
        join = await tablet.ask("user:join", {"userId": "bob", "deviceId": "tablet"})
        await written.wait()
        call_id = await service.call(alice, phone)
        heard.set()
        await tablet.answer(join)
        assert (await tablet.next("call:incoming"))["callId"] == call_id
        await tablet.settle()
        assert tablet.events("user:joined", "call:incoming") == ["user:joined", "call:incoming"]
        (call,) = service.calls.live()
        assert len(call.devices) == 2
