"""How a session ends: by its window, its client's goodbye, an eleventh session, a restart."""

from tests.resuming.stage import Stage, staged
from tests.support.waiting import until


async def test_when_the_window_is_over_the_other_side_hears_at_once(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)  # nobody reports media
    await stage.away(bob)
    assert (await alice.next("call:peer-reconnecting")) == {"callId": call_id, "by": "bob"}
    await stage.service.advance(29)
    await alice.probe()
    assert "call:ended" not in alice.events()
    await stage.service.advance(2)
    ended = await alice.next("call:ended")
    assert (ended["callId"], ended["by"], ended["reason"]) == (call_id, "bob", "connection_lost")
    await until(lambda: stage.session(bob) is None, "the session to be gone")
    assert (await bob.join())["resumed"] == "none"


async def test_the_window_is_a_setting_and_is_told():
    async with staged(resume_window=5) as stage:
        alice, bob = await stage.join("alice"), await stage.join("bob")
        assert bob.joined["resumeWindowMs"] == 5_000
        await stage.connected(alice, bob)
        await stage.away(bob)
        await stage.service.advance(6)
        assert (await alice.next("call:ended"))["reason"] == "connection_lost"


async def test_back_within_the_window_the_other_side_hears_both(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    await stage.away(bob)
    await alice.next("call:peer-reconnecting")
    await bob.join()
    assert (await alice.next("call:peer-reconnected")) == {
        "callId": call_id, "by": "bob", "resumed": "replayed", "fresh": False, "generation": 0,
    }  # fmt: skip
    await stage.service.advance(60)
    await alice.probe()
    assert "call:ended" not in alice.events()


async def test_its_own_disconnect_leaves_at_once(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    await stage.accepted(alice, bob)
    await bob.leave()
    ended = await alice.next("call:ended")
    assert (ended["by"], ended["reason"]) == ("bob", "connection_lost")
    assert "call:peer-reconnecting" not in alice.events()
    assert (await bob.join())["resumed"] == "none"


async def test_another_session_of_its_user_may_end_the_call_of_a_ghost(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    await stage.away(bob)
    again = await stage.join("bob")
    assert [call["bound"] for call in again.joined["calls"]] == ["another"]
    await again.done("call:end", {"callId": call_id})
    assert (await alice.next("call:ended"))["reason"] == "completed"
    joined = await bob.join()
    assert (joined["resumed"], joined["calls"]) == ("replayed", [])
    assert (await bob.next("call:ended"))["reason"] == "completed"


async def test_of_ten_sessions_the_one_that_is_away_longest_and_in_no_call_yields(stage: Stage):
    alice = await stage.join("alice")
    called, first, second, *rest = [await stage.join("bob") for _ in range(10)]
    await stage.accepted(alice, called)
    for ghost in (called, first, second):
        await stage.away(ghost)
    await stage.join("bob")
    assert (await first.join())["resumed"] == "none", "and that takes the place of the second"
    assert (await called.join())["resumed"] == "replayed"
    assert (await second.join())["resumed"] == "none"
    assert len([one for one in rest if one.there]) >= 6


async def test_who_has_yielded_is_not_waited_for(stage: Stage):
    first, *_rest = [await stage.join("bob") for _ in range(10)]
    await stage.away(first)
    assert len(stage.service.node.signalling.detached) == 1
    await stage.join("bob")
    assert len(stage.service.node.signalling.detached) == 0


async def test_a_restart_without_a_store_ends_calls_and_sessions():
    async with staged() as before:
        alice, bob = await before.join("alice"), await before.join("bob")
        call_id = await before.accepted(alice, bob)
        await before.away(bob)
        await before.service.node.end_calls()
        ended = await alice.next("call:ended")
        assert (ended["callId"], ended["reason"]) == (call_id, "server_shutdown")
    async with staged() as after:
        for old in (alice, bob):
            device = await after.device(old.user)
            device.remember(old)
            joined = await device.join()
            assert (joined["resumed"], joined["calls"]) == ("none", [])
