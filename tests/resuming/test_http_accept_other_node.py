"""Accepts over HTTP that reach another node than the one that has the call, or the session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.protocol.sdp import ANSWER, OFFER
from tests.resuming.lock_screen import LockScreen, waking, woken
from tests.resuming.stage import Device, Stage
from tests.resuming.test_other_node import Stages, exchange
from tests.signalling.two_nodes import two_nodes
from tests.support.waiting import until


@pytest.fixture
async def stages() -> AsyncIterator[Stages]:
    async with two_nodes() as nodes, AsyncExitStack() as stack:
        yield Stages(nodes.network, nodes.one, nodes.two, stack)


@pytest.fixture
def lock_screen(stages: Stages, http: aiohttp.ClientSession) -> LockScreen:
    """A device of Bob's whose requests reach the second node."""
    return LockScreen(stages.two.service, http)


async def ringing(stages: Stages) -> tuple[Device, Device, str]:
    """On the first node Alice calls Bob's laptop, and has sent her offer."""
    alice, laptop = await stages.one.join("alice"), await stages.one.join("bob", deviceId="laptop")
    call_id = await stages.call(alice, laptop, "call")
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    return alice, laptop, call_id


async def answered(alice: Device, phone: Device, call_id: str) -> None:
    """The phone gets the offer and answers it; both talk."""
    assert (await phone.next("call:offer"))["offer"] == OFFER
    assert phone.events("call:accepted", "call:offer") == ["call:accepted", "call:offer"]
    await phone.done("call:answer", {"callId": call_id, "answer": ANSWER})
    await alice.next("call:answer")
    await exchange(alice, phone, call_id)


@pytest.mark.parametrize("joins", ["one", "two"])
async def test_the_call_connects_wherever_the_session_joins(
    stages: Stages, lock_screen: LockScreen, joins: str
):
    alice, laptop, call_id = await ringing(stages)
    accepted = await lock_screen.accept(call_id, deviceId="phone")
    assert (await laptop.next("call:ended"))["reason"] == "answered_elsewhere"
    await alice.next("call:peer-reconnecting")
    stage: Stage = getattr(stages, joins)
    await answered(alice, await woken(stage, accepted), call_id)
    await alice.done("call:end", {"callId": call_id})
    await stages.empty()


async def test_the_same_device_on_another_node_is_not_told(stages: Stages, lock_screen: LockScreen):
    alice, laptop, call_id = await ringing(stages)
    await lock_screen.accept(call_id, deviceId="laptop")
    await alice.next("call:accepted")
    await laptop.probe()
    assert "call:ended" not in laptop.events()


async def test_a_repeat_reaches_the_other_node(
    stages: Stages, http: aiohttp.ClientSession, lock_screen: LockScreen
):
    alice, _laptop, call_id = await ringing(stages)
    first = await LockScreen(stages.one.service, http).accept(call_id, requestId="r1")
    again = await lock_screen.accept(call_id, requestId="r1")
    assert again["resumeToken"] != first["resumeToken"]
    assert (again["sessionId"], again["epoch"]) == (first["sessionId"], first["epoch"])
    assert await lock_screen.refusal(call_id, requestId="r2") == (409, "already_answered")
    phone = await woken(stages.two, again)
    await answered(alice, phone, call_id)
    after = await LockScreen(stages.one.service, http).accept(call_id, requestId="r1")
    assert after["call"]["state"] == "connected"
    await stages.two.away(phone)
    phone = await waking(stages.one, after)
    phone.forgets = True
    assert (await phone.join(epoch=None))["calls"][0]["bound"] == "this"


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_session_of_the_other_node_accepts(
    stages: Stages, lock_screen: LockScreen, *, is_there: bool
):
    alice, laptop, call_id = await ringing(stages)
    if not is_there:
        await stages.one.away(laptop)
    accepted = await lock_screen.accept(
        call_id, sessionId=laptop.session, resumeToken=laptop.resume_token
    )
    assert accepted["sessionId"] == laptop.session
    if not is_there:
        await alice.next("call:peer-reconnecting")
        laptop.proxy.target = stages.two.service.port
        assert (await laptop.join(resumeToken=accepted["resumeToken"]))["resumed"] == "replayed"
    await answered(alice, laptop, call_id)
    assert ("call:peer-reconnecting" in alice.events()) is not is_there


@pytest.mark.parametrize("how", ["answered", "over"])
async def test_what_the_other_node_refuses_is_refused(
    stages: Stages, http: aiohttp.ClientSession, lock_screen: LockScreen, how: str
):
    alice, laptop, call_id = await ringing(stages)
    way = stages.network.ways["two"].links["one"]
    way.cut()  # what it asks comes late
    named = {"sessionId": laptop.session, "resumeToken": laptop.resume_token}
    accepting = asyncio.create_task(lock_screen.refusal(call_id, **named))
    await until(lambda: not way.idle, "the other node to be asked")
    if how == "answered":
        await LockScreen(stages.one.service, http).accept(call_id)
    else:
        await alice.done("call:end", {"callId": call_id})
    way.mend()
    assert await accepting == (409, "already_answered" if how == "answered" else "call_ended")
    assert laptop.there


async def test_where_the_other_node_does_not_answer_a_new_session_accepts(
    stages: Stages, lock_screen: LockScreen
):
    alice, laptop, call_id = await ringing(stages)
    stages.network.ways["one"].links["two"].cut()
    stages.network.ways["two"].links["one"].cut()
    accepted = await lock_screen.accept(
        call_id, sessionId=laptop.session, resumeToken=laptop.resume_token
    )
    assert accepted["sessionId"] != laptop.session
    for link in stages.network.links:
        link.mend()
    await answered(alice, await woken(stages.two, accepted), call_id)
    assert (await laptop.next("call:ended"))["reason"] == "answered_elsewhere"
