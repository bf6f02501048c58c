"""Connecting and joining: what a session is told, and who may not become one."""

from tests.support.service import TestService, token

JOINED = {
    "userId", "socketId", "sessionId", "resumeToken", "resumeWindowMs", "resumed", "lastN",
    "calls", "iceServers", "iceTransportPolicy", "iceExpiresAt",
}  # fmt: skip


async def test_a_join_is_told_every_promised_field(service: TestService):
    alice = await service.connect(token("alice"))
    answer = await alice.done("user:join", {"userId": "alice"})
    joined = await alice.next("user:joined")
    assert set(joined) == JOINED
    assert (joined["userId"], joined["socketId"]) == ("alice", alice.connected["sid"])
    assert (joined["resumed"], joined["lastN"], joined["calls"]) == ("none", 0, [])
    assert answer == {"ok": True, **joined}
    assert alice.events() == ["ack", "user:joined"]


async def test_a_join_lists_the_users_live_calls(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob, "audio")
    tablet = await service.connect(token("bob"))
    (call,) = (await tablet.done("user:join", {"userId": "bob"}))["calls"]
    assert (call["callId"], call["from"], call["to"]) == (call_id, "alice", "bob")
    assert (call["callType"], call["state"]) == ("audio", "ringing")
    assert call["expiresAt"] == alice.payloads("call:initiated")[0]["expiresAt"]


async def test_joining_as_somebody_else_is_forbidden(service: TestService):
    mallory = await service.connect(token("mallory"))
    error = await mallory.refusal("user:join", {"userId": "alice"})
    assert (error["code"], error["event"]) == ("forbidden", "user:join")
    assert "user:joined" not in mallory.events()
    await mallory.done("user:join", {"userId": "mallory"})


async def test_joining_as_somebody_else_later_is_forbidden_too(service: TestService):
    mallory = await service.join("mallory")
    error = await mallory.refusal("user:join", {"userId": "alice"})
    assert error["code"] == "forbidden"
    assert (await mallory.done("user:join", {"userId": "mallory"}))["sessionId"] == mallory.session


async def test_a_repeated_join_gets_the_same_reply_and_no_second_session(service: TestService):
    alice = await service.join("alice")
    first = alice.payloads("user:joined")[0]
    again = await alice.done("user:join", {"userId": "alice"})
    fixed = JOINED - {"iceServers", "iceExpiresAt"}  # credentials are minted anew
    assert {name: again[name] for name in fixed} == {name: first[name] for name in fixed}
    await alice.next("user:joined")
    assert alice.events() == ["user:joined", "ack", "user:joined"]
    assert len(service.node.tables["sessions"]) == 1


async def test_a_repeated_join_does_not_ring_again(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.call(alice, bob)
    await bob.done("user:join", {"userId": "bob"})
    await bob.settle()
    assert len(bob.payloads("call:incoming")) == 1


async def test_two_live_sessions_with_one_device_id_coexist(service: TestService):
    one = await service.join("bob", deviceId="phone")
    two = await service.join("bob", deviceId="phone")
    assert one.session != two.session
    alice = await service.join("alice")
    await service.call(alice, one)
    await two.next("call:incoming")


async def test_the_eleventh_session_takes_the_place_of_the_one_silent_longest(
    service: TestService,
):
    first, *others = [await service.join("alice") for _ in range(10)]
    for one in others:
        await one.settle()
    eleventh = await service.join("alice")
    error = await first.next("error")
    assert (error["code"], error["retryable"], error["event"]) == (
        "too_many_sessions", False, "user:join",
    )  # fmt: skip
    assert await first.until_closed() == 1008
    assert first.frames[-1] == "41", "without a DISCONNECT socket.io-client comes back"
    await service.seen_off(first)
    for one in (*others, eleventh):
        await one.settle()
    assert len(service.node.tables["sessions"]) == 10


async def test_a_session_in_a_call_does_not_give_way_while_another_can(service: TestService):
    bob = await service.join("bob")
    talking, idle, *others = [await service.join("alice") for _ in range(10)]
    call_id = await service.accepted(talking, bob)
    for one in (idle, *others):
        await one.settle()
    await service.join("alice")
    assert (await idle.next("error"))["code"] == "too_many_sessions"
    await bob.done("call:signal", {"callId": call_id, "data": "still there"})
    await talking.next("call:signal")


async def test_events_before_the_join_wait_for_it_in_order(service: TestService):
    bob = await service.join("bob")
    alice = await service.connect(token("alice"))
    await alice.emit("call:initiate", {"to": "bob", "callType": "audio"})
    await alice.emit("user:status", {"userId": "bob"})
    await alice.emit("user:join", {"userId": "alice"})
    await alice.next("user:status")
    assert alice.events() == ["user:joined", "call:initiated", "call:ringing", "user:status"]
    await bob.next("call:incoming")


async def test_an_acknowledgement_asked_before_the_join_comes_after_it(service: TestService):
    alice = await service.connect(token("alice"))
    asking = await alice.ask("user:status", {"userId": "bob"})
    await alice.emit("ping", None)  # unknown, and waits like any other
    await alice.emit("user:join", {"userId": "alice"})
    assert (await alice.answer(asking))["userId"] == "bob"
    assert (await alice.next("error"))["code"] == "unknown_event"
    assert alice.events() == ["user:joined", "ack", "user:status", "error"]


async def test_without_a_join_for_five_seconds_they_are_refused(service: TestService):
    alice = await service.connect(token("alice"))
    for number in range(3):
        await alice.emit("user:status", {"userId": f"user-{number}"})
    asking = await alice.ask("call:end", {"callId": "c"})
    await service.waiting(alice, 4)
    await service.advance(4)
    assert alice.events() == []
    await service.advance(1)
    assert (await alice.answer(asking))["error"]["code"] == "not_joined"
    assert [error["code"] for error in alice.payloads("error")] == ["not_joined"] * 3
    assert {error["event"] for error in alice.payloads("error")} == {"user:status"}
    await alice.done("user:join", {"userId": "alice"})


async def test_the_sixty_fifth_event_before_the_join_is_refused_at_once(service: TestService):
    alice = await service.connect(token("alice"))
    for number in range(65):
        await alice.emit("user:status", {"userId": f"user-{number}"})
    assert (await alice.next("error"))["code"] == "not_joined"
    await alice.emit("user:join", {"userId": "alice"})
    await alice.settle()
    told = [status["userId"] for status in alice.payloads("user:status")][:64]
    assert told == [f"user-{number}" for number in range(64)]
    assert len(alice.payloads("error")) == 1


async def test_unknown_fields_and_features_are_ignored(service: TestService):
    alice = await service.connect(token("alice"))
    fields = {"userId": "alice", "colour": "blue", "features": ["telepathy"], "lastSeq": 3}
    assert (await alice.done("user:join", fields))["resumed"] == "none"
