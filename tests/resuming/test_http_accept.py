"""A call that is accepted over HTTP, by a device that has no connection."""

from typing import Any

import aiohttp
import pytest

from service.calls.call import State
from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.resuming.lock_screen import LockScreen, waking, woken
from tests.resuming.stage import Device, Stage, staged
from tests.support.waiting import until


def of_call(device: Device, *but: str) -> list[str]:
    """What a device heard of its calls, in order."""
    return [event for event in device.events() if ":" in event and event not in but]


async def offered(alice: Device, call_id: str) -> None:
    """Have the caller send what a browser sends while it rings."""
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    for number in range(3):
        await alice.done("ice:candidate", {"callId": call_id, "candidate": candidate(number)})


async def test_what_was_held_comes_by_replay_and_the_call_connects(
    stage: Stage, lock_screen: LockScreen
):
    alice, _laptop = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.call(alice, _laptop)
    await offered(alice, call_id)
    accepted = await lock_screen.accept(call_id)
    assert (accepted["lastSeq"], accepted["resumeWindowMs"]) == (0, 30_000)
    assert (accepted["call"]["callId"], accepted["call"]["state"]) == (call_id, "connecting")
    assert (await alice.next("call:accepted"))["by"] == "bob"
    assert await alice.next("call:peer-reconnecting") == {"callId": call_id, "by": "bob"}
    await alice.done("ice:candidate", {"callId": call_id, "candidate": candidate(3)})

    phone = await woken(stage, accepted)
    (call,) = phone.joined["calls"]
    assert (call["callId"], call["bound"], call["state"]) == (call_id, "this", "connecting")
    assert (await alice.next("call:peer-reconnected"))["resumed"] == "replayed"
    await phone.done("call:answer", {"callId": call_id, "answer": ANSWER})
    assert (await alice.next("call:answer"))["answer"] == ANSWER
    assert of_call(phone) == [
        "user:joined", "call:accepted", "call:offer", *["ice:candidate"] * 4
    ]  # fmt: skip
    told = [told["candidate"] for told in phone.payloads("ice:candidate")]
    assert told == [candidate(number) for number in range(4)]
    await alice.done("call:signal", {"callId": call_id, "data": "hello"})
    assert (await phone.next("call:signal"))["data"] == "hello"


async def test_a_plain_caller_notices_nothing(stage: Stage, lock_screen: LockScreen):
    alice, _laptop = await stage.service.join("alice"), await stage.join("bob")
    answer = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await alice.emit("call:offer", {"callId": answer["callId"], "offer": OFFER})
    await _laptop.next("call:incoming")
    phone = await woken(stage, await lock_screen.accept(answer["callId"]))
    await phone.next("call:offer")
    await phone.done("call:answer", {"callId": answer["callId"], "answer": ANSWER})
    await alice.next("call:answer")
    assert alice.events()[-2:] == ["call:accepted", "call:answer"]


async def test_the_other_devices_are_told_and_the_same_device_is_not(
    stage: Stage, lock_screen: LockScreen
):
    alice = await stage.join("alice")
    laptop, phone = (
        await stage.join("bob", deviceId="laptop"),
        await stage.join("bob", deviceId="phone"),
    )
    plain = await stage.service.join("bob", deviceId="phone")
    call_id = await stage.call(alice, laptop)
    await phone.next("call:incoming")
    await lock_screen.accept(call_id, deviceId="phone")
    assert (await laptop.next("call:ended"))["reason"] == "answered_elsewhere"
    await phone.probe()
    await plain.settle()
    assert "call:ended" not in (*phone.events(), *plain.events())


async def test_a_session_of_the_device_that_joins_meanwhile_does_not_ring(
    stage: Stage, lock_screen: LockScreen
):
    alice, laptop = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.call(alice, laptop)
    phone = await stage.device("bob", deviceId="phone")
    phone.acknowledges = False
    await phone.join()
    await phone.next("call:incoming")
    await lock_screen.accept(call_id, deviceId="phone")
    await phone.probe()  # only now it says that it rings
    await laptop.next("call:ended")
    await phone.probe()
    assert "call:ended" not in phone.events()


async def test_where_nobody_is_online_the_ring_of_hidden_presence_is_accepted(
    http: aiohttp.ClientSession,
):
    async with staged(presence="nobody") as stage:
        alice = await stage.join("alice")
        answer = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        accepted = await LockScreen(stage.service, http).accept(answer["callId"])
        await woken(stage, accepted)
        await alice.next("call:peer-reconnected")


async def test_the_answer_has_ice_servers_of_the_region(http: aiohttp.ClientSession):
    turn: dict[str, Any] = {
        "turn_secret": ("turn-secret",),
        "turn_urls": ("turn:turn.example:3478",),
        "turn_regions": {"eu": ["turn:eu.example:3478"]},
        "stun_urls": ("stun:stun.example:3478",),
    }
    async with staged(**turn) as stage:
        alice, bob = await stage.join("alice"), await stage.join("bob")
        call_id = await stage.call(alice, bob)
        lock_screen = LockScreen(stage.service, http)
        assert await lock_screen.refusal(call_id, region="mars") == (400, "invalid_payload")
        accepted = await lock_screen.accept(call_id, region="eu")
        stun, relay = accepted["iceServers"]
        assert stun == {"urls": ["stun:stun.example:3478"]}
        assert relay["urls"] == ["turn:eu.example:3478"]
        assert relay["username"].endswith(":bob")
        assert accepted["iceTransportPolicy"] == "all"
        assert accepted["iceExpiresAt"] > accepted["call"]["acceptedAt"]


@pytest.mark.parametrize("later_s", [0, 29])
async def test_when_nobody_joins_in_the_window_the_call_ends(
    stage: Stage, lock_screen: LockScreen, later_s: int
):
    alice, laptop = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.call(alice, laptop)
    await stage.service.advance(later_s)  # the window begins with the accept
    accepted = await lock_screen.accept(call_id)
    await stage.service.advance(29)
    await alice.probe()
    assert "call:ended" not in alice.events()
    await stage.service.advance(2)
    ended = await alice.next("call:ended")
    assert (ended["reason"], ended["by"]) == ("connection_lost", "bob")
    phone = await waking(stage, accepted)
    assert (await phone.join())["resumed"] == "none"


async def test_the_connect_timeout_runs_from_the_join(http: aiohttp.ClientSession):
    async with staged(connect_timeout=10) as stage:
        alice, laptop = await stage.join("alice"), await stage.join("bob")
        call_id = await stage.call(alice, laptop)
        accepted = await LockScreen(stage.service, http).accept(call_id)
        await stage.service.advance(20)
        phone = await woken(stage, accepted)
        await stage.service.advance(9)
        for device in (alice, phone):
            await device.probe()
            assert "call:ended" not in device.events()
        await stage.service.advance(1)
        for device in (alice, phone):
            assert (await device.next("call:ended"))["reason"] == "connect_timeout"


async def test_the_session_that_joined_is_one_like_any_other(stage: Stage, lock_screen: LockScreen):
    alice, laptop = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.call(alice, laptop)
    phone = await woken(stage, await lock_screen.accept(call_id))
    await phone.done("call:answer", {"callId": call_id, "answer": ANSWER})
    await stage.away(phone)
    await alice.next("call:peer-reconnecting")
    assert (await phone.join())["resumed"] == "replayed"
    await phone.done("call:end", {"callId": call_id})
    assert (await alice.next("call:ended"))["reason"] == "completed"
    node = stage.service.node
    await until(lambda: not len(node.signalling.routes), "no route")
    call = await node.stores.calls.load(call_id)
    assert call is not None
    assert call.state is State.ENDED
