"""Declining: for the user or for one device, and what each side is told."""

import pytest

from tests.support.service import TestService


async def test_a_reject_is_told_to_both_and_ends_the_call(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    rejected = {"callId": call_id, "by": "bob", "reason": "rejected"}
    assert await bob.done("call:reject", {"callId": call_id, "from": "alice"}) == {
        "ok": True,
        **rejected,
    }
    for client in (alice, bob):
        assert await client.next("call:rejected") == rejected
        await client.settle()
        assert "call:ended" not in client.events()
    assert service.calls.live() == ()


async def test_the_other_devices_are_told_rejected_elsewhere(service: TestService):
    alice = await service.join("alice")
    phone, tablet, laptop = [await service.join("bob") for _ in range(3)]
    call_id = await service.call(alice, phone)
    await phone.done("call:reject", {"callId": call_id})
    told = {"callId": call_id, "by": "bob", "reason": "rejected_elsewhere", "durationMs": 0}
    for other in (tablet, laptop):
        assert await other.next("call:ended") == told
        await other.settle()
        assert "call:rejected" not in other.events()


async def test_the_callee_may_say_busy(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await bob.done("call:reject", {"callId": call_id, "reason": "busy"})
    assert (await alice.next("call:rejected"))["reason"] == "busy"


async def test_null_for_what_is_optional_is_as_good_as_nothing(service: TestService):
    alice = await service.join("alice", deviceId=None, features=None)
    bob = await service.join("bob", features=None)
    call_id = await service.call(alice, bob)
    absent = {"reason": None, "scope": None, "requestId": None}
    answer = await bob.done("call:reject", {"callId": call_id, **absent})
    assert answer["reason"] == "rejected"
    assert (await alice.next("call:rejected"))["reason"] == "rejected"


@pytest.mark.parametrize("fields", [{"reason": "dislike"}, {"scope": "planet"}])
async def test_only_the_named_reasons_and_scopes_are_known(
    service: TestService, fields: dict[str, str]
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    error = await bob.refusal("call:reject", {"callId": call_id, **fields})
    assert error["code"] == "invalid_payload"
    assert next(iter(fields)) in error["message"]


async def test_one_device_falls_silent_and_the_others_ring_on(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    answer = await phone.done("call:reject", {"callId": call_id, "scope": "device"})
    assert answer == {"ok": True, "callId": call_id, "by": "bob", "reason": "rejected"}
    assert (await phone.next("call:rejected"))["callId"] == call_id
    for client in (alice, tablet):
        await client.settle()
        assert not {"call:rejected", "call:ended"} & set(client.events())
    await tablet.done("call:accept", {"callId": call_id})
    await alice.next("call:accepted")
    await phone.settle()
    assert "call:ended" not in phone.events(), "it has stopped ringing already"


async def test_the_last_device_that_falls_silent_rejects(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    device = {"callId": call_id, "scope": "device"}
    await phone.done("call:reject", device)
    await tablet.done("call:reject", {**device, "reason": "busy"})
    assert await alice.next("call:rejected") == {"callId": call_id, "by": "bob", "reason": "busy"}
    for client in (phone, tablet):
        await client.settle()
        assert len(client.payloads("call:rejected")) == 1
        assert "call:ended" not in client.events()


async def test_an_only_device_that_falls_silent_rejects(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await bob.done("call:reject", {"callId": call_id, "scope": "device"})
    assert (await alice.next("call:rejected"))["reason"] == "rejected"


async def test_one_device_falls_silent_and_the_other_one_vanishes(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    await phone.done("call:reject", {"callId": call_id, "scope": "device"})
    await tablet.close()
    ended = await alice.next("call:ended")
    assert (ended["callId"], ended["reason"]) == (call_id, "connection_lost")


async def test_a_silenced_device_that_vanishes_leaves_the_others_ringing(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    await phone.done("call:reject", {"callId": call_id, "scope": "device"})
    await phone.close()
    await service.seen_off(phone)
    await tablet.done("call:accept", {"callId": call_id})


async def test_a_silenced_device_hears_no_more_of_the_call(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    await phone.done("call:reject", {"callId": call_id, "scope": "device"})
    await tablet.done("call:reject", {"callId": call_id})
    await alice.next("call:rejected")
    await phone.settle()
    assert phone.events("call:ended", "call:rejected") == ["call:rejected"]


async def test_only_the_callee_may_reject(service: TestService):
    alice, bob, mallory = [await service.join(user) for user in ("alice", "bob", "mallory")]
    call_id = await service.call(alice, bob)
    for stranger in (alice, mallory):
        error = await stranger.refusal("call:reject", {"callId": call_id})
        assert error["code"] == "not_participant"
    await bob.settle()
    assert "call:ended" not in bob.events()


async def test_an_accepted_call_cannot_be_rejected(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.accepted(alice, phone)
    for device in (phone, tablet):
        for scope in ("user", "device"):
            error = await device.refusal("call:reject", {"callId": call_id, "scope": scope})
            assert error["code"] == "already_answered"
