"""An accept over HTTP for a session that the client has, with or without its connection."""

import asyncio

import aiohttp
import pytest

from tests.protocol.sdp import ANSWER, OFFER
from tests.resuming.gated import gated
from tests.resuming.lock_screen import LockScreen
from tests.resuming.stage import Device, Stage
from tests.support.link import Refused
from tests.support.waiting import until


def ticket(device: Device) -> dict[str, str | None]:
    """What names a device's session."""
    return {"sessionId": device.session, "resumeToken": device.resume_token}


async def ringing(stage: Stage) -> tuple[Device, Device, str]:
    """Alice calls Bob, whose phone rings."""
    alice, phone = await stage.join("alice"), await stage.join("bob", deviceId="phone")
    call_id = await stage.call(alice, phone)
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    return alice, phone, call_id


async def test_a_detached_session_accepts_and_comes_back(stage: Stage, lock_screen: LockScreen):
    alice, phone, call_id = await ringing(stage)
    laptop = await stage.join("bob", deviceId="laptop")
    await stage.away(phone)
    accepted = await lock_screen.accept(call_id, **ticket(phone))
    assert (accepted["sessionId"], accepted["epoch"]) == (phone.session, phone.outgoing.epoch)
    assert (await laptop.next("call:ended"))["reason"] == "answered_elsewhere"
    await alice.next("call:peer-reconnecting")
    assert (await phone.join(resumeToken=accepted["resumeToken"]))["resumed"] == "replayed"
    await phone.next("call:offer")
    await phone.done("call:answer", {"callId": call_id, "answer": ANSWER})
    await alice.next("call:answer")
    assert phone.events("call:incoming", "call:accepted", "call:offer") == [
        "call:incoming", "call:accepted", "call:offer"
    ]  # fmt: skip


async def test_its_window_begins_anew_with_the_accept(stage: Stage, lock_screen: LockScreen):
    alice, phone, call_id = await ringing(stage)
    await stage.away(phone)
    await stage.service.advance(20)
    await lock_screen.accept(call_id, **ticket(phone))
    await stage.service.advance(20)
    await alice.probe()
    assert "call:ended" not in alice.events()
    assert (await phone.join())["resumed"] == "replayed", "the token that it had is good as well"


async def test_a_window_that_ends_during_the_accept_does_not_end_the_session(stage: Stage):
    _alice, phone, _call_id = await ringing(stage)
    await stage.away(phone)
    detached, session = stage.service.node.signalling.detached, stage.session(phone)
    assert session is not None
    async with detached.turn_of(session.id):  # an accept has its turn
        sweeping = asyncio.create_task(stage.service.advance(31))
        await until(lambda: not len(detached), "the end of the window")
        detached.wait_for(session)
    await sweeping
    assert (await phone.join())["resumed"] == "replayed"


async def test_a_session_that_has_its_connection_hears_it_there(
    stage: Stage, lock_screen: LockScreen
):
    alice, phone, call_id = await ringing(stage)
    accepted = await lock_screen.accept(call_id, **ticket(phone))
    assert accepted["sessionId"] == phone.session
    await phone.next("call:accepted")
    await phone.next("call:offer")
    await phone.done("call:answer", {"callId": call_id, "answer": ANSWER})
    await alice.next("call:answer")
    assert "call:peer-reconnecting" not in alice.events()
    await stage.away(phone)
    assert (await phone.join())["resumed"] == "replayed", "the token that it had is good"


async def test_its_connect_timeout_runs_from_the_accept(stage: Stage, lock_screen: LockScreen):
    alice, phone, call_id = await ringing(stage)
    await lock_screen.accept(call_id, **ticket(phone))
    await stage.service.advance(31)
    for device in (alice, phone):
        assert (await device.next("call:ended"))["reason"] == "connect_timeout"


async def test_a_session_that_has_ended_is_replaced_by_a_new_one(
    stage: Stage, lock_screen: LockScreen
):
    _alice, phone, call_id = await ringing(stage)
    gone = {"sessionId": "s_gone", "resumeToken": "of-before"}
    accepted = await lock_screen.accept(call_id, **gone, deviceId="phone")
    assert accepted["sessionId"] not in ("s_gone", phone.session)


async def test_a_wrong_token_is_forbidden_changes_nothing_and_is_counted(
    stage: Stage, lock_screen: LockScreen
):
    alice, phone, call_id = await ringing(stage)
    await stage.away(phone)
    wrong = {"sessionId": phone.session, "resumeToken": "wrong"}
    for _ in range(10):
        assert await lock_screen.refusal(call_id, **wrong) == (403, "forbidden")
    assert await lock_screen.refusal(call_id, **wrong) == (429, "rate_limited")
    thief = await stage.device("bob")
    with pytest.raises(Refused) as refused:
        await thief.join(**wrong, lastSeq=0)
    assert refused.value.error["code"] == "rate_limited", "they count with those of sockets"
    registry = stage.service.node.metrics.families.registry
    limited = {"scope": "resume_tokens"}
    assert registry.get_sample_value("ringline_rate_limited_total", limited) == 2
    assert "call:accepted" not in alice.events()
    assert (await phone.join())["calls"][0]["state"] == "ringing"


async def test_another_users_session_is_forbidden(stage: Stage, lock_screen: LockScreen):
    alice, _phone, call_id = await ringing(stage)
    assert await lock_screen.refusal(call_id, **ticket(alice)) == (403, "forbidden")


async def test_a_connection_that_is_lost_during_the_accept_is_told_to_the_call(
    http: aiohttp.ClientSession,
):
    async with gated() as (stage, calls):
        alice, phone, call_id = await ringing(stage)
        calls.gate.clear()
        lock_screen = LockScreen(stage.service, http)
        accepting = asyncio.create_task(lock_screen.accept(call_id, **ticket(phone)))
        await until(lambda: calls.waits, "the accept to be on its way")
        await stage.away(phone)
        calls.gate.set()
        await accepting
        await alice.next("call:peer-reconnecting")
        assert (await phone.join())["calls"][0]["state"] == "connecting"
        await alice.next("call:peer-reconnected")
