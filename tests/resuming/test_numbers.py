"""What a resumable session relays is numbered; `session:ack` tells up to where it came."""

from typing import Any

import pytest

from tests.protocol.sdp import OFFER
from tests.resuming.stage import Device, Stage


def signal(device: Device, call_id: str, **fields: Any) -> dict[str, Any]:
    """A signal as the device would send it, but for these fields."""
    return {"callId": call_id, "data": fields, "epoch": device.outgoing.epoch, **fields}


async def test_a_number_too_high_is_refused_and_tells_the_last(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    answer = await alice.ask("call:signal", signal(alice, call_id, n=3))
    assert (answer["error"]["code"], answer["error"]["lastN"]) == ("invalid_state", 1)
    await bob.probe()
    assert "call:signal" not in bob.events()
    await alice.done("call:signal", {"callId": call_id, "data": 2})
    await bob.next("call:signal")


@pytest.mark.parametrize("fields", [{"n": 1}, {"n": 2, "epoch": "of-before"}])
async def test_what_has_come_or_is_of_another_epoch_is_acknowledged_and_dropped(
    stage: Stage, fields: dict[str, Any]
):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    assert (await alice.ask("call:signal", signal(alice, call_id, **fields)))["ok"]
    await bob.probe()
    assert "call:signal" not in bob.events()
    assert (await alice.probe())["lastN"] == 1


@pytest.mark.parametrize("fields", [{}, {"n": 2, "epoch": None}])
async def test_without_a_number_or_an_epoch_it_is_invalid(stage: Stage, fields: dict[str, Any]):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    answer = await alice.ask("call:signal", signal(alice, call_id, **fields))
    assert answer["error"]["code"] == "invalid_payload"
    assert (await alice.probe())["lastN"] == 0


async def test_a_refusal_uses_its_number_up(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    refusal = await alice.refusal("call:signal", {"callId": "c_gone", "data": 1})
    assert refusal["code"] == "call_not_found"
    assert (await alice.probe())["lastN"] == 1
    call_id = await stage.accepted(alice, bob)
    await alice.done("call:signal", {"callId": call_id, "data": 2})
    await bob.next("call:signal")


@pytest.mark.parametrize("wrong", [{"offer": 1}, {"callId": 7}])
async def test_a_relay_that_cannot_be_read_uses_its_number_up(stage: Stage, wrong: dict[str, Any]):
    """All that its sender relayed after it was refused, for want of that number."""
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    refusal = await alice.refusal("call:offer", {"callId": call_id, "offer": OFFER, **wrong})
    assert refusal["code"] == "invalid_payload"
    assert (await alice.probe())["lastN"] == 1
    await alice.done("call:signal", {"callId": call_id, "data": 2})
    await bob.next("call:signal")


async def test_two_hundred_relays_are_sent_again_in_order(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    alice.proxy.hold("up")
    for number in range(200):
        alice.say("call:signal", {"callId": call_id, "data": number})
    await alice.cut()
    assert (await alice.join())["lastN"] == 0
    await alice.until(lambda: not len(alice.outgoing), "all to be answered")
    await bob.probe()
    assert [told["data"] for told in bob.payloads("call:signal")] == [*range(200)]


async def test_what_came_too_fast_is_sent_again_with_its_number(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    said = [alice.say("call:signal", {"callId": call_id, "data": one}) for one in range(400)]
    await alice.until(lambda: not len(alice.outgoing), "all to be answered")
    await bob.probe()
    assert [told["data"] for told in bob.payloads("call:signal")] == [*range(400)]
    assert alice.sending.limited
    assert [one.n for one in said if one.succeeded] == [*range(1, 401)]
    assert (await alice.probe())["lastN"] == 400


async def test_a_probe_is_answered_at_once_and_brings_no_event(stage: Stage):
    alice = await stage.join("alice")
    before = len(alice.log)
    assert await alice.probe() == {"ok": True, "lastN": 0}
    assert len(alice.log) == before


async def test_a_plain_session_may_probe(stage: Stage):
    alice = await stage.service.join("alice")
    answer = await alice.request("session:ack", {"epoch": None, "seq": None, "socketId": None})
    assert answer == {"ok": True, "lastN": 0}
    assert alice.events() == ["user:joined", "ack"]
