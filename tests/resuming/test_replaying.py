"""What a client has not confirmed is replayed, up to bounds; beyond them it gets a snapshot."""

from service.sessions.replay import MOST_BYTES, MOST_EVENTS
from tests.resuming.stage import Stage, staged

LARGE = "x" * 4_000


async def overflowing(stage: Stage, count: int, data: str) -> None:
    """Bob is told more than is kept while he is away: he gets a snapshot, and no hole."""
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.connected(alice, bob)
    before, epoch = len(bob.log), bob.outgoing.epoch
    await stage.away(bob)
    for _ in range(count):
        alice.say("call:signal", {"callId": call_id, "data": data})
    await alice.until(lambda: not len(alice.outgoing), "all to be answered")
    joined = await bob.join()
    assert (joined["resumed"], joined["lastN"]) == ("snapshot", 0)
    assert joined["epoch"] != epoch
    assert [call["callId"] for call in joined["calls"]] == [call_id]
    await bob.probe()
    assert [event for event, _ in bob.log[before:]] == ["user:joined"], "nothing is replayed"
    await bob.done("call:signal", {"callId": call_id, "data": "on"})
    assert (await alice.next("call:signal"))["data"] == "on"
    await alice.done("call:signal", {"callId": call_id, "data": "we go"})
    assert (await bob.next("call:signal"))["data"] == "we go"


async def test_beyond_as_many_events_as_are_kept_it_is_a_snapshot():
    async with staged(rate_limit_scale=1_000) as stage:
        await overflowing(stage, MOST_EVENTS + 1, "x")


async def test_beyond_as_many_bytes_as_are_kept_it_is_a_snapshot():
    async with staged(rate_limit_scale=1_000) as stage:
        await overflowing(stage, MOST_BYTES // 3_900, LARGE)


async def test_without_the_last_number_it_is_a_snapshot(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    incoming = await bob.next("call:incoming")
    await stage.away(bob)
    bob.forgets = True
    joined = await bob.join()
    assert joined["resumed"] == "snapshot"
    assert [call["callId"] for call in joined["calls"]] == [incoming["callId"]]
    again = await bob.next("call:incoming")
    assert again["callId"] == incoming["callId"], "a call that rings comes again"


async def test_presence_is_told_once_for_each_watched_user(stage: Stage):
    bob = await stage.join("bob")
    await bob.done("user:watch", {"userIds": ["alice", "carol"]})
    for _ in range(2):
        await bob.next("user:status")
    await bob.probe()
    await stage.away(bob)
    carol = await stage.join("carol")
    for _ in range(3):
        alice = await stage.join("alice")
        await alice.leave()
    await stage.service.join("alice")
    await carol.probe()
    before = len(bob.log)
    assert (await bob.join())["resumed"] == "replayed"
    await bob.probe()
    told = {told["userId"]: told["isOnline"] for event, told in bob.log[before + 1 :]}
    assert (told, len(bob.log)) == ({"alice": True, "carol": True}, before + 3)
