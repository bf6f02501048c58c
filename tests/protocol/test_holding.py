"""What is sent before the accept: the caller's is held, the callee's is refused."""

import json

import pytest

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.service import TestService, running


async def test_offers_and_candidates_wait_for_the_session_that_accepts(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    await alice.done("call:offer", {"offer": OFFER, "to": "bob"})
    await alice.done("ice:candidate", {"candidate": candidate(1), "callId": call_id})
    await alice.done("ice:candidate", {"candidates": [candidate(2), None], "callId": call_id})
    for device in (phone, tablet):
        await device.settle()
        assert not {"call:offer", "ice:candidate"} & set(device.events())
    await tablet.done("call:accept", {"callId": call_id})
    await tablet.settle()
    assert tablet.payloads("call:offer") == [
        {"offer": OFFER, "from": "alice", "callType": "video", "callId": call_id}
    ]
    held = [told["candidate"] for told in tablet.payloads("ice:candidate")]
    assert held == [candidate(1), candidate(2), None]
    await phone.settle()
    assert not {"call:offer", "ice:candidate"} & set(phone.events())


async def test_what_follows_the_accept_follows_what_was_held():
    async with running(rate_limit_scale=100) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.call(alice, bob)
        for number in range(60):
            await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
        asked = await bob.ask("call:accept", {"callId": call_id})
        for number in range(60, 120):
            await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
        await bob.answer(asked)
        await alice.settle()
        await bob.settle()
        assert [told["candidate"] for told in bob.payloads("ice:candidate")] == [
            candidate(number) for number in range(120)
        ]


async def test_two_hundred_and_fifty_six_messages_are_held(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await alice.done("call:offer", {"offer": OFFER, "to": "bob"})
    for number in range(255):  # as browsers trickle, without waiting for an answer
        await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
    error = await alice.refusal("ice:candidate", {"candidate": candidate(256), "to": "bob"})
    assert "error" not in alice.events()
    assert (error["code"], error["retryable"], error["event"]) == (
        "rate_limited", True, "ice:candidate",
    )  # fmt: skip
    assert error["retryAfterMs"] > 0
    await bob.done("call:accept", {"callId": call_id})
    await alice.done("ice:candidate", {"candidate": candidate(257), "to": "bob"})
    await bob.settle()
    assert [told["candidate"] for told in bob.payloads("ice:candidate")] == [
        candidate(number) for number in (*range(255), 257)
    ]


async def test_what_is_not_held_is_told_when_nobody_asks(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    for number in range(259):
        await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
    await alice.settle()
    assert [(error["code"], error["event"]) for error in alice.payloads("error")] == [
        ("rate_limited", "ice:candidate")
    ] * 3
    await bob.done("call:accept", {"callId": call_id})
    await bob.settle()
    assert len(bob.payloads("ice:candidate")) == 256


@pytest.mark.parametrize("many", [150, 256])
async def test_a_machine_with_many_networks_trickles_at_once(service: TestService, many: int):
    """While it rings, and again right after the accept, each in an event of its own."""
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob"})
    for number in range(many - 1):
        await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
    await bob.done("call:accept", {"callId": call_id})
    for number in range(many):
        await bob.emit("ice:candidate", {"candidate": candidate(number), "to": "alice"})
    for sender, receiver, sent in ((alice, bob, many - 1), (bob, alice, many)):
        await sender.settle()
        await receiver.settle()
        assert "error" not in sender.events()
        assert [told["candidate"] for told in receiver.payloads("ice:candidate")] == [
            candidate(number) for number in range(sent)
        ]


async def test_a_batch_that_does_not_fit_is_refused_as_a_whole(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    batch = {"candidates": [candidate(number) for number in range(30)], "to": "bob"}
    for _ in range(8):
        await alice.done("ice:candidate", batch)
    assert (await alice.refusal("ice:candidate", batch))["code"] == "rate_limited"
    await bob.done("call:accept", {"callId": call_id})
    await bob.settle()
    assert len(bob.payloads("ice:candidate")) == 240


async def test_what_is_not_held_counts_for_nothing(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    batch = [candidate(number) for number in range(32)]
    for _ in range(8):
        await alice.done("ice:candidate", {"candidates": batch, "to": "bob"})
    for _ in range(6):  # not asking for an answer, which is the short way
        await alice.emit("ice:candidate", {"candidates": batch, "to": "bob"})
    await alice.settle()
    assert len(alice.payloads("error")) == 6
    await bob.done("call:accept", {"callId": call_id})
    await alice.done("ice:candidate", {"candidates": batch, "to": "bob"})  # of the 300, 44 are left
    error = await alice.refusal("ice:candidate", {"candidates": batch, "to": "bob"})
    assert error["code"] == "rate_limited"
    await alice.done("ice:candidate", {"candidates": batch[:12], "to": "bob"})


async def test_two_hundred_and_fifty_six_kib_are_held(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    large = {**OFFER, "sdp": "a" * 50_000}
    for _ in range(5):
        await alice.done("call:offer", {"offer": large, "to": "bob"})
    room = 256 * 1024 - 5 * len(json.dumps(large))
    assert room < 20_000
    error = await alice.refusal("call:offer", {"offer": large, "to": "bob"})
    assert error["code"] == "rate_limited"
    await alice.done("ice:candidate", {"candidate": candidate(1), "to": "bob"})
    await bob.done("call:accept", {"callId": call_id})
    await bob.settle()
    assert len(bob.payloads("call:offer")) == 5
    assert len(bob.payloads("ice:candidate")) == 1


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("call:offer", {"offer": OFFER}),
        ("call:answer", {"answer": ANSWER}),
        ("ice:candidate", {"candidate": candidate(1)}),
        ("call:signal", {"data": 1}),
        ("call:media", {"state": "connected"}),
    ],
)
async def test_a_callee_must_accept_first(
    service: TestService, event: str, fields: dict[str, object]
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    assert (await bob.refusal(event, {"callId": call_id, **fields}))["code"] == "invalid_state"
    await alice.settle()
    assert event not in alice.events()


@pytest.mark.parametrize(
    ("event", "fields"),
    [("call:answer", {"answer": ANSWER}), ("call:signal", {"data": 1}),
     ("call:media", {"state": "connected"})],
)  # fmt: skip
async def test_only_offers_and_candidates_are_held(
    service: TestService, event: str, fields: dict[str, object]
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    assert (await alice.refusal(event, {"callId": call_id, **fields}))["code"] == "invalid_state"


async def test_what_was_held_for_a_call_that_ends_goes_nowhere(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    first = await service.call(alice, bob)
    await alice.done("call:offer", {"offer": OFFER, "to": "bob"})
    await bob.done("call:reject", {"callId": first})
    await service.accepted(alice, bob)
    await bob.settle()
    assert "call:offer" not in bob.events()
