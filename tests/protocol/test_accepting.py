"""Accepting: exactly one device wins, and everybody is told so."""

import asyncio

import pytest

from service.stores import open_stores
from tests.protocol.sdp import OFFER, candidate
from tests.stateful.latency import late_stores
from tests.support.client import Client
from tests.support.service import TestService, alone, running


async def test_the_accept_is_told_to_both_bound_sessions(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    accepted = await bob.done("call:accept", {"callId": call_id, "from": "alice"})
    assert accepted == {"ok": True, "callId": call_id, "by": "bob"}
    for client in (alice, bob):
        assert await client.next("call:accepted") == {"callId": call_id, "by": "bob"}


async def test_the_other_devices_are_told_answered_elsewhere(service: TestService):
    alice = await service.join("alice")
    phone, tablet, laptop = [await service.join("bob") for _ in range(3)]
    call_id = await service.accepted(alice, phone)
    told = {"callId": call_id, "by": "bob", "reason": "answered_elsewhere", "durationMs": 0}
    for other in (tablet, laptop):
        assert await other.next("call:ended") == told
        await other.settle()
        assert "call:accepted" not in other.events()
    await phone.settle()
    assert "call:ended" not in phone.events()


async def test_a_late_accept_loses_and_changes_nothing(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.accepted(alice, phone)
    error = await tablet.refusal("call:accept", {"callId": call_id})
    assert (error["code"], error["callId"]) == ("already_answered", call_id)
    assert (await phone.refusal("call:accept", {"callId": call_id}))["code"] == "already_answered"
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob"})
    await phone.next("call:offer")
    await tablet.settle()
    assert "call:offer" not in tablet.events()


async def test_only_the_callee_may_accept(service: TestService):
    alice, bob, mallory = [await service.join(user) for user in ("alice", "bob", "mallory")]
    call_id = await service.call(alice, bob)
    for stranger in (alice, mallory):
        error = await stranger.refusal("call:accept", {"callId": call_id, "from": "bob"})
        assert error["code"] == "not_participant"
    await bob.done("call:accept", {"callId": call_id})


async def race(service: TestService, alice: Client, devices: list[Client]) -> None:
    """All devices accept at once; one wins, the rest are told that it was elsewhere."""
    call_id = (await alice.done("call:initiate", {"to": "bob", "callType": "audio"}))["callId"]
    await alice.emit("call:offer", {"offer": OFFER, "callId": call_id})
    await asyncio.gather(*(device.next("call:incoming") for device in devices))
    answers = await asyncio.gather(
        *(device.request("call:accept", {"callId": call_id}) for device in devices)
    )
    winners = [device for device, answer in zip(devices, answers, strict=True) if answer["ok"]]
    assert len(winners) == 1
    losses = [answer["error"]["code"] for answer in answers if not answer["ok"]]
    assert losses == ["already_answered"] * (len(devices) - 1)
    for device in devices:
        own = [name for name, told in device.log if told and told.get("callId") == call_id]
        expected = ["ack", "call:accepted", "call:offer"] if device in winners else ["call:ended"]
        assert [name for name in own if name != "call:incoming"] == expected
        if device not in winners:
            assert (await device.next("call:ended"))["reason"] == "answered_elsewhere"
    await alice.settle()
    accepts = [told for told in alice.payloads("call:accepted") if told["callId"] == call_id]
    assert accepts == [{"callId": call_id, "by": "bob"}]
    await alice.done("call:end", {"callId": call_id})
    await winners[0].next("call:ended")


@pytest.mark.parametrize("rounds", [20, pytest.param(500, marks=pytest.mark.long)])
@pytest.mark.parametrize("store", ["near", "far"])
async def test_of_ten_devices_that_accept_at_once_one_wins(rounds: int, store: str):
    stores = late_stores(seed=rounds) if store == "far" else open_stores()
    async with running(alone(stores), rate_limit_scale=1000) as service:
        alice = await service.join("alice")
        devices = [await service.join("bob") for _ in range(10)]
        for _ in range(rounds):
            await race(service, alice, devices)


async def test_an_accept_and_a_cancel_at_once_leave_no_doubt():
    async with running(rate_limit_scale=1000) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        for _ in range(50):
            call_id = await service.call(alice, bob)
            accepted, cancelled = await asyncio.gather(
                bob.request("call:accept", {"callId": call_id}),
                alice.request("call:end", {"callId": call_id}),
            )
            assert cancelled["ok"]
            ended = await bob.next("call:ended")
            if accepted["ok"]:
                assert (cancelled["reason"], ended["reason"]) == ("completed", "completed")
            else:
                assert accepted["error"]["code"] == "call_ended"
                assert (cancelled["reason"], ended["reason"]) == ("cancelled", "cancelled")


async def test_an_accept_and_a_reject_at_once_have_one_outcome():
    async with running(rate_limit_scale=1000) as service:
        alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
        for _ in range(50):
            call_id = await service.call(alice, phone)
            accepted, rejected = await asyncio.gather(
                phone.request("call:accept", {"callId": call_id}),
                tablet.request("call:reject", {"callId": call_id}),
            )
            assert accepted["ok"] is not rejected["ok"]
            if accepted["ok"]:
                assert rejected["error"]["code"] == "already_answered"
                assert (await tablet.next("call:ended"))["reason"] == "answered_elsewhere"
                await alice.done("call:end", {"callId": call_id})
            else:
                assert accepted["error"]["code"] == "call_ended"
                assert (await alice.next("call:rejected"))["callId"] == call_id
            assert (await phone.next("call:ended"))["callId"] == call_id


async def test_an_accept_then_a_candidate_need_no_waiting(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await bob.emit("call:accept", {"callId": call_id})
    await bob.emit("ice:candidate", {"candidate": candidate(1), "to": "alice"})
    assert (await alice.next("ice:candidate"))["candidate"] == candidate(1)
    assert alice.events()[-2:] == ["call:accepted", "ice:candidate"]


async def test_no_answer_in_time_after_the_accept_is_a_connect_timeout(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await service.advance(29)
    await bob.settle()
    assert "call:ended" not in bob.events()
    await service.advance(1)
    for client in (alice, bob):
        ended = await client.next("call:ended")
        assert (ended["callId"], ended["by"]) == (call_id, None)
        assert ended["reason"] == "connect_timeout"
        assert 30_000 <= ended["durationMs"] < 35_000


async def test_after_the_first_answer_there_is_no_timeout(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await bob.done("call:answer", {"answer": {"type": "answer"}, "to": "alice"})
    await service.advance(3_000)
    await alice.done("call:signal", {"callId": call_id, "data": "still here"})


async def test_the_longest_call_ends_by_itself():
    async with running(max_call_duration=600) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.accepted(alice, bob)
        await bob.done("call:answer", {"answer": {"type": "answer"}, "to": "alice"})
        await service.advance(599)
        await alice.settle()
        assert "call:ended" not in alice.events()
        await service.advance(1)
        for client in (alice, bob):
            ended = await client.next("call:ended")
            assert (ended["reason"], ended["by"]) == ("max_duration", None)
            assert 600_000 <= ended["durationMs"] < 605_000
