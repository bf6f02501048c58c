"""Plain sessions notice nothing of resumable ones."""

from typing import Any

import pytest

from tests.resuming.stage import Stage

NEW = {
    "call:peer-reconnecting", "call:peer-reconnected", "call:moved", "call:peer-moved",
    "calls:changed",
}  # fmt: skip


@pytest.mark.parametrize("fields", [{}, {"features": ["resume"]}])
async def test_no_numbers_and_no_new_events(stage: Stage, fields: dict[str, Any]):
    alice = await stage.service.join("alice", **fields)
    bob = await stage.join("bob")
    joined = alice.payloads("user:joined")[0]
    assert (joined["resumeToken"], joined["resumeWindowMs"], joined["lastN"]) == (None, 0, 0)
    assert "epoch" not in joined
    answer = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    call_id = answer["callId"]
    await bob.next("call:incoming")
    await bob.done("call:accept", {"callId": call_id})
    await stage.away(bob)
    await alice.done("call:signal", {"callId": call_id, "data": 1})
    assert (await bob.join())["resumed"] == "replayed"
    await bob.next("call:signal")
    await bob.done("call:signal", {"callId": call_id, "data": 2})
    await alice.next("call:signal")
    assert not NEW & {*alice.events()}
    assert not [told for _, told in alice.log if {"seq", "generation"} & {*told}]


async def test_a_lost_plain_session_ends_the_call_of_a_resumable_one(stage: Stage):
    alice = await stage.service.join("alice", features=["resume"])
    bob = await stage.join("bob")
    answer = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await bob.next("call:incoming")
    await bob.done("call:accept", {"callId": answer["callId"]})
    alice.socket.transport.abort()
    ended = await bob.next("call:ended")
    assert (ended["by"], ended["reason"]) == ("alice", "connection_lost")
    assert "call:peer-reconnecting" not in bob.events()
