"""Who is busy for whom, and what becomes of a ring when its receiver calls somebody."""

from tests.support.client import Client
from tests.support.service import TestService, running

AUDIO = {"callType": "audio"}


async def people(service: TestService, *users: str) -> list[Client]:
    return [await service.join(user) for user in users]


async def test_a_user_in_a_call_is_busy_to_others(service: TestService):
    alice, bob, carol = await people(service, "alice", "bob", "carol")
    await service.accepted(alice, bob)
    for user in ("alice", "bob"):
        error = await carol.refusal("call:initiate", {"to": user, **AUDIO})
        assert (error["code"], error["retryable"]) == ("user_busy", False)
    await alice.settle()
    assert "call:incoming" not in alice.events()


async def test_a_ringing_call_makes_both_of_its_users_busy(service: TestService):
    alice, bob, carol = await people(service, "alice", "bob", "carol")
    await service.call(alice, bob)
    for user in ("alice", "bob"):
        error = await carol.refusal("call:initiate", {"to": user, **AUDIO})
        assert error["code"] == "user_busy"


async def test_who_is_in_a_call_cannot_start_another(service: TestService):
    alice, tablet, bob, carol = await people(service, "alice", "alice", "bob", "carol")
    call_id = await service.call(alice, bob)
    for session in (alice, tablet):
        error = await session.refusal("call:initiate", {"to": "carol", **AUDIO})
        assert error["code"] == "already_in_call"
    await bob.done("call:accept", {"callId": call_id})
    for session in (alice, tablet, bob):
        error = await session.refusal("call:initiate", {"to": "carol", **AUDIO})
        assert error["code"] == "already_in_call"
    await carol.settle()
    assert "call:incoming" not in carol.events()


async def test_the_same_call_twice_is_already_in_call(service: TestService):
    alice, bob = await people(service, "alice", "bob")
    await service.call(alice, bob)
    error = await alice.refusal("call:initiate", {"to": "bob", **AUDIO})
    assert error["code"] == "already_in_call"


async def test_a_user_who_is_rung_may_call_out_and_the_ring_is_answered_busy(
    service: TestService,
):
    alice, phone, tablet, carol = await people(service, "alice", "bob", "bob", "carol")
    ring = await service.call(alice, phone)
    call_id = await service.call(phone, carol)
    assert await alice.next("call:rejected") == {"callId": ring, "by": "bob", "reason": "busy"}
    assert (await tablet.next("call:ended"))["reason"] == "rejected_elsewhere"
    await alice.settle()
    assert "call:ended" not in alice.events()
    await carol.done("call:accept", {"callId": call_id})
    await phone.next("call:accepted")
    assert (await phone.refusal("call:accept", {"callId": ring}))["code"] == "call_ended"


async def test_a_device_that_fell_silent_and_calls_out_is_not_told_the_end_twice(
    service: TestService,
):
    alice, phone, tablet, _carol = await people(service, "alice", "bob", "bob", "carol")
    ring = await service.call(alice, phone)
    await phone.done("call:reject", {"callId": ring, "scope": "device"})
    await phone.done("call:initiate", {"to": "carol", **AUDIO})
    assert (await alice.next("call:rejected"))["reason"] == "busy"
    assert (await tablet.next("call:ended"))["reason"] == "rejected_elsewhere"
    await phone.settle()
    assert [told["reason"] for told in phone.payloads("call:rejected")] == ["rejected"]
    assert "call:ended" not in phone.events()


async def test_a_call_out_that_cannot_start_leaves_the_ring_alone(service: TestService):
    alice, bob, carol, dave = await people(service, "alice", "bob", "carol", "dave")
    ring = await service.call(alice, bob)
    await service.call(carol, dave)
    assert (await bob.refusal("call:initiate", {"to": "carol", **AUDIO}))["code"] == "user_busy"
    assert (await bob.refusal("call:initiate", {"to": "eve", **AUDIO}))["code"] == (
        "user_unavailable"
    )
    await bob.done("call:accept", {"callId": ring})
    await alice.next("call:accepted")


async def test_before_saying_busy_the_other_call_is_seen_to_live(service: TestService):
    alice, bob, carol = await people(service, "alice", "bob", "carol")
    await service.call(alice, bob)
    service.clock.advance(46)  # overdue, whether or not anybody has noticed
    await service.call(carol, bob)
    assert (await alice.next("call:ended"))["reason"] == "no_answer"
    assert bob.events("call:incoming", "call:ended")[:3] == [
        "call:incoming", "call:ended", "call:incoming",
    ]  # fmt: skip


async def test_with_call_waiting_a_busy_user_rings():
    async with running(call_waiting=True) as service:
        alice, bob, carol = await people(service, "alice", "bob", "carol")
        first = await service.accepted(alice, bob)
        second = await service.call(carol, bob)
        await carol.next("call:ringing")
        await bob.done("call:accept", {"callId": second})
        await carol.next("call:accepted")
        await bob.done("call:signal", {"callId": first, "data": {"hold": True}})
        assert (await alice.next("call:signal"))["data"] == {"hold": True}
        await carol.done("call:end", {"callId": second})
        assert (await bob.next("call:ended"))["callId"] == second
        await alice.done("call:end", {"callId": first})
        assert (await bob.next("call:ended"))["callId"] == first


async def test_with_call_waiting_two_may_ring_the_same_user():
    async with running(call_waiting=True) as service:
        alice, bob, carol = await people(service, "alice", "bob", "carol")
        first, second = await service.call(alice, bob), await service.call(carol, bob)
        await bob.done("call:accept", {"callId": second})
        await alice.settle()
        assert "call:ended" not in alice.events()
        await bob.done("call:reject", {"callId": first, "reason": "busy"})
        assert (await alice.next("call:rejected"))["reason"] == "busy"


async def test_with_call_waiting_who_calls_out_answers_every_ring_busy():
    async with running(call_waiting=True) as service:
        alice, bob, carol, _dave = await people(service, "alice", "bob", "carol", "dave")
        await service.call(alice, bob)
        await service.call(carol, bob)
        await bob.done("call:initiate", {"to": "dave", **AUDIO})
        for caller in (alice, carol):
            assert (await caller.next("call:rejected"))["reason"] == "busy"


async def test_with_call_waiting_who_talks_still_cannot_call_out():
    async with running(call_waiting=True) as service:
        alice, bob, _carol = await people(service, "alice", "bob", "carol")
        await service.accepted(alice, bob)
        error = await bob.refusal("call:initiate", {"to": "carol", **AUDIO})
        assert error["code"] == "already_in_call"


async def test_twenty_calls_a_minute_and_six_to_one_user(service: TestService):
    alice = await service.join("alice")
    for user in range(4):
        await service.join(f"user-{user}")
    placed = []
    for number in range(21):
        answer = await alice.request("call:initiate", {"to": f"user-{number % 4}", **AUDIO})
        placed.append(answer["ok"])
        if answer["ok"]:
            await alice.done("call:end", {"callId": answer["callId"]})
    assert placed == [True] * 20 + [False]
    assert answer["error"]["code"] == "rate_limited"
    await service.advance(60)
    for number in range(7):
        answer = await alice.request("call:initiate", {"to": "user-0", **AUDIO})
        assert answer["ok"] is (number < 6)
        if answer["ok"]:
            await alice.done("call:end", {"callId": answer["callId"]})
