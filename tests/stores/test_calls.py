"""Where calls are, and where every race is decided (ports.CallStore)."""

import pytest

from service.calls.reasons import Reason
from service.stores.memory import CLAIM_MS, REMEMBER_ENDED_MS, MemoryCalls
from tests.stores.calls import (
    START,
    TIMEOUTS,
    accepted,
    call,
    differently_ended,
    ended,
    opened,
    over,
    rung,
    silenced,
)

RING = TIMEOUTS.ring
MINUTE = 60_000


@pytest.fixture
def store() -> MemoryCalls:
    return MemoryCalls()


async def ids(store: MemoryCalls, user: str) -> list[str]:
    return [one.id for one in (await store.engagements(user)).calls]


async def test_an_opened_call_engages_both_users(store):
    new = await opened(store, call())
    assert await store.load("c_1") == new
    assert await ids(store, "alice") == await ids(store, "bob") == ["c_1"]
    assert await ids(store, "carol") == []


async def test_nobody_remembers_a_call_that_never_was(store):
    assert await store.load("c_1") is None
    assert await ids(store, "alice") == []


async def test_of_two_who_looked_at_the_same_moment_one_opens(store):
    seen = {user: await store.engagements(user) for user in ("alice", "bob", "carol")}
    first, second = call("alice", "bob", name="1"), call("carol", "bob", name="2")
    assert await store.open(first, seen["alice"].version, seen["bob"].version)
    assert not await store.open(second, seen["carol"].version, seen["bob"].version)
    assert await store.load("c_2") is None
    assert await ids(store, "carol") == []
    assert await ids(store, "bob") == ["c_1"]


@pytest.mark.parametrize("stale", ["alice", "bob"])
async def test_either_users_move_is_enough_to_refuse(store, stale):
    alice, bob = await store.engagements("alice"), await store.engagements("bob")
    await opened(store, call(stale, "dave", name="other"))
    assert not await store.open(call(), alice.version, bob.version)


async def test_who_looks_again_may_open_beside_the_other(store):
    await opened(store, call("carol", "bob", name="1"))
    await opened(store, call("alice", "bob", name="2"))
    assert await ids(store, "bob") == ["c_1", "c_2"]


@pytest.mark.parametrize("move", [rung, accepted, ended])
async def test_a_move_to_another_state_is_a_move_of_both_engagements(store, move):
    before = await opened(store, call())
    alice, bob = await store.engagements("alice"), await store.engagements("bob")
    assert await store.swap(before, move(before))
    new = call("alice", "bob", name="2")
    assert not await store.open(new, alice.version, bob.version)


async def test_what_leaves_the_state_alone_leaves_the_versions_alone(store):
    before = await opened(store, call())
    alice, bob = await store.engagements("alice"), await store.engagements("bob")
    assert await store.swap(before, silenced(before))
    assert await store.open(call(name="2"), alice.version, bob.version)


async def test_engagements_that_came_back_to_the_same_number_are_not_the_same(store):
    """ABA: one call before, one call after, and the version still tells them apart."""
    first = await opened(store, call(name="1"))
    alice, bob = await store.engagements("alice"), await store.engagements("bob")
    assert await store.swap(first, ended(first))
    await opened(store, call(name="2"))
    assert not await store.open(call(name="3"), alice.version, bob.version)


async def test_a_version_is_never_used_twice(store):
    seen = set()
    for name in range(20):
        new = await opened(store, call(name=str(name)))
        version = (await store.engagements("alice")).version
        assert version not in seen
        seen.add(version)
        assert await store.swap(new, ended(new))


async def test_of_two_moves_from_the_same_revision_one_is_taken(store):
    before = await opened(store, call())
    won, lost = accepted(before, "b1"), accepted(before, "b2")
    assert await store.swap(before, won)
    assert not await store.swap(before, lost)
    assert await store.load("c_1") == won


async def test_a_move_is_taken_onto_the_revision_whatever_object_holds_it(store):
    before = await opened(store, call())
    assert await store.swap(call(), rung(before))


async def test_a_call_that_came_back_to_its_state_is_still_another_revision(store):
    before = rung(await opened(store, call()))
    assert not await store.swap(before, accepted(before)), "that revision never stood there"
    assert await store.swap(call(), before)
    after = silenced(before)
    assert await store.swap(before, after)
    assert not await store.swap(before, silenced(before, "other"))


async def test_nothing_is_put_in_the_place_of_nothing(store):
    assert not await store.swap(call(), rung(call()))
    assert await store.load("c_1") is None


async def test_an_ended_call_engages_nobody_and_is_remembered(store):
    before = await opened(store, call())
    assert await store.swap(before, ended(before))
    assert await ids(store, "alice") == await ids(store, "bob") == []
    assert over(await store.load("c_1"))
    assert not await store.swap(before, differently_ended(before))
    stands = await store.load("c_1")
    assert stands is not None
    assert stands.reason is Reason.CANCELLED


async def test_an_ended_call_is_forgotten_five_minutes_after_its_end(store):
    before = await opened(store, call())
    assert await store.swap(before, ended(before, START + MINUTE))
    assert await store.due(START + 6 * MINUTE - 1) == ()
    assert over(await store.load("c_1"))
    assert await store.due(START + 6 * MINUTE) == ()
    assert await store.load("c_1") is None
    assert len(store) == 0
    assert REMEMBER_ENDED_MS == 5 * MINUTE


async def test_a_call_is_due_at_its_deadline_and_not_before(store):
    new = await opened(store, call())
    assert await store.due(START + RING - 1) == ()
    assert await store.due(START + RING) == (new,)


async def test_a_due_call_is_claimed_and_comes_up_again_when_its_taker_fails(store):
    new = await opened(store, call())
    at = START + RING
    assert await store.due(at) == (new,)
    assert await store.due(at + CLAIM_MS - 1) == ()
    assert await store.due(at + CLAIM_MS) == (new,)


async def test_a_claim_does_not_outlive_the_move_that_settles_it(store):
    new = await opened(store, call())
    assert await store.due(START + RING) == (new,)
    assert await store.swap(new, ended(new, START + RING))
    assert await store.due(START + RING + CLAIM_MS) == ()


async def test_a_move_moves_the_deadline(store):
    new = await opened(store, call())
    taken = accepted(new)
    assert await store.swap(new, taken)
    assert taken.deadline == START + TIMEOUTS.connect
    assert await store.due(taken.deadline) == (taken,)


async def test_due_calls_come_as_they_stand_now(store):
    new = await opened(store, call())
    after = silenced(new)
    assert await store.swap(new, after)
    assert await store.due(START + RING) == (after,)


async def test_due_calls_come_earliest_first(store):
    for name, late in [("b", 20), ("a", 10), ("c", 30)]:
        await opened(store, call(f"from-{name}", f"to-{name}", name=name, now=START + late))
    assert [one.id for one in await store.due(START + RING + 30)] == ["c_a", "c_b", "c_c"]


async def test_live_calls_are_those_that_have_not_ended(store):
    first = await opened(store, call(name="1"))
    second = await opened(store, call("carol", "dave", name="2"))
    assert await store.swap(first, ended(first))
    assert store.live() == (second,)
    assert len(store) == 2


async def test_users_who_are_done_leave_no_trace(store):
    for name in range(50):
        new = await opened(store, call(f"a{name}", f"b{name}", name=str(name)))
        assert await store.swap(new, ended(new))
    await store.due(START + REMEMBER_ENDED_MS)
    assert (len(store), store._engaged, store._versions) == (0, {}, {})
    assert len(store._deadlines) == len(store._tombstones) == 0
