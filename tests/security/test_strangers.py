"""Events about what is not the sender's: refused, and those it is about never notice."""

from typing import Any

import aiohttp
import pytest

from tests.security.surroundings import CANDIDATE, Bystanders, name
from tests.support.service import TestService

pytestmark = pytest.mark.asyncio(loop_scope="module")
OFFER = {"type": "offer", "sdp": "v=0\r\n"}


async def test_an_unknown_event_is_refused_and_counted_as_other(
    service: TestService, bystanders: Bystanders
):
    mallory = await service.join(name("mallory"))
    made_up = ["call:hack", "connect", "disconnect", "__proto__", "user:joined", "x" * 64]
    for event in made_up:
        assert (await mallory.refusal(event, {}))["code"] == "unknown_event"
    await mallory.emit("call:hack", {})
    told = await mallory.next("error")
    assert (told["code"], told["event"]) == ("unknown_event", "call:hack")
    async with aiohttp.request("GET", f"http://127.0.0.1:{service.admin_port}/metrics") as got:
        metrics = await got.text()
    assert 'ringline_events_total{event="other",result="unknown_event"} 7.0' in metrics
    assert not [event for event in made_up if f'"{event}"' in metrics]


async def test_a_forged_from_is_replaced_by_the_token_s_subject(service: TestService):
    mallory, victim = await service.join(name("mallory")), await service.join(name("victim"))
    forged = {"from": "the-queen", "fromName": "Her Majesty", "by": "the-queen"}
    call = {"to": victim.user, "callType": "audio", **forged}
    call_id = (await mallory.done("call:initiate", call))["callId"]
    incoming = await victim.next("call:incoming")
    assert (incoming["from"], incoming.get("fromName")) == (mallory.user, None)
    await victim.done("call:accept", {"callId": call_id, **forged})
    assert (await mallory.next("call:accepted"))["by"] == victim.user
    await mallory.emit("call:offer", {"offer": OFFER, "callId": call_id, **forged})
    assert (await victim.next("call:offer"))["from"] == mallory.user
    await mallory.emit("call:end", {"callId": call_id, **forged})
    assert (await victim.next("call:ended"))["by"] == mallory.user
    await service.close_clients()


EVENTS_ABOUT_A_CALL: dict[str, dict[str, Any]] = {
    "call:accept": {},
    "call:reject": {},
    "call:end": {},
    "call:media": {"state": "connected"},
    "call:offer": {"offer": OFFER},
    "call:answer": {"answer": OFFER},
    "ice:candidate": {"candidate": CANDIDATE},
    "call:signal": {"data": {"muted": True}},
}


@pytest.mark.parametrize(("event", "fields"), EVENTS_ABOUT_A_CALL.items(), ids=EVENTS_ABOUT_A_CALL)
async def test_a_call_of_others_cannot_be_touched(
    service: TestService, bystanders: Bystanders, event: str, fields: dict[str, Any]
):
    mallory = await service.join(name("mallory"))
    aimed = {"callId": bystanders.call_id, "to": bystanders.callee.user, **fields}
    assert (await mallory.refusal(event, aimed))["code"] in {"not_participant", "call_not_found"}


@pytest.mark.parametrize(
    "event", ["call:offer", "call:answer", "ice:candidate"], ids=["offer", "answer", "candidate"]
)
async def test_a_pair_without_a_call_relays_nothing(
    service: TestService, bystanders: Bystanders, event: str
):
    mallory = await service.join(name("mallory"))
    aimed = {"to": bystanders.callee.user, **EVENTS_ABOUT_A_CALL[event]}
    assert (await mallory.refusal(event, aimed))["code"] == "call_not_found"


@pytest.mark.parametrize(
    "event", ["call:offer", "call:answer", "ice:candidate", "call:signal", "call:media"]
)
async def test_a_second_device_that_did_not_accept_sends_nothing(
    service: TestService, bystanders: Bystanders, event: str
):
    second = await service.join(bystanders.callee.user)
    aimed = {"callId": bystanders.call_id, **EVENTS_ABOUT_A_CALL[event]}
    assert (await second.refusal(event, aimed))["code"] == "not_participant"
    await second.close()


async def test_a_second_device_of_the_caller_hears_nothing_of_the_call(
    service: TestService, bystanders: Bystanders
):
    second = await service.join(bystanders.caller.user)
    await bystanders.talk()
    await second.settle()
    assert not [event for event in second.events() if event.startswith(("call:", "ice:"))]
    await second.close()


async def test_joining_as_somebody_else_is_forbidden(service: TestService, bystanders: Bystanders):
    mallory = await service.join(name("mallory"))
    refused = await mallory.refusal("user:join", {"userId": bystanders.callee.user})
    assert refused["code"] == "forbidden"
    await mallory.settle()  # as it was
