"""A call that goes on on another device of its user, and pages that were loaded anew."""

import asyncio

import pytest

from tests.protocol.sdp import OFFER
from tests.resuming.stage import Device, Stage


async def relayed(one: Device, other: Device, call_id: str, generation: int) -> None:
    """Both sides reach each other."""
    for sender, receiver in ((one, other), (other, one)):
        signal = {"callId": call_id, "data": generation, "generation": generation}
        await sender.done("call:signal", signal)
        assert (await receiver.next("call:signal"))["data"] == generation


@pytest.mark.parametrize("mover", ["alice", "bob"])
async def test_another_device_takes_the_call(stage: Stage, mover: str):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    old, peer = (alice, bob) if mover == "alice" else (bob, alice)
    tablet = await stage.join(mover)
    (found,) = tablet.joined["calls"]
    assert (found["callId"], found["bound"], found["moves"]) == (call_id, "another", 0)
    told = {"callId": call_id, "by": mover, "generation": 1}
    assert await tablet.done("call:move", {"callId": call_id, "moves": 0}) == {"ok": True, **told}
    assert await tablet.next("call:moved") == told
    assert await peer.next("call:peer-moved") == told
    ended = await old.next("call:ended")
    assert (ended["reason"], ended["by"]) == ("moved", mover)
    await relayed(tablet, peer, call_id, 1)
    refused = await old.refusal("call:signal", {"callId": call_id, "data": 1})
    assert refused["code"] == "not_participant"
    stale = {"callId": call_id, "offer": OFFER, "generation": 0}
    await peer.done("call:offer", stale)  # it crossed the move
    await relayed(tablet, peer, call_id, 1)
    assert "call:offer" not in tablet.events()


async def test_of_two_devices_that_move_a_call_at_once_one_wins(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    rivals = [await stage.join("bob") for _ in range(2)]
    move = {"callId": call_id, "moves": 0}
    answers = await asyncio.gather(*(device.request("call:move", move) for device in rivals))
    assert sorted(answer["ok"] for answer in answers) == [False, True]
    (lost,) = [answer["error"] for answer in answers if not answer["ok"]]
    assert lost["code"] == "already_answered"
    winner = rivals[[answer["ok"] for answer in answers].index(True)]
    await relayed(winner, alice, call_id, 1)


async def test_an_end_and_a_move_at_once_end_the_call(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    tablet = await stage.join("bob")
    await asyncio.gather(
        tablet.request("call:move", {"callId": call_id, "moves": 0}),
        bob.request("call:end", {"callId": call_id}),
    )
    assert (await alice.next("call:ended"))["reason"] == "completed"


async def test_a_plain_peer_is_not_moved_away_from(stage: Stage):
    alice = await stage.service.join("alice")
    bob = await stage.join("bob")
    call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await bob.next("call:incoming")
    await bob.done("call:accept", {"callId": call["callId"]})
    tablet = await stage.join("bob")
    refused = await tablet.refusal("call:move", {"callId": call["callId"], "moves": 0})
    assert refused["code"] == "invalid_state"
    assert "call:ended" not in bob.events()


async def test_a_reload_begins_a_new_generation(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    await stage.away(bob)
    bob.forgets = True
    joined = await bob.join(fresh=True)
    (call,) = joined["calls"]
    assert joined["resumed"] == "snapshot"
    assert (call["callId"], call["generation"], call["bound"]) == (call_id, 1, "this")
    told = await alice.next("call:peer-reconnected")
    assert (told["fresh"], told["generation"]) == (True, 1)
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER, "generation": 0})
    await relayed(bob, alice, call_id, 1)
    assert "call:offer" not in bob.events()


async def test_a_reload_beside_a_plain_peer_ends_the_call(stage: Stage):
    alice = await stage.service.join("alice")
    bob = await stage.join("bob")
    call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await bob.next("call:incoming")
    await bob.done("call:accept", {"callId": call["callId"]})
    await stage.away(bob)
    bob.forgets = True
    assert (await bob.join(fresh=True))["calls"] == []
    assert (await alice.next("call:ended"))["reason"] == "connection_lost"
