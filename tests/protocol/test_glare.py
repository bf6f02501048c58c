"""Glare: two users call each other at the same time."""

import asyncio

from tests.protocol.sdp import OFFER, candidate
from tests.support.client import Client
from tests.support.service import TestService, running

RESUME: dict[str, object] = {"features": ["resume"]}


async def pair(
    service: TestService, alices: dict[str, object], bobs: dict[str, object]
) -> tuple[Client, Client]:
    return await service.join("alice", **alices), await service.join("bob", **bobs)


async def test_between_resumable_sessions_the_second_initiate_accepts(service: TestService):
    alice, bob = await pair(service, RESUME, RESUME)
    call_id = await service.call(alice, bob, "video")
    answer = await bob.done("call:initiate", {"to": "alice", "callType": "audio"})
    assert (answer["glare"], answer["callId"], answer["role"]) == (True, call_id, "callee")
    for client in (alice, bob):
        assert await client.next("call:accepted") == {"callId": call_id, "by": "bob"}
    await bob.settle()
    assert bob.events()[1:4] == ["call:incoming", "ack", "call:accepted"]
    assert "call:initiated" not in bob.events()
    await alice.settle()
    assert "call:incoming" not in alice.events()
    assert len(service.calls.live()) == 1


async def test_the_first_calls_type_stands(service: TestService):
    alice, bob = await pair(service, RESUME, RESUME)
    await service.call(alice, bob, "video")
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob"})
    await alice.settle()
    await bob.done("call:initiate", {"to": "alice", "callType": "audio"})
    assert (await bob.next("call:offer"))["callType"] == "video"


async def test_glare_gets_the_held_offer_and_stops_the_other_devices(service: TestService):
    alice, bob = await pair(service, RESUME, RESUME)
    tablet = await service.join("bob")
    await service.call(alice, bob)
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob"})
    await alice.emit("ice:candidate", {"candidate": candidate(1), "to": "bob"})
    await alice.settle()
    await bob.done("call:initiate", {"to": "alice", "callType": "video"})
    await bob.next("ice:candidate")
    assert bob.events()[2:] == ["ack", "call:accepted", "call:offer", "ice:candidate"]
    assert (await tablet.next("call:ended"))["reason"] == "answered_elsewhere"


async def test_a_plain_caller_or_callee_is_already_in_call_and_rings_on(service: TestService):
    plain: dict[str, object] = {}
    for alices, bobs in ((plain, plain), (RESUME, plain), (plain, RESUME)):
        alice, bob = await pair(service, alices, bobs)
        call_id = await service.call(alice, bob)
        error = await bob.refusal("call:initiate", {"to": "alice", "callType": "audio"})
        assert error["code"] == "already_in_call"
        await alice.settle()
        assert not {"call:incoming", "call:rejected", "call:ended"} & set(alice.events())
        await bob.done("call:accept", {"callId": call_id})
        await alice.next("call:accepted")
        for client in (alice, bob):
            await client.close()
        await service.seen_off(alice, bob)


async def test_glare_without_a_callback_is_told_by_the_accept(service: TestService):
    alice, bob = await pair(service, RESUME, RESUME)
    call_id = await service.call(alice, bob)
    await bob.emit("call:initiate", {"to": "alice", "callType": "video"})
    assert await bob.next("call:accepted") == {"callId": call_id, "by": "bob"}
    assert await alice.next("call:accepted") == {"callId": call_id, "by": "bob"}


async def test_both_at_once_make_one_call():
    async with running(rate_limit_scale=1000) as service:
        for _ in range(20):
            alice, bob = await pair(service, RESUME, RESUME)
            answers = await asyncio.gather(
                alice.done("call:initiate", {"to": "bob", "callType": "audio"}),
                bob.done("call:initiate", {"to": "alice", "callType": "audio"}),
            )
            assert answers[0]["callId"] == answers[1]["callId"]
            assert sorted(answer.get("role", "caller") for answer in answers) == [
                "callee",
                "caller",
            ]
            for client in (alice, bob):
                await client.next("call:accepted")
            for client in (alice, bob):
                await client.close()
            await service.seen_off(alice, bob)


async def test_both_at_once_between_plain_sessions_make_one_ring():
    async with running(rate_limit_scale=1000) as service:
        for _ in range(20):
            alice, bob = await pair(service, {}, {})
            answers = await asyncio.gather(
                alice.request("call:initiate", {"to": "bob", "callType": "audio"}),
                bob.request("call:initiate", {"to": "alice", "callType": "audio"}),
            )
            assert sorted(answer["ok"] for answer in answers) == [False, True]
            (lost,) = [answer["error"]["code"] for answer in answers if not answer["ok"]]
            assert lost == "already_in_call"
            assert len(service.calls.live()) == 1
            for client in (alice, bob):
                await client.close()
            await service.seen_off(alice, bob)
