"""Ending a call: what it means in each state, and what is remembered of it."""

import asyncio

import pytest

from tests.protocol.sdp import ANSWER, OFFER
from tests.support.service import TestService


async def test_the_caller_cancels_before_the_accept(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    ended = {"callId": call_id, "by": "alice", "reason": "cancelled", "durationMs": 0}
    assert await alice.done("call:end", {"callId": call_id}) == {"ok": True, **ended}
    for client in (alice, phone, tablet):
        assert await client.next("call:ended") == ended


async def test_the_callee_ends_before_the_accept_and_has_rejected(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    ended = {"callId": call_id, "by": "bob", "reason": "rejected", "durationMs": 0}
    assert await phone.done("call:end", {"callId": call_id}) == {"ok": True, **ended}
    for client in (alice, phone):
        assert await client.next("call:ended") == ended
    assert (await tablet.next("call:ended"))["reason"] == "rejected_elsewhere"


@pytest.mark.parametrize("state", ["connecting", "connected"])
@pytest.mark.parametrize("by", ["alice", "bob"])
async def test_either_side_completes_after_the_accept(service: TestService, by: str, state: str):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    if state == "connected":
        await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})
    service.clock.advance(20)
    await {"alice": alice, "bob": bob}[by].done("call:end", {"callId": call_id})
    for client in (alice, bob):
        ended = await client.next("call:ended")
        assert (ended["callId"], ended["by"], ended["reason"]) == (call_id, by, "completed")
        assert 20_000 <= ended["durationMs"] < 25_000


@pytest.mark.parametrize("reason", ["completed", "media_failed", "connection_lost", "error"])
async def test_an_end_may_say_why(service: TestService, reason: str):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    answer = await alice.done("call:end", {"callId": call_id, "reason": reason})
    assert answer["reason"] == reason
    assert (await bob.next("call:ended"))["reason"] == reason


@pytest.mark.parametrize(
    ("said", "told"),
    [("completed", "cancelled"), ("media_failed", "media_failed"), ("error", "error")],
)
async def test_a_caller_whose_camera_fails_may_say_so_before_the_accept(
    service: TestService, said: str, told: str
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    assert (await alice.done("call:end", {"callId": call_id, "reason": said}))["reason"] == told
    assert (await bob.next("call:ended"))["reason"] == told


@pytest.mark.parametrize("reason", ["server_shutdown", "no_answer", "because", ""])
async def test_an_end_may_not_claim_what_is_not_the_clients_to_say(
    service: TestService, reason: str
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    error = await alice.refusal("call:end", {"callId": call_id, "reason": reason})
    assert error["code"] == "invalid_payload"
    assert "reason" in error["message"]


async def test_a_second_end_is_ok_and_tells_the_first(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    first = await alice.done("call:end", {"callId": call_id})
    assert await alice.done("call:end", {"callId": call_id, "reason": "error"}) == first
    assert await bob.done("call:end", {"callId": call_id}) == first
    await alice.settle()
    await bob.settle()
    assert len(alice.payloads("call:ended")) == 2, "its own end, and the answer to the second"
    assert len(bob.payloads("call:ended")) == 2


async def test_a_rejected_call_may_be_ended_too(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await bob.done("call:reject", {"callId": call_id})
    assert (await alice.done("call:end", {"callId": call_id}))["reason"] == "rejected"


async def test_a_stranger_may_not_end_a_call(service: TestService):
    alice, phone, mallory = [await service.join(user) for user in ("alice", "bob", "mallory")]
    call_id = await service.call(alice, phone)
    ending = ("call:end", {"callId": call_id})
    assert (await mallory.refusal(*ending))["code"] == "not_participant"
    await phone.done("call:accept", {"callId": call_id})
    assert (await mallory.refusal(*ending))["code"] == "not_participant"
    await phone.done("call:end", {"callId": call_id})
    assert (await mallory.refusal(*ending))["code"] == "not_participant"


@pytest.mark.parametrize("user", ["alice", "bob"])
async def test_a_device_that_is_not_in_the_call_may_end_it_for_its_user(
    service: TestService, user: str
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    other = await service.join(user)
    answer = await other.done("call:end", {"callId": call_id})
    assert (answer["by"], answer["reason"]) == (user, "completed")
    assert other.events() == ["user:joined", "ack", "call:ended"]
    for told in (alice, bob, other):
        assert {"ok": True, **await told.next("call:ended")} == answer
    await asyncio.gather(*(told.settle() for told in (alice, bob, other)))
    assert [len(told.payloads("call:ended")) for told in (alice, bob, other)] == [1, 1, 1]


async def test_another_device_of_the_caller_cancels(service: TestService):
    alice, tablet, phone, laptop = [
        await service.join(user) for user in ("alice", "alice", "bob", "bob")
    ]
    call_id = await service.call(alice, phone)
    assert (await tablet.done("call:end", {"callId": call_id}))["reason"] == "cancelled"
    for told in (alice, tablet, phone, laptop):
        ended = await told.next("call:ended")
        assert (ended["by"], ended["reason"]) == ("alice", "cancelled")


LATE: dict[str, dict[str, object]] = {
    "call:accept": {},
    "call:reject": {},
    "call:offer": {"offer": OFFER},
    "call:answer": {"answer": ANSWER},
    "ice:candidate": {"candidate": None},
    "call:signal": {"data": 1},
    "call:media": {"state": "failed"},
}


@pytest.mark.parametrize("event", LATE)
async def test_for_five_minutes_a_late_event_is_told_that_the_call_ended(
    service: TestService, event: str
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await alice.done("call:end", {"callId": call_id})
    late = {"callId": call_id, **LATE[event]}
    assert (await bob.refusal(event, late))["code"] == "call_ended"
    await service.advance(299)
    assert (await bob.refusal(event, late))["code"] == "call_ended"
    await service.advance(2)
    assert (await bob.refusal(event, late))["code"] == "call_not_found"


async def test_the_end_is_forgotten_after_five_minutes(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await alice.done("call:end", {"callId": call_id})
    await service.advance(301)
    assert (await alice.refusal("call:end", {"callId": call_id}))["code"] == "call_not_found"


@pytest.mark.parametrize("event", LATE)
async def test_a_stranger_learns_nothing_of_a_call(service: TestService, event: str):
    alice, bob, mallory = [await service.join(user) for user in ("alice", "bob", "mallory")]
    call_id = await service.accepted(alice, bob)
    fields = {"callId": call_id, **LATE[event]}
    assert (await mallory.refusal(event, fields))["code"] == "not_participant"
    await alice.done("call:end", {"callId": call_id})
    assert (await mallory.refusal(event, fields))["code"] == "not_participant"


async def test_both_are_free_for_the_next_call(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    first = await service.accepted(alice, bob)
    await bob.done("call:end", {"callId": first})
    second = await service.accepted(bob, alice)
    assert second != first
