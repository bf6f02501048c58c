"""Every event is answered once: its acknowledgement, or the event `error`; never both."""

import pytest

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.client import Client
from tests.support.service import TestService, token

UNKNOWN_CALL = {"callId": "c_none"}
WRONG = {
    "user:join": {"userId": "somebody-else"},
    "auth:refresh": {"token": "nonsense"},
    "call:initiate": {"to": "nobody", "callType": "audio"},
    "call:accept": UNKNOWN_CALL,
    "call:reject": UNKNOWN_CALL,
    "call:end": UNKNOWN_CALL,
    "call:offer": {"offer": OFFER, "to": "nobody"},
    "call:answer": {"answer": ANSWER, "to": "nobody"},
    "ice:candidate": {"candidate": candidate(1), "to": "nobody"},
    "call:signal": {**UNKNOWN_CALL, "data": 1},
    "call:media": {**UNKNOWN_CALL, "state": "connected"},
    "user:status": {"userId": 7.5},
    "user:watch": {"userIds": "bob"},
    "user:unwatch": {},
    "call:transfer": {"to": "carol"},
}


async def refused(client: Client, event: str, payload: object) -> None:
    """With a callback only the callback hears of it, without one only the event."""
    error = await client.refusal(event, payload)
    assert (error["event"], client.payloads("error")) == (event, [])
    await client.emit(event, payload)
    assert await client.next("error") == error
    await client.settle()
    assert (len(client.payloads("error")), len(client.payloads("ack"))) == (1, 2)


@pytest.mark.parametrize("event", WRONG)
async def test_a_failure_goes_to_the_callback_or_else_to_the_event(
    service: TestService, event: str
):
    await refused(await service.join("alice"), event, WRONG[event])


@pytest.mark.parametrize("payload", [None, 7, [], "text", {}])
async def test_a_payload_that_is_none_is_refused_by_name(service: TestService, payload: object):
    alice = await service.join("alice")
    assert (await alice.refusal("call:accept", payload))["code"] == "invalid_payload"


async def test_a_success_without_a_callback_is_told_by_its_event_alone(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await alice.emit("call:initiate", {"to": "bob", "callType": "audio"})
    call_id = (await alice.next("call:initiated"))["callId"]
    await bob.emit("call:accept", {"callId": call_id, "from": "alice"})
    await bob.next("call:accepted")
    await alice.emit("call:end", {"callId": call_id})
    await alice.next("call:ended")
    assert alice.events() == [
        "user:joined", "call:initiated", "call:ringing", "call:accepted", "call:ended",
    ]  # fmt: skip


async def test_a_success_with_a_callback_still_emits_the_event_after_it(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await bob.done("call:reject", {"callId": call_id, "from": "alice"})
    await bob.done("user:status", {"userId": "alice"})
    await bob.done("user:watch", {"userIds": ["alice"]})
    await bob.settle()
    assert alice.events()[1:3] == ["ack", "call:initiated"]
    assert bob.events()[2:8] == [
        "ack", "call:rejected", "ack", "user:status", "ack", "user:status",
    ]  # fmt: skip


async def test_the_acknowledgement_has_the_fields_of_the_event(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    initiated = await alice.done("call:initiate", {"to": "bob", "callType": "video"})
    assert initiated == {"ok": True, **await alice.next("call:initiated")}
    call = {"callId": initiated["callId"]}
    accepted = await bob.done("call:accept", call)
    assert accepted == {"ok": True, **await bob.next("call:accepted")}
    relayed = await alice.done("call:offer", {"offer": OFFER, "to": "bob"})
    assert relayed == {"ok": True, **call}
    ended = await bob.done("call:end", call)
    assert ended == {"ok": True, **await bob.next("call:ended")}
    status = await bob.done("user:status", {"userId": "alice"})
    assert status == {"ok": True, **await bob.next("user:status")}


async def test_the_server_asks_for_no_acknowledgement(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    await bob.settle()
    events = [frame for frame in bob.frames if frame.startswith("42")]
    assert len(events) == len(bob.log) - len(bob.payloads("ack"))
    assert all(frame.startswith('42["') for frame in events), "an id would ask for one"


async def test_an_error_has_its_promised_shape(service: TestService):
    alice = await service.join("alice")
    error = await alice.refusal("call:end", {"callId": "c_none", "requestId": "r1"})
    assert error == {
        "message": "There is no such call.",
        "code": "call_not_found",
        "event": "call:end",
        "callId": "c_none",
        "requestId": "r1",
        "retryable": False,
    }


async def test_an_invalid_payload_is_named_with_the_request_it_came_in(service: TestService):
    alice = await service.join("alice")
    fields = {"to": 7.5, "callType": "audio", "requestId": "r1"}
    error = await alice.refusal("call:initiate", fields)
    assert (error["code"], error["requestId"]) == ("invalid_payload", "r1")
    assert "to:" in error["message"]
    media = {"callId": "c_none", "state": "splendid"}
    assert (await alice.refusal("call:media", media))["callId"] == "c_none"


async def test_a_refusal_that_retrying_mends_says_when(service: TestService):
    alice = await service.join("alice")
    await service.join("bob")
    for _ in range(6):
        initiated = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        await alice.done("call:end", {"callId": initiated["callId"]})
    error = await alice.refusal("call:initiate", {"to": "bob", "callType": "audio"})
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert 0 < error["retryAfterMs"] <= 10_000


async def test_a_refused_join_is_told_once_and_can_be_mended(service: TestService):
    alice = await service.connect(token("alice"))
    await alice.emit("user:join", {"userId": 7.5})
    assert (await alice.next("error"))["code"] == "invalid_payload"
    await alice.done("user:join", {"userId": "alice"})
    await alice.next("user:joined")
    assert alice.events() == ["error", "ack", "user:joined"]
