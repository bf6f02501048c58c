"""Offers that are under way when one side comes back by a snapshot: they are void, and made anew.

A description names the round it is of, so that one of before can be told from one of after.
"""

from typing import Any

from tests.resuming.stage import Device, Stage


def described(call_id: str, kind: str, round_: str) -> dict[str, Any]:
    """An offer or an answer; `round_` stands in its SDP."""
    return {"callId": call_id, kind: {"type": kind, "sdp": f"v=0\r\ns={round_}\r\n"}}


def rounds(device: Device, kind: str) -> list[str]:
    """The rounds of the offers or answers that a device was told, in order."""
    told = device.payloads(f"call:{kind}")
    return [one[kind]["sdp"].removeprefix("v=0\r\ns=").strip() for one in told]


async def back_by_a_snapshot(device: Device) -> dict[str, Any]:
    """Have a device come back without its `lastSeq`; both directions begin anew."""
    before = device.outgoing.epoch
    device.forgets = True
    joined = await device.join()
    assert (joined["resumed"], joined["lastN"]) == ("snapshot", 0)
    assert joined["epoch"] != before
    assert (device.last_seq, device.outgoing.n, len(device.outgoing)) == (0, 0, 0)
    return joined


async def negotiate_anew(impolite: Device, polite: Device, call_id: str) -> None:
    """The impolite side offers with an ICE restart, and the polite side answers that."""
    await impolite.done("call:offer", described(call_id, "offer", "anew"))
    await polite.next("call:offer")
    await polite.done("call:answer", described(call_id, "answer", "anew"))
    await impolite.next("call:answer")


async def test_the_answer_of_the_polite_side_to_a_stale_offer_is_void(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    await alice.done("call:offer", described(call_id, "offer", "stale"))
    await bob.next("call:offer")
    await bob.probe()
    stale = {"epoch": bob.outgoing.epoch, "n": bob.outgoing.n + 1}
    await stage.away(bob)
    answer = bob.say("call:answer", described(call_id, "answer", "stale"))
    (call,) = (await back_by_a_snapshot(bob))["calls"]
    assert (call["callId"], call["state"], call["generation"]) == (call_id, "connected", 0)
    assert (answer.waits, answer.answer) == (False, None), "it is not sent again"
    # Sent all the same, it is acknowledged and dropped, and takes no number of the new epoch.
    assert (await bob.ask("call:answer", described(call_id, "answer", "stale") | stale))["ok"]
    assert (await bob.probe())["lastN"] == 0
    assert (await alice.next("call:peer-reconnected"))["resumed"] == "snapshot"
    await negotiate_anew(alice, bob, call_id)
    assert (rounds(alice, "answer")[1:], bob.outgoing.n) == (["anew"], 1)
    assert (await bob.probe())["lastN"] == 1


async def test_an_answer_that_a_snapshot_of_the_impolite_side_leaves_out_does_not_come_later(
    stage: Stage,
):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    await alice.done("call:offer", described(call_id, "offer", "stale"))
    await bob.next("call:offer")
    await stage.away(alice)
    lost = alice.say("call:offer", described(call_id, "offer", "never sent"))
    await bob.done("call:answer", described(call_id, "answer", "stale"))
    last_n = (await bob.probe())["lastN"]
    (call,) = (await back_by_a_snapshot(alice))["calls"]
    assert (call["callId"], call["bound"]) == (call_id, "this")
    assert (lost.waits, lost.answer) == (False, None)
    assert (await bob.next("call:peer-reconnected"))["resumed"] == "snapshot"
    await negotiate_anew(alice, bob, call_id)
    assert rounds(bob, "offer") == ["stale", "anew"]
    assert rounds(alice, "answer")[1:] == ["anew"], "nothing of the epoch before"
    assert (alice.outgoing.n, bob.outgoing.n) == (1, last_n + 1), "Bob's epoch goes on"


async def test_what_waits_for_an_accept_is_void_after_a_snapshot_of_the_caller(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.call(alice, bob)
    await alice.done("call:offer", described(call_id, "offer", "stale"))
    await stage.away(alice)
    (call,) = (await back_by_a_snapshot(alice))["calls"]
    assert (call["callId"], call["state"], call["bound"]) == (call_id, "ringing", "this")
    await alice.done("call:offer", described(call_id, "offer", "anew"))
    await bob.done("call:accept", {"callId": call_id})
    await bob.next("call:offer")
    await bob.done("call:answer", described(call_id, "answer", "anew"))
    await alice.next("call:answer")
    assert (rounds(bob, "offer"), rounds(alice, "answer")) == (["anew"], ["anew"])


async def test_what_waits_for_an_accept_goes_on_where_the_caller_missed_nothing(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.call(alice, bob)
    await alice.done("call:offer", described(call_id, "offer", "first"))
    await stage.away(alice)
    assert (await alice.join())["resumed"] == "replayed"
    await bob.done("call:accept", {"callId": call_id})
    await bob.next("call:offer")
    assert rounds(bob, "offer") == ["first"]
