"""`requestId`: a repeat within two minutes gets the first answer and does nothing again."""

from tests.support.service import TestService


async def test_a_repeated_initiate_places_one_call(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    first = await alice.done("call:initiate", fields)
    assert await alice.done("call:initiate", fields) == first
    await bob.settle()
    assert len(bob.payloads("call:incoming")) == 1
    assert len(service.calls.live()) == 1


async def test_a_repeat_without_a_callback_gets_the_event(service: TestService):
    alice, _bob = await service.join("alice"), await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    await alice.emit("call:initiate", fields)
    await alice.emit("call:initiate", fields)
    first, again = await alice.next("call:initiated"), await alice.next("call:initiated")
    assert first == again


async def test_a_repeat_from_another_session_of_the_user_gets_the_first_answer(
    service: TestService,
):
    phone, tablet = await service.join("alice"), await service.join("alice")
    await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    first = await phone.done("call:initiate", fields)
    assert await tablet.done("call:initiate", fields) == first
    assert len(service.calls.live()) == 1


async def test_repeats_sent_without_waiting_do_one_thing(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    asked = [await alice.ask("call:initiate", fields) for _ in range(5)]
    answers = [await alice.answer(number) for number in asked]
    assert answers == answers[:1] * 5
    await bob.settle()
    assert len(bob.payloads("call:incoming")) == 1


async def test_a_failure_that_retrying_cannot_mend_is_remembered(service: TestService):
    alice = await service.join("alice")
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    error = await alice.refusal("call:initiate", fields)
    assert error["code"] == "user_unavailable"
    await service.join("bob")
    assert await alice.refusal("call:initiate", fields) == error
    await alice.done("call:initiate", {**fields, "requestId": "r2"})


async def test_a_failure_that_retrying_mends_is_not_remembered(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    for number in range(6):
        call_id = await service.call(alice, bob)
        await alice.done("call:end", {"callId": call_id, "requestId": f"end-{number}"})
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    assert (await alice.refusal("call:initiate", fields))["code"] == "rate_limited"
    await service.advance(11)
    await alice.done("call:initiate", fields)


async def test_after_two_minutes_it_is_a_new_request(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    first = await alice.done("call:initiate", fields)
    await bob.done("call:reject", {"callId": first["callId"]})
    await service.advance(119)
    assert await alice.done("call:initiate", fields) == first
    await service.advance(2)
    assert (await alice.done("call:initiate", fields))["callId"] != first["callId"]


async def test_the_same_id_is_another_request_for_another_user_or_event(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    initiate = {"to": "bob", "callType": "audio", "requestId": "r1"}
    call_id = (await alice.done("call:initiate", initiate))["callId"]
    accepted = await bob.done("call:accept", {"callId": call_id, "requestId": "r1"})
    assert accepted["by"] == "bob"
    ended = await alice.done("call:end", {"callId": call_id, "requestId": "r1"})
    assert ended["reason"] == "completed"


async def test_a_repeated_accept_and_a_repeated_end_do_nothing_again(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    for event in ("call:accept", "call:end"):
        fields = {"callId": call_id, "requestId": "r1"}
        first = await bob.done(event, fields)
        assert await bob.done(event, fields) == first
    await alice.settle()
    assert alice.events("call:accepted", "call:ended") == ["call:accepted", "call:ended"]
    assert bob.events("call:accepted", "call:ended") == ["call:accepted", "call:ended"]


async def test_an_id_of_more_than_64_characters_is_refused(service: TestService):
    alice = await service.join("alice")
    await service.join("bob")
    fields = {"to": "bob", "callType": "audio", "requestId": "r" * 65}
    error = await alice.refusal("call:initiate", fields)
    assert error["code"] == "invalid_payload"
    assert "requestId" in error["message"]
    assert "requestId" not in error, "what is too long is not sent back"
    await alice.done("call:initiate", {**fields, "requestId": "r" * 64})
