"""Who may take a session up: its user, with its token; nobody else changes anything."""

import pytest

from tests.resuming.stage import Stage
from tests.support.link import Refused


async def test_a_wrong_token_is_forbidden_and_changes_nothing(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    thief = await stage.device("bob")
    with pytest.raises(Refused) as refused:
        await thief.join(sessionId=bob.session, resumeToken="wrong", lastSeq=0)
    assert refused.value.error["code"] == "forbidden"
    await bob.done("call:signal", {"callId": call_id, "data": 1})
    await stage.away(bob)
    with pytest.raises(Refused):
        await thief.join(sessionId=bob.session, resumeToken="wrong", lastSeq=0)
    assert (await bob.join())["resumed"] == "replayed"
    await alice.next("call:signal")
    assert len(stage.service.node.tables["sessions"]) == 2


async def test_who_guesses_is_slowed_down_and_the_client_comes_back_all_the_same(stage: Stage):
    bob, thief = await stage.join("bob"), await stage.device("bob")
    await stage.away(bob)
    codes = []
    for _ in range(12):
        with pytest.raises(Refused) as refused:
            await thief.join(sessionId=bob.session, resumeToken="wrong", lastSeq=0)
        codes.append(refused.value.error["code"])
    assert codes == ["forbidden"] * 10 + ["rate_limited"] * 2
    assert (await bob.join())["resumed"] == "replayed"


@pytest.mark.parametrize("named", ["bob", "mallory"])
async def test_another_user_may_not_take_a_session_with_its_token(stage: Stage, named: str):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    await stage.away(bob)
    before = bob.session, bob.outgoing.epoch
    thief = await stage.device("mallory")
    for _ in range(12):
        with pytest.raises(Refused) as refused:
            await thief.join(
                userId=named, sessionId=bob.session, resumeToken=bob.resume_token, lastSeq=0
            )
        limited = named == "mallory" and refused.value.error["code"] == "rate_limited"
        assert limited or refused.value.error["code"] == "forbidden"
    joined = await bob.join()
    assert (joined["resumed"], (joined["sessionId"], joined["epoch"])) == ("replayed", before)
    await bob.done("call:signal", {"callId": call_id, "data": 1})
    await alice.next("call:signal")
    assert "call:ended" not in alice.events()


async def test_an_unknown_session_is_a_new_one_and_no_forgery(stage: Stage):
    for _ in range(20):
        device = await stage.device("alice")
        joined = await device.join(sessionId="s_gone", resumeToken="of-before", lastSeq=7)
        assert (joined["resumed"], joined["calls"]) == ("none", [])
        await device.leave()


async def test_the_token_of_an_unconfirmed_greeting_is_good(stage: Stage):
    bob = await stage.join("bob")
    await stage.away(bob)
    bob.acknowledges = False
    await bob.join()
    await stage.away(bob)
    assert (await bob.join())["resumed"] == "replayed"


async def test_the_confirmed_token_replaces_the_newest(stage: Stage):
    bob = await stage.join("bob")
    await bob.probe()
    confirmed = bob.resume_token
    await stage.away(bob)
    bob.acknowledges = False
    await bob.join()
    unconfirmed = bob.resume_token
    await stage.away(bob)
    assert (await bob.join(resumeToken=confirmed))["resumed"] == "replayed"
    await stage.away(bob)
    with pytest.raises(Refused):
        await bob.join(resumeToken=unconfirmed)
    assert (await bob.join())["resumed"] == "replayed"


async def test_an_acknowledgement_that_names_another_connection_confirms_no_token(stage: Stage):
    bob = await stage.join("bob")
    await bob.probe()
    confirmed = bob.resume_token
    await stage.away(bob)
    bob.acknowledges = False
    await bob.join()
    acknowledgement = {"epoch": bob.outgoing.epoch, "seq": bob.last_seq, "socketId": "of-before"}
    assert (await bob.ask("session:ack", acknowledgement))["ok"]
    await stage.away(bob)
    assert (await bob.join(resumeToken=confirmed))["resumed"] == "replayed"


@pytest.mark.parametrize("kind", ["websocket", "polling", "upgrade"])
async def test_an_identity_that_ran_out_is_refused_at_the_connect_and_a_fresh_one_resumes(
    stage: Stage, kind: str
):
    alice, bob = await stage.join("alice"), await stage.join("bob", kind)
    call_id = await stage.connected(alice, bob)
    before = bob.session, bob.outgoing.epoch
    await bob.cut()
    await alice.done("call:signal", {"callId": call_id, "data": "missed"})
    signal = bob.say("call:signal", {"callId": call_id, "data": "said meanwhile"})
    bob.lifetime_s = -60  # by the time that it comes back
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await bob.join()
        assert refused.value.error == {"code": "token_expired", "retryable": False}
    bob.lifetime_s = 3_600
    joined = await bob.join()
    assert (joined["resumed"], (joined["sessionId"], joined["epoch"])) == ("replayed", before)
    assert [call["callId"] for call in joined["calls"]] == [call_id]
    assert (await bob.next("call:signal"))["data"] == "missed"
    await bob.until(lambda: not signal.waits, "the answer")
    assert (await alice.next("call:signal"))["data"] == "said meanwhile"
    assert "call:ended" not in alice.events()
