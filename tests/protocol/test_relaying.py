"""Offers, answers and candidates: whose they are, where they go, and what they must be."""

import pytest

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.service import TestService, running


async def test_the_sender_is_who_the_token_says(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    forged = {"from": "mallory", "to": "bob"}
    await alice.emit("call:offer", {"offer": OFFER, **forged})
    await alice.emit("call:answer", {"answer": ANSWER, **forged})
    await alice.emit("ice:candidate", {"candidate": candidate(1), **forged})
    for event in ("call:offer", "call:answer", "ice:candidate"):
        told = await bob.next(event)
        assert (told["from"], told["callId"]) == ("alice", call_id)


async def test_every_relay_is_told_with_its_fields(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    told = {"from": "alice", "callId": call_id}
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob", "callType": "audio"})
    assert await bob.next("call:offer") == {"offer": OFFER, "callType": "video", **told}
    await alice.emit("call:answer", {"answer": ANSWER, "to": "bob"})
    assert await bob.next("call:answer") == {"answer": ANSWER, **told}
    await alice.emit("ice:candidate", {"candidate": candidate(1), "to": "bob"})
    assert await bob.next("ice:candidate") == {"candidate": candidate(1), **told}


@pytest.mark.parametrize("end", [None, "", {}, {"candidate": "", "sdpMid": "0"}])
async def test_null_or_an_empty_candidate_is_the_end_of_candidates(
    service: TestService, end: object
):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    await bob.done("ice:candidate", {"candidate": end, "to": "alice"})
    assert (await alice.next("ice:candidate"))["candidate"] == end


async def test_a_batch_of_candidates_goes_out_one_by_one(service: TestService):
    """Clients of the replaced system read `candidate`; a batch would be nothing to them."""
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    batch = [*(candidate(number) for number in range(31)), None]
    await alice.done("ice:candidate", {"candidates": batch, "callId": call_id})
    await alice.done("ice:candidate", {"candidate": candidate(99), "callId": call_id})
    await bob.settle()
    assert bob.payloads("ice:candidate") == [
        {"candidate": one, "from": "alice", "callId": call_id} for one in [*batch, candidate(99)]
    ]


async def test_batched_candidates_pass_byte_for_byte(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    one, two = '{ "candidate":"\\u0061", "x":1.0}', '{"candidate" : "b"}'
    await alice.send('42["ice:candidate",{"to":"bob","candidates":[' + f"{one} , {two}" + "]}]")
    await bob.next("ice:candidate")
    await bob.next("ice:candidate")
    assert [raw in frame for raw, frame in zip((one, two), bob.frames[-2:], strict=True)] == [
        True,
        True,
    ]


WRONG: dict[str, tuple[str, dict[str, object]]] = {
    "no offer": ("call:offer", {}),
    "an offer that is null": ("call:offer", {"offer": None}),
    "an offer that is text": ("call:offer", {"offer": "v=0"}),
    "an answer that is a list": ("call:answer", {"answer": []}),
    "no candidate": ("ice:candidate", {}),
    "a candidate and a batch": ("ice:candidate", {"candidate": None, "candidates": [None]}),
    "a candidate that is a number": ("ice:candidate", {"candidate": 7}),
    "a batch that is empty": ("ice:candidate", {"candidates": []}),
    "a batch of 33": ("ice:candidate", {"candidates": [None] * 33}),
    "a batch that is no list": ("ice:candidate", {"candidates": {}}),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_not_what_it_claims_to_be_goes_nowhere(service: TestService, wrong: str):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    event, fields = WRONG[wrong]
    error = await alice.refusal(event, {"callId": call_id, **fields})
    field = event.partition(":")[2]
    assert (error["code"], error["callId"]) == ("invalid_payload", call_id)
    assert field in error["message"]
    await bob.settle()
    assert event not in bob.events()


async def test_only_the_bound_sessions_may_relay(service: TestService):
    alice, tablet, phone, laptop, mallory = [
        await service.join(user) for user in ("alice", "alice", "bob", "bob", "mallory")
    ]
    call_id = await service.accepted(alice, phone)
    for stranger in (tablet, laptop, mallory):
        for event, fields in (
            ("call:offer", {"offer": OFFER}),
            ("call:answer", {"answer": ANSWER}),
            ("ice:candidate", {"candidate": candidate(1)}),
            ("call:signal", {"data": 1}),
        ):
            error = await stranger.refusal(event, {"callId": call_id, **fields})
            assert error["code"] == "not_participant"
    for client in (alice, phone):
        await client.settle()
        assert not {"call:offer", "call:answer", "ice:candidate"} & set(client.events())


async def test_what_is_relayed_reaches_the_bound_sessions_alone(service: TestService):
    alice, tablet, phone, laptop = [
        await service.join(user) for user in ("alice", "alice", "bob", "bob")
    ]
    await service.accepted(alice, phone)
    await alice.done("call:offer", {"offer": OFFER, "to": "bob"})
    await phone.done("call:answer", {"answer": ANSWER, "to": "alice"})
    for other in (tablet, laptop):
        await other.settle()
        assert not {"call:offer", "call:answer"} & set(other.events())


async def test_without_a_call_id_there_must_be_a_call_with_the_peer(service: TestService):
    alice, bob, _carol = [await service.join(user) for user in ("alice", "bob", "carol")]
    await service.accepted(alice, bob)
    wrong = await alice.refusal("call:offer", {"offer": OFFER, "to": "carol"})
    assert wrong["code"] == "call_not_found"
    neither = await alice.refusal("call:offer", {"offer": OFFER})
    assert neither["code"] == "invalid_payload"
    assert (await alice.refusal("call:offer", {"offer": OFFER, "callId": "c_none"}))["code"] == (
        "call_not_found"
    )


async def test_either_side_renegotiates_and_restarts_ice_in_a_connected_call(
    service: TestService,
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    for offerer, answerer in ((alice, bob), (bob, alice), (alice, bob)):
        again = {**OFFER, "sdp": f"a=ice-ufrag:{offerer.user}\r\n"}
        await offerer.done("call:offer", {"offer": again, "callId": call_id})
        told = await answerer.next("call:offer")
        assert (told["offer"], told["from"]) == (again, offerer.user)
        await answerer.done("call:answer", {"answer": ANSWER, "callId": call_id})
        assert (await offerer.next("call:answer"))["from"] == answerer.user
        for sender, receiver in ((offerer, answerer), (answerer, offerer)):
            await sender.done("ice:candidate", {"candidate": candidate(1), "callId": call_id})
            await receiver.next("ice:candidate")
    await service.advance(60)
    await alice.done("call:offer", {"offer": OFFER, "callId": call_id})


async def test_three_hundred_candidates_a_side_for_each_offer():
    async with running() as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.accepted(alice, bob)
        batch = {"candidates": [candidate(n) for n in range(25)], "to": "bob"}
        for _ in range(12):
            await alice.done("ice:candidate", batch)
        error = await alice.refusal("ice:candidate", {"candidate": None, "to": "bob"})
        assert (error["code"], error["retryable"]) == ("rate_limited", True)
        assert error["retryAfterMs"] > 0
        await bob.done("ice:candidate", {"candidate": candidate(1), "to": "alice"})
        await alice.done("call:offer", {"offer": OFFER, "to": "bob"})
        await alice.done("ice:candidate", batch)
