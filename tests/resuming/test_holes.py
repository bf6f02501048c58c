"""Where resumed sessions of other systems lose, repeat or reorder something."""

import pytest

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.resuming.stage import Stage
from tests.support.severable import DOWN, UP
from tests.support.waiting import until

AUDIO = {"callType": "audio"}
KINDS = pytest.mark.parametrize("kind", ["websocket", "polling", "upgrade"])


@KINDS
async def test_dropped_before_any_event_was_received(stage: Stage, kind: str):
    alice, bob = await stage.join("alice"), await stage.join("bob", kind)
    bob.proxy.hold(DOWN)
    answer = await alice.done("call:initiate", {"to": "bob", **AUDIO})
    await bob.cut()
    assert bob.last_seq == 0
    assert (await bob.join())["resumed"] == "replayed"
    assert (await bob.next("call:incoming"))["callId"] == answer["callId"]
    assert (await alice.next("call:ringing"))["by"] == "bob"


@KINDS
async def test_idle_for_long_and_then_resumed(stage: Stage, kind: str):
    alice, bob = await stage.join("alice"), await stage.join("bob", kind)
    call_id = await stage.connected(alice, bob)
    await bob.probe()
    session = bob.session
    for _ in range(3):
        await stage.service.advance(15 * 60)
    await bob.cut()
    await alice.done("call:signal", {"callId": call_id, "data": "still there?"})
    joined = await bob.join()
    assert (joined["resumed"], joined["sessionId"]) == ("replayed", session)
    assert (await bob.next("call:signal"))["data"] == "still there?"
    assert joined["calls"][0]["callId"] == call_id


@KINDS
async def test_back_before_the_server_noticed_the_drop(stage: Stage, kind: str):
    alice, bob = await stage.join("alice"), await stage.join("bob", kind)
    call_id = await stage.accepted(alice, bob)
    bob.proxy.forsake()
    await bob.lost()
    for number in range(3):
        await alice.done("call:signal", {"callId": call_id, "data": number})
    assert (await bob.join())["resumed"] == "replayed"
    await bob.done("call:signal", {"callId": call_id, "data": "here"})
    await bob.probe()
    assert [told["data"] for told in bob.payloads("call:signal")] == [0, 1, 2]
    assert (await alice.next("call:signal"))["data"] == "here"
    bob.proxy.cut()  # what the service still had of the old connection ends now, too
    await bob.join()
    await bob.done("call:end", {"callId": call_id})
    assert (await alice.next("call:ended"))["reason"] == "completed"


@KINDS
async def test_cut_between_an_event_of_the_client_and_its_acknowledgement(stage: Stage, kind: str):
    alice, bob = await stage.join("alice", kind), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    alice.proxy.hold(DOWN)
    offer = alice.say("call:offer", {"callId": call_id, "offer": OFFER})
    await bob.next("call:offer")
    await alice.cut()
    assert (await alice.join())["lastN"] == 1
    assert not offer.waits
    await alice.done("ice:candidate", {"callId": call_id, "candidate": candidate(1)})
    await bob.next("ice:candidate")
    assert bob.events("call:offer", "ice:candidate") == ["call:offer", "ice:candidate"]


@KINDS
async def test_cut_before_an_event_of_the_client_arrived(stage: Stage, kind: str):
    alice, bob = await stage.join("alice", kind), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    alice.proxy.hold(UP)
    offer = alice.say("call:offer", {"callId": call_id, "offer": OFFER})
    first = alice.say("ice:candidate", {"callId": call_id, "candidate": candidate(1)})
    await alice.cut()
    assert (await alice.join())["lastN"] == 0
    await alice.until(lambda: not (offer.waits or first.waits), "both to be answered")
    await bob.next("ice:candidate")
    assert bob.events("call:offer", "ice:candidate") == ["call:offer", "ice:candidate"]


@KINDS
async def test_cut_between_an_event_of_the_server_and_its_acknowledgement(stage: Stage, kind: str):
    alice, bob = await stage.join("alice"), await stage.join("bob", kind)
    await bob.probe()
    bob.acknowledges = False
    await alice.done("call:initiate", {"to": "bob", **AUDIO})
    await bob.next("call:incoming")
    await bob.cut()
    await alice.probe()
    assert "call:ringing" not in alice.events(), "nobody has said that it arrived"
    bob.acknowledges = True
    assert (await bob.join())["resumed"] == "replayed"
    await alice.next("call:ringing")
    await bob.probe()
    assert len(bob.payloads("call:incoming")) == 1


@KINDS
async def test_a_repeated_initiate_after_a_lost_acknowledgement(stage: Stage, kind: str):
    alice, bob = await stage.join("alice", kind), await stage.join("bob")
    alice.proxy.hold(DOWN)
    initiate = alice.say("call:initiate", {"to": "bob", **AUDIO})
    incoming = await bob.next("call:incoming")
    await bob.done("call:reject", {"callId": incoming["callId"]})
    await alice.cut()
    assert (await alice.join())["resumed"] == "replayed"
    await alice.until(lambda: not initiate.waits, "the answer")
    assert (initiate.answer["ok"], initiate.answer["callId"]) == (True, incoming["callId"])
    await alice.next("call:rejected")
    told = ["call:initiated", "call:ringing", "call:rejected"]
    assert alice.events(*told) == told
    await bob.probe()
    assert len(bob.payloads("call:incoming")) == 1


async def test_an_answer_that_was_lost_for_longer_than_two_minutes(stage: Stage):
    """The repeat was a new event by then, and was refused: there was no such call any more."""
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    alice.proxy.hold(DOWN)
    end = alice.say("call:end", {"callId": call_id})
    await bob.next("call:ended")
    await stage.service.advance(11 * 60)
    await alice.cut()
    assert (await alice.join())["resumed"] == "replayed"
    await alice.until(lambda: not end.waits, "the answer")
    assert end.answer["ok"] is True


@KINDS
async def test_two_lost_greetings_in_a_row(stage: Stage, kind: str):
    alice, bob = await stage.join("alice"), await stage.join("bob", kind)
    call_id = await stage.accepted(alice, bob)
    await bob.probe()
    await bob.cut()
    await alice.done("call:signal", {"callId": call_id, "data": 1})
    for _ in range(2):
        await stage.join_unheard(bob)
    assert (await bob.join())["resumed"] == "replayed"
    assert (await bob.next("call:signal"))["data"] == 1
    await bob.cut()
    assert (await bob.join())["resumed"] == "replayed"


async def test_an_upgrade_from_polling_in_between(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob", "polling")
    call_id = await stage.accepted(alice, bob)
    bob.proxy.hold(DOWN)
    for number in range(50):
        alice.say("ice:candidate", {"callId": call_id, "candidate": candidate(number)})
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    await bob.cut()
    bob.kind = "upgrade"
    bob.say("call:answer", {"callId": call_id, "answer": ANSWER})
    assert (await bob.join())["resumed"] == "replayed"
    for number in range(50, 100):
        alice.say("ice:candidate", {"callId": call_id, "candidate": candidate(number)})
        await bob.done("call:signal", {"callId": call_id, "data": number})
    await until(lambda: not len(alice.outgoing), "all to be answered")
    await bob.probe()
    heard = [told["candidate"] for told in bob.payloads("ice:candidate")]
    assert heard == [candidate(number) for number in range(100)]
    await alice.probe()
    assert [told["data"] for told in alice.payloads("call:signal")] == [*range(50, 100)]
    assert len(alice.payloads("call:answer")) == 1
